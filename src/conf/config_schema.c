/* The options of the configuration file, one row each.  The manual page causeway.yaml(5) tells the
 * same at length; a test holds its defaults against these rows. */
#include "conf/config_priv.h"

#define ROWS(a)          .n = sizeof(a) / sizeof((a)[0]), .options = (a)
#define AT(type, member) .offset = offsetof(struct type, member)
#define LIST(type, member, count)                             \
    .is_list = true, .offset = offsetof(struct type, member), \
    .count_offset = offsetof(struct type, count)
#define NONE .fallback = ""

static const char *const log_levels[] = {"error", "warn", "info", "debug", NULL};
static const char *const log_formats[] = {"text", "json", NULL};
static const char *const switches[] = {"off", "on", NULL};
static const char *const transports[] = {"udp", "tcp", "tls", NULL};
static const char *const profiles[] = {"simple", NULL};
static const char *const memberships[] = {"members", "member-of", "nested", NULL};

static const struct cw_option log_options[] = {
    {"level", CW_OPTION_CHOICE, AT(cw_config, log.level), .choices = log_levels, .fallback = "info",
     .help = "the least that is logged"},
    {"format", CW_OPTION_CHOICE, AT(cw_config, log.format), .choices = log_formats,
     .fallback = "text", .help = "event key=value, or one JSON object a line"},
};
static const struct cw_section log_section = {ROWS(log_options)};

static const struct cw_option dns_options[] = {
    {"servers", CW_OPTION_ENDPOINT, LIST(cw_config, edge.dns.servers, edge.dns.n_servers),
     .max = 53, NONE, .help = "resolvers to ask; empty: the system's"},
    {"trust-anchor", CW_OPTION_PATH, AT(cw_config, edge.dns.trust_anchor), NONE,
     .help = "DNSSEC keys; empty: answers are not validated"},
};
static const struct cw_section dns_section = {ROWS(dns_options)};

static const struct cw_option queue_options[] = {
    {"max-stanzas", CW_OPTION_NUMBER, AT(cw_config, edge.queue.max_stanzas), .min = 1,
     .max = 1000000, .fallback = "1000", .help = "stanzas that wait per partner"},
    {"max-bytes", CW_OPTION_NUMBER, AT(cw_config, edge.queue.max_bytes), .min = 10000,
     .max = 1073741824, .fallback = "4194304", .help = "their bytes together"},
    {"timeout-s", CW_OPTION_NUMBER, AT(cw_config, edge.queue.timeout_s), .min = 1, .max = 600,
     .fallback = "30", .help = "how long one waits before its sender gets an error"},
};
static const struct cw_section queue_section = {ROWS(queue_options)};

static const struct cw_option component_options[] = {
    {"domain", CW_OPTION_DOMAIN, AT(cw_component_config, domain), .is_required = true,
     .help = "a local domain that the component serves"},
    {"secret", CW_OPTION_TEXT, AT(cw_component_config, secret), .min = 1, .is_required = true,
     .help = "what it proves itself with"},
};
static const struct cw_section component_section = {ROWS(component_options),
                                                    .size = sizeof(struct cw_component_config)};

static const struct cw_option certificate_options[] = {
    {"certificate", CW_OPTION_PATH, AT(cw_certificate_config, certificate), .is_required = true,
     .help = "PEM chain that names local domains"},
    {"key", CW_OPTION_PATH, AT(cw_certificate_config, key), NONE,
     .help = "its private key, PEM; empty: in the same file"},
};
static const struct cw_section certificate_section = {ROWS(certificate_options),
                                                      .size = sizeof(struct cw_certificate_config)};

