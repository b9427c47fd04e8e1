/* The edge's parts and what they ask of each other.
 *
 *     listener -> stream.c <-> s2s machine          one stream each, inbound or outbound
 *                   |  ^
 *     stanza in     v  |     stanza out
 *                route.c   peer.c                   a queue for each (our domain, partner domain)
 *                   |  ^      ^
 *                   v  |      |
 *                 gateway.c --+                     the links: numbered stanzas and their outcomes
 *                 component.c                       other servers of ours, instead of a gateway
 *
 * A partner's message comes in on an inbound stream; the machine has checked it and acts STANZA;
 * route.c gives it to gateway.c, which numbers it, sends it over the link and keeps it until its
 * outcome is known.  A stanza of ours comes over the link with the gateway's number; peer.c puts it
 * into the queue of its pair, finds a stream that can carry it or opens one, and when the bytes
 * have reached the kernel on a READY stream gateway.c tells the outcome.
 *
 * No function here calls back into the machine that is being stepped: what a step asks for is
 * carried out after its actions were read (stream.c).
 */
#ifndef CW_EDGE_EDGE_PRIV_H
#define CW_EDGE_EDGE_PRIV_H

#include <event2/event.h>
#include <sys/queue.h>

#include "base/log.h"
#include "base/map.h"
#include "conf/config.h"
#include "edge/certificates.h"
#include "edge/counters.h"
#include "edge/door.h"
#include "edge/expiry.h"
#include "edge/strangers.h"
#include "io/conn.h"
#include "io/listener.h"
#include "io/loop.h"
#include "io/target.h"
#include "io/tls.h"
#include "link/link.h"
#include "policy/failure.h"
#include "policy/view.h"
#include "rights/rights.h"
#include "s2s/stream.h"

struct edge_stream;
struct edge_peer;
struct edge_gateway;
struct edge_components;
struct edge_answer;
struct edge_posh;
struct edge_attempt;
struct edge_attempts;
TAILQ_HEAD(edge_streams, edge_stream);
TAILQ_HEAD(edge_answers, edge_answer);
TAILQ_HEAD(edge_peers, edge_peer); /* those whose stanzas one stream carries */

struct edge {
    struct event_base *base;
    struct cw_config config;
    struct cw_policy *policy; /* never NULL; empty until the first snapshot comes */
    struct cw_log_ctx log;
    struct edge_certificates *certificates;
    struct edge_expiry partner_expiry; /* by partner's domain: who was warned of */
    struct cw_resolver *resolver;
    struct cw_listener **listeners; /* of `listen`, then of `direct-tls-listen` */
    size_t n_listeners;
    struct edge_counters counters;
    struct edge_door *door;
    struct edge_strangers *strangers; /* inbound streams before authentication */
    uint64_t crowded_ms;              /* when it was last told that they are too many */
    unsigned n_ended;                 /* of them since then */
    struct edge_gateway *gateway;
    struct edge_components *components;
    struct edge_streams streams;
    struct edge_attempts *attempts; /* what became of each stream that was tried */
    size_t n_streams;
    struct cw_map streams_by_id;      /* inbound: the stream id we gave -> struct edge_stream */
    struct cw_map streams_by_partner; /* primary domain -> struct partner_count */
    struct cw_map ways_back;          /* "local remote" -> inbound stream that goes both ways */
    struct cw_map outbound;           /* partner domain -> outbound stream, READY for some pair */
    struct cw_map verifiers;          /* "local remote" -> outbound stream made for db:verify */
    struct cw_map ready_pairs;        /* "local remote" -> how many streams (pairs.c) */
    struct cw_map peers;              /* "local remote" -> struct edge_peer */
    struct edge_answers answers;      /* dialback answers on their way to the inbound streams */
    struct cw_timer *answers_timer;
    struct cw_timer *farewell_timer; /* edge_streams_part */
    struct edge_posh *posh;          /* posh.c: what web servers said; NULL: nothing yet */
    bool stopping;
    struct cw_rights rights;
    struct cw_timer *leave_timer; /* stopping: when we leave although streams are still open */
};

