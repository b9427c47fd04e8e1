/* What happens to a pair of domains, and what is called for when: rows of time and events. */
#include "gateway/reach.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fake_loop.h"

#define LOCAL  CW_S("contoso.test")
#define REMOTE CW_S("fabrikam.test")

static char happened[256];
static bool has_users;

static void note(const char *what)
{
    size_t at = strlen(happened);
    snprintf(happened + at, sizeof happened - at, "%s%s", at ? " " : "", what);
}

static void on_lost(void *arg, struct cw_str local, struct cw_str remote)
{
    (void)arg;
    assert_true(cw_str_eq(local, LOCAL) && cw_str_eq(remote, REMOTE));
    note("lost");
}

static void on_again(void *arg, struct cw_str local, struct cw_str remote)
{
    (void)arg;
    assert_int_equal(cw_str_is_present(local), cw_str_is_present(remote));
    note(cw_str_is_present(remote) ? "again" : "all");
}

static bool on_knock(void *arg, struct cw_str local, struct cw_str remote)
{
    (void)arg;
    assert_true(cw_str_eq(local, LOCAL) && cw_str_eq(remote, REMOTE));
    note("knock");
    return has_users;
}

struct step {
    /* "delivered", "heard", "ended", "edge"; a reason's name; "users-gone"; NULL: time alone */
    const char *event;
    uint64_t pass_ms;
    const char *expected; /* in that time */
    bool is_down;         /* after it */
};

static const struct row {
    const char *name;
    struct step steps[10];
} rows[] = {
    {"nothing", {{"delivered", 100000, ""}, {"heard", 100000, ""}}},
    {"no stream",
     {{"timeout", 0, "lost", true},
      {NULL, 1999, "", true},
      {NULL, 502, "knock", true},
      {"unreachable", 3999, "", true},
      {NULL, 1002, "knock", true},
      {"not-found", 7999, "", true},
      {NULL, 2002, "knock", true},
      {"delivered", 0, "again"},
      {NULL, 200000, ""}}},
    {"all that was under way is refused",
     {{"timeout", 0, "lost", true},
      {"timeout", 0, "", true},
      {"timeout", 500, "", true},
      {NULL, 2100, "knock", true}}},
    {"he comes by himself",
     {{"refused", 1000, "lost", true}, {"heard", 0, "again"}, {"heard", 100000, ""}}},
    {"a knock without an outcome",
     {{"timeout", 2600, "lost knock", true}, {NULL, 89000, "", true}, {NULL, 8000, "knock", true}}},
    {"nobody to ask for",
     {{"timeout", 1000, "lost", true}, {"users-gone", 2000, "knock"}, {NULL, 200000, ""}}},
    {"streams ended", {{"ended", 999, ""}, {"ended", 500, "again"}, {NULL, 100000, ""}}},
    {"streams ended, and no other comes",
     {{"ended", 1500, "again"}, {"timeout", 100, "lost", true}, {"ended", 2500, "knock", true}}},
    {"streams that end all the time",
     {{"ended", 1500, "again"},
      {"ended", 3900, ""},
      {"ended", 1200, "again"},
      {"ended", 7900, ""},
      {"ended", 2200, "again"},
      {NULL, 100000, ""},
      {"ended", 1500, "again"}}},
    {"a full queue never means down",
     {{"queue-full", 1999, ""},
      {"limit", 502, "again"},
      {"queue-full", 5100, "again"},
      {"queue-full", 10100, "again"},
      {"queue-full", 20100, "again"},
      {"queue-full", 38000, "again"},
      {"queue-full", 38000, "again"}}},
    {"the edge stays away",
     {{"shutdown", 2600, "again"},
      {"stream-failed", 5100, "again"},
      {"shutdown", 10100, "again"},
      {"shutdown", 20100, "again"},
      {"shutdown", 0, "lost", true},
      {NULL, 2600, "knock", true},
      {"shutdown", 0, "", true},
      {"edge", 1300, "knock all", true},
      {"delivered", 0, "again"}}},
    {"an edge comes back", {{"edge", 1300, "all"}, {NULL, 100000, ""}}},
    {"not for reach", {{"not-listed", 100000, ""}, {"too-large", 100000, ""}}},
    {"refused, and gets through at once",
     {{"timeout", 0, "lost", true}, {"delivered", 0, "again"}, {"timeout", 0, "lost", true}}},
};

static struct cw_link_outcome refusal(const char *reason)
{
    struct cw_link_outcome outcome = {.result = CW_LINK_REFUSED};
    while (strcmp(cw_link_reason_name(outcome.reason), reason) != 0)
        outcome.reason++;
    return outcome;
}

static void happen(struct gw_reach *reach, const char *event)
{
    if (!event)
        return;
    if (strcmp(event, "heard") == 0) {
        gw_reach_heard(reach, LOCAL, REMOTE);
    } else if (strcmp(event, "ended") == 0) {
        gw_reach_ended(reach, LOCAL, REMOTE);
    } else if (strcmp(event, "edge") == 0) {
        gw_reach_ended(reach, CW_STR_NONE, CW_STR_NONE);
    } else if (strcmp(event, "users-gone") == 0) {
        has_users = false;
    } else {
        struct cw_link_outcome outcome = {.result = CW_LINK_DELIVERED};
        if (strcmp(event, "delivered") != 0)
            outcome = refusal(event);
        gw_reach_outcome(reach, LOCAL, REMOTE, &outcome);
    }
}

static void test_rows(void **state)
{
    static const struct gw_reach_hooks hooks = {
        .lost = on_lost, .again = on_again, .knock = on_knock};
    struct cw_log_ctx log = {0};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct gw_reach *reach = gw_reach_new(NULL, &log, &hooks, NULL);
        has_users = true;
        for (size_t at = 0; at < 10 && rows[i].steps[at].expected; at++) {
            const struct step *step = &rows[i].steps[at];
            happened[0] = '\0';
            happen(reach, step->event);
            assert_string_equal(happened, ""); /* never from inside */
            fake_pass(step->pass_ms);
            if (strcmp(happened, step->expected) != 0 ||
                gw_reach_is_up(reach, LOCAL, REMOTE) == step->is_down)
                fail_msg("%s, step %zu: \"%s\" instead of \"%s\"; %s", rows[i].name, at + 1,
                         happened, step->expected,
                         gw_reach_is_up(reach, LOCAL, REMOTE) ? "up" : "down");
        }
        gw_reach_free(&reach);
        assert_int_equal(fake_timers(), 0);
    }
}

/* Nothing is kept of pairs that are well, however many there are. */
static void test_forgotten(void **state)
{
    static const struct gw_reach_hooks hooks = {
        .lost = on_lost, .again = on_again, .knock = on_knock};
    struct cw_log_ctx log = {0};
    struct gw_reach *reach = gw_reach_new(NULL, &log, &hooks, NULL);
    (void)state;
    for (int i = 0; i < 100; i++) {
        gw_reach_ended(reach, LOCAL, REMOTE);
        happened[0] = '\0';
        fake_pass(200000);
        assert_string_equal(happened, "again");
    }
    assert_int_equal(fake_timers(), 0);
    gw_reach_free(&reach);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
