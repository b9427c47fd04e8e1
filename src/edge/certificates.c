/* Which certificate a stream gets, and when files are looked at; see certificates.h. */
#include "edge/certificates.h"

#include <time.h>

#include "edge/certificates_priv.h"
#include "xmpp/jid.h"

enum { LOOK_EVERY_MS = 2000 };

int64_t edge_certificates_now(void)
{
    return (int64_t)time(NULL);
}

/* --- names ------------------------------------------------------------------------------------*/

bool edge_certificate_names(const struct edge_certificate *one, struct cw_str domain,
                            bool *is_exact)
{
    const struct cw_cert_name *name =
        one->tls ? cw_cert_match(cw_tls_ctx_cert(one->tls), domain) : NULL;
    *is_exact = name && cw_str_index(name->value, '*') < 0;
    return name != NULL;
}

static bool is_valid_at(const struct edge_certificate *one, int64_t now)
{
    return cw_tls_ctx_not_before(one->tls) <= now && now < cw_tls_ctx_not_after(one->tls);
}

/* The one for the domain; NULL when none names it. */
static struct edge_certificate *best_for(const struct edge_certificates *all, struct cw_str domain)
{
    struct edge_certificate *best = NULL;
    unsigned best_rank = 0;
    for (size_t i = 0; i < all->config.n_files; i++) {
        struct edge_certificate *one = &all->list[i];
        bool is_exact;
        if (!edge_certificate_names(one, domain, &is_exact))
            continue;
        unsigned rank = 1u + (one->is_valid ? 2u : 0u) + (is_exact ? 1u : 0u);
        if (rank > best_rank) {
            best = one;
            best_rank = rank;
        }
    }
    return best;
}

static void assign_one(struct edge_certificates *all, struct cw_str domain)
{
    struct edge_certificate *best = best_for(all, domain);
    if (best) {
        cw_map_set(&all->by_domain, domain, best);
        cw_map_remove(&all->uncovered, domain);
        return;
    }
    cw_map_remove(&all->by_domain, domain);
    if (!cw_map_set(&all->uncovered, domain, all))
        CW_LOG(all->config.log, CW_LOG_WARN, "domain-without-certificate", CW_KV("domain", domain),
               CW_KVC("reason", "no certificate of the edge names this local domain: partners that "
                                "verify certificates will refuse its streams"));
}

static void warn_of_end(struct edge_certificates *all, const struct edge_certificate *one)
{
    struct cw_arena arena = {0};
    int64_t now = edge_certificates_now(), end = one->tls ? cw_tls_ctx_not_after(one->tls) : 0;
    if (one->tls && edge_expiry_is_due(&all->expiry, one->files->certificate, end, now))
        CW_LOG(all->config.log, end <= now ? CW_LOG_ERROR : CW_LOG_WARN, "certificate-expires",
               CW_KV("file", one->files->certificate), CW_KVI("days", edge_expiry_days(end, now)),
               CW_KV("domains", edge_certificate_domains(all, one, &arena)));
    cw_arena_free(&arena);
}

void edge_certificates_assign(struct edge_certificates *all)
{
    int64_t now = edge_certificates_now();
    for (size_t i = 0; i < all->config.n_files; i++)
        all->list[i].is_valid = all->list[i].tls && is_valid_at(&all->list[i], now);
    for (size_t i = 0; i < all->config.n_local_domains; i++)
        assign_one(all, all->config.local_domains[i]);
    for (size_t i = 0; i < all->config.n_files; i++)
        warn_of_end(all, &all->list[i]);
}

/* --- picking ----------------------------------------------------------------------------------*/

static const struct cw_tls_ctx *first_of(const struct edge_certificates *all)
{
    size_t i = 0;
    while (!all->list[i].tls) /* one at least could be used, or there would be no object */
        i++;
    return all->list[i].tls;
}

