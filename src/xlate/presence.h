/* Presence across the border (RFC 8048 section 6): what a resource of an XMPP user or a tuple of a
 * SIP user says, as values; stanzas and presence documents read into them and written from them.
 *
 * All resources of an XMPP user become one document, since a NOTIFY replaces what was known before
 * (RFC 3856 section 6.8); each tuple of a document becomes the presence of one resource.
 *
 * Which state of one side is which of the other is a table that the caller may replace. */
#ifndef CW_XLATE_PRESENCE_H
#define CW_XLATE_PRESENCE_H

#include "xlate/pidf.h"
#include "xml/node.h"
#include "xmpp/jid.h"

enum cw_show { CW_SHOW_NONE, CW_SHOW_CHAT, CW_SHOW_AWAY, CW_SHOW_XA, CW_SHOW_DND };
enum { CW_SHOW_COUNT = CW_SHOW_DND + 1 };
const char *cw_show_name(enum cw_show); /* "" for none */
/* False for what is no <show/> of RFC 6121 section 4.7.2.1. */
bool cw_show_of(struct cw_str text, enum cw_show *out);

/* One row, one activity (RFC 4480, or a word of another's own) and its <show/>. */
struct cw_activity_row {
    const char *activity;
    enum cw_show show;
};
struct cw_state_map {
    /* SIP -> XMPP.  Of several activities the one that comes first here counts. */
    const struct cw_activity_row *activities;
    size_t n_activities;
    /* XMPP -> SIP: the activity that stands for the <show/>; NULL is none. */
    const char *of_show[CW_SHOW_COUNT];
    /* XMPP -> SIP: which of two resources is the person's state; higher is more available. */
    int rank[CW_SHOW_COUNT];
};
extern const struct cw_state_map cw_state_map_default;
/* The table that somebody chose, activity -> show and show -> activity, where "" is none; the ranks
 * are the default's.  What it holds lives in the arena.  False for a show that is none. */
bool cw_state_map_of(struct cw_arena *, const struct cw_str_pairs *in,
                     const struct cw_str_pairs *out, struct cw_state_map *);

/* What one resource says. */
struct cw_presence {
    struct cw_str resource; /* absent: the user as a whole */
    bool is_available;
    bool has_priority;
    int8_t priority;
    enum cw_show show;
    struct cw_str lang; /* of the stanza; absent: none */
    struct cw_pidf_note notes[CW_PIDF_MAX_NOTES];
    size_t n_notes;
};

/* Reads an available or unavailable stanza; false for another type, or a from that is none. */
bool cw_presence_read(struct cw_arena *, const struct cw_xml *stanza, struct cw_presence *out);
/* Writes one, in jabber:server.  from: bare, the resource is that of the value. */
struct cw_xml *cw_presence_stanza(struct cw_arena *, const struct cw_jid *from, struct cw_str to,
                                  const struct cw_presence *);
/* A stanza of a type ("subscribed"), bare to bare. */
struct cw_xml *cw_presence_typed(struct cw_arena *, struct cw_str from, struct cw_str to,
                                 const char *type);

/* The document for all resources of a user, of which the caller gives at most CW_PIDF_MAX_TUPLES;
 * of those that are too much, as many as have room.  map may be NULL: the default one. */
enum { CW_PRESENCE_MAX_BYTES = 12288 /* with its headers it is what any SIP server reads */ };
struct cw_str cw_presence_document(struct cw_arena *, const struct cw_state_map *map,
                                   const struct cw_jid *user, const struct cw_presence *resources,
                                   size_t n);
/* What a document says, tuple by tuple; *out is an array in the arena of the length returned.
 * with_notes: the partner may see what the user wrote.  lang: Content-Language, or absent. */
size_t cw_presence_of_document(struct cw_arena *, const struct cw_state_map *map,
                               const struct cw_pidf *, bool with_notes, struct cw_str lang,
                               struct cw_presence **out);

#endif
