/* What the answers for a domain come to: the list in the order of the hosts, or why there is none,
 * with a sentence; see target.h. */
#include "io/target_priv.h"

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

bool cw_target_has_srv(const struct cw_target_query *q, enum cw_dns_status status)
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
    return cw_target_has_srv(q, CW_DNS_OK);
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

void cw_target_tell_failure(struct cw_target_query *q, enum cw_target_status status)
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

enum cw_target_status cw_target_srv_failure(const struct cw_target_query *q)
{
    return cw_target_has_srv(q, CW_DNS_TIMEOUT)  ? CW_TARGET_DNS_TIMEOUT
           : cw_target_has_srv(q, CW_DNS_FAILED) ? CW_TARGET_DNS_FAILED
                                                 : CW_TARGET_NO_SERVICE;
}

/* Why there is no address at all. */
static enum cw_target_status why_none(const struct cw_target_query *q)
{
    bool all_unknown = true;
    enum cw_target_status worst = CW_TARGET_NO_ADDRESS;
    for (size_t i = 0; i < 2 * q->n_hosts; i++) {
        const struct cw_target_host *h = &q->hosts[i / 2];
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
static bool is_bogus(const struct cw_target_host *h)
{
    return h->v6_status == CW_DNS_BOGUS || h->v4_status == CW_DNS_BOGUS;
}

/* RFC 7673 section 3.1: where the zone is signed, an SRV look-up that fails is no reason to go to
 * the domain's own address: whoever can drop answers could choose that way. */
static bool is_downgraded(const struct cw_target_query *q)
{
    bool failed = cw_target_has_srv(q, CW_DNS_FAILED) || cw_target_has_srv(q, CW_DNS_TIMEOUT);
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

void cw_target_tell_addresses(struct cw_target_query *q)
{
    struct cw_target *targets =
        cw_arena_alloc(&q->arena, CW_TARGET_MAX_ADDRESSES * sizeof *targets);
    struct cw_target_list list = {.status = CW_TARGET_OK, .targets = targets};
    for (size_t i = 0; i < q->n_hosts; i++) {
        const struct cw_target_host *h = &q->hosts[i];
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
        cw_target_tell_failure(q, why_none(q));
        return;
    }
    if (is_downgraded(q)) {
        cw_target_tell_failure(q, cw_target_srv_failure(q));
        return;
    }
    list.sentence = cw_arena_printf(&q->arena, "%zu address%s, %.*s", list.n,
                                    list.n == 1 ? "" : "es", CW_ARG(origin(q)));
    tell(q, &list);
}
