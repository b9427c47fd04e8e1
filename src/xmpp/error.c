/* Stream and stanza errors: the tables of RFC 6120 sections 4.9.3 and 8.3.3, and the elements made
 * from them; see error.h. */
#include "xmpp/error.h"

#include "xmpp/ns.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static const char *const stream_names[] = {
    [CW_STREAM_BAD_FORMAT] = "bad-format",
    [CW_STREAM_BAD_NAMESPACE_PREFIX] = "bad-namespace-prefix",
    [CW_STREAM_CONFLICT] = "conflict",
    [CW_STREAM_CONNECTION_TIMEOUT] = "connection-timeout",
    [CW_STREAM_HOST_GONE] = "host-gone",
    [CW_STREAM_HOST_UNKNOWN] = "host-unknown",
    [CW_STREAM_IMPROPER_ADDRESSING] = "improper-addressing",
    [CW_STREAM_INTERNAL_SERVER_ERROR] = "internal-server-error",
    [CW_STREAM_INVALID_FROM] = "invalid-from",
    [CW_STREAM_INVALID_NAMESPACE] = "invalid-namespace",
    [CW_STREAM_INVALID_XML] = "invalid-xml",
    [CW_STREAM_NOT_AUTHORIZED] = "not-authorized",
    [CW_STREAM_NOT_WELL_FORMED] = "not-well-formed",
    [CW_STREAM_POLICY_VIOLATION] = "policy-violation",
    [CW_STREAM_REMOTE_CONNECTION_FAILED] = "remote-connection-failed",
    [CW_STREAM_RESET] = "reset",
    [CW_STREAM_RESOURCE_CONSTRAINT] = "resource-constraint",
    [CW_STREAM_RESTRICTED_XML] = "restricted-xml",
    [CW_STREAM_SEE_OTHER_HOST] = "see-other-host",
    [CW_STREAM_SYSTEM_SHUTDOWN] = "system-shutdown",
    [CW_STREAM_UNDEFINED_CONDITION] = "undefined-condition",
    [CW_STREAM_UNSUPPORTED_ENCODING] = "unsupported-encoding",
    [CW_STREAM_UNSUPPORTED_FEATURE] = "unsupported-feature",
    [CW_STREAM_UNSUPPORTED_STANZA_TYPE] = "unsupported-stanza-type",
    [CW_STREAM_UNSUPPORTED_VERSION] = "unsupported-version",
};

static const struct {
    const char *name, *type;
} stanza_rows[] = {
    [CW_STANZA_BAD_REQUEST] = {"bad-request", "modify"},
    [CW_STANZA_CONFLICT] = {"conflict", "cancel"},
    [CW_STANZA_FEATURE_NOT_IMPLEMENTED] = {"feature-not-implemented", "cancel"},
    [CW_STANZA_FORBIDDEN] = {"forbidden", "auth"},
    [CW_STANZA_GONE] = {"gone", "cancel"},
    [CW_STANZA_INTERNAL_SERVER_ERROR] = {"internal-server-error", "cancel"},
    [CW_STANZA_ITEM_NOT_FOUND] = {"item-not-found", "cancel"},
    [CW_STANZA_JID_MALFORMED] = {"jid-malformed", "modify"},
    [CW_STANZA_NOT_ACCEPTABLE] = {"not-acceptable", "modify"},
    [CW_STANZA_NOT_ALLOWED] = {"not-allowed", "cancel"},
    [CW_STANZA_NOT_AUTHORIZED] = {"not-authorized", "auth"},
    [CW_STANZA_POLICY_VIOLATION] = {"policy-violation", "modify"},
    [CW_STANZA_RECIPIENT_UNAVAILABLE] = {"recipient-unavailable", "wait"},
    [CW_STANZA_REDIRECT] = {"redirect", "modify"},
    [CW_STANZA_REGISTRATION_REQUIRED] = {"registration-required", "auth"},
    [CW_STANZA_REMOTE_SERVER_NOT_FOUND] = {"remote-server-not-found", "cancel"},
    [CW_STANZA_REMOTE_SERVER_TIMEOUT] = {"remote-server-timeout", "wait"},
    [CW_STANZA_RESOURCE_CONSTRAINT] = {"resource-constraint", "wait"},
    [CW_STANZA_SERVICE_UNAVAILABLE] = {"service-unavailable", "cancel"},
    [CW_STANZA_SUBSCRIPTION_REQUIRED] = {"subscription-required", "auth"},
    [CW_STANZA_UNDEFINED_CONDITION] = {"undefined-condition", "cancel"},
    [CW_STANZA_UNEXPECTED_REQUEST] = {"unexpected-request", "wait"},
    [CW_STANZA_REMOTE_CONNECTION_FAILED] = {"remote-connection-failed", "cancel"},
};

const char *cw_stream_error_name(enum cw_stream_error condition)
{
    cw_assert((size_t)condition < COUNT(stream_names));
    return stream_names[condition];
}

const char *cw_stanza_error_name(enum cw_stanza_error condition)
{
    cw_assert((size_t)condition < COUNT(stanza_rows));
    return stanza_rows[condition].name;
}

