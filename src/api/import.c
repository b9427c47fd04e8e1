/* `import`: a document of `export`, whole or edited.  Each section stands for itself: one that is
 * left out is not touched.  "merge" adds and changes; "replace" removes what a section does not
 * have. */
#include <string.h>
#include <time.h>

#include "api/transfer_priv.h"
#include "conf/policy_json.h"
#include "import/text.h"

enum { FORMAT = 1 };

struct section {
    const char *name, *kind;
    /* The entry's name, the same however it is spelt; false: it has none. */
    bool (*name_of)(struct cw_arena *, const json_t *entry, struct cw_str *out);
    /* Adds its row; false with a problem, and no row: it was refused. */
    bool (*take)(struct cw_transfer *, struct cw_str name, const json_t *entry,
                 struct cw_api_problem *);
    const char *members[4];              /* of an entry; none: the command checks them */
    const char *list, *member;           /* what there is now: this command's answer */
    const char *remove;                  /* the command that removes one */
    json_t *(*key)(const json_t *entry); /* its arguments; new reference */
};

/* --- partners ---------------------------------------------------------------------------------*/

static bool partner_name(struct cw_arena *arena, const json_t *entry, struct cw_str *out)
{
    return cw_domain_to_ascii(arena, cw_json_text(entry, "domain"), out);
}

static json_t *partner_key(const json_t *entry)
{
    return json_pack("{s:O}", "domain", json_object_get(entry, "domain"));
}

static bool take_partner(struct cw_transfer *t, struct cw_str name, const json_t *entry,
                         struct cw_api_problem *problem)
{
    return cw_transfer_try(t, "partner", name, "partner put", json_deep_copy(entry), problem);
}

/* --- access rules -----------------------------------------------------------------------------*/

static bool rule_name(struct cw_arena *arena, const json_t *entry, struct cw_str *out)
{
    struct cw_str scope = cw_json_text(entry, "scope"), name = cw_json_text(entry, "name");
    if (!cw_str_eq_cstr(scope, "global") && !cw_str_eq_cstr(scope, "domain") &&
        !cw_str_eq_cstr(scope, "user"))
        return false;
    bool is_global = cw_str_eq_cstr(scope, "global"); /* its name does not count */
    *out = is_global ? scope : cw_arena_printf(arena, "%.*s %.*s", CW_ARG(scope), CW_ARG(name));
    return true;
}

static json_t *rule_key(const json_t *entry)
{
    const char *scope = json_string_value(json_object_get(entry, "scope"));
    json_t *in = json_object();
    if (scope && strcmp(scope, "global") != 0)
        json_object_set(in, scope, json_object_get(entry, "name"));
    return in;
}

static bool take_rule(struct cw_transfer *t, struct cw_str name, const json_t *entry,
                      struct cw_api_problem *problem)
{
    json_t *in = rule_key(entry);
    json_object_set(in, "xmpp", json_object_get(entry, "xmpp"));
    return cw_transfer_try(t, "access", name, "access set", in, problem);
}

/* --- blocks and contacts ----------------------------------------------------------------------*/

static bool pair_name(struct cw_arena *arena, const json_t *entry, const char *other,
                      struct cw_str *out)
{
    struct cw_jid user, remote;
    if (cw_jid_parse(arena, cw_json_text(entry, "user"), &user) != CW_JID_OK ||
        cw_jid_parse(arena, cw_json_text(entry, other), &remote) != CW_JID_OK)
        return false;
    *out = cw_arena_printf(arena, "%.*s %.*s", CW_ARG(cw_jid_bare(arena, &user)),
                           CW_ARG(cw_jid_bare(arena, &remote)));
    return true;
}

static bool block_name(struct cw_arena *arena, const json_t *entry, struct cw_str *out)
{
    return pair_name(arena, entry, "blocked", out);
}

static json_t *block_key(const json_t *entry)
{
    return json_pack("{s:O,s:O}", "user", json_object_get(entry, "user"), "address",
                     json_object_get(entry, "blocked"));
}

/* When it was made, or now: an invitation from the future is none. */
static int64_t since_of(const json_t *entry)
{
    struct tm parts = {0};
    const char *text = json_string_value(json_object_get(entry, "since"));
    const char *end = text ? strptime(text, "%Y-%m-%dT%H:%M:%SZ", &parts) : NULL;
    time_t now = time(NULL), at = end && *end == 0 ? timegm(&parts) : now;
    return at > 0 && at < now ? at : now;
}

static bool take_block(struct cw_transfer *t, struct cw_str name, const json_t *entry,
                       struct cw_api_problem *problem)
{
    t->since = since_of(entry);
    bool good = cw_transfer_try(t, "block", name, "contact block", block_key(entry), problem);
    t->since = 0;
    return good;
}

static bool contact_name(struct cw_arena *arena, const json_t *entry, struct cw_str *out)
{
    return pair_name(arena, entry, "contact", out);
}

