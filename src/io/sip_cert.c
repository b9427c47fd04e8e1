/* See sip_cert.h. */
#include "io/sip_cert.h"

const char *cw_sip_cert_verdict_name(enum cw_sip_cert_verdict verdict)
{
    switch (verdict) {
    case CW_SIP_CERT_GOOD:
        return "good";
    case CW_SIP_CERT_NONE:
        return "none";
    case CW_SIP_CERT_UNTRUSTED:
        return "untrusted";
    case CW_SIP_CERT_WRONG_NAME:
        return "wrong-name";
    }
    return "unknown";
}

/* The host of "sip:host[:port][;parameters]"; absent when the URI identifies no domain: another
 * scheme (sips is one), or a user. */
static struct cw_str domain_of_uri(struct cw_str uri)
{
    if (!cw_str_eq_nocase(cw_str_sub(uri, 0, 4), CW_S("sip:")) || cw_str_index(uri, '@') >= 0)
        return CW_STR_NONE;
    struct cw_str host = cw_str_sub(uri, 4, uri.n);
    for (size_t i = 0; i < host.n; i++)
        if (host.p[i] == ':' || host.p[i] == ';' || host.p[i] == '?')
            return cw_str_sub(host, 0, i);
    return host;
}

/* Section 7.2: whole names, without regard to case; "*.example.com" is a name like any other, and
 * no domain has it. */
static bool is_same(struct cw_str name, struct cw_str domain)
{
    return domain.n > 0 && domain.p[0] != '*' && cw_str_eq_nocase(name, domain);
}

static bool names(const struct cw_cert *cert, struct cw_str domain)
{
    bool has_uri = false, in_dns = false;
    for (size_t i = 0; i < cert->n_names; i++) {
        const struct cw_cert_name *name = &cert->names[i];
        struct cw_str host = domain_of_uri(name->value);
        if (name->malformed)
            continue;
        if (name->type == CW_CERT_DNS_ID)
            in_dns = in_dns || is_same(name->value, domain);
        else if (name->type == CW_CERT_URI && cw_str_is_present(host)) {
            if (is_same(host, domain))
                return true;
            has_uri = true;
        }
    }
    return in_dns && !has_uri;
}

enum cw_sip_cert_verdict cw_sip_cert_judge(const struct cw_cert *cert, struct cw_str domain)
{
    if (!cert->present)
        return CW_SIP_CERT_NONE;
    if (!cert->chain_ok || cert->is_ca)
        return CW_SIP_CERT_UNTRUSTED;
    return names(cert, domain) ? CW_SIP_CERT_GOOD : CW_SIP_CERT_WRONG_NAME;
}
