/* The server's side of the component protocol; see component.h. */
#include "link/component.h"

#include <openssl/evp.h>

#include "base/secret.h"
#include "xml/reader.h"
#include "xmpp/jid.h"
#include "xmpp/ns.h"
#include "xmpp/stream.h"

enum { MAX_BYTES_BEFORE_AUTH = 4096, MAX_DOMAIN_BYTES = 1023 };

/* The ways: HEADER -> HANDSHAKE -> ASKING -> OPEN, and from each to CLOSED. */
enum state {
    HEADER,    /* connected; we wait for the stream header */
    HANDSHAKE, /* the domain is one of ours; we wait for the proof */
    ASKING,    /* proven; the owner says whether the domain is free */
    OPEN,      /* stanzas pass */
    CLOSED,    /* the last word was said */
};

struct cw_component {
    enum state state;
    const struct cw_component_account *accounts, *account; /* account: the one of the header */
    size_t n_accounts;
    struct cw_str id, wire_domain; /* its domain as addresses hold it: U-labels */
    struct cw_buf *out;
    struct cw_xml_reader *reader;
    struct cw_arena arena;      /* of the connection's life */
    struct cw_arena node_arena; /* of one element */
    bool stale, header_sent;
    struct cw_component_event end;
};

struct cw_component *cw_component_new(const struct cw_component_account *accounts,
                                      size_t n_accounts, struct cw_str id, struct cw_buf *out)
{
    struct cw_component *c = cw_alloc(sizeof *c);
    struct cw_xml_limits limits = CW_XML_LIMITS_DEFAULT;
    limits.max_element_bytes = MAX_BYTES_BEFORE_AUTH;
    c->accounts = accounts;
    c->n_accounts = n_accounts;
    c->id = cw_arena_dup(&c->arena, id);
    c->out = out;
    c->reader = cw_xml_reader_new(&limits);
    return c;
}

void cw_component_free(struct cw_component **ptr)
{
    struct cw_component *c = *ptr;
    *ptr = NULL;
    if (!c)
        return;
    cw_xml_reader_free(&c->reader);
    cw_arena_free(&c->node_arena);
    cw_arena_free(&c->arena);
    cw_free(c);
}

void cw_component_feed(struct cw_component *c, struct cw_str bytes)
{
    if (c->state != CLOSED)
        cw_xml_reader_feed(c->reader, bytes);
}

struct cw_str cw_component_digest(struct cw_arena *arena, struct cw_str id, struct cw_str secret)
{
    struct cw_buf text = {0};
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    cw_buf_puts(&text, id);
    cw_buf_puts(&text, secret);
    if (!EVP_Digest(text.p, text.n, hash, &n, EVP_sha1(), NULL))
        cw_fatal("component: SHA-1 is not available");
    cw_wipe(text.p, text.n);
    cw_buf_free(&text);
    return cw_hex(arena, (struct cw_str){(const char *)hash, n});
}

/* --- writing ----------------------------------------------------------------------------------*/

/* Without a version, as the XEP has it: with one, a client library would wait for features. */
static void send_header(struct cw_component *c, struct cw_str from)
{
    cw_buf_printf(c->out,
                  "<?xml version='1.0'?><stream:stream xmlns:stream='%.*s' xmlns='%.*s' id='%.*s'",
                  CW_ARG(CW_NS_STREAM), CW_ARG(CW_NS_COMPONENT), CW_ARG(c->id));
    if (cw_str_is_present(from)) {
        cw_buf_putcstr(c->out, " from='");
        cw_xml_escape(c->out, from);
        cw_buf_putc(c->out, '\'');
    }
    cw_buf_putc(c->out, '>');
    c->header_sent = true;
}

static void send_node(struct cw_component *c, const struct cw_xml *node)
{
    const struct cw_xml_scope scope = {.default_ns = CW_NS_COMPONENT, .stream_prefix = true};
    cw_xml_write(c->out, node, &scope);
}

void cw_component_write_stanza(struct cw_component *c, const struct cw_xml *stanza)
{
    struct cw_arena arena = {0};
    struct cw_xml *copy = cw_xml_copy(&arena, stanza);
    cw_assert(c->state == OPEN);
    cw_xml_rename_ns(copy, CW_NS_SERVER, CW_NS_COMPONENT);
    send_node(c, copy);
    cw_arena_free(&arena);
}

