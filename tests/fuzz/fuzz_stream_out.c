/* The stream machine, outbound, from its first byte (stream_world.h). */
#include "fuzz.h"
#include "stream_world.h"

void fuzz_input(struct cw_str input)
{
    stream_world_run(CW_OUTBOUND, CW_S(""), input);
}
