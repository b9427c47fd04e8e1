/* `import lync`: partners as Lync Server or Skype for Business Server had them.  One that is there
 * keeps what the file does not say. */
#include "api/transfer_priv.h"
#include "conf/policy_json.h"
#include "import/lync.h"
#include "import/source.h"
#include "import/text.h"

static json_t *read_rows(const struct cw_api_call *call, const json_t *in,
                         enum cw_import_format *format, struct cw_api_problem *problem)
{
    struct cw_str given = cw_json_text(in, "format"), text, why = CW_S("");
    if (!cw_import_utf8(call->arena, cw_json_text(in, "document"), &text))
        return cw_api_refuse(problem, 400, "document",
                             CW_S("The file is neither UTF-8 nor UTF-16 text."));
    if (!cw_str_is_present(given))
        *format = cw_import_format_guess(text);
    else if (!cw_import_format_of(given, format))
        return cw_api_refuse(problem, 400, "format", CW_S("format cannot be read."));
    json_t *rows = cw_import_read(call->arena, *format, text, &why);
    if (rows && json_array_size(rows) > 0)
        return rows;
    json_decref(rows);
    return cw_api_refuse(problem, 400, "document",
                         why.n > 0 ? why : CW_S("The file has no partners."));
}

static void take(struct cw_transfer *t, const json_t *row)
{
    struct cw_import_partner partner;
    struct cw_partner_row there;
    struct cw_str domain;
    cw_import_lync(t->call->arena, row, &partner);
    if (!cw_domain_to_ascii(t->call->arena, partner.name, &domain))
        domain = partner.name;
    bool is_new = cw_store_partner_get(t->call->store, domain, t->call->arena, &there) != CW_OK;
    bool is_first = domain.n == 0 || cw_transfer_is_first(t, "partner", domain);
    if (is_first && cw_str_is_present(partner.refusal))
        cw_transfer_add(t, "partner", domain, CW_TRANSFER_REFUSED, partner.refusal);
    else if (is_first)
        cw_transfer_apply(t, "partner", domain, is_new ? "partner new" : "partner set",
                          json_incref(partner.fields));
    json_decref(partner.fields);
}

json_t *cw_api_import_lync(const struct cw_api_call *call, const json_t *in,
                           struct cw_api_problem *problem)
{
    enum cw_import_format format = CW_IMPORT_CLIXML;
    struct cw_transfer t;
    json_t *rows = read_rows(call, in, &format, problem), *row;
    size_t i;
    if (!rows)
        return NULL;
    json_t *answer = NULL;
    if (cw_transfer_begin(&t, call, in, problem)) {
        json_array_foreach(rows, i, row) take(&t, row);
        answer = cw_transfer_end(&t, "import lync", json_is_true(json_object_get(in, "partial")),
                                 problem);
    }
    if (answer)
        json_object_set_new(answer, "format", json_string(cw_import_format_name(format)));
    json_decref(rows);
    return answer;
}
