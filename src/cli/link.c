/* `causeway link enroll`, on the gateway's machine: makes the installation's authority when there
 * is none, the gateway's own bundle, and bundles to carry to edges and to further gateways.
 *
 *     DATA-DIR/link/ca.pem        the authority's certificate
 *     DATA-DIR/link/ca.key        its key; belongs to whoever made it and leaves this machine never
 *     DATA-DIR/link/gateway.pem   the gateway's bundle (io/authority.h); belongs to DATA-DIR's
 * owner
 *
 * All of them have mode 0600. */
#include "cli/link.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/secret.h"
#include "cli/args.h"
#include "conf/config.h"
#include "conf/file.h"
#include "io/authority.h"

enum { MAX_PEM_BYTES = 65536, MAX_DAYS = 3650 };

struct enrolling {
    struct cw_common common;
    struct cw_arena arena;
    struct cw_config config;
    enum cw_link_role role;
    const char *name, *out, *days; /* as given; NULL when not */
    bool is_own, new_authority;    /* is_own: the bundle of this machine's gateway */
    int n_days;
    const char *directory; /* DATA-DIR/link */
    struct cw_buf ca, ca_key, bundle, why;
};

static void help(void)
{
    printf(
        "usage: causeway link enroll [options]\n"
        "       causeway link enroll --edge NAME --out FILE [options]\n"
        "       causeway link enroll --gateway NAME --out FILE [options]\n\n"
        "Run it on the gateway's machine. The first form makes the installation's own authority\n"
        "when there is none, and the certificate of this machine's gateway. The others also make\n"
        "a bundle (key, certificate, authority) in FILE, to be carried to the edge or gateway\n"
        "NAME and named there as link-certificate. Enroll a NAME again before its certificate\n"
        "expires; edges and gateways read the new file on SIGHUP.\n\n"
        "  --edge NAME      make a bundle for the edge of that name: a-z, 0-9, hyphens\n"
        "  --gateway NAME   make a bundle for a further gateway of that name\n"
        "  --out FILE       where to write it; it must not be there yet\n"
        "  --days NUMBER    how long the certificate is valid, 1 to %d; default %d\n"
        "  --new-authority  make a new authority in place of the one there is: every edge and\n"
        "                   gateway must be enrolled again, and old certificates are worth\n"
        "                   nothing any more\n"
        "  --config FILE    the configuration file; else CAUSEWAY_CONFIG, else %s\n"
        "  --json           the answer as one JSON value on one line\n"
        "  --help           this text\n",
        MAX_DAYS, CW_BUNDLE_DAYS, CW_CONFIG_DEFAULT_PATH);
}

/* --- files ------------------------------------------------------------------------------------*/

static bool fail(struct enrolling *e, const char *what, const char *path)
{
    cw_buf_printf(&e->why, "%s %s: %s", what, path, strerror(errno));
    return false;
}

/* What root makes for the gateway belongs to the account that owns the data directory. */
static bool give_to_owner(struct enrolling *e, const char *path)
{
    struct stat owner;
    if (geteuid() != 0)
        return true;
    if (stat(e->config.data_dir.p, &owner) != 0 || lchown(path, owner.st_uid, owner.st_gid) != 0)
        return fail(e, "cannot give to the owner of the data directory:", path);
    return true;
}

static bool make_directory(struct enrolling *e)
{
    e->directory = cw_arena_printf(&e->arena, "%.*s/link", CW_ARG(e->config.data_dir)).p;
    if (mkdir(e->config.data_dir.p, 0700) != 0 && errno != EEXIST)
        return fail(e, "cannot make the directory", e->config.data_dir.p);
    if (mkdir(e->directory, 0700) == 0)
        return give_to_owner(e, e->directory);
    return errno == EEXIST ? true : fail(e, "cannot make the directory", e->directory);
}

static const char *in_directory(struct enrolling *e, const char *name)
{
    return cw_arena_printf(&e->arena, "%s/%s", e->directory, name).p;
}

static bool replace(struct enrolling *e, const char *name, struct cw_str content)
{
    if (cw_file_replace(e->directory, name, content) == CW_OK)
        return true;
    return fail(e, "cannot write", in_directory(e, name));
}

