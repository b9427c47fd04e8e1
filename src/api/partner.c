/* The commands on partners.  Every change is: read the row, set the fields that were given, let
 * cw_partner_check judge the whole, write it under the version that was read. */
#include <string.h>

#include "api/api_priv.h"
#include "conf/policy_json.h"
#include "policy/nego.h"
#include "xmpp/jid.h"

static struct cw_str unicode_of(struct cw_arena *arena, struct cw_str domain)
{
    struct cw_str shown;
    return cw_domain_to_unicode(arena, domain, &shown) ? shown : domain;
}

/* All fields, the U-labels beside the A-labels, and what the settings come to. */
static json_t *show(struct cw_arena *arena, const struct cw_partner_row *row)
{
    const struct cw_partner *partner = &row->partner;
    struct cw_nego_row nego = cw_nego_row(&partner->rules);
    json_t *object = cw_partner_to_json(partner), *additional = json_array();
    json_t *methods = json_array();
    json_object_set_new(object, "domain-unicode",
                        cw_json_of_str(unicode_of(arena, partner->domain)));
    for (size_t i = 0; i < partner->n_additional; i++)
        json_array_append_new(additional,
                              cw_json_of_str(unicode_of(arena, partner->additional[i])));
    for (size_t i = 0; i < nego.n_methods; i++)
        json_array_append_new(methods, json_string(cw_method_name(nego.methods[i])));
    json_object_set_new(object, "additional-unicode", additional);
    json_object_set_new(object, "methods", methods);
    json_object_set_new(object, "note", json_string(nego.note));
    json_object_set_new(object, "version", json_integer((json_int_t)row->version));
    return object;
}

bool cw_api_is_local(const struct cw_api_call *call, struct cw_str domain)
{
    size_t n;
    const struct cw_str *local = cw_store_local_domains(call->store, &n);
    struct cw_str ascii;
    bool found = false;
    if (!cw_domain_to_ascii(call->arena, domain, &ascii))
        return false;
    for (size_t i = 0; i < n; i++)
        found = found || cw_str_eq(local[i], ascii);
    return found;
}

bool cw_api_domain_arg(const struct cw_api_call *call, const json_t *in, struct cw_str *out,
                       struct cw_api_problem *problem)
{
    struct cw_str text = cw_json_str(json_object_get(in, "domain"));
    if (cw_domain_to_ascii(call->arena, text, out))
        return true;
    cw_api_refuse(problem, 400, "domain",
                  cw_arena_printf(call->arena, "\"%.*s\" is not a valid domain name (IDNA 2008).",
                                  (int)(text.n < 255 ? text.n : 255), text.p));
    return false;
}

bool cw_api_partner_find(const struct cw_api_call *call, const json_t *in,
                         struct cw_partner_row *row, struct cw_api_problem *problem)
{
    struct cw_str domain;
    if (!cw_api_domain_arg(call, in, &domain, problem))
        return false;
    enum cw_err err = cw_store_partner_get(call->store, domain, call->arena, row);
    struct cw_refusal refusal = {.field = "domain"};
    if (err == CW_ERR_NOT_FOUND)
        refusal.sentence =
            cw_arena_printf(call->arena, "There is no partner %.*s.", CW_ARG(domain));
    if (err)
        cw_api_refuse_store(problem, err, &refusal);
    return !err;
}

/* The policy names fields as its struct does, with underscores. */
static const char *field_name(struct cw_arena *arena, const char *field)
{
    struct cw_str copy = cw_arena_dup(arena, cw_str_of(field));
    char *p = (char *)(uintptr_t)copy.p;
    for (size_t i = 0; i < copy.n; i++)
        if (p[i] == '_')
            p[i] = '-';
    return p;
}

