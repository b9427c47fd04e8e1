/* The published exchanges of dialback and SASL EXTERNAL, run through the machine with the vectors'
 * own elements: what the peer says goes in, what we say is compared as XML.  The exchanges in which
 * no authority is asked (XEP-0344) are not ours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "s2s/stream.h"
#include "xmpp/ns.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char header[] =
    "<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' "
    "xmlns:db='jabber:server:dialback' from='%s' to='%s' id='D60000229F' version='1.0'>";

struct rig {
    struct cw_policy *policy;
    struct cw_s2s *stream;
    struct cw_buf sent;
    struct cw_s2s_dialback asked, answered;
    bool is_ready, is_closed, has_failed;
    enum cw_nego_reason reason;
};

static void new_stream_id(void *arg, char out[33])
{
    (void)arg;
    strcpy(out, "D60000229F");
}

static struct cw_policy *make_policy(const char *local, const char *remote, struct cw_rules rules)
{
    struct cw_policy *p = cw_policy_new();

    p->n_local_domains = p->n_partners = 1;
    p->local_domains = cw_arena_alloc(&p->arena, sizeof *p->local_domains);
    p->local_domains[0] = cw_str_of(local);
    p->partners = cw_arena_alloc(&p->arena, sizeof *p->partners);
    p->partners[0] = CW_PARTNER_DEFAULT;
    p->partners[0].domain = cw_str_of(remote);
    p->partners[0].rules = rules;
    p->settings = (struct cw_settings){.dialback_secret = CW_STR("s3cr3tf0rd14lb4ck"),
                                       .establishment_timeout_s = 60,
                                       .stanza_max_bytes = 262144,
                                       .stanza_max_bytes_before_auth = 10000};
    cw_policy_index(p);
    return p;
}

static void step(struct rig *rig, const struct cw_s2s_event *e)
{
    struct cw_s2s_actions out;

    cw_buf_reset(&rig->sent);
    cw_s2s_step(rig->stream, e, &out);
    for (size_t i = 0; i < out.n; i++) {
        const struct cw_s2s_action *a = &out.items[i];

        if (a->kind == CW_S2S_DO_SEND)
            cw_buf_puts(&rig->sent, a->bytes);
        else if (a->kind == CW_S2S_DO_ASK_AUTHORITY)
            rig->asked = a->dialback;
        else if (a->kind == CW_S2S_DO_VERIFY_ANSWER)
            rig->answered = a->dialback;
        rig->is_ready = rig->is_ready || a->kind == CW_S2S_DO_READY;
        rig->is_closed = rig->is_closed || a->kind == CW_S2S_DO_CLOSE;
        if (a->kind == CW_S2S_DO_FAILED) {
            rig->has_failed = true;
            rig->reason = a->reason;
        }
    }
}

static void receive(struct rig *rig, const char *text)
{
    step(rig, &(struct cw_s2s_event){.kind = CW_S2S_BYTES, .bytes = cw_str_of(text)});
}

static void begin(struct rig *rig, enum cw_direction direction, const char *local,
                  const char *remote, bool verify_only)
{
    char text[512];

    *rig = (struct rig){0};
    rig->policy = make_policy(local, remote, (struct cw_rules){CW_OPTIONAL, CW_OPTIONAL, true});
    rig->stream = cw_s2s_new(&(struct cw_s2s_config){.direction = direction,
                                                     .policy = rig->policy,
                                                     .local = cw_str_of(local),
                                                     .remote = cw_str_of(remote),
                                                     .verify_only = verify_only,
                                                     .bidi = true,
                                                     .new_stream_id = new_stream_id});
    step(rig, &(struct cw_s2s_event){.kind = CW_S2S_OPENED});
    snprintf(text, sizeof text, header, remote, local);
    receive(rig, text);
    if (direction == CW_OUTBOUND)
        receive(rig, "<stream:features><dialback xmlns='urn:xmpp:features:dialback'><errors/>"
                     "</dialback></stream:features>");
}

static void end(struct rig *rig)
{
    cw_s2s_free(&rig->stream);
    cw_policy_unref(&rig->policy);
    cw_buf_free(&rig->sent);
}

/* Text, attributes and children are equal; white space around text and the order of attributes do
 * not count, nor does the type of an error, which the XEP leaves open. */
