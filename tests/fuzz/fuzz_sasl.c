/* SASL on streams that are ready for it, TLS being up with a good certificate: first octet odd:
 * outbound, with <auth/> sent; else inbound, with EXTERNAL offered. */
#include "fuzz.h"
#include "stream_world.h"

#define STARTTLS "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
#define OFFER    "<stream:features>" STARTTLS "</stream:features>"
#define PROCEED  "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"
#define EXTERNAL                                                             \
    "<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>" \
    "<mechanism>EXTERNAL</mechanism></mechanisms></stream:features>"
#define TLS_UP "\ntgDfabrikam.test\nh\n"

void fuzz_input(struct cw_str input)
{
    if (fuzz_octet(&input) % 2)
        stream_world_run(CW_OUTBOUND, CW_S("h\n" OFFER "\n" PROCEED TLS_UP EXTERNAL "\n"), input);
    else
        stream_world_run(CW_INBOUND, CW_S("h\n" STARTTLS TLS_UP), input);
}
