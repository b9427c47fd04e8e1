/* What the gateway may do, and what not, tried from inside: on its loop's thread, and on the
 * database's. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "gateway/gateway_priv.h"
#include "inside.h"
#include "io/udp.h"
#include "store/store.h"

static struct cw_store *store;
static int control = -1;
static struct sockaddr_un control_address = {.sun_family = AF_UNIX};

/* --- the role ---------------------------------------------------------------------------------*/

static bool open_store(const struct cw_config *config)
{
    static struct cw_arena arena;
    struct cw_refusal refusal;
    struct cw_store_options options = {config->gateway.store.p, config->local_domains,
                                       config->n_local_domains};
    return cw_store_open(&options, &store, &arena, &refusal) == CW_OK;
}

static bool bind_control(const struct cw_config *config)
{
    control = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(control_address.sun_path, sizeof control_address.sun_path, "%s",
             config->gateway.control_socket.p);
    return bind(control, (struct sockaddr *)&control_address, sizeof control_address) == 0 &&
           listen(control, 5) == 0;
}

static bool drop(struct cw_config *config, struct cw_buf *why)
{
    static struct gateway gateway;
    gateway = (struct gateway){.log = {.role = "gateway"}, .config = *config};
    /* As after a command that root ran. */
    if (geteuid() == 0 && !open_store(config))
        return false;
    cw_store_close(&store);
    return gw_rights_files(&gateway, why) && open_store(config) && bind_control(config) &&
           inside_start_thread() && inside_bind(35098) == 0 && gw_rights_drop(&gateway, why);
}

/* --- acts -------------------------------------------------------------------------------------*/

static int write_certificate(void)
{
    return inside_write(inside_path("keys/certificate.pem"));
}

static int create_beside_certificate(void)
{
    return inside_create(inside_path("keys/new.pem"));
}

static int commit(void)
{
    for (int i = 0; i < 3; i++) {
        enum cw_err err = cw_store_contact_add(store, CW_S("alice@contoso.example"),
                                               CW_S("juliet@fabrikam.com"), 1000 + i);
        if (err != CW_OK)
            return EIO;
    }
    return 0;
}

static int commit_on_thread(void)
{
    return inside_on_thread(commit);
}

/* The last connection that closes writes the log back and removes it. */
static int commit_and_close(void)
{
    struct stat info;
    if (commit() != 0)
        return EIO;
    cw_store_close(&store);
    return stat(inside_path("data/causeway.db-wal"), &info) != 0 ? 0 : EEXIST;
}

static int open_store_again(void)
{
    struct cw_refusal refusal;
    struct cw_arena arena = {0};
    struct cw_store *second = NULL;
    struct cw_str domain = CW_S("contoso.example");
    struct cw_store_options options = {inside_path("data/causeway.db"), &domain, 1};
    if (commit_and_close() != 0 || cw_store_open(&options, &second, &arena, &refusal) != CW_OK)
        return EIO;
    return cw_store_contact_add(second, CW_S("bob@contoso.example"), CW_S("romeo@fabrikam.com"),
                                1) == CW_OK
               ? 0
               : EIO;
}

static int use_control_socket(void)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&control_address, sizeof control_address) != 0)
        return errno;
    return accept4(control, NULL, NULL, SOCK_CLOEXEC) >= 0 ? 0 : errno;
}

/* For Via and Contact, where a listener is bound to every address. */
static int ask_own_address(void)
{
    struct cw_addr peer, own;
    return cw_addr_parse(CW_S("127.0.0.1:5060"), 0, &peer) && cw_udp_towards(&peer, &own) ? 0
                                                                                          : errno;
}

static int remove_control_socket(void)
{
    return inside_remove(control_address.sun_path);
}

static void test_shared(void **state)
{
    (void)state;
    inside_run(drop, inside_shared_rows, inside_n_shared_rows);
}

static void test_gateway(void **state)
{
    static const struct inside_row rows[] = {
        {"read the key", inside_read_key, NULL, EACCES, false},
        {"read another key of the edge", inside_read_other_key, NULL, EACCES, false},
        {"read the key on the thread", inside_read_key_on_thread, NULL, EACCES, false},
        {"write the certificate", write_certificate, NULL, EACCES, false},
        {"create a file beside the certificate", create_beside_certificate, NULL, EACCES, false},
        {"start another program on the thread", inside_exec_on_thread, NULL, INSIDE_ENDS, false},
        {"commit", commit, NULL, 0, false},
        {"commit on the thread", commit_on_thread, NULL, 0, false},
        {"commit and close", commit_and_close, NULL, 0, false},
        {"open the store again", open_store_again, NULL, 0, false},
        {"accept on the control socket", use_control_socket, NULL, 0, false},
        {"ask for the own address towards a peer", ask_own_address, NULL, 0, false},
        {"remove the control socket", remove_control_socket, NULL, 0, false},
    };
    (void)state;
    inside_run(drop, rows, sizeof rows / sizeof *rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_shared),
                                       cmocka_unit_test(test_gateway)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
