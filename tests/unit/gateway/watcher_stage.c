/* See watcher_stage.h. */
#include "watcher_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "events.h"
#include "fake_loop.h"
#include "xlate/pidf.h"
#include "xmpp/error.h"

static struct waitings sent = TAILQ_HEAD_INITIALIZER(sent);
static struct waitings posted = TAILQ_HEAD_INITIALIZER(posted);

static struct stage *on;
static struct cw_timer *auto_timer;
static struct {
    char call_id[128], tag[64];
    unsigned serial;
} last, old;
static uint32_t notify_cseq;

/* --- SIP --------------------------------------------------------------------------------------*/

/* Never two SUBSCRIBEs of one dialog at a time. */
static void check_alone(struct cw_str call_id)
{
    struct waiting *w;
    TAILQ_FOREACH (w, &sent, link)
        assert_false(cw_str_eq_cstr(call_id, w->call_id));
}

enum cw_err gw_sip_send(struct gw_sip *sip, const struct gw_sip_sending *sending)
{
    const struct cw_sip_request *r = sending->request;
    (void)sip;
    if (on->is_failing)
        return CW_ERR_NOT_FOUND;
    check_alone(r->call_id);
    assert_true(cw_str_eq_cstr(r->method, "SUBSCRIBE"));
    assert_true(cw_str_is_present(sending->branch));
    on->n_sent++;
    on->last_cseq = r->cseq;
    keep_text(on->last_contact_user, sizeof on->last_contact_user, sending->contact_user);
    keep_text(on->last_domain, sizeof on->last_domain, sending->domain);
    keep_text(on->last_route, sizeof on->last_route, r->route);
    if (!on->auto_status)
        happened("%c:%.*s", cw_str_is_present(r->to_tag) ? 's' : 'S', CW_ARG(r->expires));
    if (!cw_str_eq_cstr(r->call_id, last.call_id)) {
        old = last;
        last.serial++;
        keep_text(last.call_id, sizeof last.call_id, r->call_id);
        keep_text(last.tag, sizeof last.tag, r->from_tag);
    }
    struct waiting *w = wait_in(&sent, sending->arg, sending->user);
    w->final = sending->final;
    keep_text(w->call_id, sizeof w->call_id, r->call_id);
    if (on->auto_status)
        cw_timer_set(auto_timer, 1);
    return CW_OK;
}

void answer(struct stage *s, int status, const char *expires, const char *min_expires,
            const char *retry_after)
{
    struct waiting *w = take(&sent);
    (void)s;
    assert_non_null(w);
    struct cw_arena arena = {0};
    const struct cw_sip_response response = {
        .status = status,
        .to_tag = status < 300 ? cw_arena_printf(&arena, "to-%s", w->call_id) : CW_STR_NONE,
        .contact = status < 300 ? CW_S("sip:pa@192.0.2.7") : CW_STR_NONE,
        .record_route = status < 300 ? CW_S("<sip:p2;lr>, <sip:p1;lr>") : CW_STR_NONE,
        .expires = cw_str_of(expires),
        .min_expires = cw_str_of(min_expires),
        .retry_after = cw_str_of(retry_after)};
    w->final(w->arg, w->user, &response);
    cw_arena_free(&arena);
    cw_free(w);
}

size_t n_under_way(const struct stage *s)
{
    (void)s;
    return count(&sent);
}

static void on_auto(void *arg)
{
    (void)arg;
    while (TAILQ_FIRST(&sent))
        answer(on, on->auto_status, NULL, NULL, NULL);
}

void gw_presence_answer(struct gw_presence *p, cw_sip_txn_id txn,
                        const struct cw_sip_response *response, struct cw_str contact_user)
{
    (void)p;
    (void)txn;
    (void)contact_user;
    happened("%d", response->status);
}

