/* Allocation and arenas; see mem.h. */
#include "base/mem.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BLOCK_BYTES = 480 }; /* with its head half a KiB: a stranger has several arenas */

struct cw_arena_block {
    struct cw_arena_block *next;
    size_t used, size;
    alignas(max_align_t) char data[];
};

_Noreturn void cw_fatal(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    abort();
}

void *cw_alloc(size_t n)
{
    void *p = calloc(1, n ? n : 1);
    if (!p)
        cw_fatal("out of memory (%zu bytes)", n);
    return p;
}

void *cw_realloc(void *p, size_t n)
{
    void *q = realloc(p, n ? n : 1);
    if (!q)
        cw_fatal("out of memory (%zu bytes)", n);
    return q;
}

void cw_free(void *p)
{
    free(p);
}

void *cw_memdup(const void *p, size_t n)
{
    void *copy = cw_alloc(n);
    if (n)
        memcpy(copy, p, n);
    return copy;
}

char *cw_strdup(struct cw_str s)
{
    char *copy = cw_alloc(s.n + 1);
    if (s.n)
        memcpy(copy, s.p, s.n);
    return copy;
}

void *cw_arena_alloc(struct cw_arena *arena, size_t n)
{
    size_t need = (n + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    struct cw_arena_block *block = arena->head;
    if (need < n)
        cw_fatal("arena: size overflow");
    if (!block || block->size - block->used < need) {
        size_t size = block ? block->size * 2 : FIRST_BLOCK_BYTES;
        if (size > 65536)
            size = 65536;
        if (size < need)
            size = need;
        block = cw_alloc(sizeof *block + size);
        block->size = size;
        block->next = arena->head;
        arena->head = block;
    }
    void *p = block->data + block->used;
    block->used += need;
    return p;
}

struct cw_str cw_arena_dup(struct cw_arena *arena, struct cw_str s)
{
    if (!s.p)
        return CW_STR_NONE;
    char *p = cw_arena_alloc(arena, s.n + 1);
    memcpy(p, s.p, s.n);
    return (struct cw_str){p, s.n};
}

struct cw_str cw_arena_printf(struct cw_arena *arena, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    cw_assert(n >= 0);
    char *p = cw_arena_alloc(arena, (size_t)n + 1);
    vsnprintf(p, (size_t)n + 1, format, again);
    va_end(again);
    return (struct cw_str){p, (size_t)n};
}

void cw_arena_reset(struct cw_arena *arena)
{
    struct cw_arena_block *keep = arena->head;
    if (!keep)
        return;
    while (keep->next) {
        struct cw_arena_block *old = keep;
        keep = keep->next;
        free(old);
    }
    memset(keep->data, 0, keep->used);
    keep->used = 0;
    arena->head = keep;
}

void cw_arena_free(struct cw_arena *arena)
{
    while (arena->head) {
        struct cw_arena_block *next = arena->head->next;
        free(arena->head);
        arena->head = next;
    }
}
