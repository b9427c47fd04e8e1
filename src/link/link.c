/* The link protocol; see link.h. */
#include "link/link.h"

#include <inttypes.h>

#include "xml/reader.h"
#include "xmpp/ns.h"
#include "xmpp/stream.h"

enum { MAX_DOMAIN_BYTES = 255 };

struct cw_link {
    enum cw_link_side side;
    struct cw_str instance;
    struct cw_xml_reader *reader;
    struct cw_arena arena;      /* of the link's life */
    struct cw_arena node_arena; /* of one message */
    bool stale;                 /* the last message may be given back */
    bool greeted;
    uint64_t last_n; /* edge: the greatest number of the gateway's stanzas */
    uint64_t n_read; /* whole messages */
    uint64_t n_seen; /* of these when time was last told */
    uint64_t heard_ms, pinged_ms;
};

static const char *const reason_names[] = {
    [CW_LINK_REASON_NONE] = "none",
    [CW_LINK_REASON_NOT_LISTED] = "not-listed",
    [CW_LINK_REASON_NOT_FOUND] = "not-found",
    [CW_LINK_REASON_UNREACHABLE] = "unreachable",
    [CW_LINK_REASON_REFUSED] = "refused",
    [CW_LINK_REASON_TIMEOUT] = "timeout",
    [CW_LINK_REASON_QUEUE_FULL] = "queue-full",
    [CW_LINK_REASON_LIMIT] = "limit",
    [CW_LINK_REASON_TOO_LARGE] = "too-large",
    [CW_LINK_REASON_STREAM_FAILED] = "stream-failed",
    [CW_LINK_REASON_SHUTDOWN] = "shutdown",
};
enum { N_REASONS = sizeof reason_names / sizeof *reason_names };

const char *cw_link_reason_name(enum cw_link_reason reason)
{
    return reason_names[reason];
}

/* A stanza at its own limit is wrapped once more; a configuration may be larger still.  Who has not
 * said hello gets no such room. */
static struct cw_xml_limits limits_of(size_t max_bytes)
{
    struct cw_xml_limits limits = CW_XML_LIMITS_DEFAULT;
    limits.max_element_bytes = max_bytes;
    limits.max_depth += 2;
    return limits;
}

struct cw_link *cw_link_new(enum cw_link_side side, struct cw_str instance)
{
    struct cw_link *link = cw_alloc(sizeof *link);
    struct cw_xml_limits limits = limits_of(CW_LINK_MAX_HELLO_BYTES);
    link->side = side;
    link->instance = cw_arena_dup(&link->arena, instance);
    link->reader = cw_xml_reader_new(&limits);
    return link;
}

void cw_link_free(struct cw_link **link)
{
    if (!*link)
        return;
    cw_xml_reader_free(&(*link)->reader);
    cw_arena_free(&(*link)->node_arena);
    cw_arena_free(&(*link)->arena);
    cw_free(*link);
    *link = NULL;
}

void cw_link_feed(struct cw_link *link, struct cw_str bytes)
{
    cw_xml_reader_feed(link->reader, bytes);
}

/* --- reading ---------------------------------------------------------------------------------- */

static enum cw_link_event_kind broken(struct cw_link_event *out, const char *why)
{
    out->text = cw_str_of(why);
    return out->kind = CW_LINK_BROKEN;
}

static bool read_number(const struct cw_xml *node, const char *attr, uint64_t *out)
{
    return cw_str_to_u64(cw_xml_attr(node, attr), out);
}

/* Not what a domain is by the standards, only what may stand in its place. */
static bool is_domain(struct cw_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~')
            return false;
    return s.n > 0 && s.n <= MAX_DOMAIN_BYTES;
}

