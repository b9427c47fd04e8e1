/* Everything out and in again: what import makes of a file, what it says before, and that nothing
 * is left behind by what was refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fixture.h"

/* Runs an import of that document; the answer, or NULL with the problem in the fixture. */
static json_t *import(struct fixture *f, const char *command, const char *document,
                      const char *more)
{
    json_t *in = json_loads(more, 0, NULL);
    assert_non_null(in);
    json_object_set_new(in, "document", json_string(document));
    json_t *answer = cw_api_run(cw_api_find(cw_str_of(command)), &f->call, in, &f->problem);
    json_decref(in);
    return answer;
}

/* "new partner a.test; refused settings" */
static void assert_rows(struct fixture *f, json_t *answer, const char *expected)
{
    char got[2048] = "";
    size_t i, n = 0;
    json_t *row;
    if (!answer)
        fail_msg("refused: %.*s", CW_ARG(f->problem.sentence));
    json_array_foreach(json_object_get(answer, "rows"), i, row)
    {
        n += (size_t)snprintf(got + n, sizeof(got) - n, "%s%s %s %s", i ? "; " : "",
                              json_string_value(json_object_get(row, "result")),
                              json_string_value(json_object_get(row, "kind")),
                              json_string_value(json_object_get(row, "name")));
        assert_true(n < sizeof(got));
    }
    if (strcmp(got, expected) != 0)
        fail_msg("%s", got);
    json_decref(answer);
}

static char *exported(struct fixture *f)
{
    json_t *answer = must(f, "export", "{}");
    json_object_del(json_object_get(answer, "causeway"), "at");
    char *text = json_dumps(answer, JSON_SORT_KEYS);
    json_decref(answer);
    return text;
}

static void fill(struct fixture *f)
{
    json_decref(must(f, "partner new", "{\"domain\":\"a.test\",\"additional\":[\"b.test\"]}"));
    json_decref(must(f, "partner new", "{\"domain\":\"c.test\",\"type\":\"Federated\"}"));
    json_decref(must(f, "settings set", "{\"stanza-rate\":7}"));
    json_decref(must(f, "access set", "{\"xmpp\":false}"));
    json_decref(must(f, "access set", "{\"user\":\"u@contoso.test\",\"xmpp\":true}"));
    f->call.since = 1600000000;
    json_decref(must(f, "contact block", "{\"user\":\"u@contoso.test\",\"address\":\"bad.test\"}"));
    f->call.since = 0;
    assert_int_equal(
        cw_store_contact_add(f->store, CW_S("u@contoso.test"), CW_S("x@a.test"), 1700000000),
        CW_OK);
}

static void clear(struct fixture *f)
{
    json_decref(must(f, "partner remove", "{\"domain\":\"a.test\"}"));
    json_decref(must(f, "partner remove", "{\"domain\":\"c.test\"}"));
    json_decref(must(f, "settings set", "{\"stanza-rate\":500}"));
    json_decref(must(f, "access unset", "{}"));
    json_decref(must(f, "access unset", "{\"user\":\"u@contoso.test\"}"));
    json_decref(
        must(f, "contact unblock", "{\"user\":\"u@contoso.test\",\"address\":\"bad.test\"}"));
    json_decref(must(f, "contact remove", "{\"user\":\"u@contoso.test\"}"));
}

#define ALL_OF_IT(result)                                                                   \
    result " partner a.test; " result " partner c.test; " result " access global; " result  \
           " access user u@contoso.test; " result " block u@contoso.test bad.test; " result \
           " contact u@contoso.test x@a.test; "

static void test_round_trip(void **state)
{
    struct fixture *f = *state;
    fill(f);
    char *before = exported(f);
    assert_rows(f, import(f, "import", before, "{}"), ALL_OF_IT("same") "same settings ");
    clear(f);
    uint64_t version, after;
    assert_int_equal(cw_store_version(f->store, &version), CW_OK);
    f->call.what_if = true;
    assert_rows(f, import(f, "import", before, "{}"), ALL_OF_IT("new") "changed settings ");
    f->call.what_if = false;
    assert_int_equal(cw_store_version(f->store, &after), CW_OK);
    assert_int_equal(version, after);
    assert_rows(f, import(f, "import", before, "{}"), ALL_OF_IT("new") "changed settings ");
    char *again = exported(f);
    assert_string_equal(before, again); /* when blocks and contacts were made, too */
    assert_non_null(strstr(again, "2023-11-14T22:13:20Z"));
    assert_non_null(strstr(again, "2020-09-13T12:26:40Z"));
    free(before);
    free(again);
}

