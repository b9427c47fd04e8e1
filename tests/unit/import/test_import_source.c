/* Files of PowerShell as lists of objects: what its three ways write, and what nobody should send.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "import/source.h"

#define OBJS(inside)                                                                              \
    "<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\">" inside \
    "</Objs>"
#define OBJ(props)   "<Obj RefId=\"0\"><TN RefId=\"0\"><T>X</T></TN><Props>" props "</Props></Obj>"
#define OBJ_1(props) "<Obj RefId=\"9\"><TNRef RefId=\"0\"/><Props>" props "</Props></Obj>"

#define NO_XML       "The file is no well-formed XML, too large, or nested too deeply."
#define NO_CSV                                                                                \
    "Row 1 of the CSV file does not have the columns of the first row, or its quotes do not " \
    "match."

static const struct source_row {
    const char *name, *text, *rows, *why;
    enum cw_import_format format;
} rows[] = {
    {.name = "types of values",
     .text = OBJS(OBJ("<S N=\"Domain\">a.test</S><B N=\"On\">true</B><B N=\"Off\">false</B>"
                      "<I32 N=\"Limit\">20</I32><U32 N=\"U\">7</U32><Nil N=\"Proxy\"/>"
                      "<I32 N=\"Less\">-1</I32>")),
     .rows = "[{\"Domain\":\"a.test\",\"On\":true,\"Off\":false,\"Limit\":20,\"U\":7,"
             "\"Proxy\":null,\"Less\":\"-1\"}]"},
    {.name = "declared as another encoding",
     .text = "<?xml version=\"1.0\" encoding=\"utf-16\"?>\r\n" OBJS(OBJ("<S N=\"A\">x</S>")),
     .rows = "[{\"A\":\"x\"}]"},
    {.name = "an enumeration is its name",
     .text = OBJS(OBJ("<Obj N=\"Tls\" RefId=\"2\"><TN RefId=\"1\"><T>N</T></TN>"
                      "<ToString>Optional</ToString><I32>1</I32></Obj>")),
     .rows = "[{\"Tls\":\"Optional\"}]"},
    {.name = "an enumeration without a name",
     .text = OBJS(OBJ("<Obj N=\"Tls\" RefId=\"2\"><TNRef RefId=\"0\"/><I32>1</I32></Obj>")),
     .rows = "[{\"Tls\":1}]"},
    {.name = "an enumeration of another machine",
     .text = OBJS(OBJ("<Obj N=\"Tls\" RefId=\"2\"><TNRef RefId=\"0\"/><I32>1</I32>"
                      "<MS><S N=\"Value\">Optional</S></MS></Obj>")),
     .rows = "[{\"Tls\":\"Optional\"}]"},
    {.name = "a list",
     .text = OBJS(OBJ("<Obj N=\"More\" RefId=\"1\"><LST><S>b.test</S><S>c.test</S></LST></Obj>")),
     .rows = "[{\"More\":[\"b.test\",\"c.test\"]}]"},
    {.name = "an empty list",
     .text = OBJS(OBJ("<Obj N=\"More\" RefId=\"1\"><LST/></Obj>")),
     .rows = "[{\"More\":[]}]"},
    {.name = "references",
     .text = OBJS(OBJ("<Obj N=\"Tls\" RefId=\"2\"><ToString>Required</ToString></Obj>"
                      "<Ref N=\"Sasl\" RefId=\"2\"/><Ref N=\"None\" RefId=\"77\"/>")),
     .rows = "[{\"Tls\":\"Required\",\"Sasl\":\"Required\",\"None\":null}]"},
    {.name = "a reference to itself",
     .text = OBJS(OBJ("<Obj N=\"L\" RefId=\"1\"><LST><Ref RefId=\"1\"/></LST></Obj>")),
     .rows = "[{\"L\":[[[[null]]]]}]"},
    {.name = "two objects",
     .text = OBJS(OBJ("<S N=\"A\">x</S>") OBJ_1("<S N=\"A\">y</S>")),
     .rows = "[{\"A\":\"x\"},{\"A\":\"y\"}]"},
    {.name = "a list of objects",
     .text = OBJS("<Obj RefId=\"5\"><LST>" OBJ("<S N=\"A\">x</S>")
                      OBJ_1("<S N=\"A\">y</S>") "</LST></Obj>"),
     .rows = "[{\"A\":\"x\"},{\"A\":\"y\"}]"},
    {.name = "notes",
     .text = OBJS("<Obj RefId=\"0\"><MS><S N=\"A\">x</S></MS></Obj>"),
     .rows = "[{\"A\":\"x\"}]"},
    {.name = "escapes",
     .text = OBJS(OBJ("<S N=\"A\">a_x000D__x000A_b_x005F_x_xD83D__xDE00_ _x12_ &amp;</S>")),
     .rows = "[{\"A\":\"a\\r\\nb_x\xf0\x9f\x98\x80 _x12_ &\"}]"},
    {.name = "half an escape",
     .text = OBJS(OBJ("<S N=\"A\">_xD83D_</S>")),
     .rows = "[{\"A\":\"\xef\xbf\xbd\"}]"},
    {.name = "nothing in it", .text = OBJS(""), .rows = "[]"},
    {.name = "another namespace",
     .text = "<Objs><Obj/></Objs>",
     .why = "The file is XML, but not what Export-Clixml writes: its root is no <Objs/> of "
            "PowerShell."},
    {.name = "not closed", .text = "<Objs>", .why = NO_XML},
    {.name = "a DTD", .text = "<!DOCTYPE x [<!ENTITY a \"b\">]><Objs>&a;</Objs>", .why = NO_XML},

    {.name = "JSON list", .format = CW_IMPORT_JSON, .text = " [{\"A\":1}]", .rows = "[{\"A\":1}]"},
    {.name = "JSON object", .format = CW_IMPORT_JSON, .text = "{\"A\":1}", .rows = "[{\"A\":1}]"},
    {.name = "JSON of texts",
     .format = CW_IMPORT_JSON,
     .text = "[\"A\"]",
     .why = "Item 1 of the list is no object."},
    {.name = "JSON broken",
     .format = CW_IMPORT_JSON,
     .text = "{\"A\":",
     .why = "The file is no JSON: unexpected token near end of file (line 1)."},

    {.name = "CSV",
     .format = CW_IMPORT_CSV,
     .text = "#TYPE Microsoft.Rtc.X\r\n\"Domain\",\"Description\"\r\n\"a.test\",\"x, \"\"y\"\"\nz\""
             "\r\n",
     .rows = "[{\"Domain\":\"a.test\",\"Description\":\"x, \\\"y\\\"\\nz\"}]"},
    {.name = "CSV with semicolons",
     .format = CW_IMPORT_CSV,
     .text = "A;B\n1,5;2\n;\n",
     .rows = "[{\"A\":\"1,5\",\"B\":\"2\"},{\"A\":\"\",\"B\":\"\"}]"},
    {.name = "CSV of Excel",
     .format = CW_IMPORT_CSV,
     .text = "sep=;\r\nA;B\r\n1,5;2\r\n",
     .rows = "[{\"A\":\"1,5\",\"B\":\"2\"}]"},
    {.name = "CSV with columns without a name",
     .format = CW_IMPORT_CSV,
     .text = "A;;\n1;;\n",
     .rows = "[{\"A\":\"1\",\"\":\"\"}]"},
    {.name = "CSV with a long name",
     .format = CW_IMPORT_CSV,
     .text = "A,aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbc\n1,2\n",
     .why = "Column 2 of the CSV file has a name of more than 64 octets."},
    {.name = "CSV with a name twice",
     .format = CW_IMPORT_CSV,
     .text = "A,B,a\n1,2,3\n",
     .why = "The CSV file has two columns \"a\"."},
    {.name = "CSV with tabs",
     .format = CW_IMPORT_CSV,
     .text = "A\tB\n1\t2",
     .rows = "[{\"A\":\"1\",\"B\":\"2\"}]"},
    {.name = "CSV without rows", .format = CW_IMPORT_CSV, .text = "A,B\n", .rows = "[]"},
    {.name = "CSV too short", .format = CW_IMPORT_CSV, .text = "A,B\n1\n", .why = NO_CSV},
    {.name = "CSV too long", .format = CW_IMPORT_CSV, .text = "A,B\n1,2,3\n", .why = NO_CSV},
    {.name = "CSV quote open", .format = CW_IMPORT_CSV, .text = "A\n\"1", .why = NO_CSV},
    {.name = "CSV quote inside", .format = CW_IMPORT_CSV, .text = "A\n1\"2\n", .why = NO_CSV},
    {.name = "CSV behind a quote", .format = CW_IMPORT_CSV, .text = "A\n\"1\"2\n", .why = NO_CSV},
    {.name = "nothing",
     .format = CW_IMPORT_CSV,
     .text = "",
     .why = "The file is neither CliXml nor JSON, nor CSV with names of columns."},
};

static void test_read(void **state)
{
    struct cw_arena arena = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cw_str why = CW_S(""), text = cw_str_of(rows[i].text);
        if (cw_import_format_guess(text) != rows[i].format)
            fail_msg("%s: taken for %s", rows[i].name,
                     cw_import_format_name(cw_import_format_guess(text)));
        json_t *got = cw_import_read(&arena, rows[i].format, text, &why);
        json_t *wanted = rows[i].rows ? json_loads(rows[i].rows, 0, NULL) : NULL;
        if (!json_equal(got, wanted) && !(got == NULL && wanted == NULL))
            fail_msg("%s: %s \"%.*s\"", rows[i].name, got ? json_dumps(got, 0) : "refused",
                     CW_ARG(why));
        if (!got && !cw_str_eq_cstr(why, rows[i].why ? rows[i].why : ""))
            fail_msg("%s: \"%.*s\"", rows[i].name, CW_ARG(why));
        json_decref(got);
        json_decref(wanted);
    }
    cw_arena_free(&arena);
}

/* Cut anywhere, a file is read or refused with a sentence. */
static void test_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct cw_str text = cw_str_of(rows[i].text);
        for (size_t n = 0; n < text.n; n++) {
            struct cw_arena arena = {0};
            struct cw_str why = CW_S("");
            json_t *got = cw_import_read(&arena, rows[i].format, cw_str_sub(text, 0, n), &why);
            if (!got && why.n == 0)
                fail_msg("%s, %zu octets: no sentence", rows[i].name, n);
            json_decref(got);
            cw_arena_free(&arena);
        }
    }
}

