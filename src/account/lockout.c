/* Three counts for each failure: of the account at the address, of the address, of the account.
 * Two tables, each a list by last use: counts, and who signed in from where.  Guesses fill the
 * first one only, so that they cannot push out who is known. */
#include "account/lockout.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/map.h"

enum {
    DEFAULT_ENTRIES = 10000,
    FREE_OF_PAIR = 5,
    FREE_OF_ADDRESS = 10,
    FREE_OF_ACCOUNT = 50, /* an address alone comes to some twenty in an hour */
    LONGEST_S = 15 * 60,
    FORGET_MS = 60 * 60 * 1000,
    MAX_KEY = 256,
};

struct entry {
    struct entry *older, *newer;
    struct cw_str key; /* of `text` */
    uint64_t last_ms;
    uint32_t n_failed;
    char text[];
};

struct table {
    struct cw_map map;
    struct entry *oldest, *newest;
    size_t max;
};

struct cw_lockout {
    struct table counts, known;
};

struct key {
    char text[MAX_KEY];
    struct cw_str str;
};

/* --- tables -----------------------------------------------------------------------------------*/

static void unlink_entry(struct table *table, struct entry *entry)
{
    *(entry->older ? &entry->older->newer : &table->oldest) = entry->newer;
    *(entry->newer ? &entry->newer->older : &table->newest) = entry->older;
}

static void append(struct table *table, struct entry *entry)
{
    entry->older = table->newest;
    entry->newer = NULL;
    *(table->newest ? &table->newest->newer : &table->oldest) = entry;
    table->newest = entry;
}

static void drop(struct table *table, struct entry *entry)
{
    cw_map_remove(&table->map, entry->key);
    unlink_entry(table, entry);
    cw_free(entry);
}

static struct entry *find(struct table *table, struct cw_str key)
{
    return cw_map_get(&table->map, key);
}

/* The entry of that key, made when there is none, as the newest. */
static struct entry *touch(struct table *table, struct cw_str key, uint64_t now_ms)
{
    struct entry *entry = find(table, key);
    if (entry) {
        unlink_entry(table, entry);
    } else {
        if (table->map.n >= table->max)
            drop(table, table->oldest);
        entry = cw_alloc(sizeof *entry + key.n);
        memcpy(entry->text, key.p, key.n);
        entry->key = (struct cw_str){entry->text, key.n};
        cw_map_set(&table->map, entry->key, entry);
    }
    append(table, entry);
    entry->last_ms = now_ms;
    return entry;
}

static void free_table(struct table *table)
{
    while (table->oldest)
        drop(table, table->oldest);
    cw_map_free(&table->map);
}

/* --- keys -------------------------------------------------------------------------------------*/

/* Kind, length of the account, account, address: no two pairs have the same.  What is longer than
 * any real name shares a key with what begins so. */
static void make_key(struct key *key, char kind, struct cw_str account, struct cw_str address)
{
    enum { MAX_ACCOUNT = 160, MAX_ADDRESS = 64 };
    unsigned char ipv6[16];
    char text[MAX_ADDRESS] = "";
    account = cw_str_sub(account, 0, MAX_ACCOUNT);
    address = cw_str_sub(address, 0, MAX_ADDRESS - 1);
    if (address.n)
        memcpy(text, address.p, address.n);
    key->text[0] = kind;
    key->text[1] = (char)account.n;
    if (account.n)
        memcpy(key->text + 2, account.p, account.n);
    key->str = (struct cw_str){key->text, 2 + account.n};
    if (inet_pton(AF_INET6, text, ipv6) == 1) /* whoever has one such address has 2^64 of them */
        address = (struct cw_str){(const char *)ipv6, 8};
    if (address.n)
        memcpy(key->text + key->str.n, address.p, address.n);
    key->str.n += address.n;
}

/* --- the machine ------------------------------------------------------------------------------*/

struct cw_lockout *cw_lockout_new(size_t max_entries)
{
    struct cw_lockout *lockout = cw_alloc(sizeof(*lockout));
    lockout->counts.max = max_entries ? max_entries : DEFAULT_ENTRIES;
    lockout->known.max = lockout->counts.max;
    return lockout;
}

