/* The web application: files of one directory, as installed.  Names with a hash in them never
 * change and are kept by browsers; of others a browser asks whether its copy still holds, by the
 * entity tag, a digest of the bytes.  Every path that is no file's is a page of the application,
 * which is index.html for all of them.
 *
 * NAME.gz beside a file is the same, compressed when it was built, for who takes that.  Nothing
 * else of the panel's is ever compressed: with a secret beside it, the size of what is compressed
 * together with a stranger's words tells the secret (BREACH).
 *
 * A path is taken as it stands: there is no escape, no dot at the beginning of a name, no double
 * slash that could lead out of the directory or be read in another way elsewhere (W04). */
#include <errno.h>
#include <string.h>

#include "base/secret.h"
#include "conf/file.h"
#include "panel/fields.h"
#include "panel/panel_priv.h"

#define MAX_FILE_BYTES (8u << 20)
#define IMMUTABLE      "public, max-age=31536000, immutable"

struct visit {
    struct panel_exchange *x;
    struct cw_str path; /* of the file, below the directory: "/index.html" */
    const char *type, *cache;
    struct cw_buf content;
    struct cw_str etag;
    enum cw_err err;
    bool has_run, is_gzip;
};

static const struct {
    struct cw_str ending;
    const char *type;
} types[] = {
    {CW_STR(".html"), "text/html; charset=utf-8"},
    {CW_STR(".js"), "text/javascript; charset=utf-8"},
    {CW_STR(".css"), "text/css; charset=utf-8"},
    {CW_STR(".json"), "application/json"},
    {CW_STR(".webmanifest"), "application/manifest+json"},
    {CW_STR(".svg"), "image/svg+xml"},
    {CW_STR(".png"), "image/png"},
    {CW_STR(".ico"), "image/x-icon"},
    {CW_STR(".woff2"), "font/woff2"},
    {CW_STR(".txt"), "text/plain; charset=utf-8"},
};

static const char *type_of(struct cw_str path)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (cw_str_ends(path, types[i].ending))
            return types[i].type;
    return NULL;
}

static bool is_name_char(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' ||
           c == '_' || c == '.';
}

static bool is_plain_path(struct cw_str path)
{
    for (size_t i = 0; i < path.n; i++) {
        char before = i > 0 ? path.p[i - 1] : '\0', c = path.p[i];
        if (c == '/' ? before == '/' : !is_name_char(c))
            return false;
        if (c == '.' && before == '/')
            return false;
    }
    return true;
}

/* "/contacts/alice%40contoso.test/juliet%40fabrikam.test": a page, whatever its addresses are made
 * of. */
static bool is_pair(struct cw_str path)
{
    return cw_str_starts(path, CW_S("/contacts/")) &&
           (cw_str_find(path, CW_S("%40")) > 0 || cw_str_index(path, '@') > 0);
}

/* Files are below /assets/ or right at the root; the last word of a page's path may be a domain:
 * "/partners/fabrikam.test". */
static bool is_page(struct cw_str path)
{
    ptrdiff_t slash = cw_str_rindex(path, '/');
    return !cw_str_starts(path, CW_S("/assets/")) && (slash > 0 || cw_str_index(path, '.') < 0);
}

/* "/assets/index-Bx31_aC9.js" */
static bool is_hashed(struct cw_str path)
{
    ptrdiff_t dash = cw_str_rindex(path, '-'), dot = cw_str_rindex(path, '.');
    return cw_str_starts(path, CW_S("/assets/")) && dash > 0 && dot - dash > 8;
}

/* --- on a worker ------------------------------------------------------------------------------*/

static enum cw_err read_file(struct panel_work *work, struct visit *visit, const char *ending)
{
    struct cw_str name =
        cw_arena_printf(&visit->x->arena, "%.*s%.*s%s", CW_ARG(work->panel->config.panel.files),
                        CW_ARG(visit->path), ending);
    enum cw_err err = cw_file_read(name.p, MAX_FILE_BYTES, &visit->content);
    if (err == CW_ERR_IO)
        CW_LOG(&work->panel->log, CW_LOG_WARN, "file-not-read", CW_KV("file", name),
               CW_KVC("reason", strerror(errno)));
    return err;
}

static void run(struct panel_work *work, void *arg)
{
    static const uint8_t key[16] = "causeway file";
    struct visit *visit = arg;
    visit->has_run = true;
    visit->is_gzip = panel_takes_gzip(&visit->x->request) && read_file(work, visit, ".gz") == CW_OK;
    if (!visit->is_gzip) {
        cw_buf_reset(&visit->content);
        visit->err = read_file(work, visit, "");
    }
    if (!visit->err)
        visit->etag =
            cw_arena_printf(&visit->x->arena, "\"%016llx\"",
                            (unsigned long long)cw_siphash(key, cw_buf_str(&visit->content)));
}

/* --- on the loop ------------------------------------------------------------------------------*/

static void answer_file(struct visit *visit)
{
    struct panel_exchange *x = visit->x;
    panel_header(x, "ETag", visit->etag);
    panel_header(x, "Vary", CW_S("Accept-Encoding"));
    if (panel_has_tag(&x->request, visit->etag)) {
        panel_answer_cached(x, 304, NULL, visit->cache, CW_S(""));
        return;
    }
    if (visit->is_gzip)
        panel_header(x, "Content-Encoding", CW_S("gzip"));
    panel_answer_cached(x, 200, visit->type, visit->cache, cw_buf_str(&visit->content));
}

static void done(void *arg)
{
    struct visit *visit = arg;
    struct panel_exchange *x = visit->x;
    if (!visit->has_run)
        panel_answer_problem(x, 503, "", CW_S("The panel is stopping."));
    else if (!visit->err)
        answer_file(visit);
    else if (cw_str_eq_cstr(visit->path, "/index.html"))
        panel_answer_problem(x, 404, "",
                             CW_S("The web application is not installed here (panel.files); the "
                                  "API is at /api/v1."));
    else
        panel_answer_problem(x, 404, "", CW_S("There is no such file."));
    cw_buf_free(&visit->content);
    cw_free(visit);
}

void panel_file(struct panel_exchange *x)
{
    struct cw_str path = x->request.path;
    if (!cw_str_eq_cstr(x->request.method, "GET") && !cw_str_eq_cstr(x->request.method, "HEAD")) {
        panel_header(x, "Allow", CW_S("GET, HEAD"));
        panel_answer_problem(x, 405, "", CW_S("This takes GET, HEAD."));
        return;
    }
    if (!is_plain_path(path) && !is_pair(path)) {
        panel_answer_problem(x, 404, "", CW_S("There is nothing at this path."));
        return;
    }
    if (is_page(path))
        path = CW_S("/index.html");
    const char *type = type_of(path);
    if (!type) {
        panel_answer_problem(x, 404, "", CW_S("There is no such file."));
        return;
    }
    struct visit *visit = cw_alloc(sizeof *visit);
    *visit = (struct visit){
        .x = x, .path = path, .type = type, .cache = is_hashed(path) ? IMMUTABLE : "no-cache"};
    panel_post(x, &(struct panel_task){run, NULL, done, visit});
}
