/* YAML text to slots, by libcyaml and a schema made from a section's rows.  Apart from config.c so
 * that one file alone knows libcyaml. */
#ifndef CW_CONF_CONFIG_YAML_H
#define CW_CONF_CONFIG_YAML_H

#include "conf/config_priv.h"

/* *slots (in the arena) are NULL when the text is empty.  False: *why is a sentence, with the line
 * where one is known. */
bool cw_yaml_read(struct cw_arena *, struct cw_str text, const struct cw_section *,
                  struct cw_slot **slots, struct cw_arena *errors, struct cw_str *why);

#endif
