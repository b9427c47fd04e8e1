/* An XML element as a value: names with their namespace, attributes, children, text.  All of it
 * lives in one arena (a stanza's own) and ends with it.  Namespaces are always resolved; prefixes
 * do not exist here, so that nobody can match by prefix (XEP-0220 section 2). */
#ifndef CW_XML_NODE_H
#define CW_XML_NODE_H

#include "base/buf.h"
#include "base/mem.h"
#include "base/str.h"

struct cw_xml_attr {
    struct cw_xml_attr *next;
    struct cw_str ns; /* empty: no namespace; xml:lang has CW_NS_XML */
    struct cw_str name;
    struct cw_str value;
};

/* An element (name present) or a run of text (name absent). */
struct cw_xml {
    struct cw_xml *parent, *next, *first, *last;
    struct cw_str ns, name;
    struct cw_str text;
    struct cw_xml_attr *attrs, *last_attr;
};

#define CW_XML_EACH_CHILD(child, node) \
    for (struct cw_xml *child = (node)->first; child; child = child->next)
#define CW_XML_EACH_ATTR(attr, node) \
    for (struct cw_xml_attr *attr = (node)->attrs; attr; attr = attr->next)

bool cw_xml_is_element(const struct cw_xml *);
bool cw_xml_is(const struct cw_xml *, struct cw_str ns, const char *name);
/* Value of the attribute without namespace; absent when there is none. */
struct cw_str cw_xml_attr(const struct cw_xml *, const char *name);
struct cw_str cw_xml_lang(const struct cw_xml *); /* xml:lang of this element, or absent */
/* First child element of that name; ns absent = any namespace; NULL when there is none. */
struct cw_xml *cw_xml_child(const struct cw_xml *, struct cw_str ns, const char *name);
struct cw_xml *cw_xml_first_element(const struct cw_xml *);
/* All text directly inside, joined; empty when none. */
struct cw_str cw_xml_text(struct cw_arena *, const struct cw_xml *);

/* Building.  Strings are borrowed: they must live as long as the arena, else cw_arena_dup first. */
struct cw_xml *cw_xml_new(struct cw_arena *, struct cw_str ns, const char *name);
struct cw_xml *cw_xml_add(struct cw_arena *, struct cw_xml *parent, struct cw_str ns,
                          const char *name); /* new child element */
struct cw_xml *cw_xml_add_text(struct cw_arena *, struct cw_xml *parent, struct cw_str text);
/* Sets or replaces; an absent value removes the attribute. */
void cw_xml_set(struct cw_arena *, struct cw_xml *, const char *name, struct cw_str value);
void cw_xml_set_lang(struct cw_arena *, struct cw_xml *, struct cw_str lang);
void cw_xml_append(struct cw_xml *parent, struct cw_xml *child); /* child must be without parent */
void cw_xml_unlink(struct cw_xml *child);
struct cw_xml *cw_xml_copy(struct cw_arena *, const struct cw_xml *); /* deep, strings too */
/* The element and its descendants that are in namespace `from` move to `to` (jabber:server <->
 * jabber:client and the like). */
void cw_xml_rename_ns(struct cw_xml *, struct cw_str from, struct cw_str to);

/* What the text around the element declares already. */
struct cw_xml_scope {
    struct cw_str default_ns; /* empty: none */
    bool stream_prefix;       /* xmlns:stream is declared: use it (RFC 6120 section 4.8.5) */
    bool db_prefix;           /* xmlns:db is declared: use it (XEP-0220 section 2) */
};
/* Appends the element, escaped, with the declarations that the scope lacks.  What a parser reads
 * back is equal to the node.  Text is written with & < > escaped and CR as a reference, attribute
 * values also with ' " TAB LF.  An octet that no XML can hold (most control characters, broken
 * UTF-8) becomes U+FFFD. */
void cw_xml_write(struct cw_buf *, const struct cw_xml *, const struct cw_xml_scope *);
void cw_xml_escape(struct cw_buf *, struct cw_str text); /* as in an attribute value */

#endif