static enum cw_link_event_kind read_hello(struct cw_link *link, struct cw_xml *node,
                                          struct cw_link_event *out)
{
    struct cw_xml_limits limits = limits_of(CW_LINK_MAX_BYTES);
    uint64_t version = 0;
    out->instance = cw_xml_attr(node, "instance");
    if (link->greeted)
        return broken(out, "hello is said once");
    if (!read_number(node, "version", &version) || version != CW_LINK_VERSION)
        return broken(out, "the other side speaks another version of the link protocol");
    if (out->instance.n == 0 || out->instance.n > 64)
        return broken(out, "hello without an instance");
    link->greeted = true;
    cw_xml_reader_set_limits(link->reader, &limits);
    return out->kind = CW_LINK_HELLO;
}

static enum cw_link_event_kind read_config(struct cw_link *link, struct cw_xml *node,
                                           struct cw_link_event *out)
{
    if (link->side != CW_LINK_EDGE || !read_number(node, "version", &out->version))
        return broken(out, "config is not expected here");
    out->json = cw_xml_text(&link->node_arena, node);
    return out->kind = CW_LINK_CONFIG;
}

static enum cw_link_event_kind read_configured(struct cw_link *link, struct cw_xml *node,
                                               struct cw_link_event *out)
{
    if (link->side != CW_LINK_GATEWAY || !read_number(node, "version", &out->version))
        return broken(out, "configured is not expected here");
    out->text = cw_xml_attr(node, "refusal");
    return out->kind = CW_LINK_CONFIGURED;
}

static enum cw_link_event_kind read_stanza(struct cw_link *link, struct cw_xml *node,
                                           struct cw_link_event *out)
{
    out->stanza = cw_xml_first_element(node);
    if (!read_number(node, "n", &out->n) || !out->stanza)
        return broken(out, "stanza without a number or content");
    if (link->side == CW_LINK_EDGE) {
        if (out->n <= link->last_n)
            return broken(out, "stanza with a number that was used before");
        link->last_n = out->n;
    }
    return out->kind = CW_LINK_STANZA;
}

static enum cw_link_event_kind read_outcome(struct cw_link *link, struct cw_xml *node,
                                            struct cw_link_event *out)
{
    struct cw_link_outcome *outcome = &out->outcome;
    struct cw_str result = cw_xml_attr(node, "result"), reason = cw_xml_attr(node, "reason");
    (void)link;
    if (!read_number(node, "n", &outcome->n))
        return broken(out, "outcome without a number");
    if (cw_str_eq_cstr(result, "delivered"))
        outcome->result = CW_LINK_DELIVERED;
    else if (cw_str_eq_cstr(result, "refused"))
        outcome->result = CW_LINK_REFUSED;
    else
        return broken(out, "outcome with an unknown result");
    for (size_t i = 0; i < N_REASONS; i++)
        if (cw_str_eq_cstr(reason, reason_names[i]))
            outcome->reason = (enum cw_link_reason)i;
    outcome->text = cw_xml_attr(node, "text");
    outcome->error = cw_xml_first_element(node);
    return out->kind = CW_LINK_OUTCOME;
}

static enum cw_link_event_kind read_ask(struct cw_link *link, struct cw_xml *node,
                                        struct cw_link_event *out)
{
    if (link->side != CW_LINK_EDGE || !read_number(node, "n", &out->n))
        return broken(out, "ask is not expected here");
    out->json = cw_xml_text(&link->node_arena, node);
    if (out->json.n > CW_LINK_MAX_ASK_BYTES)
        return broken(out, "a question that is too long");
    return out->kind = CW_LINK_ASK;
}

static enum cw_link_event_kind read_answer(struct cw_link *link, struct cw_xml *node,
                                           struct cw_link_event *out)
{
    struct cw_str more = cw_xml_attr(node, "more");
    if (link->side != CW_LINK_GATEWAY || !read_number(node, "n", &out->n))
        return broken(out, "answer is not expected here");
    out->more = cw_str_eq_cstr(more, "true");
    if (cw_str_is_present(more) && !out->more)
        return broken(out, "answer with an unknown value of more");
    out->json = cw_xml_text(&link->node_arena, node);
    if (out->json.n > CW_LINK_MAX_ANSWER_BYTES)
        return broken(out, "an answer that is too long");
    return out->kind = CW_LINK_ANSWER;
}

