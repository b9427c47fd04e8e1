/* Rendezvous hashing: which of several equals takes a key.  Each node weighs the key; the greatest
 * weight has it.  When a node goes, only its keys move; when it comes back, they return.  The
 * weights are the same in every process and after every start. */
#ifndef CW_LINK_RENDEZVOUS_H
#define CW_LINK_RENDEZVOUS_H

#include "base/str.h"

uint64_t cw_rendezvous_weight(struct cw_str node, struct cw_str key);

#endif