/* A stanza on its way to a partner. */
struct edge_parcel {
    TAILQ_ENTRY(edge_parcel) link;
    struct cw_arena arena;
    struct cw_xml *stanza; /* in the arena */
    uint64_t n; /* gateway.c's number, or 0 when the edge itself or a component is the sender */
    size_t bytes;
    uint64_t deadline_ms; /* waiting for a stream */
    uint64_t flush_mark;  /* written: done once the connection's flushed_total reaches it */
};
TAILQ_HEAD(edge_parcels, edge_parcel);

/* The key of a domain pair; in the arena. */
struct cw_str edge_pair(struct cw_arena *, struct cw_str local, struct cw_str remote);

/* --- stream.c: one stream ---------------------------------------------------------------------*/

/* is_direct_tls: TLS from the first byte (XEP-0368). */
void edge_stream_accept(struct edge *, int fd, const struct cw_addr *peer, bool is_direct_tls);
enum edge_stream_use { EDGE_FOR_STANZAS, EDGE_FOR_VERIFY };
/* Looks up, connects and negotiates; its peers, who join after this call, hear of the result.  NULL
 * when the connection limit is reached. */
struct edge_stream *edge_stream_dial(struct edge *, struct cw_str local, struct cw_str remote,
                                     enum edge_stream_use);
/* Whose stanzas it carries; peer.c's to fill. */
struct edge_peers *edge_stream_peers(struct edge_stream *);
/* A stream that was not made for the pair and yet can carry its stanzas, now or when the pair was
 * proven on it; NULL: there is none. */
struct edge_stream *edge_stream_find_way(struct edge *, struct cw_str local, struct cw_str remote);
bool edge_stream_is_ours(const struct edge_stream *); /* we opened it */
bool edge_stream_may_send(const struct edge_stream *, struct cw_str local, struct cw_str remote);
/* The same for an error about what somebody sent before he was taken off the list. */
bool edge_stream_may_send_error(const struct edge_stream *, struct cw_str local,
                                struct cw_str remote);
/* Its machine is not being stepped: it may be written to. */
bool edge_stream_is_at_rest(const struct edge_stream *);
/* A peer has joined, or has more: it hears of room when the stream is at rest. */
void edge_stream_tell_room(struct edge_stream *);
/* How TLS begins on a connection from or to a partner; `remote` absent: we are the server. */
struct cw_tls_start edge_stream_tls(const struct edge *, struct cw_str local, struct cw_str remote,
                                    bool is_direct);
/* Writes the stanza on a stream that may send for its pair; the parcel is taken over and its
 * outcome told when flushed or broken, never from inside. */
void edge_stream_send(struct edge_stream *, struct cw_str local, struct cw_str remote,
                      struct edge_parcel *);
void edge_stream_close(struct edge_stream *, enum cw_stream_error, struct cw_str text);
bool edge_stream_is_over(const struct edge_stream *);
/* Bytes written that the kernel has not taken: a slow partner. */
size_t edge_stream_queued(const struct edge_stream *);
/* Outbound: asks the stream's server to verify a key; inbound: the answer to such a question. */
void edge_stream_verify(struct edge_stream *, const struct cw_s2s_dialback *question);
void edge_stream_dialback_answer(struct edge_stream *, const struct cw_s2s_dialback *answer);
/* Each stream looks whether it still satisfies the policy; one whose certificate was judged by
 * other settings is reset.  Our streams to somebody who is no partner any more stay for a moment,
 * so that errors for what he sent can still reach him. */
void edge_streams_apply_policy(struct edge *, const struct cw_policy *before);
void edge_streams_part(void *edge); /* the timer's function: the moment is over */
void edge_streams_shutdown(struct edge *);
void edge_streams_free(struct edge *);

/* --- limits.c: streams counted ----------------------------------------------------------------*/

/* Counts a stream against the partner's and the installation's limit; false when one is reached
 * (then nothing is counted). */
bool edge_limits_take(struct edge *, struct cw_str remote, struct cw_arena *,
                      struct cw_str *counted_as);
void edge_limits_give(struct edge *, struct cw_str counted_as);
/* How many a partner (primary domain) has now. */
size_t edge_limits_taken(const struct edge *, struct cw_str partner);
/* Before a connection from there is accepted: when the streams without authentication are too many,
 * the oldest one is ended, so that whoever is quick gets through. */
