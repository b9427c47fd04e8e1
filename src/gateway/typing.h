/* Who is typing, in the time it lasts (RFC 3994, XEP-0085).
 *
 * juliet@fabrikam starts to type: her client says <composing/> once.  alice's phone is told
 * `active` for two minutes, and again every minute and a half, since a SIP client forgets what is
 * not said again; <paused/> and its like become `idle`, and a text ends it without a word.  The
 * other way alice's `active` is <composing/>, said once however often the phone says it; `idle` is
 * <active/>; and what the phone does not say again in time is <paused/>. */
#ifndef CW_GATEWAY_TYPING_H
#define CW_GATEWAY_TYPING_H

#include "gateway/gateway_priv.h"
#include "xlate/composing.h"

struct gw_typing;

/* refused: the SIP side does not take the type (415), and nothing more is sent. */
struct gw_typing *gw_typing_new(struct gateway *,
                                void (*refused)(void *arg, const struct cw_jid *remote,
                                                const struct cw_jid *local),
                                void *arg);
void gw_typing_free(struct gw_typing **); /* tells nobody */

/* The partner's user types, or has stopped; the thread may be absent.  True: the SIP user is to be
 * told; false: he knows. */
bool gw_typing_of_remote(struct gw_typing *, const struct cw_jid *remote,
                         const struct cw_jid *local, bool is_composing, struct cw_str thread);
/* The SIP user likewise; `remote` is the client that is told. */
void gw_typing_of_local(struct gw_typing *, const struct cw_jid *remote, const struct cw_jid *local,
                        const struct cw_composing *, struct cw_str thread);
/* A text of the one or the other is on its way: it ends his typing by itself.  Likewise when
 * nothing more is to be said of it. */
void gw_typing_end_of_remote(struct gw_typing *, const struct cw_jid *remote,
                             const struct cw_jid *local);
void gw_typing_end_of_local(struct gw_typing *, const struct cw_jid *remote,
                            const struct cw_jid *local);

#endif
