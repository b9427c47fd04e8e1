/* Each setting at its bounds, through its text form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/settings.h"
#include "policy/states.h"

#define LEN(array) (sizeof(array) / sizeof((array)[0]))

struct row {
    const char *setting, *text;
    const char *want; /* the text read back; NULL: refused */
};

static const struct row rows[] = {
    {"connection-limit", "1", "1"},
    {"connection-limit", "100000", "100000"},
    {"connection-limit", "100001", NULL},
    {"connection-limit", "0", NULL},
    {"connection-limit", "", NULL},
    {"connection-limit", "-1", NULL},
    {"connection-limit", "+1", NULL},
    {"connection-limit", "1 ", NULL},
    {"connection-limit", "1e3", NULL},
    {"connection-limit", "18446744073709551617", NULL},
    {"partner-connection-limit", "10000", "10000"},
    {"partner-connection-limit", "10001", NULL},
    {"keep-alive-interval", "10", "10"},
    {"keep-alive-interval", "9", NULL},
    {"keep-alive-interval", "3601", NULL},
    {"stream-establishment-timeout", "5", "5"},
    {"stream-establishment-timeout", "4", NULL},
    {"stream-establishment-timeout", "601", NULL},
    {"stream-inactivity-timeout", "0", "0"},
    {"stream-inactivity-timeout", "29", NULL},
    {"stream-inactivity-timeout", "86400", "86400"},
    {"subscription-refresh-interval", "60", "60"},
    {"subscription-refresh-interval", "86401", NULL},
    {"stanza-size-limit", "10000", "10000"},
    {"stanza-size-limit", "9999", NULL},
    {"stanza-size-limit", "1048577", NULL},
    {"stanza-rate", "0", "0"},
    {"stanza-rate", "1000000", "1000000"},
    {"stanza-rate", "1000001", NULL},
    {"dane", "false", "false"},
    {"dane", "", NULL},
    {"posh", "false", "false"},
    {"require-ocsp-staple", "true", "true"},
    {"require-ocsp-staple", "1", NULL},
    {"log-message-bodies", "true", "true"},
    {"log-message-bodies", "TRUE", NULL},
    {"log-message-bodies", "1", NULL},
    {"dialback-secret", "0123456789abcdef0123456789abcdef", "0123456789abcdef0123456789abcdef"},
    {"dialback-secret", "0123456789abcdef0123456789abcde", NULL},
    {"dialback-secret", "0123456789abcdef 123456789abcdef0", NULL},
    {"dialback-secret", "", NULL},
    {"dialback-secret-previous", "", ""},
    {"outbound-targets-refused", "", ""},
    {"outbound-targets-refused", "10.1.2.3/8, 2001:DB8::1/32", "10.0.0.0/8,2001:db8::/32"},
    {"outbound-targets-refused", "192.0.2.1", "192.0.2.1/32"},
    {"outbound-targets-refused", "::/0", "::/0"},
    {"outbound-targets-refused", "192.0.2.1/33", NULL},
    {"outbound-targets-refused", "192.0.2.1/", NULL},
    {"outbound-targets-refused", "192.0.2.0/24,,::1", NULL},
    {"outbound-targets-refused", "example.com", NULL},
    {"presence-rate", "1", "1"},
    {"presence-rate", "10000", "10000"},
    {"presence-rate", "0", NULL},
    {"presence-rate", "10001", NULL},
    {"presence-probe-timeout", "1", "1"},
    {"presence-probe-timeout", "0", NULL},
    {"presence-probe-timeout", "301", NULL},
    {"subscription-limit", "1", "1"},
    {"subscription-limit", "1000000", "1000000"},
    {"subscription-limit", "0", NULL},
    {"subscription-limit", "1000001", NULL},
    {"subscription-limit-per-user", "100000", "100000"},
    {"subscription-limit-per-user", "0", NULL},
    {"subscription-limit-per-user", "100001", NULL},
    {"presence-states-in", "", ""},
    {"presence-states-in", " busy = dnd , Away=away,working= ", "busy=dnd,Away=away,working="},
    {"presence-states-in", "on_the-phone2=chat", "on_the-phone2=chat"},
    {"presence-states-in", "busy=available", NULL},
    {"presence-states-in", "busy=DND", NULL},
    {"presence-states-in", "busy", NULL},
    {"presence-states-in", "=dnd", NULL},
    {"presence-states-in", "busy=dnd,,away=away", NULL},
    {"presence-states-in", "busy=dnd,away=away,BUSY=away", NULL},
    {"presence-states-in", "on the phone=dnd", NULL},
    {"presence-states-in", "2=dnd", NULL},
    {"presence-states-in", "<busy/>=dnd", NULL},
    {"presence-states-in", "b\xc3\xbcsy=dnd", NULL},
    {"presence-states-in", "busy=dnd=away", NULL},
    {"presence-states-out", "", ""},
    {"presence-states-out", "xa=permanent-absence, chat=", "xa=permanent-absence,chat="},
    {"presence-states-out", "available=working", NULL},
    {"presence-states-out", "=working", NULL},
    {"presence-states-out", "dnd=busy,dnd=away", NULL},
    {"presence-states-out", "dnd=bu sy", NULL},
    {"presence-states-out", "dnd", NULL},
};

