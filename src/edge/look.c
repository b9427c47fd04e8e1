/* Connects, says hello, starts TLS and tells; see look.h. */
#include "edge/look.h"

#include "xml/reader.h"
#include "xmpp/ns.h"
#include "xmpp/stream.h"

enum { MAX_ELEMENT_BYTES = 10000 };

struct edge_look {
    struct edge *edge;
    edge_look_fn *fn;
    void *arg;
    struct cw_arena arena;
    struct cw_str domain;
    bool is_direct_tls, is_connected, speaks_xmpp;
    struct cw_conn *conn;
    struct cw_xml_reader *reader; /* until TLS */
    struct cw_timer *patience;
};

void edge_look_cancel(struct edge_look **ptr)
{
    struct edge_look *look = *ptr;
    *ptr = NULL;
    if (!look)
        return;
    cw_conn_free(&look->conn);
    cw_xml_reader_free(&look->reader);
    cw_timer_free(&look->patience);
    cw_arena_free(&look->arena);
    cw_free(look);
}

static void tell(struct edge_look *look, enum edge_look_end end, const struct cw_tls_facts *tls,
                 struct cw_str text)
{
    look->fn(look->arg, &(struct edge_look_answer){.end = end, .tls = tls, .text = text});
    edge_look_cancel(&look);
}

/* It came so far and no further. */
static void stop(struct edge_look *look, struct cw_str text)
{
    enum edge_look_end end = look->speaks_xmpp    ? EDGE_LOOK_NO_TLS
                             : look->is_connected ? EDGE_LOOK_NOT_XMPP
                                                  : EDGE_LOOK_UNREACHABLE;
    tell(look, end, NULL, text);
}

/* --- its stream -------------------------------------------------------------------------------*/

static void start_tls(struct edge_look *look)
{
    struct cw_tls_start start =
        edge_stream_tls(look->edge, CW_STR_NONE, look->domain, look->is_direct_tls);
    cw_xml_reader_free(&look->reader);
    cw_conn_start_tls(look->conn, &start);
}

static void greet(struct edge_look *look)
{
    struct cw_buf out = {0};
    struct cw_xml_limits limits = CW_XML_LIMITS_DEFAULT;
    cw_stream_header_write(&out, &(struct cw_stream_header){
                                     .default_ns = CW_NS_SERVER, .to = look->domain, .major = 1});
    cw_conn_write(look->conn, cw_buf_str(&out));
    cw_buf_free(&out);
    limits.max_element_bytes = MAX_ELEMENT_BYTES;
    look->reader = cw_xml_reader_new(&limits);
}

/* False: the look is gone. */
static bool on_element(struct edge_look *look, const struct cw_xml *element)
{
    struct cw_stream_features features;
    if (cw_xml_is(element, CW_NS_TLS, "proceed")) {
        start_tls(look);
        return true;
    }
    if (!cw_xml_is(element, CW_NS_STREAM, "features")) {
        stop(look, CW_S("it ends the stream at once"));
        return false;
    }
    cw_stream_features_read(element, &features);
    if (!features.starttls) {
        stop(look, CW_S("it does not offer STARTTLS"));
        return false;
    }
    cw_conn_write(look->conn, CW_S("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"));
    return true;
}

static void on_data(void *arg, struct cw_str bytes)
{
    struct edge_look *look = arg;
    struct cw_xml *node = NULL;
    cw_xml_reader_feed(look->reader, bytes);
    while (look->reader) {
        switch (cw_xml_reader_next(look->reader, &look->arena, &node)) {
        case CW_XML_MORE:
            return;
        case CW_XML_STREAM_OPEN:
            look->speaks_xmpp = true;
            break;
        case CW_XML_ELEMENT:
            if (!on_element(look, node))
                return;
            break;
        case CW_XML_STREAM_CLOSE:
            stop(look, CW_S("it closes the stream"));
            return;
        case CW_XML_BROKEN:
            stop(look, CW_S("what it says is no XMPP"));
            return;
        }
    }
}

/* --- its connection ---------------------------------------------------------------------------*/

static void on_connected(void *arg)
{
    struct edge_look *look = arg;
    look->is_connected = true;
    if (look->is_direct_tls)
        start_tls(look);
    else
        greet(look);
}

static void on_tls_up(void *arg, const struct cw_tls_facts *tls)
{
    tell(arg, EDGE_LOOK_TLS, tls, CW_STR_NONE);
}

static void on_closed(void *arg, enum cw_conn_end end, struct cw_str sentence)
{
    (void)end;
    stop(arg, sentence);
}

static void on_impatient(void *arg)
{
    stop(arg, CW_S("it did not answer in time"));
}

struct edge_look *edge_look_start(struct edge *edge, const struct edge_look_ask *ask,
                                  edge_look_fn *fn, void *arg)
{
    static const struct cw_conn_callbacks callbacks = {.on_connected = on_connected,
                                                       .on_data = on_data,
                                                       .on_tls_up = on_tls_up,
                                                       .on_closed = on_closed};
    struct edge_look *look = cw_alloc(sizeof *look);
    look->edge = edge;
    look->fn = fn;
    look->arg = arg;
    look->domain = cw_arena_dup(&look->arena, ask->domain);
    look->is_direct_tls = ask->is_direct_tls;
    look->patience = cw_timer_new(edge->base, on_impatient, look);
    cw_timer_set(look->patience, ask->timeout_ms);
    look->conn = cw_conn_connect(edge->base, &ask->addr, ask->timeout_ms, &callbacks, look);
    return look;
}
