/* SIP users who watch an XMPP user: what goes out on each thing that happens. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "fake_loop.h"
#include "notifier_stage.h"

/* Romeo watches in dialog c1, all NOTIFYs are answered. */
static void begin(struct stage *s, bool consented)
{
    subscribe(s, "c1", NULL, "3600");
    assert_events("SUBSCRIBE", "200 pending subscribe");
    answer_all(s);
    if (!consented)
        return;
    stanza(s, "subscribed", NULL, NULL);
    answer_all(s);
    assert_events("subscribed", "active");
}

/* --- one thing at a time ----------------------------------------------------------------------*/

enum act { STANZA, ERROR, SUBSCRIBE, AGAIN, LOST, KNOCK, TURNS, CANCEL, WITHDRAW, TIME };

static const struct row {
    const char *name;
    bool is_active; /* consented, and the balcony is known; else pending */
    enum act act;
    const char *what, *resource, *show; /* of the stanza; Call-ID of SUBSCRIBE and Expires */
    int number;                         /* condition, milliseconds */
    const char *events;
    bool is_live, is_consented; /* afterwards */
} rows[] = {
    {"consent", false, STANZA, "subscribed", NULL, NULL, 0, "active", true, true},
    {"decline", false, STANZA, "unsubscribed", NULL, NULL, 0, "terminated;reason=rejected", false,
     false},
    {"presence before consent", false, STANZA, NULL, "balcony", "away", 0, "", true, false},
    {"an error", false, ERROR, NULL, NULL, NULL, CW_STANZA_ITEM_NOT_FOUND,
     "terminated;reason=noresource", false, false},
    {"an error that passes", false, ERROR, NULL, NULL, NULL, CW_STANZA_REMOTE_SERVER_TIMEOUT,
     "terminated;reason=probation", false, false},
    {"pending runs out", false, TIME, NULL, NULL, NULL, 3600000,
     "terminated;reason=timeout unavailable", false, false},
    {"pending is ended", false, SUBSCRIBE, "c1", "0", NULL, 0,
     "200 terminated;reason=timeout unavailable", false, false},
    {"pending is refreshed", false, SUBSCRIBE, "c1", "600", NULL, 0, "200 pending", true, false},
    {"pending from a second device", false, SUBSCRIBE, "c2", "600", NULL, 0, "200 c2:pending", true,
     false},
    {"pending and again", false, AGAIN, NULL, NULL, NULL, 0, "", true, false},
    {"pending and lost", false, LOST, NULL, NULL, NULL, 0, "", true, false},
    {"pending and knock", false, KNOCK, NULL, NULL, NULL, 0, "subscribe", true, false},
    {"pending is taken away", false, CANCEL, NULL, NULL, NULL, 0,
     "unsubscribe terminated;reason=rejected", false, false},

    {"a word", true, STANZA, NULL, "balcony", "away", 0, "active(+balcony/away)", true, true},
    {"the same word", true, STANZA, NULL, "balcony", "", 0, "", true, true},
    {"a second resource", true, STANZA, NULL, "garden", "dnd", 0, "active(+balcony +garden/dnd)",
     true, true},
    {"gone", true, STANZA, "unavailable", "balcony", NULL, 0, "active(-balcony)", true, true},
    {"all gone", true, STANZA, "unavailable", NULL, NULL, 0, "active(-balcony)", true, true},
    {"one gone that was not there", true, STANZA, "unavailable", "cellar", NULL, 0, "", true, true},
    {"consent again", true, STANZA, "subscribed", NULL, NULL, 0, "", true, true},
    {"taken back", true, STANZA, "unsubscribed", NULL, NULL, 0, "terminated;reason=rejected", false,
     false},
    {"an error of presence", true, ERROR, NULL, NULL, NULL, CW_STANZA_ITEM_NOT_FOUND, "", true,
     true},
    {"runs out", true, TIME, NULL, NULL, NULL, 3600000,
     "terminated;reason=timeout(-balcony) unavailable", false, true},
    {"is ended", true, SUBSCRIBE, "c1", "0", NULL, 0,
     "200 terminated;reason=timeout(-balcony) unavailable", false, true},
    {"is refreshed", true, SUBSCRIBE, "c1", "600", NULL, 0, "200 active(+balcony)", true, true},
    {"too short", true, SUBSCRIBE, "c1", "30", NULL, 0, "423", true, true},
    {"a second device", true, SUBSCRIBE, "c2", "600", NULL, 0, "200 c2:active(+balcony)", true,
     true},
    {"a poll", true, SUBSCRIBE, "c2", "0", NULL, 0, "200 c2:terminated;reason=timeout(+balcony)",
     true, true},
    {"again", true, AGAIN, NULL, NULL, NULL, 0, "probe", true, true},
    {"lost", true, LOST, NULL, NULL, NULL, 0, "active(-balcony)", true, true},
    {"knock", true, KNOCK, NULL, NULL, NULL, 0, "probe", true, true},
    {"is taken away", true, CANCEL, NULL, NULL, NULL, 0, "unsubscribe terminated;reason=rejected",
     false, false},
    {"is withdrawn", true, WITHDRAW, "friend.example", NULL, NULL, 0,
     "unsubscribe terminated;reason=rejected", false, false},
    {"another is withdrawn", true, WITHDRAW, "other.example", NULL, NULL, 0, "", true, true},
};

