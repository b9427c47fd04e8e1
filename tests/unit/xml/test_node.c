/* Elements as values: looking into them, building and changing them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "xml/node.h"

#define NS CW_S("u:x")

static struct cw_arena arena;

static int end(void **state)
{
    (void)state;
    cw_arena_free(&arena);
    return 0;
}

static void test_attributes(void **state)
{
    (void)state;
    struct cw_xml *node = cw_xml_new(&arena, NS, "a");
    cw_xml_set(&arena, node, "one", CW_S("1"));
    cw_xml_set(&arena, node, "two", CW_S("2"));
    cw_xml_set_lang(&arena, node, CW_S("de"));
    cw_xml_set(&arena, node, "one", CW_S("uno"));
    assert_true(cw_str_eq_cstr(cw_xml_attr(node, "one"), "uno"));
    assert_false(cw_str_is_present(cw_xml_attr(node, "lang")));
    assert_true(cw_str_eq_cstr(cw_xml_lang(node), "de"));
    cw_xml_set_lang(&arena, node, CW_STR_NONE);
    cw_xml_set(&arena, node, "two", CW_STR_NONE);
    cw_xml_set(&arena, node, "none", CW_STR_NONE);
    cw_xml_set(&arena, node, "three", CW_S(""));
    assert_false(cw_str_is_present(cw_xml_attr(node, "two")));
    assert_true(cw_str_is_present(cw_xml_attr(node, "three")));
    assert_ptr_equal(node->attrs->next, node->last_attr);
}

static void test_children(void **state)
{
    (void)state;
    struct cw_xml *node = cw_xml_new(&arena, NS, "a");
    assert_true(cw_str_eq_cstr(cw_xml_text(&arena, node), ""));
    cw_xml_add_text(&arena, node, CW_S("be"));
    struct cw_xml *b = cw_xml_add(&arena, node, NS, "b");
    assert_true(cw_str_eq_cstr(cw_xml_text(&arena, node), "be"));
    cw_xml_add_text(&arena, node, CW_S("fore"));
    struct cw_xml *other = cw_xml_add(&arena, node, CW_S("u:y"), "c");
    assert_true(cw_str_eq_cstr(cw_xml_text(&arena, node), "before"));
    assert_ptr_equal(cw_xml_first_element(node), b);
    assert_ptr_equal(cw_xml_child(node, CW_STR_NONE, "c"), other);
    assert_null(cw_xml_child(node, NS, "c"));
    assert_false(cw_xml_is(node->first, CW_S(""), ""));
    cw_xml_unlink(other);
    cw_xml_unlink(other);
    assert_null(cw_xml_child(node, CW_STR_NONE, "c"));
    cw_xml_append(b, other);
    cw_xml_unlink(b);
    struct cw_xml *d = cw_xml_add(&arena, node, NS, "d");
    assert_ptr_equal(node->last, d);
    assert_ptr_equal(cw_xml_first_element(node), d);
    assert_ptr_equal(other->parent, b);
}

static void test_rename_ns(void **state)
{
    (void)state;
    struct cw_xml *node = cw_xml_new(&arena, CW_S("jabber:client"), "m");
    struct cw_xml *x = cw_xml_add(&arena, node, NS, "x");
    struct cw_xml *inner = cw_xml_add(&arena, x, CW_S("jabber:client"), "m");
    cw_xml_add_text(&arena, node, CW_S("text"));
    cw_xml_rename_ns(node, CW_S("jabber:client"), CW_S("jabber:server"));
    assert_true(cw_xml_is(node, CW_S("jabber:server"), "m"));
    assert_true(cw_xml_is(x, NS, "x"));
    assert_true(cw_xml_is(inner, CW_S("jabber:server"), "m"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_attributes, end),
        cmocka_unit_test_teardown(test_children, end),
        cmocka_unit_test_teardown(test_rename_ns, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
