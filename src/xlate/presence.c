/* Presence as values, and the table of states; see presence.h. */
#include "xlate/presence.h"

#include "xlate/address.h"
#include "xlate/text.h"
#include "xmpp/ns.h"

static const char *const show_names[] = {
    [CW_SHOW_NONE] = "", [CW_SHOW_CHAT] = "chat", [CW_SHOW_AWAY] = "away",
    [CW_SHOW_XA] = "xa", [CW_SHOW_DND] = "dnd",
};

const char *cw_show_name(enum cw_show show)
{
    return show_names[show];
}

bool cw_show_of(struct cw_str text, enum cw_show *out)
{
    for (int i = CW_SHOW_CHAT; i < CW_SHOW_COUNT; i++) {
        if (!cw_str_eq_cstr(text, show_names[i]))
            continue;
        *out = (enum cw_show)i;
        return true;
    }
    return false;
}

/* Busy before away: who is in a meeting and away is not to be disturbed.  The words behind the
 * blank line are no RFC's; servers write them into <other/> or as elements of their own. */
static const struct cw_activity_row default_rows[] = {
    {"busy", CW_SHOW_DND},          {"on-the-phone", CW_SHOW_DND},
    {"meeting", CW_SHOW_DND},       {"presentation", CW_SHOW_DND},
    {"performance", CW_SHOW_DND},   {"steering", CW_SHOW_DND},
    {"worship", CW_SHOW_DND},       {"permanent-absence", CW_SHOW_XA},
    {"vacation", CW_SHOW_XA},       {"holiday", CW_SHOW_XA},
    {"sleeping", CW_SHOW_XA},       {"away", CW_SHOW_AWAY},
    {"breakfast", CW_SHOW_AWAY},    {"dinner", CW_SHOW_AWAY},
    {"meal", CW_SHOW_AWAY},         {"in-transit", CW_SHOW_AWAY},
    {"travel", CW_SHOW_AWAY},

    {"dnd", CW_SHOW_DND},           {"do-not-disturb", CW_SHOW_DND},
    {"in-a-meeting", CW_SHOW_DND},  {"urgent-interruptions-only", CW_SHOW_DND},
    {"long-away", CW_SHOW_XA},      {"extended-away", CW_SHOW_XA},
    {"off-work", CW_SHOW_XA},       {"be-right-back", CW_SHOW_AWAY},
    {"out-to-lunch", CW_SHOW_AWAY},
};

const struct cw_state_map cw_state_map_default = {
    .activities = default_rows,
    .n_activities = sizeof default_rows / sizeof *default_rows,
    /* RPID knows no long absence that ends on its own: "away", and the show beside it tells. */
    .of_show = {[CW_SHOW_AWAY] = "away", [CW_SHOW_XA] = "away", [CW_SHOW_DND] = "busy"},
    .rank = {[CW_SHOW_CHAT] = 5,
             [CW_SHOW_NONE] = 4,
             [CW_SHOW_DND] = 3,
             [CW_SHOW_AWAY] = 2,
             [CW_SHOW_XA] = 1},
};

/* Stanzas */

/* RFC 6121 section 4.7.2.3: an integer from -128 to 127; anything else is not said. */
static void read_priority(struct cw_str text, struct cw_presence *out)
{
    uint64_t number;
    bool is_negative = cw_str_starts(text, CW_S("-"));
    bool has_sign = is_negative || cw_str_starts(text, CW_S("+"));

    if (!cw_str_to_u64(cw_str_sub(text, has_sign, text.n), &number) ||
        number > (is_negative ? 128u : 127u))
        return;
    out->has_priority = true;
    out->priority = (int8_t)(is_negative ? -(int)number : (int)number);
}

static void read_status(struct cw_arena *arena, const struct cw_xml *status,
                        struct cw_presence *out)
{
    struct cw_str text = cw_str_trim(cw_xml_text(arena, status));
    if (text.n && out->n_notes < CW_PIDF_MAX_NOTES)
        out->notes[out->n_notes++] =
            (struct cw_pidf_note){.text = text, .lang = cw_text_language(cw_xml_lang(status))};
}

bool cw_presence_read(struct cw_arena *arena, const struct cw_xml *stanza, struct cw_presence *out)
{
    struct cw_str type = cw_xml_attr(stanza, "type");
    struct cw_jid from;

    *out = (struct cw_presence){.is_available = !cw_str_is_present(type)};
    if (!cw_str_eq_cstr(stanza->name, "presence") ||
        (!out->is_available && !cw_str_eq_cstr(type, "unavailable")) ||
        cw_jid_parse(arena, cw_xml_attr(stanza, "from"), &from) != CW_JID_OK)
        return false;
    out->resource = from.resource;
    out->lang = cw_text_language(cw_xml_lang(stanza));
    CW_XML_EACH_CHILD (child, stanza) {
        if (cw_xml_is(child, stanza->ns, "status"))
            read_status(arena, child, out);
        else if (out->is_available && cw_xml_is(child, stanza->ns, "show"))
            (void)cw_show_of(cw_str_trim(cw_xml_text(arena, child)), &out->show);
        else if (out->is_available && cw_xml_is(child, stanza->ns, "priority"))
            read_priority(cw_str_trim(cw_xml_text(arena, child)), out);
    }
    return true;
}

