/* From a domain to addresses; see target.h.  A query first asks for SRV (or not), then for A and
 * AAAA of every host at once, then builds the list in the order of the hosts. */
#include "io/target.h"

#include "base/secret.h"
#include "io/loop.h"

#include <string.h>

#define DEFAULT_PORT 5269

enum { OTHER_FAMILY_MS = 50, OTHER_HOSTS_MS = 1000 };

struct host {
    struct cw_target_query *query;
    struct cw_dns_srv srv;
    struct cw_dns_query *v6, *v4; /* under way */
    enum cw_dns_status v6_status, v4_status;
    struct cw_addr *addrs; /* IPv6 first */
    size_t n_addrs;
    bool is_secure, has_secure_address; /* see target.h */
};

struct cw_target_query {
    struct cw_resolver *resolver;
    void (*fn)(void *arg, const struct cw_target_list *);
    void *arg;
    struct cw_arena arena;
    struct cw_str domain;
    uint16_t default_port;
    bool is_proxy;
    struct cw_dns_query *srv[2]; /* _xmpp-server, _xmpps-server; under way */
    struct cw_target_srv said[2];
    bool is_srv_secure[2];
    struct cw_dns_srv *srvs; /* of both, as they came */
    size_t n_srvs;
    struct host *hosts;
    size_t n_hosts, n_pending;
    struct cw_timer *patience; /* runs while addresses are known and others are still asked for */
    bool from_srv;
    struct cw_dns_query *later; /* keeps an answer known at once out of cw_target_find */
    struct cw_addr literal;
};

const char *cw_target_status_name(enum cw_target_status status)
{
    switch (status) {
    case CW_TARGET_OK:
        return "ok";
    case CW_TARGET_NO_DOMAIN:
        return "no-such-domain";
    case CW_TARGET_NO_SERVICE:
        return "no-service";
    case CW_TARGET_NO_ADDRESS:
        return "no-address";
    case CW_TARGET_DNS_FAILED:
        return "dns-failed";
    case CW_TARGET_DNS_TIMEOUT:
        return "dns-timeout";
    case CW_TARGET_DNS_BOGUS:
        return "dns-bogus";
    }
    return "unknown";
}

const char *cw_target_dnssec_name(enum cw_target_dnssec dnssec)
{
    switch (dnssec) {
    case CW_TARGET_DNSSEC_OFF:
        return "off";
    case CW_TARGET_DNSSEC_INSECURE:
        return "insecure";
    case CW_TARGET_DNSSEC_SECURE:
        return "secure";
    case CW_TARGET_DNSSEC_BOGUS:
        return "bogus";
    }
    return "unknown";
}

void cw_target_cancel(struct cw_target_query **query)
{
    struct cw_target_query *q = *query;
    if (!q)
        return;
    *query = NULL;
    cw_dns_cancel(&q->srv[0]);
    cw_dns_cancel(&q->srv[1]);
    cw_dns_cancel(&q->later);
    cw_timer_free(&q->patience);
    for (size_t i = 0; i < q->n_hosts; i++) {
        cw_dns_cancel(&q->hosts[i].v6);
        cw_dns_cancel(&q->hosts[i].v4);
    }
    cw_arena_free(&q->arena);
    cw_free(q);
}

/* --- telling --- */

static bool has_srv_status(const struct cw_target_query *q, enum cw_dns_status status)
{
    return (q->said[0].was_asked && q->said[0].status == status) ||
           (q->said[1].was_asked && q->said[1].status == status);
}

/* Every set that has records. */
static bool is_proved(const struct cw_target_query *q)
{
    for (int i = 0; i < 2; i++)
        if (q->said[i].was_asked && q->said[i].status == CW_DNS_OK && !q->is_srv_secure[i])
            return false;
    return has_srv_status(q, CW_DNS_OK);
}