static enum cw_link_event_kind read_ended(struct cw_link *link, struct cw_xml *node,
                                          struct cw_link_event *out)
{
    out->local = cw_xml_attr(node, "local");
    out->remote = cw_xml_attr(node, "remote");
    if (link->side != CW_LINK_GATEWAY || !is_domain(out->local) || !is_domain(out->remote))
        return broken(out, "ended is not expected here, or not with these domains");
    return out->kind = CW_LINK_ENDED;
}

static enum cw_link_event_kind read_ping(struct cw_link *link, struct cw_xml *node,
                                         struct cw_link_event *out)
{
    (void)link;
    (void)node;
    return out->kind = CW_LINK_PING;
}

static enum cw_link_event_kind read_element(struct cw_link *link, struct cw_xml *node,
                                            struct cw_link_event *out)
{
    static const struct {
        const char *name;
        enum cw_link_event_kind (*read)(struct cw_link *, struct cw_xml *, struct cw_link_event *);
    } rows[] = {{"hello", read_hello},   {"config", read_config},   {"configured", read_configured},
                {"stanza", read_stanza}, {"outcome", read_outcome}, {"ask", read_ask},
                {"answer", read_answer}, {"ended", read_ended},     {"ping", read_ping}};
    if (!cw_str_eq(node->ns, CW_NS_LINK))
        return broken(out, "an element of another namespace");
    if (!link->greeted && !cw_str_eq_cstr(node->name, "hello"))
        return broken(out, "the other side did not say hello first");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (cw_str_eq_cstr(node->name, rows[i].name))
            return rows[i].read(link, node, out);
    return broken(out, "an unknown element");
}

static bool header_is_ours(struct cw_link *link, const struct cw_xml *root)
{
    struct cw_stream_header header;
    return cw_stream_header_read(root, &header) == CW_HEADER_OK &&
           cw_str_eq(cw_xml_reader_default_ns(link->reader), CW_NS_COMPONENT);
}

enum cw_link_event_kind cw_link_next(struct cw_link *link, struct cw_link_event *out)
{
    struct cw_xml *node = NULL;
    *out = (struct cw_link_event){.kind = CW_LINK_MORE};
    if (link->stale)
        cw_arena_reset(&link->node_arena);
    link->stale = false;
    for (;;) {
        switch (cw_xml_reader_next(link->reader, &link->node_arena, &node)) {
        case CW_XML_MORE:
            return CW_LINK_MORE;
        case CW_XML_STREAM_OPEN:
            if (!header_is_ours(link, node))
                return broken(out, "the header is not a link's");
            continue;
        case CW_XML_ELEMENT:
            link->stale = true;
            link->n_read++;
            return read_element(link, node, out);
        case CW_XML_STREAM_CLOSE:
            return out->kind = CW_LINK_CLOSED;
        case CW_XML_BROKEN:
            return broken(out, cw_xml_reader_fault_text(link->reader));
        }
    }
}

/* --- time ------------------------------------------------------------------------------------- */

static bool is_over(uint64_t now_ms, uint64_t since_ms, uint64_t limit_ms)
{
    return now_ms - since_ms >= limit_ms;
}

struct cw_str cw_link_tick(struct cw_link *link, uint64_t now_ms, struct cw_buf *out)
{
    if (link->heard_ms == 0)
        link->heard_ms = link->pinged_ms = now_ms;
    if (link->n_seen != link->n_read) {
        link->n_seen = link->n_read;
        link->heard_ms = now_ms;
    }
    if (!link->greeted)
        return is_over(now_ms, link->heard_ms, CW_LINK_HELLO_MS)
                   ? CW_S("the other side did not say hello in time")
                   : CW_STR_NONE;
    if (is_over(now_ms, link->heard_ms, CW_LINK_SILENT_MS))
        return CW_S("no whole message has come from the other side for too long");
    if (is_over(now_ms, link->pinged_ms, CW_LINK_PING_MS)) {
        link->pinged_ms = now_ms;
        cw_buf_printf(out, "<ping xmlns='%.*s'/>", CW_ARG(CW_NS_LINK));
    }
    return CW_STR_NONE;
}

