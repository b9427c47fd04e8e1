/* Inside the stream machine: its state, and what its files offer each other.
 *
 *     stream.c           life, events, state change
 *     stream_pair.c      the pairs of domains, and what is proven for each
 *     stream_time.c      deadlines
 *     stream_read.c      bytes -> header, elements; which handler takes which element
 *     stream_act.c       actions, sending, and every way of ending a stream
 *     stream_note.c      what was seen, in words for the timeline
 *     stream_tls.c       begins a stream, in the clear or over TLS; what a certificate stands for
 *     stream_in.c        inbound: header, features, STARTTLS, stanzas
 *     stream_out.c       outbound: header, features, what to try next
 *     stream_sasl.c      SASL EXTERNAL, both sides
 *     stream_dialback.c  receiving and originating server
 *     stream_add.c       originating server: more pairs on a stream that is READY
 *     stream_verify.c    authoritative server, and asking one
 *     stream_bidi.c      stanzas both ways
 *     stream_policy.c    reaction to changed settings
 *
 * States and the ways between them (any state -> CLOSING or CLOSED; where TLS is there from the
 * first byte, NEW takes the place of TLS; PROVING is passed only where the owner is to be asked):
 *
 *     inbound    NEW -> HEADER -> OPEN -+-> TLS -> HEADER -> PROVING -> OPEN
 *                                       +-> (SASL success) HEADER -> READY
 *                                       +-> (dialback valid) READY
 *     outbound   NEW -> HEADER -> FEATURES -+-> PROCEED -> TLS -> PROVING -> HEADER -> FEATURES
 *                                           +-> AUTH -> HEADER -> FEATURES -> READY
 *                                           +-> DIALBACK -> READY
 *                                           +-> VERIFYING (made only to ask an authority)
 */
#ifndef CW_S2S_STREAM_PRIV_H
#define CW_S2S_STREAM_PRIV_H

#include "base/buf.h"
#include "s2s/stream.h"
#include "xmpp/ns.h"
#include "xmpp/stream.h"

enum cw_s2s_state {
    CW_S2S_NEW,      /* nothing is known; waits for the transport */
    CW_S2S_HEADER,   /* waits for the peer's stream header; what came before is forgotten */
    CW_S2S_FEATURES, /* outbound: header read; waits for features */
    CW_S2S_PROCEED,  /* outbound: <starttls/> is sent; waits for <proceed/> or <failure/> */
    CW_S2S_TLS,      /* the transport shakes hands; nothing is read as XML */
    CW_S2S_PROVING,  /* outbound: TLS is up, inbound: the header is read; waits for the owner to say
                      * what the certificate stands for; nothing is read or offered */
    CW_S2S_AUTH,     /* outbound: <auth/> is sent; waits for the outcome */
    CW_S2S_DIALBACK, /* outbound: <db:result/> is sent; waits for the answer */
    CW_S2S_VERIFYING, /* outbound: proves nothing of ours; keys are put to the authority */
    CW_S2S_OPEN,      /* inbound: our features stand, nothing is proven; the peer chooses */
    CW_S2S_READY,     /* a pair is proven: its stanzas flow */
    CW_S2S_CLOSING,   /* our </stream:stream> is sent; waits for the peer's */
    CW_S2S_CLOSED,    /* over; the last action was CLOSE */
};

enum {
    CW_S2S_CLOSING_MS = 10000,
    CW_S2S_PARTING_MS = 500, /* for what the peer had sent when the settings changed */
    CW_S2S_HANDSHAKE_MS = 30000,
    CW_S2S_MAX_KEY_BYTES = 1024, /* of a dialback key */
    CW_S2S_MAX_SASL_TRIES = 3,
    CW_S2S_MAX_BYTES_UNPROVEN = 65536, /* read before READY, in all */
};

/* A pair of domains on this stream, in this direction. */
struct cw_s2s_pair {
    struct cw_s2s_pair *next;
    struct cw_arena arena;
    struct cw_str local, remote;           /* A-labels */
    struct cw_str local_wire, remote_wire; /* U-labels, as XMPP addresses hold them */
    enum cw_dialback_state dialback;
    uint64_t since_ms; /* outbound, added: when its key was sent */
    bool is_ready;
    enum cw_method method;
};

