/* Listening sockets; see listener.h. */
#include "io/listener.h"

#include "io/loop.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BACKLOG           512
#define ACCEPTS_PER_EVENT 64  /* so that a flood of connections leaves time for the others */
#define REST_MS           200 /* after EMFILE */

struct cw_listener {
    struct event *event;
    struct cw_timer *rest;
    int fd;
    struct cw_addr addr;
    char *path; /* to remove, or NULL */
    cw_accept_fn *fn;
    void *arg;
    bool is_paused;
    bool is_busy, is_dead; /* inside on_readable; freed meanwhile, memory to be given back there */
};

/* True when the error is about the one peer (gone again) and not about us. */
static bool is_peer_error(int err)
{
    return err == ECONNABORTED || err == EINTR || err == EPROTO || err == EPERM ||
           err == ENETDOWN || err == EHOSTUNREACH || err == ENETUNREACH;
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct cw_listener *l = arg;
    (void)what;

    l->is_busy = true;
    for (int i = 0; i < ACCEPTS_PER_EVENT && !l->is_dead && !l->is_paused; i++) {
        struct sockaddr_storage ss = {0};
        socklen_t len = sizeof ss;
        int peer_fd = accept4(fd, (struct sockaddr *)&ss, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (peer_fd < 0 && is_peer_error(errno))
            continue;
        if (peer_fd < 0) {
            /* EMFILE, ENFILE, ENOBUFS, ENOMEM: the peer stays in the queue and the socket stays
             * readable, so going on at once would spin. */
            if (errno != EAGAIN && errno != EWOULDBLOCK) {
                event_del(l->event);
                cw_timer_set(l->rest, REST_MS);
            }
            break;
        }
        struct cw_addr peer = cw_addr_of((struct sockaddr *)&ss, len);
        l->fn(l->arg, peer_fd, &peer);
    }
    l->is_busy = false;
    if (l->is_dead)
        cw_free(l);
}

static void on_rested(void *arg)
{
    struct cw_listener *l = arg;
    if (!l->is_paused)
        event_add(l->event, NULL);
}

/* The sentence for errno after bind or listen. */
static void say_why(struct cw_buf *why, const struct cw_addr *addr)
{
    int err = errno;
    struct cw_arena arena = {0};
    struct cw_str text = cw_addr_text(&arena, addr);
    const char *reason = strerror(err);
    if (err == EADDRINUSE)
        reason = "the address is in use by another process";
    else if (err == EADDRNOTAVAIL)
        reason = "this machine does not have that address";
    else if (err == EACCES)
        reason = "not allowed (ports below 1024 need a privilege, files a writable folder)";
    cw_buf_printf(why, "cannot listen on %.*s: %s", CW_ARG(text), reason);
    cw_arena_free(&arena);
}

static struct cw_listener *listener_of(struct event_base *base, int fd, cw_accept_fn *fn, void *arg)
{
    struct cw_listener *l = cw_alloc(sizeof *l);
    struct sockaddr_storage ss = {0};
    socklen_t len = sizeof ss;

    l->fd = fd;
    l->fn = fn;
    l->arg = arg;
    if (getsockname(fd, (struct sockaddr *)&ss, &len) == 0)
        l->addr = cw_addr_of((struct sockaddr *)&ss, len);
    l->rest = cw_timer_new(base, on_rested, l);
    l->event = event_new(base, fd, EV_READ | EV_PERSIST, on_readable, l);
    cw_assert(l->event && event_add(l->event, NULL) == 0);
    return l;
}

struct cw_listener *cw_listener_new(struct event_base *base, const struct cw_addr *addr,
                                    cw_accept_fn *fn, void *arg, struct cw_buf *why)
{
    const int on = 1;
    int fd = socket(addr->ss.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        goto fail;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0)
        goto fail;
    if (addr->ss.ss_family == AF_INET6 &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) < 0)
        goto fail;
    if (bind(fd, (const struct sockaddr *)&addr->ss, addr->len) < 0 || listen(fd, BACKLOG) < 0)
        goto fail;
    return listener_of(base, fd, fn, arg);

fail:
    say_why(why, addr);
    if (fd >= 0)
        close(fd);
    return NULL;
}

/* Removes a socket file where nobody listens any more.  Other files are left alone: bind then
 * fails and says so. */
static void remove_stale(const char *path, const struct cw_addr *addr)
{
    struct stat st;
    if (lstat(path, &st) < 0 || !S_ISSOCK(st.st_mode))
        return;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    if (connect(fd, (const struct sockaddr *)&addr->ss, addr->len) < 0 && errno == ECONNREFUSED)
        unlink(path);
    close(fd);
}

struct cw_listener *cw_listener_new_unix(struct event_base *base, const char *path, unsigned mode,
                                         cw_accept_fn *fn, void *arg, struct cw_buf *why)
{
    struct cw_addr addr;
    if (!cw_addr_unix(cw_str_of(path), &addr)) {
        cw_buf_printf(why, "cannot listen on unix:%s: the path is empty or too long", path);
        return NULL;
    }
    remove_stale(path, &addr);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    bool is_bound = false;
    /* Its rights from the first moment on: a chmod afterwards would follow whatever link somebody
     * who can write to the directory had put there meanwhile. */
    mode_t old = umask(~(mode_t)mode & 0777);
    if (fd >= 0)
        is_bound = bind(fd, (const struct sockaddr *)&addr.ss, addr.len) == 0;
    int err = errno;
    umask(old);
    errno = err;
    if (!is_bound || listen(fd, BACKLOG) < 0) {
        say_why(why, &addr);
        if (is_bound)
            unlink(path);
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    struct cw_listener *l = listener_of(base, fd, fn, arg);
    l->path = cw_strdup(cw_str_of(path));
    return l;
}

void cw_listener_pause(struct cw_listener *l)
{
    l->is_paused = true;
    event_del(l->event);
}

void cw_listener_resume(struct cw_listener *l)
{
    l->is_paused = false;
    if (!cw_timer_is_set(l->rest))
        event_add(l->event, NULL);
}

const struct cw_addr *cw_listener_addr(const struct cw_listener *l)
{
    return &l->addr;
}

void cw_listener_free(struct cw_listener **listener)
{
    struct cw_listener *l = *listener;
    if (!l)
        return;
    *listener = NULL;
    event_free(l->event);
    cw_timer_free(&l->rest);
    close(l->fd);
    if (l->path)
        unlink(l->path);
    cw_free(l->path);
    if (l->is_busy)
        l->is_dead = true;
    else
        cw_free(l);
}
