/* The resolver: libunbound driven by the loop; see dns.h.
 *
 * libunbound may answer from inside ub_resolve_event (from its cache) or from its own event; in
 * both cases the answer is only noted here and told by the query's timer, so that a callback may do
 * whatever it likes.
 *
 * A failure (no server answered, or only with an error) stays in a context's cache for five
 * seconds, whatever the servers do meanwhile.  So there are two contexts alike: a moment after a
 * failure the other one's turn begins, and a server that is back is found at once. */
#include "io/dns.h"

#include "io/dns_wire.h"
#include "io/loop.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/queue.h>
#include <unbound-event.h>
#include <unbound.h>
#include <unistd.h>

#define DEFAULT_TIMEOUT_MS 10000
#define CLASS_IN           1
#define MAX_NAME           253
#define FAILURE_MS         6000 /* how long libunbound keeps one, and a second more */
#define SAME_TURN_MS       500
#define SEC_BOGUS          1
#define SEC_SECURE         2

struct cw_dns_query {
    struct cw_resolver *resolver;
    LIST_ENTRY(cw_dns_query) link;
    enum cw_dns_type type;
    struct side *side;      /* whose context was asked */
    int id;                 /* libunbound's, while is_asked */
    bool is_asked;          /* libunbound will call back */
    struct cw_timer *timer; /* the timeout, then the telling */
    struct cw_arena arena;
    struct cw_dns_answer answer;
    void (*fn)(void *arg, const struct cw_dns_answer *);
    void *arg;
};

struct side {
    struct ub_ctx *ub;
    uint64_t failed_ms; /* its last failure; 0: none */
};

struct cw_resolver {
    struct side sides[2];
    int turn; /* which of them is asked */
    struct event_base *base;
    bool validates;
    uint64_t timeout_ms;
    LIST_HEAD(, cw_dns_query) queries;
};

const char *cw_dns_status_name(enum cw_dns_status status)
{
    switch (status) {
    case CW_DNS_OK:
        return "ok";
    case CW_DNS_NO_DATA:
        return "no-data";
    case CW_DNS_NO_DOMAIN:
        return "no-domain";
    case CW_DNS_FAILED:
        return "failed";
    case CW_DNS_TIMEOUT:
        return "timeout";
    case CW_DNS_BOGUS:
        return "bogus";
    }
    return "unknown";
}

/* --- setting up --- */

/* libunbound answers these itself unless told not to (RFC 6761): a private network may well use
 * them, and its servers know. */
static const char *const asked_zones[] = {"test", "home.arpa"};

/* A partner that was set up a moment ago, and name servers that were dead, are found within
 * seconds: what does not exist is not believed for long, and silent servers are asked on. */
static const struct {
    const char *name, *value;
} options[] = {
    {"do-not-query-localhost:", "no"}, {"unblock-lan-zones:", "yes"},
    {"cache-max-ttl:", "3600"},        {"cache-max-negative-ttl:", "10"},
    {"infra-host-ttl:", "1"},          {"infra-keep-probing:", "yes"},
    {"infra-cache-max-rtt:", "2500"},  {"val-bogus-ttl:", "10"},
};

static int set_up(struct ub_ctx *ub)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < sizeof options / sizeof *options; i++)
        rc = ub_ctx_set_option(ub, options[i].name, options[i].value);
    return rc;
}

/* Comes last: it makes libunbound take over its settings. */
static int remove_zones(struct ub_ctx *ub)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && i < sizeof asked_zones / sizeof *asked_zones; i++)
        rc = ub_ctx_zone_remove(ub, asked_zones[i]);
    return rc;
}

