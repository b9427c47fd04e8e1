/* Partners of Get-CsXmppAllowedPartner as ours, one property after the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "import/lync.h"

#define A "\"Domain\":\"a.test\""
#define TWO_WAYS                                                                               \
    "Either set TLS to Required or Optional, if the partner's server can do TLS; or set SASL " \
    "to NotSupported"

static const struct {
    const char *name, *row, *fields, *refusal;
} rows[] = {
    {"all of it",
     "{\"Identity\":\"a.test\"," A ",\"Description\":\"x\",\"AdditionalDomains\":[\"b.test\"],"
     "\"PartnerType\":\"Federated\",\"TlsNegotiation\":\"Optional\",\"SaslNegotiation\":"
     "\"NotSupported\",\"SupportDialbackNegotiation\":true,\"ConnectionLimit\":20,\"ProxyFqdn\":"
     "\"p.a.test\",\"EnableKeepAlive\":false,\"Anchor\":\"{x}\",\"ScopeClass\":null}",
     "{\"domain\":\"a.test\",\"description\":\"x\",\"additional\":[\"b.test\"],\"type\":"
     "\"Federated\",\"tls\":\"Optional\",\"sasl\":\"NotSupported\",\"dialback\":true,"
     "\"connection-limit\":20,\"proxy-fqdn\":\"p.a.test\",\"keep-alive\":false}",
     NULL},
    {"nulls",
     "{" A ",\"Description\":null,\"AdditionalDomains\":null,\"ConnectionLimit\":null,"
     "\"ProxyFqdn\":null}",
     "{\"domain\":\"a.test\",\"description\":\"\",\"additional\":[],\"connection-limit\":0,"
     "\"proxy-fqdn\":\"\"}",
     NULL},
    {"texts of a CSV file",
     "{\"Identity\":\" a.test\",\"AdditionalDomains\":\"b.test, c.test;d.test\","
     "\"SupportDialbackNegotiation\":\"True\",\"ConnectionLimit\":\"\",\"EnableKeepAlive\":"
     "\"FALSE\",\"TlsNegotiation\":\"required\"}",
     "{\"domain\":\"a.test\",\"additional\":[\"b.test\",\"c.test\",\"d.test\"],\"dialback\":true,"
     "\"connection-limit\":0,\"keep-alive\":false,\"tls\":\"Required\"}",
     NULL},
    {"a list that PowerShell 5 wrapped",
     "{" A ",\"AdditionalDomains\":{\"value\":[\"b.test\"],\"Count\":1}}",
     "{\"domain\":\"a.test\",\"additional\":[\"b.test\"]}", NULL},
    {"no domain", "{\"Name\":\"x\"}", "{}",
     "The object has neither Domain nor Identity: it is no partner of Get-CsXmppAllowedPartner."},
    {"an enumeration as a number", "{" A ",\"TlsNegotiation\":2}", "{\"domain\":\"a.test\"}",
     "TlsNegotiation is a number (2), which does not say what is meant: write the file with "
     "Export-Clixml, or with ConvertTo-Json -EnumsAsStrings of PowerShell 7."},
    {"a list as its type",
     "{" A ",\"AdditionalDomains\":\"System.Collections.Generic.List`1[System.String]\"}",
     "{\"domain\":\"a.test\"}",
     "AdditionalDomains was not written out, only its type: write the file with Export-Clixml or, "
     "for CSV, put Select-Object *,@{n='AdditionalDomains';e={$_.AdditionalDomains -join ' '}} "
     "-ExcludeProperty AdditionalDomains before Export-Csv."},
    {"a domain that begins as a type",
     "{" A ",\"AdditionalDomains\":\"Microsoft.example System.test\"}",
     "{\"domain\":\"a.test\",\"additional\":[\"Microsoft.example\",\"System.test\"]}", NULL},
    {"names in other letters", "{\"DOMAIN\":\"b.test\",\"tlsnegotiation\":\"Optional\"}",
     "{\"domain\":\"b.test\",\"tls\":\"Optional\"}", NULL},
    {"the same name twice", "{" A ",\"domain\":\"b.test\"}", "{\"domain\":\"a.test\"}", NULL},
    {"an enumeration of another machine",
     "{" A ",\"TlsNegotiation\":{\"value\":1,\"Value\":\"Optional\"}}",
     "{\"domain\":\"a.test\",\"tls\":\"Optional\"}", NULL},
    {"the same without its name", "{" A ",\"TlsNegotiation\":{\"value\":1}}",
     "{\"domain\":\"a.test\"}",
     "TlsNegotiation is a number (1), which does not say what is meant: write the file with "
     "Export-Clixml, or with ConvertTo-Json -EnumsAsStrings of PowerShell 7."},
    {"an object of no known form", "{" A ",\"AdditionalDomains\":{\"x\":1}}",
     "{\"domain\":\"a.test\"}",
     "AdditionalDomains was not written out, only its type: write the file with Export-Clixml or, "
     "for CSV, put Select-Object *,@{n='AdditionalDomains';e={$_.AdditionalDomains -join ' '}} "
     "-ExcludeProperty AdditionalDomains before Export-Csv."},
    {"another value", "{" A ",\"EnableKeepAlive\":\"perhaps\"}", "{\"domain\":\"a.test\"}",
     "EnableKeepAlive has a value that partners do not have."},
    {"a negative limit", "{" A ",\"ConnectionLimit\":-1}", "{\"domain\":\"a.test\"}",
     "ConnectionLimit has a value that partners do not have."},
    {"SASL without TLS",
     "{" A ",\"TlsNegotiation\":\"NotSupported\",\"SaslNegotiation\":\"Optional\","
     "\"SupportDialbackNegotiation\":true}",
     "{\"domain\":\"a.test\",\"tls\":\"NotSupported\",\"sasl\":\"Optional\",\"dialback\":true}",
     "SASL is Optional and TLS is NotSupported, but SASL needs TLS. " TWO_WAYS
     ", and dialback without TLS is what remains, as it was in Lync."},
    {"SASL without TLS or dialback",
     "{" A ",\"TlsNegotiation\":\"NotSupported\",\"SupportDialbackNegotiation\":false}",
     "{\"domain\":\"a.test\",\"tls\":\"NotSupported\",\"dialback\":false}",
     "SASL is Required and TLS is NotSupported, but SASL needs TLS. " TWO_WAYS
     " and dialback to true, for dialback without TLS."},
};

static void test_lync(void **state)
{
    struct cw_arena arena = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cw_import_partner partner;
        json_t *row = json_loads(rows[i].row, 0, NULL);
        json_t *fields = json_loads(rows[i].fields, 0, NULL);
        assert_true(row && fields);
        cw_import_lync(&arena, row, &partner);
        if (!json_equal(partner.fields, fields) ||
            !cw_str_eq(partner.refusal, cw_str_of(rows[i].refusal)))
            fail_msg("%s: %s \"%.*s\"", rows[i].name, json_dumps(partner.fields, 0),
                     CW_ARG(partner.refusal));
        json_decref(partner.fields);
        json_decref(fields);
        json_decref(row);
    }
    cw_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lync)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
