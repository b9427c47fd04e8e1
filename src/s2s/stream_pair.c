/* The pairs of domains on a stream: which are proven, and what that allows.  One stream may carry
 * several (XEP-0220 section 2.6); outbound the first one is the header's, and lives as long. */
#include "s2s/stream_priv.h"

#include "xmpp/jid.h"

struct cw_s2s_pair *cw_s2s_pair_find(const struct cw_s2s *s, struct cw_str local,
                                     struct cw_str remote)
{
    for (struct cw_s2s_pair *p = s->pairs; p; p = p->next)
        if (cw_str_eq(p->local, local) && cw_str_eq(p->remote, remote))
            return p;
    return NULL;
}

struct cw_str cw_s2s_wire_form(struct cw_arena *a, struct cw_str domain)
{
    struct cw_str unicode;

    return cw_domain_to_unicode(a, domain, &unicode) ? unicode : domain;
}

struct cw_s2s_pair *cw_s2s_pair_add(struct cw_s2s *s, struct cw_str local, struct cw_str remote)
{
    struct cw_s2s_pair *p = cw_alloc(sizeof *p), **at = &s->pairs;

    p->local = cw_arena_dup(&p->arena, local);
    p->remote = cw_arena_dup(&p->arena, remote);
    p->local_wire = cw_s2s_wire_form(&p->arena, p->local);
    p->remote_wire = cw_s2s_wire_form(&p->arena, p->remote);
    while (*at) /* at the end: outbound, the first is the header's */
        at = &(*at)->next;
    *at = p;
    s->n_pairs++;
    return p;
}

void cw_s2s_pair_remove(struct cw_s2s *s, struct cw_s2s_pair *pair)
{
    struct cw_s2s_pair **at = &s->pairs;

    while (*at != pair)
        at = &(*at)->next;
    *at = pair->next;
    s->n_pairs--;
    cw_arena_free(&pair->arena);
    cw_free(pair);
}

void cw_s2s_pairs_clear(struct cw_s2s *s)
{
    while (s->pairs)
        cw_s2s_pair_remove(s, s->pairs);
}

void cw_s2s_pair_ready(struct cw_s2s *s, struct cw_s2s_pair *pair, enum cw_method method)
{
    bool is_ours = s->config.direction == CW_OUTBOUND;
    struct cw_str from = is_ours ? pair->local : pair->remote;
    struct cw_str to = is_ours ? pair->remote : pair->local;
    struct cw_s2s_action *a;

    pair->is_ready = true;
    pair->method = method;
    s->was_ready = true;
    cw_s2s_set_state(s, CW_S2S_READY);
    cw_s2s_reader_set_limits(s);
    cw_s2s_note(s, "ready",
                cw_arena_printf(&s->step, "%.*s to %.*s by %s", CW_ARG(from), CW_ARG(to),
                                cw_method_name(method))
                    .p);
    a = cw_s2s_act(s, CW_S2S_DO_READY);
    a->local = pair->local;
    a->remote = pair->remote;
    a->method = method;
    cw_s2s_verify_flush(s);
}

/* --- questions --- */

bool cw_s2s_is_ready(const struct cw_s2s *s, struct cw_str local, struct cw_str remote)
{
    const struct cw_s2s_pair *pair = cw_s2s_pair_find(s, local, remote);
    /* While we say goodbye the peer's stanzas are still taken, and none of ours is begun. */
    bool flows = s->state == CW_S2S_READY ||
                 (s->state == CW_S2S_CLOSING && s->config.direction == CW_INBOUND);

    return flows && pair && pair->is_ready;
}

bool cw_s2s_may_send(const struct cw_s2s *s, struct cw_str local, struct cw_str remote)
{
    return s->state == CW_S2S_READY && (s->config.direction == CW_OUTBOUND || s->is_bidi) &&
           cw_s2s_is_ready(s, local, remote);
}

enum cw_method cw_s2s_method(const struct cw_s2s *s)
{
    for (const struct cw_s2s_pair *p = s->pairs; p; p = p->next)
        if (p->is_ready)
            return p->method;
    return CW_METHOD_NONE;
}

size_t cw_s2s_pairs(const struct cw_s2s *s, struct cw_s2s_pair_state *out, size_t max)
{
    size_t n = 0;

    for (const struct cw_s2s_pair *p = s->pairs; p; p = p->next, n++)
        if (n < max)
            out[n] = (struct cw_s2s_pair_state){.local = p->local,
                                                .remote = p->remote,
                                                .is_ready = p->is_ready,
                                                .method = p->method,
                                                .dialback = p->dialback};
    return n;
}