static bool add_server(struct ub_ctx *ub, const char *server, struct cw_buf *why)
{
    struct cw_addr addr;
    struct cw_arena arena = {0};
    char forward[80];
    if (!cw_addr_parse(cw_str_of(server), 53, &addr)) {
        cw_buf_printf(why, "\"%s\" is not the address of a DNS server", server);
        return false;
    }
    snprintf(forward, sizeof forward, "%s@%u", cw_addr_ip(&arena, &addr).p, cw_addr_port(&addr));
    cw_arena_free(&arena);
    int rc = ub_ctx_set_fwd(ub, forward);
    if (rc)
        cw_buf_printf(why, "cannot use the DNS server %s: %s", server, ub_strerror(rc));
    return rc == 0;
}

static bool add_system(struct ub_ctx *ub, struct cw_buf *why)
{
    int rc = ub_ctx_resolvconf(ub, NULL);
    if (rc)
        cw_buf_printf(why, "cannot read /etc/resolv.conf: %s", ub_strerror(rc));
    else
        (void)ub_ctx_hosts(ub, NULL); /* fine to be missing */
    return rc == 0;
}

static bool add_anchor(struct ub_ctx *ub, const char *file, struct cw_buf *why)
{
    bool ok = access(file, R_OK) == 0 && ub_ctx_add_ta_file(ub, file) == 0;
    if (!ok)
        cw_buf_printf(why, "cannot read the DNSSEC trust anchor %s: %s", file, strerror(errno));
    return ok;
}

/* NULL with a sentence. */
static struct ub_ctx *new_context(const struct cw_resolver_options *o, struct cw_buf *why)
{
    struct ub_ctx *ub = ub_ctx_create_event(o->base);
    int rc = ub ? set_up(ub) : UB_NOMEM;
    bool ok = rc == 0;
    if (!ok)
        cw_buf_printf(why, "cannot set up the resolver: %s", ub_strerror(rc));
    if (ok && o->trust_anchor_file)
        ok = add_anchor(ub, o->trust_anchor_file, why);
    for (size_t i = 0; ok && i < o->n_servers; i++)
        ok = add_server(ub, o->servers[i], why);
    if (ok && o->n_servers == 0)
        ok = add_system(ub, why);
    if (ok && (rc = remove_zones(ub)) != 0) {
        /* What the file holds is read here, and nothing else is likely to be wrong. */
        if (o->trust_anchor_file)
            cw_buf_printf(why, "%s holds no DNSSEC trust anchor that can be used",
                          o->trust_anchor_file);
        else
            cw_buf_printf(why, "cannot set up the resolver: %s", ub_strerror(rc));
        ok = false;
    }
    if (ok)
        return ub;
    if (ub)
        ub_ctx_delete(ub);
    return NULL;
}

struct cw_resolver *cw_resolver_new(const struct cw_resolver_options *o, struct cw_buf *why)
{
    struct ub_ctx *first = new_context(o, why), *second = first ? new_context(o, why) : NULL;
    if (!second) {
        if (first)
            ub_ctx_delete(first);
        return NULL;
    }
    struct cw_resolver *r = cw_alloc(sizeof *r);
    r->sides[0].ub = first;
    r->sides[1].ub = second;
    r->base = o->base;
    r->validates = o->trust_anchor_file != NULL;
    r->timeout_ms = o->timeout_ms ? o->timeout_ms : DEFAULT_TIMEOUT_MS;
    LIST_INIT(&r->queries);
    return r;
}

bool cw_resolver_validates(const struct cw_resolver *r)
{
    return r->validates;
}

struct event_base *cw_resolver_base(const struct cw_resolver *r)
{
    return r->base;
}

void cw_resolver_free(struct cw_resolver **resolver)
{
    struct cw_resolver *r = *resolver;
    if (!r)
        return;
    *resolver = NULL;
    while (!LIST_EMPTY(&r->queries)) {
        struct cw_dns_query *q = LIST_FIRST(&r->queries);
        cw_dns_cancel(&q);
    }
    ub_ctx_delete(r->sides[0].ub);
    ub_ctx_delete(r->sides[1].ub);
    cw_free(r);
}

/* --- asking --- */

