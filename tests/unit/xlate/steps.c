/* See steps.h. */
#include "steps.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct cw_presence orchard[] = {{.resource = CW_STR("orchard"), .is_available = true}};
const struct cw_presence_options knows_one = {
    .with_notes = true, .seed = CW_STR("s"), .known = orchard, .n_known = 1};
const struct cw_presence_options knows_nobody = {.with_notes = true, .seed = CW_STR("s")};

struct cw_str summary(struct cw_arena *arena, const struct cw_presence_step *step)
{
    struct cw_str text = CW_S("");
    struct cw_jid from;
    if (step->has_response)
        text = cw_arena_printf(arena, "%d ", step->response.status);
    if (step->has_request) {
        bool is_subscribe = cw_str_eq_cstr(step->request.method, "SUBSCRIBE");
        text = cw_arena_printf(
            arena, "%.*s%.*s:%.*s%s ", CW_ARG(text), CW_ARG(step->request.method),
            CW_ARG(is_subscribe ? step->request.expires : step->request.subscription_state),
            step->request.body.n ? "+body" : "");
    }
    for (size_t i = 0; i < step->n_stanzas; i++) {
        struct cw_str type = cw_xml_attr(step->stanzas[i], "type");
        assert_int_equal(cw_jid_parse(arena, cw_xml_attr(step->stanzas[i], "from"), &from), 0);
        text = cw_arena_printf(arena, "%.*s%.*s%s%.*s ", CW_ARG(text),
                               CW_ARG(cw_str_is_present(type) ? type : CW_S("available")),
                               from.resource.n ? "/" : "", CW_ARG(from.resource));
    }
    return cw_str_trim(text);
}

struct cw_subscription in_state(enum cw_subscription_direction direction,
                                enum cw_subscription_state state)
{
    bool is_x2s = direction == CW_SUBSCRIPTION_X2S;
    struct cw_subscription s = {
        .direction = direction,
        .state = state,
        .watcher = is_x2s ? CW_S(JULIET) : CW_S(ROMEO),
        .presentity = is_x2s ? CW_S(ROMEO) : CW_S(JULIET),
        .is_authorised = state == CW_SUBSCRIPTION_ACTIVE,
        .expires_s = 600,
    };
    if (state == CW_SUBSCRIPTION_NONE)
        return s;
    s.call_id = CW_S("c1");
    s.local_tag = CW_S("ours");
    s.remote_tag = state == CW_SUBSCRIPTION_WAITING ? CW_STR_NONE : CW_S("theirs");
    s.local_cseq = 1;
    return s;
}

struct cw_xml *stanza(struct cw_arena *arena, const char *type, bool is_full)
{
    return cw_presence_typed(arena, is_full ? CW_S(JULIET "/balcony") : CW_S(JULIET), CW_S(ROMEO),
                             type);
}

struct cw_sip_request request(const char *method, const char *status, const char *body)
{
    return (struct cw_sip_request){
        .method = cw_str_of(method),
        .request_uri = CW_STR("sip:" JULIET),
        .from_uri = CW_STR("sip:" ROMEO),
        .to_uri = CW_STR("sip:" JULIET),
        .from_tag = CW_STR("theirs"),
        .to_tag = CW_STR("ours"),
        .call_id = CW_STR("c1"),
        .cseq = 7,
        .event = CW_STR("presence"),
        .subscription_state = cw_str_of(status),
        .contact_uri = CW_STR("sip:romeo@192.0.2.1"),
        .content_type = body ? CW_PIDF_TYPE : CW_STR_NONE,
        .body = cw_str_of(body),
    };
}
