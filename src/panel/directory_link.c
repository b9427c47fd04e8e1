/* One connection to the directory; see directory_priv.h. */
#include <openldap.h>

#include "panel/directory_priv.h"

enum { MAX_REASON = 200, MAX_ANSWER = 1 << 20, MAX_FOUND = 2 };

static bool fail(struct panel_ldap *link, const char *step, const char *reason, const char *more)
{
    struct cw_buf text = {0};
    link->step = step;
    cw_buf_put_clean(&text, cw_str_of(reason), MAX_REASON);
    if (more && more[0]) {
        cw_buf_putcstr(&text, ": ");
        cw_buf_put_clean(&text, cw_str_of(more), MAX_REASON);
    }
    link->reason = cw_arena_dup(link->arena, cw_buf_str(&text));
    cw_buf_free(&text);
    return false;
}

/* With what the directory says besides. */
static bool fail_ldap(struct panel_ldap *link, const char *step, int code)
{
    char *more = NULL;
    (void)ldap_get_option(link->ld, LDAP_OPT_DIAGNOSTIC_MESSAGE, &more);
    fail(link, step, ldap_err2string(code), more);
    ldap_memfree(more);
    return false;
}

/* --- beginning and end ------------------------------------------------------------------------*/

static struct timeval left(const struct panel_ldap *link)
{
    uint64_t now = cw_now_ms(), until = link->wire.until_ms;
    uint64_t ms = now < until ? until - now : 0;
    return (struct timeval){.tv_sec = (time_t)(ms / 1000), /* 0.0 would be for ever */
                            .tv_usec = (suseconds_t)(ms % 1000 * 1000 + 1)};
}

static bool limit(struct panel_ldap *link)
{
    struct timeval rest = left(link);
    return ldap_set_option(link->ld, LDAP_OPT_TIMEOUT, &rest) == LDAP_OPT_SUCCESS;
}

void panel_ldap_begin_question(struct panel_ldap *link)
{
    link->wire.until_ms = cw_now_ms() + (uint64_t)link->config->timeout_s * 1000;
}

static bool set_options(struct panel_ldap *link)
{
    int version = LDAP_VERSION3, never = LDAP_DEREF_NEVER;
    ber_len_t max = MAX_ANSWER;
    Sockbuf *buffer = NULL;
    return ldap_set_option(link->ld, LDAP_OPT_PROTOCOL_VERSION, &version) == LDAP_OPT_SUCCESS &&
           ldap_set_option(link->ld, LDAP_OPT_REFERRALS, LDAP_OPT_OFF) == LDAP_OPT_SUCCESS &&
           ldap_set_option(link->ld, LDAP_OPT_DEREF, &never) == LDAP_OPT_SUCCESS && limit(link) &&
           ldap_get_option(link->ld, LDAP_OPT_SOCKBUF, &buffer) == LDAP_OPT_SUCCESS &&
           panel_wire_attach(&link->wire, buffer) &&
           ber_sockbuf_ctrl(buffer, LBER_SB_OPT_SET_MAX_INCOMING, &max) == 1;
}

/* RFC 4511 section 4.14: the directory agrees, and what follows is TLS. */
static bool ask_for_tls(struct panel_ldap *link)
{
    char *name = NULL;
    struct berval *value = NULL;
    int code =
        ldap_extended_operation_s(link->ld, LDAP_EXOP_START_TLS, NULL, NULL, NULL, &name, &value);
    ldap_memfree(name);
    ber_bvfree(value);
    return code == LDAP_SUCCESS || fail_ldap(link, "tls", code);
}

bool panel_ldap_open(struct panel_ldap *link, const struct cw_ldap_config *config,
                     struct cw_arena *arena)
{
    *link = (struct panel_ldap){.config = config, .arena = arena, .wire = {.fd = -1}};
    panel_ldap_begin_question(link);
    const char *why = panel_wire_connect(&link->wire, config);
    if (why)
        return fail(link, "connect", why, NULL);
    int code = ldap_init_fd(link->wire.fd, LDAP_PROTO_EXT, "ldap://", &link->ld);
    if (code != LDAP_SUCCESS || !set_options(link))
        return fail(link, "connect", ldap_err2string(code), NULL);
    if (!config->is_ldaps && !ask_for_tls(link))
        return false;
    why = panel_wire_begin_tls(&link->wire, config);
    return !why || fail(link, "tls", why, NULL);
}