static void act(struct stage *s, const struct row *row, const char *tag)
{
    struct gw_notifier *n = s->presence.notifier;
    const struct cw_str local = CW_S("sip.example"), remote = CW_S("friend.example");
    switch (row->act) {
    case STANZA:
        stanza(s, row->what, row->resource, row->show);
        break;
    case ERROR:
        error_stanza(s, (enum cw_stanza_error)row->number);
        break;
    case SUBSCRIBE:
        subscribe(s, row->what, strcmp(row->what, "c1") == 0 ? tag : NULL, row->resource);
        break;
    case AGAIN:
        gw_notifier_again(n, local, remote);
        gw_notifier_again(n, local, remote);
        assert_true(take_turns() == 1);
        break;
    case LOST:
        gw_notifier_lost(n, local, remote);
        break;
    case KNOCK:
        assert_true(gw_notifier_knock(n, local, remote));
        break;
    case TURNS:
        take_turns();
        break;
    case CANCEL:
        assert_true(gw_notifier_cancel(n, CW_S(ROMEO), CW_S(JULIET)));
        assert_false(gw_notifier_cancel(n, CW_S(ROMEO), CW_S(JULIET)));
        break;
    case WITHDRAW:
        gw_notifier_withdraw(n, CW_STR_NONE, CW_STR_NONE, cw_str_of(row->what));
        break;
    case TIME:
        fake_pass((uint64_t)row->number);
        break;
    }
}

static void each_thing_does_what_its_row_says(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct row *row = &rows[i];
        char tag[64];
        tear_down(state);
        set_up(state);
        struct stage *s = *state;
        begin(s, row->is_active);
        strcpy(tag, last_tag(s));
        if (row->is_active) {
            stanza(s, NULL, "balcony", NULL);
            answer_all(s);
            assert_events(row->name, "active(+balcony)");
        }
        act(s, row, tag);
        assert_events(row->name, row->events);
        answer_all(s);
        if ((gw_notifier_count(s->presence.notifier) > 0) != row->is_live ||
            s->store.row.is_authorised != row->is_consented ||
            cw_str_is_present(s->store.dialog.call_id) != row->is_live)
            fail_msg("%s: live %zu, consented %d, in the store %.*s", row->name,
                     gw_notifier_count(s->presence.notifier), s->store.row.is_authorised,
                     CW_ARG(s->store.dialog.call_id));
    }
}

/* --- SUBSCRIBE --------------------------------------------------------------------------------*/