static void assert_refused(enum cw_import_format format, struct cw_buf *text, const char *sentence)
{
    struct cw_arena arena = {0};
    struct cw_str why = CW_S("");
    assert_null(cw_import_read(&arena, format, cw_buf_str(text), &why));
    if (!cw_str_eq_cstr(why, sentence))
        fail_msg("%.*s", CW_ARG(why));
    cw_buf_free(text);
    cw_arena_free(&arena);
}

static void test_bounds(void **state)
{
    struct cw_buf text = {0};
    (void)state;
    cw_buf_putcstr(&text, "A\n");
    for (int i = 0; i <= CW_IMPORT_MAX_ROWS; i++)
        cw_buf_putcstr(&text, "1\n");
    assert_refused(CW_IMPORT_CSV, &text, "There are more than 10000 objects in the file.");
    cw_buf_putc(&text, '[');
    for (int i = 0; i <= CW_IMPORT_MAX_ROWS; i++)
        cw_buf_putcstr(&text, i ? ",{}" : "{}");
    cw_buf_putc(&text, ']');
    assert_refused(CW_IMPORT_JSON, &text, "There are more than 10000 objects in the file.");
    for (int i = 0; i < 100; i++)
        cw_buf_putcstr(&text, "<Obj>");
    assert_refused(CW_IMPORT_CLIXML, &text, NO_XML);
    for (int i = 0; i < (5 << 20); i++)
        cw_buf_putc(&text, ' ');
    assert_refused(CW_IMPORT_CSV, &text, "The file is larger than 4 MiB.");
}

/* A large text that is referred to again and again would come to more than the machine has. */
static void test_repeated(void **state)
{
    struct cw_buf text = {0};
    (void)state;
    cw_buf_putcstr(&text, "<Objs xmlns=\"http://schemas.microsoft.com/powershell/2004/04\">"
                          "<Obj RefId=\"0\"><Props><Obj N=\"A\" RefId=\"1\"><ToString>");
    for (int i = 0; i < 256 << 10; i++)
        cw_buf_putc(&text, 'x');
    cw_buf_putcstr(&text, "</ToString></Obj>");
    for (int i = 0; i < 300; i++)
        cw_buf_printf(&text, "<Ref N=\"R%d\" RefId=\"1\"/>", i);
    cw_buf_putcstr(&text, "</Props></Obj></Objs>");
    assert_refused(CW_IMPORT_CLIXML, &text, "The file holds more values than partners can have.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_read),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
