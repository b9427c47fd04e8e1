/* The world of a scenario; see world.h. */
#include "world.h"

#include "base/buf.h"
#include "policy/settings.h"
#include "xmpp/ns.h"

#include <stdio.h>
#include <string.h>

void world_init(struct world *w, bool byte_by_byte)
{
    *w = (struct world){.byte_by_byte = byte_by_byte, .now_ms = 1000000};
    cw_settings_defaults(&w->arena, &w->settings);
    w->settings.dialback_secret = CW_S("s3cr3tf0rd14lb4cks3cr3tf0rd14lb4ck");
}

void world_free(struct world *w)
{
    cw_s2s_free(&w->stream);
    cw_policy_unref(&w->policy);
    cw_arena_free(&w->arena);
}

static struct cw_policy *make_policy(const struct world *w)
{
    struct cw_policy *p = cw_policy_new();

    p->n_local_domains = w->n_locals;
    p->local_domains = cw_arena_alloc(&p->arena, sizeof w->locals);
    memcpy(p->local_domains, w->locals, sizeof w->locals);
    p->n_partners = w->n_partners;
    p->partners = cw_arena_alloc(&p->arena, sizeof w->partners);
    memcpy(p->partners, w->partners, sizeof w->partners);
    p->settings = w->settings;
    cw_policy_index(p);
    return p;
}

void world_apply_policy(struct world *w)
{
    cw_policy_unref(&w->policy);
    w->policy = make_policy(w);
    if (w->stream)
        world_step(w, &(struct cw_s2s_event){.kind = CW_S2S_POLICY, .policy = w->policy});
}

static void new_stream_id(void *arg, char out[33])
{
    struct world *w = arg;

    snprintf(out, 33, "id-%u", ++w->n_ids);
}

void world_start(struct world *w, enum cw_direction direction, struct cw_str local,
                 struct cw_str remote, bool verify_only)
{
    w->local = local;
    w->remote = remote;
    cw_s2s_free(&w->stream); /* a scenario may follow several streams, one after the other */
    world_apply_policy(w);
    w->stream = cw_s2s_new(&(struct cw_s2s_config){.direction = direction,
                                                   .policy = w->policy,
                                                   .local = local,
                                                   .remote = remote,
                                                   .verify_only = verify_only,
                                                   .proves = w->proves,
                                                   .bidi = w->bidi,
                                                   .new_stream_id = new_stream_id,
                                                   .arg = w});
}

/* --- actions as text --- */

static const char *dialback_name(enum cw_dialback_state state)
{
    return state == CW_DIALBACK_VALID     ? "valid"
           : state == CW_DIALBACK_INVALID ? "invalid"
           : state == CW_DIALBACK_ERROR   ? "error"
                                          : "pending";
}

static struct cw_str stanza_text(struct world *w, const struct cw_xml *stanza)
{
    const struct cw_xml_scope scope = {.default_ns = CW_NS_SERVER};
    struct cw_buf b = {0};
    struct cw_str text;

    cw_xml_write(&b, stanza, &scope);
    text = cw_arena_printf(&w->arena, "stanza %.*s", CW_ARG(cw_buf_str(&b)));
    cw_buf_free(&b);
    return text;
}

static struct cw_str failed_text(struct world *w, const struct cw_s2s_action *a, const char *error)
{
    bool is_headers = cw_str_eq(a->local, w->local) && cw_str_eq(a->remote, w->remote);
    struct cw_str pair =
        is_headers ? CW_S("")
                   : cw_arena_printf(&w->arena, "%.*s %.*s ", CW_ARG(a->local), CW_ARG(a->remote));

    return cw_arena_printf(&w->arena, "failed %.*s%s %s%s", CW_ARG(pair),
                           cw_nego_reason_name(a->reason), error, a->by_peer ? " by-peer" : "");
}

static struct cw_str action_text(struct world *w, const struct cw_s2s_action *a)
{
    const char *error = a->has_error ? cw_stream_error_name(a->stream_error) : "-";

