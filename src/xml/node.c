/* Elements as values: reading and building them; see node.h.  Trees that come from a stranger are
 * never deeper than the reader's limit, so what walks them may recurse. */
#include "xml/node.h"

#include <string.h>

#include "xml/xml_priv.h"

bool cw_xml_is_element(const struct cw_xml *node)
{
    return cw_str_is_present(node->name);
}

bool cw_xml_is(const struct cw_xml *node, struct cw_str ns, const char *name)
{
    return cw_xml_is_element(node) && cw_str_eq_cstr(node->name, name) && cw_str_eq(node->ns, ns);
}

static struct cw_xml_attr *find_attr(const struct cw_xml *node, struct cw_str ns,
                                     struct cw_str name)
{
    CW_XML_EACH_ATTR (attr, node) {
        if (cw_str_eq(attr->name, name) && cw_str_eq(attr->ns, ns))
            return attr;
    }
    return NULL;
}

struct cw_str cw_xml_attr(const struct cw_xml *node, const char *name)
{
    const struct cw_xml_attr *attr = find_attr(node, CW_S(""), cw_str_of(name));
    return attr ? attr->value : CW_STR_NONE;
}

struct cw_str cw_xml_lang(const struct cw_xml *node)
{
    const struct cw_xml_attr *attr = find_attr(node, CW_XML_NS_XML, CW_S("lang"));
    return attr ? attr->value : CW_STR_NONE;
}

struct cw_xml *cw_xml_child(const struct cw_xml *node, struct cw_str ns, const char *name)
{
    CW_XML_EACH_CHILD (child, node) {
        if (cw_xml_is(child, cw_str_is_present(ns) ? ns : child->ns, name))
            return child;
    }
    return NULL;
}

struct cw_xml *cw_xml_first_element(const struct cw_xml *node)
{
    CW_XML_EACH_CHILD (child, node) {
        if (cw_xml_is_element(child))
            return child;
    }
    return NULL;
}

struct cw_str cw_xml_text(struct cw_arena *arena, const struct cw_xml *node)
{
    size_t n = 0, runs = 0;
    struct cw_str only = CW_S("");
    CW_XML_EACH_CHILD (child, node) {
        if (cw_xml_is_element(child))
            continue;
        only = child->text;
        n += child->text.n;
        runs++;
    }
    if (runs <= 1)
        return only;
    char *joined = cw_arena_alloc(arena, n + 1);
    size_t at = 0;
    CW_XML_EACH_CHILD (child, node) {
        if (cw_xml_is_element(child) || child->text.n == 0)
            continue;
        memcpy(joined + at, child->text.p, child->text.n);
        at += child->text.n;
    }
    return (struct cw_str){joined, n};
}

struct cw_xml *cw_xml_new(struct cw_arena *arena, struct cw_str ns, const char *name)
{
    struct cw_xml *node = cw_arena_alloc(arena, sizeof *node);
    node->ns = cw_str_is_present(ns) ? ns : CW_S("");
    node->name = cw_str_of(name);
    return node;
}

struct cw_xml *cw_xml_add(struct cw_arena *arena, struct cw_xml *parent, struct cw_str ns,
                          const char *name)
{
    struct cw_xml *node = cw_xml_new(arena, ns, name);
    cw_xml_append(parent, node);
    return node;
}

struct cw_xml *cw_xml_add_text(struct cw_arena *arena, struct cw_xml *parent, struct cw_str text)
{
    struct cw_xml *node = cw_arena_alloc(arena, sizeof *node);
    node->text = cw_str_is_present(text) ? text : CW_S("");
    cw_xml_append(parent, node);
    return node;
}

void cw_xml_add_attr(struct cw_arena *arena, struct cw_xml *node, struct cw_xml_attr value)
{
    struct cw_xml_attr *attr = cw_arena_alloc(arena, sizeof *attr);
    *attr = value;
    attr->next = NULL;
    if (node->last_attr)
        node->last_attr->next = attr;
    else
        node->attrs = attr;
    node->last_attr = attr;
}

static void remove_attr(struct cw_xml *node, const struct cw_xml_attr *gone)
{
    struct cw_xml_attr **link = &node->attrs;
    struct cw_xml_attr *before = NULL;
    while (*link != gone) {
        before = *link;
        link = &before->next;
    }
    *link = gone->next;
    if (node->last_attr == gone)
        node->last_attr = before;
}

static void set_attr(struct cw_arena *arena, struct cw_xml *node, struct cw_xml_attr want)
{
    struct cw_xml_attr *attr = find_attr(node, want.ns, want.name);
    if (!cw_str_is_present(want.value)) {
        if (attr)
            remove_attr(node, attr);
    } else if (attr) {
        attr->value = want.value;
    } else {
        cw_xml_add_attr(arena, node, want);
    }
}

void cw_xml_set(struct cw_arena *arena, struct cw_xml *node, const char *name, struct cw_str value)
{
    set_attr(arena, node,
             (struct cw_xml_attr){.ns = CW_S(""), .name = cw_str_of(name), .value = value});
}

void cw_xml_set_lang(struct cw_arena *arena, struct cw_xml *node, struct cw_str lang)
{
    set_attr(arena, node,
             (struct cw_xml_attr){.ns = CW_XML_NS_XML, .name = CW_S("lang"), .value = lang});
}

void cw_xml_append(struct cw_xml *parent, struct cw_xml *child)
{
    cw_assert(!child->parent && !child->next);
    child->parent = parent;
    if (parent->last)
        parent->last->next = child;
    else
        parent->first = child;
    parent->last = child;
}

void cw_xml_unlink(struct cw_xml *child)
{
    struct cw_xml *parent = child->parent;
    if (!parent)
        return;
    struct cw_xml **link = &parent->first;
    struct cw_xml *before = NULL;
    while (*link != child) {
        before = *link;
        link = &before->next;
    }
    *link = child->next;
    if (parent->last == child)
        parent->last = before;
    child->parent = child->next = NULL;
}

struct cw_xml *cw_xml_copy(struct cw_arena *arena, const struct cw_xml *node)
{
    struct cw_xml *copy = cw_arena_alloc(arena, sizeof *copy);
    copy->ns = cw_arena_dup(arena, node->ns);
    copy->name = cw_arena_dup(arena, node->name);
    copy->text = cw_arena_dup(arena, node->text);
    CW_XML_EACH_ATTR (attr, node) {
        cw_xml_add_attr(arena, copy,
                        (struct cw_xml_attr){.ns = cw_arena_dup(arena, attr->ns),
                                             .name = cw_arena_dup(arena, attr->name),
                                             .value = cw_arena_dup(arena, attr->value)});
    }
    CW_XML_EACH_CHILD (child, node) {
        cw_xml_append(copy, cw_xml_copy(arena, child));
    }
    return copy;
}

void cw_xml_rename_ns(struct cw_xml *node, struct cw_str from, struct cw_str to)
{
    if (!cw_xml_is_element(node))
        return;
    if (cw_str_eq(node->ns, from))
        node->ns = to;
    CW_XML_EACH_CHILD (child, node) {
        cw_xml_rename_ns(child, from, to);
    }
}
