/* XMPP addresses (RFC 7622) and domain names (IDNA 2008).
 *
 * A parsed JID is enforced: localpart by the UsernameCaseMapped profile, resourcepart by
 * OpaqueString (RFC 8265), domainpart lower-case U-labels without a trailing dot, so that two
 * JIDs are the same address exactly when their parts are octet-equal. */
#ifndef CW_XMPP_JID_H
#define CW_XMPP_JID_H

#include "base/mem.h"
#include "base/str.h"

struct cw_jid {
    struct cw_str local;    /* absent when there is none */
    struct cw_str domain;   /* U-labels; never empty in a parsed JID */
    struct cw_str resource; /* absent when there is none */
};

enum cw_jid_fault {
    CW_JID_OK,
    CW_JID_EMPTY,
    CW_JID_NOT_UTF8,
    CW_JID_LOCAL_EMPTY,     /* "@domain" */
    CW_JID_LOCAL_LONG,      /* over 1023 octets, before or after enforcement */
    CW_JID_LOCAL_CHARACTER, /* not of IdentifierClass, or one of "&'/:<>@ (section 3.3.1) */
    CW_JID_DOMAIN_EMPTY,
    CW_JID_DOMAIN_LONG,
    CW_JID_DOMAIN_INVALID, /* no IDNA 2008 name and no IP literal */
    CW_JID_RESOURCE_EMPTY, /* "domain/" */
    CW_JID_RESOURCE_LONG,
    CW_JID_RESOURCE_CHARACTER, /* not of FreeformClass */
};
const char *cw_jid_fault_text(enum cw_jid_fault);

/* Parts of *out live in the arena.  Lengths are checked before anything is normalised. */
enum cw_jid_fault cw_jid_parse(struct cw_arena *, struct cw_str text, struct cw_jid *out);
struct cw_str cw_jid_str(struct cw_arena *, const struct cw_jid *);  /* full or bare, as it is */
struct cw_str cw_jid_bare(struct cw_arena *, const struct cw_jid *); /* without the resource */
bool cw_jid_eq(const struct cw_jid *, const struct cw_jid *);
bool cw_jid_eq_bare(const struct cw_jid *, const struct cw_jid *);

/* IDNA 2008 (uidna, non-transitional, STD3 rules), trailing dot stripped, ASCII lower case.  False
 * when it is no valid domain name (RFC 5891); IP literals are not domain names here. */
bool cw_domain_to_ascii(struct cw_arena *, struct cw_str name, struct cw_str *a_labels);
bool cw_domain_to_unicode(struct cw_arena *, struct cw_str name, struct cw_str *u_labels);

/* XEP-0106: the ten characters that a localpart cannot hold <-> \hh.  Escaping gives the absent
 * string when the text begins or ends with a space: no localpart stands for it (section 4.1). */
struct cw_str cw_jid_escape(struct cw_arena *, struct cw_str unescaped);
struct cw_str cw_jid_unescape(struct cw_arena *, struct cw_str escaped);

#endif
