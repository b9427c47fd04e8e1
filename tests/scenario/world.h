/* One stream machine and the little world around it: a policy that can change, a clock, and the
 * machine's actions turned into lines of text, in order. */
#ifndef CW_TESTS_SCENARIO_WORLD_H
#define CW_TESTS_SCENARIO_WORLD_H

#include "s2s/stream.h"

enum { MAX_PARTNERS = 8, MAX_LOCALS = 8, MAX_LINES = 256 };

struct world {
    struct cw_arena arena; /* the world's own: lives as long as the scenario */
    /* The policy as the scenario file last described it. */
    struct cw_str locals[MAX_LOCALS];
    size_t n_locals;
    struct cw_partner partners[MAX_PARTNERS];
    size_t n_partners;
    struct cw_settings settings;

    struct cw_policy *policy;
    struct cw_s2s *stream;
    uint64_t now_ms;
    bool byte_by_byte;
    bool proves, bidi;           /* of streams made from now on */
    bool busy;                   /* no handshake may begin now */
    struct cw_str local, remote; /* of the outbound stream */
    unsigned n_ids;
    struct cw_str lines[MAX_LINES]; /* actions not expected yet */
    size_t first, n_lines;
    struct cw_str notes[MAX_LINES]; /* since the last event: name and text */
    size_t n_notes;
};

void world_init(struct world *, bool byte_by_byte);
void world_free(struct world *);

/* Settles the policy from the description; with a stream, tells it. */
void world_apply_policy(struct world *);
void world_start(struct world *, enum cw_direction, struct cw_str local, struct cw_str remote,
                 bool verify_only);
/* Sets the time, steps, and appends the actions to the lines. */
void world_step(struct world *, struct cw_s2s_event *);
void world_receive(struct world *, struct cw_str bytes);

#endif
