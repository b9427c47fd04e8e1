/* PRECIS string classes: which code points may stand in a localpart and in a resourcepart.  The
 * derived property is computed from ICU's data as RFC 8264 section 8 says, so it follows the
 * Unicode version of the system; contextual rules are those of RFC 5892 appendix A. */
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uscript.h>
#include <unicode/ustring.h>

#include "xmpp/precis_priv.h"

/* What RFC 8264 section 8 derives; the last two differ between the classes. */
enum property {
    PROPERTY_VALID,
    PROPERTY_CONTEXT,
    PROPERTY_DISALLOWED,
    PROPERTY_FREE_ONLY, /* FreeformClass valid, IdentifierClass disallowed */
};

enum { VIRAMA = 9 /* the canonical combining class */ };

static bool is_arabic_indic(UChar32 c)
{
    return c >= 0x660 && c <= 0x669;
}

static bool is_extended_arabic_indic(UChar32 c)
{
    return c >= 0x6F0 && c <= 0x6F9;
}

/* RFC 5892 section 2.6. */
static bool is_exception(UChar32 c, enum property *out)
{
    static const UChar32 valid[] = {0xDF, 0x3C2, 0x6FD, 0x6FE, 0xF0B, 0x3007};
    static const UChar32 context[] = {0xB7, 0x375, 0x5F3, 0x5F4, 0x30FB};
    static const UChar32 disallowed[] = {0x640,  0x7FA,  0x302E, 0x302F, 0x3031,
                                         0x3032, 0x3033, 0x3034, 0x3035, 0x303B};
    static const struct {
        const UChar32 *p;
        size_t n;
        enum property property;
    } sets[] = {
        {valid, sizeof valid / sizeof valid[0], PROPERTY_VALID},
        {context, sizeof context / sizeof context[0], PROPERTY_CONTEXT},
        {disallowed, sizeof disallowed / sizeof disallowed[0], PROPERTY_DISALLOWED},
    };
    for (size_t s = 0; s < sizeof sets / sizeof sets[0]; s++) {
        for (size_t i = 0; i < sets[s].n; i++) {
            if (sets[s].p[i] == c) {
                *out = sets[s].property;
                return true;
            }
        }
    }
    *out = PROPERTY_CONTEXT;
    return is_arabic_indic(c) || is_extended_arabic_indic(c);
}

static bool is_old_hangul(UChar32 c)
{
    int32_t type = u_getIntPropertyValue(c, UCHAR_HANGUL_SYLLABLE_TYPE);
    return type == U_HST_LEADING_JAMO || type == U_HST_VOWEL_JAMO || type == U_HST_TRAILING_JAMO;
}

/* toNFKC(c) is not c: then its compatibility decomposition is another, or recomposes. */
static bool has_compatibility(UChar32 c)
{
    UErrorCode error = U_ZERO_ERROR;
    const UNormalizer2 *nfkc = unorm2_getNFKCInstance(&error);
    UChar in[U16_MAX_LENGTH], out[32];
    int32_t n = 0;
    U16_APPEND_UNSAFE(in, n, c);
    int32_t n_out = unorm2_normalize(nfkc, in, n, out, 32, &error);
    return U_FAILURE(error) || n_out != n || u_memcmp(in, out, n) != 0;
}

static enum property property_of(UChar32 c)
{
    enum property property;
    if (c > 0x20 && c < 0x7F)
        return PROPERTY_VALID;
    if (is_exception(c, &property))
        return property;
    if (u_hasBinaryProperty(c, UCHAR_NONCHARACTER_CODE_POINT) || !u_isdefined(c))
        return PROPERTY_DISALLOWED;
    if (u_hasBinaryProperty(c, UCHAR_JOIN_CONTROL))
        return PROPERTY_CONTEXT;
    if (is_old_hangul(c) || u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) ||
        u_charType(c) == U_CONTROL_CHAR)
        return PROPERTY_DISALLOWED;
    if (has_compatibility(c))
        return PROPERTY_FREE_ONLY;
    uint32_t category = U_GET_GC_MASK(c);
    const uint32_t letter_digit = U_GC_LL_MASK | U_GC_LU_MASK | U_GC_LO_MASK | U_GC_ND_MASK |
                                  U_GC_LM_MASK | U_GC_MN_MASK | U_GC_MC_MASK;
    const uint32_t free_only = U_GC_LT_MASK | U_GC_NL_MASK | U_GC_NO_MASK | U_GC_ME_MASK |
                               U_GC_ZS_MASK | U_GC_S_MASK | U_GC_P_MASK;
    if (category & letter_digit)
        return PROPERTY_VALID;
    return category & free_only ? PROPERTY_FREE_ONLY : PROPERTY_DISALLOWED;
}

static bool has_script(UChar32 c, UScriptCode script)
{
    UErrorCode error = U_ZERO_ERROR;
    return uscript_getScript(c, &error) == script && U_SUCCESS(error);
}

static bool follows_virama(struct cw_points s, size_t at)
{
    return at > 0 && u_getCombiningClass(s.p[at - 1]) == VIRAMA;
}