static const struct cw_option edge_options[] = {
    {"listen", CW_OPTION_ENDPOINT, LIST(cw_config, edge.listen, edge.n_listen),
     .fallback = "[::]:5269,0.0.0.0:5269", .help = "where partners connect to"},
    {"direct-tls-listen", CW_OPTION_ENDPOINT,
     LIST(cw_config, edge.direct_tls_listen, edge.n_direct_tls_listen), .max = 5270, NONE,
     .help = "where partners connect to with direct TLS"},
    {"source-address", CW_OPTION_IP, AT(cw_config, edge.source_address), NONE,
     .help = "local address of outbound streams; empty: the system chooses"},
    {"certificate", CW_OPTION_PATH, AT(cw_config, edge.certificate), NONE,
     .help = "PEM chain that names the local domains"},
    {"key", CW_OPTION_PATH, AT(cw_config, edge.key), NONE,
     .help = "its private key, PEM; empty: in the same file"},
    {"certificates", CW_OPTION_SECTION, LIST(cw_config, edge.certificates, edge.n_certificates),
     .section = &certificate_section, NONE,
     .help = "more of them; each stream gets the one that names its local domain"},
    {"ca", CW_OPTION_PATH, AT(cw_config, edge.ca), NONE,
     .help = "PEM trust anchors; empty: the system's"},
    {"crl", CW_OPTION_PATH, AT(cw_config, edge.crl), NONE,
     .help = "PEM lists of revoked certificates; empty: none"},
    {"link-socket", CW_OPTION_PATH, AT(cw_config, edge.link_socket),
     .fallback = "DATA-DIR/link.sock", .help = "where the gateway connects to"},
    {"link-listen", CW_OPTION_ENDPOINT, LIST(cw_config, edge.link_listen, edge.n_link_listen),
     .max = 23456, NONE, .help = "where gateways of other machines connect to, by TLS"},
    {"link-certificate", CW_OPTION_PATH, AT(cw_config, edge.link_certificate), NONE,
     .help = "the bundle that causeway link enroll made for this edge"},
    {"component-listen", CW_OPTION_ENDPOINT,
     LIST(cw_config, edge.component_listen, edge.n_component_listen), .max = 5347, NONE,
     .help = "where components connect to (XEP-0114)"},
    {"components", CW_OPTION_SECTION, LIST(cw_config, edge.components, edge.n_components),
     .section = &component_section, NONE, .help = "the components that may attach"},
    {"state-dir", CW_OPTION_PATH, AT(cw_config, edge.state_dir), .fallback = "DATA-DIR/edge",
     .help = "holds the last snapshot of the policy"},
    {"dns", CW_OPTION_SECTION, .section = &dns_section, .help = "resolver"},
    {"queue", CW_OPTION_SECTION, .section = &queue_section,
     .help = "stanzas waiting for a stream, per partner"},
    {"max-unauthenticated", CW_OPTION_NUMBER, AT(cw_config, edge.max_unauthenticated), .min = 1,
     .max = 100000, .fallback = "200", .help = "inbound streams before authentication, together"},
    {"connections-per-s", CW_OPTION_NUMBER, AT(cw_config, edge.connections_per_s), .max = 100000,
     .fallback = "20", .help = "inbound connections of one address a second; 0: no limit"},
    {"connections-burst", CW_OPTION_NUMBER, AT(cw_config, edge.connections_burst), .min = 1,
     .max = 100000, .fallback = "100", .help = "so many at once after a quiet time"},
    {"handshakes-per-s", CW_OPTION_NUMBER, AT(cw_config, edge.handshakes_per_s), .max = 100000,
     .fallback = "10", .help = "inbound TLS handshakes of one address a second; 0: no limit"},
    {"handshakes-burst", CW_OPTION_NUMBER, AT(cw_config, edge.handshakes_burst), .min = 1,
     .max = 100000, .fallback = "100", .help = "so many at once after a quiet time"},
    {"ban-after", CW_OPTION_NUMBER, AT(cw_config, edge.ban_after), .max = 100000, .fallback = "20",
     .help = "refused proofs of identity within a minute; 0: nobody is banned"},
    {"ban-s", CW_OPTION_NUMBER, AT(cw_config, edge.ban_s), .min = 1, .max = 86400, .fallback = "60",
     .help = "how long an address is banned then"},
    {"link-hold-s", CW_OPTION_NUMBER, AT(cw_config, edge.link_hold_s), .max = 60, .fallback = "5",
     .help = "how long stanzas wait for a gateway that went away"},
    {"attempts-kept", CW_OPTION_NUMBER, AT(cw_config, edge.attempts_kept), .min = 1, .max = 1000,
     .fallback = "50", .help = "attempts of each partner that partner diagnose can show"},
};
static const struct cw_section edge_section = {ROWS(edge_options)};

static const struct cw_option listen_options[] = {
    {"transport", CW_OPTION_CHOICE, AT(cw_sip_listen, transport), .choices = transports,
     .is_required = true, .help = "udp, tcp or tls"},
    {"address", CW_OPTION_ENDPOINT, AT(cw_sip_listen, address), .max = 5098, .is_required = true,
     .help = "address and port"},
};
static const struct cw_section listen_section = {ROWS(listen_options),
                                                 .size = sizeof(struct cw_sip_listen)};

