/* Who a user of the directory is, and what he may; see directory.h. */
#include "panel/directory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "account/name.h"
#include "base/secret.h"
#include "conf/file.h"
#include "panel/directory_priv.h"

enum { MAX_PASSWORD = 1024, ACCOUNT_DISABLED = 2 /* of userAccountControl, [MS-ADTS] 2.2.16 */ };

const char *panel_directory_verdict_text(enum panel_directory_verdict verdict)
{
    static const char *const texts[] = {
        "right",
        "the directory has no such user",
        "several entries of the directory have this name",
        "disabled in the directory",
        "in none of the directory's groups that are mapped to a role",
        "the directory refused the password",
        "the directory could not be asked",
    };
    return texts[verdict];
}

static void log_fault(const struct panel *panel, const struct panel_ldap *link)
{
    CW_LOG(&panel->log, CW_LOG_WARN, "directory-failed", CW_KVC("step", link->step),
           CW_KV("url", link->config->url), CW_KV("reason", link->reason));
}

/* --- as whom the directory is asked -----------------------------------------------------------*/

/* The first line of the file; false: step and reason of the fault. */
static bool bind_as_searcher(struct panel_ldap *link)
{
    const struct cw_ldap_config *config = link->config;
    struct cw_buf text = {0};
    if (cw_str_is_empty(config->bind_dn))
        return true;
    link->step = "bind";
    if (cw_file_read(config->bind_password_file.p, MAX_PASSWORD, &text) != CW_OK) {
        link->reason = cw_arena_printf(link->arena, "%.*s cannot be read: %s",
                                       CW_ARG(config->bind_password_file), strerror(errno));
        cw_buf_free(&text);
        return false;
    }
    ptrdiff_t end = cw_str_index(cw_buf_str(&text), '\n');
    struct cw_str line = cw_str_sub(cw_buf_str(&text), 0, end < 0 ? text.n : (size_t)end);
    link->reason = CW_S("the file of the password is empty");
    bool is_bound = panel_ldap_bind(link, config->bind_dn, line) == PANEL_LDAP_YES;
    if (text.p)
        cw_wipe(text.p, text.n);
    cw_buf_free(&text);
    return is_bound;
}

bool panel_directory_open(const struct panel *panel, struct cw_arena *arena,
                          struct panel_ldap *link)
{
    bool ok = panel_ldap_open(link, &panel->config.panel.ldap, arena) && bind_as_searcher(link);
    if (!ok)
        log_fault(panel, link);
    return ok;
}

/* --- which entry ------------------------------------------------------------------------------*/

struct wanted {
    struct cw_arena *arena;
    struct cw_str name;
};

static bool is_name(struct cw_str value, void *arg)
{
    const struct wanted *wanted = arg;
    struct cw_str name;
    return cw_account_name(wanted->arena, value, &name) && cw_str_eq(name, wanted->name);
}

/* Directories compare more loosely than we do, Active Directory without regard to accents, say: one
 * user would have many names here. */
static bool has_name(struct panel_ldap *link, struct cw_str name)
{
    struct wanted wanted = {link->arena, name};
    for (size_t i = 0; i < link->config->n_name_attributes; i++)
        if (panel_ldap_any_value(link, link->config->name_attributes[i].p, is_name, &wanted))
            return true;
    return false;
}

/* It refuses the password of such an account by itself; who is signed in already has none to show.
 */
static bool is_disabled(struct cw_str value, void *arg)
{
    uint64_t flags;
    (void)arg;
    return cw_str_to_u64(value, &flags) && (flags & ACCOUNT_DISABLED);
}

