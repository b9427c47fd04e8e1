/* The rows of the configuration file, shared by the reader (config.c), the rows themselves
 * (config_schema.c) and the conversion into struct cw_config (config_value.c). */
#ifndef CW_CONF_CONFIG_PRIV_H
#define CW_CONF_CONFIG_PRIV_H

#include "base/buf.h"
#include "conf/config.h"

enum cw_option_type {
    CW_OPTION_TEXT,     /* struct cw_str */
    CW_OPTION_PATH,     /* struct cw_str, absolute */
    CW_OPTION_IP,       /* struct cw_str, a literal */
    CW_OPTION_DOMAIN,   /* struct cw_str, to A-labels */
    CW_OPTION_NUMBER,   /* unsigned, in min..max */
    CW_OPTION_CHOICE,   /* an enum: the index among choices */
    CW_OPTION_ENDPOINT, /* struct cw_endpoint; max is the port when none is written, 0 = must be */
    CW_OPTION_NETWORK,  /* struct cw_str */
    CW_OPTION_SECTION,  /* the section's rows, in a struct at offset */
};

struct cw_option {
    const char *key;
    enum cw_option_type type;
    bool is_list, is_required;
    size_t offset, count_offset; /* in the section's struct; lists: a pointer and a size_t */
    unsigned min, max;
    const char *fallback;       /* as it would be written; lists: separated by commas */
    const char *const *choices; /* ends in NULL */
    const struct cw_section *section;
    const char *help;
};

struct cw_section {
    const struct cw_option *options;
    size_t n, size; /* size: of the struct that an entry of a list of sections fills */
};

extern const struct cw_section cw_config_root;

/* What libcyaml fills for each option, in the order of the rows: a string, an array of strings,
 * a section's slots, or an array of sections' slots. */
struct cw_slot {
    void *p;
    uint32_t n;
};

/* Converts one section's slots (NULL: nothing was written) into the struct at `to`.  `where` is the
 * dotted path so far.  False: *why is the sentence. */
struct cw_conversion {
    struct cw_arena *arena; /* for what stays */
    struct cw_str data_dir; /* replaces DATA-DIR in fallbacks; set once it is known */
    struct cw_arena *errors;
    struct cw_str *why;
};
bool cw_section_convert(struct cw_conversion *, const struct cw_section *,
                        const struct cw_slot *slots, void *to, const char *where);

/* A sentence about options of the SIP side that do not go together, or the absent string; fills in
 * what follows from others.  config_sip.c */
struct cw_str cw_config_check_sip(struct cw_config *, struct cw_arena *errors);
bool cw_config_is_local(const struct cw_config *, struct cw_str domain);

/* The same of panel.ldap; reads host and port from its URL.  config_ldap.c */
struct cw_str cw_config_check_ldap(struct cw_config *, struct cw_arena *errors);

/* address.c */
bool cw_ip_is_literal(struct cw_str text);
/* Reads host, port and transport from hop->uri; false when it is none that we can reach. */
bool cw_next_hop_read(struct cw_arena *, struct cw_next_hop *hop);
/* The same of ldap->url: ldap://HOST[:PORT] or ldaps://HOST[:PORT], and nothing behind it. */
bool cw_ldap_url_read(struct cw_arena *, struct cw_ldap_config *ldap);

#endif
