/* See hop.h. */
#include "gateway/hop.h"

#include <string.h>

#include "base/mem.h"
#include "io/loop.h"
#include "io/target.h"

enum {
    REFRESH_MS = 30000, /* libunbound keeps answers as long as the DNS says, this only asks it */
    RETRY_MS = 3000,    /* after an answer without any address */
    AVOID_MS = 30000,
    MAX_AVOIDED = GW_MAX_TARGETS,
};

struct avoided {
    struct gw_target target;
    uint64_t until_ms;
};

struct gw_hop {
    struct gw_hops *hops;
    const struct cw_next_hop *config;
    struct cw_target_query *query; /* under way */
    bool asks_second;              /* it is the one for TCP, after UDP had no records */
    bool is_literal;
    uint64_t asked_ms; /* 0: never */
    struct gw_target targets[GW_MAX_TARGETS];
    size_t n_targets;
    struct avoided avoided[MAX_AVOIDED];
    size_t n_avoided;
    bool has_challenge;
    struct gw_challenge challenge;
};

struct gw_hops {
    struct cw_resolver *resolver;
    void (*on_found)(void *arg, struct gw_hop *);
    void *arg;
    struct gw_hop *list;
    size_t n;
};

static enum cw_sip_transport transport_of(const struct cw_next_hop *config)
{
    return config->transport == CW_TRANSPORT_UDP   ? CW_SIP_UDP
           : config->transport == CW_TRANSPORT_TCP ? CW_SIP_TCP
                                                   : CW_SIP_TLS;
}

static void ask(struct gw_hop *);

/* --- asking the DNS ---------------------------------------------------------------------------*/

static void take(struct gw_hop *hop, const struct cw_target_list *list,
                 enum cw_sip_transport transport)
{
    hop->n_targets = 0;
    for (size_t i = 0; i < list->n && hop->n_targets < GW_MAX_TARGETS; i++)
        hop->targets[hop->n_targets++] = (struct gw_target){transport, list->targets[i].addr};
}

/* Nothing new in the DNS leaves the old answer in use: its servers may well be up when the name
 * servers are not. */
static void on_targets(void *arg, const struct cw_target_list *list)
{
    struct gw_hop *hop = arg;
    bool may_be_tcp = !hop->config->has_transport && !hop->config->has_port;
    bool is_second = hop->asks_second;
    hop->query = NULL;
    hop->asks_second = false;
    if (list->status == CW_TARGET_OK && (!is_second || list->from_srv))
        take(hop, list, is_second ? CW_SIP_TCP : transport_of(hop->config));
    /* Without SRV records the first answer is the name's own addresses; records of TCP would be
     * better. */
    if (may_be_tcp && !is_second && !list->from_srv) {
        hop->asks_second = true;
        ask(hop);
        return;
    }
    hop->hops->on_found(hop->hops->arg, hop);
}

static void ask(struct gw_hop *hop)
{
    static const char *const services[] = {
        [CW_SIP_UDP] = "_sip._udp", [CW_SIP_TCP] = "_sip._tcp", [CW_SIP_TLS] = "_sips._tcp"};
    struct cw_arena arena = {0};
    const struct cw_next_hop *config = hop->config;
    struct cw_target_ask question = {
        .domain = config->host,
        .default_port = config->port,
        .service = services[hop->asks_second ? CW_SIP_TCP : transport_of(config)]};
    if (config->has_port)
        question.proxy = cw_arena_printf(&arena, "%.*s:%u", CW_ARG(config->host), config->port);
    hop->asked_ms = cw_now_ms();
    hop->query = cw_target_find(hop->hops->resolver, &question, on_targets, hop);
    cw_arena_free(&arena);
}

static void refresh(struct gw_hop *hop)
{
    uint64_t age_ms = hop->n_targets > 0 ? REFRESH_MS : RETRY_MS;
    if (!hop->is_literal && !hop->query &&
        (hop->asked_ms == 0 || cw_now_ms() - hop->asked_ms >= age_ms))
        ask(hop);
}

/* --- targets ----------------------------------------------------------------------------------*/

static bool is_same(const struct gw_target *a, const struct gw_target *b)
{
    return a->transport == b->transport && cw_addr_eq(&a->addr, &b->addr);
}

