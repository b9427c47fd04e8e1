/* See event.h. */
#include "xlate/event.h"

static const char *const reason_names[] = {
    [CW_EVENT_NO_REASON] = "",
    [CW_EVENT_DEACTIVATED] = "deactivated",
    [CW_EVENT_PROBATION] = "probation",
    [CW_EVENT_REJECTED] = "rejected",
    [CW_EVENT_TIMEOUT] = "timeout",
    [CW_EVENT_GIVEUP] = "giveup",
    [CW_EVENT_NORESOURCE] = "noresource",
    [CW_EVENT_INVARIANT] = "invariant",
};
static const char *const state_names[] = {
    [CW_EVENT_PENDING] = "pending",
    [CW_EVENT_ACTIVE] = "active",
    [CW_EVENT_TERMINATED] = "terminated",
};

const char *cw_event_reason_name(enum cw_event_reason reason)
{
    return reason_names[reason];
}

/* The text up to the next semicolon, which goes too. */
static struct cw_str take(struct cw_str *rest)
{
    ptrdiff_t at = cw_str_index(*rest, ';');
    size_t end = at < 0 ? rest->n : (size_t)at;
    struct cw_str part = cw_str_trim(cw_str_sub(*rest, 0, end));
    *rest = cw_str_sub(*rest, end + 1, rest->n);
    return part;
}

static struct cw_str parameter(struct cw_str value, const char *name)
{
    (void)take(&value);
    while (value.n) {
        struct cw_str part = take(&value);
        ptrdiff_t equals = cw_str_index(part, '=');
        if (equals > 0 &&
            cw_str_eq_nocase(cw_str_trim(cw_str_sub(part, 0, (size_t)equals)), cw_str_of(name)))
            return cw_str_trim(cw_str_sub(part, (size_t)equals + 1, part.n));
    }
    return CW_STR_NONE;
}

bool cw_event_seconds(struct cw_str text, uint32_t *out)
{
    uint64_t number;
    struct cw_str digits = cw_str_trim(text);

    for (size_t i = 0; i < digits.n; i++)
        if (digits.p[i] < '0' || digits.p[i] > '9')
            return false;
    if (digits.n == 0)
        return false;
    *out = cw_str_to_u64(digits, &number) && number < UINT32_MAX ? (uint32_t)number : UINT32_MAX;
    return true;
}

bool cw_event_status_parse(struct cw_str value, struct cw_event_status *out)
{
    struct cw_str rest = value, state = take(&rest), reason = parameter(value, "reason");

    *out = (struct cw_event_status){.state = CW_EVENT_PENDING};
    if (state.n == 0)
        return false;
    for (size_t i = 0; i < sizeof state_names / sizeof *state_names; i++)
        if (cw_str_eq_nocase(state, cw_str_of(state_names[i])))
            out->state = (enum cw_event_state)i;
    for (size_t i = CW_EVENT_DEACTIVATED; i <= CW_EVENT_INVARIANT; i++)
        if (cw_str_eq_nocase(reason, cw_str_of(reason_names[i])))
            out->reason = (enum cw_event_reason)i;
    out->has_expires = cw_event_seconds(parameter(value, "expires"), &out->expires_s);
    out->has_retry_after = cw_event_seconds(parameter(value, "retry-after"), &out->retry_after_s);
    return true;
}

struct cw_str cw_event_status_text(struct cw_arena *arena, const struct cw_event_status *status)
{
    struct cw_str text = cw_str_of(state_names[status->state]);
    if (status->reason != CW_EVENT_NO_REASON)
        text = cw_arena_printf(arena, "%.*s;reason=%s", CW_ARG(text), reason_names[status->reason]);
    if (status->has_expires)
        text = cw_arena_printf(arena, "%.*s;expires=%u", CW_ARG(text), status->expires_s);
    if (status->has_retry_after)
        text = cw_arena_printf(arena, "%.*s;retry-after=%u", CW_ARG(text), status->retry_after_s);
    return text;
}

struct cw_str cw_event_package(struct cw_str event)
{
    return take(&event);
}

struct cw_str cw_event_id(struct cw_str event)
{
    return parameter(event, "id");
}