static json_t *contact_key(const json_t *entry)
{
    return json_pack("{s:O,s:O}", "user", json_object_get(entry, "user"), "partner",
                     json_object_get(entry, "contact"));
}

/* Users make contacts, no command does: the row is written as it was. */
static bool take_contact(struct cw_transfer *t, struct cw_str name, const json_t *entry,
                         struct cw_api_problem *problem)
{
    struct cw_arena *arena = t->call->arena;
    struct cw_jid local, remote;
    bool has = false;
    if (cw_jid_parse(arena, cw_json_text(entry, "user"), &local) != CW_JID_OK ||
        cw_jid_parse(arena, cw_json_text(entry, "contact"), &remote) != CW_JID_OK)
        return false; /* it has a name: they were read before */
    bool is_good = cw_str_is_present(local.local) && cw_str_is_present(remote.local) &&
                   cw_api_is_local(t->call, local.domain) &&
                   !cw_api_is_local(t->call, remote.domain);
    if (!is_good) {
        cw_api_refuse(problem, 400, "document",
                      CW_S("A contact is between a local user and a user elsewhere."));
        return false;
    }
    struct cw_str user = cw_jid_bare(arena, &local), other = cw_jid_bare(arena, &remote);
    t->err = cw_store_contact_has(t->call->store, user, other, &has);
    if (!t->err && !has)
        t->err = cw_store_contact_add(t->call->store, user, other, since_of(entry));
    cw_transfer_add(t, "contact", name, has ? CW_TRANSFER_SAME : CW_TRANSFER_NEW, CW_S(""));
    return !t->err;
}

static const struct section sections[] = {
    {"partners",
     "partner",
     partner_name,
     take_partner,
     {NULL},
     "partner list",
     "partners",
     "partner remove",
     partner_key},
    {"access",
     "access",
     rule_name,
     take_rule,
     {"scope", "name", "xmpp"},
     "access list",
     "rules",
     "access unset",
     rule_key},
    {"blocks",
     "block",
     block_name,
     take_block,
     {"user", "blocked", "since"},
     "contact blocks",
     "blocks",
     "contact unblock",
     block_key},
    {"contacts",
     "contact",
     contact_name,
     take_contact,
     {"user", "contact", "since"},
     "contact list",
     "contacts",
     "contact remove",
     contact_key},
};
#define N_SECTIONS (sizeof(sections) / sizeof(sections[0]))

/* --- all of them ------------------------------------------------------------------------------*/

static bool check_section(const struct cw_api_call *call, const json_t *document, const char *name,
                          json_type type, struct cw_api_problem *problem)
{
    const json_t *value = json_object_get(document, name);
    if (!value || json_typeof(value) == type)
        return true;
    cw_api_refuse(problem, 400, "document",
                  cw_arena_printf(call->arena, "\"%s\" in the file must be %s.", name,
                                  type == JSON_ARRAY ? "a list" : "an object"));
    return false;
}

static bool is_known(const char *name)
{
    bool known = strcmp(name, "causeway") == 0 || strcmp(name, "settings") == 0;
    for (size_t i = 0; i < N_SECTIONS && !known; i++)
        known = strcmp(name, sections[i].name) == 0;
    return known;
}

/* The document's frame; false with a problem. */
static bool check(const struct cw_api_call *call, const json_t *document,
                  struct cw_api_problem *problem)
{
    const json_t *header = json_object_get(document, "causeway");
    const char *name;
    json_t *value;
    if (json_integer_value(json_object_get(header, "format")) > FORMAT) {
        cw_api_refuse(problem, 400, "document",
                      CW_S("The file was written by a later release, in a form that is not known "
                           "here."));
        return false;
    }
    if (json_integer_value(json_object_get(header, "format")) != FORMAT) {
        cw_api_refuse(problem, 400, "document",
                      CW_S("The file is no export of this release: \"causeway\": {\"format\": 1} "
                           "is missing."));
        return false;
    }
    json_object_foreach((json_t *)(uintptr_t)document, name, value)
    {
        if (is_known(name))
            continue;
        cw_api_refuse(problem, 400, "document",
                      cw_arena_printf(call->arena,
                                      "The file has a section \"%s\" that is not "
                                      "known here.",
                                      name));
        return false;
    }
    bool good = check_section(call, document, "settings", JSON_OBJECT, problem);
    for (size_t i = 0; i < N_SECTIONS && good; i++)
        good = check_section(call, document, sections[i].name, JSON_ARRAY, problem);
    return good;
}

static json_t *read_document(const struct cw_api_call *call, const json_t *in,
                             struct cw_api_problem *problem)
{
    json_error_t error;
    struct cw_str text;
    if (!cw_import_utf8(call->arena, cw_json_text(in, "document"), &text))
        return cw_api_refuse(problem, 400, "document",
                             CW_S("The file is neither UTF-8 nor UTF-16 text."));
    json_t *document = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &error);
    if (!document)
        return cw_api_refuse(problem, 400, "document",
                             cw_arena_printf(call->arena, "The file is no JSON: %s (line %d).",
                                             error.text, error.line));
    if (check(call, document, problem))
        return document;
    json_decref(document);
    return NULL;
}

