/* The two tables of RFC 7247 section 7, as data, and the answers built from them.  Where the RFC
 * leaves a choice, the row or the note beside it says what was taken and why. */
#include "xlate/errors.h"

#include "xlate/address.h"
#include "xlate/text.h"
#include "xmpp/jid.h"
#include "xmpp/ns.h"

/* XMPP -> SIP */

/* Table 2.  Notes 1 and 2: the first code when the error concerns a full JID (one device), the
 * second for a bare one (the user).  Note 5: service-unavailable is said of one user, 503 of a
 * whole server, which a proxy would then stop using; 403 also hides whether the user exists, as
 * the condition is meant to. */
static const struct {
    short full, bare;
} status_table[] = {
    [CW_STANZA_BAD_REQUEST] = {400, 400},
    [CW_STANZA_CONFLICT] = {400, 400},
    [CW_STANZA_FEATURE_NOT_IMPLEMENTED] = {405, 501},
    [CW_STANZA_FORBIDDEN] = {403, 603},
    [CW_STANZA_GONE] = {410, 410},
    [CW_STANZA_INTERNAL_SERVER_ERROR] = {500, 500},
    [CW_STANZA_ITEM_NOT_FOUND] = {404, 604},
    [CW_STANZA_JID_MALFORMED] = {400, 400},
    [CW_STANZA_NOT_ACCEPTABLE] = {406, 606},
    [CW_STANZA_NOT_ALLOWED] = {403, 403},
    [CW_STANZA_NOT_AUTHORIZED] = {401, 401},
    [CW_STANZA_POLICY_VIOLATION] = {403, 403},
    [CW_STANZA_RECIPIENT_UNAVAILABLE] = {480, 600},
    [CW_STANZA_REDIRECT] = {302, 302},
    [CW_STANZA_REGISTRATION_REQUIRED] = {407, 407},
    [CW_STANZA_REMOTE_SERVER_NOT_FOUND] = {408, 408},
    [CW_STANZA_REMOTE_SERVER_TIMEOUT] = {408, 408},
    [CW_STANZA_RESOURCE_CONSTRAINT] = {500, 500},
    [CW_STANZA_SERVICE_UNAVAILABLE] = {403, 403},
    [CW_STANZA_SUBSCRIPTION_REQUIRED] = {400, 400},
    [CW_STANZA_UNDEFINED_CONDITION] = {400, 400},
    [CW_STANZA_UNEXPECTED_REQUEST] = {491, 491},
    [CW_STANZA_REMOTE_CONNECTION_FAILED] = {408, 408}, /* dialback's word for the one above */
};

int cw_error_to_status(const struct cw_error_facts *facts)
{
    /* Note 3. */
    if (facts->condition == CW_STANZA_GONE && facts->address.n)
        return 301;
    /* Note 4. */
    if (facts->condition == CW_STANZA_REMOTE_SERVER_NOT_FOUND && facts->no_such_server)
        return 404;
    return facts->is_full ? status_table[facts->condition].full
                          : status_table[facts->condition].bare;
}

/* SIP -> XMPP */

