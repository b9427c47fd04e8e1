/* A query for targets, shared by what asks (target.c) and what tells (target_tell.c). */
#ifndef CW_IO_TARGET_PRIV_H
#define CW_IO_TARGET_PRIV_H

#include "io/target.h"

struct cw_target_host {
    struct cw_target_query *query;
    struct cw_dns_srv srv;
    struct cw_dns_query *v6, *v4; /* under way */
    enum cw_dns_status v6_status, v4_status;
    struct cw_addr *addrs; /* IPv6 first */
    size_t n_addrs;
    bool is_secure, has_secure_address; /* see target.h */
};

struct cw_target_query {
    struct cw_resolver *resolver;
    void (*fn)(void *arg, const struct cw_target_list *);
    void *arg;
    struct cw_arena arena;
    struct cw_str domain;
    uint16_t default_port;
    bool is_proxy;
    struct cw_dns_query *srv[2]; /* _xmpp-server, _xmpps-server; under way */
    struct cw_target_srv said[2];
    bool is_srv_secure[2];
    struct cw_dns_srv *srvs; /* of both, as they came */
    size_t n_srvs;
    struct cw_target_host *hosts;
    size_t n_hosts, n_pending;
    struct cw_timer *patience; /* runs while addresses are known and others are still asked for */
    bool from_srv;
    struct cw_dns_query *later; /* keeps an answer known at once out of cw_target_find */
    struct cw_addr literal;
};

/* One of the two sets of SRV records, if it was asked for, came to this. */
bool cw_target_has_srv(const struct cw_target_query *, enum cw_dns_status);
/* Why neither set leads anywhere. */
enum cw_target_status cw_target_srv_failure(const struct cw_target_query *);

/* The end: these call back, and the query is gone afterwards. */
void cw_target_tell_failure(struct cw_target_query *, enum cw_target_status);
void cw_target_tell_addresses(struct cw_target_query *);

#endif
