#include "cli/explain_state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/explain_input.h"
#include "xmpp/jid.h"

enum { MAX_PENDING = 1000 };

bool cw_explain_state_load(struct cw_explain_state *state, const char *path)
{
    static const char *const lists[] = {"subscriptions", "pending", "resources"};
    json_error_t error;

    *state = (struct cw_explain_state){.path = path};
    if (path && access(path, F_OK) == 0) {
        state->root = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
        if (!json_is_object(state->root)) {
            fprintf(stderr, "causeway: %s is no state file: %s\n", path,
                    state->root ? "not a JSON object" : error.text);
            cw_explain_state_free(state);
            return false;
        }
    } else {
        state->root = json_object();
    }
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
        if (!json_is_array(json_object_get(state->root, lists[i])))
            json_object_set_new(state->root, lists[i], json_array());
    return true;
}

bool cw_explain_state_save(const struct cw_explain_state *state)
{
    if (!state->path)
        return true;
    if (json_dump_file(state->root, state->path, JSON_COMPACT) == 0)
        return true;
    fprintf(stderr, "causeway: %s cannot be written: %s\n", state->path, strerror(errno));
    return false;
}

void cw_explain_state_free(struct cw_explain_state *state)
{
    json_decref(state->root);
    state->root = NULL;
}

static struct cw_str text_of(struct cw_arena *arena, const json_t *row, const char *key)
{
    const json_t *value = json_object_get(row, key);
    if (!json_is_string(value))
        return CW_S("");
    return cw_arena_dup(arena,
                        (struct cw_str){json_string_value(value), json_string_length(value)});
}

static struct cw_explain_pending pending_of(struct cw_arena *arena, const json_t *row)
{
    json_int_t cseq = json_integer_value(json_object_get(row, "cseq"));
    return (struct cw_explain_pending){
        .id = text_of(arena, row, "id"),
        .call_id = text_of(arena, row, "call_id"),
        .from = text_of(arena, row, "from"),
        .to = text_of(arena, row, "to"),
        .cseq = cseq > 0 && cseq <= INT32_MAX ? (uint32_t)cseq : 0,
    };
}

void cw_explain_state_add(struct cw_explain_state *state, const struct cw_explain_pending *pending)
{
    struct cw_arena arena = {0};
    struct cw_explain_pending known;
    json_t *list = json_object_get(state->root, "pending");

    if (!cw_explain_state_find(state, &arena, pending, false, &known)) {
        json_array_append_new(
            list, json_pack("{s:o, s:o, s:i, s:o, s:o}", "id", cw_explain_json(&arena, pending->id),
                            "call_id", cw_explain_json(&arena, pending->call_id), "cseq",
                            (int)pending->cseq, "from", cw_explain_json(&arena, pending->from),
                            "to", cw_explain_json(&arena, pending->to)));
        if (json_array_size(list) > MAX_PENDING)
            json_array_remove(list, 0);
    }
    cw_arena_free(&arena);
}

static bool is_same(struct cw_str wanted, struct cw_str got)
{
    return !cw_str_is_present(wanted) || cw_str_eq(wanted, got);
}

static bool is_same_user(struct cw_arena *arena, struct cw_str wanted, struct cw_str got)
{
    struct cw_jid a, b;
    if (!cw_str_is_present(wanted))
        return true;
    return cw_jid_parse(arena, wanted, &a) == CW_JID_OK &&
           cw_jid_parse(arena, got, &b) == CW_JID_OK && cw_jid_eq_bare(&a, &b);
}

bool cw_explain_state_find(struct cw_explain_state *state, struct cw_arena *arena,
                           const struct cw_explain_pending *like, bool take,
                           struct cw_explain_pending *out)
{
    json_t *list = json_object_get(state->root, "pending"), *row;
    size_t i;

    json_array_foreach(list, i, row)
    {
        struct cw_explain_pending one = pending_of(arena, row);
        if (!is_same(like->id, one.id) || !is_same(like->call_id, one.call_id) ||
            (like->cseq && like->cseq != one.cseq) || !is_same_user(arena, like->from, one.from) ||
            !is_same_user(arena, like->to, one.to))
            continue;
        *out = one;
        if (take)
            json_array_remove(list, i);
        return true;
    }
    return false;
}
