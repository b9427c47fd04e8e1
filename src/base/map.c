/* Hash map keyed by SipHash-2-4; see map.h. */
#include "base/map.h"

#include <string.h>

#include "base/mem.h"
#include "base/secret.h"

struct cw_map_entry {
    struct cw_map_entry *next;
    uint64_t hash;
    void *value;
    size_t n;
    char key[];
};

#define ROTL(x, b) (uint64_t)(((x) << (b)) | ((x) >> (64 - (b))))
#define SIPROUND                                                  \
    do {                                                          \
        v0 += v1, v1 = ROTL(v1, 13), v1 ^= v0, v0 = ROTL(v0, 32); \
        v2 += v3, v3 = ROTL(v3, 16), v3 ^= v2;                    \
        v0 += v3, v3 = ROTL(v3, 21), v3 ^= v0;                    \
        v2 += v1, v1 = ROTL(v1, 17), v1 ^= v2, v2 = ROTL(v2, 32); \
    } while (0)

uint64_t cw_siphash(const uint8_t key[16], struct cw_str s)
{
    uint64_t k0, k1, m;
    memcpy(&k0, key, 8);
    memcpy(&k1, key + 8, 8);
    uint64_t v0 = k0 ^ 0x736f6d6570736575ULL, v1 = k1 ^ 0x646f72616e646f6dULL;
    uint64_t v2 = k0 ^ 0x6c7967656e657261ULL, v3 = k1 ^ 0x7465646279746573ULL;
    size_t i = 0;
    for (; i + 8 <= s.n; i += 8) {
        memcpy(&m, s.p + i, 8);
        v3 ^= m;
        SIPROUND;
        SIPROUND;
        v0 ^= m;
    }
    m = (uint64_t)s.n << 56;
    for (size_t j = 0; i + j < s.n; j++)
        m |= (uint64_t)(uint8_t)s.p[i + j] << (8 * j);
    v3 ^= m;
    SIPROUND;
    SIPROUND;
    v0 ^= m;
    v2 ^= 0xff;
    SIPROUND;
    SIPROUND;
    SIPROUND;
    SIPROUND;
    return v0 ^ v1 ^ v2 ^ v3;
}

static uint64_t hash_of(struct cw_str key)
{
    static uint8_t secret[16];
    static bool made;
    if (!made) {
        cw_random(secret, sizeof secret);
        made = true;
    }
    return cw_siphash(secret, key);
}

static struct cw_map_entry **slot(const struct cw_map *map, struct cw_str key, uint64_t hash)
{
    struct cw_map_entry **at = &map->buckets[hash & (map->n_buckets - 1)];
    while (*at && !((*at)->hash == hash && cw_str_eq((struct cw_str){(*at)->key, (*at)->n}, key)))
        at = &(*at)->next;
    return at;
}

static void grow(struct cw_map *map)
{
    size_t n_buckets = map->n_buckets ? map->n_buckets * 2 : 16;
    struct cw_map_entry **buckets = cw_alloc(n_buckets * sizeof(*buckets));
    for (size_t i = 0; i < map->n_buckets; i++) {
        for (struct cw_map_entry *e = map->buckets[i], *next; e; e = next) {
            next = e->next;
            e->next = buckets[e->hash & (n_buckets - 1)];
            buckets[e->hash & (n_buckets - 1)] = e;
        }
    }
    cw_free(map->buckets);
    map->buckets = buckets;
    map->n_buckets = n_buckets;
}

void *cw_map_get(const struct cw_map *map, struct cw_str key)
{
    if (map->n == 0)
        return NULL;
    struct cw_map_entry *e = *slot(map, key, hash_of(key));
    return e ? e->value : NULL;
}

void *cw_map_set(struct cw_map *map, struct cw_str key, void *value)
{
    cw_assert(value != NULL);
    if (map->n >= map->n_buckets)
        grow(map);
    uint64_t hash = hash_of(key);
    struct cw_map_entry **at = slot(map, key, hash);
    if (*at) {
        void *old = (*at)->value;
        (*at)->value = value;
        return old;
    }
    struct cw_map_entry *e = cw_alloc(sizeof *e + key.n + 1);
    e->hash = hash;
    e->value = value;
    e->n = key.n;
    if (key.n)
        memcpy(e->key, key.p, key.n);
    *at = e;
    map->n++;
    return NULL;
}

void *cw_map_remove(struct cw_map *map, struct cw_str key)
{
    if (map->n == 0)
        return NULL;
    struct cw_map_entry **at = slot(map, key, hash_of(key)), *e = *at;
    if (!e)
        return NULL;
    void *old = e->value;
    *at = e->next;
    cw_free(e);
    map->n--;
    return old;
}

void cw_map_free(struct cw_map *map)
{
    for (size_t i = 0; i < map->n_buckets; i++) {
        for (struct cw_map_entry *e = map->buckets[i], *next; e; e = next) {
            next = e->next;
            cw_free(e);
        }
    }
    cw_free(map->buckets);
    *map = (struct cw_map){0};
}

void cw_map_each(const struct cw_map *map, void (*visit)(struct cw_str key, void *value, void *arg),
                 void *arg)
{
    for (size_t i = 0; i < map->n_buckets; i++)
        for (struct cw_map_entry *e = map->buckets[i]; e; e = e->next)
            visit((struct cw_str){e->key, e->n}, e->value, arg);
}
