/* The table of presence states as text: which activity on the SIP side (RFC 4480) is which <show/>
 * in XMPP (RFC 6121 section 4.7.2.1), and back.  "busy=dnd,on-the-phone=dnd,away=away" one way,
 * "away=away,xa=away,dnd=busy,chat=" the other: of a document with the activities on-the-phone and
 * away the first table makes dnd, since that row comes first, and the second makes busy of it. */
#ifndef CW_POLICY_STATES_H
#define CW_POLICY_STATES_H

#include "policy/settings.h"

/* The rows of cw_state_map_default (xlate/presence.h), as settings; a test holds the two together.
 */
#define CW_STATES_IN_DEFAULT                                                               \
    "busy=dnd,on-the-phone=dnd,meeting=dnd,presentation=dnd,performance=dnd,steering=dnd," \
    "worship=dnd,permanent-absence=xa,vacation=xa,holiday=xa,sleeping=xa,away=away,"       \
    "breakfast=away,dinner=away,meal=away,in-transit=away,travel=away,dnd=dnd,"            \
    "do-not-disturb=dnd,in-a-meeting=dnd,urgent-interruptions-only=dnd,long-away=xa,"      \
    "extended-away=xa,off-work=xa,be-right-back=away,out-to-lunch=away"
#define CW_STATES_OUT_DEFAULT "away=away,xa=away,dnd=busy,chat="

enum { CW_STATES_MAX = 100 }; /* rows of one table */

/* Reads a table of the row's type, copied into the arena.  Absent when all is well, else a sentence
 * that says what to change, and *out is as before. */
struct cw_str cw_states_set(struct cw_arena *, const struct cw_setting *, struct cw_str_pairs *out,
                            struct cw_str text);
/* The form that cw_states_set takes. */
struct cw_str cw_states_text(struct cw_arena *, const struct cw_str_pairs *);

#endif