#define DOCUMENT(sections) "{\"causeway\":{\"format\":1}," sections "}"

static void test_replace(void **state)
{
    struct fixture *f = *state;
    fill(f);
    assert_rows(f,
                import(f, "import",
                       DOCUMENT("\"partners\":[{\"domain\":\"B.test\",\"additional\":"
                                "[\"a.test\"]}],\"blocks\":[]"),
                       "{\"mode\":\"replace\"}"),
                "removed partner a.test; removed partner c.test; new partner b.test; "
                "removed block u@contoso.test bad.test");
    json_t *rules = must(f, "access list", "{}"); /* a section that was not in the file */
    assert_int_equal(json_array_size(json_object_get(rules, "rules")), 2);
    json_decref(rules);
}

/* A domain goes from one partner to another, whichever of them the file names first; only what two
 * partners exchange needs two files. */
static void test_order(void **state)
{
    struct fixture *f = *state;
    fill(f); /* b.test is a.test's */
    assert_rows(f,
                import(f, "import",
                       DOCUMENT("\"partners\":[{\"domain\":\"0.test\",\"additional\":[\"d.test\"]},"
                                "{\"domain\":\"c.test\",\"additional\":[\"b.test\"]},"
                                "{\"domain\":\"a.test\",\"additional\":[\"e.test\"]}]"),
                       "{}"),
                "new partner 0.test; changed partner a.test; changed partner c.test");
    assert_rows(f,
                import(f, "import",
                       DOCUMENT("\"partners\":[{\"domain\":\"a.test\",\"additional\":[\"b.test\"]},"
                                "{\"domain\":\"c.test\",\"additional\":[\"e.test\"]}]"),
                       "{\"partial\":true}"),
                "refused partner a.test; refused partner c.test");
}

/* What an entry does not have is not left out in silence. */
static void test_strangers(void **state)
{
    struct fixture *f = *state;
    json_t *answer = import(
        f, "import",
        DOCUMENT(
            "\"partners\":[{\"domain\":\"a.test\",\"colour\":1}],"
            "\"access\":[{\"scope\":\"global\",\"xmpp\":false,\"sip\":true},"
            "{\"scope\":\"global\",\"name\":\"all\",\"xmpp\":true}],"
            "\"blocks\":[{\"user\":\"u@contoso.test\",\"blocked\":\"b.test\",\"until\":\"x\"}],"
            "\"contacts\":[{\"user\":\"u@contoso.test\",\"contact\":\"x@b.test\",\"who\":1}]"),
        "{\"partial\":true}");
    static const char *const sentences[] = {
        "partner put has no argument \"colour\".", "Entries of \"access\" have no \"sip\".",
        "The file has it twice: access global.", "Entries of \"blocks\" have no \"until\".",
        "Entries of \"contacts\" have no \"who\"."};
    assert_non_null(answer);
    const json_t *rows = json_object_get(answer, "rows");
    assert_int_equal(json_array_size(rows), 5);
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(json_string_value(json_object_get(json_array_get(rows, i), "sentence")),
                            sentences[i]);
    json_decref(answer);
}

/* One row for each change, and one that says that they came in together; none for a look. */
static void test_trail(void **state)
{
    static const char document[] = DOCUMENT(
        "\"partners\":[{\"domain\":\"a.test\"},{\"domain\":\"x.test\",\"tls\":\"NotSupported\"}],"
        "\"contacts\":[{\"user\":\"u@contoso.test\",\"contact\":\"x@a.test\"}]");
    struct fixture *f = *state;
    struct cw_audit_row *trail;
    size_t n;
    f->call.what_if = true;
    json_decref(import(f, "import", document, "{\"partial\":true}"));
    f->call.what_if = false;
    assert_null(import(f, "import", document, "{}"));
    assert_int_equal(cw_store_audit_list(f->store, 9, &f->arena, &trail, &n), CW_OK);
    assert_int_equal(n, 0);
    json_decref(import(f, "import", document, "{\"partial\":true}"));
    json_decref(import(f, "import", document, "{\"partial\":true}")); /* changes nothing */
    assert_int_equal(cw_store_audit_list(f->store, 9, &f->arena, &trail, &n), CW_OK);
    assert_int_equal(n, 2);
    assert_string_equal(trail[0].action.p, "import");
    assert_string_equal(trail[0].after.p,
                        "{\"detail\":\"2 new, 0 changed, 0 removed, 0 the same, 1 refused\"}");
    assert_string_equal(trail[1].action.p, "partner new");
    assert_string_equal(trail[1].object.p, "a.test");
}

