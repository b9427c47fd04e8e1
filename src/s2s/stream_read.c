/* Bytes to headers and elements, and one table that says who takes which element in which state.
 * What is not in the table is refused by one function: before READY nothing but negotiation is
 * legal, whatever it is called. */
#include "s2s/stream_priv.h"

#define BIT(state)  (1u << (state))
#define ANY_STATE   (~0u)
#define IN          (1u << CW_INBOUND)
#define OUT         (1u << CW_OUTBOUND)
#define NS_STREAM   "http://etherx.jabber.org/streams"
#define NS_TLS      "urn:ietf:params:xml:ns:xmpp-tls"
#define NS_SASL     "urn:ietf:params:xml:ns:xmpp-sasl"
#define NS_DIALBACK "jabber:server:dialback"
#define NS_BIDI     "urn:xmpp:bidi"

static void on_error(struct cw_s2s *, struct cw_xml *);
static void on_nothing(struct cw_s2s *, struct cw_xml *);

static const struct row {
    unsigned directions, states;
    const char *ns, *name;
    void (*take)(struct cw_s2s *, struct cw_xml *);
} rows[] = {
    {IN | OUT, ANY_STATE, NS_STREAM, "error", on_error},

    {IN, BIT(CW_S2S_OPEN) | BIT(CW_S2S_READY), NS_TLS, "starttls", cw_s2s_on_starttls},
    {IN, BIT(CW_S2S_OPEN), NS_SASL, "auth", cw_s2s_on_auth},
    {IN, BIT(CW_S2S_OPEN), NS_SASL, "response", cw_s2s_on_response},
    {IN, BIT(CW_S2S_OPEN), NS_SASL, "abort", cw_s2s_on_abort},
    {IN, BIT(CW_S2S_OPEN) | BIT(CW_S2S_READY), NS_BIDI, "bidi", cw_s2s_on_bidi},
    {IN, BIT(CW_S2S_OPEN) | BIT(CW_S2S_READY), NS_DIALBACK, "result", cw_s2s_on_result_in},
    {IN, BIT(CW_S2S_OPEN) | BIT(CW_S2S_READY), NS_DIALBACK, "verify", cw_s2s_on_verify_in},

    {OUT, BIT(CW_S2S_FEATURES), NS_STREAM, "features", cw_s2s_on_features},
    {OUT, BIT(CW_S2S_DIALBACK) | BIT(CW_S2S_VERIFYING) | BIT(CW_S2S_READY), NS_STREAM, "features",
     on_nothing}, /* some repeat them; nothing more is learnt from them */
    {OUT, BIT(CW_S2S_PROCEED), NS_TLS, "proceed", cw_s2s_on_proceed},
    {OUT, BIT(CW_S2S_PROCEED), NS_TLS, "failure", cw_s2s_on_tls_refused},
    {OUT, BIT(CW_S2S_AUTH), NS_SASL, "challenge", cw_s2s_on_challenge},
    {OUT, BIT(CW_S2S_AUTH), NS_SASL, "success", cw_s2s_on_success},
    {OUT, BIT(CW_S2S_AUTH), NS_SASL, "failure", cw_s2s_on_sasl_failure},
    {OUT, ANY_STATE, NS_DIALBACK, "result", cw_s2s_on_result_out},
    {OUT, ANY_STATE, NS_DIALBACK, "verify", cw_s2s_on_verify_out},
};

/* --- the reader --- */

void cw_s2s_reader_set_limits(struct cw_s2s *s)
{
    const struct cw_settings *settings = &s->policy->settings;
    struct cw_xml_limits limits = CW_XML_LIMITS_DEFAULT;

    if (s->was_ready) {
        limits.max_element_bytes = settings->stanza_max_bytes;
    } else {
        limits.max_element_bytes = settings->stanza_max_bytes_before_auth;
        limits.max_depth = 16;
        limits.max_attrs = 32;
        limits.max_children = 256;
    }
    if (s->reader)
        cw_xml_reader_set_limits(s->reader, &limits);
}

void cw_s2s_reader_start(struct cw_s2s *s)
{
    cw_xml_reader_free(&s->reader);
    s->reader = cw_xml_reader_new(&CW_XML_LIMITS_DEFAULT);
    s->is_before_1_0 = false;
    cw_s2s_reader_set_limits(s);
}

/* The new stream may stand in the same piece as the end of the old one: no layer lies between. */
void cw_s2s_reader_restart(struct cw_s2s *s)
{
    struct cw_str rest = cw_arena_dup(&s->step, cw_xml_reader_rest(s->reader));

    cw_s2s_reader_start(s);
    cw_xml_reader_feed(s->reader, rest);
}