static bool is_equal(struct cw_arena *arena, const struct cw_xml *a, const struct cw_xml *b)
{
    const struct cw_xml *x = cw_xml_first_element(a), *y = cw_xml_first_element(b);

    if (!cw_str_eq(a->ns, b->ns) || !cw_str_eq(a->name, b->name))
        return false;
    CW_XML_EACH_ATTR (attr, a) {
        char name[32];

        snprintf(name, sizeof name, "%.*s", CW_ARG(attr->name));
        if (!cw_str_eq_cstr(a->name, "error") && !cw_str_eq(attr->value, cw_xml_attr(b, name)))
            return false;
    }
    if (!x || !y)
        return !x && !y &&
               cw_str_eq(cw_str_trim(cw_xml_text(arena, a)), cw_str_trim(cw_xml_text(arena, b)));
    return is_equal(arena, x, y);
}

static struct cw_xml *parse(struct cw_arena *arena, struct cw_str element)
{
    const struct cw_xml_limits limits = CW_XML_LIMITS_DEFAULT;
    enum cw_xml_fault fault;
    struct cw_str text = cw_arena_printf(
        arena, "<x xmlns='jabber:server' xmlns:db='jabber:server:dialback'>%.*s</x>",
        CW_ARG(element));
    struct cw_xml *root = cw_xml_parse(arena, text, &limits, &fault);

    return root ? cw_xml_first_element(root) : NULL;
}

static void expect_sent(struct rig *rig, const char *id, const char *want)
{
    struct cw_arena arena = {0};
    struct cw_xml *a = parse(&arena, cw_str_of(want));
    struct cw_str sent = cw_buf_str(&rig->sent);
    ptrdiff_t close = cw_str_find(sent, CW_S("</stream:stream>"));
    struct cw_xml *b = parse(&arena, cw_str_sub(sent, 0, close < 0 ? sent.n : (size_t)close));

    if (!a || !b || !is_equal(&arena, a, b) || !is_equal(&arena, b, a))
        fail_msg("%s: wanted %s, sent %.*s", id, want, CW_ARG(sent));
    cw_arena_free(&arena);
}

static json_t *load(const char *file)
{
    char path[512];
    json_t *root;

    snprintf(path, sizeof path, "%s/%s", getenv("CW_VECTORS"), file);
    root = json_load_file(path, JSON_ALLOW_NUL, NULL);
    assert_non_null(root);
    return root;
}

static const char *xml_of(json_t *v, int number)
{
    size_t i;
    json_t *step_of_flow;

    json_array_foreach(
        json_object_get(v, "steps"), i,
        step_of_flow) if (json_integer_value(json_object_get(step_of_flow, "step")) ==
                          number) return json_string_value(json_object_get(step_of_flow, "xml"));
    return NULL;
}

static bool is_authority_asked(const char *id)
{
    return strcmp(id, "db-flow-without-dialback") != 0 &&
           strcmp(id, "db-flow-same-certificate") != 0 &&
           strcmp(id, "db-flow-invalid-other-pairs") != 0 && /* tests/scenario has them */
           strcmp(id, "db-flow-tls-required") != 0;
}

/* As originating server: our key is the vector's, and the answer has the vector's outcome. */
static void as_originating(const char *id, json_t *v)
{
    const char *answer = xml_of(v, 4);
    bool is_valid = answer && strstr(answer, "type='valid'");
    struct rig rig;

    begin(&rig, CW_OUTBOUND, "capulet.example", "montague.example", false);
    expect_sent(&rig, id, xml_of(v, 1));
    if (answer)
        receive(&rig, answer);
    else
        step(&rig, &(struct cw_s2s_event){.kind = CW_S2S_TIMER, .now_ms = 61000});
    if (rig.is_ready != is_valid || rig.has_failed == is_valid)
        fail_msg("%s: ready %d, failed %d", id, rig.is_ready, rig.has_failed);
    end(&rig);
}

