/* The gateway's view of the store.  Calls to the database may wait for the disk, so they run on a
 * thread of their own; the loop only sees finished results: a frozen policy, and what is known of
 * the users, which is all in memory (store_known.c).
 *
 * One exchange: alice writes to juliet.  The invitation counts at once and is queued; after this
 * turn of the loop all that is queued becomes one batch for the thread, in one transaction, since
 * whoever asks the store about invitations should see it.  Subscriptions can wait: a batch for them
 * goes out each 100 ms at most.  The disk is full: the batch goes back in front of the queue, and
 * is tried again, after a second, two, four, at last each 16 s, until it is written.
 *
 * The other way: an administrator takes the invitation back.  The policy's version goes up; the
 * next reading finds it, and everything is read anew.  Whoever may no longer see is told so, the
 * withdrawal is carried out, and its removal goes out in one batch with the removal of the rows. */
#include "gateway/store_priv.h"

#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "gateway/presence.h"

enum { POLL_MS = 2000, BATCH_MS = 100, RETRY_MS = 1000, MAX_RETRY_MS = 16000, LAST_TRIES = 3 };

/* --- the thread -------------------------------------------------------------------------------*/

static enum cw_err reload(struct gw_store *store, struct gw_job *job)
{
    uint64_t version = 0;
    enum cw_err err = cw_store_version(store->handle, &version);
    if (!err && version != job->known_version)
        err = cw_store_load_policy(store->handle, &job->policy);
    if (!err && job->policy)
        err = gw_known_read(store->handle, &job->known);
    if (!err)
        err = cw_store_withdrawal_list(store->handle, &job->arena, &job->withdrawals,
                                       &job->n_withdrawals);
    return err;
}

static void run_job(struct gw_store *store, struct gw_job *job)
{
    switch (job->kind) {
    case GW_JOB_RELOAD:
        job->err = reload(store, job);
        break;
    case GW_JOB_WRITE:
        job->err = gw_writes_run(&job->writes, store->handle);
        break;
    case GW_JOB_STOP:
        break;
    }
}

static void *work(void *arg)
{
    struct gw_store *store = arg;
    bool stop = false;
    while (!stop) {
        pthread_mutex_lock(&store->lock);
        while (TAILQ_EMPTY(&store->todo))
            pthread_cond_wait(&store->work, &store->lock);
        struct gw_job *job = TAILQ_FIRST(&store->todo);
        TAILQ_REMOVE(&store->todo, job, link);
        pthread_mutex_unlock(&store->lock);
        run_job(store, job);
        stop = job->kind == GW_JOB_STOP;
        pthread_mutex_lock(&store->lock);
        TAILQ_INSERT_TAIL(&store->finished, job, link);
        pthread_mutex_unlock(&store->lock);
        uint64_t one = 1;
        ssize_t written = write(store->wake_fd, &one, sizeof one);
        (void)written; /* the counter cannot be full */
    }
    return NULL;
}

/* --- the loop's side --------------------------------------------------------------------------*/

static struct gw_job *new_job(enum gw_job_kind kind)
{
    struct gw_job *job = cw_alloc(sizeof *job);
    job->kind = kind;
    gw_writes_init(&job->writes);
    return job;
}

static void free_job(struct gw_job *job)
{
    if (job->policy)
        cw_policy_unref(&job->policy);
    gw_known_free(&job->known);
    gw_writes_free(&job->writes);
    cw_arena_free(&job->arena);
    cw_free(job);
}

static void post(struct gw_store *store, struct gw_job *job)
{
    pthread_mutex_lock(&store->lock);
    TAILQ_INSERT_TAIL(&store->todo, job, link);
    pthread_cond_signal(&store->work);
    pthread_mutex_unlock(&store->lock);
}

static struct gw_job *next_finished(struct gw_store *store)
{
    pthread_mutex_lock(&store->lock);
    struct gw_job *job = TAILQ_FIRST(&store->finished);
    if (job)
        TAILQ_REMOVE(&store->finished, job, link);
    pthread_mutex_unlock(&store->lock);
    return job;
}

/* --- batches ----------------------------------------------------------------------------------*/

void gw_store_batch_now(struct gw_store *store)
{
    if (!store->writing && !store->is_failing)
        cw_timer_set(store->batch, 0);
}

void gw_store_batch_soon(struct gw_store *store)
{
    uint64_t since_ms = cw_now_ms() - store->last_batch_ms;
    if (!store->writing && !cw_timer_is_set(store->batch))
        cw_timer_set(store->batch, since_ms < BATCH_MS ? BATCH_MS - since_ms : 0);
}

