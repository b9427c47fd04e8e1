/* The frozen policy: look-ups by domain and the count of its owners. */
#include "policy/view.h"

#include "xmpp/jid.h"

struct cw_policy *cw_policy_new(void)
{
    struct cw_policy *p = cw_alloc(sizeof *p);

    p->refs = 1;
    return p;
}

void cw_policy_index(struct cw_policy *p)
{
    for (size_t i = 0; i < p->n_local_domains; i++)
        cw_map_set(&p->local_by_domain, p->local_domains[i], &p->local_domains[i]);
    for (size_t i = 0; i < p->n_partners; i++) {
        struct cw_partner *partner = &p->partners[i];

        if (!partner->enabled)
            continue;
        cw_map_set(&p->partner_by_domain, partner->domain, partner);
        for (size_t j = 0; j < partner->n_additional; j++)
            cw_map_set(&p->partner_by_domain, partner->additional[j], partner);
    }
}

struct cw_policy *cw_policy_ref(struct cw_policy *p)
{
    p->refs++;
    return p;
}

void cw_policy_unref(struct cw_policy **policy)
{
    struct cw_policy *p = *policy;

    *policy = NULL;
    if (!p)
        return;
    cw_assert(p->refs > 0);
    if (--p->refs > 0)
        return;
    cw_map_free(&p->local_by_domain);
    cw_map_free(&p->partner_by_domain);
    cw_arena_free(&p->arena);
    cw_free(p);
}

/* Most names come in A-labels and lower case already: they are found without any work. */
static void *find(const struct cw_map *map, struct cw_str domain)
{
    void *found = cw_map_get(map, domain);
    struct cw_arena scratch = {0};
    struct cw_str ascii;

    if (found || cw_str_is_empty(domain))
        return found;
    if (cw_domain_to_ascii(&scratch, domain, &ascii))
        found = cw_map_get(map, ascii);
    cw_arena_free(&scratch);
    return found;
}

const struct cw_partner *cw_policy_partner(const struct cw_policy *p, struct cw_str domain)
{
    return find(&p->partner_by_domain, domain);
}

bool cw_policy_is_local(const struct cw_policy *p, struct cw_str domain)
{
    return find(&p->local_by_domain, domain) != NULL;
}

unsigned cw_policy_connection_limit(const struct cw_policy *p, const struct cw_partner *partner)
{
    return partner->connection_limit ? partner->connection_limit
                                     : p->settings.partner_connection_limit;
}
