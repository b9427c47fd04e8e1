/* How a stream with a partner may be secured: the one function that decides (product: negotiation
 * table).  Pure: no globals, no allocation, no log.  The stream machine asks it at every step, and
 * `causeway explain negotiation`, commit validation and the panel's preview print from it. */
#ifndef CW_POLICY_NEGO_H
#define CW_POLICY_NEGO_H

#include "policy/partner.h"

/* How a peer's domain was proven, weakest first: compare with >=. */
enum cw_method {
    CW_METHOD_NONE,          /* nothing is proven */
    CW_METHOD_TCP_DIALBACK,  /* the DNS says so, and nobody on the way interfered */
    CW_METHOD_TLS_DIALBACK,  /* the same, and nobody merely listens */
    CW_METHOD_SASL_EXTERNAL, /* a certificate of a trusted authority names the domain */
};
const char *cw_method_name(enum cw_method); /* "SASL over TLS", "TLS dialback", "TCP dialback" */

enum cw_direction { CW_INBOUND, CW_OUTBOUND };

/* What a row of settings allows. */
struct cw_nego_row {
    bool valid;
    enum cw_method methods[3]; /* best first */
    size_t n_methods;
    const char *note;    /* shown beside the form; "" when none */
    const char *refusal; /* why it cannot be saved; "" when valid */
};
struct cw_nego_row cw_nego_row(const struct cw_rules *);

enum cw_tls_state { CW_TLS_NONE, CW_TLS_UP, CW_TLS_FAILED };
enum cw_cert_verdict {
    CW_CERT_NONE,       /* the peer showed none */
    CW_CERT_UNTRUSTED,  /* the chain does not verify (self-signed, unknown CA, expired, ...) */
    CW_CERT_WRONG_NAME, /* the chain verifies, yet no name in it is the peer's domain */
    CW_CERT_GOOD,
};
enum cw_dialback_state {
    CW_DIALBACK_NONE,    /* not begun */
    CW_DIALBACK_PENDING, /* asked, no answer yet */
    CW_DIALBACK_VALID,
    CW_DIALBACK_INVALID,
    CW_DIALBACK_ERROR,
};
enum cw_sasl_state { CW_SASL_NONE, CW_SASL_PENDING, CW_SASL_SUCCESS, CW_SASL_FAILED };

/* What was observed on one stream, so far. */
struct cw_facts {
    enum cw_direction direction;
    bool offers_known;      /* outbound: features were read; inbound: our features went out */
    bool offers_starttls;   /* outbound: the peer offered it */
    bool requires_starttls; /* outbound: the peer's offer said <required/> */
    bool offers_external;   /* outbound: the peer offered SASL EXTERNAL */
    bool offers_dialback;   /* outbound: the peer offered dialback, by feature or by declaring its
                             * namespace, or is older than version 1.0 */
    enum cw_tls_state tls;
    enum cw_cert_verdict cert;
    enum cw_sasl_state sasl;
    enum cw_dialback_state dialback;
};

enum cw_nego_action {
    CW_NEGO_WAIT,           /* for the peer's next move (inbound: our offers stand) */
    CW_NEGO_START_TLS,      /* outbound: send <starttls/> */
    CW_NEGO_START_EXTERNAL, /* outbound: send <auth mechanism='EXTERNAL'/> */
    CW_NEGO_START_DIALBACK, /* outbound: send <db:result/> */
    CW_NEGO_READY,          /* the domain is proven by `method` */
    CW_NEGO_REFUSE,         /* give up; `reason` says why */
};
enum cw_nego_reason {
    CW_REASON_NONE,
    CW_REASON_SETTINGS_INVALID,  /* the row of settings cannot work */
    CW_REASON_TLS_REFUSED,       /* we need TLS; the peer did not start it */
    CW_REASON_TLS_FAILED,        /* the handshake failed */
    CW_REASON_TLS_NOT_SUPPORTED, /* the peer requires TLS; the settings forbid it */
    CW_REASON_CERT_UNTRUSTED,    /* SASL needs a certificate that verifies */
    CW_REASON_CERT_WRONG_NAME,   /* SASL needs a certificate for the peer's domain */
    CW_REASON_CERT_NONE,
    CW_REASON_EXTERNAL_NOT_OFFERED, /* SASL is needed; the peer does not offer EXTERNAL */
    CW_REASON_EXTERNAL_REFUSED,     /* the peer answered <failure/> */
    CW_REASON_DIALBACK_NOT_ALLOWED, /* by the settings, at this TLS state */
    CW_REASON_DIALBACK_INVALID,
    CW_REASON_DIALBACK_ERROR,
    CW_REASON_NOTHING_OFFERED, /* no method that both sides allow is left */
};
const char *cw_nego_action_name(enum cw_nego_action);
const char *cw_nego_reason_name(enum cw_nego_reason); /* "tls-refused", ... */
const char *
    cw_nego_reason_text(enum cw_nego_reason); /* what is wrong, whose side, what to change */

struct cw_verdict {
    enum cw_nego_action action;
    enum cw_method method; /* READY: how it was proven; START_*: what is being tried */
    enum cw_nego_reason reason;
    /* Inbound: what our features may offer and what we take, given the facts. */
    bool may_starttls, must_starttls, may_external, may_dialback;
};
struct cw_verdict cw_nego_decide(const struct cw_rules *, const struct cw_facts *);

#endif
