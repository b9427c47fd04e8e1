/* What a message stanza says besides its text: who is typing (XEP-0085) and receipts (XEP-0184).
 * Its SIP side is composing.h and imdn.h. */
#ifndef CW_XLATE_SIGNALS_H
#define CW_XLATE_SIGNALS_H

#include "xml/node.h"
#include "xmpp/jid.h"

enum cw_chat_state {
    CW_CHAT_UNSAID,
    CW_CHAT_ACTIVE,
    CW_CHAT_COMPOSING,
    CW_CHAT_PAUSED,
    CW_CHAT_INACTIVE,
    CW_CHAT_GONE,
};

struct cw_signals {
    enum cw_chat_state state; /* UNSAID too when there are two of them (XEP-0085 section 5.6) */
    bool asks_receipt;        /* <request/>, with an id to refer to */
    struct cw_str received;   /* id in <received/>; absent: none */
    bool is_text;             /* it has a body or a subject: a message for people */
};
/* Only direct children count.  Slices of the stanza. */
void cw_signals_read(const struct cw_xml *message, struct cw_signals *out);
/* No text, but a state or a receipt: nobody is told when it cannot be passed on. */
bool cw_signals_are_alone(const struct cw_signals *);

/* Stanzas of their own, in jabber:server.  `id` and `thread` may be absent. */
struct cw_xml *cw_chat_state_stanza(struct cw_arena *, const struct cw_jid *from,
                                    const struct cw_jid *to, enum cw_chat_state,
                                    struct cw_str thread);
struct cw_xml *cw_receipt_stanza(struct cw_arena *, const struct cw_jid *from,
                                 const struct cw_jid *to, struct cw_str received);
/* To a message with text. */
void cw_signals_add_state(struct cw_arena *, struct cw_xml *message, enum cw_chat_state);
void cw_signals_add_request(struct cw_arena *, struct cw_xml *message);

#endif