/* How a stream, or one pair on it, came to its end. */
struct cw_s2s_end {
    bool has_error, by_peer;
    enum cw_stream_error error;
    enum cw_nego_reason reason;
    struct cw_str text;
};

/* A key that the peer is asked to verify, or will be once that is allowed. */
struct cw_s2s_verify {
    struct cw_s2s_verify *next;
    struct cw_arena arena;
    struct cw_s2s_dialback question;
    uint64_t since_ms;
    bool is_sent;
};

struct cw_s2s {
    struct cw_s2s_config config;
    struct cw_policy *policy;
    enum cw_s2s_state state;
    struct cw_arena session, step;
    /* Elements.  A half-read one may stand in the current arena between two steps, so a step ends
     * its first element there and goes on in the other, which was emptied at its start. */
    struct cw_arena stanza[2];
    unsigned stanza_at;
    bool stanza_flipped;
    struct cw_xml_reader *reader; /* NULL while nothing is read */
    struct cw_buf held;           /* PROVING: bytes that came meanwhile */

    struct cw_str local, remote;            /* A-labels of the header; absent when there is none */
    struct cw_str claimed_from, claimed_to; /* inbound: by the peer's header, refused or not */
    struct cw_str id;   /* of the stream in force, given by the receiving side */
    bool is_before_1_0; /* the peer's header was read and has no version from 1.0 on */
    bool header_sent, declares_db, peer_declares_db;
    bool offers_bidi, offers_errors; /* outbound: the peer does, in the features in force */
    bool is_bidi;                    /* asked for, and taken up where TLS stands now */
    struct cw_facts facts;           /* of the header's pair; dialback stands in each pair */
    struct cw_cert cert;
    struct cw_str proof_asked_for; /* the domain that PROVE was about, with this certificate */
    struct cw_s2s_pair *pairs;     /* outbound: the header's first */
    size_t n_pairs;
    struct cw_s2s_verify *verifies;
    unsigned sasl_tries;
    bool no_handshake;    /* of the event at hand */
    unsigned n_refused;   /* cw_s2s_n_refused */
    bool sasl_challenged; /* an empty <challenge/> is out: <response/> may come */
    bool was_ready;       /* a pair was proven at some time */
    bool failure_told;
    bool is_refused_by_peer; /* outbound: it did not believe us, and said so */
    bool eof;
    enum cw_nego_reason last_reason;    /* of the last verdict, for the timeout's sentence */
    enum cw_nego_reason closing_reason; /* CLOSING: why */
    struct cw_str closing_text;
    bool is_parting; /* CLOSING, with closing_error: stanzas still come and are refused */
    enum cw_stream_error closing_error;
    bool is_refusing; /* CLOSING: the settings changed meanwhile; stanzas are refused */
    bool closing_by_peer;

    uint64_t now_ms, opened_ms, active_ms, closing_ms, handshake_ms;
    size_t n_unproven_bytes;
    struct cw_s2s_action *actions;
    size_t n_actions, max_actions;
};

/* --- stream.c --- */
const char *cw_s2s_name_of_state(enum cw_s2s_state);
void cw_s2s_set_state(struct cw_s2s *, enum cw_s2s_state);      /* the one place that changes it */
const struct cw_partner *cw_s2s_partner(const struct cw_s2s *); /* the header's; NULL: none */
/* The decision for a pair; pair may be NULL: the header's, without dialback so far.  A partner
 * that is not listed is refused. */
struct cw_verdict cw_s2s_ask_policy(const struct cw_s2s *, const struct cw_s2s_pair *);

/* --- stream_pair.c --- */
struct cw_s2s_pair *cw_s2s_pair_find(const struct cw_s2s *, struct cw_str local,
                                     struct cw_str remote); /* A-labels; NULL: none */
struct cw_s2s_pair *cw_s2s_pair_add(struct cw_s2s *, struct cw_str local, struct cw_str remote);
void cw_s2s_pair_remove(struct cw_s2s *, struct cw_s2s_pair *);
void cw_s2s_pairs_clear(struct cw_s2s *);
void cw_s2s_pair_ready(struct cw_s2s *, struct cw_s2s_pair *, enum cw_method);
/* An A-label domain as XMPP addresses hold it: in U-labels. */
struct cw_str cw_s2s_wire_form(struct cw_arena *, struct cw_str domain);

