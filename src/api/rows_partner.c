/* Commands on partners: their rows. */
#include "api/rows_priv.h"

#define FIELDS                                                                                   \
    {"description", CW_ARG_TEXT, false, false, "at most 1024 characters", "", "who this is"},    \
        {"additional",                                                                           \
         CW_ARG_DOMAINS,                                                                         \
         false,                                                                                  \
         false,                                                                                  \
         "domains",                                                                              \
         "",                                                                                     \
         "further domains of the partner; a subdomain that is not listed is not covered"},       \
        {"type",                                                                                 \
         CW_ARG_CHOICE,                                                                          \
         false,                                                                                  \
         false,                                                                                  \
         "Federated|PublicVerified|PublicUnverified",                                            \
         "PublicUnverified",                                                                     \
         "how far the partner's users are trusted"},                                             \
        {"tls", CW_ARG_CHOICE, false, false, CW_REQUIREMENTS, "Required", "TLS on its streams"}, \
        {"sasl",                                                                                 \
         CW_ARG_CHOICE,                                                                          \
         false,                                                                                  \
         false,                                                                                  \
         CW_REQUIREMENTS,                                                                        \
         "Required",                                                                             \
         "SASL EXTERNAL: proof by certificate"},                                                 \
        {"dialback",                                                                             \
         CW_ARG_BOOL,                                                                            \
         false,                                                                                  \
         false,                                                                                  \
         "true|false",                                                                           \
         "true",                                                                                 \
         "server dialback: proof by DNS"},                                                       \
        {"connection-limit",                                                                     \
         CW_ARG_NUMBER,                                                                          \
         false,                                                                                  \
         false,                                                                                  \
         "1..10000, 0 = inherit",                                                                \
         "0",                                                                                    \
         "streams in both directions together; inherits partner-connection-limit"},              \
        {"keep-alive", CW_ARG_BOOL, false, false, "true|false", "true", "ping an idle stream"},  \
        {"proxy-fqdn",                                                                           \
         CW_ARG_TEXT,                                                                            \
         false,                                                                                  \
         false,                                                                                  \
         "HOST[:PORT]",                                                                          \
         "",                                                                                     \
         "connect there instead of where the DNS points; its identity is still the domain's"},   \
        {"enabled",                                                                              \
         CW_ARG_BOOL,                                                                            \
         false,                                                                                  \
         false,                                                                                  \
         "true|false",                                                                           \
         "true",                                                                                 \
         "off: as if not listed, but kept"},                                                     \
        {"trust-anchor",                                                                         \
         CW_ARG_DOCUMENT,                                                                        \
         false,                                                                                  \
         false,                                                                                  \
         "PEM|@FILE",                                                                            \
         "",                                                                                     \
         "certificates of CAs that vouch for the partner, instead of the common ones"},          \
    {                                                                                            \
        "pinned-keys", CW_ARG_TEXTS, false, false, "sha256:BASE64,...", "",                      \
            "digests of public keys: the partner's certificate must have one of them"            \
    }

static const struct cw_api_arg new_args[] = {CW_DOMAIN_ARG("the primary domain"), FIELDS};
static const struct cw_api_arg set_args[] = {CW_DOMAIN_ARG("the partner's primary domain"), FIELDS,
                                             CW_IF_VERSION};
static const struct cw_api_arg put_args[] = {CW_DOMAIN_ARG("the partner's primary domain"),
                                             FIELDS,
                                             CW_IF_VERSION,
                                             {"must-exist", CW_ARG_BOOL, false, false, "true|false",
                                              "", "change a partner that is there; add none"}};
static const struct cw_api_arg get_args[] = {CW_DOMAIN_ARG("the partner's primary domain")};
static const struct cw_api_arg one_args[] = {CW_DOMAIN_ARG("the partner's primary domain"),
                                             CW_IF_VERSION};
