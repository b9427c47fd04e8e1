/* What is wrong, in sentences: one table of levels, one function for each part.
 *
 *   failed    no message can pass, or what is saved would be lost
 *   warning   something wants an administrator before it fails */
#include "api/health_priv.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum level { OK, WARNING, FAILED };
static const char *const names[] = {"ok", "warning", "failed"};

enum {
    MANY_STANZAS = 1000, /* waiting: more than a moment's worth */
    MANY_WRITES = 10000,
};

struct report {
    json_t *sentences[FAILED + 1]; /* by level; none for OK */
    struct cw_arena arena;
};

static void note(struct report *report, enum level level, const char *component,
                 struct cw_str sentence)
{
    json_array_append_new(report->sentences[level],
                          json_pack("{s:s,s:s,s:s%}", "state", names[level], "component", component,
                                    "sentence", sentence.p, sentence.n));
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

/* --- components -------------------------------------------------------------------------------*/

static void judge_edge(struct report *report, const json_t *gateway, const json_t *edge, bool alone)
{
    const char *name = text_of(edge, "name"), *reason = text_of(edge, "reason");
    if (!json_is_true(json_object_get(edge, "linked"))) {
        note(report, alone ? FAILED : WARNING, name,
             cw_arena_printf(&report->arena, "The gateway has no link to the edge %s%s%s.", name,
                             *reason ? ": " : "", reason));
        return;
    }
    if (!json_is_true(json_object_get(edge, "up"))) {
        note(report, WARNING, name,
             cw_arena_printf(&report->arena, "The edge %s gave no answer in time.", name));
        return;
    }
    if (!json_equal(json_object_get(edge, "policy-version"),
                    json_object_get(gateway, "policy-version")))
        note(report, WARNING, name,
             cw_arena_printf(&report->arena,
                             "The edge %s has not confirmed the settings of now; its log may say "
                             "why.",
                             name));
    if (strcmp(text_of(edge, "version"), text_of(gateway, "version")) != 0)
        note(report, WARNING, name,
             cw_arena_printf(&report->arena,
                             "The edge %s runs version %s, the gateway %s; bring both to one.",
                             name, text_of(edge, "version"), text_of(gateway, "version")));
}

static void judge_components(struct report *report, const json_t *components)
{
    const json_t *gateway = json_array_get(components, 0);
    size_t i, n_linked = 0;
    json_t *edge;
    if (!json_is_true(json_object_get(gateway, "up"))) {
        note(report, FAILED, "gateway",
             cw_arena_printf(&report->arena, "%s No message passes.", text_of(gateway, "reason")));
        return;
    }
    json_array_foreach(components, i, edge) n_linked +=
        json_is_true(json_object_get(edge, "linked"));
    json_array_foreach(components, i, edge) if (edge != gateway)
        judge_edge(report, gateway, edge, n_linked == 0);
    if (json_array_size(components) == 1)
        note(report, FAILED, "gateway", CW_S("The gateway has no edge (gateway.edges)."));
}

/* --- certificates -----------------------------------------------------------------------------*/

/* Times in this form can be compared as texts. */
static bool is_over(const json_t *certificate, const char *now)
{
    const char *end = text_of(certificate, "not-after");
    return *end == '\0' || strcmp(end, now) <= 0;
}

static void judge_certificates(struct report *report, const json_t *health)
{
    json_t *one, *warning, *domain;
    size_t i, j;
    json_array_foreach(json_object_get(health, "certificates"), i, one)
    {
        enum level level = is_over(one, text_of(health, "at")) ? FAILED : WARNING;
        json_array_foreach(json_object_get(one, "warnings"), j, warning)
            note(report, level, "certificate",
                 cw_arena_printf(&report->arena, "The certificate %s: %s.", text_of(one, "file"),
                                 json_string_value(warning)));
    }
    json_array_foreach(json_object_get(health, "uncovered"), i, domain)
        note(report, WARNING, "certificate",
             cw_arena_printf(&report->arena,
                             "No certificate names %s; partners that verify will not accept it.",
                             json_string_value(domain)));
}

/* --- store and queues -------------------------------------------------------------------------*/

static void judge_store(struct report *report, const json_t *store)
{
    if (!json_is_true(json_object_get(store, "readable")))
        note(report, FAILED, "store", CW_S("The store cannot be read; the log says more."));
    if (json_is_true(json_object_get(store, "failing")))
        note(
            report, FAILED, "store",
            CW_S("The gateway cannot write to the store, and what users did since is in its memory "
                 "only; is the disk full?"));
}

static void judge_queue(struct report *report, const char *component, const json_t *queues,
                        const char *name, json_int_t many)
{
    static const struct {
        const char *name, *what;
    } rows[] = {
        {"x2s-open", "messages of partners wait for the SIP side"},
        {"s2x-open", "messages of local users wait for partners"},
        {"store-writes", "rows wait to be written to the store"},
        {"unresolved", "stanzas of partners wait for the gateway"},
        {"waiting-stanzas", "stanzas wait for streams to partners"},
    };
    json_int_t n = json_integer_value(json_object_get(queues, name));
    for (size_t i = 0; n >= many && i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(rows[i].name, name) == 0)
            note(report, WARNING, component,
                 cw_arena_printf(&report->arena, "%s: %lld %s.", component, (long long)n,
                                 rows[i].what));
}

static void judge_queues(struct report *report, const json_t *queues)
{
    const json_t *gateway = json_object_get(queues, "gateway");
    json_t *edge;
    size_t i;
    judge_queue(report, "gateway", gateway, "x2s-open", MANY_STANZAS);
    judge_queue(report, "gateway", gateway, "s2x-open", MANY_STANZAS);
    judge_queue(report, "gateway", gateway, "store-writes", MANY_WRITES);
    json_array_foreach(json_object_get(queues, "edges"), i, edge)
    {
        const json_t *of_edge = json_object_get(edge, "queues");
        judge_queue(report, text_of(edge, "edge"), of_edge, "unresolved", MANY_STANZAS);
        judge_queue(report, text_of(edge, "edge"), of_edge, "waiting-stanzas", MANY_STANZAS);
    }
}

/* --- all of it --------------------------------------------------------------------------------*/

void cw_health_judge(json_t *health)
{
    struct report report = {.sentences = {[WARNING] = json_array(), [FAILED] = json_array()}};
    json_t *all = report.sentences[FAILED];
    judge_components(&report, json_object_get(health, "components"));
    judge_certificates(&report, health);
    judge_store(&report, json_object_get(health, "store"));
    judge_queues(&report, json_object_get(health, "queues"));
    enum level level = json_array_size(all) > 0                         ? FAILED
                       : json_array_size(report.sentences[WARNING]) > 0 ? WARNING
                                                                        : OK;
    json_array_extend(all, report.sentences[WARNING]);
    json_object_set_new(health, "state", json_string(names[level]));
    json_object_set_new(health, "sentences", all);
    json_decref(report.sentences[WARNING]);
    cw_arena_free(&report.arena);
}
