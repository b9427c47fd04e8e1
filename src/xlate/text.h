/* Text on its way across the border: what a peer wrote is made fit for where it goes.  A header
 * field of SIP is one line; a text of XML holds XML characters only. */
#ifndef CW_XLATE_TEXT_H
#define CW_XLATE_TEXT_H

#include "base/mem.h"
#include "base/str.h"

/* Well-formed UTF-8 of XML characters (XML 1.0 section 2.2): everything else becomes U+FFFD, one
 * for each octet or character at fault.  CR LF and a lone CR become LF, as a parser reads them.
 * Borrowed from the argument when nothing had to change. */
struct cw_str cw_text_xml(struct cw_arena *, struct cw_str text);

/* The same on one line: runs of line breaks, tabs and controls become one space, both ends are
 * trimmed. Absent stays absent. */
struct cw_str cw_text_line(struct cw_arena *, struct cw_str text);

/* The text in UTF-8, from a charset that RFC 7572 gateways meet (utf-8, us-ascii, iso-8859-1,
 * iso-8859-15, windows-1252; any case).  False for another charset. */
bool cw_text_from_charset(struct cw_arena *, struct cw_str text, struct cw_str charset,
                          struct cw_str *out);

/* The first language tag of a Content-Language or xml:lang; absent when it is none by its form
 * (RFC 5646: subtags of at most eight letters and digits), so that it can stand in a header. */
struct cw_str cw_text_language(struct cw_str tags);

/* 128 bits of SHA-256 over the parts, as hex: names that are the same again for the same parts.
 * Each part is hashed with its length, so that moving an octet over a border changes the name. */
struct cw_str cw_text_digest(struct cw_arena *, const struct cw_str *parts, size_t n);

#endif
