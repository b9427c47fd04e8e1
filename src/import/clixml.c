/* What Export-Clixml writes, version 1.1.0.1:
 *
 *     <Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">
 *       <Obj RefId="0">
 *         <TN RefId="0"><T>...</T></TN>
 *         <ToString>...</ToString>
 *         <Props>
 *           <S N="Domain">fabrikam.com</S>
 *           <Obj N="AdditionalDomains" RefId="1"><LST><S>research.fabrikam.com</S></LST></Obj>
 *           <Obj N="TlsNegotiation" RefId="2"><ToString>Required</ToString><I32>0</I32></Obj>
 *           <Nil N="ProxyFqdn" />
 *         </Props>
 *       </Obj>
 *     </Objs>
 *
 * An object that was written before stands as <Ref RefId="2"/>.  Of an enumeration its name counts.
 */
#include "import/source.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/map.h"
#include "import/text.h"
#include "xml/reader.h"

#define NS        "http://schemas.microsoft.com/powershell/2004/04"
#define MAX_DEPTH 6 /* of values in values, references followed */
#define MAX_TEXT  (2 * (size_t)CW_IMPORT_MAX_BYTES)

struct reading {
    struct cw_arena *arena;
    struct cw_map objects; /* RefId -> struct cw_xml */
    size_t budget;         /* values left to be made: a reference may repeat a large one */
    size_t n_text;         /* octets of text that were made, for the same reason */
};

static bool is(const struct cw_xml *node, const char *name)
{
    return cw_xml_is(node, CW_S(NS), name);
}

static bool is_one_of(const struct cw_xml *node, const char *const *names)
{
    for (; *names; names++)
        if (is(node, *names))
            return true;
    return false;
}

static void remember(struct reading *r, struct cw_xml *node)
{
    CW_XML_EACH_CHILD (child, node) {
        struct cw_str id = cw_xml_attr(child, "RefId");
        if (is(child, "Obj") && cw_str_is_present(id))
            cw_map_set(&r->objects, id, child);
        if (cw_xml_is_element(child))
            remember(r, child); /* as deep as the XML reader lets it be */
    }
}

/* "_x000A_" is a character that XML cannot hold, or "_x" itself; a unit of UTF-16. */
static bool read_escape(struct cw_str text, size_t at, unsigned *unit)
{
    struct cw_str escape = cw_str_sub(text, at, at + 7);
    char digits[5] = "";
    char *end;
    if (escape.n != 7 || escape.p[0] != '_' || escape.p[1] != 'x' || escape.p[6] != '_')
        return false;
    memcpy(digits, escape.p + 2, 4);
    *unit = (unsigned)strtoul(digits, &end, 16);
    return end == digits + 4 && strspn(digits, "0123456789abcdefABCDEF") == 4;
}

static struct cw_str raw_text(struct reading *r, const struct cw_xml *node)
{
    struct cw_str text = cw_xml_text(r->arena, node);
    r->n_text += text.n;
    if (r->n_text > MAX_TEXT)
        r->budget = 0; /* nothing more is made */
    return text;
}

static json_t *text_of(struct reading *r, const struct cw_xml *node)
{
    struct cw_str text = raw_text(r, node), units, decoded;
    struct cw_buf b = {0}, one = {0};
    unsigned unit;
    if (r->budget == 0)
        return json_null();
    for (size_t i = 0; i < text.n; i++) {
        if (!read_escape(text, i, &unit)) {
            cw_buf_putc(&b, text.p[i]);
            continue;
        }
        cw_buf_reset(&one);
        cw_buf_put(&one, "\xfe\xff", 2);
        for (; read_escape(text, i, &unit); i += 7) {
            cw_buf_putc(&one, (char)(unit >> 8));
            cw_buf_putc(&one, (char)(unit & 0xff));
        }
        i--;
        units = cw_buf_str(&one);
        cw_buf_puts(&b, cw_import_utf8(r->arena, units, &decoded) ? decoded : CW_S("\xef\xbf\xbd"));
    }
    json_t *value = json_stringn(b.p ? b.p : "", b.n);
    cw_buf_free(&b);
    cw_buf_free(&one);
    return value ? value : json_string("");
}

static json_t *value_of(struct reading *, const struct cw_xml *, unsigned depth);

static json_t *list_of(struct reading *r, const struct cw_xml *list, unsigned depth)
{
    json_t *values = json_array();
    CW_XML_EACH_CHILD (child, list)
        if (cw_xml_is_element(child))
            json_array_append_new(values, value_of(r, child, depth));
    return values;
}

static const struct cw_xml *collection_in(const struct cw_xml *object)
{
    static const char *const names[] = {"LST", "IE", "STK", "QUE", NULL};
    CW_XML_EACH_CHILD (child, object)
        if (is_one_of(child, names))
            return child;
    return NULL;
}

