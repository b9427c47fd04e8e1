/* Content-Type is read by its own grammar, not by looking for "text/plain" at its front: a
 * parameter value may be quoted and hold anything. */
#include "xlate/content.h"

#include <string.h>

#include "xlate/text.h"

static bool is_token_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("-.!%*_+`'~", c) != NULL);
}

static void skip_space(struct cw_str *rest)
{
    while (rest->n && strchr(" \t\r\n", rest->p[0]) && rest->p[0])
        *rest = cw_str_sub(*rest, 1, rest->n);
}

static struct cw_str take_token(struct cw_str *rest)
{
    size_t n = 0;
    skip_space(rest);
    while (n < rest->n && is_token_char(rest->p[n]))
        n++;
    struct cw_str token = cw_str_sub(*rest, 0, n);
    *rest = cw_str_sub(*rest, n, rest->n);
    skip_space(rest);
    return token;
}

static bool take_char(struct cw_str *rest, char c)
{
    if (!rest->n || rest->p[0] != c)
        return false;
    *rest = cw_str_sub(*rest, 1, rest->n);
    return true;
}

/* A quoted string without its quotes; false when it does not end. */
static bool take_quoted(struct cw_arena *arena, struct cw_str *rest, struct cw_str *out)
{
    char *text = cw_arena_alloc(arena, rest->n + 1);
    size_t n = 0;

    for (size_t i = 0; i < rest->n; i++) {
        char c = rest->p[i];
        if (c == '"') {
            *out = (struct cw_str){text, n};
            *rest = cw_str_sub(*rest, i + 1, rest->n);
            skip_space(rest);
            return true;
        }
        if (c == '\\' && ++i < rest->n)
            c = rest->p[i];
        text[n++] = c;
    }
    return false;
}

bool cw_media_type_parse(struct cw_arena *arena, struct cw_str content_type,
                         struct cw_media_type *out)
{
    struct cw_str rest = content_type;

    *out = (struct cw_media_type){.type = take_token(&rest)};
    if (!out->type.n || !take_char(&rest, '/'))
        return false;
    out->subtype = take_token(&rest);
    if (!out->subtype.n)
        return false;
    while (take_char(&rest, ';')) {
        struct cw_str name = take_token(&rest), value;
        if (!name.n || !take_char(&rest, '='))
            return false;
        skip_space(&rest);
        if (!take_char(&rest, '"'))
            value = take_token(&rest);
        else if (!take_quoted(arena, &rest, &value))
            return false;
        if (cw_str_eq_nocase(name, CW_S("charset")) && !cw_str_is_present(out->charset))
            out->charset = value;
    }
    return rest.n == 0;
}

bool cw_media_type_is_listed(struct cw_arena *arena, struct cw_str accept, struct cw_str type)
{
    while (accept.n) {
        struct cw_media_type media;
        ptrdiff_t comma = cw_str_index(accept, ',');
        struct cw_str one = comma < 0 ? accept : cw_str_sub(accept, 0, (size_t)comma);
        accept = comma < 0 ? CW_S("") : cw_str_sub(accept, (size_t)comma + 1, accept.n);
        if (cw_media_type_parse(arena, one, &media) &&
            cw_str_eq_nocase(
                cw_arena_printf(arena, "%.*s/%.*s", CW_ARG(media.type), CW_ARG(media.subtype)),
                type))
            return true;
    }
    return false;
}

/* --- bodies -----------------------------------------------------------------------------------*/

/* A body, of the request or of the envelope in it. */
struct part {
    struct cw_str type, encoding, body;
};

static int refuse(struct cw_sip_response *out, int status, const char *reason)
{
    *out = (struct cw_sip_response){.status = status, .reason_phrase = cw_str_of(reason)};
    if (status == 415)
        out->accept = CW_S(CW_CONTENT_TYPES);
    return status;
}

