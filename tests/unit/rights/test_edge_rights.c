/* What the edge may do, and what not, tried from inside. */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "conf/file.h"
#include "edge/edge_priv.h"
#include "inside.h"

static int listening = -1;

static bool drop(struct cw_config *config, struct cw_buf *why)
{
    struct edge edge = {.log = {.role = "edge"}, .config = *config};
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    listening = socket(AF_INET, SOCK_STREAM, 0);
    if (!edge_rights_prepare(&edge, why))
        return false;
    inside_create(inside_path("data/causeway.db"));
    return bind(listening, (struct sockaddr *)&any, sizeof any) == 0 && listen(listening, 5) == 0 &&
           edge_rights_drop(&edge, why);
}

static int read_store(void)
{
    return inside_read(inside_path("data/causeway.db"));
}

static int remove_store(void)
{
    return inside_remove(inside_path("data/causeway.db"));
}

static int list_data(void)
{
    return inside_list(inside_path("data"));
}

static int create_in_data(void)
{
    return inside_create(inside_path("data/new"));
}

static int write_certificate(void)
{
    return inside_write(inside_path("keys/certificate.pem"));
}

static int create_beside_certificate(void)
{
    return inside_create(inside_path("keys/new.pem"));
}

static int unix_socket(void)
{
    return socket(AF_UNIX, SOCK_STREAM, 0) >= 0 ? 0 : errno;
}

static int read_key(void)
{
    return inside_read(inside_path("keys/key.pem"));
}

static int read_authorities(void)
{
    return inside_read(inside_path("keys/ca.pem"));
}

/* As a renewal does: written aside, then renamed. */
static void renew(void)
{
    assert_int_equal(unlink(inside_path("keys/key.pem")), 0);
    FILE *file = fopen(inside_path("keys/key.new"), "w");
    assert_non_null(file);
    fputs("NEW", file);
    fclose(file);
    assert_int_equal(chmod(inside_path("keys/key.new"), 0644), 0);
    assert_int_equal(rename(inside_path("keys/key.new"), inside_path("keys/key.pem")), 0);
}

static int read_certbot_key(void)
{
    return inside_read(inside_path("live/b/key.pem"));
}

/* As certbot does: the link is switched to the new file. */
static void renew_by_link(void)
{
    assert_int_equal(unlink(inside_path("live/b/key.pem")), 0);
    assert_int_equal(symlink("../../archive/b/key2.pem", inside_path("live/b/key.pem")), 0);
}

static int save_snapshot(void)
{
    for (int i = 0; i < 2; i++)
        if (cw_file_replace(inside_path("data/edge"), "snapshot.json", CW_S("{}")) != CW_OK)
            return errno;
    return inside_read(inside_path("data/edge/snapshot.json"));
}

static int accept_stream(void)
{
    struct sockaddr_in address;
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (getsockname(listening, (struct sockaddr *)&address, &len) != 0 ||
        connect(fd, (struct sockaddr *)&address, len) != 0)
        return errno;
    return accept4(listening, NULL, NULL, SOCK_CLOEXEC) >= 0 ? 0 : errno;
}

static void test_shared(void **state)
{
    (void)state;
    inside_run(drop, inside_shared_rows, inside_n_shared_rows);
}

static void test_edge(void **state)
{
    static const struct inside_row rows[] = {
        {"read the store", read_store, NULL, EACCES, false},
        {"remove the store", remove_store, NULL, EACCES, false},
        {"list the data directory", list_data, NULL, EACCES, false},
        {"create a file in the data directory", create_in_data, NULL, EACCES, false},
        {"write the certificate", write_certificate, NULL, EACCES, false},
        {"create a file beside the certificate", create_beside_certificate, NULL, EACCES, false},
        {"Unix socket", unix_socket, NULL, EPERM, false},
        {"read the key again", read_key, NULL, 0, false},
        {"read a renewed key", read_key, renew, 0, false},
        {"read a key behind a link", read_certbot_key, NULL, 0, false},
        {"read a key that the link was switched to", read_certbot_key, renew_by_link, 0, false},
        {"read the authorities again", read_authorities, NULL, 0, false},
        {"save the snapshot", save_snapshot, NULL, 0, false},
        {"accept a stream", accept_stream, NULL, 0, false},
    };
    (void)state;
    inside_run(drop, rows, sizeof rows / sizeof *rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_shared), cmocka_unit_test(test_edge)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
