/* SIP users who watch an XMPP user, and what goes wrong in time: answers that do not come, bursts,
 * partners that go away, a gateway that begins anew, great numbers. */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "fake_loop.h"
#include "notifier_stage.h"

#define LOCAL  CW_S("sip.example")
#define REMOTE CW_S("friend.example")

/* Romeo watches in c1 and sees the balcony. */
static void begin(struct stage *s)
{
    subscribe(s, "c1", NULL, "3600");
    stanza(s, "subscribed", NULL, NULL);
    stanza(s, NULL, "balcony", NULL);
    answer_all(s);
    assert_events("begin", "200 pending subscribe active(+balcony)");
}

/* --- NOTIFY -----------------------------------------------------------------------------------*/

static void a_burst_costs_two(void **state)
{
    struct stage *s = *state;
    begin(s);
    for (int i = 0; i < 20000; i++)
        stanza(s, NULL, "balcony", i % 2 ? "away" : "dnd");
    assert_events("first", "active(+balcony/dnd)");
    assert_int_equal(n_under_way(s), 1);
    answer_notify(s, 200, NULL);
    assert_events("last", "active(+balcony/away)");
    answer_notify(s, 200, NULL);
    assert_events("no more", "");
}

/* A resource that went while a NOTIFY was under way is told as closed, once, to each device. */
static void who_went_meanwhile_is_closed(void **state)
{
    struct stage *s = *state;
    begin(s);
    subscribe(s, "c2", NULL, "3600");
    assert_events("second device", "200 c2:active(+balcony)");
    stanza(s, NULL, "garden", NULL);
    stanza(s, "unavailable", "balcony", NULL);
    assert_events("c1 is free", "active(+balcony +garden)");
    answer_all(s);
    assert_events("both", "c2:active(-balcony +garden) active(-balcony +garden)");
    stanza(s, NULL, "garden", "away");
    assert_events("once", "active(+garden/away) c2:active(+garden/away)");
}

