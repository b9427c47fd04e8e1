/* XMPP addresses; see jid.h.  A JID is split first, its parts are measured, and only then
 * enforced, so that a stranger's megabyte is never normalised. */
#include "xmpp/jid.h"

#include <arpa/inet.h>
#include <string.h>

#include "xmpp/precis_priv.h"

enum { MAX_PART_BYTES = 1023 };

const char *cw_jid_fault_text(enum cw_jid_fault fault)
{
    switch (fault) {
    case CW_JID_OK:
        return "the address is valid";
    case CW_JID_EMPTY:
        return "the address is empty";
    case CW_JID_NOT_UTF8:
        return "the address is not UTF-8";
    case CW_JID_LOCAL_EMPTY:
        return "the address has an @ but no localpart";
    case CW_JID_LOCAL_LONG:
        return "the localpart is longer than 1023 octets";
    case CW_JID_LOCAL_CHARACTER:
        return "the localpart holds a character that is not allowed there";
    case CW_JID_DOMAIN_EMPTY:
        return "the address has no domain";
    case CW_JID_DOMAIN_LONG:
        return "the domain is longer than 1023 octets";
    case CW_JID_DOMAIN_INVALID:
        return "the domain is no valid domain name and no IP address";
    case CW_JID_RESOURCE_EMPTY:
        return "the address has a / but no resourcepart";
    case CW_JID_RESOURCE_LONG:
        return "the resourcepart is longer than 1023 octets";
    case CW_JID_RESOURCE_CHARACTER:
        return "the resourcepart holds a character that is not allowed there";
    }
    return "unknown fault";
}

static bool is_ascii(struct cw_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] >= 0x80)
            return false;
    }
    return true;
}

/* RFC 7622 section 3.3.1, with the space and controls, which no identifier holds. */
static bool has_excluded(struct cw_str local)
{
    for (size_t i = 0; i < local.n; i++) {
        unsigned char c = (unsigned char)local.p[i];
        if (c <= 0x20 || c == 0x7F || strchr("\"&'/:<>@", c))
            return true;
    }
    return false;
}

static enum cw_jid_fault enforce_local(struct cw_arena *arena, struct cw_str in, struct cw_str *out)
{
    if (in.n == 0)
        return CW_JID_LOCAL_EMPTY;
    if (in.n > MAX_PART_BYTES)
        return CW_JID_LOCAL_LONG;
    if (has_excluded(in))
        return CW_JID_LOCAL_CHARACTER;
    if (is_ascii(in)) {
        char *lower = cw_arena_alloc(arena, in.n + 1);
        for (size_t i = 0; i < in.n; i++)
            lower[i] = in.p[i] >= 'A' && in.p[i] <= 'Z' ? (char)(in.p[i] - 'A' + 'a') : in.p[i];
        *out = (struct cw_str){lower, in.n};
        return CW_JID_OK;
    }
    /* Again behind the profile: a full-width @ has become one. */
    if (!cw_precis_username(arena, in, out) || has_excluded(*out))
        return CW_JID_LOCAL_CHARACTER;
    return out->n > MAX_PART_BYTES ? CW_JID_LOCAL_LONG : CW_JID_OK;
}

static enum cw_jid_fault enforce_resource(struct cw_arena *arena, struct cw_str in,
                                          struct cw_str *out)
{
    if (in.n == 0)
        return CW_JID_RESOURCE_EMPTY;
    if (in.n > MAX_PART_BYTES)
        return CW_JID_RESOURCE_LONG;
    if (is_ascii(in)) {
        for (size_t i = 0; i < in.n; i++) {
            if (in.p[i] < 0x20 || in.p[i] == 0x7F)
                return CW_JID_RESOURCE_CHARACTER;
        }
        *out = cw_arena_dup(arena, in);
        return CW_JID_OK;
    }
    if (!cw_precis_opaque(arena, in, out))
        return CW_JID_RESOURCE_CHARACTER;
    return out->n > MAX_PART_BYTES ? CW_JID_RESOURCE_LONG : CW_JID_OK;
}

