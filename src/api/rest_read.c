/* The parts of a REST request: escaped text, queries, bodies.  Whatever could be read in two ways
 * is refused: a key twice, bytes behind the document, a NUL, text that is no UTF-8. */
#include <string.h>

#include "api/rest_priv.h"

#define MAX_DEPTH 16

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool cw_rest_unescape(struct cw_arena *arena, struct cw_str raw, bool in_query, struct cw_str *out)
{
    char *text = cw_arena_alloc(arena, raw.n + 1);
    size_t n = 0;
    for (size_t i = 0; i < raw.n; i++) {
        unsigned char c = (unsigned char)raw.p[i];
        if (c == '%') {
            int high = i + 2 < raw.n ? hex(raw.p[i + 1]) : -1;
            int low = i + 2 < raw.n ? hex(raw.p[i + 2]) : -1;
            if (high < 0 || low < 0 || (high == 0 && low == 0))
                return false;
            c = (unsigned char)(high * 16 + low);
            i += 2;
        } else if (c == '+' && in_query) {
            c = ' ';
        } else if (c <= ' ' || c >= 0x7f) {
            return false;
        }
        text[n++] = (char)c;
    }
    *out = (struct cw_str){text, n};
    return cw_str_is_utf8(*out);
}

void cw_rest_escape(struct cw_buf *to, struct cw_str text)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        bool alphanumeric =
            (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (alphanumeric || (c != 0 && strchr("-._~", c)))
            cw_buf_putc(to, (char)c);
        else
            cw_buf_printf(to, "%%%02X", c);
    }
}

bool cw_rest_is_by_query(const struct cw_api_command *command)
{
    return strcmp(command->method, "GET") == 0 || strcmp(command->method, "DELETE") == 0;
}

static bool is_list(const struct cw_api_arg *arg)
{
    return arg->type == CW_ARG_DOMAINS || arg->type == CW_ARG_TEXTS;
}

json_t *cw_rest_value(const struct cw_api_arg *arg, struct cw_str text)
{
    uint64_t number;
    if (arg->type == CW_ARG_BOOL && cw_str_eq_cstr(text, "true"))
        return json_true();
    if (arg->type == CW_ARG_BOOL && cw_str_eq_cstr(text, "false"))
        return json_false();
    if (arg->type == CW_ARG_NUMBER && cw_str_to_u64(text, &number) && number <= INT64_MAX)
        return json_integer((json_int_t)number);
    return json_stringn(text.p, text.n);
}

/* --- queries ----------------------------------------------------------------------------------*/

static void append_items(json_t *list, struct cw_str text)
{
    for (;;) {
        ptrdiff_t comma = cw_str_index(text, ',');
        struct cw_str item = cw_str_sub(text, 0, comma < 0 ? text.n : (size_t)comma);
        json_array_append_new(list, json_stringn(item.p, item.n));
        if (comma < 0)
            return;
        text = cw_str_sub(text, (size_t)comma + 1, text.n);
    }
}

static bool refuse(struct cw_api_problem *problem, const char *field, struct cw_str sentence)
{
    cw_api_refuse(problem, 400, field, sentence);
    return false;
}

static bool take_dry_run(struct cw_str value, bool *what_if, struct cw_api_problem *problem)
{
    *what_if = cw_str_eq_cstr(value, "true");
    return *what_if || cw_str_eq_cstr(value, "false") ||
           refuse(problem, "dry_run", CW_S("dry_run must be true or false."));
}

static bool take_pair(struct cw_arena *arena, const struct cw_api_command *command,
                      struct cw_str name, struct cw_str value, json_t *in,
                      struct cw_api_problem *problem)
{
    struct cw_api_arg arg;
    if (!cw_rest_is_by_query(command))
        return refuse(problem, "",
                      cw_arena_printf(arena,
                                      "%s takes nothing but dry_run in the query; say the "
                                      "rest in the body.",
                                      command->name));
    if (!cw_api_arg_find(command, name, &arg) || strcmp(arg.name, "if-version") == 0)
        return refuse(problem, cw_api_pointer_step(arena, name),
                      cw_arena_printf(arena, "%s has no argument \"%.*s\" in the query.",
                                      command->name, (int)(name.n < 255 ? name.n : 255), name.p));
    json_t *there = json_object_get(in, arg.name);
    if (there && !is_list(&arg))
        return refuse(problem, arg.name, cw_arena_printf(arena, "%s is given twice.", arg.name));
    if (!is_list(&arg)) {
        json_object_set_new(in, arg.name, cw_rest_value(&arg, value));
        return true;
    }
    if (!there)
        json_object_set_new(in, arg.name, there = json_array());
    append_items(there, value);
    return true;
}

