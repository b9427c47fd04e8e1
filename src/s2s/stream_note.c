/* What was seen, in words: the lines of a stream's timeline (stream.h lists their events).  A note
 * decides nothing.  The peer's own words are escaped and cut, so that it can forge no line. */
#include "s2s/stream_priv.h"

enum { MAX_WORDS_BYTES = 200 };

void cw_s2s_note(struct cw_s2s *s, const char *event, const char *text)
{
    struct cw_s2s_action *a = cw_s2s_act(s, CW_S2S_DO_NOTE);

    a->bytes = cw_str_of(event);
    a->text = cw_str_of(text);
}

/* --- the peer's own words --- */

/* C0 and C1 controls, and what begins an escape. */
static bool is_control(struct cw_str character)
{
    unsigned char c = (unsigned char)character.p[0];

    return c < 0x20 || c == 0x7F || c == '\\' ||
           (c == 0xC2 && character.n > 1 && (unsigned char)character.p[1] < 0xA0);
}

static struct cw_str character_at(struct cw_str text, size_t at)
{
    size_t end = at + 1;

    while (end < text.n && ((unsigned char)text.p[end] & 0xC0) == 0x80)
        end++;
    return cw_str_sub(text, at, end);
}

struct cw_str cw_s2s_quote(struct cw_s2s *s, struct cw_str text)
{
    struct cw_buf b = {0};
    struct cw_str out, c;

    for (size_t i = 0; i < text.n; i += c.n) {
        c = character_at(text, i);
        if (b.n + (is_control(c) ? 4 : 1) * c.n > MAX_WORDS_BYTES) {
            cw_buf_putcstr(&b, "...");
            break;
        }
        if (!is_control(c))
            cw_buf_puts(&b, c);
        else
            for (size_t k = 0; k < c.n; k++)
                cw_buf_printf(&b, "\\x%02X", (unsigned char)c.p[k]);
    }
    out = cw_arena_dup(&s->step, cw_buf_str(&b));
    cw_buf_free(&b);
    return out;
}

/* --- what is told --- */

static void note_words(struct cw_s2s *s, const char *event, struct cw_buf *words)
{
    struct cw_str text = words->n ? cw_buf_str(words) : CW_S("nothing");

    cw_s2s_note(s, event, cw_arena_dup(&s->step, text).p);
    cw_buf_free(words);
}

static void add_word(struct cw_buf *b, const char *name, struct cw_str value)
{
    if (!cw_str_is_present(value))
        return;
    cw_buf_printf(b, "%s%s%.*s", b->n ? ", " : "", name, CW_ARG(value));
}

void cw_s2s_note_header(struct cw_s2s *s, const struct cw_stream_header *h)
{
    struct cw_buf b = {0};

    cw_buf_printf(&b, "version %u.%u", h->major, h->minor);
    add_word(&b, "from ", cw_str_is_present(h->from) ? cw_s2s_quote(s, h->from) : CW_STR_NONE);
    add_word(&b, "to ", cw_str_is_present(h->to) ? cw_s2s_quote(s, h->to) : CW_STR_NONE);
    add_word(&b, "id ", cw_str_is_present(h->id) ? cw_s2s_quote(s, h->id) : CW_STR_NONE);
    note_words(s, "header", &b);
}

void cw_s2s_note_features(struct cw_s2s *s, const char *event, const struct cw_stream_features *f)
{
    struct cw_buf b = {0};

    if (f->starttls)
        add_word(&b, "", f->starttls_required ? CW_S("STARTTLS required") : CW_S("STARTTLS"));
    if (f->external)
        add_word(&b, "", CW_S("EXTERNAL"));
    else if (f->mechanisms)
        add_word(&b, "", CW_S("SASL without EXTERNAL"));
    if (f->dialback)
        add_word(&b, "", f->dialback_errors ? CW_S("dialback with errors") : CW_S("dialback"));
    if (f->bidi)
        add_word(&b, "", CW_S("bidi"));
    if (f->sm)
        add_word(&b, "", CW_S("stream management"));
    if (f->other_required)
        add_word(&b, "", CW_S("an unknown feature, required"));
    note_words(s, event, &b);
}

void cw_s2s_note_proof(struct cw_s2s *s)
{
    struct cw_buf b = {0};

    add_word(&b, "", s->remote);
    switch (s->facts.cert) {
    case CW_CERT_NONE:
        cw_buf_putcstr(&b, ": the peer showed no certificate");
        break;
    case CW_CERT_UNTRUSTED:
        cw_buf_printf(&b, ": the certificate is not trusted (%.*s)", CW_ARG(s->cert.chain_reason));
        break;
    case CW_CERT_WRONG_NAME:
        cw_buf_putcstr(&b, ": the certificate names another domain");
        break;
    case CW_CERT_GOOD:
        cw_buf_printf(&b, " by %s", cw_cert_proof_name(cw_cert_proof(&s->cert, s->remote)));
        break;
    }
    note_words(s, s->facts.cert == CW_CERT_GOOD ? "proven" : "not-proven", &b);
}

void cw_s2s_note_error(struct cw_s2s *s, const char *event, enum cw_stream_error error,
                       struct cw_str words)
{
    cw_s2s_note(s, event,
                cw_arena_printf(&s->step, "%s%s%.*s", cw_stream_error_name(error),
                                words.n ? ": " : "", CW_ARG(words))
                    .p);
}

/* A dialback question of a pair, or what became of it; the condition where it is an error. */
void cw_s2s_note_dialback(struct cw_s2s *s, const char *event, struct cw_str originating,
                          struct cw_str receiving, const char *outcome)
{
    cw_s2s_note(s, event,
                cw_arena_printf(&s->step, "%.*s to %.*s%s%s", CW_ARG(originating),
                                CW_ARG(receiving), *outcome ? ": " : "", outcome)
                    .p);
}