static struct cw_xml *add_text(struct cw_arena *arena, struct cw_xml *parent, const char *name,
                               struct cw_str text)
{
    struct cw_xml *child = cw_xml_add(arena, parent, CW_NS_SERVER, name);
    cw_xml_add_text(arena, child, text);
    return child;
}

/* RFC 6121 section 4.7.2.2: one <status/> for each language. */
static bool is_language_taken(const struct cw_presence *presence, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (cw_str_eq_nocase(presence->notes[i].lang, presence->notes[at].lang))
            return true;
    return false;
}

struct cw_xml *cw_presence_stanza(struct cw_arena *arena, const struct cw_jid *from,
                                  struct cw_str to, const struct cw_presence *presence)
{
    struct cw_jid full = *from;
    full.resource = presence->resource;
    struct cw_xml *stanza = cw_presence_typed(arena, cw_jid_str(arena, &full), to,
                                              presence->is_available ? NULL : "unavailable");

    if (cw_str_is_present(presence->lang))
        cw_xml_set_lang(arena, stanza, presence->lang);
    if (presence->is_available && presence->show != CW_SHOW_NONE)
        add_text(arena, stanza, "show", cw_str_of(cw_show_name(presence->show)));
    for (size_t i = 0; i < presence->n_notes; i++) {
        if (is_language_taken(presence, i))
            continue;
        struct cw_xml *status = add_text(arena, stanza, "status", presence->notes[i].text);
        if (cw_str_is_present(presence->notes[i].lang))
            cw_xml_set_lang(arena, status, presence->notes[i].lang);
    }
    if (presence->is_available && presence->has_priority)
        add_text(arena, stanza, "priority", cw_arena_printf(arena, "%d", presence->priority));
    return stanza;
}

struct cw_xml *cw_presence_typed(struct cw_arena *arena, struct cw_str from, struct cw_str to,
                                 const char *type)
{
    struct cw_xml *stanza = cw_xml_new(arena, CW_NS_SERVER, "presence");
    cw_xml_set(arena, stanza, "from", from);
    cw_xml_set(arena, stanza, "to", to);
    cw_xml_set(arena, stanza, "type", cw_str_of(type));
    return stanza;
}

/* XMPP -> SIP */

static void fill_tuple(struct cw_arena *arena, const struct cw_jid *user,
                       const struct cw_presence *presence, bool with_notes,
                       struct cw_pidf_tuple *out)
{
    *out = (struct cw_pidf_tuple){
        .id = cw_pidf_id_of_resource(arena, presence->resource),
        .basic = presence->is_available ? CW_PIDF_OPEN : CW_PIDF_CLOSED,
        .show = cw_str_of(cw_show_name(presence->show)),
        .priority_thousandth = -1,
    };
    if (presence->has_priority && presence->priority >= 0) {
        struct cw_jid full = *user;
        full.resource = presence->resource;
        out->contact = cw_addr_jid_to_uri(arena, &full, CW_ADDR_SIP);
        out->priority_thousandth = cw_pidf_priority_of_xmpp(presence->priority);
    }
    for (size_t i = 0; with_notes && i < presence->n_notes; i++) {
        struct cw_pidf_note *note = &out->words.notes[out->words.n_notes++];
        *note = presence->notes[i];
        if (!cw_str_is_present(note->lang))
            note->lang = presence->lang;
    }
}

/* The activities are the person's (RFC 4480 section 3.2), so those of the resource where he is
 * most available (RFC 8048 section 6.2, last paragraph). */
static const struct cw_presence *most_available(const struct cw_state_map *map,
                                                const struct cw_presence *resources, size_t n)
{
    const struct cw_presence *best = NULL;
    for (size_t i = 0; i < n; i++)
        if (resources[i].is_available &&
            (!best || map->rank[resources[i].show] > map->rank[best->show]))
            best = &resources[i];
    return best;
}