/* Table 3 where it differs from the class's condition, and the registered phrases. */
static const struct row {
    short status;
    short condition; /* -1: that of the class */
    const char *reason;
} rows[] = {
    {300, -1, "Multiple Choices"},
    {301, CW_STANZA_GONE, "Moved Permanently"},
    {302, -1, "Moved Temporarily"},
    {305, -1, "Use Proxy"},
    {380, CW_STANZA_NOT_ACCEPTABLE, "Alternative Service"},
    {400, -1, "Bad Request"},
    {401, CW_STANZA_NOT_AUTHORIZED, "Unauthorized"},
    {402, -1, "Payment Required"},
    {403, CW_STANZA_FORBIDDEN, "Forbidden"},
    {404, CW_STANZA_ITEM_NOT_FOUND, "Not Found"},
    {405, CW_STANZA_FEATURE_NOT_IMPLEMENTED, "Method Not Allowed"},
    {406, CW_STANZA_NOT_ACCEPTABLE, "Not Acceptable"},
    {407, CW_STANZA_REGISTRATION_REQUIRED, "Proxy Authentication Required"},
    {408, CW_STANZA_REMOTE_SERVER_TIMEOUT, "Request Timeout"},
    {410, CW_STANZA_GONE, "Gone"},
    {412, -1, "Conditional Request Failed"},
    {413, CW_STANZA_POLICY_VIOLATION, "Request Entity Too Large"},
    {414, CW_STANZA_POLICY_VIOLATION, "Request-URI Too Long"},
    {415, CW_STANZA_NOT_ACCEPTABLE, "Unsupported Media Type"},
    {416, CW_STANZA_NOT_ACCEPTABLE, "Unsupported URI Scheme"},
    {417, -1, "Unknown Resource-Priority"},
    {420, CW_STANZA_FEATURE_NOT_IMPLEMENTED, "Bad Extension"},
    {421, CW_STANZA_NOT_ACCEPTABLE, "Extension Required"},
    {422, -1, "Session Interval Too Small"},
    {423, CW_STANZA_RESOURCE_CONSTRAINT, "Interval Too Brief"},
    {428, -1, "Use Identity Header"},
    {429, -1, "Provide Referrer Identity"},
    {430, CW_STANZA_RECIPIENT_UNAVAILABLE, "Flow Failed"},
    {433, -1, "Anonymity Disallowed"},
    {436, -1, "Bad Identity-Info"},
    {437, -1, "Unsupported Certificate"},
    {438, -1, "Invalid Identity Header"},
    {439, CW_STANZA_FEATURE_NOT_IMPLEMENTED, "First Hop Lacks Outbound Support"},
    {440, CW_STANZA_POLICY_VIOLATION, "Max-Breadth Exceeded"},
    {469, -1, "Bad Info Package"},
    {470, -1, "Consent Needed"},
    {480, CW_STANZA_RECIPIENT_UNAVAILABLE, "Temporarily Unavailable"},
    {481, CW_STANZA_ITEM_NOT_FOUND, "Call/Transaction Does Not Exist"},
    {482, CW_STANZA_NOT_ACCEPTABLE, "Loop Detected"},
    {483, CW_STANZA_NOT_ACCEPTABLE, "Too Many Hops"},
    {484, CW_STANZA_ITEM_NOT_FOUND, "Address Incomplete"},
    {485, CW_STANZA_ITEM_NOT_FOUND, "Ambiguous"},
    {486, CW_STANZA_RECIPIENT_UNAVAILABLE, "Busy Here"},
    {487, CW_STANZA_RECIPIENT_UNAVAILABLE, "Request Terminated"},
    {488, CW_STANZA_NOT_ACCEPTABLE, "Not Acceptable Here"},
    {489, CW_STANZA_POLICY_VIOLATION, "Bad Event"},
    {491, CW_STANZA_UNEXPECTED_REQUEST, "Request Pending"},
    {493, -1, "Undecipherable"},
    {494, -1, "Security Agreement Required"},
    {500, -1, "Server Internal Error"},
    {501, CW_STANZA_FEATURE_NOT_IMPLEMENTED, "Not Implemented"},
    {502, CW_STANZA_REMOTE_SERVER_NOT_FOUND, "Bad Gateway"},
    {503, -1, "Service Unavailable"}, /* not the condition of that name: note 9 */
    {504, CW_STANZA_REMOTE_SERVER_TIMEOUT, "Server Time-out"},
    {505, CW_STANZA_NOT_ACCEPTABLE, "Version Not Supported"},
    {513, CW_STANZA_POLICY_VIOLATION, "Message Too Large"},
    {555, -1, "Push Notification Service Not Supported"},
    {580, -1, "Precondition Failure"},
    {600, -1, "Busy Everywhere"},
    {603, -1, "Decline"},
    {604, CW_STANZA_ITEM_NOT_FOUND, "Does Not Exist Anywhere"},
    {606, CW_STANZA_NOT_ACCEPTABLE, "Not Acceptable"},
    {607, -1, "Unwanted"},
    {608, -1, "Rejected"},
};

/* What holds for a class as a whole (section 7.2, first paragraph; RFC 3261 section 8.1.3.2). */
static const struct {
    enum cw_stanza_error condition;
    const char *reason;
} classes[] = {
    [3] = {CW_STANZA_REDIRECT, "Redirection"},
    [4] = {CW_STANZA_BAD_REQUEST, "Request Failure"},
    [5] = {CW_STANZA_INTERNAL_SERVER_ERROR, "Server Failure"},
    [6] = {CW_STANZA_RECIPIENT_UNAVAILABLE, "Global Failure"},
};

static const struct row *row_of(int status)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].status == status)
            return &rows[i];
    return NULL;
}

