/* Subscriptions: what each stanza gives in each state, and the life of one whose watcher is a SIP
 * user. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "steps.h"
#include "vectors.h"

/* Stanzas */

static const struct stanza_row {
    const char *name, *type;
    enum cw_subscription_state before;
    const char *out;
    enum cw_subscription_state after;
    bool is_full;
} stanza_rows[] = {
    {"subscribe", "subscribe", CW_SUBSCRIPTION_NONE, "SUBSCRIBE:600", CW_SUBSCRIPTION_WAITING},
    {"subscribe again while pending", "subscribe", CW_SUBSCRIPTION_PENDING, "SUBSCRIBE:600",
     CW_SUBSCRIPTION_PENDING},
    {"subscribe of who may see", "subscribe", CW_SUBSCRIPTION_ACTIVE, "SUBSCRIBE:600 subscribed",
     CW_SUBSCRIPTION_ACTIVE},
    {"unsubscribe without a dialog", "unsubscribe", CW_SUBSCRIPTION_NONE, "unsubscribed",
     CW_SUBSCRIPTION_NONE},
    {"unsubscribe before any answer", "unsubscribe", CW_SUBSCRIPTION_WAITING, "",
     CW_SUBSCRIPTION_WAITING},
    {"unsubscribe", "unsubscribe", CW_SUBSCRIPTION_ACTIVE, "SUBSCRIBE:0", CW_SUBSCRIPTION_ENDING},
    {"unsubscribe while pending", "unsubscribe", CW_SUBSCRIPTION_PENDING, "SUBSCRIBE:0",
     CW_SUBSCRIPTION_ENDING},
    {"unsubscribe twice", "unsubscribe", CW_SUBSCRIPTION_ENDING, "", CW_SUBSCRIPTION_ENDING},
    {"probe", "probe", CW_SUBSCRIPTION_NONE, "SUBSCRIBE:0", CW_SUBSCRIPTION_WAITING},
    {"subscribed unasked", "subscribed", CW_SUBSCRIPTION_NONE, "", CW_SUBSCRIPTION_NONE},
    {"subscribed", "subscribed", CW_SUBSCRIPTION_PENDING, "NOTIFY:active;expires=600",
     CW_SUBSCRIPTION_ACTIVE},
    {"subscribed twice", "subscribed", CW_SUBSCRIPTION_ACTIVE, "", CW_SUBSCRIPTION_ACTIVE},
    {"unsubscribed unasked", "unsubscribed", CW_SUBSCRIPTION_NONE, "", CW_SUBSCRIPTION_NONE},
    {"unsubscribed", "unsubscribed", CW_SUBSCRIPTION_PENDING, "NOTIFY:terminated;reason=rejected",
     CW_SUBSCRIPTION_NONE},
    {"unsubscribed later", "unsubscribed", CW_SUBSCRIPTION_ACTIVE,
     "NOTIFY:terminated;reason=rejected", CW_SUBSCRIPTION_NONE},
    {"available unasked", NULL, CW_SUBSCRIPTION_NONE, "", CW_SUBSCRIPTION_NONE, true},
    {"available while pending", NULL, CW_SUBSCRIPTION_PENDING, "", CW_SUBSCRIPTION_PENDING, true},
    {"available", NULL, CW_SUBSCRIPTION_ACTIVE, "NOTIFY:active;expires=600+body",
     CW_SUBSCRIPTION_ACTIVE, true},
    {"unavailable", "unavailable", CW_SUBSCRIPTION_ACTIVE, "NOTIFY:active;expires=600+body",
     CW_SUBSCRIPTION_ACTIVE, true},
    {"error of presence", "error", CW_SUBSCRIPTION_ACTIVE, "", CW_SUBSCRIPTION_ACTIVE},
    {"error while pending", "error", CW_SUBSCRIPTION_PENDING, "NOTIFY:terminated;reason=giveup",
     CW_SUBSCRIPTION_NONE},
};

static void stanzas_do_what_their_row_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof stanza_rows / sizeof *stanza_rows; i++) {
        const struct stanza_row *row = &stanza_rows[i];
        struct cw_arena arena = {0};
        struct cw_presence_step step;
        enum cw_subscription_direction direction;
        struct cw_xml *in = stanza(&arena, row->type, row->is_full);
        assert_true(cw_subscription_of_stanza(in, &direction));
        struct cw_subscription s = in_state(direction, row->before);
        cw_subscription_on_stanza(&arena, &s, in, &knows_nobody, &step);
        expect_str(row->name, "what goes out", summary(&arena, &step), cw_str_of(row->out));
        expect(row->name, "state", s.state == row->after);
        cw_arena_free(&arena);
    }
}

