/* `causeway explain jid` and `causeway explain sip`: an address as the program reads it, and as it
 * stands on the other side (RFC 7622, RFC 7247 section 6). */
#include <stdio.h>

#include "cli/args.h"
#include "cli/explain.h"
#include "cli/explain_input.h"
#include "xlate/address.h"

static const char jid_usage[] = "jid ADDRESS [--compare OTHER] [--json]";
static const char sip_usage[] = "sip URI [--json]";

struct options {
    bool json;
    struct cw_str address, compare; /* absent when not given */
};

/* False: a sentence stands on standard error. */
static bool read_options(struct cw_arena *arena, int argc, char **argv, bool takes_compare,
                         const char *usage, struct options *out)
{
    *out = (struct options){0};
    const struct cw_explain_option compare = {"compare", &out->compare};
    const char *sentence = cw_explain_words(arena, argc, argv,
                                            &(struct cw_explain_words){.options = &compare,
                                                                       .n_options = takes_compare,
                                                                       .word = &out->address,
                                                                       .json = &out->json});

    if (!sentence && !cw_str_is_present(out->address))
        sentence = "an address is needed";
    if (sentence) {
        cw_explain_usage(sentence, usage);
        return false;
    }
    return cw_explain_argument(arena, out->address, &out->address);
}

static void print_jid_text(struct cw_arena *arena, const struct cw_jid *jid)
{
    printf("%.*s\n", CW_ARG(cw_jid_str(arena, jid)));
    printf("  local     %.*s\n  domain    %.*s\n  resource  %.*s\n", CW_ARG(jid->local),
           CW_ARG(jid->domain), CW_ARG(jid->resource));
    printf("  sip       %.*s\n", CW_ARG(cw_addr_jid_to_uri(arena, jid, CW_ADDR_SIP)));
    printf("  im        %.*s\n", CW_ARG(cw_addr_jid_to_uri(arena, jid, CW_ADDR_IM)));
    printf("  pres      %.*s\n", CW_ARG(cw_addr_jid_to_uri(arena, jid, CW_ADDR_PRES)));
    if (!cw_addr_is_reversible(arena, jid))
        puts("  An answer would not find back to this address: messages from it are refused.");
}

static json_t *jid_json(struct cw_arena *arena, const struct cw_jid *jid, enum cw_jid_fault fault)
{
    const struct {
        const char *name;
        struct cw_str value;
    } fields[] = {
        {"reason", fault ? cw_str_of(cw_jid_fault_text(fault)) : CW_S("")},
        {"local", jid->local},
        {"domain", jid->domain},
        {"resource", jid->resource},
        {"normalised", fault ? CW_S("") : cw_jid_str(arena, jid)},
        {"sip", fault ? CW_S("") : cw_addr_jid_to_uri(arena, jid, CW_ADDR_SIP)},
        {"im", fault ? CW_S("") : cw_addr_jid_to_uri(arena, jid, CW_ADDR_IM)},
        {"pres", fault ? CW_S("") : cw_addr_jid_to_uri(arena, jid, CW_ADDR_PRES)},
    };
    json_t *answer = json_pack("{s:b}", "valid", fault == CW_JID_OK);
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
        json_object_set_new(answer, fields[i].name, cw_explain_json(arena, fields[i].value));
    return answer;
}

int cw_explain_jid(int argc, char **argv)
{
    struct cw_arena arena = {0};
    struct options options;
    struct cw_jid jid = {0}, other;

    if (!read_options(&arena, argc, argv, true, jid_usage, &options)) {
        cw_arena_free(&arena);
        return CW_EXIT_USAGE;
    }
    enum cw_jid_fault fault = cw_jid_parse(&arena, options.address, &jid);
    if (fault)
        jid = (struct cw_jid){0};
    bool compares = cw_str_is_present(options.compare);
    bool equal = compares && !fault && cw_jid_parse(&arena, options.compare, &other) == CW_JID_OK &&
                 cw_jid_eq(&jid, &other);
    if (options.json) {
        json_t *answer = jid_json(&arena, &jid, fault);
        if (compares)
            json_object_set_new(answer, "equal", json_boolean(equal));
        cw_explain_print(answer);
    } else {
        if (fault)
            printf("not valid: %s\n", cw_jid_fault_text(fault));
        else
            print_jid_text(&arena, &jid);
        if (compares)
            puts(equal ? "  equal to the other address" : "  not equal to the other address");
    }
    cw_arena_free(&arena);
    return CW_EXIT_OK;
}

int cw_explain_sip(int argc, char **argv)
{
    struct cw_arena arena = {0};
    struct options options;
    struct cw_jid jid;

    if (!read_options(&arena, argc, argv, false, sip_usage, &options)) {
        cw_arena_free(&arena);
        return CW_EXIT_USAGE;
    }
    enum cw_addr_fault fault = cw_addr_sip_to_jid(&arena, options.address, &jid);
    struct cw_str text = fault ? CW_S("") : cw_jid_str(&arena, &jid);
    const char *reason = fault ? cw_addr_fault_text(fault) : "";
    if (options.json)
        cw_explain_print(json_pack("{s:b, s:s, s:o}", "valid", fault == CW_ADDR_OK, "reason",
                                   reason, "jid", cw_explain_json(&arena, text)));
    else if (fault)
        printf("not valid: %s\n", reason);
    else
        printf("%.*s\n%s", CW_ARG(text),
               cw_addr_is_sips(options.address)
                   ? "  Requests to a sips address are not translated.\n"
                   : "");
    cw_arena_free(&arena);
    return CW_EXIT_OK;
}
