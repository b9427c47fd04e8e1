/* Presence documents of SIP: PIDF (RFC 3863) with the parts that gateways use of RPID (RFC 4480,
 * activities), of the data model (RFC 4479, person with its notes) and of RFC 8048 (the show of
 * XMPP inside the status).
 *
 * Read with the bounded XML reader: no DTD, no entities, no comments, sizes within limits.  What
 * stands in a document and is not known here is passed over; what is known and broken (a second
 * <basic/>, a priority that is none) counts as not said. */
#ifndef CW_XLATE_PIDF_H
#define CW_XLATE_PIDF_H

#include "base/buf.h"
#include "base/mem.h"

#define CW_PIDF_TYPE CW_S("application/pidf+xml")

enum {
    CW_PIDF_MAX_BYTES = 65536,
    CW_PIDF_MAX_TUPLES = 64,
    CW_PIDF_MAX_NOTES = 8,         /* of one tuple, person or document; more are passed over */
    CW_PIDF_MAX_ACTIVITIES = 8,    /* likewise */
    CW_PIDF_MAX_NOTE_BYTES = 1024, /* a longer one is cut, and ends in an ellipsis */
};

enum cw_pidf_basic { CW_PIDF_UNSAID, CW_PIDF_OPEN, CW_PIDF_CLOSED };

struct cw_pidf_note {
    struct cw_str text, lang; /* lang: absent when there is none */
};

/* What may be said of a tuple, and of the person as a whole. */
struct cw_pidf_words {
    struct cw_pidf_note notes[CW_PIDF_MAX_NOTES];
    struct cw_str activities[CW_PIDF_MAX_ACTIVITIES]; /* names: "away", "on-the-phone" */
    size_t n_notes, n_activities;
};

struct cw_pidf_tuple {
    struct cw_str id;
    enum cw_pidf_basic basic;
    struct cw_str show;      /* text of {jabber:client}show in the status; absent: none */
    struct cw_str contact;   /* absent: none */
    int priority_thousandth; /* of the contact, 0 to 1000; -1: none */
    struct cw_pidf_words words;
};

struct cw_pidf {
    struct cw_str entity;
    struct cw_pidf_tuple *tuples;
    size_t n_tuples;
    struct cw_pidf_words person; /* of all <person/> elements, and the notes of the document */
};

enum cw_pidf_fault {
    CW_PIDF_OK,
    CW_PIDF_NOT_XML,  /* not well-formed, or with what must not be there: DTD, entities, comments */
    CW_PIDF_NOT_PIDF, /* some other document */
    CW_PIDF_TOO_LARGE,
};
const char *cw_pidf_fault_text(enum cw_pidf_fault); /* one sentence */

/* *out lives in the arena; it is empty unless CW_PIDF_OK. */
enum cw_pidf_fault cw_pidf_parse(struct cw_arena *, struct cw_str document, struct cw_pidf *out);

/* Appends the document.  Reading it gives the same values back. */
void cw_pidf_write(struct cw_buf *, const struct cw_pidf *);

/* The id of the tuple that stands for a resource: an xs:ID, another for every resource.  Absent is
 * the user as a whole. */
struct cw_str cw_pidf_id_of_resource(struct cw_arena *, struct cw_str resource);
/* And back.  Ids that others have made up are the resource as they stand.  Not yet enforced. */
struct cw_str cw_pidf_resource_of_id(struct cw_arena *, struct cw_str id);

/* RFC 8048 table 1 note 6: XMPP's 0..127 <-> PIDF's 0..1000 thousandths, one to one. */
int cw_pidf_priority_of_xmpp(int priority); /* -1 for a negative one, which is not mapped */
int cw_pidf_priority_to_xmpp(int thousandth);

#endif