static const struct cw_api_arg list_args[] = {
    {"match", CW_ARG_TEXT, false, false, "SUFFIX", "",
     "only partners with a domain that ends so, in A- or U-labels"},
};
static const struct cw_api_arg diagnose_args[] = {
    CW_DOMAIN_ARG("the partner's domain"),
    {"limit", CW_ARG_NUMBER, false, false, "1..50", "", "the last so many attempts"},
};
static const struct cw_api_arg test_partner_args[] = {
    CW_DOMAIN_ARG("the partner's domain"),
    {"with", CW_ARG_FIELDS, false, false, "tls|sasl|dialback|proxy-fqdn|trust-anchor|pinned-keys",
     "", "NAME=VALUE: try with another value of this field; may be given again"},
    {"local", CW_ARG_DOMAIN, false, false, "", "", "our domain, when it is not the first one"},
};
static const struct cw_api_arg test_im_args[] = {
    {"from", CW_ARG_TEXT, false, true, "sip:USER@DOMAIN", "", "a local user"},
    {"to", CW_ARG_TEXT, false, true, "USER@DOMAIN", "", "a partner's user"},
    {"text", CW_ARG_TEXT, false, false, "", "", "the message; a sentence of ours when left out"},
};
static const struct cw_api_arg negotiation_args[] = {
    {"tls", CW_ARG_CHOICE, false, true, CW_REQUIREMENTS, "", "TLS on its streams"},
    {"sasl", CW_ARG_CHOICE, false, true, CW_REQUIREMENTS, "", "SASL EXTERNAL"},
    {"dialback", CW_ARG_BOOL, false, true, "true|false", "", "server dialback"},
};
static const struct cw_api_command rows[] = {
    {"partner new", "Add a partner", CW_ADMINISTRATOR, true, "POST", "/partners", CW_ARGS(new_args),
     .run = cw_api_partner_new, .creates = "/partners/{domain}", .shows = "Partner"},
    {"partner set", "Change fields of a partner; the others stay", CW_ADMINISTRATOR, true, "PATCH",
     "/partners/{domain}", CW_ARGS(set_args), .run = cw_api_partner_set, .shows = "Partner"},
    {"partner put",
     "Make a partner as given, the fields left out as in a new one; add it when there is none",
     CW_ADMINISTRATOR, true, "PUT", "/partners/{domain}", CW_ARGS(put_args),
     .run = cw_api_partner_put, .creates = "/partners/{domain}", .shows = "Partner"},
    {"partner get", "Show a partner", CW_VIEWER, false, "GET", "/partners/{domain}",
     CW_ARGS(get_args), .run = cw_api_partner_get, .shows = "Partner"},
    {"partner list", "List partners", CW_VIEWER, false, "GET", "/partners", CW_ARGS(list_args),
     .run = cw_api_partner_list, .list = "partners", .key = "domain", .shows = "Partner"},
    {"partner remove", "Remove a partner; its streams close", CW_ADMINISTRATOR, true, "DELETE",
     "/partners/{domain}", CW_ARGS(one_args), .run = cw_api_partner_remove, .shows = "Partner"},
    {"partner enable", "Enable a partner", CW_ADMINISTRATOR, true, "POST",
     "/partners/{domain}/enable", CW_ARGS(one_args), .run = cw_api_partner_enable,
     .shows = "Partner"},
    {"partner disable", "Disable a partner: as if not listed, but kept; its streams close",
     CW_ADMINISTRATOR, true, "POST", "/partners/{domain}/disable", CW_ARGS(one_args),
     .run = cw_api_partner_disable, .shows = "Partner"},
    {"partner states",
     "Show what each partner's streams do, and why the last attempt that failed did; partners of "
     "whom there is nothing to tell are left out",
     CW_VIEWER, false, "GET", "/partner-states", .run = cw_api_partner_states,
     .shows = "PartnerState", .tells = "silent [text], left-out int", .list = "states",
     .key = "partner"},
    {"partner diagnose", "Show the last attempts to connect, each step, and why they failed",
     CW_VIEWER, false, "GET", "/partners/{domain}/attempts", CW_ARGS(diagnose_args),
     .run = cw_api_partner_diagnose, .shows = "Attempts"},
    {"negotiation preview",
     "Show how streams are secured under three settings, and whether they can be saved", CW_VIEWER,
     false, "GET", "/negotiation", CW_ARGS(negotiation_args), .run = cw_api_negotiation_preview,
     .shows = "Negotiation"},
    {"test partner", "Walk the way to a partner and back, and say what does not work",
     CW_ADMINISTRATOR, false, "POST", "/partners/{domain}/test", CW_ARGS(test_partner_args),
     .run = cw_api_test_partner, .shows = "PartnerTest", .streams = true},
    {"test im", "Send a message to a partner's user, and say what became of it", CW_ADMINISTRATOR,
     false, "POST", "/test/im", CW_ARGS(test_im_args), .run = cw_api_test_im, .shows = "ImTest",
     .streams = true},
};
const struct cw_api_rows cw_api_partner_rows = CW_ROWS(rows);