/* --- writing ---------------------------------------------------------------------------------- */

static void put_attr(struct cw_buf *b, const char *name, struct cw_str value)
{
    if (!cw_str_is_present(value))
        return;
    cw_buf_printf(b, " %s='", name);
    cw_xml_escape(b, value);
    cw_buf_putc(b, '\'');
}

static void put_start(struct cw_buf *b, const char *name)
{
    cw_buf_printf(b, "<%s xmlns='%.*s'", name, CW_ARG(CW_NS_LINK));
}

void cw_link_write_open(const struct cw_link *link, struct cw_buf *b)
{
    struct cw_stream_header header = {.default_ns = CW_NS_COMPONENT};
    cw_stream_header_write(b, &header);
    put_start(b, "hello");
    cw_buf_printf(b, " version='%d'", CW_LINK_VERSION);
    put_attr(b, "instance", link->instance);
    cw_buf_putcstr(b, "/>");
}

void cw_link_write_config(struct cw_buf *b, uint64_t version, struct cw_str json)
{
    put_start(b, "config");
    cw_buf_printf(b, " version='%" PRIu64 "'>", version);
    cw_xml_escape(b, json);
    cw_buf_putcstr(b, "</config>");
}

void cw_link_write_configured(struct cw_buf *b, uint64_t version, struct cw_str refusal)
{
    put_start(b, "configured");
    cw_buf_printf(b, " version='%" PRIu64 "'", version);
    put_attr(b, "refusal", refusal);
    cw_buf_putcstr(b, "/>");
}

void cw_link_write_stanza(struct cw_buf *b, uint64_t n, const struct cw_xml *stanza)
{
    struct cw_xml_scope scope = {.default_ns = CW_NS_LINK};
    put_start(b, "stanza");
    cw_buf_printf(b, " n='%" PRIu64 "'>", n);
    cw_xml_write(b, stanza, &scope);
    cw_buf_putcstr(b, "</stanza>");
}

void cw_link_write_outcome(struct cw_buf *b, const struct cw_link_outcome *outcome)
{
    struct cw_xml_scope scope = {.default_ns = CW_NS_LINK};
    put_start(b, "outcome");
    cw_buf_printf(b, " n='%" PRIu64 "' result='%s'", outcome->n,
                  outcome->result == CW_LINK_DELIVERED ? "delivered" : "refused");
    if (outcome->reason != CW_LINK_REASON_NONE)
        put_attr(b, "reason", cw_str_of(cw_link_reason_name(outcome->reason)));
    put_attr(b, "text", outcome->text);
    if (!outcome->error) {
        cw_buf_putcstr(b, "/>");
        return;
    }
    cw_buf_putc(b, '>');
    cw_xml_write(b, outcome->error, &scope);
    cw_buf_putcstr(b, "</outcome>");
}

void cw_link_write_ask(struct cw_buf *b, uint64_t n, struct cw_str json)
{
    cw_assert(json.n <= CW_LINK_MAX_ASK_BYTES);
    put_start(b, "ask");
    cw_buf_printf(b, " n='%" PRIu64 "'>", n);
    cw_xml_escape(b, json);
    cw_buf_putcstr(b, "</ask>");
}

void cw_link_write_answer(struct cw_buf *b, uint64_t n, bool more, struct cw_str json)
{
    cw_assert(json.n <= CW_LINK_MAX_ANSWER_BYTES);
    put_start(b, "answer");
    cw_buf_printf(b, " n='%" PRIu64 "'%s>", n, more ? " more='true'" : "");
    cw_xml_escape(b, json);
    cw_buf_putcstr(b, "</answer>");
}

void cw_link_write_ended(struct cw_buf *b, struct cw_str local, struct cw_str remote)
{
    put_start(b, "ended");
    put_attr(b, "local", local);
    put_attr(b, "remote", remote);
    cw_buf_putcstr(b, "/>");
}

void cw_link_write_close(struct cw_buf *b)
{
    cw_buf_putcstr(b, "</stream:stream>");
}
