/* The commands on accounts, tokens and sessions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "account/password.h"
#include "account/token.h"
#include "api/account.h"
#include "api/rest.h"
#include "fixture.h"
#include "store/account.h"

#define GOOD  "tall green lamps"
#define ANNA  "{\"name\":\"Anna\",\"role\":\"administrator\",\"password\":\"" GOOD "\"}"
#define WRONG "that is not it, no"

static struct cw_account account_of(struct fixture *f, const char *name)
{
    struct cw_account account;
    assert_int_equal(cw_store_account_get(f->store, cw_str_of(name), &f->arena, &account), CW_OK);
    return account;
}

static void done(struct fixture *f, const char *command, const char *arguments)
{
    json_decref(must(f, command, arguments));
}

static void begin_session(struct fixture *f, const char *key, const char *account)
{
    const struct cw_session session = {.key = cw_str_of(key),
                                       .account = cw_str_of(account),
                                       .address = CW_STR("127.0.0.1"),
                                       .since = 1700000000,
                                       .seen = 1700000060};
    assert_int_equal(cw_store_session_add(f->store, &session), CW_OK);
}

static size_t n_sessions(struct fixture *f, const char *arguments)
{
    json_t *answer = must(f, "session list", arguments);
    size_t n = json_array_size(json_object_get(answer, "sessions"));
    json_decref(answer);
    return n;
}

/* Nothing of what the answers and the trail say may be a hash, or a password that was given. */
static void assert_no_secret(struct fixture *f, const json_t *answer)
{
    char *text = json_dumps(answer, 0);
    struct cw_audit_row *rows;
    size_t n;
    assert_null(strstr(text, "argon2"));
    assert_null(strstr(text, GOOD));
    free(text);
    assert_int_equal(cw_store_audit_list(f->store, 100, &f->arena, &rows, &n), CW_OK);
    for (size_t i = 0; i < n; i++) {
        assert_null(strstr(rows[i].after.p, "argon2"));
        assert_null(strstr(rows[i].after.p, GOOD));
    }
}

static void test_new(void **state)
{
    struct fixture *f = *state;
    json_t *answer = must(f, "account new", ANNA);
    const json_t *after = json_object_get(answer, "after");
    assert_string_equal(json_string_value(json_object_get(after, "name")), "anna");
    assert_true(json_is_false(json_object_get(after, "must-change-password")));
    assert_no_secret(f, answer);
    json_decref(answer);
    assert_true(cw_password_is(account_of(f, "anna").password_hash, CW_S(GOOD)));
    assert_null(run(f, "account new", ANNA));
    assert_int_equal(f->problem.status, 409);
    answer = must(f, "account list", "{}");
    assert_int_equal(json_array_size(json_object_get(answer, "accounts")), 1);
    assert_no_secret(f, answer);
    json_decref(answer);
    answer = must(f, "account get", "{\"name\":\"ANNA\"}");
    assert_int_equal(json_integer_value(json_object_get(answer, "version")), 1);
    json_decref(answer);
}

/* A password that is made is shown once, and must be changed; nothing saved, nothing shown. */
static void test_generate(void **state)
{
    static const char viktor[] = "{\"name\":\"viktor\",\"role\":\"viewer\",\"generate\":true}";
    struct fixture *f = *state;
    f->call.what_if = true;
    json_t *answer = must(f, "account new", viktor);
    assert_null(json_object_get(answer, "password"));
    json_decref(answer);
    f->call.what_if = false;
    answer = must(f, "account new", viktor);
    struct cw_str made = cw_str_of(json_string_value(json_object_get(answer, "password")));
    struct cw_account account = account_of(f, "viktor");
    assert_true(account.must_change_password && !account.is_administrator);
    assert_true(cw_password_is(account.password_hash, made));
    json_decref(answer);
    begin_session(f, "k", "viktor");
    answer = must(f, "account password",
                  "{\"name\":\"viktor\",\"password\":\"" GOOD "\",\"must-change-password\":true}");
    assert_no_secret(f, answer);
    json_decref(answer);
    account = account_of(f, "viktor");
    assert_true(account.must_change_password);
    assert_true(cw_password_is(account.password_hash, CW_S(GOOD)));
    assert_int_equal(n_sessions(f, "{}"), 0);
}

