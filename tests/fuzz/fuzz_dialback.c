/* Dialback elements on streams that are ready for them: first octet odd: outbound, with our claim
 * sent; else inbound, with features read. */
#include "fuzz.h"
#include "stream_world.h"

#define FEATURES                                                                         \
    "<stream:features><dialback xmlns='urn:xmpp:features:dialback'><errors/></dialback>" \
    "</stream:features>"

void fuzz_input(struct cw_str input)
{
    if (fuzz_octet(&input) % 2)
        stream_world_run(CW_OUTBOUND, CW_S("h\n" FEATURES "\n"), input);
    else
        stream_world_run(CW_INBOUND, CW_S("h\n"), input);
}