static enum cw_target_dnssec dnssec_of(const struct cw_target_query *q,
                                       enum cw_target_status status)
{
    if (!cw_resolver_validates(q->resolver))
        return CW_TARGET_DNSSEC_OFF;
    if (status == CW_TARGET_DNS_BOGUS)
        return CW_TARGET_DNSSEC_BOGUS;
    return is_proved(q) ? CW_TARGET_DNSSEC_SECURE : CW_TARGET_DNSSEC_INSECURE;
}

static void tell(struct cw_target_query *q, struct cw_target_list *list)
{
    list->from_srv = q->from_srv;
    list->is_secure = q->from_srv && is_proved(q);
    list->srv = q->said[0];
    list->srv_direct = q->said[1];
    list->dnssec = dnssec_of(q, list->status);
    q->fn(q->arg, list);
    cw_target_cancel(&q);
}

static void tell_failure(struct cw_target_query *q, enum cw_target_status status)
{
    static const char *const sentences[] = {
        [CW_TARGET_NO_DOMAIN] = "does not exist in the DNS",
        [CW_TARGET_NO_SERVICE] = "says in the DNS that it has no such server",
        [CW_TARGET_NO_ADDRESS] = "has no address of a server in the DNS",
        [CW_TARGET_DNS_FAILED] = "cannot be looked up: its name servers answer with an error",
        [CW_TARGET_DNS_TIMEOUT] = "cannot be looked up: its name servers do not answer",
        [CW_TARGET_DNS_BOGUS] = "has a DNS answer that DNSSEC shows to be forged or wrongly signed",
    };
    struct cw_str name = q->is_proxy ? q->hosts[0].srv.target : q->domain;
    struct cw_target_list list = {.status = status};
    list.sentence = cw_arena_printf(&q->arena, "%.*s %s", CW_ARG(name), sentences[status]);
    tell(q, &list);
}

/* Why neither set of SRV records leads anywhere. */
static enum cw_target_status srv_failure(const struct cw_target_query *q)
{
    return has_srv_status(q, CW_DNS_TIMEOUT)  ? CW_TARGET_DNS_TIMEOUT
           : has_srv_status(q, CW_DNS_FAILED) ? CW_TARGET_DNS_FAILED
                                              : CW_TARGET_NO_SERVICE;
}

/* Why there is no address at all. */
static enum cw_target_status why_none(const struct cw_target_query *q)
{
    bool all_unknown = true;
    enum cw_target_status worst = CW_TARGET_NO_ADDRESS;
    for (size_t i = 0; i < 2 * q->n_hosts; i++) {
        const struct host *h = &q->hosts[i / 2];
        enum cw_dns_status s = i % 2 ? h->v4_status : h->v6_status;
        all_unknown = all_unknown && s == CW_DNS_NO_DOMAIN;
        if (s == CW_DNS_BOGUS)
            worst = CW_TARGET_DNS_BOGUS;
        else if (s == CW_DNS_TIMEOUT && worst != CW_TARGET_DNS_BOGUS)
            worst = CW_TARGET_DNS_TIMEOUT;
        else if (s == CW_DNS_FAILED && worst == CW_TARGET_NO_ADDRESS)
            worst = CW_TARGET_DNS_FAILED;
    }
    return all_unknown && !q->from_srv ? CW_TARGET_NO_DOMAIN : worst;
}

/* RFC 7673 section 3.2: a host with a forged address is not connected to, at none of its others. */
static bool is_bogus(const struct host *h)
{
    return h->v6_status == CW_DNS_BOGUS || h->v4_status == CW_DNS_BOGUS;
}

/* RFC 7673 section 3.1: where the zone is signed, an SRV look-up that fails is no reason to go to
 * the domain's own address: whoever can drop answers could choose that way. */
static bool is_downgraded(const struct cw_target_query *q)
{
    bool failed = has_srv_status(q, CW_DNS_FAILED) || has_srv_status(q, CW_DNS_TIMEOUT);
    return failed && !q->from_srv && q->n_hosts > 0 && q->hosts[0].has_secure_address;
}

