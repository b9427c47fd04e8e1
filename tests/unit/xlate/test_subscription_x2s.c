/* An XMPP user watches: what each NOTIFY and each answer gives in each state, and whole lives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "steps.h"
#include "vectors.h"

/* NOTIFY */

static const struct notify_row {
    const char *name;
    enum cw_subscription_state before;
    const char *status, *body, *out;
    enum cw_subscription_state after;
    enum cw_presence_next next;
} notify_rows[] = {
    {"pending", CW_SUBSCRIPTION_WAITING, "pending;expires=60", NULL, "200", CW_SUBSCRIPTION_PENDING,
     CW_PRESENCE_KEEP},
    {"pending with a body", CW_SUBSCRIPTION_WAITING, "pending", BODY("open"), "200",
     CW_SUBSCRIPTION_PENDING, CW_PRESENCE_KEEP},
    {"state that is none", CW_SUBSCRIPTION_WAITING, "waiting", NULL, "200", CW_SUBSCRIPTION_PENDING,
     CW_PRESENCE_KEEP},
    {"first active, before the 200", CW_SUBSCRIPTION_WAITING, "active;expires=60", BODY("open"),
     "200 subscribed available/orchard", CW_SUBSCRIPTION_ACTIVE, CW_PRESENCE_KEEP},
    {"first active without a body", CW_SUBSCRIPTION_PENDING, "Active", NULL, "200 subscribed",
     CW_SUBSCRIPTION_ACTIVE, CW_PRESENCE_KEEP},
    {"active again", CW_SUBSCRIPTION_ACTIVE, "active", BODY("open"), "200 available/orchard",
     CW_SUBSCRIPTION_ACTIVE, CW_PRESENCE_KEEP},
    {"closed", CW_SUBSCRIPTION_ACTIVE, "active", BODY("closed"), "200 unavailable/orchard",
     CW_SUBSCRIPTION_ACTIVE, CW_PRESENCE_KEEP},
    {"nothing known any more", CW_SUBSCRIPTION_ACTIVE, "active", NULL, "200 unavailable/orchard",
     CW_SUBSCRIPTION_ACTIVE, CW_PRESENCE_KEEP},
    {"nobody there", CW_SUBSCRIPTION_ACTIVE, "active",
     "<presence xmlns='urn:ietf:params:xml:ns:pidf' entity='e'/>", "200 unavailable/orchard",
     CW_SUBSCRIPTION_ACTIVE, CW_PRESENCE_KEEP},
    {"pending again", CW_SUBSCRIPTION_ACTIVE, "pending", NULL, "200 unavailable/orchard",
     CW_SUBSCRIPTION_PENDING, CW_PRESENCE_KEEP},
    {"deactivated", CW_SUBSCRIPTION_ACTIVE, "terminated;reason=deactivated", NULL, "200",
     CW_SUBSCRIPTION_NONE, CW_PRESENCE_AGAIN},
    {"probation", CW_SUBSCRIPTION_ACTIVE, "terminated;reason=probation;retry-after=9", NULL,
     "200 unavailable/orchard", CW_SUBSCRIPTION_NONE, CW_PRESENCE_LATER},
    {"rejected", CW_SUBSCRIPTION_ACTIVE, "terminated;reason=rejected", NULL,
     "200 unavailable/orchard unsubscribed", CW_SUBSCRIPTION_NONE, CW_PRESENCE_FORGET},
    {"rejected with presence", CW_SUBSCRIPTION_ACTIVE, "terminated;reason=rejected", BODY("open"),
     "200 unavailable/orchard unsubscribed", CW_SUBSCRIPTION_NONE, CW_PRESENCE_FORGET},
    {"timeout", CW_SUBSCRIPTION_ACTIVE, "terminated;reason=timeout", NULL, "200",
     CW_SUBSCRIPTION_NONE, CW_PRESENCE_AGAIN},
    {"giveup", CW_SUBSCRIPTION_PENDING, "terminated;reason=giveup", NULL, "200 unavailable/orchard",
     CW_SUBSCRIPTION_NONE, CW_PRESENCE_LATER},
    {"noresource", CW_SUBSCRIPTION_ACTIVE, "terminated;reason=noresource", NULL,
     "200 unavailable/orchard unsubscribed", CW_SUBSCRIPTION_NONE, CW_PRESENCE_FORGET},
    {"invariant", CW_SUBSCRIPTION_ACTIVE, "terminated;reason=invariant", BODY("open"),
     "200 available/orchard", CW_SUBSCRIPTION_NONE, CW_PRESENCE_KEEP},
    {"no reason", CW_SUBSCRIPTION_ACTIVE, "terminated", NULL, "200 unavailable/orchard",
     CW_SUBSCRIPTION_NONE, CW_PRESENCE_LATER},
    {"reason that is none", CW_SUBSCRIPTION_ACTIVE, "terminated;reason=x;expires", NULL,
     "200 unavailable/orchard", CW_SUBSCRIPTION_NONE, CW_PRESENCE_LATER},
    {"presence after the end", CW_SUBSCRIPTION_ENDING, "active", BODY("open"), "200",
     CW_SUBSCRIPTION_ENDING, CW_PRESENCE_KEEP},
    {"the last one", CW_SUBSCRIPTION_ENDING, "terminated;reason=timeout", NULL, "200",
     CW_SUBSCRIPTION_NONE, CW_PRESENCE_FORGET},
    {"no state", CW_SUBSCRIPTION_ACTIVE, NULL, NULL, "400", CW_SUBSCRIPTION_ACTIVE,
     CW_PRESENCE_KEEP},
    {"no XML", CW_SUBSCRIPTION_ACTIVE, "active", "<presence", "400", CW_SUBSCRIPTION_ACTIVE,
     CW_PRESENCE_KEEP},
    {"external entity", CW_SUBSCRIPTION_ACTIVE, "active",
     "<!DOCTYPE p [<!ENTITY x SYSTEM 'file:///etc/passwd'>]>" BODY("&x;"), "400",
     CW_SUBSCRIPTION_ACTIVE, CW_PRESENCE_KEEP},
};

