/* What the building of requests (build.c) and of answers (reply.c) has in common.  Private to
 * src/sip. */
#ifndef CW_SIP_BUILD_PRIV_H
#define CW_SIP_BUILD_PRIV_H

#include "sip/build.h"
#include "sip/check_priv.h"
#include "sip/grammar_priv.h"

/* Checks of single fields; an absent string passes where `or` says so. */
bool cw_sip_is_absent_or(bool (*is_good)(struct cw_str), struct cw_str);
bool cw_sip_is_short_text(struct cw_str);
bool cw_sip_is_number(struct cw_str); /* below 2^32 */
/* None of them has a place of its own in a draft or a reply. */
bool cw_sip_are_fields_good(const struct cw_sip_field *, size_t n);
/* Hands the name of the bad field over; CW_OK when there is none (NULL). */
enum cw_err cw_sip_say_flaw(const char *flaw, const char **why);

/* One line; nothing for an absent value. */
void cw_sip_put_field(struct cw_buf *, const char *name, struct cw_str value);
void cw_sip_put_fields(struct cw_buf *, const struct cw_sip_field *, size_t n);
void cw_sip_put_party(struct cw_buf *, const char *name, struct cw_sip_party);
/* Content-Type, Content-Length, the empty line, the body. */
void cw_sip_put_body(struct cw_buf *, struct cw_str content_type, struct cw_str body);

#endif
