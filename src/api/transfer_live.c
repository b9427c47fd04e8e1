/* Before an import is done: how many live streams it concerns.  They are closed when the partner
 * goes or is switched off, and checked anew, perhaps closed, when another policy is to hold. */
#include "api/transfer_priv.h"
#include "conf/policy_json.h"

/* What of a partner its live streams depend on. */
static const char *const fields[] = {"enabled",      "additional",  "tls",
                                     "sasl",         "dialback",    "connection-limit",
                                     "trust-anchor", "pinned-keys", "type"};

static bool concerns_streams(const json_t *row)
{
    const json_t *before = json_object_get(row, "before"), *after = json_object_get(row, "after");
    if (!cw_str_eq_cstr(cw_json_text(row, "kind"), "partner") || !json_is_object(before))
        return false;
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        if (!json_equal(json_object_get(before, fields[i]), json_object_get(after, fields[i])))
            return true;
    return false;
}

static json_t *all_streams(const struct cw_api_call *call)
{
    struct cw_api_problem problem;
    struct cw_api_call look = *call;
    json_t *in = json_object();
    look.what_if = false; /* it changes nothing */
    json_t *answer = cw_api_run(cw_api_find(CW_S("stream list")), &look, in, &problem);
    json_t *streams = json_incref(json_object_get(answer, "streams"));
    json_decref(answer);
    json_decref(in);
    return streams;
}

static void count(const json_t *streams, json_t *row)
{
    struct cw_str name = cw_json_text(row, "name");
    json_int_t n = 0;
    for (size_t i = 0; i < json_array_size(streams); i++)
        n += cw_str_eq(cw_json_text(json_array_get(streams, i), "partner"), name);
    json_object_set_new(row, "streams", json_integer(n));
}

void cw_transfer_tell_streams(const struct cw_api_call *call, json_t *rows)
{
    json_t *streams = NULL, *row;
    bool is_asked = false;
    size_t i;
    json_array_foreach(rows, i, row)
    {
        if (!concerns_streams(row))
            continue;
        if (!is_asked)
            streams = all_streams(call);
        is_asked = true;
        if (!streams)
            break;
        count(streams, row);
    }
    json_decref(streams);
}
