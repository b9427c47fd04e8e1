/* Presence documents.  What is read can be written and is the same when it is read again; what it
 * says becomes stanzas that a parser reads as we meant them; and what those say fits into a
 * document again. */
#include "fuzz.h"

#include "xlate/presence.h"
#include "xml/reader.h"
#include "xmpp/ns.h"

static const struct cw_jid romeo = {.local = CW_STR("romeo"), .domain = CW_STR("contoso.test")};

static struct cw_str written(struct cw_arena *a, const struct cw_pidf *pidf)
{
    struct cw_buf text = {0};
    cw_pidf_write(&text, pidf);
    struct cw_str result = cw_arena_dup(a, cw_buf_str(&text));
    cw_buf_free(&text);
    return result;
}

/* Activities that are text of an element need not be names of elements. */
static void drop_activities(struct cw_pidf *pidf)
{
    pidf->person.n_activities = 0;
    for (size_t i = 0; i < pidf->n_tuples; i++)
        pidf->tuples[i].words.n_activities = 0;
}

static void check_stanza(struct cw_arena *a, const struct cw_presence *presence)
{
    struct cw_xml *stanza = cw_presence_stanza(a, &romeo, CW_S("juliet@fabrikam.test"), presence);
    struct cw_buf bytes = {0};
    enum cw_xml_fault fault;
    struct cw_presence again;
    struct cw_jid from;

    cw_xml_write(&bytes, stanza, &(struct cw_xml_scope){.default_ns = CW_STR("")});
    const struct cw_xml *read = cw_xml_parse(a, cw_buf_str(&bytes), &CW_XML_LIMITS_DEFAULT, &fault);
    cw_assert(read != NULL);
    cw_assert(cw_jid_parse(a, cw_xml_attr(read, "from"), &from) == CW_JID_OK);
    cw_assert(cw_jid_eq_bare(&from, &romeo));
    cw_assert(cw_presence_read(a, read, &again));
    cw_assert(cw_str_eq(again.resource, presence->resource));
    cw_assert(again.is_available == presence->is_available && again.show == presence->show);
    cw_assert(again.n_notes <= presence->n_notes);
    cw_buf_free(&bytes);
}

void fuzz_input(struct cw_str input)
{
    struct cw_arena a = {0};
    struct cw_pidf pidf, again;
    struct cw_presence *list;

    if (cw_pidf_parse(&a, input, &pidf) == CW_PIDF_OK) {
        size_t n = cw_presence_of_document(&a, NULL, &pidf, true, CW_STR_NONE, &list);
        cw_assert(n <= pidf.n_tuples && n <= CW_PIDF_MAX_TUPLES);
        for (size_t i = 0; i < n; i++)
            check_stanza(&a, &list[i]);
        struct cw_str document = cw_presence_document(&a, NULL, &romeo, list, n);
        cw_assert(document.n > CW_PIDF_MAX_BYTES ||
                  cw_pidf_parse(&a, document, &again) == CW_PIDF_OK);
        drop_activities(&pidf);
        struct cw_str first = written(&a, &pidf);
        if (first.n <= CW_PIDF_MAX_BYTES) {
            cw_assert(cw_pidf_parse(&a, first, &again) == CW_PIDF_OK);
            cw_assert(cw_str_eq(written(&a, &again), first));
        }
    }
    cw_arena_free(&a);
}
