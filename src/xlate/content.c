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

static int refuse(struct cw_sip_response *out, int status, const char *reason)
{
    *out = (struct cw_sip_response){.status = status, .reason_phrase = cw_str_of(reason)};
    if (status == 415)
        out->accept = CW_S("text/plain");
    return status;
}

int cw_content_text(struct cw_arena *arena, const struct cw_sip_request *request,
                    struct cw_str *text, struct cw_sip_response *refusal)
{
    struct cw_media_type media;
    struct cw_str decoded;

    if (request->content_encoding.n &&
        !cw_str_eq_nocase(cw_str_trim(request->content_encoding), CW_S("identity"))) {
        refuse(refusal, 415, "Unsupported Content-Encoding");
        refusal->accept = CW_STR_NONE;
        refusal->accept_encoding = CW_S("identity");
        return 415;
    }
    if (!cw_str_is_present(request->content_type)) {
        *text = CW_S("");
        return request->body.n ? refuse(refusal, 400, "Missing Content-Type") : 0;
    }
    if (!cw_media_type_parse(arena, request->content_type, &media))
        return refuse(refusal, 400, "Malformed Content-Type");
    if (!cw_str_eq_nocase(media.type, CW_S("text")) ||
        !cw_str_eq_nocase(media.subtype, CW_S("plain")))
        return refuse(refusal, 415, "Unsupported Media Type");
    /* RFC 3261 section 7.4.1: text is UTF-8 when nothing else is said. */
    if (!cw_str_is_present(media.charset))
        media.charset = CW_S("utf-8");
    struct cw_str body = cw_str_is_present(request->body) ? request->body : CW_S("");
    if (!cw_text_from_charset(arena, body, media.charset, &decoded)) {
        refuse(refusal, 415, "Unsupported Charset");
        refusal->accept = CW_S("text/plain;charset=utf-8");
        return 415;
    }
    *text = cw_text_xml(arena, decoded);
    return 0;
}
