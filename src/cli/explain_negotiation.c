/* `causeway explain negotiation`: a row of settings as the streams themselves read it. */
#include <stdio.h>

#include "cli/args.h"
#include "cli/explain.h"
#include "cli/explain_input.h"
#include "policy/nego.h"

static const char usage[] =
    "negotiation --tls V --sasl V --dialback true|false [--json]   (V: Required, Optional, "
    "NotSupported)";

struct options {
    struct cw_rules rules;
    bool tls, sasl, dialback, json;
};

/* NULL, or what is wrong. */
static const char *read_option(struct options *o, struct cw_args *args, struct cw_str name)
{
    struct cw_str value;

    if (cw_str_eq_cstr(name, "json")) {
        o->json = true;
        return NULL;
    }
    value = cw_str_of(cw_args_value(args));
    if (cw_str_eq_cstr(name, "tls")) {
        o->tls = cw_requirement_of(value, &o->rules.tls);
        return o->tls ? NULL : "--tls is Required, Optional or NotSupported";
    }
    if (cw_str_eq_cstr(name, "sasl")) {
        o->sasl = cw_requirement_of(value, &o->rules.sasl);
        return o->sasl ? NULL : "--sasl is Required, Optional or NotSupported";
    }
    if (cw_str_eq_cstr(name, "dialback")) {
        o->rules.dialback = cw_str_eq_cstr(value, "true");
        o->dialback = o->rules.dialback || cw_str_eq_cstr(value, "false");
        return o->dialback ? NULL : "--dialback is true or false";
    }
    return "there is no such option";
}

static const char *read_options(struct cw_arena *arena, int argc, char **argv, struct options *o)
{
    struct cw_args args = {.argc = argc, .argv = argv, .next = 1};
    const char *sentence = NULL;
    struct cw_str text;
    enum cw_word word;

    while (!sentence && (word = cw_args_next(&args, arena, &text)) != CW_WORD_END)
        sentence =
            word == CW_WORD_OPTION ? read_option(o, &args, text) : "there is a word too many";
    if (!sentence && !(o->tls && o->sasl && o->dialback))
        sentence = "--tls, --sasl and --dialback are needed";
    return sentence;
}

static void print_json(struct cw_arena *arena, const struct cw_nego_row *row)
{
    json_t *methods = json_array(), *answer = json_pack("{s:b}", "valid", row->valid);

    for (size_t i = 0; i < row->n_methods; i++)
        json_array_append_new(methods,
                              cw_explain_json(arena, cw_str_of(cw_method_name(row->methods[i]))));
    json_object_set_new(answer, "methods", methods);
    json_object_set_new(answer, "note", cw_explain_json(arena, cw_str_of(row->note)));
    json_object_set_new(answer, "refusal", cw_explain_json(arena, cw_str_of(row->refusal)));
    cw_explain_print(answer);
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
    struct cw_arena arena = {0};
    struct options o = {0};
    const char *sentence = read_options(&arena, argc, argv, &o);
    int status = CW_EXIT_OK;

    if (sentence) {
        status = cw_explain_usage(sentence, usage);
    } else {
        struct cw_nego_row row = cw_nego_row(&o.rules);

        if (o.json)
            print_json(&arena, &row);
        else
            print_text(&row);
    }
    cw_arena_free(&arena);
    return status;
}