static struct cw_str write_document(struct cw_arena *arena, const struct cw_state_map *map,
                                    const struct cw_jid *user, const struct cw_presence *resources,
                                    size_t n, bool with_notes)
{
    struct cw_pidf pidf = {.tuples = cw_arena_alloc(arena, (n + 1) * sizeof *pidf.tuples)};
    struct cw_buf text = {0};

    pidf.entity = cw_addr_jid_to_uri(arena, user, CW_ADDR_PRES);
    for (size_t i = 0; i < n; i++)
        fill_tuple(arena, user, &resources[i], with_notes, &pidf.tuples[pidf.n_tuples++]);
    const struct cw_presence *best = most_available(map, resources, n);
    if (best && map->of_show[best->show]) {
        pidf.person.activities[0] = cw_str_of(map->of_show[best->show]);
        pidf.person.n_activities = 1;
    }
    cw_pidf_write(&text, &pidf);
    struct cw_str result = cw_arena_dup(arena, cw_buf_str(&text));
    cw_buf_free(&text);
    return result;
}

/* What is too much goes: the notes first, then the last resources. */
struct cw_str cw_presence_document(struct cw_arena *arena, const struct cw_state_map *map,
                                   const struct cw_jid *user, const struct cw_presence *resources,
                                   size_t n)
{
    if (!map)
        map = &cw_state_map_default;
    if (n > CW_PIDF_MAX_TUPLES)
        n = CW_PIDF_MAX_TUPLES;
    struct cw_str text = write_document(arena, map, user, resources, n, true);
    if (text.n > CW_PRESENCE_MAX_BYTES)
        text = write_document(arena, map, user, resources, n, false);
    while (text.n > CW_PRESENCE_MAX_BYTES && n > 1) {
        n /= 2;
        text = write_document(arena, map, user, resources, n, false);
    }
    return text;
}

/* SIP -> XMPP */

static bool has_activity(const struct cw_pidf_words *words, const char *activity)
{
    for (size_t i = 0; i < words->n_activities; i++)
        if (cw_str_eq_nocase(words->activities[i], cw_str_of(activity)))
            return true;
    return false;
}

/* What the tuple says in XMPP's own word, else by its activities, else by those of the person. */
static enum cw_show show_of(const struct cw_state_map *map, const struct cw_pidf_tuple *tuple,
                            const struct cw_pidf_words *person)
{
    const struct cw_pidf_words *const sources[] = {&tuple->words, person};
    enum cw_show show = CW_SHOW_NONE;

    if (cw_show_of(tuple->show, &show))
        return show;
    for (size_t k = 0; k < 2; k++)
        for (size_t i = 0; i < map->n_activities; i++)
            if (has_activity(sources[k], map->activities[i].activity))
                return map->activities[i].show;
    return CW_SHOW_NONE;
}

/* The id as a resource; one that XMPP cannot hold is replaced by a name made of it. */
static struct cw_str resource_of(struct cw_arena *arena, struct cw_str id)
{
    struct cw_str wanted = cw_pidf_resource_of_id(arena, id);
    struct cw_jid jid;

    if (!wanted.n)
        return CW_STR_NONE;
    if (cw_jid_parse(arena, cw_arena_printf(arena, "a.example/%.*s", CW_ARG(wanted)), &jid) ==
        CW_JID_OK)
        return jid.resource;
    return cw_text_digest(arena, &id, 1);
}

static void fill_presence(struct cw_arena *arena, const struct cw_state_map *map,
                          const struct cw_pidf *pidf, const struct cw_pidf_tuple *tuple,
                          struct cw_presence *out)
{
    *out = (struct cw_presence){
        .resource = resource_of(arena, tuple->id),
        .is_available = tuple->basic == CW_PIDF_OPEN,
        .has_priority = tuple->priority_thousandth >= 0,
    };
    if (out->is_available)
        out->show = show_of(map, tuple, &pidf->person);
    if (out->has_priority)
        out->priority = (int8_t)cw_pidf_priority_to_xmpp(tuple->priority_thousandth);
}

static bool is_there(const struct cw_presence *list, size_t n, struct cw_str resource)
{
    for (size_t i = 0; i < n; i++)
        if (cw_str_eq(list[i].resource, resource))
            return true;
    return false;
}

size_t cw_presence_of_document(struct cw_arena *arena, const struct cw_state_map *map,
                               const struct cw_pidf *pidf, bool with_notes, struct cw_str lang,
                               struct cw_presence **out)
{
    struct cw_presence *list = cw_arena_alloc(arena, (pidf->n_tuples + 1) * sizeof *list);
    size_t n = 0;

    if (!map)
        map = &cw_state_map_default;
    for (size_t i = 0; i < pidf->n_tuples; i++) {
        const struct cw_pidf_tuple *tuple = &pidf->tuples[i];
        fill_presence(arena, map, pidf, tuple, &list[n]);
        if (is_there(list, n, list[n].resource))
            continue; /* two tuples of one id: no document by its schema; the first one counts */
        list[n].lang = cw_text_language(lang);
        const struct cw_pidf_words *words = tuple->words.n_notes ? &tuple->words : &pidf->person;
        for (size_t k = 0; with_notes && k < words->n_notes; k++)
            list[n].notes[list[n].n_notes++] = words->notes[k];
        n++;
    }
    *out = list;
    return n;
}
