/* Properties of Get-CsXmppAllowedPartner to fields of a partner.  From a CSV file all of them are
 * text; from JSON an enumeration is a number, of which nothing says what it means, unless the
 * object came from another machine: then it is {"value":1,"Value":"Optional"}.  Names are
 * PowerShell's: "domain" is "Domain". */
#include "import/lync.h"

#include <string.h>

#include "policy/partner.h"

struct property {
    const char *theirs, *ours;
    enum { TEXT, TYPE, REQUIREMENT, BOOL, NUMBER, DOMAINS } type;
};

static const struct property properties[] = {
    {"Description", "description", TEXT},
    {"AdditionalDomains", "additional", DOMAINS},
    {"PartnerType", "type", TYPE},
    {"TlsNegotiation", "tls", REQUIREMENT},
    {"SaslNegotiation", "sasl", REQUIREMENT},
    {"SupportDialbackNegotiation", "dialback", BOOL},
    {"ConnectionLimit", "connection-limit", NUMBER},
    {"ProxyFqdn", "proxy-fqdn", TEXT},
    {"EnableKeepAlive", "keep-alive", BOOL},
};

static struct cw_str text_of(const json_t *value)
{
    return json_is_string(value)
               ? (struct cw_str){json_string_value(value), json_string_length(value)}
               : CW_STR_NONE;
}

static json_t *to_json(struct cw_str text)
{
    return json_stringn(text.p, text.n);
}

/* The property of that name; of names that differ in case, the one written as Lync does. */
static const json_t *property_of(const json_t *row, const char *wanted)
{
    const json_t *found = json_object_get(row, wanted);
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)row, name, value)
    {
        if (!found && cw_str_eq_nocase(cw_str_of(name), cw_str_of(wanted)))
            found = value;
    }
    return found;
}

/* What PowerShell 5 wrapped: a list as {"value":[...],"Count":1}, an enumeration of another machine
 * as {"value":1,"Value":"Optional"}. */
static const json_t *unwrapped(const json_t *value)
{
    const json_t *name = json_object_get(value, "Value"), *bare = json_object_get(value, "value");
    return json_is_string(name) ? name : bare ? bare : value;
}

/* "System.Collections.Generic.List`1[System.String]" stands where a list was not written out. */
static bool is_type_name(struct cw_str text)
{
    return cw_str_find(text, CW_S("`1[")) >= 0 || cw_str_starts(text, CW_S("System.Collections."));
}

static json_t *domains_in(struct cw_str text)
{
    json_t *list = json_array();
    size_t from = 0;
    for (size_t i = 0; i <= text.n; i++) {
        if (i < text.n && !strchr(" ,;|{}\t\r\n", text.p[i]))
            continue;
        if (i > from)
            json_array_append_new(list, to_json(cw_str_sub(text, from, i)));
        from = i + 1;
    }
    return list;
}

/* NULL: the value is none of a list of domains. */
static json_t *domains_of(const json_t *value)
{
    if (json_is_null(value))
        return json_array();
    if (json_is_string(value))
        return is_type_name(text_of(value)) ? NULL : domains_in(text_of(value));
    for (size_t i = 0; i < json_array_size(value); i++)
        if (!json_is_string(json_array_get(value, i)))
            return NULL;
    return json_is_array(value) ? json_deep_copy(value) : NULL;
}

static json_t *bool_of(const json_t *value)
{
    struct cw_str text = cw_str_trim(text_of(value));
    if (json_is_boolean(value))
        return json_boolean(json_is_true(value));
    if (cw_str_eq_nocase(text, CW_S("true")))
        return json_true();
    return cw_str_eq_nocase(text, CW_S("false")) ? json_false() : NULL;
}

static json_t *number_of(const json_t *value)
{
    struct cw_str text = cw_str_trim(text_of(value));
    uint64_t number = 0;
    if (json_is_null(value) || (json_is_string(value) && text.n == 0))
        return json_integer(0);
    if (json_is_integer(value) && json_integer_value(value) >= 0)
        return json_integer(json_integer_value(value));
    return cw_str_to_u64(text, &number) && number <= INT32_MAX ? json_integer((json_int_t)number)
                                                               : NULL;
}

