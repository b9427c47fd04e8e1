/* The two alphabets of RFC 7247 table 1 are one table here; both directions read it.  Everything
 * that is not explicitly allowed in the destination is escaped, which covers the lists of section
 * 6.4 step 5 and 6.5 step 5 and also what they forget (space, quote, colon, at sign). */
#include "xlate/address.h"

#include <string.h>

#include "base/buf.h"
#include "base/secret.h"

const char *cw_addr_fault_text(enum cw_addr_fault fault)
{
    switch (fault) {
    case CW_ADDR_OK:
        return "the address can be translated";
    case CW_ADDR_SCHEME:
        return "only sip, sips, im and pres addresses can be translated";
    case CW_ADDR_USER_EMPTY:
        return "there is nothing before the at sign";
    case CW_ADDR_USER_INVALID:
        return "the user part holds what no XMPP address may hold, or is too long";
    case CW_ADDR_HOST_INVALID:
        return "the host is no domain name and no IP address, or its port is no port";
    case CW_ADDR_RESOURCE_INVALID:
        return "the gr parameter holds what no XMPP resource may hold, is too long or stands twice";
    }
    return "";
}

/* The alphabets */

/* IN_XMPP: what RFC 5122 lets stand in every part of an "xmpp:" URI. */
enum { IN_SIP = 1, IN_IM = 2, IN_JID = 4, IN_GR = 8, IN_XMPP = 16 };

/* Letters and digits apart.  "%" is data in an im URI by table 1, yet has to be written "%25"
 * there like anywhere else, or nobody could decode the result. */
static const struct {
    const char *characters;
    unsigned allowed;
} alphabet[] = {
    {"!*-_~", IN_SIP | IN_IM | IN_JID | IN_GR | IN_XMPP},
    {".()", IN_SIP | IN_JID | IN_GR | IN_XMPP},
    {"'", IN_SIP | IN_IM | IN_GR},
    {"&/", IN_SIP | IN_IM | IN_GR},
    {"$+", IN_SIP | IN_IM | IN_JID | IN_GR | IN_XMPP},
    {"=", IN_SIP | IN_IM | IN_JID | IN_XMPP},
    {"?", IN_SIP | IN_IM | IN_JID},
    {",;", IN_SIP | IN_JID | IN_XMPP},
    {"#%^`{|}", IN_IM | IN_JID},
    {"[]", IN_JID | IN_GR},
    {"\\", IN_JID},
    {":", IN_GR},
};

static bool is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_allowed(char c, unsigned where)
{
    if (is_alphanumeric(c))
        return true;
    if (c == '\0')
        return false;
    for (size_t i = 0; i < sizeof(alphabet) / sizeof(alphabet[0]); i++)
        if (strchr(alphabet[i].characters, c))
            return (alphabet[i].allowed & where) != 0;
    return false;
}

bool cw_addr_uri_allows(enum cw_addr_scheme scheme, char c)
{
    return is_allowed(c, scheme == CW_ADDR_SIP ? IN_SIP : IN_IM);
}

bool cw_addr_jid_allows(char c)
{
    return is_allowed(c, IN_JID);
}

/* Appends the text; every octet outside the alphabet becomes %HH.  A dot stays in an im URI: a
 * dot-atom has it between atoms, and "." and "%2E" are the same URI (RFC 3986 section 6.2.2.2). */
static void put_encoded(struct cw_buf *out, struct cw_str text, unsigned where)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c != '%' && (is_allowed(c, where) || c == '.'))
            cw_buf_putc(out, c);
        else
            cw_buf_printf(out, "%%%02X", (unsigned)(unsigned char)c);
    }
}

/* "%hexhex" becomes its octet; a "%" before anything else stands for itself (XEP-0106 example 17
 * has "%zy" in a URI). */
static struct cw_str decode(struct cw_arena *arena, struct cw_str text)
{
    char *out = cw_arena_alloc(arena, text.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < text.n; i++) {
        int high = -1, low = -1;
        if (text.p[i] == '%' && text.n - i > 2) {
            high = cw_hex_value(text.p[i + 1]);
            low = cw_hex_value(text.p[i + 2]);
        }
        if (high >= 0 && low >= 0) {
            out[n++] = (char)(high * 16 + low);
            i += 2;
        } else {
            out[n++] = text.p[i];
        }
    }
    return (struct cw_str){out, n};
}

