/* External access; see access.h. */
#include "policy/access.h"

static bool is_among(const struct cw_str *domains, size_t n, struct cw_str domain)
{
    for (size_t i = 0; i < n; i++)
        if (cw_str_eq(domains[i], domain))
            return true;
    return false;
}

struct cw_str cw_access_scope(struct cw_arena *arena, struct cw_str text,
                              const struct cw_str *local_domains, size_t n_local_domains)
{
    struct cw_jid jid;
    struct cw_str domain;
    if (cw_str_is_empty(text))
        return CW_S("");
    if (cw_jid_parse(arena, text, &jid) != CW_JID_OK || cw_str_is_present(jid.resource) ||
        !cw_domain_to_ascii(arena, jid.domain, &domain) ||
        !is_among(local_domains, n_local_domains, domain))
        return CW_STR_NONE;
    return cw_str_is_present(jid.local) ? cw_jid_bare(arena, &jid) : domain;
}

const char *cw_access_scope_name(struct cw_str scope)
{
    if (cw_str_is_empty(scope))
        return "global";
    return cw_str_index(scope, '@') < 0 ? "domain" : "user";
}

void cw_access_index(struct cw_map *map, const struct cw_access_rule *rules, size_t n)
{
    for (size_t i = 0; i < n; i++)
        cw_map_set(map, rules[i].scope, (void *)(uintptr_t)&rules[i]);
}

const struct cw_access_rule *cw_access_nearest(const struct cw_map *map, const struct cw_jid *local)
{
    struct cw_arena scratch = {0};
    struct cw_str domain;
    if (map->n == 0) /* as it is nearly everywhere */
        return NULL;
    const struct cw_access_rule *rule = cw_map_get(map, cw_jid_bare(&scratch, local));
    if (!rule && cw_domain_to_ascii(&scratch, local->domain, &domain))
        rule = cw_map_get(map, domain);
    if (!rule)
        rule = cw_map_get(map, CW_S(""));
    cw_arena_free(&scratch);
    return rule;
}

bool cw_access_is_allowed(const struct cw_map *map, const struct cw_jid *local)
{
    const struct cw_access_rule *rule = cw_access_nearest(map, local);
    return !rule || rule->xmpp;
}
