/* Receipts across the border; see report.h. */
#include "xlate/report.h"

#include "xlate/address.h"
#include "xlate/errors.h"

void cw_report_request_of(const struct cw_cpim *cpim, struct cw_report_request *out)
{
    *out = (struct cw_report_request){0};
    if (!cpim->asks || cpim->message_id.n == 0 || cpim->message_id.n > CW_IMDN_MAX_ID_BYTES)
        return;
    *out = (struct cw_report_request){
        .asks = cpim->asks,
        .message_id = cpim->message_id,
        .date_time = cpim->date_time,
        .to_uri = cpim->to_uri,
        .original_to = cpim->original_to,
        .n_routes = cpim->n_routes,
    };
    for (size_t i = 0; i < cpim->n_routes; i++)
        out->routes[i] = cpim->routes[i];
}

struct cw_report_request cw_report_request_copy(struct cw_arena *arena,
                                                const struct cw_report_request *request)
{
    struct cw_report_request copy = {
        .asks = request->asks,
        .message_id = cw_arena_dup(arena, request->message_id),
        .date_time = cw_arena_dup(arena, request->date_time),
        .to_uri = cw_arena_dup(arena, request->to_uri),
        .original_to = cw_arena_dup(arena, request->original_to),
        .n_routes = request->n_routes,
    };
    for (size_t i = 0; i < request->n_routes; i++)
        copy.routes[i] = cw_arena_dup(arena, request->routes[i]);
    return copy;
}

/* --- to SIP -----------------------------------------------------------------------------------*/

static struct cw_str taken(struct cw_arena *arena, struct cw_buf *buf)
{
    struct cw_str text = cw_arena_dup(arena, cw_buf_str(buf));
    cw_buf_free(buf);
    return text;
}

struct cw_str cw_report_write(struct cw_arena *arena, const struct cw_report_request *request,
                              enum cw_imdn_status status, const struct cw_jid *from,
                              const struct cw_jid *to, struct cw_str own_id)
{
    struct cw_buf document = {0}, text = {0};
    struct cw_str from_uri = cw_addr_jid_to_uri(arena, from, CW_ADDR_SIP);
    const struct cw_imdn imdn = {
        .message_id = request->message_id,
        .date_time = request->date_time,
        .recipient_uri = cw_str_is_present(request->to_uri) ? request->to_uri : from_uri,
        .original_recipient_uri = request->original_to,
        .kind = CW_IMDN_DELIVERY,
        .status = status,
    };
    cw_imdn_write(&document, &imdn);
    struct cw_cpim cpim = {
        .from_uri = from_uri,
        .to_uri = cw_addr_jid_to_uri(arena, to, CW_ADDR_SIP),
        .message_id = own_id,
        .n_routes = request->n_routes,
        .content_type = CW_IMDN_TYPE,
        .content_disposition = CW_S("notification"),
        .body = cw_buf_str(&document),
    };
    for (size_t i = 0; i < request->n_routes; i++)
        cpim.routes[i] = request->routes[i];
    cw_cpim_write(&text, &cpim);
    cw_buf_free(&document);
    return taken(arena, &text);
}

struct cw_str cw_report_uri(struct cw_arena *arena, const struct cw_report_request *request,
                            const struct cw_jid *to)
{
    struct cw_jid first;
    if (request->n_routes && !cw_addr_is_sips(request->routes[0]) &&
        cw_addr_sip_to_jid(arena, request->routes[0], &first) == CW_ADDR_OK &&
        cw_str_eq(first.domain, to->domain))
        return cw_addr_jid_to_uri(arena, &first, CW_ADDR_SIP);
    return cw_addr_jid_to_uri(arena, to, CW_ADDR_SIP);
}

/* --- to XMPP ----------------------------------------------------------------------------------*/

struct cw_xml *cw_report_stanza(struct cw_arena *arena, const struct cw_imdn *report,
                                const struct cw_jid *from, const struct cw_jid *to,
                                struct cw_str id)
{
    const struct cw_error_origin origin = {
        .id = id, .from = cw_jid_str(arena, to), .to = cw_jid_str(arena, from)};
    switch (report->status) {
    case CW_IMDN_DELIVERED:
        return cw_receipt_stanza(arena, from, to, id);
    case CW_IMDN_FAILED:
        return cw_error_stanza_of(arena, &origin, CW_STANZA_RECIPIENT_UNAVAILABLE,
                                  CW_S("the SIP side reports that it could not be delivered"));
    case CW_IMDN_UNSAID:
    case CW_IMDN_PROCESSED:
    case CW_IMDN_STORED:
    case CW_IMDN_DISPLAYED:
    case CW_IMDN_FORBIDDEN:
    case CW_IMDN_ERROR:
        return NULL;
    }
    return NULL;
}