/* NULL: no local domain, and nobody names it. */
static const struct cw_tls_ctx *known(const struct edge_certificates *all, struct cw_str name)
{
    struct cw_arena scratch = {0};
    const struct cw_tls_ctx *found = NULL;
    struct cw_str domain;
    if (cw_domain_to_ascii(&scratch, name, &domain)) {
        const struct edge_certificate *one = cw_map_get(&all->by_domain, domain);
        bool is_uncovered = cw_map_get(&all->uncovered, domain) != NULL;
        if (!one && !is_uncovered) /* the name of a host, perhaps */
            one = best_for(all, domain);
        if (one || is_uncovered)
            found = one ? one->tls : first_of(all);
    }
    cw_arena_free(&scratch);
    return found;
}

const struct cw_tls_ctx *edge_certificates_pick(void *certificates, struct cw_str sni)
{
    return known(certificates, sni);
}

const struct cw_tls_ctx *edge_certificates_for(const struct edge_certificates *all,
                                               struct cw_str domain)
{
    const struct cw_tls_ctx *found = domain.n > 0 ? known(all, domain) : NULL;
    return found ? found : first_of(all);
}

/* --- life -------------------------------------------------------------------------------------*/

static void on_time(void *arg)
{
    struct edge_certificates *all = arg;
    int64_t now = edge_certificates_now();
    bool is_new = false;
    for (size_t i = 0; i < all->config.n_files; i++) {
        struct edge_certificate *one = &all->list[i];
        if (edge_certificate_has_new_files(all, one))
            is_new = edge_certificate_load(all, one) != EDGE_CERTIFICATE_REFUSED || is_new;
        is_new = is_new || (one->tls && one->is_valid != is_valid_at(one, now));
        warn_of_end(all, one);
    }
    if (is_new)
        edge_certificates_assign(all);
    cw_timer_set(all->watch, all->config.look_every_ms);
}

static bool load_all(struct edge_certificates *all, struct cw_buf *why)
{
    bool has_one = false;
    for (size_t i = 0; i < all->config.n_files; i++) {
        (void)edge_certificate_load(all, &all->list[i]);
        has_one = has_one || all->list[i].tls;
        if (!all->list[i].tls && why->n == 0)
            cw_buf_puts(why, cw_buf_str(&all->list[i].refusal));
    }
    return has_one;
}

struct edge_certificates *edge_certificates_new(const struct edge_certificates_config *config,
                                                struct cw_buf *why)
{
    struct edge_certificates *all = cw_alloc(sizeof *all);
    struct cw_buf first_fault = {0};
    all->config = *config;
    if (all->config.look_every_ms == 0)
        all->config.look_every_ms = LOOK_EVERY_MS;
    all->list = cw_alloc((config->n_files + 1) * sizeof *all->list);
    for (size_t i = 0; i < config->n_files; i++)
        all->list[i].files = &config->files[i];
    all->watch = cw_timer_new(config->base, on_time, all);
    if (load_all(all, &first_fault)) {
        edge_certificates_assign(all);
        cw_timer_set(all->watch, all->config.look_every_ms);
    } else {
        cw_buf_puts(why, config->n_files > 0
                             ? cw_buf_str(&first_fault)
                             : CW_S("edge.certificate is not set: the edge needs a certificate"));
        edge_certificates_free(&all);
    }
    cw_buf_free(&first_fault);
    return all;
}

void edge_certificates_free(struct edge_certificates **all_ptr)
{
    struct edge_certificates *all = *all_ptr;
    *all_ptr = NULL;
    if (!all)
        return;
    for (size_t i = 0; i < all->config.n_files; i++) {
        cw_tls_ctx_free(&all->list[i].tls);
        cw_buf_free(&all->list[i].refusal);
    }
    cw_timer_free(&all->watch);
    edge_expiry_free(&all->expiry);
    cw_map_free(&all->by_domain);
    cw_map_free(&all->uncovered);
    cw_free(all->list);
    cw_free(all);
}
