/* A stream machine in a small world, driven by text and watched: the input is one event a line, and
 * after every step the promises of s2s/stream.h are asserted (stream_checks.c lists them).
 *
 *     RRy                 first line: TLS, SASL (R, O, N), dialback (y, n); then v: only verifies
 *                         keys, p: the owner proves, b: stanzas both ways, d, u: over TLS from the
 *                         first byte, with a good or an untrusted certificate
 *     <message .../>      any line that begins with '<': these bytes come from the peer
 *     h  i  j             the peer's header: version 1.0, before 1.0, without addresses
 *     tgD*.fabrikam.test  TLS is up: chain good, untrusted or none (g, u, n), then names by type
 *     P4fabrikam.test     the certificate is proven: by that cw_cert_proof, for that domain
 *     T                   the handshake failed
 *     av  ai  ae          the authority's answer to the last question: valid, invalid, error
 *     Av...               the same for a made-up id
 *     vID KEY             a key of fabrikam.test is to be verified
 *     s0 s1 s2 s3         send a stanza of one of four pairs
 *     +0 +1 +2 +3         add that pair
 *     pRRy  p-  pl        the settings change; the partner is gone; our domain is gone
 *     w9                  so many seconds pass, timers included
 *     d                   the next deadline comes
 *     c  C  e             close, close with an error, the transport ends
 */
#ifndef CW_TESTS_FUZZ_STREAM_WORLD_H
#define CW_TESTS_FUZZ_STREAM_WORLD_H

#include "s2s/stream.h"

/* Runs the input whole and with the peer's bytes in small pieces: both must do the same.  Before
 * the input's own lines comes `prelude`, such lines too. */
void stream_world_run(enum cw_direction, struct cw_str prelude, struct cw_str input);

#endif