enum cw_stanza_error cw_error_of_status(int status)
{
    cw_assert(status >= 300 && status <= 699);
    const struct row *row = row_of(status);
    return row && row->condition >= 0 ? (enum cw_stanza_error)row->condition
                                      : classes[status / 100].condition;
}

const char *cw_sip_reason(int status)
{
    static const struct {
        int status;
        const char *reason;
    } good[] = {{100, "Trying"}, {180, "Ringing"}, {200, "OK"}, {202, "Accepted"}};

    const struct row *row = row_of(status);
    if (row)
        return row->reason;
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        if (good[i].status == status)
            return good[i].reason;
    if (status >= 300 && status <= 699)
        return classes[status / 100].reason;
    return status < 200 ? "Session Progress" : "OK";
}

/* The error stanza */

static struct cw_xml *original_of(struct cw_arena *arena, const struct cw_error_origin *origin)
{
    struct cw_str name = origin->name.n ? origin->name : CW_S("message");
    struct cw_xml *stanza = cw_xml_new(arena, CW_NS_SERVER, cw_arena_dup(arena, name).p);
    cw_xml_set(arena, stanza, "id", origin->id);
    cw_xml_set(arena, stanza, "from", origin->from);
    cw_xml_set(arena, stanza, "to", origin->to);
    return stanza;
}

struct cw_xml *cw_error_stanza_of(struct cw_arena *arena, const struct cw_error_origin *origin,
                                  enum cw_stanza_error condition, struct cw_str text)
{
    return cw_stanza_error_reply(arena, original_of(arena, origin), condition, text);
}

/* Table 3 note 1: <gone/> has the new address for 301 and must not have one for 410. */
static bool takes_address(int status)
{
    return status >= 300 && status < 400 &&
           (cw_error_of_status(status) == CW_STANZA_REDIRECT || status == 301);
}

struct cw_xml *cw_error_stanza(struct cw_arena *arena, const struct cw_error_origin *origin,
                               const struct cw_sip_response *response)
{
    enum cw_stanza_error condition = cw_error_of_status(response->status);
    struct cw_str text = cw_text_line(arena, response->reason_phrase);
    struct cw_xml *stanza =
        cw_error_stanza_of(arena, origin, condition, text.n ? text : CW_STR_NONE);

    if (stanza && cw_str_is_present(response->contact) && takes_address(response->status)) {
        struct cw_str address = cw_addr_sip_to_xmpp_uri(arena, response->contact);
        struct cw_xml *error = cw_xml_child(stanza, CW_STR_NONE, "error");
        struct cw_xml *element =
            error ? cw_xml_child(error, CW_NS_STANZA_ERRORS, cw_stanza_error_name(condition))
                  : NULL;
        if (element && cw_str_is_present(address))
            cw_xml_add_text(arena, element, address);
    }
    return stanza;
}

/* The SIP answer */

void cw_error_response_of(struct cw_arena *arena, const struct cw_error_facts *facts,
                          struct cw_str text, struct cw_sip_response *out)
{
    struct cw_error_facts known = *facts;
    struct cw_str line = cw_text_line(arena, text);

    *out = (struct cw_sip_response){0};
    if (known.condition == CW_STANZA_GONE || known.condition == CW_STANZA_REDIRECT)
        out->contact = cw_addr_xmpp_to_sip_uri(arena, known.address);
    /* Without an address that SIP can use, "moved" is only "gone". */
    if (known.condition == CW_STANZA_GONE)
        known.address = out->contact;
    out->status = cw_error_to_status(&known);
    out->reason_phrase = line.n ? line : cw_str_of(cw_sip_reason(out->status));
}

void cw_error_response(struct cw_arena *arena, const struct cw_xml *error_stanza,
                       struct cw_sip_response *out)
{
    struct cw_stanza_error_info info = {.condition = CW_STANZA_UNDEFINED_CONDITION};
    struct cw_jid from;

    /* False leaves undefined-condition behind, which is what the peer has told us. */
    (void)cw_stanza_error_read(arena, error_stanza, &info);
    struct cw_error_facts facts = {.condition = info.condition, .address = info.address};
    facts.is_full = cw_jid_parse(arena, cw_xml_attr(error_stanza, "from"), &from) == CW_JID_OK &&
                    cw_str_is_present(from.resource);
    cw_error_response_of(arena, &facts, info.text, out);
}
