/* The stream machine: one S2S stream, inbound or outbound, from the first byte to the last
 * (RFC 6120, XEP-0178, XEP-0220).  No sockets, no clock, no globals: events in, actions out, so
 * that every exchange can be replayed from a text file, byte by byte (tests/scenario).
 *
 * Outbound, TLS and SASL Required, in prose: OPENED makes us send our header.  BYTES bring the
 * peer's header and features with <starttls/>; cw_nego_decide says START_TLS, so we send
 * <starttls/> and on <proceed/> act START_TLS: whatever the reader still holds dies with it.
 * TLS_UP brings the certificate; we send a fresh header, read fresh features with EXTERNAL, send
 * <auth/>, get <success/>, restart, read features, and act READY for the pair (our domain, the
 * peer's).  From now on SEND events are taken; stanzas come in on the peer's own stream, unless
 * both agreed before <auth/> that they go both ways.
 *
 * What the owner answers (PROVE -> PROVEN): over TLS, before our header outbound and behind the
 * peer's inbound, the machine asks what the certificate stands for; meanwhile what comes is kept
 * unread, and every end (time, close, EOF, changed settings) works as elsewhere.
 *
 * Notes, for log and timeline: event and text.
 *
 *     state              "old -> new"
 *     header             the peer's: version, from, to, id
 *     features, offered  what the peer offers (outbound), what we do (inbound)
 *     starttls           TLS is asked for
 *     tls-up             version, cipher, what the chain is worth
 *     proven, not-proven the certificate for the header's domain: by what, or why not
 *     auth-started       the method; auth-accepted: the same; auth-refused: the condition
 *     dialback-asked     whose key is put to the authority, for whom
 *     dialback-answered  the same and the outcome: by the authority, or for our own key
 *     dialback-checked   a key of ours that the peer asked about, and what we said
 *     dialback-refused, dialback-repeated, dialback-ignored, dialback-impossible,
 *     dialback-unsolicited, starttls-not-offered, nothing-to-offer
 *                        something odd, or why a step was not taken
 *     bidi               stanzas go both ways from here on
 *     ready              from whom to whom, and how it was proven
 *     error-sent, error-received
 *                        a stream error: condition and text
 *
 * What a peer says stands in them escaped and cut at 200 octets.
 *
 * Time: every step is told `now_ms` (monotonic); cw_s2s_deadline_ms says when to send a TIMER event
 * at the latest.
 */
#ifndef CW_S2S_STREAM_H
#define CW_S2S_STREAM_H

#include "policy/nego.h"
#include "policy/view.h"
#include "s2s/cert.h"
#include "xml/node.h"
#include "xml/reader.h"
#include "xmpp/error.h"

struct cw_s2s;

struct cw_s2s_config {
    enum cw_direction direction;
    struct cw_policy *policy;    /* a reference is taken */
    struct cw_str local, remote; /* outbound: A-labels of the pair; inbound: absent */
    /* Outbound made only to ask an authority (dialback step 2): no authentication of our own is
     * begun; verify requests go out once the partner's TLS rules are met. */
    bool verify_only;
    /* The owner answers PROVE actions: more than the names in a certificate may count (pinned keys,
     * DANE, POSH).  Otherwise no PROVE comes and names decide. */
    bool proves;
    /* The owner takes stanzas on outbound streams and sends them on inbound ones (XEP-0288).
     * Otherwise that is neither offered nor asked for. */
    bool bidi;
    /* Fills `out` with an unpredictable stream id (inbound only). */
    void (*new_stream_id)(void *arg, char out[33]);
    void *arg;
};
struct cw_s2s *cw_s2s_new(const struct cw_s2s_config *);
void cw_s2s_free(struct cw_s2s **);

enum cw_s2s_event_kind {
    /* Transport is up (outbound and inbound: first event).  With `cert`, TLS was there from the
     * first byte (XEP-0368), and the event is OPENED and TLS_UP in one. */
    CW_S2S_OPENED,
    CW_S2S_BYTES,
    CW_S2S_TLS_UP,          /* handshake done; `cert` is valid for this call and copied */
    CW_S2S_TLS_FAILED,      /* `text`: why */
    CW_S2S_PROVEN,          /* to our PROVE: `cert`, the peer's, with all that is known of it now */
    CW_S2S_DIALBACK_ANSWER, /* to our ASK_AUTHORITY: `dialback`, valid/invalid/error */
    CW_S2S_VERIFY,   /* outbound, also before OPENED: ask the peer to verify a key: `dialback`;
                      * answered by VERIFY_ANSWER in any case */
    CW_S2S_SEND,     /* stanza (jabber:server namespace) of the pair (local, remote); absent: the
                      * header's.  Ask may_send first: where it says no, nothing happens */
    CW_S2S_ADD_PAIR, /* outbound: prove (local, remote) too.  Ask may_add_pair first: where it says
                      * no, nothing happens; else READY or FAILED of that pair follows */
    CW_S2S_POLICY,   /* `policy` is new; the machine takes a reference and reacts */
    CW_S2S_TIMER,
    CW_S2S_CLOSE, /* we want to close: `stream_error` if has_error, `text` */
    CW_S2S_EOF,   /* the transport ended; `text`: why */
};

/* One dialback question or its answer.  originating = whose key it is; receiving = who was asked
 * to believe it; id = the stream id that the receiving server gave (XEP-0220 section 2.1.2). */
struct cw_s2s_dialback {
    struct cw_str originating, receiving, id, key;
    enum cw_dialback_state state;   /* answers: VALID, INVALID or ERROR */
    enum cw_stanza_error condition; /* ERROR: which (section 2.5) */
};

