/* See text.h.  All of it looks at untrusted octets: lengths are carried, nothing is assumed to end
 * in NUL, and the output is at most three times the input. */
#include "xlate/text.h"

#include <openssl/evp.h>
#include <unicode/ucnv.h>
#include <unicode/ustring.h>

#include "base/buf.h"
#include "base/secret.h"

static const struct cw_str replacement = CW_STR("\xEF\xBF\xBD");

/* Length of the character at the front when it is well-formed UTF-8 and an XML character, else 0.
 * U+0000..U+001F but TAB, LF, CR are no XML characters, nor are surrogates, U+FFFE and U+FFFF. */
static size_t xml_character(struct cw_str text)
{
    unsigned char c = (unsigned char)text.p[0];
    if (c < 0x80)
        return c >= 0x20 || c == '\t' || c == '\n' || c == '\r';
    size_t n = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
    struct cw_str one = cw_str_sub(text, 0, n);
    if (one.n < n || !cw_str_is_utf8(one))
        return 0;
    return cw_str_eq(one, CW_S("\xEF\xBF\xBE")) || cw_str_eq(one, CW_S("\xEF\xBF\xBF")) ? 0 : n;
}

/* Octets to skip for a character at fault: a whole non-character, else one octet. */
static size_t fault_length(struct cw_str text)
{
    struct cw_str three = cw_str_sub(text, 0, 3);
    return three.n == 3 && cw_str_is_utf8(three) && (unsigned char)text.p[0] >= 0xE0 ? 3 : 1;
}

static bool is_xml_already(struct cw_str text)
{
    for (size_t i = 0; i < text.n;) {
        size_t n = text.p[i] == '\r' ? 0 : xml_character(cw_str_sub(text, i, text.n));
        if (n == 0)
            return false;
        i += n;
    }
    return true;
}

struct cw_str cw_text_xml(struct cw_arena *arena, struct cw_str text)
{
    struct cw_buf out = {0};

    if (is_xml_already(text))
        return text;
    for (size_t i = 0; i < text.n;) {
        struct cw_str rest = cw_str_sub(text, i, text.n);
        size_t n = xml_character(rest);
        if (text.p[i] == '\r') {
            cw_buf_putc(&out, '\n');
            n = cw_str_starts(rest, CW_S("\r\n")) ? 2 : 1;
        } else if (n) {
            cw_buf_put(&out, rest.p, n);
        } else {
            cw_buf_puts(&out, replacement);
            n = fault_length(rest);
        }
        i += n;
    }
    struct cw_str result = cw_arena_dup(arena, cw_buf_str(&out));
    cw_buf_free(&out);
    return result;
}

/* Octets of the control, line or paragraph separator at the front: C0, DEL, C1 (U+0080..U+009F),
 * U+2028, U+2029; 0 when there is none. */
static size_t break_length(struct cw_str text)
{
    unsigned char c = (unsigned char)text.p[0];
    if (c < 0x20 || c == 0x7F)
        return 1;
    if (c == 0xC2 && text.n > 1 && (unsigned char)text.p[1] < 0xA0)
        return 2;
    return cw_str_starts(text, CW_S("\xE2\x80\xA8")) || cw_str_starts(text, CW_S("\xE2\x80\xA9"))
               ? 3
               : 0;
}

struct cw_str cw_text_line(struct cw_arena *arena, struct cw_str text)
{
    if (!cw_str_is_present(text))
        return text;
    struct cw_str clean = cw_text_xml(arena, text);
    char *out = cw_arena_alloc(arena, clean.n + 1);
    size_t n = 0;
    bool in_break = false;

    for (size_t i = 0; i < clean.n;) {
        size_t skip = break_length(cw_str_sub(clean, i, clean.n));
        if (skip == 0) {
            out[n++] = clean.p[i++];
        } else {
            if (!in_break)
                out[n++] = ' ';
            i += skip;
        }
        in_break = skip > 0;
    }
    return cw_str_trim((struct cw_str){out, n});
}

