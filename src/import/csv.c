/* What Export-Csv writes (RFC 4180, with a first line "#TYPE ..." of old): the first row names the
 * columns, every value is text.  Which character stands between values depends on the language of
 * the system it was written on; the first row shows it, or a line "sep=;" of Excel before it. */
#include "import/source.h"

#include "base/buf.h"

/* A file cannot make more of its names than it is worth: each row has them all. */
#define MAX_COLUMNS 64
#define MAX_NAME    64 /* octets */

struct csv {
    struct cw_str text;
    size_t at;
    char separator;
};

static bool is_line_end(char c)
{
    return c == '\n' || c == '\r';
}

static void skip_line(struct csv *csv)
{
    while (csv->at < csv->text.n && !is_line_end(csv->text.p[csv->at]))
        csv->at++;
    while (csv->at < csv->text.n && is_line_end(csv->text.p[csv->at]))
        csv->at++;
}

/* Before the row of names. */
static bool is_remark(struct cw_str text)
{
    return cw_str_starts(text, CW_S("#")) || cw_str_starts(text, CW_S("sep="));
}

/* The first of these that stands outside quotes in the row of names. */
static char separator_of(struct cw_str text)
{
    bool quoted = false;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '"')
            quoted = !quoted;
        else if (!quoted && (c == ',' || c == ';' || c == '\t'))
            return c;
        else if (!quoted && is_line_end(c))
            break;
    }
    return ',';
}

/* A value in quotes, doubled ones inside; false: the end came first, or something behind it. */
static bool read_quoted(struct csv *csv, struct cw_buf *value)
{
    const char *p = csv->text.p;
    for (csv->at++; csv->at < csv->text.n; csv->at++) {
        bool is_quote = p[csv->at] == '"';
        if (is_quote && csv->at + 1 < csv->text.n && p[csv->at + 1] == '"')
            csv->at++;
        else if (is_quote)
            break;
        cw_buf_putc(value, p[csv->at]);
    }
    if (csv->at >= csv->text.n)
        return false;
    csv->at++;
    return csv->at == csv->text.n || p[csv->at] == csv->separator || is_line_end(p[csv->at]);
}

static bool read_value(struct csv *csv, struct cw_buf *value)
{
    cw_buf_reset(value);
    if (csv->at < csv->text.n && csv->text.p[csv->at] == '"')
        return read_quoted(csv, value);
    while (csv->at < csv->text.n) {
        char c = csv->text.p[csv->at];
        if (c == csv->separator || is_line_end(c))
            break;
        if (c == '"')
            return false;
        cw_buf_putc(value, c);
        csv->at++;
    }
    return true;
}

/* One row of texts, its line end read, too; NULL when it is broken. */
static json_t *read_row(struct csv *csv)
{
    struct cw_buf value = {0};
    json_t *row = json_array();
    bool good = true, more = true;
    while (good && more) {
        good = json_array_size(row) < MAX_COLUMNS && read_value(csv, &value);
        more = good && csv->at < csv->text.n && csv->text.p[csv->at] == csv->separator;
        csv->at += more;
        if (good)
            json_array_append_new(row, json_stringn(value.p ? value.p : "", value.n));
    }
    cw_buf_free(&value);
    while (csv->at < csv->text.n && is_line_end(csv->text.p[csv->at]))
        csv->at++;
    if (good)
        return row;
    json_decref(row);
    return NULL;
}

static struct cw_str name_at(const json_t *names, size_t i)
{
    return cw_str_of(json_string_value(json_array_get(names, i)));
}

/* The index of a name that stood before, in whatever letters, or of none.  Columns of a spreadsheet
 * that were never used have no name, and do not count. */
static size_t second_of(const json_t *names)
{
    size_t n = json_array_size(names);
    for (size_t i = 1; i < n; i++)
        for (size_t before = 0; before < i && name_at(names, i).n > 0; before++)
            if (cw_str_eq_nocase(name_at(names, i), name_at(names, before)))
                return i;
    return n;
}

static bool check_names(struct cw_arena *arena, const json_t *names, struct cw_str *why)
{
    size_t n = json_array_size(names), second = second_of(names);
    for (size_t i = 0; i < n; i++) {
        if (name_at(names, i).n <= MAX_NAME)
            continue;
        *why =
            cw_arena_printf(arena, "Column %zu of the CSV file has a name of more than %d octets.",
                            i + 1, MAX_NAME);
        return false;
    }
    if (second < n)
        *why = cw_arena_printf(arena, "The CSV file has two columns \"%.*s\".",
                               CW_ARG(name_at(names, second)));
    return second == n;
}

static json_t *object_of(const json_t *names, const json_t *values)
{
    json_t *object = json_object();
    for (size_t i = 0; i < json_array_size(names); i++)
        json_object_set(object, json_string_value(json_array_get(names, i)),
                        json_array_get(values, i));
    return object;
}

json_t *cw_import_csv(struct cw_arena *arena, struct cw_str text, struct cw_str *why)
{
    struct csv csv = {.text = text};
    while (is_remark(cw_str_sub(text, csv.at, text.n)))
        skip_line(&csv);
    csv.separator = separator_of(cw_str_sub(text, csv.at, text.n));
    json_t *names = csv.at < text.n ? read_row(&csv) : NULL, *rows = json_array();
    bool good = names && check_names(arena, names, why);
    /* one more than there may be: who asked for them says so */
    for (size_t n = 1; good && csv.at < text.n && n <= CW_IMPORT_MAX_ROWS + 1; n++) {
        json_t *values = read_row(&csv);
        good = values && json_array_size(values) == json_array_size(names);
        if (good)
            json_array_append_new(rows, object_of(names, values));
        else
            *why = cw_arena_printf(arena,
                                   "Row %zu of the CSV file does not have the columns of the "
                                   "first row, or its quotes do not match.",
                                   n);
        json_decref(values);
    }
    if (!names)
        *why = CW_S("The file is neither CliXml nor JSON, nor CSV with names of columns.");
    json_decref(names);
    if (good)
        return rows;
    json_decref(rows);
    return NULL;
}