static void dialogs_have_their_route_and_names(void **state)
{
    struct stage *s = *state;
    subscribe(s, "c1", NULL, "3600");
    assert_string_equal(s->answer_record_route, "<sip:a.example;lr>, <sip:b.example;lr>");
    assert_string_equal(s->last_route, "<sip:a.example;lr>, <sip:b.example;lr>");
    assert_string_equal(s->last_target, "sip:romeo@192.0.2.1:5062");
    assert_string_equal(s->last_contact_user, "juliet");
    assert_true(s->is_invited);
}

static void strangers_to_a_dialog_are_refused(void **state)
{
    struct stage *s = *state;
    char tag[64];
    begin(s, true);
    strcpy(tag, last_tag(s));
    subscribe(s, "c1", "another", "600");
    assert_events("no such dialog", "481");
    subscribe_as(s, "mercutio@sip.example", JULIET, "c1", tag, "0");
    assert_events("not his dialog", "403");
    subscribe_as(s, ROMEO, "nurse@friend.example", "c1", tag, "0");
    assert_events("not her dialog", "403");
    assert_int_equal(gw_notifier_count(s->presence.notifier), 1);
    assert_true(s->is_invited);
}

/* Whoever sends another user's Call-ID and tag has a dialog of his own, and takes none away. */
static void names_of_dialogs_are_each_users_own(void **state)
{
    struct stage *s = *state;
    char tag[64];
    begin(s, true);
    strcpy(tag, last_tag(s));
    subscribe_as(s, "mercutio@sip.example", JULIET, "c1", NULL, "3600");
    assert_events("mercutio", "200 pending subscribe");
    assert_string_not_equal(last_tag(s), tag);
    assert_int_equal(gw_notifier_count(s->presence.notifier), 2);
    stanza(s, NULL, "balcony", NULL);
    assert_events("romeo", "active(+balcony)");
}

/* The clock was wrong when the row was written, or is now: nothing lasts longer than it may. */
static void no_dialog_lasts_for_years(void **state)
{
    struct stage *s = *state;
    begin(s, false);
    s->store.dialog.expires_at += 1000000000;
    stage_restart(s);
    fake_pass(3600000);
    assert_events("an hour later", "terminated;reason=timeout unavailable");
}

static void a_poll_asks_and_invites_nobody(void **state)
{
    static const struct {
        const char *name, *type, *resource;
        uint64_t wait_ms;
        const char *events;
    } answers[] = {
        {"a resource", NULL, "balcony", 1000, "terminated;reason=timeout(+balcony)"},
        {"not there", "unavailable", NULL, 1000, "terminated;reason=timeout(-)"},
        {"may not", "unsubscribed", NULL, 0, "terminated;reason=rejected"},
        {"nothing", "subscribed", NULL, 5000, "terminated;reason=timeout"},
    };
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        struct stage *s = *state;
        subscribe(s, "c1", NULL, "0");
        assert_events(answers[i].name, "200 probe");
        stanza(s, answers[i].type, answers[i].resource, NULL);
        fake_pass(answers[i].wait_ms);
        assert_events(answers[i].name, answers[i].events);
        assert_false(s->is_invited);
        assert_int_equal(gw_notifier_count(s->presence.notifier), 0);
        assert_int_equal(s->store.n_row_puts + s->store.n_dialog_puts, 0);
    }
}

/* A probe would be answered as if she had declined. */
static void a_poll_of_who_has_not_decided(void **state)
{
    struct stage *s = *state;
    begin(s, false);
    subscribe(s, "c2", NULL, "0");
    assert_events("she was asked", "200 c2:terminated;reason=timeout");
    stanza(s, "unsubscribed", NULL, NULL);
    assert_events("she declines", "terminated;reason=rejected");
}

static void a_poll_is_answered_and_not_what_followed_it(void **state)
{
    struct stage *s = *state;
    subscribe(s, "c2", NULL, "0");
    subscribe(s, "c1", NULL, "3600");
    assert_events("both", "200 probe 200 pending subscribe");
    stanza(s, "unsubscribed", NULL, NULL);
    assert_events("the poll", "c2:terminated;reason=rejected");
    answer_all(s);
    stanza(s, "subscribed", NULL, NULL);
    assert_events("the subscription", "active");
}