/* A bundle to be carried away: never over a file that is there. */
static bool write_new(struct enrolling *e, const char *path, struct cw_str content)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 && errno == EEXIST) {
        cw_buf_printf(&e->why, "%s is there already; remove it, or name another file with --out",
                      path);
        return false;
    }
    if (fd < 0)
        return fail(e, "cannot write", path);
    bool ok = write(fd, content.p, content.n) == (ssize_t)content.n && fsync(fd) == 0;
    ok = close(fd) == 0 && ok;
    if (ok)
        return true;
    fail(e, "cannot write", path);
    unlink(path);
    return false;
}

/* --- the authority ----------------------------------------------------------------------------*/

static bool make_authority(struct enrolling *e)
{
    cw_buf_reset(&e->ca);
    cw_buf_reset(&e->ca_key);
    cw_authority_make(CW_AUTHORITY_DAYS, &e->ca, &e->ca_key);
    return replace(e, "ca.key", cw_buf_str(&e->ca_key)) && replace(e, "ca.pem", cw_buf_str(&e->ca));
}

/* Reads the authority; makes one when there is none at all. */
static bool have_authority(struct enrolling *e, bool *is_new)
{
    const char *certificate = in_directory(e, "ca.pem"), *key = in_directory(e, "ca.key");
    *is_new = true;
    if (e->new_authority)
        return make_authority(e);
    enum cw_err has_certificate = cw_file_read(certificate, MAX_PEM_BYTES, &e->ca);
    int kept = errno;
    enum cw_err has_key = cw_file_read(key, MAX_PEM_BYTES, &e->ca_key);
    if (has_certificate == CW_ERR_NOT_FOUND && has_key == CW_ERR_NOT_FOUND)
        return make_authority(e);
    *is_new = false;
    if (has_key != CW_OK)
        return fail(e, "cannot read the authority's key", key);
    errno = kept;
    return has_certificate == CW_OK ||
           fail(e, "cannot read the authority's certificate", certificate);
}

/* --- bundles ----------------------------------------------------------------------------------*/

static bool make_bundle(struct enrolling *e, enum cw_link_role role, const char *name, int days)
{
    struct cw_bundle_ask ask = {.ca_certificate = cw_buf_str(&e->ca),
                                .ca_key = cw_buf_str(&e->ca_key),
                                .role = role,
                                .name = cw_str_of(name),
                                .days_to = days};
    cw_buf_reset(&e->bundle);
    return cw_bundle_make(&ask, &e->bundle, &e->why);
}

static bool write_own(struct enrolling *e)
{
    int days = e->is_own ? e->n_days : CW_BUNDLE_DAYS; /* --days is about what was asked for */
    return make_bundle(e, CW_ROLE_GATEWAY, "main", days) &&
           replace(e, "gateway.pem", cw_buf_str(&e->bundle)) &&
           give_to_owner(e, in_directory(e, "gateway.pem"));
}

static bool enroll(struct enrolling *e, bool *is_new)
{
    struct stat there;
    if (!make_directory(e) || !have_authority(e, is_new))
        return false;
    bool has_own = stat(in_directory(e, "gateway.pem"), &there) == 0;
    if ((e->is_own || *is_new || !has_own) && !write_own(e))
        return false;
    return e->is_own || (make_bundle(e, e->role, e->name, e->n_days) &&
                         write_new(e, e->out, cw_buf_str(&e->bundle)));
}

/* --- the command ------------------------------------------------------------------------------*/

static void tell(struct enrolling *e, bool is_new)
{
    const char *file = e->is_own ? in_directory(e, "gateway.pem") : e->out;
    const char *name = e->is_own ? "main" : e->name;
    if (e->common.json) {
        json_t *answer =
            json_pack("{s:s,s:s,s:s,s:b,s:i}", "role", cw_link_role_name(e->role), "name", name,
                      "file", file, "new-authority", is_new, "days", e->n_days);
        cw_assert(answer != NULL);
        char *text = json_dumps(answer, JSON_COMPACT);
        cw_assert(text != NULL);
        puts(text);
        free(text);
        json_decref(answer);
        return;
    }
    if (is_new)
        printf("%s/ca.pem: a new authority; enroll every edge and gateway with it\n", e->directory);
    printf("%s: the certificate of the %s \"%s\", valid for %d days\n", file,
           cw_link_role_name(e->role), name, e->n_days);
    if (!e->is_own)
        printf("Carry it there, mode 0600, and name it as %s.link-certificate.\n",
               cw_link_role_name(e->role));
}

