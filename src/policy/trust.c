/* Trust anchors and pins as text; see trust.h. */
#include "policy/trust.h"

#include "base/buf.h"
#include "base/secret.h"

enum { DIGEST_BYTES = 32, LINE = 64 };

static const struct cw_str begin = CW_STR("-----BEGIN "), end = CW_STR("-----END "),
                           dashes = CW_STR("-----"), label = CW_STR("CERTIFICATE");

/* --- pins --- */

/* "ab12..." or "AB:12:..."; exactly one digest. */
static bool read_hex(struct cw_str text, char digest[DIGEST_BYTES])
{
    bool has_colons = text.n == 3 * DIGEST_BYTES - 1;
    size_t step = has_colons ? 3 : 2;
    if (!has_colons && text.n != 2 * DIGEST_BYTES)
        return false;
    for (size_t i = 0; i < DIGEST_BYTES; i++) {
        int high = cw_hex_value(text.p[i * step]), low = cw_hex_value(text.p[i * step + 1]);
        if (high < 0 || low < 0 || (has_colons && i > 0 && text.p[i * step - 1] != ':'))
            return false;
        digest[i] = (char)(high << 4 | low);
    }
    return true;
}

bool cw_pin_parse(struct cw_arena *arena, struct cw_str text, struct cw_str *out)
{
    const struct cw_str prefix = CW_STR("sha256:");
    char bytes[DIGEST_BYTES];
    struct cw_str digest = {bytes, sizeof bytes};
    text = cw_str_trim(text);
    if (cw_str_eq_nocase(cw_str_sub(text, 0, prefix.n), prefix))
        text = cw_str_sub(text, prefix.n, text.n);
    if (!read_hex(text, bytes) && (!cw_unbase64(arena, text, &digest) || digest.n != DIGEST_BYTES))
        return false;
    *out = cw_arena_printf(arena, "sha256:%.*s", CW_ARG(cw_base64(arena, digest)));
    return true;
}

/* --- anchors --- */

/* The text up to the marker; *rest is what follows it. */
static bool split(struct cw_str text, struct cw_str marker, struct cw_str *before,
                  struct cw_str *rest)
{
    ptrdiff_t at = cw_str_find(text, marker);
    if (at < 0)
        return false;
    *before = cw_str_sub(text, 0, (size_t)at);
    *rest = cw_str_sub(text, (size_t)at + marker.n, text.n);
    return true;
}

/* Without white space; the base64 reader refuses whatever else does not belong. */
static struct cw_str join_lines(struct cw_arena *arena, struct cw_str text)
{
    struct cw_buf joined = {0};
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] != '\n' && text.p[i] != '\r' && text.p[i] != ' ' && text.p[i] != '\t')
            cw_buf_putc(&joined, text.p[i]);
    struct cw_str kept = cw_arena_dup(arena, cw_buf_str(&joined));
    cw_buf_free(&joined);
    return kept;
}

static void put_block(struct cw_buf *out, struct cw_str base64)
{
    cw_buf_putcstr(out, "-----BEGIN CERTIFICATE-----\n");
    for (size_t at = 0; at < base64.n; at += LINE) {
        cw_buf_puts(out, cw_str_sub(base64, at, at + LINE < base64.n ? at + LINE : base64.n));
        cw_buf_putc(out, '\n');
    }
    cw_buf_putcstr(out, "-----END CERTIFICATE-----\n");
}

/* One block, its BEGIN being read. */
static struct cw_str read_block(struct cw_arena *arena, struct cw_str *rest, struct cw_buf *out)
{
    struct cw_str kind, body, closing, der;
    if (!split(*rest, dashes, &kind, rest) || !cw_str_eq(kind, label))
        return CW_S("The trust anchor holds something else than certificates: give PEM blocks "
                    "\"CERTIFICATE\" and no key.");
    if (!split(*rest, end, &body, rest) || !split(*rest, dashes, &closing, rest) ||
        !cw_str_eq(closing, label))
        return CW_S("The trust anchor is cut short: a block has no \"END CERTIFICATE\" line.");
    struct cw_str base64 = join_lines(arena, body);
    if (!cw_unbase64(arena, base64, &der) || der.n < 2 || der.p[0] != 0x30)
        return CW_S("The trust anchor holds a block that is no certificate: copy the PEM text "
                    "again.");
    put_block(out, base64);
    return CW_STR_NONE;
}

struct cw_str cw_anchor_parse(struct cw_arena *arena, struct cw_str pem, struct cw_str *out)
{
    struct cw_buf kept = {0};
    struct cw_str refusal = CW_STR_NONE, before, rest = pem;
    size_t n = 0;
    *out = CW_S("");
    if (cw_str_is_empty(pem))
        return refusal;
    if (pem.n > CW_MAX_ANCHOR_BYTES)
        return cw_arena_printf(arena, "The trust anchor is longer than %d octets.",
                               CW_MAX_ANCHOR_BYTES);
    while (!cw_str_is_present(refusal) && split(rest, begin, &before, &rest)) {
        if (++n > CW_MAX_ANCHORS)
            refusal = cw_arena_printf(arena, "The trust anchor has more than %d certificates.",
                                      CW_MAX_ANCHORS);
        else
            refusal = read_block(arena, &rest, &kept);
    }
    if (n == 0 && !cw_str_is_empty(cw_str_trim(pem)))
        refusal = CW_S("The trust anchor must be one or more certificates in PEM: text that begins "
                       "with \"-----BEGIN CERTIFICATE-----\".");
    *out = cw_arena_dup(arena, cw_buf_str(&kept));
    cw_buf_free(&kept);
    return refusal;
}
