/* See messages.h. */
#include "messages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "xml/reader.h"

struct cw_xml *stanza_of(struct cw_arena *arena, struct cw_str text)
{
    enum cw_xml_fault fault;
    struct cw_xml_limits limits = CW_XML_LIMITS_DEFAULT;
    struct cw_xml *stanza = cw_xml_parse(arena, text, &limits, &fault);
    if (!stanza)
        fail_msg("no XML: %.*s", CW_ARG(text));
    return stanza;
}

struct cw_message_to_sip to_sip_with(struct cw_arena *arena, const char *text,
                                     const struct cw_message_options *options)
{
    struct cw_message_to_sip out;
    cw_message_to_sip(arena, stanza_of(arena, cw_str_of(text)), options, &out);
    return out;
}
