/* Messages that went to partners and may still come back.
 *
 * One exchange: alice's message to juliet was written to a stream, and alice's server got its 202.
 * A minute later juliet's server returns an error stanza with the message's id: alice is told in a
 * message of juliet's, since the 202 was all that could be said then and no error is dropped.  Had
 * alice asked for reports (IMDN), she gets `failed` instead of the words, and `delivered` when
 * juliet's client acknowledges; one of them, and nothing after it.  Only so many are remembered,
 * the oldest go first. */
#ifndef CW_GATEWAY_NOTICE_H
#define CW_GATEWAY_NOTICE_H

#include "gateway/gateway_priv.h"
#include "xlate/report.h"

struct gw_notices;

struct gw_notices *gw_notices_new(struct gateway *);
void gw_notices_free(struct gw_notices **);

/* A stanza that was delivered, with what its sender asks to be told.  is_test: an error that comes
 * back goes into the log instead of to the sender. */
void gw_notices_remember(struct gw_notices *, const struct cw_xml *stanza,
                         const struct cw_report_request *, bool is_test);
/* A partner's error stanza: true when it answers one of those. */
bool gw_notices_error(struct gw_notices *, const struct cw_xml *error_stanza);
/* A partner's client has received the stanza with that id. */
void gw_notices_received(struct gw_notices *, const struct cw_jid *remote,
                         const struct cw_jid *local, struct cw_str id);

#endif