/* What was previewed is what comes in: not when something has changed since. */
static void test_versions(void **state)
{
    static const char document[] = DOCUMENT("\"partners\":[{\"domain\":\"new.test\"}]");
    static const struct {
        const char *meanwhile, *arguments;
        bool counts;
    } rows[] = {
        {"partner new", "{\"domain\":\"a.test\"}", true},
        {"partner remove", "{\"domain\":\"a.test\"}", true},
        {"access set", "{\"xmpp\":true}", true},
        {"contact block", "{\"user\":\"u@contoso.test\",\"address\":\"a.test\"}", true},
        {"settings set", "{\"stanza-rate\":7}", true},
        {"account new", "{\"name\":\"anna\",\"role\":\"viewer\",\"generate\":true}", false},
    };
    struct fixture *f = *state;
    char given[64];
    json_int_t version = 0;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        f->call.what_if = true;
        json_t *preview = import(f, "import", document, "{}");
        version = json_integer_value(json_object_get(preview, "version"));
        json_decref(preview);
        f->call.what_if = false;
        f->call.who = "bert";
        json_decref(must(f, rows[i].meanwhile, rows[i].arguments));
        f->call.who = "test";
        (void)snprintf(given, sizeof(given), "{\"if-version\":%lld}", (long long)version);
        if (!rows[i].counts)
            continue;
        assert_null(import(f, "import", document, given));
        assert_int_equal(f->problem.status, 412);
        assert_string_equal(f->problem.sentence.p,
                            "Something was changed by somebody else meanwhile; look at a new "
                            "preview, then repeat the import.");
        assert_true(cw_str_eq_cstr(f->problem.changed_by, "bert"));
        assert_true(f->problem.changed_at > 0);
        assert_null(run(f, "partner get", "{\"domain\":\"new.test\"}"));
    }
    assert_null(import(f, "import lync", "Domain\nnew.test\n", "{\"if-version\":0}"));
    assert_int_equal(f->problem.status, 412);
    json_t *done = import(f, "import", document, given);
    assert_non_null(done);
    assert_true(json_integer_value(json_object_get(done, "version")) > version);
    json_decref(done);
    assert_null(import(f, "import", document, given));
    assert_true(cw_str_eq_cstr(f->problem.changed_by, "test"));
}

static void test_refused(void **state)
{
    static const char document[] =
        DOCUMENT("\"partners\":[{\"domain\":\"new.test\"},{\"domain\":\"x.test\",\"tls\":"
                 "\"NotSupported\"},{\"domain\":\"new.test\"},{\"domain\":\"contoso.test\"},{}],"
                 "\"contacts\":[{\"user\":\"u@else.test\",\"contact\":\"x@a.test\"}],"
                 "\"settings\":{\"stanza-rate\":0,\"colour\":1}");
    struct fixture *f = *state;
    char *before = exported(f), *after;
    assert_null(import(f, "import", document, "{}"));
    assert_int_equal(f->problem.status, 400);
    assert_string_equal(
        f->problem.sentence.p,
        "6 of 7 entries cannot be taken, so nothing is saved; the first is partner new.test: The "
        "file has it twice: partner new.test. Mend them, or take the others with partial.");
    after = exported(f);
    assert_string_equal(before, after);
    free(before);
    free(after);
    assert_rows(f, import(f, "import", document, "{\"partial\":true}"),
                "refused partner new.test; refused partner ; new partner new.test; refused partner "
                "x.test; refused partner contoso.test; refused contact u@else.test x@a.test; "
                "refused settings ");
    json_decref(must(f, "partner get", "{\"domain\":\"new.test\"}"));
}

static void test_documents(void **state)
{
    static const struct {
        const char *name, *document, *sentence;
    } rows[] = {
        {"no JSON", "x", "The file is no JSON: '[' or '{' expected near 'x' (line 1)."},
        {"no export", "{}",
         "The file is no export of this release: \"causeway\": {\"format\": 1} is missing."},
        {"a later form", "{\"causeway\":{\"format\":2},\"colours\":[]}",
         "The file was written by a later release, in a form that is not known here."},
        {"a form of none", "{\"causeway\":{\"format\":0}}",
         "The file is no export of this release: \"causeway\": {\"format\": 1} is missing."},
        {"a section that is none", DOCUMENT("\"colours\":[]"),
         "The file has a section \"colours\" that is not known here."},
        {"a section of another type", DOCUMENT("\"partners\":{}"),
         "\"partners\" in the file must be a list."},
        {"settings of another type", DOCUMENT("\"settings\":[]"),
         "\"settings\" in the file must be an object."},
        {"a key twice", DOCUMENT("\"blocks\":[],\"blocks\":[]"),
         "The file is no JSON: duplicate object key near '\"blocks\"' (line 1)."},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        json_t *answer = import(f, "import", rows[i].document, "{\"partial\":true}");
        if (answer || f->problem.status != 400 ||
            !cw_str_eq_cstr(f->problem.sentence, rows[i].sentence))
            fail_msg("%s: %.*s", rows[i].name, CW_ARG(f->problem.sentence));
    }
}

