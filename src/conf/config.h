/* The configuration file (causeway.yaml(5)): what belongs to one machine and is read once at start.
 * What the administrator changes while the program runs (partners, settings) lives in the store.
 *
 * Every option is one row (config_schema.c): name, type, range, default, help.  libcyaml reads the
 * file by a schema made from those rows; unknown keys and wrong shapes are errors that name the
 * line.  All text in the struct ends in NUL and lives in its arena. */
#ifndef CW_CONF_CONFIG_H
#define CW_CONF_CONFIG_H

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"

#define CW_CONFIG_DEFAULT_PATH "/etc/causeway/causeway.yaml"

enum cw_switch { CW_OFF, CW_ON };

enum cw_transport { CW_TRANSPORT_UDP, CW_TRANSPORT_TCP, CW_TRANSPORT_TLS };
const char *cw_transport_name(enum cw_transport); /* "udp", "tcp", "tls" */

enum cw_sip_profile { CW_SIP_SIMPLE };
const char *cw_sip_profile_name(enum cw_sip_profile);

/* An IP address and a port; ip is a literal without brackets. */
struct cw_endpoint {
    struct cw_str ip;
    uint16_t port;
};

/* A component that may attach to the edge (XEP-0114). */
struct cw_component_config {
    struct cw_str domain; /* A-labels; one of the local domains */
    struct cw_str secret;
};

/* A certificate that the edge shows. */
struct cw_certificate_config {
    struct cw_str certificate; /* PEM chain */
    struct cw_str key;         /* PEM; the same file unless given */
};

struct cw_edge_config {
    struct cw_endpoint *listen; /* default [::]:5269 and 0.0.0.0:5269 */
    size_t n_listen;
    struct cw_endpoint *direct_tls_listen; /* default none */
    size_t n_direct_tls_listen;
    struct cw_str source_address; /* IP for outbound streams; empty: the system chooses */
    struct cw_str certificate;    /* PEM chain; empty when this machine runs no edge */
    struct cw_str key;            /* PEM */
    struct cw_certificate_config *certificates; /* all, that one first */
    size_t n_certificates;
    struct cw_str ca;                /* PEM trust anchors; empty: the system's */
    struct cw_str crl;               /* PEM, revoked certificates; empty: none */
    struct cw_str link_socket;       /* default DATA-DIR/link.sock */
    struct cw_endpoint *link_listen; /* gateways of other machines, TLS; default none */
    size_t n_link_listen;
    struct cw_str link_certificate; /* the bundle of `causeway link enroll`; empty: none */
    struct cw_endpoint *component_listen;
    size_t n_component_listen;
    struct cw_component_config *components;
    size_t n_components;
    struct cw_str state_dir; /* the last snapshot; default DATA-DIR/edge */
    struct {
        struct cw_endpoint *servers; /* none: the system's resolvers */
        size_t n_servers;
        struct cw_str trust_anchor; /* DNSSEC keys; empty: no validation */
    } dns;
    struct {
        unsigned max_stanzas, max_bytes, timeout_s;
    } queue;                                       /* per partner, while a stream is being set up */
    unsigned max_unauthenticated;                  /* inbound streams before authentication */
    unsigned connections_per_s, connections_burst; /* of one address; 0 a second: no limit */
    unsigned handshakes_per_s, handshakes_burst;   /* the same for TLS handshakes */
    unsigned ban_after, ban_s; /* of one address: refusals, and how long; after 0: never */
    unsigned link_hold_s;      /* how long a gateway may be away before stanzas are answered */
    unsigned attempts_kept;    /* of each partner, for the timeline */
};

struct cw_sip_listen {
    enum cw_transport transport;
    struct cw_endpoint address;
};

/* Who may send us requests: known by its address or by its certificate, or only by both. */
struct cw_sip_peer {
    struct cw_str name;
    struct cw_str *addresses; /* networks "ADDRESS/LENGTH", checked */
    size_t n_addresses;
    struct cw_str *tls_names; /* SIP domains of its certificate, A-labels */
    size_t n_tls_names;
    enum cw_switch require_certificate; /* by TLS only, and the address (if any) must fit too */
    enum cw_sip_profile profile;
};

/* Where requests for a local domain go. */
struct cw_next_hop {
    struct cw_str domain;         /* A-labels; one of the local domains */
    struct cw_str uri;            /* as written */
    struct cw_str host;           /* name, or IP literal without brackets */
    uint16_t port;                /* 5060 unless written, 5061 with TLS */
    enum cw_transport transport;  /* udp unless written */
    bool has_port, has_transport; /* as written; what is not may be found in the DNS (RFC 3263) */
    struct cw_str tls_name;       /* what its certificate must name; never empty with TLS */
    struct cw_str user, password, realm; /* for its challenges; all or none */
};

