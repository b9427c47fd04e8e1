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
static const char *read_option(struct cw_arena *arena, struct options *o, struct cw_args *args,
                               struct cw_str name)
{
    const struct {
        const char *name;
        struct cw_str *value;
    } all[] = {{"secret", &o->secret},
               {"receiving", &o->receiving},
               {"originating", &o->originating},
               {"id", &o->id}};

    if (cw_str_eq_cstr(name, "json")) {
        o->json = true;
        return NULL;
    }
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (cw_str_eq_cstr(name, all[i].name)) {
            struct cw_str value = cw_str_of(cw_args_value(args));

            if (!cw_str_is_present(value))
                return "an option has no value";
            return cw_explain_argument(arena, value, all[i].value) ? NULL : "nothing could be read";
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
        sentence = word == CW_WORD_OPTION ? read_option(arena, o, &args, text)
                                          : "there is a word too many";
    if (!sentence && !(o->secret.p && o->receiving.p && o->originating.p && o->id.p))
        sentence = "--secret, --receiving, --originating and --id are needed";
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
