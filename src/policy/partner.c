/* The names of a partner's choices and the check that every way of changing a partner passes: the
 * command line, the API, the panel and the import (product rules, "Partner" and "Negotiation").
 * The refusals of the negotiation table come from cw_nego_row, so that form and stream agree. */
#include "base/map.h"
#include "policy/nego.h"
#include "policy/trust.h"
#include "xmpp/jid.h"

#include <arpa/inet.h>
#include <string.h>

enum {
    MAX_DESCRIPTION_CHARACTERS = 1024,
    MAX_CONNECTION_LIMIT = 10000,
};

const char *cw_requirement_name(enum cw_requirement r)
{
    switch (r) {
    case CW_REQUIRED:
        return "Required";
    case CW_OPTIONAL:
        return "Optional";
    case CW_NOT_SUPPORTED:
        return "NotSupported";
    }
    return "?";
}

const char *cw_partner_type_name(enum cw_partner_type t)
{
    switch (t) {
    case CW_FEDERATED:
        return "Federated";
    case CW_PUBLIC_VERIFIED:
        return "PublicVerified";
    case CW_PUBLIC_UNVERIFIED:
        return "PublicUnverified";
    }
    return "?";
}

bool cw_requirement_of(struct cw_str name, enum cw_requirement *out)
{
    static const enum cw_requirement all[] = {CW_REQUIRED, CW_OPTIONAL, CW_NOT_SUPPORTED};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (cw_str_eq_nocase(name, cw_str_of(cw_requirement_name(all[i])))) {
            *out = all[i];
            return true;
        }
    return false;
}

bool cw_partner_type_of(struct cw_str name, enum cw_partner_type *out)
{
    static const enum cw_partner_type all[] = {CW_FEDERATED, CW_PUBLIC_VERIFIED,
                                               CW_PUBLIC_UNVERIFIED};

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (cw_str_eq_nocase(name, cw_str_of(cw_partner_type_name(all[i])))) {
            *out = all[i];
            return true;
        }
    return false;
}

/* Line ends and tabs are text; the other controls forge terminals and break XML. */
static bool has_control(struct cw_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F)
            return true;
    }
    return false;
}

static struct cw_str check_description(struct cw_arena *a, struct cw_partner *p)
{
    size_t n;

    if (!cw_str_is_present(p->description))
        p->description = CW_S("");
    if (!cw_str_is_utf8(p->description) || has_control(p->description))
        return CW_S("The description must be text in UTF-8 without control characters.");
    n = cw_str_n_characters(p->description);
    if (n > MAX_DESCRIPTION_CHARACTERS)
        return cw_arena_printf(a, "The description has %zu characters: shorten it to at most %d.",
                               n, MAX_DESCRIPTION_CHARACTERS);
    return CW_STR_NONE;
}

static struct cw_str check_domain(struct cw_arena *a, struct cw_str *domain, const char *what)
{
    struct cw_str ascii;

    if (cw_str_is_empty(*domain))
        return cw_arena_printf(a, "The %s is empty: give a domain such as example.com.", what);
    if (!cw_domain_to_ascii(a, *domain, &ascii))
        return cw_arena_printf(a, "The %s \"%.*s\" is not a valid domain name (IDNA 2008).", what,
                               (int)(domain->n < 255 ? domain->n : 255), domain->p);
    *domain = ascii;
    return CW_STR_NONE;
}

/* `seen` holds the domains so far. */
static struct cw_str add_domain(struct cw_arena *a, struct cw_map *seen, struct cw_str *domain)
{
    struct cw_str refusal = check_domain(a, domain, "additional domain");

    if (!cw_str_is_present(refusal) && cw_map_set(seen, *domain, seen))
        refusal = cw_arena_printf(a, "The domain %.*s is listed twice: remove one of them.",
                                  CW_ARG(*domain));
    return refusal;
}

static struct cw_str check_additional(struct cw_arena *a, struct cw_partner *p)
{
    struct cw_str refusal = CW_STR_NONE;
    struct cw_map seen = {0};

    cw_map_set(&seen, p->domain, &seen);
    for (size_t i = 0; i < p->n_additional && !cw_str_is_present(refusal); i++)
        refusal = add_domain(a, &seen, &p->additional[i]);
    cw_map_free(&seen);
    return refusal;
}

