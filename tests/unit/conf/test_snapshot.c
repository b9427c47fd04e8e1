/* The snapshot: what is written reads back equal; everything else is refused with a sentence. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "conf/snapshot.h"
#include "policy/settings.h"

#define ANCHOR "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n"

static struct cw_policy *sample(void)
{
    static struct cw_str pins[] = {CW_STR("sha256:ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmqu8zd7v8=")};
    static struct cw_str additional[] = {CW_STR("b.test"), CW_STR("xn--nxa.test")};
    struct cw_policy *policy = cw_policy_new();
    struct cw_arena *arena = &policy->arena;
    policy->version = 7;
    policy->local_domains = cw_arena_alloc(arena, sizeof(struct cw_str));
    policy->local_domains[policy->n_local_domains++] = CW_S("contoso.test");
    policy->partners = cw_arena_alloc(arena, 2 * sizeof(struct cw_partner));
    policy->n_partners = 2;
    policy->partners[0] = CW_PARTNER_DEFAULT;
    policy->partners[0].domain = CW_S("a.test");
    policy->partners[0].additional = additional;
    policy->partners[0].n_additional = 2;
    policy->partners[0].description = CW_S("\"quoted\"\nü");
    policy->partners[1] = CW_PARTNER_DEFAULT;
    policy->partners[1].domain = CW_S("c.test");
    policy->partners[1].type = CW_FEDERATED;
    policy->partners[1].rules = (struct cw_rules){CW_OPTIONAL, CW_NOT_SUPPORTED, true};
    policy->partners[1].enabled = false;
    policy->partners[1].connection_limit = 12;
    policy->partners[1].proxy_fqdn = CW_S("proxy.test:5270");
    policy->partners[1].trust_anchor = CW_S(ANCHOR);
    policy->partners[1].pinned_keys = pins;
    policy->partners[1].n_pinned_keys = 1;
    cw_settings_defaults(arena, &policy->settings);
    policy->settings.dane = false;
    policy->settings.dialback_secret = CW_S("0123456789abcdef0123456789abcdef");
    cw_policy_index(policy);
    return policy;
}

static void put(const struct cw_policy *policy, struct cw_buf *out)
{
    cw_buf_reset(out);
    cw_snapshot_write(policy, out);
}

static void test_round_trip(void **state)
{
    struct cw_policy *policy = sample(), *copy = NULL;
    struct cw_buf text = {0}, again = {0};
    struct cw_arena errors = {0};
    struct cw_str why = CW_STR_NONE;
    (void)state;
    put(policy, &text);
    assert_int_equal(cw_str_index(cw_buf_str(&text), '\n'), -1);
    if (cw_snapshot_read(cw_buf_str(&text), &copy, &errors, &why))
        fail_msg("%.*s", CW_ARG(why));
    put(copy, &again);
    assert_true(cw_str_eq(cw_buf_str(&text), cw_buf_str(&again)));
    assert_int_equal(copy->version, 7);
    assert_int_equal(copy->partners[1].rules.tls, CW_OPTIONAL);
    assert_int_equal(copy->partners[1].connection_limit, 12);
    assert_true(cw_str_eq_cstr(copy->partners[1].trust_anchor, ANCHOR));
    assert_int_equal(copy->partners[1].n_pinned_keys, 1);
    assert_int_equal(copy->partners[0].n_pinned_keys, 0);
    assert_true(copy->settings.posh && !copy->settings.dane);
    assert_true(cw_str_eq(copy->settings.dialback_secret, policy->settings.dialback_secret));
    assert_ptr_equal(cw_policy_partner(copy, CW_S("xn--nxa.test")), &copy->partners[0]);
    assert_null(cw_policy_partner(copy, CW_S("c.test"))); /* disabled */
    assert_true(cw_policy_is_local(copy, CW_S("contoso.test")));
    cw_policy_unref(&policy);
    cw_policy_unref(&copy);
    cw_buf_free(&text);
    cw_buf_free(&again);
    cw_arena_free(&errors);
}

/* One edit of a good snapshot: the member at `path` ("partners.0.tls") gets the JSON value, or is
 * taken away. */
struct edit_row {
    const char *name, *path, *value, *sentence;
};