static bool joins(UChar32 c, UJoiningType one, UJoiningType other)
{
    int32_t type = u_getIntPropertyValue(c, UCHAR_JOINING_TYPE);
    return type == (int32_t)one || type == (int32_t)other;
}

/* RFC 5892 appendix A.1: between letters that join, or behind a virama. */
static bool is_non_joiner_ok(struct cw_points s, size_t at)
{
    if (follows_virama(s, at))
        return true;
    size_t before = at, after = at + 1;
    while (before > 0 && joins(s.p[before - 1], U_JT_TRANSPARENT, U_JT_TRANSPARENT))
        before--;
    while (after < s.n && joins(s.p[after], U_JT_TRANSPARENT, U_JT_TRANSPARENT))
        after++;
    return before > 0 && after < s.n &&
           joins(s.p[before - 1], U_JT_LEFT_JOINING, U_JT_DUAL_JOINING) &&
           joins(s.p[after], U_JT_RIGHT_JOINING, U_JT_DUAL_JOINING);
}

static bool has_kana_or_han(struct cw_points s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (has_script(s.p[i], USCRIPT_HIRAGANA) || has_script(s.p[i], USCRIPT_KATAKANA) ||
            has_script(s.p[i], USCRIPT_HAN))
            return true;
    }
    return false;
}

static bool has_digit(struct cw_points s, bool (*is_digit)(UChar32))
{
    for (size_t i = 0; i < s.n; i++) {
        if (is_digit(s.p[i]))
            return true;
    }
    return false;
}

static bool is_context_ok(struct cw_points s, size_t at)
{
    UChar32 c = s.p[at], before = at > 0 ? s.p[at - 1] : 0, after = at + 1 < s.n ? s.p[at + 1] : 0;
    switch (c) {
    case 0x200C:
        return is_non_joiner_ok(s, at);
    case 0x200D:
        return follows_virama(s, at);
    case 0xB7: /* between two l, as in Catalan */
        return before == 'l' && after == 'l';
    case 0x375:
        return has_script(after, USCRIPT_GREEK);
    case 0x5F3:
    case 0x5F4:
        return has_script(before, USCRIPT_HEBREW);
    case 0x30FB:
        return has_kana_or_han(s);
    default: /* digits: not of both kinds */
        return !has_digit(s, is_arabic_indic(c) ? is_extended_arabic_indic : is_arabic_indic);
    }
}

static bool is_of_class(struct cw_points s, bool freeform)
{
    for (size_t i = 0; i < s.n; i++) {
        switch (property_of(s.p[i])) {
        case PROPERTY_VALID:
            break;
        case PROPERTY_CONTEXT:
            if (!is_context_ok(s, i))
                return false;
            break;
        case PROPERTY_FREE_ONLY:
            if (!freeform)
                return false;
            break;
        case PROPERTY_DISALLOWED:
            return false;
        }
    }
    return true;
}

bool cw_precis_is_identifier(struct cw_points s)
{
    return is_of_class(s, false);
}

bool cw_precis_is_freeform(struct cw_points s)
{
    return is_of_class(s, true);
}

#define DIRECTION(d) (1u << (unsigned)(d))

bool cw_precis_is_bidi_ok(struct cw_points s)
{
    const uint32_t strong_right = DIRECTION(U_RIGHT_TO_LEFT) | DIRECTION(U_RIGHT_TO_LEFT_ARABIC);
    const uint32_t numbers = DIRECTION(U_EUROPEAN_NUMBER) | DIRECTION(U_ARABIC_NUMBER);
    const uint32_t either = DIRECTION(U_EUROPEAN_NUMBER) | DIRECTION(U_EUROPEAN_NUMBER_SEPARATOR) |
                            DIRECTION(U_COMMON_NUMBER_SEPARATOR) |
                            DIRECTION(U_EUROPEAN_NUMBER_TERMINATOR) | DIRECTION(U_OTHER_NEUTRAL) |
                            DIRECTION(U_BOUNDARY_NEUTRAL) | DIRECTION(U_DIR_NON_SPACING_MARK);
    uint32_t all = 0, first = 0, last = 0;
    for (size_t i = 0; i < s.n; i++) {
        uint32_t here = DIRECTION(u_charDirection(s.p[i]));
        first = i == 0 ? here : first;
        last = here == DIRECTION(U_DIR_NON_SPACING_MARK) ? last : here;
        all |= here;
    }
    if (!(all & (strong_right | DIRECTION(U_ARABIC_NUMBER))))
        return true;
    if (first == DIRECTION(U_LEFT_TO_RIGHT))
        return !(all & ~(either | DIRECTION(U_LEFT_TO_RIGHT))) &&
               (last & (DIRECTION(U_LEFT_TO_RIGHT) | DIRECTION(U_EUROPEAN_NUMBER)));
    return (first & strong_right) && !(all & ~(either | strong_right | numbers)) &&
           (last & (strong_right | numbers)) && (all & numbers) != numbers;
}