void cw_component_refuse(struct cw_component *c, enum cw_stream_error error, const char *text)
{
    struct cw_arena arena = {0};
    if (c->state == CLOSED)
        return;
    if (!c->header_sent)
        send_header(c, CW_STR_NONE);
    send_node(c, cw_stream_error_make(&arena, error, text));
    cw_buf_putcstr(c->out, "</stream:stream>");
    cw_arena_free(&arena);
    c->state = CLOSED;
    c->end.has_error = true;
    c->end.error = error;
    c->end.text = cw_str_of(text);
}

void cw_component_close(struct cw_component *c)
{
    if (c->state == CLOSED)
        return;
    if (c->header_sent)
        cw_buf_putcstr(c->out, "</stream:stream>");
    c->state = CLOSED;
    c->end.text = CW_S("the stream was closed");
}

void cw_component_accept(struct cw_component *c)
{
    struct cw_xml_limits limits = CW_XML_LIMITS_DEFAULT;
    cw_assert(c->state == ASKING);
    limits.max_element_bytes = CW_COMPONENT_MAX_BYTES;
    cw_xml_reader_set_limits(c->reader, &limits);
    cw_buf_putcstr(c->out, "<handshake/>");
    c->state = OPEN;
}

/* --- reading ----------------------------------------------------------------------------------*/

static const struct cw_component_account *find_account(const struct cw_component *c,
                                                       struct cw_str domain)
{
    struct cw_arena arena = {0};
    struct cw_str ascii;
    const struct cw_component_account *found = NULL;
    if (domain.n <= MAX_DOMAIN_BYTES && cw_domain_to_ascii(&arena, domain, &ascii))
        for (size_t i = 0; i < c->n_accounts && !found; i++)
            if (cw_str_eq(c->accounts[i].domain, ascii))
                found = &c->accounts[i];
    cw_arena_free(&arena);
    return found;
}

static void on_header(struct cw_component *c, const struct cw_xml *root)
{
    struct cw_stream_header header;
    enum cw_stream_header_fault fault = cw_stream_header_read(root, &header);
    if (fault == CW_HEADER_BAD_FORMAT) {
        cw_component_refuse(c, CW_STREAM_BAD_FORMAT, "The root is not a stream.");
        return;
    }
    if (fault == CW_HEADER_INVALID_NAMESPACE ||
        !cw_str_eq(cw_xml_reader_default_ns(c->reader), CW_NS_COMPONENT)) {
        cw_component_refuse(c, CW_STREAM_INVALID_NAMESPACE,
                            "Components speak jabber:component:accept here.");
        return;
    }
    if (!cw_str_is_present(header.to)) {
        cw_component_refuse(c, CW_STREAM_IMPROPER_ADDRESSING,
                            "The header does not name the component.");
        return;
    }
    c->account = find_account(c, header.to);
    if (!c->account) {
        cw_component_refuse(c, CW_STREAM_HOST_UNKNOWN, "There is no component of that name here.");
        return;
    }
    if (!cw_domain_to_unicode(&c->arena, c->account->domain, &c->wire_domain))
        c->wire_domain = c->account->domain;
    send_header(c, c->wire_domain);
    c->state = HANDSHAKE;
}

static void on_handshake(struct cw_component *c, const struct cw_xml *node)
{
    struct cw_arena arena = {0};
    struct cw_str right = cw_component_digest(&arena, c->id, c->account->secret);
    bool is_right = cw_xml_is(node, CW_NS_COMPONENT, "handshake") &&
                    cw_secret_eq(cw_str_trim(cw_xml_text(&arena, node)), right);
    cw_arena_free(&arena);
    if (is_right)
        c->state = ASKING;
    else
        cw_component_refuse(c, CW_STREAM_NOT_AUTHORIZED, "The handshake is wrong.");
}

static bool is_stanza(const struct cw_xml *node)
{
    return cw_str_eq_cstr(node->name, "message") || cw_str_eq_cstr(node->name, "presence") ||
           cw_str_eq_cstr(node->name, "iq");
}

