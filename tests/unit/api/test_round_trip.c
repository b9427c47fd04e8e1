/* Whatever an installation holds, its export makes an empty one the same, and with "replace" any
 * other, too: tried with configurations drawn by chance, from a seed that a failure names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fixture.h"
#include "policy/settings.h"

enum { N_SEEDS = 25 };

/* xorshift: the same everywhere. */
static unsigned draw(uint64_t *seed, unsigned below)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return (unsigned)(*seed >> 33) % below;
}

static const char *pick(uint64_t *seed, const char *const *words, unsigned n)
{
    return words[draw(seed, n)];
}
#define PICK(seed, words) pick(seed, words, sizeof(words) / sizeof(words[0]))

/* Takes `in` over; what is refused is as if it had not been drawn. */
static void attempt(struct fixture *f, const char *command, json_t *in)
{
    json_decref(cw_api_run(cw_api_find(cw_str_of(command)), &f->call, in, &f->problem));
    assert_true(f->problem.status < 500);
    json_decref(in);
}

static void draw_partner(struct fixture *f, uint64_t *seed)
{
    static const char *const domains[] = {
        "a.test", "b.test", "c.test", "d.test", "e.test", "bücher.test", "xn--mnchen-3ya.test",
        "F.test"};
    static const char *const words[] = {"",
                                        "one",
                                        "\"quoted\" \\ \xe2\x82\xac",
                                        "two\r\nlines",
                                        "<svg/onload=x>",
                                        "\xf0\x9f\x98\x80"};
    static const char *const levels[] = {"Required", "Optional", "NotSupported"};
    static const char *const types[] = {"Federated", "PublicVerified", "PublicUnverified"};
    static const char *const proxies[] = {"", "proxy.test", "proxy.test:5270", "[2001:db8::1]:1"};
    static const char *const pins[] = {"sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
                                       "sha256:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="};
    json_t *additional = json_array(), *keys = json_array();
    for (unsigned n = draw(seed, 3); n > 0; n--)
        json_array_append_new(additional, json_string(PICK(seed, domains)));
    for (unsigned n = draw(seed, 2); n > 0; n--)
        json_array_append_new(keys, json_string(PICK(seed, pins)));
    attempt(f, "partner put",
            json_pack("{s:s,s:s,s:o,s:s,s:s,s:s,s:b,s:i,s:b,s:s,s:b,s:o}", "domain",
                      PICK(seed, domains), "description", PICK(seed, words), "additional",
                      additional, "type", PICK(seed, types), "tls", PICK(seed, levels), "sasl",
                      PICK(seed, levels), "dialback", (int)draw(seed, 2), "connection-limit",
                      (int)draw(seed, 40), "keep-alive", (int)draw(seed, 2), "proxy-fqdn",
                      PICK(seed, proxies), "enabled", (int)draw(seed, 2), "pinned-keys", keys));
}

static void draw_settings(struct fixture *f, uint64_t *seed)
{
    json_t *in = json_object();
    for (size_t i = 0; i < cw_setting_n; i++) {
        const struct cw_setting *row = &cw_setting_rows[i];
        if (row->type == CW_SETTING_NUMBER && draw(seed, 2))
            json_object_set_new(in, row->name,
                                json_integer(row->min + draw(seed, row->max - row->min + 1)));
        if (row->type == CW_SETTING_BOOL && draw(seed, 2))
            json_object_set_new(in, row->name, json_boolean(draw(seed, 2)));
    }
    if (draw(seed, 2))
        json_object_set_new(in, "outbound-targets-refused", json_string("10.0.0.0/8,::1/128"));
    json_object_set_new(in, "dialback-secret", json_string("new"));
    attempt(f, "settings set", in);
}

/* The same in every installation: what is there already keeps its date. */
static int64_t since_of(const char *user, const char *other)
{
    return 1500000000 + 1000 * (int64_t)strlen(user) + (unsigned char)other[0];
}

