/* Words for the decisions: names for logs and files, and for each reason the sentence that a
 * person reads: what is wrong, on whose side, what to change. */
#include "policy/nego.h"

const char *cw_nego_action_name(enum cw_nego_action a)
{
    switch (a) {
    case CW_NEGO_WAIT:
        return "wait";
    case CW_NEGO_START_TLS:
        return "start-tls";
    case CW_NEGO_START_EXTERNAL:
        return "start-external";
    case CW_NEGO_START_DIALBACK:
        return "start-dialback";
    case CW_NEGO_READY:
        return "ready";
    case CW_NEGO_REFUSE:
        return "refuse";
    }
    return "?";
}

const char *cw_nego_reason_name(enum cw_nego_reason r)
{
    switch (r) {
    case CW_REASON_NONE:
        return "none";
    case CW_REASON_SETTINGS_INVALID:
        return "settings-invalid";
    case CW_REASON_TLS_REFUSED:
        return "tls-refused";
    case CW_REASON_TLS_FAILED:
        return "tls-failed";
    case CW_REASON_TLS_NOT_SUPPORTED:
        return "tls-not-supported";
    case CW_REASON_CERT_UNTRUSTED:
        return "certificate-untrusted";
    case CW_REASON_CERT_WRONG_NAME:
        return "certificate-wrong-name";
    case CW_REASON_CERT_NONE:
        return "certificate-none";
    case CW_REASON_EXTERNAL_NOT_OFFERED:
        return "external-not-offered";
    case CW_REASON_EXTERNAL_REFUSED:
        return "external-refused";
    case CW_REASON_DIALBACK_NOT_ALLOWED:
        return "dialback-not-allowed";
    case CW_REASON_DIALBACK_INVALID:
        return "dialback-invalid";
    case CW_REASON_DIALBACK_ERROR:
        return "dialback-error";
    case CW_REASON_NOTHING_OFFERED:
        return "nothing-offered";
    }
    return "?";
}

const char *cw_nego_reason_text(enum cw_nego_reason r)
{
    switch (r) {
    case CW_REASON_NONE:
        return "";
    case CW_REASON_SETTINGS_INVALID:
        return "The partner's TLS, SASL and dialback settings cannot work together: change them on "
               "our side.";
    case CW_REASON_TLS_REFUSED:
        return "Our settings need TLS and the partner's server did not start it: enable TLS there, "
               "or set TLS to Optional here.";
    case CW_REASON_TLS_FAILED:
        return "The TLS handshake failed: compare TLS versions, ciphers and certificates of both "
               "sides.";
    case CW_REASON_TLS_NOT_SUPPORTED:
        return "The partner's server requires TLS and our settings forbid it: set TLS to Optional "
               "or Required here.";
    case CW_REASON_CERT_UNTRUSTED:
        return "SASL needs a certificate that verifies and the partner's does not: renew it there, "
               "trust its issuer here, or allow dialback over TLS.";
    case CW_REASON_CERT_WRONG_NAME:
        return "SASL needs a certificate that names the partner's domain and the partner's names "
               "another: correct it there, or allow dialback over TLS.";
    case CW_REASON_CERT_NONE:
        return "SASL needs the partner's certificate and its server showed none: let it send one, "
               "or allow dialback over TLS.";
    case CW_REASON_EXTERNAL_NOT_OFFERED:
        return "Our settings need SASL EXTERNAL and the partner's server does not offer it: let it "
               "trust our certificate, or allow dialback over TLS.";
    case CW_REASON_EXTERNAL_REFUSED:
        return "The partner's server refused our certificate in SASL EXTERNAL: see that it covers "
               "our domain and that the partner trusts its issuer.";
    case CW_REASON_DIALBACK_NOT_ALLOWED:
        return "Our settings do not allow dialback on such a stream: allow it here, or let the "
               "partner use SASL over TLS.";
    case CW_REASON_DIALBACK_INVALID:
        return "The dialback key was called invalid: see that DNS leads each domain to its own "
               "server and that all its servers share one secret.";
    case CW_REASON_DIALBACK_ERROR:
        return "Dialback ended in an error: see that each side's DNS records and servers can be "
               "reached from the other.";
    case CW_REASON_NOTHING_OFFERED:
        return "No method that both sides allow is left: change TLS, SASL or dialback on one side.";
    }
    return "?";
}
