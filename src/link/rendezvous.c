/* Rendezvous hashing; see rendezvous.h. */
#include "link/rendezvous.h"

#include "base/buf.h"
#include "base/map.h"

/* The key is no secret: whoever chooses names to come to one node gains nothing by it, and all
 * processes must agree. */
static const uint8_t agreed_key[16] = "cw-rendezvous-1";

uint64_t cw_rendezvous_weight(struct cw_str node, struct cw_str key)
{
    struct cw_buf text = {0};
    cw_buf_puts(&text, node);
    cw_buf_putc(&text, '\0');
    cw_buf_puts(&text, key);
    uint64_t weight = cw_siphash(agreed_key, cw_buf_str(&text));
    cw_buf_free(&text);
    return weight;
}
