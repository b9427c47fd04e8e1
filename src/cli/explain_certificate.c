/* `causeway explain certificate`: the identities in a certificate, and which of them matches a
 * domain by the rules that a stream uses (RFC 6120 section 13.7).  The chain is judged only against
 * the given CA file. */
#include <stdio.h>

#include "cli/args.h"
#include "cli/explain.h"
#include "cli/explain_input.h"
#include "io/x509.h"

static const char usage[] =
    "certificate FILE --domain D --side initiating|receiving [--ca FILE] [--json]";

struct options {
    struct cw_str file, domain, ca; /* absent when not given */
    bool json;
};

/* What is printed, in either form. */
struct answer {
    const struct cw_cert_name *match; /* NULL: none */
    const char *chain;
    struct cw_str reason;
};

/* NULL, or what is wrong. */
static const char *read_options(struct cw_arena *arena, int argc, char **argv, struct options *o)
{
    struct cw_str side = CW_STR_NONE;
    const struct cw_explain_option options[] = {
        {"domain", &o->domain}, {"side", &side}, {"ca", &o->ca}};
    const char *sentence =
        cw_explain_words(arena, argc, argv,
                         &(struct cw_explain_words){.options = options,
                                                    .n_options = sizeof options / sizeof options[0],
                                                    .word = &o->file,
                                                    .json = &o->json});

    if (sentence)
        return sentence;
    if (!o->file.p || !o->domain.p || !side.p)
        return "a file, --domain and --side are needed";
    /* Both sides match alike: each holds the other's name against its own header. */
    if (!cw_str_eq_cstr(side, "initiating") && !cw_str_eq_cstr(side, "receiving"))
        return "--side is initiating or receiving";
    return NULL;
}

static struct answer judge(struct cw_arena *arena, const struct options *o,
                           const struct cw_cert *cert)
{
    struct answer a = {.match = cw_cert_match(cert, o->domain), .chain = "unchecked"};

    a.reason = CW_S("");
    if (!a.match)
        a.reason = cw_arena_printf(arena, "No name in the certificate is %.*s.", CW_ARG(o->domain));
    if (!o->ca.p)
        return a;
    a.chain = cert->chain_ok && !cert->is_ca ? "ok" : "failed";
    if (!a.match || (cert->chain_ok && !cert->is_ca))
        return a;
    a.reason = cert->chain_ok ? CW_S("The certificate is a certificate authority's own.")
                              : cert->chain_reason;
    return a;
}

static void print_json(struct cw_arena *arena, const struct cw_cert *cert, const struct answer *a)
{
    json_t *names = json_array(), *answer = json_pack("{s:b}", "match", a->match != NULL);
    const char *by = a->match ? cw_cert_name_type_name(a->match->type) : "";

    for (size_t i = 0; i < cert->n_names; i++) {
        const char *type = cw_cert_name_type_name(cert->names[i].type);
        json_t *name = json_pack("{s:s}", "type", type);

        json_object_set_new(name, "value", cw_explain_json(arena, cert->names[i].value));
        if (cert->names[i].malformed)
            json_object_set_new(name, "malformed", json_true());
        json_array_append_new(names, name);
    }
    json_object_set_new(answer, "by", json_string(by));
    json_object_set_new(answer, "names", names);
    json_object_set_new(answer, "chain", json_string(a->chain));
    json_object_set_new(answer, "reason", cw_explain_json(arena, a->reason));
    cw_explain_print(answer);
}

static void print_text(const struct cw_cert *cert, const struct answer *a)
{
    printf("match: %s\n", a->match ? cw_cert_name_type_name(a->match->type) : "none");
    for (size_t i = 0; i < cert->n_names; i++)
        printf("  %-8s  %.*s%s\n", cw_cert_name_type_name(cert->names[i].type),
               CW_ARG(cert->names[i].value), cert->names[i].malformed ? "  (malformed)" : "");
    printf("key: %.*s\n", CW_ARG(cert->pin));
    printf("chain: %s\n", a->chain);
    if (a->reason.n > 0)
        printf("%.*s\n", CW_ARG(a->reason));
}

static int explain(struct cw_arena *arena, const struct options *o)
{
    /* The reader opens files only, and standard input is one. */
    const char *path = cw_str_eq_cstr(o->file, "-") ? "/dev/stdin" : o->file.p;
    struct cw_buf why = {0};
    struct cw_cert cert;
    struct answer a;
    bool is_read = cw_x509_read_pem_file(path, o->ca.p, arena, &cert, &why);

    if (!is_read) {
        fprintf(stderr, "%.*s\n", CW_ARG(cw_buf_str(&why)));
        cw_buf_free(&why);
        return CW_EXIT_USAGE;
    }
    cw_buf_free(&why);
    a = judge(arena, o, &cert);
    if (o->json)
        print_json(arena, &cert, &a);
    else
        print_text(&cert, &a);
    return CW_EXIT_OK;
}

int cw_explain_certificate(int argc, char **argv)
{
    struct cw_arena arena = {0};
    struct options o = {0};
    const char *sentence = read_options(&arena, argc, argv, &o);
    int status = sentence ? cw_explain_usage(sentence, usage) : explain(&arena, &o);

    cw_arena_free(&arena);
    return status;
}
