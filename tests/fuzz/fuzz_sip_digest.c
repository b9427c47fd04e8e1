/* Digest challenges: whatever a server asks for, the answer is one header value without controls
 * that names the challenge's own realm and nonce and can be read back the same way. */
#include "fuzz.h"

#include "sip/digest.h"

static void check_answer(struct cw_arena *arena, const struct cw_sip_challenge *c)
{
    struct cw_buf value = {0};
    struct cw_sip_challenge again;
    struct cw_sip_answer answer = {.user = CW_S("a\"b\\c"),
                                   .password = CW_S("secret"),
                                   .method = CW_S("MESSAGE"),
                                   .uri = CW_S("sip:alice@contoso.test"),
                                   .cnonce = CW_S("00ff"),
                                   .nc = 1};

    cw_assert(cw_sip_challenge_answer(c, &answer, &value));
    for (size_t i = 0; i < value.n; i++)
        cw_assert((unsigned char)value.p[i] >= 0x20 || value.p[i] == '\t');
    cw_assert(cw_sip_challenge_parse(arena, cw_buf_str(&value), &again));
    cw_assert(cw_str_eq(again.realm, c->realm) && cw_str_eq(again.nonce, c->nonce));
    cw_assert(again.algorithm == c->algorithm && again.has_qop == c->has_qop);
    cw_assert(cw_str_is_present(again.opaque) == cw_str_is_present(c->opaque) &&
              cw_str_eq(again.opaque, c->opaque));
    cw_buf_free(&value);
}

void fuzz_input(struct cw_str input)
{
    struct cw_arena arena = {0};
    struct cw_sip_challenge one, picked;
    bool is_good = cw_sip_challenge_parse(&arena, input, &one);

    if (is_good)
        check_answer(&arena, &one);
    /* Picked for its own realm and for no other. */
    cw_assert(cw_sip_challenge_pick(&arena, &input, 1, is_good ? one.realm : CW_S("r"), &picked) ==
              is_good);
    cw_assert(!cw_sip_challenge_pick(&arena, &input, 1, CW_S("another \x01 realm"), &picked));
    cw_arena_free(&arena);
}
