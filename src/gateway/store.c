/* The gateway's view of the store.  Calls to the database may wait for the disk, so they run on a
 * thread of their own; the loop only sees finished results: a frozen policy, and the contacts,
 * which are all in memory.  New invitations count at once and are written behind; those taken back
 * by an administrator raise the policy's version, and go with the next reading. */
#include <pthread.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "gateway/gateway_priv.h"
#include "store/store.h"

enum { POLL_MS = 2000 };

enum job_kind { JOB_RELOAD, JOB_CONTACT_ADD, JOB_STOP };

struct job {
    TAILQ_ENTRY(job) link;
    enum job_kind kind;
    struct cw_arena arena;
    struct cw_str local, remote;
    uint64_t known_version;
    void (*done)(void *arg);
    void *arg;
    struct cw_policy *policy; /* result: the new policy, or NULL when nothing changed */
    struct cw_map contacts;   /* result: together with the policy */
    enum cw_err err;
};
TAILQ_HEAD(jobs, job);

struct gw_store {
    struct gateway *gateway;
    struct cw_map contacts; /* "local remote" -> something: that it is there is what counts */
    struct cw_map adding;   /* the same keys: new ones that the thread has not written yet */
    struct cw_timer *poll;
    struct event *wake_event;
    int wake_fd;
    pthread_t thread;
    bool has_thread;
    struct cw_store *handle; /* the thread's, once it runs */
    pthread_mutex_t lock;    /* guards the two queues */
    pthread_cond_t work;
    struct jobs todo, finished;
};

static struct cw_str contact_key(struct cw_arena *arena, struct cw_str local, struct cw_str remote)
{
    return cw_arena_printf(arena, "%.*s %.*s", CW_ARG(local), CW_ARG(remote));
}

static enum cw_err load_contacts(struct cw_store *handle, struct cw_map *out)
{
    struct cw_arena arena = {0};
    struct cw_contact *rows = NULL;
    size_t n = 0;
    enum cw_err err = cw_store_contact_list(handle, CW_STR_NONE, &arena, &rows, &n);
    for (size_t i = 0; err == CW_OK && i < n; i++)
        cw_map_set(out, contact_key(&arena, rows[i].local, rows[i].remote), out);
    cw_arena_free(&arena);
    return err;
}

/* --- the thread -------------------------------------------------------------------------------*/

