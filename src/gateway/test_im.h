/* One message that an administrator sends to see whether the way to a partner works:
 *
 *     {"command":"test im","from":"sip:alice@contoso.test","to":"juliet@fabrikam.test",
 *      "text":"...","timeout-s":30}
 *
 * `from` and `to` are SIP URIs or XMPP addresses.  The message takes the way of a local user's
 * (s2x.c), with the same checks, but for a SIP transaction.  The answer:
 * {"ok":true,"result":"delivered"|"refused","reason":"timeout","sentence":"...","latency-ms":n}. */
#ifndef CW_GATEWAY_TEST_IM_H
#define CW_GATEWAY_TEST_IM_H

#include <jansson.h>

struct gateway;
struct gw_test_im;

/* `done` is called once, also from inside, and takes the reference over.  NULL when it was. */
struct gw_test_im *gw_test_im_start(struct gateway *, const json_t *request,
                                    void (*done)(void *arg, json_t *answer), void *arg);
/* Nobody wants to know any more; the message is on its way all the same. */
void gw_test_im_leave(struct gw_test_im **);

#endif
