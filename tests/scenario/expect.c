/* `expect`: what the machine did, and what it answers when it is asked. */
#include "replay.h"

static void expect_note(struct replay *r, struct cw_str rest)
{
    struct cw_str name = word(&rest);
    struct cw_str pattern = cw_arena_printf(&r->world.arena, "%.*s %.*s", CW_ARG(name),
                                            CW_ARG(rest.n ? rest : CW_S("*")));

    for (size_t i = 0; i < r->world.n_notes; i++)
        if (matches(pattern, r->world.notes[i]))
            return;
    replay_fail(r, CW_S("no such note"), pattern);
}

static void expect_deadline(struct replay *r, struct cw_str text)
{
    uint64_t want = cw_str_eq_cstr(text, "none") ? 0 : r->world.now_ms + replay_read_ms(r, text);
    uint64_t got = cw_s2s_deadline_ms(r->world.stream);

    if (got != want)
        replay_fail(r, CW_S("another deadline"),
                    cw_arena_printf(&r->world.arena, "in %lld ms",
                                    got ? (long long)(got - r->world.now_ms) : -1));
}

typedef bool question(const struct cw_s2s *, struct cw_str local, struct cw_str remote);

static void expect_of_pair(struct replay *r, question *ask, struct cw_str rest)
{
    struct cw_str local = word(&rest), remote = word(&rest);

    if (ask(r->world.stream, local, remote) != cw_str_eq_cstr(rest, "yes"))
        replay_fail(r, CW_S("the answer is not"), rest);
}

static void expect_is_bidi(struct replay *r, struct cw_str rest)
{
    if (cw_s2s_is_bidi(r->world.stream) != cw_str_eq_cstr(rest, "yes"))
        replay_fail(r, CW_S("the answer is not"), rest);
}

static void expect_proof(struct replay *r, struct cw_str rest)
{
    struct cw_str domain = word(&rest);
    const char *proof = cw_cert_proof_name(cw_cert_proof(cw_s2s_cert(r->world.stream), domain));

    if (!cw_str_eq_cstr(rest, proof))
        replay_fail(r, CW_S("it is proven by"), cw_str_of(proof));
}

static void expect_pair(struct replay *r, struct cw_str rest)
{
    struct cw_s2s_pair_state pairs[CW_S2S_MAX_PAIRS];
    struct cw_str local = word(&rest), remote = word(&rest);
    size_t n = cw_s2s_pairs(r->world.stream, pairs, CW_S2S_MAX_PAIRS);
    const char *found = "no such pair";

    for (size_t i = 0; i < n; i++)
        if (cw_str_eq(pairs[i].local, local) && cw_str_eq(pairs[i].remote, remote))
            found = pairs[i].is_ready                          ? cw_method_name(pairs[i].method)
                    : pairs[i].dialback == CW_DIALBACK_PENDING ? "pending"
                                                               : "not ready";
    if (!cw_str_eq_cstr(rest, found))
        replay_fail(r, CW_S("the pair is"), cw_str_of(found));
}

void expect_nothing(struct replay *r)
{
    struct world *w = &r->world;

    if (w->first < w->n_lines)
        replay_fail(r, CW_S("unexpected action"), w->lines[w->first]);
    w->first = w->n_lines = 0;
}

static void expect_action(struct replay *r, struct cw_str pattern)
{
    struct world *w = &r->world;

    if (w->first == w->n_lines)
        replay_fail(r, CW_S("the machine does nothing more; expected"), pattern);
    if (!matches(pattern, w->lines[w->first]))
        replay_fail(r, CW_S("the machine does something else"), w->lines[w->first]);
    w->first++;
}

void do_expect(struct replay *r, struct cw_str rest)
{
    struct cw_str all = rest, what = word(&rest);

    if (cw_str_eq_cstr(what, "nothing"))
        expect_nothing(r);
    else if (cw_str_eq_cstr(what, "note"))
        expect_note(r, rest);
    else if (cw_str_eq_cstr(what, "deadline"))
        expect_deadline(r, rest);
    else if (cw_str_eq_cstr(what, "is-ready"))
        expect_of_pair(r, cw_s2s_is_ready, rest);
    else if (cw_str_eq_cstr(what, "may-send"))
        expect_of_pair(r, cw_s2s_may_send, rest);
    else if (cw_str_eq_cstr(what, "may-add"))
        expect_of_pair(r, cw_s2s_may_add_pair, rest);
    else if (cw_str_eq_cstr(what, "is-bidi"))
        expect_is_bidi(r, rest);
    else if (cw_str_eq_cstr(what, "proof"))
        expect_proof(r, rest);
    else if (cw_str_eq_cstr(what, "pair"))
        expect_pair(r, rest);
    else if (!cw_str_eq_cstr(what, "state"))
        expect_action(r, unescape(&r->world.arena, all));
    else if (!cw_str_eq_cstr(rest, cw_s2s_state_name(r->world.stream)))
        replay_fail(r, CW_S("the state is"), cw_str_of(cw_s2s_state_name(r->world.stream)));
}
