/* Borrowed strings: a pointer and a length.  They never own, may hold NUL, and need not end in
 * one.  The absent string is {NULL, 0}; the empty one has a pointer.  Data that outlives the call
 * is copied into an arena (base/arena.h). */
#ifndef CW_BASE_STR_H
#define CW_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cw_str {
    const char *p;
    size_t n;
};

/* Words in pairs, such as a table of "name=value" that a user wrote. */
struct cw_str_pair {
    struct cw_str name, value;
};
struct cw_str_pairs {
    struct cw_str_pair *list;
    size_t n;
};

/* A slice of a string literal; also usable in static initialisers. */
#define CW_STR(lit)             \
    {                           \
        "" lit, sizeof(lit) - 1 \
    }
#define CW_S(lit)   ((struct cw_str)CW_STR(lit))
#define CW_STR_NONE ((struct cw_str){NULL, 0})
/* For printf: "%.*s". */
#define CW_ARG(s) (int)(s).n, (s).p ? (s).p : ""

/* The slice of a C string; NULL gives the absent string. */
struct cw_str cw_str_of(const char *cstr);
static inline bool cw_str_is_present(struct cw_str s)
{
    return s.p != NULL;
}
static inline bool cw_str_is_empty(struct cw_str s)
{
    return s.n == 0;
}
bool cw_str_eq(struct cw_str a, struct cw_str b);
bool cw_str_eq_cstr(struct cw_str a, const char *b);
bool cw_str_eq_nocase(struct cw_str a, struct cw_str b); /* ASCII case only */
bool cw_str_starts(struct cw_str s, struct cw_str prefix);
bool cw_str_ends(struct cw_str s, struct cw_str suffix);
int cw_str_cmp(struct cw_str a, struct cw_str b); /* by octets, shorter first */
/* Index of the octet, or -1. */
ptrdiff_t cw_str_index(struct cw_str s, char c);
ptrdiff_t cw_str_rindex(struct cw_str s, char c);
/* Index of the first place where needle stands, or -1. */
ptrdiff_t cw_str_find(struct cw_str s, struct cw_str needle);
/* [from, to) clamped to the string. */
struct cw_str cw_str_sub(struct cw_str s, size_t from, size_t to);
/* Without leading and trailing space, tab, CR, LF. */
struct cw_str cw_str_trim(struct cw_str s);
/* Decimal digits only, no sign, no overflow; false otherwise. */
bool cw_str_to_u64(struct cw_str s, uint64_t *out);
/* True when the octets are well-formed UTF-8 (no overlong forms, no surrogates, max U+10FFFF). */
bool cw_str_is_utf8(struct cw_str s);
/* Octets of the character at that place (before the end), or 0: none is well-formed there. */
size_t cw_str_utf8_len(struct cw_str s, size_t at);
/* Characters of well-formed UTF-8. */
size_t cw_str_n_characters(struct cw_str s);

#endif
