/* See fuzz.h.  An input that takes longer than SLOW_MS of processor time is a finding like a crash:
 * a peer could send it again and again.  It is measured twice, for the first run of a code path
 * may pay for pages and tables that later ones find ready. */
#include "fuzz.h"

#include <time.h>

enum { SLOW_MS = 50 };

static long spent_ms(struct cw_str input)
{
    struct timespec from, to;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
    fuzz_input(input);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
    return (to.tv_sec - from.tv_sec) * 1000 + (to.tv_nsec - from.tv_nsec) / 1000000;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct cw_str input = {(const char *)data, n};
    long ms = spent_ms(input);

    if (ms > SLOW_MS && (ms = spent_ms(input)) > SLOW_MS)
        cw_fatal("slow: %ld ms for %zu octets", ms, n);
    return 0;
}

bool fuzz_part(struct cw_str *rest, char separator, struct cw_str *part)
{
    ptrdiff_t at = cw_str_index(*rest, separator);

    if (rest->n == 0)
        return false;
    *part = cw_str_sub(*rest, 0, at < 0 ? rest->n : (size_t)at);
    *rest = cw_str_sub(*rest, part->n + 1, rest->n);
    return true;
}

unsigned fuzz_octet(struct cw_str *rest)
{
    unsigned octet = rest->n > 0 ? (unsigned char)rest->p[0] : 0;

    *rest = cw_str_sub(*rest, 1, rest->n);
    return octet;
}

void fuzz_feed(struct cw_str input, size_t piece_bytes,
               void (*feed)(void *arg, struct cw_str piece), void *arg)
{
    size_t step = piece_bytes ? piece_bytes : input.n;

    for (size_t at = 0; at < input.n; at += step) {
        struct cw_str piece = cw_str_sub(input, at, at + step);
        char *copy = cw_memdup(piece.p, piece.n);

        feed(arg, (struct cw_str){copy, piece.n});
        cw_free(copy);
    }
}
