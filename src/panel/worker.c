/* Threads for what may wait; see panel_priv.h.  A job goes to the threads through one queue, and
 * what it tells comes back through another, with an eventfd to wake the loop. */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <time.h>
#include <unistd.h>

#include "panel/panel_priv.h"

enum { N_THREADS = 8, MAX_SLOW = 4, MAX_WAITING = 64, STOP_S = 3 };

struct panel_job {
    TAILQ_ENTRY(panel_job) link;
    struct panel_task task;
    struct panel_workers *workers;
};

struct news {
    TAILQ_ENTRY(news) link;
    struct panel_job *job;
    struct cw_str part; /* absent: the job is done */
};

struct thread {
    pthread_t id;
    struct panel_workers *workers;
    bool is_running;
};

struct panel_workers {
    struct panel *panel;
    struct event *wake_event;
    int wake_fd;
    struct thread threads[N_THREADS];
    unsigned n_jobs; /* of the loop */
    /* Under the lock. */
    pthread_mutex_t lock;
    pthread_cond_t work;
    TAILQ_HEAD(, panel_job) jobs;
    unsigned n_waiting, n_slow;
    TAILQ_HEAD(, news) news;
    bool stopping;
};

/* --- on a thread ------------------------------------------------------------------------------*/

static void tell(struct panel_workers *workers, struct panel_job *job, struct cw_str part)
{
    struct news *news = cw_alloc(sizeof *news);
    uint64_t one = 1;
    news->job = job;
    if (cw_str_is_present(part))
        news->part = (struct cw_str){cw_strdup(part), part.n};
    pthread_mutex_lock(&workers->lock);
    TAILQ_INSERT_TAIL(&workers->news, news, link);
    pthread_mutex_unlock(&workers->lock);
    ssize_t ignored = write(workers->wake_fd, &one, sizeof one); /* full: it is awake anyway */
    (void)ignored;
}

void panel_work_tell(struct panel_work *work, struct cw_str part)
{
    tell(work->job->workers, work->job, part);
}

bool panel_work_begin_slow(struct panel_work *work)
{
    struct panel_workers *workers = work->job->workers;
    pthread_mutex_lock(&workers->lock);
    bool has_room = workers->n_slow < MAX_SLOW;
    workers->n_slow += has_room;
    pthread_mutex_unlock(&workers->lock);
    return has_room;
}

void panel_work_end_slow(struct panel_work *work)
{
    struct panel_workers *workers = work->job->workers;
    pthread_mutex_lock(&workers->lock);
    workers->n_slow--;
    pthread_mutex_unlock(&workers->lock);
}

static struct panel_job *next_job(struct panel_workers *workers)
{
    pthread_mutex_lock(&workers->lock);
    while (!workers->stopping && TAILQ_EMPTY(&workers->jobs))
        pthread_cond_wait(&workers->work, &workers->lock);
    struct panel_job *job = workers->stopping ? NULL : TAILQ_FIRST(&workers->jobs);
    if (job) {
        TAILQ_REMOVE(&workers->jobs, job, link);
        workers->n_waiting--;
    }
    pthread_mutex_unlock(&workers->lock);
    return job;
}

/* A store that could not be opened is tried again with the next job. */
static void open_store(struct panel_work *work)
{
    const struct cw_config *config = &work->panel->config;
    const struct cw_store_options options = {config->gateway.store.p, config->local_domains,
                                             config->n_local_domains};
    struct cw_arena arena = {0};
    struct cw_refusal refusal;
    if (!work->store && cw_store_open(&options, &work->store, &arena, &refusal)) {
        work->store = NULL;
        CW_LOG(&work->panel->log, CW_LOG_ERROR, "store-not-opened",
               CW_KV("reason", refusal.sentence));
    }
    cw_arena_free(&arena);
}

static void *run(void *arg)
{
    struct thread *thread = arg;
    struct panel_work work = {.panel = thread->workers->panel};
    while ((work.job = next_job(thread->workers))) {
        open_store(&work);
        work.job->task.run(&work, work.job->task.arg);
        tell(thread->workers, work.job, CW_STR_NONE);
    }
    if (work.store)
        cw_store_close(&work.store);
    return NULL;
}

