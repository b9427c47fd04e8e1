/* What both ways of closing the file system share; see view.c. */
#ifndef CW_RIGHTS_VIEW_PRIV_H
#define CW_RIGHTS_VIEW_PRIV_H

#include "rights/rights.h"

/* What the libraries read while the program runs. */
extern const struct cw_path cw_view_system_paths[];
extern const size_t cw_view_n_system_paths;

#endif
