/* Time: one row a deadline, what each one does when it is due, and the earliest of them.  The whole
 * negotiation has one deadline, however slowly it drips; the handshake has a shorter one of its
 * own. */
#include "s2s/stream_priv.h"

static uint64_t in_seconds(uint64_t from_ms, unsigned s)
{
    return from_ms + (uint64_t)s * 1000;
}

static bool is_established(const struct cw_s2s *s)
{
    return s->was_ready || s->state == CW_S2S_VERIFYING;
}

static uint64_t establishment_ms(const struct cw_s2s *s)
{
    if (s->state == CW_S2S_NEW || s->state == CW_S2S_CLOSING || is_established(s))
        return 0;
    return in_seconds(s->opened_ms, s->policy->settings.establishment_timeout_s);
}

static uint64_t handshake_ms(const struct cw_s2s *s)
{
    return s->state == CW_S2S_TLS ? s->handshake_ms + CW_S2S_HANDSHAKE_MS : 0;
}

static uint64_t inactivity_ms(const struct cw_s2s *s)
{
    unsigned timeout_s = s->policy->settings.inactivity_timeout_s;

    if (timeout_s == 0 || s->state == CW_S2S_CLOSING || !is_established(s))
        return 0;
    return in_seconds(s->active_ms, timeout_s);
}

static uint64_t keep_alive_ms(const struct cw_s2s *s)
{
    const struct cw_partner *partner;

    if (s->config.direction != CW_OUTBOUND || s->state != CW_S2S_READY)
        return 0;
    partner = cw_s2s_partner(s);
    return partner && partner->keep_alive
               ? in_seconds(s->active_ms, s->policy->settings.keep_alive_interval_s)
               : 0;
}

static uint64_t closing_ms(const struct cw_s2s *s)
{
    if (s->state != CW_S2S_CLOSING)
        return 0;
    return s->closing_ms + (s->is_parting ? CW_S2S_PARTING_MS : CW_S2S_CLOSING_MS);
}

uint64_t cw_s2s_deadline_ms(const struct cw_s2s *s)
{
    const uint64_t all[] = {
        establishment_ms(s),        handshake_ms(s), inactivity_ms(s),
        keep_alive_ms(s),           closing_ms(s),   cw_s2s_verify_deadline_ms(s),
        cw_s2s_added_deadline_ms(s)};
    uint64_t first = 0;

    if (s->state == CW_S2S_CLOSED)
        return 0;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i] && (!first || all[i] < first))
            first = all[i];
    return first;
}

static bool is_due(const struct cw_s2s *s, uint64_t deadline_ms)
{
    return deadline_ms && deadline_ms <= s->now_ms;
}

/* The partner's answer comes on its own stream; that we sent keeps this one in use. */
static void send_ping(struct cw_s2s *s)
{
    struct cw_xml *iq = cw_s2s_make(s, CW_NS_SERVER, "iq");

    cw_xml_set(&s->step, iq, "type", CW_S("get"));
    cw_xml_set(&s->step, iq, "id",
               cw_arena_printf(&s->step, "keep-alive-%llu", (unsigned long long)s->now_ms));
    cw_xml_set(&s->step, iq, "from", s->pairs->local_wire);
    cw_xml_set(&s->step, iq, "to", s->pairs->remote_wire);
    cw_xml_add(&s->step, iq, CW_NS_PING, "ping");
    s->active_ms = s->now_ms;
    cw_s2s_send(s, iq);
}

static void on_establishment_timeout(struct cw_s2s *s)
{
    const char *why = s->state == CW_S2S_PROVING
                          ? "What its certificate stands for could not be found out."
                          : cw_nego_reason_text(s->last_reason);
    struct cw_str text = cw_arena_printf(&s->step, "The stream was not authenticated in time.%s%s",
                                         *why ? " " : "", why);

    if (s->state == CW_S2S_TLS)
        cw_s2s_tls_failed(s, CW_S("no handshake in time"));
    else
        cw_s2s_fail(s, CW_STREAM_CONNECTION_TIMEOUT, text.p);
}

void cw_s2s_on_timer(struct cw_s2s *s)
{
    cw_s2s_verify_expire(s);
    cw_s2s_added_expire(s);
    if (is_due(s, handshake_ms(s)))
        cw_s2s_tls_failed(s, CW_S("no handshake in time"));
    else if (is_due(s, establishment_ms(s)))
        on_establishment_timeout(s);
    else if (is_due(s, closing_ms(s)))
        cw_s2s_end(s, &(struct cw_s2s_end){.text = CW_S("The peer did not close in time.")});
    else if (is_due(s, keep_alive_ms(s)))
        send_ping(s);
    else if (is_due(s, inactivity_ms(s)))
        cw_s2s_close_gently(s, CW_REASON_NONE, CW_S("The stream was idle for too long."), false);
}
