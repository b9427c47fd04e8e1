/* Who has shown what he understands; see support.h. */
#include "gateway/support.h"

#include "gateway/ledger.h"

enum { MAX_AGE_MS = 24 * 3600 * 1000 }; /* since one of them was heard of */

struct gw_support {
    struct gw_ledger *pairs; /* -> gw_support_known */
};

struct gw_support *gw_support_new(size_t max_pairs)
{
    struct gw_support *support = cw_alloc(sizeof *support);
    support->pairs = gw_ledger_new(max_pairs, MAX_AGE_MS);
    return support;
}

void gw_support_free(struct gw_support **ptr)
{
    struct gw_support *support = *ptr;
    *ptr = NULL;
    if (!support)
        return;
    gw_ledger_free(&support->pairs);
    cw_free(support);
}

static struct cw_str key_of(struct cw_arena *arena, const struct cw_jid *remote,
                            const struct cw_jid *local)
{
    return cw_arena_printf(arena, "%.*s %.*s", CW_ARG(cw_jid_bare(arena, remote)),
                           CW_ARG(cw_jid_bare(arena, local)));
}

struct gw_support_known gw_support_of(struct gw_support *support, const struct cw_jid *remote,
                                      const struct cw_jid *local)
{
    struct cw_arena arena = {0};
    const struct gw_support_known *known =
        gw_ledger_find(support->pairs, key_of(&arena, remote, local));
    cw_arena_free(&arena);
    return known ? *known : (struct gw_support_known){0};
}

/* Kept anew, so that its memory does not grow and it is among the youngest again.  What nobody has
 * shown anything about is not kept. */
static void keep(struct gw_support *support, const struct cw_jid *remote,
                 const struct cw_jid *local, const struct gw_support_known *now)
{
    struct cw_arena arena = {0}, *own;
    struct cw_str key = key_of(&arena, remote, local);
    struct cw_str client = cw_arena_dup(&arena, now->remote);
    struct cw_str thread = cw_arena_dup(&arena, now->thread);
    unsigned shown = now->shown;
    if (shown) {
        struct gw_support_known *known = gw_ledger_put(support->pairs, key, sizeof *known, &own);
        *known = (struct gw_support_known){.shown = shown,
                                           .remote = cw_arena_dup(own, client),
                                           .thread = cw_arena_dup(own, thread)};
    } else {
        gw_ledger_remove(support->pairs, key);
    }
    cw_arena_free(&arena);
}

void gw_support_heard(struct gw_support *support, const struct cw_jid *remote,
                      const struct cw_jid *local, const struct cw_signals *signals,
                      struct cw_str thread)
{
    struct cw_arena arena = {0};
    struct gw_support_known now = gw_support_of(support, remote, local);
    struct cw_str client = cw_jid_str(&arena, remote);
    bool has_state = signals->state != CW_CHAT_UNSAID;
    /* A receipt alone may be of another client than the one he writes with. */
    if (signals->is_text || has_state) {
        if (!cw_str_eq(now.remote, client))
            now.shown &= ~(unsigned)(GW_SHOWN_STATES | GW_SHOWN_RECEIPTS);
        /* XEP-0085 section 5.1: text without a state is the end of it. */
        if (!has_state)
            now.shown &= ~(unsigned)GW_SHOWN_STATES;
        now.remote = client;
    }
    if (has_state)
        now.shown |= GW_SHOWN_STATES;
    if (signals->asks_receipt || cw_str_is_present(signals->received))
        now.shown |= GW_SHOWN_RECEIPTS;
    if (signals->is_text)
        now.thread = thread;
    keep(support, remote, local, &now);
    cw_arena_free(&arena);
}

void gw_support_shown(struct gw_support *support, const struct cw_jid *remote,
                      const struct cw_jid *local, unsigned shown)
{
    struct gw_support_known now = gw_support_of(support, remote, local);
    now.shown |= shown;
    keep(support, remote, local, &now);
}

void gw_support_refused(struct gw_support *support, const struct cw_jid *remote,
                        const struct cw_jid *local, unsigned shown)
{
    struct gw_support_known now = gw_support_of(support, remote, local);
    now.shown &= ~shown;
    keep(support, remote, local, &now);
}

void gw_support_talk(struct gw_support *support, const struct cw_jid *remote,
                     const struct cw_jid *local, struct cw_str thread)
{
    struct gw_support_known now = gw_support_of(support, remote, local);
    now.thread = thread;
    keep(support, remote, local, &now);
}