/* True when it may go on; else it was answered, or the stream has ended. */
static bool check_stanza(struct cw_component *c, struct cw_xml *node)
{
    struct cw_jid from, to;
    if (!cw_str_eq(node->ns, CW_NS_COMPONENT)) {
        cw_component_refuse(c, CW_STREAM_INVALID_NAMESPACE,
                            "Stanzas are in jabber:component:accept here.");
        return false;
    }
    if (!is_stanza(node)) {
        cw_component_refuse(c, CW_STREAM_UNSUPPORTED_STANZA_TYPE,
                            "Only message, presence and iq are stanzas.");
        return false;
    }
    if (cw_jid_parse(&c->node_arena, cw_xml_attr(node, "from"), &from) != CW_JID_OK ||
        !cw_str_eq(from.domain, c->wire_domain)) {
        cw_component_refuse(c, CW_STREAM_INVALID_FROM,
                            "A component writes from addresses of its own domain only.");
        return false;
    }
    if (cw_jid_parse(&c->node_arena, cw_xml_attr(node, "to"), &to) != CW_JID_OK) {
        struct cw_xml *answer = cw_stanza_error_reply(&c->node_arena, node, CW_STANZA_JID_MALFORMED,
                                                      CW_S("\"to\" is not an XMPP address."));
        if (answer)
            send_node(c, answer);
        return false;
    }
    /* One parse decides: what was checked is what goes on. */
    cw_xml_set(&c->node_arena, node, "from", cw_jid_str(&c->node_arena, &from));
    cw_xml_set(&c->node_arena, node, "to", cw_jid_str(&c->node_arena, &to));
    cw_xml_rename_ns(node, CW_NS_COMPONENT, CW_NS_SERVER);
    return true;
}

static void on_element(struct cw_component *c, struct cw_xml *node, struct cw_component_event *out)
{
    if (cw_xml_is(node, CW_NS_STREAM, "error")) {
        cw_component_close(c);
        c->end.text = CW_S("the component sent a stream error");
    } else if (c->state == HANDSHAKE) {
        on_handshake(c, node);
        out->kind = c->state == ASKING ? CW_COMPONENT_READY : CW_COMPONENT_MORE;
        out->account = c->account;
    } else if (check_stanza(c, node)) {
        out->kind = CW_COMPONENT_STANZA;
        out->stanza = node;
    }
}

static void on_broken(struct cw_component *c)
{
    static const enum cw_stream_error errors[] = {
        [CW_XML_FAULT_NONE] = CW_STREAM_NOT_WELL_FORMED,
        [CW_XML_FAULT_NOT_WELL_FORMED] = CW_STREAM_NOT_WELL_FORMED,
        [CW_XML_FAULT_RESTRICTED_XML] = CW_STREAM_RESTRICTED_XML,
        [CW_XML_FAULT_UNSUPPORTED_ENCODING] = CW_STREAM_UNSUPPORTED_ENCODING,
        [CW_XML_FAULT_BAD_NAMESPACE_PREFIX] = CW_STREAM_BAD_NAMESPACE_PREFIX,
        [CW_XML_FAULT_POLICY_VIOLATION] = CW_STREAM_POLICY_VIOLATION,
        [CW_XML_FAULT_BAD_FORMAT] = CW_STREAM_BAD_FORMAT,
    };
    cw_component_refuse(c, errors[cw_xml_reader_fault(c->reader)],
                        cw_xml_reader_fault_text(c->reader));
}

/* One reader event; false: the reader wants more bytes. */
static bool read_one(struct cw_component *c, struct cw_component_event *out)
{
    struct cw_xml *node = NULL;
    switch (cw_xml_reader_next(c->reader, &c->node_arena, &node)) {
    case CW_XML_MORE:
        return false;
    case CW_XML_STREAM_OPEN:
        on_header(c, node);
        break;
    case CW_XML_ELEMENT:
        c->stale = true;
        on_element(c, node, out);
        break;
    case CW_XML_STREAM_CLOSE:
        cw_component_close(c);
        c->end.text = CW_S("the component said goodbye");
        break;
    case CW_XML_BROKEN:
        on_broken(c);
        break;
    }
    return true;
}

enum cw_component_event_kind cw_component_next(struct cw_component *c,
                                               struct cw_component_event *out)
{
    *out = (struct cw_component_event){.kind = CW_COMPONENT_MORE};
    do {
        cw_assert(c->state != ASKING);
        if (c->state == CLOSED) {
            *out = c->end;
            return out->kind = CW_COMPONENT_CLOSED;
        }
        if (c->stale)
            cw_arena_reset(&c->node_arena);
        c->stale = false;
    } while (read_one(c, out) && out->kind == CW_COMPONENT_MORE);
    return out->kind;
}
