/* What the tests of messages share: a stanza's text on its way to SIP, in one line. */
#ifndef CW_TEST_XLATE_MESSAGES_H
#define CW_TEST_XLATE_MESSAGES_H

#include "xlate/message.h"

#define TO_ROMEO "from='juliet@example.com/b' to='romeo@example.net' id='m1'"

struct cw_xml *stanza_of(struct cw_arena *, struct cw_str text); /* fails when it is no XML */
struct cw_message_to_sip to_sip_with(struct cw_arena *, const char *text,
                                     const struct cw_message_options *);

#endif
