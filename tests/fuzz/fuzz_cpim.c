/* CPIM messages: what is read is written and read again as the same, or left out; and the report
 * that is asked for is a message that can be read. */
#include "fuzz.h"

#include "xlate/report.h"

static const struct cw_jid alice = {.local = CW_STR("alice"), .domain = CW_STR("contoso.test")};
static const struct cw_jid juliet = {.local = CW_STR("juliet"), .domain = CW_STR("fabrikam.test")};

static void check_same(struct cw_str first, struct cw_str again)
{
    cw_assert(!cw_str_is_present(again) || cw_str_eq(first, again));
}

static void check_written(struct cw_arena *a, const struct cw_cpim *first)
{
    struct cw_buf text = {0};
    struct cw_cpim again;

    cw_cpim_write(&text, first);
    cw_assert(cw_cpim_parse(a, cw_buf_str(&text), &again) == CW_CPIM_OK);
    check_same(first->from_uri, again.from_uri);
    check_same(first->to_uri, again.to_uri);
    check_same(first->message_id, again.message_id);
    check_same(first->original_to, again.original_to);
    cw_assert(!(again.asks & ~first->asks) && cw_str_eq(again.body, first->body));
    cw_buf_free(&text);
}

static void check_report(struct cw_arena *a, const struct cw_cpim *cpim)
{
    struct cw_report_request request;
    struct cw_cpim envelope;
    struct cw_imdn imdn;

    cw_report_request_of(cpim, &request);
    if (!request.asks)
        return;
    struct cw_str text =
        cw_report_write(a, &request, CW_IMDN_DELIVERED, &juliet, &alice, CW_S("own"));
    cw_assert(cw_cpim_parse(a, text, &envelope) == CW_CPIM_OK);
    cw_assert(envelope.asks == 0 && cw_str_eq(envelope.message_id, CW_S("own")));
    cw_assert(cw_str_eq(envelope.content_type, CW_IMDN_TYPE));
    enum cw_imdn_fault fault = cw_imdn_parse(a, envelope.body, &imdn);
    cw_assert(fault != CW_IMDN_NOT_XML && (fault || imdn.status == CW_IMDN_DELIVERED));
    cw_assert(cw_str_starts(cw_report_uri(a, &request, &alice), CW_S("sip:")));
}

void fuzz_input(struct cw_str input)
{
    struct cw_arena a = {0};
    struct cw_cpim cpim;

    if (cw_cpim_parse(&a, input, &cpim) == CW_CPIM_OK) {
        cw_assert(cpim.n_routes <= CW_CPIM_MAX_ROUTES);
        check_written(&a, &cpim);
        check_report(&a, &cpim);
    } else {
        cw_assert(!cpim.body.p && cpim.asks == 0);
    }
    cw_arena_free(&a);
}
