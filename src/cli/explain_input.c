#include "cli/explain_input.h"

#include <stdio.h>

#include "base/buf.h"
#include "cli/args.h"
#include "xlate/text.h"

enum { MAX_STDIN_BYTES = 4 * 1024 * 1024 };

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