static enum panel_directory_verdict find_user(const struct panel *panel, struct panel_ldap *link,
                                              struct cw_str name, struct cw_str *dn)
{
    const struct cw_ldap_config *config = link->config;
    size_t n = config->n_name_attributes;
    const char **attributes = cw_arena_alloc(link->arena, (n + 2) * sizeof *attributes);
    for (size_t i = 0; i < n; i++)
        attributes[i] = config->name_attributes[i].p;
    attributes[n] = "userAccountControl";
    const struct panel_ldap_search search = {
        .base = config->base,
        .filter = panel_ldap_user_filter(link->arena, config, name),
        .attributes = attributes,
    };
    switch (panel_ldap_find(link, &search)) {
    case PANEL_LDAP_FAULT:
        log_fault(panel, link);
        return PANEL_DIRECTORY_UNAVAILABLE;
    case PANEL_LDAP_MANY:
        return PANEL_DIRECTORY_AMBIGUOUS;
    case PANEL_LDAP_NO:
        return PANEL_DIRECTORY_UNKNOWN;
    case PANEL_LDAP_YES:
        break;
    }
    *dn = panel_ldap_dn(link);
    if (!has_name(link, name) || cw_str_is_empty(*dn))
        return PANEL_DIRECTORY_UNKNOWN;
    return panel_ldap_any_value(link, "userAccountControl", is_disabled, NULL)
               ? PANEL_DIRECTORY_DISABLED
               : PANEL_DIRECTORY_GOOD;
}

/* --- which groups -----------------------------------------------------------------------------*/

static const char *no_attributes[] = {LDAP_NO_ATTRS, NULL};

/* The directory compares the DNs: it alone knows by which rules. */
static enum panel_ldap_result is_in(struct panel_ldap *link, const struct panel_ldap_member *member)
{
    struct panel_ldap_search search = {.is_base_only = true, .attributes = no_attributes};
    search.filter = panel_ldap_member_filter(link->arena, link->config, member, &search.base);
    return panel_ldap_find(link, &search);
}

static enum panel_ldap_result is_in_any(struct panel_ldap *link, struct panel_ldap_member *member,
                                        const struct cw_str *groups, size_t n)
{
    enum panel_ldap_result result = PANEL_LDAP_NO;
    for (size_t i = 0; i < n && result == PANEL_LDAP_NO; i++) {
        member->group = groups[i];
        result = is_in(link, member);
    }
    return result;
}

static enum panel_directory_verdict find_role(const struct panel *panel, struct panel_ldap *link,
                                              struct panel_ldap_member *member,
                                              bool *is_administrator)
{
    const struct cw_ldap_config *config = link->config;
    enum panel_ldap_result result =
        is_in_any(link, member, config->administrators, config->n_administrators);
    *is_administrator = result == PANEL_LDAP_YES;
    if (result == PANEL_LDAP_NO)
        result = is_in_any(link, member, config->viewers, config->n_viewers);
    if (result == PANEL_LDAP_YES)
        return PANEL_DIRECTORY_GOOD;
    if (result == PANEL_LDAP_NO)
        return PANEL_DIRECTORY_NO_GROUP;
    log_fault(panel, link);
    return PANEL_DIRECTORY_UNAVAILABLE;
}

static void warn_of_missing(const struct panel *panel, struct panel_ldap *link,
                            const struct cw_str *groups, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct panel_ldap_search search = {.base = groups[i],
                                                 .filter = CW_STR("(objectClass=*)"),
                                                 .is_base_only = true,
                                                 .attributes = no_attributes};
        if (panel_ldap_find(link, &search) == PANEL_LDAP_NO)
            CW_LOG(&panel->log, CW_LOG_WARN, "directory-group-missing", CW_KV("group", groups[i]),
                   CW_KVC("reason", "there is no such entry, or panel.ldap.bind-dn may not see "
                                    "it"));
    }
}

void panel_directory_check_groups(const struct panel *panel, struct panel_ldap *link)
{
    const struct cw_ldap_config *config = link->config;
    warn_of_missing(panel, link, config->administrators, config->n_administrators);
    warn_of_missing(panel, link, config->viewers, config->n_viewers);
}

/* --- all of it --------------------------------------------------------------------------------*/

enum panel_directory_verdict panel_directory_look(const struct panel *panel,
                                                  struct panel_ldap *link, struct cw_str name,
                                                  struct panel_directory_user *out,
                                                  struct cw_str *dn)
{
    enum panel_directory_verdict verdict = find_user(panel, link, name, dn);
    struct panel_ldap_member member = {.name = name, .dn = *dn};
    if (verdict != PANEL_DIRECTORY_GOOD)
        return verdict;
    out->account = cw_arena_printf(link->arena, PANEL_DIRECTORY_PREFIX "%.*s", CW_ARG(name));
    return find_role(panel, link, &member, &out->is_administrator);
}