#define NAME_SENTENCE                                                                       \
    "An account's name has 1 to 64 letters, digits and signs, without spaces, slashes and " \
    "colons."
#define NEITHER "Give a password, or let one be made with generate."
static const struct refusal_row refusals[] = {
    {"a name with a space", "account new",
     "{\"name\":\"an na\",\"role\":\"viewer\",\"generate\":true}", 400, "name", NAME_SENTENCE},
    {"no password", "account new", "{\"name\":\"bert\",\"role\":\"viewer\"}", 400, "password",
     NEITHER},
    {"two passwords", "account password",
     "{\"name\":\"anna\",\"password\":\"" GOOD "\",\"generate\":true}", 400, "password", NEITHER},
    {"a short password", "account new",
     "{\"name\":\"bert\",\"role\":\"viewer\",\"password\":\"short\"}", 400, "password",
     "The password must have at least 12 characters."},
    {"his name", "account new",
     "{\"name\":\"Karenina\",\"role\":\"viewer\",\"password\":\"karenina-2026\"}", 400, "password",
     "The password must not be the account's name with a little added."},
    {"another role", "account new", "{\"name\":\"bert\",\"role\":\"root\",\"generate\":true}", 400,
     "role", "role must be one of viewer|administrator."},
    {"mass assignment", "account set", "{\"name\":\"anna\",\"password-hash\":\"x\"}", 400,
     "password-hash", "account set has no argument \"password-hash\"."},
    {"nobody", "account get", "{\"name\":\"bert\"}", 404, "name", "There is no account bert."},
    {"nobody's role", "account set", "{\"name\":\"bert\",\"role\":\"viewer\"}", 404, "name",
     "There is no account bert."},
    {"nobody's password", "account password", "{\"name\":\"bert\",\"generate\":true}", 404, "name",
     "There is no account bert."},
    {"nothing to change", "account set", "{\"name\":\"anna\"}", 400, "",
     "Give at least one field to change."},
    {"the last one", "account remove", "{\"name\":\"anna\"}", 400, "name",
     "anna is the last enabled administrator; make another one first."},
    {"the last one, a viewer", "account set", "{\"name\":\"anna\",\"role\":\"viewer\"}", 400,
     "name", "anna is the last enabled administrator; make another one first."},
    {"a token without a name", "token new", "{\"name\":\" \",\"role\":\"viewer\"}", 400, "name",
     "A token's name has 1 to 64 characters of plain text."},
    {"a token with a line in its name", "token new", "{\"name\":\"a\\nb\",\"role\":\"viewer\"}",
     400, "name", "A token's name has 1 to 64 characters of plain text."},
    {"a token for too long", "token new", "{\"name\":\"a\",\"role\":\"viewer\",\"days\":3651}", 400,
     "days", "days must be a number from 1 to 3650, or 0 (for ever)."},
    {"no such token", "token remove", "{\"id\":7}", 404, "id", "There is no token 7."},
};

static void test_refusals(void **state)
{
    struct fixture *f = *state;
    done(f, "account new", ANNA);
    assert_refusals(f, refusals, sizeof(refusals) / sizeof(refusals[0]));
}

static void test_conflict(void **state)
{
    struct fixture *f = *state;
    done(f, "account new", ANNA);
    done(f, "account new", "{\"name\":\"viktor\",\"role\":\"viewer\",\"generate\":true}");
    f->call.who = "bert";
    done(f, "account set", "{\"name\":\"viktor\",\"enabled\":false,\"if-version\":1}");
    f->call.who = "anna";
    assert_null(run(f, "account set", "{\"name\":\"viktor\",\"enabled\":true,\"if-version\":1}"));
    assert_int_equal(f->problem.status, 412);
    assert_true(cw_str_eq_cstr(f->problem.changed_by, "bert"));
    assert_true(f->problem.changed_at > 0);
    assert_null(run(f, "account remove", "{\"name\":\"viktor\",\"if-version\":1}"));
    assert_int_equal(f->problem.status, 412);
    assert_false(account_of(f, "viktor").is_enabled);
    done(f, "account remove", "{\"name\":\"viktor\",\"if-version\":2}");
}

