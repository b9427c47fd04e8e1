/* Commands on accounts, tokens, sessions and the audit trail: their rows. */
#include "api/rows_priv.h"

#define ROLES "viewer|administrator"
#define NAME_ARG                                                                        \
    {                                                                                   \
        "name", CW_ARG_TEXT, true, true, "1 to 64 characters", "", "the account's name" \
    }
#define ROLE_HELP "an administrator changes things, a viewer looks at them"
#define PASSWORD_ARGS                                                                            \
    {"password", CW_ARG_SECRET, false, false, "12 to 256 characters", "", "the password"},       \
        {"generate",                                                                             \
         CW_ARG_BOOL,                                                                            \
         false,                                                                                  \
         false,                                                                                  \
         "true|false",                                                                           \
         "",                                                                                     \
         "instead: make a one-time password, which is shown once"},                              \
    {                                                                                            \
        "must-change-password", CW_ARG_BOOL, false, false, "true|false", "",                     \
            "the next sign-in must change it; a password that was generated always, unless told" \
    }
#define IF_VERSION                                                \
    {                                                             \
        "if-version", CW_ARG_NUMBER, false, false, "", "",        \
            "refuse when the account's version is another by now" \
    }

static const struct cw_api_arg account_new_args[] = {
    NAME_ARG, {"role", CW_ARG_CHOICE, false, true, ROLES, "", ROLE_HELP}, PASSWORD_ARGS};
static const struct cw_api_arg account_get_args[] = {NAME_ARG};
static const struct cw_api_arg account_set_args[] = {
    NAME_ARG,
    {"role", CW_ARG_CHOICE, false, false, ROLES, "", ROLE_HELP},
    {"enabled", CW_ARG_BOOL, false, false, "true|false", "", "off: cannot sign in, but is kept"},
    {"must-change-password", CW_ARG_BOOL, false, false, "true|false", "",
     "the next sign-in must change the password"},
    IF_VERSION,
};
static const struct cw_api_arg account_remove_args[] = {NAME_ARG, IF_VERSION};
static const struct cw_api_arg account_password_args[] = {NAME_ARG, PASSWORD_ARGS, IF_VERSION};
static const struct cw_api_arg token_new_args[] = {
    {"name", CW_ARG_TEXT, true, true, "1 to 64 characters", "", "what it is for"},
    {"role", CW_ARG_CHOICE, false, true, ROLES, "", "what it may do"},
    {"days", CW_ARG_NUMBER, false, false, "1..3650, 0 = for ever", "",
     "how long it is good for; 365 when left out"},
};
static const struct cw_api_arg token_remove_args[] = {
    {"id", CW_ARG_NUMBER, true, true, "", "", "the token's number, as in the list"},
};
static const struct cw_api_arg session_args[] = {
    {"account", CW_ARG_TEXT, false, false, "", "", "only those of this account"},
};
static const struct cw_api_arg audit_list_args[] = {
    {"object", CW_ARG_TEXT, false, false, "", "", "only rows on this domain, user, account ..."},
    {"who", CW_ARG_TEXT, false, false, "", "", "only what this account did"},
    {"action", CW_ARG_TEXT, false, false, "", "",
     "\"partner set\", or \"partner\" for all on them"},
    {"since", CW_ARG_TEXT, false, false, "2026-11-22[T14:00:00Z]", "", "from then on, in UTC"},
    {"until", CW_ARG_TEXT, false, false, "2026-11-22[T14:00:00Z]", "", "until then, included"},
    {"limit", CW_ARG_NUMBER, false, false, "1..1000", "", "at most so many; 100 when left out"},
    {"cursor", CW_ARG_TEXT, false, false, "", "", "go on behind: \"next\" of the answer before"},
};
static const struct cw_api_arg audit_id_args[] = {
    {"id", CW_ARG_NUMBER, true, true, "", "", "the row's number, as in the list"},
};
static const struct cw_api_arg audit_restore_args[] = {
    {"id", CW_ARG_NUMBER, true, true, "", "", "the row's number, as in the list"},
    {"if-version", CW_ARG_NUMBER, false, false, "", "",
     "refuse when the version of what it changes is another by now"},
};
static const struct cw_api_command rows[] = {
    {"account new", "Add an account for the panel", CW_ADMINISTRATOR, true, "POST", "/accounts",
     CW_ARGS(account_new_args), .run = cw_api_account_new, .shows = "Account",
     .tells = "password... text", .is_panels = true, .creates = "/accounts/{name}"},
    {"account list", "List the accounts of the panel", CW_ADMINISTRATOR, false, "GET", "/accounts",
     .run = cw_api_account_list, .shows = "Account", .list = "accounts", .key = "name"},
    {"account get", "Show an account", CW_ADMINISTRATOR, false, "GET", "/accounts/{name}",
     CW_ARGS(account_get_args), .run = cw_api_account_get, .shows = "Account"},
    {"account set", "Change an account's role, or disable it; its sessions end", CW_ADMINISTRATOR,
     true, "PATCH", "/accounts/{name}", CW_ARGS(account_set_args), .run = cw_api_account_set,
     .shows = "Account", .is_panels = true},
    {"account remove", "Remove an account; its sessions end", CW_ADMINISTRATOR, true, "DELETE",
     "/accounts/{name}", CW_ARGS(account_remove_args), .run = cw_api_account_remove,
     .shows = "Account", .is_panels = true},
    {"account password", "Give an account another password; its sessions end", CW_ADMINISTRATOR,
     true, "PUT", "/accounts/{name}/password", CW_ARGS(account_password_args),
     .run = cw_api_account_password, .shows = "Account", .tells = "password... text",
     .is_panels = true},
    {"token new", "Make an API token for a script; it is shown once", CW_ADMINISTRATOR, true,
     "POST", "/tokens", CW_ARGS(token_new_args), .run = cw_api_token_new, .shows = "Token",
     .tells = "token... text", .is_panels = true},
    {"token list", "List the API tokens", CW_ADMINISTRATOR, false, "GET", "/tokens",
     .run = cw_api_token_list, .shows = "Token", .list = "tokens", .key = "name"},
    {"token remove", "Remove an API token; it is refused from then on", CW_ADMINISTRATOR, true,
     "DELETE", "/tokens/{id}", CW_ARGS(token_remove_args), .run = cw_api_token_remove,
     .shows = "Token", .is_panels = true},
    {"session list", "List who is signed in to the panel; a viewer sees himself", CW_VIEWER, false,
     "GET", "/sessions", CW_ARGS(session_args), .run = cw_api_session_list, .shows = "Session",
     .list = "sessions", .key = "since id"},
    {"session end", "Sign an account out everywhere; oneself when none is named", CW_VIEWER, true,
     "DELETE", "/sessions", CW_ARGS(session_args), .run = cw_api_session_end, .shows = "Sessions",
     .is_panels = true},
    {"audit list", "List who changed what, the newest first", CW_VIEWER, false, "GET", "/audit",
     CW_ARGS(audit_list_args), .run = cw_api_audit_list, .tells = "audit [AuditRow], next text!"},
    {"audit show", "Show a change: each field before and after", CW_VIEWER, false, "GET",
     "/audit/{id}", CW_ARGS(audit_id_args), .run = cw_api_audit_show, .shows = "Revision"},
    {"audit restore",
     "Make a partner, setting, access rule or block again as it was after that change; what it "
     "removed, as it was before",
     CW_ADMINISTRATOR, true, "POST", "/audit/{id}/restore", CW_ARGS(audit_restore_args),
     .run = cw_api_audit_restore},
};
const struct cw_api_rows cw_api_account_rows = CW_ROWS(rows);