/* "+orchard/away -hill" as a document. */
static struct cw_str document(struct cw_arena *arena, const char *tuples)
{
    char words[256], *word, *rest = NULL;
    struct cw_buf out = {0};
    struct cw_pidf pidf = {.entity = CW_S("pres:" ALICE)};
    snprintf(words, sizeof words, "%s", tuples);
    pidf.tuples = cw_arena_alloc(arena, 64 * sizeof *pidf.tuples);
    for (word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        struct cw_pidf_tuple *tuple = &pidf.tuples[pidf.n_tuples++];
        char *show = strchr(word, '/'), *note = strchr(word, '=');
        if (show)
            *show++ = '\0';
        if (note)
            *note++ = '\0';
        tuple->id = cw_pidf_id_of_resource(arena, cw_arena_dup(arena, cw_str_of(word + 1)));
        tuple->basic = *word == '+' ? CW_PIDF_OPEN : CW_PIDF_CLOSED;
        tuple->show = cw_str_of(show);
        tuple->priority_thousandth = -1;
        if (note)
            tuple->words.notes[tuple->words.n_notes++].text = cw_str_of(note);
    }
    cw_pidf_write(&out, &pidf);
    struct cw_str text = cw_arena_dup(arena, cw_buf_str(&out));
    cw_buf_free(&out);
    return text;
}

bool notify(struct stage *s, bool is_old, const char *status, const char *tuples)
{
    struct cw_arena arena = {0};
    const char *call_id = is_old ? old.call_id : last.call_id;
    struct cw_sip_request request = {
        .method = CW_S("NOTIFY"),
        .request_uri = CW_S("sip:juliet@192.0.2.1"),
        .from_uri = CW_S("sip:" ALICE),
        .to_uri = CW_S("sip:" JULIET),
        .from_tag = cw_arena_printf(&arena, "to-%s", call_id),
        .to_tag = cw_str_of(is_old ? old.tag : last.tag),
        .call_id = cw_str_of(call_id),
        .cseq = ++notify_cseq,
        .event = CW_S("presence"),
        .subscription_state = cw_str_of(status),
        .contact_uri = CW_S("sip:pa@192.0.2.7"),
    };
    if (tuples) {
        request.body = document(&arena, tuples);
        request.content_type = CW_PIDF_TYPE;
    }
    bool is_ours = gw_subscriber_notify(s->presence.subscriber, 1, &request);
    if (!is_ours)
        happened("none");
    cw_arena_free(&arena);
    return is_ours;
}

/* --- the edge ---------------------------------------------------------------------------------*/

void gw_post_send(struct gw_post *post, const struct cw_xml *xml, gw_posted_fn *fn, void *arg,
                  uint64_t user)
{
    struct cw_arena arena = {0};
    struct cw_stanza_error_info info;
    struct cw_str type = cw_xml_attr(xml, "type"), from = cw_xml_attr(xml, "from");
    struct cw_xml *show = cw_xml_child(xml, CW_STR_NONE, "show");
    struct cw_xml *status = cw_xml_child(xml, CW_STR_NONE, "status");
    ptrdiff_t slash = cw_str_index(from, '/');
    struct cw_str resource = slash < 0 ? CW_S("") : cw_str_sub(from, (size_t)slash + 1, from.n);
    (void)post;
    if (fn) {
        struct waiting *w = wait_in(&posted, arg, user);
        w->posted = fn;
        if (!cw_str_is_present(type) || cw_str_eq_cstr(type, "unavailable"))
            snprintf(w->call_id, sizeof w->call_id, "%c%.*s", cw_str_is_present(type) ? '-' : '+',
                     CW_ARG(resource));
    }
    if (cw_str_eq_cstr(type, "error") && cw_stanza_error_read(&arena, xml, &info))
        happened("%s", cw_stanza_error_name(info.condition));
    else if (cw_str_eq_cstr(type, "unavailable"))
        happened("-%.*s", CW_ARG(resource));
    else if (cw_str_is_present(type))
        happened("%.*s", CW_ARG(type));
    else
        happened("+%.*s%s%.*s%s%.*s", CW_ARG(resource), show ? "/" : "",
                 CW_ARG(show ? cw_xml_text(&arena, show) : CW_S("")), status ? "=" : "",
                 CW_ARG(status ? cw_xml_text(&arena, status) : CW_S("")));
    cw_arena_free(&arena);
}

/* Juliet hears "+orchard", "-orchard" or, of all of him, "-". */
static void hear(struct stage *s, const char *what)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n_view; i++)
        if (what[1] && strcmp(s->view[i], what + 1) != 0)
            memmove(s->view[n++], s->view[i], sizeof s->view[i]);
    s->n_view = n;
    if (what[0] == '+')
        snprintf(s->view[s->n_view++], sizeof s->view[0], "%s", what + 1);
    assert_true(s->n_view < 16);
}