static void test_token(void **state)
{
    struct fixture *f = *state;
    struct cw_token used;
    f->call.what_if = true;
    json_t *answer = must(f, "token new", "{\"name\":\"backup\",\"role\":\"viewer\"}");
    assert_null(json_object_get(answer, "token"));
    json_decref(answer);
    f->call.what_if = false;
    answer = must(f, "token new", "{\"name\":\"backup\",\"role\":\"administrator\",\"days\":0}");
    struct cw_str text = cw_str_of(json_string_value(json_object_get(answer, "token")));
    assert_true(cw_token_is_form(text));
    assert_true(json_is_null(json_object_get(json_object_get(answer, "after"), "expires")));
    assert_int_equal(cw_store_token_use(f->store, cw_token_digest(&f->arena, text), 1700000000,
                                        &f->arena, &used),
                     CW_OK);
    assert_true(used.is_administrator);
    json_decref(answer);
    assert_null(run(f, "token new", "{\"name\":\"backup\",\"role\":\"viewer\"}"));
    assert_int_equal(f->problem.status, 409);
    answer = must(f, "token list", "{}");
    const json_t *row = json_array_get(json_object_get(answer, "tokens"), 0);
    assert_string_equal(json_string_value(json_object_get(row, "used")), "2023-11-14T22:13:20Z");
    assert_null(json_object_get(row, "digest"));
    json_decref(answer);
    done(f, "token remove", "{\"id\":1}");
    assert_int_equal(cw_store_token_use(f->store, used.digest, 1700000000, &f->arena, &used),
                     CW_ERR_NOT_FOUND);
}

/* A viewer sees and ends his own sessions, and nobody else's. */
static void test_sessions(void **state)
{
    struct fixture *f = *state;
    begin_session(f, "0123456789abcdef0123456789abcdef", "anna");
    begin_session(f, "v1", "viktor");
    begin_session(f, "v2", "viktor");
    f->call.who = "viktor";
    f->call.permission = CW_VIEWER;
    assert_int_equal(n_sessions(f, "{}"), 2);
    assert_int_equal(n_sessions(f, "{\"account\":\"Viktor\"}"), 2);
    assert_null(run(f, "session list", "{\"account\":\"anna\"}"));
    assert_int_equal(f->problem.status, 403);
    assert_null(run(f, "session end", "{\"account\":\"anna\"}"));
    assert_int_equal(f->problem.status, 403);
    done(f, "session end", "{}");
    assert_int_equal(n_sessions(f, "{}"), 0);
    f->call.who = "bert";
    f->call.permission = CW_ADMINISTRATOR;
    done(f, "session end", "{}"); /* his own: there are none */
    json_t *answer = must(f, "session list", "{}");
    assert_json(json_object_get(answer, "sessions"),
                "[{\"id\":\"0123456789abcdef\",\"account\":\"anna\",\"directory\":false,"
                "\"address\":\"127.0.0.1\",\"since\":\"2023-11-14T22:13:20Z\","
                "\"seen\":\"2023-11-14T22:14:20Z\"}]");
    json_decref(answer);
    assert_null(run(f, "session end", "{\"account\":\"\"}")); /* not: of all accounts */
    assert_int_equal(f->problem.status, 400);
    assert_null(run(f, "session list", "{\"account\":\"\"}"));
    f->call.what_if = true;
    done(f, "session end", "{\"account\":\"anna\"}");
    f->call.what_if = false;
    assert_int_equal(n_sessions(f, "{}"), 1);
    done(f, "session end", "{\"account\":\"anna\"}");
    assert_int_equal(n_sessions(f, "{}"), 0);
}

