/* Allocation that cannot fail: memory is bounded by limits long before the system runs out, so a
 * failed allocation is "impossible" in the sense of the house style: the role dies, its parent
 * starts it again.  Also: the arena, from which a session or a stanza takes all it needs and which
 * ends in one call. */
#ifndef CW_BASE_MEM_H
#define CW_BASE_MEM_H

#include "base/str.h"

void *cw_alloc(size_t n);                 /* zeroed; never NULL */
void *cw_realloc(void *p, size_t n);      /* never NULL */
void cw_free(void *p);                    /* NULL is fine */
char *cw_strdup(struct cw_str s);         /* NUL-terminated; free with cw_free */
void *cw_memdup(const void *p, size_t n); /* free with cw_free */

/* Programming errors end the role at once with file and line. */
#define cw_assert(cond)                                                         \
    do {                                                                        \
        if (!(cond))                                                            \
            cw_fatal("%s:%d: assertion failed: %s", __FILE__, __LINE__, #cond); \
    } while (0)
_Noreturn void cw_fatal(const char *format, ...) __attribute__((format(printf, 1, 2)));

struct cw_arena_block;
/* A zeroed struct is an empty arena. */
struct cw_arena {
    struct cw_arena_block *head;
};
void *cw_arena_alloc(struct cw_arena *, size_t n); /* zeroed, aligned for any type */
struct cw_str cw_arena_dup(struct cw_arena *,
                           struct cw_str s); /* NUL follows; absent stays absent */
struct cw_str cw_arena_printf(struct cw_arena *, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Gives everything back but one block, kept for the next use. */
void cw_arena_reset(struct cw_arena *);
void cw_arena_free(struct cw_arena *);

#endif