void tell_outcomes(struct stage *s, bool is_delivered)
{
    struct waiting *w;
    const struct cw_link_outcome outcome = {
        .result = is_delivered ? CW_LINK_DELIVERED : CW_LINK_REFUSED,
        .reason = is_delivered ? CW_LINK_REASON_NONE : CW_LINK_REASON_TIMEOUT};
    while ((w = take(&posted))) {
        if (is_delivered && *w->call_id)
            hear(s, w->call_id);
        w->posted(w->arg, w->user, &outcome);
        cw_free(w);
    }
}

void stanza_of(struct stage *s, const char *local, const char *remote, const char *type)
{
    struct cw_arena arena = {0};
    const struct gw_pair pair = pair_of(&arena, local, remote);
    const struct cw_contact_verdict verdict = {.answer = s->rules};
    struct cw_xml *xml = cw_presence_typed(&arena, cw_str_of(remote), cw_str_of(local), type);
    cw_xml_set(&arena, xml, "id", CW_S("i1"));
    gw_subscriber_stanza(s->presence.subscriber, &pair, xml, &verdict);
    cw_arena_free(&arena);
}

bool gw_reach_is_up(const struct gw_reach *reach, struct cw_str local, struct cw_str remote)
{
    (void)reach;
    assert_true(cw_str_eq_cstr(local, "sip.example"));
    assert_true(cw_str_eq_cstr(remote, "friend.example"));
    return !on->is_down;
}

/* --- the rules, the other machine -------------------------------------------------------------*/

void gw_contact_judge(const struct gateway *gateway, enum cw_contact_event event,
                      const struct cw_jid *local, const struct cw_jid *remote,
                      struct cw_contact_verdict *verdict)
{
    (void)gateway;
    assert_true(cw_str_eq_cstr(local->domain, "sip.example"));
    assert_true(!cw_str_eq_cstr(remote->domain, "sip.example"));
    *verdict = (struct cw_contact_verdict){.answer = on->rules, .rule = "", .reason = ""};
    if (event == CW_CONTACT_PRESENCE_OUT && on->rules == CW_CONTACT_ASK)
        verdict->answer = CW_CONTACT_ALLOW;
    verdict->with_notes = on->with_notes;
}

size_t gw_notifier_count(const struct gw_notifier *notifier)
{
    (void)notifier;
    return 0;
}

bool gw_notifier_is_undecided(const struct gw_notifier *notifier, struct cw_str local,
                              struct cw_str remote)
{
    (void)notifier;
    assert_true(cw_str_eq_cstr(local, ALICE));
    assert_true(cw_str_eq_cstr(remote, JULIET));
    return on->is_undecided;
}

/* --- scenes -----------------------------------------------------------------------------------*/

static const char *value(const char *words, const char *name, char *out, size_t size)
{
    const char *at = strstr(words, name);
    if (!at)
        return NULL;
    snprintf(out, size, "%.*s", (int)strcspn(at + strlen(name), " "), at + strlen(name));
    return out;
}

static void answer_line(struct stage *s, const char *words)
{
    char expires[16], least[16], retry[16];
    answer(s, atoi(words), value(words, "expires=", expires, sizeof expires),
           value(words, "min=", least, sizeof least), value(words, "retry=", retry, sizeof retry));
}

static void notify_line(struct stage *s, bool is_old, const char *words)
{
    char status[128];
    size_t n = strcspn(words, " ");
    snprintf(status, sizeof status, "%.*s", (int)n, words);
    notify(s, is_old, status, words[n] ? words + n + 1 : NULL);
}

static void rules_line(struct stage *s, const char *words)
{
    s->rules = strstr(words, "allow") ? CW_CONTACT_ALLOW
               : strstr(words, "ask") ? CW_CONTACT_ASK
                                      : CW_CONTACT_REFUSE;
    s->with_notes = strstr(words, "notes");
    gw_subscriber_review(s->presence.subscriber);
}

