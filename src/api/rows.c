/* The table of commands: its rows and their arguments, for people and for the checks. */
#include "api/api_priv.h"

#define REQUIREMENTS "Required|Optional|NotSupported"
#define DOMAIN(text)                                      \
    {                                                     \
        "domain", CW_ARG_DOMAIN, true, true, "", "", text \
    }
#define FIELDS                                                                                  \
    {"description", CW_ARG_TEXT, false, false, "at most 1024 characters", "", "who this is"},   \
        {"additional",                                                                          \
         CW_ARG_DOMAINS,                                                                        \
         false,                                                                                 \
         false,                                                                                 \
         "domains",                                                                             \
         "",                                                                                    \
         "further domains of the partner; a subdomain that is not listed is not covered"},      \
        {"type",                                                                                \
         CW_ARG_CHOICE,                                                                         \
         false,                                                                                 \
         false,                                                                                 \
         "Federated|PublicVerified|PublicUnverified",                                           \
         "PublicUnverified",                                                                    \
         "how far the partner's users are trusted"},                                            \
        {"tls", CW_ARG_CHOICE, false, false, REQUIREMENTS, "Required", "TLS on its streams"},   \
        {"sasl",                                                                                \
         CW_ARG_CHOICE,                                                                         \
         false,                                                                                 \
         false,                                                                                 \
         REQUIREMENTS,                                                                          \
         "Required",                                                                            \
         "SASL EXTERNAL: proof by certificate"},                                                \
        {"dialback",                                                                            \
         CW_ARG_BOOL,                                                                           \
         false,                                                                                 \
         false,                                                                                 \
         "true|false",                                                                          \
         "true",                                                                                \
         "server dialback: proof by DNS"},                                                      \
        {"connection-limit",                                                                    \
         CW_ARG_NUMBER,                                                                         \
         false,                                                                                 \
         false,                                                                                 \
         "1..10000, 0 = inherit",                                                               \
         "0",                                                                                   \
         "streams in both directions together; inherits partner-connection-limit"},             \
        {"keep-alive", CW_ARG_BOOL, false, false, "true|false", "true", "ping an idle stream"}, \
        {"proxy-fqdn",                                                                          \
         CW_ARG_TEXT,                                                                           \
         false,                                                                                 \
         false,                                                                                 \
         "HOST[:PORT]",                                                                         \
         "",                                                                                    \
         "connect there instead of where the DNS points; its identity is still the domain's"},  \
        {"enabled",                                                                             \
         CW_ARG_BOOL,                                                                           \
         false,                                                                                 \
         false,                                                                                 \
         "true|false",                                                                          \
         "true",                                                                                \
         "off: as if not listed, but kept"},                                                    \
        {"trust-anchor",                                                                        \
         CW_ARG_DOCUMENT,                                                                       \
         false,                                                                                 \
         false,                                                                                 \
         "PEM|@FILE",                                                                           \
         "",                                                                                    \
         "certificates of CAs that vouch for the partner, instead of the common ones"},         \
    {                                                                                           \
        "pinned-keys", CW_ARG_TEXTS, false, false, "sha256:BASE64,...", "",                     \
            "digests of public keys: the partner's certificate must have one of them"           \
    }
#define IF_VERSION                                                \
    {                                                             \
        "if-version", CW_ARG_NUMBER, false, false, "", "",        \
            "refuse when the partner's version is another by now" \
    }

static const struct cw_api_arg new_args[] = {DOMAIN("the primary domain"), FIELDS};
static const struct cw_api_arg set_args[] = {DOMAIN("the partner's primary domain"), FIELDS,
                                             IF_VERSION};