/* What an enumeration calls itself that came from another machine: a note "Value". */
static const struct cw_xml *note_in(const struct cw_xml *object)
{
    const struct cw_xml *notes = cw_xml_child(object, CW_S(NS), "MS");
    if (!notes)
        return NULL;
    CW_XML_EACH_CHILD (child, notes)
        if (is(child, "S") && cw_str_eq_cstr(cw_xml_attr(child, "N"), "Value"))
            return child;
    return NULL;
}

/* A list, else what it calls itself, else the bare value that it wraps. */
static json_t *object_value(struct reading *r, const struct cw_xml *object, unsigned depth)
{
    const struct cw_xml *list = collection_in(object);
    const struct cw_xml *name = cw_xml_child(object, CW_S(NS), "ToString");
    if (!name)
        name = note_in(object);
    if (list)
        return list_of(r, list, depth + 1);
    if (name)
        return text_of(r, name);
    CW_XML_EACH_CHILD (child, object)
        if (cw_xml_is_element(child) && !is(child, "TN") && !is(child, "TNRef") &&
            !is(child, "Props") && !is(child, "MS"))
            return value_of(r, child, depth + 1);
    return json_null();
}

static json_t *value_of(struct reading *r, const struct cw_xml *node, unsigned depth)
{
    static const char *const numbers[] = {"I16", "I32", "I64", "U16", "U32",
                                          "U64", "By",  "SB",  NULL};
    uint64_t number;
    if (depth > MAX_DEPTH || r->budget == 0)
        return json_null();
    r->budget--;
    if (is(node, "Nil"))
        return json_null();
    if (is(node, "B"))
        return json_boolean(cw_str_eq_nocase(raw_text(r, node), CW_S("true")));
    if (is_one_of(node, numbers) && cw_str_to_u64(raw_text(r, node), &number) &&
        number <= INT64_MAX)
        return json_integer((json_int_t)number);
    if (is(node, "Obj"))
        return object_value(r, node, depth);
    if (is(node, "Ref")) {
        const struct cw_xml *to = cw_map_get(&r->objects, cw_xml_attr(node, "RefId"));
        return to ? object_value(r, to, depth + 1) : json_null();
    }
    return text_of(r, node);
}

static bool add_properties(struct reading *r, const struct cw_xml *holder, json_t *row)
{
    if (!holder)
        return false;
    CW_XML_EACH_CHILD (child, holder) {
        struct cw_str name = cw_xml_attr(child, "N");
        if (cw_xml_is_element(child) && cw_str_is_present(name))
            json_object_set_new(row, cw_arena_dup(r->arena, name).p, value_of(r, child, 0));
    }
    return true;
}

/* Objects with properties, of which each is one row; those in lists, too. */
static void add_rows(struct reading *r, const struct cw_xml *holder, json_t *rows, unsigned depth)
{
    CW_XML_EACH_CHILD (object, holder) {
        if (!is(object, "Obj") || depth > MAX_DEPTH)
            continue;
        json_t *row = json_object();
        bool any = add_properties(r, cw_xml_child(object, CW_S(NS), "Props"), row);
        any = add_properties(r, cw_xml_child(object, CW_S(NS), "MS"), row) || any;
        const struct cw_xml *list = any ? NULL : collection_in(object);
        if (any)
            json_array_append(rows, row);
        else if (list)
            add_rows(r, list, rows, depth + 1);
        json_decref(row);
    }
}

/* The file is UTF-8 by now, whatever its declaration says. */
static struct cw_str without_declaration(struct cw_str text)
{
    text = cw_str_trim(text);
    ptrdiff_t end = cw_str_find(text, CW_S("?>"));
    bool is_declared = cw_str_starts(text, CW_S("<?xml ")) && end > 0;
    return is_declared ? cw_str_trim(cw_str_sub(text, (size_t)end + 2, text.n)) : text;
}

json_t *cw_import_clixml(struct cw_arena *arena, struct cw_str text, struct cw_str *why)
{
    const struct cw_xml_limits limits = {.max_element_bytes = CW_IMPORT_MAX_BYTES,
                                         .max_depth = 32,
                                         .max_attrs = 16,
                                         .max_children = 500000};
    struct reading r = {.arena = arena, .budget = 500000};
    enum cw_xml_fault fault;
    struct cw_xml *root = cw_xml_parse(arena, without_declaration(text), &limits, &fault);
    if (!root) {
        *why = CW_S("The file is no well-formed XML, too large, or nested too deeply.");
        return NULL;
    }
    if (!is(root, "Objs")) {
        *why = CW_S("The file is XML, but not what Export-Clixml writes: its root is no <Objs/> of "
                    "PowerShell.");
        return NULL;
    }
    json_t *rows = json_array();
    remember(&r, root);
    add_rows(&r, root, rows, 0);
    cw_map_free(&r.objects);
    if (r.budget > 0)
        return rows;
    json_decref(rows);
    *why = CW_S("The file holds more values than partners can have.");
    return NULL;
}