static bool is_avoided(struct gw_hop *hop, const struct gw_target *target, uint64_t now)
{
    for (size_t i = 0; i < hop->n_avoided; i++)
        if (is_same(&hop->avoided[i].target, target))
            return hop->avoided[i].until_ms > now;
    return false;
}

void gw_hop_failed(struct gw_hop *hop, const struct gw_target *target)
{
    uint64_t until = cw_now_ms() + AVOID_MS;
    size_t i = 0;
    while (i < hop->n_avoided && !is_same(&hop->avoided[i].target, target))
        i++;
    if (i == MAX_AVOIDED) {
        memmove(hop->avoided, hop->avoided + 1, (MAX_AVOIDED - 1) * sizeof *hop->avoided);
        i--;
    } else if (i == hop->n_avoided) {
        hop->n_avoided++;
    }
    hop->avoided[i] = (struct avoided){*target, until};
}

size_t gw_hop_targets(struct gw_hop *hop, struct gw_target out[GW_MAX_TARGETS], bool *is_pending)
{
    uint64_t now = cw_now_ms();
    size_t n = 0;
    refresh(hop);
    for (int avoided = 0; avoided < 2; avoided++)
        for (size_t i = 0; i < hop->n_targets; i++)
            if (is_avoided(hop, &hop->targets[i], now) == avoided)
                out[n++] = hop->targets[i];
    *is_pending = n == 0 && hop->query != NULL;
    return n;
}

const struct cw_next_hop *gw_hop_config(const struct gw_hop *hop)
{
    return hop->config;
}

/* --- challenges -------------------------------------------------------------------------------*/

struct gw_challenge *gw_hop_challenge(struct gw_hop *hop)
{
    return hop->has_challenge ? &hop->challenge : NULL;
}

void gw_hop_set_challenge(struct gw_hop *hop, const struct gw_challenge *challenge)
{
    gw_hop_forget_challenge(hop);
    hop->challenge = *challenge;
    hop->has_challenge = true;
}

void gw_hop_forget_challenge(struct gw_hop *hop)
{
    cw_arena_free(&hop->challenge.arena);
    hop->challenge = (struct gw_challenge){.nc = 0};
    hop->has_challenge = false;
}

/* --- life -------------------------------------------------------------------------------------*/

bool gw_hops_need_resolver(const struct cw_gateway_config *config)
{
    struct cw_addr addr;
    for (size_t i = 0; i < config->sip.n_next_hops; i++)
        if (!cw_addr_parse(config->sip.next_hops[i].host, 0, &addr))
            return true;
    return false;
}

struct gw_hops *gw_hops_new(const struct cw_gateway_config *config, struct cw_resolver *resolver,
                            void (*on_found)(void *arg, struct gw_hop *), void *arg)
{
    struct gw_hops *hops = cw_alloc(sizeof *hops);
    *hops = (struct gw_hops){.resolver = resolver, .on_found = on_found, .arg = arg};
    hops->n = config->sip.n_next_hops;
    hops->list = cw_alloc((hops->n + 1) * sizeof *hops->list);
    for (size_t i = 0; i < hops->n; i++) {
        struct gw_hop *hop = &hops->list[i];
        hop->hops = hops;
        hop->config = &config->sip.next_hops[i];
        hop->targets[0].transport = transport_of(hop->config);
        hop->is_literal =
            cw_addr_parse(hop->config->host, hop->config->port, &hop->targets[0].addr);
        hop->n_targets = hop->is_literal;
        refresh(hop);
    }
    return hops;
}

void gw_hops_free(struct gw_hops **ptr)
{
    struct gw_hops *hops = *ptr;
    *ptr = NULL;
    if (!hops)
        return;
    for (size_t i = 0; i < hops->n; i++) {
        cw_target_cancel(&hops->list[i].query);
        gw_hop_forget_challenge(&hops->list[i]);
    }
    cw_free(hops->list);
    cw_free(hops);
}

struct gw_hop *gw_hops_find(struct gw_hops *hops, struct cw_str domain)
{
    for (size_t i = 0; i < hops->n; i++)
        if (cw_str_eq(hops->list[i].config->domain, domain))
            return &hops->list[i];
    return NULL;
}
