/* Dialback questions (XEP-0220 section 2.1.2): a key that came on an inbound stream is put to the
 * server that the DNS names for its domain, over the outbound stream that we have to it, else over
 * one made for the purpose.  The answer goes back to the inbound stream by its id, always from the
 * loop: the machine that asked may still be in its step. */
#include "edge/edge_priv.h"

struct edge_answer {
    TAILQ_ENTRY(edge_answer) link;
    struct cw_arena arena;
    struct cw_s2s_dialback dialback;
};

void edge_verify_ask(struct edge *edge, const struct cw_s2s_dialback *question)
{
    struct cw_arena arena = {0};
    struct cw_str local = question->receiving, remote = question->originating;
    struct edge_stream *stream = edge_peer_stream(edge, local, remote);
    if (!stream || edge_stream_is_over(stream))
        stream = cw_map_get(&edge->verifiers, edge_pair(&arena, local, remote));
    if (!stream || edge_stream_is_over(stream))
        stream = edge_stream_dial(edge, local, remote, EDGE_FOR_VERIFY);
    cw_arena_free(&arena);
    if (stream) {
        edge_stream_verify(stream, question);
        return;
    }
    struct cw_s2s_dialback answer = *question;
    answer.state = CW_DIALBACK_ERROR;
    answer.condition = CW_STANZA_RESOURCE_CONSTRAINT;
    edge_verify_answered(edge, &answer);
}

static const char *state_name(enum cw_dialback_state state)
{
    return state == CW_DIALBACK_VALID     ? "valid"
           : state == CW_DIALBACK_INVALID ? "invalid"
                                          : "error";
}

void edge_verify_answered(struct edge *edge, const struct cw_s2s_dialback *dialback)
{
    struct edge_answer *answer = cw_alloc(sizeof *answer);
    answer->dialback = *dialback;
    answer->dialback.originating = cw_arena_dup(&answer->arena, dialback->originating);
    answer->dialback.receiving = cw_arena_dup(&answer->arena, dialback->receiving);
    answer->dialback.id = cw_arena_dup(&answer->arena, dialback->id);
    answer->dialback.key = CW_STR_NONE;
    CW_LOG(&edge->log, CW_LOG_INFO, "dialback-answer", CW_KV("originating", dialback->originating),
           CW_KV("receiving", dialback->receiving), CW_KVC("state", state_name(dialback->state)));
    TAILQ_INSERT_TAIL(&edge->answers, answer, link);
    cw_timer_set(edge->answers_timer, 0);
}

void edge_verify_deliver(void *arg)
{
    struct edge *edge = arg;
    struct edge_answer *answer;
    while ((answer = TAILQ_FIRST(&edge->answers))) {
        struct edge_stream *inbound = cw_map_get(&edge->streams_by_id, answer->dialback.id);
        TAILQ_REMOVE(&edge->answers, answer, link);
        if (inbound)
            edge_stream_dialback_answer(inbound, &answer->dialback);
        cw_arena_free(&answer->arena);
        cw_free(answer);
    }
}
