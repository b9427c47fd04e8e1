/* `causeway explain dialback-key`: the key that every edge with this secret makes (XEP-0185). */
#include "cli/explain.h"

#include "s2s/dialback.h"

#include <stdio.h>
#include <string.h>

static const char usage[] =
    "usage: causeway explain dialback-key --secret S --receiving D --originating D --id STREAM "
    "[--json]\n";

int cw_explain_dialback_key(int argc, char **argv)
{
    static const char *const names[] = {"--secret", "--receiving", "--originating", "--id"};
    struct cw_str values[4] = {{0}}, key;
    struct cw_arena arena = {0};
    bool json = false, ok = true;

    for (int i = 1; i < argc && ok; i++) {
        size_t j = 0;

        if (!strcmp(argv[i], "--json")) {
            json = true;
            continue;
        }
        while (j < 4 && strcmp(argv[i], names[j]) != 0)
            j++;
        ok = j < 4 && i + 1 < argc;
        if (ok)
            values[j] = cw_str_of(argv[++i]);
    }
    for (size_t j = 0; j < 4; j++)
        ok = ok && cw_str_is_present(values[j]);
    if (!ok) {
        fputs(usage, stderr);
        return 2;
    }
    key = cw_dialback_key(&arena, values[0], values[1], values[2], values[3]);
    printf(json ? "{\"key\":\"%.*s\"}\n" : "%.*s\n", CW_ARG(key)); /* hexadecimal needs no escape */
    cw_arena_free(&arena);
    return 0;
}