/* --- what the reader reports --- */

static void on_header(struct cw_s2s *s, const struct cw_xml *root)
{
    struct cw_stream_header h;

    if (s->state == CW_S2S_CLOSING) /* we said goodbye already: nothing begins any more */
        return;
    switch (cw_stream_header_read(root, &h)) {
    case CW_HEADER_OK:
        break;
    case CW_HEADER_INVALID_NAMESPACE:
        cw_s2s_fail(s, CW_STREAM_INVALID_NAMESPACE, "The root is not a stream of XMPP.");
        return;
    case CW_HEADER_BAD_FORMAT:
        cw_s2s_fail(s, CW_STREAM_BAD_FORMAT, "The root element is not called stream.");
        return;
    case CW_HEADER_UNSUPPORTED_VERSION:
        cw_s2s_fail(s, CW_STREAM_UNSUPPORTED_VERSION, "The version is not of the form 1.0.");
        return;
    }
    if (!cw_str_eq(cw_xml_reader_default_ns(s->reader), CW_NS_SERVER)) {
        cw_s2s_fail(s, CW_STREAM_INVALID_NAMESPACE, "The content is not jabber:server.");
        return;
    }
    cw_s2s_note_header(s, &h);
    s->is_before_1_0 = h.major == 0;
    s->peer_declares_db = cw_xml_reader_declares(s->reader, CW_NS_DIALBACK);
    if (s->config.direction == CW_INBOUND)
        cw_s2s_on_header_in(s, &h);
    else
        cw_s2s_on_header_out(s, &h);
}

static bool is_stanza(const struct cw_xml *node)
{
    return cw_xml_is(node, CW_NS_SERVER, "message") || cw_xml_is(node, CW_NS_SERVER, "presence") ||
           cw_xml_is(node, CW_NS_SERVER, "iq");
}

/* Whatever no row takes.  A first-level stream or compress element is called what it is, anything
 * else before READY is somebody who tries without being proven (RFC 6120 section 4.9.3.12). */
static void on_unexpected(struct cw_s2s *s, const struct cw_xml *node)
{
    bool of_stream = cw_str_eq(node->ns, CW_NS_STREAM) || cw_str_eq_cstr(node->name, "compress");

    if (s->state == CW_S2S_CLOSING)
        return;
    if (is_stanza(node) && s->config.direction == CW_OUTBOUND)
        cw_s2s_fail(s, CW_STREAM_NOT_AUTHORIZED, "Stanzas come in on the peer's own stream.");
    else if (s->state == CW_S2S_READY && cw_str_eq(node->ns, CW_NS_SASL))
        cw_s2s_fail(s, CW_STREAM_POLICY_VIOLATION, "The stream is authenticated already.");
    else if (s->was_ready || of_stream)
        cw_s2s_fail(s, CW_STREAM_UNSUPPORTED_STANZA_TYPE, "No such element is known here.");
    else
        cw_s2s_fail(s, CW_STREAM_NOT_AUTHORIZED, "Nothing is taken before authentication.");
}

static void on_element(struct cw_s2s *s, struct cw_xml *node)
{
    if (is_stanza(node) && (s->config.direction == CW_INBOUND || s->is_bidi)) {
        cw_s2s_on_stanza(s, node);
        return;
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *r = &rows[i];

        if ((r->directions & BIT(s->config.direction)) && (r->states & BIT(s->state)) &&
            cw_str_eq_cstr(node->ns, r->ns) && cw_str_eq_cstr(node->name, r->name)) {
            r->take(s, node);
            return;
        }
    }
    on_unexpected(s, node);
}

static void on_nothing(struct cw_s2s *s, struct cw_xml *node)
{
    (void)s;
    (void)node;
}

/* <stream:error/>: the peer gives up, and says why. */
static void on_error(struct cw_s2s *s, struct cw_xml *node)
{
    struct cw_s2s_end end = {
        .has_error = true, .by_peer = true, .error = CW_STREAM_UNDEFINED_CONDITION};
    const struct cw_xml *text = cw_xml_child(node, CW_NS_STREAM_ERRORS, "text");
    struct cw_str words = text ? cw_xml_text(&s->step, text) : CW_S("");

    CW_XML_EACH_CHILD (child, node) {
        if (cw_xml_is_element(child) && cw_str_eq(child->ns, CW_NS_STREAM_ERRORS) &&
            cw_stream_error_of(child->name, &end.error))
            break;
    }
    words = cw_s2s_quote(s, words);
    cw_s2s_note_error(s, "error-received", end.error, words);
    end.text = cw_arena_printf(&s->step, "The peer closed the stream: %s%s%.*s.",
                               cw_stream_error_name(end.error), words.n ? ": " : "", CW_ARG(words));
    if (s->state != CW_S2S_CLOSING)
        cw_s2s_act(s, CW_S2S_DO_SEND)->bytes = CW_S("</stream:stream>");
    cw_s2s_end(s, &end);
}

