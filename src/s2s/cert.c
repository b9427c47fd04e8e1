/* Does a certificate name a domain?  RFC 6120 section 13.7.1.2 says which identities count, RFC
 * 6125 section 6.4 how they compare.  The reference is always the domain of the stream header,
 * never an SRV target.  Where the RFCs leave a choice: a wildcard is the whole left-most label
 * and covers one label, it may stand in an SRV-ID too, and never directly under a single label
 * ("*.test"); the CN is a last resort, without wildcard. */
#include "s2s/cert.h"

#include "xmpp/jid.h"

const char *cw_cert_name_type_name(enum cw_cert_name_type t)
{
    switch (t) {
    case CW_CERT_DNS_ID:
        return "DNS-ID";
    case CW_CERT_SRV_ID:
        return "SRV-ID";
    case CW_CERT_XMPP_ADDR:
        return "XmppAddr";
    case CW_CERT_CN:
        return "CN";
    case CW_CERT_URI:
        return "URI";
    }
    return "?";
}

static bool is_ascii(struct cw_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= 0x20 || s.p[i] >= 0x7F)
            return false;
    return true;
}

/* The presented name is a domain name, equal to the reference (A-labels). */
static bool is_domain(struct cw_str presented, struct cw_str reference)
{
    struct cw_arena scratch = {0};
    struct cw_str ascii;
    bool equal = presented.n <= 1023 && cw_domain_to_ascii(&scratch, presented, &ascii) &&
                 cw_str_eq(ascii, reference);

    cw_arena_free(&scratch);
    return equal;
}

/* "*.example.com" covers one label more than "example.com", never two and never none; the parent
 * must have two labels itself. */
static bool matches_wildcard(struct cw_str presented, struct cw_str reference)
{
    ptrdiff_t dot = cw_str_index(reference, '.');
    struct cw_str parent = cw_str_sub(reference, (size_t)(dot + 1), reference.n);

    return dot > 0 && cw_str_index(parent, '.') > 0 &&
           is_domain(cw_str_sub(presented, 2, presented.n), parent);
}

static bool matches_dns(struct cw_str presented, struct cw_str reference)
{
    if (!is_ascii(presented)) /* an IA5String without U-labels, NUL or white space */
        return false;
    if (cw_str_starts(presented, CW_S("*.")))
        return matches_wildcard(presented, reference);
    return is_domain(presented, reference);
}

/* RFC 4985: _Service.Name, without a protocol. */
static bool matches_srv(struct cw_str presented, struct cw_str reference)
{
    const struct cw_str service = CW_STR("_xmpp-server.");

    return cw_str_eq_nocase(cw_str_sub(presented, 0, service.n), service) &&
           matches_dns(cw_str_sub(presented, service.n, presented.n), reference);
}

static bool matches(const struct cw_cert_name *name, struct cw_str reference)
{
    if (name->malformed)
        return false;
    switch (name->type) {
    case CW_CERT_DNS_ID:
        return matches_dns(name->value, reference);
    case CW_CERT_SRV_ID:
        return matches_srv(name->value, reference);
    case CW_CERT_XMPP_ADDR: /* UTF-8; a user's address is no domain name and fails there */
        return is_domain(name->value, reference);
    case CW_CERT_CN:
        return is_ascii(name->value) && is_domain(name->value, reference);
    case CW_CERT_URI:
        return false;
    }
    return false;
}

const struct cw_cert_name *cw_cert_match(const struct cw_cert *cert, struct cw_str domain)
{
    const struct cw_cert_name *found = NULL;
    struct cw_arena scratch = {0};
    struct cw_str reference;
    bool has_san = false;

    for (size_t i = 0; i < cert->n_names; i++)
        has_san = has_san || cert->names[i].type != CW_CERT_CN;
    if (domain.n <= 1023 && cw_domain_to_ascii(&scratch, domain, &reference))
        for (size_t i = 0; i < cert->n_names && !found; i++)
            if (!(has_san && cert->names[i].type == CW_CERT_CN) &&
                matches(&cert->names[i], reference))
                found = &cert->names[i];
    cw_arena_free(&scratch);
    return found;
}

const char *cw_chain_fault_name(enum cw_chain_fault fault)
{
    switch (fault) {
    case CW_CHAIN_OK:
        return "ok";
    case CW_CHAIN_SELF_SIGNED:
        return "self-signed";
    case CW_CHAIN_UNKNOWN_CA:
        return "unknown-ca";
    case CW_CHAIN_EXPIRED:
        return "expired";
    case CW_CHAIN_NOT_YET_VALID:
        return "not-yet-valid";
    case CW_CHAIN_REVOKED:
        return "revoked";
    case CW_CHAIN_PURPOSE:
        return "purpose";
    case CW_CHAIN_WEAK:
        return "weak";
    case CW_CHAIN_NO_STAPLE:
        return "no-staple";
    case CW_CHAIN_PIN:
        return "pin";
    case CW_CHAIN_DANE:
        return "dane";
    case CW_CHAIN_OTHER:
        return "other";
    }
    return "?";
}

const char *cw_cert_proof_name(enum cw_cert_proof proof)
{
    switch (proof) {
    case CW_PROOF_NONE:
        return "none";
    case CW_PROOF_PKIX:
        return "PKIX";
    case CW_PROOF_ANCHOR:
        return "own anchor";
    case CW_PROOF_PIN:
        return "pinned key";
    case CW_PROOF_DANE:
        return "DANE";
    case CW_PROOF_DELEGATION:
        return "DNSSEC delegation";
    case CW_PROOF_POSH:
        return "POSH";
    }
    return "?";
}

enum cw_cert_proof cw_cert_proof(const struct cw_cert *cert, struct cw_str domain)
{
    struct cw_arena scratch = {0};
    struct cw_str ascii;
    bool is_settled = cw_str_is_present(cert->proven_for) &&
                      cw_domain_to_ascii(&scratch, domain, &ascii) &&
                      cw_str_eq(ascii, cert->proven_for);

    cw_arena_free(&scratch);
    if (!cert->present)
        return CW_PROOF_NONE;
    if (is_settled)
        return cert->proof;
    return cert->chain_ok && !cert->is_ca && cw_cert_match(cert, domain) ? CW_PROOF_PKIX
                                                                         : CW_PROOF_NONE;
}

enum cw_cert_verdict cw_cert_judge(const struct cw_cert *cert, struct cw_str domain)
{
    if (!cert->present)
        return CW_CERT_NONE;
    if (cw_cert_proof(cert, domain) != CW_PROOF_NONE)
        return CW_CERT_GOOD;
    return cert->chain_ok && !cert->is_ca ? CW_CERT_WRONG_NAME : CW_CERT_UNTRUSTED;
}