const char *cw_stanza_error_type(enum cw_stanza_error condition)
{
    cw_assert((size_t)condition < COUNT(stanza_rows));
    return stanza_rows[condition].type;
}

bool cw_stream_error_of(struct cw_str name, enum cw_stream_error *out)
{
    for (size_t i = 0; i < COUNT(stream_names); i++) {
        if (cw_str_eq_cstr(name, stream_names[i])) {
            *out = (enum cw_stream_error)i;
            return true;
        }
    }
    return false;
}

bool cw_stanza_error_of(struct cw_str name, enum cw_stanza_error *out)
{
    for (size_t i = 0; i < COUNT(stanza_rows); i++) {
        if (cw_str_eq_cstr(name, stanza_rows[i].name)) {
            *out = (enum cw_stanza_error)i;
            return true;
        }
    }
    return false;
}

static void add_text(struct cw_arena *arena, struct cw_xml *error, struct cw_str ns,
                     struct cw_str text)
{
    if (cw_str_is_empty(text))
        return;
    struct cw_xml *node = cw_xml_add(arena, error, ns, "text");
    cw_xml_set_lang(arena, node, CW_S("en"));
    cw_xml_add_text(arena, node, cw_arena_dup(arena, text));
}

struct cw_xml *cw_stream_error_make(struct cw_arena *arena, enum cw_stream_error condition,
                                    const char *text)
{
    struct cw_xml *error = cw_xml_new(arena, CW_NS_STREAM, "error");
    cw_xml_add(arena, error, CW_NS_STREAM_ERRORS, cw_stream_error_name(condition));
    add_text(arena, error, CW_NS_STREAM_ERRORS, cw_str_of(text));
    return error;
}

/* An error must not answer an error, nor anything the end of an exchange (section 8.3.1). */
static bool may_answer(const struct cw_xml *stanza)
{
    struct cw_str type = cw_xml_attr(stanza, "type");
    bool is_iq = cw_str_eq_cstr(stanza->name, "iq");
    return !cw_str_eq_cstr(type, "error") && !(is_iq && cw_str_eq_cstr(type, "result"));
}

struct cw_xml *cw_stanza_error_reply(struct cw_arena *arena, const struct cw_xml *stanza,
                                     enum cw_stanza_error condition, struct cw_str text)
{
    if (!may_answer(stanza))
        return NULL;
    struct cw_xml *reply = cw_arena_alloc(arena, sizeof *reply);
    reply->ns = cw_arena_dup(arena, stanza->ns);
    reply->name = cw_arena_dup(arena, stanza->name);
    cw_xml_set(arena, reply, "type", CW_S("error"));
    cw_xml_set(arena, reply, "id", cw_arena_dup(arena, cw_xml_attr(stanza, "id")));
    cw_xml_set(arena, reply, "from", cw_arena_dup(arena, cw_xml_attr(stanza, "to")));
    cw_xml_set(arena, reply, "to", cw_arena_dup(arena, cw_xml_attr(stanza, "from")));
    struct cw_xml *error = cw_xml_add(arena, reply, reply->ns, "error");
    cw_xml_set(arena, error, "type", cw_str_of(cw_stanza_error_type(condition)));
    cw_xml_add(arena, error, CW_NS_STANZA_ERRORS, cw_stanza_error_name(condition));
    add_text(arena, error, CW_NS_STANZA_ERRORS, text);
    return reply;
}

static bool is_error_type(struct cw_str type)
{
    static const char *const types[] = {"auth", "cancel", "continue", "modify", "wait"};
    for (size_t i = 0; i < COUNT(types); i++) {
        if (cw_str_eq_cstr(type, types[i]))
            return true;
    }
    return false;
}

bool cw_stanza_error_read(struct cw_arena *arena, const struct cw_xml *stanza,
                          struct cw_stanza_error_info *out)
{
    *out = (struct cw_stanza_error_info){.condition = CW_STANZA_UNDEFINED_CONDITION,
                                         .type = CW_S("cancel")};
    const struct cw_xml *error = cw_xml_child(stanza, stanza->ns, "error");
    bool is_known = false;
    if (!error)
        return false;
    CW_XML_EACH_CHILD (child, error) {
        if (!cw_xml_is_element(child) || !cw_str_eq(child->ns, CW_NS_STANZA_ERRORS))
            continue;
        if (cw_str_eq_cstr(child->name, "text")) {
            out->text = cw_xml_text(arena, child);
        } else if (!is_known && cw_stanza_error_of(child->name, &out->condition)) {
            is_known = true;
            struct cw_str address = cw_xml_text(arena, child);
            bool has_address =
                out->condition == CW_STANZA_GONE || out->condition == CW_STANZA_REDIRECT;
            out->address = has_address && address.n ? address : CW_STR_NONE;
        }
    }
    struct cw_str type = cw_xml_attr(error, "type");
    if (is_known)
        out->type = is_error_type(type) ? type : cw_str_of(cw_stanza_error_type(out->condition));
    return is_known;
}
