/* One SIP datagram or frame: parsing, every getter, and the answer to it.  An answer is a response
 * that our own parser finds valid when the request was, with the headers we put there and no
 * more. */
#include "fuzz.h"

#include "sip/build.h"

static const struct cw_sip_hop source = {.port = 5060, .ip = "192.0.2.1"};

static void use_getters(const struct cw_sip_message *m)
{
    static const struct cw_str names[] = {CW_STR("Via"), CW_STR("Subject"), CW_STR("X-Unknown")};
    struct cw_sip_request request;
    struct cw_sip_response response;
    struct cw_sip_via via;

    cw_sip_message_values(m, &request);
    cw_sip_message_response_values(m, &response);
    (void)cw_sip_message_via(m, &via);
    (void)cw_sip_message_max_forwards(m);
    (void)cw_sip_message_expires_s(m);
    (void)cw_sip_message_unsupported(m);
    (void)cw_sip_message_reason_phrase(m);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        (void)cw_sip_message_header(m, names[i], cw_sip_message_header_count(m, names[i]) / 2);
}

/* Of another version of SIP nothing is known but that it is one. */
static bool is_readable(const struct cw_sip_message *m)
{
    struct cw_sip_verdict v = cw_sip_message_verdict(m);

    return v.valid && v.answer != 505;
}

static void check_verdict(const struct cw_sip_message *m)
{
    struct cw_sip_verdict v = cw_sip_message_verdict(m);

    cw_assert(v.reason && (v.answer == 0 || (v.answer >= 400 && v.answer <= 699)));
    cw_assert(!cw_sip_message_is_request(m) || !cw_sip_message_is_response(m));
    cw_assert(v.valid || v.drop || v.answer != 0);
    if (is_readable(m) && cw_sip_message_is_request(m)) {
        cw_assert(cw_sip_message_method(m).n > 0 && cw_sip_message_call_id(m).n > 0);
        cw_assert(cw_sip_message_from(m).uri.n > 0 && cw_sip_message_to(m).uri.n > 0);
    }
}

static void check_answer(const struct cw_sip_message *m, enum cw_sip_transport transport)
{
    struct cw_sip_reply reply = {
        .status = 420, .unsupported = cw_sip_message_unsupported(m), .to_tag = CW_STR("tag1")};
    struct cw_buf echo = {0}, bytes = {0};
    struct cw_sip_message *answer;
    const char *why;

    if (cw_sip_build_echo(&echo, m, &source) &&
        cw_sip_build_response(&bytes, cw_buf_str(&echo), &reply, &why) == CW_OK) {
        answer = cw_sip_message_parse(cw_buf_str(&bytes), transport);
        cw_assert(cw_sip_message_header_count(answer, CW_S("Content-Length")) <= 1);
        if (is_readable(m)) {
            cw_assert(cw_sip_message_is_response(answer));
            cw_assert(cw_sip_message_status(answer) == 420);
            cw_assert(cw_str_eq(cw_sip_message_call_id(answer), cw_sip_message_call_id(m)));
            cw_assert(cw_sip_message_cseq(answer) == cw_sip_message_cseq(m));
            cw_assert(cw_str_is_present(cw_sip_message_to(answer).tag));
            cw_assert(cw_sip_message_body(answer).n == 0);
        }
        cw_sip_message_free(&answer);
    }
    (void)cw_sip_reply_hop(m, &source);
    cw_buf_free(&echo);
    cw_buf_free(&bytes);
}

/* A recorded route that we took goes back in the answer that makes the dialog, and out again in our
 * request, as the same. */
static void check_route(const struct cw_sip_message *m)
{
    struct cw_sip_request request;
    struct cw_buf bytes = {0};

    cw_sip_message_values(m, &request);
    if (cw_sip_message_verdict(m).answer != 0 || !cw_str_is_present(request.record_route))
        return;
    const struct cw_sip_reply reply = {.status = 200, .record_route = request.record_route};
    const struct cw_sip_draft draft = {.method = CW_STR("NOTIFY"),
                                       .request_uri = CW_STR("sip:a@b.test"),
                                       .sent_by = CW_STR("192.0.2.9"),
                                       .branch = CW_STR("z9hG4bKx"),
                                       .from_uri = CW_STR("sip:a@b.test"),
                                       .from_tag = CW_STR("1"),
                                       .to_uri = CW_STR("sip:a@b.test"),
                                       .call_id = CW_STR("x"),
                                       .route = request.record_route};

    cw_assert(cw_sip_build_response(&bytes,
                                    CW_S("Via: SIP/2.0/UDP h;branch=z9hG4bKx\r\n"
                                         "From: <sip:a@b.test>;tag=1\r\nCall-ID: x\r\n"
                                         "CSeq: 1 SUBSCRIBE\r\nTo: <sip:a@b.test>"),
                                    &reply, NULL) == CW_OK);
    struct cw_sip_message *answer = cw_sip_message_parse(cw_buf_str(&bytes), CW_SIP_TCP);
    struct cw_sip_response response;
    cw_sip_message_response_values(answer, &response);
    cw_assert(cw_sip_message_verdict(answer).valid);
    cw_assert(cw_str_eq(response.record_route, request.record_route));
    cw_sip_message_free(&answer);
    cw_buf_reset(&bytes);
    cw_assert(cw_sip_build_request(&bytes, &draft, NULL) == CW_OK);
    cw_buf_free(&bytes);
}

void fuzz_input(struct cw_str input)
{
    static const enum cw_sip_transport transports[] = {CW_SIP_UDP, CW_SIP_TCP};

    for (size_t i = 0; i < sizeof transports / sizeof *transports; i++) {
        struct cw_sip_message *m = cw_sip_message_parse(input, transports[i]);

        check_verdict(m);
        use_getters(m);
        if (cw_sip_message_is_request(m))
            check_answer(m, transports[i]);
        check_route(m);
        cw_sip_message_free(&m);
    }
}
