/* Receipts across the border: IMDN (RFC 5438) <-> XEP-0184, and errors that come late.
 *
 * A report is never made up: `delivered` is said to SIP only when the XMPP user's client has sent
 * its <received/>, and <received/> to XMPP only when the SIP user's client has sent its report.  A
 * 2xx is no such report (RFC 5438 section 12.2), nor is a stanza that reached a server. */
#ifndef CW_XLATE_REPORT_H
#define CW_XLATE_REPORT_H

#include "xlate/cpim.h"
#include "xlate/imdn.h"
#include "xlate/signals.h"

/* What a SIP user asks to be told about a message, and what the report has to repeat of it. */
struct cw_report_request {
    unsigned asks; /* enum cw_cpim_asks; 0: nothing, then the rest is empty */
    struct cw_str message_id, date_time, to_uri, original_to;
    struct cw_str routes[CW_CPIM_MAX_ROUTES];
    size_t n_routes;
};
/* Asks for nothing unless the envelope names its message. */
void cw_report_request_of(const struct cw_cpim *, struct cw_report_request *out);
struct cw_report_request cw_report_request_copy(struct cw_arena *,
                                                const struct cw_report_request *);

/* The report for SIP, as the body of a MESSAGE of type message/cpim from the XMPP user to the SIP
 * user.  own_id: the report's own Message-ID, not to be guessed. */
struct cw_str cw_report_write(struct cw_arena *, const struct cw_report_request *,
                              enum cw_imdn_status, const struct cw_jid *from,
                              const struct cw_jid *to, struct cw_str own_id);
/* Where it goes: the first route (section 7.2.1), when that is an address of the SIP user's own
 * domain; else the SIP user.  Nobody makes us send reports elsewhere. */
struct cw_str cw_report_uri(struct cw_arena *, const struct cw_report_request *,
                            const struct cw_jid *to);

/* What a SIP user's report is for XMPP, about the stanza with that id that `to` has sent: the
 * receipt, or an error stanza for a failed delivery.  NULL: nothing there stands for it. */
struct cw_xml *cw_report_stanza(struct cw_arena *, const struct cw_imdn *,
                                const struct cw_jid *from, const struct cw_jid *to,
                                struct cw_str id);

#endif
