/* A pair of files becomes what streams are made with, or is refused; see certificates.h. */
#include <string.h>

#include "edge/certificates_priv.h"

/* --- how the files look -----------------------------------------------------------------------*/

static struct edge_file_look look_at(const char *path)
{
    struct stat info;
    if (!path || stat(path, &info) != 0)
        return (struct edge_file_look){0};
    return (struct edge_file_look){info.st_dev, info.st_ino, info.st_size, info.st_mtim,
                                   info.st_ctim};
}

static bool is_same_time(struct timespec a, struct timespec b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool is_same_file(const struct edge_file_look *a, const struct edge_file_look *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size &&
           is_same_time(a->modified, b->modified) && is_same_time(a->changed, b->changed);
}

/* A file that is not there, or that the account may not see, has no news. */
static bool is_news(const struct edge_file_look *before, struct edge_file_look *now)
{
    if (now->inode == 0)
        *now = *before;
    return !is_same_file(before, now);
}

static struct edge_files_look look_at_files(const struct edge_certificates *all,
                                            const struct edge_certificate *one)
{
    return (struct edge_files_look){
        .certificate = look_at(one->files->certificate.p),
        .key = look_at(one->files->key.p),
        .anchors = look_at(all->config.tls.ca_file),
        .revoked = look_at(all->config.tls.crl_file),
    };
}

bool edge_certificate_has_new_files(const struct edge_certificates *all,
                                    struct edge_certificate *one)
{
    struct edge_files_look now = look_at_files(all, one), *before = &one->look;
    bool certificate = is_news(&before->certificate, &now.certificate);
    bool key = is_news(&before->key, &now.key);
    bool anchors = is_news(&before->anchors, &now.anchors);
    bool revoked = is_news(&before->revoked, &now.revoked);
    bool is_same = !certificate && !key && !anchors && !revoked;
    bool has_settled = one->settles && is_same;
    one->look = now;
    one->settles = !is_same;
    return has_settled;
}

/* --- is the new one better than the old one? --------------------------------------------------*/

static bool names_local_domain(const struct edge_certificates *all, const struct cw_tls_ctx *tls)
{
    for (size_t i = 0; i < all->config.n_local_domains; i++)
        if (cw_cert_match(cw_tls_ctx_cert(tls), all->config.local_domains[i]))
            return true;
    return false;
}

/* Where there is none yet, an expired one is better than nothing: partners that identify us by
 * dialback do not mind. */
static bool may_replace(const struct edge_certificates *all, const struct edge_certificate *one,
                        const struct cw_tls_ctx *fresh, struct cw_buf *why)
{
    int64_t now = edge_certificates_now();
    const char *file = one->files->certificate.p;
    if (!one->tls || cw_tls_ctx_shows_same(one->tls, fresh))
        return true;
    if (cw_tls_ctx_not_after(fresh) <= now)
        cw_buf_printf(why, "the certificate in %s expired at %.*s", file,
                      CW_ARG(cw_tls_ctx_cert(fresh)->not_after));
    else if (cw_tls_ctx_not_before(fresh) > now)
        cw_buf_printf(
            why, "the certificate in %s is not valid yet; wait, or set this machine's clock", file);
    else if (names_local_domain(all, one->tls) && !names_local_domain(all, fresh))
        cw_buf_printf(
            why, "the certificate in %s names no local domain, but the one before it does", file);
    return why->n == 0;
}

/* --- loading ----------------------------------------------------------------------------------*/

static void tell_refusal(const struct edge_certificates *all, const struct edge_certificate *one)
{
    CW_LOG(all->config.log, CW_LOG_ERROR, "certificate-refused",
           CW_KV("file", one->files->certificate), CW_KV("reason", cw_buf_str(&one->refusal)),
           CW_KVC("instead", one->tls ? "the certificate from before stays" : "none"));
}

static void tell_loaded(const struct edge_certificates *all, const struct edge_certificate *one,
                        const char *event)
{
    struct cw_arena arena = {0};
    struct cw_str warnings[EDGE_CERTIFICATE_MAX_WARNINGS];
    size_t n = edge_certificate_warnings(all, one, &arena, warnings);
    CW_LOG(all->config.log, CW_LOG_INFO, event, CW_KV("file", one->files->certificate),
           CW_KV("domains", edge_certificate_domains(all, one, &arena)),
           CW_KV("until", cw_tls_ctx_cert(one->tls)->not_after));
    for (size_t i = 0; i < n; i++)
        CW_LOG(all->config.log, CW_LOG_WARN, "certificate-warning",
               CW_KV("file", one->files->certificate), CW_KV("reason", warnings[i]));
    cw_arena_free(&arena);
}

enum edge_certificate_result edge_certificate_load(struct edge_certificates *all,
                                                   struct edge_certificate *one)
{
    struct cw_tls_options options = all->config.tls;
    options.cert_file = one->files->certificate.p;
    options.key_file = one->files->key.p;
    cw_buf_reset(&one->refusal);
    one->look = look_at_files(all, one); /* before reading: a change in between is seen later */
    one->settles = false;
    struct cw_tls_ctx *fresh = cw_tls_ctx_new(&options, &one->refusal);
    if (!fresh || !may_replace(all, one, fresh, &one->refusal)) {
        cw_tls_ctx_free(&fresh);
        tell_refusal(all, one);
        return EDGE_CERTIFICATE_REFUSED;
    }
    bool is_first = !one->tls, is_same = !is_first && cw_tls_ctx_shows_same(one->tls, fresh);
    cw_tls_ctx_free(&one->tls);
    one->tls = fresh; /* also when it is the same: trust anchors and revocations may be new */
    if (!is_same)
        tell_loaded(all, one, is_first ? "certificate-loaded" : "certificate-reloaded");
    return is_same ? EDGE_CERTIFICATE_UNCHANGED : EDGE_CERTIFICATE_RELOADED;
}