/* "from SRV records", and what they are. */
static struct cw_str origin(struct cw_target_query *q)
{
    const struct cw_target_srv *starttls = &q->said[0], *direct = &q->said[1];
    const char *proved = is_proved(q) ? ", secure by DNSSEC" : "";
    if (q->is_proxy)
        return CW_S("as set");
    if (!q->from_srv)
        return CW_S("no SRV records, its own addresses");
    if (direct->n == 0)
        return cw_arena_printf(&q->arena, "from SRV records%s", proved);
    if (starttls->n == 0)
        return cw_arena_printf(&q->arena, "from SRV records for direct TLS only%s", proved);
    return cw_arena_printf(&q->arena, "from SRV records (%zu for STARTTLS, %zu for direct TLS)%s",
                           starttls->n, direct->n, proved);
}

static void tell_addresses(struct cw_target_query *q)
{
    struct cw_target *targets =
        cw_arena_alloc(&q->arena, CW_TARGET_MAX_ADDRESSES * sizeof *targets);
    struct cw_target_list list = {.status = CW_TARGET_OK, .targets = targets};
    for (size_t i = 0; i < q->n_hosts; i++) {
        const struct host *h = &q->hosts[i];
        for (size_t k = 0; !is_bogus(h) && k < h->n_addrs && list.n < CW_TARGET_MAX_ADDRESSES;
             k++) {
            struct cw_target *t = &targets[list.n++];
            t->host = h->srv.target;
            t->addr = h->addrs[k];
            t->is_direct_tls = h->srv.is_direct_tls;
            t->is_secure = h->is_secure;
            t->has_secure_address = h->is_secure && h->has_secure_address;
            cw_addr_set_port(&t->addr, h->srv.port);
        }
    }
    if (list.n == 0) {
        tell_failure(q, why_none(q));
        return;
    }
    if (is_downgraded(q)) {
        tell_failure(q, srv_failure(q));
        return;
    }
    list.sentence = cw_arena_printf(&q->arena, "%zu address%s, %.*s", list.n,
                                    list.n == 1 ? "" : "es", CW_ARG(origin(q)));
    tell(q, &list);
}

/* --- addresses --- */

static void add_addresses(struct host *h, const struct cw_dns_answer *a, bool in_front)
{
    struct cw_addr *all = cw_arena_alloc(&h->query->arena, (h->n_addrs + a->n_addrs) * sizeof *all);
    size_t at_new = in_front ? 0 : h->n_addrs, at_old = in_front ? a->n_addrs : 0;
    if (a->n_addrs > 0)
        memcpy(all + at_new, a->addrs, a->n_addrs * sizeof *all);
    if (h->n_addrs > 0)
        memcpy(all + at_old, h->addrs, h->n_addrs * sizeof *all);
    h->addrs = all;
    h->n_addrs += a->n_addrs;
    h->has_secure_address = h->has_secure_address || (a->status == CW_DNS_OK && a->is_secure);
}

static void on_patience_over(void *arg)
{
    tell_addresses(arg);
}

/* RFC 8305 section 3: name servers that do not answer for one family, or for one host, do not hold
 * up the others for long. */
static void one_answered(struct cw_target_query *q)
{
    bool any = false, all = true;
    if (--q->n_pending == 0) {
        tell_addresses(q);
        return;
    }
    for (size_t i = 0; i < q->n_hosts; i++) {
        any = any || q->hosts[i].n_addrs > 0;
        all = all && q->hosts[i].n_addrs > 0;
    }
    if (!any)
        return;
    if (!q->patience) {
        q->patience = cw_timer_new(cw_resolver_base(q->resolver), on_patience_over, q);
        cw_timer_set(q->patience, OTHER_HOSTS_MS);
    }
    if (all)
        cw_timer_set(q->patience, OTHER_FAMILY_MS);
}

