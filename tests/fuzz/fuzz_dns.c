/* Answers of name servers, read as each type that is asked for. */
#include "fuzz.h"

#include "io/dns_wire.h"

void fuzz_input(struct cw_str input)
{
    static const enum cw_dns_type types[] = {CW_DNS_SRV, CW_DNS_A, CW_DNS_AAAA, CW_DNS_TLSA};

    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct cw_arena a = {0};
        struct cw_dns_answer answer = {0};

        cw_dns_wire_read(input, types[i], &a, &answer);
        cw_arena_free(&a);
    }
}
