/* Administrators' questions and the answers' way back; see control.h. */
#include "edge/control.h"

#include <stdlib.h>

#include "edge/link_priv.h"

enum { MAX_REPLIES = 64 }; /* of one link without an answer */

struct edge_reply {
    struct edge_reply *next;
    struct edge_replies *among; /* NULL: its link is gone */
    struct edge_link *link;
    uint64_t n;
    void (*cancel)(void *arg);
    void *arg;
};

/* --- answers ----------------------------------------------------------------------------------*/

/* False: it is too long for the link. */
static bool tell(const struct edge_reply *reply, bool more, const json_t *json)
{
    char *text = json_dumps(json, JSON_COMPACT);
    cw_assert(text != NULL);
    bool fits = cw_str_of(text).n <= CW_LINK_MAX_ANSWER_BYTES;
    if (fits)
        edge_link_send_answer(reply->link, reply->n, more, cw_str_of(text));
    free(text);
    return fits;
}

static void forget(struct edge_reply *reply)
{
    cw_assert(reply->among);
    struct edge_reply **at = &reply->among->first;
    while (*at != reply) {
        cw_assert(*at);
        at = &(*at)->next;
    }
    *at = reply->next;
    reply->among->n--;
    reply->among = NULL;
}

static json_t *refusal(int status, const char *field, struct cw_str sentence)
{
    json_t *answer = json_pack("{s:b,s:i,s:s,s:s%}", "ok", 0, "status", status, "field", field,
                               "sentence", sentence.p, sentence.n);
    cw_assert(answer != NULL);
    return answer;
}

void edge_reply_progress(struct edge_reply *reply, json_t *news)
{
    if (reply->among)
        (void)tell(reply, true, news);
    json_decref(news);
}

void edge_reply_end(struct edge_reply *reply, json_t *answer)
{
    if (reply->among && !tell(reply, false, answer)) {
        json_decref(answer);
        answer = refusal(500, "", CW_S("The answer is too long; ask for less."));
        (void)tell(reply, false, answer);
    }
    if (reply->among)
        forget(reply);
    json_decref(answer);
    cw_free(reply);
}

void edge_reply_refuse(struct edge_reply *reply, int status, const char *field,
                       struct cw_str sentence)
{
    edge_reply_end(reply, refusal(status, field, sentence));
}

void edge_reply_on_cancel(struct edge_reply *reply, void (*cancel)(void *arg), void *arg)
{
    reply->cancel = cancel;
    reply->arg = arg;
}

void edge_replies_cancel(struct edge_replies *replies)
{
    struct edge_reply *reply;
    while ((reply = replies->first)) {
        forget(reply);
        reply->link = NULL;
        if (reply->cancel)
            reply->cancel(reply->arg);
    }
}

/* --- questions --------------------------------------------------------------------------------*/

void edge_control_ask(struct edge *edge, struct edge_link *link, struct edge_replies *replies,
                      uint64_t n, struct cw_str json)
{
    struct edge_reply *reply = cw_alloc(sizeof *reply);
    json_t *in = json_loadb(json.p, json.n, JSON_REJECT_DUPLICATES, NULL);
    struct cw_str name = cw_str_of(json_string_value(json_object_get(in, "command")));
    edge_command *run = edge_control_find(name);
    *reply = (struct edge_reply){.next = replies->first, .among = replies, .link = link, .n = n};
    replies->first = reply;
    replies->n++;
    if (replies->n > MAX_REPLIES)
        edge_reply_refuse(reply, 503, "", CW_S("Too many questions are open; try again."));
    else if (!run)
        edge_reply_refuse(reply, 400, "command", CW_S("This edge does not know that question."));
    else
        run(edge, in, reply);
    json_decref(in);
}