static int run(struct enrolling *e)
{
    struct cw_str why;
    bool is_new = false, ok = true;
    if (cw_config_load(cw_config_path(e->common.config), &e->config, &e->arena, &why)) {
        cw_buf_puts(&e->why, why);
        ok = false;
    }
    ok = ok && enroll(e, &is_new);
    if (ok)
        tell(e, is_new);
    else
        fprintf(stderr, "%.*s\n", CW_ARG(cw_buf_str(&e->why)));
    return ok ? CW_EXIT_OK : CW_EXIT_REFUSED;
}

static bool usage(const char *format, const char *what)
{
    fputs("causeway: ", stderr);
    fprintf(stderr, format, what);
    fputs("; causeway link enroll --help says more\n", stderr);
    return false;
}

static bool take_option(struct enrolling *e, struct cw_args *args, struct cw_str option)
{
    bool is_edge = cw_str_eq_cstr(option, "edge"), is_gateway = cw_str_eq_cstr(option, "gateway");
    if (cw_str_eq_cstr(option, "new-authority"))
        return e->new_authority = true;
    const char **value = is_edge || is_gateway            ? &e->name
                         : cw_str_eq_cstr(option, "out")  ? &e->out
                         : cw_str_eq_cstr(option, "days") ? &e->days
                                                          : NULL;
    if (!value) {
        enum cw_common_result result = cw_common_take(&e->common, args, option);
        return result == CW_COMMON_OTHER ? usage("there is no option --%s", option.p)
                                         : result == CW_COMMON_TAKEN;
    }
    if (*value)
        return usage("--%s is one name or value too many", option.p);
    *value = cw_args_value(args);
    if (is_edge || is_gateway)
        e->role = is_edge ? CW_ROLE_EDGE : CW_ROLE_GATEWAY;
    return *value ? true : usage("--%s needs a value", option.p);
}

static bool check(struct enrolling *e)
{
    uint64_t days = CW_BUNDLE_DAYS;
    e->is_own = !e->name;
    if (e->common.what_if)
        return usage("%s", "link enroll has no --what-if");
    if (e->name && !cw_link_name_is_valid(cw_str_of(e->name)))
        return usage("\"%s\" cannot be a name: a-z, 0-9 and inner hyphens, at most 40", e->name);
    if (!e->name != !e->out)
        return usage("%s", e->name ? "--out must say where to write the bundle"
                                   : "--out needs --edge or --gateway");
    if (e->days && (!cw_str_to_u64(cw_str_of(e->days), &days) || days < 1 || days > MAX_DAYS))
        return usage("--days: \"%s\" is not a number from 1 to 3650", e->days);
    e->n_days = (int)days;
    return true;
}

static bool take_words(struct enrolling *e, struct cw_args *args)
{
    struct cw_str word;
    for (;;) {
        switch (cw_args_next(args, &e->arena, &word)) {
        case CW_WORD_END:
            return e->common.help || check(e);
        case CW_WORD_OPTION:
            if (!take_option(e, args, word))
                return false;
            break;
        case CW_WORD_PLAIN:
            return usage("\"%s\" is one word too many", word.p);
        }
    }
}

int cw_link_main(int argc, char **argv)
{
    struct enrolling e = {.role = CW_ROLE_GATEWAY};
    struct cw_args args = {.argc = argc, .argv = argv, .next = 2};
    int status = CW_EXIT_USAGE;
    bool asks_help = argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
    if (asks_help || (argc > 1 && strcmp(argv[1], "enroll") == 0 && take_words(&e, &args))) {
        status = CW_EXIT_OK;
        if (asks_help || e.common.help)
            help();
        else
            status = run(&e);
    } else if (argc < 2 || strcmp(argv[1], "enroll") != 0) {
        fprintf(stderr, "causeway: link has one command, enroll; causeway link --help says more\n");
    }
    if (e.ca_key.p)
        cw_wipe(e.ca_key.p, e.ca_key.cap);
    if (e.bundle.p)
        cw_wipe(e.bundle.p, e.bundle.cap);
    cw_buf_free(&e.ca);
    cw_buf_free(&e.ca_key);
    cw_buf_free(&e.bundle);
    cw_buf_free(&e.why);
    cw_config_free(&e.config);
    cw_arena_free(&e.arena);
    return status;
}
