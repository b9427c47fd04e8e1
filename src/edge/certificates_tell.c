/* What administrators are told of the edge's certificates; see certificates.h. */
#include "conf/policy_json.h"
#include "edge/certificates_priv.h"

/* --- sentences --------------------------------------------------------------------------------*/

struct cw_str edge_certificate_domains(const struct edge_certificates *all,
                                       const struct edge_certificate *one, struct cw_arena *arena)
{
    struct cw_buf list = {0};
    bool is_exact;
    for (size_t i = 0; i < all->config.n_local_domains; i++)
        if (edge_certificate_names(one, all->config.local_domains[i], &is_exact))
            cw_buf_printf(&list, "%s%.*s", list.n > 0 ? "," : "",
                          CW_ARG(all->config.local_domains[i]));
    struct cw_str out = cw_arena_dup(arena, cw_buf_str(&list));
    cw_buf_free(&list);
    return out;
}

static struct cw_str about_dates(const struct edge_certificate *one, struct cw_arena *arena)
{
    int64_t now = edge_certificates_now(), end = cw_tls_ctx_not_after(one->tls);
    struct cw_str until = cw_tls_ctx_cert(one->tls)->not_after;
    if (end <= now)
        return cw_arena_printf(arena, "it expired at %.*s; renew it", CW_ARG(until));
    if (cw_tls_ctx_not_before(one->tls) > now)
        return CW_S("it is not valid yet; wait, or set this machine's clock");
    if (edge_expiry_level(end, now) > 0)
        return cw_arena_printf(arena, "it expires at %.*s, in %lld days; renew it", CW_ARG(until),
                               (long long)edge_expiry_days(end, now));
    return CW_STR_NONE;
}

static struct cw_str about_chain(const struct cw_cert *cert, struct cw_arena *arena)
{
    if (cert->is_ca)
        return CW_S("it is a CA's certificate, which partners must refuse; have one issued for the "
                    "domain");
    if (cert->chain_ok)
        return CW_STR_NONE;
    return cw_arena_printf(arena,
                           "its chain does not verify here (%.*s), so partners that verify will "
                           "hardly accept it; the file must hold the intermediate certificates too",
                           CW_ARG(cert->chain_reason));
}

static struct cw_str about_key_file(const struct edge_certificate *one, struct cw_arena *arena)
{
    struct stat info;
    if (stat(one->files->key.p, &info) != 0 || (info.st_mode & S_IROTH) == 0)
        return CW_STR_NONE;
    return cw_arena_printf(arena, "every user of this machine can read the key in %.*s; chmod it",
                           CW_ARG(one->files->key));
}

size_t edge_certificate_warnings(const struct edge_certificates *all,
                                 const struct edge_certificate *one, struct cw_arena *arena,
                                 struct cw_str out[EDGE_CERTIFICATE_MAX_WARNINGS])
{
    struct cw_str found[EDGE_CERTIFICATE_MAX_WARNINGS] = {{0}};
    size_t n = 0;
    if (one->refusal.n > 0)
        found[0] = cw_arena_printf(arena, "the files as they are now are refused: %.*s",
                                   CW_ARG(cw_buf_str(&one->refusal)));
    if (one->tls) {
        found[1] = about_dates(one, arena);
        found[2] = about_chain(cw_tls_ctx_cert(one->tls), arena);
        found[3] = about_key_file(one, arena);
        if (edge_certificate_domains(all, one, arena).n == 0)
            found[4] = CW_S("it names no local domain");
    }
    for (size_t i = 0; i < EDGE_CERTIFICATE_MAX_WARNINGS; i++)
        if (cw_str_is_present(found[i]))
            out[n++] = found[i];
    return n;
}

/* --- answers ----------------------------------------------------------------------------------*/

/* What stands in a certificate need not be UTF-8. */
static json_t *text_json(struct cw_str text)
{
    return cw_str_is_utf8(text) ? json_stringn(text.p, text.n) : json_string("?");
}

static json_t *names_json(const struct cw_cert *cert)
{
    json_t *names = json_array();
    for (size_t i = 0; i < cert->n_names; i++)
        if (!cert->names[i].malformed)
            json_array_append_new(names, text_json(cert->names[i].value));
    return names;
}

