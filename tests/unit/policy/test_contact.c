/* Who may reach whom: the table of partner types cell by cell, and what holds for every one of the
 * facts' combinations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "policy/contact.h"

static const struct cw_partner partners[] = {
    {.type = CW_FEDERATED}, {.type = CW_PUBLIC_VERIFIED}, {.type = CW_PUBLIC_UNVERIFIED}};

/* One of all combinations. */
struct point {
    enum cw_contact_event event;
    struct cw_contact_facts facts;
    struct cw_contact_verdict verdict;
    char name[128];
};
enum { N_POINTS = 5 * 4 * 2 * 2 * 2 };

static void point_of(unsigned i, struct point *p)
{
    *p = (struct point){.event = (enum cw_contact_event)(i % 5)};
    unsigned type = i / 5 % 4;
    p->facts.partner = type < 3 ? &partners[type] : NULL;
    p->facts.is_invited = i / 20 % 2;
    p->facts.is_blocked = i / 40 % 2;
    p->facts.has_access = i / 80 % 2;
    memset(&p->verdict, 0xff, sizeof p->verdict); /* every field is to be set */
    cw_contact_judge(p->event, &p->facts, &p->verdict);
    snprintf(p->name, sizeof p->name, "%s, %s%s%s%s", cw_contact_event_name(p->event),
             type < 3 ? cw_partner_type_name(partners[type].type) : "no partner",
             p->facts.is_invited ? ", invited" : "", p->facts.is_blocked ? ", blocked" : "",
             p->facts.has_access ? "" : ", no access");
}

/* The table: A allow, K ask, S subscription-required, U unsubscribed; who has access and has
 * blocked nobody. */
static void test_the_table(void **state)
{
    static const struct {
        enum cw_contact_event event;
        bool is_invited;
        const char *answers; /* Federated, PublicVerified, PublicUnverified */
        const char *notes;   /* may the partner see them? */
    } rows[] = {
        {CW_CONTACT_MESSAGE_OUT, false, "AAA", "y.."},
        {CW_CONTACT_MESSAGE_OUT, true, "AAA", "y.."},
        {CW_CONTACT_SUBSCRIBE_OUT, false, "AAA", "y.."},
        {CW_CONTACT_SUBSCRIBE_OUT, true, "AAA", "y.."},
        {CW_CONTACT_SUBSCRIBE_IN, false, "AKU", "y.."},
        {CW_CONTACT_SUBSCRIBE_IN, true, "AAA", "y.."},
        {CW_CONTACT_MESSAGE_IN, false, "AAS", "y.."},
        {CW_CONTACT_MESSAGE_IN, true, "AAA", "y.."},
        {CW_CONTACT_PRESENCE_OUT, false, "AAS", "y.."},
        {CW_CONTACT_PRESENCE_OUT, true, "AAA", "y.."},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t type = 0; type < 3; type++) {
            struct cw_contact_facts facts = {
                .partner = &partners[type], .is_invited = rows[i].is_invited, .has_access = true};
            struct cw_contact_verdict v;
            cw_contact_judge(rows[i].event, &facts, &v);
            char answer = v.answer == CW_CONTACT_ALLOW                     ? 'A'
                          : v.answer == CW_CONTACT_ASK                     ? 'K'
                          : v.is_unsubscribed                              ? 'U'
                          : v.condition == CW_STANZA_SUBSCRIPTION_REQUIRED ? 'S'
                                                                           : '?';
            if (answer != rows[i].answers[type] || v.with_notes != (rows[i].notes[type] == 'y'))
                fail_msg("%s, %s, %s: %c %d", cw_contact_event_name(rows[i].event),
                         cw_partner_type_name(partners[type].type),
                         rows[i].is_invited ? "invited" : "not invited", answer, v.with_notes);
        }
    }
}

/* What the sender of something inbound can see of the verdict. */
static bool looks_alike(const struct cw_contact_verdict *a, const struct cw_contact_verdict *b)
{
    if (a->answer != b->answer)
        return false;
    return a->answer != CW_CONTACT_REFUSE || (a->is_unsubscribed == b->is_unsubscribed &&
                                              (a->is_unsubscribed || a->condition == b->condition));
}