bool cw_api_partner_apply(const struct cw_api_call *call, const json_t *in,
                          struct cw_partner *partner, struct cw_api_problem *problem)
{
    const char *name, *at_fault = "";
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)in, name, value)
    {
        const struct cw_partner_field *field = cw_partner_field_find(cw_str_of(name));
        if (!field)
            continue; /* an argument of the command, not of the partner */
        struct cw_str refusal = cw_partner_set_json(call->arena, partner, field, value);
        if (cw_str_is_present(refusal)) {
            cw_api_refuse(problem, 400, field->name, refusal);
            return false;
        }
    }
    struct cw_str refusal = cw_partner_check(call->arena, partner, &at_fault);
    if (!cw_str_is_present(refusal))
        return true;
    cw_api_refuse(problem, 400, field_name(call->arena, at_fault), refusal);
    return false;
}

static struct cw_change change_of(const struct cw_api_call *call)
{
    return (struct cw_change){.who = call->who, .what_if = call->what_if};
}

json_t *cw_api_partner_new(const struct cw_api_call *call, const json_t *in,
                           struct cw_api_problem *problem)
{
    struct cw_partner_row row = {.partner = CW_PARTNER_DEFAULT, .version = 1};
    struct cw_change change = change_of(call);
    struct cw_refusal refusal;
    if (!cw_api_partner_apply(call, in, &row.partner, problem))
        return NULL;
    enum cw_err err =
        cw_store_partner_add(call->store, &change, &row.partner, call->arena, &refusal);
    if (err)
        return cw_api_refuse_store(problem, err, &refusal);
    return cw_api_changed(call, NULL, show(call->arena, &row));
}

static json_t *write(const struct cw_api_call *call, const json_t *in,
                     const struct cw_partner_row *before, const struct cw_partner *partner,
                     struct cw_api_problem *problem)
{
    struct cw_partner_row after = {.partner = *partner, .version = before->version + 1};
    struct cw_change change = change_of(call);
    struct cw_refusal refusal;
    enum cw_err err = cw_store_partner_set(
        call->store, &change, partner, cw_api_expected(in, before->version), call->arena, &refusal);
    if (err) {
        cw_api_refuse_store(problem, err, &refusal);
        return cw_api_tell_who(call, "partner", partner->domain, problem);
    }
    return cw_api_changed(call, show(call->arena, before), show(call->arena, &after));
}

static bool names_a_field(const json_t *in)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)in, name,
                        value) if (strcmp(name, "domain") != 0 &&
                                   cw_partner_field_find(cw_str_of(name))) return true;
    return false;
}

json_t *cw_api_partner_set(const struct cw_api_call *call, const json_t *in,
                           struct cw_api_problem *problem)
{
    struct cw_partner_row row;
    if (!cw_api_partner_find(call, in, &row, problem))
        return NULL;
    if (!names_a_field(in))
        return cw_api_refuse(problem, 400, "", CW_S("Give at least one field to change."));
    struct cw_partner partner = row.partner;
    return cw_api_partner_apply(call, in, &partner, problem)
               ? write(call, in, &row, &partner, problem)
               : NULL;
}

json_t *cw_api_partner_put(const struct cw_api_call *call, const json_t *in,
                           struct cw_api_problem *problem)
{
    bool must_exist = json_is_true(json_object_get(in, "must-exist"));
    struct cw_partner_row row;
    struct cw_partner partner = CW_PARTNER_DEFAULT;
    struct cw_str domain;
    if (!cw_api_domain_arg(call, in, &domain, problem))
        return NULL;
    if (!cw_api_partner_find(call, in, &row, problem)) {
        if (problem->status != 404)
            return NULL;
        if (!must_exist && !json_object_get(in, "if-version"))
            return cw_api_partner_new(call, in, problem);
        problem->status = 412; /* it is not what the caller thinks it is */
        return cw_api_tell_who(call, "partner", domain, problem);
    }
    return cw_api_partner_apply(call, in, &partner, problem)
               ? write(call, in, &row, &partner, problem)
               : NULL;
}

static json_t *set_enabled(const struct cw_api_call *call, const json_t *in, bool enabled,
                           struct cw_api_problem *problem)
{
    struct cw_partner_row row;
    if (!cw_api_partner_find(call, in, &row, problem))
        return NULL;
    struct cw_partner partner = row.partner;
    partner.enabled = enabled;
    return write(call, in, &row, &partner, problem);
}

json_t *cw_api_partner_enable(const struct cw_api_call *call, const json_t *in,
                              struct cw_api_problem *problem)
{
    return set_enabled(call, in, true, problem);
}