/* Takes the query apart; libunbound forgets it too. */
void cw_dns_cancel(struct cw_dns_query **query)
{
    struct cw_dns_query *q = *query;
    if (!q)
        return;
    *query = NULL;
    if (q->is_asked)
        (void)ub_cancel(q->side->ub, q->id); /* only fails for ids it does not know */
    LIST_REMOVE(q, link);
    cw_timer_free(&q->timer);
    cw_arena_free(&q->arena);
    cw_free(q);
}

static void note_failure(struct cw_dns_query *q)
{
    q->side->failed_ms = cw_now_ms();
}

static void on_timer(void *arg)
{
    struct cw_dns_query *q = arg;
    if (q->is_asked) {
        q->answer.status = CW_DNS_TIMEOUT;
        note_failure(q);
    }
    /* Out of the list first: fn may free what it likes, the query is gone afterwards. */
    if (q->is_asked)
        (void)ub_cancel(q->side->ub, q->id);
    q->is_asked = false;
    q->fn(q->arg, &q->answer);
    cw_dns_cancel(&q);
}

static void tell(struct cw_dns_query *q)
{
    q->is_asked = false;
    cw_timer_set(q->timer, 0);
}

static void on_answer(void *arg, int rcode, void *packet, int n, int sec, char *why_bogus,
                      int was_ratelimited)
{
    struct cw_dns_query *q = arg;
    (void)why_bogus;
    (void)was_ratelimited;
    /* With an error of libunbound's own, the packet is what its buffer happens to hold: some other
     * query's answer.  An error that a server gave is inside the packet. */
    if (rcode == 0 && packet && n > 0)
        cw_dns_wire_read((struct cw_str){packet, (size_t)n}, q->type, &q->arena, &q->answer);
    else
        q->answer.status = CW_DNS_FAILED;
    q->answer.is_secure = sec == SEC_SECURE;
    if (sec == SEC_BOGUS)
        q->answer = (struct cw_dns_answer){.status = CW_DNS_BOGUS};
    if (q->answer.status == CW_DNS_FAILED)
        note_failure(q);
    tell(q);
}

/* What can be a host name in the DNS, "_service" labels included. */
static bool is_askable(struct cw_str name)
{
    if (name.n == 0 || name.n > MAX_NAME || name.p[0] == '.')
        return false;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool is_ldh = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '_';
        if (!is_ldh && (c != '.' || name.p[i - 1] == '.'))
            return false;
    }
    return true;
}

/* What follows from a failure at once (the fall-back to the domain's own address) stays with the
 * same side, so that the other one has not failed at the same questions when its turn comes. */
static struct side *side_for_query(struct cw_resolver *r)
{
    uint64_t failed_ms = r->sides[r->turn].failed_ms, now = cw_now_ms();
    bool is_spoilt = failed_ms != 0 && now - failed_ms < FAILURE_MS;
    if (is_spoilt && now - failed_ms >= SAME_TURN_MS && r->sides[!r->turn].failed_ms < failed_ms)
        r->turn = !r->turn;
    return &r->sides[r->turn];
}

struct cw_dns_query *cw_dns_ask(struct cw_resolver *r, enum cw_dns_type type, struct cw_str name,
                                void (*fn)(void *arg, const struct cw_dns_answer *), void *arg)
{
    struct cw_dns_query *q = cw_alloc(sizeof *q);
    q->resolver = r;
    q->type = type;
    q->fn = fn;
    q->arg = arg;
    q->timer = cw_timer_new(r->base, on_timer, q);
    LIST_INSERT_HEAD(&r->queries, q, link);
    if (!is_askable(name)) {
        q->answer.status = CW_DNS_NO_DOMAIN;
        tell(q);
        return q;
    }
    struct cw_str cname = cw_arena_dup(&q->arena, name);
    q->is_asked = true;
    q->side = side_for_query(r);
    cw_timer_set(q->timer, r->timeout_ms);
    int rc = ub_resolve_event(q->side->ub, cname.p, (int)type, CLASS_IN, q, on_answer, &q->id);
    if (rc) {
        q->answer.status = CW_DNS_FAILED;
        tell(q);
    }
    return q;
}