static struct cw_str take(struct cw_arena *arena, struct cw_buf *buf)
{
    struct cw_str s = cw_arena_dup(arena, cw_buf_str(buf));
    cw_buf_free(buf);
    return s;
}

/* SIP -> XMPP */

struct uri_parts {
    struct cw_str user; /* absent when there is no at sign */
    struct cw_str host; /* without the port */
    struct cw_str gr;   /* as it stands in the URI; absent when it is not there or has no value */
};

/* What follows the scheme; absent for a scheme that is not ours. */
static struct cw_str after_scheme(struct cw_str uri)
{
    static const struct cw_str schemes[] = {CW_STR("sip:"), CW_STR("sips:"), CW_STR("im:"),
                                            CW_STR("pres:")};
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
        if (cw_str_eq_nocase(cw_str_sub(uri, 0, schemes[i].n), schemes[i]))
            return cw_str_sub(uri, schemes[i].n, uri.n);
    return CW_STR_NONE;
}

bool cw_addr_is_sips(struct cw_str uri)
{
    return cw_str_eq_nocase(cw_str_sub(uri, 0, 5), CW_S("sips:"));
}

/* The text before the first `c`, which is then cut off the rest together with `c`. */
static struct cw_str cut(struct cw_str *rest, char c)
{
    ptrdiff_t at = cw_str_index(*rest, c);
    size_t end = at < 0 ? rest->n : (size_t)at;
    struct cw_str head = cw_str_sub(*rest, 0, end);
    *rest = at < 0 ? CW_STR_NONE : cw_str_sub(*rest, end + 1, rest->n);
    return head;
}

static bool is_port(struct cw_str text)
{
    uint64_t port;
    return text.n <= 5 && cw_str_to_u64(text, &port) && port > 0 && port <= 65535;
}

/* host [":" port]; an IPv6 address stands in brackets. */
static enum cw_addr_fault split_host(struct cw_str hostport, struct uri_parts *out)
{
    size_t from = 0;
    if (cw_str_starts(hostport, CW_S("["))) {
        ptrdiff_t close = cw_str_index(hostport, ']');
        if (close < 0)
            return CW_ADDR_HOST_INVALID;
        from = (size_t)close + 1;
    }
    struct cw_str tail = cw_str_sub(hostport, from, hostport.n);
    ptrdiff_t colon = cw_str_index(tail, ':');
    if (colon >= 0 && !is_port(cw_str_sub(tail, (size_t)colon + 1, tail.n)))
        return CW_ADDR_HOST_INVALID;
    out->host = cw_str_sub(hostport, 0, colon < 0 ? hostport.n : from + (size_t)colon);
    if (from && out->host.n != from)
        return CW_ADDR_HOST_INVALID;
    /* A host is put before "/" and behind "@" below: it must not bring its own. */
    for (size_t i = 0; i < out->host.n; i++)
        if (!is_alphanumeric(out->host.p[i]) && !strchr("-.[]:", out->host.p[i]))
            return CW_ADDR_HOST_INVALID;
    return out->host.n ? CW_ADDR_OK : CW_ADDR_HOST_INVALID;
}

static enum cw_addr_fault find_gr(struct cw_str params, struct uri_parts *out)
{
    bool seen = false;
    while (cw_str_is_present(params)) {
        struct cw_str value = cut(&params, ';');
        struct cw_str name = cut(&value, '=');
        if (!cw_str_eq_nocase(name, CW_S("gr")))
            continue;
        if (seen)
            return CW_ADDR_RESOURCE_INVALID;
        seen = true;
        if (value.n)
            out->gr = value;
    }
    return CW_ADDR_OK;
}

/* RFC 3261 section 25.1: the first at sign ends the userinfo (its user may hold ";" and "?", and
 * no later part may hold "@"); the host ends at ";" or "?". */
static enum cw_addr_fault split_uri(struct cw_str rest, struct uri_parts *out)
{
    *out = (struct uri_parts){.user = CW_STR_NONE};
    if (cw_str_index(rest, '@') >= 0) {
        struct cw_str userinfo = cut(&rest, '@');
        out->user = cut(&userinfo, ':'); /* a password is nobody's business over there */
        if (!out->user.n)
            return CW_ADDR_USER_EMPTY;
    }
    struct cw_str params = cut(&rest, '?'); /* headers are left behind in rest */
    struct cw_str hostport = cut(&params, ';');
    enum cw_addr_fault fault = split_host(hostport, out);
    return fault ? fault : find_gr(params, out);
}