void edge_limits_make_room(struct edge *, const struct cw_addr *from);

/* The stream is inbound and new, or proven. */
void edge_limits_add_stranger(struct edge_stream *, const struct cw_addr *from);
void edge_limits_no_stranger(struct edge_stream *);

/* May a connection from there come in (door.h)?  And begin a TLS handshake? */
bool edge_limits_let_in(struct edge *, const struct cw_addr *from);
bool edge_limits_let_shake(struct edge *, const struct cw_addr *from);
/* Would it be let do so now?  For a stream that may ask for TLS; true for any other one. */
bool edge_limits_may_shake(const struct edge_stream *);
/* After each step of an inbound stream: what it was refused is held against its address, unless it
 * has proven itself now. */
void edge_limits_note_refusals(struct edge_stream *);

/* --- dial.c: from a domain to a connection ----------------------------------------------------*/

struct edge_dial;
struct edge_dial_ask {
    struct cw_str local, domain;  /* from whom, to whom */
    struct cw_str proxy;          /* host[:port] instead of what the DNS says; or empty */
    bool with_direct_tls;         /* XEP-0368 too */
    struct edge_attempt *attempt; /* hears of every step; or NULL */
};
enum edge_dial_result { EDGE_DIAL_OK, EDGE_DIAL_NOT_FOUND, EDGE_DIAL_UNREACHABLE };
struct edge_dialled {
    enum edge_dial_result result;
    struct cw_conn *conn;           /* OK: connected, now the callee's */
    const struct cw_tls_facts *tls; /* direct TLS, and its handshake is done; else NULL */
    struct cw_str host;             /* whose address it was */
    bool is_secure;                 /* DNSSEC proved that this host serves the domain */
    /* Otherwise: why not; of several addresses what says most. */
    enum cw_failure failure;
    struct cw_failure_gaps gaps;
};
/* One call of `done`, from the loop.  What it is given lives until it returns (tls: as long as the
 * connection).  The dial is gone then and must not be cancelled in it or later. */
typedef void edge_dial_fn(void *arg, const struct edge_dialled *);
struct edge_dial *edge_dial_start(struct edge *, const struct edge_dial_ask *, edge_dial_fn *done,
                                  void *arg);
void edge_dial_cancel(struct edge_dial **);
/* The settings, or sense, forbid to connect there. */
bool edge_dial_refuses(const struct edge *, const struct cw_addr *);

/* --- peer.c: queue and stream towards one partner domain --------------------------------------*/

/* Takes a copy of the stanza (jabber:server, addresses checked).  n = 0: nobody asks for the
 * outcome. */
void edge_peer_send(struct edge *, struct cw_str local, struct cw_str remote,
                    const struct cw_xml *stanza, uint64_t n);
/* Our stream towards that domain, in whatever state; NULL when there is none. */
struct edge_stream *edge_peer_stream(struct edge *, struct cw_str local, struct cw_str remote);
/* What waits at them for a stream, or for room on it. */
struct edge_waiting {
    size_t n, bytes;
};
struct edge_waiting edge_peers_waiting(const struct edge_peers *);
/* A stream's news for its peers: a pair is READY, or there is room. */
void edge_peers_have_room(struct edge_peers *);
/* It is over; the list is empty afterwards. */
void edge_peers_lost(struct edge_peers *, enum cw_link_reason, struct cw_str text);
/* One of its pairs will not be READY. */
void edge_peers_pair_lost(struct edge_peers *, struct cw_str local, struct cw_str remote,
                          enum cw_link_reason, struct cw_str text);
/* The partner's own stream takes stanzas of that pair. */
void edge_peer_has_way_back(struct edge *, struct cw_str local, struct cw_str remote);
/* The partner has opened a stream itself: it may be dialled again, if it was not just now. */
void edge_peer_is_back(struct edge *, struct cw_str local, struct cw_str remote);
void edge_peers_apply_policy(struct edge *);
void edge_peers_shutdown(struct edge *);
void edge_peers_free(struct edge *);
/* Tells the outcome and frees. */
void edge_parcel_done(struct edge *, struct edge_parcel *, enum cw_link_reason, struct cw_str text);

/* --- verify.c: dialback questions to authoritative servers ------------------------------------*/

