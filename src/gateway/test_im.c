/* One message that tests the way to a partner; see test_im.h. */
#include "gateway/test_im.h"

#include "base/secret.h"
#include "conf/policy_json.h"
#include "gateway/ask.h"
#include "gateway/gateway_priv.h"
#include "xlate/address.h"
#include "xlate/sip_values.h"

enum { DEFAULT_TIMEOUT_S = 30, MAX_TEXT = 4096 };
#define DEFAULT_TEXT "This is a test of the connection; no answer is needed."

/* Lives until s2x.c has told, whoever else still listens. */
struct gw_test_im {
    void (*done)(void *arg, json_t *answer); /* NULL: nobody listens any more */
    void *arg;
    uint64_t since_ms;
    struct cw_timer *timer;
    bool is_told; /* s2x.c has let go of it */
    bool is_starting;
};

static void tell(struct gw_test_im *test, bool is_delivered, const char *reason,
                 struct cw_str sentence)
{
    void (*done)(void *, json_t *) = test->done;
    json_t *answer = json_pack(
        "{s:b,s:s,s:s,s:s%,s:I}", "ok", 1, "result", is_delivered ? "delivered" : "refused",
        "reason", is_delivered ? "" : reason, "sentence", sentence.p ? sentence.p : "", sentence.n,
        "latency-ms", (json_int_t)(cw_now_ms() - test->since_ms));
    cw_assert(answer != NULL);
    cw_timer_stop(test->timer);
    test->done = NULL;
    done(test->arg, answer);
}

static void free_test(struct gw_test_im *test)
{
    cw_timer_free(&test->timer);
    cw_free(test);
}

static void on_result(void *arg, const struct gw_s2x_result *result)
{
    struct gw_test_im *test = arg;
    struct cw_str sentence = result->sentence;
    if (!result->is_delivered && cw_str_is_empty(sentence))
        sentence = CW_S("The message cannot be translated");
    if (test->done)
        tell(test, result->is_delivered, result->reason, sentence);
    test->is_told = true;
    if (!test->is_starting)
        free_test(test);
}

static void on_timeout(void *arg)
{
    tell(arg, false, "timeout", CW_S("nothing is known of the message yet"));
}

void gw_test_im_leave(struct gw_test_im **ptr)
{
    struct gw_test_im *test = *ptr;
    *ptr = NULL;
    if (!test)
        return;
    test->done = NULL;
    cw_timer_stop(test->timer);
}

/* --- the message ------------------------------------------------------------------------------*/

/* Absent when the address is none. */
static struct cw_str uri_of(struct cw_arena *arena, struct cw_str address)
{
    struct cw_jid jid;
    if (!cw_str_is_present(address))
        return CW_STR_NONE;
    if (cw_addr_sip_to_jid(arena, address, &jid) == CW_ADDR_OK)
        return address;
    return cw_jid_parse(arena, address, &jid) == CW_JID_OK
               ? cw_addr_jid_to_uri(arena, &jid, CW_ADDR_SIP)
               : CW_STR_NONE;
}

/* False with a sentence. */
static bool compose(struct cw_arena *arena, const json_t *in, struct cw_sip_request *out,
                    struct cw_str *why)
{
    struct cw_str text = cw_json_text(in, "text");
    *out = (struct cw_sip_request){
        .method = CW_S("MESSAGE"),
        .from_uri = uri_of(arena, cw_json_text(in, "from")),
        .to_uri = uri_of(arena, cw_json_text(in, "to")),
        .from_tag = cw_random_hex(arena, 8),
        .call_id = cw_random_hex(arena, 16),
        .cseq = 1,
        .content_type = CW_S("text/plain;charset=utf-8"),
        .body = text.n > 0 ? text : CW_S(DEFAULT_TEXT),
    };
    out->request_uri = out->to_uri;
    *why = !cw_str_is_present(out->from_uri) ? CW_S("The sender is no address (sip:user@domain).")
           : !cw_str_is_present(out->to_uri) ? CW_S("The recipient is no address (user@domain).")
           : text.n > MAX_TEXT               ? CW_S("The text is too long.")
                                             : CW_STR_NONE;
    return !cw_str_is_present(*why);
}

struct gw_test_im *gw_test_im_start(struct gateway *gateway, const json_t *in,
                                    void (*done)(void *arg, json_t *answer), void *arg)
{
    struct cw_arena arena = {0};
    struct cw_sip_request request;
    struct cw_str why;
    if (!compose(&arena, in, &request, &why)) {
        done(arg, gw_refusal(400, why));
        cw_arena_free(&arena);
        return NULL;
    }
    struct gw_test_im *test = cw_alloc(sizeof *test);
    *test =
        (struct gw_test_im){.done = done, .arg = arg, .since_ms = cw_now_ms(), .is_starting = true};
    test->timer = cw_timer_new(gateway->base, on_timeout, test);
    cw_timer_set(test->timer, gw_timeout_ms(in, DEFAULT_TIMEOUT_S));
    gw_s2x_test(gateway->s2x, &request, on_result, test);
    cw_arena_free(&arena);
    test->is_starting = false;
    if (!test->is_told)
        return test;
    free_test(test);
    return NULL;
}
