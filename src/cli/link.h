/* `causeway link`: certificates of the links between gateways and edges. */
#ifndef CW_CLI_LINK_H
#define CW_CLI_LINK_H

/* Returns the exit status. */
int cw_link_main(int argc, char **argv);

#endif
