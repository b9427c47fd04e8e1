/* MESSAGE requests of the gateway's own; see own.h. */
#include "gateway/own.h"

#include "base/secret.h"
#include "xlate/address.h"

static struct cw_sip_request request_of(struct cw_arena *arena, const struct gw_own *own,
                                        struct cw_str *branch)
{
    struct cw_jid sender = {.local = own->remote->local, .domain = own->remote->domain};
    struct cw_str tag = cw_random_hex(arena, 8);
    struct cw_str to_uri = cw_addr_jid_to_uri(arena, own->local, CW_ADDR_SIP);
    *branch = cw_arena_printf(arena, "z9hG4bK%.*s", CW_ARG(tag));
    return (struct cw_sip_request){
        .method = CW_S("MESSAGE"),
        .request_uri =
            cw_str_is_present(own->request_uri) ? cw_arena_dup(arena, own->request_uri) : to_uri,
        .to_uri = to_uri,
        .from_uri = cw_addr_jid_to_uri(arena, &sender, CW_ADDR_SIP),
        .from_tag = tag,
        .call_id = cw_str_is_present(own->call_id) ? cw_arena_dup(arena, own->call_id)
                                                   : cw_random_hex(arena, 16),
        .cseq = 1,
        .content_type = own->content_type,
        .body = cw_arena_dup(arena, own->body),
    };
}

bool gw_own_send(struct gateway *gateway, const struct gw_own *own)
{
    struct cw_arena arena = {0};
    struct gw_sip_sending sending = {.final = own->final, .arg = own->arg, .user = own->user};
    struct cw_sip_request request = request_of(&arena, own, &sending.branch);
    sending.request = &request;
    bool is_sent = cw_str_is_utf8(request.body) &&
                   cw_domain_to_ascii(&arena, own->local->domain, &sending.domain) &&
                   gw_sip_send(gateway->sip, &sending) == CW_OK;
    cw_arena_free(&arena);
    return is_sent;
}
