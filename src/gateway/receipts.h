/* Messages of partners' users that went to SIP with the request for a report (IMDN): what the
 * report is about, until it comes.  Only so many are remembered, the oldest go first. */
#ifndef CW_GATEWAY_RECEIPTS_H
#define CW_GATEWAY_RECEIPTS_H

#include "gateway/gateway_priv.h"
#include "xlate/report.h"

struct gw_receipts;

struct gw_receipts *gw_receipts_new(struct gateway *);
void gw_receipts_free(struct gw_receipts **);

/* A message goes out under that Message-ID; `id` is the stanza's. */
void gw_receipts_ask(struct gw_receipts *, const struct cw_jid *remote, const struct cw_jid *local,
                     struct cw_str message_id, struct cw_str id);
/* A report of the SIP user `local` for the partner's user: his client gets the receipt, or the
 * error.  Nothing when nobody asked for it, or it was told before. */
void gw_receipts_report(struct gw_receipts *, const struct cw_jid *remote,
                        const struct cw_jid *local, const struct cw_imdn *);

#endif
