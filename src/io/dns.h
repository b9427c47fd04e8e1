/* Asynchronous DNS on the loop, by libunbound: SRV, A, AAAA and TLSA.  Answers are cached by
 * libunbound within the times DNS gives. */
#ifndef CW_IO_DNS_H
#define CW_IO_DNS_H

#include "base/buf.h"
#include "io/addr.h"

struct event_base;
struct cw_resolver;
struct cw_dns_query;

enum cw_dns_status {
    CW_DNS_OK,        /* at least one record */
    CW_DNS_NO_DATA,   /* the name exists, records of this type do not */
    CW_DNS_NO_DOMAIN, /* the name does not exist */
    CW_DNS_FAILED,    /* the servers answered with an error or nonsense */
    CW_DNS_TIMEOUT,   /* no answer in time */
    CW_DNS_BOGUS,     /* DNSSEC says forged */
};
const char *cw_dns_status_name(enum cw_dns_status);

enum cw_dns_type { CW_DNS_A = 1, CW_DNS_AAAA = 28, CW_DNS_SRV = 33, CW_DNS_TLSA = 52 };

struct cw_dns_srv {
    struct cw_str target; /* without the last dot; "." when the service is refused (RFC 2782) */
    uint16_t port, priority, weight;
    bool is_direct_tls; /* false from the resolver; see target.h */
};

/* RFC 6698 section 2: fields as in the record, known or not. */
struct cw_dns_tlsa {
    uint8_t usage, selector, matching;
    struct cw_str data;
};
/* Longer ones, and further ones, are left out. */
#define CW_DNS_MAX_TLSA      32
#define CW_DNS_MAX_TLSA_DATA 4096

struct cw_dns_answer {
    enum cw_dns_status status;
    bool is_secure; /* DNSSEC proved it, also that there is none (only with a trust anchor) */
    const struct cw_dns_srv *srvs; /* asked for SRV: in the order of the answer */
    size_t n_srvs;
    const struct cw_addr *addrs; /* asked for A or AAAA: port 0 */
    size_t n_addrs;
    const struct cw_dns_tlsa *tlsas; /* asked for TLSA */
    size_t n_tlsas;
};

struct cw_resolver_options {
    struct event_base *base;
    const char *const *servers; /* "192.0.2.53", "[2001:db8::53]:5353"; none: /etc/resolv.conf */
    size_t n_servers;
    uint64_t timeout_ms;           /* for one query; 0 for 10 s */
    const char *trust_anchor_file; /* DNSSEC keys, DS or DNSKEY; NULL: no validation */
};
/* NULL with a sentence in `why`.  Given servers are asked for every name, also for those that
 * libunbound would answer itself (test., home.arpa.; RFC 6761). */
struct cw_resolver *cw_resolver_new(const struct cw_resolver_options *, struct cw_buf *why);
/* It has a trust anchor: answers may be secure or bogus. */
bool cw_resolver_validates(const struct cw_resolver *);
/* The loop that it works in. */
struct event_base *cw_resolver_base(const struct cw_resolver *);
/* Queries still under way are cancelled.  Not inside an answer callback. */
void cw_resolver_free(struct cw_resolver **);

/* Asks.  fn is called once, from the loop, never from inside this call; the answer is borrowed for
 * the call; the query is gone when fn returns and must not be cancelled in it or later. */
struct cw_dns_query *cw_dns_ask(struct cw_resolver *, enum cw_dns_type, struct cw_str name,
                                void (*fn)(void *arg, const struct cw_dns_answer *), void *arg);
void cw_dns_cancel(struct cw_dns_query **); /* fn will not be called; NULL inside is fine */

#endif
