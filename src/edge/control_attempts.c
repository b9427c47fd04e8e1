/* The timeline, for an administrator: the last attempts of a partner, or of a stranger. */
#include "edge/attempt.h"
#include "edge/control.h"
#include "xmpp/jid.h"

enum { MAX_LISTED = 1000 };

/* Everything that is kept under the domain, which may be any of a partner's. */
json_t *edge_attempts_json(const struct edge *edge, struct cw_str domain, size_t limit)
{
    const struct cw_partner *partner = cw_policy_partner(edge->policy, domain);
    return partner ? edge_attempts_of_partner(edge->attempts, partner->domain, limit)
                   : edge_attempts_of_stranger(edge->attempts, domain, limit);
}

void edge_attempts_asked(struct edge *edge, const json_t *in, struct edge_reply *reply)
{
    const json_t *domain = json_object_get(in, "domain"), *limit = json_object_get(in, "limit");
    struct cw_str text = {json_string_value(domain), json_string_length(domain)}, ascii;
    json_int_t n = json_is_integer(limit) ? json_integer_value(limit) : MAX_LISTED;
    struct cw_arena arena = {0};
    if (!json_is_string(domain) || !cw_domain_to_ascii(&arena, text, &ascii))
        edge_reply_refuse(reply, 400, "domain", CW_S("Say which domain."));
    else if (n < 1 || n > MAX_LISTED)
        edge_reply_refuse(reply, 400, "limit", CW_S("The limit is 1 to 1000."));
    else
        edge_reply_end(reply, json_pack("{s:b,s:o}", "ok", 1, "attempts",
                                        edge_attempts_json(edge, ascii, (size_t)n)));
    cw_arena_free(&arena);
}
