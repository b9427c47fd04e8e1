/* What the gateway knows of its local users: whom they invited and blocked, and who has access.
 * All in memory, so that a stanza's way never waits for the disk; what a user does counts at once
 * and is written behind. */
#include <time.h>

#include "gateway/store_priv.h"
#include "policy/access.h"

struct cw_str gw_pair_key(struct cw_arena *arena, struct cw_str local, struct cw_str remote)
{
    return cw_arena_printf(arena, "%.*s %.*s", CW_ARG(local), CW_ARG(remote));
}

static bool has_pair(const struct cw_map *map, struct cw_str local, struct cw_str remote)
{
    struct cw_arena scratch = {0};
    bool has = map->n > 0 && cw_map_get(map, gw_pair_key(&scratch, local, remote)) != NULL;
    cw_arena_free(&scratch);
    return has;
}

/* --- a reading --------------------------------------------------------------------------------*/

enum cw_err gw_known_read(struct cw_store *handle, struct gw_known *known)
{
    struct cw_arena scratch = {0};
    struct cw_contact *contacts = NULL;
    struct cw_block *blocks = NULL;
    struct cw_access_rule *rules = NULL;
    size_t n_contacts = 0, n_blocks = 0, n_rules = 0;
    enum cw_err err = cw_store_contact_list(handle, CW_STR_NONE, &scratch, &contacts, &n_contacts);
    if (!err)
        err = cw_store_block_list(handle, CW_STR_NONE, &scratch, &blocks, &n_blocks);
    if (!err)
        err = cw_store_access_list(handle, &known->arena, &rules, &n_rules);
    for (size_t i = 0; !err && i < n_contacts; i++)
        cw_map_set(&known->contacts, gw_pair_key(&scratch, contacts[i].local, contacts[i].remote),
                   known);
    for (size_t i = 0; !err && i < n_blocks; i++)
        cw_map_set(&known->blocks, gw_pair_key(&scratch, blocks[i].local, blocks[i].remote), known);
    if (!err)
        cw_access_index(&known->access, rules, n_rules);
    cw_arena_free(&scratch);
    return err;
}

void gw_known_free(struct gw_known *known)
{
    cw_map_free(&known->contacts);
    cw_map_free(&known->blocks);
    cw_map_free(&known->access);
    cw_arena_free(&known->arena);
    *known = (struct gw_known){.arena = {0}};
}

void gw_known_set_contact(struct gw_known *known, struct cw_str local, struct cw_str remote,
                          bool is)
{
    struct cw_arena scratch = {0};
    struct cw_str key = gw_pair_key(&scratch, local, remote);
    if (is)
        cw_map_set(&known->contacts, key, known);
    else
        cw_map_remove(&known->contacts, key);
    cw_arena_free(&scratch);
}

/* --- questions and what users do --------------------------------------------------------------*/

bool gw_store_is_invited(const struct gw_store *store, struct cw_str local, struct cw_str remote)
{
    return has_pair(&store->known.contacts, local, remote);
}

static void change(struct gw_store *store, struct cw_str local, struct cw_str remote,
                   bool is_invited)
{
    const struct cw_contact contact = {local, remote, time(NULL)};
    if (gw_store_is_invited(store, local, remote) == is_invited)
        return;
    gw_known_set_contact(&store->known, local, remote, is_invited);
    gw_writes_contact(&store->queued, &contact, is_invited);
    gw_store_batch_now(store);
}

void gw_store_invite(struct gw_store *store, struct cw_str local, struct cw_str remote)
{
    change(store, local, remote, true);
}

void gw_store_uninvite(struct gw_store *store, struct cw_str local, struct cw_str remote)
{
    change(store, local, remote, false);
}

bool gw_store_has_access(const struct gw_store *store, const struct cw_jid *local)
{
    return cw_access_is_allowed(&store->known.access, local);
}

bool gw_store_is_blocked(const struct gw_store *store, const struct cw_jid *local,
                         const struct cw_jid *remote)
{
    struct cw_arena scratch = {0};
    const struct cw_map *blocks = &store->known.blocks;
    bool is = false;
    if (blocks->n > 0) { /* as it is nowhere at first */
        struct cw_str bare = cw_jid_bare(&scratch, local);
        is = has_pair(blocks, bare, cw_jid_bare(&scratch, remote)) ||
             has_pair(blocks, bare, remote->domain);
    }
    cw_arena_free(&scratch);
    return is;
}
