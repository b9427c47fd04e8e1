/* The gateway: translates between the edge's stanzas and SIP, applies the contact rules, and owns
 * the policy that the edges work from.  It connects out to each edge; no stranger's XMPP reaches
 * it. */
#ifndef CW_GATEWAY_MAIN_H
#define CW_GATEWAY_MAIN_H

/* `causeway gateway [--config FILE]`; returns the exit status.  Ends on SIGTERM or SIGINT. */
int cw_gateway_main(int argc, char **argv);

#endif