static void on_batch(void *arg)
{
    struct gw_store *store = arg;
    struct gw_job *job = new_job(GW_JOB_WRITE);
    gw_writes_give_back(&store->queued, &job->writes); /* all, in their order */
    store->writing = job;
    store->last_batch_ms = cw_now_ms();
    post(store, job);
}

/* Said once, however often it is tried. */
static void tell_failing(struct gw_store *store, enum cw_err err)
{
    bool is_failing = err != CW_OK;
    if (is_failing != store->is_failing)
        CW_LOG(&store->gateway->log, is_failing ? CW_LOG_ERROR : CW_LOG_INFO,
               is_failing ? "store-not-written" : "store-written-again",
               CW_KVC("reason", cw_err_text(err)), CW_KVI("rows", gw_writes_count(&store->queued)));
    store->is_failing = is_failing;
}

static void take_written(struct gw_store *store, struct gw_job *job)
{
    store->writing = NULL;
    if (job->err)
        gw_writes_give_back(&job->writes, &store->queued);
    tell_failing(store, job->err);
    if (job->err) {
        store->retry_ms = store->retry_ms ? store->retry_ms * 2 : RETRY_MS;
        if (store->retry_ms > MAX_RETRY_MS)
            store->retry_ms = MAX_RETRY_MS;
        cw_timer_set(store->batch, store->retry_ms);
        return;
    }
    store->retry_ms = 0;
    if (!gw_writes_is_empty(&store->queued))
        gw_store_batch_soon(store);
}

/* --- readings ---------------------------------------------------------------------------------*/

/* What was read replaces what was known, so that an invitation taken back is one no more.  What
 * users did since, and is written behind this reading, stays. */
static void take_known(struct gw_store *store, struct gw_known *known)
{
    struct gw_known old = store->known;
    if (store->writing)
        gw_writes_repeat(&store->writing->writes, known);
    gw_writes_repeat(&store->queued, known);
    store->known = *known;
    *known = old;
}

/* Whoever may see no more is told; the withdrawals are carried out and done with. */
static void tell_presence(struct gw_store *store, const struct gw_job *job)
{
    struct gw_presence *presence = store->gateway->presence;
    if (!presence)
        return;
    if (job->policy)
        gw_presence_review(presence);
    for (size_t i = 0; i < job->n_withdrawals; i++) {
        const struct cw_withdrawal *withdrawal = &job->withdrawals[i];
        if (withdrawal->id <= store->last_withdrawal)
            continue; /* its removal is being written */
        gw_presence_withdraw(presence, withdrawal->filter.local, withdrawal->filter.remote,
                             withdrawal->filter.remote_domain);
        store->last_withdrawal = withdrawal->id;
        gw_writes_withdrawal(&store->queued, withdrawal->id);
        gw_store_batch_soon(store);
    }
}

static void take_reading(struct gw_store *store, struct gw_job *job)
{
    if (job->err) {
        CW_LOG(&store->gateway->log, CW_LOG_ERROR, "store-failed",
               CW_KVC("reason", cw_err_text(job->err)));
        return; /* all or nothing: with the new version alone the rest would not be read again */
    }
    if (job->policy) {
        take_known(store, &job->known);
        if (job->policy->version != store->gateway->policy->version)
            gw_set_policy(store->gateway, job->policy);
    }
    tell_presence(store, job);
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    struct gw_store *store = arg;
    struct gw_job *job;
    uint64_t count;
    ssize_t got = read(fd, &count, sizeof count);
    (void)got;
    (void)what;
    while ((job = next_finished(store))) {
        if (job->kind == GW_JOB_WRITE)
            take_written(store, job);
        else
            take_reading(store, job);
        if (job->done)
            job->done(job->arg);
        free_job(job);
    }
}

void gw_store_reload(struct gw_store *store, void (*done)(void *arg), void *arg)
{
    struct gw_job *job = new_job(GW_JOB_RELOAD);
    job->known_version = store->gateway->policy->version;
    job->done = done;
    job->arg = arg;
    post(store, job);
}

/* Another process may have changed the store and died before it could tell. */
static void on_poll(void *arg)
{
    struct gw_store *store = arg;
    gw_store_reload(store, NULL, NULL);
    cw_timer_set(store->poll, POLL_MS);
}

size_t gw_store_n_waiting(const struct gw_store *store)
{
    size_t n = gw_writes_count(&store->queued);
    return store->writing ? n + gw_writes_count(&store->writing->writes) : n;
}

bool gw_store_is_failing(const struct gw_store *store)
{
    return store->is_failing;
}

/* --- an earlier life --------------------------------------------------------------------------*/

const struct gw_restored *gw_store_restored(const struct gw_store *store)
{
    return &store->restored;
}