/* A converter of ICU's own tables: no module is loaded from disk, so that this also works where a
 * process sees no files. */
static bool convert(struct cw_arena *arena, struct cw_str text, const char *charset,
                    struct cw_str *out)
{
    UErrorCode status = U_ZERO_ERROR;
    UConverter *converter = ucnv_open(charset, &status);
    if (U_FAILURE(status) || text.n > INT32_MAX / 4) {
        ucnv_close(converter);
        return false;
    }
    /* The charsets here have one octet a character, none outside the basic plane. */
    UChar *wide = cw_arena_alloc(arena, (text.n + 1) * sizeof(UChar));
    char *utf8 = cw_arena_alloc(arena, text.n * 3 + 1);
    int32_t n =
        ucnv_toUChars(converter, wide, (int32_t)text.n + 1, text.p, (int32_t)text.n, &status);
    int32_t bytes = 0;
    u_strToUTF8(utf8, (int32_t)(text.n * 3 + 1), &bytes, wide, n, &status);
    ucnv_close(converter);
    *out = (struct cw_str){utf8, (size_t)bytes};
    return U_SUCCESS(status);
}

bool cw_text_from_charset(struct cw_arena *arena, struct cw_str text, struct cw_str charset,
                          struct cw_str *out)
{
    /* ASCII is UTF-8; octets above it under that name are UTF-8 more often than not, and are
     * replaced where they are not. */
    static const struct {
        struct cw_str name;
        const char *icu; /* NULL: as it is */
    } charsets[] = {
        {CW_STR("utf-8"), NULL},
        {CW_STR("utf8"), NULL},
        {CW_STR("us-ascii"), NULL},
        {CW_STR("ascii"), NULL},
        {CW_STR("iso-8859-1"), "ISO-8859-1"},
        {CW_STR("latin1"), "ISO-8859-1"},
        {CW_STR("iso-8859-15"), "ISO-8859-15"},
        {CW_STR("windows-1252"), "windows-1252"},
    };
    for (size_t i = 0; i < sizeof(charsets) / sizeof(charsets[0]); i++) {
        if (!cw_str_eq_nocase(charset, charsets[i].name))
            continue;
        if (charsets[i].icu && text.n)
            return convert(arena, text, charsets[i].icu, out);
        *out = text;
        return true;
    }
    return false;
}

struct cw_str cw_text_language(struct cw_str tags)
{
    ptrdiff_t comma = cw_str_index(tags, ',');
    struct cw_str tag = cw_str_trim(comma < 0 ? tags : cw_str_sub(tags, 0, (size_t)comma));
    size_t subtag = 0;

    if (tag.n == 0 || tag.n > 64)
        return CW_STR_NONE;
    for (size_t i = 0; i < tag.n; i++) {
        char c = tag.p[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (c == '-' ? subtag == 0 : !is_letter && !(c >= '0' && c <= '9'))
            return CW_STR_NONE;
        subtag = c == '-' ? 0 : subtag + 1;
        if (subtag > 8)
            return CW_STR_NONE;
    }
    return subtag ? tag : CW_STR_NONE;
}

struct cw_str cw_text_digest(struct cw_arena *arena, const struct cw_str *parts, size_t n)
{
    struct cw_buf all = {0};
    unsigned char digest[EVP_MAX_MD_SIZE];

    for (size_t i = 0; i < n; i++) {
        cw_buf_printf(&all, "%zu:", parts[i].n);
        cw_buf_puts(&all, parts[i]);
    }
    struct cw_str in = cw_buf_str(&all);
    if (EVP_Digest(in.p, in.n, digest, NULL, EVP_sha256(), NULL) != 1)
        cw_fatal("SHA-256 is not to be had");
    cw_buf_free(&all);
    return cw_hex(arena, (struct cw_str){(const char *)digest, 16});
}
