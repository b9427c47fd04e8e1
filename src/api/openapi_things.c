/* What answers show, as JSON schemas.  What can be set has the fields of its "set" row; of all else
 * the members stand here, one line each thing, "name type" apart by commas:
 *
 *     text bool int number time object any    (a thing's own name: as there)
 *     [TYPE]                                  a list of them
 *     ... after the name: it may be left out; ! after the type: or null */
#include <string.h>

#include "api/api_priv.h"
#include "api/openapi_priv.h"

static const struct thing {
    const char *name;
    const char *set; /* the row whose arguments are its fields, or NULL */
    const char *members;
    bool is_part; /* it may be shown in part: no member is promised */
} things[] = {
    {"Partner", "partner set",
     "domain-unicode text, additional-unicode [text], methods [text], note text, version... int"},
    {"Settings", "settings set", "version... int", true},
    {"Negotiation", NULL, "valid bool, methods [text], note text, refusal text"},
    {"Attempts", NULL, "domain text, attempts [Attempt], silent [text]"},
    {"Attempt", NULL,
     "id text, at time, direction text, local... text, remote... text, result text, method... text, "
     "reason... text, side... text, sentence... text, advice... text, edge... text, steps [Step]"},
    {"Step", NULL,
     "step text, state text, ms int, facts object, reason... text, side... text, sentence... text, "
     "advice... text"},
    {"PartnerTest", NULL, "passed bool, attempt Attempt, inbound... object, edge... text"},
    {"PartnerState", NULL,
     "partner text, inbound int, outbound int, pending int, methods [text], failure Failure!"},
    {"Failure", NULL,
     "id text, at time, direction text, remote... text, result text, reason text, side... text, "
     "sentence text, advice... text, edge text"},
    {"ImTest", NULL, "result text, latency-ms int, reason... text, sentence... text"},
    {"Contact", NULL,
     "user text, contact text, invited bool, since time!, user-sees Subscription!, "
     "contact-sees Subscription!"},
    {"Subscription", NULL, "state text, consented bool, since time"},
    {"Pair", NULL,
     "user text, contact text, invited bool, since time!, user-sees Subscription!, "
     "contact-sees Subscription!, partner text!, type text!, blocked bool, access bool, "
     "may-write bool, rules object"},
    {"Contacts", NULL, "contacts [Contact]"},
    {"Block", NULL, "user text, blocked text, since time"},
    {"Blocks", NULL, "blocks [Block]"},
    {"AccessRule", NULL, "scope text, name text, xmpp bool, version int"},
    {"Access", NULL, "of text, xmpp bool, scope text, name text, version int"},
    {"Stream", NULL,
     "id text, partner text, direction text, local text, remote text, bidi bool, state text, "
     "method text, proof text, since time, pairs [object], tls object!, certificate object!, "
     "stanzas-in int, stanzas-out int, queued-bytes int, peer-address... text, "
     "local-address... text, edge text"},
    {"OneStream", NULL, "stream Stream"},
    {"Closed", NULL, "closed int"},
    {"Certificates", NULL, "certificates [object], uncovered [text], silent [text]"},
    {"Reloaded", NULL, "reloaded [object], silent [text]"},
    {"Door", NULL, "addresses [DoorAddress], left-out int, silent [text]"},
    {"DoorAddress", NULL,
     "address text, banned-for-s int, refused int, failed-proofs int, handshakes int, "
     "connections int, edge text"},
    {"Edges", NULL, "edges [object], silent [text]"},
    {"Health", NULL,
     "at time, state text, sentences [object], components [object], certificates [object], "
     "uncovered [text], store object, counters object, queues object"},
    {"Samples", NULL, "interval-s int, samples [Sample]"},
    {"Sample", NULL,
     "at time, state text!, messages-x2s number!, messages-s2x number!, refused number!, "
     "presence-x2s number!, presence-s2x number!, stanzas-in number!, stanzas-out number!, "
     "door-refused number!, streams number!, subscriptions number!, gateway-queue number!, "
     "edge-queue number!"},
    {"Account", NULL,
     "name text, role text, enabled bool, must-change-password bool, since time, "
     "password-changed time, version int"},
    {"Token", NULL,
     "id int, name text, role text, since time, expires time!, used time!, expired bool"},
    {"Session", NULL, "id text, account text, directory bool, address text, since time, seen time"},
    {"Sessions", NULL, "sessions [Session]"},
    {"Identity", NULL,
     "account text, role text, directory bool, must-change-password bool, csrf... text, "
     "idle-s... int"},
    {"AuditRow", NULL,
     "id int, at time, who text, action text, object text, fields [text], detail... text"},
    {"Revision", NULL,
     "id int, at time, who text, action text, object text, changes [Difference], "
     "restorable bool, before any, after any"},
    {"Difference", NULL, "field text, before any, after any"},
    {"Export", NULL,
     "causeway object, partners [object], settings object, access [object], blocks [object], "
     "contacts [object]"},
    {"ImportRow", NULL,
     "kind text, name text, result text, sentence text, before object!, after object!, "
     "streams... int"},
};

