/* The table of commands, made of its groups (rows_*.c). */
#include "api/rows_priv.h"

/* In the order in which help shows them. */
static const struct cw_api_rows *const groups[] = {
    &cw_api_partner_rows, &cw_api_people_rows,  &cw_api_settings_rows,
    &cw_api_live_rows,    &cw_api_account_rows, &cw_api_transfer_rows,
};
#define N_GROUPS (sizeof(groups) / sizeof(groups[0]))

size_t cw_api_n_commands(void)
{
    size_t n = 0;
    for (size_t g = 0; g < N_GROUPS; g++)
        n += groups[g]->n;
    return n;
}

const struct cw_api_command *cw_api_command_at(size_t i)
{
    size_t g = 0;
    for (; g < N_GROUPS && i >= groups[g]->n; g++)
        i -= groups[g]->n;
    cw_assert(g < N_GROUPS);
    return &groups[g]->list[i];
}

const struct cw_api_command *cw_api_find(struct cw_str name)
{
    for (size_t g = 0; g < N_GROUPS; g++)
        for (size_t i = 0; i < groups[g]->n; i++)
            if (cw_str_eq_cstr(name, groups[g]->list[i].name))
                return &groups[g]->list[i];
    return NULL;
}
