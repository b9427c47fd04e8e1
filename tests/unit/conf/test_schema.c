/* The manual page against the rows: every option stands in it with its range and its default, so
 * that one cannot change without the other. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conf/config_priv.h"
#include "conf/file.h"

/* What stands from this option's tag to the next one's. */
static struct cw_str entry_of(struct cw_str page, const char *key, struct cw_str *rest)
{
    struct cw_arena arena = {0};
    struct cw_str tag = cw_arena_printf(&arena, "\n.It Cm %s\n", key);
    ptrdiff_t at = cw_str_find(page, tag);
    struct cw_str entry = CW_STR_NONE;
    if (at >= 0) {
        *rest = cw_str_sub(page, (size_t)at + tag.n - 1, page.n);
        ptrdiff_t end = cw_str_find(*rest, CW_S("\n.It "));
        entry = cw_str_sub(*rest, 0, end < 0 ? rest->n : (size_t)end);
    }
    cw_arena_free(&arena);
    return entry;
}

/* What stands under the option's own heading, when it has one: a key may be in two of them. */
static struct cw_str under_heading(struct cw_str page, const char *key)
{
    char heading[40] = "\n.Ss ";
    for (size_t i = 0, n = strlen(heading); key[i] && n < sizeof heading - 2; i++, n++)
        heading[n] = (char)toupper((unsigned char)key[i]);
    ptrdiff_t at = cw_str_find(page, cw_str_of(heading));
    return at < 0 ? page : cw_str_sub(page, (size_t)at, page.n);
}

static void check_section(const struct cw_section *section, struct cw_str page);

static void check_option(const struct cw_option *option, struct cw_str page)
{
    struct cw_arena arena = {0};
    struct cw_str rest = CW_STR_NONE, entry = entry_of(page, option->key, &rest);
    if (!cw_str_is_present(entry))
        fail_msg("%s: is not in the manual page", option->key);
    if (option->type == CW_OPTION_NUMBER) {
        struct cw_str from = cw_arena_printf(&arena, "%u", option->min);
        struct cw_str to = cw_arena_printf(&arena, "to %u", option->max);
        struct cw_str def = cw_arena_printf(&arena, "Default: %s.", option->fallback);
        if (cw_str_find(entry, from) < 0 || cw_str_find(entry, to) < 0 ||
            cw_str_find(entry, def) < 0)
            fail_msg("%s: the manual page tells another range or default", option->key);
    } else if (!option->is_list && option->fallback && option->fallback[0] &&
               cw_str_find(entry, cw_str_of(option->fallback)) < 0) {
        fail_msg("%s: the manual page tells another default", option->key);
    }
    cw_arena_free(&arena);
    if (option->section && option->section->size == 0) /* "edge" and "gateway" stand apart */
        check_section(option->section, under_heading(page, option->key));
    else if (option->section)
        check_section(option->section, rest);
}

static void check_section(const struct cw_section *section, struct cw_str page)
{
    for (size_t i = 0; i < section->n; i++)
        check_option(&section->options[i], page);
}

static void test_manual(void **state)
{
    struct cw_buf page = {0};
    (void)state;
    assert_int_equal(cw_file_read(getenv("CW_MANUAL"), 1 << 20, &page), CW_OK);
    check_section(&cw_config_root, cw_buf_str(&page));
    cw_buf_free(&page);
}

static void check_help(const struct cw_section *section)
{
    for (size_t i = 0; i < section->n; i++) {
        const struct cw_option *option = &section->options[i];
        if (!option->help || !option->help[0])
            fail_msg("%s: has no help", option->key);
        if (!option->is_required && !option->section && !option->fallback)
            fail_msg("%s: is neither required nor has a default", option->key);
        if (option->section)
            check_help(option->section);
    }
}

static void test_rows(void **state)
{
    (void)state;
    check_help(&cw_config_root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_manual), cmocka_unit_test(test_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