void edge_verify_ask(struct edge *, const struct cw_s2s_dialback *);
void edge_verify_answered(struct edge *, const struct cw_s2s_dialback *);
void edge_verify_deliver(void *edge); /* the timer's function */

/* --- route.c: stanzas from partners -----------------------------------------------------------*/

void edge_route(struct edge *, struct cw_str local, struct cw_str remote, struct cw_xml *stanza);
/* A stanza of our side (from a local domain to a partner's): to its pair's queue.  `n` is the
 * gateway's number, whose outcome is told, also when the addresses are wrong. */
void edge_route_from_gateway(struct edge *, const struct cw_xml *stanza, uint64_t n);
/* The same for a stanza nobody asks about (an error that goes back, an answer of the edge). */
void edge_route_own(struct edge *, const struct cw_xml *stanza);
/* Sends the error that answers `stanza`, if one may be sent. */
void edge_bounce(struct edge *, const struct cw_xml *stanza, enum cw_stanza_error,
                 struct cw_str text);

/* --- main.c -----------------------------------------------------------------------------------*/

/* Takes over a new policy (a reference is taken) everywhere at once. */
void edge_set_policy(struct edge *, struct cw_policy *);

/* --- own.c: the edge's own certificates -------------------------------------------------------*/

/* Reads them; false with a sentence when there is none to show. */
bool edge_own_start(struct edge *, struct cw_buf *why);
/* A partner's certificate was seen: says in the log once for each threshold that it ends soon. */
void edge_certificates_note_partner(struct edge *, struct cw_str domain, int64_t not_after);

/* --- rights.c: what the edge may do -----------------------------------------------------------*/

/* Looks the account up and makes the directories, before anything is bound or opened. */
bool edge_rights_prepare(struct edge *, struct cw_buf *why);
/* Gives up everything that is not needed any more, when all is bound and open. */
bool edge_rights_drop(struct edge *, struct cw_buf *why);

/* --- gateway.c: stanzas to and from gateways; link.c has the links ----------------------------*/

/* NULL with a sentence when a link's socket cannot be made. */
struct edge_gateway *edge_gateway_new(struct edge *, struct cw_buf *why);
/* Bounces what has no outcome. */
void edge_gateway_shutdown(struct edge_gateway *);
void edge_gateway_free(struct edge_gateway **);
/* Reads the link's certificate again. */
void edge_gateway_reload(struct edge_gateway *);
/* A partner's stanza, from its domain `remote`, for a user behind the gateway: kept until its
 * outcome is known; one beyond the partner's share is bounced (gateway.c says what of presence). */
void edge_gateway_deliver(struct edge_gateway *, struct cw_str local, struct cw_str remote,
                          const struct cw_xml *stanza);
/* So much presence from there has no outcome yet that no more should be read for a moment: a burst
 * is taken as fast as the gateway takes it. */
bool edge_gateway_is_busy(const struct edge_gateway *, struct cw_str remote);
size_t edge_gateway_n_unresolved(const struct edge_gateway *); /* stanzas without an outcome */
size_t edge_gateway_n_up(const struct edge_gateway *);         /* gateways */
/* To every gateway that is up: that pair's streams ended as when a server dies, or some of its
 * presence was dropped. */
void edge_gateway_ended(struct edge_gateway *, struct cw_str local, struct cw_str remote);
void edge_gateway_outcome(struct edge_gateway *, uint64_t n, enum cw_link_reason,
                          struct cw_str text);

/* --- component.c: components that attach to the edge ------------------------------------------*/

/* False with a sentence when a socket cannot be made. */
bool edge_components_start(struct edge *, struct cw_buf *why);
void edge_components_shutdown(struct edge *); /* says goodbye to all */
void edge_components_free(struct edge *);
/* Is this local domain (A-labels) a component's? */
bool edge_component_serves(const struct edge *, struct cw_str domain);
/* A partner's stanza for that domain: goes to the component, or back with an error. */
void edge_component_deliver(struct edge *, struct cw_str domain, const struct cw_xml *stanza);
/* A stanza that could not be delivered: when it came from a component, that is told. */
void edge_component_undelivered(struct edge *, const struct cw_xml *stanza, enum cw_link_reason,
                                struct cw_str text);

#endif
