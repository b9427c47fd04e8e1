/* Reading secrets.  The terminal's echo is off while one is typed, and on again afterwards,
 * whatever happens in between: a signal that would end the program is held back until then. */
#include "cli/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/secret.h"

enum { MAX_LINE = 2048 };

bool cw_secret_option(const struct cw_api_command *command, struct cw_str option,
                      struct cw_api_arg *arg)
{
    const struct cw_str suffix = CW_S("-file");
    return cw_str_ends(option, suffix) &&
           cw_api_arg_find(command, cw_str_sub(option, 0, option.n - suffix.n), arg) &&
           arg->type == CW_ARG_SECRET;
}

/* Octet by octet, so that what follows the line stays for whoever reads next.  False: nothing
 * there, or too much. */
static bool read_line(int fd, char line[MAX_LINE], size_t *n)
{
    ssize_t got;
    *n = 0;
    while ((got = read(fd, &line[*n], 1)) == 1 && line[*n] != '\n') {
        *n += 1;
        if (*n == MAX_LINE - 1)
            return false;
    }
    if (*n > 0 && line[*n - 1] == '\r')
        *n -= 1;
    return got >= 0 && *n > 0;
}

static json_t *take_line(int fd)
{
    char line[MAX_LINE];
    size_t n;
    json_t *value = read_line(fd, line, &n) ? json_stringn(line, n) : NULL; /* UTF-8 only */
    cw_wipe(line, sizeof line);
    return value;
}

json_t *cw_secret_read(const char *name, const char *path)
{
    if (!path) {
        fprintf(stderr, "causeway: --%s-file needs a value\n", name);
        return NULL;
    }
    bool is_input = strcmp(path, "-") == 0;
    int fd = is_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) {
        fprintf(stderr, "causeway: cannot read %s: %s\n", path, strerror(errno));
        return NULL;
    }
    json_t *value = take_line(fd);
    if (!is_input)
        close(fd);
    if (!value)
        fprintf(stderr, "causeway: %s has no line that could be a %s\n",
                is_input ? "standard input" : path, name);
    return value;
}

/* NULL: no terminal, or nothing typed. */
static json_t *ask_once(int fd, const char *name, const char *again)
{
    struct termios shown, unseen;
    sigset_t held, before;
    if (tcgetattr(fd, &shown) != 0)
        return NULL;
    unseen = shown;
    unseen.c_lflag &= ~(tcflag_t)ECHO;
    sigemptyset(&held);
    sigaddset(&held, SIGINT);
    sigaddset(&held, SIGTERM);
    sigaddset(&held, SIGTSTP);
    sigprocmask(SIG_BLOCK, &held, &before);
    json_t *value = NULL;
    if (tcsetattr(fd, TCSAFLUSH, &unseen) == 0) { /* before anybody is asked: who types is quick */
        dprintf(fd, "%s%s: ", name, again);
        value = take_line(fd);
    }
    (void)tcsetattr(fd, TCSAFLUSH, &shown);
    dprintf(fd, "\n");
    sigprocmask(SIG_SETMASK, &before, NULL);
    return value;
}

static bool ask_twice(int fd, const char *name, json_t *in)
{
    json_t *value = ask_once(fd, name, ""), *again = value ? ask_once(fd, name, ", again") : NULL;
    bool same = value && again && json_equal(value, again);
    if (!value)
        fprintf(stderr, "causeway: no %s was typed\n", name);
    else if (!same)
        fputs("causeway: they are not the same\n", stderr);
    if (same)
        json_object_set(in, name, value);
    json_decref(value);
    json_decref(again);
    return same;
}

bool cw_secret_ask(const struct cw_api_command *command, json_t *in)
{
    bool asked = true;
    for (size_t i = 0; i < command->n_args && asked; i++) {
        const struct cw_api_arg *arg = &command->args[i];
        if (arg->type != CW_ARG_SECRET || json_object_get(in, arg->name) ||
            json_object_get(in, "generate") || !isatty(STDIN_FILENO))
            continue;
        int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
            continue;
        asked = ask_twice(fd, arg->name, in);
        close(fd);
    }
    return asked;
}
