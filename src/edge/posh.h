/* What partners' web servers say of their certificates (POSH, RFC 7711), and what they said before.
 *
 * A document is kept as long as it asks for, at most a day.  That there was none is kept for ten
 * minutes, that there was no answer for one, but neither beyond a change of the policy.  A
 * certificate that is not in a kept document may be new, and the document with it: it is fetched
 * again when it is older than a minute.  Whoever asks while a domain's document is being fetched
 * waits for the same one, so that many streams ask a web server once. */
#ifndef CW_EDGE_POSH_H
#define CW_EDGE_POSH_H

#include "base/mem.h"

struct edge;
struct edge_posh_question;

struct edge_posh_ask {
    struct edge *edge;
    struct cw_str domain;         /* A-labels; copied */
    struct cw_str sha256, sha512; /* the certificate's digests; must outlive the question */
    bool is_fresh;                /* what was said before does not count */
    uint16_t web_port;            /* 0 for 443 */
};

/* fn is called once, from the loop, never from inside this call: `fault` is absent when the domain
 * lists the certificate, else one sentence, borrowed for the call.  The question is gone when it
 * returns and must not be cancelled in it or later. */
struct edge_posh_question *edge_posh_begin(const struct edge_posh_ask *,
                                           void (*fn)(void *arg, struct cw_str fault), void *arg);
void edge_posh_cancel(struct edge_posh_question **); /* fn will not be called; NULL is fine */

/* Forgets everything: the end of the edge, when no question is left. */
void edge_posh_forget(struct edge *);

#endif
