/* MESSAGE requests of the gateway's own, in the name of a partner's user: a notice that a message
 * came back, a report, that somebody is typing.  They wait for nothing and nothing waits for them.
 */
#ifndef CW_GATEWAY_OWN_H
#define CW_GATEWAY_OWN_H

#include "gateway/gateway_priv.h"

struct gw_own {
    const struct cw_jid *remote,
        *local;                /* from the partner's user, without his resource; to ours */
    struct cw_str request_uri; /* absent: that of `local` */
    struct cw_str call_id;     /* absent: a new one */
    struct cw_str content_type, body;
    gw_sip_final_fn *final; /* NULL: nobody hears the answer */
    void *arg;
    uint64_t user;
};
/* False: it could not be sent, and `final` is not called. */
bool gw_own_send(struct gateway *, const struct gw_own *);

#endif
