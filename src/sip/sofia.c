/* Hands a message to sofia's parser (msg, sip, url layers only).
 *
 * Sofia gets the head written anew from the lines that we read: the start line and the headers
 * that this gateway acts on, unfolded, without Content-Length and body.  So both see the same
 * lines, a header that nobody needs cannot spoil the message (RFC 3261 section 8.2), and any error
 * that sofia marks concerns a header that counts. */
#include "sip/message_priv.h"

#include <string.h>

#include <sofia-sip/msg.h>
#include <sofia-sip/msg_addr.h>
#include <sofia-sip/msg_date.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_parser.h>
#include <sofia-sip/sip_util.h>
#include <sofia-sip/su.h>

#include "base/buf.h"
#include "sip/build.h"
#include "sip/check_priv.h"

static const struct {
    struct cw_str name;
    const char *complaint;
} acted_on[] = {
    {CW_STR("via"), "Via is malformed"},
    {CW_STR("from"), "From is malformed"},
    {CW_STR("to"), "To is malformed"},
    {CW_STR("call-id"), "Call-ID is malformed"},
    {CW_STR("cseq"), "CSeq is malformed"},
    {CW_STR("max-forwards"), "Max-Forwards is malformed"},
    {CW_STR("contact"), "Contact is malformed"},
    {CW_STR("content-type"), "Content-Type is malformed"},
    {CW_STR("content-encoding"), "Content-Encoding is malformed"},
    {CW_STR("content-language"), "Content-Language is malformed"},
    {CW_STR("date"), "Date is malformed"},
    {CW_STR("expires"), "Expires is malformed"},
    {CW_STR("require"), "Require is malformed"},
    {CW_STR("accept"), "Accept is malformed"},
    {CW_STR("event"), "Event is malformed"},
    {CW_STR("subscription-state"), "Subscription-State is malformed"},
    {CW_STR("retry-after"), "Retry-After is malformed"},
};

static ptrdiff_t acted_on_index(struct cw_str name)
{
    for (size_t i = 0; i < sizeof acted_on / sizeof *acted_on; i++)
        if (cw_sip_name_is(name, acted_on[i].name))
            return (ptrdiff_t)i;
    return -1;
}

/* Once a process: sofia keeps its header tables there. */
static void init_once(void)
{
    static bool is_ready;
    if (!is_ready) {
        su_init();
        is_ready = true;
    }
}

/* A control can only be a quoted-pair of a display name here; sofia's C strings would end at a NUL,
 * so it sees an escaped space. */
static void write_value(struct cw_buf *out, struct cw_str value)
{
    size_t from = out->n;
    cw_buf_puts(out, value);
    for (size_t i = from; i < out->n; i++)
        if ((unsigned char)out->p[i] < 0x20 || out->p[i] == 0x7f)
            out->p[i] = ' ';
}

static void write_head(const struct cw_sip_message *m, struct cw_buf *out)
{
    /* Sofia refuses some tokens as methods (RFC 4475 section 3.1.1.2); ours are read already. */
    struct cw_str method = cw_sip_method_is_known(m->method) ? m->method : CW_S("UNKNOWN");
    if (m->kind == CW_SIP_KIND_REQUEST)
        cw_buf_printf(out, "%.*s %.*s SIP/2.0\r\n", CW_ARG(method), CW_ARG(m->request_uri));
    else
        cw_buf_printf(out, "SIP/2.0 %d -\r\n", m->status);
    for (size_t i = 0; i < m->head.n; i++) {
        const struct cw_sip_line *line = &m->head.lines[i];
        ptrdiff_t which = acted_on_index(line->name);
        if (which < 0)
            continue;
        cw_buf_puts(out, acted_on[which].name);
        cw_buf_putcstr(out, ": ");
        if (m->kind == CW_SIP_KIND_REQUEST && cw_str_eq_cstr(acted_on[which].name, "cseq"))
            cw_buf_printf(out, "%u %.*s", m->cseq, CW_ARG(method));
        else
            write_value(out, line->value);
        cw_buf_putcstr(out, "\r\n");
    }
    cw_buf_putcstr(out, "\r\n");
}

static const char *complaint_of(const sip_error_t *error)
{
    const char *text = error->er_common->h_data;
    struct cw_str line = {text, text ? error->er_common->h_len : 0};
    ptrdiff_t colon = cw_str_index(line, ':');
    ptrdiff_t which = colon > 0 ? acted_on_index(cw_str_sub(line, 0, (size_t)colon)) : -1;
    return which >= 0 ? acted_on[which].complaint : "a header field is malformed";
}

bool cw_sip_sofia_parse(struct cw_sip_message *m, const char **why)
{
    init_once();
    struct cw_buf head = {0};
    write_head(m, &head);
    m->msg = msg_make(sip_default_mclass(), MSG_DO_EXTRACT_COPY, head.p, (ssize_t)head.n);
    cw_buf_free(&head);
    m->sip = m->msg ? sip_object(m->msg) : NULL;
    if (!m->sip || msg_has_error(m->msg) || (!m->sip->sip_request && !m->sip->sip_status)) {
        *why = "the message does not parse";
        return false;
    }
    if (m->sip->sip_error) {
        *why = complaint_of(m->sip->sip_error);
        return false;
    }
    if (sip_sanity_check(m->sip) != 0) {
        *why = "the message fails the sanity checks";
        return false;
    }
    return true;
}

bool cw_sip_is_date(struct cw_str text)
{
    msg_time_t time;
    char *copy = cw_strdup(text);
    const char *rest = copy;
    bool is_date = strlen(copy) == text.n && msg_date_d(&rest, &time) >= 0 && *rest == '\0';
    cw_free(copy);
    return is_date;
}
