/* The hand-over between the loop and the threads: each job runs once, its parts come in order and
 * before its end, and whoever posted hears of the end, whatever happens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "../store/scratch.h"
#include "panel/panel_priv.h"

enum { N_JOBS = 3000, N_PARTS = 5 };

struct job {
    struct fixture *fixture;
    int n_runs, n_parts, n_dones; /* n_runs: of a thread, until the job is done */
    bool had_store;
};

struct fixture {
    struct panel panel;
    struct job jobs[N_JOBS];
    int n_posted, n_refused, n_done, leave_at;
    struct scratch scratch;
};

static void run(struct panel_work *work, void *arg)
{
    struct job *job = arg;
    job->n_runs++;
    job->had_store = work->store != NULL;
    for (int i = 0; i < N_PARTS; i++) {
        char text[16];
        snprintf(text, sizeof text, "%d", i);
        panel_work_tell(work, cw_str_of(text));
    }
}

static void part(void *arg, struct cw_str bytes)
{
    struct job *job = arg;
    char text[16];
    snprintf(text, sizeof text, "%d", job->n_parts++);
    assert_true(cw_str_eq_cstr(bytes, text));
    assert_int_equal(job->n_dones, 0);
}

static void post_more(struct fixture *f);

static void done(void *arg)
{
    struct job *job = arg;
    assert_int_equal(job->n_dones++, 0);
    assert_true(job->n_runs <= 1);
    assert_int_equal(job->n_parts, job->n_runs * N_PARTS);
    job->fixture->n_done++;
    post_more(job->fixture);
}

/* Until no more is taken: the queue is always full. */
static void post_more(struct fixture *f)
{
    while (f->n_posted < N_JOBS) {
        struct job *job = &f->jobs[f->n_posted];
        job->fixture = f;
        if (!panel_work_post(f->panel.workers, &(struct panel_task){run, part, done, job})) {
            f->n_refused++;
            break;
        }
        f->n_posted++;
    }
    if (f->n_done == f->leave_at)
        event_base_loopbreak(f->panel.base);
}

static int set_up(void **state)
{
    struct fixture *f = cw_alloc(sizeof *f);
    struct cw_buf why = {0};
    scratch_make(&f->scratch);
    f->leave_at = N_JOBS;
    f->panel.base = event_base_new();
    f->panel.config.gateway.store = cw_str_of(f->scratch.path);
    f->panel.workers = panel_workers_new(&f->panel, &why);
    *state = f;
    return f->panel.workers ? 0 : 1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    panel_workers_free(&f->panel.workers);
    event_base_free(f->panel.base);
    scratch_remove(&f->scratch);
    cw_free(f);
    return 0;
}

static void test_all(void **state)
{
    struct fixture *f = *state;
    post_more(f);
    event_base_dispatch(f->panel.base);
    assert_int_equal(f->n_done, N_JOBS);
    assert_true(f->n_refused > 0);
    assert_int_equal(panel_work_jobs(f->panel.workers), 0);
    for (int i = 0; i < N_JOBS; i++)
        assert_true(f->jobs[i].n_runs == 1 && f->jobs[i].n_dones == 1 && f->jobs[i].had_store);
}

/* In the middle: what ran is told, what never ran as well, and nothing new is taken. */
static void test_end_in_the_middle(void **state)
{
    struct fixture *f = *state;
    post_more(f);
    f->leave_at = 100;
    event_base_dispatch(f->panel.base);
    panel_workers_free(&f->panel.workers);
    assert_true(f->n_done >= 100 && f->n_done < N_JOBS);
    assert_int_equal(f->n_done, f->n_posted);
    for (int i = 0; i < f->n_posted; i++)
        assert_int_equal(f->jobs[i].n_dones, 1);
}

static void begin_slow(struct panel_work *work, void *arg)
{
    *(bool *)arg = panel_work_begin_slow(work);
}

static void end_slow(struct panel_work *work, void *arg)
{
    (void)arg;
    panel_work_end_slow(work);
}

static void nothing(void *arg)
{
    (void)arg;
}

static void run_one(struct fixture *f, void (*what)(struct panel_work *, void *), void *arg)
{
    assert_true(panel_work_post(f->panel.workers, &(struct panel_task){what, NULL, nothing, arg}));
    while (panel_work_jobs(f->panel.workers) > 0)
        event_base_loop(f->panel.base, EVLOOP_ONCE);
}

static void test_slow(void **state)
{
    struct fixture *f = *state;
    bool may = false;
    for (int i = 0; i < 4; i++) {
        run_one(f, begin_slow, &may);
        assert_true(may);
    }
    run_one(f, begin_slow, &may);
    assert_false(may);
    run_one(f, end_slow, NULL);
    run_one(f, begin_slow, &may);
    assert_true(may);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_end_in_the_middle, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_slow, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