void cw_lockout_free(struct cw_lockout **lockout)
{
    if (!*lockout)
        return;
    free_table(&(*lockout)->counts);
    free_table(&(*lockout)->known);
    cw_free(*lockout);
    *lockout = NULL;
}

/* An hour without a failure; a wait is never longer. */
static bool is_forgotten(const struct entry *entry, uint64_t now_ms)
{
    return now_ms - entry->last_ms >= FORGET_MS;
}

/* 1, 2, 4 ... seconds after the failures that are free. */
static uint32_t back_off_s(uint32_t n_failed, uint32_t n_free)
{
    if (n_failed < n_free)
        return 0;
    uint32_t doublings = n_failed - n_free;
    return doublings < 10 && 1u << doublings < LONGEST_S ? 1u << doublings : LONGEST_S;
}

static uint32_t wait_of(struct cw_lockout *lockout, const struct key *key, uint32_t n_free,
                        uint64_t now_ms)
{
    const struct entry *entry = find(&lockout->counts, key->str);
    if (!entry || is_forgotten(entry, now_ms))
        return 0;
    uint64_t until = entry->last_ms + 1000u * (uint64_t)back_off_s(entry->n_failed, n_free);
    return until > now_ms ? (uint32_t)((until - now_ms + 999) / 1000) : 0;
}

static uint32_t longer(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

uint32_t cw_lockout_wait_s(struct cw_lockout *lockout, struct cw_str account, struct cw_str address,
                           uint64_t now_ms)
{
    struct key pair, of_address, of_account;
    make_key(&pair, 'p', account, address);
    uint32_t wait_s = wait_of(lockout, &pair, FREE_OF_PAIR, now_ms);
    if (find(&lockout->known, pair.str))
        return wait_s;
    make_key(&of_address, 'i', CW_S(""), address);
    make_key(&of_account, 'a', account, CW_S(""));
    wait_s = longer(wait_s, wait_of(lockout, &of_address, FREE_OF_ADDRESS, now_ms));
    return longer(wait_s, wait_of(lockout, &of_account, FREE_OF_ACCOUNT, now_ms));
}

static void count(struct cw_lockout *lockout, const struct key *key, uint64_t now_ms)
{
    const struct entry *so_far = find(&lockout->counts, key->str);
    bool afresh = so_far && is_forgotten(so_far, now_ms);
    struct entry *entry = touch(&lockout->counts, key->str, now_ms);
    entry->n_failed = afresh ? 1 : entry->n_failed < UINT32_MAX ? entry->n_failed + 1 : UINT32_MAX;
}

void cw_lockout_failed(struct cw_lockout *lockout, struct cw_str account, struct cw_str address,
                       uint64_t now_ms)
{
    struct key key;
    make_key(&key, 'p', account, address);
    count(lockout, &key, now_ms);
    make_key(&key, 'i', CW_S(""), address);
    count(lockout, &key, now_ms);
    make_key(&key, 'a', account, CW_S(""));
    count(lockout, &key, now_ms);
}

/* The try that was no guess does not count for others' sake either. */
static void take_back(struct cw_lockout *lockout, const struct key *key)
{
    struct entry *entry = find(&lockout->counts, key->str);
    if (entry && entry->n_failed > 0)
        entry->n_failed--;
}

void cw_lockout_succeeded(struct cw_lockout *lockout, struct cw_str account, struct cw_str address,
                          uint64_t now_ms)
{
    struct key pair, key;
    make_key(&pair, 'p', account, address);
    struct entry *entry = find(&lockout->counts, pair.str);
    if (entry)
        drop(&lockout->counts, entry);
    make_key(&key, 'i', CW_S(""), address);
    take_back(lockout, &key);
    make_key(&key, 'a', account, CW_S(""));
    take_back(lockout, &key);
    (void)touch(&lockout->known, pair.str, now_ms);
}

void cw_lockout_undo(struct cw_lockout *lockout, struct cw_str account, struct cw_str address)
{
    struct key key;
    make_key(&key, 'p', account, address);
    take_back(lockout, &key);
    make_key(&key, 'i', CW_S(""), address);
    take_back(lockout, &key);
    make_key(&key, 'a', account, CW_S(""));
    take_back(lockout, &key);
}
