/* A federated partner and the installation's settings, as plain values, with the rules that every
 * way of changing them must obey (validation is one function for CLI, API and panel). */
#ifndef CW_POLICY_PARTNER_H
#define CW_POLICY_PARTNER_H

#include "base/mem.h"
#include "base/str.h"

enum cw_requirement { CW_REQUIRED, CW_OPTIONAL, CW_NOT_SUPPORTED };
enum cw_partner_type { CW_FEDERATED, CW_PUBLIC_VERIFIED, CW_PUBLIC_UNVERIFIED };

const char *cw_requirement_name(enum cw_requirement);   /* "Required", "Optional", "NotSupported" */
const char *cw_partner_type_name(enum cw_partner_type); /* "Federated", ... */
bool cw_requirement_of(struct cw_str name, enum cw_requirement *out);   /* ASCII case ignored */
bool cw_partner_type_of(struct cw_str name, enum cw_partner_type *out); /* ASCII case ignored */

/* How a partner's streams must be secured. */
struct cw_rules {
    enum cw_requirement tls, sasl;
    bool dialback;
};

struct cw_partner {
    struct cw_str domain;      /* primary, A-labels */
    struct cw_str *additional; /* A-labels */
    size_t n_additional;
    struct cw_str description; /* at most 1,024 characters */
    enum cw_partner_type type;
    struct cw_rules rules;
    unsigned connection_limit; /* 1..10000; 0 = inherit the settings' */
    bool keep_alive;
    struct cw_str proxy_fqdn; /* host[:port], or empty */
    bool enabled;
    struct cw_str trust_anchor; /* PEM (policy/trust.h), or empty: the common anchors */
    struct cw_str *pinned_keys; /* "sha256:BASE64"; one of them must be the partner's */
    size_t n_pinned_keys;       /* 0: any key */
};
/* The defaults of a new partner; domain stays absent. */
#define CW_PARTNER_DEFAULT                                          \
    ((struct cw_partner){.description = CW_STR(""),                 \
                         .type = CW_PUBLIC_UNVERIFIED,              \
                         .rules = {CW_REQUIRED, CW_REQUIRED, true}, \
                         .keep_alive = true,                        \
                         .proxy_fqdn = CW_STR(""),                  \
                         .enabled = true,                           \
                         .trust_anchor = CW_STR("")})

/* Installation-wide settings; ranges stand in settings.c, one row each. */
struct cw_settings {
    unsigned connection_limit, partner_connection_limit;
    unsigned keep_alive_interval_s, establishment_timeout_s, inactivity_timeout_s;
    unsigned subscription_refresh_s;
    struct cw_str dialback_secret;          /* text, at least 32 characters */
    struct cw_str dialback_secret_previous; /* still accepted; empty when none */
    bool log_bodies;
    unsigned stanza_max_bytes, stanza_max_bytes_before_auth;
    unsigned stanza_rate, stanza_burst; /* per stream and second; 0 = no limit */
    struct cw_str *refused_targets;     /* networks "addr/len" that are never connected to */
    size_t n_refused_targets;
    bool dane, posh;          /* proofs beside the certificate's own names are looked for */
    bool require_ocsp_staple; /* outbound, where a certificate is to prove a partner */
    unsigned presence_rate;   /* re-subscriptions and probes of our own accord, per second */
    unsigned presence_probe_timeout_s; /* what did not answer by then is unknown */
    unsigned subscription_limit;       /* dialogs and watches together */
    unsigned subscription_limit_per_user;
    /* Activity -> show, in the order in which of several activities one counts; "" is available. */
    struct cw_str_pairs presence_states_in;
    /* Show -> activity, each show at most once; "" is none. */
    struct cw_str_pairs presence_states_out;
};

/* Normalises domains to A-labels in place (arena) and checks every field.  Returns an absent string
 * when all is well, else one sentence that says what to change; *field names the field.
 * Uniqueness against other partners and local domains is the store's business. */
struct cw_str cw_partner_check(struct cw_arena *, struct cw_partner *, const char **field);

#endif
