/* The edge's own certificates: made of its configuration, listed and read again for administrators;
 * and a word when a partner's ends soon.  certificates.h does the work. */
#include <time.h>

#include "edge/control.h"

bool edge_own_start(struct edge *edge, struct cw_buf *why)
{
    const struct cw_config *config = &edge->config;
    edge->certificates = edge_certificates_new(
        &(struct edge_certificates_config){
            .base = edge->base,
            .log = &edge->log,
            .files = config->edge.certificates,
            .n_files = config->edge.n_certificates,
            .local_domains = config->local_domains,
            .n_local_domains = config->n_local_domains,
            .tls = {.ca_file = config->edge.ca.n ? config->edge.ca.p : NULL,
                    .crl_file = config->edge.crl.n ? config->edge.crl.p : NULL},
        },
        why);
    return edge->certificates != NULL;
}

void edge_certificate_list(struct edge *edge, const json_t *in, struct edge_reply *reply)
{
    (void)in;
    edge_reply_end(reply, edge_certificates_list(edge->certificates));
}

void edge_certificate_reload(struct edge *edge, const json_t *in, struct edge_reply *reply)
{
    (void)in;
    edge_reply_end(reply, edge_certificates_reload(edge->certificates));
}

void edge_certificates_note_partner(struct edge *edge, struct cw_str domain, int64_t not_after)
{
    int64_t now = (int64_t)time(NULL);
    if (not_after != 0 && edge_expiry_is_due(&edge->partner_expiry, domain, not_after, now))
        CW_LOG(&edge->log, CW_LOG_WARN, "partner-certificate-expires", CW_KV("domain", domain),
               CW_KVI("days", edge_expiry_days(not_after, now)));
}
