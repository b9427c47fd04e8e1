/* Reading presence documents; see pidf.h.  Writing them is pidf_write.c. */
#include "xlate/pidf.h"

#include "xlate/pidf_priv.h"
#include "xlate/text.h"
#include "xml/reader.h"
#include "xmpp/ns.h"

static const struct cw_xml_limits limits = {
    .max_element_bytes = CW_PIDF_MAX_BYTES, .max_depth = 32, .max_attrs = 32, .max_children = 2048};

const char *cw_pidf_fault_text(enum cw_pidf_fault fault)
{
    switch (fault) {
    case CW_PIDF_OK:
        return "the presence document can be read";
    case CW_PIDF_NOT_XML:
        return "the presence document is not well-formed or holds what is not allowed in it";
    case CW_PIDF_NOT_PIDF:
        return "the document is no presence document";
    case CW_PIDF_TOO_LARGE:
        return "the presence document is too large";
    }
    return "";
}

/* Notes and activities */

/* Cut between two characters, visibly. */
static struct cw_str bounded_note(struct cw_arena *arena, struct cw_str text)
{
    size_t n = CW_PIDF_MAX_NOTE_BYTES;
    if (text.n <= n)
        return text;
    for (n -= 3; n > 0 && ((unsigned char)text.p[n] & 0xC0) == 0x80;)
        n--;
    return cw_arena_printf(arena, "%.*s\u2026", (int)n, text.p);
}

static void add_note(struct cw_arena *arena, const struct cw_xml *note, struct cw_pidf_words *words)
{
    struct cw_str text = cw_str_trim(cw_xml_text(arena, note));
    if (text.n == 0 || words->n_notes == CW_PIDF_MAX_NOTES)
        return;
    words->notes[words->n_notes++] = (struct cw_pidf_note){
        .text = bounded_note(arena, text), .lang = cw_text_language(cw_xml_lang(note))};
}

static void add_activity(struct cw_str name, struct cw_pidf_words *words)
{
    if (name.n && words->n_activities < CW_PIDF_MAX_ACTIVITIES)
        words->activities[words->n_activities++] = name;
}

/* RFC 4480 section 3.2 names an activity by an element; the draft by the text of <activity/>, and
 * <other/> holds a word of one's own. */
static void add_activities(struct cw_arena *arena, const struct cw_xml *activities,
                           struct cw_pidf_words *words)
{
    CW_XML_EACH_CHILD (child, activities) {
        if (!cw_xml_is_element(child) || !cw_str_eq(child->ns, activities->ns) ||
            cw_str_eq_cstr(child->name, "note"))
            continue;
        bool is_text =
            cw_str_eq_cstr(child->name, "activity") || cw_str_eq_cstr(child->name, "other");
        add_activity(is_text ? cw_str_trim(cw_xml_text(arena, child)) : child->name, words);
    }
}

static void read_words(struct cw_arena *arena, const struct cw_xml *parent,
                       struct cw_pidf_words *words)
{
    CW_XML_EACH_CHILD (child, parent) {
        if (cw_xml_is(child, parent->ns, "note"))
            add_note(arena, child, words);
        else if (cw_xml_is(child, CW_NS_RPID, "activities") ||
                 cw_xml_is(child, CW_NS_RPID_DRAFT, "activities"))
            add_activities(arena, child, words);
    }
}

/* Tuples */

static enum cw_pidf_basic read_basic(struct cw_arena *arena, const struct cw_xml *status)
{
    const struct cw_xml *found = NULL;
    CW_XML_EACH_CHILD (child, status) {
        if (!cw_xml_is(child, CW_NS_PIDF, "basic"))
            continue;
        if (found)
            return CW_PIDF_UNSAID;
        found = child;
    }
    struct cw_str text = found ? cw_str_trim(cw_xml_text(arena, found)) : CW_S("");
    return cw_str_eq_cstr(text, "open")     ? CW_PIDF_OPEN
           : cw_str_eq_cstr(text, "closed") ? CW_PIDF_CLOSED
                                            : CW_PIDF_UNSAID;
}

