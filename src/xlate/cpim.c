/* Reading CPIM messages; see cpim.h.  Writing them is cpim_write.c. */
#include "xlate/cpim.h"

#include <string.h>

#include "base/secret.h"

enum space { SPACE_CPIM, SPACE_IMDN, SPACE_OTHER };

#define URI_CPIM CW_S("urn:ietf:params:cpim-headers:")
#define URI_IMDN CW_S("urn:ietf:params:imdn")

/* What the prefixes stand for; the last declaration of one counts. */
struct spaces {
    struct {
        struct cw_str prefix;
        enum space space;
    } list[CW_CPIM_MAX_NAMESPACES];
    size_t n;
};

const char *cw_cpim_fault_text(enum cw_cpim_fault fault)
{
    switch (fault) {
    case CW_CPIM_OK:
        return "the CPIM message can be read";
    case CW_CPIM_MALFORMED:
        return "the CPIM message is malformed";
    case CW_CPIM_REQUIRES:
        return "the CPIM message requires what is not understood";
    case CW_CPIM_ENCODING:
        return "the content of the CPIM message is encoded in an unknown way";
    }
    return "";
}

/* --- lines ------------------------------------------------------------------------------------*/

/* Takes a line off the front, without its end (CRLF, or LF of those who are sloppy); false at the
 * end of the text. */
static bool take_line(struct cw_str *rest, struct cw_str *line)
{
    if (rest->n == 0)
        return false;
    ptrdiff_t lf = cw_str_index(*rest, '\n');
    size_t n = lf < 0 ? rest->n : (size_t)lf;
    *line = cw_str_sub(*rest, 0, n);
    *rest = cw_str_sub(*rest, n + 1, rest->n);
    if (line->n && line->p[line->n - 1] == '\r')
        *line = cw_str_sub(*line, 0, line->n - 1);
    return true;
}

static size_t put_utf8(char *out, unsigned code)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xC0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3F));
        return 2;
    }
    out[0] = (char)(0xE0 | code >> 12);
    out[1] = (char)(0x80 | (code >> 6 & 0x3F));
    out[2] = (char)(0x80 | (code & 0x3F));
    return 3;
}

/* The four digits of \uxxxx at the front, or -1.  Half a surrogate pair is U+FFFD. */
static int read_code(struct cw_str text)
{
    int code = 0;
    for (size_t i = 0; i < 4; i++) {
        int digit = i < text.n ? cw_hex_value(text.p[i]) : -1;
        if (digit < 0)
            return -1;
        code = code * 16 + digit;
    }
    return code >= 0xD800 && code <= 0xDFFF ? 0xFFFD : code;
}

/* Section 2.3; an unknown escape is the character behind the backslash.  It grows by nothing: six
 * octets become three at most. */
static struct cw_str unescape(struct cw_arena *arena, struct cw_str text)
{
    static const char escapes[] = "btnr", meant[] = "\b\t\n\r";
    if (cw_str_index(text, '\\') < 0)
        return text;
    char *out = cw_arena_alloc(arena, text.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] != '\\') {
            out[n++] = text.p[i];
            continue;
        }
        if (++i == text.n)
            break;
        const char *known = text.p[i] ? strchr(escapes, text.p[i]) : NULL;
        int code = text.p[i] == 'u' ? read_code(cw_str_sub(text, i + 1, text.n)) : -1;
        if (code >= 0) {
            n += put_utf8(out + n, (unsigned)code);
            i += 4;
        } else {
            out[n++] = known ? meant[known - escapes] : text.p[i];
        }
    }
    return (struct cw_str){out, n};
}