/* Nowhere but where it was asked for. */
static void assert_no_secret(struct fixture *f, const json_t *secret)
{
    struct cw_audit_row *trail;
    size_t n;
    assert_int_equal(cw_store_audit_list(f->store, 99, &f->arena, &trail, &n), CW_OK);
    assert_true(n > 4);
    for (size_t i = 0; i < n; i++) {
        assert_null(strstr(trail[i].before.p, json_string_value(secret)));
        assert_null(strstr(trail[i].after.p, json_string_value(secret)));
    }
    json_t *shown = must(f, "settings get", "{}");
    assert_json(json_object_get(shown, "dialback-secret"), "\"(set)\"");
    json_decref(shown);
}

static void test_secrets(void **state)
{
    struct fixture *f = *state;
    json_decref(
        must(f, "settings set", "{\"dialback-secret\":\"new\"}")); /* there is a previous one */
    json_t *plain = must(f, "export", "{}"), *whole = must(f, "export", "{\"secrets\":true}");
    assert_null(json_object_get(json_object_get(plain, "settings"), "dialback-secret"));
    const json_t *secret = json_object_get(json_object_get(whole, "settings"), "dialback-secret");
    assert_true(json_string_length(secret) >= 32);
    char *text = json_dumps(whole, 0);
    json_decref(must(f, "settings set", "{\"dialback-secret\":\"new\",\"stanza-rate\":9}"));
    json_t *other = must(f, "export", "{\"secrets\":true}");
    assert_rows(f, import(f, "import", text, "{}"), "changed settings ");
    json_decref(must(f, "settings set", "{\"dialback-secret\":\"new\"}"));
    assert_rows(f, import(f, "import", text, "{}"), "changed settings "); /* only they differ */
    assert_rows(f, import(f, "import", text, "{}"), "same settings ");
    json_t *again = must(f, "export", "{\"secrets\":true}");
    assert_true(json_equal(json_object_get(whole, "settings"), json_object_get(again, "settings")));
    assert_false(
        json_equal(json_object_get(whole, "settings"), json_object_get(other, "settings")));
    assert_no_secret(f, secret);
    free(text);
    json_decref(plain);
    json_decref(whole);
    json_decref(other);
    json_decref(again);
    f->call.permission = CW_VIEWER;
    assert_null(run(f, "export", "{\"secrets\":true}"));
    assert_int_equal(f->problem.status, 403);
}

/* --- live streams ----------------------------------------------------------------------------*/

static unsigned n_asked;

static json_t *gateway(void *arg, const json_t *request, unsigned timeout_s,
                       struct cw_api_problem *problem)
{
    (void)request;
    (void)timeout_s;
    n_asked++;
    if (arg)
        return json_loads(arg, 0, NULL);
    *problem = (struct cw_api_problem){.status = 504, .field = "", .sentence = CW_S("Silence.")};
    return NULL;
}

static char streams_of_two_edges[] =
    "{\"ok\":true,\"edges\":[{\"edge\":\"/a\",\"answer\":{\"ok\":true,\"streams\":[{\"partner\":"
    "\"a.test\"},{\"partner\":\"c.test\"},{\"partner\":\"e.test\"}]}},{\"edge\":\"/b\",\"answer\":"
    "{\"ok\":true,\"streams\":[{\"partner\":\"a.test\"}]}}],\"silent\":[]}";

/* "a.test 2; c.test -" */
static void assert_streams(struct fixture *f, const char *document, const char *expected)
{
    json_t *answer = import(f, "import", document, "{\"mode\":\"replace\"}"), *row;
    struct cw_str got = CW_S("");
    size_t i;
    assert_non_null(answer);
    json_array_foreach(json_object_get(answer, "rows"), i, row)
    {
        const json_t *streams = json_object_get(row, "streams");
        got = cw_arena_printf(&f->arena, "%.*s%s%s ", CW_ARG(got), i ? "; " : "",
                              json_string_value(json_object_get(row, "name")));
        got = streams ? cw_arena_printf(&f->arena, "%.*s%lld", CW_ARG(got),
                                        (long long)json_integer_value(streams))
                      : cw_arena_printf(&f->arena, "%.*s-", CW_ARG(got));
        assert_true(!streams || json_is_integer(streams));
    }
    assert_string_equal(got.p, expected);
    json_decref(answer);
}

