/* Whole files as PowerShell writes them, in its encodings and with its line ends, through all that
 * reads them: data/ has one of each way in which administrators get a list of partners out of Lync
 * Server 2013 or Skype for Business Server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conf/file.h"
#include "import/lync.h"
#include "import/source.h"
#include "import/text.h"

#define LIST_AS_TYPE                                                                           \
    "AdditionalDomains was not written out, only its type: write the file with Export-Clixml " \
    "or, for CSV, put Select-Object *,@{n='AdditionalDomains';e={$_.AdditionalDomains -join "  \
    "' '}} -ExcludeProperty AdditionalDomains before Export-Csv."
#define NUMBER(property, value)                                                                 \
    property " is a number (" value "), which does not say what is meant: write the file with " \
             "Export-Clixml, or with ConvertTo-Json -EnumsAsStrings of PowerShell 7."
#define GMAIL                                                                                    \
    "{\"domain\":\"gmail.test\",\"description\":\"\",\"additional\":[],\"type\":"                \
    "\"PublicUnverified\",\"tls\":\"NotSupported\",\"sasl\":\"NotSupported\",\"dialback\":true," \
    "\"connection-limit\":0,\"proxy-fqdn\":\"\",\"keep-alive\":false}"

/* Of each object: the partner's fields, or why it cannot be taken. */
static const struct {
    const char *file;
    enum cw_import_format format;
    const char *objects[3];
} rows[] = {
    {"lync-2013.clixml",
     CW_IMPORT_CLIXML,
     {"{\"domain\":\"fabrikam.test\",\"description\":\"Operations: +49 30 1234\\r\\nB\xc3\xbcro & "
      "Labor\",\"additional\":[\"fabrikam2.test\",\"research.fabrikam.test\"],\"type\":"
      "\"Federated\",\"tls\":\"Required\",\"sasl\":\"Required\",\"dialback\":true,"
      "\"connection-limit\":40,\"proxy-fqdn\":\"xmpp.fabrikam.test\",\"keep-alive\":true}",
      GMAIL,
      "SASL is Optional and TLS is NotSupported, but SASL needs TLS. Either set TLS to Required or "
      "Optional, if the partner's server can do TLS; or set SASL to NotSupported, and dialback "
      "without TLS is what remains, as it was in Lync."}},
    {"one.clixml",
     CW_IMPORT_CLIXML,
     {"{\"domain\":\"fabrikam.test\",\"description\":\"\",\"additional\":[],\"type\":"
      "\"PublicUnverified\",\"tls\":\"Optional\",\"sasl\":\"NotSupported\",\"dialback\":true,"
      "\"connection-limit\":0,\"proxy-fqdn\":\"\",\"keep-alive\":true}"}},
    {"none.clixml", CW_IMPORT_CLIXML, {NULL}},
    {"remote.clixml",
     CW_IMPORT_CLIXML,
     {"{\"domain\":\"fabrikam.test\",\"description\":\"\",\"additional\":[\"fabrikam2.test\"],"
      "\"type\":\"PublicVerified\",\"tls\":\"Optional\",\"sasl\":\"Required\",\"dialback\":true,"
      "\"connection-limit\":0,\"proxy-fqdn\":\"\",\"keep-alive\":true}"}},
    {"depth-1.clixml", CW_IMPORT_CLIXML, {LIST_AS_TYPE}},
    {"powershell-5.json",
     CW_IMPORT_JSON,
     {NUMBER("PartnerType", "2"), NUMBER("TlsNegotiation", "2")}},
    {"powershell-7.json",
     CW_IMPORT_JSON,
     {"{\"domain\":\"fabrikam.test\",\"description\":\"\",\"additional\":[\"fabrikam2.test\"],"
      "\"type\":\"PublicVerified\",\"tls\":\"Optional\",\"sasl\":\"Required\",\"dialback\":true,"
      "\"connection-limit\":0,\"proxy-fqdn\":\"\",\"keep-alive\":true}"}},
    {"remote.json",
     CW_IMPORT_JSON,
     {"{\"domain\":\"fabrikam.test\",\"additional\":[\"fabrikam2.test\",\"research.fabrikam.test\"]"
      ",\"type\":\"Federated\",\"tls\":\"Optional\",\"sasl\":\"NotSupported\",\"dialback\":true,"
      "\"keep-alive\":true}",
      LIST_AS_TYPE}},
    {"plain.csv", CW_IMPORT_CSV, {LIST_AS_TYPE, LIST_AS_TYPE}},
    {"joined.csv",
     CW_IMPORT_CSV,
     {"{\"domain\":\"fabrikam.test\",\"description\":\"They said \\\"soon\\\"; then\\r\\nB\xc3\xbc"
      "ro\",\"additional\":[\"fabrikam2.test\",\"research.fabrikam.test\"],\"type\":\"Federated\","
      "\"tls\":\"Required\",\"sasl\":\"Required\",\"dialback\":true,\"connection-limit\":40,"
      "\"proxy-fqdn\":\"xmpp.fabrikam.test\",\"keep-alive\":true}",
      GMAIL,
      "SASL is Required and TLS is NotSupported, but SASL needs TLS. Either set TLS to Required or "
      "Optional, if the partner's server can do TLS; or set SASL to NotSupported and dialback to "
      "true, for dialback without TLS."}},
    {"excel.csv",
     CW_IMPORT_CSV,
     {"{\"domain\":\"fabrikam.test\",\"additional\":[\"fabrikam2.test\"],\"type\":\"Federated\","
      "\"tls\":\"Optional\",\"sasl\":\"Optional\"}",
      "The object has neither Domain nor Identity: it is no partner of Get-CsXmppAllowedPartner."}},
};

