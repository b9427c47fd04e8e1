/* Which certificate a stream gets, which new files are taken, and what is told of them. */
#include "certs.h"
#include "harness.h"

#include "edge/certificates.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct dir dir;
static struct issued ca;
static const struct cw_log_ctx quiet = {.role = "test"};

static int make_ca(void **state)
{
    (void)state;
    cw_log_setup(CW_LOG_ERROR, CW_LOG_TEXT);
    dir_make(&dir);
    ca = issue(&(struct cert_spec){.cn = "CA", .is_ca = true});
    issued_write(&ca, NULL, &dir, "ca");
    return 0;
}

static int remove_ca(void **state)
{
    (void)state;
    issued_free(&ca);
    dir_remove(&dir);
    return 0;
}

/* Writes NAME.crt and NAME.key; signed by the CA unless the spec says otherwise. */
static void make(const char *name, struct cert_spec spec)
{
    struct issued one;
    if (!spec.issuer)
        spec.issuer = &ca;
    one = issue(&spec);
    issued_write(&one, NULL, &dir, name);
    issued_free(&one);
}

static void copy(const char *from, const char *to)
{
    char a[128], b[128], command[300];
    snprintf(command, sizeof command, "cp %s %s", in_dir(&dir, from, a), in_dir(&dir, to, b));
    assert_int_equal(system(command), 0);
}

/* A set of pairs, given as names, for local domains. */
struct set {
    struct event_base *base;
    struct cw_arena arena;
    struct cw_certificate_config files[8];
    size_t n_files;
    struct cw_str domains[8];
    size_t n_domains;
    char ca[128];
    struct edge_certificates *certificates;
    struct cw_buf why;
};

static struct cw_str path_of(struct set *set, const char *name, const char *suffix)
{
    return cw_arena_printf(&set->arena, "%s/%s.%s", dir.path, name, suffix);
}

static void open_set(struct set *set, const char *const *names, const char *const *domains)
{
    *set = (struct set){.base = event_base_new()};
    for (; names[set->n_files]; set->n_files++)
        set->files[set->n_files] = (struct cw_certificate_config){
            path_of(set, names[set->n_files], "crt"), path_of(set, names[set->n_files], "key")};
    for (; domains[set->n_domains]; set->n_domains++)
        set->domains[set->n_domains] = cw_str_of(domains[set->n_domains]);
    set->certificates = edge_certificates_new(
        &(struct edge_certificates_config){
            .base = set->base,
            .log = &quiet,
            .files = set->files,
            .n_files = set->n_files,
            .local_domains = set->domains,
            .n_local_domains = set->n_domains,
            .tls = {.ca_file = in_dir(&dir, "ca.crt", set->ca)},
            .look_every_ms = 20,
        },
        &set->why);
}

static void close_set(struct set *set)
{
    edge_certificates_free(&set->certificates);
    event_base_free(set->base);
    cw_arena_free(&set->arena);
    cw_buf_free(&set->why);
}

/* The certificate's subject says which one it is. */
static bool is_subject(const struct cw_tls_ctx *tls, const char *cn)
{
    char want[80];
    snprintf(want, sizeof want, "CN = %s", cn);
    return cw_str_eq_cstr(cw_tls_ctx_cert(tls)->subject, want);
}

/* --- picking ----------------------------------------------------------------------------------*/

