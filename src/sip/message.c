/* Life and getters of a received message; how it is read and judged is in judge.c. */
#include "sip/message_priv.h"

#include <string.h>

#include <sofia-sip/msg.h>
#include <sofia-sip/msg_addr.h>

#include "base/buf.h"

const char *cw_sip_transport_name(enum cw_sip_transport transport)
{
    switch (transport) {
    case CW_SIP_UDP:
        return "UDP";
    case CW_SIP_TCP:
        return "TCP";
    case CW_SIP_TLS:
        return "TLS";
    }
    return "?";
}

struct cw_str cw_sip_message_joined(struct cw_sip_message *m, const char *name)
{
    struct cw_buf all = {0};
    size_t n = cw_sip_message_header_count(m, cw_str_of(name));
    if (n < 2)
        return cw_sip_message_first(m, name);
    for (size_t i = 0; i < n; i++) {
        cw_buf_putcstr(&all, i ? ", " : "");
        cw_buf_puts(&all, cw_sip_message_header(m, cw_str_of(name), i));
    }
    struct cw_str value = cw_arena_dup(&m->arena, cw_buf_str(&all));
    cw_buf_free(&all);
    return value;
}

struct cw_sip_message *cw_sip_message_parse(struct cw_str bytes, enum cw_sip_transport transport)
{
    struct cw_sip_message *m = cw_alloc(sizeof *m);
    m->transport = transport;
    m->max_forwards = m->expires_s = -1;
    m->verdict.reason = "";
    m->bytes = cw_arena_dup(&m->arena, cw_str_is_present(bytes) ? bytes : CW_S(""));
    cw_sip_message_judge(m);
    m->accept = cw_sip_message_joined(m, "accept");
    m->allow_events = cw_sip_message_joined(m, "allow-events");
    return m;
}

void cw_sip_message_free(struct cw_sip_message **slot)
{
    struct cw_sip_message *m = *slot;
    if (!m)
        return;
    *slot = NULL;
    if (m->msg)
        msg_destroy(m->msg);
    cw_arena_free(&m->arena);
    cw_free(m);
}

struct cw_sip_verdict cw_sip_message_verdict(const struct cw_sip_message *m)
{
    return m->verdict;
}

bool cw_sip_message_is_request(const struct cw_sip_message *m)
{
    return m->kind == CW_SIP_KIND_REQUEST;
}

bool cw_sip_message_is_response(const struct cw_sip_message *m)
{
    return m->kind == CW_SIP_KIND_RESPONSE;
}

struct cw_str cw_sip_message_method(const struct cw_sip_message *m)
{
    return m->method;
}

struct cw_str cw_sip_message_request_uri(const struct cw_sip_message *m)
{
    return m->request_uri;
}

int cw_sip_message_status(const struct cw_sip_message *m)
{
    return m->status;
}

struct cw_str cw_sip_message_reason_phrase(const struct cw_sip_message *m)
{
    return m->reason_phrase;
}

struct cw_sip_party cw_sip_message_from(const struct cw_sip_message *m)
{
    return m->from;
}

struct cw_sip_party cw_sip_message_to(const struct cw_sip_message *m)
{
    return m->to;
}

struct cw_str cw_sip_message_call_id(const struct cw_sip_message *m)
{
    return m->call_id;
}

uint32_t cw_sip_message_cseq(const struct cw_sip_message *m)
{
    return m->cseq;
}

struct cw_str cw_sip_message_cseq_method(const struct cw_sip_message *m)
{
    return m->cseq_method;
}

int64_t cw_sip_message_max_forwards(const struct cw_sip_message *m)
{
    return m->max_forwards;
}

int64_t cw_sip_message_expires_s(const struct cw_sip_message *m)
{
    return m->expires_s;
}

struct cw_str cw_sip_message_contact_uri(const struct cw_sip_message *m)
{
    return m->contact_uri;
}

struct cw_str cw_sip_message_body(const struct cw_sip_message *m)
{
    return m->body;
}

