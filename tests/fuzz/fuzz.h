/* What the fuzz targets share.  A target is one file, fuzz_<noun>.c, with one function: it gives
 * the input to the code under test and asserts what must hold for every input (cw_assert ends the
 * process, which is what the fuzzer looks for).  Crashes, leaks and undefined behaviour are the
 * sanitizers' to find; slowness is measured here (fuzz.c). */
#ifndef CW_TESTS_FUZZ_FUZZ_H
#define CW_TESTS_FUZZ_FUZZ_H

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

#include <stdint.h>

/* Written by each target. */
void fuzz_input(struct cw_str input);

/* Called by libFuzzer; in fuzz.c. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* The next part of the input up to the separator, which is dropped; false when nothing is left. */
bool fuzz_part(struct cw_str *rest, char separator, struct cw_str *part);
/* The first octet as a number, cut off; 0 when nothing is left. */
unsigned fuzz_octet(struct cw_str *rest);

/* Feeds the input in pieces of that many octets (0: whole), each a heap copy of its own, so that
 * who reads past the end of a piece is caught. */
void fuzz_feed(struct cw_str input, size_t piece_bytes,
               void (*feed)(void *arg, struct cw_str piece), void *arg);

#endif
