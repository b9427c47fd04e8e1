/* Stream headers and features; see stream.h. */
#include "xmpp/stream.h"

#include "xmpp/ns.h"

static void put_attr(struct cw_buf *out, const char *name, struct cw_str value)
{
    if (!cw_str_is_present(value))
        return;
    cw_buf_printf(out, " %s='", name);
    cw_xml_escape(out, value);
    cw_buf_putc(out, '\'');
}

void cw_stream_header_write(struct cw_buf *out, const struct cw_stream_header *header)
{
    cw_buf_putcstr(out, "<?xml version='1.0'?><stream:stream");
    put_attr(out, "xmlns", header->default_ns);
    put_attr(out, "xmlns:stream", CW_NS_STREAM);
    if (header->declares_db)
        put_attr(out, "xmlns:db", CW_NS_DIALBACK);
    put_attr(out, "from", header->from);
    put_attr(out, "to", header->to);
    put_attr(out, "id", header->id);
    put_attr(out, "xml:lang", header->lang);
    cw_buf_putcstr(out, header->before_1_0 ? ">" : " version='1.0'>");
}

/* "Digits, a dot, digits", compared as two numbers; leading zeros do not count (RFC 6120 section
 * 4.7.5). */
static bool read_number(struct cw_str digits, unsigned *out)
{
    uint64_t value;
    if (!cw_str_to_u64(digits, &value) || value > UINT32_MAX)
        return false;
    *out = (unsigned)value;
    return true;
}

static bool read_version(struct cw_str version, struct cw_stream_header *out)
{
    out->major = 0;
    out->minor = 9;
    if (!cw_str_is_present(version))
        return true;
    ptrdiff_t dot = cw_str_index(version, '.');
    return dot >= 0 && read_number(cw_str_sub(version, 0, (size_t)dot), &out->major) &&
           read_number(cw_str_sub(version, (size_t)dot + 1, version.n), &out->minor);
}

enum cw_stream_header_fault cw_stream_header_read(const struct cw_xml *root,
                                                  struct cw_stream_header *out)
{
    *out = (struct cw_stream_header){0};
    if (!cw_str_eq(root->ns, CW_NS_STREAM))
        return CW_HEADER_INVALID_NAMESPACE;
    if (!cw_str_eq_cstr(root->name, "stream"))
        return CW_HEADER_BAD_FORMAT;
    out->from = cw_xml_attr(root, "from");
    out->to = cw_xml_attr(root, "to");
    out->id = cw_xml_attr(root, "id");
    out->lang = cw_xml_lang(root);
    if (!read_version(cw_xml_attr(root, "version"), out))
        return CW_HEADER_UNSUPPORTED_VERSION;
    return CW_HEADER_OK;
}

static void read_mechanisms(const struct cw_xml *mechanisms, struct cw_stream_features *out)
{
    CW_XML_EACH_CHILD (child, mechanisms) {
        if (!cw_xml_is(child, CW_NS_SASL, "mechanism"))
            continue;
        out->mechanisms = true;
        /* A name is one run of text for every sender: anything else is not the name. */
        struct cw_str name = child->first && !child->first->next ? child->first->text : CW_S("");
        out->external = out->external || cw_str_eq(cw_str_trim(name), CW_S("EXTERNAL"));
    }
}

static bool is_required(const struct cw_xml *feature)
{
    return cw_xml_child(feature, CW_STR_NONE, "required") != NULL;
}

void cw_stream_features_read(const struct cw_xml *features, struct cw_stream_features *out)
{
    *out = (struct cw_stream_features){0};
    CW_XML_EACH_CHILD (child, features) {
        if (cw_xml_is(child, CW_NS_TLS, "starttls")) {
            out->starttls = true;
            out->starttls_required = is_required(child);
        } else if (cw_xml_is(child, CW_NS_SASL, "mechanisms")) {
            read_mechanisms(child, out);
        } else if (cw_xml_is(child, CW_NS_DIALBACK_FEAT, "dialback")) {
            out->dialback = true;
            out->dialback_errors = cw_xml_child(child, CW_NS_DIALBACK_FEAT, "errors") != NULL;
        } else if (cw_xml_is(child, CW_NS_BIDI_FEAT, "bidi")) {
            out->bidi = true;
        } else if (cw_xml_is_element(child)) {
            out->sm = out->sm || cw_xml_is(child, CW_NS_SM, "sm");
            out->other_required = out->other_required || is_required(child);
        }
    }
}

struct cw_xml *cw_stream_features_make(struct cw_arena *arena, const struct cw_stream_features *f)
{
    struct cw_xml *features = cw_xml_new(arena, CW_NS_STREAM, "features");
    if (f->starttls) {
        struct cw_xml *starttls = cw_xml_add(arena, features, CW_NS_TLS, "starttls");
        if (f->starttls_required)
            cw_xml_add(arena, starttls, CW_NS_TLS, "required");
    }
    if (f->external) { /* the only mechanism that we know */
        struct cw_xml *mechanisms = cw_xml_add(arena, features, CW_NS_SASL, "mechanisms");
        struct cw_xml *external = cw_xml_add(arena, mechanisms, CW_NS_SASL, "mechanism");
        cw_xml_add_text(arena, external, CW_S("EXTERNAL"));
    }
    if (f->dialback) {
        struct cw_xml *dialback = cw_xml_add(arena, features, CW_NS_DIALBACK_FEAT, "dialback");
        if (f->dialback_errors)
            cw_xml_add(arena, dialback, CW_NS_DIALBACK_FEAT, "errors");
    }
    if (f->bidi)
        cw_xml_add(arena, features, CW_NS_BIDI_FEAT, "bidi");
    return features;
}