static const struct cw_option peer_options[] = {
    {"name", CW_OPTION_TEXT, AT(cw_sip_peer, name), .min = 1, .is_required = true,
     .help = "for the log"},
    {"addresses", CW_OPTION_NETWORK, LIST(cw_sip_peer, addresses, n_addresses), NONE,
     .help = "addresses and networks that it sends from"},
    {"tls-names", CW_OPTION_DOMAIN, LIST(cw_sip_peer, tls_names, n_tls_names), NONE,
     .help = "SIP domains that its certificate names (RFC 5922)"},
    {"require-certificate", CW_OPTION_CHOICE, AT(cw_sip_peer, require_certificate),
     .choices = switches, .fallback = "off",
     .help = "on: it must come by TLS with such a certificate, its address is not enough"},
    {"profile", CW_OPTION_CHOICE, AT(cw_sip_peer, profile), .choices = profiles,
     .fallback = "simple", .help = "its dialect"},
};
static const struct cw_section peer_section = {ROWS(peer_options),
                                               .size = sizeof(struct cw_sip_peer)};

static const struct cw_option next_hop_options[] = {
    {"domain", CW_OPTION_DOMAIN, AT(cw_next_hop, domain), .is_required = true,
     .help = "a local domain"},
    {"uri", CW_OPTION_TEXT, AT(cw_next_hop, uri), .min = 1, .is_required = true,
     .help = "sip:HOST[:PORT][;transport=udp|tcp|tls]"},
    {"tls-name", CW_OPTION_DOMAIN, AT(cw_next_hop, tls_name), NONE,
     .help = "what its certificate must name; empty: HOST, or the domain when that is an address"},
    {"user", CW_OPTION_TEXT, AT(cw_next_hop, user), NONE, .help = "for its digest challenges"},
    {"password", CW_OPTION_TEXT, AT(cw_next_hop, password), NONE, .help = "for them too"},
    {"realm", CW_OPTION_TEXT, AT(cw_next_hop, realm), NONE,
     .help = "the only realm that these are for"},
};
static const struct cw_section next_hop_section = {ROWS(next_hop_options),
                                                   .size = sizeof(struct cw_next_hop)};

static const struct cw_option sip_dns_options[] = {
    {"servers", CW_OPTION_ENDPOINT,
     LIST(cw_config, gateway.sip.dns.servers, gateway.sip.dns.n_servers), .max = 53, NONE,
     .help = "resolvers to ask; empty: the system's"},
};
static const struct cw_section sip_dns_section = {ROWS(sip_dns_options)};

static const struct cw_option sip_options[] = {
    {"listen", CW_OPTION_SECTION, LIST(cw_config, gateway.sip.listen, gateway.sip.n_listen),
     .section = &listen_section, NONE, .help = "default: 0.0.0.0:5098, udp and tcp"},
    {"peers", CW_OPTION_SECTION, LIST(cw_config, gateway.sip.peers, gateway.sip.n_peers),
     .section = &peer_section, NONE, .help = "who may send requests; all others get 403"},
    {"next-hop", CW_OPTION_SECTION, LIST(cw_config, gateway.sip.next_hops, gateway.sip.n_next_hops),
     .section = &next_hop_section, NONE, .help = "where requests for a local domain go"},
    {"t1-ms", CW_OPTION_NUMBER, AT(cw_config, gateway.sip.t1_ms), .min = 10, .max = 600,
     .fallback = "500", .help = "round-trip time estimate (RFC 3261 section 17.1.1.1)"},
    {"max-message-bytes", CW_OPTION_NUMBER, AT(cw_config, gateway.sip.max_message_bytes),
     .min = 4096, .max = 1048576, .fallback = "65536", .help = "the longest SIP message taken"},
    {"max-message-bytes-out", CW_OPTION_NUMBER, AT(cw_config, gateway.sip.max_message_bytes_out),
     .min = 1300, .max = 65535, .fallback = "1300", .help = "the longest MESSAGE sent (RFC 3428)"},
    {"max-transactions", CW_OPTION_NUMBER, AT(cw_config, gateway.sip.max_transactions), .min = 10,
     .max = 1000000, .fallback = "100000", .help = "at once; above it requests get 503"},
    {"max-transactions-per-peer", CW_OPTION_NUMBER,
     AT(cw_config, gateway.sip.max_transactions_per_peer), .min = 5, .max = 1000000,
     .fallback = "50000", .help = "those of one address"},
    {"keep-alive-s", CW_OPTION_NUMBER, AT(cw_config, gateway.sip.keep_alive_s), .max = 600,
     .fallback = "90", .help = "CRLF on idle connections to next hops; 0: never"},
    {"certificate", CW_OPTION_PATH, AT(cw_config, gateway.sip.certificate), NONE,
     .help = "PEM chain that the gateway shows to SIP peers"},
    {"key", CW_OPTION_PATH, AT(cw_config, gateway.sip.key), NONE, .help = "its private key, PEM"},
    {"ca", CW_OPTION_PATH, AT(cw_config, gateway.sip.ca), NONE,
     .help = "PEM trust anchors for SIP peers; empty: the system's"},
    {"dns", CW_OPTION_SECTION, .section = &sip_dns_section, .help = "resolver for next hops"},
};
static const struct cw_section sip_section = {ROWS(sip_options)};

