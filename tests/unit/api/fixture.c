/* See fixture.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fixture.h"

static const struct cw_str locals[] = {CW_STR("contoso.test")};

int setup(void **state)
{
    struct fixture *f = cw_alloc(sizeof(*f));
    struct cw_refusal refusal;
    scratch_make(&f->scratch);
    struct cw_store_options options = {f->scratch.path, locals, 1};
    assert_int_equal(cw_store_open(&options, &f->store, &f->arena, &refusal), CW_OK);
    f->call = (struct cw_api_call){f->store, &f->arena, "test", CW_ADMINISTRATOR, false};
    *state = f;
    return 0;
}

int teardown(void **state)
{
    struct fixture *f = *state;
    cw_store_close(&f->store);
    scratch_remove(&f->scratch);
    cw_arena_free(&f->arena);
    cw_free(f);
    return 0;
}

json_t *run(struct fixture *f, const char *command, const char *arguments)
{
    const struct cw_api_command *row = cw_api_find(cw_str_of(command));
    json_error_t error;
    json_t *in = json_loads(arguments, 0, &error);
    if (!row || !in)
        fail_msg("%s %s: no such command, or no JSON: %s", command, arguments, error.text);
    json_t *answer = cw_api_run(row, &f->call, in, &f->problem);
    json_decref(in);
    return answer;
}

json_t *must(struct fixture *f, const char *command, const char *arguments)
{
    json_t *answer = run(f, command, arguments);
    if (!answer)
        fail_msg("%s %s: %.*s", command, arguments, CW_ARG(f->problem.sentence));
    return answer;
}

void prepare(struct fixture *f)
{
    json_decref(must(f, "partner new", "{\"domain\":\"a.test\",\"additional\":[\"b.test\"]}"));
}

void assert_json(const json_t *value, const char *expected)
{
    json_t *wanted = json_loads(expected, JSON_DECODE_ANY, NULL);
    char *got = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    assert_non_null(wanted);
    if (!json_equal(value, wanted))
        fail_msg("%s is not %s", got, expected);
    free(got);
    json_decref(wanted);
}

void assert_answer(struct fixture *f, const char *command, const char *arguments,
                   const char *expected)
{
    json_t *answer = must(f, command, arguments);
    assert_json(answer, expected);
    json_decref(answer);
}

void assert_refusals(struct fixture *f, const struct refusal_row *rows, size_t n)
{
    uint64_t before, after;
    assert_int_equal(cw_store_version(f->store, &before), CW_OK);
    for (size_t i = 0; i < n; i++) {
        const struct refusal_row *row = &rows[i];
        json_t *answer = run(f, row->command, row->arguments);
        if (answer || f->problem.status != row->status ||
            strcmp(f->problem.field, row->field) != 0 ||
            !cw_str_eq_cstr(f->problem.sentence, row->sentence))
            fail_msg("%s: %d [%s] \"%.*s\"", row->name, f->problem.status, f->problem.field,
                     CW_ARG(f->problem.sentence));
    }
    assert_int_equal(cw_store_version(f->store, &after), CW_OK);
    assert_int_equal(before, after);
}