/* What is there and not in the file. */
static void remove_others(struct cw_transfer *t, const struct section *section)
{
    struct cw_api_problem problem;
    struct cw_api_call call = *t->call;
    json_t *in = json_object(), *entry;
    size_t i;
    call.what_if = false;
    json_t *answer = cw_api_run(cw_api_find(cw_str_of(section->list)), &call, in, &problem);
    t->err = answer ? t->err : CW_ERR_STORE;
    json_array_foreach(json_object_get(answer, section->member), i, entry)
    {
        struct cw_str name;
        if (section->name_of(t->call->arena, entry, &name) &&
            !cw_transfer_has(t, section->kind, name))
            cw_transfer_apply(t, section->kind, name, section->remove, section->key(entry));
    }
    json_decref(answer);
    json_decref(in);
}

static bool has_member(const struct section *section, const char *name)
{
    for (size_t i = 0; section->members[i]; i++)
        if (strcmp(section->members[i], name) == 0)
            return true;
    return section->members[0] == NULL;
}

/* The first member that entries do not have, or NULL.  What is misspelt would else be lost. */
static const char *stranger_in(const struct section *section, const json_t *entry)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)entry, name, value)
    {
        if (!has_member(section, name))
            return name;
    }
    return NULL;
}

/* The names of the section's entries, absent where one cannot be taken: that has its row then. */
static struct cw_str *read_names(struct cw_transfer *t, const struct section *section,
                                 const json_t *list)
{
    struct cw_arena *arena = t->call->arena;
    size_t n = json_array_size(list);
    struct cw_str *names = cw_arena_alloc(arena, (n + 1) * sizeof(*names));
    for (size_t i = 0; i < n; i++) {
        const json_t *entry = json_array_get(list, i);
        const char *stranger = stranger_in(section, entry);
        struct cw_str name, why = CW_STR_NONE;
        if (!section->name_of(arena, entry, &name))
            name = CW_S(""), why = cw_arena_printf(arena,
                                                   "Entry %zu of \"%s\" names nothing that can be "
                                                   "read.",
                                                   i + 1, section->name);
        else if (!cw_transfer_is_first(t, section->kind, name))
            continue;
        else if (stranger)
            why = cw_arena_printf(arena, "Entries of \"%s\" have no \"%s\".", section->name,
                                  stranger);
        if (cw_str_is_present(why))
            cw_transfer_add(t, section->kind, name, CW_TRANSFER_REFUSED, why);
        else
            names[i] = name;
    }
    return names;
}

/* One round over the entries that have a name.  Those that something else is in the way of wait
 * (their name stays): a domain may be with another partner until that one's entry is taken.  True:
 * some waited, and some did not. */
static bool take_round(struct cw_transfer *t, const struct section *section, const json_t *list,
                       struct cw_str *names, bool is_last)
{
    bool waits = false, goes_on = false;
    for (size_t i = 0; i < json_array_size(list) && !t->err; i++) {
        struct cw_api_problem problem = {.field = ""};
        if (!cw_str_is_present(names[i]))
            continue;
        bool taken = section->take(t, names[i], json_array_get(list, i), &problem);
        bool stays = !taken && problem.status == 409 && !is_last;
        if (!taken && !stays && !t->err)
            cw_transfer_add(t, section->kind, names[i], CW_TRANSFER_REFUSED, problem.sentence);
        waits = waits || stays;
        goes_on = goes_on || !stays;
        if (!stays)
            names[i] = CW_STR_NONE;
    }
    return waits && goes_on;
}

static void take_section(struct cw_transfer *t, const struct section *section,
                         const json_t *document, bool is_replace)
{
    const json_t *list = json_object_get(document, section->name);
    struct cw_str *names = read_names(t, section, list);
    if (list && is_replace) /* first: what is removed may hold a domain that another one gets */
        remove_others(t, section);
    while (take_round(t, section, list, names, false))
        ;
    take_round(t, section, list, names, true);
}

json_t *cw_api_import(const struct cw_api_call *call, const json_t *in,
                      struct cw_api_problem *problem)
{
    struct cw_transfer t;
    bool is_replace = cw_str_eq_nocase(cw_json_text(in, "mode"), CW_S("replace"));
    json_t *document = read_document(call, in, problem), *answer = NULL;
    if (document && cw_transfer_begin(&t, call, in, problem)) {
        const json_t *settings = json_object_get(document, "settings");
        for (size_t i = 0; i < N_SECTIONS; i++)
            take_section(&t, &sections[i], document, is_replace);
        if (json_object_size(settings) > 0)
            cw_transfer_apply(&t, "settings", CW_S(""), "settings set", json_deep_copy(settings));
        answer =
            cw_transfer_end(&t, "import", json_is_true(json_object_get(in, "partial")), problem);
    }
    json_decref(document);
    return answer;
}
