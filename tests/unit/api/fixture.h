/* A store of its own, and the commands run on it; include after cmocka.h. */
#ifndef CW_TEST_API_FIXTURE_H
#define CW_TEST_API_FIXTURE_H

#include "api/api.h"
#include "scratch.h"

struct fixture {
    struct scratch scratch;
    struct cw_store *store;
    struct cw_arena arena;
    struct cw_api_call call;
    struct cw_api_problem problem;
};

int setup(void **state);
int teardown(void **state);

/* The partner a.test, with b.test. */
void prepare(struct fixture *);
/* The answer, or NULL with the problem in the fixture. */
json_t *run(struct fixture *, const char *command, const char *arguments);
/* The same, and it must not be refused. */
json_t *must(struct fixture *, const char *command, const char *arguments);
void assert_json(const json_t *value, const char *expected);
/* Takes the answer over. */
void assert_answer(struct fixture *, const char *command, const char *arguments,
                   const char *expected);

struct refusal_row {
    const char *name, *command, *arguments;
    int status;
    const char *field, *sentence;
};
/* Each is refused so, and nothing is changed. */
void assert_refusals(struct fixture *, const struct refusal_row *, size_t n);

#endif