static enum panel_directory_verdict check_password(const struct panel *panel,
                                                   struct panel_ldap *link, struct cw_str dn,
                                                   struct cw_str password)
{
    switch (panel_ldap_bind(link, dn, password)) {
    case PANEL_LDAP_YES:
        return PANEL_DIRECTORY_GOOD;
    case PANEL_LDAP_NO:
    case PANEL_LDAP_MANY: /* Active Directory says in `reason` whether it expired or is locked */
        CW_LOG(&panel->log, CW_LOG_INFO, "directory-refused", CW_KV("dn", dn),
               CW_KV("reason", link->reason));
        return PANEL_DIRECTORY_WRONG;
    case PANEL_LDAP_FAULT:
        break;
    }
    log_fault(panel, link);
    return PANEL_DIRECTORY_UNAVAILABLE;
}

enum panel_directory_verdict panel_directory_sign_in(const struct panel *panel,
                                                     struct cw_arena *arena, struct cw_str name,
                                                     struct cw_str password,
                                                     struct panel_directory_user *out)
{
    struct panel_ldap link;
    struct cw_str dn = CW_STR_NONE;
    /* An empty password would be right for everybody (RFC 4513 section 5.1.2). */
    if (password.n == 0 || password.n > MAX_PASSWORD)
        return PANEL_DIRECTORY_WRONG;
    enum panel_directory_verdict verdict = PANEL_DIRECTORY_UNAVAILABLE;
    if (panel_directory_open(panel, arena, &link))
        verdict = panel_directory_look(panel, &link, name, out, &dn);
    if (verdict == PANEL_DIRECTORY_GOOD)
        verdict = check_password(panel, &link, dn, password);
    panel_ldap_close(&link);
    return verdict;
}

/* --- the start --------------------------------------------------------------------------------*/

static bool is_dn(struct cw_str text, const char *option, struct cw_buf *why)
{
    LDAPDN dn = NULL;
    bool good = ldap_str2dn(text.p, &dn, LDAP_DN_FORMAT_LDAPV3) == LDAP_SUCCESS && dn;
    ldap_dnfree(dn);
    if (!good)
        cw_buf_printf(why, "panel.ldap.%s: \"%.*s\" is not the DN of an entry", option,
                      CW_ARG(text));
    return good;
}

static bool are_dns(const struct cw_str *texts, size_t n, const char *option, struct cw_buf *why)
{
    for (size_t i = 0; i < n; i++)
        if (!is_dn(texts[i], option, why))
            return false;
    return true;
}

/* No file or variable of the machine says anything about how we speak to our directory. */
static bool begin_library(struct cw_buf *why)
{
    int version = LDAP_VERSION3;
    if (setenv("LDAPNOINIT", "1", 1) == 0 &&
        ldap_set_option(NULL, LDAP_OPT_PROTOCOL_VERSION, &version) == LDAP_OPT_SUCCESS)
        return true;
    cw_buf_putcstr(why, "the LDAP library cannot be used");
    return false;
}

bool panel_directory_begin(struct panel *panel, struct cw_buf *why)
{
    const struct cw_ldap_config *config = &panel->config.panel.ldap;
    if (cw_str_is_empty(config->url))
        return true;
    if (!begin_library(why) || !is_dn(config->base, "base", why) ||
        (!cw_str_is_empty(config->bind_dn) && !is_dn(config->bind_dn, "bind-dn", why)) ||
        !are_dns(config->administrators, config->n_administrators, "administrators", why) ||
        !are_dns(config->viewers, config->n_viewers, "viewers", why))
        return false;
    panel->directory = cw_alloc(sizeof *panel->directory);
    panel->directory->panel = panel;
    panel_directory_begin_watch(panel->directory);
    return true;
}

void panel_directory_end(struct panel *panel)
{
    if (!panel->directory)
        return;
    panel_directory_end_watch(panel->directory);
    cw_free(panel->directory);
    panel->directory = NULL;
}