/* As receiving server asking the authority on a second stream. */
static void as_receiving(const char *id, json_t *v)
{
    bool is_bidi = xml_of(v, 0) != NULL;
    struct cw_s2s_dialback answer;
    struct rig inbound, outbound;

    begin(&inbound, CW_INBOUND, "montague.example", "capulet.example", false);
    if (is_bidi)
        receive(&inbound, xml_of(v, 0));
    receive(&inbound, xml_of(v, 1));
    assert_true(cw_str_eq_cstr(inbound.asked.id, "D60000229F"));

    answer = inbound.asked;
    answer.state = CW_DIALBACK_ERROR;
    answer.condition = CW_STANZA_REMOTE_CONNECTION_FAILED;
    if (xml_of(v, 2)) {
        begin(&outbound, CW_OUTBOUND, "montague.example", "capulet.example", true);
        step(&outbound, &(struct cw_s2s_event){.kind = CW_S2S_VERIFY, .dialback = inbound.asked});
        expect_sent(&outbound, id, xml_of(v, 2));
        if (xml_of(v, 3))
            receive(&outbound, xml_of(v, 3));
        else
            step(&outbound, &(struct cw_s2s_event){.kind = CW_S2S_EOF});
        answer.state = outbound.answered.state;
        answer.condition = outbound.answered.condition;
        end(&outbound);
    }
    step(&inbound, &(struct cw_s2s_event){.kind = CW_S2S_DIALBACK_ANSWER, .dialback = answer});
    if (xml_of(v, 4))
        expect_sent(&inbound, id, xml_of(v, 4));
    if (is_bidi !=
        cw_s2s_may_send(inbound.stream, CW_S("montague.example"), CW_S("capulet.example")))
        fail_msg("%s: may send back: %d", id, !is_bidi);
    end(&inbound);
}

/* As authoritative server: the key is ours, so the answer is valid; another key is not. */
static void as_authoritative(const char *id, json_t *v)
{
    struct rig rig;

    if (!xml_of(v, 2))
        return;
    begin(&rig, CW_INBOUND, "capulet.example", "montague.example", false);
    receive(&rig, xml_of(v, 2));
    expect_sent(&rig, id,
                "<db:verify from='capulet.example' to='montague.example' "
                "id='D60000229F' type='valid'/>");
    receive(&rig, "<db:verify from='montague.example' to='capulet.example' id='D60000229F'>"
                  "0</db:verify>");
    expect_sent(&rig, id,
                "<db:verify from='capulet.example' to='montague.example' "
                "id='D60000229F' type='invalid'/>");
    end(&rig);
}

static void dialback_flows(void **state)
{
    json_t *root = load("dialback.json"), *v;
    size_t i, seen = 0;

    (void)state;
    json_array_foreach(json_object_get(root, "vectors"), i, v)
    {
        const char *id = json_string_value(json_object_get(v, "id"));

        if (strcmp(json_string_value(json_object_get(v, "kind")), "flow") != 0 ||
            !is_authority_asked(id))
            continue;
        as_originating(id, v);
        if (xml_of(v, 2) || xml_of(v, 4))
            as_receiving(id, v);
        as_authoritative(id, v);
        seen++;
    }
    assert_true(seen >= 6);
    json_decref(root);
}

/* <auth/> as the vectors write it, on a stream whose certificate names the stream's domain. */
static void check_auth(json_t *v)
{
    const char *id = json_string_value(json_object_get(v, "id"));
    const char *from = json_string_value(json_object_get(v, "stream_from"));
    const char *verdict =
        json_string_value(json_object_get(json_object_get(v, "expected"), "verdict"));
    struct cw_cert_name name = {.type = CW_CERT_DNS_ID, .value = cw_str_of(from)};
    struct cw_cert cert = {.present = true, .chain_ok = true, .names = &name, .n_names = 1};
    const char *want = strstr(verdict, "invalid-authzid")      ? "<invalid-authzid/>"
                       : strstr(verdict, "incorrect-encoding") ? "<incorrect-encoding/>"
                       : strstr(verdict, "challenge")          ? "<challenge "
                                                               : "<success ";
    char text[512];
    struct rig rig;

    begin(&rig, CW_INBOUND, "example.com", from, false);
    receive(&rig, "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
    step(&rig, &(struct cw_s2s_event){.kind = CW_S2S_TLS_UP, .cert = &cert});
    snprintf(text, sizeof text, header, from, "example.com");
    receive(&rig, text);
    receive(&rig, json_string_value(json_object_get(v, "xml")));
    if (cw_str_find(cw_buf_str(&rig.sent), cw_str_of(want)) < 0)
        fail_msg("%s: wanted %s, sent %.*s", id, want, CW_ARG(cw_buf_str(&rig.sent)));
    end(&rig);
}

static void sasl_auth(void **state)
{
    json_t *root = load("sasl-external-certificates.json"), *v;
    size_t i, seen = 0;

    (void)state;
    json_array_foreach(json_object_get(root, "vectors"), i, v)
    {
        if (strcmp(json_string_value(json_object_get(v, "kind")), "auth") != 0)
            continue;
        check_auth(v);
        seen++;
    }
    assert_true(seen >= 5);
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dialback_flows),
        cmocka_unit_test(sasl_auth),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