/* Accounts and tokens are the administrators' alone, and so is what the trail says of them: a name
 * that nobody has may be a password, typed in the wrong place. */
static void test_trail_of_accounts(void **state)
{
    struct fixture *f = *state;
    done(f, "partner new", "{\"domain\":\"a.test\"}");
    done(f, "account new", "{\"name\":\"karl\",\"role\":\"viewer\",\"generate\":true}");
    done(f, "token new", "{\"name\":\"backup\",\"role\":\"viewer\"}");
    done(f, "session end", "{\"account\":\"karl\"}");
    static const char *const notes[] = {"sign-in", "sign-in refused", "sign-out"};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(cw_store_audit_note(f->store, "-", notes[i], CW_S("hunter2"), CW_S("")),
                         CW_OK);
    for (int permission = CW_VIEWER; permission <= CW_ADMINISTRATOR; permission++) {
        f->call.permission = (enum cw_permission)permission;
        bool is_administrator = permission == CW_ADMINISTRATOR;
        json_t *answer = must(f, "audit list", "{}");
        assert_int_equal(json_array_size(json_object_get(answer, "audit")),
                         is_administrator ? 7 : 1);
        json_decref(answer);
        done(f, "audit show", "{\"id\":1}");
        for (int id = 2; id <= 7; id++) {
            json_t *shown = run(f, "audit show", cw_arena_printf(&f->arena, "{\"id\":%d}", id).p);
            assert_int_equal(shown != NULL, is_administrator);
            assert_true(shown || f->problem.status == 404);
            json_decref(shown);
        }
    }
}

static void test_first_account(void **state)
{
    struct fixture *f = *state;
    struct cw_str password, again;
    assert_int_equal(cw_api_first_account(f->store, &f->arena, &password), CW_OK);
    struct cw_account account = account_of(f, "administrator");
    assert_true(account.is_administrator && account.is_enabled && account.must_change_password);
    assert_true(cw_password_is(account.password_hash, password));
    assert_int_equal(cw_api_first_account(f->store, &f->arena, &again), CW_OK);
    assert_false(cw_str_is_present(again));
    assert_true(cw_password_is(account_of(f, "administrator").password_hash, password));
}

/* Whoever took the first account away does not get it back at the next start. */
static void test_not_first(void **state)
{
    struct fixture *f = *state;
    struct cw_account account;
    struct cw_str password;
    done(f, "account new", ANNA);
    assert_int_equal(cw_api_first_account(f->store, &f->arena, &password), CW_OK);
    assert_false(cw_str_is_present(password));
    assert_int_equal(cw_store_account_get(f->store, CW_S("administrator"), &f->arena, &account),
                     CW_ERR_NOT_FOUND);
}

/* What takes the administrator's rights away from one account. */
static const struct taking {
    const char *command, *of_anna, *of_bert;
} takings[] = {
    {"account remove", "{\"name\":\"anna\"}", "{\"name\":\"bert\"}"},
    {"account set", "{\"name\":\"anna\",\"enabled\":false}",
     "{\"name\":\"bert\",\"enabled\":false}"},
    {"account set", "{\"name\":\"anna\",\"role\":\"viewer\"}",
     "{\"name\":\"bert\",\"role\":\"viewer\"}"},
};

static void ensure(struct fixture *f, const char *name, const char *arguments)
{
    struct cw_account account;
    if (cw_store_account_get(f->store, cw_str_of(name), &f->arena, &account) == CW_ERR_NOT_FOUND)
        done(f, "account new", arguments);
}

/* In a child of its own: 1, it was done; 0, it was refused. */
static int take_away(struct fixture *f, const char *command, const char *arguments)
{
    const struct cw_str local = CW_S("contoso.test");
    const struct cw_store_options options = {f->scratch.path, &local, 1};
    struct cw_refusal refusal;
    if (cw_store_open(&options, &f->store, &f->arena, &refusal))
        return 2;
    f->call.store = f->store;
    json_t *answer = run(f, command, arguments);
    json_decref(answer);
    cw_store_close(&f->store);
    return answer ? 1 : f->problem.status == 400 ? 0 : 2;
}

