/* The stream framer: however the bytes are cut, the same messages come out, and what is called a
 * message is no larger than the limit.  Each goes to the parser, as it would in the gateway. */
#include "fuzz.h"

#include "sip/framing.h"
#include "sip/message.h"

enum { MAX_BYTES = 2048 };

struct reading {
    struct cw_sip_framer *framer;
    struct cw_buf events;
};

static void tell(struct reading *r, enum cw_sip_frame kind, struct cw_str frame)
{
    cw_buf_printf(&r->events, "%s ", cw_sip_frame_name(kind));
    if (kind == CW_SIP_FRAME_MESSAGE) {
        struct cw_sip_message *m = cw_sip_message_parse(frame, CW_SIP_TCP);

        cw_assert(frame.n <= MAX_BYTES);
        cw_buf_puts(&r->events, frame);
        cw_sip_message_free(&m);
    }
    if (kind == CW_SIP_FRAME_MALFORMED)
        cw_buf_printf(&r->events, "%d %s", cw_sip_framer_status(r->framer),
                      cw_sip_framer_reason(r->framer));
}

static void on_piece(void *arg, struct cw_str piece)
{
    struct reading *r = arg;
    enum cw_sip_frame kind;
    struct cw_str frame;

    cw_sip_framer_feed(r->framer, piece);
    while ((kind = cw_sip_framer_next(r->framer, &frame)) != CW_SIP_FRAME_NEED_MORE)
        tell(r, kind, frame);
}

static struct cw_buf read_in_pieces(struct cw_str input, size_t piece_bytes)
{
    struct reading r = {.framer = cw_sip_framer_new(MAX_BYTES)};

    fuzz_feed(input, piece_bytes, on_piece, &r);
    cw_buf_printf(&r.events, "inside %d", cw_sip_framer_is_inside(r.framer));
    cw_sip_framer_free(&r.framer);
    return r.events;
}

void fuzz_input(struct cw_str input)
{
    struct cw_buf whole = read_in_pieces(input, 0), bytes = read_in_pieces(input, 1),
                  pieces = read_in_pieces(input, 5);

    cw_assert(cw_str_eq(cw_buf_str(&whole), cw_buf_str(&bytes)));
    cw_assert(cw_str_eq(cw_buf_str(&whole), cw_buf_str(&pieces)));
    cw_buf_free(&whole);
    cw_buf_free(&bytes);
    cw_buf_free(&pieces);
}