static bool begins(const char *does, const char *word, const char **rest)
{
    size_t n = strlen(word);
    if (strncmp(does, word, n) != 0 || (does[n] && does[n] != ' '))
        return false;
    *rest = does[n] ? does + n + 1 : "";
    return true;
}

static bool act(struct stage *s, const char *does)
{
    struct gw_subscriber *subscriber = s->presence.subscriber;
    const struct cw_str here = CW_S("sip.example"), there = CW_S("friend.example");
    const char *rest;
    if (begins(does, "subscribe", &rest) || begins(does, "unsubscribe", &rest) ||
        begins(does, "probe", &rest)) {
        char type[32], local[64];
        snprintf(type, sizeof type, "%.*s", (int)strcspn(does, " "), does);
        snprintf(local, sizeof local, "%s@sip.example", *rest ? rest : "alice");
        stanza_of(s, local, JULIET, type);
    } else if (begins(does, "notify", &rest)) {
        notify_line(s, false, rest);
    } else if (begins(does, "old notify", &rest)) {
        notify_line(s, true, rest);
    } else if (begins(does, "cseq", &rest)) {
        notify_cseq = (uint32_t)atoi(rest);
    } else if (begins(does, "answer", &rest)) {
        answer_line(s, rest);
    } else if (begins(does, "pass", &rest)) {
        fake_pass((uint64_t)atoi(rest) * 1000);
    } else if (begins(does, "turns", &rest)) {
        take_turns();
    } else if (begins(does, "outcome", &rest)) {
        tell_outcomes(s, strcmp(rest, "delivered") == 0);
    } else if (begins(does, "down", &rest) || begins(does, "up", &rest)) {
        s->is_down = does[0] == 'd';
    } else if (begins(does, "fail", &rest) || begins(does, "work", &rest)) {
        s->is_failing = does[0] == 'f';
    } else if (begins(does, "rules", &rest)) {
        rules_line(s, rest);
    } else if (begins(does, "auto", &rest)) {
        s->auto_status = atoi(rest);
    } else if (begins(does, "cancel", &rest)) {
        if (!gw_subscriber_cancel(subscriber, CW_S(ALICE), CW_S(JULIET)))
            happened("no");
    } else if (begins(does, "again", &rest)) {
        gw_subscriber_again(subscriber, here, there);
    } else if (begins(does, "knock", &rest)) {
        if (!gw_subscriber_knock(subscriber, here, there))
            happened("no");
    } else if (begins(does, "restart", &rest)) {
        restart(s);
    } else {
        return false;
    }
    return true;
}

void play(struct stage *s, const char *scene, const struct line *lines, size_t n)
{
    char line[256];
    for (size_t i = 0; i < n; i++) {
        if (!act(s, lines[i].does))
            fail_msg("%s: no such line: %s", scene, lines[i].does);
        snprintf(line, sizeof line, "%s, line %zu, %s", scene, i + 1, lines[i].does);
        assert_events(line, lines[i].out);
    }
}

/* --- life -------------------------------------------------------------------------------------*/

struct stage *stage_new(void)
{
    struct stage *s = on = cw_alloc(sizeof *s);
    presence_begin(&s->presence, &s->gateway, &s->store, 10);
    s->store.is_x2s = true;
    s->rules = CW_CONTACT_ASK;
    auto_timer = cw_timer_new(NULL, on_auto, NULL);
    s->presence.subscriber = gw_subscriber_new(&s->presence);
    memset(&last, 0, sizeof last);
    memset(&old, 0, sizeof old);
    notify_cseq = 0;
    return s;
}

void restart(struct stage *s)
{
    gw_subscriber_free(&s->presence.subscriber);
    forget(&sent);
    forget(&posted);
    forget_turns();
    s->presence.subscriber = gw_subscriber_new(&s->presence);
    if (cw_str_is_present(s->store.row.state))
        gw_subscriber_restore(s->presence.subscriber, &s->store.row,
                              cw_str_is_present(s->store.dialog.call_id) ? &s->store.dialog : NULL);
}

void stage_free(struct stage **ptr)
{
    struct stage *s = *ptr;
    gw_subscriber_free(&s->presence.subscriber);
    cw_timer_free(&auto_timer);
    forget(&sent);
    forget(&posted);
    presence_end(&s->presence);
    cw_free(s);
    *ptr = on = NULL;
}
