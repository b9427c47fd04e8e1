/* The frozen policy: look-ups in every spelling of a domain, disabled partners, owners. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "policy/view.h"

static struct cw_policy *make(void)
{
    struct cw_policy *p = cw_policy_new();

    p->n_local_domains = 1;
    p->local_domains = cw_arena_alloc(&p->arena, sizeof *p->local_domains);
    p->local_domains[0] = CW_S("contoso.test");
    p->n_partners = 2;
    p->partners = cw_arena_alloc(&p->arena, 2 * sizeof *p->partners);
    p->partners[0] = CW_PARTNER_DEFAULT;
    p->partners[0].domain = CW_S("xn--bcher-kva.test");
    p->partners[0].n_additional = 1;
    p->partners[0].additional = cw_arena_alloc(&p->arena, sizeof(struct cw_str));
    p->partners[0].additional[0] = CW_S("other.test");
    p->partners[1] = CW_PARTNER_DEFAULT;
    p->partners[1].domain = CW_S("off.test");
    p->partners[1].enabled = false;
    p->settings.partner_connection_limit = 20;
    cw_policy_index(p);
    return p;
}

static void look_ups(void **state)
{
    struct cw_policy *p = make();
    const struct cw_partner *bucher = &p->partners[0];

    (void)state;
    assert_ptr_equal(cw_policy_partner(p, CW_S("xn--bcher-kva.test")), bucher);
    assert_ptr_equal(cw_policy_partner(p, CW_S("B\xC3\xBC"
                                               "CHER.Test.")),
                     bucher);
    assert_ptr_equal(cw_policy_partner(p, CW_S("Other.test")), bucher);
    assert_null(cw_policy_partner(p, CW_S("sub.other.test")));
    assert_null(cw_policy_partner(p, CW_S("xother.test")));
    assert_null(cw_policy_partner(p, CW_S("off.test")));
    assert_null(cw_policy_partner(p, CW_S("")));
    assert_null(cw_policy_partner(p, CW_STR_NONE));
    assert_null(cw_policy_partner(p, CW_S("contoso.test")));
    assert_true(cw_policy_is_local(p, CW_S("CONTOSO.test")));
    assert_false(cw_policy_is_local(p, CW_S("other.test")));
    assert_int_equal(cw_policy_connection_limit(p, bucher), 20);
    p->partners[0].connection_limit = 3;
    assert_int_equal(cw_policy_connection_limit(p, bucher), 3);
    cw_policy_unref(&p);
    assert_null(p);
}

static void the_last_owner_frees(void **state)
{
    struct cw_policy *p = make(), *stream = cw_policy_ref(p);

    (void)state;
    cw_policy_unref(&p);
    assert_true(cw_policy_is_local(stream, CW_S("contoso.test")));
    cw_policy_unref(&stream);
    cw_policy_unref(&stream); /* nothing held: nothing happens */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(look_ups),
        cmocka_unit_test(the_last_owner_frees),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
