/* Structured log; see log.h. */
#include "base/log.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"

enum { MAX_VALUE_BYTES = 512 };

static enum cw_log_level log_max_level = CW_LOG_INFO;
static enum cw_log_format log_format = CW_LOG_TEXT;

static const char *const level_names[] = {"error", "warn", "info", "debug"};

void cw_log_setup(enum cw_log_level max_level, enum cw_log_format format)
{
    log_max_level = max_level;
    log_format = format;
}

/* JSON string escapes serve both formats: no raw control character (C0, DEL, C1) or quote gets
 * out. */
static void put_escaped(struct cw_buf *b, struct cw_str s)
{
    bool cut = s.n > MAX_VALUE_BYTES;
    bool utf8 = cw_str_is_utf8(s);
    if (cut)
        s.n = MAX_VALUE_BYTES;
    while (cut && utf8 && s.n && ((unsigned char)s.p[s.n] & 0xC0) == 0x80)
        s.n--;
    cw_buf_putc(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '"' || c == '\\')
            cw_buf_printf(b, "\\%c", c);
        else if (c < 0x20 || c == 0x7f || (c >= 0x80 && !utf8))
            cw_buf_printf(b, "\\u%04x", c);
        else if (c == 0xC2 && i + 1 < s.n && (unsigned char)s.p[i + 1] < 0xA0)
            cw_buf_printf(b, "\\u%04x", (unsigned char)s.p[++i]); /* C1 controls */
        else
            cw_buf_putc(b, (char)c);
    }
    cw_buf_putcstr(b, cut ? "...\"" : "\"");
}

static bool is_plain(struct cw_str s)
{
    if (s.n == 0 || s.n > MAX_VALUE_BYTES)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c == 0x7f || (c & 0x80))
            return false;
    }
    return true;
}

static void put_kv(struct cw_buf *b, const struct cw_log_kv *kv)
{
    bool json = log_format == CW_LOG_JSON;
    cw_buf_printf(b, json ? ",\"%s\":" : " %s=", kv->key);
    if (kv->is_number)
        cw_buf_printf(b, "%lld", (long long)kv->number);
    else if (!json && is_plain(kv->value))
        cw_buf_puts(b, kv->value);
    else
        put_escaped(b, kv->value);
}

static void put_time(struct cw_buf *b)
{
    struct timespec now;
    struct tm tm;
    char text[40];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    cw_buf_printf(b, "%s.%03ldZ", text, now.tv_nsec / 1000000);
}

void cw_log(const struct cw_log_ctx *ctx, enum cw_log_level level, const char *event,
            const struct cw_log_kv *kv, size_t n)
{
    if (level > log_max_level)
        return;
    struct cw_buf b = {0};
    bool json = log_format == CW_LOG_JSON;
    cw_buf_putcstr(&b, json ? "{\"time\":\"" : "");
    put_time(&b);
    cw_buf_printf(&b, json ? "\",\"level\":\"%s\",\"role\":\"%s\",\"event\":\"%s\"" : " %s %s %s",
                  level_names[level], ctx && ctx->role ? ctx->role : "-", event);
    if (ctx && ctx->id.p)
        put_kv(&b, &CW_KV("id", ctx->id));
    for (size_t i = 0; i < n; i++)
        put_kv(&b, &kv[i]);
    cw_buf_putcstr(&b, json ? "}\n" : "\n");
    /* One write a line keeps lines of several processes apart; a full pipe must not stop us. */
    ssize_t ignored = write(STDERR_FILENO, b.p, b.n);
    (void)ignored;
    cw_buf_free(&b);
}