struct cw_gateway_config {
    struct cw_str store;          /* default DATA-DIR/causeway.db */
    struct cw_str control_socket; /* default DATA-DIR/gateway.sock */
    struct cw_str *edges;         /* "/path" or "tls:host:port"; default: this machine's edge */
    size_t n_edges;
    struct cw_str link_certificate; /* the bundle; default DATA-DIR/link/gateway.pem */
    struct {
        struct cw_sip_listen *listen; /* default 0.0.0.0:5098, udp and tcp */
        size_t n_listen;
        struct cw_sip_peer *peers;
        size_t n_peers;
        struct cw_next_hop *next_hops;
        size_t n_next_hops;
        unsigned t1_ms, max_message_bytes, max_message_bytes_out, max_transactions;
        unsigned max_transactions_per_peer, keep_alive_s;
        struct cw_str certificate, key; /* PEM; empty: no TLS listener, no client certificate */
        struct cw_str ca;               /* PEM trust anchors; empty: the system's */
        struct {
            struct cw_endpoint *servers; /* none: the system's resolvers */
            size_t n_servers;
        } dns;
    } sip;
};

/* How it is known that a user is in a group of the directory. */
enum cw_membership {
    CW_MEMBERSHIP_MEMBERS,   /* the group's entry names him: group-filter */
    CW_MEMBERSHIP_MEMBER_OF, /* his own entry names the group: memberOf */
    CW_MEMBERSHIP_NESTED,    /* Active Directory goes through groups in groups */
};

/* The directory whose users may sign in to the panel. */
struct cw_ldap_config {
    struct cw_str url;  /* as written; empty: there is none */
    struct cw_str host; /* of it: a name, or an IP literal without brackets */
    uint16_t port;
    bool is_ldaps;                    /* TLS from the first octet; else StartTLS, always */
    struct cw_str ca;                 /* PEM trust anchors; empty: the system's */
    struct cw_str bind_dn;            /* of the account that searches; empty: nobody */
    struct cw_str bind_password_file; /* its password, in the first line */
    struct cw_str base;               /* users are below it */
    struct cw_str *name_attributes;   /* one of them has the name as it is typed */
    size_t n_name_attributes;         /* at least one */
    struct cw_str user_filter;        /* which entries are users at all (RFC 4515) */
    enum cw_membership membership;
    struct cw_str group_filter;              /* with {dn} and {name} for those of the user */
    struct cw_str *administrators, *viewers; /* the groups' DNs */
    size_t n_administrators, n_viewers;
    unsigned timeout_s, recheck_s;
};

/* The control panel and the API. */
struct cw_panel_config {
    enum cw_switch enabled;
    struct cw_endpoint *listen; /* HTTPS; default 127.0.0.1:8443 */
    size_t n_listen;
    struct cw_str socket;           /* HTTP for this machine; default DATA-DIR/panel.sock */
    struct cw_str certificate, key; /* PEM; empty: DATA-DIR/panel.pem, made at the first start */
    struct cw_str *names;           /* A-labels, by which browsers may call it, besides its own */
    size_t n_names;
    struct cw_str files;                    /* the web application */
    unsigned session_idle_s, session_max_s; /* of a signed-in browser */
    unsigned max_connections, max_per_address;
    unsigned requests_per_s, requests_burst; /* of one session, token or address */
    struct cw_ldap_config ldap;
};

struct cw_config {
    struct cw_str path; /* of the file it came from */
    struct cw_str data_dir;
    struct cw_str user; /* the roles run as; empty: as started */
    enum cw_switch sandbox;
    unsigned max_files, max_memory_mib; /* of each role; 0 MiB: no limit */
    struct {
        enum cw_log_level level;
        enum cw_log_format format;
    } log;
    struct cw_str *local_domains; /* A-labels, at least one */
    size_t n_local_domains;
    struct cw_edge_config edge;
    struct cw_gateway_config gateway;
    struct cw_panel_config panel;
    struct cw_arena arena; /* owns everything above */
};

/* The path to use: `given` (--config), else CAUSEWAY_CONFIG, else the default. */
const char *cw_config_path(const char *given);

/* Reads and checks the file.  CW_OK: *out is filled, the caller ends it with cw_config_free.
 * CW_ERR_IO or CW_ERR_INVALID: *why (in the arena `errors`) is one sentence that names the file,
 * the option or the line, and what to change; *out is then empty. */
enum cw_err cw_config_load(const char *path, struct cw_config *out, struct cw_arena *errors,
                           struct cw_str *why);
/* The same from text in memory; `path` only names it in sentences. */
enum cw_err cw_config_parse(struct cw_str text, const char *path, struct cw_config *out,
                            struct cw_arena *errors, struct cw_str *why);
void cw_config_free(struct cw_config *);

/* Checked readers of the forms used above, shared with the settings. */
bool cw_endpoint_of(struct cw_arena *, struct cw_str text, uint16_t default_port,
                    struct cw_endpoint *out);
/* Where an edge listens for its link, as in gateway.edges. */
struct cw_edge_address {
    bool is_tls;
    struct cw_str path; /* a Unix socket */
    struct cw_str host; /* TLS: a name, or an IP literal without brackets */
    uint16_t port;
};
bool cw_edge_address_of(struct cw_arena *, struct cw_str text, struct cw_edge_address *out);
bool cw_network_is_valid(struct cw_str text); /* "10.0.0.0/8", "2001:db8::/32", a single address */

#endif
