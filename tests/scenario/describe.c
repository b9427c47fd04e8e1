/* Commands that describe the policy; it reaches a stream with `apply`. */
#include "replay.h"

#include "policy/settings.h"

static void set_partner_field(struct replay *r, struct cw_partner *p, struct cw_str field)
{
    struct cw_arena *a = &r->world.arena;
    ptrdiff_t eq = cw_str_index(field, '=');
    struct cw_str name = cw_str_sub(field, 0, eq < 0 ? field.n : (size_t)eq);
    struct cw_str value = cw_str_sub(field, eq < 0 ? field.n : (size_t)eq + 1, field.n);
    bool yes = cw_str_eq_cstr(value, "true"), ok = true;

    if (cw_str_eq_cstr(name, "tls"))
        ok = cw_requirement_of(value, &p->rules.tls);
    else if (cw_str_eq_cstr(name, "sasl"))
        ok = cw_requirement_of(value, &p->rules.sasl);
    else if (cw_str_eq_cstr(name, "dialback"))
        p->rules.dialback = yes;
    else if (cw_str_eq_cstr(name, "enabled"))
        p->enabled = yes;
    else if (cw_str_eq_cstr(name, "keep-alive"))
        p->keep_alive = yes;
    else if (cw_str_eq_cstr(name, "also")) {
        p->additional = cw_arena_alloc(a, sizeof *p->additional);
        p->additional[0] = cw_arena_dup(a, value);
        p->n_additional = 1;
    } else
        ok = false;
    if (!ok)
        replay_fail(r, CW_S("no such field of a partner"), field);
}

static struct cw_partner *find_partner(struct replay *r, struct cw_str domain)
{
    for (size_t i = 0; i < r->world.n_partners; i++)
        if (cw_str_eq(r->world.partners[i].domain, domain))
            return &r->world.partners[i];
    return NULL;
}

void do_partner(struct replay *r, struct cw_str rest)
{
    struct cw_str domain = word(&rest);
    struct cw_partner *p = find_partner(r, domain);

    if (!p) {
        cw_assert(r->world.n_partners < MAX_PARTNERS);
        p = &r->world.partners[r->world.n_partners++];
    }
    *p = CW_PARTNER_DEFAULT;
    p->domain = domain;
    while (rest.n > 0)
        set_partner_field(r, p, word(&rest));
}

void do_no_partner(struct replay *r, struct cw_str rest)
{
    struct cw_partner *p = find_partner(r, rest);

    if (!p)
        replay_fail(r, CW_S("no such partner"), rest);
    *p = r->world.partners[--r->world.n_partners];
}

static struct cw_str *find_local(struct replay *r, struct cw_str domain)
{
    for (size_t i = 0; i < r->world.n_locals; i++)
        if (cw_str_eq(r->world.locals[i], domain))
            return &r->world.locals[i];
    return NULL;
}

void do_local(struct replay *r, struct cw_str rest)
{
    if (find_local(r, rest))
        return;
    cw_assert(r->world.n_locals < MAX_LOCALS);
    r->world.locals[r->world.n_locals++] = rest;
}

void do_no_local(struct replay *r, struct cw_str rest)
{
    struct cw_str *local = find_local(r, rest);

    if (!local)
        replay_fail(r, CW_S("no such domain of ours"), rest);
    *local = r->world.locals[--r->world.n_locals];
}

void do_setting(struct replay *r, struct cw_str rest)
{
    struct cw_str name = word(&rest), refusal;
    const struct cw_setting *row = cw_setting_find(name);

    if (!row)
        replay_fail(r, CW_S("no such setting"), name);
    refusal = cw_setting_set(&r->world.arena, row, &r->world.settings, rest);
    if (cw_str_is_present(refusal))
        replay_fail(r, CW_S("refused"), refusal);
}