void panel_ldap_close(struct panel_ldap *link)
{
    ldap_msgfree(link->answer);
    link->answer = link->entry = NULL;
    if (link->ld)
        (void)ldap_unbind_ext_s(link->ld, NULL, NULL);
    link->ld = NULL;
    panel_wire_close(&link->wire);
}

/* --- asking -----------------------------------------------------------------------------------*/

/* An answer about this name and password, and not about the directory's own state. */
static bool is_refusal(int code)
{
    return code == LDAP_INVALID_CREDENTIALS || code == LDAP_INAPPROPRIATE_AUTH ||
           code == LDAP_CONSTRAINT_VIOLATION || code == LDAP_UNWILLING_TO_PERFORM ||
           code == LDAP_INSUFFICIENT_ACCESS;
}

enum panel_ldap_result panel_ldap_bind(struct panel_ldap *link, struct cw_str dn,
                                       struct cw_str password)
{
    struct berval secret = {.bv_len = password.n, .bv_val = (char *)(uintptr_t)password.p};
    if (password.n == 0 || dn.n == 0)
        return PANEL_LDAP_NO;
    cw_assert(link->wire.ssl != NULL);
    if (!limit(link))
        return fail(link, "bind", "no time is left", NULL), PANEL_LDAP_FAULT;
    int code = ldap_sasl_bind_s(link->ld, cw_arena_dup(link->arena, dn).p, LDAP_SASL_SIMPLE,
                                &secret, NULL, NULL, NULL);
    if (code == LDAP_SUCCESS)
        return PANEL_LDAP_YES;
    fail_ldap(link, "bind", code);
    return is_refusal(code) ? PANEL_LDAP_NO : PANEL_LDAP_FAULT;
}

enum panel_ldap_result panel_ldap_find(struct panel_ldap *link,
                                       const struct panel_ldap_search *search)
{
    struct timeval rest = left(link);
    ldap_msgfree(link->answer);
    link->answer = link->entry = NULL;
    int code = ldap_search_ext_s(link->ld, cw_arena_dup(link->arena, search->base).p,
                                 search->is_base_only ? LDAP_SCOPE_BASE : LDAP_SCOPE_SUBTREE,
                                 cw_arena_dup(link->arena, search->filter).p,
                                 (char **)(uintptr_t)search->attributes, 0, NULL, NULL, &rest,
                                 MAX_FOUND, &link->answer);
    int n = link->answer ? ldap_count_entries(link->ld, link->answer) : 0;
    if (code == LDAP_SIZELIMIT_EXCEEDED || n > 1)
        return PANEL_LDAP_MANY;
    if (code == LDAP_NO_SUCH_OBJECT && search->is_base_only)
        return PANEL_LDAP_NO;
    if (code != LDAP_SUCCESS) {
        fail_ldap(link, "search", code);
        return PANEL_LDAP_FAULT;
    }
    link->entry = n == 1 ? ldap_first_entry(link->ld, link->answer) : NULL;
    return link->entry ? PANEL_LDAP_YES : PANEL_LDAP_NO;
}

struct cw_str panel_ldap_dn(struct panel_ldap *link)
{
    char *dn = ldap_get_dn(link->ld, link->entry);
    struct cw_str out = dn ? cw_arena_dup(link->arena, cw_str_of(dn)) : CW_S("");
    ldap_memfree(dn);
    return out;
}

bool panel_ldap_any_value(struct panel_ldap *link, const char *attribute,
                          bool (*is_it)(struct cw_str value, void *arg), void *arg)
{
    struct berval **values = ldap_get_values_len(link->ld, link->entry, attribute);
    bool found = false;
    for (size_t i = 0; values && values[i] && !found; i++)
        found = is_it((struct cw_str){values[i]->bv_val, values[i]->bv_len}, arg);
    ldap_value_free_len(values);
    return found;
}
