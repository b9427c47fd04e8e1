/* The snapshot that an edge takes over from whoever is at the other end of the link: refused with a
 * sentence, or taken whole, obeying the rules for partners and settings, and written back it reads
 * the same. */
#include "fuzz.h"

#include "conf/snapshot.h"
#include "policy/nego.h"
#include "policy/settings.h"

#include <string.h>

static void check_policy(const struct cw_policy *p)
{
    struct cw_arena a = {0};
    const char *field;

    cw_assert(p->refs == 1);
    cw_assert(!cw_str_is_present(cw_settings_check(&p->settings, &field)));
    for (size_t i = 0; i < p->n_partners; i++) {
        struct cw_partner partner =
            p->partners[i]; /* a copy: the check writes what it normalises */
        size_t bytes = partner.n_additional * sizeof *partner.additional;
        size_t pin_bytes = partner.n_pinned_keys * sizeof *partner.pinned_keys;

        partner.additional = cw_arena_alloc(&a, bytes);
        if (bytes > 0)
            memcpy(partner.additional, p->partners[i].additional, bytes);
        partner.pinned_keys = cw_arena_alloc(&a, pin_bytes);
        if (pin_bytes > 0)
            memcpy(partner.pinned_keys, p->partners[i].pinned_keys, pin_bytes);
        cw_assert(!cw_str_is_present(cw_partner_check(&a, &partner, &field)));
        cw_assert(cw_nego_row(&partner.rules).valid);
        cw_assert(cw_str_eq(partner.domain, p->partners[i].domain));
    }
    cw_arena_free(&a);
}

static void check_round_trip(const struct cw_policy *p, struct cw_arena *errors)
{
    struct cw_buf once = {0}, twice = {0};
    struct cw_policy *again = NULL;
    struct cw_str why;

    cw_snapshot_write(p, &once);
    cw_assert(cw_str_index(cw_buf_str(&once), '\n') < 0);
    cw_assert(cw_snapshot_read(cw_buf_str(&once), &again, errors, &why) == CW_OK);
    cw_snapshot_write(again, &twice);
    cw_assert(cw_str_eq(cw_buf_str(&once), cw_buf_str(&twice)));
    cw_policy_unref(&again);
    cw_buf_free(&once);
    cw_buf_free(&twice);
}

void fuzz_input(struct cw_str input)
{
    struct cw_arena errors = {0};
    struct cw_policy *policy = NULL;
    struct cw_str why = CW_STR_NONE;
    enum cw_err err = cw_snapshot_read(input, &policy, &errors, &why);

    cw_assert(err == CW_OK || (why.n > 0 && !policy));
    if (err == CW_OK) {
        check_policy(policy);
        check_round_trip(policy, &errors);
    }
    cw_policy_unref(&policy);
    cw_arena_free(&errors);
}