static void lost_notifies_are_sent_again(void **state)
{
    static const struct {
        const char *name;
        int status;
        const char *retry_after;
        uint64_t before_ms, after_ms; /* not yet; by then */
        const char *events;
    } rows[] = {
        {"nobody answers", 408, NULL, 1900, 1000, "active(+balcony/away)"},
        {"out of order", 503, NULL, 1900, 1000, "active(+balcony/away)"},
        {"in a while", 503, "20", 19900, 6000, "active(+balcony/away)"},
        {"not now", 480, "20", 19900, 6000, "active(+balcony/away)"},
        {"no such dialog", 481, NULL, 0, 0, "unavailable"},
        {"no", 403, NULL, 0, 0, "unavailable"},
        {"never", 603, NULL, 0, 0, "unavailable"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        tear_down(state);
        set_up(state);
        struct stage *s = *state;
        begin(s);
        stanza(s, NULL, "balcony", "dnd");
        assert_events(rows[i].name, "active(+balcony/dnd)");
        uint32_t cseq = s->last_cseq;
        answer_notify(s, rows[i].status, rows[i].retry_after);
        if (rows[i].before_ms) {
            fake_pass(rows[i].before_ms);
            stanza(s, NULL, "balcony", "away");
            assert_events(rows[i].name, "");
            fake_pass(rows[i].after_ms);
        }
        assert_events(rows[i].name, rows[i].events);
        assert_int_equal(gw_notifier_count(s->presence.notifier), rows[i].before_ms ? 1 : 0);
        assert_int_equal(s->last_cseq, rows[i].before_ms ? cseq + 1 : cseq);
    }
}

static void what_is_never_answered_ends(void **state)
{
    struct stage *s = *state;
    begin(s);
    stanza(s, NULL, "balcony", "dnd");
    for (int i = 0; i < 9; i++) {
        answer_notify(s, 503, NULL);
        fake_pass(60000);
    }
    assert_int_equal(n_under_way(s), 0);
    assert_int_equal(gw_notifier_count(s->presence.notifier), 0);
    assert_true(s->store.row.is_authorised);
    /* The one that says the end is tried a few times too. */
    forget_events();
    fake_pass(120000);
    subscribe(s, "c2", NULL, "60");
    assert_events("again", "200 c2:active subscribe");
    answer_notify(s, 200, NULL);
    stanza(s, "unsubscribed", NULL, NULL);
    for (int i = 0; i < 5; i++) {
        assert_events("the end", "c2:terminated;reason=rejected");
        answer_notify(s, 408, NULL);
        fake_pass(40000);
    }
    assert_events("given up", "");
    assert_int_equal(fake_timers(), 0);
}

static void no_transaction_is_free(void **state)
{
    struct stage *s = *state;
    begin(s);
    s->send_err = CW_ERR_LIMIT;
    stanza(s, NULL, "balcony", "dnd");
    fake_pass(60000);
    assert_events("full", "");
    s->send_err = CW_OK;
    fake_pass(2000);
    assert_events("free", "active(+balcony/dnd)");
}

/* The end waits for the NOTIFY before it, so that they cannot overtake each other. */
static void the_end_comes_last(void **state)
{
    struct stage *s = *state;
    begin(s);
    stanza(s, NULL, "balcony", "dnd");
    stanza(s, "unsubscribed", NULL, NULL);
    assert_events("under way", "active(+balcony/dnd)");
    answer_notify(s, 200, NULL);
    assert_events("then", "terminated;reason=rejected");
    answer_notify(s, 200, NULL);
    assert_int_equal(fake_timers(), 0);
}

/* --- what becomes of partners -----------------------------------------------------------------*/

static void what_a_probe_does_not_confirm_is_gone(void **state)
{
    struct stage *s = *state;
    begin(s);
    stanza(s, NULL, "garden", "away");
    answer_all(s);
    assert_events("garden", "active(+balcony +garden/away)");
    gw_notifier_again(s->presence.notifier, LOCAL, REMOTE);
    assert_events("waits for its turn", "");
    assert_int_equal(take_turns(), 1);
    assert_events("probe", "probe");
    stanza(s, NULL, "garden", "away");
    fake_pass(4999);
    assert_events("not yet", "");
    fake_pass(1);
    assert_events("the balcony is gone", "active(-balcony +garden/away)");
    answer_all(s);
    gw_notifier_again(s->presence.notifier, LOCAL, REMOTE);
    take_turns();
    fake_pass(5000);
    assert_events("nothing at all", "probe active(-garden)");
}

static void other_domains_are_left_alone(void **state)
{
    struct stage *s = *state;
    begin(s);
    gw_notifier_again(s->presence.notifier, LOCAL, CW_S("other.example"));
    gw_notifier_lost(s->presence.notifier, LOCAL, CW_S("other.example"));
    assert_int_equal(take_turns(), 0);
    assert_false(gw_notifier_knock(s->presence.notifier, LOCAL, CW_S("other.example")));
    assert_events("others", "");
}

/* Only who has viewers is asked for. */
static void nobody_watches(void **state)
{
    struct stage *s = *state;
    begin(s);
    subscribe(s, "c1", last_tag(s), "0");
    answer_all(s);
    forget_events();
    gw_notifier_again(s->presence.notifier, LOCAL, REMOTE);
    assert_int_equal(take_turns(), 0);
    assert_false(gw_notifier_knock(s->presence.notifier, LOCAL, REMOTE));
    stanza(s, NULL, "balcony", "away");
    assert_events("nobody", "");
    fake_pass(60000);
    subscribe(s, "c2", NULL, "3600");
    assert_events("what came meanwhile may be old", "200 c2:active subscribe");
}

static void a_turn_that_comes_too_late(void **state)
{
    struct stage *s = *state;
    begin(s);
    gw_notifier_again(s->presence.notifier, LOCAL, REMOTE);
    subscribe(s, "c1", last_tag(s), "0");
    assert_int_equal(take_turns(), 1);
    assert_events("nobody watches", "200 terminated;reason=timeout(-balcony) unavailable");
}

static void a_poll_of_who_was_lost_asks(void **state)
{
    struct stage *s = *state;
    begin(s);
    gw_notifier_lost(s->presence.notifier, LOCAL, REMOTE);
    assert_events("lost", "active(-balcony)");
    subscribe(s, "c2", NULL, "0");
    assert_events("poll", "200 probe");
    fake_pass(5000);
    assert_events("no answer", "c2:terminated;reason=timeout(-)");
}

static void a_subscribe_that_was_refused_is_sent_again(void **state)
{
    struct stage *s = *state;
    subscribe(s, "c1", NULL, "3600");
    assert_events("SUBSCRIBE", "200 pending subscribe");
    answer_all(s);
    gw_notifier_again(s->presence.notifier, LOCAL, REMOTE);
    take_turns();
    assert_events("it is under way", "");
    post_outcome(s, CW_LINK_REFUSED);
    gw_notifier_again(s->presence.notifier, LOCAL, REMOTE);
    take_turns();
    assert_events("it was refused", "subscribe");
    fake_pass(60000);
    assert_events("not of its own accord", "");
    gw_notifier_again(s->presence.notifier, LOCAL, REMOTE);
    take_turns();
    assert_events("it was long ago", "subscribe");
    fake_pass(5000);
    gw_notifier_again(s->presence.notifier, LOCAL, REMOTE);
    take_turns();
    fake_pass(14999);
    assert_events("it may have been lost", "");
    fake_pass(1);
    assert_events("later", "subscribe");
    fake_pass(120000);
    assert_events("once", "");
}

/* --- restart ----------------------------------------------------------------------------------*/

static void another_life_goes_on(void **state)
{
    struct stage *s = *state;
    char tag[64];
    begin(s);
    strcpy(tag, last_tag(s));
    uint32_t cseq = s->last_cseq, bound = s->store.dialog.local_cseq;
    assert_true(bound > cseq);
    stage_restart(s);
    assert_events("nothing before it is known", "");
    take_turns();
    assert_events("probe", "probe");
    stanza(s, NULL, "balcony", "away");
    assert_events("what is true now", "active(+balcony/away)");
    assert_true(s->last_cseq > bound);
    assert_true(s->store.dialog.local_cseq > s->last_cseq); /* written before it went out */
    assert_string_equal(s->last_route, "<sip:a.example;lr>, <sip:b.example;lr>");
    answer_all(s);
    subscribe(s, "c1", tag, "600");
    assert_events("it is known", "200 active(+balcony/away)");
}

static void nobody_answers_another_life(void **state)
{
    struct stage *s = *state;
    begin(s);
    stage_restart(s);
    take_turns();
    gw_notifier_lost(s->presence.notifier, LOCAL, REMOTE);
    fake_pass(4999);
    assert_events("the probe is out", "probe");
    fake_pass(1);
    assert_events("nobody", "active(-)");
}

static void pending_lasts_over_a_restart(void **state)
{
    struct stage *s = *state;
    subscribe(s, "c1", NULL, "3600");
    stage_restart(s);
    take_turns();
    assert_events("asked again", "200 pending subscribe subscribe");
    stanza(s, "subscribed", NULL, NULL);
    assert_events("consent", "active");
}

/* The dialog's row was removed, that of the pair not any more. */
static void a_pair_without_its_dialog_is_forgotten(void **state)
{
    struct stage *s = *state;
    subscribe(s, "c1", NULL, "3600");
    s->store.dialog = (struct cw_store_dialog){0};
    stage_restart(s);
    assert_true(cw_str_is_present(s->store.row.state));
    take_turns();
    assert_false(cw_str_is_present(s->store.row.state));
    assert_events("nobody is asked", "200 pending subscribe");
}

static void what_ran_out_meanwhile_ends(void **state)
{
    struct stage *s = *state;
    begin(s);
    s->store.dialog.expires_at = (int64_t)time(NULL) - 10;
    stage_restart(s);
    fake_pass(10000);
    assert_events("soon", "terminated;reason=timeout(-) unavailable");
    answer_all(s);
    assert_false(cw_str_is_present(s->store.dialog.call_id));
    assert_true(s->store.row.is_authorised);
}

/* Ten thousand NOTIFYs cost ten rows, and the row is always ahead. */
static void the_store_is_not_written_each_time(void **state)
{
    struct stage *s = *state;
    begin(s);
    const struct gw_store *store = &s->store;
    size_t before = store->n_row_puts + store->n_dialog_puts;
    for (int i = 0; i < 10000; i++) {
        stanza(s, NULL, "balcony", i % 2 ? "away" : "dnd");
        answer_all(s);
        assert_true(s->store.dialog.local_cseq >=
                    s->last_cseq + 90); /* a crash may lose the next row */
        forget_events();
    }
    assert_in_range(store->n_row_puts + store->n_dialog_puts - before, 9, 11);
}

/* --- rules ------------------------------------------------------------------------------------*/

static void the_review_takes_away(void **state)
{
    struct stage *s = *state;
    begin(s);
    gw_notifier_review(s->presence.notifier);
    assert_events("allowed", "");
    s->refuses = true;
    gw_notifier_review(s->presence.notifier);
    assert_events("refused", "unsubscribe terminated;reason=rejected");
    answer_all(s);
    gw_notifier_review(s->presence.notifier);
    assert_events("done", "");
}

/* --- great numbers ----------------------------------------------------------------------------*/

/* The sanitizer has an allocator of its own, which counts what was asked for. */
#ifdef __SANITIZE_ADDRESS__
size_t __sanitizer_get_current_allocated_bytes(void);
static size_t bytes_in_use(void)
{
    return __sanitizer_get_current_allocated_bytes();
}
#else
static size_t bytes_in_use(void)
{
    return mallinfo2().uordblks;
}
#endif

enum { MANY = 2000, CHANGES = 10000 };

static void watch(struct stage *s, int i, const char *type, const char *show)
{
    char local[64], remote[64], call_id[64];
    snprintf(local, sizeof local, "user%d@sip.example", i);
    snprintf(remote, sizeof remote, "contact%d@friend.example", i);
    snprintf(call_id, sizeof call_id, "%032d@192.0.2.1", i);
    if (strcmp(type, "SUBSCRIBE") == 0)
        subscribe_as(s, local, remote, call_id, NULL, "3600");
    else
        stanza_of(s, local, remote, *type ? type : NULL, *type ? NULL : "Gajim.A1B2C3D4", show);
}

static void all(struct stage *s, const char *type, const char *show)
{
    for (int i = 0; i < MANY; i++)
        watch(s, i, type, show);
}

static double cpu_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void many_are_small_and_do_not_grow(void **state)
{
    struct stage *s = *state;
    events_are_silent = true;
    size_t at_first = bytes_in_use();
    all(s, "SUBSCRIBE", NULL);
    all(s, "subscribed", NULL);
    all(s, "", "away");
    answer_all(s);
    answer_all(s);
    assert_int_equal(gw_notifier_count(s->presence.notifier), MANY);
    size_t each = (bytes_in_use() - at_first) / MANY;
    double start = cpu_us();
    all(s, "", "dnd");
    double change = (cpu_us() - start) / MANY;
    answer_all(s);
    size_t before = bytes_in_use();
    for (int i = 0; i < CHANGES; i++) {
        watch(s, 7, "", i % 2 ? "away" : "dnd");
        answer_all(s);
    }
    size_t after = bytes_in_use();
    print_message("%zu bytes a subscription, %.0f us a change, without SIP\n", each, change);
    assert_true(after <= before + 1024);
    assert_in_range(each, 500, 3000); /* of the 6 kB that the whole may take */
}

/* All are told, but not in one breath. */
static void a_large_partner_is_lost_in_parts(void **state)
{
    struct stage *s = *state;
    events_are_silent = true;
    all(s, "SUBSCRIBE", NULL);
    all(s, "subscribed", NULL);
    all(s, "", "away");
    for (int i = 0; i < 3; i++)
        answer_all(s);
    gw_notifier_lost(s->presence.notifier, LOCAL, REMOTE);
    assert_in_range(n_under_way(s), 1, 10);
    for (int ms = 0; ms < MANY / 5; ms += 100)
        fake_pass(100);
    assert_int_equal(n_under_way(s), MANY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_burst_costs_two, set_up, tear_down),
        cmocka_unit_test_setup_teardown(who_went_meanwhile_is_closed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lost_notifies_are_sent_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_never_answered_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_transaction_is_free, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_end_comes_last, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_a_probe_does_not_confirm_is_gone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_domains_are_left_alone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nobody_watches, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_turn_that_comes_too_late, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_poll_of_who_was_lost_asks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_subscribe_that_was_refused_is_sent_again, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(another_life_goes_on, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nobody_answers_another_life, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pending_lasts_over_a_restart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_pair_without_its_dialog_is_forgotten, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_ran_out_meanwhile_ends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_store_is_not_written_each_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_review_takes_away, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_large_partner_is_lost_in_parts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_are_small_and_do_not_grow, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
