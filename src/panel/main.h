/* The panel's program. */
#ifndef CW_PANEL_MAIN_H
#define CW_PANEL_MAIN_H

int cw_panel_main(int argc, char **argv);

#endif
