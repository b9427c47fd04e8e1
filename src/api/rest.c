/* Requests to rows of the table, and answers back (see rest.h). */
#include "api/rest.h"

#include <stdlib.h>
#include <string.h>

#include "api/rest_priv.h"
#include "conf/policy_json.h"

#define MAX_SEGMENTS  8
#define DEFAULT_LIMIT 100

struct segments {
    struct cw_str list[MAX_SEGMENTS];
    size_t n;
};

static bool refuse(struct cw_api_problem *problem, int status, struct cw_str sentence)
{
    cw_api_refuse(problem, status, "", sentence);
    return false;
}

/* --- the path ---------------------------------------------------------------------------------*/

/* The next segment of a path that is not read to its end; both lose it. */
static struct cw_str next_segment(struct cw_str *path)
{
    *path = cw_str_sub(*path, 1, path->n); /* the slash */
    ptrdiff_t slash = cw_str_index(*path, '/');
    struct cw_str segment = cw_str_sub(*path, 0, slash < 0 ? path->n : (size_t)slash);
    *path = cw_str_sub(*path, segment.n, path->n);
    return segment;
}

/* Split first, then unescaped: a slash that was escaped stays inside its segment. */
static bool split(struct cw_arena *arena, struct cw_str path, struct segments *out,
                  struct cw_api_problem *problem)
{
    *out = (struct segments){.n = 0};
    while (path.n > 0 && path.p[0] == '/' && out->n < MAX_SEGMENTS)
        if (!cw_rest_unescape(arena, next_segment(&path), false, &out->list[out->n++]))
            return refuse(problem, 400, CW_S("The path is not well escaped, or no UTF-8."));
    return path.n == 0 || refuse(problem, 404, CW_S("There is nothing at this path."));
}

static bool is_argument(struct cw_str segment)
{
    return cw_str_starts(segment, CW_S("{"));
}

/* 0: another path.  Else the more, the more of its segments are words: "/streams/close" is the
 * command, and no stream of that id. */
static unsigned match(const struct cw_api_command *command, const struct segments *segments)
{
    struct cw_str path = cw_str_of(command->path);
    unsigned words = 0;
    for (size_t i = 0; i < segments->n; i++) {
        if (path.n == 0)
            return 0;
        struct cw_str wanted = next_segment(&path);
        if (is_argument(wanted))
            continue;
        if (!cw_str_eq(wanted, segments->list[i]))
            return 0;
        words++;
    }
    return path.n == 0 ? words : 0;
}

static unsigned best_match(const struct segments *segments)
{
    unsigned best = 0;
    for (size_t i = 0; i < cw_api_n_commands(); i++) {
        unsigned words = match(cw_api_command_at(i), segments);
        best = words > best ? words : best;
    }
    return best;
}

static bool is_method(struct cw_str method, const char *of_row)
{
    return cw_str_eq_cstr(method, of_row) ||
           (cw_str_eq_cstr(method, "HEAD") && strcmp(of_row, "GET") == 0);
}

static const struct cw_api_command *find(struct cw_arena *arena, const struct segments *segments,
                                         struct cw_str method, struct cw_api_problem *problem,
                                         struct cw_str *allow)
{
    unsigned best = best_match(segments);
    *allow = CW_S("");
    for (size_t i = 0; i < cw_api_n_commands() && best > 0; i++) {
        const struct cw_api_command *command = cw_api_command_at(i);
        if (match(command, segments) != best)
            continue;
        if (is_method(method, command->method)) {
            *allow = CW_S("");
            return command;
        }
        *allow =
            cw_arena_printf(arena, "%.*s%s%s%s", CW_ARG(*allow), allow->n ? ", " : "",
                            command->method, strcmp(command->method, "GET") == 0 ? ", HEAD" : "");
    }
    if (allow->n > 0)
        refuse(problem, 405, cw_arena_printf(arena, "This takes %.*s.", CW_ARG(*allow)));
    else
        refuse(problem, 404, CW_S("There is nothing at this path."));
    return NULL;
}

static void take_path(const struct cw_api_command *command, const struct segments *segments,
                      json_t *in)
{
    struct cw_str path = cw_str_of(command->path);
    for (size_t i = 0; i < segments->n; i++) {
        struct cw_str name = next_segment(&path);
        struct cw_api_arg arg;
        if (!is_argument(name))
            continue;
        bool known = cw_api_arg_find(command, cw_str_sub(name, 1, name.n - 1), &arg);
        cw_assert(known);
        json_object_set_new(in, arg.name, cw_rest_value(&arg, segments->list[i]));
    }
}

/* --- versions ---------------------------------------------------------------------------------*/

static bool has_arg(const struct cw_api_command *command, const char *name)
{
    struct cw_api_arg arg;
    return cw_api_arg_find(command, cw_str_of(name), &arg);
}

