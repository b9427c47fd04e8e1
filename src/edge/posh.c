/* POSH documents, fetched and kept; see posh.h.
 *
 *     question -> kept: the verdict, from the timer
 *              -> fetch of that domain (one at a time) -> kept -> the verdict for all who wait
 *
 * A fetch goes to its end although nobody waits any more: what it learns is kept. */
#include "edge/posh.h"

#include "edge/edge_priv.h"
#include "io/https.h"
#include "s2s/posh.h"

enum {
    MAX_KEPT = 500,
    YOUNG_MS = 60 * 1000,
    NO_DOCUMENT_MS = 10 * 60 * 1000,
    NO_ANSWER_MS = 60 * 1000,
    PATIENCE_MS = 2500 /* for a document, and the one that it refers to */
};

struct fetch;

struct edge_posh_question {
    TAILQ_ENTRY(edge_posh_question) link; /* in the fetch, while there is one */
    struct edge_posh_ask ask;
    struct cw_arena arena;
    struct fetch *fetch;
    struct cw_timer *later; /* without a fetch: the verdict is known */
    struct cw_str fault;
    void (*fn)(void *arg, struct cw_str fault);
    void *arg;
};
TAILQ_HEAD(questions, edge_posh_question);

struct fetch {
    struct edge *edge;
    struct cw_arena arena;
    struct cw_str domain;
    uint16_t web_port;
    uint64_t policy_version, until_ms;
    unsigned reference_expires_s; /* 0: no reference was followed */
    struct cw_https *https;
    struct questions waiting;
};

struct kept {
    TAILQ_ENTRY(kept) link;
    struct cw_arena arena;
    struct cw_str domain;
    struct cw_posh posh; /* when there is no fault */
    struct cw_str fault; /* why there is none */
    uint64_t since_ms, until_ms;
    uint64_t policy_version;
};

struct edge_posh {
    struct cw_map kept;    /* domain -> struct kept */
    struct cw_map fetches; /* domain -> struct fetch */
    TAILQ_HEAD(, kept) by_age;
};

static struct edge_posh *posh_of(struct edge *edge)
{
    if (!edge->posh) {
        edge->posh = cw_alloc(sizeof *edge->posh);
        TAILQ_INIT(&edge->posh->by_age);
    }
    return edge->posh;
}

/* --- what was said before ---------------------------------------------------------------------*/

static void forget(struct edge_posh *posh, struct kept *kept)
{
    cw_map_remove(&posh->kept, kept->domain);
    TAILQ_REMOVE(&posh->by_age, kept, link);
    cw_arena_free(&kept->arena);
    cw_free(kept);
}

/* An empty entry for the domain, the only one. */
static struct kept *keep(struct fetch *fetch, uint64_t for_ms)
{
    struct edge_posh *posh = fetch->edge->posh;
    struct kept *kept = cw_map_get(&posh->kept, fetch->domain);
    if (kept)
        forget(posh, kept);
    while (posh->kept.n >= MAX_KEPT)
        forget(posh, TAILQ_FIRST(&posh->by_age));
    kept = cw_alloc(sizeof *kept);
    kept->domain = cw_arena_dup(&kept->arena, fetch->domain);
    kept->since_ms = cw_now_ms();
    kept->until_ms = kept->since_ms + for_ms;
    kept->policy_version = fetch->policy_version;
    cw_map_set(&posh->kept, kept->domain, kept);
    TAILQ_INSERT_TAIL(&posh->by_age, kept, link);
    return kept;
}

static struct cw_posh copy_of(struct cw_arena *arena, const struct cw_posh *from)
{
    struct cw_posh_fingerprint *all = cw_arena_alloc(arena, from->n_fingerprints * sizeof *all);
    for (size_t i = 0; i < from->n_fingerprints; i++) {
        all[i].sha256 = cw_arena_dup(arena, from->fingerprints[i].sha256);
        all[i].sha512 = cw_arena_dup(arena, from->fingerprints[i].sha512);
    }
    return (struct cw_posh){
        .fingerprints = all, .n_fingerprints = from->n_fingerprints, .expires_s = from->expires_s};
}