static void bounds(void **state)
{
    (void)state;
    for (size_t i = 0; i < LEN(rows); i++) {
        const struct row *r = &rows[i];
        const struct cw_setting *setting = cw_setting_find(cw_str_of(r->setting));
        struct cw_arena arena = {0};
        struct cw_settings s;
        struct cw_str before, after, refusal;

        if (!setting)
            fail_msg("no setting %s", r->setting);
        cw_settings_defaults(&arena, &s);
        before = cw_setting_get(&arena, setting, &s);
        refusal = cw_setting_set(&arena, setting, &s, cw_str_of(r->text));
        after = cw_setting_get(&arena, setting, &s);
        if (cw_str_is_present(refusal) != (r->want == NULL))
            fail_msg("%s = %s: \"%.*s\"", r->setting, r->text, CW_ARG(refusal));
        if (!cw_str_eq(after, r->want ? cw_str_of(r->want) : before))
            fail_msg("%s = %s: reads %.*s", r->setting, r->text, CW_ARG(after));
        cw_arena_free(&arena);
    }
}

/* What is said of a table that is refused, and how long one may be. */
static void tables_of_states(void **state)
{
    static const struct {
        const char *setting, *text, *want;
    } refusals[] = {
        {"presence-states-in", "busy=occupied",
         "presence-states-in: \"occupied\" is no state of XMPP: there are away, xa, dnd and chat, "
         "and nothing for available."},
        {"presence-states-out", "busy=dnd",
         "presence-states-out: \"busy\" is no state of XMPP: there are away, xa, dnd and chat."},
        {"presence-states-out", "dnd",
         "presence-states-out: \"dnd\" has no =: write SHOW=ACTIVITY, separated by commas."},
        {"presence-states-in", "away=away,Away=xa",
         "presence-states-in: \"Away\" stands in it twice."},
    };
    struct cw_arena arena = {0};
    struct cw_settings s;
    const struct cw_setting *in = cw_setting_find(CW_S("presence-states-in"));
    struct cw_str text = CW_S("");

    (void)state;
    cw_settings_defaults(&arena, &s);
    for (size_t i = 0; i < LEN(refusals); i++) {
        struct cw_str said = cw_setting_set(&arena, cw_setting_find(cw_str_of(refusals[i].setting)),
                                            &s, cw_str_of(refusals[i].text));
        if (!cw_str_eq_cstr(said, refusals[i].want))
            fail_msg("%s = %s: \"%.*s\"", refusals[i].setting, refusals[i].text, CW_ARG(said));
    }
    for (unsigned i = 0; i < CW_STATES_MAX; i++)
        text = cw_arena_printf(&arena, "a%u=dnd,%.*s", i, CW_ARG(text));
    assert_false(cw_str_is_present(cw_setting_set(&arena, in, &s, text)));
    assert_int_equal(s.presence_states_in.n, CW_STATES_MAX);
    text = cw_arena_printf(&arena, "one-more=dnd,%.*s", CW_ARG(text));
    assert_true(cw_str_is_present(cw_setting_set(&arena, in, &s, text)));
    assert_int_equal(s.presence_states_in.n, CW_STATES_MAX);
    cw_arena_free(&arena);
}

static void defaults_read_back(void **state)
{
    struct cw_arena arena = {0};
    struct cw_settings s;
    const char *field;

    (void)state;
    cw_settings_defaults(&arena, &s);
    for (size_t i = 0; i < cw_setting_n; i++) {
        struct cw_str text = cw_setting_get(&arena, &cw_setting_rows[i], &s);

        if (!cw_str_eq_cstr(text, cw_setting_rows[i].default_text))
            fail_msg("%s: default reads %.*s", cw_setting_rows[i].name, CW_ARG(text));
        assert_ptr_equal(cw_setting_find(cw_str_of(cw_setting_rows[i].name)), &cw_setting_rows[i]);
    }
    assert_int_equal(s.connection_limit, 1000);
    assert_int_equal(s.stanza_burst, 2000);
    assert_false(cw_str_is_present(cw_settings_check(&s, &field)));
    s.stanza_max_bytes = 10000;
    s.stanza_max_bytes_before_auth = 10001;
    assert_true(cw_str_is_present(cw_settings_check(&s, &field)));
    assert_null(cw_setting_find(CW_S("no-such-setting")));
    cw_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds),
        cmocka_unit_test(tables_of_states),
        cmocka_unit_test(defaults_read_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