static void picking(void **state)
{
    static const char *const names[] = {"first", "wild", "exact", "old", "new", "srv", NULL};
    static const char *const domains[] = {"a.example", "x.b.example",  "y.b.example",
                                          "c.example", "bare.example", "xn--bcher-kva.example",
                                          NULL};
    static const struct {
        const char *name, *domain;
        const char *stream; /* whose certificate a stream of that local domain gets */
        const char *sni;    /* and a client that asks for it; NULL: an unknown name */
    } rows[] = {
        {"one certificate for several, first name", "a.example", "first", "first"},
        {"second name", "xn--bcher-kva.example", "first", "first"},
        {"as it is read", "Bücher.Example", "first", "first"},
        {"wildcard", "x.b.example", "wild", "wild"},
        {"exact before wildcard", "y.b.example", "exact", "exact"},
        {"valid before expired", "c.example", "new", "new"},
        {"local domain that none names", "bare.example", "first", "first"},
        {"named, but no local domain", "z.b.example", "wild", "wild"},
        {"named as SRV-ID only", "srv.example", "srv", "srv"},
        {"two labels under a wildcard", "x.y.b.example", "first", NULL},
        {"nobody's", "other.example", "first", NULL},
        {"no domain at all", "", "first", NULL},
        {"no name by its form", "a..b", "first", NULL},
    };
    struct set set;
    (void)state;
    make("first",
         (struct cert_spec){.cn = "first", .sans = "DNS:a.example,DNS:xn--bcher-kva.example"});
    make("wild", (struct cert_spec){.cn = "wild", .sans = "DNS:*.b.example"});
    make("exact", (struct cert_spec){.cn = "exact", .sans = "DNS:y.b.example"});
    make("old",
         (struct cert_spec){.cn = "old", .sans = "DNS:c.example", .days_from = -9, .days_to = -1});
    make("new", (struct cert_spec){.cn = "new", .sans = "DNS:c.example"});
    make("srv", (struct cert_spec){
                    .cn = "srv",
                    .sans = "otherName:1.3.6.1.5.5.7.8.7;IA5STRING:_xmpp-server.srv.example"});
    open_set(&set, names, domains);
    if (!set.certificates)
        fail_msg("%.*s", CW_ARG(cw_buf_str(&set.why)));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct cw_str domain = cw_str_of(rows[i].domain);
        const struct cw_tls_ctx *stream = edge_certificates_for(set.certificates, domain);
        const struct cw_tls_ctx *sni = edge_certificates_pick(set.certificates, domain);
        if (!is_subject(stream, rows[i].stream) || (sni != NULL) != (rows[i].sni != NULL) ||
            (sni && !is_subject(sni, rows[i].sni)))
            fail_msg("%s: stream %.*s, SNI %.*s", rows[i].name,
                     CW_ARG(cw_tls_ctx_cert(stream)->subject),
                     CW_ARG(sni ? cw_tls_ctx_cert(sni)->subject : CW_S("none")));
    }
    close_set(&set);
}

/* --- at start ---------------------------------------------------------------------------------*/

static void at_start(void **state)
{
    static const char *const domains[] = {"a.example", NULL};
    static const struct {
        const char *name;
        const char *files[3];
        const char *why; /* NULL: it starts, with what of a.example */
        const char *shown;
    } rows[] = {
        {"one", {"good"}, NULL, "good"},
        {"none", {NULL}, "edge.certificate is not set", NULL},
        {"its only one is bad", {"mixed"}, "does not belong", NULL},
        {"one of two is bad", {"mixed", "good"}, NULL, "good"},
        {"one of two is missing", {"good", "missing"}, NULL, "good"},
        {"both are bad: the first is told", {"missing", "mixed"}, "missing.crt", NULL},
        {"expired, better than nothing", {"expired"}, NULL, "expired"},
        {"self-signed", {"self"}, NULL, "self"},
    };
    struct issued self = issue(&(struct cert_spec){.cn = "self", .sans = "DNS:a.example"});
    (void)state;
    issued_write(&self, NULL, &dir, "self");
    issued_free(&self);
    make("good", (struct cert_spec){.cn = "good", .sans = "DNS:a.example"});
    make("mixed", (struct cert_spec){.cn = "mixed", .sans = "DNS:a.example"});
    copy("good.key", "mixed.key");
    make("expired", (struct cert_spec){
                        .cn = "expired", .sans = "DNS:a.example", .days_from = -9, .days_to = -1});
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct set set;
        open_set(&set, rows[i].files, domains);
        cw_buf_putc(&set.why, '\0');
        if ((set.certificates != NULL) != (rows[i].why == NULL) ||
            (rows[i].why && !strstr(set.why.p, rows[i].why)))
            fail_msg("%s: \"%s\"", rows[i].name, set.why.p);
        if (set.certificates &&
            !is_subject(edge_certificates_for(set.certificates, CW_S("a.example")), rows[i].shown))
            fail_msg("%s", rows[i].name);
        close_set(&set);
    }
}

/* --- new files --------------------------------------------------------------------------------*/

