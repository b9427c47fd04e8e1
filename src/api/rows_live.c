/* Commands that ask the running gateway and edges: their rows. */
#include "api/rows_priv.h"

static const struct cw_api_arg stream_list_args[] = {
    {"partner", CW_ARG_DOMAIN, false, false, "", "", "only streams with this partner"},
    {"direction", CW_ARG_CHOICE, false, false, "inbound|outbound", "", "only these"},
};
static const struct cw_api_arg stream_show_args[] = {
    {"id", CW_ARG_TEXT, true, true, "", "", "the stream's id, as in the list and in the log"},
};
static const struct cw_api_arg stream_close_args[] = {
    {"id", CW_ARG_TEXT, true, false, "", "", "the stream's id"},
    {"partner", CW_ARG_DOMAIN, false, false, "", "", "instead: all streams with this partner"},
};
static const struct cw_api_arg door_lift_args[] = {
    {"address", CW_ARG_TEXT, true, true, "", "", "the IP address to let in again"},
};
static const struct cw_api_command rows[] = {
    {"stream list", "List the streams there are", CW_VIEWER, false, "GET", "/streams",
     CW_ARGS(stream_list_args), .run = cw_api_stream_list, .shows = "Stream",
     .tells = "silent [text], left-out int", .list = "streams", .key = "since edge id"},
    {"stream show", "Show all there is to say about a stream", CW_VIEWER, false, "GET",
     "/streams/{id}", CW_ARGS(stream_show_args), .run = cw_api_stream_show, .shows = "OneStream"},
    {"stream close", "Close a stream, or all of a partner; the next message opens a new one",
     CW_ADMINISTRATOR, false, "POST", "/streams/close", CW_ARGS(stream_close_args),
     .run = cw_api_stream_close, .shows = "Closed"},
    {"certificate list", "List the certificates that the edges show", CW_VIEWER, false, "GET",
     "/certificates", .run = cw_api_certificate_list, .shows = "Certificates"},
    {"certificate reload", "Read the certificates anew; streams stay as they are", CW_ADMINISTRATOR,
     false, "POST", "/certificates/reload", .run = cw_api_certificate_reload, .shows = "Reloaded"},
    {"door list", "List the addresses that the edge holds something against", CW_VIEWER, false,
     "GET", "/door", .run = cw_api_door_list, .shows = "Door"},
    {"door lift", "Let an address in again", CW_ADMINISTRATOR, false, "POST", "/door/lift",
     CW_ARGS(door_lift_args), .run = cw_api_door_lift, .shows = "Edges"},
    {"health show", "Show how everything is, and what wants attention", CW_VIEWER, false, "GET",
     "/health", .run = cw_api_health_show, .shows = "Health"},
};
const struct cw_api_rows cw_api_live_rows = CW_ROWS(rows);
