/* Partners and settings as JSON: one form for the snapshot, the audit trail and the API. */
#ifndef CW_CONF_POLICY_JSON_H
#define CW_CONF_POLICY_JSON_H

#include <jansson.h>

#include "policy/settings.h"

enum cw_partner_field_type {
    CW_FIELD_DOMAIN,      /* struct cw_str */
    CW_FIELD_DOMAINS,     /* list of struct cw_str */
    CW_FIELD_TEXTS,       /* list of struct cw_str */
    CW_FIELD_TEXT,        /* struct cw_str */
    CW_FIELD_TYPE,        /* enum cw_partner_type */
    CW_FIELD_REQUIREMENT, /* enum cw_requirement */
    CW_FIELD_BOOL,
    CW_FIELD_NUMBER, /* unsigned */
};

/* One row a field, in the order in which people are shown them. */
struct cw_partner_field {
    const char *name; /* "connection-limit" */
    enum cw_partner_field_type type;
    size_t offset;
    size_t count_offset; /* lists: of their size_t */
};
extern const struct cw_partner_field cw_partner_fields[];
extern const size_t cw_partner_n_fields;
const struct cw_partner_field *cw_partner_field_find(struct cw_str name);

/* A new reference.  Every field is a member. */
json_t *cw_partner_to_json(const struct cw_partner *);
/* Sets one field from its JSON value; what is kept is copied into the arena.  The absent string
 * when the type fits, else a sentence.  Ranges are cw_partner_check's business. */
struct cw_str cw_partner_set_json(struct cw_arena *, struct cw_partner *,
                                  const struct cw_partner_field *, const json_t *value);

/* With secrets for the snapshot; else "(set)" or "" stands in their place. */
json_t *cw_settings_to_json(const struct cw_settings *, bool with_secrets);
/* Without secrets, but "(new)" stands for one that `before` has not. */
json_t *cw_settings_to_json_after(const struct cw_settings *, const struct cw_settings *before);

/* Sets one setting; the value may be of its own JSON type or, from a command line, text.  The
 * absent string when it was taken, else a sentence. */
struct cw_str cw_setting_set_json(struct cw_arena *, const struct cw_setting *,
                                  struct cw_settings *, const json_t *value);

/* The bytes of a JSON string, which may hold NUL. */
struct cw_str cw_json_str(const json_t *);
/* Of an object's member; absent when there is none, or no text. */
struct cw_str cw_json_text(const json_t *object, const char *name);
json_t *cw_json_of_str(struct cw_str); /* null when it is absent or not UTF-8 */
/* "2026-11-22T14:00:00Z"; null for a time that no calendar has. */
json_t *cw_json_of_time(int64_t seconds_since_1970);

#endif
