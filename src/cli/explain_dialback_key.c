/* `causeway explain dialback-key`: the key that every edge with this secret makes (XEP-0185). */
#include <stdio.h>

#include "cli/args.h"
#include "cli/explain.h"
#include "cli/explain_input.h"
#include "s2s/dialback.h"

static const char usage[] =
    "dialback-key --secret S --receiving D --originating D --id STREAM [--json]";

struct options {
    struct cw_str secret, receiving, originating, id; /* absent when not given */
    bool json;
};

/* NULL, or what is wrong. */
static const char *read_options(struct cw_arena *arena, int argc, char **argv, struct options *o)
{
    const struct cw_explain_option options[] = {{"secret", &o->secret},
                                                {"receiving", &o->receiving},
                                                {"originating", &o->originating},
                                                {"id", &o->id}};
    const size_t n = sizeof options / sizeof options[0];
    const char *sentence = cw_explain_words(
        arena, argc, argv,
        &(struct cw_explain_words){.options = options, .n_options = n, .json = &o->json});

    for (size_t i = 0; i < n && !sentence; i++) {
        if (!options[i].value->p)
            sentence = "--secret, --receiving, --originating and --id are needed";
        else if (!cw_explain_argument(arena, *options[i].value, options[i].value))
            sentence = "nothing could be read";
    }
    return sentence;
}

int cw_explain_dialback_key(int argc, char **argv)
{
    struct cw_arena arena = {0};
    struct options o = {0};
    const char *sentence = read_options(&arena, argc, argv, &o);
    int status = CW_EXIT_OK;

    if (sentence) {
        status = cw_explain_usage(sentence, usage);
    } else {
        struct cw_str key = cw_dialback_key(&arena, o.secret, o.receiving, o.originating, o.id);

        if (o.json)
            cw_explain_print(json_pack("{s:o}", "key", cw_explain_json(&arena, key)));
        else
            printf("%.*s\n", CW_ARG(key));
    }
    cw_arena_free(&arena);
    return status;
}
