/* Stream errors (RFC 6120 section 4.9.3), stanza errors (8.3.3) and SASL failures (6.5): the
 * conditions as enums, each with its element name, and the elements themselves. */
#ifndef CW_XMPP_ERROR_H
#define CW_XMPP_ERROR_H

#include "xml/node.h"

enum cw_stream_error {
    CW_STREAM_BAD_FORMAT,
    CW_STREAM_BAD_NAMESPACE_PREFIX,
    CW_STREAM_CONFLICT,
    CW_STREAM_CONNECTION_TIMEOUT,
    CW_STREAM_HOST_GONE,
    CW_STREAM_HOST_UNKNOWN,
    CW_STREAM_IMPROPER_ADDRESSING,
    CW_STREAM_INTERNAL_SERVER_ERROR,
    CW_STREAM_INVALID_FROM,
    CW_STREAM_INVALID_NAMESPACE,
    CW_STREAM_INVALID_XML,
    CW_STREAM_NOT_AUTHORIZED,
    CW_STREAM_NOT_WELL_FORMED,
    CW_STREAM_POLICY_VIOLATION,
    CW_STREAM_REMOTE_CONNECTION_FAILED,
    CW_STREAM_RESET,
    CW_STREAM_RESOURCE_CONSTRAINT,
    CW_STREAM_RESTRICTED_XML,
    CW_STREAM_SEE_OTHER_HOST,
    CW_STREAM_SYSTEM_SHUTDOWN,
    CW_STREAM_UNDEFINED_CONDITION,
    CW_STREAM_UNSUPPORTED_ENCODING,
    CW_STREAM_UNSUPPORTED_FEATURE,
    CW_STREAM_UNSUPPORTED_STANZA_TYPE,
    CW_STREAM_UNSUPPORTED_VERSION,
};

enum cw_stanza_error {
    CW_STANZA_BAD_REQUEST,
    CW_STANZA_CONFLICT,
    CW_STANZA_FEATURE_NOT_IMPLEMENTED,
    CW_STANZA_FORBIDDEN,
    CW_STANZA_GONE,
    CW_STANZA_INTERNAL_SERVER_ERROR,
    CW_STANZA_ITEM_NOT_FOUND,
    CW_STANZA_JID_MALFORMED,
    CW_STANZA_NOT_ACCEPTABLE,
    CW_STANZA_NOT_ALLOWED,
    CW_STANZA_NOT_AUTHORIZED,
    CW_STANZA_POLICY_VIOLATION,
    CW_STANZA_RECIPIENT_UNAVAILABLE,
    CW_STANZA_REDIRECT,
    CW_STANZA_REGISTRATION_REQUIRED,
    CW_STANZA_REMOTE_SERVER_NOT_FOUND,
    CW_STANZA_REMOTE_SERVER_TIMEOUT,
    CW_STANZA_RESOURCE_CONSTRAINT,
    CW_STANZA_SERVICE_UNAVAILABLE,
    CW_STANZA_SUBSCRIPTION_REQUIRED,
    CW_STANZA_UNDEFINED_CONDITION,
    CW_STANZA_UNEXPECTED_REQUEST,
    CW_STANZA_REMOTE_CONNECTION_FAILED, /* of dialback only (XEP-0220 section 2.5) */
};

const char *cw_stream_error_name(enum cw_stream_error); /* the element's name */
const char *cw_stanza_error_name(enum cw_stanza_error);
const char *
    cw_stanza_error_type(enum cw_stanza_error); /* cancel, auth, modify, wait: the usual one */
bool cw_stream_error_of(struct cw_str name, enum cw_stream_error *out);
bool cw_stanza_error_of(struct cw_str name, enum cw_stanza_error *out);

/* <stream:error><condition/><text/></stream:error>; text may be NULL. */
struct cw_xml *cw_stream_error_make(struct cw_arena *, enum cw_stream_error, const char *text);
/* The error stanza that answers `stanza`: same name, namespace and id, from and to swapped,
 * type='error'.  NULL when none may be sent: the stanza is itself an error, or an iq result
 * (RFC 6120 section 8.3.1).  text may be absent. */
struct cw_xml *cw_stanza_error_reply(struct cw_arena *, const struct cw_xml *stanza,
                                     enum cw_stanza_error, struct cw_str text);
/* Condition, type and text of an error stanza; false when it holds no <error/> with a condition
 * that we know (then undefined-condition / cancel are set). */
struct cw_stanza_error_info {
    enum cw_stanza_error condition;
    struct cw_str type;    /* of the <error/> element */
    struct cw_str text;    /* of <text/>, may be absent */
    struct cw_str address; /* content of <gone/> or <redirect/>, may be absent */
};
bool cw_stanza_error_read(struct cw_arena *, const struct cw_xml *stanza,
                          struct cw_stanza_error_info *out);

#endif