static int read_text(struct cw_arena *arena, const struct part *part, struct cw_str charset,
                     struct cw_content *out, struct cw_sip_response *refusal)
{
    struct cw_str decoded;
    out->kind = CW_CONTENT_TEXT;
    /* RFC 3261 section 7.4.1: text is UTF-8 when nothing else is said. */
    if (!cw_str_is_present(charset))
        charset = CW_S("utf-8");
    if (!cw_text_from_charset(arena, part->body, charset, &decoded)) {
        refuse(refusal, 415, "Unsupported Charset");
        refusal->accept = CW_S("text/plain;charset=utf-8");
        return 415;
    }
    out->text = cw_text_xml(arena, decoded);
    return 0;
}

static int read_composing(struct cw_arena *arena, const struct part *part, struct cw_content *out,
                          struct cw_sip_response *refusal)
{
    enum cw_composing_fault fault = cw_composing_parse(arena, part->body, &out->composing);
    out->kind = CW_CONTENT_COMPOSING;
    return fault ? refuse(refusal, fault == CW_COMPOSING_TOO_LARGE ? 413 : 400,
                          cw_composing_fault_text(fault))
                 : 0;
}

static int read_report(struct cw_arena *arena, const struct part *part, struct cw_content *out,
                       struct cw_sip_response *refusal)
{
    enum cw_imdn_fault fault = cw_imdn_parse(arena, part->body, &out->report);
    out->kind = CW_CONTENT_REPORT;
    return fault
               ? refuse(refusal, fault == CW_IMDN_TOO_LARGE ? 413 : 400, cw_imdn_fault_text(fault))
               : 0;
}

static int read_part(struct cw_arena *, const struct part *, struct cw_content *,
                     struct cw_sip_response *refusal);

/* One envelope: another inside it is content that is not taken. */
static int read_envelope(struct cw_arena *arena, const struct part *part, struct cw_content *out,
                         struct cw_sip_response *refusal)
{
    enum cw_cpim_fault fault = cw_cpim_parse(arena, part->body, &out->cpim);
    if (fault)
        return refuse(refusal, fault == CW_CPIM_MALFORMED ? 400 : 415, cw_cpim_fault_text(fault));
    const struct cw_cpim *cpim = &out->cpim;
    const struct part inner = {
        .type = cw_str_is_present(cpim->content_type) ? cpim->content_type : CW_S("text/plain"),
        .encoding = cpim->content_encoding,
        .body = cpim->body,
    };
    out->is_wrapped = true;
    return read_part(arena, &inner, out, refusal);
}

static int read_part(struct cw_arena *arena, const struct part *part, struct cw_content *out,
                     struct cw_sip_response *refusal)
{
    struct cw_media_type media;

    if (part->encoding.n && !cw_str_eq_nocase(cw_str_trim(part->encoding), CW_S("identity"))) {
        refuse(refusal, 415, "Unsupported Content-Encoding");
        refusal->accept = CW_STR_NONE;
        refusal->accept_encoding = CW_S("identity");
        return 415;
    }
    if (!cw_str_is_present(part->type))
        return part->body.n ? refuse(refusal, 400, "Missing Content-Type") : 0;
    if (!cw_media_type_parse(arena, part->type, &media))
        return refuse(refusal, 400, "Malformed Content-Type");
    struct cw_str type =
        cw_arena_printf(arena, "%.*s/%.*s", CW_ARG(media.type), CW_ARG(media.subtype));
    if (cw_str_eq_nocase(type, CW_S("text/plain")))
        return read_text(arena, part, media.charset, out, refusal);
    if (cw_str_eq_nocase(type, CW_COMPOSING_TYPE))
        return read_composing(arena, part, out, refusal);
    if (cw_str_eq_nocase(type, CW_IMDN_TYPE))
        return read_report(arena, part, out, refusal);
    if (cw_str_eq_nocase(type, CW_CPIM_TYPE) && !out->is_wrapped)
        return read_envelope(arena, part, out, refusal);
    return refuse(refusal, 415, "Unsupported Media Type");
}

int cw_content_read(struct cw_arena *arena, const struct cw_sip_request *request,
                    struct cw_content *out, struct cw_sip_response *refusal)
{
    const struct part whole = {
        .type = request->content_type,
        .encoding = request->content_encoding,
        .body = cw_str_is_present(request->body) ? request->body : CW_S(""),
    };
    *out = (struct cw_content){.text = CW_S("")};
    return read_part(arena, &whole, out, refusal);
}
