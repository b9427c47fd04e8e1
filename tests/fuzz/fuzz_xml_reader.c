/* The XML reader: however the bytes are cut, the events are the same; what is written is read back
 * equal; limits hold.  The limits here are small, so that they are met. */
#include "fuzz.h"

#include "xml/reader.h"
#include "xmpp/ns.h"

static const struct cw_xml_limits limits = {
    .max_element_bytes = 1024, .max_depth = 8, .max_attrs = 8, .max_children = 16};

struct reading {
    struct cw_xml_reader *reader;
    struct cw_arena arena;
    struct cw_buf events; /* as text */
    bool is_over;
};

static void write_alone(struct cw_buf *out, const struct cw_xml *node)
{
    cw_xml_write(out, node, &(struct cw_xml_scope){.default_ns = CW_STR("")});
}

/* Written, read and written again it is the same. */
static void check_round_trip(const struct cw_xml *node)
{
    struct cw_arena arena = {0};
    struct cw_buf once = {0}, twice = {0};
    enum cw_xml_fault fault;
    struct cw_xml *again;

    write_alone(&once, node);
    again = cw_xml_parse(&arena, cw_buf_str(&once), &CW_XML_LIMITS_DEFAULT, &fault);
    cw_assert(again != NULL);
    write_alone(&twice, again);
    cw_assert(cw_str_eq(cw_buf_str(&once), cw_buf_str(&twice)));
    cw_buf_free(&once);
    cw_buf_free(&twice);
    cw_arena_free(&arena);
}

static unsigned depth_of(const struct cw_xml *node)
{
    unsigned depth = 0;

    CW_XML_EACH_CHILD (child, node) {
        unsigned d = cw_xml_is_element(child) ? 1 + depth_of(child) : 0;

        depth = d > depth ? d : depth;
    }
    return depth;
}

/* Text in the stream that ends in "]]>" has two faults; expat sees the second before it tells of
 * the first when both come at once. */
static int name_of_fault(const struct reading *r)
{
    enum cw_xml_fault fault = cw_xml_reader_fault(r->reader);

    return fault == CW_XML_FAULT_BAD_FORMAT ? CW_XML_FAULT_NOT_WELL_FORMED : fault;
}

static void tell(struct reading *r, enum cw_xml_event event, const struct cw_xml *node)
{
    switch (event) {
    case CW_XML_STREAM_OPEN:
        cw_buf_putcstr(&r->events, "open ");
        write_alone(&r->events, node);
        cw_buf_puts(&r->events, cw_xml_reader_default_ns(r->reader));
        break;
    case CW_XML_ELEMENT:
        cw_buf_putcstr(&r->events, "element ");
        write_alone(&r->events, node);
        check_round_trip(node);
        cw_assert(depth_of(node) < limits.max_depth);
        break;
    case CW_XML_STREAM_CLOSE:
        cw_buf_putcstr(&r->events, "close");
        break;
    case CW_XML_BROKEN:
        cw_assert(cw_xml_reader_fault(r->reader) != CW_XML_FAULT_NONE);
        cw_buf_printf(&r->events, "broken %d", name_of_fault(r));
        break;
    case CW_XML_MORE:
        return;
    }
    cw_buf_putc(&r->events, '\n');
}

static void on_piece(void *arg, struct cw_str piece)
{
    struct reading *r = arg;
    enum cw_xml_event event = CW_XML_MORE;

    if (r->is_over)
        return;
    cw_xml_reader_feed(r->reader, piece);
    do {
        struct cw_xml *node = NULL;

        event = cw_xml_reader_next(r->reader, &r->arena, &node);
        tell(r, event, node);
        r->is_over = event == CW_XML_BROKEN || event == CW_XML_STREAM_CLOSE;
        if (event == CW_XML_ELEMENT)
            cw_arena_reset(&r->arena);
    } while (event != CW_XML_MORE && !r->is_over);
}

static struct cw_buf read_in_pieces(struct cw_str input, size_t piece_bytes)
{
    struct reading r = {.reader = cw_xml_reader_new(&limits)};

    fuzz_feed(input, piece_bytes, on_piece, &r);
    cw_xml_reader_free(&r.reader);
    cw_arena_free(&r.arena);
    return r.events;
}

void fuzz_input(struct cw_str input)
{
    struct cw_buf whole = read_in_pieces(input, 0), bytes = read_in_pieces(input, 1),
                  pieces = read_in_pieces(input, 7);

    cw_assert(cw_str_eq(cw_buf_str(&whole), cw_buf_str(&bytes)));
    cw_assert(cw_str_eq(cw_buf_str(&whole), cw_buf_str(&pieces)));
    cw_buf_free(&whole);
    cw_buf_free(&bytes);
    cw_buf_free(&pieces);
}
