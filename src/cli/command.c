/* The words of a command line by the row's arguments into JSON; run_command.c does the rest. */
#include "cli/command.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/run_command.h"
#include "cli/secret.h"
#include "conf/file.h"
#include "import/text.h"

#define MAX_DOCUMENT_BYTES (1u << 20)
#define MAX_FILE_BYTES     (64u << 20) /* an export of very many partners and contacts */

static bool usage(const struct cw_run *run, const char *format, const char *what)
{
    fputs("causeway: ", stderr);
    fprintf(stderr, format, what);
    fprintf(stderr, "; causeway %s --help says more\n", run->command->name);
    return false;
}

static json_t *list_of(const char *text)
{
    json_t *list = json_array();
    for (struct cw_str rest = cw_str_trim(cw_str_of(text)); rest.n > 0;) {
        ptrdiff_t comma = cw_str_index(rest, ',');
        size_t end = comma < 0 ? rest.n : (size_t)comma;
        struct cw_str item = cw_str_trim(cw_str_sub(rest, 0, end));
        json_array_append_new(list, json_stringn(item.p, item.n));
        rest = cw_str_sub(rest, end + 1, rest.n);
    }
    return list;
}

/* NULL when the text cannot be a value of that type. */
static json_t *value_of(enum cw_arg_type type, const char *text)
{
    uint64_t number;
    if (!cw_str_is_utf8(cw_str_of(text)))
        return NULL;
    switch (type) {
    case CW_ARG_DOCUMENT:
    case CW_ARG_FILE:
    case CW_ARG_DOMAIN:
    case CW_ARG_TEXT:
    case CW_ARG_CHOICE:
    case CW_ARG_SECRET:
        return json_string(text);
    case CW_ARG_DOMAINS:
    case CW_ARG_TEXTS:
        return list_of(text);
    case CW_ARG_FIELDS:
        return NULL; /* add_field's business */
    case CW_ARG_BOOL:
        if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0)
            return NULL;
        return json_boolean(text[0] == 't');
    case CW_ARG_NUMBER:
        if (!cw_str_to_u64(cw_str_of(text), &number) || number > INT64_MAX)
            return NULL;
        return json_integer((json_int_t)number);
    }
    return NULL;
}

static const char *kind_of(enum cw_arg_type type)
{
    switch (type) {
    case CW_ARG_BOOL:
        return "%s must be true or false";
    case CW_ARG_NUMBER:
        return "%s must be a whole number";
    case CW_ARG_DOCUMENT:
    case CW_ARG_FILE:
    case CW_ARG_DOMAIN:
    case CW_ARG_DOMAINS:
    case CW_ARG_TEXT:
    case CW_ARG_TEXTS:
    case CW_ARG_CHOICE:
    case CW_ARG_SECRET:
    case CW_ARG_FIELDS:
        return "%s is not UTF-8 text";
    }
    return "%s cannot be read";
}

/* What a file or, for "-", standard input holds, as UTF-8; NULL after a sentence. */
static json_t *read_file(struct cw_run *run, const char *name)
{
    struct cw_buf bytes = {0};
    struct cw_str text;
    bool is_input = strcmp(name, "-") == 0;
    if (cw_file_read(is_input ? "/dev/stdin" : name, MAX_FILE_BYTES, &bytes)) {
        fprintf(stderr, "causeway: cannot read %s: %s\n", name, strerror(errno));
        return NULL;
    }
    bool good = cw_import_utf8(&run->arena, cw_buf_str(&bytes), &text);
    json_t *value = good ? json_stringn(text.p, text.n) : NULL;
    cw_buf_free(&bytes);
    if (!value)
        fprintf(stderr, "causeway: %s is neither UTF-8 nor UTF-16 text\n", name);
    return value;
}

/* The argument's value from the word that was typed; NULL after a sentence. */
static json_t *read_value(struct cw_run *run, const struct cw_api_arg *arg, const char *text)
{
    struct cw_buf file = {0};
    json_t *value = NULL;
    if (arg->type == CW_ARG_FILE) {
        return read_file(run, text);
    }
    if (arg->type != CW_ARG_DOCUMENT || text[0] != '@') {
        value = value_of(arg->type, text);
    } else if (cw_file_read(text + 1, MAX_DOCUMENT_BYTES, &file)) {
        fprintf(stderr, "causeway: cannot read %s: %s\n", text + 1, strerror(errno));
        return NULL;
    } else {
        value = json_stringn(file.p ? file.p : "", file.n);
        cw_buf_free(&file);
    }
    if (!value)
        usage(run, kind_of(arg->type), arg->name);
    return value;
}