static struct cw_str verdict_of(struct edge_posh_question *q, const struct kept *kept)
{
    if (cw_str_is_present(kept->fault))
        return cw_arena_dup(&q->arena, kept->fault);
    if (cw_posh_matches(&kept->posh, q->ask.sha256, q->ask.sha512))
        return CW_STR_NONE;
    return cw_arena_printf(&q->arena, "https://%.*s" CW_POSH_PATH " does not list the certificate",
                           CW_ARG(q->ask.domain));
}

/* NULL: the web server must be asked. */
static const struct kept *recall(const struct edge_posh_question *q)
{
    const struct edge_posh_ask *ask = &q->ask;
    const struct kept *kept = cw_map_get(&ask->edge->posh->kept, ask->domain);
    uint64_t now_ms = cw_now_ms();
    bool is_listed;
    if (!kept || ask->is_fresh || kept->until_ms <= now_ms)
        return NULL;
    if (cw_str_is_present(kept->fault))
        return kept->policy_version == ask->edge->policy->version ? kept : NULL;
    is_listed = cw_posh_matches(&kept->posh, ask->sha256, ask->sha512);
    return is_listed || now_ms - kept->since_ms < YOUNG_MS ? kept : NULL;
}

/* --- the end of a fetch -----------------------------------------------------------------------*/

static void free_fetch(struct fetch *fetch)
{
    cw_https_cancel(&fetch->https);
    cw_arena_free(&fetch->arena);
    cw_free(fetch);
}

static void tell(struct edge_posh_question *q, struct cw_str fault)
{
    q->fn(q->arg, fault);
    edge_posh_cancel(&q);
}

/* Out of the map first: whoever is told may ask again, or cancel others. */
static void finish(struct fetch *fetch, const struct kept *kept)
{
    struct edge_posh_question *q;
    cw_map_remove(&fetch->edge->posh->fetches, fetch->domain);
    TAILQ_FOREACH (q, &fetch->waiting, link)
        q->fault = verdict_of(q, kept);
    while ((q = TAILQ_FIRST(&fetch->waiting))) {
        TAILQ_REMOVE(&fetch->waiting, q, link);
        q->fetch = NULL;
        tell(q, q->fault);
    }
    free_fetch(fetch);
}

static void fail(struct fetch *fetch, uint64_t for_ms, struct cw_str fault)
{
    struct kept *kept = keep(fetch, for_ms);
    kept->fault = cw_arena_dup(&kept->arena, fault);
    finish(fetch, kept);
}

/* --- fetching ---------------------------------------------------------------------------------*/

static bool may_connect(void *arg, const struct cw_addr *addr)
{
    const struct fetch *fetch = arg;
    return !edge_dial_refuses(fetch->edge, addr);
}

static void on_document(void *arg, const struct cw_https_answer *);

static void get(struct fetch *fetch, struct cw_str url)
{
    uint64_t now_ms = cw_now_ms();
    const struct cw_https_ask ask = {
        .resolver = fetch->edge->resolver,
        .tls = edge_certificates_for(fetch->edge->certificates, CW_STR_NONE),
        .url = url,
        .port = fetch->web_port,
        .timeout_ms = fetch->until_ms > now_ms ? fetch->until_ms - now_ms : 1,
        .may_connect = may_connect,
        .arg = fetch,
    };
    fetch->https = cw_https_get(&ask, on_document);
}

/* RFC 7711 section 3.2: one reference, and the shorter time of the two (section 6). */
static void take(struct fetch *fetch, const struct cw_posh *posh)
{
    struct kept *kept;
    unsigned expires_s = posh->expires_s;
    if (cw_str_is_present(posh->url) && fetch->reference_expires_s > 0) {
        fail(fetch, NO_DOCUMENT_MS, CW_S("a reference of a reference is not followed"));
        return;
    }
    if (cw_str_is_present(posh->url)) {
        fetch->reference_expires_s = expires_s;
        get(fetch, posh->url);
        return;
    }
    if (fetch->reference_expires_s > 0 && fetch->reference_expires_s < expires_s)
        expires_s = fetch->reference_expires_s;
    kept = keep(fetch, (uint64_t)expires_s * 1000);
    kept->posh = copy_of(&kept->arena, posh);
    finish(fetch, kept);
}