static void on_v6(void *arg, const struct cw_dns_answer *a)
{
    struct host *h = arg;
    h->v6 = NULL;
    h->v6_status = a->status;
    add_addresses(h, a, true);
    one_answered(h->query);
}

static void on_v4(void *arg, const struct cw_dns_answer *a)
{
    struct host *h = arg;
    h->v4 = NULL;
    h->v4_status = a->status;
    add_addresses(h, a, false);
    one_answered(h->query);
}

static void ask_addresses(struct cw_target_query *q)
{
    q->n_pending = 2 * q->n_hosts;
    for (size_t i = 0; i < q->n_hosts; i++) {
        struct host *h = &q->hosts[i];
        h->query = q;
        h->v6 = cw_dns_ask(q->resolver, CW_DNS_AAAA, h->srv.target, on_v6, h);
        h->v4 = cw_dns_ask(q->resolver, CW_DNS_A, h->srv.target, on_v4, h);
    }
}

static void set_one_host(struct cw_target_query *q, struct cw_str host, uint16_t port)
{
    q->hosts = cw_arena_alloc(&q->arena, sizeof *q->hosts);
    q->n_hosts = 1;
    q->hosts[0].query = q;
    q->hosts[0].srv.target = cw_arena_dup(&q->arena, host);
    q->hosts[0].srv.port = port;
}

/* --- SRV --- */

static uint32_t draw(void *arg, uint32_t max)
{
    uint64_t random;
    (void)arg;
    cw_random(&random, sizeof random);
    return (uint32_t)(random % ((uint64_t)max + 1));
}

static void keep_srvs(struct cw_target_query *q, const struct cw_dns_answer *a, bool is_direct_tls)
{
    struct cw_dns_srv *all = cw_arena_alloc(&q->arena, (q->n_srvs + a->n_srvs) * sizeof *all);
    struct cw_target_srv *said = &q->said[is_direct_tls];
    if (q->n_srvs > 0)
        memcpy(all, q->srvs, q->n_srvs * sizeof *all);
    for (size_t i = 0; i < a->n_srvs; i++) {
        struct cw_dns_srv srv = a->srvs[i];
        if (cw_str_eq_cstr(srv.target, ".")) {
            said->has_refused = true;
            continue;
        }
        srv.target = cw_arena_dup(&q->arena, srv.target);
        srv.is_direct_tls = is_direct_tls;
        all[q->n_srvs++] = srv;
        said->n++;
    }
    q->srvs = all;
}

static void on_all_srv(struct cw_target_query *q)
{
    bool has_refused = q->said[0].has_refused || q->said[1].has_refused;
    if (has_srv_status(q, CW_DNS_BOGUS)) { /* one forged answer spoils both */
        tell_failure(q, CW_TARGET_DNS_BOGUS);
        return;
    }
    /* XEP-0368 section 5: who refuses one way knows SRV, so the other way's records decide, and
     * there is no fall-back. */
    if (q->n_srvs == 0 && has_refused) {
        tell_failure(q, srv_failure(q));
        return;
    }
    /* No answer at all also leads to the fall-back (RFC 6120 section 3.2.1 item 9): if the servers
     * are silent, they are so for the address as well. */
    if (q->n_srvs == 0) {
        set_one_host(q, q->domain, q->default_port);
        ask_addresses(q);
        return;
    }
    q->from_srv = true;
    cw_srv_order(q->srvs, q->n_srvs, draw, NULL);
    q->n_hosts = q->n_srvs < CW_TARGET_MAX_HOSTS ? q->n_srvs : CW_TARGET_MAX_HOSTS;
    q->hosts = cw_arena_alloc(&q->arena, q->n_hosts * sizeof *q->hosts);
    for (size_t i = 0; i < q->n_hosts; i++) {
        q->hosts[i].srv = q->srvs[i];
        q->hosts[i].is_secure = q->is_srv_secure[q->srvs[i].is_direct_tls];
    }
    ask_addresses(q);
}

