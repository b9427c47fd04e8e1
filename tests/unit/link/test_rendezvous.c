/* Rendezvous hashing: even, the same everywhere, and only a lost node's keys move. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "link/rendezvous.h"

enum { N_NODES = 4, N_KEYS = 4000 };

static const char *const nodes[N_NODES] = {"tls:192.0.2.1:23456", "tls:192.0.2.2:23456", "/a",
                                           "/b"};

static int pick(int key, int without)
{
    char text[40];
    int best = -1;
    uint64_t best_weight = 0;
    snprintf(text, sizeof text, "contoso.test fabrikam%d.test", key);
    for (int i = 0; i < N_NODES; i++) {
        uint64_t weight = cw_rendezvous_weight(cw_str_of(nodes[i]), cw_str_of(text));
        if (i != without && (best < 0 || weight > best_weight)) {
            best = i;
            best_weight = weight;
        }
    }
    return best;
}

static void test_even(void **state)
{
    int count[N_NODES] = {0};
    (void)state;
    for (int key = 0; key < N_KEYS; key++)
        count[pick(key, -1)]++;
    for (int i = 0; i < N_NODES; i++)
        if (count[i] < N_KEYS / N_NODES * 8 / 10 || count[i] > N_KEYS / N_NODES * 12 / 10)
            fail_msg("%s has %d keys of %d", nodes[i], count[i], N_KEYS);
}

static void test_only_its_keys_move(void **state)
{
    (void)state;
    for (int key = 0; key < N_KEYS; key++)
        if (pick(key, -1) != 2 && pick(key, -1) != pick(key, 2))
            fail_msg("key %d moved although its node is there", key);
}

/* Another process, another day: a change here would move every pair at an upgrade. */
static void test_agreed(void **state)
{
    (void)state;
    assert_true(cw_rendezvous_weight(CW_S("a"), CW_S("bc")) !=
                cw_rendezvous_weight(CW_S("ab"), CW_S("c")));
    assert_true(cw_rendezvous_weight(CW_S("a"), CW_S("b")) == 0x11394852d63d4988);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_even),
        cmocka_unit_test(test_only_its_keys_move),
        cmocka_unit_test(test_agreed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
