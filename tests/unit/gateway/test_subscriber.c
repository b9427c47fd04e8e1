/* XMPP users watch SIP users: what each event gives, whole lives, and what heals. */
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "watcher_stage.h"

static int set_up(void **state)
{
    *state = stage_new();
    return 0;
}

static int tear_down(void **state)
{
    stage_free((struct stage **)state);
    return 0;
}

/* Juliet watches alice, who is there. */
static void begin(struct stage *s)
{
    PLAY(s, "to begin with", {"subscribe", "S:3600"}, {"answer 200 expires=600", ""},
         {"notify active;expires=600 +orchard", "200 subscribed +orchard"},
         {"outcome delivered", ""});
}

/* --- lives ------------------------------------------------------------------------------------*/

static void a_life(void **state)
{
    struct stage *s = *state;
    PLAY(s, "pending, then active, then over", {"subscribe", "S:3600"},
         {"answer 200 expires=600", ""}, {"notify pending;expires=600", "200"},
         {"notify active;expires=600 +orchard/away", "200 subscribed +orchard/away"},
         {"notify active;expires=500 +orchard +hill/dnd", "200 +orchard +hill/dnd"},
         {"notify active;expires=400 +hill/dnd", "200 +hill/dnd -orchard"}, {"unsubscribe", "s:0"},
         {"notify active;expires=0 +hill", "200"}, {"answer 200 expires=0", "-hill unsubscribed"},
         {"notify terminated;reason=timeout", "200"}, {"notify active +hill", "none"});
    assert_string_equal(s->last_contact_user, "juliet");
    assert_string_equal(s->last_domain, "sip.example");
    assert_string_equal(s->last_route, "<sip:p1;lr>, <sip:p2;lr>");
    assert_int_equal(gw_subscriber_count(s->presence.subscriber), 0);
    assert_false(cw_str_is_present(s->store.row.state));
    assert_false(cw_str_is_present(s->store.dialog.call_id));
}

static const struct {
    const char *name;
    struct line lines[12];
    size_t n_left; /* watches */
} lives[] = {
    {"NOTIFY before the 200",
     {{"subscribe", "S:3600"},
      {"notify active;expires=600 +orchard", "200 subscribed +orchard"},
      {"answer 200 expires=600", ""}},
     1},
    {"the rules have consented",
     {{"rules allow", ""},
      {"subscribe", "S:3600"},
      {"answer 200", ""},
      {"notify pending", "200 subscribed"},
      {"notify active +orchard", "200 +orchard"}},
     1},
    {"invited while it was pending",
     {{"subscribe", "S:3600"},
      {"answer 200", ""},
      {"notify pending", "200"},
      {"rules allow", ""},
      {"turns", "s:3600"},
      {"answer 200", ""},
      {"notify pending", "200 subscribed"}},
     1},
    {"refused by SIP", {{"subscribe", "S:3600"}, {"answer 403", "unsubscribed"}}, 0},
    {"not supported by SIP", {{"subscribe", "S:3600"}, {"answer 489", "unsubscribed"}}, 0},
    {"declined by SIP", {{"subscribe", "S:3600"}, {"answer 603", "unsubscribed"}}, 0},
    {"no such user", {{"subscribe", "S:3600"}, {"answer 404", "item-not-found"}}, 0},
    {"no answer", {{"subscribe", "S:3600"}, {"answer 408", "remote-server-timeout"}}, 0},
    {"rejected by the user",
     {{"subscribe", "S:3600"},
      {"answer 200", ""},
      {"notify pending", "200"},
      {"notify terminated;reason=rejected", "200 unsubscribed"}},
     0},
    {"rejected later",
     {{"subscribe", "S:3600"},
      {"answer 200", ""},
      {"notify active +orchard", "200 subscribed +orchard"},
      {"notify terminated;reason=rejected", "200 -orchard unsubscribed"}},
     0},
    {"too short for SIP",
     {{"subscribe", "S:3600"},
      {"answer 423 min=7200", "S:7200"},
      {"answer 200 expires=7200", ""},
      {"notify active;expires=100 +orchard", "200 subscribed +orchard"},
      {"subscribe", "s:7200 subscribed"}},
     1},
    {"the notifier moves",
     {{"subscribe", "S:3600"},
      {"answer 200", ""},
      {"notify active +orchard", "200 subscribed +orchard"},
      {"notify terminated;reason=deactivated", "200"},
      {"turns", "S:3600"},
      {"answer 200", ""},
      {"old notify active +hill", "none"},
      {"notify active +hill", "200 +hill -orchard"}},
     1},
    {"the notifier moves before its 200",
     {{"subscribe", "S:3600"},
      {"notify terminated;reason=deactivated", "200"},
      {"turns", ""},
      {"answer 200", ""},
      {"turns", "S:3600"},
      {"answer 200", ""},
      {"notify active +orchard", "200 subscribed +orchard"}},
     1},
    {"probation says when",
     {{"subscribe", "S:3600"},
      {"answer 200", ""},
      {"notify active +orchard", "200 subscribed +orchard"},
      {"notify terminated;reason=probation;retry-after=100", "200 -orchard"},
      {"pass 99", ""},
      {"turns", ""},
      {"pass 27", ""},
      {"turns", "S:3600"},
      {"answer 200", ""},
      {"notify active +orchard", "200 +orchard"}},
     1},
    {"nothing more will change",
     {{"subscribe", "S:3600"},
      {"answer 200", ""},
      {"notify active +orchard", "200 subscribed +orchard"},
      {"notify terminated;reason=invariant +orchard", "200 +orchard"},
      {"pass 100000", ""},
      {"turns", ""}},
     1},
    {"the first NOTIFY does not come",
     {{"subscribe", "S:3600"},
      {"answer 200", ""},
      {"pass 31", ""},
      {"pass 2", ""},
      {"turns", "s:3600"},
      {"answer 200", ""},
      {"notify active +orchard", "200 subscribed +orchard"}},
     1},
    {"the last NOTIFY does not come",
     {{"subscribe", "S:3600"},
      {"answer 200", ""},
      {"notify active +orchard", "200 subscribed +orchard"},
      {"unsubscribe", "s:0"},
      {"answer 200", "-orchard unsubscribed"},
      {"pass 33", ""}},
     0},
    {"unsubscribed from nobody", {{"unsubscribe", "unsubscribed"}}, 0},
    {"an address that SIP has not", {{"subscribe \\5cfoo", "jid-malformed"}}, 0},
    {"another event",
     {{"subscribe", "S:3600"}, {"answer 200", ""}, {"old notify active", "none"}},
     1},
};

