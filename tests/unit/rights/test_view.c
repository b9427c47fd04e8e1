/* The two ways of closing the file system, each by itself. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "inside.h"
#include "rights/rights.h"

typedef enum cw_view_kind close_fn(const struct cw_view *, struct cw_buf *why);

static char directory[64];

static const char *path(const char *name)
{
    static char paths[4][128];
    static unsigned turn;
    char *out = paths[turn++ % 4];
    snprintf(out, sizeof paths[0], "%s/%s", directory, name);
    return out;
}

/* 0: all is as it should be; else the number of the line. */
static int look_around(void)
{
    if (inside_read(path("read/file")) != 0 || inside_write(path("read/file")) == 0)
        return __LINE__;
    if (inside_create(path("read/new")) == 0 || inside_remove(path("read/file")) == 0)
        return __LINE__;
    if (inside_create(path("write/new")) != 0 || inside_remove(path("write/new")) != 0)
        return __LINE__;
    if (inside_read(path("hidden/file")) == 0 || inside_create(path("new")) == 0)
        return __LINE__;
    /* By a link to a link, and the file that a link can be switched to. */
    if (inside_read(path("pointer/cert.pem")) != 0 || inside_read(path("live/x/cert.pem")) != 0 ||
        inside_read(path("archive/x/cert2.pem")) != 0 || inside_read(path("archive/file")) == 0)
        return __LINE__;
    return inside_read("/etc/passwd") == 0 ? __LINE__ : 0;
}

/* A certificate as certbot keeps it, and a link of the administrator's to that. */
static void make_links(void)
{
    static const char *const directories[] = {"pointer", "live", "live/x", "archive", "archive/x"};
    for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
        assert_int_equal(mkdir(path(directories[i]), 0755), 0);
    assert_int_equal(inside_create(path("archive/file")), 0);
    assert_int_equal(inside_create(path("archive/x/cert1.pem")), 0);
    assert_int_equal(inside_create(path("archive/x/cert2.pem")), 0);
    assert_int_equal(symlink("../../archive/x/cert1.pem", path("live/x/cert.pem")), 0);
    assert_int_equal(symlink("../live/x/cert.pem", path("pointer/cert.pem")), 0);
}

static void make_files(void)
{
    snprintf(directory, sizeof directory, "/tmp/cw-view-XXXXXX");
    assert_non_null(mkdtemp(directory));
    assert_int_equal(mkdir(path("read"), 0755), 0);
    assert_int_equal(mkdir(path("write"), 0755), 0);
    assert_int_equal(mkdir(path("hidden"), 0755), 0);
    assert_int_equal(inside_create(path("read/file")), 0);
    assert_int_equal(inside_create(path("hidden/file")), 0);
    make_links();
}

static void try_view(close_fn *close_view, enum cw_view_kind expected)
{
    int status;
    char command[128];
    make_files();
    pid_t pid = fork();
    if (pid == 0) {
        struct cw_arena arena = {0};
        struct cw_paths paths = {.arena = &arena};
        cw_paths_add(&paths, cw_str_of(path("read")), CW_PATH_READ);
        cw_paths_add(&paths, cw_str_of(path("write")), CW_PATH_WRITE);
        cw_paths_add(&paths, cw_str_of(path("missing")), CW_PATH_READ);
        cw_paths_add_beside(&paths, cw_str_of(path("pointer/cert.pem")), CW_STR_NONE);
        struct cw_view view = {.paths = paths.list, .n_paths = paths.n};
        struct cw_buf why = {0};
        enum cw_view_kind kind = close_view(&view, &why);
        if (kind == CW_VIEW_NONE)
            _exit(255);
        if (kind != expected)
            fprintf(stderr, "%.*s\n", CW_ARG(cw_buf_str(&why)));
        _exit(kind == expected ? look_around() : 254);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    snprintf(command, sizeof command, "rm -rf %s", directory);
    assert_int_equal(system(command), 0);
    assert_true(WIFEXITED(status));
    if (WEXITSTATUS(status) == 255)
        skip(); /* not to be had here */
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void test_landlock(void **state)
{
    (void)state;
    try_view(cw_view_landlock, CW_VIEW_LANDLOCK);
}

/* In a bare chroot it is not, and nobody can turn it then. */
static bool root_is_a_mount_point(void)
{
    char line[1024], at[512];
    bool found = false;
    FILE *mounts = fopen("/proc/self/mountinfo", "r");
    while (mounts && !found && fgets(line, sizeof line, mounts))
        found = sscanf(line, "%*s %*s %*s %*s %511s", at) == 1 && strcmp(at, "/") == 0;
    if (mounts)
        fclose(mounts);
    return found;
}

static void test_mount(void **state)
{
    (void)state;
    if (!root_is_a_mount_point())
        skip();
    try_view(cw_view_mount, CW_VIEW_MOUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_landlock),
                                       cmocka_unit_test(test_mount)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
