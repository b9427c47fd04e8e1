/* From a domain to addresses; see target.h.  A query first asks for SRV (or not), then for A and
 * AAAA of every host at once; target_tell.c then says what that comes to. */
#include "io/target_priv.h"

#include "base/secret.h"
#include "io/loop.h"

#include <string.h>

#define DEFAULT_PORT 5269

enum { OTHER_FAMILY_MS = 50, OTHER_HOSTS_MS = 1000 };

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

/* --- addresses --- */

static void add_addresses(struct cw_target_host *h, const struct cw_dns_answer *a, bool in_front)
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
    cw_target_tell_addresses(arg);
}

/* RFC 8305 section 3: name servers that do not answer for one family, or for one host, do not hold
 * up the others for long. */
static void one_answered(struct cw_target_query *q)
{
    bool any = false, all = true;
    if (--q->n_pending == 0) {
        cw_target_tell_addresses(q);
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
    struct cw_target_host *h = arg;
    h->v6 = NULL;
    h->v6_status = a->status;
    add_addresses(h, a, true);
    one_answered(h->query);
}

static void on_v4(void *arg, const struct cw_dns_answer *a)
{
    struct cw_target_host *h = arg;
    h->v4 = NULL;
    h->v4_status = a->status;
    add_addresses(h, a, false);
    one_answered(h->query);
}

static void ask_addresses(struct cw_target_query *q)
{
    q->n_pending = 2 * q->n_hosts;
    for (size_t i = 0; i < q->n_hosts; i++) {
        struct cw_target_host *h = &q->hosts[i];
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
    if (cw_target_has_srv(q, CW_DNS_BOGUS)) { /* one forged answer spoils both */
        cw_target_tell_failure(q, CW_TARGET_DNS_BOGUS);
        return;
    }
    /* XEP-0368 section 5: who refuses one way knows SRV, so the other way's records decide, and
     * there is no fall-back. */
    if (q->n_srvs == 0 && has_refused) {
        cw_target_tell_failure(q, cw_target_srv_failure(q));
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
    cw_target_tell_addresses(q);
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
