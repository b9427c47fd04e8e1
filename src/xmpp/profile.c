/* The PRECIS profiles UsernameCaseMapped (localpart) and OpaqueString (resourcepart), RFC 8265
 * sections 3.3 and 4.2: mappings, in their order, around the checks of precis.c. */
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utf16.h>
#include <unicode/utf8.h>

#include "xmpp/precis_priv.h"

/* Neither lower case nor NFC makes more of a UTF-16 unit than this. */
enum { MAX_GROWTH = 4 };

struct units {
    UChar *p;
    int32_t n;
};

struct cw_points cw_points_of(struct cw_arena *arena, struct cw_str utf8)
{
    struct cw_points s = {cw_arena_alloc(arena, utf8.n * sizeof(UChar32)), 0};
    int32_t at = 0, n = (int32_t)utf8.n;
    const uint8_t *octets = (const uint8_t *)utf8.p;
    while (at < n) {
        UChar32 c;
        U8_NEXT(octets, at, n, c);
        s.p[s.n++] = c;
    }
    return s;
}

static struct cw_str to_utf8(struct cw_arena *arena, struct cw_points s)
{
    uint8_t *octets = cw_arena_alloc(arena, s.n * U8_MAX_LENGTH + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        U8_APPEND_UNSAFE(octets, n, s.p[i]);
    return (struct cw_str){(char *)octets, n};
}

static struct units to_units(struct cw_arena *arena, struct cw_points s)
{
    struct units out = {cw_arena_alloc(arena, s.n * U16_MAX_LENGTH * sizeof(UChar)), 0};
    for (size_t i = 0; i < s.n; i++)
        U16_APPEND_UNSAFE(out.p, out.n, s.p[i]);
    return out;
}

/* Lower case as Unicode defines it by default, a final sigma included, then NFC. */
static bool case_map(struct cw_arena *arena, struct units *s)
{
    UErrorCode error = U_ZERO_ERROR;
    int32_t room = s->n * MAX_GROWTH;
    UChar *lower = cw_arena_alloc(arena, (size_t)room * sizeof(UChar));
    s->n = u_strToLower(lower, room, s->p, s->n, "", &error);
    s->p = lower;
    return U_SUCCESS(error) || error == U_STRING_NOT_TERMINATED_WARNING;
}

static bool normalize(struct cw_arena *arena, struct units s, struct cw_points *out)
{
    UErrorCode error = U_ZERO_ERROR;
    const UNormalizer2 *nfc = unorm2_getNFCInstance(&error);
    int32_t room = s.n * MAX_GROWTH;
    UChar *units = cw_arena_alloc(arena, (size_t)room * sizeof(UChar));
    int32_t n = unorm2_normalize(nfc, s.p, s.n, units, room, &error);
    if (U_FAILURE(error))
        return false;
    *out = (struct cw_points){cw_arena_alloc(arena, (size_t)n * sizeof(UChar32)), 0};
    for (int32_t at = 0; at < n;) {
        UChar32 c;
        U16_NEXT(units, at, n, c);
        out->p[out->n++] = c;
    }
    return true;
}

/* Full-width and half-width forms become what they stand for (RFC 8264 section 5.2.1). */
static void map_width(struct cw_points s)
{
    UErrorCode error = U_ZERO_ERROR;
    const UNormalizer2 *nfkc = unorm2_getNFKCInstance(&error);
    for (size_t i = 0; i < s.n; i++) {
        int32_t type = u_getIntPropertyValue(s.p[i], UCHAR_DECOMPOSITION_TYPE);
        if (type != U_DT_WIDE && type != U_DT_NARROW)
            continue;
        UChar to[8];
        int32_t n = unorm2_getRawDecomposition(nfkc, s.p[i], to, 8, &error), at = 0;
        if (U_SUCCESS(error) && n > 0)
            U16_NEXT(to, at, n, s.p[i]);
    }
}

bool cw_precis_username(struct cw_arena *arena, struct cw_str in, struct cw_str *out)
{
    struct cw_points s = cw_points_of(arena, in);
    map_width(s);
    if (!cw_precis_is_identifier(s))
        return false;
    struct units units = to_units(arena, s);
    if (!case_map(arena, &units) || !normalize(arena, units, &s))
        return false;
    /* Once more: a mapping must not have made what the class does not allow. */
    if (!cw_precis_is_identifier(s) || !cw_precis_is_bidi_ok(s))
        return false;
    *out = to_utf8(arena, s);
    return true;
}

bool cw_precis_opaque(struct cw_arena *arena, struct cw_str in, struct cw_str *out)
{
    struct cw_points s = cw_points_of(arena, in);
    if (!cw_precis_is_freeform(s))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        if (u_charType(s.p[i]) == U_SPACE_SEPARATOR)
            s.p[i] = ' ';
    }
    /* Here too: the Greek ano teleia is allowed, the middle dot that it becomes only between l's.
     */
    if (!normalize(arena, to_units(arena, s), &s) || !cw_precis_is_freeform(s))
        return false;
    *out = to_utf8(arena, s);
    return true;
}