static void run_job(struct gw_store *store, struct job *job)
{
    uint64_t version = 0;
    switch (job->kind) {
    case JOB_RELOAD:
        job->err = cw_store_version(store->handle, &version);
        if (job->err == CW_OK && version != job->known_version)
            job->err = cw_store_load_policy(store->handle, &job->policy);
        if (job->policy)
            job->err = load_contacts(store->handle, &job->contacts);
        break;
    case JOB_CONTACT_ADD:
        job->err = cw_store_contact_add(store->handle, job->local, job->remote, time(NULL));
        break;
    case JOB_STOP:
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
        struct job *job = TAILQ_FIRST(&store->todo);
        TAILQ_REMOVE(&store->todo, job, link);
        pthread_mutex_unlock(&store->lock);
        run_job(store, job);
        stop = job->kind == JOB_STOP;
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

static void free_job(struct job *job)
{
    if (job->policy)
        cw_policy_unref(&job->policy);
    cw_map_free(&job->contacts);
    cw_arena_free(&job->arena);
    cw_free(job);
}

static void post(struct gw_store *store, struct job *job)
{
    pthread_mutex_lock(&store->lock);
    TAILQ_INSERT_TAIL(&store->todo, job, link);
    pthread_cond_signal(&store->work);
    pthread_mutex_unlock(&store->lock);
}

static struct job *next_finished(struct gw_store *store)
{
    pthread_mutex_lock(&store->lock);
    struct job *job = TAILQ_FIRST(&store->finished);
    if (job)
        TAILQ_REMOVE(&store->finished, job, link);
    pthread_mutex_unlock(&store->lock);
    return job;
}

static void keep_adding(struct cw_str key, void *value, void *arg)
{
    cw_map_set(arg, key, value);
}

/* What was read replaces what was known, so that an invitation taken back is one no more.  Those
 * that were made since, and are written behind this reading, stay. */
static void take_contacts(struct gw_store *store, struct cw_map *contacts)
{
    struct cw_map old = store->contacts;
    cw_map_each(&store->adding, keep_adding, contacts);
    store->contacts = *contacts;
    *contacts = old;
}

static void take_result(struct gw_store *store, struct job *job)
{
    struct cw_arena arena = {0};
    if (job->err != CW_OK)
        CW_LOG(&store->gateway->log, CW_LOG_ERROR, "store-failed",
               CW_KVC("reason", cw_err_text(job->err)));
    if (job->kind == JOB_CONTACT_ADD)
        cw_map_remove(&store->adding, contact_key(&arena, job->local, job->remote));
    /* Both or neither: with the new version alone the contacts would not be read again. */
    if (job->policy && job->err == CW_OK) {
        take_contacts(store, &job->contacts);
        if (job->policy->version != store->gateway->policy->version)
            gw_set_policy(store->gateway, job->policy);
    }
    cw_arena_free(&arena);
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    struct gw_store *store = arg;
    struct job *job;
    uint64_t count;
    ssize_t got = read(fd, &count, sizeof count);
    (void)got;
    (void)what;
    while ((job = next_finished(store))) {
        take_result(store, job);
        if (job->done)
            job->done(job->arg);
        free_job(job);
    }
}

void gw_store_reload(struct gw_store *store, void (*done)(void *arg), void *arg)
{
    struct job *job = cw_alloc(sizeof *job);
    job->kind = JOB_RELOAD;
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

void gw_store_invite(struct gw_store *store, struct cw_str local, struct cw_str remote)
{
    struct cw_arena arena = {0};
    struct cw_str key = contact_key(&arena, local, remote);
    if (cw_map_set(&store->contacts, key, store) == NULL) {
        struct job *job = cw_alloc(sizeof *job);
        cw_map_set(&store->adding, key, store);
        job->kind = JOB_CONTACT_ADD;
        job->local = cw_arena_dup(&job->arena, local);
        job->remote = cw_arena_dup(&job->arena, remote);
        post(store, job);
    }
    cw_arena_free(&arena);
}

bool gw_store_is_invited(const struct gw_store *store, struct cw_str local, struct cw_str remote)
{
    struct cw_arena arena = {0};
    bool is = cw_map_get(&store->contacts, contact_key(&arena, local, remote)) != NULL;
    cw_arena_free(&arena);
    return is;
}

/* --- life -------------------------------------------------------------------------------------*/

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
               (err = load_contacts(store->handle, &store->contacts)) != CW_OK) {
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
    pthread_mutex_init(&store->lock, NULL);
    pthread_cond_init(&store->work, NULL);
    store->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    cw_assert(store->wake_fd >= 0);
    store->wake_event =
        event_new(gateway->base, store->wake_fd, EV_READ | EV_PERSIST, on_wake, store);
    event_add(store->wake_event, NULL);
    store->poll = cw_timer_new(gateway->base, on_poll, store);
    if (!open_store(store, why)) {
        gw_store_free(&store);
        return NULL;
    }
    store->has_thread = pthread_create(&store->thread, NULL, work, store) == 0;
    cw_assert(store->has_thread);
    cw_timer_set(store->poll, POLL_MS);
    return store;
}

void gw_store_free(struct gw_store **ptr)
{
    struct gw_store *store = *ptr;
    struct job *job;
    *ptr = NULL;
    if (!store)
        return;
    if (store->has_thread) {
        job = cw_alloc(sizeof *job);
        job->kind = JOB_STOP;
        post(store, job);
        pthread_join(store->thread, NULL);
    }
    while ((job = next_finished(store)))
        free_job(job);
    cw_store_close(&store->handle);
    cw_timer_free(&store->poll);
    event_free(store->wake_event);
    close(store->wake_fd);
    pthread_cond_destroy(&store->work);
    pthread_mutex_destroy(&store->lock);
    cw_map_free(&store->contacts);
    cw_map_free(&store->adding);
    cw_free(store);
}
