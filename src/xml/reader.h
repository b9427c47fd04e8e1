/* Bounded push parser for XML streams (RFC 6120 sections 4 and 11), over expat.
 *
 * One reader reads one stream between two restarts.  Bytes are fed as they come; the reader hands
 * out one event at a time, so that the caller can stop between two first-level elements: what
 * follows <starttls/> or <proceed/> in the same segment is then still unread here, and dies with
 * the reader.
 *
 *     cw_xml_reader_feed(r, bytes);
 *     for (;;) switch (cw_xml_reader_next(r, &arena, &node)) {
 *         case CW_XML_MORE: return;            // feed again
 *         case CW_XML_STREAM_OPEN: ...         // node: the root's name and attributes, no children
 *         case CW_XML_ELEMENT: ...             // node: a whole first-level child
 *         case CW_XML_STREAM_CLOSE: ...        // </stream:stream>
 *         case CW_XML_BROKEN: ...              // fault says which stream error; the reader is dead
 *     }
 *
 * Refused at once: DTDs, entities, comments, processing instructions (restricted-xml), encodings
 * other than UTF-8 (unsupported-encoding), everything that is not well-formed, and sizes over the
 * limits.  White space between first-level elements is skipped.
 */
#ifndef CW_XML_READER_H
#define CW_XML_READER_H

#include "xml/node.h"

enum cw_xml_event {
    CW_XML_MORE,
    CW_XML_STREAM_OPEN,
    CW_XML_ELEMENT,
    CW_XML_STREAM_CLOSE,
    CW_XML_BROKEN
};

/* Named after the stream error to send (RFC 6120 section 4.9.3). */
enum cw_xml_fault {
    CW_XML_FAULT_NONE,
    CW_XML_FAULT_NOT_WELL_FORMED,
    CW_XML_FAULT_RESTRICTED_XML,
    CW_XML_FAULT_UNSUPPORTED_ENCODING,
    CW_XML_FAULT_BAD_NAMESPACE_PREFIX,
    CW_XML_FAULT_POLICY_VIOLATION, /* a limit; cw_xml_reader_fault_text says which */
    CW_XML_FAULT_BAD_FORMAT,       /* text directly inside the stream */
};

struct cw_xml_limits {
    size_t max_element_bytes; /* of one first-level element or header, as on the wire */
    unsigned max_depth;       /* of elements below the root */
    unsigned max_attrs;       /* of one element, declarations included */
    unsigned max_children;    /* elements in one first-level element */
};
#define CW_XML_LIMITS_DEFAULT \
    ((struct cw_xml_limits){  \
        .max_element_bytes = 262144, .max_depth = 64, .max_attrs = 64, .max_children = 4096})

struct cw_xml_reader;

struct cw_xml_reader *cw_xml_reader_new(const struct cw_xml_limits *);
void cw_xml_reader_free(struct cw_xml_reader **);
void cw_xml_reader_set_limits(struct cw_xml_reader *, const struct cw_xml_limits *);
/* Takes a copy of what it cannot read yet.  Call next until it says MORE before feeding again. */
void cw_xml_reader_feed(struct cw_xml_reader *, struct cw_str bytes);
/* Nodes are made in the given arena.  Between two calls the caller may reset the arena only after
 * an ELEMENT, STREAM_OPEN or STREAM_CLOSE event (after MORE a half-read element may be in it; pass
 * the same arena again). */
enum cw_xml_event cw_xml_reader_next(struct cw_xml_reader *, struct cw_arena *, struct cw_xml **);
/* The default namespace that the root declared ("" when none), valid from STREAM_OPEN on. */
struct cw_str cw_xml_reader_default_ns(const struct cw_xml_reader *);
/* Whether the root declared a prefix, or the default, for the namespace; valid likewise. */
bool cw_xml_reader_declares(const struct cw_xml_reader *, struct cw_str ns);
/* Right after an event: what was fed and stands behind it.  Borrowed until the next call. */
struct cw_str cw_xml_reader_rest(const struct cw_xml_reader *);
enum cw_xml_fault cw_xml_reader_fault(const struct cw_xml_reader *);
const char *cw_xml_reader_fault_text(const struct cw_xml_reader *); /* one sentence */

/* A whole document in one string (a stored stanza, a PIDF body): NULL and *fault when refused. */
struct cw_xml *cw_xml_parse(struct cw_arena *, struct cw_str document, const struct cw_xml_limits *,
                            enum cw_xml_fault *fault);

#endif