static void draw_people(struct fixture *f, uint64_t *seed)
{
    static const char *const users[] = {"u@contoso.test", "V@contoso.test", "ü@contoso.test"};
    static const char *const others[] = {"x@a.test", "y\\20z@b.test", "x@bücher.test"};
    static const char *const blocked[] = {"x@a.test", "bad.test", "bücher.test"};
    const char *user = PICK(seed, users), *other = PICK(seed, others);
    json_t *rule = json_pack("{s:b}", "xmpp", (int)draw(seed, 2));
    unsigned scope = draw(seed, 3);
    if (scope > 0)
        json_object_set_new(rule, scope == 1 ? "user" : "domain",
                            json_string(scope == 1 ? user : "contoso.test"));
    attempt(f, "access set", rule);
    const char *bad = PICK(seed, blocked);
    f->call.since = since_of(user, bad);
    attempt(f, "contact block", json_pack("{s:s,s:s}", "user", user, "address", bad));
    f->call.since = 0;
    struct cw_jid local, remote;
    assert_int_equal(cw_jid_parse(&f->arena, cw_str_of(user), &local), CW_JID_OK);
    assert_int_equal(cw_jid_parse(&f->arena, cw_str_of(other), &remote), CW_JID_OK);
    assert_int_equal(cw_store_contact_add(f->store, cw_jid_bare(&f->arena, &local),
                                          cw_jid_bare(&f->arena, &remote), since_of(user, other)),
                     CW_OK);
}

static void draw_all(struct fixture *f, uint64_t seed)
{
    assert_int_equal(cw_store_batch_begin(f->store), CW_OK); /* one wait for the disk */
    for (unsigned n = draw(&seed, 8); n > 0; n--)
        draw_partner(f, &seed);
    if (draw(&seed, 4))
        draw_settings(f, &seed);
    for (unsigned n = draw(&seed, 5); n > 0; n--)
        draw_people(f, &seed);
    assert_int_equal(cw_store_batch_commit(f->store), CW_OK);
}

/* But for when it was made. */
static char *exported(struct fixture *f)
{
    json_t *answer = must(f, "export", "{\"secrets\":true}");
    json_object_del(json_object_get(answer, "causeway"), "at");
    char *text = json_dumps(answer, JSON_SORT_KEYS | JSON_INDENT(1));
    json_decref(answer);
    return text;
}

static bool import(struct fixture *f, const char *document, const char *mode)
{
    json_t *in = json_pack("{s:s,s:s}", "document", document, "mode", mode);
    json_t *answer = cw_api_run(cw_api_find(CW_S("import")), &f->call, in, &f->problem);
    bool good = answer != NULL;
    json_decref(answer);
    json_decref(in);
    return good;
}

static void assert_same(struct fixture *f, unsigned seed, const char *what, const char *expected)
{
    char *got = exported(f);
    if (strcmp(got, expected) != 0)
        fail_msg("seed %u, %s:\n%s\nis not\n%s", seed, what, got, expected);
    free(got);
}

static void try_seed(unsigned seed, unsigned *n_replaced)
{
    void *states[3];
    for (size_t i = 0; i < 3; i++)
        setup(&states[i]);
    struct fixture *full = states[0], *empty = states[1], *other = states[2];
    draw_all(full, seed * 7919u + 1);
    draw_all(other, seed * 104729u + 2);
    char *document = exported(full);
    if (!import(empty, document, seed % 2 ? "merge" : "replace"))
        fail_msg("seed %u: %.*s", seed, CW_ARG(empty->problem.sentence));
    assert_same(empty, seed, "in an empty one", document);
    /* Two partners that exchange domains are the one thing that takes two files. */
    char *so_far = exported(other);
    if (import(other, document, "replace")) {
        assert_same(other, seed, "in place of another", document);
        (*n_replaced)++;
    } else {
        if (cw_str_find(other->problem.sentence, CW_S("already")) < 0)
            fail_msg("seed %u: %.*s", seed, CW_ARG(other->problem.sentence));
        assert_same(other, seed, "refused", so_far);
    }
    free(document);
    free(so_far);
    for (size_t i = 0; i < 3; i++)
        teardown(&states[i]);
}

static void test_round_trip(void **state)
{
    unsigned n_replaced = 0;
    (void)state;
    for (unsigned seed = 1; seed <= N_SEEDS; seed++)
        try_seed(seed, &n_replaced);
    assert_true(n_replaced > N_SEEDS / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_round_trip)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
