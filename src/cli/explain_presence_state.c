/* Subscriptions and resources in the state file of `causeway explain translate`. */
#include "cli/explain_input.h"
#include "cli/explain_presence.h"

static const char s2x[] = "sip-to-xmpp", x2s[] = "xmpp-to-sip";

static struct cw_str text_of(struct cw_arena *arena, const json_t *row, const char *key)
{
    const json_t *value = json_object_get(row, key);
    if (!json_is_string(value) || json_string_length(value) == 0)
        return CW_STR_NONE;
    return cw_arena_dup(arena,
                        (struct cw_str){json_string_value(value), json_string_length(value)});
}

static uint32_t number_of(const json_t *row, const char *key)
{
    json_int_t number = json_integer_value(json_object_get(row, key));
    return number > 0 && number <= INT32_MAX ? (uint32_t)number : 0;
}

static json_t *list_of(const struct cw_explain_state *state, const char *name)
{
    return json_object_get(state->root, name);
}

/* Subscriptions */

static enum cw_subscription_state state_of(struct cw_str name)
{
    for (int i = CW_SUBSCRIPTION_WAITING; i <= CW_SUBSCRIPTION_ENDING; i++)
        if (cw_str_eq_cstr(name, cw_subscription_state_name((enum cw_subscription_state)i)))
            return (enum cw_subscription_state)i;
    return CW_SUBSCRIPTION_NONE;
}

size_t cw_explain_subscriptions(const struct cw_explain_state *state)
{
    return json_array_size(list_of(state, "subscriptions"));
}

void cw_explain_subscription_get(const struct cw_explain_state *state, struct cw_arena *arena,
                                 size_t row, struct cw_subscription *out)
{
    const json_t *one = json_array_get(list_of(state, "subscriptions"), row);

    *out = (struct cw_subscription){
        .direction = cw_str_eq_cstr(text_of(arena, one, "direction"), s2x) ? CW_SUBSCRIPTION_S2X
                                                                           : CW_SUBSCRIPTION_X2S,
        .state = state_of(text_of(arena, one, "state")),
        .watcher = text_of(arena, one, "watcher"),
        .presentity = text_of(arena, one, "presentity"),
        .is_authorised = json_is_true(json_object_get(one, "authorised")),
        .is_poll = json_is_true(json_object_get(one, "poll")),
        .is_cancelled = json_is_true(json_object_get(one, "cancelled")),
        .call_id = text_of(arena, one, "call_id"),
        .local_tag = text_of(arena, one, "local_tag"),
        .remote_tag = text_of(arena, one, "remote_tag"),
        .remote_target = text_of(arena, one, "remote_target"),
        .event_id = text_of(arena, one, "event_id"),
        .local_cseq = number_of(one, "local_cseq"),
        .remote_cseq = number_of(one, "remote_cseq"),
        .expires_s = number_of(one, "expires"),
    };
    /* A row that was written by hand may say no more than the fields that everybody knows. */
    if (out->state == CW_SUBSCRIPTION_ACTIVE && !out->is_poll)
        out->is_authorised = true;
    if (out->state != CW_SUBSCRIPTION_NONE && out->local_cseq == 0)
        out->local_cseq = 1;
}

static void set_text(struct cw_arena *arena, json_t *row, const char *key, struct cw_str text)
{
    json_object_set_new(row, key, cw_explain_json(arena, text));
}

