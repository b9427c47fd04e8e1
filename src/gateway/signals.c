/* Typing and receipts across the border; see signals.h. */
#include "gateway/signals.h"

#include <time.h>

#include "gateway/receipts.h"
#include "gateway/support.h"
#include "gateway/typing.h"
#include "xlate/content.h"
#include "xmpp/ns.h"

enum { MAX_PAIRS = 10000 };

struct gw_signals {
    struct gateway *gateway;
    struct gw_support *support;
    struct gw_typing *typing;
    struct gw_receipts *receipts;
};

static bool has_shown(struct gw_signals *signals, const struct cw_jid *remote,
                      const struct cw_jid *local, unsigned shown)
{
    return (gw_support_of(signals->support, remote, local).shown & shown) == shown;
}

/* What an Accept header field of the SIP user says. */
static void read_accept(struct gw_signals *signals, const struct cw_jid *remote,
                        const struct cw_jid *local, struct cw_str accept)
{
    struct cw_arena arena = {0};
    unsigned shown = 0;
    if (!accept.n)
        return;
    if (cw_media_type_is_listed(&arena, accept, CW_COMPOSING_TYPE))
        shown |= GW_SHOWN_COMPOSING;
    if (cw_media_type_is_listed(&arena, accept, CW_CPIM_TYPE))
        shown |= GW_SHOWN_REPORTS;
    if (shown)
        gw_support_shown(signals->support, remote, local, shown);
    cw_arena_free(&arena);
}

/* --- from partners ----------------------------------------------------------------------------*/

static struct cw_str thread_of(struct cw_arena *arena, const struct cw_xml *stanza)
{
    const struct cw_xml *thread = cw_xml_child(stanza, stanza->ns, "thread");
    return thread ? cw_xml_text(arena, thread) : CW_STR_NONE;
}

void gw_signals_heard(struct gw_signals *signals, const struct cw_jid *remote,
                      const struct cw_jid *local, const struct cw_xml *stanza,
                      const struct cw_signals *said)
{
    struct cw_arena arena = {0};
    gw_support_heard(signals->support, remote, local, said, thread_of(&arena, stanza));
    if (cw_str_is_present(said->received))
        gw_s2x_received(signals->gateway->s2x, remote, local, said->received);
    cw_arena_free(&arena);
}

bool gw_signals_pass(struct gw_signals *signals, const struct cw_jid *remote,
                     const struct cw_jid *local, const struct cw_xml *stanza)
{
    struct cw_arena arena = {0};
    struct cw_signals said;
    cw_signals_read(stanza, &said);
    bool is_new = said.state != CW_CHAT_UNSAID &&
                  has_shown(signals, remote, local, GW_SHOWN_COMPOSING) &&
                  gw_typing_of_remote(signals->typing, remote, local,
                                      said.state == CW_CHAT_COMPOSING, thread_of(&arena, stanza));
    cw_arena_free(&arena);
    return is_new;
}

