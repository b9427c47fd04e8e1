/* Event and Subscription-State, read and written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vectors.h"
#include "xlate/event.h"

static void event_fields_are_read_and_written(void **state)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"active;expires=499", "active;expires=499"},
        {" Pending ; Expires = 5 ", "pending;expires=5"},
        {"terminated;retry-after=5;reason=Probation", "terminated;reason=probation;retry-after=5"},
        {"terminated;reason=unheard-of", "terminated"},
        {"terminated;expires=-1;retry-after=", "terminated"},
        {"active;expires=99999999999999999999", "active;expires=4294967295"},
        {"neutral", "pending"},
    };
    struct cw_arena arena = {0};
    struct cw_event_status status;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        expect(rows[i].in, "is read", cw_event_status_parse(cw_str_of(rows[i].in), &status));
        expect_str(rows[i].in, "written", cw_event_status_text(&arena, &status),
                   cw_str_of(rows[i].out));
    }
    assert_false(cw_event_status_parse(CW_STR_NONE, &status));
    assert_false(cw_event_status_parse(CW_S(" ;expires=5"), &status));
    cw_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(event_fields_are_read_and_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