static const char *broken(const struct point *p)
{
    const struct cw_contact_verdict *v = &p->verdict;
    bool inbound = p->event == CW_CONTACT_MESSAGE_IN || p->event == CW_CONTACT_SUBSCRIBE_IN;
    bool outbound = p->event == CW_CONTACT_MESSAGE_OUT || p->event == CW_CONTACT_SUBSCRIBE_OUT;
    bool refused = v->answer == CW_CONTACT_REFUSE;
    bool unverified = p->facts.partner && p->facts.partner->type == CW_PUBLIC_UNVERIFIED;
    bool verified = p->facts.partner && p->facts.partner->type == CW_PUBLIC_VERIFIED;
    if (!v->rule)
        return "a rule decided";
    if (refused != (v->reason != NULL))
        return "a refusal, and nothing else, has a reason";
    if ((!p->facts.partner || p->facts.is_blocked || !p->facts.has_access) && !refused)
        return "no partner, a block or no access: refused";
    if (unverified && !p->facts.is_invited && !outbound && !refused)
        return "who was not invited does not reach a user of a PublicUnverified partner's";
    if (unverified && !p->facts.is_invited && !outbound && strcmp(v->rule, "partner type") != 0)
        return "a stranger is refused for what he is";
    if (v->answer == CW_CONTACT_ASK &&
        !(verified && p->event == CW_CONTACT_SUBSCRIBE_IN && !p->facts.is_invited))
        return "only a stranger of a PublicVerified partner is asked about";
    if (v->is_unsubscribed && p->event != CW_CONTACT_SUBSCRIBE_IN)
        return "only who wants to see is told `unsubscribed`";
    if (v->with_notes && (refused || !p->facts.partner || p->facts.partner->type != CW_FEDERATED))
        return "notes are for Federated partners";
    if (inbound && refused && p->facts.partner && strcmp(v->rule, "partner type") != 0 &&
        v->condition != CW_STANZA_SERVICE_UNAVAILABLE)
        return "a block and no access look the same from outside";
    return NULL;
}

static void test_every_combination(void **state)
{
    (void)state;
    for (unsigned i = 0; i < N_POINTS; i++) {
        struct point p;
        point_of(i, &p);
        const char *rule = broken(&p);
        if (rule)
            fail_msg("%s: %s (%s by %s)", p.name, rule, cw_contact_answer_name(p.verdict.answer),
                     p.verdict.rule);
    }
}

/* A stranger of a PublicUnverified partner cannot tell a user who blocked him, or has no access,
 * from one who did not, nor from one who does not exist: the facts of such a one are all false. */
static void test_strangers_learn_nothing(void **state)
{
    (void)state;
    for (unsigned i = 0; i < N_POINTS; i++) {
        struct point p;
        struct cw_contact_verdict plain;
        point_of(i, &p);
        if (p.facts.partner != &partners[2] || p.facts.is_invited ||
            (p.event != CW_CONTACT_MESSAGE_IN && p.event != CW_CONTACT_SUBSCRIBE_IN))
            continue;
        cw_contact_judge(p.event,
                         &(struct cw_contact_facts){.partner = &partners[2], .has_access = true},
                         &plain);
        if (!looks_alike(&p.verdict, &plain))
            fail_msg("%s", p.name);
    }
}

/* More facts in favour never turn an answer for the worse. */
static void test_never_worse(void **state)
{
    (void)state;
    for (unsigned i = 0; i < N_POINTS; i++) {
        struct point p;
        point_of(i, &p);
        for (int fact = 0; fact < 3; fact++) {
            struct cw_contact_facts better = p.facts;
            struct cw_contact_verdict verdict;
            if (fact == 0)
                better.is_invited = true;
            else if (fact == 1)
                better.is_blocked = false;
            else
                better.has_access = true;
            cw_contact_judge(p.event, &better, &verdict);
            if (verdict.answer > p.verdict.answer)
                fail_msg("%s: worse by fact %d", p.name, fact);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_table),
        cmocka_unit_test(test_every_combination),
        cmocka_unit_test(test_strangers_learn_nothing),
        cmocka_unit_test(test_never_worse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
