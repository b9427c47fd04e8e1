/* The client of the gateway's control socket.  Blocking with a time limit: a command line has
 * nothing else to do meanwhile, yet must not hang on a gateway that does. */
#include "cli/control.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"

#define MAX_ANSWER_BYTES (64 * 1024 * 1024)

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

enum cw_err cw_unix_dial(const char *path, int *out)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct cw_str text = cw_str_of(path);
    if (text.n >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return CW_ERR_IO;
    }
    memcpy(address.sun_path, text.p, text.n);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return CW_ERR_IO;
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        int code = errno;
        close(fd);
        errno = code;
        return code == ENOENT || code == ECONNREFUSED ? CW_ERR_NOT_FOUND : CW_ERR_IO;
    }
    *out = fd;
    return CW_OK;
}

static enum cw_err send_line(int fd, const json_t *request)
{
    char *text = json_dumps(request, JSON_COMPACT);
    cw_assert(text != NULL);
    struct cw_buf line = {0};
    cw_buf_putcstr(&line, text);
    cw_buf_putc(&line, '\n');
    free(text);
    /* A request is shorter than any socket's buffer: it goes out whole or not at all. */
    ssize_t n = send(fd, line.p, line.n, MSG_NOSIGNAL);
    enum cw_err err = n == (ssize_t)line.n ? CW_OK : CW_ERR_IO;
    cw_buf_free(&line);
    return err;
}

/* Waits for more; CW_ERR_CLOSED: none came until then. */
static enum cw_err read_more(int fd, int64_t until, struct cw_buf *bytes)
{
    char piece[16384];
    struct pollfd wait = {.fd = fd, .events = POLLIN};
    for (;;) {
        int64_t left = until - now_ms();
        if (left <= 0 || bytes->n > MAX_ANSWER_BYTES)
            return CW_ERR_CLOSED;
        if (poll(&wait, 1, (int)left) <= 0)
            continue; /* the time is looked at above */
        ssize_t n = read(fd, piece, sizeof(piece));
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return CW_ERR_CLOSED;
        cw_buf_put(bytes, piece, (size_t)n);
        return CW_OK;
    }
}

/* Takes the first line out of the bytes, waiting for it.  *line: a new reference. */
static enum cw_err read_line(int fd, int64_t until, struct cw_buf *bytes, json_t **line)
{
    ptrdiff_t end;
    while ((end = cw_str_index(cw_buf_str(bytes), '\n')) < 0) {
        enum cw_err err = read_more(fd, until, bytes);
        if (err)
            return err;
    }
    *line = json_loadb(bytes->p, (size_t)end, JSON_REJECT_DUPLICATES, NULL);
    cw_buf_consume(bytes, (size_t)end + 1);
    return json_is_object(*line) ? CW_OK : CW_ERR_INVALID;
}

static enum cw_err read_answer(int fd, const struct cw_control_wait *wait, json_t **answer)
{
    int64_t until = now_ms() + (int64_t)wait->timeout_s * 1000;
    struct cw_buf bytes = {0};
    enum cw_err err;
    while (!(err = read_line(fd, until, &bytes, answer)) && json_object_get(*answer, "progress")) {
        if (wait->on_progress)
            wait->on_progress(wait->arg, json_object_get(*answer, "progress"));
        json_decref(*answer);
        *answer = NULL;
    }
    if (err) {
        json_decref(*answer);
        *answer = NULL;
    }
    cw_buf_free(&bytes);
    return err;
}

enum cw_err cw_control_ask(const char *socket_path, const json_t *request,
                           const struct cw_control_wait *wait, json_t **answer)
{
    int fd = -1;
    *answer = NULL;
    enum cw_err err = cw_unix_dial(socket_path, &fd);
    if (!err)
        err = send_line(fd, request);
    if (!err)
        err = read_answer(fd, wait, answer);
    if (fd >= 0)
        close(fd);
    return err;
}
