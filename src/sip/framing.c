/* See framing.h. */
#include "sip/framing.h"

#include "sip/lines_priv.h"
#include "sip/message.h"

struct cw_sip_framer {
    struct cw_buf in;
    size_t at;      /* octets of `in` that were taken; they go with the next feed */
    size_t scanned; /* octets behind `at` that were searched for the end of the head */
    size_t head;    /* octets of the head once its end was found, else 0 */
    size_t length;  /* Content-Length once the head was read */
    size_t max_bytes;
    bool is_inside; /* the current message has begun */
    bool is_dead;   /* malformed was said */
    int status;
    const char *reason;
    struct cw_arena arena; /* lines of the head, for its length */
};

const char *cw_sip_frame_name(enum cw_sip_frame frame)
{
    switch (frame) {
    case CW_SIP_FRAME_NEED_MORE:
        return "need-more";
    case CW_SIP_FRAME_MESSAGE:
        return "message";
    case CW_SIP_FRAME_PING:
        return "ping";
    case CW_SIP_FRAME_MALFORMED:
        return "malformed";
    }
    return "?";
}

struct cw_sip_framer *cw_sip_framer_new(size_t max_bytes)
{
    struct cw_sip_framer *f = cw_alloc(sizeof *f);
    f->max_bytes = max_bytes ? max_bytes : CW_SIP_MAX_MESSAGE_BYTES;
    f->reason = "";
    return f;
}

void cw_sip_framer_free(struct cw_sip_framer **slot)
{
    struct cw_sip_framer *f = *slot;
    if (!f)
        return;
    *slot = NULL;
    cw_buf_free(&f->in);
    cw_arena_free(&f->arena);
    cw_free(f);
}

static struct cw_str unread(const struct cw_sip_framer *f)
{
    return cw_str_sub(cw_buf_str(&f->in), f->at, f->in.n);
}

void cw_sip_framer_feed(struct cw_sip_framer *f, struct cw_str bytes)
{
    /* Once a feed, not once a message: a read full of pings moves its bytes once. */
    cw_buf_consume(&f->in, f->at);
    f->at = 0;
    if (!f->is_dead)
        cw_buf_puts(&f->in, bytes);
}

static enum cw_sip_frame malformed(struct cw_sip_framer *f, int status, const char *reason,
                                   struct cw_str *out)
{
    f->is_dead = true;
    f->status = status;
    f->reason = reason;
    *out = cw_str_sub(unread(f), 0, f->head);
    f->at = f->in.n;
    return CW_SIP_FRAME_MALFORMED;
}

/* Between messages: CRLFCRLF is a ping, a single CRLF is skipped.  True when something was taken;
 * what may still become a ping waits. */
static bool take_blank(struct cw_sip_framer *f, bool *is_ping)
{
    struct cw_str in = unread(f);
    *is_ping = cw_str_starts(in, CW_S("\r\n\r\n"));
    bool is_blank = *is_ping || (cw_str_starts(in, CW_S("\r\n")) && in.n > 2 && in.p[2] != '\r');
    f->at += *is_ping ? 4 : is_blank ? 2 : 0;
    return is_blank;
}

/* Finds the end of the head and reads Content-Length; 1 = both there, 0 = need more, -1 = never. */
static int read_head(struct cw_sip_framer *f, int *status, const char **why)
{
    struct cw_str in = unread(f);
    size_t max_head = f->max_bytes < CW_SIP_MAX_HEAD_BYTES ? f->max_bytes : CW_SIP_MAX_HEAD_BYTES;
    size_t end = cw_sip_head_end(in, f->scanned);
    if (end > max_head || (end == 0 && in.n > max_head)) {
        f->head = max_head;
        *status = 513;
        *why = "the head is too long";
        return -1;
    }
    if (end == 0) {
        f->scanned = in.n > 3 ? in.n - 3 : 0;
        return 0;
    }
    struct cw_sip_head head;
    cw_arena_reset(&f->arena);
    cw_sip_head_scan(&f->arena, cw_str_sub(in, 0, end), &head);
    f->head = end;
    if (head.is_framing_broken || head.fault_status == 513) {
        *status = head.fault_status;
        *why = head.fault;
        return -1;
    }
    int found = cw_sip_head_length(&head, &f->length, why);
    if (found == 0)
        *why = "Content-Length is missing on a stream";
    if (found > 0 && f->length > f->max_bytes - end) {
        *status = 513;
        *why = "the message is too long";
        return -1;
    }
    return found > 0 ? 1 : -1;
}

/* Nothing but the beginning of a ping. */
static bool is_waiting_for_ping(const struct cw_sip_framer *f)
{
    return !f->is_inside && cw_str_starts(CW_S("\r\n\r\n"), unread(f));
}

enum cw_sip_frame cw_sip_framer_next(struct cw_sip_framer *f, struct cw_str *out)
{
    *out = CW_STR_NONE;
    if (f->is_dead)
        return CW_SIP_FRAME_NEED_MORE;
    bool is_ping = false;
    while (!f->is_inside && take_blank(f, &is_ping))
        if (is_ping)
            return CW_SIP_FRAME_PING;
    if (is_waiting_for_ping(f)) /* or nothing at all */
        return CW_SIP_FRAME_NEED_MORE;
    f->is_inside = true;
    if (f->head == 0) {
        int status = 400;
        const char *why = "";
        int found = read_head(f, &status, &why);
        if (found < 0)
            return malformed(f, status, why, out);
        if (found == 0)
            return CW_SIP_FRAME_NEED_MORE;
    }
    if (unread(f).n - f->head < f->length)
        return CW_SIP_FRAME_NEED_MORE;
    *out = cw_str_sub(unread(f), 0, f->head + f->length);
    f->at += out->n;
    f->scanned = f->head = f->length = 0;
    f->is_inside = false;
    return CW_SIP_FRAME_MESSAGE;
}

int cw_sip_framer_status(const struct cw_sip_framer *f)
{
    return f->status;
}

const char *cw_sip_framer_reason(const struct cw_sip_framer *f)
{
    return f->reason;
}

bool cw_sip_framer_is_inside(const struct cw_sip_framer *f)
{
    return f->is_inside && !f->is_dead;
}
