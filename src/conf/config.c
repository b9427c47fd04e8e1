/* Reading the configuration file: libcyaml checks shape and keys by a schema made from the rows of
 * config_schema.c, config_value.c checks values; what concerns more than one option stands here. */
#include "conf/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "conf/config_priv.h"
#include "conf/config_yaml.h"
#include "conf/file.h"

#define MAX_FILE_BYTES (1 << 20)

const char *cw_transport_name(enum cw_transport transport)
{
    static const char *const names[] = {"udp", "tcp", "tls"};
    return names[transport];
}

const char *cw_sip_profile_name(enum cw_sip_profile profile)
{
    static const char *const names[] = {"simple"};
    return names[profile];
}

const char *cw_config_path(const char *given)
{
    const char *path = given ? given : getenv("CAUSEWAY_CONFIG");
    return path && path[0] ? path : CW_CONFIG_DEFAULT_PATH;
}

/* All certificates in one list, and the first one by itself too. */
static void fill_certificates(struct cw_edge_config *edge)
{
    struct cw_certificate_config *list = edge->certificates; /* has room for one more */
    if (!cw_str_is_empty(edge->certificate)) {
        memmove(list + 1, list, edge->n_certificates * sizeof *list);
        list[0] = (struct cw_certificate_config){edge->certificate, edge->key};
        edge->n_certificates++;
    }
    for (size_t i = 0; i < edge->n_certificates; i++)
        if (cw_str_is_empty(list[i].key))
            list[i].key = list[i].certificate;
    if (edge->n_certificates > 0) {
        edge->certificate = list[0].certificate;
        edge->key = list[0].key;
    }
}

static void fill_defaults(struct cw_config *config)
{
    struct cw_gateway_config *gateway = &config->gateway;
    fill_certificates(&config->edge);
    if (cw_str_is_empty(config->panel.key))
        config->panel.key = config->panel.certificate;
    if (gateway->n_edges == 0) {
        gateway->edges[0] = config->edge.link_socket; /* a list has room for one more */
        gateway->n_edges = 1;
    }
    if (gateway->sip.n_listen == 0) {
        struct cw_endpoint any = {CW_S("0.0.0.0"), 5098};
        gateway->sip.listen = cw_arena_alloc(&config->arena, 2 * sizeof(struct cw_sip_listen));
        gateway->sip.listen[0] = (struct cw_sip_listen){CW_TRANSPORT_UDP, any};
        gateway->sip.listen[1] = (struct cw_sip_listen){CW_TRANSPORT_TCP, any};
        gateway->sip.n_listen = 2;
    }
}

static struct cw_str check_links(const struct cw_config *config, struct cw_arena *errors)
{
    struct cw_edge_address address;
    if (config->edge.n_link_listen > 0 && cw_str_is_empty(config->edge.link_certificate))
        return CW_S("edge.link-listen: needs edge.link-certificate; causeway link enroll makes it "
                    "on the gateway's machine");
    for (size_t i = 0; i < config->gateway.n_edges; i++)
        if (!cw_edge_address_of(errors, config->gateway.edges[i], &address))
            return cw_arena_printf(errors,
                                   "gateway.edges[%zu]: \"%.*s\" is neither an absolute path nor "
                                   "tls:HOST:PORT",
                                   i + 1, CW_ARG(config->gateway.edges[i]));
    return CW_STR_NONE;
}

static struct cw_str check_components(const struct cw_config *config, struct cw_arena *errors)
{
    const struct cw_edge_config *edge = &config->edge;
    if (edge->n_components > 0 && edge->n_component_listen == 0)
        return CW_S("edge.components: nothing listens for them; give edge.component-listen");
    for (size_t i = 0; i < edge->n_components; i++) {
        struct cw_str domain = edge->components[i].domain;
        if (!cw_config_is_local(config, domain))
            return cw_arena_printf(errors,
                                   "edge.components[%zu]: \"%.*s\" is not one of the "
                                   "local-domains",
                                   i + 1, CW_ARG(domain));
        for (size_t k = 0; k < i; k++)
            if (cw_str_eq(domain, edge->components[k].domain))
                return cw_arena_printf(errors, "edge.components: \"%.*s\" is given twice",
                                       CW_ARG(domain));
    }
    return CW_STR_NONE;
}

/* A sentence about options that do not go together, or the absent string. */
static struct cw_str check_together(struct cw_config *config, struct cw_arena *errors)
{
    for (size_t i = 0; i < config->n_local_domains; i++)
        for (size_t k = 0; k < i; k++)
            if (cw_str_eq(config->local_domains[i], config->local_domains[k]))
                return cw_arena_printf(errors, "local-domains: \"%.*s\" is given twice",
                                       CW_ARG(config->local_domains[i]));
    struct cw_str fault = check_links(config, errors);
    if (!cw_str_is_present(fault))
        fault = check_components(config, errors);
    if (!cw_str_is_present(fault))
        fault = cw_config_check_ldap(config, errors);
    if (cw_str_is_present(fault))
        return fault;
    return cw_config_check_sip(config, errors);
}

enum cw_err cw_config_parse(struct cw_str text, const char *path, struct cw_config *out,
                            struct cw_arena *errors, struct cw_str *why)
{
    struct cw_arena raw = {0};
    struct cw_str sentence = CW_STR_NONE;
    *out = (struct cw_config){0};
    out->path = cw_arena_dup(&out->arena, cw_str_of(path));
    struct cw_slot *slots = NULL;
    struct cw_conversion conversion = {.arena = &out->arena, .errors = errors, .why = &sentence};
    if (cw_yaml_read(&raw, text, &cw_config_root, &slots, errors, &sentence) &&
        cw_section_convert(&conversion, &cw_config_root, slots, out, "")) {
        bool lacks_certificate = out->edge.certificate.n == 0 && out->edge.key.n > 0;
        fill_defaults(out);
        sentence = lacks_certificate ? CW_S("edge.key: needs edge.certificate")
                                     : check_together(out, errors);
    }
    cw_arena_free(&raw);
    if (!cw_str_is_present(sentence))
        return CW_OK;
    *why = cw_arena_printf(errors, "%s: %.*s", path, CW_ARG(sentence));
    cw_config_free(out);
    return CW_ERR_INVALID;
}

enum cw_err cw_config_load(const char *path, struct cw_config *out, struct cw_arena *errors,
                           struct cw_str *why)
{
    struct cw_buf text = {0};
    *out = (struct cw_config){0};
    enum cw_err err = cw_file_read(path, MAX_FILE_BYTES, &text);
    if (err)
        *why = cw_arena_printf(errors, "%s: cannot read the configuration file: %s", path,
                               err == CW_ERR_LIMIT ? "it is over 1 MiB long" : strerror(errno));
    else
        err = cw_config_parse(cw_buf_str(&text), path, out, errors, why);
    cw_buf_free(&text);
    return err;
}

void cw_config_free(struct cw_config *config)
{
    struct cw_arena arena = config->arena;
    *config = (struct cw_config){0};
    cw_arena_free(&arena);
}
