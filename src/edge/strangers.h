/* The inbound streams that have not said yet who they are: how many there are in all and from each
 * address (edge_door_key), and which one ends for a new one when they are too many.  That is the
 * oldest, so that whoever is quick gets through; no address has more than its share, so that none
 * pushes the others out.  Nothing here walks over streams. */
#ifndef CW_EDGE_STRANGERS_H
#define CW_EDGE_STRANGERS_H

#include <sys/queue.h>

#include "io/addr.h"

struct edge_strangers;
struct edge_strangers_home;
/* Lies in what it stands for; zeroed: in no list. */
struct edge_stranger {
    TAILQ_ENTRY(edge_stranger) link, neighbours;
    struct edge_strangers_home *home;
    void *owner;
};

/* At most max, of one address a fourth of that (but one in any case). */
struct edge_strangers *edge_strangers_new(unsigned max);
void edge_strangers_free(struct edge_strangers **); /* all must have left */

void edge_strangers_add(struct edge_strangers *, struct edge_stranger *, const struct cw_addr *);
void edge_strangers_remove(struct edge_strangers *, struct edge_stranger *); /* also when not in */
/* Who must leave before one from there comes; NULL: there is room. */
struct edge_stranger *edge_strangers_in_the_way(const struct edge_strangers *,
                                                const struct cw_addr *);
size_t edge_strangers_count(const struct edge_strangers *);
size_t edge_strangers_from(const struct edge_strangers *, const struct cw_addr *);

#endif
