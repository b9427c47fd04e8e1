/* Failures: from a decision or a stream error to the failure, and the sentences with their gaps
 * filled; the words are in failure_text.c. */
#include "policy/failure.h"

#include "base/buf.h"
#include "policy/failure_priv.h"

#include <string.h>

enum { MAX_GAP_BYTES = 200 };

const char *cw_side_name(enum cw_side side)
{
    switch (side) {
    case CW_SIDE_OURS:
        return "ours";
    case CW_SIDE_PARTNER:
        return "partner";
    case CW_SIDE_NETWORK:
        return "network";
    }
    return "?";
}

const char *cw_failure_name(enum cw_failure failure)
{
    return cw_failure_words(failure)->name;
}

enum cw_side cw_failure_side(enum cw_failure failure)
{
    return cw_failure_words(failure)->side;
}

bool cw_failure_is_harmless(enum cw_failure failure)
{
    return cw_failure_words(failure)->is_harmless;
}

bool cw_failure_is_refusal(enum cw_failure failure)
{
    return (failure >= CW_FAIL_CERT_NONE && failure <= CW_FAIL_DIALBACK_INVALID) ||
           (failure >= CW_FAIL_TOO_MANY_STREAMS && failure <= CW_FAIL_NOT_OUR_DOMAIN &&
            failure != CW_FAIL_PARTNER_SHUTDOWN) ||
           failure == CW_FAIL_STARTTLS_REFUSED || failure == CW_FAIL_TLS_NOT_SUPPORTED ||
           failure == CW_FAIL_TLS_ALERT || failure == CW_FAIL_NOTHING_OFFERED ||
           failure == CW_FAIL_TARGET_REFUSED;
}

/* --- sentences --------------------------------------------------------------------------------*/

static struct cw_str gap_of(const struct cw_failure_gaps *gaps, struct cw_str name)
{
    if (cw_str_eq_cstr(name, "domain"))
        return gaps->domain;
    if (cw_str_eq_cstr(name, "local"))
        return gaps->local;
    if (cw_str_eq_cstr(name, "address"))
        return gaps->address;
    cw_assert(cw_str_eq_cstr(name, "detail"));
    return gaps->detail;
}

/* A stranger's words: no control character gets into a sentence, and no end of one. */
static void put_gap(struct cw_buf *out, struct cw_str text)
{
    struct cw_buf words = {0};
    cw_buf_put_clean(&words, text, MAX_GAP_BYTES);
    text = cw_str_trim(cw_buf_str(&words));
    while (text.n > 0 && text.p[text.n - 1] == '.')
        text.n--;
    cw_buf_puts(out, text);
    cw_buf_free(&words);
}

/* "{domain}" is filled; "[...]" is left out when a gap in it is absent.  Outside of brackets an
 * absent one leaves the words "the partner's server". */
static void fill(struct cw_buf *out, const char *pattern, const struct cw_failure_gaps *gaps)
{
    size_t bracket = 0;
    bool in_bracket = false, is_lacking = false;
    for (const char *p = pattern; *p; p++) {
        if (*p == '[') {
            in_bracket = true;
            is_lacking = false;
            bracket = out->n;
        } else if (*p == ']') {
            in_bracket = false;
            if (is_lacking)
                out->n = bracket;
        } else if (*p == '{') {
            size_t n = strcspn(p + 1, "}");
            struct cw_str gap = gap_of(gaps, (struct cw_str){p + 1, n});
            is_lacking = is_lacking || gap.n == 0;
            if (gap.n == 0 && !in_bracket)
                gap = out->n == 0 ? CW_S("The partner's server") : CW_S("the partner's server");
            put_gap(out, gap);
            p += n + 1;
        } else {
            cw_buf_putc(out, *p);
        }
    }
}

static struct cw_str filled(struct cw_arena *arena, const char *pattern,
                            const struct cw_failure_gaps *gaps)
{
    struct cw_buf out = {0};
    fill(&out, pattern, gaps);
    struct cw_str text = cw_arena_dup(arena, cw_buf_str(&out));
    cw_buf_free(&out);
    return text;
}