/* --- stream_bidi.c --- */
/* Outbound, both ways: may stanzas of that domain come in, once a pair of it is READY? */
bool cw_s2s_may_take_from(const struct cw_s2s *, struct cw_str remote);
void cw_s2s_ask_bidi(struct cw_s2s *); /* outbound, before authentication: where that is good */
bool cw_s2s_may_offer_bidi(const struct cw_s2s *, const struct cw_verdict *);
bool cw_s2s_lacks_staple(const struct cw_s2s *); /* inbound: so nothing may go back on it */
void cw_s2s_on_bidi(struct cw_s2s *, struct cw_xml *);

/* --- stream_add.c --- */
void cw_s2s_add_pair(struct cw_s2s *, struct cw_str local, struct cw_str remote);
/* The pair's dialback has its answer: READY, or FAILED and gone. */
void cw_s2s_added_answered(struct cw_s2s *, struct cw_s2s_pair *);
void cw_s2s_added_expire(struct cw_s2s *); /* fails those that waited too long */
void cw_s2s_added_fail_all(struct cw_s2s *, const struct cw_s2s_end *);
uint64_t cw_s2s_added_deadline_ms(const struct cw_s2s *);

/* --- stream_read.c --- */
void cw_s2s_read(struct cw_s2s *, struct cw_str bytes);
void cw_s2s_reader_start(struct cw_s2s *);   /* a fresh one; what the old one holds dies */
void cw_s2s_reader_restart(struct cw_s2s *); /* a fresh one that goes on where the old one is */
void cw_s2s_reader_set_limits(struct cw_s2s *);
void cw_s2s_read_held(struct cw_s2s *); /* what stood still while we were PROVING */

/* --- stream_act.c --- */
struct cw_s2s_action *cw_s2s_act(struct cw_s2s *, enum cw_s2s_action_kind);
void cw_s2s_send_header(struct cw_s2s *);
void cw_s2s_send(struct cw_s2s *, const struct cw_xml *);
/* An element of ours, in the step's arena. */
struct cw_xml *cw_s2s_make(struct cw_s2s *, struct cw_str ns, const char *name);
/* Ends the stream with an error of ours; text is kept by the caller or in the step's arena. */
void cw_s2s_fail(struct cw_s2s *, enum cw_stream_error, const char *text);
/* Ends it because the settings changed: on a stream of the peer's that was proven, what he had sent
 * already is read for a moment, and handed on as refused. */
void cw_s2s_part(struct cw_s2s *, enum cw_stream_error, const char *text);
/* Ends it because the policy says so: the reason's own error and sentence. */
void cw_s2s_refuse(struct cw_s2s *, enum cw_nego_reason);
/* Says goodbye and waits for the peer's. */
void cw_s2s_close_gently(struct cw_s2s *, enum cw_nego_reason, struct cw_str text, bool by_peer);
/* Nothing more can be said: the transport is gone, or must go. */
void cw_s2s_end(struct cw_s2s *, const struct cw_s2s_end *);

/* The handshake failed, or never ended. */
void cw_s2s_tls_failed(struct cw_s2s *, struct cw_str why);

/* --- stream_note.c --- */
void cw_s2s_note(struct cw_s2s *, const char *event, const char *text);
/* The peer's words for a note: escaped, and cut at 200 octets; in the step's arena. */
struct cw_str cw_s2s_quote(struct cw_s2s *, struct cw_str);
void cw_s2s_note_header(struct cw_s2s *, const struct cw_stream_header *);
void cw_s2s_note_features(struct cw_s2s *, const char *event, const struct cw_stream_features *);
void cw_s2s_note_proof(struct cw_s2s *); /* what the certificate is for the header's domain */
void cw_s2s_note_error(struct cw_s2s *, const char *event, enum cw_stream_error,
                       struct cw_str words);
/* A dialback question, or what became of it. */
void cw_s2s_note_dialback(struct cw_s2s *, const char *event, struct cw_str originating,
                          struct cw_str receiving, const char *outcome);

/* --- stream_tls.c --- */
void cw_s2s_begin(struct cw_s2s *);
void cw_s2s_begin_over_tls(struct cw_s2s *, const struct cw_s2s_event *);
/* Judges the certificate for the header's domain.  True: the owner is asked first, and on_proven
 * goes on where the caller stops. */
