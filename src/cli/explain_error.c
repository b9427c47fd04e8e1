/* `causeway explain error`: the error tables of RFC 7247 section 7, both ways. */
#include <stdio.h>

#include "cli/args.h"
#include "cli/explain.h"
#include "cli/explain_input.h"
#include "xlate/errors.h"

static const char usage[] =
    "error --xmpp CONDITION --to bare|full [--address NEW] | --sip STATUS [--json]";

struct options {
    bool json;
    struct cw_str xmpp, to, address, sip; /* absent when not given */
};

/* NULL, or what is wrong. */
static const char *read_options(struct cw_arena *arena, int argc, char **argv, struct options *out)
{
    const struct cw_explain_option options[] = {
        {"xmpp", &out->xmpp}, {"to", &out->to}, {"address", &out->address}, {"sip", &out->sip}};
    const char *sentence =
        cw_explain_words(arena, argc, argv,
                         &(struct cw_explain_words){.options = options,
                                                    .n_options = sizeof options / sizeof options[0],
                                                    .json = &out->json});

    if (!sentence && cw_str_is_present(out->xmpp) == cw_str_is_present(out->sip))
        sentence = "one of --xmpp and --sip is needed";
    return sentence;
}

static void print_to_sip(struct cw_arena *arena, const struct options *options,
                         const struct cw_error_facts *facts)
{
    struct cw_sip_response response;
    const char *type = cw_stanza_error_type(facts->condition);

    cw_error_response_of(arena, facts, CW_STR_NONE, &response);
    if (options->json)
        cw_explain_print(json_pack("{s:i, s:o, s:s, s:o}", "status", response.status,
                                   "reason_phrase", cw_explain_json(arena, response.reason_phrase),
                                   "type", type, "contact",
                                   cw_explain_json(arena, response.contact)));
    else
        printf("%d %.*s (stanza error type %s)%s%.*s\n", response.status,
               CW_ARG(response.reason_phrase), type, response.contact.n ? ", Contact " : "",
               CW_ARG(response.contact));
}

static const char *explain_to_sip(struct cw_arena *arena, const struct options *options)
{
    struct cw_error_facts facts = {.is_full = cw_str_eq_cstr(options->to, "full"),
                                   .address = options->address};

    if (!facts.is_full && !cw_str_eq_cstr(options->to, "bare"))
        return "--to must be bare or full";
    if (!cw_stanza_error_of(options->xmpp, &facts.condition))
        return "--xmpp is no stanza error condition (RFC 6120 section 8.3.3)";
    print_to_sip(arena, options, &facts);
    return NULL;
}

static const char *explain_to_xmpp(const struct options *options)
{
    uint64_t status;

    if (!cw_str_to_u64(options->sip, &status) || status < 300 || status > 699)
        return "--sip must be a status of 300 to 699";
    enum cw_stanza_error condition = cw_error_of_status((int)status);
    const char *name = cw_stanza_error_name(condition), *type = cw_stanza_error_type(condition);
    if (options->json)
        cw_explain_print(json_pack("{s:s, s:s}", "condition", name, "type", type));
    else
        printf("%s (type %s)\n", name, type);
    return NULL;
}

int cw_explain_error(int argc, char **argv)
{
    struct cw_arena arena = {0};
    struct options options = {0};
    const char *sentence = read_options(&arena, argc, argv, &options);

    if (!sentence)
        sentence = cw_str_is_present(options.xmpp) ? explain_to_sip(&arena, &options)
                                                   : explain_to_xmpp(&options);
    int status = sentence ? cw_explain_usage(sentence, usage) : CW_EXIT_OK;
    cw_arena_free(&arena);
    return status;
}
