/* `causeway explain negotiation`: the row of settings as the streams themselves read it. */
#include "cli/explain.h"

#include "policy/nego.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const char usage[] =
    "usage: causeway explain negotiation --tls V --sasl V --dialback true|false [--json]\n"
    "       V: Required, Optional, NotSupported\n";

struct options {
    struct cw_rules rules;
    bool tls, sasl, dialback, json;
};

static bool read_option(struct options *o, const char *name, const char *value)
{
    struct cw_str v = cw_str_of(value);

    if (!strcmp(name, "--tls"))
        return o->tls = cw_requirement_of(v, &o->rules.tls);
    if (!strcmp(name, "--sasl"))
        return o->sasl = cw_requirement_of(v, &o->rules.sasl);
    if (!strcmp(name, "--dialback")) {
        o->rules.dialback = cw_str_eq_cstr(v, "true");
        return o->dialback = o->rules.dialback || cw_str_eq_cstr(v, "false");
    }
    return false;
}

static bool read_options(struct options *o, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--json"))
            o->json = true;
        else if (i + 1 >= argc || !read_option(o, argv[i], argv[i + 1]))
            return false;
        else
            i++;
    }
    return o->tls && o->sasl && o->dialback;
}

static void print_json(const struct cw_nego_row *row)
{
    json_t *methods = json_array(), *answer;

    for (size_t i = 0; i < row->n_methods; i++)
        json_array_append_new(methods, json_string(cw_method_name(row->methods[i])));
    answer = json_pack("{s:b, s:o, s:s, s:s}", "valid", row->valid, "methods", methods, "note",
                       row->note, "refusal", row->refusal);
    json_dumpf(answer, stdout, JSON_COMPACT | JSON_ENSURE_ASCII);
    putchar('\n');
    json_decref(answer);
}

static void print_text(const struct cw_nego_row *row)
{
    if (!row->valid) {
        printf("refused: %s\n", row->refusal);
        return;
    }
    for (size_t i = 0; i < row->n_methods; i++)
        printf("%s%s", i ? ", " : "methods, best first: ", cw_method_name(row->methods[i]));
    putchar('\n');
    if (row->note[0])
        printf("note: %s\n", row->note);
}

int cw_explain_negotiation(int argc, char **argv)
{
    struct options o = {0};
    struct cw_nego_row row;

    if (!read_options(&o, argc, argv)) {
        fputs(usage, stderr);
        return 2;
    }
    row = cw_nego_row(&o.rules);
    if (o.json)
        print_json(&row);
    else
        print_text(&row);
    return 0;
}