static void notifications_do_what_their_row_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof notify_rows / sizeof *notify_rows; i++) {
        const struct notify_row *row = &notify_rows[i];
        bool is_first = row->before == CW_SUBSCRIPTION_WAITING ||
                        (row->before == CW_SUBSCRIPTION_PENDING && strstr(row->status, "ctive"));
        struct cw_arena arena = {0};
        struct cw_presence_step step;
        struct cw_subscription s = in_state(CW_SUBSCRIPTION_X2S, row->before);
        struct cw_sip_request in = request("NOTIFY", row->status, row->body);
        expect(row->name, "is of the dialog", cw_subscription_has(&s, &in));
        cw_subscription_on_request(&arena, &s, &in, is_first ? &knows_nobody : &knows_one, &step);
        expect_str(row->name, "what goes out", summary(&arena, &step), cw_str_of(row->out));
        expect(row->name, "state", s.state == row->after);
        expect(row->name, "what is next", step.next == row->next);
        cw_arena_free(&arena);
    }
}

/* Whatever the document says: the presence is of the one whom the dialog is with. */
static void nobody_speaks_for_another(void **state)
{
    struct cw_arena arena = {0};
    struct cw_presence_step step;
    struct cw_subscription s = in_state(CW_SUBSCRIPTION_X2S, CW_SUBSCRIPTION_ACTIVE);
    struct cw_sip_request in =
        request("NOTIFY", "active",
                "<presence xmlns='urn:ietf:params:xml:ns:pidf' entity='pres:boss@example.net'>"
                "<tuple id='ID-x'><status><basic>open</basic></status></tuple></presence>");
    (void)state;
    cw_subscription_on_request(&arena, &s, &in, &knows_nobody, &step);
    for (size_t i = 0; i < step.n_stanzas; i++)
        expect("entity", "is romeo",
               cw_str_starts(cw_xml_attr(step.stanzas[i], "from"), CW_S(ROMEO "/")));
    cw_arena_free(&arena);
}

static const struct {
    const char *name, *event, *type, *encoding;
    int status;
} refusals[] = {
    {"another event", "dialog", "application/pidf+xml", NULL, 489},
    {"no event", NULL, "application/pidf+xml", NULL, 489},
    {"event with id", "presence;id=7", "application/pidf+xml", NULL, 200},
    {"another type", "presence", "application/xpidf+xml", NULL, 415},
    {"no type", "presence", NULL, NULL, 415},
    {"parameters", "presence", "Application/PIDF+xml; charset=\"utf-8\"", NULL, 200},
    {"coded", "presence", "application/pidf+xml", "gzip", 415},
};

