/* What a stranger's web server says about certificates: any text is taken or refused with a
 * sentence, what is taken is within its bounds, and nothing stands for a certificate unasked. */
#include "fuzz.h"

#include "s2s/posh.h"

void fuzz_input(struct cw_str input)
{
    struct cw_arena a = {0};
    struct cw_posh posh;
    struct cw_str fault = cw_posh_read(&a, input, &posh);

    if (cw_str_is_present(fault)) {
        cw_assert(fault.n > 0 && posh.n_fingerprints == 0 && !cw_str_is_present(posh.url));
    } else {
        cw_assert(posh.expires_s > 0 && posh.expires_s <= CW_POSH_MAX_EXPIRES_S);
        cw_assert(cw_str_is_present(posh.url) == (posh.n_fingerprints == 0));
        cw_assert(posh.n_fingerprints <= CW_POSH_MAX_FINGERPRINTS);
    }
    cw_assert(!cw_posh_matches(&posh, CW_STR_NONE, CW_STR_NONE));
    cw_arena_free(&a);
}
