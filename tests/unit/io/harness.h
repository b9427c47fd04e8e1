/* What the tests of src/io share: running a loop until something is so, connections that write down
 * what happened to them, a DNS server of their own. */
#ifndef TEST_IO_HARNESS_H
#define TEST_IO_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/buf.h"
#include "io/conn.h"
#include "io/listener.h"
#include "io/loop.h"

#include <event2/event.h>

/* One turn of the loop, at most 10 ms. */
void turn(struct event_base *);
/* Runs the loop until the condition holds; five seconds are a failure. */
#define RUN_UNTIL(base, cond)                   \
    do {                                        \
        uint64_t until_ = cw_now_ms() + 5000;   \
        while (!(cond) && cw_now_ms() < until_) \
            turn(base);                         \
        if (!(cond))                            \
            fail_msg("in vain: %s", #cond);     \
    } while (0)
/* Runs the loop for a while: for things that must not happen. */
void run_for(struct event_base *, uint64_t ms);

/* One end of a connection and its history. */
struct side {
    struct cw_conn *conn;
    struct cw_buf in;
    int n_connected, n_tls_up, n_tls_failed, n_drained, n_closed;
    enum cw_conn_end end;
    char sentence[300];
    bool has_cert, has_chain, chain_ok;
    enum cw_chain_fault fault;
    enum cw_tls_staple staple;
    char reason[200], version[20], cipher[60], alpn[20];
    void (*then)(struct side *); /* called at the end of every on_data */
    const char *when;            /* "closed", "tls", ...: where `free_in` frees the connection */
};
extern const struct cw_conn_callbacks side_callbacks;
void side_end(struct side *); /* frees */

/* Two connected sides over loopback TCP: a connected, b accepted. */
struct pair {
    struct event_base *base;
    struct cw_listener *listener;
    struct side a, b;
};
void pair_start(struct pair *);
void pair_stop(struct pair *);

/* dnsmasq on a free loopback port, answering from these options and nothing else. */
struct dns_server {
    int pid;
    char address[40];
};
void dns_server_start(struct dns_server *, const char *const *options, size_t n);
/* The same with lab/signedzone.py: `zones` is its file, `directory` gets its anchor.key. */
void signed_zones_start(struct dns_server *, const char *directory, const char *zones);
void dns_server_stop(struct dns_server *);

/* A UDP socket on loopback that nobody reads: a name server that says nothing.  Close it. */
int silent_server(char address[40]);

#endif