static void notifications_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        struct cw_arena arena = {0};
        struct cw_presence_step step;
        struct cw_subscription s = in_state(CW_SUBSCRIPTION_X2S, CW_SUBSCRIPTION_ACTIVE);
        struct cw_sip_request in = request("NOTIFY", "active", BODY("open"));
        in.event = cw_str_of(refusals[i].event);
        in.content_type = cw_str_of(refusals[i].type);
        in.content_encoding = cw_str_of(refusals[i].encoding);
        cw_subscription_on_request(&arena, &s, &in, &knows_nobody, &step);
        expect(refusals[i].name, "status", step.response.status == refusals[i].status);
        expect(refusals[i].name, "stanzas", (step.n_stanzas > 0) == (refusals[i].status == 200));
        cw_arena_free(&arena);
    }
}

/* Dialogs: another Call-ID or tag is another's, and an old CSeq is refused. */
static void dialogs_are_kept_apart(void **state)
{
    struct cw_arena arena = {0};
    struct cw_presence_step step;
    struct cw_subscription s = in_state(CW_SUBSCRIPTION_X2S, CW_SUBSCRIPTION_ACTIVE);
    struct cw_sip_request in = request("NOTIFY", "active", BODY("open"));
    (void)state;
    cw_subscription_on_request(&arena, NULL, &in, &knows_nobody, &step);
    assert_int_equal(step.response.status, 481);
    cw_subscription_on_request(&arena, &s, &in, &knows_nobody, &step);
    assert_int_equal(step.response.status, 200);
    expect_str("dialog", "target", s.remote_target, CW_S("sip:romeo@192.0.2.1"));
    cw_subscription_on_request(&arena, &s, &in, &knows_nobody, &step);
    assert_int_equal(step.response.status, 500);
    in.from_tag = CW_S("another's");
    assert_false(cw_subscription_has(&s, &in));
    in.from_tag = CW_S("theirs");
    in.to_tag = CW_S("mine");
    assert_false(cw_subscription_has(&s, &in));
    in.to_tag = CW_S("ours");
    in.call_id = CW_S("c2");
    assert_false(cw_subscription_has(&s, &in));
    cw_arena_free(&arena);
}

/* Answers to SUBSCRIBE */

static const struct response_row {
    const char *name;
    enum cw_subscription_state before;
    int status;
    const char *out;
    enum cw_presence_next next;
    enum cw_subscription_state after;
} response_rows[] = {
    {"trying", CW_SUBSCRIPTION_WAITING, 100, "", CW_PRESENCE_KEEP, CW_SUBSCRIPTION_WAITING},
    {"200 means nothing", CW_SUBSCRIPTION_WAITING, 200, "", CW_PRESENCE_KEEP,
     CW_SUBSCRIPTION_WAITING},
    {"202", CW_SUBSCRIPTION_WAITING, 202, "", CW_PRESENCE_KEEP, CW_SUBSCRIPTION_WAITING},
    {"403", CW_SUBSCRIPTION_WAITING, 403, "unsubscribed", CW_PRESENCE_FORGET, CW_SUBSCRIPTION_NONE},
    {"489", CW_SUBSCRIPTION_WAITING, 489, "unsubscribed", CW_PRESENCE_FORGET, CW_SUBSCRIPTION_NONE},
    {"603", CW_SUBSCRIPTION_WAITING, 603, "unsubscribed", CW_PRESENCE_FORGET, CW_SUBSCRIPTION_NONE},
    {"404", CW_SUBSCRIPTION_WAITING, 404, "error", CW_PRESENCE_FORGET, CW_SUBSCRIPTION_NONE},
    {"408", CW_SUBSCRIPTION_WAITING, 408, "error", CW_PRESENCE_FORGET, CW_SUBSCRIPTION_NONE},
    {"423", CW_SUBSCRIPTION_WAITING, 423, "", CW_PRESENCE_AGAIN, CW_SUBSCRIPTION_NONE},
    {"481", CW_SUBSCRIPTION_WAITING, 481, "", CW_PRESENCE_AGAIN, CW_SUBSCRIPTION_NONE},
    {"403 of a refresh", CW_SUBSCRIPTION_ACTIVE, 403, "unavailable/orchard unsubscribed",
     CW_PRESENCE_FORGET, CW_SUBSCRIPTION_NONE},
    {"404 of a refresh", CW_SUBSCRIPTION_ACTIVE, 404, "unavailable/orchard", CW_PRESENCE_LATER,
     CW_SUBSCRIPTION_NONE},
    {"408 of a refresh", CW_SUBSCRIPTION_ACTIVE, 408, "unavailable/orchard", CW_PRESENCE_LATER,
     CW_SUBSCRIPTION_NONE},
    {"481 of a refresh", CW_SUBSCRIPTION_ACTIVE, 481, "", CW_PRESENCE_AGAIN, CW_SUBSCRIPTION_NONE},
};

