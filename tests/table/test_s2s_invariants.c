/* What must hold in every row of the table, whatever the policy of the day: a change of
 * s2s_policy.ref that breaks one of these is a hole, not a policy. */
#include "space.h"

#include <stdio.h>

struct row {
    struct point at;
    struct cw_rules rules;
    struct cw_facts facts;
    struct cw_verdict verdict;
    struct cw_nego_row allowed;
};

static bool in_row(const struct row *r, enum cw_method m)
{
    for (size_t i = 0; i < r->allowed.n_methods; i++)
        if (r->allowed.methods[i] == m)
            return true;
    return false;
}

static bool is_ready(const struct row *r)
{
    return r->verdict.action == CW_NEGO_READY;
}

static enum cw_method trust(const struct cw_verdict *v)
{
    return v->action == CW_NEGO_READY ? v->method : CW_METHOD_NONE;
}

static bool ready_by_a_method_of_the_row(const struct row *r)
{
    return !is_ready(r) || (r->allowed.valid && in_row(r, r->verdict.method));
}

static bool refused_settings_never_work(const struct row *r)
{
    return r->allowed.valid || r->verdict.action == CW_NEGO_REFUSE;
}

static bool required_tls_never_yields_plain(const struct row *r)
{
    return r->rules.tls != CW_REQUIRED || r->facts.tls == CW_TLS_UP ||
           (!is_ready(r) && r->verdict.action != CW_NEGO_START_DIALBACK &&
            !r->verdict.may_dialback && !r->verdict.may_external);
}

static bool forbidden_tls_is_never_used(const struct row *r)
{
    return r->rules.tls != CW_NOT_SUPPORTED ||
           (r->verdict.action != CW_NEGO_START_TLS && !r->verdict.may_starttls &&
            !(is_ready(r) && r->facts.tls == CW_TLS_UP));
}

static bool sasl_only_over_tls_with_a_good_certificate(const struct row *r)
{
    bool sasl = r->verdict.method == CW_METHOD_SASL_EXTERNAL &&
                (is_ready(r) || r->verdict.action == CW_NEGO_START_EXTERNAL);

    return !(sasl || r->verdict.may_external) ||
           (r->facts.tls == CW_TLS_UP && r->facts.cert == CW_CERT_GOOD);
}

static bool sasl_not_supported_never_yields_sasl(const struct row *r)
{
    return r->rules.sasl != CW_NOT_SUPPORTED ||
           (r->verdict.method != CW_METHOD_SASL_EXTERNAL && !r->verdict.may_external);
}

static bool dialback_false_never_yields_dialback(const struct row *r)
{
    return r->rules.dialback ||
           (r->verdict.method != CW_METHOD_TLS_DIALBACK &&
            r->verdict.method != CW_METHOD_TCP_DIALBACK && !r->verdict.may_dialback);
}

static bool required_tls_and_sasl_never_yield_dialback(const struct row *r)
{
    return !(r->rules.tls == CW_REQUIRED && r->rules.sasl == CW_REQUIRED) ||
           (r->verdict.method != CW_METHOD_TLS_DIALBACK &&
            r->verdict.method != CW_METHOD_TCP_DIALBACK && !r->verdict.may_dialback);
}

static bool ready_rests_on_a_success(const struct row *r)
{
    if (!is_ready(r))
        return true;
    return r->verdict.method == CW_METHOD_SASL_EXTERNAL ? r->facts.sasl == CW_SASL_SUCCESS
                                                        : r->facts.dialback == CW_DIALBACK_VALID;
}

static bool the_method_says_what_was_seen(const struct row *r)
{
    return !is_ready(r) ||
           (r->verdict.method == CW_METHOD_TCP_DIALBACK) == (r->facts.tls != CW_TLS_UP);
}

static bool failed_tls_ends_it(const struct row *r)
{
    return r->facts.tls != CW_TLS_FAILED || r->verdict.action == CW_NEGO_REFUSE;
}

static bool a_refusal_has_a_reason(const struct row *r)
{
    return r->verdict.action != CW_NEGO_REFUSE || r->verdict.reason != CW_REASON_NONE;
}

