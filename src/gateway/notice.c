/* Messages that went to partners and may still come back; see notice.h. */
#include "gateway/notice.h"

#include "gateway/own.h"
#include "xmpp/error.h"

enum { MAX_SENT = 4096, MAX_TEXT = 256 };

struct sent {
    TAILQ_ENTRY(sent) link;
    struct cw_arena arena;
    struct cw_str key; /* "id local remote" */
    bool is_test;
};
TAILQ_HEAD(sents, sent);

struct gw_notices {
    struct gateway *gateway;
    struct sents list; /* the oldest first */
    struct cw_map by_key;
    size_t n;
};

static struct cw_str sent_key(struct cw_arena *arena, struct cw_str id, struct cw_str local,
                              struct cw_str remote)
{
    struct cw_jid local_jid, remote_jid;
    if (cw_jid_parse(arena, local, &local_jid) != CW_JID_OK ||
        cw_jid_parse(arena, remote, &remote_jid) != CW_JID_OK)
        return CW_STR_NONE;
    return cw_arena_printf(arena, "%.*s %.*s %.*s", CW_ARG(id),
                           CW_ARG(cw_jid_bare(arena, &local_jid)),
                           CW_ARG(cw_jid_bare(arena, &remote_jid)));
}

static void forget(struct gw_notices *notices, struct sent *sent)
{
    if (cw_map_get(&notices->by_key, sent->key) == sent)
        cw_map_remove(&notices->by_key, sent->key);
    TAILQ_REMOVE(&notices->list, sent, link);
    notices->n--;
    cw_arena_free(&sent->arena);
    cw_free(sent);
}

void gw_notices_remember(struct gw_notices *notices, const struct cw_xml *stanza, bool is_test)
{
    struct sent *sent = cw_alloc(sizeof *sent);
    sent->key = sent_key(&sent->arena, cw_xml_attr(stanza, "id"), cw_xml_attr(stanza, "from"),
                         cw_xml_attr(stanza, "to"));
    sent->is_test = is_test;
    TAILQ_INSERT_TAIL(&notices->list, sent, link);
    cw_map_set(&notices->by_key, sent->key, sent);
    if (++notices->n > MAX_SENT)
        forget(notices, TAILQ_FIRST(&notices->list));
}

/* --- what comes back --------------------------------------------------------------------------*/

static void notify(struct gw_notices *notices, const struct cw_jid *remote,
                   const struct cw_jid *local, const struct cw_stanza_error_info *info)
{
    struct cw_arena arena = {0};
    struct gw_own own = {
        .remote = remote,
        .local = local,
        .content_type = CW_S("text/plain;charset=utf-8"),
        .body = cw_arena_printf(&arena, "Your message was not delivered: %s%s%.*s",
                                cw_stanza_error_name(info->condition), info->text.n ? ": " : "",
                                CW_ARG(cw_str_sub(info->text, 0, MAX_TEXT))),
    };
    if (!gw_own_send(notices->gateway, &own))
        CW_LOG(&notices->gateway->log, CW_LOG_WARN, "notice-lost",
               CW_KV("to", cw_jid_str(&arena, local)),
               CW_KVC("condition", cw_stanza_error_name(info->condition)));
    cw_arena_free(&arena);
}

bool gw_notices_error(struct gw_notices *notices, const struct cw_xml *stanza)
{
    struct cw_arena arena = {0};
    struct cw_str remote = cw_xml_attr(stanza, "from"), local = cw_xml_attr(stanza, "to");
    struct cw_str key = sent_key(&arena, cw_xml_attr(stanza, "id"), local, remote);
    struct sent *sent = cw_str_is_present(key) ? cw_map_get(&notices->by_key, key) : NULL;
    if (sent) {
        struct cw_stanza_error_info info;
        struct cw_jid remote_jid, local_jid;
        cw_stanza_error_read(&arena, stanza, &info);
        CW_LOG(&notices->gateway->log, CW_LOG_INFO,
               sent->is_test ? "test-message-returned" : "message-returned", CW_KV("from", local),
               CW_KV("to", remote), CW_KVC("condition", cw_stanza_error_name(info.condition)));
        cw_jid_parse(&arena, remote, &remote_jid);
        cw_jid_parse(&arena, local, &local_jid);
        if (!sent->is_test)
            notify(notices, &remote_jid, &local_jid, &info);
        forget(notices, sent);
    }
    cw_arena_free(&arena);
    return sent != NULL;
}

/* --- life -------------------------------------------------------------------------------------*/

struct gw_notices *gw_notices_new(struct gateway *gateway)
{
    struct gw_notices *notices = cw_alloc(sizeof *notices);
    notices->gateway = gateway;
    TAILQ_INIT(&notices->list);
    return notices;
}

void gw_notices_free(struct gw_notices **ptr)
{
    struct gw_notices *notices = *ptr;
    struct sent *sent;
    *ptr = NULL;
    if (!notices)
        return;
    while ((sent = TAILQ_FIRST(&notices->list)))
        forget(notices, sent);
    cw_map_free(&notices->by_key);
    cw_free(notices);
}
