/* Filters for the directory: whatever is typed stays a value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "panel/directory_priv.h"

static struct cw_str attributes[] = {CW_STR("uid"), CW_STR("sAMAccountName")};
static const struct cw_ldap_config config = {
    .name_attributes = attributes,
    .n_name_attributes = 2,
    .user_filter = CW_STR("(objectClass=person)"),
    .group_filter = CW_STR("(|(member={dn})(memberUid={name}))"),
};

static void test_escape(void **state)
{
    static const struct {
        struct cw_str value;
        const char *escaped;
    } rows[] = {
        {CW_STR("anna"), "anna"},
        {CW_STR("a.b-c_D9"), "a.b-c_D9"},
        {CW_STR(""), ""},
        {CW_STR("*"), "\\2a"},
        {CW_STR("a)(uid=*"), "a\\29\\28uid\\3d\\2a"},
        {CW_STR("\\2a"), "\\5c2a"},
        {CW_STR("a\0b"), "a\\00b"},
        {CW_STR("\xc3\xa9"), "\\c3\\a9"},
        {CW_STR("CN=Doe\\, J,DC=x"), "CN\\3dDoe\\5c\\2c\\20J\\2cDC\\3dx"},
    };
    struct cw_arena arena = {0};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_string_equal(panel_ldap_escape(&arena, rows[i].value).p, rows[i].escaped);
    cw_arena_free(&arena);
}

static void test_user(void **state)
{
    struct cw_arena arena = {0};
    (void)state;
    assert_string_equal(panel_ldap_user_filter(&arena, &config, CW_S("anna")).p,
                        "(&(objectClass=person)(|(uid=anna)(sAMAccountName=anna)))");
    assert_string_equal(panel_ldap_user_filter(&arena, &config, CW_S("*)(")).p,
                        "(&(objectClass=person)(|(uid=\\2a\\29\\28)"
                        "(sAMAccountName=\\2a\\29\\28)))");
    cw_arena_free(&arena);
}

static void test_member(void **state)
{
    static const struct {
        enum cw_membership membership;
        const char *entry, *filter;
    } rows[] = {
        {CW_MEMBERSHIP_MEMBERS, "cn=g", "(|(member=uid\\3d\\7bname\\7d)(memberUid=\\7bdn\\7d))"},
        {CW_MEMBERSHIP_MEMBER_OF, "uid={name}", "(memberOf=cn\\3dg)"},
        {CW_MEMBERSHIP_NESTED, "uid={name}", "(memberOf:1.2.840.113556.1.4.1941:=cn\\3dg)"},
    };
    /* A user whose name is that of a place: what is filled in is not filled in again. */
    const struct panel_ldap_member member = {CW_STR("{dn}"), CW_STR("uid={name}"), CW_STR("cn=g")};
    struct cw_arena arena = {0};
    struct cw_str entry;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_ldap_config other = config;
        other.membership = rows[i].membership;
        assert_string_equal(panel_ldap_member_filter(&arena, &other, &member, &entry).p,
                            rows[i].filter);
        assert_true(cw_str_eq_cstr(entry, rows[i].entry));
    }
    cw_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_escape),
        cmocka_unit_test(test_user),
        cmocka_unit_test(test_member),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