static void answers_do_what_their_row_says(void **state)
{
    const struct cw_error_origin origin = {
        .id = CW_STR("p1"), .from = CW_STR(JULIET "/balcony"), .to = CW_STR(ROMEO)};
    (void)state;
    for (size_t i = 0; i < sizeof response_rows / sizeof *response_rows; i++) {
        const struct response_row *row = &response_rows[i];
        const struct cw_sip_response in = {.status = row->status,
                                           .to_tag = CW_STR("theirs"),
                                           .expires = CW_STR("300"),
                                           .min_expires = CW_STR("7200")};
        bool is_first = row->before == CW_SUBSCRIPTION_WAITING;
        struct cw_arena arena = {0};
        struct cw_presence_step step;
        struct cw_subscription s = in_state(CW_SUBSCRIPTION_X2S, row->before);
        cw_subscription_on_response(&arena, &s, &in, &origin, is_first ? &knows_nobody : &knows_one,
                                    &step);
        expect_str(row->name, "what goes out", summary(&arena, &step), cw_str_of(row->out));
        expect(row->name, "what is next", step.next == row->next);
        expect(row->name, "state", s.state == row->after);
        if (row->status == 200)
            expect(row->name, "granted", s.expires_s == 300);
        if (row->status == 423) {
            cw_subscription_refresh(&arena, &s, &knows_nobody, &step);
            expect_str(row->name, "again", summary(&arena, &step), CW_S("SUBSCRIBE:7200"));
        }
        cw_arena_free(&arena);
    }
}

/* Nobody answers a refresh, not even a proxy: the dialog is asked for again. */
static void silence_ends_no_dialog(void **state)
{
    static const struct {
        const char *name;
        enum cw_subscription_state before;
        int status;
        const char *tag;
        bool is_kept;
    } rows[] = {
        {"408 of our own", CW_SUBSCRIPTION_ACTIVE, 408, NULL, true},
        {"503 of our own", CW_SUBSCRIPTION_PENDING, 503, NULL, true},
        {"408 of a proxy", CW_SUBSCRIPTION_ACTIVE, 408, "p", false},
        {"another refusal", CW_SUBSCRIPTION_ACTIVE, 500, NULL, false},
    };
    const struct cw_error_origin nobody = {.id = CW_STR("")};
    const struct cw_presence_options options = {.seed = CW_STR("t"), .expires_s = 600};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_arena arena = {0};
        struct cw_presence_step step;
        struct cw_subscription s = in_state(CW_SUBSCRIPTION_X2S, rows[i].before);
        const struct cw_sip_response in = {.status = rows[i].status,
                                           .to_tag = cw_str_of(rows[i].tag)};
        s.is_authorised = true;
        cw_subscription_on_response(&arena, &s, &in, &nobody, &knows_one, &step);
        expect_str(rows[i].name, "what goes out", summary(&arena, &step),
                   CW_S("unavailable/orchard"));
        expect(rows[i].name, "later", step.next == CW_PRESENCE_LATER);
        cw_subscription_refresh(&arena, &s, &options, &step);
        expect(rows[i].name, "which dialog",
               cw_str_is_present(step.request.to_tag) == rows[i].is_kept);
        cw_arena_free(&arena);
    }
}

/* Whole lives */