static const struct cw_option gateway_options[] = {
    {"store", CW_OPTION_PATH, AT(cw_config, gateway.store), .fallback = "DATA-DIR/causeway.db",
     .help = "the SQLite database"},
    {"control-socket", CW_OPTION_PATH, AT(cw_config, gateway.control_socket),
     .fallback = "DATA-DIR/gateway.sock", .help = "where the command line reaches the gateway"},
    {"edges", CW_OPTION_TEXT, LIST(cw_config, gateway.edges, gateway.n_edges), NONE,
     .help = "link sockets, or tls:HOST:PORT; default: edge.link-socket"},
    {"link-certificate", CW_OPTION_PATH, AT(cw_config, gateway.link_certificate),
     .fallback = "DATA-DIR/link/gateway.pem", .help = "the bundle of this gateway's links by TLS"},
    {"sip", CW_OPTION_SECTION, .section = &sip_section, .help = "the SIP side"},
};
static const struct cw_section gateway_section = {ROWS(gateway_options)};

static const struct cw_option ldap_options[] = {
    {"url", CW_OPTION_TEXT, AT(cw_config, panel.ldap.url), NONE,
     .help = "ldap://HOST (with StartTLS, always) or ldaps://HOST; empty: no directory"},
    {"ca", CW_OPTION_PATH, AT(cw_config, panel.ldap.ca), NONE,
     .help = "PEM trust anchors for it; empty: the system's"},
    {"bind-dn", CW_OPTION_TEXT, AT(cw_config, panel.ldap.bind_dn), NONE,
     .help = "the account that searches; empty: nobody in particular"},
    {"bind-password-file", CW_OPTION_PATH, AT(cw_config, panel.ldap.bind_password_file), NONE,
     .help = "a file with its password"},
    {"base", CW_OPTION_TEXT, AT(cw_config, panel.ldap.base), NONE, .help = "users are below it"},
    {"name-attributes", CW_OPTION_TEXT,
     LIST(cw_config, panel.ldap.name_attributes, panel.ldap.n_name_attributes),
     .fallback = "uid,sAMAccountName", .help = "one of them has the name that is typed"},
    {"user-filter", CW_OPTION_TEXT, AT(cw_config, panel.ldap.user_filter),
     .fallback = "(objectClass=*)", .help = "which entries are users at all"},
    {"membership", CW_OPTION_CHOICE, AT(cw_config, panel.ldap.membership), .choices = memberships,
     .fallback = "members", .help = "how it is known who is in a group"},
    {"group-filter", CW_OPTION_TEXT, AT(cw_config, panel.ldap.group_filter),
     .fallback = "(|(member={dn})(uniqueMember={dn})(memberUid={name}))",
     .help = "with members: what the entry of a user's group fits"},
    {"administrators", CW_OPTION_TEXT,
     LIST(cw_config, panel.ldap.administrators, panel.ldap.n_administrators), NONE,
     .help = "DNs of the groups whose members are administrators"},
    {"viewers", CW_OPTION_TEXT, LIST(cw_config, panel.ldap.viewers, panel.ldap.n_viewers), NONE,
     .help = "DNs of the groups whose members are viewers"},
    {"timeout-s", CW_OPTION_NUMBER, AT(cw_config, panel.ldap.timeout_s), .min = 1, .max = 60,
     .fallback = "5", .help = "for all that one sign-in asks it"},
    {"recheck-s", CW_OPTION_NUMBER, AT(cw_config, panel.ldap.recheck_s), .min = 1, .max = 86400,
     .fallback = "300", .help = "so often the groups of who is signed in are looked at again"},
};
static const struct cw_section ldap_section = {ROWS(ldap_options)};