static void errors_have_their_reasons(void **state)
{
    static const struct {
        enum cw_stanza_error condition;
        const char *reason;
    } rows[] = {
        {CW_STANZA_ITEM_NOT_FOUND, "noresource"},
        {CW_STANZA_GONE, "noresource"},
        {CW_STANZA_FORBIDDEN, "rejected"},
        {CW_STANZA_SERVICE_UNAVAILABLE, "rejected"},
        {CW_STANZA_REMOTE_SERVER_NOT_FOUND, "probation"},
        {CW_STANZA_REMOTE_SERVER_TIMEOUT, "probation"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_arena arena = {0};
        struct cw_presence_step step;
        struct cw_subscription s = in_state(CW_SUBSCRIPTION_S2X, CW_SUBSCRIPTION_PENDING);
        const struct cw_error_origin origin = {
            .name = CW_STR("presence"), .from = CW_STR(ROMEO), .to = CW_STR(JULIET)};
        cw_subscription_on_stanza(
            &arena, &s, cw_error_stanza_of(&arena, &origin, rows[i].condition, CW_STR_NONE),
            &knows_nobody, &step);
        expect_str(rows[i].reason, "NOTIFY", summary(&arena, &step),
                   cw_arena_printf(&arena, "NOTIFY:terminated;reason=%s", rows[i].reason));
        cw_arena_free(&arena);
    }
}

static void addresses_that_sip_has_not_are_told(void **state)
{
    struct cw_arena arena = {0};
    struct cw_presence_step step;
    struct cw_subscription s = in_state(CW_SUBSCRIPTION_X2S, CW_SUBSCRIPTION_NONE);
    (void)state;
    struct cw_xml *in =
        cw_presence_typed(&arena, CW_S("a\\5cb@example.com"), CW_S(ROMEO), "subscribe");
    cw_subscription_on_stanza(&arena, &s, in, &knows_nobody, &step);
    assert_false(step.has_request);
    assert_int_equal(step.n_stanzas, 1);
    expect_str("address", "type", cw_xml_attr(step.stanzas[0], "type"), CW_S("error"));
    cw_arena_free(&arena);
}

/* The SIP user watches */

static struct cw_sip_request subscribe(const char *expires, bool in_dialog)
{
    struct cw_sip_request in = request("SUBSCRIBE", NULL, NULL);
    in.expires = cw_str_of(expires);
    if (!in_dialog)
        in.to_tag = CW_STR_NONE;
    return in;
}

static void sip_user_watches(void **state)
{
    struct cw_arena arena = {0};
    struct cw_presence_step step;
    struct cw_subscription s = in_state(CW_SUBSCRIPTION_S2X, CW_SUBSCRIPTION_NONE);
    struct cw_sip_request in = subscribe(NULL, false);
    (void)state;
    cw_subscription_on_request(&arena, &s, &in, &knows_nobody, &step);
    expect_str("first", "out", summary(&arena, &step),
               CW_S("200 NOTIFY:pending;expires=3600 subscribe"));
    expect_str("first", "tag", step.request.from_tag, step.response.to_tag);
    expect_str("first", "target", step.request.request_uri, CW_S("sip:romeo@192.0.2.1"));
    cw_subscription_on_stanza(&arena, &s, stanza(&arena, "subscribed", false), &knows_nobody,
                              &step);
    expect_str("consent", "out", summary(&arena, &step), CW_S("NOTIFY:active;expires=3600"));
    cw_subscription_on_stanza(&arena, &s, stanza(&arena, NULL, true), &knows_nobody, &step);
    expect_str("presence", "out", summary(&arena, &step), CW_S("NOTIFY:active;expires=3600+body"));
    assert_int_equal(step.n_known, 1);
    const struct cw_presence_options knows = {.known = step.known, .n_known = step.n_known};
    in = subscribe("600", true);
    in.to_tag = s.local_tag;
    in.cseq = 8;
    assert_true(cw_subscription_has(&s, &in));
    cw_subscription_on_request(&arena, &s, &in, &knows, &step);
    expect_str("refresh", "out", summary(&arena, &step),
               CW_S("200 NOTIFY:active;expires=600+body"));
    in.expires = CW_S("0");
    in.cseq = 9;
    cw_subscription_on_request(&arena, &s, &in, &knows, &step);
    expect_str("end", "out", summary(&arena, &step),
               CW_S("200 NOTIFY:terminated;reason=timeout+body unavailable"));
    assert_true(cw_str_find(step.request.body, CW_S("closed")) > 0);
    assert_true(s.is_authorised); /* the consent lasts */
    assert_int_equal(step.next, CW_PRESENCE_FORGET);
    cw_arena_free(&arena);
}

static void subscriptions_are_refused_or_bounded(void **state)
{
    static const struct {
        const char *name, *expires, *accept, *from, *to;
        const char *out;
        bool in_dialog;
    } rows[] = {
        {"long", "86400", NULL, NULL, NULL, "200 NOTIFY:pending;expires=3600 subscribe", false},
        {"endless", "99999999999999", NULL, NULL, NULL, "200 NOTIFY:pending;expires=3600 subscribe",
         false},
        {"short", "59", NULL, NULL, NULL, "423", false},
        {"no number", "x", NULL, NULL, NULL, "400", false},
        {"takes anything", NULL, "text/plain, */*;q=0.1", NULL, NULL,
         "200 NOTIFY:pending;expires=3600 subscribe", false},
        {"takes PIDF among others", NULL, "multipart/related, Application/pidf+xml", NULL, NULL,
         "200 NOTIFY:pending;expires=3600 subscribe", false},
        {"takes another", NULL, "application/xpidf+xml", NULL, NULL, "406", false},
        {"sips", NULL, NULL, NULL, "sips:" JULIET, "416", false},
        {"tel", NULL, NULL, NULL, "tel:+1", "416", false},
        {"no user", NULL, NULL, NULL, "sip:example.com", "404", false},
        {"sender that is none", NULL, NULL, "sip:@x", NULL, "400", false},
        {"dialog that is none", NULL, NULL, NULL, NULL, "481", true},
    };
    const struct cw_presence_options options = {.min_expires_s = 60};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_arena arena = {0};
        struct cw_presence_step step;
        struct cw_subscription s = {.direction = CW_SUBSCRIPTION_S2X};
        struct cw_sip_request in = subscribe(rows[i].expires, rows[i].in_dialog);
        in.accept = cw_str_of(rows[i].accept);
        if (rows[i].from)
            in.from_uri = cw_str_of(rows[i].from);
        if (rows[i].to)
            in.to_uri = in.request_uri = cw_str_of(rows[i].to);
        cw_subscription_on_request(&arena, &s, &in, &options, &step);
        expect_str(rows[i].name, "out", summary(&arena, &step), cw_str_of(rows[i].out));
        if (step.response.status == 423)
            expect_str(rows[i].name, "Min-Expires", step.response.min_expires, CW_S("60"));
        cw_arena_free(&arena);
    }
}