/* Two administrators take each other's rights away at the same moment: one of them stays. */
static void test_last_one_at_once(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < 3; i++) {
        const struct taking *first = &takings[i], *second = &takings[(i + 1) % 3];
        int n_done = 0;
        ensure(f, "anna", ANNA);
        ensure(f, "bert",
               "{\"name\":\"bert\",\"role\":\"administrator\",\"password\":\"" GOOD "\"}");
        done(f, "account set", "{\"name\":\"anna\",\"role\":\"administrator\",\"enabled\":true}");
        done(f, "account set", "{\"name\":\"bert\",\"role\":\"administrator\",\"enabled\":true}");
        cw_store_close(&f->store);
        if (fork() == 0)
            _exit(take_away(f, first->command, first->of_anna));
        if (fork() == 0)
            _exit(take_away(f, second->command, second->of_bert));
        for (int child = 0; child < 2; child++) {
            int status = -1;
            assert_true(wait(&status) > 0);
            assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
            n_done += WEXITSTATUS(status);
        }
        assert_int_equal(n_done, 1);
        const struct cw_store_options options = {f->scratch.path, &CW_S("contoso.test"), 1};
        struct cw_refusal refusal;
        assert_int_equal(cw_store_open(&options, &f->store, &f->arena, &refusal), CW_OK);
        f->call.store = f->store;
    }
}

/* Whatever is shown, exported or noted: no hash, digest, key or token. */
static void test_nowhere(void **state)
{
    static const struct {
        const char *command, *arguments;
    } shown[] = {
        {"account list", "{}"},
        {"account get", "{\"name\":\"anna\"}"},
        {"token list", "{}"},
        {"session list", "{}"},
        {"audit list", "{}"},
        {"audit show", "{\"id\":1}"},
        {"audit show", "{\"id\":2}"},
        {"audit show", "{\"id\":3}"},
        {"export", "{}"},
        {"export", "{\"secrets\":true}"},
    };
    struct fixture *f = *state;
    done(f, "account new", ANNA);
    done(f, "account password", "{\"name\":\"anna\",\"password\":\"" GOOD " too\"}");
    json_t *made = must(f, "token new", "{\"name\":\"backup\",\"role\":\"viewer\"}");
    struct cw_str token = cw_str_of(json_string_value(json_object_get(made, "token")));
    begin_session(f, "0123456789abcdef-and-more", "anna");
    const char *secrets[] = {"argon2", GOOD, token.p, cw_token_digest(&f->arena, token).p,
                             "-and-more"};
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        json_t *answer = must(f, shown[i].command, shown[i].arguments);
        char *text = json_dumps(answer, 0);
        for (size_t k = 0; k < sizeof secrets / sizeof *secrets; k++)
            if (strstr(text, secrets[k]))
                fail_msg("%s shows \"%s\"", shown[i].command, secrets[k]);
        free(text);
        json_decref(answer);
    }
    json_decref(made);
}

/* Four starts at once: one makes the account and shows its password. */
static void test_first_accounts_at_once(void **state)
{
    struct fixture *f = *state;
    const struct cw_str local = CW_S("contoso.test");
    int n_shown = 0;
    cw_store_close(&f->store);
    for (int child = 0; child < 4; child++) {
        if (fork() != 0)
            continue;
        const struct cw_store_options options = {f->scratch.path, &local, 1};
        struct cw_refusal refusal;
        struct cw_str password;
        if (cw_store_open(&options, &f->store, &f->arena, &refusal) ||
            cw_api_first_account(f->store, &f->arena, &password))
            _exit(2);
        cw_store_close(&f->store);
        _exit(cw_str_is_present(password) ? 1 : 0);
    }
    for (int child = 0; child < 4; child++) {
        int status = -1;
        assert_true(wait(&status) > 0);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
        n_shown += WEXITSTATUS(status);
    }
    assert_int_equal(n_shown, 1);
}