/* Unsubscribed before the far end was known: ended as soon as it is. */
static void early_unsubscribe_is_made_up_for(void **state)
{
    const struct cw_sip_response ok = {.status = 200, .to_tag = CW_STR("theirs")};
    const struct cw_error_origin nobody = {.id = CW_STR("")};
    struct cw_arena arena = {0};
    struct cw_presence_step step;
    struct cw_subscription s = in_state(CW_SUBSCRIPTION_X2S, CW_SUBSCRIPTION_NONE);
    (void)state;
    cw_subscription_on_stanza(&arena, &s, stanza(&arena, "subscribe", false), &knows_nobody, &step);
    struct cw_str call_id = step.request.call_id;
    cw_subscription_on_stanza(&arena, &s, stanza(&arena, "unsubscribe", false), &knows_nobody,
                              &step);
    assert_false(step.has_request);
    cw_subscription_on_response(&arena, &s, &ok, &nobody, &knows_nobody, &step);
    expect_str("end", "what goes out", summary(&arena, &step), CW_S("SUBSCRIBE:0"));
    expect_str("end", "dialog", step.request.call_id, call_id);
    expect_str("end", "To tag", step.request.to_tag, CW_S("theirs"));
    assert_int_equal(step.request.cseq, 2);
    cw_subscription_on_response(&arena, &s, &ok, &nobody, &knows_nobody, &step);
    expect_str("end", "what goes out", summary(&arena, &step), CW_S("unsubscribed"));
    struct cw_sip_request last = request("NOTIFY", "terminated;reason=timeout", NULL);
    cw_subscription_on_request(&arena, &s, &last, &knows_nobody, &step);
    expect_str("end", "what goes out", summary(&arena, &step), CW_S("200"));
    assert_int_equal(step.next, CW_PRESENCE_FORGET);
    cw_arena_free(&arena);
}

/* A probe's answer is presence, and takes nothing away. */
static void probe_is_answered(void **state)
{
    static const struct {
        const char *name, *status, *body, *out;
    } rows[] = {
        {"open", "terminated;reason=timeout", BODY("open"), "200 available/orchard"},
        {"closed", "terminated;reason=timeout", BODY("closed"), "200 unavailable/orchard"},
        {"unknown", "terminated;reason=timeout", NULL, "200 unavailable"},
        {"refused", "terminated;reason=rejected", NULL, "200 unsubscribed"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_arena arena = {0};
        struct cw_presence_step step;
        struct cw_subscription s = in_state(CW_SUBSCRIPTION_X2S, CW_SUBSCRIPTION_NONE);
        cw_subscription_on_stanza(&arena, &s, stanza(&arena, "probe", true), &knows_nobody, &step);
        struct cw_sip_request in = request("NOTIFY", rows[i].status, rows[i].body);
        in.call_id = step.request.call_id;
        in.to_tag = step.request.from_tag;
        cw_subscription_on_request(&arena, &s, &in, &knows_nobody, &step);
        expect_str(rows[i].name, "what goes out", summary(&arena, &step), cw_str_of(rows[i].out));
        assert_int_equal(step.next, CW_PRESENCE_FORGET);
        cw_arena_free(&arena);
    }
}

/* The rules have consented: `subscribed` need not wait for the SIP side, presence does. */
static void consent_of_the_rules_is_told_at_once(void **state)
{
    static const struct {
        const char *name, *status, *out;
        bool is_consented;
    } rows[] = {
        {"pending", "pending", "200", false},
        {"pending, consented", "pending", "200 subscribed", true},
        {"active, consented", "active", "200 subscribed available/orchard", true},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_arena arena = {0};
        struct cw_presence_step step;
        struct cw_subscription s = in_state(CW_SUBSCRIPTION_X2S, CW_SUBSCRIPTION_WAITING);
        struct cw_sip_request in = request("NOTIFY", rows[i].status, BODY("open"));
        struct cw_presence_options options = knows_nobody;
        options.is_consented = rows[i].is_consented;
        cw_subscription_on_request(&arena, &s, &in, &options, &step);
        expect_str(rows[i].name, "what goes out", summary(&arena, &step), cw_str_of(rows[i].out));
        in.cseq++;
        in.subscription_state = CW_S("active");
        cw_subscription_on_request(&arena, &s, &in, &options, &step);
        expect_str(rows[i].name, "then", summary(&arena, &step),
                   rows[i].is_consented ? CW_S("200 available/orchard")
                                        : CW_S("200 subscribed available/orchard"));
        cw_arena_free(&arena);
    }
}

/* The first Record-Route counts: in order from a NOTIFY, turned round from an answer. */
static void requests_take_the_recorded_route(void **state)
{
    static const struct {
        const char *name, *answer, *notify, *route;
        bool is_notify_first;
    } rows[] = {
        {"none", NULL, NULL, NULL, false},
        {"of one proxy", "<sip:p1;lr>", NULL, "<sip:p1;lr>", false},
        {"of an answer", "\"a, b\" <sip:p2,x;lr>, <sip:p1;lr>,", NULL,
         "<sip:p1;lr>, \"a, b\" <sip:p2,x;lr>", false},
        {"of a NOTIFY", "<sip:p2;lr>, <sip:p1;lr>", "<sip:p3;lr>, <sip:p4;lr>",
         "<sip:p3;lr>, <sip:p4;lr>", true},
        {"of an answer before the NOTIFY", "<sip:p2;lr>", "<sip:p3;lr>", "<sip:p2;lr>", false},
        {"of an answer after a NOTIFY without", "<sip:p2;lr>", NULL, "<sip:p2;lr>", true},
    };
    const struct cw_error_origin nobody = {.id = CW_STR("")};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_arena arena = {0};
        struct cw_presence_step step;
        struct cw_subscription s = in_state(CW_SUBSCRIPTION_X2S, CW_SUBSCRIPTION_WAITING);
        struct cw_sip_request in = request("NOTIFY", "active", NULL);
        const struct cw_sip_response ok = {
            .status = 200, .to_tag = CW_STR("theirs"), .record_route = cw_str_of(rows[i].answer)};
        in.record_route = cw_str_of(rows[i].notify);
        if (rows[i].is_notify_first)
            cw_subscription_on_request(&arena, &s, &in, &knows_nobody, &step);
        cw_subscription_on_response(&arena, &s, &ok, &nobody, &knows_nobody, &step);
        if (!rows[i].is_notify_first)
            cw_subscription_on_request(&arena, &s, &in, &knows_nobody, &step);
        cw_subscription_refresh(&arena, &s, &knows_nobody, &step);
        expect_str(rows[i].name, "route", step.request.route, cw_str_of(rows[i].route));
        in.cseq++;
        in.subscription_state = CW_S("terminated;reason=timeout");
        cw_subscription_on_request(&arena, &s, &in, &knows_nobody, &step);
        cw_subscription_refresh(&arena, &s, &knows_nobody, &step);
        expect_str(rows[i].name, "route of a new dialog", step.request.route, CW_STR_NONE);
        cw_arena_free(&arena);
    }
}

