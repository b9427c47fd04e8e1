/* Who may connect to the edge, judged by the address alone, before anything is read.
 *
 * Each source address (of IPv6 the network of 64 bits, which one machine may fill as it likes) may
 * make so many connections a second, and so many TLS handshakes, each with a burst.  What comes
 * faster is closed at once: that costs less than to keep it waiting.  An address from
 * which proofs of identity were refused too often is banned for a while.  Streams that are
 * authenticated never come here again, and no address pays for another one.
 *
 * The table is bounded: the address that was silent longest is forgotten for a new one.  This
 * module knows no clock, no socket and no policy. */
#ifndef CW_EDGE_DOOR_H
#define CW_EDGE_DOOR_H

#include "io/addr.h"

enum { EDGE_DOOR_WINDOW_MS = 60000, EDGE_DOOR_MAX = 4096 };

struct edge_door;
struct edge_door_limits {
    unsigned per_second, burst;                  /* connections; 0 a second: no limit */
    unsigned handshakes_per_s, handshakes_burst; /* the same for TLS handshakes */
    unsigned ban_after, ban_s; /* refusals within the window; after 0: nobody is banned */
    size_t max;                /* addresses that are remembered */
};
struct edge_door *edge_door_new(const struct edge_door_limits *);
void edge_door_free(struct edge_door **);

enum edge_door_answer {
    EDGE_DOOR_OPEN,
    EDGE_DOOR_TOO_FAST,       /* refuse */
    EDGE_DOOR_TOO_FAST_FIRST, /* the same, for the first time within the window: worth a line */
    EDGE_DOOR_BANNED,         /* refuse; told when it was banned */
};
/* A new connection.  What is refused is not counted. */
enum edge_door_answer edge_door_knock(struct edge_door *, const struct cw_addr *, uint64_t now_ms);
/* A TLS handshake, before anything is done for it; the same answers. */
enum edge_door_answer edge_door_shake(struct edge_door *, const struct cw_addr *, uint64_t now_ms);
/* Would it be let in now?  Counts nothing. */
bool edge_door_may_shake(const struct edge_door *, const struct cw_addr *, uint64_t now_ms);
/* A proof of identity was refused.  True: with this one the address is banned. */
bool edge_door_refused(struct edge_door *, const struct cw_addr *, uint64_t now_ms);
/* So many of these were no harm: the stream proved itself in the end. */
void edge_door_forgive(struct edge_door *, const struct cw_addr *, unsigned n);

/* What is known of an address (of IPv6 the /64). */
struct edge_door_entry {
    struct cw_str address;           /* "192.0.2.1", "2001:db8:0:1::/64" */
    unsigned connections, refused;   /* let in, and refused, since it is remembered */
    unsigned handshakes, identities; /* begun; proofs refused within the window */
    uint64_t banned_for_ms;          /* 0: it is not */
};
/* Whoever knocked last comes first; until visit says false. */
void edge_door_each(const struct edge_door *, uint64_t now_ms,
                    bool (*visit)(void *arg, const struct edge_door_entry *), void *arg);
/* Forgets all that is held against the address; false: nothing is known of it. */
bool edge_door_lift(struct edge_door *, const struct cw_addr *);
/* The octets whose visits count together; borrowed from the address. */
struct cw_str edge_door_key(const struct cw_addr *);

#endif
