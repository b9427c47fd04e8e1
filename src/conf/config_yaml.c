/* The schema for libcyaml is made from the rows, so that an option stands in one place only.  All
 * scalars are read as text: ranges and forms are the rows' business, and libcyaml's own integers
 * cannot tell "absent" from 0.
 *
 * libcyaml reports through its log: a line that says what, then a backtrace from the inside out.
 * Both are gathered here and told in one sentence. */
#include "conf/config_yaml.h"

#include <cyaml/cyaml.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_LIST 1000

static const cyaml_schema_value_t text_entry = {
    CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0, CYAML_UNLIMITED)};

static const cyaml_schema_field_t *fields_of(struct cw_arena *arena,
                                             const struct cw_section *section);

static cyaml_schema_value_t section_value(struct cw_arena *arena, enum cyaml_flag flags,
                                          const struct cw_section *section)
{
    return (cyaml_schema_value_t){
        .type = CYAML_MAPPING,
        .flags = flags,
        .data_size = (uint32_t)(section->n * sizeof(struct cw_slot)),
        .mapping = {.fields = fields_of(arena, section)},
    };
}

static cyaml_schema_value_t list_value(struct cw_arena *arena, enum cyaml_flag flags,
                                       const struct cw_option *option)
{
    const cyaml_schema_value_t *entry = &text_entry;
    uint32_t size = sizeof(char *);
    if (option->section) {
        cyaml_schema_value_t *made = cw_arena_alloc(arena, sizeof(*made));
        *made = section_value(arena, CYAML_FLAG_DEFAULT, option->section);
        entry = made;
        size = made->data_size;
    }
    return (cyaml_schema_value_t){
        .type = CYAML_SEQUENCE,
        .flags = flags,
        .data_size = size,
        .sequence = {.entry = entry, .max = MAX_LIST},
    };
}

static const cyaml_schema_field_t *fields_of(struct cw_arena *arena,
                                             const struct cw_section *section)
{
    const enum cyaml_flag flags = (enum cyaml_flag)(CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL);
    cyaml_schema_field_t *fields = cw_arena_alloc(arena, (section->n + 1) * sizeof(*fields));
    for (size_t i = 0; i < section->n; i++) {
        const struct cw_option *option = &section->options[i];
        size_t at = i * sizeof(struct cw_slot);
        fields[i] = (cyaml_schema_field_t){
            .key = option->key,
            .data_offset = (uint32_t)(at + offsetof(struct cw_slot, p)),
            .count_offset = (uint32_t)(at + offsetof(struct cw_slot, n)),
            .count_size = sizeof(uint32_t),
        };
        if (option->is_list)
            fields[i].value = list_value(arena, flags, option);
        else if (option->section)
            fields[i].value = section_value(arena, flags, option->section);
        else
            fields[i].value =
                (cyaml_schema_value_t){CYAML_VALUE_STRING(flags, char, 0, CYAML_UNLIMITED)};
    }
    return fields; /* the last one, zeroed, is the end */
}

/* libcyaml's allocator over an arena: the size stands before each piece, freeing is the arena's. */
static void *arena_mem(void *ctx, void *p, size_t n)
{
    const size_t head = 16;
    size_t old = 0;
    if (n == 0)
        return NULL;
    if (p)
        memcpy(&old, (char *)p - head, sizeof(old));
    char *fresh = (char *)cw_arena_alloc(ctx, n + head) + head;
    memcpy(fresh - head, &n, sizeof(n));
    if (p)
        memcpy(fresh, p, old < n ? old : n);
    return fresh;
}

/* What libcyaml said, gathered. */
struct trouble {
    struct cw_arena *arena;
    struct cw_str what;  /* the first line */
    size_t line, column; /* of the innermost place, from 1; 0: none was named */
};

static void on_log(cyaml_log_t level, void *ctx, const char *format, va_list args)
{
    struct trouble *trouble = ctx;
    char text[512];
    (void)level;
    vsnprintf(text, sizeof(text), format, args);
    struct cw_str said = cw_str_trim(cw_str_of(text));
    const char *line = strstr(text, "(line: ");
    if (line && trouble->line == 0 &&
        sscanf(line, "(line: %zu, column: %zu)", &trouble->line, &trouble->column) != 2)
        trouble->line = trouble->column = 0;
    if (!cw_str_is_present(trouble->what) && !cw_str_eq(said, CW_S("Load: Backtrace:")))
        trouble->what = cw_arena_dup(trouble->arena, said);
}