static void resources_that_answer_a_poll_are_gathered(void **state)
{
    struct stage *s = *state;
    subscribe(s, "c1", NULL, "0");
    stanza(s, NULL, "balcony", NULL);
    stanza(s, NULL, "garden", "away");
    fake_pass(1000);
    assert_events("poll", "200 probe terminated;reason=timeout(+balcony +garden/away)");
}

static void limits_are_kept(void **state)
{
    struct stage *s = *state;
    for (int i = 0; i < 3; i++) {
        char call_id[] = {'c', (char)('1' + i), '\0'};
        subscribe(s, call_id, NULL, "3600");
    }
    assert_events("three", "200 pending subscribe 200 c2:pending 200 c3:pending");
    subscribe(s, "c4", NULL, "3600");
    assert_events("of one user", "480/60");
    subscribe(s, "c4", NULL, "0");
    assert_events("a poll is none", "200 c4:terminated;reason=timeout");
    s->gateway.policy->settings.subscription_limit = 3;
    subscribe_as(s, "mercutio@sip.example", JULIET, "c5", NULL, "3600");
    assert_events("over all", "480/60");
    subscribe(s, "c1", last_tag(s), "600"); /* to_tag absent in a refusal: outside a dialog */
    assert_events("still", "480/60");
}

/* The contact is taken back with the last dialog that says goodbye, and not before. */
static void the_invitation_goes_with_the_last_dialog(void **state)
{
    struct stage *s = *state;
    char tag[64];
    begin(s, true);
    strcpy(tag, last_tag(s));
    subscribe(s, "c2", NULL, "3600");
    assert_events("second", "200 c2:active");
    answer_all(s);
    char second[64];
    strcpy(second, last_tag(s));
    subscribe(s, "c1", tag, "0");
    assert_events("first leaves", "200 terminated;reason=timeout(-)");
    assert_true(s->is_invited);
    s->refuses = true;
    answer_all(s);
    subscribe(s, "c2", second, "0");
    assert_events("second leaves",
                  "200 c2:terminated;reason=timeout(-) unavailable cancel-watcher");
    assert_false(s->is_invited);
    assert_true(s->store.row.is_authorised);
}

/* The consent is older than this dialog; his server is asked, and probed when it says nothing. */
static void who_consented_before_is_active_at_once(void **state)
{
    struct stage *s = *state;
    begin(s, true);
    subscribe(s, "c1", last_tag(s), "0");
    answer_all(s);
    forget_events();
    fake_pass(120000);
    subscribe(s, "c2", NULL, "3600");
    assert_events("SUBSCRIBE", "200 c2:active subscribe");
    answer_all(s);
    fake_pass(2000);
    assert_events("no answer", "probe");
    fake_pass(5000);
    assert_events("none to the probe either", "c2:active(-)");
}

static void the_same_dialog_may_begin_anew(void **state)
{
    struct stage *s = *state;
    begin(s, true);
    uint32_t cseq = s->last_cseq;
    subscribe(s, "c1", NULL, "3600");
    assert_events("SUBSCRIBE", "200 active");
    assert_true(s->last_cseq > cseq);
    assert_int_equal(gw_notifier_count(s->presence.notifier), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_thing_does_what_its_row_says, set_up, tear_down),
        cmocka_unit_test_setup_teardown(dialogs_have_their_route_and_names, set_up, tear_down),
        cmocka_unit_test_setup_teardown(strangers_to_a_dialog_are_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_of_dialogs_are_each_users_own, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_dialog_lasts_for_years, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_poll_asks_and_invites_nobody, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_poll_of_who_has_not_decided, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_poll_is_answered_and_not_what_followed_it, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(resources_that_answer_a_poll_are_gathered, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(limits_are_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_invitation_goes_with_the_last_dialog, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(who_consented_before_is_active_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_same_dialog_may_begin_anew, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