struct cw_str gw_signals_date(struct gw_signals *signals, struct cw_arena *arena,
                              const struct cw_jid *remote, const struct cw_jid *local)
{
    time_t now = time(NULL);
    struct tm utc;
    char text[32];
    if (!has_shown(signals, remote, local, GW_SHOWN_REPORTS) || !gmtime_r(&now, &utc) ||
        strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        return CW_STR_NONE;
    return cw_arena_dup(arena, cw_str_of(text));
}

void gw_signals_goes(struct gw_signals *signals, const struct cw_jid *remote,
                     const struct cw_jid *local, struct cw_str message_id, struct cw_str id)
{
    gw_typing_end_of_remote(signals->typing, remote, local);
    if (cw_str_is_present(message_id))
        gw_receipts_ask(signals->receipts, remote, local, message_id, id);
}

static void on_refused(void *arg, const struct cw_jid *remote, const struct cw_jid *local)
{
    struct gw_signals *signals = arg;
    gw_support_refused(signals->support, remote, local, GW_SHOWN_COMPOSING);
}

bool gw_signals_answered(struct gw_signals *signals, const struct cw_jid *remote,
                         const struct cw_jid *local, const struct cw_message_to_sip *sent,
                         const struct cw_sip_response *response)
{
    read_accept(signals, remote, local, response->accept);
    if (response->status != 415)
        return false;
    if (cw_str_eq(sent->request.content_type, CW_COMPOSING_TYPE)) {
        on_refused(signals, remote, local);
        gw_typing_end_of_remote(signals->typing, remote, local);
    }
    if (cw_str_is_present(sent->message_id))
        gw_support_refused(signals->support, remote, local, GW_SHOWN_REPORTS);
    return cw_str_is_present(sent->message_id);
}

/* --- from SIP users ---------------------------------------------------------------------------*/

/* To the client that has shown chat states, unless the SIP user writes to another one. */
static void pass_composing(struct gw_signals *signals, const struct cw_message_to_xmpp *in)
{
    struct cw_arena arena = {0};
    struct gw_support_known known = gw_support_of(signals->support, &in->to, &in->from);
    struct cw_jid client = in->to;
    if (known.shown & GW_SHOWN_STATES) {
        if (!cw_str_is_present(client.resource))
            cw_jid_parse(&arena, known.remote, &client);
        gw_typing_of_local(signals->typing, &client, &in->from, &in->composing, known.thread);
    }
    cw_arena_free(&arena);
}

static void add_to_text(struct gw_signals *signals, struct cw_arena *arena,
                        const struct cw_message_to_xmpp *in, struct cw_xml *stanza)
{
    const struct cw_xml *thread = cw_xml_child(stanza, CW_NS_SERVER, "thread");
    gw_support_talk(signals->support, &in->to, &in->from,
                    thread ? cw_xml_text(arena, thread) : CW_STR_NONE);
    gw_typing_end_of_local(signals->typing, &in->to, &in->from);
    if (has_shown(signals, &in->to, &in->from, GW_SHOWN_STATES | GW_SHOWN_COMPOSING))
        cw_signals_add_state(arena, stanza, CW_CHAT_ACTIVE);
    if (in->reporting.asks & CW_CPIM_POSITIVE_DELIVERY &&
        has_shown(signals, &in->to, &in->from, GW_SHOWN_RECEIPTS))
        cw_signals_add_request(arena, stanza);
}

bool gw_signals_request(struct gw_signals *signals, struct cw_arena *arena,
                        const struct cw_sip_request *request, const struct cw_message_to_xmpp *in,
                        struct cw_xml *stanza)
{
    read_accept(signals, &in->to, &in->from, request->accept);
    if (in->is_wrapped)
        gw_support_shown(signals->support, &in->to, &in->from, GW_SHOWN_REPORTS);
    switch (in->kind) {
    case CW_MESSAGE_TEXT:
        add_to_text(signals, arena, in, stanza);
        return true;
    case CW_MESSAGE_COMPOSING:
        gw_support_shown(signals->support, &in->to, &in->from, GW_SHOWN_COMPOSING);
        pass_composing(signals, in);
        return false;
    case CW_MESSAGE_REPORT:
        gw_receipts_report(signals->receipts, &in->to, &in->from, &in->report);
        return false;
    }
    return false;
}

/* --- life -------------------------------------------------------------------------------------*/

struct gw_signals *gw_signals_new(struct gateway *gateway)
{
    struct gw_signals *signals = cw_alloc(sizeof *signals);
    signals->gateway = gateway;
    signals->support = gw_support_new(MAX_PAIRS);
    signals->typing = gw_typing_new(gateway, on_refused, signals);
    signals->receipts = gw_receipts_new(gateway);
    return signals;
}

void gw_signals_free(struct gw_signals **ptr)
{
    struct gw_signals *signals = *ptr;
    *ptr = NULL;
    if (!signals)
        return;
    gw_typing_free(&signals->typing);
    gw_receipts_free(&signals->receipts);
    gw_support_free(&signals->support);
    cw_free(signals);
}