static const struct cw_api_arg get_args[] = {DOMAIN("the partner's primary domain")};
static const struct cw_api_arg one_args[] = {DOMAIN("the partner's primary domain"), IF_VERSION};
static const struct cw_api_arg list_args[] = {
    {"match", CW_ARG_TEXT, false, false, "SUFFIX", "",
     "only partners with a domain that ends so, in A- or U-labels"},
};
static const struct cw_api_arg settings_get_args[] = {
    {"name", CW_ARG_TEXT, true, false, "", "", "one setting; all when it is left out"},
};
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
static const struct cw_api_arg access_scope_args[] = {SCOPE};
static const struct cw_api_arg access_set_args[] = {
    SCOPE,
    {"xmpp", CW_ARG_BOOL, false, true, "true|false", "", "may they use the federation?"},
};
static const struct cw_api_arg stream_list_args[] = {
    {"partner", CW_ARG_DOMAIN, false, false, "", "", "only streams with this partner"},
    {"direction", CW_ARG_CHOICE, false, false, "inbound|outbound", "", "only these"},
};
static const struct cw_api_arg stream_show_args[] = {
    {"id", CW_ARG_TEXT, true, true, "", "", "the stream's id, as in the list and in the log"},
};
static const struct cw_api_arg stream_close_args[] = {
    {"id", CW_ARG_TEXT, true, false, "", "", "the stream's id"},
    {"partner", CW_ARG_DOMAIN, false, false, "", "", "instead: all streams with this partner"},
};
static const struct cw_api_arg diagnose_args[] = {
    DOMAIN("the partner's domain"),
    {"limit", CW_ARG_NUMBER, false, false, "1..50", "", "the last so many attempts"},
};
static const struct cw_api_arg test_partner_args[] = {
    DOMAIN("the partner's domain"),
    {"with", CW_ARG_FIELDS, false, false, "tls|sasl|dialback|proxy-fqdn|trust-anchor|pinned-keys",
     "", "NAME=VALUE: try with another value of this field; may be given again"},
    {"local", CW_ARG_DOMAIN, false, false, "", "", "our domain, when it is not the first one"},
};
static const struct cw_api_arg test_im_args[] = {
    {"from", CW_ARG_TEXT, false, true, "sip:USER@DOMAIN", "", "a local user"},
    {"to", CW_ARG_TEXT, false, true, "USER@DOMAIN", "", "a partner's user"},
    {"text", CW_ARG_TEXT, false, false, "", "", "the message; a sentence of ours when left out"},
};
static const struct cw_api_arg door_lift_args[] = {
    {"address", CW_ARG_TEXT, true, true, "", "", "the IP address to let in again"},
};
#define ARGS(a) (a), sizeof(a) / sizeof((a)[0])
static const struct cw_api_command commands[] = {
    {"partner new", "Add a partner", CW_ADMINISTRATOR, true, ARGS(new_args),
     .run = cw_api_partner_new},
    {"partner set", "Change fields of a partner; the others stay", CW_ADMINISTRATOR, true,
     ARGS(set_args), .run = cw_api_partner_set},
    {"partner get", "Show a partner", CW_VIEWER, false, ARGS(get_args), .run = cw_api_partner_get},
    {"partner list", "List partners", CW_VIEWER, false, ARGS(list_args),
     .run = cw_api_partner_list},
    {"partner remove", "Remove a partner; its streams close", CW_ADMINISTRATOR, true,
     ARGS(one_args), .run = cw_api_partner_remove},
    {"partner enable", "Enable a partner", CW_ADMINISTRATOR, true, ARGS(one_args),
     .run = cw_api_partner_enable},
    {"partner disable", "Disable a partner: as if not listed, but kept; its streams close",
     CW_ADMINISTRATOR, true, ARGS(one_args), .run = cw_api_partner_disable},
    {"partner diagnose", "Show the last attempts to connect, each step, and why they failed",
     CW_VIEWER, false, ARGS(diagnose_args), .run = cw_api_partner_diagnose},
    {"contact list", "List contacts: whom local users have invited, and who sees whom", CW_VIEWER,
     false, ARGS(contact_filter_args), .run = cw_api_contact_list},
    {"contact show", "Show what is between two users, and what the rules say of them now",
     CW_VIEWER, false, ARGS(contact_show_args), .run = cw_api_contact_show},
    {"contact remove",
     "Take invitations back, of a user, towards a partner, or both; their subscriptions end",
     CW_ADMINISTRATOR, true, ARGS(contact_filter_args), .run = cw_api_contact_remove},
    {"contact block", "Let a local user hear nothing more from an address or a domain",
     CW_ADMINISTRATOR, true, ARGS(block_args), .run = cw_api_contact_block},
    {"contact unblock", "Take a block back", CW_ADMINISTRATOR, true, ARGS(block_args),
     .run = cw_api_contact_unblock},
    {"contact blocks", "List what local users have blocked", CW_VIEWER, false, ARGS(blocks_args),
     .run = cw_api_contact_blocks},
    {"access get", "Show whether a local user may use the federation, and by which rule", CW_VIEWER,
     false, ARGS(access_scope_args), .run = cw_api_access_get},
    {"access set", "Allow or deny the federation to a user, to a local domain, or to all",
     CW_ADMINISTRATOR, true, ARGS(access_set_args), .run = cw_api_access_set},
    {"access unset", "Remove a rule; the next wider one counts", CW_ADMINISTRATOR, true,
     ARGS(access_scope_args), .run = cw_api_access_unset},
    {"access list", "List the rules on who may use the federation", CW_VIEWER, false,
     .run = cw_api_access_list},
    {"settings get", "Show settings", CW_VIEWER, false, ARGS(settings_get_args),
     .run = cw_api_settings_get},
    {"settings set", "Change settings, all that are given or none", CW_ADMINISTRATOR, true,
     .takes_settings = true, .run = cw_api_settings_set},
    {"stream list", "List the streams there are", CW_VIEWER, false, ARGS(stream_list_args),
     .run = cw_api_stream_list},
    {"stream show", "Show all there is to say about a stream", CW_VIEWER, false,
     ARGS(stream_show_args), .run = cw_api_stream_show},
    {"stream close", "Close a stream, or all of a partner; the next message opens a new one",
     CW_ADMINISTRATOR, false, ARGS(stream_close_args), .run = cw_api_stream_close},
    {"test partner", "Walk the way to a partner and back, and say what does not work",
     CW_ADMINISTRATOR, false, ARGS(test_partner_args), .run = cw_api_test_partner},
    {"test im", "Send a message to a partner's user, and say what became of it", CW_ADMINISTRATOR,
     false, ARGS(test_im_args), .run = cw_api_test_im},
    {"certificate list", "List the certificates that the edges show", CW_VIEWER, false,
     .run = cw_api_certificate_list},
    {"certificate reload", "Read the certificates anew; streams stay as they are", CW_ADMINISTRATOR,
     false, .run = cw_api_certificate_reload},
    {"door list", "List the addresses that the edge holds something against", CW_VIEWER, false,
     .run = cw_api_door_list},
    {"door lift", "Let an address in again", CW_ADMINISTRATOR, false, ARGS(door_lift_args),
     .run = cw_api_door_lift},
};

const struct cw_api_command *cw_api_commands(size_t *n)
{
    *n = sizeof(commands) / sizeof(commands[0]);
    return commands;
}

const struct cw_api_command *cw_api_find(struct cw_str name)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
        if (cw_str_eq_cstr(name, commands[i].name))
            return &commands[i];
    return NULL;
}
