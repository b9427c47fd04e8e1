/* Which way a file was written, and the way of ConvertTo-Json. */
#include "import/source.h"

#include "import/text.h"

const char *cw_import_format_name(enum cw_import_format format)
{
    switch (format) {
    case CW_IMPORT_CLIXML:
        return "clixml";
    case CW_IMPORT_JSON:
        return "json";
    case CW_IMPORT_CSV:
        return "csv";
    }
    return "?";
}

bool cw_import_format_of(struct cw_str name, enum cw_import_format *out)
{
    for (*out = CW_IMPORT_CLIXML; *out <= CW_IMPORT_CSV; (*out)++)
        if (cw_str_eq_cstr(name, cw_import_format_name(*out)))
            return true;
    return false;
}

enum cw_import_format cw_import_format_guess(struct cw_str text)
{
    struct cw_str begin = cw_str_trim(cw_str_sub(text, 0, 256));
    if (cw_str_starts(begin, CW_S("<")))
        return CW_IMPORT_CLIXML;
    if (cw_str_starts(begin, CW_S("{")) || cw_str_starts(begin, CW_S("[")))
        return CW_IMPORT_JSON;
    return CW_IMPORT_CSV;
}

/* One object is written without brackets. */
static json_t *read_json(struct cw_arena *arena, struct cw_str text, struct cw_str *why)
{
    json_error_t error;
    json_t *rows = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &error);
    if (json_is_object(rows))
        rows = json_pack("[o]", rows);
    for (size_t i = 0; json_is_array(rows) && i < json_array_size(rows); i++) {
        if (json_is_object(json_array_get(rows, i)))
            continue;
        *why = cw_arena_printf(arena, "Item %zu of the list is no object.", i + 1);
        json_decref(rows);
        return NULL;
    }
    if (json_is_array(rows))
        return rows;
    *why = cw_arena_printf(arena, "The file is no JSON: %s (line %d).",
                           rows ? "a list of objects is wanted" : error.text, error.line);
    json_decref(rows);
    return NULL;
}

json_t *cw_import_read(struct cw_arena *arena, enum cw_import_format format, struct cw_str text,
                       struct cw_str *why)
{
    json_t *rows = NULL;
    if (text.n > CW_IMPORT_MAX_BYTES) {
        *why = CW_S("The file is larger than 4 MiB.");
        return NULL;
    }
    switch (format) {
    case CW_IMPORT_CLIXML:
        rows = cw_import_clixml(arena, text, why);
        break;
    case CW_IMPORT_JSON:
        rows = read_json(arena, text, why);
        break;
    case CW_IMPORT_CSV:
        rows = cw_import_csv(arena, text, why);
        break;
    }
    if (json_array_size(rows) <= CW_IMPORT_MAX_ROWS)
        return rows;
    *why =
        cw_arena_printf(arena, "There are more than %d objects in the file.", CW_IMPORT_MAX_ROWS);
    json_decref(rows);
    return NULL;
}