static bool is_key_at(struct cw_str line, struct cw_str key, size_t at)
{
    struct cw_str rest = cw_str_sub(line, at, line.n);
    char before = at > 0 ? line.p[at - 1] : ' ';
    if (!strchr(" \t,{\"'", before) || !cw_str_starts(rest, key))
        return false;
    rest = cw_str_trim(cw_str_sub(rest, key.n, rest.n));
    return rest.n > 0 && strchr(":\"'", rest.p[0]);
}

/* libcyaml names the place of the value before a key that it refuses; the key itself is the first
 * of its name from there on. */
static size_t line_of_key(struct cw_str text, struct cw_str key, const struct trouble *trouble)
{
    size_t number = 1;
    for (struct cw_str rest = text; rest.n > 0; number++) {
        ptrdiff_t end = cw_str_index(rest, '\n');
        struct cw_str line = cw_str_sub(rest, 0, end < 0 ? rest.n : (size_t)end);
        size_t at = number == trouble->line && trouble->column > 0 ? trouble->column - 1 : 0;
        for (; number >= trouble->line && at < line.n && line.p[at] != '#'; at++)
            if (is_key_at(line, key, at))
                return number;
        rest = end < 0 ? CW_S("") : cw_str_sub(rest, (size_t)end + 1, rest.n);
    }
    return trouble->line;
}

/* libcyaml's words -> ours; what follows the prefix is named after them. */
static const struct complaint {
    struct cw_str prefix;
    const char *sentence;
    bool names_key;
} complaints[] = {
    {CW_STR("Load: Unexpected key: "), "unknown option", true},
    {CW_STR("Load: Mapping field already seen: "), "this option is given twice:", true},
    {CW_STR("Load: libyaml: "), "this is not YAML:", false},
    {CW_STR("Load: Expecting MAPPING"), "a section of options is expected here", false},
    {CW_STR("Load: Expecting SEQUENCE"), "a list is expected here", false},
    {CW_STR("Load: Expecting STRING"), "a single value is expected here", false},
    {CW_STR("Load: Excessive entries"), "the list is too long", false},
    {CW_STR("Ignoring documents"), "the file holds more than one YAML document", false},
};

static struct cw_str tell(const struct trouble *trouble, struct cw_str text, cyaml_err_t code)
{
    size_t line = trouble->line;
    struct cw_str sentence = cw_str_of(cyaml_strerror(code));
    if (code == CYAML_ERR_ALIAS)
        sentence = CW_S("YAML aliases are not taken; write the value out");
    for (size_t i = 0; i < sizeof(complaints) / sizeof(complaints[0]); i++) {
        const struct complaint *c = &complaints[i];
        if (!cw_str_starts(trouble->what, c->prefix))
            continue;
        struct cw_str detail = cw_str_sub(trouble->what, c->prefix.n, trouble->what.n);
        sentence = cw_str_of(c->sentence);
        if (c->names_key) {
            line = line_of_key(text, detail, trouble);
            sentence = cw_arena_printf(trouble->arena, "%s \"%.*s\"", c->sentence, CW_ARG(detail));
        } else if (cw_str_ends(sentence, CW_S(":"))) {
            sentence = cw_arena_printf(trouble->arena, "%s %.*s", c->sentence, CW_ARG(detail));
        }
        break;
    }
    return line ? cw_arena_printf(trouble->arena, "line %zu: %.*s", line, CW_ARG(sentence))
                : sentence;
}

bool cw_yaml_read(struct cw_arena *arena, struct cw_str text, const struct cw_section *section,
                  struct cw_slot **slots, struct cw_arena *errors, struct cw_str *why)
{
    cyaml_schema_value_t schema = section_value(arena, CYAML_FLAG_POINTER, section);
    struct trouble trouble = {.arena = errors};
    const cyaml_config_t config = {
        .log_fn = on_log,
        .log_ctx = &trouble,
        .log_level = CYAML_LOG_WARNING,
        .mem_fn = arena_mem,
        .mem_ctx = arena,
        .flags = CYAML_CFG_NO_ALIAS,
    };
    cyaml_data_t *data = NULL;
    *slots = NULL;
    if (text.n > 0 && memchr(text.p, 0, text.n)) {
        *why = CW_S("the file holds a NUL byte");
        return false;
    }
    cyaml_err_t code =
        cyaml_load_data((const uint8_t *)text.p, text.n, &config, &schema, &data, NULL);
    if (code != CYAML_OK || cw_str_is_present(trouble.what)) {
        *why = tell(&trouble, text, code);
        return false;
    }
    *slots = data;
    return true;
}
