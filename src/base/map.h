/* A hash map from strings to pointers, keyed by SipHash with a random key per process, so that a
 * peer cannot choose names that collide.  Keys are copied; values are the caller's. */
#ifndef CW_BASE_MAP_H
#define CW_BASE_MAP_H

#include "base/str.h"

struct cw_map_entry;
/* A zeroed struct is an empty map. */
struct cw_map {
    struct cw_map_entry **buckets;
    size_t n_buckets, n;
};

void *cw_map_get(const struct cw_map *, struct cw_str key); /* NULL when absent */
/* Returns the value that was replaced, or NULL.  value must not be NULL. */
void *cw_map_set(struct cw_map *, struct cw_str key, void *value);
/* Returns the value that was removed, or NULL. */
void *cw_map_remove(struct cw_map *, struct cw_str key);
void cw_map_free(struct cw_map *); /* values stay the caller's */
/* Calls visit for each entry, in no order; the map must not change meanwhile. */
void cw_map_each(const struct cw_map *, void (*visit)(struct cw_str key, void *value, void *arg),
                 void *arg);

uint64_t cw_siphash(const uint8_t key[16], struct cw_str s); /* SipHash-2-4 */

#endif