/* "Name: value" or "Name:;lang=fr value"; false when it is neither. */
static bool split_header(struct cw_str line, struct cw_str *name, struct cw_str *value)
{
    ptrdiff_t colon = cw_str_index(line, ':');
    bool is_quoted = false;
    if (colon <= 0)
        return false;
    *name = cw_str_sub(line, 0, (size_t)colon);
    *value = cw_str_sub(line, (size_t)colon + 1, line.n);
    for (size_t i = 0; i < name->n; i++)
        if ((unsigned char)name->p[i] <= ' ' || (unsigned char)name->p[i] >= 0x7F)
            return false;
    if (value->n && value->p[0] == ';') {
        size_t i = 0;
        for (; i < value->n && (is_quoted || value->p[i] != ' '); i++)
            is_quoted ^= value->p[i] == '"' && value->p[i - 1] != '\\';
        *value = cw_str_sub(*value, i, value->n);
    }
    *value = cw_str_trim(*value);
    return true;
}

/* --- namespaces -------------------------------------------------------------------------------*/

/* What stands between the last < and the > that ends the value; absent when nothing does. */
static struct cw_str uri_of(struct cw_str value)
{
    ptrdiff_t open = cw_str_rindex(value, '<');
    if (open < 0 || value.p[value.n - 1] != '>')
        return CW_STR_NONE;
    struct cw_str uri = cw_str_sub(value, (size_t)open + 1, value.n - 1);
    return uri.n ? uri : CW_STR_NONE;
}

static enum space space_of(const struct spaces *spaces, struct cw_str prefix)
{
    for (size_t i = spaces->n; i > 0; i--)
        if (cw_str_eq(spaces->list[i - 1].prefix, prefix))
            return spaces->list[i - 1].space;
    return prefix.n ? SPACE_OTHER : SPACE_CPIM;
}

static bool declare(struct spaces *spaces, struct cw_str value)
{
    struct cw_str uri = uri_of(value);
    if (!cw_str_is_present(uri) || spaces->n == CW_CPIM_MAX_NAMESPACES)
        return false;
    spaces->list[spaces->n].prefix =
        cw_str_trim(cw_str_sub(value, 0, (size_t)cw_str_rindex(value, '<')));
    /* RFC 5438 writes the URI without the colon that its registration implies; both are met. */
    spaces->list[spaces->n++].space =
        cw_str_eq(uri, URI_CPIM)                                                    ? SPACE_CPIM
        : cw_str_eq(uri, URI_IMDN) || cw_str_eq(uri, CW_S("urn:ietf:params:imdn:")) ? SPACE_IMDN
                                                                                    : SPACE_OTHER;
    return true;
}

/* The name without its prefix, and the namespace. */
static struct cw_str resolve(const struct spaces *spaces, struct cw_str name, enum space *space)
{
    ptrdiff_t dot = cw_str_index(name, '.');
    *space = space_of(spaces, dot < 0 ? CW_S("") : cw_str_sub(name, 0, (size_t)dot));
    return dot < 0 ? name : cw_str_sub(name, (size_t)dot + 1, name.n);
}

/* --- message headers --------------------------------------------------------------------------*/

static unsigned read_asks(struct cw_str value)
{
    unsigned asks = 0;
    while (value.n) {
        ptrdiff_t comma = cw_str_index(value, ',');
        struct cw_str one = comma < 0 ? value : cw_str_sub(value, 0, (size_t)comma);
        ptrdiff_t parameters = cw_str_index(one, ';');
        value = comma < 0 ? CW_S("") : cw_str_sub(value, (size_t)comma + 1, value.n);
        one = cw_str_trim(parameters < 0 ? one : cw_str_sub(one, 0, (size_t)parameters));
        if (cw_str_eq_cstr(one, "positive-delivery"))
            asks |= CW_CPIM_POSITIVE_DELIVERY;
        else if (cw_str_eq_cstr(one, "negative-delivery"))
            asks |= CW_CPIM_NEGATIVE_DELIVERY;
    }
    return asks;
}

