/* Inside one stream: its state, shared by stream.c (machine and connection) and stream_open.c (how
 * streams begin, and what the edge's other parts ask of them). */
#ifndef CW_EDGE_STREAM_PRIV_H
#define CW_EDGE_STREAM_PRIV_H

#include "edge/edge_priv.h"
#include "edge/rate.h"
#include "edge/trace.h"

struct edge_stream {
    TAILQ_ENTRY(edge_stream) link;
    struct edge *edge;
    enum cw_direction direction;
    struct cw_arena arena;
    struct cw_str local, remote; /* outbound */
    struct cw_str counted_as;    /* the limit that this stream takes from; absent: none */
    struct cw_log_ctx log;
    struct edge_dial *dial;
    struct cw_conn *conn;
    struct cw_s2s *machine;
    const struct cw_tls_facts *tls; /* NULL: none yet; lives as long as the connection */
    bool is_direct_tls;             /* TLS from the first byte */
    struct cw_str host;             /* outbound: whose address we are connected to */
    bool is_host_secure;            /* DNSSEC proved that it serves the domain */
    struct edge_identity *identity; /* NULL: nothing is being found out */
    enum cw_cert_proof proof;       /* by which its certificate stands for the domain */
    struct edge_way *ways;          /* inbound: pairs whose stanzas may go back on it */
    struct edge_ready_pair *ready_pairs;
    struct cw_timer *timer;
    struct edge_peers peers;     /* whose stanzas it carries */
    struct edge_parcels written; /* waiting to reach the kernel */
    unsigned n_verifies;         /* db:verify questions under way on this stream */
    struct edge_rate rate;       /* of its stanzas */
    struct cw_timer *pause;      /* runs while reading rests; NULL: it never did */
    uint64_t slow_until_ms;      /* until then something that it sent may be unread */
    uint64_t busy_since_ms;      /* since then it waits for a gateway; 0: it does not */
    uint64_t wait_until_ms;      /* so long it waits for older streams of the same partner */
    struct cw_timer *stuck;      /* runs while something written is unread; NULL: not yet */
    struct cw_str indexed_id;    /* inbound: the stream id by which dialback answers find us */
    unsigned n_refused;          /* inbound: refusals that the door knows of */
    bool is_verifier;
    struct edge_stranger stranger; /* inbound, before authentication (limits.c) */
    /* An administrator's test, which carries no stanzas: its own settings, a reference. */
    struct cw_policy *apart_policy;
    struct edge_stream **owner; /* the test's pointer, NULL when the stream is gone */
    uint64_t part_at_ms; /* ours, to somebody who was taken off the list: ends then; 0: stays */
    bool is_stepping;    /* the machine is not at rest */
    bool refused_pair;   /* the peer refused a further pair on it: no more are tried */
    bool is_reading;     /* a step on what the peer says is under way */
    bool peer_gave_up;   /* it ended the stream with an error, or by speaking nonsense */
    /* What a step left to do. */
    bool became_ready, has_news, failed, close_asked, over;
    enum cw_link_reason fail_reason;
    struct cw_str fail_text;
    struct edge_trace trace; /* what the timeline is told of it */
    uint64_t n_stanzas_in, n_stanzas_out;
    uint64_t since_ms, ready_ms; /* made; first pair READY, or 0 */
    uint64_t heard_ms, said_ms;  /* the last bytes that came and went; 0: none */
};

/* The domain at the other end; inbound: absent until the peer has named it. */
struct cw_str edge_stream_remote(const struct edge_stream *);
/* A machine at its first state, a struct in the edge's list; no connection yet. */
struct edge_stream *edge_stream_new(struct edge *, const struct cw_s2s_config *);
/* The event goes into the machine, its actions are carried out, then the others hear of it.  Never
 * frees the stream. */
void edge_stream_step(struct edge_stream *, struct cw_s2s_event *);
/* Takes the connection over. */
void edge_stream_attach(struct edge_stream *, struct cw_conn *);
/* An administrator's test, by that policy (a reference is taken): counted nowhere.  *owner is set
 * to NULL when the stream is gone. */
struct edge_stream *edge_stream_test(struct edge *, struct cw_str local, struct cw_str remote,
                                     struct cw_policy *, struct edge_stream **owner);
/* Without an error, however far it has come; the stream may be gone afterwards. */
void edge_stream_leave(struct edge_stream *, struct cw_str text);
/* stream_facts.c: the word for how far it is. */
const char *edge_stream_state(const struct edge_stream *);
/* stream_prove.c: finds out what its certificate stands for; PROVEN follows from the loop. */
void edge_stream_prove(struct edge_stream *, struct cw_str domain);
/* Were the settings other ones by which its certificate was judged? */
bool edge_stream_trust_changed(const struct edge_stream *, const struct cw_policy *before);
/* stream_ways.c: a pair is READY; the stream goes; a further pair of ours was refused. */
void edge_stream_add_way(struct edge_stream *, struct cw_str local, struct cw_str remote);
void edge_stream_remove_ways(struct edge_stream *);
void edge_stream_pair_failed(struct edge_stream *, const struct cw_s2s_action *);
/* pairs.c: a pair is READY on it; none is any more, and is_lost: as when a server dies. */
void edge_pairs_add(struct edge_stream *, struct cw_str local, struct cw_str remote);
void edge_pairs_leave(struct edge_stream *, bool is_lost);
/* Does that CLOSE action say so? */
bool edge_pairs_is_loss(const struct edge_stream *, const struct cw_s2s_action *close);
/* The transport is gone, or never came: everybody is told, and the stream is freed. */
void edge_stream_end(struct edge_stream *, struct cw_str text);

#endif
