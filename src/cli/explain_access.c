/* `causeway explain access`: may these two reach each other?  By the rules that the gateway asks
 * (policy/contact.h), with what stands in the store: partners, invitations, blocks, access rules.
 *
 * Which of the two is the local user follows from the local domains; so a question has a direction,
 * and alice@contoso.test may write to a partner's user who may not write to her. */
#include <stdio.h>

#include "api/judge.h"
#include "cli/args.h"
#include "cli/explain.h"
#include "cli/explain_input.h"
#include "conf/config.h"
#include "xlate/address.h"

static const char usage[] =
    "access --from ADDRESS --to ADDRESS [--event message|presence] [--config FILE] [--json]";

struct question {
    bool json, is_presence;
    struct cw_str from, to, event, config; /* as given */
    struct cw_jid from_jid, to_jid;
};

struct answer {
    bool allowed;
    const char *rule;
    struct cw_str partner;
    const char *reason;
};

/* NULL, or what is wrong with the words. */
static const char *read_words(struct cw_arena *arena, int argc, char **argv, struct question *q)
{
    const struct cw_explain_option options[] = {
        {"from", &q->from}, {"to", &q->to}, {"event", &q->event}, {"config", &q->config}};
    const char *sentence = cw_explain_words(
        arena, argc, argv,
        &(struct cw_explain_words){
            .options = options, .n_options = sizeof options / sizeof *options, .json = &q->json});
    if (sentence)
        return sentence;
    if (!cw_str_is_present(q->from) || !cw_str_is_present(q->to))
        return "--from and --to are needed";
    q->is_presence = cw_str_eq_cstr(q->event, "presence");
    if (cw_str_is_present(q->event) && !q->is_presence && !cw_str_eq_cstr(q->event, "message"))
        return "--event is message or presence";
    return NULL;
}

/* An address of either side; one of a user, since a domain as a whole is nobody's contact. */
static bool read_address(struct cw_arena *arena, struct cw_str text, struct cw_jid *out)
{
    bool ok = cw_str_index(text, ':') >= 0 ? cw_addr_sip_to_jid(arena, text, out) == CW_ADDR_OK
                                           : cw_jid_parse(arena, text, out) == CW_JID_OK;
    return ok && cw_str_is_present(out->local);
}

static enum cw_contact_event event_of(bool is_outbound, bool is_presence)
{
    if (is_outbound)
        return is_presence ? CW_CONTACT_SUBSCRIBE_OUT : CW_CONTACT_MESSAGE_OUT;
    return is_presence ? CW_CONTACT_SUBSCRIBE_IN : CW_CONTACT_MESSAGE_IN;
}

/* Both or neither of them local: there is no border between them. */
static bool crosses(const struct cw_policy *policy, const struct question *q, struct answer *out)
{
    bool from_is_local = cw_policy_is_local(policy, q->from_jid.domain);
    if (from_is_local != cw_policy_is_local(policy, q->to_jid.domain))
        return true;
    out->rule = "local domains";
    out->reason = from_is_local ? "both addresses are in local domains"
                                : "neither address is in a local domain";
    return false;
}

static enum cw_err judge(struct cw_store *store, const struct cw_policy *policy,
                         struct cw_arena *arena, const struct question *q, struct answer *out)
{
    bool is_outbound = cw_policy_is_local(policy, q->from_jid.domain);
    struct cw_contact_facts facts;
    struct cw_contact_verdict verdict;
    enum cw_err err = cw_api_facts(store, policy, is_outbound ? &q->from_jid : &q->to_jid,
                                   is_outbound ? &q->to_jid : &q->from_jid, arena, &facts);
    if (err)
        return err;
    cw_contact_judge(event_of(is_outbound, q->is_presence), &facts, &verdict);
    out->allowed = verdict.answer != CW_CONTACT_REFUSE;
    out->rule = verdict.rule;
    out->reason = verdict.answer == CW_CONTACT_ASK ? "the SIP side accepts or declines"
                  : verdict.reason                 ? verdict.reason
                                                   : "";
    if (facts.partner)
        out->partner = cw_arena_dup(arena, facts.partner->domain);
    return CW_OK;
}

/* Reads configuration and store; false: a sentence stands on standard error. */
static bool ask(struct cw_arena *arena, const struct question *q, struct answer *out)
{
    struct cw_config config = {0};
    struct cw_refusal refusal = {.field = ""};
    struct cw_store *store = NULL;
    struct cw_policy *policy = NULL;
    const char *path = cw_str_is_present(q->config) ? q->config.p : NULL;
    enum cw_err err = cw_config_load(cw_config_path(path), &config, arena, &refusal.sentence);
    if (!err)
        err = cw_store_open(&(struct cw_store_options){.path = config.gateway.store.p,
                                                       .local_domains = config.local_domains,
                                                       .n_local_domains = config.n_local_domains},
                            &store, arena, &refusal);
    if (!err)
        err = cw_store_load_policy(store, &policy);
    if (!err && crosses(policy, q, out))
        err = judge(store, policy, arena, q, out);
    if (err)
        fprintf(stderr, "%.*s\n",
                CW_ARG(cw_str_is_present(refusal.sentence) ? refusal.sentence
                                                           : cw_str_of(cw_err_text(err))));
    cw_policy_unref(&policy);
    cw_store_close(&store);
    cw_config_free(&config);
    return !err;
}

static void print(struct cw_arena *arena, const struct question *q, const struct answer *answer)
{
    if (q->json) {
        cw_explain_print(json_pack("{s:b, s:s, s:o, s:s}", "allowed", answer->allowed, "rule",
                                   answer->rule, "partner", cw_explain_json(arena, answer->partner),
                                   "reason", answer->reason));
        return;
    }
    printf("%s, by %s\n", answer->allowed ? "allowed" : "refused", answer->rule);
    if (cw_str_is_present(answer->partner))
        printf("  partner   %.*s\n", CW_ARG(answer->partner));
    if (answer->reason[0])
        printf("  reason    %s\n", answer->reason);
}

int cw_explain_access(int argc, char **argv)
{
    struct cw_arena arena = {0};
    struct question q = {0};
    struct answer answer = {.rule = "address"};
    int status = CW_EXIT_OK;
    const char *sentence = read_words(&arena, argc, argv, &q);

    if (sentence) {
        status = cw_explain_usage(sentence, usage);
    } else if (!cw_explain_argument(&arena, q.from, &q.from) ||
               !cw_explain_argument(&arena, q.to, &q.to)) {
        status = CW_EXIT_USAGE;
    } else if (!read_address(&arena, q.from, &q.from_jid)) {
        answer.reason = "--from is no user's address";
        print(&arena, &q, &answer);
    } else if (!read_address(&arena, q.to, &q.to_jid)) {
        answer.reason = "--to is no user's address";
        print(&arena, &q, &answer);
    } else if (ask(&arena, &q, &answer)) {
        print(&arena, &q, &answer);
    } else {
        status = CW_EXIT_REFUSED;
    }
    cw_arena_free(&arena);
    return status;
}
