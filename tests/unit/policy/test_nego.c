/* The rows of the negotiation table against the published matrix.  Where that matrix is laxer than
 * the product's commit rule (SASL without TLS), the row must be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/nego.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum cw_requirement requirement(const char *text)
{
    enum cw_requirement r;

    if (!strcmp(text, "Not Supported"))
        return CW_NOT_SUPPORTED;
    assert_true(cw_requirement_of(cw_str_of(text), &r));
    return r;
}

static struct cw_rules rules_of(json_t *v)
{
    return (struct cw_rules){
        .tls = requirement(json_string_value(json_object_get(v, "tls"))),
        .sasl = requirement(json_string_value(json_object_get(v, "sasl"))),
        .dialback = json_is_true(json_object_get(v, "dialback")),
    };
}

static bool is_refused_by_product(json_t *v)
{
    return json_is_false(json_object_get(json_object_get(v, "commit_rule"), "saved"));
}

static void check_methods(const char *id, const struct cw_nego_row *row, json_t *methods)
{
    if (row->n_methods != json_array_size(methods))
        fail_msg("%s: %zu methods", id, row->n_methods);
    for (size_t i = 0; i < row->n_methods; i++) {
        const char *want = json_string_value(json_array_get(methods, i));

        if (!cw_str_eq_nocase(cw_str_of(cw_method_name(row->methods[i])), cw_str_of(want)))
            fail_msg("%s: method %zu is %s, not %s", id, i, cw_method_name(row->methods[i]), want);
    }
}

static void matrix(void **state)
{
    char path[512];
    json_t *file, *v;
    size_t i, seen = 0;

    (void)state;
    snprintf(path, sizeof path, "%s/negotiation-matrix.json", getenv("CW_VECTORS"));
    file = json_load_file(path, 0, NULL);
    assert_non_null(file);
    json_array_foreach(json_object_get(file, "vectors"), i, v)
    {
        const char *id = json_string_value(json_object_get(v, "id"));
        struct cw_rules rules = rules_of(v);
        struct cw_nego_row row = cw_nego_row(&rules);
        bool want = json_is_true(json_object_get(v, "valid")) && !is_refused_by_product(v);

        seen++;
        if (row.valid != want)
            fail_msg("%s: valid is %d", id, row.valid);
        if (row.valid != (row.refusal[0] == 0) || row.valid != (row.n_methods > 0))
            fail_msg("%s: a row is either valid with methods or refused with a sentence", id);
        if (row.valid)
            check_methods(id, &row, json_object_get(v, "methods"));
    }
    assert_true(seen >= 14);
    json_decref(file);
}

static void eleven_rows_are_valid(void **state)
{
    unsigned valid = 0;

    (void)state;
    for (unsigned i = 0; i < 18; i++) {
        struct cw_rules r = {.tls = i / 6, .sasl = i / 2 % 3, .dialback = i % 2};

        valid += cw_nego_row(&r).valid;
    }
    assert_int_equal(valid, 11);
}

static void refusals_say_what_to_change(void **state)
{
    struct cw_rules sasl = {CW_NOT_SUPPORTED, CW_OPTIONAL, true};
    struct cw_rules nothing = {CW_REQUIRED, CW_NOT_SUPPORTED, false};

    (void)state;
    assert_string_equal(cw_nego_row(&sasl).refusal,
                        "SASL needs TLS: set TLS to Required or Optional, or SASL to NotSupported");
    assert_string_equal(cw_nego_row(&nothing).refusal, "SASL or dialback must be enabled");
}

static void every_reason_has_a_name_and_a_sentence(void **state)
{
    (void)state;
    for (unsigned r = CW_REASON_SETTINGS_INVALID; r <= CW_REASON_NOTHING_OFFERED; r++) {
        const char *text = cw_nego_reason_text(r);

        assert_string_not_equal(cw_nego_reason_name(r), "?");
        assert_true(strlen(text) > 20 && text[strlen(text) - 1] == '.');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(matrix),
        cmocka_unit_test(eleven_rows_are_valid),
        cmocka_unit_test(refusals_say_what_to_change),
        cmocka_unit_test(every_reason_has_a_name_and_a_sentence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
