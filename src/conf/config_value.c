/* From what was written to struct cw_config: each option's form and range is checked by its row,
 * and what was not written gets the row's default. */
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "conf/config_priv.h"
#include "xmpp/jid.h"

static bool refuse(struct cw_conversion *c, const char *where, const char *text, const char *rule)
{
    *c->why = cw_arena_printf(c->errors, "%s: \"%s\" %s", where, text, rule);
    return false;
}

static bool number_of(struct cw_conversion *c, const struct cw_option *option, const char *text,
                      unsigned *out, const char *where)
{
    uint64_t number;
    if (!cw_str_to_u64(cw_str_of(text), &number) || number < option->min || number > option->max) {
        *c->why = cw_arena_printf(c->errors, "%s: \"%s\" is not a number from %u to %u", where,
                                  text, option->min, option->max);
        return false;
    }
    *out = (unsigned)number;
    return true;
}

static bool choice_of(struct cw_conversion *c, const struct cw_option *option, const char *text,
                      int *out, const char *where)
{
    struct cw_buf names = {0};
    for (int i = 0; option->choices[i]; i++) {
        if (strcmp(option->choices[i], text) == 0) {
            *out = i;
            cw_buf_free(&names);
            return true;
        }
        cw_buf_printf(&names, "%s%s", i ? ", " : "", option->choices[i]);
    }
    *c->why = cw_arena_printf(c->errors, "%s: \"%s\" is not one of: %.*s", where, text,
                              CW_ARG(cw_buf_str(&names)));
    cw_buf_free(&names);
    return false;
}

static bool text_of(struct cw_conversion *c, const struct cw_option *option, struct cw_str text,
                    struct cw_str *out, const char *where)
{
    if (!cw_str_is_utf8(text))
        return refuse(c, where, text.p, "is not UTF-8 text");
    *out = cw_arena_dup(c->arena, text);
    if (text.n == 0 && option->fallback && !option->fallback[0] && !option->is_list)
        return true; /* the same as not written */
    switch (option->type) {
    case CW_OPTION_PATH:
        return text.n > 0 && text.p[0] == '/'
                   ? true
                   : refuse(c, where, text.p, "is not an absolute path; it must begin with /");
    case CW_OPTION_IP:
        return cw_ip_is_literal(text) ? true : refuse(c, where, text.p, "is not an IP address");
    case CW_OPTION_NETWORK:
        return cw_network_is_valid(text)
                   ? true
                   : refuse(c, where, text.p, "is not an IP address or a network (ADDRESS/LENGTH)");
    case CW_OPTION_DOMAIN:
        return cw_domain_to_ascii(c->arena, text, out)
                   ? true
                   : refuse(c, where, text.p, "is not a domain name");
    case CW_OPTION_TEXT:
        return text.n >= option->min ? true : refuse(c, where, text.p, "must not be empty");
    case CW_OPTION_NUMBER:
    case CW_OPTION_CHOICE:
    case CW_OPTION_ENDPOINT:
    case CW_OPTION_SECTION:
        break;
    }
    cw_fatal("%s: not an option of text", where);
}

static bool value_of(struct cw_conversion *c, const struct cw_option *option, const char *text,
                     void *to, const char *where)
{
    switch (option->type) {
    case CW_OPTION_NUMBER:
        return number_of(c, option, text, to, where);
    case CW_OPTION_CHOICE:
        return choice_of(c, option, text, to, where);
    case CW_OPTION_ENDPOINT:
        return cw_endpoint_of(c->arena, cw_str_of(text), (uint16_t)option->max, to)
                   ? true
                   : refuse(c, where, text,
                            "is not an IP address and port (an IPv6 address "
                            "stands in brackets: [::1]:5269)");
    case CW_OPTION_TEXT:
    case CW_OPTION_PATH:
    case CW_OPTION_IP:
    case CW_OPTION_DOMAIN:
    case CW_OPTION_NETWORK:
        return text_of(c, option, cw_str_of(text), to, where);
    case CW_OPTION_SECTION:
        break;
    }
    cw_fatal("%s: not an option with a value", where);
}

static size_t value_size(const struct cw_option *option)
{
    if (option->type == CW_OPTION_SECTION)
        return option->section->size;
    return option->type == CW_OPTION_ENDPOINT ? sizeof(struct cw_endpoint) : sizeof(struct cw_str);
}

