/* Messages that went to partners and may still come back; see notice.h. */
#include "gateway/notice.h"

#include "base/secret.h"
#include "gateway/ledger.h"
#include "gateway/own.h"
#include "xmpp/error.h"

enum { MAX_SENT = 4096, MAX_AGE_MS = 24 * 3600 * 1000, MAX_TEXT = 256 };

struct sent {
    bool is_test;
    bool is_delivered; /* and reported so: nothing that comes now speaks against it */
    struct cw_report_request request;
};

struct gw_notices {
    struct gateway *gateway;
    struct gw_ledger *sent; /* "id local remote" -> sent */
};

static struct cw_str key_of(struct cw_arena *arena, struct cw_str id, const struct cw_jid *local,
                            const struct cw_jid *remote)
{
    return cw_arena_printf(arena, "%.*s %.*s %.*s", CW_ARG(id), CW_ARG(cw_jid_bare(arena, local)),
                           CW_ARG(cw_jid_bare(arena, remote)));
}

void gw_notices_remember(struct gw_notices *notices, const struct cw_xml *stanza,
                         const struct cw_report_request *request, bool is_test)
{
    struct cw_arena arena = {0}, *own;
    struct cw_jid local, remote;
    struct cw_str id = cw_xml_attr(stanza, "id");
    if (id.n && cw_jid_parse(&arena, cw_xml_attr(stanza, "from"), &local) == CW_JID_OK &&
        cw_jid_parse(&arena, cw_xml_attr(stanza, "to"), &remote) == CW_JID_OK) {
        struct sent *sent =
            gw_ledger_put(notices->sent, key_of(&arena, id, &local, &remote), sizeof *sent, &own);
        sent->is_test = is_test;
        sent->request = cw_report_request_copy(own, request);
    }
    cw_arena_free(&arena);
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

static void report(struct gw_notices *notices, const struct cw_jid *remote,
                   const struct cw_jid *local, const struct cw_report_request *request,
                   enum cw_imdn_status status)
{
    struct cw_arena arena = {0};
    struct cw_jid sender = {.local = remote->local, .domain = remote->domain};
    const struct gw_own own = {
        .remote = remote,
        .local = local,
        .request_uri = cw_report_uri(&arena, request, local),
        .content_type = CW_CPIM_TYPE,
        .body = cw_report_write(&arena, request, status, &sender, local, cw_random_hex(&arena, 16)),
    };
    if (!gw_own_send(notices->gateway, &own))
        CW_LOG(&notices->gateway->log, CW_LOG_WARN, "report-lost",
               CW_KV("to", cw_jid_str(&arena, local)),
               CW_KVC("status", cw_imdn_status_name(status)));
    cw_arena_free(&arena);
}

/* What the sender is told of an error, in the way that he asked for. */
static void tell(struct gw_notices *notices, const struct cw_jid *remote,
                 const struct cw_jid *local, const struct sent *sent,
                 const struct cw_stanza_error_info *info)
{
    if (sent->is_test || sent->is_delivered)
        return;
    if (sent->request.asks & CW_CPIM_NEGATIVE_DELIVERY)
        report(notices, remote, local, &sent->request, CW_IMDN_FAILED);
    else
        notify(notices, remote, local, info);
}

bool gw_notices_error(struct gw_notices *notices, const struct cw_xml *stanza)
{
    struct cw_arena arena = {0};
    struct cw_jid remote, local;
    struct cw_stanza_error_info info;
    struct sent *sent = NULL;
    if (cw_jid_parse(&arena, cw_xml_attr(stanza, "from"), &remote) == CW_JID_OK &&
        cw_jid_parse(&arena, cw_xml_attr(stanza, "to"), &local) == CW_JID_OK) {
        struct cw_str key = key_of(&arena, cw_xml_attr(stanza, "id"), &local, &remote);
        sent = gw_ledger_find(notices->sent, key);
        if (sent) {
            cw_stanza_error_read(&arena, stanza, &info);
            CW_LOG(&notices->gateway->log, CW_LOG_INFO,
                   sent->is_test ? "test-message-returned" : "message-returned",
                   CW_KV("from", cw_xml_attr(stanza, "to")),
                   CW_KV("to", cw_xml_attr(stanza, "from")),
                   CW_KVC("condition", cw_stanza_error_name(info.condition)));
            tell(notices, &remote, &local, sent, &info);
            gw_ledger_remove(notices->sent, key);
        }
    }
    cw_arena_free(&arena);
    return sent != NULL;
}

/* RFC 5438 section 7.2.1: one report of a kind, however many clients acknowledge. */
void gw_notices_received(struct gw_notices *notices, const struct cw_jid *remote,
                         const struct cw_jid *local, struct cw_str id)
{
    struct cw_arena arena = {0};
    struct sent *sent = gw_ledger_find(notices->sent, key_of(&arena, id, local, remote));
    if (sent && !sent->is_test && !sent->is_delivered) {
        sent->is_delivered = true;
        if (sent->request.asks & CW_CPIM_POSITIVE_DELIVERY)
            report(notices, remote, local, &sent->request, CW_IMDN_DELIVERED);
    }
    cw_arena_free(&arena);
}

/* --- life -------------------------------------------------------------------------------------*/

struct gw_notices *gw_notices_new(struct gateway *gateway)
{
    struct gw_notices *notices = cw_alloc(sizeof *notices);
    notices->gateway = gateway;
    notices->sent = gw_ledger_new(MAX_SENT, MAX_AGE_MS);
    return notices;
}

void gw_notices_free(struct gw_notices **ptr)
{
    struct gw_notices *notices = *ptr;
    *ptr = NULL;
    if (!notices)
        return;
    gw_ledger_free(&notices->sent);
    cw_free(notices);
}
