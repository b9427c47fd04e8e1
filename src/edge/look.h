/* A look at an XMPP server from outside, as a stranger's server would have: does it answer at that
 * address, does it speak XMPP, which certificate does it show?  Nothing is proven and nothing sent
 * but a stream header without `from` and <starttls/>.
 *
 * `causeway test partner` looks at this edge itself so, at the addresses that the DNS publishes. */
#ifndef CW_EDGE_LOOK_H
#define CW_EDGE_LOOK_H

#include "edge/edge_priv.h"

enum edge_look_end {
    EDGE_LOOK_TLS,         /* it shows a certificate */
    EDGE_LOOK_NO_TLS,      /* it speaks XMPP, and no TLS */
    EDGE_LOOK_NOT_XMPP,    /* it takes the connection, and that is all */
    EDGE_LOOK_UNREACHABLE, /* it does not take it */
};

struct edge_look_answer {
    enum edge_look_end end;
    const struct cw_tls_facts *tls; /* TLS */
    struct cw_str text;             /* otherwise: why; one sentence's end */
};
/* Called once, from the loop; the look is gone when it returns. */
typedef void edge_look_fn(void *arg, const struct edge_look_answer *);

struct edge_look;
struct edge_look_ask {
    struct cw_addr addr;
    struct cw_str domain; /* whose server it should be */
    bool is_direct_tls;
    uint64_t timeout_ms; /* for all of it */
};
struct edge_look *edge_look_start(struct edge *, const struct edge_look_ask *, edge_look_fn *fn,
                                  void *arg);
void edge_look_cancel(struct edge_look **); /* fn will not be called; NULL inside is fine */

#endif
