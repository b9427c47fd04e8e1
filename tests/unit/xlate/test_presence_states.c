/* The table of states out of the settings: the default ones give the table that is built in, and
 * others count in the order in which they were written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "policy/settings.h"
#include "xlate/presence.h"

static void map_of(struct cw_arena *arena, const char *in, const char *out,
                   struct cw_state_map *map)
{
    struct cw_settings settings;
    cw_settings_defaults(arena, &settings);
    if (in)
        assert_false(cw_str_is_present(cw_setting_set(
            arena, cw_setting_find(CW_S("presence-states-in")), &settings, cw_str_of(in))));
    if (out)
        assert_false(cw_str_is_present(cw_setting_set(
            arena, cw_setting_find(CW_S("presence-states-out")), &settings, cw_str_of(out))));
    assert_true(
        cw_state_map_of(arena, &settings.presence_states_in, &settings.presence_states_out, map));
}

static void the_default_is_built_in(void **state)
{
    struct cw_arena arena = {0};
    struct cw_state_map map;
    const struct cw_state_map *want = &cw_state_map_default;

    (void)state;
    map_of(&arena, NULL, NULL, &map);
    assert_int_equal(map.n_activities, want->n_activities);
    for (size_t i = 0; i < want->n_activities; i++) {
        assert_string_equal(map.activities[i].activity, want->activities[i].activity);
        if (map.activities[i].show != want->activities[i].show)
            fail_msg("%s", want->activities[i].activity);
    }
    for (size_t i = 0; i < CW_SHOW_COUNT; i++) {
        assert_int_equal(map.rank[i], want->rank[i]);
        if (!map.of_show[i] != !want->of_show[i] ||
            (map.of_show[i] && strcmp(map.of_show[i], want->of_show[i]) != 0))
            fail_msg("show %s", cw_show_name((enum cw_show)i));
    }
    cw_arena_free(&arena);
}

/* What the product promises by default, name by name. */
static void the_promised_states(void **state)
{
    static const struct {
        const char *activity;
        enum cw_show show;
    } promised[] = {
        {"away", CW_SHOW_AWAY},          {"be-right-back", CW_SHOW_AWAY},
        {"long-away", CW_SHOW_XA},       {"permanent-absence", CW_SHOW_XA},
        {"busy", CW_SHOW_DND},           {"on-the-phone", CW_SHOW_DND},
        {"do-not-disturb", CW_SHOW_DND}, {"urgent-interruptions-only", CW_SHOW_DND},
    };
    const struct cw_state_map *map = &cw_state_map_default;

    (void)state;
    for (size_t i = 0; i < sizeof promised / sizeof *promised; i++) {
        size_t at = 0;
        while (at < map->n_activities && strcmp(map->activities[at].activity, promised[i].activity))
            at++;
        if (at == map->n_activities || map->activities[at].show != promised[i].show)
            fail_msg("%s", promised[i].activity);
    }
    assert_null(map->of_show[CW_SHOW_NONE]);
    assert_null(map->of_show[CW_SHOW_CHAT]);
}

static void another_table(void **state)
{
    struct cw_arena arena = {0};
    struct cw_state_map map;
    struct cw_str_pair wrong = {CW_STR("busy"), CW_STR("occupied")};
    struct cw_str_pairs one = {&wrong, 1}, none = {0};

    (void)state;
    map_of(&arena, "working=,away=xa,busy=chat", "xa=permanent-absence,dnd=", &map);
    assert_int_equal(map.n_activities, 3);
    assert_string_equal(map.activities[0].activity, "working");
    assert_int_equal(map.activities[0].show, CW_SHOW_NONE);
    assert_int_equal(map.activities[1].show, CW_SHOW_XA);
    assert_int_equal(map.activities[2].show, CW_SHOW_CHAT);
    assert_string_equal(map.of_show[CW_SHOW_XA], "permanent-absence");
    assert_null(map.of_show[CW_SHOW_DND]);
    assert_null(map.of_show[CW_SHOW_AWAY]); /* a table replaces the other whole */
    assert_false(cw_state_map_of(&arena, &one, &none, &map));
    assert_false(cw_state_map_of(&arena, &none, &one, &map));
    cw_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_is_built_in),
        cmocka_unit_test(the_promised_states),
        cmocka_unit_test(another_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