void gw_store_forget_restored(struct gw_store *store)
{
    cw_arena_free(&store->restored_arena);
    store->restored = (struct gw_restored){.n_subscriptions = 0};
}

/* --- life -------------------------------------------------------------------------------------*/

static enum cw_err restore(struct gw_store *store)
{
    const struct cw_contact_filter all = {.local = CW_STR_NONE};
    struct cw_store_subscription *subscriptions;
    struct cw_store_dialog *dialogs;
    struct gw_restored *to = &store->restored;
    enum cw_err err = cw_store_subscription_find(store->handle, &all, &store->restored_arena,
                                                 &subscriptions, &to->n_subscriptions);
    to->subscriptions = subscriptions;
    if (err)
        return err;
    err = cw_store_dialog_list(store->handle, &store->restored_arena, &dialogs, &to->n_dialogs);
    to->dialogs = dialogs;
    return err;
}

static bool open_store(struct gw_store *store, struct cw_buf *why)
{
    struct gateway *gateway = store->gateway;
    struct cw_arena arena = {0};
    struct cw_refusal refusal = {0};
    struct cw_store_options options = {
        .path = gateway->config.gateway.store.p,
        .local_domains = gateway->config.local_domains,
        .n_local_domains = gateway->config.n_local_domains,
    };
    enum cw_err err = cw_store_open(&options, &store->handle, &arena, &refusal);
    if (err != CW_OK) {
        cw_buf_puts(why, refusal.sentence);
    } else if ((err = cw_store_load_policy(store->handle, &gateway->policy)) != CW_OK ||
               (err = gw_known_read(store->handle, &store->known)) != CW_OK ||
               (err = restore(store)) != CW_OK) {
        cw_buf_printf(why, "the store cannot be read: %s", cw_err_text(err));
    }
    cw_arena_free(&arena);
    return err == CW_OK;
}

struct gw_store *gw_store_new(struct gateway *gateway, struct cw_buf *why)
{
    struct gw_store *store = cw_alloc(sizeof *store);
    store->gateway = gateway;
    TAILQ_INIT(&store->todo);
    TAILQ_INIT(&store->finished);
    gw_writes_init(&store->queued);
    pthread_mutex_init(&store->lock, NULL);
    pthread_cond_init(&store->work, NULL);
    store->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    cw_assert(store->wake_fd >= 0);
    store->wake_event =
        event_new(gateway->base, store->wake_fd, EV_READ | EV_PERSIST, on_wake, store);
    event_add(store->wake_event, NULL);
    store->poll = cw_timer_new(gateway->base, on_poll, store);
    store->batch = cw_timer_new(gateway->base, on_batch, store);
    if (!open_store(store, why)) {
        gw_store_free(&store);
        return NULL;
    }
    store->has_thread = pthread_create(&store->thread, NULL, work, store) == 0;
    cw_assert(store->has_thread);
    on_poll(store); /* at once: a withdrawal may be left, and is carried out when the loop runs */
    return store;
}

/* The thread ends; what it could not write comes back. */
static void stop_thread(struct gw_store *store)
{
    struct gw_job *job;
    if (store->has_thread) {
        post(store, new_job(GW_JOB_STOP));
        pthread_join(store->thread, NULL);
    }
    while ((job = next_finished(store))) {
        if (job->kind == GW_JOB_WRITE && job->err)
            gw_writes_give_back(&job->writes, &store->queued);
        free_job(job);
    }
}

/* Everything that is queued is written before we end, if it can be. */
static void write_rest(struct gw_store *store)
{
    enum cw_err err = CW_OK;
    if (gw_writes_is_empty(&store->queued))
        return;
    for (int i = 0; i < LAST_TRIES; i++) {
        err = gw_writes_run(&store->queued, store->handle);
        if (err == CW_OK)
            return;
    }
    CW_LOG(&store->gateway->log, CW_LOG_ERROR, "store-rows-lost",
           CW_KVC("reason", cw_err_text(err)), CW_KVI("rows", gw_writes_count(&store->queued)));
}

void gw_store_free(struct gw_store **ptr)
{
    struct gw_store *store = *ptr;
    *ptr = NULL;
    if (!store)
        return;
    stop_thread(store);
    write_rest(store);
    cw_store_close(&store->handle);
    cw_timer_free(&store->poll);
    cw_timer_free(&store->batch);
    event_free(store->wake_event);
    close(store->wake_fd);
    pthread_cond_destroy(&store->work);
    pthread_mutex_destroy(&store->lock);
    gw_writes_free(&store->queued);
    gw_known_free(&store->known);
    cw_arena_free(&store->restored_arena);
    cw_free(store);
}
