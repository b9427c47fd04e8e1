/* Writing presence documents; see pidf.h. */
#include "xlate/pidf.h"

#include "base/secret.h"
#include "xlate/pidf_priv.h"
#include "xml/node.h"
#include "xmpp/ns.h"

static void add_text(struct cw_arena *arena, struct cw_xml *parent, struct cw_str ns,
                     const char *name, struct cw_str text)
{
    cw_xml_add_text(arena, cw_xml_add(arena, parent, ns, name), text);
}

/* With the prefix of the RFC's own examples, declared at the root: some phones look for
 * "<rpid:busy" in the text (baresip).  To the writer of XML such a name is a plain one. */
static struct cw_xml *add_prefixed(struct cw_arena *arena, struct cw_xml *parent,
                                   const char *prefix, struct cw_str ns, struct cw_str name)
{
    struct cw_xml *root = parent;
    while (root->parent)
        root = root->parent;
    cw_xml_set(arena, root, cw_arena_printf(arena, "xmlns:%s", prefix).p, ns);
    return cw_xml_add(arena, parent, root->ns,
                      cw_arena_printf(arena, "%s:%.*s", prefix, CW_ARG(name)).p);
}

static struct cw_xml *add_rpid(struct cw_arena *arena, struct cw_xml *parent, struct cw_str name)
{
    return add_prefixed(arena, parent, "rpid", CW_NS_RPID, name);
}

static struct cw_xml *add_model(struct cw_arena *arena, struct cw_xml *parent, struct cw_str name)
{
    return add_prefixed(arena, parent, "dm", CW_NS_MODEL, name);
}

static void add_notes(struct cw_arena *arena, struct cw_xml *parent,
                      const struct cw_pidf_words *words, bool is_person)
{
    for (size_t i = 0; i < words->n_notes; i++) {
        struct cw_xml *note = is_person ? add_model(arena, parent, CW_S("note"))
                                        : cw_xml_add(arena, parent, CW_NS_PIDF, "note");
        if (cw_str_is_present(words->notes[i].lang))
            cw_xml_set_lang(arena, note, words->notes[i].lang);
        cw_xml_add_text(arena, note, words->notes[i].text);
    }
}

/* RFC 4480 section 3.2: an element for each activity. */
static void add_activities(struct cw_arena *arena, struct cw_xml *parent,
                           const struct cw_pidf_words *words)
{
    if (words->n_activities == 0)
        return;
    struct cw_xml *activities = add_rpid(arena, parent, CW_S("activities"));
    for (size_t i = 0; i < words->n_activities; i++)
        add_rpid(arena, activities, words->activities[i]);
}

static struct cw_str priority_text(struct cw_arena *arena, int thousandth)
{
    if (thousandth % 1000 == 0)
        return thousandth ? CW_S("1") : CW_S("0");
    return cw_arena_printf(arena, "0.%03d", thousandth);
}

/* In the order of the schema: status, extensions, contact, notes. */
static void add_tuple(struct cw_arena *arena, struct cw_xml *root,
                      const struct cw_pidf_tuple *tuple)
{
    struct cw_xml *element = cw_xml_add(arena, root, CW_NS_PIDF, "tuple");
    struct cw_xml *status = cw_xml_add(arena, element, CW_NS_PIDF, "status");

    cw_xml_set(arena, element, "id", tuple->id);
    if (tuple->basic != CW_PIDF_UNSAID)
        add_text(arena, status, CW_NS_PIDF, "basic",
                 tuple->basic == CW_PIDF_OPEN ? CW_S("open") : CW_S("closed"));
    if (tuple->show.n)
        add_text(arena, status, CW_NS_CLIENT, "show", tuple->show);
    add_activities(arena, element, &tuple->words);
    if (cw_str_is_present(tuple->contact)) {
        struct cw_xml *contact = cw_xml_add(arena, element, CW_NS_PIDF, "contact");
        if (tuple->priority_thousandth >= 0)
            cw_xml_set(arena, contact, "priority",
                       priority_text(arena, tuple->priority_thousandth));
        cw_xml_add_text(arena, contact, tuple->contact);
    }
    add_notes(arena, element, &tuple->words, false);
}

void cw_pidf_write(struct cw_buf *out, const struct cw_pidf *pidf)
{
    struct cw_arena arena = {0};
    struct cw_xml *root = cw_xml_new(&arena, CW_NS_PIDF, "presence");

    cw_xml_set(&arena, root, "entity", pidf->entity);
    for (size_t i = 0; i < pidf->n_tuples; i++)
        add_tuple(&arena, root, &pidf->tuples[i]);
    if (pidf->person.n_activities || pidf->person.n_notes) {
        struct cw_xml *person = add_model(&arena, root, CW_S("person"));
        /* All ids are apart: those of tuples begin with "ID-". */
        cw_xml_set(&arena, person, "id", CW_S("person"));
        add_activities(&arena, person, &pidf->person);
        add_notes(&arena, person, &pidf->person, true);
    }
    cw_buf_putcstr(out, "<?xml version='1.0' encoding='UTF-8'?>\n");
    cw_xml_write(out, root, &(struct cw_xml_scope){.default_ns = CW_STR("")});
    cw_arena_free(&arena);
}

/* Ids: RFC 8048 table 1 note 2.  Letters, digits, "-" and "." stand for themselves, every other
 * octet is "_" and two hexadecimal digits. */

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.';
}

struct cw_str cw_pidf_id_of_resource(struct cw_arena *arena, struct cw_str resource)
{
    struct cw_buf id = {0};
    cw_buf_putcstr(&id, "ID-");
    for (size_t i = 0; i < resource.n; i++) {
        if (is_plain(resource.p[i]))
            cw_buf_putc(&id, resource.p[i]);
        else
            cw_buf_printf(&id, "_%02X", (unsigned char)resource.p[i]);
    }
    struct cw_str result = cw_arena_dup(arena, cw_buf_str(&id));
    cw_buf_free(&id);
    return result;
}

struct cw_str cw_pidf_resource_of_id(struct cw_arena *arena, struct cw_str id)
{
    struct cw_str rest = cw_str_sub(id, 3, id.n);
    char *text = cw_arena_alloc(arena, rest.n + 1);
    size_t n = 0;

    if (!cw_str_starts(id, CW_S("ID-")))
        return id;
    for (size_t i = 0; i < rest.n; i++) {
        int high = rest.n - i > 2 && rest.p[i] == '_' ? cw_hex_value(rest.p[i + 1]) : -1;
        int low = high >= 0 ? cw_hex_value(rest.p[i + 2]) : -1;
        if (low >= 0) {
            text[n++] = (char)(high * 16 + low);
            i += 2;
        } else {
            text[n++] = rest.p[i];
        }
    }
    struct cw_str resource = {text, n};
    if (n == 0)
        return CW_STR_NONE;
    return cw_str_is_utf8(resource) && cw_str_index(resource, '\0') < 0 ? resource : rest;
}