/* The fallback as an array of strings, cut at commas. */
static char **fallback_list(struct cw_conversion *c, const char *fallback, size_t *n)
{
    struct cw_str rest = cw_str_of(fallback);
    char **list = cw_arena_alloc(c->arena, (rest.n + 1) * sizeof(char *));
    for (*n = 0; rest.n > 0;) {
        ptrdiff_t comma = cw_str_index(rest, ',');
        size_t end = comma < 0 ? rest.n : (size_t)comma;
        list[(*n)++] = (char *)(uintptr_t)cw_arena_dup(c->arena, cw_str_sub(rest, 0, end)).p;
        rest = cw_str_sub(rest, end + 1, rest.n);
    }
    return list;
}

static bool convert_list(struct cw_conversion *c, const struct cw_option *option,
                         const struct cw_slot *slot, char *to, const char *where)
{
    size_t n = slot->n, size = value_size(option);
    bool is_section = option->type == CW_OPTION_SECTION;
    char **texts = is_section ? NULL : slot->p;
    if (n == 0 && !is_section && option->fallback)
        texts = fallback_list(c, option->fallback, &n);
    if (n < option->min || (n == 0 && option->is_required)) {
        *c->why = cw_arena_printf(c->errors, "%s: at least one must be given", where);
        return false;
    }
    char *values = cw_arena_alloc(c->arena, (n + 1) * size);
    for (size_t i = 0; i < n; i++) {
        struct cw_str at = cw_arena_printf(c->errors, "%s[%zu]", where, i + 1);
        void *value = values + i * size;
        if (is_section) {
            const struct cw_slot *slots = (const struct cw_slot *)slot->p + i * option->section->n;
            if (!cw_section_convert(c, option->section, slots, value, at.p))
                return false;
        } else if (!value_of(c, option, texts[i], value, at.p)) {
            return false;
        }
    }
    memcpy(to + option->offset, &(void *){values}, sizeof(void *));
    memcpy(to + option->count_offset, &n, sizeof(n));
    return true;
}

/* Above the directory of the program: /usr when that is /usr/bin/causeway, so that what was
 * installed with it is found wherever it went. */
static struct cw_str find_prefix(struct cw_arena *arena)
{
    char name[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", name, sizeof name);
    bool is_whole = n > 0 && (size_t)n < sizeof name;
    struct cw_str path = is_whole ? (struct cw_str){name, (size_t)n} : CW_S("/usr/bin/causeway");
    for (int i = 0; i < 2; i++) {
        ptrdiff_t slash = cw_str_rindex(path, '/');
        path = cw_str_sub(path, 0, slash > 0 ? (size_t)slash : 0);
    }
    return cw_arena_dup(arena, path);
}

/* A default may begin with the data directory, or with where the program was installed. */
static const char *fallback_text(struct cw_conversion *c, const struct cw_option *option)
{
    struct cw_str text = cw_str_of(option->fallback), place;
    if (cw_str_starts(text, CW_S("DATA-DIR/")))
        place = c->data_dir;
    else if (cw_str_starts(text, CW_S("PREFIX/")))
        place = find_prefix(c->arena);
    else
        return option->fallback;
    text = cw_str_sub(text, (size_t)cw_str_index(text, '/'), text.n);
    return cw_arena_printf(c->arena, "%.*s%.*s", CW_ARG(place), CW_ARG(text)).p;
}

static bool convert_option(struct cw_conversion *c, const struct cw_option *option,
                           const struct cw_slot *slot, char *to, const char *where)
{
    if (option->is_list)
        return convert_list(c, option, slot, to, where);
    if (option->type == CW_OPTION_SECTION) /* its options' offsets count from the same struct */
        return cw_section_convert(c, option->section, slot->p, to, where);
    if (!slot->p && option->is_required) {
        *c->why = cw_arena_printf(c->errors, "%s: must be given (%s)", where, option->help);
        return false;
    }
    const char *text = slot->p ? slot->p : fallback_text(c, option);
    return value_of(c, option, text, to + option->offset, where);
}

bool cw_section_convert(struct cw_conversion *c, const struct cw_section *section,
                        const struct cw_slot *slots, void *to, const char *where)
{
    for (size_t i = 0; i < section->n; i++) {
        const struct cw_option *option = &section->options[i];
        struct cw_slot slot = slots ? slots[i] : (struct cw_slot){0};
        struct cw_str at =
            cw_arena_printf(c->errors, "%s%s%s", where, where[0] ? "." : "", option->key);
        if (!convert_option(c, option, &slot, to, at.p))
            return false;
        /* The first row of the file: later fallbacks are beneath it. */
        if (section == &cw_config_root && i == 0)
            c->data_dir = ((struct cw_config *)to)->data_dir;
    }
    return true;
}
