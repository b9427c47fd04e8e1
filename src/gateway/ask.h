/* An administrator's questions to the edges.  One question goes to every edge that is up, or to one
 * of them; the answers are collected until all are there or the time is over.
 *
 *     {"command":"ask","in":{"command":"stream list"}}            to every edge
 *     {..., "edge":"/run/causeway/link.sock"}                     to that one, as in gateway.edges
 *     {..., "pick":"contoso.test fabrikam.test"}                  to the one that has this pair
 *     {..., "pick":"fabrikam.test"}                               the same for the first local
 * domain
 *     {..., "timeout-s":60}                                       instead of 4 s, at most 120
 *
 * The answer is {"ok":true,"edges":[{"edge":PATH,"answer":{...}}],"silent":[PATH, ...]}; silent are
 * those of whom nothing came, for they are away or slow.  Or, when nobody could be asked,
 * {"ok":false,"status":503,"sentence":"..."}. */
#ifndef CW_GATEWAY_ASK_H
#define CW_GATEWAY_ASK_H

#include <jansson.h>

#include "base/str.h"

struct gateway;
struct gw_asks;
struct gw_ask;
struct gw_edge;

struct gw_asks *gw_asks_new(struct gateway *);
void gw_asks_free(struct gw_asks **); /* nobody is told */

struct gw_ask_hooks {
    /* What an edge tells before its answer; borrowed. */
    void (*progress)(void *arg, struct cw_str edge, json_t *news);
    /* The reference is taken over; the question is gone.  Also from inside gw_ask_start. */
    void (*done)(void *arg, json_t *answer);
};
/* NULL when it was done at once. */
struct gw_ask *gw_ask_start(struct gw_asks *, const json_t *request, const struct gw_ask_hooks *,
                            void *arg);
/* Nobody wants to know any more. */
void gw_ask_cancel(struct gw_ask **);

/* "timeout-s" of the request, at most 120 s. */
uint64_t gw_timeout_ms(const json_t *request, unsigned default_s);

/* {"ok":false,"status":...,"sentence":...}; a new reference. */
json_t *gw_refusal(int status, struct cw_str sentence);

/* --- link.c's news ----------------------------------------------------------------------------*/

void gw_asks_answer(struct gw_asks *, struct gw_edge *, uint64_t n, bool more, struct cw_str json);
void gw_asks_edge_down(struct gw_asks *, struct gw_edge *);

#endif
