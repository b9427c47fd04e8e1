/* Connections and refusals counted for each address; see door.h. */
#include "edge/door.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/queue.h>

#include "base/map.h"
#include "edge/rate.h"

enum { IPV6_SHARED_OCTETS = 8 }; /* a /64 */

struct visitor {
    TAILQ_ENTRY(visitor) link;
    char octets[IPV6_SHARED_OCTETS];
    struct cw_str key; /* in octets */
    struct edge_rate connections, handshakes;
    unsigned n_connections, n_handshakes, n_turned_away; /* since it is remembered */
    uint64_t told_ms; /* when it was last said to come too fast; 0: never */
    uint64_t window_ms;
    unsigned n_refused; /* proofs, since then */
    uint64_t banned_until_ms;
};
TAILQ_HEAD(visitors, visitor);

struct edge_door {
    struct edge_door_limits limits;
    struct visitors visitors; /* the one that was silent longest first */
    struct cw_map by_key;
};

struct cw_str edge_door_key(const struct cw_addr *addr)
{
    if (addr->ss.ss_family == AF_INET6) {
        const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)&addr->ss;
        return (struct cw_str){(const char *)in6->sin6_addr.s6_addr, IPV6_SHARED_OCTETS};
    }
    const struct sockaddr_in *in = (const struct sockaddr_in *)&addr->ss;
    return (struct cw_str){(const char *)&in->sin_addr, sizeof in->sin_addr};
}

static void forget(struct edge_door *door, struct visitor *v)
{
    TAILQ_REMOVE(&door->visitors, v, link);
    cw_map_remove(&door->by_key, v->key);
    cw_free(v);
}

static struct visitor *new_visitor(struct edge_door *door, struct cw_str key)
{
    if (door->by_key.n >= door->limits.max)
        forget(door, TAILQ_FIRST(&door->visitors));
    struct visitor *v = cw_alloc(sizeof *v);
    for (size_t i = 0; i < key.n; i++)
        v->octets[i] = key.p[i];
    v->key = (struct cw_str){v->octets, key.n};
    cw_map_set(&door->by_key, v->key, v);
    return v;
}

static struct visitor *visitor_of(struct edge_door *door, const struct cw_addr *addr)
{
    struct visitor *v = cw_map_get(&door->by_key, edge_door_key(addr));
    if (v)
        TAILQ_REMOVE(&door->visitors, v, link);
    else
        v = new_visitor(door, edge_door_key(addr));
    TAILQ_INSERT_TAIL(&door->visitors, v, link);
    return v;
}

/* Spends one of the rate's events, if it can be paid and the address is not banned. */
static enum edge_door_answer judge(struct visitor *v, struct edge_rate *rate, unsigned per_second,
                                   unsigned burst, uint64_t now_ms)
{
    if (now_ms >= v->banned_until_ms && edge_rate_take(rate, now_ms, per_second, burst))
        return EDGE_DOOR_OPEN;
    v->n_turned_away++;
    if (now_ms < v->banned_until_ms)
        return EDGE_DOOR_BANNED;
    if (v->told_ms != 0 && now_ms - v->told_ms < EDGE_DOOR_WINDOW_MS)
        return EDGE_DOOR_TOO_FAST;
    v->told_ms = now_ms;
    return EDGE_DOOR_TOO_FAST_FIRST;
}

enum edge_door_answer edge_door_knock(struct edge_door *door, const struct cw_addr *addr,
                                      uint64_t now_ms)
{
    struct visitor *v = visitor_of(door, addr);
    enum edge_door_answer answer =
        judge(v, &v->connections, door->limits.per_second, door->limits.burst, now_ms);
    v->n_connections += answer == EDGE_DOOR_OPEN;
    return answer;
}

