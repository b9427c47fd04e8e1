/* Processes that have given up their rights, and what they try; see inside.h. */
#include "inside.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "conf/file.h"
#include "rights/sanitizer.h"

static char directory[64];

const char *inside_path(const char *name)
{
    static char paths[8][256];
    static unsigned turn;
    char *path = paths[turn++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", directory, name);
    return path;
}

/* --- the directory ----------------------------------------------------------------------------*/

enum start { AS_ROOT, AS_ROOT_WITH_USER, AS_ACCOUNT };
static const char *const start_names[] = {"as root", "as root with user", "as an account"};
#define ACCOUNT "nobody"

static void put_file(const char *name, const char *text)
{
    int fd = open(inside_path(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    assert_true(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

static void own(const char *name, uid_t uid)
{
    assert_int_equal(lchown(inside_path(name), uid, (gid_t)-1), 0);
}

/* As certbot does: links that are switched to the files of each renewal. */
static void make_certbot(void)
{
    static const char *const directories[] = {"live", "live/b", "archive", "archive/b"};
    for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
        assert_int_equal(mkdir(inside_path(directories[i]), 0755), 0);
    assert_int_equal(symlink("../../archive/b/cert1.pem", inside_path("live/b/cert.pem")), 0);
    assert_int_equal(symlink("../../archive/b/key1.pem", inside_path("live/b/key.pem")), 0);
}

static void make_directory(enum start start)
{
    static const char *const files[] = {"keys/certificate.pem", "keys/key.pem",
                                        "keys/ca.pem",          "archive/b/cert1.pem",
                                        "archive/b/key1.pem",   "archive/b/key2.pem"};
    const size_t n_files = sizeof files / sizeof *files;
    const struct passwd *account = getpwnam(ACCOUNT);
    strcpy(directory, "/tmp/cw-rights-XXXXXX");
    assert_non_null(mkdtemp(directory));
    assert_int_equal(chmod(directory, 0755), 0);
    assert_int_equal(mkdir(inside_path("data"), 0700), 0);
    assert_int_equal(mkdir(inside_path("keys"), 0755), 0);
    put_file("config.yaml", "secret");
    make_certbot();
    for (size_t i = 0; i < n_files; i++)
        put_file(files[i], "PEM");
    if (start == AS_ROOT)
        return;
    assert_non_null(account);
    if (geteuid() != 0)
        return;
    own("data", account->pw_uid);
    own("config.yaml", account->pw_uid); /* so that not its mode but the view protects it */
    for (size_t i = 0; i < n_files; i++)
        own(files[i], account->pw_uid);
}

static void remove_directory(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", directory);
    assert_int_equal(system(command), 0);
}

static void read_config(enum start start, struct cw_config *config)
{
    struct cw_arena arena = {0};
    struct cw_str why = CW_STR_NONE;
    struct cw_str text = cw_arena_printf(
        &arena,
        "data-dir: %s/data\n%slocal-domains: [contoso.example]\n"
        "edge: {certificate: %s/keys/certificate.pem, key: %s/keys/key.pem, ca: %s/keys/ca.pem,\n"
        "  certificates: [{certificate: %s/live/b/cert.pem, key: %s/live/b/key.pem}]}\n"
        "gateway: {sip: {listen: [{transport: tcp, address: \"127.0.0.1:35098\"}]}}\n",
        directory, start == AS_ROOT_WITH_USER ? "user: " ACCOUNT "\n" : "", directory, directory,
        directory, directory, directory);
    if (cw_config_parse(text, "test", config, &arena, &why) != CW_OK)
        fail_msg("%.*s", CW_ARG(why));
    cw_arena_free(&arena);
}

/* --- one process ------------------------------------------------------------------------------*/

static void become_account(void)
{
    const struct passwd *account = getpwnam(ACCOUNT);
    if (geteuid() == 0 &&
        (setgroups(0, NULL) != 0 || setgid(account->pw_gid) != 0 || setuid(account->pw_uid) != 0))
        _exit(254);
}

static _Noreturn void inside(bool (*drop)(struct cw_config *, struct cw_buf *why),
                             const struct inside_row *row, enum start start, int ready, int go)
{
    struct cw_config config;
    struct cw_buf why = {0};
    char byte = 0;
    cw_log_setup(CW_LOG_ERROR, CW_LOG_TEXT);
    if (start == AS_ACCOUNT)
        become_account();
    read_config(start, &config);
    if (!drop(&config, &why)) {
        fprintf(stderr, "%.*s\n", CW_ARG(cw_buf_str(&why)));
        _exit(255);
    }
    if (start != AS_ROOT && geteuid() == 0)
        _exit(253);
    if (write(ready, "", 1) != 1 || read(go, &byte, 1) != 1)
        _exit(252);
    _exit(row->act());
}

static bool check(const struct inside_row *row, enum start start, int status)
{
    const char *how = start_names[start];
    if (row->expected == INSIDE_ENDS) {
        if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
            return true;
        print_error("%s, %s: the process went on (status %#x)\n", row->name, how, (unsigned)status);
    } else if (!WIFEXITED(status)) {
        print_error("%s, %s: ended by signal %d\n", row->name, how, WTERMSIG(status));
    } else if (WEXITSTATUS(status) != row->expected) {
        print_error("%s, %s: \"%s\" instead of \"%s\"\n", row->name, how,
                    strerror(WEXITSTATUS(status)), strerror(row->expected));
    } else {
        return true;
    }
    return false;
}

static bool try(bool (*drop)(struct cw_config *, struct cw_buf *why), const struct inside_row *row,
                enum start start)
{
    int ready[2], go[2], status = 0;
    char byte;
    make_directory(start);
    assert_true(pipe(ready) == 0 && pipe(go) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(ready[0]);
        inside(drop, row, start, ready[1], go[0]);
    }
    close(ready[1]);
    if (read(ready[0], &byte, 1) == 1) {
        if (row->meanwhile)
            row->meanwhile();
        assert_int_equal(write(go[1], "", 1), 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    close(ready[0]);
    close(go[0]);
    close(go[1]);
    remove_directory();
    return check(row, start, status);
}

void inside_run(bool (*drop)(struct cw_config *, struct cw_buf *why), const struct inside_row *rows,
                size_t n)
{
    size_t n_failed = 0;
    for (size_t i = 0; i < n; i++) {
        if (CW_HAS_SANITIZER && rows[i].not_with_sanitizer)
            continue;
        for (int start = geteuid() == 0 ? AS_ROOT : AS_ACCOUNT; start <= AS_ACCOUNT; start++)
            n_failed += !try(drop, &rows[i], (enum start)start);
    }
    assert_int_equal(n_failed, 0);
}
