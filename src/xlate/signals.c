/* Chat states and receipts in message stanzas; see signals.h. */
#include "xlate/signals.h"

#include "xmpp/ns.h"

static const char *const names[] = {
    [CW_CHAT_ACTIVE] = "active",     [CW_CHAT_COMPOSING] = "composing", [CW_CHAT_PAUSED] = "paused",
    [CW_CHAT_INACTIVE] = "inactive", [CW_CHAT_GONE] = "gone",
};

static enum cw_chat_state state_of(const struct cw_xml *element)
{
    for (unsigned i = CW_CHAT_ACTIVE; i <= CW_CHAT_GONE; i++)
        if (cw_str_eq_cstr(element->name, names[i]))
            return (enum cw_chat_state)i;
    return CW_CHAT_UNSAID;
}

void cw_signals_read(const struct cw_xml *message, struct cw_signals *out)
{
    unsigned n_states = 0;
    *out = (struct cw_signals){.received = CW_STR_NONE};
    if (cw_str_eq_cstr(cw_xml_attr(message, "type"), "groupchat"))
        return; /* of a room, not of a user */
    CW_XML_EACH_CHILD (child, message) {
        if (!cw_xml_is_element(child))
            continue;
        if (cw_xml_is(child, message->ns, "body") || cw_xml_is(child, message->ns, "subject")) {
            out->is_text = true;
        } else if (cw_str_eq(child->ns, CW_NS_CHAT_STATES)) {
            out->state = n_states++ ? CW_CHAT_UNSAID : state_of(child);
        } else if (cw_xml_is(child, CW_NS_RECEIPTS, "request")) {
            out->asks_receipt = cw_xml_attr(message, "id").n > 0;
        } else if (cw_xml_is(child, CW_NS_RECEIPTS, "received") && cw_xml_attr(child, "id").n) {
            out->received = cw_xml_attr(child, "id");
        }
    }
}

bool cw_signals_are_alone(const struct cw_signals *signals)
{
    return !signals->is_text &&
           (signals->state != CW_CHAT_UNSAID || cw_str_is_present(signals->received));
}

static struct cw_xml *new_message(struct cw_arena *arena, const struct cw_jid *from,
                                  const struct cw_jid *to)
{
    struct cw_xml *message = cw_xml_new(arena, CW_NS_SERVER, "message");
    cw_xml_set(arena, message, "from", cw_jid_str(arena, from));
    cw_xml_set(arena, message, "to", cw_jid_str(arena, to));
    return message;
}

struct cw_xml *cw_chat_state_stanza(struct cw_arena *arena, const struct cw_jid *from,
                                    const struct cw_jid *to, enum cw_chat_state state,
                                    struct cw_str thread)
{
    struct cw_xml *message = new_message(arena, from, to);
    cw_xml_set(arena, message, "type", CW_S("chat")); /* XEP-0085 section 5.4 */
    cw_signals_add_state(arena, message, state);
    if (thread.n)
        cw_xml_add_text(arena, cw_xml_add(arena, message, CW_NS_SERVER, "thread"), thread);
    return message;
}

struct cw_xml *cw_receipt_stanza(struct cw_arena *arena, const struct cw_jid *from,
                                 const struct cw_jid *to, struct cw_str received)
{
    struct cw_xml *message = new_message(arena, from, to);
    cw_xml_set(arena, cw_xml_add(arena, message, CW_NS_RECEIPTS, "received"), "id", received);
    return message;
}

void cw_signals_add_state(struct cw_arena *arena, struct cw_xml *message, enum cw_chat_state state)
{
    cw_xml_add(arena, message, CW_NS_CHAT_STATES, names[state]);
}

void cw_signals_add_request(struct cw_arena *arena, struct cw_xml *message)
{
    cw_xml_add(arena, message, CW_NS_RECEIPTS, "request");
}
