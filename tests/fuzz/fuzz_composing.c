/* isComposing documents: what is read is written and read again as the same. */
#include "fuzz.h"

#include "xlate/composing.h"

void fuzz_input(struct cw_str input)
{
    struct cw_arena a = {0};
    struct cw_composing first, again;
    struct cw_buf text = {0};

    if (cw_composing_parse(&a, input, &first) == CW_COMPOSING_OK) {
        cw_assert(cw_composing_holds_s(&first) >= 1);
        cw_assert(cw_composing_holds_s(&first) <= CW_COMPOSING_MAX_REFRESH_S);
        cw_composing_write(&text, &first);
        cw_assert(cw_composing_parse(&a, cw_buf_str(&text), &again) == CW_COMPOSING_OK);
        cw_assert(again.is_active == first.is_active && again.refresh_s == first.refresh_s);
    } else {
        cw_assert(!first.is_active && first.refresh_s == 0);
    }
    cw_buf_free(&text);
    cw_arena_free(&a);
}