static bool is_known(struct cw_str name, enum space space)
{
    static const struct {
        enum space space;
        const char *name;
    } known[] = {
        {SPACE_CPIM, "From"},       {SPACE_CPIM, "To"},
        {SPACE_CPIM, "cc"},         {SPACE_CPIM, "DateTime"},
        {SPACE_CPIM, "Subject"},    {SPACE_CPIM, "NS"},
        {SPACE_CPIM, "Require"},    {SPACE_IMDN, "Disposition-Notification"},
        {SPACE_IMDN, "Message-ID"}, {SPACE_IMDN, "Original-To"},
        {SPACE_IMDN, "IMDN-Route"}, {SPACE_IMDN, "IMDN-Record-Route"},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].space == space && cw_str_eq_cstr(name, known[i].name))
            return true;
    return false;
}

static bool is_met(const struct spaces *spaces, struct cw_str required)
{
    while (required.n) {
        ptrdiff_t comma = cw_str_index(required, ',');
        struct cw_str one =
            cw_str_trim(comma < 0 ? required : cw_str_sub(required, 0, (size_t)comma));
        enum space space;
        struct cw_str name = resolve(spaces, one, &space);
        required = comma < 0 ? CW_S("") : cw_str_sub(required, (size_t)comma + 1, required.n);
        if (!is_known(name, space))
            return false;
    }
    return true;
}

/* Of a header that stands there twice the first one counts: nothing later takes its place. */
static void keep(struct cw_str *where, struct cw_str value)
{
    if (!cw_str_is_present(*where))
        *where = value;
}

static void read_imdn_header(struct cw_str name, struct cw_str value, struct cw_cpim *out)
{
    if (cw_str_eq_cstr(name, "Message-ID"))
        keep(&out->message_id, value);
    else if (cw_str_eq_cstr(name, "Disposition-Notification"))
        out->asks |= read_asks(value);
    else if (cw_str_eq_cstr(name, "Original-To"))
        keep(&out->original_to, uri_of(value));
    else if (cw_str_eq_cstr(name, "IMDN-Record-Route") && out->n_routes < CW_CPIM_MAX_ROUTES &&
             cw_str_is_present(uri_of(value)))
        out->routes[out->n_routes++] = uri_of(value);
}

static enum cw_cpim_fault read_cpim_header(const struct spaces *spaces, struct cw_str name,
                                           struct cw_str value, struct cw_cpim *out)
{
    if (cw_str_eq_cstr(name, "From"))
        keep(&out->from_uri, uri_of(value));
    else if (cw_str_eq_cstr(name, "To"))
        keep(&out->to_uri, uri_of(value));
    else if (cw_str_eq_cstr(name, "DateTime"))
        keep(&out->date_time, value);
    else if (cw_str_eq_cstr(name, "Subject"))
        keep(&out->subject, value);
    else if (cw_str_eq_cstr(name, "Require") && !is_met(spaces, value))
        return CW_CPIM_REQUIRES;
    return CW_CPIM_OK;
}

static enum cw_cpim_fault read_message_headers(struct cw_arena *arena, struct cw_str *rest,
                                               struct cw_cpim *out)
{
    struct spaces spaces = {.n = 0};
    struct cw_str line;
    for (size_t n = 0; n <= CW_CPIM_MAX_HEADERS && take_line(rest, &line); n++) {
        struct cw_str name, value;
        enum space space;
        enum cw_cpim_fault fault = CW_CPIM_OK;
        if (line.n == 0)
            return CW_CPIM_OK;
        if (!split_header(line, &name, &value) || !cw_str_is_utf8(value))
            return CW_CPIM_MALFORMED;
        value = unescape(arena, value);
        name = resolve(&spaces, name, &space);
        if (cw_str_eq_cstr(name, "NS") && space == SPACE_CPIM) {
            if (!declare(&spaces, value))
                return CW_CPIM_MALFORMED;
        } else if (space == SPACE_CPIM) {
            fault = read_cpim_header(&spaces, name, value, out);
        } else if (space == SPACE_IMDN) {
            read_imdn_header(name, value, out);
        }
        if (fault)
            return fault;
    }
    return CW_CPIM_MALFORMED; /* no end, or too far away */
}