/* A refresh by somebody else; one who was let in before; a poll with and without an answer. */
static void who_asks_and_what_is_known_matters(void **state)
{
    struct cw_arena arena = {0};
    struct cw_presence_step step;
    struct cw_subscription s = in_state(CW_SUBSCRIPTION_S2X, CW_SUBSCRIPTION_ACTIVE);
    struct cw_sip_request in = subscribe("600", true);
    (void)state;
    in.from_uri = CW_S("sip:mercutio@example.net");
    cw_subscription_on_request(&arena, &s, &in, &knows_one, &step);
    expect_str("another", "out", summary(&arena, &step), CW_S("403"));
    s = in_state(CW_SUBSCRIPTION_S2X, CW_SUBSCRIPTION_NONE);
    s.is_authorised = true;
    in = subscribe(NULL, false);
    cw_subscription_on_request(&arena, &s, &in, &knows_one, &step);
    expect_str("known", "out", summary(&arena, &step),
               CW_S("200 NOTIFY:active;expires=3600+body subscribe"));
    s = in_state(CW_SUBSCRIPTION_S2X, CW_SUBSCRIPTION_NONE);
    in = subscribe("0", false);
    cw_subscription_on_request(&arena, &s, &in, &knows_one, &step);
    expect_str("poll of who may not", "out", summary(&arena, &step), CW_S("200 probe"));
    cw_subscription_on_stanza(&arena, &s, stanza(&arena, NULL, true), &knows_nobody, &step);
    expect_str("its answer", "out", summary(&arena, &step),
               CW_S("NOTIFY:terminated;reason=timeout+body"));
    s = in_state(CW_SUBSCRIPTION_S2X, CW_SUBSCRIPTION_NONE);
    s.is_authorised = true;
    cw_subscription_on_request(&arena, &s, &in, &knows_one, &step);
    expect_str("poll", "out", summary(&arena, &step),
               CW_S("200 NOTIFY:terminated;reason=timeout+body"));
    s = in_state(CW_SUBSCRIPTION_S2X, CW_SUBSCRIPTION_NONE);
    cw_subscription_on_request(&arena, &s, &in, &knows_nobody, &step);
    cw_subscription_expire(&arena, &s, &knows_nobody, &step);
    expect_str("no answer", "out", summary(&arena, &step),
               CW_S("NOTIFY:terminated;reason=timeout"));
    cw_arena_free(&arena);
}