static json_t *type_of(struct cw_str type)
{
    static const struct {
        const char *name, *schema;
    } plain[] = {
        {"text", "{\"type\":\"string\"}"},
        {"bool", "{\"type\":\"boolean\"}"},
        {"int", "{\"type\":\"integer\"}"},
        {"number", "{\"type\":\"number\"}"},
        {"time", "{\"type\":\"string\",\"format\":\"date-time\"}"},
        {"object", "{\"type\":\"object\"}"},
        {"any", "{}"},
    };
    if (type.p[0] == '[')
        return json_pack("{s:s,s:o}", "type", "array", "items",
                         type_of(cw_str_sub(type, 1, type.n - 1)));
    if (type.p[type.n - 1] == '!')
        return json_pack("{s:[o,{s:s}]}", "anyOf", type_of(cw_str_sub(type, 0, type.n - 1)), "type",
                         "null");
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (cw_str_eq_cstr(type, plain[i].name))
            return json_loads(plain[i].schema, 0, NULL);
    return cw_openapi_reference("schemas", type);
}

static void add_members(const char *members, bool is_part, json_t *properties, json_t *required)
{
    struct cw_str rest = cw_str_of(members), optional = CW_S("...");
    while (rest.n > 0) {
        ptrdiff_t comma = cw_str_index(rest, ',');
        struct cw_str one = cw_str_trim(cw_str_sub(rest, 0, comma < 0 ? rest.n : (size_t)comma));
        size_t space = (size_t)cw_str_index(one, ' ');
        struct cw_str name = cw_str_sub(one, 0, space);
        bool may_lack = cw_str_find(name, optional) >= 0;
        name.n -= may_lack ? optional.n : 0;
        json_object_setn_new(properties, name.p, name.n,
                             type_of(cw_str_sub(one, space + 1, one.n)));
        if (!may_lack && !is_part)
            json_array_append_new(required, json_stringn(name.p, name.n));
        rest = comma < 0 ? CW_S("") : cw_str_sub(rest, (size_t)comma + 1, rest.n);
    }
}

/* The fields that the row sets. */
static void add_fields(const char *row, bool is_part, json_t *properties, json_t *required)
{
    const struct cw_api_command *set = cw_api_find(cw_str_of(row));
    cw_assert(set != NULL);
    for (size_t i = 0; i < cw_api_n_args(set); i++) {
        struct cw_api_arg arg = cw_api_arg_at(set, i);
        if (strcmp(arg.name, "if-version") == 0)
            continue;
        json_t *schema = cw_openapi_schema(set, &arg);
        if (json_object_get(schema, "writeOnly")) { /* a secret: "(set)", or "" */
            json_decref(schema);
            schema = json_pack("{s:s}", "type", "string");
        }
        json_object_set_new(schema, "description", json_string(arg.help));
        json_object_set_new(properties, arg.name, schema);
        if (!is_part)
            json_array_append_new(required, json_string(arg.name));
    }
}

void cw_openapi_members(const char *members, json_t *properties, json_t *required)
{
    add_members(members, false, properties, required);
}

json_t *cw_openapi_things(void)
{
    json_t *all = json_object();
    for (size_t i = 0; i < sizeof things / sizeof *things; i++) {
        json_t *properties = json_object(), *required = json_array();
        if (things[i].set)
            add_fields(things[i].set, things[i].is_part, properties, required);
        add_members(things[i].members, things[i].is_part, properties, required);
        json_object_set_new(all, things[i].name,
                            json_pack("{s:s,s:o,s:o}", "type", "object", "properties", properties,
                                      "required", required));
    }
    return all;
}