/* Reads `what` of the answer's certificate of that index. */
static struct cw_str told(json_t *answer, size_t index, const char *what)
{
    json_t *one = json_array_get(json_object_get(answer, "certificates"), index);
    const char *text = json_string_value(json_object_get(one, what));
    return cw_str_of(text ? text : "");
}

static void reload(void **state)
{
    static const char *const names[] = {"live", "other", NULL};
    static const char *const domains[] = {"a.example", "b.example", NULL};
    static const struct {
        const char *name, *certificate, *key; /* copied to live.crt and live.key */
        const char *result, *sentence, *shown;
    } rows[] = {
        {"nothing new", NULL, NULL, "unchanged", "in use", "v1"},
        {"renewed", "v2", "v2", "reloaded", "valid until", "v2"},
        {"only the certificate", "v3", NULL, "refused", "does not belong", "v2"},
        {"now its key too", NULL, "v3", "reloaded", "valid until", "v3"},
        {"expired", "expired", "expired", "refused", "expired at", "v3"},
        {"not valid yet", "early", "early", "refused", "not valid yet", "v3"},
        {"of other domains", "foreign", "foreign", "refused", "names no local domain", "v3"},
        {"a weak key", "weak", "weak", "refused", "too weak", "v3"},
        {"the same as before", "v3", "v3", "unchanged", "in use", "v3"},
        {"self-signed", "self", "self", "reloaded", "valid until", "self"},
    };
    struct set set;
    struct issued self = issue(&(struct cert_spec){.cn = "self", .sans = "DNS:a.example"});
    (void)state;
    issued_write(&self, NULL, &dir, "self");
    issued_free(&self);
    make("v1", (struct cert_spec){.cn = "v1", .sans = "DNS:a.example"});
    make("v2", (struct cert_spec){.cn = "v2", .sans = "DNS:a.example"});
    make("v3", (struct cert_spec){.cn = "v3", .sans = "DNS:a.example"});
    make("expired", (struct cert_spec){
                        .cn = "expired", .sans = "DNS:a.example", .days_from = -9, .days_to = -1});
    make("early",
         (struct cert_spec){.cn = "early", .sans = "DNS:a.example", .days_from = 1, .days_to = 9});
    make("foreign", (struct cert_spec){.cn = "foreign", .sans = "DNS:c.example"});
    make("weak", (struct cert_spec){.cn = "weak", .sans = "DNS:a.example", .rsa_bits = 1024});
    make("other", (struct cert_spec){.cn = "other", .sans = "DNS:b.example"});
    copy("v1.crt", "live.crt");
    copy("v1.key", "live.key");
    open_set(&set, names, domains);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char file[40];
        snprintf(file, sizeof file, "%s.crt", rows[i].certificate);
        if (rows[i].certificate)
            copy(file, "live.crt");
        snprintf(file, sizeof file, "%s.key", rows[i].key);
        if (rows[i].key)
            copy(file, "live.key");
        json_t *answer = edge_certificates_reload(set.certificates);
        struct cw_str result = told(answer, 0, "result"), sentence = told(answer, 0, "sentence");
        const struct cw_tls_ctx *shown = edge_certificates_for(set.certificates, CW_S("a.example"));
        if (!cw_str_eq_cstr(result, rows[i].result) || !is_subject(shown, rows[i].shown) ||
            cw_str_find(sentence, cw_str_of(rows[i].sentence)) < 0)
            fail_msg("%s: %s, \"%s\", shown is %.*s", rows[i].name, result.p, sentence.p,
                     CW_ARG(cw_tls_ctx_cert(shown)->subject));
        if (!cw_str_eq_cstr(told(answer, 1, "result"), "unchanged"))
            fail_msg("%s: the other pair", rows[i].name);
        json_decref(answer);
    }
    close_set(&set);
}

static bool shows(struct set *set, const char *cn)
{
    return is_subject(edge_certificates_for(set->certificates, CW_S("a.example")), cn);
}

/* Nobody says reload: files are found by looking, links switched included, and not before both
 * are there. */
