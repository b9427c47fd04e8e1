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

/* Names separated by spaces: the primary, then the additionals. */
static inline struct cw_partner partner_of(struct fixture *f, const char *domains)
{
    struct cw_partner partner = CW_PARTNER_DEFAULT;
    struct cw_str rest = cw_str_of(domains);
    partner.additional = cw_arena_alloc(&f->arena, 8 * sizeof(struct cw_str));
    while (rest.n > 0) {
        ptrdiff_t space = cw_str_index(rest, ' ');
        size_t end = space < 0 ? rest.n : (size_t)space;
        struct cw_str domain = cw_str_sub(rest, 0, end);
        if (cw_str_is_present(partner.domain))
            partner.additional[partner.n_additional++] = domain;
        else
            partner.domain = domain;
        rest = cw_str_sub(rest, end + 1, rest.n);
    }
    return partner;
}

static inline enum cw_err add_partner(struct fixture *f, const char *domains)
{
    struct cw_partner partner = partner_of(f, domains);
    return cw_store_partner_add(f->store, &change, &partner, &f->arena, &f->refusal);
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