struct cw_str cw_failure_sentence(struct cw_arena *arena, enum cw_failure failure,
                                  const struct cw_failure_gaps *gaps)
{
    return filled(arena, cw_failure_words(failure)->sentence, gaps);
}

struct cw_str cw_failure_advice(struct cw_arena *arena, enum cw_failure failure,
                                const struct cw_failure_gaps *gaps)
{
    return filled(arena, cw_failure_words(failure)->advice, gaps);
}

/* --- which one --------------------------------------------------------------------------------*/

enum cw_failure cw_failure_of_reason(enum cw_nego_reason reason)
{
    switch (reason) {
    case CW_REASON_NONE:
        return CW_FAIL_NONE;
    case CW_REASON_SETTINGS_INVALID:
        return CW_FAIL_SETTINGS_INVALID;
    case CW_REASON_TLS_REFUSED:
        return CW_FAIL_STARTTLS_REFUSED;
    case CW_REASON_TLS_FAILED:
        return CW_FAIL_TLS_FAILED;
    case CW_REASON_TLS_NOT_SUPPORTED:
        return CW_FAIL_TLS_NOT_SUPPORTED;
    case CW_REASON_CERT_UNTRUSTED:
        return CW_FAIL_CERT_UNTRUSTED;
    case CW_REASON_CERT_WRONG_NAME:
        return CW_FAIL_CERT_WRONG_NAME;
    case CW_REASON_CERT_NONE:
        return CW_FAIL_CERT_NONE;
    case CW_REASON_EXTERNAL_NOT_OFFERED:
        return CW_FAIL_EXTERNAL_NOT_OFFERED;
    case CW_REASON_EXTERNAL_REFUSED:
        return CW_FAIL_EXTERNAL_REFUSED;
    case CW_REASON_DIALBACK_NOT_ALLOWED:
        return CW_FAIL_DIALBACK_NOT_ALLOWED;
    case CW_REASON_DIALBACK_INVALID:
        return CW_FAIL_DIALBACK_INVALID;
    case CW_REASON_DIALBACK_ERROR:
        return CW_FAIL_DIALBACK_ERROR;
    case CW_REASON_NOTHING_OFFERED:
        return CW_FAIL_NOTHING_OFFERED;
    }
    return CW_FAIL_OTHER;
}

enum cw_failure cw_failure_of_partners_error(enum cw_stream_error error)
{
    switch ((int)error) { /* most of them are called by their name only */
    case CW_STREAM_POLICY_VIOLATION:
        return CW_FAIL_PARTNER_POLICY_VIOLATION;
    case CW_STREAM_NOT_AUTHORIZED:
    case CW_STREAM_INVALID_FROM:
        return CW_FAIL_NOT_LISTED_THERE;
    case CW_STREAM_HOST_UNKNOWN:
    case CW_STREAM_HOST_GONE:
        return CW_FAIL_NOT_SERVED_THERE;
    case CW_STREAM_RESOURCE_CONSTRAINT:
        return CW_FAIL_PARTNER_LIMIT;
    case CW_STREAM_SYSTEM_SHUTDOWN:
        return CW_FAIL_PARTNER_SHUTDOWN;
    default:
        return CW_FAIL_PARTNER_ERROR;
    }
}

enum cw_failure cw_failure_of_dialback_error(enum cw_stanza_error error)
{
    switch ((int)error) { /* the others are about the way between the servers */
    case CW_STANZA_POLICY_VIOLATION:
        return CW_FAIL_PARTNER_POLICY_VIOLATION;
    case CW_STANZA_FORBIDDEN:
    case CW_STANZA_NOT_ALLOWED:
    case CW_STANZA_NOT_AUTHORIZED:
        return CW_FAIL_NOT_LISTED_THERE;
    case CW_STANZA_ITEM_NOT_FOUND:
        return CW_FAIL_NOT_SERVED_THERE;
    case CW_STANZA_RESOURCE_CONSTRAINT:
        return CW_FAIL_PARTNER_LIMIT;
    default:
        return CW_FAIL_DIALBACK_ERROR;
    }
}
