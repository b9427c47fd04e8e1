/* Why a stream to or from a partner did not come up, or ended: one name for each way in which it
 * can go wrong, whose side it is on, one sentence that says what is wrong and one that says what to
 * change.  The edge chooses from what it observed; timeline, probe, log and the errors that
 * travel to senders print from here.  Pure.
 *
 * Names are stable: administrators' scripts ask for them. */
#ifndef CW_POLICY_FAILURE_H
#define CW_POLICY_FAILURE_H

#include "policy/nego.h"
#include "xmpp/error.h"

enum cw_failure {
    CW_FAIL_NONE,
    /* DNS */
    CW_FAIL_NO_DOMAIN,
    CW_FAIL_NO_ADDRESS,        /* no SRV record, and no address of the domain itself */
    CW_FAIL_NO_TARGET_ADDRESS, /* SRV records whose targets have none */
    CW_FAIL_NO_SERVICE,        /* SRV "." */
    CW_FAIL_DNS_FAILED,
    CW_FAIL_DNS_TIMEOUT,
    CW_FAIL_DNS_BOGUS,
    CW_FAIL_TARGET_REFUSED, /* by our settings */
    CW_FAIL_OWN_ADDRESS,    /* the DNS leads to ourselves */
    /* TCP, and whether there is XMPP behind it */
    CW_FAIL_CONNECTION_REFUSED,
    CW_FAIL_UNREACHABLE,
    CW_FAIL_CONNECT_TIMEOUT,
    CW_FAIL_SILENT_PEER,
    CW_FAIL_NOT_XMPP,
    CW_FAIL_PLAIN_ON_TLS_PORT,
    CW_FAIL_TLS_ON_PLAIN_PORT,
    CW_FAIL_CLOSED_WITHOUT_WORD,
    /* TLS */
    CW_FAIL_STARTTLS_NOT_OFFERED,
    CW_FAIL_STARTTLS_REFUSED,
    CW_FAIL_TLS_NOT_SUPPORTED, /* required there, forbidden here */
    CW_FAIL_TLS_ALERT,
    CW_FAIL_TLS_VERSION,
    CW_FAIL_TLS_TIMEOUT,
    CW_FAIL_TLS_FAILED,
    /* the partner's certificate */
    CW_FAIL_CERT_NONE,
    CW_FAIL_CERT_SELF_SIGNED,
    CW_FAIL_CERT_EXPIRED,
    CW_FAIL_CERT_NOT_YET_VALID,
    CW_FAIL_CERT_WRONG_NAME,
    CW_FAIL_CERT_UNKNOWN_CA,
    CW_FAIL_CERT_REVOKED,
    CW_FAIL_CERT_WEAK,
    CW_FAIL_CERT_PURPOSE,
    CW_FAIL_CERT_PIN,
    CW_FAIL_CERT_DANE,
    CW_FAIL_CERT_NO_STAPLE,
    CW_FAIL_CERT_UNTRUSTED,
    /* authentication */
    CW_FAIL_EXTERNAL_NOT_OFFERED,
    CW_FAIL_EXTERNAL_REFUSED,
    CW_FAIL_DIALBACK_NOT_OFFERED,
    CW_FAIL_DIALBACK_NOT_ALLOWED,
    CW_FAIL_DIALBACK_INVALID,
    CW_FAIL_DIALBACK_TIMEOUT,
    CW_FAIL_DIALBACK_ERROR,
    CW_FAIL_NOTHING_OFFERED,
    CW_FAIL_SETTINGS_INVALID,
    CW_FAIL_ESTABLISHMENT_TIMEOUT,
    CW_FAIL_TOO_MANY_STREAMS, /* the partner's limit here, or the installation's */
    /* what the partner's server says of us */
    CW_FAIL_PARTNER_POLICY_VIOLATION,
    CW_FAIL_NOT_LISTED_THERE,
    CW_FAIL_NOT_SERVED_THERE, /* it does not know the domain that we asked for */
    CW_FAIL_PARTNER_LIMIT,
    CW_FAIL_PARTNER_SHUTDOWN,
    CW_FAIL_PARTNER_ERROR, /* any other stream error */
    /* inbound */
    CW_FAIL_STRANGER,
    CW_FAIL_NOT_OUR_DOMAIN,
    CW_FAIL_PROTOCOL, /* what came breaks XMPP's rules, also after READY */
    /* after READY */
    CW_FAIL_CONNECTION_LOST,
    CW_FAIL_STUCK,
    CW_FAIL_POLICY_CHANGED,
    CW_FAIL_CLOSED_BY_ADMINISTRATOR,
    CW_FAIL_CLOSED_BY_PARTNER,
    CW_FAIL_INACTIVITY,
    CW_FAIL_NOT_NEEDED,
    CW_FAIL_SHUTDOWN,
    CW_FAIL_OTHER,
};
enum { CW_N_FAILURES = CW_FAIL_OTHER + 1 };

enum cw_side { CW_SIDE_OURS, CW_SIDE_PARTNER, CW_SIDE_NETWORK };
const char *cw_side_name(enum cw_side); /* "ours", "partner", "network" */

const char *cw_failure_name(enum cw_failure); /* "no-such-domain"; "none" */
enum cw_side cw_failure_side(enum cw_failure);
/* An end that nobody needs to do anything about: idle, closed by somebody who meant it. */
bool cw_failure_is_harmless(enum cw_failure);
/* One of the two servers said no; otherwise it did not work out. */
bool cw_failure_is_refusal(enum cw_failure);

/* What fills the gaps of the sentences; each may be absent. */
struct cw_failure_gaps {
    struct cw_str domain;  /* the partner's */
    struct cw_str local;   /* ours */
    struct cw_str address; /* with port */
    struct cw_str detail;  /* an alert, names, the partner's own words: escaped and cut here */
};
/* What is wrong, and what to change; in the arena.  Both end in a full stop. */
struct cw_str cw_failure_sentence(struct cw_arena *, enum cw_failure,
                                  const struct cw_failure_gaps *);
struct cw_str cw_failure_advice(struct cw_arena *, enum cw_failure, const struct cw_failure_gaps *);

/* Which failure a decision of the policy is (nego.h); CERT_UNTRUSTED: see the chain for more. */
enum cw_failure cw_failure_of_reason(enum cw_nego_reason);
/* Which one a stream error of the partner's server is. */
enum cw_failure cw_failure_of_partners_error(enum cw_stream_error);
/* Which one the partner's error about our dialback key is. */
enum cw_failure cw_failure_of_dialback_error(enum cw_stanza_error);

#endif
