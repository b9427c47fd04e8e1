/* Structured log: one line per decision, `event key=value ...`, or the same as one JSON object a
 * line, on standard error.  Values are escaped and cut, so that a peer cannot forge a line.  Never
 * log bodies, keys or tokens. */
#ifndef CW_BASE_LOG_H
#define CW_BASE_LOG_H

#include "base/str.h"

enum cw_log_level { CW_LOG_ERROR, CW_LOG_WARN, CW_LOG_INFO, CW_LOG_DEBUG };
enum cw_log_format { CW_LOG_TEXT, CW_LOG_JSON };

/* Who speaks: inherited by everything done for one session. */
struct cw_log_ctx {
    const char *role; /* "edge", "gateway", ... */
    struct cw_str id; /* stream or transaction id; may be absent */
};

struct cw_log_kv {
    const char *key;
    struct cw_str value;
    int64_t number; /* used when value.p is NULL and is_number */
    bool is_number;
};
#define CW_KV(k, s)  ((struct cw_log_kv){.key = (k), .value = (s)})
#define CW_KVC(k, c) ((struct cw_log_kv){.key = (k), .value = cw_str_of(c)})
#define CW_KVI(k, i) ((struct cw_log_kv){.key = (k), .number = (int64_t)(i), .is_number = true})

/* CW_LOG(&ctx, CW_LOG_INFO, "stream-ready", CW_KV("peer", domain), CW_KVI("port", 5269)) */
#define CW_LOG(ctx, level, event, ...)                                 \
    cw_log((ctx), (level), (event), (struct cw_log_kv[]){__VA_ARGS__}, \
           sizeof((struct cw_log_kv[]){__VA_ARGS__}) / sizeof(struct cw_log_kv))
void cw_log(const struct cw_log_ctx *, enum cw_log_level, const char *event,
            const struct cw_log_kv *, size_t n);

/* Process-wide: set once at start, before the first line. */
void cw_log_setup(enum cw_log_level max_level, enum cw_log_format);

#endif
