/* Many changes in one transaction (see transfer_priv.h).  The preview is the import itself, rolled
 * back at its end: what it says is what will be. */
#include "api/transfer_priv.h"

#include "conf/policy_json.h"
#include "store/account.h"

static const char *result_name(enum cw_transfer_result result)
{
    switch (result) {
    case CW_TRANSFER_NEW:
        return "new";
    case CW_TRANSFER_CHANGED:
        return "changed";
    case CW_TRANSFER_SAME:
        return "same";
    case CW_TRANSFER_REMOVED:
        return "removed";
    case CW_TRANSFER_REFUSED:
        return "refused";
    }
    return "?";
}

static enum cw_err read_version(struct cw_transfer *t, struct cw_audit_row *last)
{
    enum cw_err err = cw_store_audit_last_change(t->call->store, t->call->arena, last);
    t->version = last->id;
    return err == CW_ERR_NOT_FOUND ? CW_OK : err;
}

/* Asked inside the transaction: nothing comes in between.  False with a problem. */
static bool is_as_it_was(struct cw_transfer *t, const json_t *in, struct cw_api_problem *problem)
{
    struct cw_audit_row last;
    enum cw_err err = read_version(t, &last);
    if (!err && cw_api_given_version(in, (uint64_t)t->version) == (uint64_t)t->version)
        return true;
    if (err) {
        cw_api_refuse_store(problem, err, NULL);
        return false;
    }
    cw_api_refuse(problem, 412, "",
                  CW_S("Something was changed by somebody else meanwhile; look at a new preview, "
                       "then repeat the import."));
    problem->changed_by = last.who;
    problem->changed_at = last.at;
    return false;
}

bool cw_transfer_begin(struct cw_transfer *t, const struct cw_api_call *call, const json_t *in,
                       struct cw_api_problem *problem)
{
    *t = (struct cw_transfer){.call = call};
    enum cw_err err = cw_store_batch_begin(call->store);
    if (err) {
        cw_api_refuse_store(problem, err, NULL);
        return false;
    }
    if (!is_as_it_was(t, in, problem)) {
        cw_store_batch_cancel(call->store);
        return false;
    }
    t->rows = json_array();
    return true;
}

static struct cw_str key_of(struct cw_transfer *t, const char *kind, struct cw_str name)
{
    return cw_arena_printf(t->call->arena, "%s %.*s", kind, CW_ARG(name));
}

bool cw_transfer_has(struct cw_transfer *t, const char *kind, struct cw_str name)
{
    return cw_map_get(&t->seen, key_of(t, kind, name)) != NULL;
}

bool cw_transfer_is_first(struct cw_transfer *t, const char *kind, struct cw_str name)
{
    if (!cw_map_set(&t->seen, key_of(t, kind, name), t))
        return true;
    cw_transfer_add(
        t, kind, name, CW_TRANSFER_REFUSED,
        cw_arena_printf(t->call->arena, "The file has it twice: %s %.*s.", kind, CW_ARG(name)));
    return false;
}

static json_t *text(struct cw_str s)
{
    json_t *value = cw_json_of_str(s);
    return json_is_string(value) ? value : json_string("");
}

/* Takes the references over. */
static void add(struct cw_transfer *t, const char *kind, struct cw_str name,
                enum cw_transfer_result result, struct cw_str sentence, json_t *before,
                json_t *after)
{
    json_t *row = json_object();
    t->counts[result]++;
    json_object_set_new(row, "kind", json_string(kind));
    json_object_set_new(row, "name", text(name));
    json_object_set_new(row, "result", json_string(result_name(result)));
    json_object_set_new(row, "sentence", text(sentence));
    json_object_set_new(row, "before", before ? before : json_null());
    json_object_set_new(row, "after", after ? after : json_null());
    json_array_append_new(t->rows, row);
}

void cw_transfer_add(struct cw_transfer *t, const char *kind, struct cw_str name,
                     enum cw_transfer_result result, struct cw_str sentence)
{
    add(t, kind, name, result, sentence, NULL, NULL);
}

/* Without what changes with every write. */
static json_t *shown(const json_t *answer, const char *side)
{
    json_t *copy = json_copy(json_object_get(answer, side));
    if (json_is_object(copy))
        json_object_del(copy, "version");
    return copy;
}

/* A command on blocks shows a list, which may be empty. */
static bool is_thing(const json_t *shown)
{
    const json_t *list = json_object_get(shown, "blocks");
    return json_is_object(shown) && (!list || json_array_size(list) > 0);
}

static enum cw_transfer_result judge(const json_t *before, const json_t *after)
{
    if (json_equal(before, after))
        return CW_TRANSFER_SAME;
    if (!is_thing(before))
        return CW_TRANSFER_NEW;
    return is_thing(after) ? CW_TRANSFER_CHANGED : CW_TRANSFER_REMOVED;
}

/* What stays as it is, is not written: so it is tried first.  NULL with a problem. */
static json_t *try_out(const struct cw_transfer *t, const struct cw_api_command *row,
                       const json_t *in, struct cw_api_problem *problem)
{
    struct cw_api_call call = *t->call;
    call.what_if = true;
    call.since = t->since;
    return cw_api_run(row, &call, in, problem);
}