/* Revoked: the watcher hears of it at once, and only once; the dialog ends. */
static void revoked_watchers_see_no_more(void **state)
{
    static const struct {
        const char *name;
        enum cw_subscription_state before;
        const char *out;
        enum cw_presence_next next;
    } rows[] = {
        {"no dialog", CW_SUBSCRIPTION_NONE, "unavailable/orchard unsubscribed", CW_PRESENCE_FORGET},
        {"active", CW_SUBSCRIPTION_ACTIVE, "SUBSCRIBE:0 unavailable/orchard unsubscribed",
         CW_PRESENCE_KEEP},
        {"ending", CW_SUBSCRIPTION_ENDING, "unavailable/orchard unsubscribed", CW_PRESENCE_KEEP},
    };
    const struct cw_sip_response ok = {.status = 200, .to_tag = CW_STR("theirs")};
    const struct cw_error_origin nobody = {.id = CW_STR("")};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_arena arena = {0};
        struct cw_presence_step step;
        struct cw_subscription s = in_state(CW_SUBSCRIPTION_X2S, rows[i].before);
        cw_subscription_revoke(&arena, &s, &knows_one, &step);
        expect_str(rows[i].name, "what goes out", summary(&arena, &step), cw_str_of(rows[i].out));
        expect(rows[i].name, "what is next", step.next == rows[i].next);
        expect(rows[i].name, "no authorization", !s.is_authorised);
        if (step.next == CW_PRESENCE_KEEP) {
            cw_subscription_on_response(&arena, &s, &ok, &nobody, &knows_nobody, &step);
            expect_str(rows[i].name, "no more is said", summary(&arena, &step), CW_S(""));
        }
        cw_arena_free(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(consent_of_the_rules_is_told_at_once),
        cmocka_unit_test(requests_take_the_recorded_route),
        cmocka_unit_test(revoked_watchers_see_no_more),
        cmocka_unit_test(notifications_do_what_their_row_says),
        cmocka_unit_test(nobody_speaks_for_another),
        cmocka_unit_test(notifications_are_refused),
        cmocka_unit_test(dialogs_are_kept_apart),
        cmocka_unit_test(answers_do_what_their_row_says),
        cmocka_unit_test(silence_ends_no_dialog),
        cmocka_unit_test(early_unsubscribe_is_made_up_for),
        cmocka_unit_test(probe_is_answered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
