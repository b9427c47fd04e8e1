/* What an administrator may say about a partner's certificate, as text: its own trust anchors in
 * PEM (RFC 7468) and pins of its key.  Only the form is checked here; what a certificate says is
 * read where it is used (io/x509_proof.h). */
#ifndef CW_POLICY_TRUST_H
#define CW_POLICY_TRUST_H

#include "base/mem.h"
#include "base/str.h"

#define CW_MAX_ANCHORS      16
#define CW_MAX_ANCHOR_BYTES 65536
#define CW_MAX_PINS         16

/* The SHA-256 digest of a public key (SubjectPublicKeyInfo) in any usual form, "sha256:" before it
 * or not: base64, or hexadecimal with or without colons.  *out is "sha256:BASE64": equal pins are
 * equal text.  False when it is none. */
bool cw_pin_parse(struct cw_arena *, struct cw_str text, struct cw_str *out);

/* One or more PEM blocks "CERTIFICATE", or nothing.  *out holds them with lines of 64 characters
 * and without what stood around them.  Returns an absent string when all is well, else one sentence
 * that says what to change. */
struct cw_str cw_anchor_parse(struct cw_arena *, struct cw_str pem, struct cw_str *out);

#endif