/* qvalue of RFC 3863 section 4.4: 0 or 1 with at most three decimals. */
static int read_priority(struct cw_str text)
{
    uint64_t whole, decimals = 0;
    ptrdiff_t dot = cw_str_index(text, '.');
    struct cw_str behind = dot < 0 ? CW_S("") : cw_str_sub(text, (size_t)dot + 1, text.n);

    if (!cw_str_to_u64(dot < 0 ? text : cw_str_sub(text, 0, (size_t)dot), &whole) || whole > 1 ||
        behind.n > 3 || (behind.n && !cw_str_to_u64(behind, &decimals)))
        return -1;
    for (size_t i = behind.n; i < 3; i++)
        decimals *= 10;
    return whole * 1000 + decimals > 1000 ? -1 : (int)(whole * 1000 + decimals);
}

static void read_tuple(struct cw_arena *arena, const struct cw_xml *element,
                       struct cw_pidf_tuple *out)
{
    const struct cw_xml *status = cw_xml_child(element, CW_NS_PIDF, "status");
    const struct cw_xml *contact = cw_xml_child(element, CW_NS_PIDF, "contact");

    *out = (struct cw_pidf_tuple){.id = cw_xml_attr(element, "id"), .priority_thousandth = -1};
    if (status) {
        const struct cw_xml *show = cw_xml_child(status, CW_NS_CLIENT, "show");
        out->basic = read_basic(arena, status);
        out->show = show ? cw_str_trim(cw_xml_text(arena, show)) : CW_STR_NONE;
        read_words(arena, status, &out->words); /* where the draft has its activities */
        out->words.n_notes = 0;                 /* there are no notes in a status */
    }
    if (contact) {
        out->contact = cw_str_trim(cw_xml_text(arena, contact));
        out->priority_thousandth = read_priority(cw_xml_attr(contact, "priority"));
    }
    read_words(arena, element, &out->words);
}

/* The document */

static size_t count_tuples(const struct cw_xml *root)
{
    size_t n = 0;
    CW_XML_EACH_CHILD (child, root)
        n += cw_xml_is(child, CW_NS_PIDF, "tuple");
    return n;
}

enum cw_pidf_fault cw_pidf_parse(struct cw_arena *arena, struct cw_str document,
                                 struct cw_pidf *out)
{
    enum cw_xml_fault fault;
    struct cw_str text = cw_str_trim(document);

    *out = (struct cw_pidf){0};
    if (text.n > CW_PIDF_MAX_BYTES)
        return CW_PIDF_TOO_LARGE;
    const struct cw_xml *root = cw_xml_parse(arena, text, &limits, &fault);
    if (!root)
        return fault == CW_XML_FAULT_POLICY_VIOLATION ? CW_PIDF_TOO_LARGE : CW_PIDF_NOT_XML;
    if (!cw_xml_is(root, CW_NS_PIDF, "presence"))
        return CW_PIDF_NOT_PIDF;
    size_t n = count_tuples(root);
    if (n > CW_PIDF_MAX_TUPLES)
        return CW_PIDF_TOO_LARGE;
    out->entity = cw_xml_attr(root, "entity");
    out->tuples = cw_arena_alloc(arena, (n ? n : 1) * sizeof *out->tuples);
    CW_XML_EACH_CHILD (child, root) {
        if (cw_xml_is(child, CW_NS_PIDF, "tuple"))
            read_tuple(arena, child, &out->tuples[out->n_tuples++]);
        else if (cw_xml_is(child, CW_NS_MODEL, "person"))
            read_words(arena, child, &out->person);
    }
    read_words(arena, root, &out->person); /* those of the person come first */
    return CW_PIDF_OK;
}

int cw_pidf_priority_of_xmpp(int priority)
{
    return priority < 0 ? -1 : priority >= 127 ? 1000 : priority * 1000 / 127;
}

int cw_pidf_priority_to_xmpp(int thousandth)
{
    return (thousandth * 127 + 999) / 1000; /* upwards: the other way cuts off */
}
