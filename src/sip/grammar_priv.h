/* The pieces of RFC 3261 section 25.1 that sofia reads too leniently or that must be had as raw
 * text: tokens, hosts, SIP URIs, name-addr, parameters.  Private to src/sip. */
#ifndef CW_SIP_GRAMMAR_PRIV_H
#define CW_SIP_GRAMMAR_PRIV_H

#include "base/mem.h"

bool cw_sip_is_token(struct cw_str);
/* A call identifier: word [ "@" word ]. */
bool cw_sip_is_call_id(struct cw_str);
/* A host name, IPv4 literal or [IPv6] literal. */
bool cw_sip_is_host(struct cw_str);
/* "host[:port]"; either out may be NULL. */
bool cw_sip_split_host_port(struct cw_str, struct cw_str *host, uint16_t *port);

enum cw_sip_scheme { CW_SIP_SCHEME_SIP, CW_SIP_SCHEME_SIPS, CW_SIP_SCHEME_OTHER };
struct cw_sip_uri {
    enum cw_sip_scheme scheme;
    struct cw_str user; /* with password; absent when there is none */
    struct cw_str host;
    uint16_t port;        /* 0: none */
    struct cw_str params; /* from the first ";" on */
    bool has_headers;
};
/* A SIP URI by its grammar, or an absolute URI of another scheme by its characters only. */
bool cw_sip_uri_parse(struct cw_str, struct cw_sip_uri *out);

/* name-addr or addr-spec, then header parameters. */
struct cw_sip_name_addr {
    struct cw_str display; /* raw, quotes included */
    struct cw_str uri;     /* raw, without < > */
    struct cw_str params;  /* from the first ";" on, or empty */
};
bool cw_sip_name_addr_split(struct cw_str value, struct cw_sip_name_addr *out);
/* The display name as text: unquoted, controls become spaces. */
struct cw_str cw_sip_display_text(struct cw_arena *, struct cw_str raw);

/* Walks ";name[=value]" from *at on; false at the end or where it is no parameter any more. */
struct cw_sip_param {
    struct cw_str name, value; /* value: absent without "=", quotes included */
    size_t from, to;           /* where it stands, ";" included */
};
bool cw_sip_param_next(struct cw_str params, size_t *at, struct cw_sip_param *out);
/* The value of that parameter: absent when it is not there, empty without "=". */
struct cw_str cw_sip_param_get(struct cw_str params, struct cw_str name);

/* Length of the first element of a comma-separated value: quotes and < > hide commas. */
size_t cw_sip_first_element(struct cw_str value);

#endif
