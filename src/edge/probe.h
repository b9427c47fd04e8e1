/* `causeway test partner`: the way to a partner and back, walked on a side connection.
 *
 * One exchange: {"command":"test partner","domain":"fabrikam.test","with":{"tls":"Optional"}} makes
 * a copy of the policy in which that partner's TLS is Optional, and a stream by that policy, beside
 * those that are up: no stanza goes over it, no limit counts it, no change of the real policy
 * touches it.  Each step of its attempt (attempt.h) is told at once as {"step":{...}}; when the
 * stream is READY it is closed.  Meanwhile readiness.h looks at what a partner would see of us, its
 * steps told as {"inbound-step":{...}}.  The answer is {"ok":true,"passed":bool,"attempt":{...},
 * "inbound":{"passed":bool,"steps":[...]}}; "passed" when both did. */
#ifndef CW_EDGE_PROBE_H
#define CW_EDGE_PROBE_H

#include "edge/control.h"

/* `in`: domain; [local], our domain (else the first one); [with], fields of the partner. */
edge_command edge_probe_asked;

#endif
