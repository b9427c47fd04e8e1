/* Filters for the directory; see directory_priv.h.  What a stranger types becomes a value and can
 * become nothing else: a name may hold every sign of the keyboard, "*" and ")" too. */
#include "panel/directory_priv.h"

#define IN_CHAIN "1.2.840.113556.1.4.1941" /* Active Directory: through groups in groups */

struct cw_str panel_ldap_escape(struct cw_arena *arena, struct cw_str value)
{
    struct cw_buf out = {0};
    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.p[i];
        /* Beyond what must be: whatever is no plain letter, so that nobody's parser has a choice.
         */
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (is_plain || c == '-' || c == '_' || c == '.')
            cw_buf_putc(&out, (char)c);
        else
            cw_buf_printf(&out, "\\%02x", c);
    }
    struct cw_str escaped = cw_arena_dup(arena, cw_buf_str(&out));
    cw_buf_free(&out);
    return escaped;
}

struct cw_str panel_ldap_user_filter(struct cw_arena *arena, const struct cw_ldap_config *config,
                                     struct cw_str name)
{
    struct cw_str value = panel_ldap_escape(arena, name);
    struct cw_buf out = {0};
    cw_buf_printf(&out, "(&%.*s(|", CW_ARG(config->user_filter));
    for (size_t i = 0; i < config->n_name_attributes; i++)
        cw_buf_printf(&out, "(%.*s=%.*s)", CW_ARG(config->name_attributes[i]), CW_ARG(value));
    cw_buf_putcstr(&out, "))");
    struct cw_str filter = cw_arena_dup(arena, cw_buf_str(&out));
    cw_buf_free(&out);
    return filter;
}

/* Once from the left: what is filled in is not looked at again. */
static struct cw_str fill_in(struct cw_arena *arena, struct cw_str template,
                             const struct panel_ldap_member *member)
{
    const struct cw_str dn_place = CW_STR("{dn}"), name_place = CW_STR("{name}");
    struct cw_buf out = {0};
    for (size_t i = 0; i < template.n;) {
        struct cw_str rest = cw_str_sub(template, i, template.n);
        if (cw_str_starts(rest, dn_place)) {
            cw_buf_puts(&out, panel_ldap_escape(arena, member->dn));
            i += dn_place.n;
        } else if (cw_str_starts(rest, name_place)) {
            cw_buf_puts(&out, panel_ldap_escape(arena, member->name));
            i += name_place.n;
        } else {
            cw_buf_putc(&out, template.p[i++]);
        }
    }
    struct cw_str filter = cw_arena_dup(arena, cw_buf_str(&out));
    cw_buf_free(&out);
    return filter;
}

struct cw_str panel_ldap_member_filter(struct cw_arena *arena, const struct cw_ldap_config *config,
                                       const struct panel_ldap_member *member, struct cw_str *entry)
{
    struct cw_str group = panel_ldap_escape(arena, member->group);
    *entry = member->dn;
    switch (config->membership) {
    case CW_MEMBERSHIP_MEMBERS:
        *entry = member->group;
        return fill_in(arena, config->group_filter, member);
    case CW_MEMBERSHIP_MEMBER_OF:
        return cw_arena_printf(arena, "(memberOf=%.*s)", CW_ARG(group));
    case CW_MEMBERSHIP_NESTED:
        return cw_arena_printf(arena, "(memberOf:" IN_CHAIN ":=%.*s)", CW_ARG(group));
    }
    cw_fatal("no such membership");
}
