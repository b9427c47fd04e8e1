/* How three settings work together, before anybody saves them: for forms, and for people. */
#include "api/api_priv.h"
#include "conf/policy_json.h"
#include "policy/nego.h"

json_t *cw_api_negotiation_preview(const struct cw_api_call *call, const json_t *in,
                                   struct cw_api_problem *problem)
{
    struct cw_rules rules = {.dialback = json_is_true(json_object_get(in, "dialback"))};
    (void)call;
    if (!cw_requirement_of(cw_json_text(in, "tls"), &rules.tls))
        return cw_api_refuse(problem, 400, "tls", CW_S("tls cannot be read."));
    if (!cw_requirement_of(cw_json_text(in, "sasl"), &rules.sasl))
        return cw_api_refuse(problem, 400, "sasl", CW_S("sasl cannot be read."));

    struct cw_nego_row row = cw_nego_row(&rules);
    json_t *methods = json_array(), *answer = json_object();
    for (size_t i = 0; i < row.n_methods; i++)
        json_array_append_new(methods, json_string(cw_method_name(row.methods[i])));
    json_object_set_new(answer, "valid", json_boolean(row.valid));
    json_object_set_new(answer, "methods", methods);
    json_object_set_new(answer, "note", json_string(row.note));
    json_object_set_new(answer, "refusal", json_string(row.refusal));
    return answer;
}
