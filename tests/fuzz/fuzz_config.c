/* The configuration file: any text is taken or refused with a sentence, and what is taken is whole:
 * no required value is missing. */
#include "fuzz.h"

#include "conf/config.h"

void fuzz_input(struct cw_str input)
{
    struct cw_arena errors = {0};
    struct cw_config config;
    struct cw_str why = CW_STR_NONE;
    enum cw_err err = cw_config_parse(input, "fuzz.yaml", &config, &errors, &why);

    cw_assert(err == CW_OK || why.n > 0);
    if (err == CW_OK) {
        cw_assert(config.n_local_domains > 0 && config.data_dir.n > 0);
        for (size_t i = 0; i < config.n_local_domains; i++)
            cw_assert(config.local_domains[i].n > 0);
        for (size_t i = 0; i < config.gateway.sip.n_next_hops; i++)
            cw_assert(config.gateway.sip.next_hops[i].host.n > 0);
    }
    cw_config_free(&config);
    cw_arena_free(&errors);
}
