/* Many changes in one transaction (see transfer_priv.h).  The preview is the import itself, rolled
 * back at its end: what it says is what will be. */
#include "api/transfer_priv.h"

#include "conf/policy_json.h"

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

bool cw_transfer_begin(struct cw_transfer *t, const struct cw_api_call *call,
                       struct cw_api_problem *problem)
{
    *t = (struct cw_transfer){.call = call};
    enum cw_err err = cw_store_batch_begin(call->store);
    if (err) {
        cw_api_refuse_store(problem, err, &(struct cw_refusal){.field = ""});
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

void cw_transfer_apply(struct cw_transfer *t, const char *kind, struct cw_str name,
                       const char *command, json_t *in)
{
    const struct cw_api_command *row = cw_api_find(cw_str_of(command));
    struct cw_api_call call = *t->call;
    struct cw_api_problem problem;
    cw_assert(row != NULL);
    call.what_if = true; /* what stays as it is, is not written */
    json_t *answer = t->err ? NULL : cw_api_run(row, &call, in, &problem);
    call.what_if = false;
    if (answer &&
        !json_equal(json_object_get(answer, "before"), json_object_get(answer, "after"))) {
        json_t *before = shown(answer, "before"), *after = shown(answer, "after");
        enum cw_transfer_result result = judge(before, after);
        json_decref(answer);
        answer = result == CW_TRANSFER_SAME ? json_object() : cw_api_run(row, &call, in, &problem);
        if (answer)
            add(t, kind, name, result, CW_S(""), before, after);
        else
            json_decref(before), json_decref(after);
    } else if (answer) {
        add(t, kind, name, CW_TRANSFER_SAME, CW_S(""), shown(answer, "before"),
            shown(answer, "after"));
    }
    if (!answer && !t->err && problem.status >= 500)
        t->err = CW_ERR_STORE;
    else if (!answer && !t->err)
        cw_transfer_add(t, kind, name, CW_TRANSFER_REFUSED, problem.sentence);
    json_decref(answer);
    json_decref(in);
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
    for (int i = 0; i < CW_TRANSFER_N_RESULTS; i++)
        json_object_set_new(counts, result_name((enum cw_transfer_result)i),
                            json_integer((json_int_t)t->counts[i]));
    json_object_set(answer, "rows", t->rows);
    json_object_set_new(answer, "counts", counts);
    return answer;
}

json_t *cw_transfer_end(struct cw_transfer *t, bool is_partial, struct cw_api_problem *problem)
{
    bool refused = t->counts[CW_TRANSFER_REFUSED] > 0 && !is_partial;
    json_t *answer = NULL;
    if (t->err || t->call->what_if || refused)
        cw_store_batch_cancel(t->call->store);
    else
        t->err = cw_store_batch_commit(t->call->store);
    if (t->err)
        cw_api_refuse_store(problem, t->err, &(struct cw_refusal){.field = ""});
    else if (refused && !t->call->what_if)
        refuse_all(t, problem);
    else
        answer = answer_of(t);
    json_decref(t->rows);
    cw_map_free(&t->seen);
    return answer;
}
