/* See notifier_stage.h. */
#include "notifier_stage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "events.h"
#include "xlate/pidf.h"
#include "xmpp/ns.h"

static struct waitings notifies = TAILQ_HEAD_INITIALIZER(notifies); /* without an answer */
static struct stage *on; /* the stage that is played on */
static gw_posted_fn *posted;
static void *posted_arg;
static uint64_t posted_user;
static char tag[64];
static uint32_t cseq;

/* --- SIP --------------------------------------------------------------------------------------*/

static void put_document(struct cw_arena *arena, struct cw_buf *out, struct cw_str body)
{
    struct cw_pidf pidf;
    assert_int_equal(cw_pidf_parse(arena, body, &pidf), CW_PIDF_OK);
    cw_buf_putc(out, '(');
    for (size_t i = 0; i < pidf.n_tuples; i++) {
        const struct cw_pidf_tuple *tuple = &pidf.tuples[i];
        struct cw_str resource = cw_pidf_resource_of_id(arena, tuple->id);
        cw_buf_printf(out, "%s%c%.*s%s%.*s", i ? " " : "", tuple->basic == CW_PIDF_OPEN ? '+' : '-',
                      CW_ARG(resource), tuple->show.n ? "/" : "", CW_ARG(tuple->show));
    }
    cw_buf_putc(out, ')');
}

static void tell_notify(const struct cw_sip_request *request)
{
    struct cw_arena arena = {0};
    struct cw_buf text = {0};
    struct cw_str status = request->subscription_state;
    ptrdiff_t expires = cw_str_find(status, CW_S(";expires="));
    assert_true(cw_str_eq_cstr(request->method, "NOTIFY"));
    if (!cw_str_eq_cstr(request->call_id, "c1"))
        cw_buf_printf(&text, "%.*s:", CW_ARG(request->call_id));
    cw_buf_puts(&text, expires < 0 ? status : cw_str_sub(status, 0, (size_t)expires));
    if (request->body.n)
        put_document(&arena, &text, request->body);
    happened("%.*s", CW_ARG(cw_buf_str(&text)));
    cw_buf_free(&text);
    cw_arena_free(&arena);
}

enum cw_err gw_sip_send(struct gw_sip *sip, const struct gw_sip_sending *sending)
{
    (void)sip;
    if (on->send_err)
        return on->send_err;
    on->last_cseq = sending->request->cseq;
    keep_text(on->last_route, sizeof on->last_route, sending->request->route);
    keep_text(on->last_target, sizeof on->last_target, sending->request->request_uri);
    keep_text(on->last_contact_user, sizeof on->last_contact_user, sending->contact_user);
    if (!events_are_silent)
        tell_notify(sending->request);
    wait_in(&notifies, sending->arg, sending->user)->final = sending->final;
    return CW_OK;
}

size_t n_under_way(const struct stage *s)
{
    (void)s;
    return count(&notifies);
}

void answer_notify(struct stage *s, int status, const char *retry_after)
{
    struct waiting *w = take(&notifies);
    (void)s;
    assert_non_null(w);
    w->final(w->arg, w->user,
             &(struct cw_sip_response){.status = status, .retry_after = cw_str_of(retry_after)});
    cw_free(w);
}

void answer_all(struct stage *s)
{
    while (n_under_way(s) > 0)
        answer_notify(s, 200, NULL);
}

void gw_presence_answer(struct gw_presence *p, cw_sip_txn_id txn,
                        const struct cw_sip_response *response, struct cw_str contact_user)
{
    (void)p;
    (void)txn;
    keep_text(tag, sizeof tag, response->to_tag);
    keep_text(on->answer_record_route, sizeof on->answer_record_route, response->record_route);
    if (response->status < 300)
        assert_true(cw_str_is_present(contact_user));
    if (cw_str_is_present(response->retry_after))
        happened("%d/%.*s", response->status, CW_ARG(response->retry_after));
    else
        happened("%d", response->status);
}

const char *last_tag(const struct stage *s)
{
    (void)s;
    return tag;
}

void subscribe_as(struct stage *s, const char *local, const char *remote, const char *call_id,
                  const char *to_tag, const char *expires)
{
    struct cw_arena arena = {0};
    const struct gw_pair pair = pair_of(&arena, local, remote);
    struct cw_sip_request request = {
        .method = CW_S("SUBSCRIBE"),
        .request_uri = cw_arena_printf(&arena, "sip:%s", remote),
        .from_uri = cw_arena_printf(&arena, "sip:%s", local),
        .to_uri = cw_arena_printf(&arena, "sip:%s", remote),
        .from_tag = CW_S("theirs"),
        .to_tag = cw_str_of(to_tag),
        .call_id = cw_str_of(call_id),
        .cseq = ++cseq,
        .event = CW_S("presence"),
        .expires = cw_str_of(expires),
        .contact_uri = CW_S("sip:romeo@192.0.2.1:5062"),
        .record_route = CW_S("<sip:a.example;lr>, <sip:b.example;lr>"),
    };
    gw_notifier_subscribe(s->presence.notifier, 1, &pair, &request);
    cw_arena_free(&arena);
}