/* --- content ----------------------------------------------------------------------------------*/

/* MIME folds long headers: what begins with white space goes on with the value. */
static bool take_content_header(struct cw_str *rest, struct cw_str *name, struct cw_str *value)
{
    struct cw_str line, next;
    if (!take_line(rest, &line))
        return false;
    const char *start = line.p;
    const char *end = line.p + line.n;
    while (rest->n && (rest->p[0] == ' ' || rest->p[0] == '\t') && take_line(rest, &next))
        end = next.p + next.n;
    if (!split_header(line, name, value))
        return false;
    size_t at = name->n + 1;
    *value = cw_str_trim(
        cw_str_sub((struct cw_str){start, (size_t)(end - start)}, at, (size_t)(end - start)));
    return true;
}

struct content {
    struct cw_str length, transfer;
};

static bool read_content_headers(struct cw_str *rest, struct content *content, struct cw_cpim *out)
{
    const struct {
        struct cw_str name;
        struct cw_str *where;
    } fields[] = {
        {CW_STR("Content-Type"), &out->content_type},
        {CW_STR("Content-Disposition"), &out->content_disposition},
        {CW_STR("Content-Encoding"), &out->content_encoding},
        {CW_STR("Content-Length"), &content->length},
        {CW_STR("Content-Transfer-Encoding"), &content->transfer},
    };
    for (size_t n = 0; n < CW_CPIM_MAX_HEADERS; n++) {
        struct cw_str name, value, peek = *rest, line;
        if (!take_line(&peek, &line))
            return false;
        if (line.n == 0) {
            *rest = peek;
            return true;
        }
        if (!take_content_header(rest, &name, &value))
            return false;
        for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
            if (cw_str_eq_nocase(name, fields[i].name))
                keep(fields[i].where, value);
    }
    return false;
}

static bool unbase64(struct cw_arena *arena, struct cw_str text, struct cw_str *out)
{
    char *joined = cw_arena_alloc(arena, text.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] == '\0' || !strchr(" \t\r\n", text.p[i]))
            joined[n++] = text.p[i];
    return cw_unbase64(arena, (struct cw_str){joined, n}, out);
}

static enum cw_cpim_fault read_body(struct cw_arena *arena, struct cw_str rest,
                                    const struct content *content, struct cw_cpim *out)
{
    uint64_t length;
    static const char *const identities[] = {"7bit", "8bit", "binary"};
    out->body = rest.p ? rest : CW_S("");
    if (cw_str_is_present(content->length)) {
        if (!cw_str_to_u64(content->length, &length) || length > rest.n)
            return CW_CPIM_MALFORMED;
        out->body = cw_str_sub(out->body, 0, (size_t)length);
    }
    if (!cw_str_is_present(content->transfer))
        return CW_CPIM_OK;
    for (size_t i = 0; i < sizeof identities / sizeof *identities; i++)
        if (cw_str_eq_nocase(content->transfer, cw_str_of(identities[i])))
            return CW_CPIM_OK;
    if (!cw_str_eq_nocase(content->transfer, CW_S("base64")))
        return CW_CPIM_ENCODING;
    return unbase64(arena, out->body, &out->body) ? CW_CPIM_OK : CW_CPIM_MALFORMED;
}

enum cw_cpim_fault cw_cpim_parse(struct cw_arena *arena, struct cw_str text, struct cw_cpim *out)
{
    struct cw_str rest = text;
    struct content content = {.length = CW_STR_NONE};
    *out = (struct cw_cpim){0};
    enum cw_cpim_fault fault = read_message_headers(arena, &rest, out);
    if (!fault && !read_content_headers(&rest, &content, out))
        fault = CW_CPIM_MALFORMED;
    if (!fault)
        fault = read_body(arena, rest, &content, out);
    if (fault)
        *out = (struct cw_cpim){0};
    return fault;
}
