#include "cli/explain_input.h"

#include <stdio.h>

#include "base/buf.h"
#include "cli/args.h"
#include "xlate/text.h"

enum { MAX_STDIN_BYTES = 4 * 1024 * 1024 };

static const char *read_option(struct cw_args *args, struct cw_str name,
                               const struct cw_explain_words *words)
{
    if (cw_str_eq_cstr(name, "json")) {
        *words->json = true;
        return NULL;
    }
    for (size_t i = 0; i < words->n_flags; i++)
        if (cw_str_eq_cstr(name, words->flags[i].name)) {
            *words->flags[i].is_set = true;
            return NULL;
        }
    for (size_t i = 0; i < words->n_options; i++)
        if (cw_str_eq_cstr(name, words->options[i].name)) {
            *words->options[i].value = cw_str_of(cw_args_value(args));
            return cw_str_is_present(*words->options[i].value) ? NULL : "an option has no value";
        }
    return "there is no such option";
}

const char *cw_explain_words(struct cw_arena *arena, int argc, char **argv,
                             const struct cw_explain_words *words)
{
    struct cw_args args = {.argc = argc, .argv = argv, .next = 1};
    const char *sentence = NULL;
    struct cw_str text;
    enum cw_word word;

    while (!sentence && (word = cw_args_next(&args, arena, &text)) != CW_WORD_END) {
        if (word == CW_WORD_OPTION)
            sentence = read_option(&args, text, words);
        else if (!words->word || cw_str_is_present(*words->word))
            sentence = "there is a word too many";
        else
            *words->word = text;
    }
    return sentence;
}

bool cw_explain_stdin(struct cw_arena *arena, struct cw_str *out)
{
    struct cw_buf all = {0};
    char chunk[4096];
    size_t n;

    while ((n = fread(chunk, 1, sizeof(chunk), stdin)) > 0 && all.n <= MAX_STDIN_BYTES)
        cw_buf_put(&all, chunk, n);
    bool ok = !ferror(stdin) && all.n <= MAX_STDIN_BYTES;
    if (ok)
        *out = cw_arena_dup(arena, cw_buf_str(&all));
    else
        fputs("causeway: standard input cannot be read or is too long\n", stderr);
    cw_buf_free(&all);
    return ok;
}

bool cw_explain_argument(struct cw_arena *arena, struct cw_str argument, struct cw_str *out)
{
    if (cw_str_eq_cstr(argument, "-"))
        return cw_explain_stdin(arena, out);
    *out = argument;
    return true;
}

json_t *cw_explain_json(struct cw_arena *arena, struct cw_str text)
{
    if (!cw_str_is_utf8(text))
        text = cw_text_xml(arena, text);
    return json_stringn(text.n ? text.p : "", text.n);
}

void cw_explain_print(json_t *value)
{
    json_dumpf(value, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(value);
}

int cw_explain_usage(const char *sentence, const char *usage)
{
    fprintf(stderr, "causeway: %s\nusage: causeway explain %s\n", sentence, usage);
    return CW_EXIT_USAGE;
}