/* NAME=VALUE, the value as `partner set` takes it; further ones join the first. */
static bool add_field(struct cw_run *run, const struct cw_api_arg *arg, const char *text)
{
    struct cw_api_arg field;
    const char *equals = strchr(text, '=');
    if (!equals)
        return usage(run, "--%s needs NAME=VALUE", arg->name);
    struct cw_str name = cw_str_sub(cw_str_of(text), 0, (size_t)(equals - text));
    if (!cw_api_arg_find(cw_api_find(CW_S("partner set")), name, &field))
        return usage(run, "there is no field \"%s\"", cw_arena_dup(&run->arena, name).p);
    json_t *fields = json_object_get(run->in, arg->name);
    if (json_object_get(fields, field.name))
        return usage(run, "%s is given twice", field.name);
    json_t *value = read_value(run, &field, equals + 1);
    if (!value)
        return false;
    if (!fields)
        json_object_set_new(run->in, arg->name, fields = json_object());
    return json_object_set_new(fields, field.name, value) == 0;
}

static bool set_arg(struct cw_run *run, const struct cw_api_arg *arg, const char *text)
{
    if (!text)
        return usage(run, "--%s needs a value", arg->name);
    if (arg->type == CW_ARG_FIELDS)
        return add_field(run, arg, text);
    if (json_object_get(run->in, arg->name))
        return usage(run, "%s is given twice", arg->name);
    if (arg->type == CW_ARG_SECRET)
        return usage(run, "%s is never given on a command line, where others see it", arg->name);
    json_t *value = read_value(run, arg, text);
    return value && json_object_set_new(run->in, arg->name, value) == 0;
}

static bool take_option(struct cw_run *run, struct cw_args *args, struct cw_str name)
{
    enum cw_common_result result = cw_common_take(&run->common, args, name);
    if (result != CW_COMMON_OTHER)
        return result == CW_COMMON_TAKEN;
    struct cw_api_arg arg;
    if (cw_secret_option(run->command, name, &arg)) {
        json_t *value = cw_secret_read(arg.name, cw_args_value(args));
        return value && json_object_set_new(run->in, arg.name, value) == 0;
    }
    if (!cw_api_arg_find(run->command, name, &arg) || arg.is_positional)
        return usage(run, "there is no option --%s", name.p);
    return set_arg(run, &arg, cw_args_value(args));
}

static bool take_plain(struct cw_run *run, const char *text)
{
    for (size_t i = 0; i < run->command->n_args; i++) {
        const struct cw_api_arg *arg = &run->command->args[i];
        if (arg->is_positional && !json_object_get(run->in, arg->name))
            return set_arg(run, arg, text);
    }
    return usage(run, "\"%s\" is one word too many", text);
}

static bool take_words(struct cw_run *run, struct cw_args *args)
{
    struct cw_str text;
    for (;;) {
        switch (cw_args_next(args, &run->arena, &text)) {
        case CW_WORD_END:
            for (size_t i = 0; i < run->command->n_args && !run->common.help; i++)
                if (run->command->args[i].is_required &&
                    !json_object_get(run->in, run->command->args[i].name))
                    return usage(run, "%s must be given", run->command->args[i].name);
            if (!run->common.help && !cw_secret_ask(run->command, run->in))
                return false;
            if (run->common.what_if && !run->command->changes)
                return usage(run, "%s changes nothing; there is no --what-if", run->command->name);
            return true;
        case CW_WORD_OPTION:
            if (!take_option(run, args, text))
                return false;
            break;
        case CW_WORD_PLAIN:
            if (!take_plain(run, text.p))
                return false;
            break;
        }
    }
}

static int group_help(const char *group, const char *verb)
{
    bool asked = verb && (strcmp(verb, "--help") == 0 || strcmp(verb, "-h") == 0);
    if (asked)
        return cw_help_group(group) ? CW_EXIT_OK : CW_EXIT_USAGE;
    if (verb)
        fprintf(stderr, "causeway: there is no command \"%s %s\"; causeway %s --help lists them\n",
                group, verb, group);
    else
        fprintf(stderr, "causeway: %s needs a command; causeway %s --help lists them\n", group,
                group);
    return CW_EXIT_USAGE;
}

int cw_command_main(int argc, char **argv)
{
    struct cw_run run = {.in = json_object()};
    struct cw_args args = {.argc = argc, .argv = argv, .next = 2};
    int status = CW_EXIT_USAGE;
    if (argc > 1)
        run.command = cw_api_find(cw_arena_printf(&run.arena, "%s %s", argv[0], argv[1]));
    if (!run.command) {
        run.command = cw_api_find(cw_str_of(argv[0])); /* "export" */
        args.next = run.command ? 1 : 2;
    }
    if (!run.command) {
        status = group_help(argv[0], argc > 1 ? argv[1] : NULL);
    } else if (take_words(&run, &args)) {
        status = CW_EXIT_OK;
        if (run.common.help)
            cw_help_command(run.command);
        else
            status = cw_run_command(&run);
    }
    json_decref(run.in);
    cw_config_free(&run.config);
    cw_arena_free(&run.arena);
    return status;
}
