/* What an import did, or would do: each entry with its result, refused ones with the reason. */
#include "cli/show_transfer.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cli/command.h"

bool cw_show_export(const json_t *answer)
{
    if (!json_object_get(answer, "causeway"))
        return false;
    char *text = json_dumps(answer, JSON_INDENT(2));
    cw_assert(text != NULL);
    puts(text);
    free(text);
    return true;
}

static const char *text_of(const json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));
    return text ? text : "";
}

static void show_changes(const json_t *before, const json_t *after)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)after, name, value)
    {
        const json_t *old = json_object_get(before, name);
        if (!old || json_equal(old, value) || strstr(name, "-unicode") || !strcmp(name, "note"))
            continue;
        printf("    %s: ", name);
        cw_show_value(old);
        fputs(" -> ", stdout);
        cw_show_value(value);
        putchar('\n');
    }
}

static void show_row(const json_t *row)
{
    const char *name = text_of(row, "name");
    printf("  %-8s %s%s%s\n", text_of(row, "result"), text_of(row, "kind"), name[0] ? " " : "",
           name);
    if (text_of(row, "sentence")[0])
        printf("    %s\n", text_of(row, "sentence"));
    const json_t *streams = json_object_get(row, "streams");
    if (json_integer_value(streams) > 0)
        printf("    live streams: %lld; they are closed, or checked anew\n",
               (long long)json_integer_value(streams));
    if (strcmp(text_of(row, "result"), "changed") == 0)
        show_changes(json_object_get(row, "before"), json_object_get(row, "after"));
}

bool cw_show_import(const json_t *answer)
{
    const json_t *rows = json_object_get(answer, "rows");
    json_t *counts = json_object_get(answer, "counts"), *count;
    const char *name, *between = "";
    if (!json_is_array(rows) || !json_is_object(counts))
        return false;
    for (size_t i = 0; i < json_array_size(rows); i++)
        show_row(json_array_get(rows, i));
    json_object_foreach(counts, name, count)
    {
        printf("%s%s %lld", between, name, (long long)json_integer_value(count));
        between = ", ";
    }
    putchar('\n');
    long long version = json_integer_value(json_object_get(answer, "version"));
    if (json_is_false(json_object_get(answer, "saved")))
        printf("seen at version %lld: --if-version %lld refuses when something has changed since\n",
               version, version);
    return true;
}
