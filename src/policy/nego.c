/* The negotiation table and the decision on one stream.  Everything that says how a stream may be
 * secured is in this file; tests/table/s2s_policy.ref shows what it decides for every combination
 * of settings and facts. */
#include "policy/nego.h"

static const char sasl_needs_tls[] =
    "SASL needs TLS: set TLS to Required or Optional, or SASL to NotSupported";
static const char nothing_enabled[] = "SASL or dialback must be enabled";

static const char note_no_dialback[] = "dialback is never used when both TLS and SASL are required";
static const char note_optional_tls[] =
    "SASL needs TLS; optional TLS may make negotiation fail or weaker";
static const char note_their_choice[] = "the partner's choice decides";
static const char note_weakest[] = "unencrypted: the weakest trust there is";

const char *cw_method_name(enum cw_method m)
{
    switch (m) {
    case CW_METHOD_NONE:
        return "none";
    case CW_METHOD_TCP_DIALBACK:
        return "TCP dialback";
    case CW_METHOD_TLS_DIALBACK:
        return "TLS dialback";
    case CW_METHOD_SASL_EXTERNAL:
        return "SASL over TLS";
    }
    return "?";
}

static const char *note_of(const struct cw_rules *r)
{
    if (r->tls == CW_NOT_SUPPORTED)
        return note_weakest;
    if (r->tls == CW_OPTIONAL)
        return r->sasl == CW_NOT_SUPPORTED ? note_their_choice : note_optional_tls;
    return r->sasl == CW_REQUIRED && r->dialback ? note_no_dialback : "";
}

struct cw_nego_row cw_nego_row(const struct cw_rules *r)
{
    struct cw_nego_row row = {.note = "", .refusal = ""};

    if (r->sasl != CW_NOT_SUPPORTED && r->tls == CW_NOT_SUPPORTED) {
        row.refusal = sasl_needs_tls;
        return row;
    }
    if (r->sasl == CW_NOT_SUPPORTED && !r->dialback) {
        row.refusal = nothing_enabled;
        return row;
    }
    row.valid = true;
    row.note = note_of(r);
    if (r->sasl != CW_NOT_SUPPORTED)
        row.methods[row.n_methods++] = CW_METHOD_SASL_EXTERNAL;
    if (r->dialback && r->tls != CW_NOT_SUPPORTED &&
        !(r->tls == CW_REQUIRED && r->sasl == CW_REQUIRED))
        row.methods[row.n_methods++] = CW_METHOD_TLS_DIALBACK;
    if (r->dialback && r->tls != CW_REQUIRED)
        row.methods[row.n_methods++] = CW_METHOD_TCP_DIALBACK;
    return row;
}

static bool allows(const struct cw_nego_row *row, enum cw_method m)
{
    for (size_t i = 0; i < row->n_methods; i++)
        if (row->methods[i] == m)
            return true;
    return false;
}

/* What dialback is worth on this stream. */
static enum cw_method dialback_method(const struct cw_facts *f)
{
    return f->tls == CW_TLS_UP ? CW_METHOD_TLS_DIALBACK : CW_METHOD_TCP_DIALBACK;
}

static struct cw_verdict refuse(enum cw_nego_reason reason)
{
    return (struct cw_verdict){.action = CW_NEGO_REFUSE, .reason = reason};
}

static struct cw_verdict go(enum cw_nego_action action, enum cw_method method)
{
    return (struct cw_verdict){.action = action, .method = method};
}

static enum cw_nego_reason cert_reason(enum cw_cert_verdict cert)
{
    switch (cert) {
    case CW_CERT_NONE:
        return CW_REASON_CERT_NONE;
    case CW_CERT_UNTRUSTED:
        return CW_REASON_CERT_UNTRUSTED;
    case CW_CERT_WRONG_NAME:
        return CW_REASON_CERT_WRONG_NAME;
    case CW_CERT_GOOD:
        return CW_REASON_NONE;
    }
    return CW_REASON_CERT_NONE;
}

/* Why neither method is left on this stream: the fault nearest to the best method is named. */
static enum cw_nego_reason nothing_left(const struct cw_nego_row *row, const struct cw_facts *f)
{
    if (f->dialback == CW_DIALBACK_INVALID)
        return CW_REASON_DIALBACK_INVALID;
    if (f->dialback == CW_DIALBACK_ERROR)
        return CW_REASON_DIALBACK_ERROR;
    if (f->sasl == CW_SASL_FAILED)
        return CW_REASON_EXTERNAL_REFUSED;
    if (!allows(row, CW_METHOD_SASL_EXTERNAL))
        return CW_REASON_NOTHING_OFFERED;
    if (f->tls != CW_TLS_UP)
        return CW_REASON_TLS_REFUSED;
    if (f->cert != CW_CERT_GOOD)
        return cert_reason(f->cert);
    return CW_REASON_EXTERNAL_NOT_OFFERED;
}