static bool is_address(struct cw_str host)
{
    char text[INET6_ADDRSTRLEN + 1];
    unsigned char bytes[16];
    bool bracketed = host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';

    if (bracketed)
        host = cw_str_sub(host, 1, host.n - 1);
    if (host.n >= sizeof text || memchr(host.p, 0, host.n))
        return false;
    memcpy(text, host.p, host.n);
    text[host.n] = 0;
    return inet_pton(bracketed ? AF_INET6 : AF_INET, text, bytes) == 1;
}

/* host[:port]; an IPv4 address or an IPv6 address in brackets may stand for the host. */
static struct cw_str check_proxy(struct cw_arena *a, struct cw_partner *p)
{
    struct cw_str host = p->proxy_fqdn, ascii;
    ptrdiff_t colon;
    uint64_t port = 0;

    if (cw_str_is_empty(host)) {
        p->proxy_fqdn = CW_S("");
        return CW_STR_NONE;
    }
    colon = cw_str_rindex(host, ':');
    if (colon >= 0 && host.p[host.n - 1] != ']') {
        if (!cw_str_to_u64(cw_str_sub(host, (size_t)colon + 1, host.n), &port) || port < 1 ||
            port > 65535)
            return CW_S("The port of the proxy FQDN must be a number from 1 to 65535.");
        host = cw_str_sub(host, 0, (size_t)colon);
    }
    if (is_address(host))
        ascii = host;
    else if (!cw_domain_to_ascii(a, host, &ascii))
        return CW_S("The proxy FQDN must be a host name with an optional port, such as "
                    "xmpp.example.com:5269.");
    p->proxy_fqdn = port ? cw_arena_printf(a, "%.*s:%u", CW_ARG(ascii), (unsigned)port)
                         : cw_arena_dup(a, ascii);
    return CW_STR_NONE;
}

static struct cw_str check_rules(struct cw_partner *p, const char **field)
{
    struct cw_nego_row row = cw_nego_row(&p->rules);

    if (row.valid)
        return CW_STR_NONE;
    *field = p->rules.sasl == CW_NOT_SUPPORTED ? "dialback" : "tls";
    return cw_str_of(row.refusal);
}

static struct cw_str check_pins(struct cw_arena *a, struct cw_partner *p)
{
    struct cw_map seen = {0};
    struct cw_str refusal = CW_STR_NONE;

    if (p->n_pinned_keys > CW_MAX_PINS)
        return cw_arena_printf(a, "There are %zu pinned keys: give at most %d.", p->n_pinned_keys,
                               CW_MAX_PINS);
    for (size_t i = 0; i < p->n_pinned_keys && !cw_str_is_present(refusal); i++) {
        struct cw_str *pin = &p->pinned_keys[i];
        if (!cw_pin_parse(a, *pin, pin))
            refusal = cw_arena_printf(a,
                                      "The pinned key \"%.*s\" is no SHA-256 digest of a public "
                                      "key: write sha256: and 44 characters of base64, or 64 "
                                      "hexadecimal digits.",
                                      (int)(pin->n < 100 ? pin->n : 100), pin->p);
        else if (cw_map_set(&seen, *pin, &seen))
            refusal = cw_arena_printf(a, "The pinned key %.*s is listed twice: remove one of them.",
                                      CW_ARG(*pin));
    }
    cw_map_free(&seen);
    return refusal;
}

/* What may be believed of the partner's certificate. */
static struct cw_str check_trust(struct cw_arena *a, struct cw_partner *p, const char **field)
{
    struct cw_str refusal;

    *field = "trust_anchor";
    refusal = cw_anchor_parse(a, p->trust_anchor, &p->trust_anchor);
    if (cw_str_is_present(refusal))
        return refusal;
    *field = "pinned_keys";
    return check_pins(a, p);
}

struct cw_str cw_partner_check(struct cw_arena *a, struct cw_partner *p, const char **field)
{
    struct cw_str refusal;

    *field = "domain";
    refusal = check_domain(a, &p->domain, "primary domain");
    if (cw_str_is_present(refusal))
        return refusal;
    *field = "description";
    refusal = check_description(a, p);
    if (cw_str_is_present(refusal))
        return refusal;
    *field = "additional";
    refusal = check_additional(a, p);
    if (cw_str_is_present(refusal))
        return refusal;
    refusal = check_rules(p, field);
    if (cw_str_is_present(refusal))
        return refusal;
    *field = "connection_limit";
    if (p->connection_limit > MAX_CONNECTION_LIMIT)
        return CW_S("The connection limit must be a number from 1 to 10000, or 0 to inherit the "
                    "setting.");
    *field = "proxy_fqdn";
    refusal = check_proxy(a, p);
    return cw_str_is_present(refusal) ? refusal : check_trust(a, p, field);
}
