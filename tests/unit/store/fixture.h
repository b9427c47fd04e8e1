/* A store in a directory of its own, for one test; include after cmocka.h. */
#ifndef TESTS_UNIT_STORE_FIXTURE_H
#define TESTS_UNIT_STORE_FIXTURE_H

#include <sqlite3.h>

#include "scratch.h"
#include "store/store.h"

static const struct cw_str locals[] = {CW_STR("contoso.test"), CW_STR("xn--bcher-kva.test")};
static const struct cw_change change = {.who = "test"};

struct fixture {
    struct scratch scratch;
    struct cw_store *store;
    struct cw_arena arena;
    struct cw_refusal refusal;
};

static inline enum cw_err open_store(struct fixture *f, struct cw_store **out)
{
    struct cw_store_options options = {f->scratch.path, locals, 2};
    return cw_store_open(&options, out, &f->arena, &f->refusal);
}

static inline int setup(void **state)
{
    struct fixture *f = cw_alloc(sizeof(*f));
    scratch_make(&f->scratch);
    assert_int_equal(open_store(f, &f->store), CW_OK);
    *state = f;
    return 0;
}

static inline int teardown(void **state)
{
    struct fixture *f = *state;
    cw_store_close(&f->store);
    scratch_remove(&f->scratch);
    cw_arena_free(&f->arena);
    cw_free(f);
    return 0;
}

static inline uint64_t version_of(struct cw_store *store)
{
    uint64_t version = 0;
    assert_int_equal(cw_store_version(store, &version), CW_OK);
    return version;
}

static inline size_t audit_rows(struct fixture *f)
{
    struct cw_audit_row *rows;
    size_t n;
    assert_int_equal(cw_store_audit_list(f->store, 1000, &f->arena, &rows, &n), CW_OK);
    return n;
}

static inline void sql(struct fixture *f, const char *text)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(f->scratch.path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

#endif