void cw_explain_subscription_set(struct cw_explain_state *state, struct cw_arena *arena, size_t row,
                                 const struct cw_subscription *s)
{
    json_t *list = list_of(state, "subscriptions"), *one = json_array_get(list, row);
    if (!one) {
        one = json_object();
        json_array_append_new(list, one);
    }
    set_text(arena, one, "watcher", s->watcher);
    set_text(arena, one, "presentity", s->presentity);
    set_text(arena, one, "direction", cw_str_of(s->direction == CW_SUBSCRIPTION_S2X ? s2x : x2s));
    set_text(arena, one, "state", cw_str_of(cw_subscription_state_name(s->state)));
    set_text(arena, one, "call_id", s->call_id);
    set_text(arena, one, "local_tag", s->local_tag);
    set_text(arena, one, "remote_tag", s->remote_tag);
    set_text(arena, one, "remote_target", s->remote_target);
    set_text(arena, one, "event", CW_S("presence"));
    set_text(arena, one, "event_id", s->event_id);
    json_object_set_new(one, "local_cseq", json_integer(s->local_cseq));
    json_object_set_new(one, "remote_cseq", json_integer(s->remote_cseq));
    json_object_set_new(one, "expires", json_integer(s->expires_s));
    json_object_set_new(one, "authorised", json_boolean(s->is_authorised));
    json_object_set_new(one, "poll", json_boolean(s->is_poll));
    json_object_set_new(one, "cancelled", json_boolean(s->is_cancelled));
}

void cw_explain_subscription_remove(struct cw_explain_state *state, size_t row)
{
    json_array_remove(list_of(state, "subscriptions"), row);
}

struct cw_str cw_explain_seed(struct cw_explain_state *state, struct cw_arena *arena)
{
    json_int_t n = json_integer_value(json_object_get(state->root, "dialogs")) + 1;
    json_object_set_new(state->root, "dialogs", json_integer(n));
    return cw_arena_printf(arena, "%lld", (long long)n);
}

/* Resources */

static bool is_of(struct cw_arena *arena, const json_t *row, struct cw_str user, struct cw_jid *jid)
{
    return cw_jid_parse(arena, text_of(arena, row, "jid"), jid) == CW_JID_OK &&
           cw_str_eq(cw_jid_bare(arena, jid), user);
}

static void read_resource(struct cw_arena *arena, const json_t *row, struct cw_presence *out)
{
    json_t *priority = json_object_get(row, "priority");
    struct cw_str status = text_of(arena, row, "status");
    json_int_t number = json_integer_value(priority);

    out->is_available = true;
    (void)cw_show_of(text_of(arena, row, "show"), &out->show);
    out->lang = text_of(arena, row, "lang");
    if (json_is_integer(priority) && number >= -128 && number <= 127) {
        out->has_priority = true;
        out->priority = (int8_t)number;
    }
    if (cw_str_is_present(status))
        out->notes[out->n_notes++] = (struct cw_pidf_note){.text = status};
}

size_t cw_explain_resources_get(const struct cw_explain_state *state, struct cw_arena *arena,
                                struct cw_str user, struct cw_presence **out)
{
    const json_t *list = list_of(state, "resources"), *row;
    struct cw_presence *found = cw_arena_alloc(arena, (json_array_size(list) + 1) * sizeof *found);
    struct cw_jid jid;
    size_t i, n = 0;

    json_array_foreach(list, i, row)
    {
        if (!is_of(arena, row, user, &jid))
            continue;
        found[n].resource = jid.resource;
        read_resource(arena, row, &found[n++]);
    }
    *out = found;
    return n;
}

void cw_explain_resources_set(struct cw_explain_state *state, struct cw_arena *arena,
                              struct cw_str user, const struct cw_presence *known, size_t n)
{
    json_t *list = list_of(state, "resources");
    struct cw_jid jid;

    for (size_t i = json_array_size(list); i-- > 0;)
        if (is_of(arena, json_array_get(list, i), user, &jid))
            json_array_remove(list, i);
    if (cw_jid_parse(arena, user, &jid) != CW_JID_OK)
        return;
    for (size_t i = 0; i < n; i++) {
        json_t *row = json_object();
        jid.resource = known[i].resource;
        set_text(arena, row, "jid", cw_jid_str(arena, &jid));
        set_text(arena, row, "show", cw_str_of(cw_show_name(known[i].show)));
        if (known[i].has_priority)
            json_object_set_new(row, "priority", json_integer(known[i].priority));
        if (known[i].n_notes)
            set_text(arena, row, "status", known[i].notes[0].text);
        if (cw_str_is_present(known[i].lang))
            set_text(arena, row, "lang", known[i].lang);
        json_array_append_new(list, row);
    }
}
