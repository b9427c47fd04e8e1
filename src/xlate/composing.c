/* Reading and writing isComposing documents; see composing.h. */
#include "xlate/composing.h"

#include "xml/reader.h"

#define NS CW_S("urn:ietf:params:xml:ns:im-iscomposing")

static const struct cw_xml_limits limits = {.max_element_bytes = CW_COMPOSING_MAX_BYTES,
                                            .max_depth = 16,
                                            .max_attrs = 16,
                                            .max_children = 64};

const char *cw_composing_fault_text(enum cw_composing_fault fault)
{
    switch (fault) {
    case CW_COMPOSING_OK:
        return "the composing state can be read";
    case CW_COMPOSING_NOT_XML:
        return "the composing state is not well-formed or holds what is not allowed in it";
    case CW_COMPOSING_NOT_STATE:
        return "the document tells no composing state";
    case CW_COMPOSING_TOO_LARGE:
        return "the composing state is too large";
    }
    return "";
}

/* xs:positiveInteger, which may have any number of digits. */
static unsigned read_refresh(struct cw_str text)
{
    uint64_t seconds;
    if (text.n && text.p[0] == '+')
        text = cw_str_sub(text, 1, text.n);
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] < '0' || text.p[i] > '9')
            return 0;
    if (text.n && (!cw_str_to_u64(text, &seconds) || seconds > CW_COMPOSING_MAX_REFRESH_S))
        return CW_COMPOSING_MAX_REFRESH_S;
    return text.n ? (unsigned)seconds : 0;
}

enum cw_composing_fault cw_composing_parse(struct cw_arena *arena, struct cw_str document,
                                           struct cw_composing *out)
{
    enum cw_xml_fault fault;
    struct cw_str text = cw_str_trim(document);

    *out = (struct cw_composing){0};
    if (text.n > CW_COMPOSING_MAX_BYTES)
        return CW_COMPOSING_TOO_LARGE;
    const struct cw_xml *root = cw_xml_parse(arena, text, &limits, &fault);
    if (!root)
        return fault == CW_XML_FAULT_POLICY_VIOLATION ? CW_COMPOSING_TOO_LARGE
                                                      : CW_COMPOSING_NOT_XML;
    const struct cw_xml *state =
        cw_xml_is(root, NS, "isComposing") ? cw_xml_child(root, NS, "state") : NULL;
    if (!state)
        return CW_COMPOSING_NOT_STATE;
    const struct cw_xml *refresh = cw_xml_child(root, NS, "refresh");
    out->is_active = cw_str_eq_cstr(cw_str_trim(cw_xml_text(arena, state)), "active");
    out->refresh_s = refresh ? read_refresh(cw_str_trim(cw_xml_text(arena, refresh))) : 0;
    return CW_COMPOSING_OK;
}

void cw_composing_write(struct cw_buf *out, const struct cw_composing *composing)
{
    cw_buf_putcstr(out, "<?xml version='1.0' encoding='UTF-8'?>\n"
                        "<isComposing xmlns='urn:ietf:params:xml:ns:im-iscomposing'>");
    cw_buf_printf(out, "<state>%s</state><contenttype>text/plain</contenttype>",
                  composing->is_active ? "active" : "idle");
    if (composing->refresh_s)
        cw_buf_printf(out, "<refresh>%u</refresh>", composing->refresh_s);
    cw_buf_putcstr(out, "</isComposing>\n");
}

unsigned cw_composing_holds_s(const struct cw_composing *composing)
{
    return composing->refresh_s ? composing->refresh_s : CW_COMPOSING_REFRESH_S;
}
