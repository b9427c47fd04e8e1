/* What fields of a request ask for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "panel/fields.h"

struct row {
    const char *value;
    bool expected;
};

static void check(const char *name, const struct row *rows, size_t n,
                  bool (*ask)(const struct cw_http_request *))
{
    for (size_t i = 0; i < n; i++) {
        const struct cw_http_field field = {cw_str_of(name), cw_str_of(rows[i].value)};
        const struct cw_http_request request = {.fields = &field, .n_fields = 1};
        if (ask(&request) != rows[i].expected)
            fail_msg("%s: %s", name, rows[i].value);
    }
}

static bool has_tag(const struct cw_http_request *request)
{
    return panel_has_tag(request, CW_S("\"a1\""));
}

static void test_gzip(void **state)
{
    static const struct row rows[] = {
        {"gzip", true},
        {"gzip, deflate, br, zstd", true},
        {"br;q=1.0, GZIP;q=0.5", true},
        {"*", true},
        {"identity, *;q=0.1", true},
        {"gzip;q=0.001", true},
        {"", false},
        {"br", false},
        {"gzip2, xgzip", false},
        {"gzip;q=0", false},
        {"gzip; Q=0.000, *", false},
        {"*, gzip;q=0", false},
        {"*;q=0", false},
        {",,;;,", false},
    };
    const struct cw_http_request nothing = {.n_fields = 0};
    (void)state;
    check("accept-encoding", rows, sizeof rows / sizeof *rows, panel_takes_gzip);
    assert_false(panel_takes_gzip(&nothing));
}

static void test_tag(void **state)
{
    static const struct row rows[] = {
        {"\"a1\"", true},
        {"W/\"a1\"", true},
        {"\"x\", \"a1\"", true},
        {"*", true},
        {"\"x\",\"a1\",,", true},
        {"", false},
        {"a1", false},
        {"\"a2\"", false},
        {"\"a1", false},
        {"w/\"a1\"", false},
        {",", false},
    };
    const struct cw_http_request nothing = {.n_fields = 0};
    (void)state;
    check("if-none-match", rows, sizeof rows / sizeof *rows, has_tag);
    assert_false(has_tag(&nothing));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_gzip), cmocka_unit_test(test_tag)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
