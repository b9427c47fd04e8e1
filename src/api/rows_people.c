/* Commands on contacts, blocks and access: their rows. */
#include "api/rows_priv.h"

#define PARTNER "an address (user@domain), or a domain for all addresses in it"
static const struct cw_api_arg contact_filter_args[] = {
    {"user", CW_ARG_TEXT, false, false, "USER@DOMAIN", "", "the local user"},
    {"partner", CW_ARG_TEXT, false, false, "[USER@]DOMAIN", "", PARTNER},
};
static const struct cw_api_arg contact_show_args[] = {
    {"user", CW_ARG_TEXT, false, true, "USER@DOMAIN", "", "the local user"},
    {"partner", CW_ARG_TEXT, false, true, "USER@DOMAIN", "", "the partner's user"},
};
static const struct cw_api_arg block_args[] = {
    {"user", CW_ARG_TEXT, false, true, "USER@DOMAIN", "", "the local user"},
    {"address", CW_ARG_TEXT, true, true, "", "", PARTNER},
};
static const struct cw_api_arg blocks_args[] = {
    {"user", CW_ARG_TEXT, false, false, "USER@DOMAIN", "", "only those of this local user"},
};
#define SCOPE                                                                              \
    {"domain", CW_ARG_DOMAIN, false, false, "", "", "a local domain"},                     \
    {                                                                                      \
        "user", CW_ARG_TEXT, false, false, "USER@DOMAIN", "", "a local user; neither: all" \
    }
#define IF_VERSION                                                         \
    {                                                                      \
        "if-version", CW_ARG_NUMBER, false, false, "", "",                 \
            "refuse when the rule's version is another by now; 0: no rule" \
    }
static const struct cw_api_arg access_scope_args[] = {SCOPE};
static const struct cw_api_arg access_set_args[] = {
    SCOPE,
    {"xmpp", CW_ARG_BOOL, false, true, "true|false", "", "may they use the federation?"},
    IF_VERSION,
};
static const struct cw_api_arg access_unset_args[] = {SCOPE, IF_VERSION};
static const struct cw_api_command rows[] = {
    {"contact list", "List contacts: whom local users have invited, and who sees whom", CW_VIEWER,
     false, "GET", "/contacts", CW_ARGS(contact_filter_args), .run = cw_api_contact_list,
     .shows = "Contact", .list = "contacts", .key = "user contact"},
    {"contact show", "Show what is between two users, and what the rules say of them now",
     CW_VIEWER, false, "GET", "/contacts/pair", CW_ARGS(contact_show_args),
     .run = cw_api_contact_show, .shows = "Pair"},
    {"contact remove",
     "Take invitations back, of a user, towards a partner, or both; their subscriptions end",
     CW_ADMINISTRATOR, true, "DELETE", "/contacts", CW_ARGS(contact_filter_args),
     .run = cw_api_contact_remove, .shows = "Contacts"},
    {"contact block", "Let a local user hear nothing more from an address or a domain",
     CW_ADMINISTRATOR, true, "POST", "/blocks", CW_ARGS(block_args), .run = cw_api_contact_block,
     .shows = "Blocks"},
    {"contact unblock", "Take a block back", CW_ADMINISTRATOR, true, "DELETE", "/blocks",
     CW_ARGS(block_args), .run = cw_api_contact_unblock, .shows = "Blocks"},
    {"contact blocks", "List what local users have blocked", CW_VIEWER, false, "GET", "/blocks",
     CW_ARGS(blocks_args), .run = cw_api_contact_blocks, .shows = "Block", .list = "blocks",
     .key = "user blocked"},
    {"access get", "Show whether a local user may use the federation, and by which rule", CW_VIEWER,
     false, "GET", "/access/effective", CW_ARGS(access_scope_args), .run = cw_api_access_get,
     .tells_version = true, .shows = "Access"},
    {"access set", "Allow or deny the federation to a user, to a local domain, or to all",
     CW_ADMINISTRATOR, true, "PUT", "/access", CW_ARGS(access_set_args), .run = cw_api_access_set,
     .shows = "AccessRule"},
    {"access unset", "Remove a rule; the next wider one counts", CW_ADMINISTRATOR, true, "DELETE",
     "/access", CW_ARGS(access_unset_args), .run = cw_api_access_unset, .shows = "AccessRule"},
    {"access list", "List the rules on who may use the federation", CW_VIEWER, false, "GET",
     "/access", .run = cw_api_access_list, .shows = "AccessRule", .list = "rules",
     .key = "scope=global|domain|user name"},
};
const struct cw_api_rows cw_api_people_rows = CW_ROWS(rows);