json_t *cw_api_partner_disable(const struct cw_api_call *call, const json_t *in,
                               struct cw_api_problem *problem)
{
    return set_enabled(call, in, false, problem);
}

json_t *cw_api_partner_get(const struct cw_api_call *call, const json_t *in,
                           struct cw_api_problem *problem)
{
    struct cw_partner_row row;
    return cw_api_partner_find(call, in, &row, problem) ? show(call->arena, &row) : NULL;
}

json_t *cw_api_partner_remove(const struct cw_api_call *call, const json_t *in,
                              struct cw_api_problem *problem)
{
    struct cw_partner_row row;
    struct cw_change change = change_of(call);
    struct cw_refusal refusal;
    if (!cw_api_partner_find(call, in, &row, problem))
        return NULL;
    enum cw_err err =
        cw_store_partner_remove(call->store, &change, row.partner.domain,
                                cw_api_expected(in, row.version), call->arena, &refusal);
    if (err) {
        cw_api_refuse_store(problem, err, &refusal);
        return cw_api_tell_who(call, "partner", row.partner.domain, problem);
    }
    return cw_api_changed(call, show(call->arena, &row), NULL);
}

static bool ends_so(struct cw_arena *arena, struct cw_str domain, struct cw_str suffix)
{
    bool is_ascii = cw_str_find(domain, CW_S("xn--")) < 0; /* then both forms are one */
    struct cw_str forms[] = {domain, is_ascii ? domain : unicode_of(arena, domain)};
    for (size_t i = 0; i < (is_ascii ? 1 : 2); i++) {
        size_t n = forms[i].n;
        if (n >= suffix.n && cw_str_eq_nocase(cw_str_sub(forms[i], n - suffix.n, n), suffix))
            return true;
    }
    return false;
}

static bool matches(struct cw_arena *arena, const struct cw_partner *partner, struct cw_str suffix)
{
    bool match = ends_so(arena, partner->domain, suffix);
    for (size_t i = 0; i < partner->n_additional && !match; i++)
        match = ends_so(arena, partner->additional[i], suffix);
    return match;
}

/* Reads on from `after` until `limit` partners match, or all are read; appends these.  *next: the
 * last one that was appended, when there may be others behind it; else absent. */
static enum cw_err list_some(const struct cw_api_call *call, struct cw_str suffix,
                             struct cw_str after, size_t limit, json_t *list, struct cw_str *next)
{
    size_t n = 0, batch = limit == 0 ? 0 : suffix.n > 0 ? 1000 : limit + 1;
    struct cw_partner_row *rows;
    struct cw_str last = CW_STR_NONE;
    enum cw_err err;
    *next = CW_STR_NONE;
    do {
        err = cw_store_partner_page(call->store, after, batch, call->arena, &rows, &n);
        for (size_t i = 0; i < n && !err && !cw_str_is_present(*next); i++) {
            after = rows[i].partner.domain;
            if (!matches(call->arena, &rows[i].partner, suffix))
                continue;
            if (limit > 0 && json_array_size(list) == limit) {
                *next = last; /* there is one more: the list goes on behind this one */
                break;
            }
            last = after;
            json_array_append_new(list, show(call->arena, &rows[i]));
        }
    } while (!err && batch > 0 && n == batch && !cw_str_is_present(*next));
    return err;
}

json_t *cw_api_partner_list(const struct cw_api_call *call, const json_t *in,
                            struct cw_api_problem *problem)
{
    const json_t *match = json_object_get(in, "match"), *limit = json_object_get(in, "limit");
    json_t *answer = json_object(), *list = json_array();
    struct cw_str next;
    json_object_set_new(answer, "partners", list);
    enum cw_err err =
        list_some(call, match ? cw_json_str(match) : CW_S(""), cw_json_text(in, "cursor"),
                  (size_t)json_integer_value(limit), list, &next);
    if (err) {
        json_decref(answer);
        return cw_api_refuse_store(problem, err, NULL);
    }
    if (limit)
        json_object_set_new(answer, "next", cw_json_of_str(next));
    return answer;
}