/* What the notifier asks for of its own accord, in each state; the route goes along. */
static void notifications_go_out_unasked(void **state)
{
    static const struct {
        const char *name;
        enum cw_subscription_state before;
        bool is_poll, knows;
        const char *notify, *expire, *terminate;
    } rows[] = {
        {"none", CW_SUBSCRIPTION_NONE, false, true, "", "", ""},
        {"pending", CW_SUBSCRIPTION_PENDING, false, false, "NOTIFY:pending;expires=600",
         "NOTIFY:terminated;reason=timeout unavailable", "NOTIFY:terminated;reason=noresource"},
        {"active", CW_SUBSCRIPTION_ACTIVE, false, true, "NOTIFY:active;expires=600+body",
         "NOTIFY:terminated;reason=timeout+body unavailable",
         "NOTIFY:terminated;reason=noresource"},
        {"active, and nothing is known", CW_SUBSCRIPTION_ACTIVE, false, false,
         "NOTIFY:active;expires=600", "NOTIFY:terminated;reason=timeout+body unavailable",
         "NOTIFY:terminated;reason=noresource"},
        {"a poll that has its answer", CW_SUBSCRIPTION_PENDING, true, true,
         "NOTIFY:pending;expires=600", "NOTIFY:terminated;reason=timeout+body",
         "NOTIFY:terminated;reason=noresource"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct cw_presence_options *options = rows[i].knows ? &knows_one : &knows_nobody;
        struct cw_arena arena = {0};
        struct cw_presence_step step;
        struct cw_subscription s = in_state(CW_SUBSCRIPTION_S2X, rows[i].before), again;
        s.is_poll = rows[i].is_poll;
        s.route_set = CW_S("<sip:a.example;lr>");
        again = s;
        cw_subscription_notify(&arena, &again, options, &step);
        expect_str(rows[i].name, "notify", summary(&arena, &step), cw_str_of(rows[i].notify));
        if (step.has_request)
            expect_str(rows[i].name, "route", step.request.route, s.route_set);
        again = s;
        cw_subscription_expire(&arena, &again, options, &step);
        expect_str(rows[i].name, "expire", summary(&arena, &step), cw_str_of(rows[i].expire));
        again = s;
        cw_subscription_terminate(&arena, &again, CW_EVENT_NORESOURCE, options, &step);
        expect_str(rows[i].name, "terminate", summary(&arena, &step), cw_str_of(rows[i].terminate));
        assert_int_equal(again.state, CW_SUBSCRIPTION_NONE);
        cw_arena_free(&arena);
    }
}

static void failed_notifications_end_it(void **state)
{
    static const struct {
        int status;
        const char *retry_after, *out;
        enum cw_presence_next next;
    } rows[] = {
        {200, NULL, "", CW_PRESENCE_KEEP},
        {481, NULL, "unavailable", CW_PRESENCE_FORGET},
        {408, NULL, "unavailable", CW_PRESENCE_FORGET},
        {503, "5", "", CW_PRESENCE_LATER},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_arena arena = {0};
        struct cw_presence_step step;
        struct cw_subscription s = in_state(CW_SUBSCRIPTION_S2X, CW_SUBSCRIPTION_ACTIVE);
        const struct cw_sip_response in = {.status = rows[i].status,
                                           .retry_after = cw_str_of(rows[i].retry_after)};
        cw_subscription_on_notified(&arena, &s, &in, &step);
        expect_str("answer", "out", summary(&arena, &step), cw_str_of(rows[i].out));
        assert_int_equal(step.next, rows[i].next);
        assert_true(s.is_authorised);
        cw_arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stanzas_do_what_their_row_says),
        cmocka_unit_test(errors_have_their_reasons),
        cmocka_unit_test(addresses_that_sip_has_not_are_told),
        cmocka_unit_test(sip_user_watches),
        cmocka_unit_test(subscriptions_are_refused_or_bounded),
        cmocka_unit_test(who_asks_and_what_is_known_matters),
        cmocka_unit_test(notifications_go_out_unasked),
        cmocka_unit_test(failed_notifications_end_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
