/* What the door holds against addresses, for an administrator: listed, and forgiven. */
#include "edge/control.h"

enum { MAX_LISTED = 1000 }; /* of them fit into one answer */

struct listing {
    json_t *list;
    json_int_t n_left_out;
};

static bool visit(void *arg, const struct edge_door_entry *entry)
{
    struct listing *listing = arg;
    if (entry->banned_for_ms == 0 && entry->refused == 0 && entry->identities == 0)
        return true;
    if (json_array_size(listing->list) >= MAX_LISTED) {
        listing->n_left_out++;
        return true;
    }
    json_t *one = json_pack(
        "{s:s%,s:I,s:I,s:I,s:I,s:I}", "address", entry->address.p, entry->address.n, "banned-for-s",
        (json_int_t)((entry->banned_for_ms + 999) / 1000), "refused", (json_int_t)entry->refused,
        "failed-proofs", (json_int_t)entry->identities, "handshakes", (json_int_t)entry->handshakes,
        "connections", (json_int_t)entry->connections);
    json_array_append_new(listing->list, one);
    return true;
}

void edge_door_list_asked(struct edge *edge, const json_t *in, struct edge_reply *reply)
{
    struct listing listing = {.list = json_array()};
    (void)in;
    edge_door_each(edge->door, cw_now_ms(), visit, &listing);
    edge_reply_end(reply, json_pack("{s:b,s:o,s:I}", "ok", 1, "addresses", listing.list, "left-out",
                                    listing.n_left_out));
}

/* As the list has it: of IPv6 the network. */
static bool read_address(const json_t *in, struct cw_addr *out)
{
    const json_t *value = json_object_get(in, "address");
    struct cw_str text = {json_string_value(value), json_string_length(value)};
    ptrdiff_t slash = cw_str_index(text, '/');
    return cw_addr_parse(slash < 0 ? text : cw_str_sub(text, 0, (size_t)slash), 0, out);
}

void edge_door_lift_asked(struct edge *edge, const json_t *in, struct edge_reply *reply)
{
    struct cw_addr address;
    if (!read_address(in, &address))
        edge_reply_refuse(reply, 400, "address", CW_S("That is no IP address."));
    else if (!edge_door_lift(edge->door, &address))
        edge_reply_refuse(reply, 404, "address", CW_S("Nothing is held against that address."));
    else
        edge_reply_end(reply, json_pack("{s:b,s:b}", "ok", 1, "lifted", 1));
}
