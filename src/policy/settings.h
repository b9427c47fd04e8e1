/* The installation's settings, one row each: name, type, default, range, help.  The store, the
 * command line, the snapshot and the panel read and write settings through these rows and nothing
 * else, so that a new setting is one new row (and its field in struct cw_settings). */
#ifndef CW_POLICY_SETTINGS_H
#define CW_POLICY_SETTINGS_H

#include "policy/partner.h"

enum cw_setting_type {
    CW_SETTING_NUMBER,     /* unsigned: decimal digits */
    CW_SETTING_BOOL,       /* bool: "true" or "false" */
    CW_SETTING_SECRET,     /* cw_str: text never shown or logged by those who print settings */
    CW_SETTING_NETWORKS,   /* list of cw_str: "addr/len" separated by commas */
    CW_SETTING_STATES_IN,  /* cw_str_pairs: "ACTIVITY=SHOW" separated by commas */
    CW_SETTING_STATES_OUT, /* cw_str_pairs: "SHOW=ACTIVITY" separated by commas */
};

struct cw_setting {
    const char *name; /* lower-case-with-dashes, as typed and stored */
    enum cw_setting_type type;
    const char *unit;         /* "s", "bytes", "/s" or "" */
    const char *default_text; /* "" for a secret: the store makes one at first start */
    unsigned min, max;        /* NUMBER: the range; SECRET: the length in octets */
    bool zero;                /* 0 (an empty secret) is taken too, though it is below min */
    const char *help;         /* one sentence */
    size_t offset;            /* of the field in struct cw_settings */
};
extern const struct cw_setting cw_setting_rows[];
extern const size_t cw_setting_n;

const struct cw_setting *cw_setting_find(struct cw_str name); /* NULL: no such setting */

/* The value as text, in the form that cw_setting_set takes.  May borrow from the settings. */
struct cw_str cw_setting_get(struct cw_arena *, const struct cw_setting *,
                             const struct cw_settings *);
/* Checks and sets one; what is kept is copied into the arena.  Returns an absent string when all
 * is well, else one sentence that says what to change, and the settings are as before. */
struct cw_str cw_setting_set(struct cw_arena *, const struct cw_setting *, struct cw_settings *,
                             struct cw_str text);
/* What rows cannot say alone: limits that depend on each other.  Ask after the last set, before
 * saving.  Absent when all is well; *field names the row at fault. */
struct cw_str cw_settings_check(const struct cw_settings *, const char **field);

/* Every row's default; the dialback secret stays empty. */
void cw_settings_defaults(struct cw_arena *, struct cw_settings *);

#endif