static void lives_go_as_their_row_says(void **state)
{
    for (size_t i = 0; i < sizeof lives / sizeof *lives; i++) {
        size_t n = 0;
        while (n < 12 && lives[i].lines[n].does)
            n++;
        set_up(state);
        struct stage *s = *state;
        play(s, lives[i].name, lives[i].lines, n);
        if (gw_subscriber_count(s->presence.subscriber) != lives[i].n_left)
            fail_msg("%s: %zu watches are left", lives[i].name,
                     gw_subscriber_count(s->presence.subscriber));
        if (cw_str_is_present(s->store.row.state) != (lives[i].n_left > 0))
            fail_msg("%s: row", lives[i].name);
        tear_down(state);
    }
}

/* --- one SUBSCRIBE at a time ------------------------------------------------------------------*/

static const struct {
    const char *name;
    struct line lines[12];
} wishes[] = {
    {"unsubscribed before the 200",
     {{"subscribe", "S:3600"},
      {"unsubscribe", ""},
      {"notify active +orchard", "200"},
      {"answer 200", "s:0"},
      {"answer 200", "unsubscribed"},
      {"notify terminated;reason=timeout", "200"}}},
    {"unsubscribed, and then refused",
     {{"subscribe", "S:3600"}, {"unsubscribe", ""}, {"answer 403", "unsubscribed"}}},
    {"unsubscribed, and then no answer",
     {{"subscribe", "S:3600"}, {"unsubscribe", ""}, {"answer 408", "unsubscribed"}}},
    {"unsubscribed, and the dialog ends by itself",
     {{"subscribe", "S:3600"},
      {"unsubscribe", ""},
      {"notify terminated;reason=rejected", "200"},
      {"answer 200", "unsubscribed"}}},
    {"unsubscribed and subscribed",
     {{"subscribe", "S:3600"},
      {"unsubscribe", ""},
      {"subscribe", ""},
      {"answer 200", "s:3600"},
      {"answer 200", ""},
      {"notify active +orchard", "200 subscribed +orchard"}}},
    {"subscribed twice",
     {{"subscribe", "S:3600"},
      {"subscribe", ""},
      {"answer 200", ""},
      {"notify active +orchard", "200 subscribed +orchard"},
      {"subscribe", "s:3600 subscribed"},
      {"subscribe", ""},
      {"answer 200", "s:3600 subscribed"},
      {"answer 200", ""},
      {"notify active +orchard", "200 +orchard"}}},
    {"subscribed while it ends",
     {{"subscribe", "S:3600"},
      {"answer 200", ""},
      {"notify active +orchard", "200 subscribed +orchard"},
      {"unsubscribe", "s:0"},
      {"subscribe", ""},
      {"answer 200", "-orchard unsubscribed S:3600"},
      {"old notify terminated;reason=timeout", "none"},
      {"answer 200", ""},
      {"notify active +orchard", "200 subscribed +orchard"}}},
    {"subscribed while it ends, and the last NOTIFY comes first",
     {{"subscribe", "S:3600"},
      {"answer 200", ""},
      {"notify active +orchard", "200 subscribed +orchard"},
      {"unsubscribe", "s:0"},
      {"subscribe", ""},
      {"notify terminated;reason=timeout", "200 -orchard unsubscribed"},
      {"answer 200", "S:3600"},
      {"answer 200", ""},
      {"notify active +orchard", "200 subscribed +orchard"}}},
    {"subscribed after the end, before the last NOTIFY",
     {{"subscribe", "S:3600"},
      {"answer 200", ""},
      {"notify active +orchard", "200 subscribed +orchard"},
      {"unsubscribe", "s:0"},
      {"answer 200", "-orchard unsubscribed"},
      {"subscribe", "S:3600"},
      {"old notify terminated;reason=timeout", "none"},
      {"answer 200", ""},
      {"notify active +orchard", "200 subscribed +orchard"}}},
    {"revoked while a SUBSCRIBE is under way",
     {{"subscribe", "S:3600"},
      {"notify active +orchard", "200 subscribed +orchard"},
      {"cancel", "-orchard unsubscribed"},
      {"notify active +hill", "200"},
      {"cancel", "no"},
      {"answer 200", "s:0"},
      {"answer 200", ""},
      {"notify terminated;reason=timeout", "200"}}},
};

