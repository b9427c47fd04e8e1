/* Elements to text; see node.h.  Every namespace is declared where it is first needed, so that
 * the text means the same wherever it is put (RFC 6120 section 4.8.3), and no octet of a value can
 * end the place that it stands in.  What XML cannot hold at all (most control characters, broken
 * UTF-8) is written as U+FFFD: one bad character must not break the peer's stream. */
#include "xml/node.h"

#include <string.h>

#include "xml/xml_priv.h"

/* Length of the XML character (XML 1.0 production 2) at the start of s, 0 when there is none. */
static size_t char_length(struct cw_str s)
{
    unsigned char c = (unsigned char)s.p[0];
    if (c < 0x80)
        return c >= 0x20 || c == '\t' || c == '\n' || c == '\r';
    size_t n = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;
    if (n > s.n || !cw_str_is_utf8((struct cw_str){s.p, n}))
        return 0;
    if (memcmp(s.p, "\xEF\xBF\xBE", n) == 0 || memcmp(s.p, "\xEF\xBF\xBF", n) == 0)
        return 0;
    return n;
}

static const char *reference_of(char c, bool in_attribute)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '\r': /* a parser would make it a line feed (XML 1.0 section 2.11) */
        return "&#13;";
    case '\'':
        return in_attribute ? "&apos;" : NULL;
    case '"':
        return in_attribute ? "&quot;" : NULL;
    case '\t': /* a parser would make these a space (section 3.3.3) */
        return in_attribute ? "&#9;" : NULL;
    case '\n':
        return in_attribute ? "&#10;" : NULL;
    default:
        return NULL;
    }
}

static void put_escaped(struct cw_buf *out, struct cw_str text, bool in_attribute)
{
    size_t plain = 0; /* where the run of unchanged octets began */
    for (size_t i = 0; i < text.n;) {
        size_t n = char_length(cw_str_sub(text, i, i + 4));
        const char *instead = n == 0  ? "\xEF\xBF\xBD"
                              : n > 1 ? NULL
                                      : reference_of(text.p[i], in_attribute);
        if (instead) {
            cw_buf_put(out, text.p + plain, i - plain);
            cw_buf_putcstr(out, instead);
            plain = i + 1;
        }
        i += n ? n : 1;
    }
    if (text.n > plain)
        cw_buf_put(out, text.p + plain, text.n - plain);
}

void cw_xml_escape(struct cw_buf *out, struct cw_str text)
{
    put_escaped(out, text, true);
}

/* The prefix that stands for the namespace everywhere in this scope, or NULL. */
static const char *known_prefix(const struct cw_xml_scope *scope, struct cw_str ns)
{
    if (cw_str_eq(ns, CW_XML_NS_XML))
        return "xml";
    if (scope->stream_prefix && cw_str_eq(ns, CW_XML_NS_STREAM))
        return "stream";
    if (scope->db_prefix && cw_str_eq(ns, CW_XML_NS_DIALBACK))
        return "db";
    return NULL;
}

static void put_attr(struct cw_buf *out, const char *name, struct cw_str value)
{
    cw_buf_printf(out, " %s='", name);
    cw_xml_escape(out, value);
    cw_buf_putc(out, '\'');
}

/* Attributes know no default namespace: theirs gets a prefix of this element's own, numbered by
 * the first attribute that uses it. */
static unsigned prefix_number(const struct cw_xml *node, const struct cw_xml_attr *wanted)
{
    unsigned number = 1;
    CW_XML_EACH_ATTR (attr, node) {
        if (cw_str_eq(attr->ns, wanted->ns))
            return number;
        number++;
    }
    cw_fatal("xml: attribute is not of this element");
}

static void put_foreign_attr(struct cw_buf *out, const struct cw_xml *node,
                             const struct cw_xml_attr *attr)
{
    unsigned number = prefix_number(node, attr), place = 1;
    for (const struct cw_xml_attr *a = node->attrs; a != attr; a = a->next)
        place++;
    if (place == number) {
        cw_buf_printf(out, " xmlns:ns%u='", number);
        cw_xml_escape(out, attr->ns);
        cw_buf_putc(out, '\'');
    }
    cw_buf_printf(out, " ns%u:%.*s='", number, CW_ARG(attr->name));
    cw_xml_escape(out, attr->value);
    cw_buf_putc(out, '\'');
}

static void put_attrs(struct cw_buf *out, const struct cw_xml *node,
                      const struct cw_xml_scope *scope)
{
    CW_XML_EACH_ATTR (attr, node) {
        const char *prefix = attr->ns.n ? known_prefix(scope, attr->ns) : "";
        if (!prefix) {
            put_foreign_attr(out, node, attr);
            continue;
        }
        cw_buf_printf(out, " %s%s%.*s='", prefix, *prefix ? ":" : "", CW_ARG(attr->name));
        cw_xml_escape(out, attr->value);
        cw_buf_putc(out, '\'');
    }
}

static void put_name(struct cw_buf *out, const struct cw_xml *node, const char *prefix)
{
    if (prefix)
        cw_buf_printf(out, "%s:", prefix);
    cw_buf_puts(out, node->name);
}

void cw_xml_write(struct cw_buf *out, const struct cw_xml *node, const struct cw_xml_scope *scope)
{
    if (!cw_xml_is_element(node)) {
        put_escaped(out, node->text, false);
        return;
    }
    struct cw_xml_scope inside = *scope;
    bool is_default = cw_str_eq(node->ns, scope->default_ns);
    const char *prefix = is_default ? NULL : known_prefix(scope, node->ns);
    cw_buf_putc(out, '<');
    put_name(out, node, prefix);
    if (!is_default && !prefix) {
        put_attr(out, "xmlns", node->ns);
        inside.default_ns = node->ns;
    }
    put_attrs(out, node, scope);
    if (!node->first) {
        cw_buf_putcstr(out, "/>");
        return;
    }
    cw_buf_putc(out, '>');
    CW_XML_EACH_CHILD (child, node) {
        cw_xml_write(out, child, &inside);
    }
    cw_buf_putcstr(out, "</");
    put_name(out, node, prefix);
    cw_buf_putc(out, '>');
}
