/* A dialog of presence as a row of the store, and back.  Juliet's watch of Alice is in dialog c1:
 * the row has its names, where its requests go, and up to which CSeq they may have been used; the
 * gateway that begins anew takes it from there. */
#include <time.h>

#include "gateway/presence_priv.h"

struct cw_store_dialog gw_dialog_row(const struct cw_subscription *s, uint32_t cseq_bound,
                                     uint32_t left_s)
{
    bool is_x2s = s->direction == CW_SUBSCRIPTION_X2S;
    return (struct cw_store_dialog){
        .is_x2s = is_x2s,
        .local = is_x2s ? s->presentity : s->watcher,
        .remote = is_x2s ? s->watcher : s->presentity,
        .call_id = s->call_id,
        .local_tag = s->local_tag,
        .remote_tag = s->remote_tag,
        .remote_target = s->remote_target,
        .route_set = s->route_set,
        .event_id = s->event_id,
        .local_cseq = cseq_bound,
        .remote_cseq = s->remote_cseq,
        .expires_at = (int64_t)time(NULL) + left_s,
    };
}

void gw_dialog_from_row(struct cw_subscription *s, const struct cw_store_dialog *row,
                        int64_t left_s)
{
    s->call_id = row->call_id;
    s->local_tag = row->local_tag;
    s->remote_tag = row->remote_tag;
    s->remote_target = row->remote_target;
    s->route_set = row->route_set;
    s->event_id = row->event_id;
    s->local_cseq = row->local_cseq;
    s->remote_cseq = row->remote_cseq;
    s->expires_s = left_s > 0 ? (uint32_t)left_s : 0;
}