bool cw_rest_has_version(const struct cw_api_command *command)
{
    bool any = command->creates || command->tells_version;
    for (size_t i = 0; i < cw_api_n_commands() && !any; i++) {
        const struct cw_api_command *other = cw_api_command_at(i);
        any = strcmp(other->path, command->path) == 0 && has_arg(other, "if-version");
    }
    return any;
}

/* One strong entity tag, or "*" (RFC 9110, section 13.1.1). */
static bool take_if_match(const struct cw_api_command *command, struct cw_str text, json_t *in,
                          struct cw_api_problem *problem)
{
    uint64_t version;
    text = cw_str_trim(text);
    if (cw_str_eq_cstr(text, "*")) {
        if (has_arg(command, "must-exist"))
            json_object_set_new(in, "must-exist", json_true());
        return true;
    }
    if (!has_arg(command, "if-version"))
        return refuse(problem, 400, CW_S("There is no version here for If-Match to compare."));
    if (text.n < 3 || text.p[text.n - 1] != '"' || cw_str_index(text, ',') >= 0)
        return refuse(problem, 400, CW_S("If-Match must be one entity tag in quotes, or *."));
    if (text.p[0] != '"' || !cw_str_to_u64(cw_str_sub(text, 1, text.n - 1), &version) ||
        version > INT64_MAX)
        return refuse(problem, 412, CW_S("That entity tag is none that was given out here."));
    json_object_set_new(in, "if-version", json_integer((json_int_t)version));
    return true;
}

bool cw_rest_route(struct cw_arena *arena, const struct cw_rest_request *request,
                   struct cw_rest_call *call, struct cw_api_problem *problem, struct cw_str *allow)
{
    struct segments segments;
    *call = (struct cw_rest_call){.command = NULL};
    *problem = (struct cw_api_problem){.field = ""};
    *allow = CW_S("");
    if (!split(arena, request->path, &segments, problem))
        return false;
    call->command = find(arena, &segments, request->method, problem, allow);
    if (!call->command)
        return false;
    json_t *in = json_object();
    take_path(call->command, &segments, in);
    if (cw_rest_read_query(arena, call->command, request->query, in, &call->what_if, problem) &&
        cw_rest_read_body(arena, call->command, request->body, in, problem) &&
        (!cw_str_is_present(request->if_match) ||
         take_if_match(call->command, request->if_match, in, problem))) {
        if (call->command->list && !json_object_get(in, "limit"))
            json_object_set_new(in, "limit", json_integer(DEFAULT_LIMIT));
        call->in = in;
        return true;
    }
    json_decref(in);
    return false;
}

/* --- answers ----------------------------------------------------------------------------------*/