static bool each_side_does_its_own_part(const struct row *r)
{
    const struct cw_verdict *v = &r->verdict;

    if (r->facts.direction == CW_OUTBOUND)
        return !v->may_starttls && !v->must_starttls && !v->may_external && !v->may_dialback;
    return v->action == CW_NEGO_WAIT || v->action == CW_NEGO_READY || v->action == CW_NEGO_REFUSE;
}

static bool nothing_is_begun_twice(const struct row *r)
{
    switch (r->verdict.action) {
    case CW_NEGO_START_TLS:
        return r->facts.tls == CW_TLS_NONE;
    case CW_NEGO_START_EXTERNAL:
        return r->facts.sasl == CW_SASL_NONE || r->facts.cert != CW_CERT_GOOD;
    case CW_NEGO_START_DIALBACK:
        return r->facts.dialback == CW_DIALBACK_NONE;
    case CW_NEGO_WAIT:
    case CW_NEGO_READY:
    case CW_NEGO_REFUSE:
        return true;
    }
    return false;
}

/* With one fact made weaker the trust is never higher.  TLS itself is left out where the settings
 * forbid it: there a stream with TLS is refused and one without is what was asked for. */
static bool never_more_trust_from_fewer_facts(const struct row *r)
{
    static const enum dim dims[] = {DIM_TLS, DIM_CERT, DIM_SASL, DIM_DIALBACK};

    for (size_t i = 0; i < sizeof dims / sizeof dims[0]; i++) {
        enum dim d = dims[i];
        struct point weaker = r->at;
        struct cw_rules rules;
        struct cw_facts facts;
        struct cw_verdict v;

        if (d == DIM_TLS && (r->facts.tls != CW_TLS_UP || r->rules.tls == CW_NOT_SUPPORTED))
            continue;
        /* A failure is no weaker form of "none", nor the reverse. */
        if ((d == DIM_SASL && r->facts.sasl == CW_SASL_FAILED) ||
            (d == DIM_DIALBACK && r->facts.dialback > CW_DIALBACK_VALID))
            continue;
        for (weaker.at[d] = 0; weaker.at[d] < r->at.at[d]; weaker.at[d]++) {
            space_read(&weaker, &rules, &facts);
            v = cw_nego_decide(&rules, &facts);
            if (trust(&v) > trust(&r->verdict))
                return false;
        }
    }
    return true;
}

static const struct invariant {
    const char *name;
    bool (*holds)(const struct row *);
} invariants[] = {
    {"ready by a method of the row", ready_by_a_method_of_the_row},
    {"refused settings never work", refused_settings_never_work},
    {"required TLS never yields plain", required_tls_never_yields_plain},
    {"forbidden TLS is never used", forbidden_tls_is_never_used},
    {"SASL only over TLS with a good certificate", sasl_only_over_tls_with_a_good_certificate},
    {"SASL NotSupported never yields SASL", sasl_not_supported_never_yields_sasl},
    {"dialback false never yields dialback", dialback_false_never_yields_dialback},
    {"required TLS and SASL never yield dialback", required_tls_and_sasl_never_yield_dialback},
    {"ready rests on a success", ready_rests_on_a_success},
    {"the method says what was seen", the_method_says_what_was_seen},
    {"failed TLS ends it", failed_tls_ends_it},
    {"a refusal has a reason", a_refusal_has_a_reason},
    {"each side does its own part", each_side_does_its_own_part},
    {"nothing is begun twice", nothing_is_begun_twice},
    {"never more trust from fewer facts", never_more_trust_from_fewer_facts},
};

int main(void)
{
    struct row r = {0};
    size_t rows = 0, ready = 0, failures = 0;

    do {
        space_read(&r.at, &r.rules, &r.facts);
        r.verdict = cw_nego_decide(&r.rules, &r.facts);
        r.allowed = cw_nego_row(&r.rules);
        rows++;
        ready += is_ready(&r);
        for (size_t i = 0; i < sizeof invariants / sizeof invariants[0]; i++) {
            char where[400];

            if (invariants[i].holds(&r) || failures++ >= 10)
                continue;
            space_describe(&r.at, where, sizeof where);
            fprintf(stderr, "broken: %s\n  at %s\n", invariants[i].name, where);
        }
    } while (space_next(&r.at));
    printf("%zu rows, %zu ready, %zu broken\n", rows, ready, failures);
    return failures > 0 || ready == 0;
}