static enum cw_addr_fault fault_of_jid(enum cw_jid_fault fault)
{
    switch (fault) {
    case CW_JID_OK:
        return CW_ADDR_OK;
    case CW_JID_EMPTY:
    case CW_JID_DOMAIN_EMPTY:
    case CW_JID_DOMAIN_LONG:
    case CW_JID_DOMAIN_INVALID:
        return CW_ADDR_HOST_INVALID;
    case CW_JID_NOT_UTF8:
    case CW_JID_LOCAL_EMPTY:
    case CW_JID_LOCAL_LONG:
    case CW_JID_LOCAL_CHARACTER:
        return CW_ADDR_USER_INVALID;
    case CW_JID_RESOURCE_EMPTY:
    case CW_JID_RESOURCE_LONG:
    case CW_JID_RESOURCE_CHARACTER:
        return CW_ADDR_RESOURCE_INVALID;
    }
    return CW_ADDR_USER_INVALID;
}

/* Raw white space, controls and delimiters are in no URI (RFC 3986 section 2): what holds them was
 * put together by hand, and may mean something else to the next reader. */
static bool has_raw_delimiter(struct cw_str text)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c <= ' ' || c == 0x7F || c == '<' || c == '>' || c == '"')
            return true;
    }
    return false;
}

/* Appends the escaped user part and the at sign.  XEP-0106 section 4.2: an escaped localpart may
 * neither begin nor end with a space. */
static enum cw_addr_fault put_local(struct cw_arena *arena, struct cw_str user, struct cw_buf *out)
{
    struct cw_str plain = decode(arena, user);
    if (has_raw_delimiter(user) || !cw_str_is_utf8(plain) || plain.p[0] == ' ' ||
        plain.p[plain.n - 1] == ' ')
        return CW_ADDR_USER_INVALID;
    cw_buf_puts(out, cw_jid_escape(arena, plain));
    cw_buf_putc(out, '@');
    return CW_ADDR_OK;
}

enum cw_addr_fault cw_addr_sip_to_jid(struct cw_arena *arena, struct cw_str uri, struct cw_jid *out)
{
    struct cw_str rest = after_scheme(uri);
    struct uri_parts parts;
    struct cw_buf text = {0};

    if (!cw_str_is_present(rest))
        return CW_ADDR_SCHEME;
    enum cw_addr_fault fault = split_uri(rest, &parts);
    if (!fault && cw_str_is_present(parts.user))
        fault = put_local(arena, parts.user, &text);
    if (fault)
        goto out;
    cw_buf_puts(&text, parts.host);
    if (cw_str_is_present(parts.gr)) {
        struct cw_str resource = decode(arena, parts.gr);
        if (has_raw_delimiter(parts.gr) || !cw_str_is_utf8(resource)) {
            fault = CW_ADDR_RESOURCE_INVALID;
            goto out;
        }
        cw_buf_putc(&text, '/');
        cw_buf_puts(&text, resource);
    }
    struct cw_jid jid;
    fault = fault_of_jid(cw_jid_parse(arena, cw_buf_str(&text), &jid));
    if (!fault)
        *out = jid;
out:
    cw_buf_free(&text);
    return fault;
}

/* XMPP -> SIP */

/* An IP literal has no A-labels: it stands as it is. */
static struct cw_str host_of(struct cw_arena *arena, struct cw_str domain)
{
    struct cw_str host;
    if (cw_domain_to_ascii(arena, domain, &host))
        return host;
    for (size_t i = 0; i < domain.n; i++)
        if ((unsigned char)domain.p[i] >= 0x80)
            return CW_STR_NONE;
    return domain;
}

struct cw_str cw_addr_jid_to_uri(struct cw_arena *arena, const struct cw_jid *jid,
                                 enum cw_addr_scheme scheme)
{
    static const char *const prefix[] = {
        [CW_ADDR_SIP] = "sip:", [CW_ADDR_IM] = "im:", [CW_ADDR_PRES] = "pres:"};
    struct cw_str host = host_of(arena, jid->domain);
    struct cw_buf out = {0};