/* Before it is done one sees which live streams it concerns; nobody is asked for what cuts none. */
static void test_cuts(void **state)
{
    struct fixture *f = *state;
    for (char name[] = "a.test"; name[0] <= 'f'; name[0]++)
        json_decref(
            must(f, "partner new", cw_arena_printf(&f->arena, "{\"domain\":\"%s\"}", name).p));
    f->call.ask = gateway;
    f->call.ask_arg = streams_of_two_edges;
    f->call.what_if = true;
    assert_streams(f,
                   DOCUMENT("\"partners\":[{\"domain\":\"c.test\",\"tls\":\"Optional\"},"
                            "{\"domain\":\"d.test\",\"enabled\":false},"
                            "{\"domain\":\"e.test\",\"description\":\"x\"},"
                            "{\"domain\":\"f.test\"},{\"domain\":\"g.test\"}]"),
                   "a.test 2; b.test 0; c.test 1; d.test 0; e.test -; f.test -; g.test -");
    assert_int_equal(n_asked, 1);
    assert_streams(f,
                   DOCUMENT("\"partners\":[{\"domain\":\"a.test\",\"description\":\"x\"},"
                            "{\"domain\":\"b.test\"},{\"domain\":\"c.test\"},{\"domain\":"
                            "\"d.test\"},{\"domain\":\"e.test\"},{\"domain\":\"f.test\"}]"),
                   "a.test -; b.test -; c.test -; d.test -; e.test -; f.test -");
    assert_int_equal(n_asked, 1);
    f->call.ask_arg = NULL; /* nobody could tell: no number then */
    assert_streams(f, DOCUMENT("\"partners\":[]"),
                   "a.test -; b.test -; c.test -; d.test -; e.test -; f.test -");
    assert_int_equal(n_asked, 2);
    f->call.what_if = false;
    assert_streams(f, DOCUMENT("\"partners\":[]"),
                   "a.test -; b.test -; c.test -; d.test -; e.test -; f.test -");
    assert_int_equal(n_asked, 2);
}

/* --- Lync -------------------------------------------------------------------------------------*/

#define LYNC                                                                               \
    "Domain;AdditionalDomains;TlsNegotiation;SaslNegotiation;SupportDialbackNegotiation\n" \
    "a.test;b.test;Required;Required;True\nd.test;;Optional;NotSupported;True\n"           \
    "gmail.test;;NotSupported;Optional;True\na.test;;Required;Required;True\nno domain;;;;True\n"

static void test_lync(void **state)
{
    struct fixture *f = *state;
    json_decref(must(f, "partner new",
                     "{\"domain\":\"a.test\",\"additional\":[\"b.test\"],\"pinned-keys\":"
                     "[\"sha256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"]}"));
    f->call.what_if = true;
    assert_rows(f, import(f, "import lync", LYNC, "{}"),
                "same partner a.test; new partner d.test; refused partner gmail.test; refused "
                "partner a.test; refused partner no domain");
    f->call.what_if = false;
    assert_null(run(f, "partner get", "{\"domain\":\"d.test\"}"));
    json_t *answer = import(f, "import lync", LYNC, "{\"partial\":true,\"format\":\"csv\"}");
    assert_non_null(answer);
    assert_json(json_object_get(answer, "counts"),
                "{\"new\":1,\"changed\":0,\"same\":1,\"removed\":0,\"refused\":3}");
    assert_json(json_object_get(answer, "format"), "\"csv\"");
    assert_json(json_object_get(answer, "saved"), "true");
    json_decref(answer);
    json_decref(must(f, "partner get", "{\"domain\":\"d.test\"}"));
    assert_null(import(f, "import lync", "", "{}"));
    assert_null(import(f, "import lync", "A,B\n", "{}"));
    assert_string_equal(f->problem.sentence.p, "The file has no partners.");
    assert_null(import(f, "import lync", "<a/>", "{}"));
    assert_int_equal(f->problem.status, 400);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, setup, teardown),
        cmocka_unit_test_setup_teardown(test_replace, setup, teardown),
        cmocka_unit_test_setup_teardown(test_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_strangers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_trail, setup, teardown),
        cmocka_unit_test_setup_teardown(test_versions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_documents, setup, teardown),
        cmocka_unit_test_setup_teardown(test_secrets, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cuts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lync, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