static const struct edit_row edits[] = {
    {"newer format", "format", "2", "its format is 2; this release reads 1"},
    {"format as text", "format", "\"1\"", "its format or version is not a number"},
    {"no format", "format", NULL, "it lacks \"format\""},
    {"negative version", "version", "-1", "its format or version is not a number"},
    {"member too many", "extra", "1", "it has a member that this release does not know"},
    {"no settings", "settings", NULL, "it lacks \"settings\""},
    {"no local domain", "local-domains", "[]", "local-domains is not a list"},
    {"local domain in U-labels", "local-domains.0", "\"bücher.test\"", "local-domains holds what"},
    {"local domain a number", "local-domains.0", "1", "local-domains holds what"},
    {"partners an object", "partners", "{}", "partners is not a list"},
    {"partner a number", "partners.0", "1", "a partner is not an object"},
    {"partner lacks tls", "partners.0.tls", NULL, "a partner lacks \"tls\""},
    {"partner knows more", "partners.0.colour", "1", "a partner has a member that this"},
    {"tls of another world", "partners.0.tls", "\"Maybe\"", "a partner: tls must be Required"},
    {"dialback a number", "partners.0.dialback", "1", "a partner: dialback must be true or false"},
    {"limit negative", "partners.0.connection-limit", "-1", "a partner: connection-limit must be"},
    {"limit too high", "partners.0.connection-limit", "10001", "connection_limit The connection"},
    {"row that cannot work", "partners.0.tls", "\"NotSupported\"", "tls SASL needs TLS"},
    {"domain in upper case", "partners.0.domain", "\"A.test\"", "a partner has a domain that is"},
    {"additional a number", "partners.0.additional", "[1]", "a partner: additional must be a list"},
    {"no anchor", "partners.0.trust-anchor", "\"x\"", "trust_anchor The trust anchor must be"},
    {"anchor a list", "partners.0.trust-anchor", "[]", "a partner: trust-anchor must be text"},
    {"no pin", "partners.0.pinned-keys", "[\"x\"]", "pinned_keys The pinned key \"x\" is no"},
    {"pins a text", "partners.0.pinned-keys", "\"x\"", "a partner: pinned-keys must be a list"},
    {"domain twice", "partners.1.domain", "\"b.test\"", "a domain stands in it twice"},
    {"domain local", "partners.1.domain", "\"contoso.test\"", "a domain stands in it twice"},
    {"settings lack", "settings.stanza-rate", NULL, "settings lacks \"stanza-rate\""},
    {"settings know more", "settings.colour", "1", "settings has a member that this release"},
    {"setting out of range", "settings.connection-limit", "0", "settings: connection-limit must"},
    {"setting of another type", "settings.connection-limit", "1.5", "settings: connection-limit"},
    {"short secret", "settings.dialback-secret", "\"short\"", "settings: dialback-secret must be"},
};

static void edit(json_t *root, const struct edit_row *row)
{
    char path[64], *save = NULL;
    strcpy(path, row->path);
    json_t *at = root;
    for (char *step = strtok_r(path, ".", &save), *next; step; step = next) {
        next = strtok_r(NULL, ".", &save);
        json_t *value = row->value ? json_loads(row->value, JSON_DECODE_ANY, NULL) : NULL;
        size_t index = json_is_array(at) ? strtoul(step, NULL, 10) : 0;
        if (next)
            at = json_is_array(at) ? json_array_get(at, index) : json_object_get(at, step);
        else if (json_is_array(at))
            json_array_set(at, index, value);
        else if (value)
            json_object_set(at, step, value);
        else
            json_object_del(at, step);
        json_decref(value);
    }
}

static void test_refusals(void **state)
{
    struct cw_policy *policy = sample(), *copy;
    struct cw_buf text = {0};
    (void)state;
    put(policy, &text);
    for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
        struct cw_arena errors = {0};
        struct cw_str why = CW_STR_NONE;
        json_t *root = json_loadb(text.p, text.n, 0, NULL);
        edit(root, &edits[i]);
        char *edited = json_dumps(root, JSON_COMPACT);
        enum cw_err err = cw_snapshot_read(cw_str_of(edited), &copy, &errors, &why);
        if (err != CW_ERR_INVALID || copy || cw_str_find(why, cw_str_of(edits[i].sentence)) < 0)
            fail_msg("%s: %d \"%.*s\"", edits[i].name, (int)err, CW_ARG(why));
        free(edited);
        json_decref(root);
        cw_arena_free(&errors);
    }
    cw_policy_unref(&policy);
    cw_buf_free(&text);
}

static void test_cut(void **state)
{
    struct cw_policy *policy = sample(), *copy;
    struct cw_buf text = {0};
    struct cw_arena errors = {0};
    struct cw_str why;
    (void)state;
    put(policy, &text);
    for (size_t n = 0; n < text.n; n++) {
        struct cw_str part = {text.p, n};
        assert_int_equal(cw_snapshot_read(part, &copy, &errors, &why), CW_ERR_INVALID);
        cw_arena_reset(&errors);
    }
    cw_policy_unref(&policy);
    cw_buf_free(&text);
    cw_arena_free(&errors);
}

static void test_disk(void **state)
{
    char directory[] = "/tmp/cw-snapshot-XXXXXX";
    struct cw_policy *policy = sample(), *copy = NULL;
    struct cw_arena errors = {0};
    struct cw_str why = CW_STR_NONE;
    struct stat info;
    (void)state;
    assert_non_null(mkdtemp(directory));
    assert_int_equal(cw_snapshot_load(directory, &copy, &errors, &why), CW_ERR_NOT_FOUND);
    assert_int_equal(cw_snapshot_save(policy, directory, &errors, &why), CW_OK);
    policy->version = 8;
    assert_int_equal(cw_snapshot_save(policy, directory, &errors, &why), CW_OK);
    assert_int_equal(cw_snapshot_load(directory, &copy, &errors, &why), CW_OK);
    assert_int_equal(copy->version, 8);
    const char *path = cw_arena_printf(&errors, "%s/snapshot.json", directory).p;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 07777, 0600);
    assert_int_equal(truncate(path, 10), 0);
    cw_policy_unref(&copy);
    assert_int_equal(cw_snapshot_load(directory, &copy, &errors, &why), CW_ERR_INVALID);
    assert_true(cw_str_find(why, cw_str_of(path)) == 0);
    unlink(path);
    assert_int_equal(rmdir(directory), 0); /* nothing was left aside */
    assert_int_equal(cw_snapshot_save(policy, directory, &errors, &why), CW_ERR_IO);
    assert_true(cw_str_find(why, CW_S("No such file")) > 0);
    cw_policy_unref(&policy);
    cw_arena_free(&errors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