    switch (a->kind) {
    case CW_S2S_DO_SEND:
        return cw_arena_printf(&w->arena, "send %.*s", CW_ARG(a->bytes));
    case CW_S2S_DO_START_TLS:
        return CW_S("start-tls");
    case CW_S2S_DO_PROVE:
        return cw_arena_printf(&w->arena, "prove %.*s", CW_ARG(a->remote));
    case CW_S2S_DO_ASK_AUTHORITY:
        return cw_arena_printf(&w->arena, "ask %.*s %.*s %.*s %.*s",
                               CW_ARG(a->dialback.originating), CW_ARG(a->dialback.receiving),
                               CW_ARG(a->dialback.id), CW_ARG(a->dialback.key));
    case CW_S2S_DO_VERIFY_ANSWER:
        return cw_arena_printf(
            &w->arena, "answer %.*s %.*s %.*s %s%s%s", CW_ARG(a->dialback.originating),
            CW_ARG(a->dialback.receiving), CW_ARG(a->dialback.id), dialback_name(a->dialback.state),
            a->dialback.state == CW_DIALBACK_ERROR ? " " : "",
            a->dialback.state == CW_DIALBACK_ERROR ? cw_stanza_error_name(a->dialback.condition)
                                                   : "");
    case CW_S2S_DO_READY:
        return cw_arena_printf(&w->arena, "ready %.*s %.*s %s", CW_ARG(a->local), CW_ARG(a->remote),
                               cw_method_name(a->method));
    case CW_S2S_DO_STANZA:
        return a->is_refused
                   ? cw_arena_printf(&w->arena, "refused %.*s", CW_ARG(stanza_text(w, a->stanza)))
                   : stanza_text(w, a->stanza);
    case CW_S2S_DO_FAILED:
        return failed_text(w, a, error);
    case CW_S2S_DO_CLOSE:
        return cw_arena_printf(&w->arena, "close %s%s", error, a->by_peer ? " by-peer" : "");
    case CW_S2S_DO_NOTE:
        break;
    }
    return CW_S("?");
}

static void check_sentence(const struct cw_s2s_action *a)
{
    bool needs = a->kind == CW_S2S_DO_FAILED || a->kind == CW_S2S_DO_CLOSE;

    if (needs && a->text.n == 0)
        cw_fatal("an end without a sentence");
}

void world_step(struct world *w, struct cw_s2s_event *e)
{
    struct cw_s2s_actions actions;

    if (!w->stream)
        cw_fatal("an event before inbound, outbound or verifier");
    e->now_ms = w->now_ms;
    cw_s2s_step(w->stream, e, &actions);
    for (size_t i = 0; i < actions.n; i++) {
        const struct cw_s2s_action *a = &actions.items[i];

        cw_assert(w->n_lines < MAX_LINES && w->n_notes < MAX_LINES);
        if (a->kind == CW_S2S_DO_NOTE)
            w->notes[w->n_notes++] =
                cw_arena_printf(&w->arena, "%.*s %.*s", CW_ARG(a->bytes), CW_ARG(a->text));
        else
            w->lines[w->n_lines++] = action_text(w, a);
        check_sentence(a);
        if (a->kind == CW_S2S_DO_CLOSE && i + 1 < actions.n)
            cw_fatal("CLOSE is not the last action");
    }
}

void world_receive(struct world *w, struct cw_str bytes)
{
    size_t piece = w->byte_by_byte ? 1 : bytes.n;

    for (size_t i = 0; i < bytes.n; i += piece) {
        /* A copy of its own, so that a reader past its end is caught. */
        char *copy = cw_memdup(bytes.p + i, piece);

        world_step(w, &(struct cw_s2s_event){
                          .kind = CW_S2S_BYTES, .bytes = {copy, piece}, .no_handshake = w->busy});
        cw_free(copy);
    }
}
