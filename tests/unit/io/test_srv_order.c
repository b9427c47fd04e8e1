/* The order of SRV targets (RFC 2782) with drawn numbers that are known. */
#include "harness.h"

#include "io/target.h"

#include <string.h>

/* Draws the given share of the maximum, in percent. */
static uint32_t draw_percent(void *arg, uint32_t max)
{
    return (uint32_t)((uint64_t)max * *(unsigned *)arg / 100);
}

static struct cw_dns_srv srv(const char *target, uint16_t priority, uint16_t weight)
{
    return (struct cw_dns_srv){
        .target = cw_str_of(target), .port = 5269, .priority = priority, .weight = weight};
}

static void order(void **state)
{
    const struct {
        const char *name;
        struct cw_dns_srv srvs[6];
        size_t n;
        unsigned percent;
        const char *want;
    } rows[] = {
        {"none", {{{0}}}, 0, 0, ""},
        {"priority", {srv("c", 30, 0), srv("a", 10, 0), srv("b", 20, 9)}, 3, 0, "abc"},
        {"priority before weight", {srv("b", 20, 900), srv("a", 10, 0)}, 2, 100, "ab"},
        {"low draw", {srv("a", 1, 10), srv("b", 1, 10), srv("c", 1, 10)}, 3, 0, "abc"},
        {"high draw", {srv("a", 1, 10), srv("b", 1, 10), srv("c", 1, 10)}, 3, 100, "cba"},
        {"weight draws", {srv("a", 1, 10), srv("b", 1, 90)}, 2, 50, "ba"},
        {"weight 0 rarely first", {srv("a", 1, 10), srv("z", 1, 0)}, 2, 0, "za"},
        {"weight 0 else last", {srv("z", 1, 0), srv("a", 1, 10)}, 2, 50, "az"},
        {"all 0 keep their order", {srv("a", 1, 0), srv("b", 1, 0), srv("c", 1, 0)}, 3, 50, "abc"},
        {"groups",
         {srv("c", 2, 5), srv("a", 1, 5), srv("d", 2, 5), srv("b", 1, 5)},
         4,
         100,
         "badc"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_dns_srv srvs[6];
        unsigned percent = rows[i].percent;
        char got[7] = "";
        memcpy(srvs, rows[i].srvs, sizeof srvs);
        cw_srv_order(srvs, rows[i].n, draw_percent, &percent);
        for (size_t k = 0; k < rows[i].n; k++)
            got[k] = srvs[k].target.p[0];
        if (strcmp(got, rows[i].want) != 0)
            fail_msg("%s: %s, not %s", rows[i].name, got, rows[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(order)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
