/* Reports: what is read is written and read again as the same, and becomes at most one stanza. */
#include "fuzz.h"

#include "xlate/report.h"

static const struct cw_jid alice = {.local = CW_STR("alice"), .domain = CW_STR("contoso.test")};
static const struct cw_jid juliet = {.local = CW_STR("juliet"), .domain = CW_STR("fabrikam.test")};

void fuzz_input(struct cw_str input)
{
    struct cw_arena a = {0};
    struct cw_imdn first, again;
    struct cw_buf text = {0};

    if (cw_imdn_parse(&a, input, &first) == CW_IMDN_OK) {
        cw_assert(first.message_id.n > 0 && first.message_id.n <= CW_IMDN_MAX_ID_BYTES);
        cw_imdn_write(&text, &first);
        if (text.n <= CW_IMDN_MAX_BYTES) {
            cw_assert(cw_imdn_parse(&a, cw_buf_str(&text), &again) == CW_IMDN_OK);
            cw_assert(cw_str_eq(again.message_id, first.message_id));
            cw_assert(again.kind == first.kind && again.status == first.status);
        }
        const struct cw_xml *stanza =
            cw_report_stanza(&a, &first, &alice, &juliet, first.message_id);
        cw_assert(!stanza || first.kind == CW_IMDN_DELIVERY);
    } else {
        cw_assert(!cw_str_is_present(first.message_id));
    }
    cw_buf_free(&text);
    cw_arena_free(&a);
}
