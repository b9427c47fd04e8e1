/* Who answers which of an administrator's questions: one row each. */
#include "edge/control.h"
#include "edge/probe.h"

static const struct {
    const char *name;
    edge_command *run;
} commands[] = {
    {"stream list", edge_stream_list},
    {"stream show", edge_stream_show},
    {"stream close", edge_stream_close_asked},
    {"attempts", edge_attempts_asked},
    {"partner states", edge_partner_states_asked},
    {"test partner", edge_probe_asked},
    {"door list", edge_door_list_asked},
    {"door lift", edge_door_lift_asked},
    {"certificate list", edge_certificate_list},
    {"certificate reload", edge_certificate_reload},
    {"counters", edge_counters_asked},
};

edge_command *edge_control_find(struct cw_str name)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (cw_str_eq_cstr(name, commands[i].name))
            return commands[i].run;
    return NULL;
}
