/* What a component sends (XEP-0114), before and after its handshake (first octet odd): however it
 * is cut, the same comes out, and no stanza has another sender's domain. */
#include "fuzz.h"

#include "link/component.h"
#include "xmpp/jid.h"
#include "xmpp/ns.h"

static const struct cw_component_account account = {CW_STR("c.test"), CW_STR("s")};

struct session {
    struct cw_component *machine;
    struct cw_buf out, told;
    bool is_over;
};

static void on_stanza(struct session *s, const struct cw_xml *stanza)
{
    struct cw_arena arena = {0};
    struct cw_jid from, to;
    cw_assert(cw_str_eq(stanza->ns, CW_NS_SERVER));
    cw_assert(cw_jid_parse(&arena, cw_xml_attr(stanza, "from"), &from) == CW_JID_OK);
    cw_assert(cw_jid_parse(&arena, cw_xml_attr(stanza, "to"), &to) == CW_JID_OK);
    cw_assert(cw_str_eq_cstr(from.domain, "c.test"));
    cw_xml_write(&s->told, stanza, &(struct cw_xml_scope){0});
    cw_component_write_stanza(s->machine, stanza);
    cw_arena_free(&arena);
}

static void on_piece(void *arg, struct cw_str piece)
{
    struct session *s = arg;
    struct cw_component_event event;
    if (s->is_over)
        return;
    cw_component_feed(s->machine, piece);
    for (;;) {
        switch (cw_component_next(s->machine, &event)) {
        case CW_COMPONENT_MORE:
            return;
        case CW_COMPONENT_READY:
            cw_component_accept(s->machine);
            break;
        case CW_COMPONENT_STANZA:
            on_stanza(s, event.stanza);
            break;
        case CW_COMPONENT_CLOSED:
            cw_assert(event.text.n > 0);
            s->is_over = true;
            return;
        }
    }
}

static void open_stream(struct session *s)
{
    struct cw_arena arena = {0};
    on_piece(s, CW_S("<stream:stream xmlns='jabber:component:accept' "
                     "xmlns:stream='http://etherx.jabber.org/streams' to='c.test'>"));
    struct cw_str digest = cw_component_digest(&arena, CW_S("1"), account.secret);
    on_piece(s, cw_arena_printf(&arena, "<handshake>%.*s</handshake>", CW_ARG(digest)));
    cw_assert(!s->is_over);
    cw_arena_free(&arena);
}

static void end(struct session *s)
{
    cw_component_free(&s->machine);
    cw_buf_free(&s->out);
    cw_buf_free(&s->told);
}

static void run(struct session *s, bool is_open, struct cw_str input, size_t piece_bytes)
{
    s->machine = cw_component_new(&account, 1, CW_S("1"), &s->out);
    if (is_open)
        open_stream(s);
    fuzz_feed(input, piece_bytes, on_piece, s);
}

void fuzz_input(struct cw_str input)
{
    bool is_open = fuzz_octet(&input) % 2 == 1;
    struct session whole = {0}, bytes = {0};
    run(&whole, is_open, input, 0);
    run(&bytes, is_open, input, 1);
    cw_assert(cw_str_eq(cw_buf_str(&whole.told), cw_buf_str(&bytes.told)));
    cw_assert(whole.is_over == bytes.is_over);
    end(&whole);
    end(&bytes);
}