struct cw_s2s_event {
    enum cw_s2s_event_kind kind;
    uint64_t now_ms;
    struct cw_str bytes;                   /* BYTES */
    bool no_handshake;                     /* BYTES, inbound: TLS must not begin now, too many do;
                                            * who asks for it is sent away */
    const struct cw_cert *cert;            /* TLS_UP, PROVEN; OPENED: may be */
    struct cw_str tls_version, tls_cipher; /* TLS_UP, OPENED with cert: for people */
    struct cw_s2s_dialback dialback;       /* DIALBACK_ANSWER, VERIFY */
    const struct cw_xml *stanza;           /* SEND: checked and built by the caller */
    struct cw_str local, remote;           /* SEND, ADD_PAIR: the pair, A-labels */
    struct cw_policy *policy;              /* POLICY */
    bool has_error;                        /* CLOSE */
    enum cw_stream_error stream_error;
    struct cw_str text;
};

enum cw_s2s_action_kind {
    CW_S2S_DO_SEND,          /* write `bytes` */
    CW_S2S_DO_START_TLS,     /* after all bytes so far; server side when inbound */
    CW_S2S_DO_PROVE,         /* does the peer's certificate stand for `remote`?  Answer with PROVEN
                              * (not from inside); nothing is read or offered until then */
    CW_S2S_DO_ASK_AUTHORITY, /* inbound got a <db:result/>: ask dialback.originating's server */
    CW_S2S_DO_VERIFY_ANSWER, /* outbound: the peer's answer to a VERIFY event, or its failure */
    CW_S2S_DO_READY,         /* the pair (local, remote) is proven in this direction by `method` */
    CW_S2S_DO_STANZA,        /* inbound, or outbound where is_bidi: `stanza` for us, of the pair
                              * (local, remote); its addresses were checked and enforced.  With
                              * is_refused it came while we part, or behind our goodbye when the
                              * settings had changed: its sender is to be told */
    CW_S2S_DO_FAILED, /* outbound: this pair will not come up: `reason`, `text`.  If it is the
                       * header's, the stream ends; if it was added, nothing else does */
    CW_S2S_DO_CLOSE,  /* write what is queued, then close the transport; always the last */
    CW_S2S_DO_NOTE,   /* one line for log and timeline: event name in `bytes`, `text` */
};

struct cw_s2s_action {
    enum cw_s2s_action_kind kind;
    struct cw_str bytes;
    struct cw_s2s_dialback dialback;
    struct cw_str local, remote;
    enum cw_method method;
    struct cw_xml *stanza;      /* until the next step */
    bool is_refused;            /* STANZA */
    enum cw_nego_reason reason; /* FAILED, when the policy ended it */
    bool has_error;             /* CLOSE, FAILED: a stream error was sent or received */
    bool by_peer;               /* CLOSE, FAILED: the peer ended it, or sent that error */
    enum cw_stream_error stream_error;
    struct cw_str text; /* one sentence */
};

/* Filled by a step; everything in it lives until the machine's next step. */
struct cw_s2s_actions {
    struct cw_s2s_action *items;
    size_t n;
};
/* After a CLOSE action every further event but EOF is ignored. */
void cw_s2s_step(struct cw_s2s *, const struct cw_s2s_event *, struct cw_s2s_actions *out);

/* When the next TIMER event is due at the latest; 0 = none. */
uint64_t cw_s2s_deadline_ms(const struct cw_s2s *);
/* The one question that every path asks before a stanza passes. */
bool cw_s2s_is_ready(const struct cw_s2s *, struct cw_str local, struct cw_str remote);
/* The same of ours: may a stanza of the pair go out here?  Outbound, and inbound where is_bidi. */
bool cw_s2s_may_send(const struct cw_s2s *, struct cw_str local, struct cw_str remote);
/* Stanzas go both ways on this stream, of every pair that is READY (XEP-0288). */
bool cw_s2s_is_bidi(const struct cw_s2s *);
/* Outbound and READY: could this further pair be proven here (XEP-0220 section 2.6)?  That the same
 * server stands for both remote domains is the caller's knowledge. */
bool cw_s2s_may_add_pair(const struct cw_s2s *, struct cw_str local, struct cw_str remote);
enum cw_method cw_s2s_method(const struct cw_s2s *);
const char *cw_s2s_state_name(const struct cw_s2s *);
/* Inbound: how often the peer, unproven so far, was refused: proofs of its identity that failed
 * (SASL, dialback), and errors by which it ended the stream before there was one. */
unsigned cw_s2s_n_refused(const struct cw_s2s *);
struct cw_str cw_s2s_stream_id(const struct cw_s2s *);
/* What was observed so far of the header's pair (dialback: see the pairs). */
const struct cw_facts *cw_s2s_facts(const struct cw_s2s *);
/* The peer's certificate as last told; present is false when there is none. */
const struct cw_cert *cw_s2s_cert(const struct cw_s2s *);

/* A pair of domains (A-labels) on this stream; borrowed until the next step. */
struct cw_s2s_pair_state {
    struct cw_str local, remote;
    bool is_ready;
    enum cw_method method;           /* when ready */
    enum cw_dialback_state dialback; /* PENDING: asked, not answered */
};
enum { CW_S2S_MAX_PAIRS = 32 }; /* of one stream */
/* Fills `out`, at most `max`; returns how many there are. */
size_t cw_s2s_pairs(const struct cw_s2s *, struct cw_s2s_pair_state *out, size_t max);
/* Inbound: from of the stream header once read and enforced (A-labels), absent before. */
struct cw_str cw_s2s_remote(const struct cw_s2s *);
/* Inbound: from and to of the last header that named domains, also where they were refused: what
 * the peer claims, for the timeline only. */
struct cw_str cw_s2s_claimed_from(const struct cw_s2s *);
struct cw_str cw_s2s_claimed_to(const struct cw_s2s *);

#endif