static void watched(void **state)
{
    static const char *const names[] = {"link", NULL}, *const domains[] = {"a.example", NULL};
    char link_crt[128], link_key[128], next[128];
    struct set set;
    (void)state;
    make("v1", (struct cert_spec){.cn = "v1", .sans = "DNS:a.example"});
    make("v2", (struct cert_spec){.cn = "v2", .sans = "DNS:a.example"});
    in_dir(&dir, "link.crt", link_crt);
    in_dir(&dir, "link.key", link_key);
    assert_int_equal(symlink("v1.crt", link_crt) + symlink("v1.key", link_key), 0);
    open_set(&set, names, domains);
    run_for(set.base, 100);
    assert_true(shows(&set, "v1"));
    in_dir(&dir, "next", next);
    assert_int_equal(symlink("v2.crt", next) + rename(next, link_crt), 0);
    run_for(set.base, 100); /* the key is still missing: refused once, v1 stays */
    assert_true(shows(&set, "v1"));
    assert_int_equal(symlink("v2.key", next) + rename(next, link_key), 0);
    RUN_UNTIL(set.base, shows(&set, "v2"));
    assert_int_equal(unlink(link_crt), 0);
    run_for(set.base, 100);
    assert_true(shows(&set, "v2"));
    close_set(&set);
}

/* --- what is told -----------------------------------------------------------------------------*/

static bool warns_of(json_t *answer, size_t index, const char *words)
{
    json_t *one = json_array_get(json_object_get(answer, "certificates"), index), *warning;
    size_t i;
    json_array_foreach(json_object_get(one, "warnings"), i,
                       warning) if (strstr(json_string_value(warning), words)) return true;
    return false;
}

static void listed(void **state)
{
    static const char *const names[] = {"good", "old", "foreign", "missing", NULL};
    static const char *const domains[] = {"a.example", "b.example", "c.example", NULL};
    char path[128];
    struct set set;
    (void)state;
    make("good", (struct cert_spec){.cn = "good",
                                    .sans = "DNS:a.example,DNS:*.b.example",
                                    .days_from = -1,
                                    .days_to = 90});
    make("old",
         (struct cert_spec){.cn = "old", .sans = "DNS:b.example", .days_from = -9, .days_to = -1});
    make("foreign", (struct cert_spec){.cn = "foreign", .sans = "DNS:z.example"});
    chmod(in_dir(&dir, "good.key", path), 0600);
    chmod(in_dir(&dir, "old.key", path), 0644);
    open_set(&set, names, domains);
    json_t *answer = edge_certificates_list(set.certificates);
    json_t *good = json_array_get(json_object_get(answer, "certificates"), 0);
    assert_int_equal(json_array_size(json_object_get(answer, "certificates")), 4);
    assert_int_equal(json_array_size(json_object_get(good, "warnings")), 0);
    assert_int_equal(json_array_size(json_object_get(good, "names")), 3); /* the CN too */
    assert_int_equal(json_array_size(json_object_get(good, "covers")), 1);
    assert_in_range(json_integer_value(json_object_get(good, "days-left")), 89, 90);
    assert_true(cw_str_eq_cstr(told(answer, 0, "chain"), "ok"));
    assert_true(cw_str_eq_cstr(told(answer, 0, "issuer"), "CN = CA"));
    assert_int_equal(told(answer, 0, "not-before").n, 20);
    assert_int_equal(told(answer, 0, "not-after").n, 20);
    assert_true(cw_str_find(told(answer, 1, "chain"), CW_S("expired")) >= 0);
    assert_true(warns_of(answer, 1, "it expired at"));
    assert_true(warns_of(answer, 1, "every user of this machine can read the key"));
    assert_true(warns_of(answer, 2, "it names no local domain"));
    assert_true(warns_of(answer, 2, "it expires at"));
    assert_true(warns_of(answer, 3, "missing.crt"));
    json_t *uncovered = json_object_get(answer, "uncovered");
    assert_int_equal(json_array_size(uncovered), 1);
    assert_string_equal(json_string_value(json_array_get(uncovered, 0)), "c.example");
    json_decref(answer);
    close_set(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(picking), cmocka_unit_test(at_start), cmocka_unit_test(reload),
        cmocka_unit_test(watched), cmocka_unit_test(listed),
    };
    return cmocka_run_group_tests(tests, make_ca, remove_ca);
}