struct cw_str cw_sip_message_unsupported(const struct cw_sip_message *m)
{
    return m->unsupported;
}

struct cw_str cw_sip_message_header(const struct cw_sip_message *m, struct cw_str name,
                                    size_t index)
{
    const struct cw_sip_line *line = cw_sip_head_line(&m->head, name, index);
    return line ? line->value : CW_STR_NONE;
}

size_t cw_sip_message_header_count(const struct cw_sip_message *m, struct cw_str name)
{
    return cw_sip_head_count(&m->head, name);
}

struct cw_str cw_sip_message_first(const struct cw_sip_message *m, const char *name)
{
    return cw_sip_message_header(m, cw_str_of(name), 0);
}

bool cw_sip_message_via(const struct cw_sip_message *m, struct cw_sip_via *out)
{
    *out = (struct cw_sip_via){.transport = CW_STR_NONE};
    const sip_via_t *via = m->sip ? m->sip->sip_via : NULL;
    if (!via || !via->v_protocol || !via->v_host)
        return false;
    uint64_t port = 0;
    struct cw_str protocol = cw_str_of(via->v_protocol);
    ptrdiff_t slash = cw_str_rindex(protocol, '/');
    out->transport = cw_str_sub(protocol, (size_t)(slash + 1), protocol.n);
    out->host = cw_str_of(via->v_host);
    if (via->v_port && (!cw_str_to_u64(cw_str_of(via->v_port), &port) || port > 65535))
        return false;
    out->port = (uint16_t)port;
    out->branch = cw_str_of(via->v_branch);
    out->received = cw_str_of(via->v_received);
    out->maddr = cw_str_of(via->v_maddr);
    out->has_rport = via->v_rport != NULL;
    return true;
}

/* Codings add up over several header fields: the first one that does something is what counts. */
static struct cw_str content_encoding(const struct cw_sip_message *m)
{
    struct cw_str name = CW_S("Content-Encoding"), first = cw_sip_message_header(m, name, 0);
    struct cw_str value = first;
    for (size_t i = 1; cw_str_eq_nocase(value, CW_S("identity")); i++)
        value = cw_sip_message_header(m, name, i);
    return cw_str_is_present(value) ? value : first;
}

void cw_sip_message_values(const struct cw_sip_message *m, struct cw_sip_request *out)
{
    *out = (struct cw_sip_request){
        .method = m->method,
        .request_uri = m->request_uri,
        .from_uri = m->from.uri,
        .to_uri = m->to.uri,
        .from_display = m->from.display,
        .from_tag = m->from.tag,
        .to_tag = m->to.tag,
        .call_id = m->call_id,
        .cseq = m->cseq,
        .content_type = cw_sip_message_first(m, "content-type"),
        .content_language = cw_sip_message_first(m, "content-language"),
        .content_encoding = content_encoding(m),
        .subject = cw_sip_message_first(m, "subject"),
        .date = cw_sip_message_first(m, "date"),
        .expires = cw_sip_message_first(m, "expires"),
        .accept_language = cw_sip_message_first(m, "accept-language"),
        .contact_uri = m->contact_uri,
        .accept = m->accept,
        .event = cw_sip_message_first(m, "event"),
        .subscription_state = cw_sip_message_first(m, "subscription-state"),
        .record_route = m->record_route,
        .body = m->body,
    };
}

void cw_sip_message_response_values(const struct cw_sip_message *m, struct cw_sip_response *out)
{
    *out = (struct cw_sip_response){
        .status = m->status,
        .reason_phrase = m->reason_phrase,
        .contact = m->contact_uri,
        .body = m->body,
        .accept = m->accept,
        .to_tag = m->to.tag,
        .expires = cw_sip_message_first(m, "expires"),
        .min_expires = cw_sip_message_first(m, "min-expires"),
        .retry_after = cw_sip_message_first(m, "retry-after"),
        .allow_events = m->allow_events,
        .record_route = m->record_route,
    };
}