static void what_comes_meanwhile_waits(void **state)
{
    for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++) {
        size_t n = 0;
        while (n < 12 && wishes[i].lines[n].does)
            n++;
        set_up(state);
        play(*state, wishes[i].name, wishes[i].lines, n);
        tear_down(state);
    }
}

/* --- time -------------------------------------------------------------------------------------*/

/* Between 80 and 95 hundredths of what was granted, with a probe before it. */
static void refreshed_in_time(void **state)
{
    struct stage *s = *state;
    begin(s);
    PLAY(s, "refresh", {"auto 200", ""}, {"pass 479", ""}, {"turns", ""}, {"pass 92", ""},
         {"turns", "probe"}, {"pass 1", ""});
}

/* Her server would answer the probe as if she had declined alice's own request. */
static void no_probe_of_who_has_not_decided(void **state)
{
    struct stage *s = *state;
    begin(s);
    s->is_undecided = true;
    PLAY(s, "refresh", {"auto 200", ""}, {"pass 571", ""}, {"turns", ""});
    assert_true(s->n_sent > 1);
}

/* Whatever the SIP side says, it is not asked, nor she probed, all the time. */
static void not_all_the_time(void **state)
{
    static const struct {
        const char *name, *notify, *out;
        bool has_dialog;
    } rows[] = {
        {"a dialog of no time", "notify active;expires=0 +orchard", "200 +orchard", true},
        {"a dialog of a second", "notify active;expires=1 +orchard", "200 +orchard", true},
        {"try again at once", "notify terminated;reason=probation;retry-after=0", "200 -orchard",
         false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        set_up(state);
        struct stage *s = *state;
        begin(s);
        PLAY(s, rows[i].name, {rows[i].notify, rows[i].out}, {"pass 4", ""}, {"turns", ""},
             {"pass 4", ""}, {"turns", rows[i].has_dialog ? "probe s:3600" : "S:3600"});
        tear_down(state);
    }
}

/* The dialog is not kept up for somebody who cannot be told. */
static void not_refreshed_for_who_cannot_be_reached(void **state)
{
    struct stage *s = *state;
    begin(s);
    PLAY(s, "down", {"auto 200", ""}, {"down", ""}, {"pass 572", ""}, {"turns", ""});
    s->n_sent = 0;
    s->auto_status = 0;
    PLAY(s, "up", {"up", ""}, {"again", ""}, {"turns", "s:3600"}, {"answer 481", "S:3600"},
         {"answer 200 expires=600", ""}, {"notify active +orchard", "200 +orchard"});
}

static void later_and_later(void **state)
{
    struct stage *s = *state;
    begin(s);
    PLAY(s, "the SIP server is away", {"pass 15", "s:3600"}, {"answer 408", "-orchard"},
         {"pass 4", ""}, {"turns", ""}, {"pass 3", ""}, {"turns", "s:3600"}, {"answer 408", ""},
         {"pass 9", ""}, {"turns", ""}, {"pass 4", ""}, {"turns", "s:3600"},
         {"answer 503 retry=50", ""}, {"pass 49", ""}, {"turns", ""}, {"pass 14", ""},
         {"turns", "s:3600"}, {"answer 408", ""}, {"pass 38", ""}, {"turns", "s:3600"},
         {"answer 200 expires=600", ""}, {"notify active +orchard", "200 +orchard"});
    assert_true(s->store.row.is_authorised);
}

/* The SIP server comes back: no second dialog beside the one that it remembers. */
static void no_dialog_too_many(void **state)
{
    struct stage *s = *state;
    begin(s);
    PLAY(s, "it remembers", {"pass 15", "s:3600"}, {"answer 408", "-orchard"},
         {"outcome delivered", ""}, {"notify active +hill", "200 +hill"}, {"pass 7", ""},
         {"turns", ""}, {"pass 8", "s:3600"}, {"answer 408", "-hill"}, {"outcome delivered", ""},
         {"probe", "S:0"}, {"answer 408", "-"}, {"pass 7", ""}, {"turns", "s:3600"},
         {"answer 200 expires=600", ""}, {"notify active +orchard", "200 +orchard"});
    PLAY(s, "it does not", {"pass 15", "s:3600"}, {"answer 503", "-orchard"}, {"pass 7", ""},
         {"turns", "s:3600"}, {"answer 481", "S:3600"}, {"answer 200", ""},
         {"notify active +orchard", "200 +orchard"});
    PLAY(s, "she has had enough", {"pass 15", "s:3600"}, {"answer 503", "-orchard"},
         {"unsubscribe", "s:0"}, {"answer 408", "unsubscribed"});
}

static void nothing_can_be_sent(void **state)
{
    struct stage *s = *state;
    PLAY(s, "at first", {"fail", ""}, {"subscribe", "internal-server-error"}, {"work", ""});
    assert_int_equal(gw_subscriber_count(s->presence.subscriber), 0);
    begin(s);
    PLAY(s, "later", {"fail", ""}, {"pass 15", "-orchard"}, {"pass 7", ""}, {"turns", ""},
         {"work", ""}, {"pass 13", ""}, {"turns", "s:3600"});
}

/* At once, three times; then it takes its time. */
static void again_and_again(void **state)
{
    struct stage *s = *state;
    begin(s);
    PLAY(s, "481 for ever", {"pass 15", "s:3600"}, {"answer 481", "S:3600"},
         {"answer 481", "S:3600"}, {"answer 481", "S:3600"}, {"answer 481", ""}, {"turns", ""},
         {"pass 7", ""}, {"turns", "S:3600"});
}

/* --- a SIP server that lost its memory --------------------------------------------------------*/

static void canary(void **state)
{
    struct stage *s = *state;
    begin(s);
    PLAY(s, "bob too", {"subscribe bob", "S:3600"}, {"answer 200 expires=600", ""},
         {"notify active +bench", "200 subscribed +bench"});
    PLAY(s, "in turn, and nothing new is told", {"pass 15", "s:3600"}, {"answer 200", ""},
         {"notify active;expires=600 +orchard", "200"}, {"pass 15", "s:3600"}, {"answer 200", ""},
         {"notify active;expires=600 +bench", "200"}, {"pass 15", "s:3600"}, {"answer 200", ""},
         {"notify active;expires=600 +orchard/away", "200 +orchard/away"});
    PLAY(s, "481: all are refreshed", {"pass 15", "s:3600"}, {"answer 481", "S:3600"},
         {"turns", "s:3600"}, {"answer 200", ""}, {"old notify active +bench", "200"},
         {"answer 481", "S:3600"});
}

static void silence_is_an_alarm(void **state)
{
    struct stage *s = *state;
    begin(s);
    PLAY(s, "three", {"subscribe bob", "S:3600"}, {"answer 200 expires=600", ""},
         {"notify active +bench", "200 subscribed +bench"}, {"subscribe carl", "S:3600"},
         {"answer 200 expires=600", ""}, {"notify active +shed", "200 subscribed +shed"});
    PLAY(s, "one is silent, another is not", {"pass 14", ""}, {"notify active +shed", "200 +shed"},
         {"pass 1", "s:3600"}, {"answer 408", "-orchard"}, {"turns", ""});
    PLAY(s, "nobody says anything", {"pass 15", "s:3600"}, {"pass 15", "s:3600"},
         {"answer 408", "-bench"}, {"turns", "s:3600 -shed"}, {"answer 408", ""});
}

/* It was killed, and counts its NOTIFYs from what it wrote last: what it says would be refused for
 * ever.  One that is only late is not that. */
static void a_server_that_counts_anew(void **state)
{
    struct stage *s = *state;
    begin(s);
    PLAY(s, "another dialog", {"notify active +hill", "200 +hill -orchard"}, {"cseq 0", ""},
         {"notify active +shed", "500"}, {"turns", "s:3600"}, {"answer 200", ""},
         {"notify active +shed", "500"}, {"turns", "S:3600"}, {"answer 200", ""},
         {"old notify active +shed", "none"}, {"notify active +shed", "200 +shed -hill"},
         {"outcome delivered", ""});
    PLAY(s, "only late", {"cseq 0", ""}, {"notify active +hill", "500"}, {"turns", "s:3600"},
         {"cseq 10", ""}, {"notify active +shed", "200 +shed"}, {"answer 200", ""}, {"cseq 0", ""},
         {"notify active +hill", "500"}, {"turns", "s:3600"});
}

/* --- probes -----------------------------------------------------------------------------------*/

static void probes(void **state)
{
    struct stage *s = *state;
    PLAY(s, "unknown", {"probe", "unsubscribed"}, {"subscribe", "S:3600"}, {"answer 200", ""},
         {"notify pending", "200"}, {"probe", ""},
         {"notify active +orchard/away +hill", "200 subscribed +orchard/away +hill"},
         {"probe", "+orchard/away +hill"}, {"notify active", "200 -orchard -hill"},
         {"outcome delivered", ""}, {"probe", "-"});
}

static void polls(void **state)
{
    static const struct {
        const char *name;
        struct line lines[8];
        size_t n_left;
    } rows[] = {
        {"answered",
         {{"probe", "S:0"},
          {"probe", ""},
          {"answer 200", ""},
          {"notify terminated;reason=timeout +hill", "200 +hill"},
          {"pass 10", ""}},
         1},
        {"answered before the 200",
         {{"probe", "S:0"},
          {"notify terminated;reason=timeout -hill", "200 -hill"},
          {"answer 200", ""}},
         1},
        {"nobody answers in time", {{"probe", "S:0"}, {"answer 200", ""}, {"pass 10", "-"}}, 1},
        {"no answer", {{"probe", "S:0"}, {"answer 503", "-"}}, 1},
        {"refused", {{"probe", "S:0"}, {"answer 403", "unsubscribed"}}, 0},
        {"meanwhile the rules have said no",
         {{"probe", "S:0"},
          {"rules refuse", "unsubscribed"},
          {"rules ask", ""},
          {"answer 200", ""},
          {"notify terminated;reason=timeout +hill", "none"}},
         0},
        {"rejected",
         {{"probe", "S:0"},
          {"answer 200", ""},
          {"notify terminated;reason=rejected", "200 unsubscribed"}},
         0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t n = 0;
        while (n < 8 && rows[i].lines[n].does)
            n++;
        set_up(state);
        struct stage *s = *state;
        begin(s);
        PLAY(s, "no dialog",
             {"notify terminated;reason=probation;retry-after=1000", "200 -orchard"},
             {"outcome delivered", ""});
        play(s, rows[i].name, rows[i].lines, n);
        assert_int_equal(gw_subscriber_count(s->presence.subscriber), rows[i].n_left);
        tear_down(state);
    }
}

/* What a poll told is taken back when it is no longer so. */
static void polls_are_remembered(void **state)
{
    struct stage *s = *state;
    begin(s);
    PLAY(s, "poll", {"notify terminated;reason=probation;retry-after=100", "200 -orchard"},
         {"outcome delivered", ""}, {"probe", "S:0"}, {"answer 200", ""},
         {"notify terminated;reason=timeout +hill", "200 +hill"}, {"pass 126", ""},
         {"turns", "S:3600"}, {"answer 200", ""}, {"notify active +orchard", "200 +orchard -hill"});
}

/* --- rules ------------------------------------------------------------------------------------*/

static void rules(void **state)
{
    struct stage *s = *state;
    begin(s);
    PLAY(s, "refused", {"rules refuse", "s:0 -orchard unsubscribed"}, {"cancel", "no"},
         {"answer 200", ""}, {"notify terminated;reason=timeout", "200"});
    assert_int_equal(gw_subscriber_count(s->presence.subscriber), 0);
    s->rules = CW_CONTACT_ASK;
    begin(s);
    s->rules = CW_CONTACT_REFUSE;
    PLAY(s, "refused before anybody said so",
         {"notify active +hill", "200 s:0 -orchard unsubscribed"}, {"answer 200", ""});
}

static void notes(void **state)
{
    struct stage *s = *state;
    s->with_notes = true;
    PLAY(s, "allowed", {"subscribe", "S:3600"}, {"answer 200", ""},
         {"notify active +orchard=out", "200 subscribed +orchard=out"}, {"rules ask", ""},
         {"turns", "+orchard"}, {"notify active +orchard=back", "200 +orchard"},
         {"rules ask notes", ""}, {"turns", "s:3600"}, {"answer 200", ""},
         {"notify active +orchard=back", "200 +orchard=back"});
}

static void limits(void **state)
{
    struct stage *s = *state;
    PLAY(s, "three of one user", {"subscribe a", "S:3600"}, {"subscribe b", "S:3600"},
         {"subscribe c", "S:3600"}, {"subscribe d", "resource-constraint"}, {"subscribe c", ""});
    stanza_of(s, ALICE, "nurse@friend.example", "subscribe");
    PLAY(s, "another user", {"turns", "S:3600"});
    s->gateway.policy->settings.subscription_limit = 4;
    stanza_of(s, ALICE, "tybalt@friend.example", "subscribe");
    PLAY(s, "all in all", {"turns", "resource-constraint"});
}

/* Half of the room is the most that the users of one partner take, all his domains together. */
static void share_of_a_partner(void **state)
{
    struct stage *s = *state;
    struct cw_policy *policy = s->gateway.policy;
    static struct cw_str local[] = {CW_STR("sip.example")}, more[] = {CW_STR("more.example")};
    static struct cw_partner partners[2];
    partners[0] = partners[1] = CW_PARTNER_DEFAULT;
    partners[0].domain = CW_S("friend.example");
    partners[0].additional = more;
    partners[0].n_additional = 1;
    partners[1].domain = CW_S("other.example");
    policy->local_domains = local;
    policy->n_local_domains = 1;
    policy->partners = partners;
    policy->n_partners = 2;
    cw_policy_index(policy);
    policy->settings.subscription_limit = 4;
    PLAY(s, "one of it", {"subscribe", "S:3600"});
    stanza_of(s, ALICE, "nurse@more.example", "subscribe");
    PLAY(s, "one of its other domain", {"turns", "S:3600"});
    stanza_of(s, ALICE, "tybalt@friend.example", "subscribe");
    PLAY(s, "its half is used up", {"turns", "resource-constraint"});
    stanza_of(s, ALICE, "rosaline@other.example", "subscribe");
    PLAY(s, "another partner's user", {"turns", "S:3600"});
}

static void withdrawn(void **state)
{
    static const struct {
        const char *name, *local, *remote, *domain, *out;
    } rows[] = {
        {"all", NULL, NULL, NULL, "s:0 -orchard unsubscribed"},
        {"the pair", ALICE, JULIET, NULL, "s:0 -orchard unsubscribed"},
        {"the partner's domain", NULL, NULL, "friend.example", "s:0 -orchard unsubscribed"},
        {"another local user", "bob@sip.example", NULL, NULL, ""},
        {"another of the partner", NULL, "nurse@friend.example", NULL, ""},
        {"another domain", NULL, NULL, "example", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        set_up(state);
        struct stage *s = *state;
        begin(s);
        gw_subscriber_withdraw(s->presence.subscriber, cw_str_of(rows[i].local),
                               cw_str_of(rows[i].remote), cw_str_of(rows[i].domain));
        PLAY(s, rows[i].name, {"turns", rows[i].out});
        tear_down(state);
    }
}

/* --- partners go away and come back -----------------------------------------------------------*/

/* That it is over is said until it is heard. */
static void parting(void **state)
{
    static const struct {
        const char *name;
        struct line lines[6];
    } rows[] = {
        {"told anew",
         {{"again", ""}, {"turns", "-orchard unsubscribed"}, {"outcome delivered", ""}}},
        {"in vain once more",
         {{"knock", "-orchard unsubscribed"},
          {"outcome refused", ""},
          {"again", ""},
          {"turns", "-orchard unsubscribed"},
          {"outcome delivered", ""}}},
        {"he asks", {{"probe", "-orchard unsubscribed"}, {"outcome delivered", ""}}},
        {"he asks for the end",
         {{"unsubscribe", "-orchard unsubscribed"}, {"outcome delivered", ""}}},
        {"for a day", {{"pass 86401", ""}}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t n = 0;
        while (n < 6 && rows[i].lines[n].does)
            n++;
        set_up(state);
        struct stage *s = *state;
        begin(s);
        PLAY(s, "rejected", {"notify terminated;reason=rejected", "200 -orchard unsubscribed"},
             {"outcome refused", ""}, {"cancel", "no"});
        assert_int_equal(gw_subscriber_count(s->presence.subscriber), 0);
        assert_false(cw_str_is_present(s->store.row.state));
        play(s, rows[i].name, rows[i].lines, n);
        PLAY(s, "nobody is left", {"knock", "no"});
        tear_down(state);
    }
    set_up(state);
    begin(*state);
    PLAY(*state, "also while its dialog ends", {"rules refuse", "s:0 -orchard unsubscribed"},
         {"outcome refused", ""}, {"again", ""}, {"turns", "-orchard unsubscribed"},
         {"outcome delivered", ""}, {"answer 408", ""}, {"knock", "no"});
    tear_down(state);
    set_up(state);
    begin(*state);
    PLAY(*state, "he subscribes",
         {"notify terminated;reason=rejected", "200 -orchard unsubscribed"},
         {"outcome refused", ""}, {"subscribe", "S:3600"}, {"answer 200", ""},
         {"notify active +hill", "200 -orchard subscribed +hill"});
    assert_int_equal(gw_subscriber_count(((struct stage *)*state)->presence.subscriber), 1);
    tear_down(state);
}

static void told_anew(void **state)
{
    struct stage *s = *state;
    PLAY(s, "nobody", {"knock", "no"}, {"again", ""});
    begin(s);
    PLAY(s, "somebody", {"knock", "+orchard"}, {"again", ""}, {"again", ""}, {"turns", "+orchard"},
         {"outcome refused", ""}, {"notify active +hill", "200 +hill -orchard"},
         {"outcome refused", ""}, {"again", ""}, {"turns", "-orchard +hill"},
         {"outcome delivered", ""}, {"again", ""}, {"turns", "+hill"});
    PLAY(s, "who is not allowed yet is asked only", {"unsubscribe", "s:0"},
         {"answer 200", "-hill unsubscribed"}, {"notify terminated;reason=timeout", "200"},
         {"subscribe", "S:3600"}, {"answer 200", ""}, {"notify pending", "200"}, {"knock", "probe"},
         {"again", ""}, {"turns", ""});
}

/* --- restart ----------------------------------------------------------------------------------*/

static void restarts(void **state)
{
    struct stage *s = *state;
    begin(s);
    uint32_t cseq = s->last_cseq;
    assert_true(cw_str_eq_cstr(s->store.row.told, "[\"orchard\"]"));
    PLAY(s, "in the dialog", {"restart", ""}, {"turns", "s:3600"}, {"answer 200 expires=600", ""},
         {"notify active +hill", "200 +hill -orchard"}, {"outcome delivered", ""},
         {"notify active +hill", "200 +hill"});
    assert_true(s->last_cseq >= cseq + 1000);
    assert_string_equal(s->last_route, "<sip:p1;lr>, <sip:p2;lr>");
    cseq = s->last_cseq;
    PLAY(s, "what an earlier life knew is not told", {"restart", ""}, {"again", ""},
         {"knock", "probe"}, {"probe", "s:3600"}, {"turns", ""}, {"answer 200 expires=600", ""},
         {"again", ""}, {"turns", "s:3600"}, {"answer 200", ""},
         {"notify active +hill", "200 +hill"}, {"turns", ""}, {"again", ""}, {"turns", "+hill"});
    cseq = s->last_cseq;
    PLAY(s, "once more, unknown to SIP", {"restart", ""}, {"turns", "s:3600"},
         {"answer 481", "S:3600"}, {"turns", ""}, {"answer 200", ""},
         {"notify active +hill", "200 +hill"});
    PLAY(s, "the SIP server is away", {"restart", ""}, {"turns", "s:3600"},
         {"answer 408", "-hill"});
    assert_true(s->store.row.is_authorised);
    PLAY(s, "and still", {"restart", ""}, {"turns", "s:3600"}, {"answer 500", "-hill"});
    PLAY(s, "without a dialog", {"restart", ""}, {"turns", "S:3600"}, {"answer 200", ""},
         {"notify active +hill", "200 +hill"});
    s->store.dialog.expires_at = 1;
    PLAY(s, "with one that is over", {"restart", ""}, {"turns", "S:3600"}, {"answer 200", ""},
         {"notify active +hill", "200 +hill"});
    PLAY(s, "not decided", {"unsubscribe", "s:0"}, {"answer 200", "-hill unsubscribed"},
         {"notify terminated;reason=timeout", "200"}, {"subscribe", "S:3600"}, {"answer 200", ""},
         {"notify pending", "200"}, {"restart", ""}, {"turns", "s:3600"}, {"answer 200", ""},
         {"notify active +hill", "200 subscribed +hill"});
}

/* Stored when something changed that another life must know. */
static void stored_on_changes_only(void **state)
{
    struct stage *s = *state;
    begin(s);
    s->store.n_row_puts = s->store.n_dialog_puts = 0;
    for (int i = 0; i < 50; i++)
        PLAY(s, "the same", {"notify active;expires=600 +orchard/away", "200 +orchard/away"},
             {"notify active;expires=600 +orchard", "200 +orchard"});
    assert_int_equal(s->store.n_row_puts + s->store.n_dialog_puts, 0);
    PLAY(s, "another", {"notify active;expires=600 +hill", "200 +hill -orchard"});
    assert_int_equal(s->store.n_row_puts, 1);
    assert_int_equal(s->store.n_dialog_puts, 0);
}

/* --- size -------------------------------------------------------------------------------------*/

size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));

static size_t in_use(void)
{
    return __sanitizer_get_current_allocated_bytes ? __sanitizer_get_current_allocated_bytes()
                                                   : mallinfo2().uordblks;
}

static void nothing_grows(void **state)
{
    struct stage *s = *state;
    char tuples[64];
    begin(s);
    events_are_silent = true;
    size_t before = 0;
    for (int i = 0; i < 10000; i++) {
        snprintf(tuples, sizeof tuples, "+r%d/away", i % 3);
        assert_true(notify(s, false, "active;expires=600", tuples));
        PLAY(s, "many", {"outcome delivered", ""});
        if (i == 100)
            before = in_use();
    }
    assert_true(before > 0 && in_use() < before + 4096);
}

/* What a watch takes: 6 kB are allowed for all that the gateway has of it. */
static void watches_are_small(void **state)
{
    enum { N = 500 };
    struct stage *s = *state;
    char local[64];
    events_are_silent = s->with_notes = true;
    s->gateway.policy->settings.subscription_limit_per_user = N;
    size_t before = in_use();
    for (int i = 0; i < N; i++) {
        snprintf(local, sizeof local, "user%d@sip.example", i);
        stanza_of(s, local, JULIET, "subscribe");
        answer(s, 200, "600", NULL, NULL);
        assert_true(notify(s, false, "active;expires=600", "+orchard/away +hill=here"));
        tell_outcomes(s, true);
    }
    size_t each = (in_use() - before) / N;
    if (each > 4096)
        fail_msg("%zu bytes for each", each);
}

/* --- whatever comes ---------------------------------------------------------------------------*/

static unsigned seed;

static unsigned roll(unsigned n)
{
    seed = seed * 1103515245 + 12345;
    return (seed >> 16) % n;
}

static void something_happens(struct stage *s, bool with_restarts)
{
    static const int statuses[] = {200, 200, 200, 200, 403, 404, 408, 481, 500, 503};
    static const char *const states[] = {"active;expires=600",
                                         "active;expires=600",
                                         "active",
                                         "pending",
                                         "terminated;reason=timeout",
                                         "terminated;reason=deactivated",
                                         "terminated;reason=probation",
                                         "terminated;reason=rejected",
                                         "terminated;reason=noresource"};
    static const char *const documents[] = {"+orchard", "+orchard/away +hill", "+hill", "-hill", "",
                                            NULL};
    static const char *const lines[] = {
        "subscribe", "subscribe",   "unsubscribe", "probe",        "again",  "knock",
        "down",      "up",          "turns",       "turns",        "pass 1", "pass 20",
        "pass 400",  "rules allow", "rules ask",   "rules refuse", "restart"};
    switch (roll(4)) {
    case 0:
        if (n_under_way(s) > 0)
            answer(s, statuses[roll(10)], "600", NULL, NULL);
        break;
    case 1:
        notify(s, roll(4) == 0, states[roll(9)], documents[roll(6)]);
        break;
    case 2:
        tell_outcomes(s, roll(3) > 0);
        break;
    default:
        PLAY(s, "whatever", {lines[roll(with_restarts ? 17 : 16)], ""});
    }
}

/* Everybody is well again, and alice is in her orchard. */
static void all_is_well(struct stage *s)
{
    PLAY(s, "well", {"rules allow", ""}, {"up", ""}, {"again", ""});
    for (int i = 0; i < 60; i++) {
        PLAY(s, "well", {"turns", ""});
        while (n_under_way(s) > 0)
            answer(s, 200, "600", NULL, NULL);
        notify(s, false, "active;expires=600", "+orchard");
        tell_outcomes(s, true);
        PLAY(s, "well", {"pass 20", ""});
    }
    PLAY(s, "well", {"again", ""}, {"turns", ""});
    tell_outcomes(s, true);
}

/* Whoever is allowed to see sees what is so; who is not sees nothing.  (A restart, in every other
 * round, forgets whom it owes an `unsubscribed`: then it may be more.) */
static void whatever_comes_the_truth_is_seen(void **state)
{
    size_t n_watched = 0;
    for (unsigned round = 0; round < 400; round++) {
        set_up(state);
        struct stage *s = *state;
        events_are_silent = true;
        s->store.keeps_rows = true;
        seed = round;
        for (int i = 0; i < 60; i++)
            something_happens(s, round % 2);
        all_is_well(s);
        bool is_watched = gw_subscriber_count(s->presence.subscriber) > 0;
        size_t n_seen = is_watched, n_excess = round % 2 ? 16 : 0;
        bool is_true = s->n_view >= n_seen && s->n_view <= n_seen + n_excess &&
                       (!is_watched || strcmp(s->view[s->n_view - 1], "orchard") == 0);
        n_watched += is_watched;
        if (!is_true || is_watched != cw_str_is_present(s->store.row.state))
            fail_msg("round %u: watched %d, row %d, %zu seen, \"%s\"", round, is_watched,
                     cw_str_is_present(s->store.row.state), s->n_view, s->view[0]);
        tear_down(state);
    }
    assert_true(n_watched > 50);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_life),
        cmocka_unit_test(lives_go_as_their_row_says),
        cmocka_unit_test(what_comes_meanwhile_waits),
        TEST(refreshed_in_time),
        TEST(no_probe_of_who_has_not_decided),
        cmocka_unit_test(not_all_the_time),
        TEST(not_refreshed_for_who_cannot_be_reached),
        TEST(later_and_later),
        TEST(no_dialog_too_many),
        TEST(nothing_can_be_sent),
        TEST(again_and_again),
        TEST(canary),
        TEST(silence_is_an_alarm),
        TEST(a_server_that_counts_anew),
        TEST(probes),
        cmocka_unit_test(polls),
        TEST(polls_are_remembered),
        TEST(rules),
        TEST(notes),
        TEST(limits),
        TEST(share_of_a_partner),
        cmocka_unit_test(withdrawn),
        cmocka_unit_test(parting),
        TEST(told_anew),
        TEST(restarts),
        TEST(stored_on_changes_only),
        TEST(nothing_grows),
        TEST(watches_are_small),
        cmocka_unit_test(whatever_comes_the_truth_is_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
