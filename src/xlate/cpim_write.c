/* Writing CPIM messages; see cpim.h. */
#include <string.h>

#include "xlate/cpim.h"

/* Section 2.3.1: the backslash and every control character; nothing else. */
static void put_escaped(struct cw_buf *out, struct cw_str text)
{
    static const char controls[] = "\b\t\n\r\\", escapes[] = "btnr\\";
    for (size_t i = 0; i < text.n; i++) {
        const char *known = text.p[i] ? strchr(controls, text.p[i]) : NULL;
        unsigned char c = (unsigned char)text.p[i];
        if (known)
            cw_buf_printf(out, "\\%c", escapes[known - controls]);
        else if (c < 0x20 || c == 0x7F)
            cw_buf_printf(out, "\\u%04x", c);
        else
            cw_buf_putc(out, text.p[i]);
    }
}

static void put_text(struct cw_buf *out, const char *name, struct cw_str value)
{
    if (!cw_str_is_present(value))
        return;
    cw_buf_printf(out, "%s: ", name);
    put_escaped(out, cw_str_is_utf8(value) ? value : CW_S(""));
    cw_buf_putcstr(out, "\r\n");
}

/* Printable ASCII without what would end the value or begin an escape. */
static bool has_form(struct cw_str value, const char *never)
{
    for (size_t i = 0; i < value.n; i++)
        if (value.p[i] <= ' ' || value.p[i] >= 0x7F || strchr(never, value.p[i]))
            return false;
    return value.n > 0;
}

static void put_uri(struct cw_buf *out, const char *name, struct cw_str uri)
{
    if (has_form(uri, "<>\"\\"))
        cw_buf_printf(out, "%s: <%.*s>\r\n", name, CW_ARG(uri));
}

static void put_token(struct cw_buf *out, const char *name, struct cw_str token)
{
    if (has_form(token, "()<>@,;:\\\"/[]?={}"))
        cw_buf_printf(out, "%s: %.*s\r\n", name, CW_ARG(token));
}

static void put_asks(struct cw_buf *out, unsigned asks)
{
    bool is_both = asks == (CW_CPIM_POSITIVE_DELIVERY | CW_CPIM_NEGATIVE_DELIVERY);
    if (asks)
        cw_buf_printf(out, "imdn.Disposition-Notification: %s%s%s\r\n",
                      asks & CW_CPIM_POSITIVE_DELIVERY ? "positive-delivery" : "",
                      is_both ? ", " : "",
                      asks & CW_CPIM_NEGATIVE_DELIVERY ? "negative-delivery" : "");
}

/* A header of the content: one line, as it is, or not at all. */
static void put_content(struct cw_buf *out, const char *name, struct cw_str value)
{
    for (size_t i = 0; i < value.n; i++)
        if ((unsigned char)value.p[i] < ' ' || value.p[i] == 0x7F)
            return;
    if (value.n)
        cw_buf_printf(out, "%s: %.*s\r\n", name, CW_ARG(value));
}

void cw_cpim_write(struct cw_buf *out, const struct cw_cpim *cpim)
{
    put_uri(out, "From", cpim->from_uri);
    put_uri(out, "To", cpim->to_uri);
    put_text(out, "DateTime", cpim->date_time);
    put_text(out, "Subject", cpim->subject);
    if (cw_str_is_present(cpim->message_id) || cpim->n_routes) {
        cw_buf_putcstr(out, "NS: imdn <urn:ietf:params:imdn>\r\n");
        put_token(out, "imdn.Message-ID", cpim->message_id);
        put_asks(out, cpim->asks);
        put_uri(out, "imdn.Original-To", cpim->original_to);
        for (size_t i = 0; i < cpim->n_routes; i++)
            put_uri(out, "imdn.IMDN-Route", cpim->routes[i]);
    }
    cw_buf_putcstr(out, "\r\n");
    put_content(out, "Content-Type", cpim->content_type);
    put_content(out, "Content-Disposition", cpim->content_disposition);
    cw_buf_printf(out, "Content-Length: %zu\r\n\r\n", cpim->body.n);
    cw_buf_puts(out, cpim->body);
}
