/* What gateways have asked the edge to send, so that nothing is sent to a partner twice.
 *
 * One exchange: a gateway gives stanza 12 to the edge and is killed before it hears what became of
 * it.  Its SIP peer, without an answer, sends the request again, now to a new gateway, which makes
 * the same stanza of it: from, to and id are the same, for the id is made of the request's Call-ID,
 * CSeq and From tag.  The edge knows the stanza and does not send it; it tells the new gateway what
 * became of the first one, at once or when that is known.
 *
 * A stanza whose outcome is known is remembered for EDGE_RECENT_MS (a SIP peer asks again for 32
 * seconds at most, RFC 3261 section 17.1.2), and only so many of them; the oldest go first.  This
 * module knows no clock, no link and no policy. */
#ifndef CW_EDGE_RECENT_H
#define CW_EDGE_RECENT_H

#include "base/str.h"
#include "link/link.h"

enum { EDGE_RECENT_MS = 64000, EDGE_RECENT_MAX = 20000 };

struct edge_recent;
/* Tells whoever asked about its stanza `n` what became of it. */
typedef void edge_recent_tell(void *asker, uint64_t n, enum cw_link_reason, struct cw_str text);

/* `max`: so many stanzas with a known outcome are remembered. */
struct edge_recent *edge_recent_new(size_t max, edge_recent_tell *);
void edge_recent_free(struct edge_recent **); /* tells nobody */

/* Somebody asks for a stanza to be sent.  Returns the number under which its outcome will be told
 * here, or 0: the stanza is known and must not be sent; its outcome was told before this returns,
 * or will be with the first one's.  Without an id, and for errors, each is a stanza of its own. */
uint64_t edge_recent_ask(struct edge_recent *, void *asker, uint64_t n, const struct cw_xml *stanza,
                         uint64_t now_ms);
/* The outcome of the stanza of that number: all who asked are told. */
void edge_recent_done(struct edge_recent *, uint64_t number, enum cw_link_reason,
                      struct cw_str text, uint64_t now_ms);
/* That asker is gone and will not be told; what it asked for stays known. */
void edge_recent_leave(struct edge_recent *, const void *asker);

#endif
