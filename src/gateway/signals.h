/* Typing and receipts across the border, in pager mode: RFC 3994 <-> XEP-0085, RFC 5438 <->
 * XEP-0184.
 *
 *     support.h    who has shown what; nobody else gets any of it
 *     typing.h     who is typing, and for how long that holds
 *     receipts.h   what partners' users asked to be told       notice.h: what SIP users asked
 *
 * None of it makes an invitation, nobody is told when it cannot be passed on, and the rules about
 * who may write to whom are asked before anything comes here.
 *
 * One exchange: alice's phone writes to juliet in a CPIM envelope that asks for a report; juliet's
 * client has asked for receipts itself in this conversation, so the stanza has <request/>.  Her
 * client acknowledges, alice's phone gets `delivered`.  Juliet types: the phone has never said a
 * word about typing, and is told nothing.  Then it says that alice is typing: juliet's client,
 * which sends chat states, gets <composing/>, and from now on the phone hears of juliet too. */
#ifndef CW_GATEWAY_SIGNALS_H
#define CW_GATEWAY_SIGNALS_H

#include "gateway/gateway_priv.h"
#include "xlate/message.h"

struct gw_signals;

struct gw_signals *gw_signals_new(struct gateway *);
void gw_signals_free(struct gw_signals **);

/* --- from partners: x2s.c ---------------------------------------------------------------------*/

/* A message stanza of a partner's user who may write to `local`. */
void gw_signals_heard(struct gw_signals *, const struct cw_jid *remote, const struct cw_jid *local,
                      const struct cw_xml *stanza, const struct cw_signals *);
/* The turn of one that holds a state and no text.  True: the SIP user takes it, and is to be told.
 */
bool gw_signals_pass(struct gw_signals *, const struct cw_jid *remote, const struct cw_jid *local,
                     const struct cw_xml *stanza);
/* The date for an envelope that asks for a report; absent when the SIP user has not shown that he
 * understands it. */
struct cw_str gw_signals_date(struct gw_signals *, struct cw_arena *, const struct cw_jid *remote,
                              const struct cw_jid *local);
/* A message with text goes out now; message_id is absent when it asks for no report. */
void gw_signals_goes(struct gw_signals *, const struct cw_jid *remote, const struct cw_jid *local,
                     struct cw_str message_id, struct cw_str id);
/* The SIP user's answer to the one or the other.  True: he does not take the envelope, and the text
 * is to be sent without one. */
bool gw_signals_answered(struct gw_signals *, const struct cw_jid *remote,
                         const struct cw_jid *local, const struct cw_message_to_sip *sent,
                         const struct cw_sip_response *);

/* --- from SIP users: s2x.c --------------------------------------------------------------------*/

/* A MESSAGE that may go to the partner's user.  True: it has text, and its stanza has got what goes
 * with it.  False: it is done with. */
bool gw_signals_request(struct gw_signals *, struct cw_arena *, const struct cw_sip_request *,
                        const struct cw_message_to_xmpp *, struct cw_xml *stanza);

#endif
