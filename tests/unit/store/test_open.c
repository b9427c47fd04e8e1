/* Opening a store: by several processes at once, when it is of an older schema, and what is
 * refused. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "fixture.h"
#include "store/account.h"

/* Four processes, each adding partners: none is lost, and each counts. */
static void test_processes(void **state)
{
    struct fixture *f = *state;
    uint64_t version = version_of(f->store);
    cw_store_close(&f->store); /* a handle must not cross a fork */
    for (int child = 0; child < 4; child++) {
        if (fork() > 0)
            continue;
        bool ok = open_store(f, &f->store) == CW_OK;
        for (int i = 0; i < 10 && ok; i++)
            ok = add_partner(f, cw_arena_printf(&f->arena, "p%d-%d.test", child, i).p) == CW_OK;
        _exit(ok ? 0 : 1);
    }
    for (int child = 0; child < 4; child++) {
        int status = -1;
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    assert_int_equal(open_store(f, &f->store), CW_OK);
    assert_int_equal(version_of(f->store), version + 40);
    assert_int_equal(audit_rows(f), 40);
}

/* A handle that is opened while the process has another takes none of its locks away (POSIX drops
 * them when any descriptor of the file is closed): a process that comes and goes would think itself
 * the last one, and take away the log in which the changes are. */
static void test_second_handle(void **state)
{
    struct fixture *f = *state;
    struct cw_store *second;
    char log[sizeof f->scratch.path + 8];
    int begin[2], status = -1;
    char c = 0;
    cw_store_close(&f->store); /* a handle must not cross a fork */
    assert_int_equal(pipe(begin), 0);
    if (fork() == 0) {
        bool ok = read(begin[0], &c, 1) == 1 && open_store(f, &f->store) == CW_OK;
        cw_store_close(&f->store);
        _exit(ok ? 0 : 1);
    }
    assert_int_equal(open_store(f, &f->store), CW_OK);
    assert_int_equal(open_store(f, &second), CW_OK);
    assert_int_equal(add_partner(f, "a.test"), CW_OK);
    assert_int_equal(write(begin[1], &c, 1), 1);
    assert_true(wait(&status) > 0);
    assert_int_equal(status, 0);
    snprintf(log, sizeof log, "%s-wal", f->scratch.path);
    assert_int_equal(access(log, F_OK), 0);
    cw_store_close(&second);
    close(begin[0]);
    close(begin[1]);
}

/* Eight processes open a store that is not there yet: one makes it, all get it. */
static void test_first_open(void **state)
{
    struct fixture *f = *state;
    struct cw_settings settings;
    uint64_t version;
    cw_store_close(&f->store);
    for (int round = 0; round < 5; round++) {
        assert_int_equal(unlink(f->scratch.path), 0);
        for (int child = 0; child < 8; child++)
            if (fork() == 0)
                _exit(open_store(f, &f->store) == CW_OK ? 0 : 1);
        for (int child = 0; child < 8; child++) {
            int status = -1;
            assert_true(wait(&status) > 0);
            assert_int_equal(status, 0);
        }
        assert_int_equal(open_store(f, &f->store), CW_OK);
        assert_int_equal(cw_store_settings_get(f->store, &f->arena, &settings, &version), CW_OK);
        assert_int_equal(settings.dialback_secret.n, 64);
        cw_store_close(&f->store);
    }
}

static void assert_refused(struct fixture *f, const char *name, const char *part)
{
    struct cw_store *store = NULL;
    enum cw_err err = open_store(f, &store);
    if (err == CW_OK || store || cw_str_find(f->refusal.sentence, cw_str_of(part)) < 0)
        fail_msg("%s: %d \"%.*s\"", name, (int)err, CW_ARG(f->refusal.sentence));
}

/* Undoes a step of the schema, and those after it. */
static void go_back(struct fixture *f, int version)
{
    static const char *const undo[] = {
        "ALTER TABLE partner DROP COLUMN trust_anchor;"
        "ALTER TABLE partner DROP COLUMN pinned_keys; PRAGMA user_version=1",
        "DROP TABLE access; DROP TABLE block; DROP TABLE subscription; DROP TABLE dialog;"
        "DROP TABLE withdrawal; PRAGMA user_version=2",
        "DROP TABLE account; DROP TABLE session; DROP TABLE token; DROP INDEX audit_object;"
        "DROP INDEX audit_action; PRAGMA user_version=3",
    };
    for (int step = sizeof(undo) / sizeof(undo[0]); step >= version; step--)
        sql(f, undo[step - 1]);
}

/* A store of an older schema keeps what it has and gets what came later. */
static void test_older_schema(void **state)
{
    struct fixture *f = *state;
    struct cw_partner_row row;
    assert_int_equal(add_partner(f, "a.test b.test"), CW_OK);
    assert_int_equal(
        cw_store_contact_add(f->store, CW_S("alice@contoso.test"), CW_S("j@a.test"), 7), CW_OK);
    for (int version = 1; version <= 3; version++) {
        struct cw_access_rule *rules;
        struct cw_store_dialog *dialogs;
        struct cw_account *accounts;
        bool has;
        size_t n;
        cw_store_close(&f->store);
        go_back(f, version);
        assert_int_equal(open_store(f, &f->store), CW_OK);
        assert_int_equal(cw_store_partner_get(f->store, CW_S("a.test"), &f->arena, &row), CW_OK);
        assert_int_equal(row.partner.n_additional, 1);
        assert_true(cw_str_is_present(row.partner.trust_anchor));
        assert_true(cw_str_is_empty(row.partner.trust_anchor));
        assert_int_equal(row.partner.n_pinned_keys, 0);
        assert_int_equal(
            cw_store_contact_has(f->store, CW_S("alice@contoso.test"), CW_S("j@a.test"), &has),
            CW_OK);
        assert_true(has);
        assert_int_equal(cw_store_access_list(f->store, &f->arena, &rules, &n), CW_OK);
        assert_int_equal(n, 0);
        assert_int_equal(cw_store_dialog_list(f->store, &f->arena, &dialogs, &n), CW_OK);
        assert_int_equal(n, 0);
        assert_int_equal(cw_store_account_list(f->store, &f->arena, &accounts, &n), CW_OK);
        assert_int_equal(n, 0);
        assert_int_equal(audit_rows(f), 1);
    }
}

static void test_open_refusals(void **state)
{
    struct fixture *f = *state;
    struct stat info;
    assert_int_equal(stat(f->scratch.path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    cw_store_close(&f->store);
    chmod(f->scratch.path, 0644);
    assert_refused(f, "mode", "has mode 0644, yet it holds the dialback secret; set it to 0600");
    chmod(f->scratch.path, 0600);
    chmod(f->scratch.directory, 0777);
    assert_refused(f, "directory mode", "everybody may write to the directory");
    chmod(f->scratch.directory, 0700);
    sql(f, "PRAGMA user_version=1000");
    assert_refused(f, "newer",
                   "the store has schema 1000, made by a newer release; this one knows "
                   "up to 4: install the newer release, or restore a backup");
    sql(f, "PRAGMA user_version=4");
    assert_int_equal(truncate(f->scratch.path, 0), 0);
    int fd = open(f->scratch.path, O_WRONLY);
    assert_int_equal(write(fd, "this is no database, it is text", 31), 31);
    close(fd);
    assert_refused(f, "no database", "file is not a database");
    char path[sizeof(f->scratch.path)];
    strcpy(path, f->scratch.path);
    strcpy(f->scratch.path, "/nowhere/at/all.db");
    assert_refused(f, "no directory", "it does not exist; create it with mode 0700");
    strcpy(f->scratch.path, path);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_processes),     TEST(test_second_handle), TEST(test_older_schema),
        TEST(test_open_refusals), TEST(test_first_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