static void test_own_password(void **state)
{
    static const struct {
        const char *name, *account, *so_far, *wanted;
        int status;
        const char *field;
    } rows[] = {
        {"wrong so far", "anna", WRONG, "blue birds sing", 403, "so-far"},
        {"no such account", "carl", GOOD, "blue birds sing", 403, "so-far"},
        {"the same", "anna", GOOD, GOOD, 400, "password"},
        {"too short", "anna", GOOD, "blue", 400, "password"},
    };
    struct fixture *f = *state;
    done(f, "account new", ANNA);
    begin_session(f, "a", "anna");
    begin_session(f, "b", "anna");
    f->call.permission = CW_VIEWER;
    f->call.who = "anna";
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct cw_api_own_password own = {cw_str_of(rows[i].account),
                                                cw_str_of(rows[i].so_far),
                                                cw_str_of(rows[i].wanted), CW_STR("b")};
        if (cw_api_own_password(&f->call, &own, &f->problem) ||
            f->problem.status != rows[i].status || strcmp(f->problem.field, rows[i].field) != 0)
            fail_msg("%s: %d %s", rows[i].name, f->problem.status, f->problem.field);
    }
    assert_int_equal(n_sessions(f, "{}"), 2);
    const struct cw_api_own_password own = {CW_STR("anna"), CW_STR(GOOD), CW_STR("blue birds sing"),
                                            CW_STR("b")};
    assert_true(cw_api_own_password(&f->call, &own, &f->problem));
    assert_int_equal(n_sessions(f, "{}"), 1);
    assert_true(cw_password_is(account_of(f, "anna").password_hash, CW_S("blue birds sing")));
}

/* The rows as REST: each at its path, and none hides another. */
static void test_routes(void **state)
{
    static const struct {
        const char *method, *path, *body, *command, *in;
    } rows[] = {
        {"POST", "/accounts", "{\"name\":\"anna\"}", "account new", "{\"name\":\"anna\"}"},
        {"GET", "/accounts/anna%40a.test", "", "account get", "{\"name\":\"anna@a.test\"}"},
        {"PATCH", "/accounts/anna", "{\"enabled\":true}", "account set",
         "{\"name\":\"anna\",\"enabled\":true}"},
        {"DELETE", "/accounts/anna", "", "account remove", "{\"name\":\"anna\"}"},
        {"PUT", "/accounts/anna/password", "{\"generate\":true}", "account password",
         "{\"name\":\"anna\",\"generate\":true}"},
        {"POST", "/tokens", "{\"name\":\"backup\"}", "token new", "{\"name\":\"backup\"}"},
        {"DELETE", "/tokens/7", "", "token remove", "{\"id\":7}"},
        {"DELETE", "/sessions", "", "session end", "{}"},
        {"GET", "/audit/7", "", "audit show", "{\"id\":7}"},
        {"POST", "/audit/7/restore", "", "audit restore", "{\"id\":7}"},
    };
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct cw_rest_request request = {.method = cw_str_of(rows[i].method),
                                                .path = cw_str_of(rows[i].path),
                                                .query = CW_STR(""),
                                                .body = cw_str_of(rows[i].body)};
        struct cw_rest_call call;
        struct cw_str allow;
        if (!cw_rest_route(&f->arena, &request, &call, &f->problem, &allow) ||
            strcmp(call.command->name, rows[i].command) != 0)
            fail_msg("%s %s: %.*s", rows[i].method, rows[i].path, CW_ARG(f->problem.sentence));
        assert_json(call.in, rows[i].in);
        json_decref(call.in);
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_new),
        TEST(test_generate),
        TEST(test_refusals),
        TEST(test_conflict),
        TEST(test_token),
        TEST(test_sessions),
        TEST(test_trail_of_accounts),
        TEST(test_first_account),
        TEST(test_own_password),
        TEST(test_not_first),
        TEST(test_routes),
        TEST(test_first_accounts_at_once),
        TEST(test_last_one_at_once),
        TEST(test_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
