/* What server.c asks of exchange.c. */
#ifndef CW_PANEL_SERVER_PRIV_H
#define CW_PANEL_SERVER_PRIV_H

#include "panel/panel_priv.h"

/* Everything is copied; ends by an answer. */
struct panel_exchange *panel_exchange_new(struct panel *, struct panel_conn *,
                                          const struct panel_peer *,
                                          const struct cw_http_request *);
/* The connection is gone.  The exchange may have ended when this returns. */
void panel_exchange_leave(struct panel_exchange *);

#endif