static void on_stream_close(struct cw_s2s *s)
{
    if (s->state != CW_S2S_CLOSING && s->header_sent)
        cw_s2s_act(s, CW_S2S_DO_SEND)->bytes = CW_S("</stream:stream>");
    cw_s2s_end(s,
               &(struct cw_s2s_end){.by_peer = true, .text = CW_S("The peer closed the stream.")});
}

static void on_broken(struct cw_s2s *s)
{
    enum cw_stream_error error = CW_STREAM_NOT_WELL_FORMED;

    switch (cw_xml_reader_fault(s->reader)) {
    case CW_XML_FAULT_NONE:
    case CW_XML_FAULT_NOT_WELL_FORMED:
        break;
    case CW_XML_FAULT_RESTRICTED_XML:
        error = CW_STREAM_RESTRICTED_XML;
        break;
    case CW_XML_FAULT_UNSUPPORTED_ENCODING:
        error = CW_STREAM_UNSUPPORTED_ENCODING;
        break;
    case CW_XML_FAULT_BAD_NAMESPACE_PREFIX:
        error = CW_STREAM_BAD_NAMESPACE_PREFIX;
        break;
    case CW_XML_FAULT_POLICY_VIOLATION:
        error = CW_STREAM_POLICY_VIOLATION;
        break;
    case CW_XML_FAULT_BAD_FORMAT:
        error = CW_STREAM_BAD_FORMAT;
        break;
    }
    cw_s2s_fail(s, error, cw_arena_printf(&s->step, "%s", cw_xml_reader_fault_text(s->reader)).p);
}

/* The current arena held a whole element: what follows goes to the other one. */
static void flip_stanza_arena(struct cw_s2s *s)
{
    if (!s->stanza_flipped)
        s->stanza_at = !s->stanza_at;
    s->stanza_flipped = true;
}

/* One event of the reader; false when no more can be read in this step. */
static bool read_one(struct cw_s2s *s)
{
    struct cw_xml *node = NULL;

    switch (cw_xml_reader_next(s->reader, &s->stanza[s->stanza_at], &node)) {
    case CW_XML_MORE:
        return false;
    case CW_XML_STREAM_OPEN:
        flip_stanza_arena(s);
        on_header(s, node);
        return true;
    case CW_XML_ELEMENT:
        flip_stanza_arena(s);
        on_element(s, node);
        return true;
    case CW_XML_STREAM_CLOSE:
        on_stream_close(s);
        return false;
    case CW_XML_BROKEN:
        on_broken(s);
        return false;
    }
    return false;
}

/* As far as it may be read: not beyond a question of ours that the owner has to answer. */
static void read_all(struct cw_s2s *s)
{
    while (s->reader && s->state != CW_S2S_PROVING && read_one(s))
        continue;
}

static void read_or_hold(struct cw_s2s *s, struct cw_str bytes)
{
    if (s->state == CW_S2S_PROVING) {
        cw_buf_puts(&s->held, bytes);
        return;
    }
    cw_xml_reader_feed(s->reader, bytes);
    read_all(s);
}

/* Cleartext that comes while the transport shakes hands is never looked at (RFC 6120 section
 * 5.4.3.3): there is no reader then. */
void cw_s2s_read(struct cw_s2s *s, struct cw_str bytes)
{
    if (!s->reader)
        return;
    s->active_ms = s->now_ms;
    if (!s->was_ready && s->state != CW_S2S_VERIFYING) {
        s->n_unproven_bytes += bytes.n;
        if (s->n_unproven_bytes > CW_S2S_MAX_BYTES_UNPROVEN) {
            cw_s2s_fail(s, CW_STREAM_POLICY_VIOLATION, "Too much was sent before authentication.");
            return;
        }
    }
    read_or_hold(s, bytes);
}

void cw_s2s_read_held(struct cw_s2s *s)
{
    struct cw_str held = cw_arena_dup(&s->step, cw_buf_str(&s->held));

    cw_buf_free(&s->held);
    read_all(s);
    if (s->reader)
        read_or_hold(s, held);
}