/* --- on the loop ------------------------------------------------------------------------------*/

static void deliver(struct news *news)
{
    struct panel_job *job = news->job;
    if (cw_str_is_present(news->part)) {
        if (job->task.part)
            job->task.part(job->task.arg, news->part);
    } else {
        job->workers->n_jobs--;
        job->task.done(job->task.arg);
        cw_free(job);
    }
    cw_free((void *)(uintptr_t)news->part.p);
    cw_free(news);
}

static struct news *take_news(struct panel_workers *workers)
{
    pthread_mutex_lock(&workers->lock);
    struct news *news = TAILQ_FIRST(&workers->news);
    if (news)
        TAILQ_REMOVE(&workers->news, news, link);
    pthread_mutex_unlock(&workers->lock);
    return news;
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    struct panel_workers *workers = arg;
    struct news *news;
    uint64_t n;
    (void)what;
    ssize_t ignored = read(fd, &n, sizeof n);
    (void)ignored;
    while ((news = take_news(workers)))
        deliver(news);
}

bool panel_work_post(struct panel_workers *workers, const struct panel_task *task)
{
    pthread_mutex_lock(&workers->lock);
    bool has_room = workers->n_waiting < MAX_WAITING && !workers->stopping;
    if (has_room) {
        struct panel_job *job = cw_alloc(sizeof *job);
        job->task = *task;
        job->workers = workers;
        TAILQ_INSERT_TAIL(&workers->jobs, job, link);
        workers->n_waiting++;
        pthread_cond_signal(&workers->work);
    }
    pthread_mutex_unlock(&workers->lock);
    workers->n_jobs += has_room;
    return has_room;
}

unsigned panel_work_jobs(const struct panel_workers *workers)
{
    return workers->n_jobs;
}

struct panel_workers *panel_workers_new(struct panel *panel, struct cw_buf *why)
{
    struct panel_workers *workers = cw_alloc(sizeof *workers);
    workers->panel = panel;
    TAILQ_INIT(&workers->jobs);
    TAILQ_INIT(&workers->news);
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->work, NULL);
    workers->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    bool ok = workers->wake_fd >= 0;
    if (ok) {
        workers->wake_event =
            event_new(panel->base, workers->wake_fd, EV_READ | EV_PERSIST, on_wake, workers);
        event_add(workers->wake_event, NULL);
    }
    for (size_t i = 0; ok && i < N_THREADS; i++) {
        struct thread *thread = &workers->threads[i];
        thread->workers = workers;
        ok = thread->is_running = pthread_create(&thread->id, NULL, run, thread) == 0;
    }
    if (ok)
        return workers;
    cw_buf_printf(why, "cannot start threads: %s", strerror(errno));
    panel_workers_free(&workers);
    return NULL;
}

/* A thread that waits for the gateway's answer is not waited for: the process ends with it. */
static void join(struct panel_workers *workers)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += STOP_S;
    for (size_t i = 0; i < N_THREADS; i++)
        if (workers->threads[i].is_running &&
            pthread_timedjoin_np(workers->threads[i].id, NULL, &until) != 0)
            _exit(0);
}

void panel_workers_free(struct panel_workers **at)
{
    struct panel_workers *workers = *at;
    struct panel_job *job;
    struct news *news;
    if (!workers)
        return;
    pthread_mutex_lock(&workers->lock);
    workers->stopping = true;
    pthread_cond_broadcast(&workers->work);
    pthread_mutex_unlock(&workers->lock);
    join(workers);
    while ((news = take_news(workers)))
        deliver(news);
    while ((job = TAILQ_FIRST(&workers->jobs))) { /* never run: their arguments say so */
        TAILQ_REMOVE(&workers->jobs, job, link);
        job->task.done(job->task.arg);
        cw_free(job);
    }
    if (workers->wake_event)
        event_free(workers->wake_event);
    if (workers->wake_fd >= 0)
        close(workers->wake_fd);
    pthread_cond_destroy(&workers->work);
    pthread_mutex_destroy(&workers->lock);
    cw_free(workers);
    *at = NULL;
}
