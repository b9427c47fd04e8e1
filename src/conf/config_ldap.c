/* What the options of panel.ldap must be like together.  What only the directory itself or its
 * library can tell of them (is this a DN?) is said when the panel starts. */
#include "conf/config_priv.h"

/* RFC 4515 in outline: in parentheses that close, and nothing in braces but what is filled in. */
static bool is_filter(struct cw_str filter, bool has_places)
{
    int depth = 0;
    for (size_t i = 0; i < filter.n; i++) {
        struct cw_str rest = cw_str_sub(filter, i, filter.n);
        if (rest.p[0] == '{' && !(has_places && (cw_str_starts(rest, CW_S("{dn}")) ||
                                                 cw_str_starts(rest, CW_S("{name}")))))
            return false;
        depth += (rest.p[0] == '(') - (rest.p[0] == ')');
        if (depth < (i + 1 < filter.n))
            return false;
    }
    return filter.n > 2 && depth == 0;
}

static bool is_attribute(struct cw_str name)
{
    for (size_t i = 0; i < name.n; i++) {
        unsigned char c = (unsigned char)name.p[i];
        if (!((c | 0x20) >= 'a' && (c | 0x20) <= 'z') && !(c >= '0' && c <= '9') && c != '-' &&
            c != '.')
            return false;
    }
    return name.n > 0;
}

static struct cw_str check_filters(const struct cw_ldap_config *ldap, struct cw_arena *errors)
{
    if (!is_filter(ldap->user_filter, false))
        return CW_S("panel.ldap.user-filter: is not a filter in parentheses (RFC 4515); the name "
                    "is not part of it, see name-attributes");
    if (!is_filter(ldap->group_filter, true))
        return CW_S("panel.ldap.group-filter: is not a filter in parentheses (RFC 4515) with {dn} "
                    "or {name}");
    for (size_t i = 0; i < ldap->n_name_attributes; i++)
        if (!is_attribute(ldap->name_attributes[i]))
            return cw_arena_printf(errors,
                                   "panel.ldap.name-attributes[%zu]: \"%.*s\" is not the name of "
                                   "an attribute",
                                   i + 1, CW_ARG(ldap->name_attributes[i]));
    return CW_STR_NONE;
}

struct cw_str cw_config_check_ldap(struct cw_config *config, struct cw_arena *errors)
{
    struct cw_ldap_config *ldap = &config->panel.ldap;
    if (cw_str_is_empty(ldap->url))
        return CW_STR_NONE;
    if (!cw_ldap_url_read(&config->arena, ldap))
        return cw_arena_printf(errors,
                               "panel.ldap.url: \"%.*s\" is neither ldap://HOST[:PORT] nor "
                               "ldaps://HOST[:PORT]",
                               CW_ARG(ldap->url));
    if (cw_str_is_empty(ldap->base))
        return CW_S("panel.ldap.base: must be given (users are below it)");
    if (cw_str_is_empty(ldap->bind_dn) != cw_str_is_empty(ldap->bind_password_file))
        return CW_S("panel.ldap: bind-dn and bind-password-file go together");
    if (ldap->n_administrators + ldap->n_viewers == 0)
        return CW_S("panel.ldap: nobody could sign in; give groups in administrators or viewers");
    return check_filters(ldap, errors);
}