static const struct cw_option panel_options[] = {
    {"enabled", CW_OPTION_CHOICE, AT(cw_config, panel.enabled), .choices = switches,
     .fallback = "on", .help = "causeway run starts the panel"},
    {"listen", CW_OPTION_ENDPOINT, LIST(cw_config, panel.listen, panel.n_listen), .max = 8443,
     .fallback = "127.0.0.1:8443", .help = "where browsers and scripts connect to, by HTTPS"},
    {"socket", CW_OPTION_PATH, AT(cw_config, panel.socket), .fallback = "DATA-DIR/panel.sock",
     .help = "where the command line reaches the panel"},
    {"certificate", CW_OPTION_PATH, AT(cw_config, panel.certificate), NONE,
     .help = "PEM chain for HTTPS; empty: one is made at the first start"},
    {"key", CW_OPTION_PATH, AT(cw_config, panel.key), NONE,
     .help = "its private key, PEM; empty: in the same file"},
    {"names", CW_OPTION_DOMAIN, LIST(cw_config, panel.names, panel.n_names), NONE,
     .help = "names by which browsers reach it, besides the machine's and its addresses"},
    {"files", CW_OPTION_PATH, AT(cw_config, panel.files), .fallback = "PREFIX/share/causeway/panel",
     .help = "the directory of the web application"},
    {"session-idle-s", CW_OPTION_NUMBER, AT(cw_config, panel.session_idle_s), .min = 60,
     .max = 86400, .fallback = "1800", .help = "a session ends after so long without a request"},
    {"session-max-s", CW_OPTION_NUMBER, AT(cw_config, panel.session_max_s), .min = 60,
     .max = 604800, .fallback = "43200", .help = "and so long after the sign-in anyway"},
    {"max-connections", CW_OPTION_NUMBER, AT(cw_config, panel.max_connections), .min = 10,
     .max = 10000, .fallback = "500", .help = "connections together"},
    {"max-per-address", CW_OPTION_NUMBER, AT(cw_config, panel.max_per_address), .min = 2,
     .max = 10000, .fallback = "50", .help = "those of one address"},
    {"requests-per-s", CW_OPTION_NUMBER, AT(cw_config, panel.requests_per_s), .max = 100000,
     .fallback = "50", .help = "of one session, token or address; 0: no limit"},
    {"requests-burst", CW_OPTION_NUMBER, AT(cw_config, panel.requests_burst), .min = 1,
     .max = 100000, .fallback = "200", .help = "so many at once after a quiet time"},
    {"ldap", CW_OPTION_SECTION, .section = &ldap_section,
     .help = "the directory whose users may sign in, too"},
};
static const struct cw_section panel_section = {ROWS(panel_options)};

static const struct cw_option root_options[] = {
    {"data-dir", CW_OPTION_PATH, AT(cw_config, data_dir), .fallback = "/var/lib/causeway",
     .help = "holds the store and the sockets"},
    {"user", CW_OPTION_TEXT, AT(cw_config, user), NONE,
     .help = "the account of the roles when started by root; empty: stay as started"},
    {"sandbox", CW_OPTION_CHOICE, AT(cw_config, sandbox), .choices = switches, .fallback = "on",
     .help = "roles give up the files and system calls that they do not need"},
    {"max-files", CW_OPTION_NUMBER, AT(cw_config, max_files), .min = 64, .max = 1048576,
     .fallback = "65536", .help = "open files and sockets of each role"},
    {"max-memory-mib", CW_OPTION_NUMBER, AT(cw_config, max_memory_mib), .max = 1048576,
     .fallback = "4096", .help = "writable memory of each role; 0: no limit"},
    {"log", CW_OPTION_SECTION, .section = &log_section, .help = "logging"},
    {"local-domains", CW_OPTION_DOMAIN, LIST(cw_config, local_domains, n_local_domains), .min = 1,
     .is_required = true, .help = "the domains of the SIP side"},
    {"edge", CW_OPTION_SECTION, .section = &edge_section, .help = "the XMPP side"},
    {"gateway", CW_OPTION_SECTION, .section = &gateway_section, .help = "translation and SIP"},
    {"panel", CW_OPTION_SECTION, .section = &panel_section, .help = "control panel and API"},
};
const struct cw_section cw_config_root = {ROWS(root_options), .size = sizeof(struct cw_config)};