static void on_srv_answer(struct cw_target_query *q, const struct cw_dns_answer *a, int which)
{
    q->srv[which] = NULL;
    q->said[which].status = a->status;
    q->is_srv_secure[which] = a->is_secure;
    if (a->status == CW_DNS_OK)
        keep_srvs(q, a, which == 1);
    if (!q->srv[0] && !q->srv[1])
        on_all_srv(q);
}

static void on_srv(void *arg, const struct cw_dns_answer *a)
{
    on_srv_answer(arg, a, 0);
}

static void on_srv_direct(void *arg, const struct cw_dns_answer *a)
{
    on_srv_answer(arg, a, 1);
}

static void ask_srv(struct cw_target_query *q, const char *service, bool with_direct_tls)
{
    struct cw_str name = cw_arena_printf(
        &q->arena, "%s.%.*s", service ? service : "_xmpp-server._tcp", CW_ARG(q->domain));
    q->said[0].was_asked = true;
    q->srv[0] = cw_dns_ask(q->resolver, CW_DNS_SRV, name, on_srv, q);
    if (!with_direct_tls)
        return;
    q->said[1].was_asked = true;
    name = cw_arena_printf(&q->arena, "_xmpps-server._tcp.%.*s", CW_ARG(q->domain));
    q->srv[1] = cw_dns_ask(q->resolver, CW_DNS_SRV, name, on_srv_direct, q);
}

/* --- starting --- */

/* An address instead of a name: nothing to ask, told from the loop all the same. */
static void on_later(void *arg, const struct cw_dns_answer *a)
{
    struct cw_target_query *q = arg;
    (void)a;
    q->later = NULL;
    q->hosts[0].addrs = &q->literal;
    q->hosts[0].n_addrs = 1;
    tell_addresses(q);
}

static bool take_literal(struct cw_target_query *q, struct cw_str text, uint16_t port)
{
    if (!cw_addr_parse(text, port, &q->literal))
        return false;
    set_one_host(q, text, cw_addr_port(&q->literal));
    /* A name that cannot be asked for is answered from the loop without asking. */
    q->later = cw_dns_ask(q->resolver, CW_DNS_A, CW_S(""), on_later, q);
    return true;
}

static void take_host(struct cw_target_query *q, struct cw_str text)
{
    ptrdiff_t colon = cw_str_rindex(text, ':');
    uint64_t port = q->default_port;
    struct cw_str host = colon < 0 ? text : cw_str_sub(text, 0, (size_t)colon);
    /* A port that is none leaves the text as it is: a name that does not exist. */
    if (colon >= 0 && (!cw_str_to_u64(cw_str_sub(text, (size_t)colon + 1, text.n), &port) ||
                       port == 0 || port > UINT16_MAX)) {
        host = text;
        port = q->default_port;
    }
    set_one_host(q, host, (uint16_t)port);
    ask_addresses(q);
}

struct cw_target_query *cw_target_find(struct cw_resolver *r, const struct cw_target_ask *ask,
                                       void (*fn)(void *arg, const struct cw_target_list *),
                                       void *arg)
{
    struct cw_target_query *q = cw_alloc(sizeof *q);
    q->resolver = r;
    q->fn = fn;
    q->arg = arg;
    q->domain = cw_arena_dup(&q->arena, ask->domain);
    q->default_port = ask->default_port ? ask->default_port : DEFAULT_PORT;
    q->is_proxy = ask->proxy.n > 0;
    struct cw_str name = q->is_proxy ? ask->proxy : ask->domain;
    if (take_literal(q, name, q->default_port))
        return q;
    if (q->is_proxy)
        take_host(q, name);
    else
        ask_srv(q, ask->service, ask->with_direct_tls);
    return q;
}
