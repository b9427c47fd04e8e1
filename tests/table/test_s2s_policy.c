/* Writes down what cw_nego_decide says for every combination of settings and facts, and compares
 * it with the committed s2s_policy.ref, so that a change of policy is a readable difference there.
 *
 *     test_s2s_policy s2s_policy.ref            compares
 *     test_s2s_policy --write s2s_policy.ref    writes it anew
 *
 * The text is a tree: a line names the values of one fact (those with the same outcome together);
 * a fact that makes no difference at a place is left out there. */
#include "space.h"

#include "base/buf.h"
#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const char head[] =
    "# What cw_nego_decide says: settings x direction x TLS x peer offers x certificate x SASL x "
    "dialback.\n"
    "# A fact that is not named at a place makes no difference there.  Written by\n"
    "# test_s2s_policy --write; read the difference before you commit it.\n";

static void put_offers(struct cw_buf *b, const struct cw_verdict *v)
{
    if (!v->may_starttls && !v->may_external && !v->may_dialback)
        cw_buf_putcstr(b, " nothing");
    if (v->may_starttls)
        cw_buf_putcstr(b, v->must_starttls ? " starttls(required)" : " starttls");
    if (v->may_external)
        cw_buf_putcstr(b, " external");
    if (v->may_dialback)
        cw_buf_putcstr(b, " dialback");
}

static void put_verdict(struct cw_buf *b, const struct point *p)
{
    struct cw_rules r;
    struct cw_facts f;
    struct cw_verdict v;

    space_read(p, &r, &f);
    v = cw_nego_decide(&r, &f);
    cw_buf_putcstr(b, cw_nego_action_name(v.action));
    if (v.method != CW_METHOD_NONE)
        cw_buf_printf(b, " by %s", cw_method_name(v.method));
    if (v.action == CW_NEGO_WAIT && f.direction == CW_INBOUND && v.method == CW_METHOD_NONE) {
        cw_buf_putcstr(b, ", offering");
        put_offers(b, &v);
    }
    if (v.reason != CW_REASON_NONE)
        cw_buf_printf(b, " (%s)", cw_nego_reason_name(v.reason));
    cw_buf_putc(b, '\n');
}

static void put_tree(struct cw_buf *b, struct point *p, enum dim d, unsigned depth);

/* "  certificate none, untrusted: " and what follows for all of them. */
static void put_group(struct cw_buf *b, struct point *p, enum dim d, unsigned depth,
                      const struct cw_buf *sub, const unsigned *group, unsigned which)
{
    bool first = true;
    bool leaf = !memchr(sub->p, ':', sub->n);

    cw_buf_printf(b, "%*s", (int)depth * 2, "");
    if (d != DIM_RULES)
        cw_buf_printf(b, "%s ", space_dim_name(d));
    for (unsigned v = 0; v < space_size(p, d); v++) {
        char name[80];

        if (group[v] != which)
            continue;
        p->at[d] = v;
        space_value_name(p, d, name, sizeof name);
        cw_buf_printf(b, "%s%s", first ? "" : " | ", name);
        first = false;
    }
    cw_buf_putcstr(b, leaf ? ": " : ":\n");
    cw_buf_puts(b, cw_buf_str(sub));
}

static void put_tree(struct cw_buf *b, struct point *p, enum dim d, unsigned depth)
{
    unsigned n, group[32];
    struct cw_buf subs[32] = {0};
    bool differ = false;

    if (d == N_DIMS) {
        put_verdict(b, p);
        return;
    }
    n = space_size(p, d);
    for (unsigned v = 0; v < n; v++) {
        p->at[d] = v;
        for (unsigned below = d + 1; below < N_DIMS; below++)
            p->at[below] = 0;
        put_tree(&subs[v], p, d + 1, depth + 1);
        for (group[v] = 0; group[v] < v; group[v]++)
            if (cw_str_eq(cw_buf_str(&subs[group[v]]), cw_buf_str(&subs[v])))
                break;
        differ = differ || group[v] > 0;
    }
    if (!differ) { /* once more, one step less deep */
        p->at[d] = 0;
        put_tree(b, p, d + 1, depth);
    } else {
        for (unsigned v = 0; v < n; v++)
            if (group[v] == v)
                put_group(b, p, d, depth, &subs[v], group, v);
    }
    for (unsigned v = 0; v < n; v++)
        cw_buf_free(&subs[v]);
    p->at[d] = 0;
}

static int write_file(const char *path, struct cw_str text)
{
    FILE *f = fopen(path, "w");

    if (!f || fwrite(text.p, 1, text.n, f) != text.n || fclose(f)) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return 1;
    }
    return 0;
}

static bool read_file(const char *path, struct cw_buf *out)
{
    char chunk[65536];
    size_t n;
    FILE *f = fopen(path, "r");

    if (!f) {
        fprintf(stderr, "%s: %s\n", path, strerror(errno));
        return false;
    }
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0)
        cw_buf_put(out, chunk, n);
    fclose(f);
    return true;
}

/* Names the first line that differs. */
static void report(struct cw_str want, struct cw_str got)
{
    size_t i = 0, start = 0, line = 1;

    for (; i < want.n && i < got.n && want.p[i] == got.p[i]; i++)
        if (want.p[i] == '\n') {
            start = i + 1;
            line++;
        }
    want = cw_str_sub(want, start, want.n);
    got = cw_str_sub(got, start, got.n);
    fprintf(stderr, "line %zu of the reference:\n  %.*s\nthe program says:\n  %.*s\n", line,
            (int)strcspn(want.p, "\n"), want.p, (int)strcspn(got.p, "\n"), got.p);
}

int main(int argc, char **argv)
{
    struct cw_buf got = {0}, want = {0};
    struct point p = {0};
    int status = 1;

    if (argc < 2 || (strcmp(argv[1], "--write") == 0) != (argc == 3)) {
        fprintf(stderr, "usage: %s [--write] s2s_policy.ref\n", argv[0]);
        return 2;
    }
    cw_buf_putcstr(&got, head);
    put_tree(&got, &p, DIM_RULES, 0);
    if (argc == 3) {
        status = write_file(argv[2], cw_buf_str(&got));
    } else if (read_file(argv[1], &want)) {
        cw_buf_putc(&want, '\0'); /* ends strcspn in report */
        want.n--;
        cw_buf_putc(&got, '\0');
        got.n--;
        status = !cw_str_eq(cw_buf_str(&want), cw_buf_str(&got));
        if (status)
            report(cw_buf_str(&want), cw_buf_str(&got));
    }
    cw_buf_free(&got);
    cw_buf_free(&want);
    return status;
}
