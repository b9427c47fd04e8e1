/* What the panel may do, and what not, tried from inside: on its loop's thread, and on a worker's.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "conf/file.h"
#include "inside.h"
#include "panel/panel_priv.h"
#include "store/account.h"

static struct cw_store *store;
static int local = -1;
static struct sockaddr_un local_address = {.sun_family = AF_UNIX};

/* --- the role ---------------------------------------------------------------------------------*/

static int open_store(void)
{
    static struct cw_arena arena;
    struct cw_refusal refusal;
    struct cw_str domain = CW_S("contoso.example");
    struct cw_store_options options = {inside_path("data/causeway.db"), &domain, 1};
    return cw_store_open(&options, &store, &arena, &refusal) == CW_OK ? 0 : EIO;
}

static bool bind_local(const struct cw_config *config)
{
    local = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(local_address.sun_path, sizeof local_address.sun_path, "%s", config->panel.socket.p);
    return bind(local, (struct sockaddr *)&local_address, sizeof local_address) == 0 &&
           listen(local, 5) == 0;
}

/* As at the first start: the store and the certificate are made on the way. */
static bool drop(struct cw_config *config, struct cw_buf *why)
{
    static struct panel panel;
    struct cw_str certificate, key;
    panel = (struct panel){
        .log = {.role = "panel"}, .config = *config, .host_name = CW_STR("panel.test")};
    if (!panel_rights_files(&panel, why) || open_store() != 0)
        return false;
    cw_store_close(&store);
    return panel_certificate_paths(&panel, &certificate, &key, why) && bind_local(config) &&
           inside_start_thread() && panel_rights_drop(&panel, why);
}

/* --- acts -------------------------------------------------------------------------------------*/

static int read_certificate(void)
{
    return inside_read(inside_path("keys/certificate.pem"));
}

static int read_own_pair(void)
{
    return inside_read(inside_path("data/panel.pem"));
}

static int commit(void)
{
    const struct cw_session session = {.key = CW_STR("key"),
                                       .account = CW_STR("anna"),
                                       .csrf = CW_STR("csrf"),
                                       .address = CW_STR("127.0.0.1")};
    return open_store() == 0 && cw_store_session_add(store, &session) == CW_OK ? 0 : EIO;
}

static int commit_on_thread(void)
{
    return inside_on_thread(commit);
}

/* A new one, when the old one was removed. */
static int write_pair(void)
{
    return cw_file_replace(inside_path("data"), "panel.pem", CW_S("new")) == CW_OK ? 0 : errno;
}

static int accept_locally(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&local_address, sizeof local_address) != 0)
        return errno;
    int peer = accept4(local, NULL, NULL, SOCK_CLOEXEC);
    struct ucred credentials;
    socklen_t n = sizeof credentials;
    return getsockopt(peer, SOL_SOCKET, SO_PEERCRED, &credentials, &n) == 0 ? 0 : errno;
}

static int remove_socket(void)
{
    return inside_remove(local_address.sun_path);
}

/* All but one: the names of accounts are for the audit trail. */
static void test_shared(void **state)
{
    struct inside_row rows[64];
    size_t n = 0;
    (void)state;
    assert_true(inside_n_shared_rows <= sizeof rows / sizeof *rows);
    for (size_t i = 0; i < inside_n_shared_rows; i++) {
        rows[n] = inside_shared_rows[i];
        if (strcmp(rows[n].name, "read /etc/passwd") == 0)
            rows[n].expected = 0;
        n++;
    }
    inside_run(drop, rows, n);
}

static void test_panel(void **state)
{
    static const struct inside_row rows[] = {
        {"read the edge's key", inside_read_key, NULL, EACCES, false},
        {"read it on a worker", inside_read_key_on_thread, NULL, EACCES, false},
        {"read another key of the edge", inside_read_other_key, NULL, EACCES, false},
        {"read the edge's certificate", read_certificate, NULL, EACCES, false},
        {"read the own pair", read_own_pair, NULL, 0, false},
        {"write a new pair", write_pair, NULL, 0, false},
        {"start another program on a worker", inside_exec_on_thread, NULL, INSIDE_ENDS, false},
        {"commit", commit, NULL, 0, false},
        {"commit on a worker", commit_on_thread, NULL, 0, false},
        {"accept on the socket, and see who it is", accept_locally, NULL, 0, false},
        {"remove the socket", remove_socket, NULL, 0, false},
    };
    (void)state;
    inside_run(drop, rows, sizeof rows / sizeof *rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_shared), cmocka_unit_test(test_panel)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