static void on_document(void *arg, const struct cw_https_answer *answer)
{
    struct fetch *fetch = arg;
    struct cw_posh posh;
    struct cw_str fault;
    fetch->https = NULL;
    if (!answer->ok) {
        fail(fetch, answer->status ? NO_DOCUMENT_MS : NO_ANSWER_MS, answer->sentence);
        return;
    }
    fault = cw_posh_read(&fetch->arena, answer->body, &posh);
    if (cw_str_is_present(fault))
        fail(fetch, NO_DOCUMENT_MS,
             cw_arena_printf(&fetch->arena, "the document of %.*s is not usable: %.*s",
                             CW_ARG(fetch->domain), CW_ARG(fault)));
    else
        take(fetch, &posh);
}

static struct fetch *fetch_for(const struct edge_posh_ask *ask)
{
    struct edge_posh *posh = ask->edge->posh;
    struct fetch *fetch = cw_map_get(&posh->fetches, ask->domain);
    if (fetch)
        return fetch;
    fetch = cw_alloc(sizeof *fetch);
    TAILQ_INIT(&fetch->waiting);
    fetch->edge = ask->edge;
    fetch->domain = cw_arena_dup(&fetch->arena, ask->domain);
    fetch->web_port = ask->web_port;
    fetch->policy_version = ask->edge->policy->version;
    fetch->until_ms = cw_now_ms() + PATIENCE_MS;
    cw_map_set(&posh->fetches, fetch->domain, fetch);
    get(fetch, cw_arena_printf(&fetch->arena, "https://%.*s" CW_POSH_PATH, CW_ARG(fetch->domain)));
    return fetch;
}

/* --- questions --------------------------------------------------------------------------------*/

static void on_later(void *arg)
{
    struct edge_posh_question *q = arg;
    tell(q, q->fault);
}

struct edge_posh_question *edge_posh_begin(const struct edge_posh_ask *ask,
                                           void (*fn)(void *arg, struct cw_str fault), void *arg)
{
    struct edge_posh_question *q = cw_alloc(sizeof *q);
    const struct kept *kept;
    (void)posh_of(ask->edge);
    q->ask = *ask;
    q->ask.domain = cw_arena_dup(&q->arena, ask->domain);
    q->fn = fn;
    q->arg = arg;
    kept = recall(q);
    if (kept) {
        q->fault = verdict_of(q, kept);
        q->later = cw_timer_new(ask->edge->base, on_later, q);
        cw_timer_set(q->later, 0);
    } else {
        q->fetch = fetch_for(&q->ask);
        TAILQ_INSERT_TAIL(&q->fetch->waiting, q, link);
    }
    return q;
}

void edge_posh_cancel(struct edge_posh_question **question)
{
    struct edge_posh_question *q = *question;
    if (!q)
        return;
    *question = NULL;
    if (q->fetch)
        TAILQ_REMOVE(&q->fetch->waiting, q, link);
    cw_timer_free(&q->later);
    cw_arena_free(&q->arena);
    cw_free(q);
}

static void end_fetch(struct cw_str domain, void *value, void *arg)
{
    struct fetch *fetch = value;
    (void)domain;
    (void)arg;
    cw_assert(TAILQ_EMPTY(&fetch->waiting));
    free_fetch(fetch);
}

void edge_posh_forget(struct edge *edge)
{
    struct edge_posh *posh = edge->posh;
    if (!posh)
        return;
    cw_map_each(&posh->fetches, end_fetch, NULL);
    cw_map_free(&posh->fetches);
    while (!TAILQ_EMPTY(&posh->by_age))
        forget(posh, TAILQ_FIRST(&posh->by_age));
    cw_map_free(&posh->kept);
    cw_free(posh);
    edge->posh = NULL;
}
