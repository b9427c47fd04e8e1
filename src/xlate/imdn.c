/* Reading and writing disposition notifications; see imdn.h. */
#include "xlate/imdn.h"

#include "xml/node.h"
#include "xml/reader.h"

#define NS CW_S("urn:ietf:params:xml:ns:imdn")

static const struct cw_xml_limits limits = {
    .max_element_bytes = CW_IMDN_MAX_BYTES, .max_depth = 16, .max_attrs = 16, .max_children = 256};

static const char *const kinds[] = {
    [CW_IMDN_DELIVERY] = "delivery-notification",
    [CW_IMDN_PROCESSING] = "processing-notification",
    [CW_IMDN_DISPLAY] = "display-notification",
};
static const char *const statuses[] = {
    [CW_IMDN_UNSAID] = "",
    [CW_IMDN_DELIVERED] = "delivered",
    [CW_IMDN_FAILED] = "failed",
    [CW_IMDN_PROCESSED] = "processed",
    [CW_IMDN_STORED] = "stored",
    [CW_IMDN_DISPLAYED] = "displayed",
    [CW_IMDN_FORBIDDEN] = "forbidden",
    [CW_IMDN_ERROR] = "error",
};
enum { N_KINDS = sizeof kinds / sizeof *kinds, N_STATUSES = sizeof statuses / sizeof *statuses };

const char *cw_imdn_status_name(enum cw_imdn_status status)
{
    return statuses[status];
}

const char *cw_imdn_fault_text(enum cw_imdn_fault fault)
{
    switch (fault) {
    case CW_IMDN_OK:
        return "the report can be read";
    case CW_IMDN_NOT_XML:
        return "the report is not well-formed or holds what is not allowed in it";
    case CW_IMDN_NOT_REPORT:
        return "the document reports on no message";
    case CW_IMDN_TOO_LARGE:
        return "the report is too large";
    }
    return "";
}

/* Section 11.1.9: which status goes with which notification. */
static bool is_status_of(enum cw_imdn_status status, enum cw_imdn_kind kind)
{
    switch (status) {
    case CW_IMDN_UNSAID:
        return false;
    case CW_IMDN_DELIVERED:
    case CW_IMDN_FAILED:
        return kind == CW_IMDN_DELIVERY;
    case CW_IMDN_PROCESSED:
    case CW_IMDN_STORED:
        return kind == CW_IMDN_PROCESSING;
    case CW_IMDN_DISPLAYED:
        return kind == CW_IMDN_DISPLAY;
    case CW_IMDN_FORBIDDEN:
    case CW_IMDN_ERROR:
        return true;
    }
    return false;
}

/* Two that contradict each other say nothing. */
static enum cw_imdn_status read_status(const struct cw_xml *status, enum cw_imdn_kind kind)
{
    enum cw_imdn_status found = CW_IMDN_UNSAID;
    CW_XML_EACH_CHILD (child, status) {
        for (unsigned i = 1; i < N_STATUSES; i++) {
            if (!cw_xml_is(child, NS, statuses[i]) || !is_status_of((enum cw_imdn_status)i, kind))
                continue;
            if (found != CW_IMDN_UNSAID)
                return CW_IMDN_UNSAID;
            found = (enum cw_imdn_status)i;
        }
    }
    return found;
}

static void read_notification(const struct cw_xml *root, struct cw_imdn *out)
{
    for (unsigned kind = 1; kind < N_KINDS; kind++) {
        const struct cw_xml *notification = cw_xml_child(root, NS, kinds[kind]);
        const struct cw_xml *status =
            notification ? cw_xml_child(notification, NS, "status") : NULL;
        if (!notification)
            continue;
        out->kind = (enum cw_imdn_kind)kind;
        out->status = status ? read_status(status, out->kind) : CW_IMDN_UNSAID;
        return;
    }
}

static struct cw_str text_of(struct cw_arena *arena, const struct cw_xml *root, const char *name)
{
    const struct cw_xml *child = cw_xml_child(root, NS, name);
    return child ? cw_str_trim(cw_xml_text(arena, child)) : CW_STR_NONE;
}

enum cw_imdn_fault cw_imdn_parse(struct cw_arena *arena, struct cw_str document,
                                 struct cw_imdn *out)
{
    enum cw_xml_fault fault;
    struct cw_str text = cw_str_trim(document);

    *out = (struct cw_imdn){0};
    if (text.n > CW_IMDN_MAX_BYTES)
        return CW_IMDN_TOO_LARGE;
    const struct cw_xml *root = cw_xml_parse(arena, text, &limits, &fault);
    if (!root)
        return fault == CW_XML_FAULT_POLICY_VIOLATION ? CW_IMDN_TOO_LARGE : CW_IMDN_NOT_XML;
    struct cw_str id =
        cw_xml_is(root, NS, "imdn") ? text_of(arena, root, "message-id") : CW_STR_NONE;
    if (id.n == 0 || id.n > CW_IMDN_MAX_ID_BYTES)
        return CW_IMDN_NOT_REPORT;
    *out = (struct cw_imdn){
        .message_id = id,
        .date_time = text_of(arena, root, "datetime"),
        .recipient_uri = text_of(arena, root, "recipient-uri"),
        .original_recipient_uri = text_of(arena, root, "original-recipient-uri"),
    };
    read_notification(root, out);
    return CW_IMDN_OK;
}

static void add_text(struct cw_arena *arena, struct cw_xml *parent, const char *name,
                     struct cw_str text)
{
    if (cw_str_is_present(text))
        cw_xml_add_text(arena, cw_xml_add(arena, parent, NS, name), text);
}

/* In the order of the schema, where <datetime/> has to be. */
void cw_imdn_write(struct cw_buf *out, const struct cw_imdn *imdn)
{
    struct cw_arena arena = {0};
    struct cw_xml *root = cw_xml_new(&arena, NS, "imdn");

    add_text(&arena, root, "message-id", imdn->message_id);
    add_text(&arena, root, "datetime",
             cw_str_is_present(imdn->date_time) ? imdn->date_time : CW_S(""));
    add_text(&arena, root, "recipient-uri", imdn->recipient_uri);
    add_text(&arena, root, "original-recipient-uri", imdn->original_recipient_uri);
    if (imdn->kind != CW_IMDN_NOTHING) {
        struct cw_xml *notification = cw_xml_add(&arena, root, NS, kinds[imdn->kind]);
        struct cw_xml *status = cw_xml_add(&arena, notification, NS, "status");
        if (imdn->status != CW_IMDN_UNSAID)
            cw_xml_add(&arena, status, NS, statuses[imdn->status]);
    }
    cw_buf_putcstr(out, "<?xml version='1.0' encoding='UTF-8'?>\n");
    cw_xml_write(out, root, &(struct cw_xml_scope){.default_ns = CW_STR("")});
    cw_buf_putc(out, '\n');
    cw_arena_free(&arena);
}
