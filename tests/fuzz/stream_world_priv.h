/* Inside the watched world: its state, shared by what drives it and what checks it. */
#ifndef CW_TESTS_FUZZ_STREAM_WORLD_PRIV_H
#define CW_TESTS_FUZZ_STREAM_WORLD_PRIV_H

#include "stream_world.h"

#include "xml/reader.h"

enum { MAX_READY = 64 };

struct domains {
    struct cw_str local, remote; /* A-labels */
};

struct world {
    struct cw_arena arena;
    size_t piece_bytes; /* in which the peer's bytes come; 0: as they stand */
    enum cw_direction direction;
    bool verify_only, proves, bidi; /* what the machine was told of its owner */
    struct cw_policy *policy;
    struct cw_s2s *stream;
    uint64_t now_ms;
    unsigned n_ids, n_events;

    struct cw_buf told;         /* the actions as text, to compare the two runs */
    struct cw_xml_reader *sent; /* reads what we send, as the peer would */
    struct cw_arena sent_arena;
    struct domains ready[MAX_READY], added[MAX_READY]; /* added: asked for, no answer yet */
    size_t n_ready, n_added;
    struct cw_s2s_dialback asked; /* the last question to an authority */
    struct cw_cert cert;          /* of the handshake that is up */
    struct cw_str proof_asked;    /* the domain of the last PROVE since then */
    size_t n_verifies, n_verified;
    bool in_handshake, has_tls, is_closed, has_failed;
};

/* Asserts what must hold for an action, and remembers it. */
void world_take_action(struct world *, const struct cw_s2s_action *);
/* Asserts what must hold between two steps. */
void world_check_questions(const struct world *);
bool world_is_one_of(const struct domains *, size_t n, struct cw_str local, struct cw_str remote);

#endif