bool cw_rest_read_query(struct cw_arena *arena, const struct cw_api_command *command,
                        struct cw_str query, json_t *in, bool *what_if,
                        struct cw_api_problem *problem)
{
    bool has_dry_run = false;
    while (query.n > 0) {
        ptrdiff_t amp = cw_str_index(query, '&');
        struct cw_str pair = cw_str_sub(query, 0, amp < 0 ? query.n : (size_t)amp), name, value;
        ptrdiff_t equals = cw_str_index(pair, '=');
        query = cw_str_sub(query, pair.n + 1, query.n);
        if (equals <= 0 ||
            !cw_rest_unescape(arena, cw_str_sub(pair, 0, (size_t)equals), true, &name) ||
            !cw_rest_unescape(arena, cw_str_sub(pair, (size_t)equals + 1, pair.n), true, &value))
            return refuse(problem, "",
                          CW_S("The query must be NAME=VALUE, several apart by \"&\", escaped with "
                               "%XX, in UTF-8."));
        if (!cw_str_eq_cstr(name, "dry_run")) {
            if (!take_pair(arena, command, name, value, in, problem))
                return false;
            continue;
        }
        if (has_dry_run)
            return refuse(problem, "dry_run", CW_S("dry_run is given twice."));
        has_dry_run = true;
        if (!take_dry_run(value, what_if, problem))
            return false;
    }
    return true;
}

/* --- bodies -----------------------------------------------------------------------------------*/

/* Before anything is built: the parser's own limit is a stack of thousands. */
static bool is_too_deep(struct cw_str body)
{
    bool in_text = false;
    size_t depth = 0;
    for (size_t i = 0; i < body.n; i++) {
        char c = body.p[i];
        if (in_text && c == '\\')
            i++;
        else if (c == '"')
            in_text = !in_text;
        else if (!in_text && (c == '{' || c == '['))
            depth++;
        else if (!in_text && (c == '}' || c == ']') && depth > 0)
            depth--;
        if (depth > MAX_DEPTH)
            return true;
    }
    return false;
}

static json_t *parse(struct cw_arena *arena, struct cw_str body, struct cw_api_problem *problem)
{
    json_error_t error;
    json_t *document = NULL;
    if (is_too_deep(body)) {
        refuse(problem, "", CW_S("The body is nested too deeply."));
        return NULL;
    }
    document = json_loadb(body.p, body.n, JSON_REJECT_DUPLICATES, &error);
    if (!document)
        refuse(problem, "",
               cw_arena_printf(arena, "The body is no JSON: %s (line %d, column %d).", error.text,
                               error.line, error.column));
    else if (!json_is_object(document))
        refuse(problem, "", CW_S("The body must be a JSON object."));
    if (json_is_object(document))
        return document;
    json_decref(document);
    return NULL;
}

bool cw_rest_read_body(struct cw_arena *arena, const struct cw_api_command *command,
                       struct cw_str body, json_t *in, struct cw_api_problem *problem)
{
    const char *name;
    json_t *value;
    if (body.n == 0)
        return true;
    if (cw_rest_is_by_query(command))
        return refuse(problem, "", cw_arena_printf(arena, "%s takes no body.", command->method));
    json_t *document = parse(arena, body, problem);
    bool good = document != NULL;
    json_object_foreach(document, name, value)
    {
        json_t *in_path = json_object_get(in, name);
        if (good && strcmp(name, "if-version") == 0)
            good = refuse(problem, "", CW_S("Say the version with the header If-Match."));
        if (good && in_path && !json_equal(in_path, value))
            good =
                refuse(problem, cw_api_pointer_step(arena, cw_str_of(name)),
                       cw_arena_printf(arena, "%s is another in the body than in the path.", name));
        json_object_set(in, name, value);
    }
    json_decref(document);
    return good;
}
