/* Opening the SQLite store, and the frame of every change: one transaction, its audit row, the
 * policy's version. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/sqlite_priv.h"

#define BUSY_TIMEOUT_MS 5000

enum cw_err cw_store_refuse(struct cw_refusal *refusal, enum cw_err err, const char *field,
                            struct cw_str sentence)
{
    *refusal = (struct cw_refusal){field, sentence};
    return err;
}

/* The file holds the dialback secret, and who may write its directory may replace it. */
static enum cw_err check_directory(const char *path, struct stat *info, struct cw_arena *arena,
                                   struct cw_refusal *refusal)
{
    char *copy = cw_strdup(cw_str_of(path));
    const char *directory = cw_arena_dup(arena, cw_str_of(dirname(copy))).p;
    cw_free(copy);
    if (stat(directory, info) != 0)
        return cw_store_refuse(
            refusal, errno == ENOENT ? CW_ERR_INVALID : CW_ERR_IO, "store",
            cw_arena_printf(arena, "%s: the directory of the store cannot be used: %s", directory,
                            errno == ENOENT ? "it does not exist; create it with mode 0700"
                                            : strerror(errno)));
    if (!S_ISDIR(info->st_mode))
        return cw_store_refuse(
            refusal, CW_ERR_INVALID, "store",
            cw_arena_printf(arena, "%s: is not a directory; the store needs one", directory));
    if (info->st_mode & S_IWOTH)
        return cw_store_refuse(refusal, CW_ERR_INVALID, "store",
                               cw_arena_printf(arena,
                                               "%s: everybody may write to the directory of the "
                                               "store; take that right away (chmod o-w)",
                                               directory));
    return CW_OK;
}

/* Made before SQLite opens it, so that it never exists with another mode; SQLite gives the files
 * beside it the same.  Made by root, it belongs to the directory's owner, who runs the gateway.
 *
 * A file that is there is looked at and not opened: to close any descriptor of it would take away
 * the locks that other handles of this process hold (POSIX), and the next process that comes and
 * goes would take away the log, with the changes in it. */
static int make_file(const char *path, const struct stat *directory)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
    if (fd < 0)
        return errno == EEXIST ? 0 : errno;
    int code = 0;
    if (geteuid() == 0 && fchown(fd, directory->st_uid, directory->st_gid) != 0)
        code = errno;
    close(fd);
    return code;
}

static enum cw_err check_file(const char *path, const struct stat *directory,
                              struct cw_arena *arena, struct cw_refusal *refusal)
{
    struct stat info;
    int code = make_file(path, directory);
    if (code == 0 && lstat(path, &info) != 0)
        code = errno;
    if (code != 0)
        return cw_store_refuse(
            refusal, CW_ERR_IO, "store",
            cw_arena_printf(arena, "%s: the store cannot be opened: %s", path, strerror(code)));
    if (!S_ISREG(info.st_mode))
        return cw_store_refuse(refusal, CW_ERR_INVALID, "store",
                               cw_arena_printf(arena, "%s: is not a file", path));
    if (info.st_mode & (S_IRWXO | S_IWGRP))
        return cw_store_refuse(
            refusal, CW_ERR_INVALID, "store",
            cw_arena_printf(arena,
                            "%s: has mode %04o, yet it holds the dialback secret; set it to 0600",
                            path, (unsigned)(info.st_mode & 07777)));
    return CW_OK;
}

static enum cw_err open_database(struct cw_store *store, const char *path, struct cw_arena *arena,
                                 struct cw_refusal *refusal)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;
    enum cw_err err = CW_ERR_STORE;
    if (sqlite3_open_v2(path, &store->db, flags, NULL) == SQLITE_OK &&
        sqlite3_busy_timeout(store->db, BUSY_TIMEOUT_MS) == SQLITE_OK)
        err = cw_sql_exec(store, "PRAGMA journal_mode=WAL;"
                                 "PRAGMA synchronous=FULL;"
                                 "PRAGMA foreign_keys=ON;"
                                 "PRAGMA trusted_schema=OFF;"
                                 /* our roles may make no files but their own (rights.c) */
                                 "PRAGMA temp_store=MEMORY;");
    if (!err)
        err = cw_schema_migrate(store, arena, refusal);
    if (err && !cw_str_is_present(refusal->sentence))
        cw_store_refuse(refusal, err, "store",
                        cw_arena_printf(arena, "%s: the store cannot be opened: %s", path,
                                        sqlite3_errmsg(store->db)));
    return err;
}

enum cw_err cw_store_open(const struct cw_store_options *options, struct cw_store **out,
                          struct cw_arena *arena, struct cw_refusal *refusal)
{
    struct stat directory;
    *out = NULL;
    *refusal = (struct cw_refusal){.field = ""};
    enum cw_err err = check_directory(options->path, &directory, arena, refusal);
    if (!err)
        err = check_file(options->path, &directory, arena, refusal);
    if (err)
        return err;
    struct cw_store *store = cw_alloc(sizeof(*store));
    store->local_domains = options->local_domains;
    store->n_local_domains = options->n_local_domains;
    err = open_database(store, options->path, arena, refusal);
    if (err)
        cw_store_close(&store);
    *out = store;
    return err;
}

void cw_store_close(struct cw_store **store)
{
    if (!*store)
        return;
    cw_sql_free_kept(*store);
    (void)sqlite3_close_v2((*store)->db); /* all others were finished where they were made */
    cw_free(*store);
    *store = NULL;
}

const struct cw_str *cw_store_local_domains(const struct cw_store *store, size_t *n)
{
    *n = store->n_local_domains;
    return store->local_domains;
}

enum cw_err cw_store_version(struct cw_store *store, uint64_t *out)
{
    struct cw_sql s = cw_sql_prepare(store, "SELECT value FROM counter WHERE name='policy'");
    *out = cw_sql_row(&s) ? (uint64_t)cw_sql_column_int(&s, 0) : 0;
    return cw_sql_finish(&s);
}

/* IMMEDIATE: a transaction that reads first and writes later would fail instead of waiting when
 * another process writes in between. */
enum cw_err cw_store_begin(struct cw_store *store)
{
    store->is_nested = !sqlite3_get_autocommit(store->db);
    return cw_sql_exec(store, store->is_nested ? "SAVEPOINT change" : "BEGIN IMMEDIATE");
}

static enum cw_err keep(struct cw_store *store)
{
    return cw_sql_exec(store, store->is_nested ? "RELEASE change" : "COMMIT");
}

/* Only this change: what a batch did before it stays, as far as it goes. */
static void take_back(struct cw_store *store)
{
    if (sqlite3_get_autocommit(store->db))
        return; /* a full disk has ended it already, all of it */
    (void)cw_sql_exec(store, store->is_nested ? "ROLLBACK TO change" : "ROLLBACK");
    if (store->is_nested)
        (void)cw_sql_exec(store, "RELEASE change");
}

enum cw_err cw_store_commit(struct cw_store *store, const struct cw_change *change,
                            struct cw_audit *audit, enum cw_err err)
{
    if (!err && !audit->is_no_policy)
        err = cw_sql_exec(store, "UPDATE counter SET value=value+1 WHERE name='policy'");
    if (!err)
        err = cw_audit_write(store, change, audit);
    bool is_kept = !err && !change->what_if;
    if (is_kept)
        err = keep(store);
    if (!is_kept || err)
        take_back(store);
    store->is_nested = false;
    json_decref(audit->before);
    json_decref(audit->after);
    return err;
}