static json_t *read_file(struct cw_arena *arena, const char *name, enum cw_import_format *format)
{
    struct cw_str path = cw_arena_printf(arena, "%s/%s", CW_IMPORT_DATA, name), text, why;
    struct cw_buf bytes = {0};
    assert_int_equal(cw_file_read(path.p, 1 << 20, &bytes), CW_OK);
    assert_true(cw_import_utf8(arena, cw_arena_dup(arena, cw_buf_str(&bytes)), &text));
    cw_buf_free(&bytes);
    *format = cw_import_format_guess(text);
    json_t *objects = cw_import_read(arena, *format, text, &why);
    if (!objects)
        fail_msg("%s: %.*s", name, CW_ARG(why));
    return objects;
}

static void assert_object(struct cw_arena *arena, const char *file, const json_t *object,
                          const char *expected)
{
    struct cw_import_partner partner;
    cw_import_lync(arena, object, &partner);
    json_t *wanted = json_loads(expected ? expected : "", 0, NULL);
    bool is_right = wanted
                        ? json_equal(partner.fields, wanted) && !cw_str_is_present(partner.refusal)
                        : expected && cw_str_eq_cstr(partner.refusal, expected);
    if (!is_right)
        fail_msg("%s: %.*s: %s \"%.*s\"", file, CW_ARG(partner.name), json_dumps(partner.fields, 0),
                 CW_ARG(partner.refusal));
    json_decref(wanted);
    json_decref(partner.fields);
}

static void test_files(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cw_arena arena = {0};
        enum cw_import_format format;
        json_t *objects = read_file(&arena, rows[i].file, &format);
        if (format != rows[i].format)
            fail_msg("%s: taken for %s", rows[i].file, cw_import_format_name(format));
        size_t n = 0;
        while (n < 3 && rows[i].objects[n])
            n++;
        if (json_array_size(objects) != n)
            fail_msg("%s: %zu objects", rows[i].file, json_array_size(objects));
        for (size_t o = 0; o < n; o++)
            assert_object(&arena, rows[i].file, json_array_get(objects, o), rows[i].objects[o]);
        json_decref(objects);
        cw_arena_free(&arena);
    }
}

/* However the same partners were written, they are the same. */
static void test_same(void **state)
{
    static const char *const files[] = {"joined.csv", "joined-utf16.csv"};
    struct cw_arena arena = {0};
    enum cw_import_format format;
    (void)state;
    json_t *first = read_file(&arena, files[0], &format);
    json_t *second = read_file(&arena, files[1], &format);
    assert_true(json_equal(first, second));
    json_decref(first);
    json_decref(second);
    cw_arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