    if (!cw_str_is_present(host))
        return CW_STR_NONE;
    cw_buf_putcstr(&out, prefix[scheme]);
    if (cw_str_is_present(jid->local)) {
        put_encoded(&out, cw_jid_unescape(arena, jid->local),
                    scheme == CW_ADDR_SIP ? IN_SIP : IN_IM);
        cw_buf_putc(&out, '@');
    }
    cw_buf_puts(&out, host);
    if (scheme == CW_ADDR_SIP && cw_str_is_present(jid->resource)) {
        cw_buf_putcstr(&out, ";gr=");
        put_encoded(&out, jid->resource, IN_GR);
    }
    return take(arena, &out);
}

bool cw_addr_is_reversible(struct cw_arena *arena, const struct cw_jid *jid)
{
    /* Without a backslash nothing is unescaped on the way out. */
    if (!cw_str_is_present(jid->local) || cw_str_index(jid->local, '\\') < 0)
        return true;
    struct cw_jid back;
    struct cw_str uri = cw_addr_jid_to_uri(arena, jid, CW_ADDR_SIP);
    return cw_str_is_present(uri) && cw_addr_sip_to_jid(arena, uri, &back) == CW_ADDR_OK &&
           cw_jid_eq(jid, &back);
}

/* Addresses in <gone/> and <redirect/> */

/* The JID of an "xmpp:" URI (RFC 5122 section 2.2): an authority in front is an account of the
 * reader's to act with, a query what to do there; neither is part of the address. */
static bool parse_xmpp_uri(struct cw_arena *arena, struct cw_str rest, struct cw_jid *out)
{
    if (cw_str_starts(rest, CW_S("//"))) {
        rest = cw_str_sub(rest, 2, rest.n);
        cut(&rest, '/');
    }
    struct cw_str path = cut(&rest, '#');
    struct cw_str resource = cut(&path, '?');
    struct cw_str bare = decode(arena, cut(&resource, '/'));
    if (cw_str_index(bare, '/') >= 0) /* encoded, to be taken for the resource's */
        return false;
    if (cw_str_is_present(resource)) {
        struct cw_str plain = decode(arena, resource);
        bare = cw_arena_printf(arena, "%.*s/%.*s", CW_ARG(bare), CW_ARG(plain));
    }
    return cw_jid_parse(arena, bare, out) == CW_JID_OK;
}

struct cw_str cw_addr_xmpp_to_sip_uri(struct cw_arena *arena, struct cw_str address)
{
    struct cw_str scheme = CW_S("xmpp:");
    struct cw_jid jid;
    bool ok;

    address = cw_str_trim(address);
    if (cw_str_is_present(after_scheme(address)))
        ok = cw_addr_sip_to_jid(arena, address, &jid) == CW_ADDR_OK;
    else if (cw_str_eq_nocase(cw_str_sub(address, 0, scheme.n), scheme))
        ok = parse_xmpp_uri(arena, cw_str_sub(address, scheme.n, address.n), &jid);
    else
        ok = cw_jid_parse(arena, address, &jid) == CW_JID_OK;
    return ok ? cw_addr_jid_to_uri(arena, &jid, CW_ADDR_SIP) : CW_STR_NONE;
}

struct cw_str cw_addr_sip_to_xmpp_uri(struct cw_arena *arena, struct cw_str sip_uri)
{
    struct cw_jid jid;
    struct cw_buf out = {0};

    if (cw_addr_sip_to_jid(arena, sip_uri, &jid) != CW_ADDR_OK)
        return CW_STR_NONE;
    struct cw_str host = host_of(arena, jid.domain);
    if (!cw_str_is_present(host))
        return CW_STR_NONE;
    cw_buf_putcstr(&out, "xmpp:");
    if (cw_str_is_present(jid.local)) {
        put_encoded(&out, jid.local, IN_XMPP);
        cw_buf_putc(&out, '@');
    }
    cw_buf_puts(&out, host);
    if (cw_str_is_present(jid.resource)) {
        cw_buf_putc(&out, '/');
        put_encoded(&out, jid.resource, IN_XMPP);
    }
    return take(arena, &out);
}