enum edge_door_answer edge_door_shake(struct edge_door *door, const struct cw_addr *addr,
                                      uint64_t now_ms)
{
    struct visitor *v = visitor_of(door, addr);
    enum edge_door_answer answer = judge(v, &v->handshakes, door->limits.handshakes_per_s,
                                         door->limits.handshakes_burst, now_ms);
    v->n_handshakes += answer == EDGE_DOOR_OPEN;
    return answer;
}

bool edge_door_may_shake(const struct edge_door *door, const struct cw_addr *addr, uint64_t now_ms)
{
    const struct visitor *v = cw_map_get(&door->by_key, edge_door_key(addr));
    struct edge_rate rate = v ? v->handshakes : (struct edge_rate){0};
    return !(v && now_ms < v->banned_until_ms) &&
           edge_rate_take(&rate, now_ms, door->limits.handshakes_per_s,
                          door->limits.handshakes_burst);
}

bool edge_door_refused(struct edge_door *door, const struct cw_addr *addr, uint64_t now_ms)
{
    struct visitor *v = visitor_of(door, addr);
    if (door->limits.ban_after == 0 || now_ms < v->banned_until_ms)
        return false;
    if (v->n_refused == 0 || now_ms - v->window_ms >= EDGE_DOOR_WINDOW_MS) {
        v->window_ms = now_ms;
        v->n_refused = 0;
    }
    if (++v->n_refused < door->limits.ban_after)
        return false;
    v->n_refused = 0;
    v->banned_until_ms = now_ms + (uint64_t)door->limits.ban_s * 1000;
    return true;
}

void edge_door_forgive(struct edge_door *door, const struct cw_addr *addr, unsigned n)
{
    struct visitor *v = cw_map_get(&door->by_key, edge_door_key(addr));
    if (v)
        v->n_refused -= n < v->n_refused ? n : v->n_refused;
}

bool edge_door_lift(struct edge_door *door, const struct cw_addr *addr)
{
    struct visitor *v = cw_map_get(&door->by_key, edge_door_key(addr));
    if (v)
        forget(door, v);
    return v != NULL;
}

static struct cw_str address_of(const struct visitor *v, char text[static INET6_ADDRSTRLEN + 4])
{
    struct in6_addr network = {0};
    bool is_v6 = v->key.n == IPV6_SHARED_OCTETS;
    memcpy(&network, v->octets, v->key.n);
    (void)inet_ntop(is_v6 ? AF_INET6 : AF_INET, &network, text, INET6_ADDRSTRLEN);
    if (is_v6)
        strcat(text, "/64");
    return cw_str_of(text);
}

void edge_door_each(const struct edge_door *door, uint64_t now_ms,
                    bool (*visit)(void *arg, const struct edge_door_entry *), void *arg)
{
    const struct visitor *v;
    TAILQ_FOREACH_REVERSE(v, &door->visitors, visitors, link)
    {
        char text[INET6_ADDRSTRLEN + 4];
        bool is_recent = now_ms - v->window_ms < EDGE_DOOR_WINDOW_MS;
        const struct edge_door_entry entry = {
            .address = address_of(v, text),
            .connections = v->n_connections,
            .refused = v->n_turned_away,
            .handshakes = v->n_handshakes,
            .identities = is_recent ? v->n_refused : 0,
            .banned_for_ms = now_ms < v->banned_until_ms ? v->banned_until_ms - now_ms : 0,
        };
        if (!visit(arg, &entry))
            return;
    }
}

struct edge_door *edge_door_new(const struct edge_door_limits *limits)
{
    struct edge_door *door = cw_alloc(sizeof *door);
    door->limits = *limits;
    TAILQ_INIT(&door->visitors);
    return door;
}

void edge_door_free(struct edge_door **ptr)
{
    struct edge_door *door = *ptr;
    struct visitor *v;
    *ptr = NULL;
    if (!door)
        return;
    while ((v = TAILQ_FIRST(&door->visitors)))
        forget(door, v);
    cw_map_free(&door->by_key);
    cw_free(door);
}