static bool write(const struct cw_transfer *t, const struct cw_api_command *row, const json_t *in,
                  struct cw_api_problem *problem)
{
    struct cw_api_call call = *t->call;
    call.what_if = false; /* for what-if, all of it is rolled back at the end */
    call.since = t->since;
    json_t *answer = cw_api_run(row, &call, in, problem);
    json_decref(answer);
    return answer != NULL;
}

bool cw_transfer_try(struct cw_transfer *t, const char *kind, struct cw_str name,
                     const char *command, json_t *in, struct cw_api_problem *problem)
{
    const struct cw_api_command *row = cw_api_find(cw_str_of(command));
    cw_assert(row != NULL);
    *problem = (struct cw_api_problem){.field = ""};
    json_t *answer = t->err ? NULL : try_out(t, row, in, problem);
    json_t *before = shown(answer, "before"), *after = shown(answer, "after");
    enum cw_transfer_result result = judge(before, after);
    bool good = answer && (result == CW_TRANSFER_SAME || write(t, row, in, problem));
    if (good)
        add(t, kind, name, result, CW_S(""), json_incref(before), json_incref(after));
    else if (problem->status >= 500)
        t->err = CW_ERR_STORE;
    json_decref(before);
    json_decref(after);
    json_decref(answer);
    json_decref(in);
    return good;
}

void cw_transfer_apply(struct cw_transfer *t, const char *kind, struct cw_str name,
                       const char *command, json_t *in)
{
    struct cw_api_problem problem;
    if (!cw_transfer_try(t, kind, name, command, in, &problem) && !t->err)
        cw_transfer_add(t, kind, name, CW_TRANSFER_REFUSED, problem.sentence);
}

/* The first of the refused rows, for one sentence about all. */
static json_t *refuse_all(struct cw_transfer *t, struct cw_api_problem *problem)
{
    json_t *row = NULL;
    size_t i, n = json_array_size(t->rows);
    json_array_foreach(t->rows, i, row)
    {
        if (cw_str_eq(cw_json_text(row, "result"), CW_S("refused")))
            break;
    }
    struct cw_str name = cw_json_text(row, "name"), why = cw_json_text(row, "sentence");
    return cw_api_refuse(problem, 400, "document",
                         cw_arena_printf(t->call->arena,
                                         "%zu of %zu entries cannot be taken, so nothing is saved; "
                                         "the first is %s%s%.*s: %.*s Mend them, or take the "
                                         "others with partial.",
                                         t->counts[CW_TRANSFER_REFUSED], n,
                                         json_string_value(json_object_get(row, "kind")),
                                         name.n ? " " : "", CW_ARG(name), CW_ARG(why)));
}

static json_t *answer_of(struct cw_transfer *t)
{
    json_t *answer = cw_api_changed(t->call, NULL, NULL), *counts = json_object();
    if (t->call->what_if)
        cw_transfer_tell_streams(t->call, t->rows);
    for (int i = 0; i < CW_TRANSFER_N_RESULTS; i++)
        json_object_set_new(counts, result_name((enum cw_transfer_result)i),
                            json_integer((json_int_t)t->counts[i]));
    json_object_set(answer, "rows", t->rows);
    json_object_set_new(answer, "counts", counts);
    json_object_set_new(answer, "version", json_integer(t->version));
    return answer;
}

/* Contacts are no administrator's act and leave no rows of their own: this one tells of them, and
 * that what stands beside it came in together. */
static enum cw_err note(const struct cw_transfer *t, const char *action)
{
    size_t total = 0;
    for (int i = 0; i < CW_TRANSFER_N_RESULTS; i++)
        total += t->counts[i];
    if (total == t->counts[CW_TRANSFER_SAME] + t->counts[CW_TRANSFER_REFUSED])
        return CW_OK;
    return cw_store_audit_note(
        t->call->store, t->call->who, action, CW_S(""),
        cw_arena_printf(t->call->arena,
                        "%zu new, %zu changed, %zu removed, %zu the same, %zu "
                        "refused",
                        t->counts[CW_TRANSFER_NEW], t->counts[CW_TRANSFER_CHANGED],
                        t->counts[CW_TRANSFER_REMOVED], t->counts[CW_TRANSFER_SAME],
                        t->counts[CW_TRANSFER_REFUSED]));
}

json_t *cw_transfer_end(struct cw_transfer *t, const char *action, bool is_partial,
                        struct cw_api_problem *problem)
{
    bool refused = t->counts[CW_TRANSFER_REFUSED] > 0 && !is_partial;
    bool is_kept = !t->err && !t->call->what_if && !refused;
    struct cw_audit_row last;
    json_t *answer = NULL;
    if (is_kept)
        t->err = note(t, action);
    if (is_kept && !t->err)
        t->err = read_version(t, &last);
    if (is_kept && !t->err)
        t->err = cw_store_batch_commit(t->call->store);
    else
        cw_store_batch_cancel(t->call->store);
    if (t->err)
        cw_api_refuse_store(problem, t->err, NULL);
    else if (refused && !t->call->what_if)
        refuse_all(t, problem);
    else
        answer = answer_of(t);
    json_decref(t->rows);
    cw_map_free(&t->seen);
    return answer;
}