void subscribe(struct stage *s, const char *call_id, const char *to_tag, const char *expires)
{
    subscribe_as(s, ROMEO, JULIET, call_id, to_tag, expires);
}

/* --- the edge ---------------------------------------------------------------------------------*/

void gw_post_send(struct gw_post *post, const struct cw_xml *xml, gw_posted_fn *fn, void *arg,
                  uint64_t user)
{
    (void)post;
    posted = fn;
    posted_arg = arg;
    posted_user = user;
    happened("%.*s", CW_ARG(cw_xml_attr(xml, "type")));
}

void post_outcome(struct stage *s, enum cw_link_result result)
{
    (void)s;
    posted(posted_arg, posted_user, &(struct cw_link_outcome){.result = result});
}

static void give(struct stage *s, struct cw_arena *arena, const char *local, const char *remote,
                 const struct cw_xml *xml)
{
    const struct gw_pair pair = pair_of(arena, local, remote);
    gw_notifier_stanza(s->presence.notifier, &pair, xml);
}

void stanza_of(struct stage *s, const char *local, const char *remote, const char *type,
               const char *resource, const char *show)
{
    struct cw_arena arena = {0};
    struct cw_xml *xml = cw_presence_typed(
        &arena,
        cw_arena_printf(&arena, "%s%s%s", remote, resource ? "/" : "", resource ? resource : ""),
        cw_str_of(local), type);
    if (show && *show)
        cw_xml_add_text(&arena, cw_xml_add(&arena, xml, CW_NS_SERVER, "show"), cw_str_of(show));
    give(s, &arena, local, remote, xml);
    cw_arena_free(&arena);
}

void stanza(struct stage *s, const char *type, const char *resource, const char *show)
{
    stanza_of(s, ROMEO, JULIET, type, resource, show);
}

void error_stanza(struct stage *s, enum cw_stanza_error condition)
{
    struct cw_arena arena = {0};
    struct cw_xml *asked = cw_presence_typed(&arena, CW_S(ROMEO), CW_S(JULIET), "subscribe");
    give(s, &arena, ROMEO, JULIET, cw_stanza_error_reply(&arena, asked, condition, CW_STR_NONE));
    cw_arena_free(&arena);
}

/* --- the rules, the other machine -------------------------------------------------------------*/

void gw_store_invite(struct gw_store *store, struct cw_str local, struct cw_str remote)
{
    (void)store;
    (void)local;
    (void)remote;
    on->is_invited = true;
}

void gw_store_uninvite(struct gw_store *store, struct cw_str local, struct cw_str remote)
{
    (void)store;
    (void)local;
    (void)remote;
    on->is_invited = false;
}

void gw_contact_judge(const struct gateway *gateway, enum cw_contact_event event,
                      const struct cw_jid *local, const struct cw_jid *remote,
                      struct cw_contact_verdict *verdict)
{
    (void)gateway;
    (void)event;
    (void)local;
    (void)remote;
    *verdict = (struct cw_contact_verdict){
        .answer = on->refuses ? CW_CONTACT_REFUSE : CW_CONTACT_ALLOW, .rule = "", .reason = ""};
}

bool gw_subscriber_cancel(struct gw_subscriber *subscriber, struct cw_str local,
                          struct cw_str remote)
{
    (void)subscriber;
    (void)local;
    (void)remote;
    happened("cancel-watcher");
    return true;
}

size_t gw_subscriber_count(const struct gw_subscriber *subscriber)
{
    (void)subscriber;
    return 0;
}

/* --- life -------------------------------------------------------------------------------------*/

struct stage *stage_new(void)
{
    struct stage *s = on = cw_alloc(sizeof *s);
    presence_begin(&s->presence, &s->gateway, &s->store, 5);
    s->presence.notifier = gw_notifier_new(&s->presence);
    cseq = 0;
    return s;
}

void stage_restart(struct stage *s)
{
    gw_notifier_free(&s->presence.notifier);
    forget(&notifies);
    forget_turns();
    s->presence.notifier = gw_notifier_new(&s->presence);
    if (cw_str_is_present(s->store.row.state))
        gw_notifier_restore(s->presence.notifier, &s->store.row);
    if (cw_str_is_present(s->store.dialog.call_id))
        gw_notifier_restore_dialog(s->presence.notifier, &s->store.dialog);
}

void stage_free(struct stage **ptr)
{
    struct stage *s = *ptr;
    gw_notifier_free(&s->presence.notifier);
    forget(&notifies);
    presence_end(&s->presence);
    cw_free(s);
    *ptr = on = NULL;
}

int set_up(void **state)
{
    *state = stage_new();
    return 0;
}

int tear_down(void **state)
{
    stage_free((struct stage **)state);
    return 0;
}