static json_t *covers_json(const struct edge_certificates *all, const struct edge_certificate *one)
{
    json_t *domains = json_array();
    bool is_exact;
    for (size_t i = 0; i < all->config.n_local_domains; i++)
        if (edge_certificate_names(one, all->config.local_domains[i], &is_exact))
            json_array_append_new(domains, text_json(all->config.local_domains[i]));
    return domains;
}

static json_t *warnings_json(const struct edge_certificates *all,
                             const struct edge_certificate *one)
{
    struct cw_arena arena = {0};
    struct cw_str warnings[EDGE_CERTIFICATE_MAX_WARNINGS];
    size_t n = edge_certificate_warnings(all, one, &arena, warnings);
    json_t *out = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append_new(out, text_json(warnings[i]));
    cw_arena_free(&arena);
    return out;
}

static json_t *one_json(const struct edge_certificates *all, const struct edge_certificate *one)
{
    json_t *out = json_object();
    json_object_set_new(out, "file", text_json(one->files->certificate));
    json_object_set_new(out, "key", text_json(one->files->key));
    json_object_set_new(out, "warnings", warnings_json(all, one));
    if (!one->tls)
        return out;
    const struct cw_cert *cert = cw_tls_ctx_cert(one->tls);
    int64_t end = cw_tls_ctx_not_after(one->tls);
    json_object_set_new(out, "names", names_json(cert));
    json_object_set_new(out, "covers", covers_json(all, one));
    json_object_set_new(out, "not-before", cw_json_of_time(cw_tls_ctx_not_before(one->tls)));
    json_object_set_new(out, "not-after", cw_json_of_time(end));
    json_object_set_new(out, "days-left",
                        json_integer(edge_expiry_days(end, edge_certificates_now())));
    json_object_set_new(out, "issuer", text_json(cert->issuer));
    json_object_set_new(out, "subject", text_json(cert->subject));
    json_object_set_new(out, "chain", text_json(cert->chain_ok ? CW_S("ok") : cert->chain_reason));
    return out;
}

json_t *edge_certificates_list(const struct edge_certificates *all)
{
    json_t *list = json_array(), *uncovered = json_array();
    for (size_t i = 0; i < all->config.n_files; i++)
        json_array_append_new(list, one_json(all, &all->list[i]));
    for (size_t i = 0; i < all->config.n_local_domains; i++)
        if (cw_map_get(&all->uncovered, all->config.local_domains[i]))
            json_array_append_new(uncovered, text_json(all->config.local_domains[i]));
    return json_pack("{s:b,s:o,s:o}", "ok", 1, "certificates", list, "uncovered", uncovered);
}

static json_t *result_json(const struct edge_certificate *one, enum edge_certificate_result result)
{
    static const char *const names[] = {"reloaded", "unchanged", "refused"};
    struct cw_arena arena = {0};
    struct cw_str sentence = cw_buf_str(&one->refusal);
    if (result == EDGE_CERTIFICATE_RELOADED)
        sentence = cw_arena_printf(&arena, "new streams get the new certificate, valid until %.*s",
                                   CW_ARG(cw_tls_ctx_cert(one->tls)->not_after));
    else if (result == EDGE_CERTIFICATE_UNCHANGED)
        sentence = CW_S("the files hold the certificate that is in use");
    else if (one->tls)
        sentence = cw_arena_printf(&arena, "%.*s; the certificate from before stays in use",
                                   CW_ARG(sentence));
    json_t *out = json_object();
    json_object_set_new(out, "file", text_json(one->files->certificate));
    json_object_set_new(out, "result", json_string(names[result]));
    json_object_set_new(out, "sentence", text_json(sentence));
    cw_arena_free(&arena);
    return out;
}

json_t *edge_certificates_reload(struct edge_certificates *all)
{
    json_t *list = json_array();
    for (size_t i = 0; i < all->config.n_files; i++) {
        enum edge_certificate_result result = edge_certificate_load(all, &all->list[i]);
        json_array_append_new(list, result_json(&all->list[i], result));
    }
    edge_certificates_assign(all);
    return json_pack("{s:b,s:o}", "ok", 1, "certificates", list);
}
