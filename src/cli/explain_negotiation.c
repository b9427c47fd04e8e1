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
    bool json;
};

/* NULL, or what is wrong. */
static const char *read_options(struct cw_arena *arena, int argc, char **argv, struct options *o)
{
    struct cw_str tls = CW_STR_NONE, sasl = CW_STR_NONE, dialback = CW_STR_NONE;
    const struct cw_explain_option options[] = {
        {"tls", &tls}, {"sasl", &sasl}, {"dialback", &dialback}};
    const char *sentence = cw_explain_words(
        arena, argc, argv,
        &(struct cw_explain_words){
            .options = options, .n_options = sizeof options / sizeof options[0], .json = &o->json});

    if (sentence)
        return sentence;
    if (!tls.p || !sasl.p || !dialback.p)
        return "--tls, --sasl and --dialback are needed";
    if (!cw_requirement_of(tls, &o->rules.tls))
        return "--tls is Required, Optional or NotSupported";
    if (!cw_requirement_of(sasl, &o->rules.sasl))
        return "--sasl is Required, Optional or NotSupported";
    o->rules.dialback = cw_str_eq_cstr(dialback, "true");
    if (!o->rules.dialback && !cw_str_eq_cstr(dialback, "false"))
        return "--dialback is true or false";
    return NULL;
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
