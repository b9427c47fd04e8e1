/* Reports that partners' users have asked for; see receipts.h. */
#include "gateway/receipts.h"

#include "gateway/ledger.h"

enum { MAX_ASKED = 4096, MAX_AGE_MS = 24 * 3600 * 1000 };

struct asked {
    struct cw_jid remote; /* the client that sent the message */
    struct cw_str id;
};

struct gw_receipts {
    struct gateway *gateway;
    struct gw_ledger *asked; /* "message-id local remote" -> asked */
};

struct gw_receipts *gw_receipts_new(struct gateway *gateway)
{
    struct gw_receipts *receipts = cw_alloc(sizeof *receipts);
    receipts->gateway = gateway;
    receipts->asked = gw_ledger_new(MAX_ASKED, MAX_AGE_MS);
    return receipts;
}

void gw_receipts_free(struct gw_receipts **ptr)
{
    struct gw_receipts *receipts = *ptr;
    *ptr = NULL;
    if (!receipts)
        return;
    gw_ledger_free(&receipts->asked);
    cw_free(receipts);
}

/* Whom a report is from and for is in the key: nobody reports on what another has received. */
static struct cw_str key_of(struct cw_arena *arena, struct cw_str message_id,
                            const struct cw_jid *local, const struct cw_jid *remote)
{
    return cw_arena_printf(arena, "%.*s %.*s %.*s", CW_ARG(message_id),
                           CW_ARG(cw_jid_bare(arena, local)), CW_ARG(cw_jid_bare(arena, remote)));
}

void gw_receipts_ask(struct gw_receipts *receipts, const struct cw_jid *remote,
                     const struct cw_jid *local, struct cw_str message_id, struct cw_str id)
{
    struct cw_arena arena = {0}, *own;
    struct asked *asked = gw_ledger_put(receipts->asked, key_of(&arena, message_id, local, remote),
                                        sizeof *asked, &own);
    asked->remote = (struct cw_jid){.local = cw_arena_dup(own, remote->local),
                                    .domain = cw_arena_dup(own, remote->domain),
                                    .resource = cw_arena_dup(own, remote->resource)};
    asked->id = cw_arena_dup(own, id);
    cw_arena_free(&arena);
}

void gw_receipts_report(struct gw_receipts *receipts, const struct cw_jid *remote,
                        const struct cw_jid *local, const struct cw_imdn *report)
{
    struct cw_arena arena = {0};
    struct cw_str key = key_of(&arena, report->message_id, local, remote);
    const struct asked *asked = gw_ledger_find(receipts->asked, key);
    struct cw_xml *stanza =
        asked ? cw_report_stanza(&arena, report, local, &asked->remote, asked->id) : NULL;
    CW_LOG(&receipts->gateway->log, CW_LOG_DEBUG, "report",
           CW_KV("from", cw_jid_str(&arena, local)), CW_KV("to", cw_jid_str(&arena, remote)),
           CW_KVC("status", cw_imdn_status_name(report->status)),
           CW_KVC("result", stanza  ? "told"
                            : asked ? "no counterpart"
                                    : "nobody asked"));
    if (stanza) {
        gw_s2x_send(receipts->gateway->s2x, stanza);
        gw_ledger_remove(receipts->asked, key);
    }
    cw_arena_free(&arena);
}
