/* What the files of the replayer share: one run of one scenario file. */
#ifndef CW_TESTS_SCENARIO_REPLAY_H
#define CW_TESTS_SCENARIO_REPLAY_H

#include "words.h"
#include "world.h"

struct variable {
    struct cw_str name, text;
};

struct replay {
    struct world world;
    const char *file;
    unsigned line;
    struct variable variables[64];
    size_t n_variables;
};

/* Ends the program: the line at hand is not as it should be. */
_Noreturn void replay_fail(const struct replay *, struct cw_str what, struct cw_str detail);
/* "+10s" in milliseconds. */
uint64_t replay_read_ms(struct replay *, struct cw_str);

/* --- describe.c: local, no-local, partner, no-partner, setting --- */
void do_local(struct replay *, struct cw_str rest);
void do_no_local(struct replay *, struct cw_str rest);
void do_partner(struct replay *, struct cw_str rest);
void do_no_partner(struct replay *, struct cw_str rest);
void do_setting(struct replay *, struct cw_str rest);

/* --- events.c: what happens to the stream --- */
void do_apply(struct replay *, struct cw_str rest);
void do_inbound(struct replay *, struct cw_str rest);
void do_outbound(struct replay *, struct cw_str rest);
void do_verifier(struct replay *, struct cw_str rest);
void do_owner(struct replay *, struct cw_str rest);
void do_recv(struct replay *, struct cw_str rest);
void do_recv_many(struct replay *, struct cw_str rest);
void do_open(struct replay *, struct cw_str rest);
void do_tls_up(struct replay *, struct cw_str rest);
void do_proven(struct replay *, struct cw_str rest);
void do_tls_failed(struct replay *, struct cw_str rest);
void do_dialback_answer(struct replay *, struct cw_str rest);
void do_verify(struct replay *, struct cw_str rest);
void do_send(struct replay *, struct cw_str rest);
void do_send_of(struct replay *, struct cw_str rest);
void do_add_pair(struct replay *, struct cw_str rest);
void do_time(struct replay *, struct cw_str rest);
void do_close(struct replay *, struct cw_str rest);
void do_eof(struct replay *, struct cw_str rest);

/* --- expect.c --- */
void do_expect(struct replay *, struct cw_str rest);
void expect_nothing(struct replay *); /* every action so far was expected */

#endif
