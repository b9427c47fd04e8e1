/* The edge: terminates S2S streams, enforces each partner's policy, and passes stanzas to and from
 * the gateway over the link.  It has no store and speaks no SIP. */
#ifndef CW_EDGE_MAIN_H
#define CW_EDGE_MAIN_H

/* `causeway edge [--config FILE]`; returns the exit status.  Ends on SIGTERM or SIGINT. */
int cw_edge_main(int argc, char **argv);

#endif