const char *cw_rest_status_text(int status)
{
    static const struct {
        int status;
        const char *text;
    } rows[] = {
        {200, "OK"},
        {201, "Created"},
        {204, "No Content"},
        {304, "Not Modified"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {411, "Length Required"},
        {412, "Precondition Failed"},
        {413, "Content Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {417, "Expectation Failed"},
        {421, "Misdirected Request"},
        {422, "Unprocessable Content"},
        {428, "Precondition Required"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {500, "Internal Server Error"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
        {505, "HTTP Version Not Supported"},
        {507, "Insufficient Storage"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].status == status)
            return rows[i].text;
    return "Error";
}

static json_t *text(struct cw_str s)
{
    json_t *value = json_stringn(s.p ? s.p : "", s.n);
    return value ? value : json_string("");
}

json_t *cw_rest_problem(const struct cw_api_problem *problem)
{
    struct cw_arena arena = {0};
    json_t *answer = json_object();
    json_object_set_new(answer, "type", json_string("about:blank"));
    json_object_set_new(answer, "title", json_string(cw_rest_status_text(problem->status)));
    json_object_set_new(answer, "status", json_integer(problem->status));
    json_object_set_new(answer, "detail", text(problem->sentence));
    if (problem->field && problem->field[0])
        json_object_set_new(answer, "field", text(cw_arena_printf(&arena, "/%s", problem->field)));
    if (cw_str_is_present(problem->changed_by)) {
        json_t *conflict = json_object();
        json_object_set_new(conflict, "who", text(problem->changed_by));
        json_object_set_new(conflict, "at", cw_json_of_time(problem->changed_at));
        json_object_set_new(answer, "conflict", conflict);
    }
    cw_arena_free(&arena);
    return answer;
}

/* "/api/v1/partners/fabrikam.test" */
static struct cw_str location_of(struct cw_arena *arena, const char *template, const json_t *made)
{
    struct cw_str path = cw_str_of(template);
    struct cw_buf b = {0};
    cw_buf_putcstr(&b, CW_REST_ROOT);
    while (path.n > 0) {
        struct cw_str segment = next_segment(&path);
        cw_buf_putc(&b, '/');
        if (!is_argument(segment)) {
            cw_buf_puts(&b, segment);
            continue;
        }
        const json_t *value =
            json_object_get(made, cw_arena_dup(arena, cw_str_sub(segment, 1, segment.n - 1)).p);
        if (json_is_integer(value))
            cw_buf_printf(&b, "%lld", (long long)json_integer_value(value));
        else
            cw_rest_escape(&b,
                           (struct cw_str){json_string_value(value), json_string_length(value)});
    }
    struct cw_str location = cw_arena_dup(arena, cw_buf_str(&b));
    cw_buf_free(&b);
    return location;
}

int cw_rest_status(struct cw_arena *arena, const struct cw_rest_call *call, const json_t *answer,
                   struct cw_str *location, struct cw_str *etag)
{
    const json_t *after = json_object_get(answer, "after");
    const json_t *shown = json_is_object(after) ? after : answer;
    const json_t *version = json_object_get(shown, "version");
    *location = *etag = CW_STR_NONE;
    if (call->what_if)
        return 200; /* nothing is as the answer says */
    if (json_is_integer(version) && cw_rest_has_version(call->command))
        *etag = cw_arena_printf(arena, "\"%lld\"", (long long)json_integer_value(version));
    if (!call->command->creates || !json_is_object(after) ||
        json_is_object(json_object_get(answer, "before")))
        return 200;
    *location = location_of(arena, call->command->creates, after);
    return 201;
}

/* --- the client's side ------------------------------------------------------------------------*/

static void put_pair(struct cw_buf *query, const char *name, const json_t *value)
{
    cw_buf_puts(query, query->n > 0 ? CW_S("&") : CW_S(""));
    cw_rest_escape(query, cw_str_of(name));
    cw_buf_putc(query, '=');
    if (json_is_string(value))
        cw_rest_escape(query, (struct cw_str){json_string_value(value), json_string_length(value)});
    else if (json_is_integer(value))
        cw_buf_printf(query, "%lld", (long long)json_integer_value(value));
    else
        cw_buf_putcstr(query, json_is_true(value) ? "true" : "false");
}

/* False: an argument that a query cannot carry. */
static bool put_query(struct cw_buf *query, const json_t *in)
{
    const char *name;
    json_t *value, *item;
    size_t i;
    json_object_foreach((json_t *)(uintptr_t)in, name, value)
    {
        if (json_is_object(value))
            return false;
        if (!json_is_array(value))
            put_pair(query, name, value);
        json_array_foreach(value, i, item) put_pair(query, name, item);
    }
    return true;
}

/* Takes the arguments in the path out of `rest`; the absent string when one is missing. */
static struct cw_str put_path(struct cw_arena *arena, const struct cw_api_command *command,
                              json_t *rest)
{
    struct cw_str template = cw_str_of(command->path), path = CW_STR_NONE;
    struct cw_buf b = {0};
    bool whole = true;
    while (template.n > 0) {
        struct cw_str segment = next_segment(&template);
        cw_buf_putc(&b, '/');
        if (!is_argument(segment)) {
            cw_buf_puts(&b, segment);
            continue;
        }
        const char *name = cw_arena_dup(arena, cw_str_sub(segment, 1, segment.n - 1)).p;
        const json_t *value = json_object_get(rest, name);
        whole = whole && (json_is_string(value) || json_is_integer(value));
        if (json_is_integer(value))
            cw_buf_printf(&b, "%lld", (long long)json_integer_value(value));
        else
            cw_rest_escape(&b,
                           (struct cw_str){json_string_value(value), json_string_length(value)});
        json_object_del(rest, name);
    }
    if (whole)
        path = cw_arena_dup(arena, cw_buf_str(&b));
    cw_buf_free(&b);
    return path;
}

static void take_version(struct cw_arena *arena, json_t *rest, struct cw_rest_request *out)
{
    const json_t *version = json_object_get(rest, "if-version");
    if (!json_is_integer(version))
        return;
    out->if_match = cw_arena_printf(arena, "\"%lld\"", (long long)json_integer_value(version));
    json_object_del(rest, "if-version");
}

bool cw_rest_request_of(struct cw_arena *arena, const struct cw_api_command *command,
                        const json_t *in, bool what_if, struct cw_rest_request *out)
{
    json_t *rest = json_copy((json_t *)(uintptr_t)in);
    struct cw_buf query = {0};
    *out = (struct cw_rest_request){.method = cw_str_of(command->method), .body = CW_STR("")};
    take_version(arena, rest, out);
    out->path = put_path(arena, command, rest);
    bool good = cw_str_is_present(out->path);
    if (cw_rest_is_by_query(command)) {
        good = put_query(&query, rest) && good;
    } else {
        char *body = json_dumps(rest, JSON_COMPACT);
        out->body = cw_arena_dup(arena, cw_str_of(body ? body : ""));
        free(body);
    }
    if (what_if)
        put_pair(&query, "dry_run", json_true());
    out->query = cw_arena_dup(arena, cw_buf_str(&query));
    cw_buf_free(&query);
    json_decref(rest);
    return good;
}
