/* What is judged to be wrong, and how badly; and that nothing that is missing is a reason to
 * refuse.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "api/health_priv.h"
#include "base/mem.h"

#define GATEWAY                                                                     \
    "{\"kind\":\"gateway\",\"name\":\"gateway\",\"up\":true,\"version\":\"0.1.0\"," \
    "\"policy-version\":7}"
#define EDGE(name, version, policy)                                         \
    "{\"kind\":\"edge\",\"name\":\"" name "\",\"up\":true,\"linked\":true," \
    "\"version\":\"" version "\",\"policy-version\":" policy ",\"reason\":\"\"}"
#define AWAY(name)                                                            \
    "{\"kind\":\"edge\",\"name\":\"" name "\",\"up\":false,\"linked\":false," \
    "\"reason\":\"Connection refused\"}"
#define GOOD GATEWAY "," EDGE("/a", "0.1.0", "7")
#define CERTIFICATE(end, warnings) \
    "{\"file\":\"/x.pem\",\"not-after\":\"" end "\",\"warnings\":[" warnings "]}"
#define STORE "{\"readable\":true,\"failing\":false}"
#define HEALTH(components, certificates, uncovered, store, queues)                         \
    "{\"at\":\"2026-11-22T14:00:00Z\",\"components\":[" components                         \
    "],\"certificates\":[" certificates "],\"uncovered\":[" uncovered "],\"store\":" store \
    ",\"queues\":" queues "}"
#define QUEUES(waiting) \
    "{\"gateway\":null,\"edges\":[{\"edge\":\"/a\",\"queues\":{\"waiting-stanzas\":" waiting "}}]}"

static const struct {
    const char *name, *health, *state, *sentences; /* the sentences' beginnings, by | */
} rows[] = {
    {"all is well", HEALTH(GOOD, CERTIFICATE("2027-01-01T00:00:00Z", ""), "", STORE, "{}"), "ok",
     ""},
    {"no gateway",
     HEALTH("{\"kind\":\"gateway\",\"name\":\"gateway\",\"up\":false,\"reason\":\"It is away.\"}",
            "", "", STORE, "{}"),
     "failed", "It is away. No message passes."},
    {"a gateway without edges", HEALTH(GATEWAY, "", "", STORE, "{}"), "failed",
     "The gateway has no edge"},
    {"one of two edges is away", HEALTH(GOOD "," AWAY("tls:b:1"), "", "", STORE, "{}"), "warning",
     "The gateway has no link to the edge tls:b:1: Connection refused."},
    {"all edges are away", HEALTH(GATEWAY "," AWAY("/a") "," AWAY("/b"), "", "", STORE, "{}"),
     "failed", "The gateway has no link to the edge /a|The gateway has no link to the edge /b"},
    {"an edge that is silent",
     HEALTH(GATEWAY ",{\"name\":\"/a\",\"up\":false,\"linked\":true}", "", "", STORE, "{}"),
     "warning", "The edge /a gave no answer in time."},
    {"an edge with older settings",
     HEALTH(GATEWAY "," EDGE("/a", "0.1.0", "6"), "", "", STORE, "{}"), "warning",
     "The edge /a has not confirmed the settings of now"},
    {"an edge of another version",
     HEALTH(GATEWAY "," EDGE("/a", "0.0.9", "7"), "", "", STORE, "{}"), "warning",
     "The edge /a runs version 0.0.9, the gateway 0.1.0"},
    {"a certificate that ends soon",
     HEALTH(GOOD, CERTIFICATE("2026-11-30T00:00:00Z", "\"it expires soon\""), "", STORE, "{}"),
     "warning", "The certificate /x.pem: it expires soon."},
    {"a certificate that has ended",
     HEALTH(GOOD, CERTIFICATE("2026-11-22T14:00:00Z", "\"it expired\""), "", STORE, "{}"), "failed",
     "The certificate /x.pem: it expired."},
    {"a certificate that cannot be used",
     HEALTH(GOOD, "{\"file\":\"/y.pem\",\"warnings\":[\"no key\"]}", "", STORE, "{}"), "failed",
     "The certificate /y.pem: no key."},
    {"a domain without one", HEALTH(GOOD, "", "\"contoso.test\"", STORE, "{}"), "warning",
     "No certificate names contoso.test"},
    {"a store that is not written",
     HEALTH(GOOD, "", "", "{\"readable\":true,\"failing\":true}", "{}"), "failed",
     "The gateway cannot write to the store"},
    {"a store that is not read", HEALTH(GOOD, "", "", "{\"readable\":false}", "{}"), "failed",
     "The store cannot be read"},
    {"a queue", HEALTH(GOOD, "", "", STORE, QUEUES("999")), "ok", ""},
    {"a long queue", HEALTH(GOOD, "", "", STORE, QUEUES("1000")), "warning",
     "/a: 1000 stanzas wait for streams to partners."},
    {"the worst first",
     HEALTH(GATEWAY "," EDGE("/a", "0.0.9", "7"), "", "", "{\"readable\":false}", "{}"), "failed",
     "The store cannot be read|The edge /a runs version"},
};

static const char *sentence_at(const json_t *health, size_t i)
{
    const json_t *one = json_array_get(json_object_get(health, "sentences"), i);
    return json_string_value(json_object_get(one, "sentence"));
}

/* Each of the beginnings, and no more. */
static bool has_sentences(const json_t *health, const char *expected)
{
    size_t i = 0;
    for (; *expected; i++) {
        size_t n = strcspn(expected, "|");
        const char *sentence = sentence_at(health, i);
        if (!sentence || strncmp(sentence, expected, n) != 0)
            return false;
        expected += expected[n] ? n + 1 : n;
    }
    return !sentence_at(health, i);
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        json_t *health = json_loads(rows[i].health, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(health);
        cw_health_judge(health);
        const char *got = json_string_value(json_object_get(health, "state"));
        bool good = strcmp(got, rows[i].state) == 0 && has_sentences(health, rows[i].sentences);
        if (!good)
            print_error("%s: %s, \"%s\"\n", rows[i].name, got,
                        sentence_at(health, 0) ? sentence_at(health, 0) : "");
        assert_true(good);
        json_decref(health);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