/* A method that came to its end.  False: none did. */
static bool decide_proven(const struct cw_nego_row *row, const struct cw_facts *f,
                          struct cw_verdict *v)
{
    if (f->sasl == CW_SASL_SUCCESS && allows(row, CW_METHOD_SASL_EXTERNAL)) {
        *v = go(CW_NEGO_READY, CW_METHOD_SASL_EXTERNAL);
        return true;
    }
    if (f->dialback == CW_DIALBACK_VALID || f->dialback == CW_DIALBACK_PENDING) {
        enum cw_method m = dialback_method(f);

        if (!allows(row, m))
            *v = refuse(CW_REASON_DIALBACK_NOT_ALLOWED);
        else if (f->dialback == CW_DIALBACK_PENDING)
            *v = go(CW_NEGO_WAIT, m);
        else
            *v = go(CW_NEGO_READY, m);
        return true;
    }
    return false;
}

static struct cw_verdict decide_outbound_plain(const struct cw_rules *r,
                                               const struct cw_nego_row *row,
                                               const struct cw_facts *f)
{
    switch (r->tls) {
    case CW_REQUIRED:
        /* Asked for even when it is not offered: an offer can be stripped (RFC 7590 section 3.1).
         */
        return go(CW_NEGO_START_TLS, row->methods[0]);
    case CW_OPTIONAL:
        if (f->offers_starttls)
            return go(CW_NEGO_START_TLS, row->methods[0]);
        break;
    case CW_NOT_SUPPORTED:
        if (f->requires_starttls)
            return refuse(CW_REASON_TLS_NOT_SUPPORTED);
        break;
    }
    if (allows(row, CW_METHOD_TCP_DIALBACK) && f->dialback == CW_DIALBACK_NONE &&
        f->offers_dialback)
        return go(CW_NEGO_START_DIALBACK, CW_METHOD_TCP_DIALBACK);
    return refuse(nothing_left(row, f));
}

static struct cw_verdict decide_outbound_tls(const struct cw_nego_row *row,
                                             const struct cw_facts *f)
{
    if (allows(row, CW_METHOD_SASL_EXTERNAL) && f->sasl == CW_SASL_NONE &&
        f->cert == CW_CERT_GOOD && f->offers_external)
        return go(CW_NEGO_START_EXTERNAL, CW_METHOD_SASL_EXTERNAL);
    if (allows(row, CW_METHOD_TLS_DIALBACK) && f->dialback == CW_DIALBACK_NONE &&
        f->offers_dialback)
        return go(CW_NEGO_START_DIALBACK, CW_METHOD_TLS_DIALBACK);
    return refuse(nothing_left(row, f));
}

static struct cw_verdict decide_outbound(const struct cw_rules *r, const struct cw_nego_row *row,
                                         const struct cw_facts *f)
{
    if (f->sasl == CW_SASL_PENDING)
        return allows(row, CW_METHOD_SASL_EXTERNAL) ? go(CW_NEGO_WAIT, CW_METHOD_SASL_EXTERNAL)
                                                    : refuse(CW_REASON_NOTHING_OFFERED);
    if (!f->offers_known)
        return go(CW_NEGO_WAIT, CW_METHOD_NONE);
    return f->tls == CW_TLS_UP ? decide_outbound_tls(row, f) : decide_outbound_plain(r, row, f);
}

static struct cw_verdict decide_inbound(const struct cw_rules *r, const struct cw_nego_row *row,
                                        const struct cw_facts *f)
{
    struct cw_verdict v = {.action = CW_NEGO_WAIT};

    if (f->dialback == CW_DIALBACK_INVALID)
        return refuse(CW_REASON_DIALBACK_INVALID);
    v.may_starttls = f->tls == CW_TLS_NONE && r->tls != CW_NOT_SUPPORTED;
    v.must_starttls = f->tls == CW_TLS_NONE && r->tls == CW_REQUIRED;
    v.may_external =
        f->tls == CW_TLS_UP && f->cert == CW_CERT_GOOD && allows(row, CW_METHOD_SASL_EXTERNAL);
    v.may_dialback = allows(row, dialback_method(f));
    if (f->dialback == CW_DIALBACK_ERROR)
        v.reason = CW_REASON_DIALBACK_ERROR;
    /* Nothing is left to offer: the peer is told by features without a method, not by a close, so
     * that a forbidden <db:result/> is ignored as the settings say.  The timeout gives the reason.
     */
    if (!v.may_starttls && !v.may_external && !v.may_dialback)
        v.reason = nothing_left(row, f);
    return v;
}

struct cw_verdict cw_nego_decide(const struct cw_rules *r, const struct cw_facts *observed)
{
    struct cw_nego_row row = cw_nego_row(r);
    struct cw_facts f = *observed;
    struct cw_verdict v;

    if (!row.valid)
        return refuse(CW_REASON_SETTINGS_INVALID);
    if (f.tls == CW_TLS_FAILED)
        return refuse(CW_REASON_TLS_FAILED);
    if (f.tls == CW_TLS_UP && r->tls == CW_NOT_SUPPORTED)
        return refuse(CW_REASON_TLS_NOT_SUPPORTED);
    /* Each fact rests on the one before: without it, it proves nothing, whoever said success. */
    if (f.tls != CW_TLS_UP)
        f.cert = CW_CERT_NONE;
    if (f.cert != CW_CERT_GOOD)
        f.sasl = CW_SASL_NONE;
    if (decide_proven(&row, &f, &v))
        return v;
    return f.direction == CW_OUTBOUND ? decide_outbound(r, &row, &f) : decide_inbound(r, &row, &f);
}
