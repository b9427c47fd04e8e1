/* Stream headers and features (RFC 6120 section 4): values to text and back. */
#ifndef CW_XMPP_STREAM_H
#define CW_XMPP_STREAM_H

#include "xml/node.h"

struct cw_stream_header {
    struct cw_str default_ns;         /* CW_NS_SERVER, CW_NS_COMPONENT, ... */
    struct cw_str from, to, id, lang; /* absent when not there */
    unsigned major, minor;            /* 0.9 when there is no version attribute (section 4.7.5) */
    bool declares_db;                 /* writing: declare xmlns:db */
    bool before_1_0;                  /* writing: leave the version out, as the peer did */
    bool closed;                      /* unused when reading */
};

/* Appends `<?xml version='1.0'?><stream:stream ...>`, version 1.0 or none. */
void cw_stream_header_write(struct cw_buf *, const struct cw_stream_header *);

enum cw_stream_header_fault {
    CW_HEADER_OK,
    CW_HEADER_INVALID_NAMESPACE,   /* the root is not {streams}stream */
    CW_HEADER_BAD_FORMAT,          /* the root is in the right namespace and of another name */
    CW_HEADER_UNSUPPORTED_VERSION, /* the version is no "digits.digits" */
};
/* Reads the root as the reader gives it.  The content's default namespace is not an attribute of
 * the node: check the reader's (cw_xml_reader_default_ns). */
enum cw_stream_header_fault cw_stream_header_read(const struct cw_xml *root,
                                                  struct cw_stream_header *out);

/* What a <stream:features/> offers. */
struct cw_stream_features {
    bool starttls, starttls_required;
    bool mechanisms, external; /* SASL mechanisms offered at all; EXTERNAL among them */
    bool dialback, dialback_errors;
    bool bidi;           /* stanzas may go both ways (XEP-0288) */
    bool sm;             /* reading: stream management (XEP-0198) */
    bool other_required; /* an unknown feature says <required/> */
};
void cw_stream_features_read(const struct cw_xml *features, struct cw_stream_features *out);
struct cw_xml *cw_stream_features_make(struct cw_arena *, const struct cw_stream_features *);

#endif