bool cw_s2s_ask_proof(struct cw_s2s *);
/* Is the owner to be asked what the certificate stands for, and was not yet? */
bool cw_s2s_is_proof_wanted(const struct cw_s2s *);
void cw_s2s_on_proven(struct cw_s2s *, const struct cw_cert *);

/* --- stream_time.c --- */
void cw_s2s_on_timer(struct cw_s2s *);

/* --- stream_in.c --- */
void cw_s2s_on_header_in(struct cw_s2s *, const struct cw_stream_header *);
/* What we offer, or would; to somebody who has not said who he is: whatever some partner may need.
 */
struct cw_verdict cw_s2s_offer_verdict(const struct cw_s2s *);
void cw_s2s_answer_header(struct cw_s2s *); /* the peer's certificate is judged: goes on */
void cw_s2s_on_starttls(struct cw_s2s *, struct cw_xml *);
void cw_s2s_on_stanza(struct cw_s2s *, struct cw_xml *);

/* --- stream_out.c --- */
void cw_s2s_on_header_out(struct cw_s2s *, const struct cw_stream_header *);
void cw_s2s_on_features(struct cw_s2s *, struct cw_xml *);
void cw_s2s_on_proceed(struct cw_s2s *, struct cw_xml *);
void cw_s2s_on_tls_refused(struct cw_s2s *, struct cw_xml *);
void cw_s2s_decide_next(struct cw_s2s *); /* outbound: asks the policy and does what it says */

/* --- stream_sasl.c --- */
void cw_s2s_on_auth(struct cw_s2s *, struct cw_xml *);
void cw_s2s_on_response(struct cw_s2s *, struct cw_xml *);
void cw_s2s_on_abort(struct cw_s2s *, struct cw_xml *);
void cw_s2s_start_external(struct cw_s2s *);
void cw_s2s_on_challenge(struct cw_s2s *, struct cw_xml *);
void cw_s2s_on_success(struct cw_s2s *, struct cw_xml *);
void cw_s2s_on_sasl_failure(struct cw_s2s *, struct cw_xml *);

/* --- stream_dialback.c --- */
/* from and to as A-labels; false when one is missing or no domain. */
bool cw_s2s_dialback_addresses(struct cw_s2s *, const struct cw_xml *, struct cw_str *from,
                               struct cw_str *to);
/* Answers a dialback element: from and to swapped, id copied; ERROR carries the condition. */
void cw_s2s_dialback_reply(struct cw_s2s *, const struct cw_xml *, enum cw_dialback_state,
                           enum cw_stanza_error);
/* For a note: "valid", "invalid", or the condition. */
const char *cw_s2s_dialback_outcome(enum cw_dialback_state, enum cw_stanza_error);
void cw_s2s_on_result_in(struct cw_s2s *, struct cw_xml *);
void cw_s2s_on_result_out(struct cw_s2s *, struct cw_xml *);
void cw_s2s_on_dialback_answer(struct cw_s2s *, const struct cw_s2s_dialback *);
void cw_s2s_start_dialback(struct cw_s2s *);
/* Outbound: is there a secret of ours, and an id of the stream, to make a key of? */
bool cw_s2s_can_claim(const struct cw_s2s *);
void cw_s2s_send_claim(struct cw_s2s *, struct cw_s2s_pair *); /* <db:result/> with our key */

/* --- stream_verify.c --- */
void cw_s2s_on_verify_in(struct cw_s2s *, struct cw_xml *);
void cw_s2s_on_verify_out(struct cw_s2s *, struct cw_xml *);
void cw_s2s_verify_add(struct cw_s2s *, const struct cw_s2s_dialback *);
bool cw_s2s_rules_have_dialback(const struct cw_rules *);
void cw_s2s_verify_flush(struct cw_s2s *);  /* sends those that wait, when that is allowed now */
void cw_s2s_verify_expire(struct cw_s2s *); /* answers those that waited too long */
/* What an authority that said nothing is called: never reached, or fallen silent. */
enum cw_stanza_error cw_s2s_verify_silence(const struct cw_s2s *);
void cw_s2s_verify_fail_all(struct cw_s2s *, enum cw_stanza_error);
uint64_t cw_s2s_verify_deadline_ms(const struct cw_s2s *);

/* --- stream_policy.c --- */
void cw_s2s_on_policy(struct cw_s2s *, struct cw_policy *);

#endif
