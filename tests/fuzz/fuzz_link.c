/* Frames of the link between edge and gateway, as either side reads them (first octet odd: the
 * gateway): however they are cut, the same messages come out, and a stanza that came through is
 * written again so that the other side reads the same. */
#include "fuzz.h"

#include "link/link.h"
#include "xmpp/ns.h"

struct reading {
    struct cw_link *link;
    struct cw_buf events;
    bool is_over;
};

static void write_node(struct cw_buf *out, const struct cw_xml *node)
{
    if (node)
        cw_xml_write(out, node, &(struct cw_xml_scope){.default_ns = CW_NS_LINK});
}

/* All of it, whatever the kind: what is not of that kind is zero. */
static void tell(struct reading *r, const struct cw_link_event *e)
{
    cw_buf_printf(&r->events, "%d %llu %llu %llu %d %d", (int)e->kind, (unsigned long long)e->n,
                  (unsigned long long)e->version, (unsigned long long)e->outcome.n,
                  (int)e->outcome.result, (int)e->outcome.reason);
    cw_buf_putc(&r->events, e->more ? '+' : '.');
    cw_buf_puts(&r->events, e->instance);
    cw_buf_puts(&r->events, e->json);
    cw_buf_puts(&r->events, e->local);
    cw_buf_puts(&r->events, e->remote);
    if (e->kind != CW_LINK_BROKEN) /* of two faults at once either may be told */
        cw_buf_puts(&r->events, e->text);
    cw_buf_puts(&r->events, e->outcome.text);
    write_node(&r->events, e->outcome.error);
    if (e->kind == CW_LINK_STANZA)
        cw_link_write_stanza(&r->events, e->n, e->stanza);
    cw_assert(e->kind != CW_LINK_ENDED || (e->local.n > 0 && e->remote.n > 0));
    cw_assert(e->kind != CW_LINK_BROKEN || e->text.n > 0);
    cw_buf_putc(&r->events, '\n');
}

static void on_piece(void *arg, struct cw_str piece)
{
    struct reading *r = arg;
    enum cw_link_event_kind kind;
    struct cw_link_event e;

    if (r->is_over)
        return;
    cw_link_feed(r->link, piece);
    while (!r->is_over && (kind = cw_link_next(r->link, &e)) != CW_LINK_MORE) {
        tell(r, &e);
        r->is_over = kind == CW_LINK_CLOSED || kind == CW_LINK_BROKEN;
    }
}

static struct cw_buf read_in_pieces(enum cw_link_side side, struct cw_str input, size_t piece_bytes)
{
    struct reading r = {.link = cw_link_new(side, CW_S("us"))};

    fuzz_feed(input, piece_bytes, on_piece, &r);
    cw_link_free(&r.link);
    return r.events;
}

void fuzz_input(struct cw_str input)
{
    enum cw_link_side side = fuzz_octet(&input) % 2 ? CW_LINK_GATEWAY : CW_LINK_EDGE;
    struct cw_buf whole = read_in_pieces(side, input, 0), bytes = read_in_pieces(side, input, 1);

    cw_assert(cw_str_eq(cw_buf_str(&whole), cw_buf_str(&bytes)));
    cw_buf_free(&whole);
    cw_buf_free(&bytes);
}