/* NULL: the value is none of that type. */
static json_t *read(const struct property *property, const json_t *value)
{
    struct cw_str text = cw_str_trim(text_of(value));
    enum cw_requirement requirement;
    enum cw_partner_type type;
    switch (property->type) {
    case TEXT:
        if (json_is_null(value))
            return json_string("");
        return cw_str_is_present(text) ? to_json(text) : NULL;
    case TYPE:
        return cw_partner_type_of(text, &type) ? json_string(cw_partner_type_name(type)) : NULL;
    case REQUIREMENT:
        return cw_requirement_of(text, &requirement) ? json_string(cw_requirement_name(requirement))
                                                     : NULL;
    case BOOL:
        return bool_of(value);
    case NUMBER:
        return number_of(value);
    case DOMAINS:
        return domains_of(value);
    }
    return NULL;
}

static struct cw_str advice(struct cw_arena *arena, const struct property *property,
                            const json_t *value)
{
    bool is_enumeration = property->type == TYPE || property->type == REQUIREMENT;
    if (is_enumeration && json_is_integer(value))
        return cw_arena_printf(arena,
                               "%s is a number (%lld), which does not say what is meant: write the "
                               "file with Export-Clixml, or with ConvertTo-Json -EnumsAsStrings of "
                               "PowerShell 7.",
                               property->theirs, (long long)json_integer_value(value));
    if (property->type == DOMAINS)
        return cw_arena_printf(arena,
                               "%s was not written out, only its type: write the file with "
                               "Export-Clixml or, for CSV, put Select-Object *,@{n='%s';e={$_.%s "
                               "-join ' '}} -ExcludeProperty %s before Export-Csv.",
                               property->theirs, property->theirs, property->theirs,
                               property->theirs);
    return cw_arena_printf(arena, "%s has a value that partners do not have.", property->theirs);
}

/* Lync takes SASL settings without TLS, and never used SASL then. */
static struct cw_str sasl_without_tls(struct cw_arena *arena, const json_t *fields)
{
    struct cw_str tls = text_of(json_object_get(fields, "tls"));
    struct cw_str sasl = text_of(json_object_get(fields, "sasl"));
    bool dialback = !json_is_false(json_object_get(fields, "dialback"));
    if (!cw_str_eq_cstr(tls, "NotSupported") || cw_str_eq_cstr(sasl, "NotSupported"))
        return CW_STR_NONE;
    return cw_arena_printf(
        arena,
        "SASL is %.*s and TLS is NotSupported, but SASL needs TLS. Either set TLS to Required or "
        "Optional, if the partner's server can do TLS; or set SASL to NotSupported%s.",
        (int)(sasl.n ? sasl.n : 8), sasl.n ? sasl.p : "Required",
        dialback ? ", and dialback without TLS is what remains, as it was in Lync"
                 : " and dialback to true, for dialback without TLS");
}

void cw_import_lync(struct cw_arena *arena, const json_t *row, struct cw_import_partner *out)
{
    struct cw_str domain = cw_str_trim(text_of(property_of(row, "Domain")));
    if (domain.n == 0)
        domain = cw_str_trim(text_of(property_of(row, "Identity")));
    *out = (struct cw_import_partner){.name = domain, .fields = json_object()};
    if (domain.n == 0) {
        out->refusal = CW_S("The object has neither Domain nor Identity: it is no partner of "
                            "Get-CsXmppAllowedPartner.");
        return;
    }
    json_object_set_new(out->fields, "domain", to_json(domain));
    for (size_t i = 0; i < sizeof(properties) / sizeof(properties[0]); i++) {
        const json_t *value = unwrapped(property_of(row, properties[i].theirs));
        json_t *ours = value ? read(&properties[i], value) : NULL;
        if (ours)
            json_object_set_new(out->fields, properties[i].ours, ours);
        else if (value && !cw_str_is_present(out->refusal))
            out->refusal = advice(arena, &properties[i], value);
    }
    if (!cw_str_is_present(out->refusal))
        out->refusal = sasl_without_tls(arena, out->fields);
}