/* An IPv4 address, or an IPv6 address in brackets, in its usual form (RFC 7622 section 3.2). */
static bool enforce_ip(struct cw_arena *arena, struct cw_str in, struct cw_str *out)
{
    char text[INET6_ADDRSTRLEN];
    unsigned char address[sizeof(struct in6_addr)];
    bool is_v6 = in.n > 2 && in.p[0] == '[' && in.p[in.n - 1] == ']';
    struct cw_str inner = is_v6 ? cw_str_sub(in, 1, in.n - 1) : in;
    if (inner.n == 0 || inner.n >= sizeof text || memchr(inner.p, 0, inner.n))
        return false;
    memcpy(text, inner.p, inner.n);
    text[inner.n] = 0;
    int family = is_v6 ? AF_INET6 : AF_INET;
    if (inet_pton(family, text, address) != 1 || !inet_ntop(family, address, text, sizeof text))
        return false;
    *out = cw_arena_printf(arena, is_v6 ? "[%s]" : "%s", text);
    return true;
}

static enum cw_jid_fault enforce_domain(struct cw_arena *arena, struct cw_str in,
                                        struct cw_str *out)
{
    if (in.n == 0)
        return CW_JID_DOMAIN_EMPTY;
    if (in.n > MAX_PART_BYTES)
        return CW_JID_DOMAIN_LONG;
    if (enforce_ip(arena, in, out) || cw_domain_to_unicode(arena, in, out))
        return CW_JID_OK;
    return CW_JID_DOMAIN_INVALID;
}

enum cw_jid_fault cw_jid_parse(struct cw_arena *arena, struct cw_str text, struct cw_jid *out)
{
    *out = (struct cw_jid){0};
    if (text.n == 0)
        return CW_JID_EMPTY;
    /* The first slash ends the address's bare part, whatever stands behind it; then the first @
     * ends the localpart (RFC 7622 section 3.2). */
    struct cw_str resource = CW_STR_NONE, local = CW_STR_NONE, domain = text;
    ptrdiff_t slash = cw_str_index(text, '/');
    if (slash >= 0) {
        resource = cw_str_sub(text, (size_t)slash + 1, text.n);
        domain = cw_str_sub(text, 0, (size_t)slash);
    }
    ptrdiff_t at = cw_str_index(domain, '@');
    if (at >= 0) {
        local = cw_str_sub(domain, 0, (size_t)at);
        domain = cw_str_sub(domain, (size_t)at + 1, domain.n);
    }
    if (local.n > MAX_PART_BYTES)
        return CW_JID_LOCAL_LONG;
    if (domain.n > MAX_PART_BYTES)
        return CW_JID_DOMAIN_LONG;
    if (resource.n > MAX_PART_BYTES)
        return CW_JID_RESOURCE_LONG;
    if (!cw_str_is_utf8(text))
        return CW_JID_NOT_UTF8;
    struct cw_jid jid = {0};
    enum cw_jid_fault fault = CW_JID_OK;
    if (at >= 0)
        fault = enforce_local(arena, local, &jid.local);
    if (fault == CW_JID_OK)
        fault = enforce_domain(arena, domain, &jid.domain);
    if (fault == CW_JID_OK && slash >= 0)
        fault = enforce_resource(arena, resource, &jid.resource);
    if (fault == CW_JID_OK)
        *out = jid;
    return fault;
}

struct cw_str cw_jid_bare(struct cw_arena *arena, const struct cw_jid *jid)
{
    if (!cw_str_is_present(jid->local))
        return cw_arena_dup(arena, jid->domain);
    return cw_arena_printf(arena, "%.*s@%.*s", CW_ARG(jid->local), CW_ARG(jid->domain));
}

struct cw_str cw_jid_str(struct cw_arena *arena, const struct cw_jid *jid)
{
    struct cw_str bare = cw_jid_bare(arena, jid);
    if (!cw_str_is_present(jid->resource))
        return bare;
    return cw_arena_printf(arena, "%.*s/%.*s", CW_ARG(bare), CW_ARG(jid->resource));
}

static bool eq_part(struct cw_str a, struct cw_str b)
{
    return cw_str_is_present(a) == cw_str_is_present(b) && cw_str_eq(a, b);
}

bool cw_jid_eq_bare(const struct cw_jid *a, const struct cw_jid *b)
{
    return eq_part(a->local, b->local) && eq_part(a->domain, b->domain);
}

bool cw_jid_eq(const struct cw_jid *a, const struct cw_jid *b)
{
    return cw_jid_eq_bare(a, b) && eq_part(a->resource, b->resource);
}
