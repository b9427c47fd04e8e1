/* Where to connect for a domain's XMPP server: RFC 6120 section 3.2, with RFC 2782's order and
 * XEP-0368's records for direct TLS when asked for.  Another service can be asked for by name; SIP
 * servers are found so (RFC 3263 section 4.2).
 *
 *   SRV answer           -> its targets in order; no fall-back, even if none can be reached
 *   SRV answer "."       -> no service; with direct TLS each of the two sets speaks for itself
 *   no SRV records       -> the domain itself, A and AAAA, port 5269
 *   a bogus SRV answer   -> nothing, whatever the other set says
 *   a bogus address      -> its host is left out
 *   proxy host[:port]    -> that host instead; a host without a port is not looked up by SRV
 *
 * Identity is checked against the domain, never against what is found here, unless DNSSEC proved
 * it: is_secure and has_secure_address say so (RFC 7673 section 3). */
#ifndef CW_IO_TARGET_H
#define CW_IO_TARGET_H

#include "io/dns.h"

/* Longer answers are cut. */
#define CW_TARGET_MAX_HOSTS     20
#define CW_TARGET_MAX_ADDRESSES 40

enum cw_target_status {
    CW_TARGET_OK,          /* at least one address */
    CW_TARGET_NO_DOMAIN,   /* the domain does not exist in the DNS */
    CW_TARGET_NO_SERVICE,  /* it says that it has no such server (SRV ".") */
    CW_TARGET_NO_ADDRESS,  /* neither it nor any of its SRV targets has an address */
    CW_TARGET_DNS_FAILED,  /* its name servers answer with an error */
    CW_TARGET_DNS_TIMEOUT, /* its name servers do not answer */
    CW_TARGET_DNS_BOGUS,   /* DNSSEC says that the answer is forged */
};
const char *cw_target_status_name(enum cw_target_status);

struct cw_target {
    struct cw_str host; /* whose address this is: the SRV target, or the domain, or the proxy */
    struct cw_addr addr;
    bool is_direct_tls; /* from _xmpps-server._tcp: TLS from the first byte */
    bool is_secure;     /* DNSSEC proved the SRV record: the host stands for the domain */
    /* is_secure, and an address of the host is so too: only then may TLSA records be asked for, at
     * "_PORT._tcp.HOST". */
    bool has_secure_address;
};

enum cw_target_dnssec {
    CW_TARGET_DNSSEC_OFF,      /* the resolver has no trust anchor */
    CW_TARGET_DNSSEC_INSECURE, /* the domain is not signed, or only a part of what was asked */
    CW_TARGET_DNSSEC_SECURE,   /* every SRV answer was proved */
    CW_TARGET_DNSSEC_BOGUS,    /* something was forged, or is signed wrongly */
};
const char *cw_target_dnssec_name(enum cw_target_dnssec); /* "off", "insecure", ... */

struct cw_target_list {
    enum cw_target_status status;
    struct cw_str sentence;          /* what was found or is wrong, for people */
    bool from_srv, is_secure;        /* is_secure: every SRV answer was proved by DNSSEC */
    const struct cw_target *targets; /* in the order to try */
    size_t n;
    /* What the DNS said, for the timeline; nothing when SRV was not asked for (a proxy, a literal
     * address). */
    struct cw_target_srv {
        bool was_asked;
        enum cw_dns_status status;
        size_t n;         /* targets */
        bool has_refused; /* the target "." */
    } srv, srv_direct;    /* _xmpp-server._tcp, _xmpps-server._tcp */
    enum cw_target_dnssec dnssec;
};

struct cw_target_ask {
    struct cw_str domain;  /* A-labels, or an IP literal */
    struct cw_str proxy;   /* "host", "host:port", "[v6]:port"; absent or empty for none */
    uint16_t default_port; /* 0 for 5269 */
    const char *service;   /* "_sip._tcp"; NULL for "_xmpp-server._tcp" */
    bool with_direct_tls;  /* ask for _xmpps-server._tcp too: one list by priority */
};
struct cw_target_query;

/* fn is called once, from the loop, never from inside this call; the list is borrowed for the call;
 * the query is gone when fn returns and must not be cancelled in it or later.  The resolver must
 * outlive the query. */
struct cw_target_query *cw_target_find(struct cw_resolver *, const struct cw_target_ask *,
                                       void (*fn)(void *arg, const struct cw_target_list *),
                                       void *arg);
void cw_target_cancel(struct cw_target_query **); /* fn will not be called; NULL inside is fine */

/* RFC 2782: by priority; within one, drawn by weight.  Pure: `draw` gives a number in [0, max]. */
void cw_srv_order(struct cw_dns_srv *, size_t n, uint32_t (*draw)(void *arg, uint32_t max),
                  void *arg);

#endif
