/* What the running edges answer, as text.  Much of it was said by partners' servers: it is printed
 * like everything from outside, without control characters (show.c). */
#include "cli/show_live.h"

#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/show_health.h"

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static void show_inline(const json_t *object);

/* What is inside of another is in parentheses. */
static void show_inner(const json_t *value)
{
    size_t i;
    json_t *item;
    if (json_is_object(value)) {
        putchar('(');
        show_inline(value);
        putchar(')');
    } else if (json_is_array(value) && json_is_object(json_array_get(value, 0))) {
        json_array_foreach(value, i, item)
        {
            fputs(i ? ", " : "", stdout);
            show_inner(item);
        }
    } else {
        cw_show_value(value);
    }
}

/* "version TLSv1.3, certificate (names a.test, b.test)" */
static void show_inline(const json_t *object)
{
    const char *name, *between = "";
    json_t *member;
    json_object_foreach((json_t *)(uintptr_t)object, name, member)
    {
        fputs(between, stdout);
        cw_show_clean(name);
        putchar(' ');
        show_inner(member);
        between = ", ";
    }
}

/* One line a member: "key: value"; an object's or a list's own members are set in. */
static void show_block(const json_t *object, int indent)
{
    const char *name;
    json_t *value, *item;
    size_t i;
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        bool is_list = json_is_array(value) && json_is_object(json_array_get(value, 0));
        printf("%*s", indent, "");
        cw_show_clean(name);
        putchar(':');
        if (json_is_object(value)) {
            putchar('\n');
            show_block(value, indent + 2);
            continue;
        }
        if (!is_list) {
            putchar(' ');
            cw_show_value(value);
        }
        putchar('\n');
        for (i = 0; is_list && i < json_array_size(value); i++) {
            item = json_array_get(value, i);
            printf("%*s", indent + 2, "");
            show_inline(item);
            putchar('\n');
        }
    }
}

static void show_blocks(const json_t *list)
{
    size_t i;
    json_t *object;
    json_array_foreach(list, i, object)
    {
        if (i)
            putchar('\n');
        show_block(object, 0);
    }
}

static void show_lines(const json_t *list)
{
    size_t i;
    json_t *object;
    if (json_array_size(list) == 0)
        puts("none");
    json_array_foreach(list, i, object)
    {
        show_inline(object);
        putchar('\n');
    }
}

/* "/etc/causeway/contoso.pem: refused: the key belongs to another certificate" */
static void show_reloaded(const json_t *list)
{
    size_t i;
    json_t *one;
    json_array_foreach(list, i, one)
    {
        cw_show_clean(text_of(one, "file"));
        printf(": %s", text_of(one, "result"));
        if (text_of(one, "sentence")[0]) {
            fputs(": ", stdout);
            cw_show_clean(text_of(one, "sentence"));
        }
        putchar('\n');
    }
}

/* --- streams ----------------------------------------------------------------------------------*/

static const char *const columns[] = {"id",     "direction", "local",        "remote",
                                      "method", "state",     "peer-address", "queued-bytes"};
enum { N_COLUMNS = sizeof(columns) / sizeof(columns[0]) };

static int width_of(const json_t *value)
{
    char number[32];
    if (json_is_integer(value))
        return snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
    size_t n = json_string_length(value);
    return n == 0 ? 1 : n < 60 ? (int)n : 60;
}

static void show_cell(const json_t *value, int width)
{
    cw_show_value(value ? value : json_null());
    printf("%*s", width > width_of(value) ? width - width_of(value) : 0, "");
}

static void show_streams(const json_t *list)
{
    int widths[N_COLUMNS];
    size_t i;
    json_t *stream;
    for (size_t c = 0; c < N_COLUMNS; c++) {
        widths[c] = (int)strlen(columns[c]);
        json_array_foreach(list, i, stream)
        {
            int width = width_of(json_object_get(stream, columns[c]));
            widths[c] = width > widths[c] ? width : widths[c];
        }
        printf("%s%-*s", c ? "  " : "", c + 1 < N_COLUMNS ? widths[c] : 0, columns[c]);
    }
    putchar('\n');
    json_array_foreach(list, i, stream)
    {
        for (size_t c = 0; c < N_COLUMNS; c++) {
            fputs(c ? "  " : "", stdout);
            show_cell(json_object_get(stream, columns[c]), c + 1 < N_COLUMNS ? widths[c] : 0);
        }
        putchar('\n');
    }
}

/* --- attempts ---------------------------------------------------------------------------------*/

/* "  failed   tls            34 ms  version TLSv1.2", and below it the sentence, unless that is
 * told later.  NULL: nothing is, and what to do is told here, too. */
static void show_step(const json_t *step, const char *told_later)
{
    const json_t *facts = json_object_get(step, "facts");
    const char *sentence = text_of(step, "sentence");
    printf("  %-8s ", text_of(step, "state"));
    printf("%-15s %6lld ms", text_of(step, "step"),
           (long long)json_integer_value(json_object_get(step, "ms")));
    if (json_object_size(facts) > 0) {
        fputs("  ", stdout);
        show_inline(facts);
    }
    putchar('\n');
    if (sentence[0] && (!told_later || strcmp(sentence, told_later) != 0)) {
        fputs("           ", stdout);
        cw_show_clean(sentence);
        if (!told_later && text_of(step, "advice")[0]) {
            putchar(' ');
            cw_show_clean(text_of(step, "advice"));
        }
        putchar('\n');
    }
}

static void show_steps(const json_t *steps, size_t from, const char *told_later)
{
    for (size_t i = from; i < json_array_size(steps); i++)
        show_step(json_array_get(steps, i), told_later);
}

static const char *side_text(const char *side)
{
    static const struct {
        const char *side, *text;
    } rows[] = {{"ours", "on our side: "},
                {"partner", "on the partner's side: "},
                {"network", "in the network: "}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strcmp(side, rows[i].side) == 0)
            return rows[i].text;
    return "";
}

/* The sentence, on whose side, and what to do. */
static void show_verdict(const json_t *attempt)
{
    if (text_of(attempt, "sentence")[0]) {
        printf("  %s", side_text(text_of(attempt, "side")));
        cw_show_clean(text_of(attempt, "sentence"));
        putchar('\n');
    }
    if (text_of(attempt, "advice")[0]) {
        fputs("  ", stdout);
        cw_show_clean(text_of(attempt, "advice"));
        putchar('\n');
    }
}

static void show_attempt(const json_t *attempt)
{
    const char *method = text_of(attempt, "method"), *reason = text_of(attempt, "reason");
    bool is_inbound = strcmp(text_of(attempt, "direction"), "inbound") == 0;
    cw_show_clean(text_of(attempt, "at"));
    printf(" %s ", is_inbound ? "inbound" : "outbound");
    cw_show_clean(text_of(attempt, is_inbound ? "remote" : "local"));
    fputs(" -> ", stdout);
    cw_show_clean(text_of(attempt, is_inbound ? "local" : "remote"));
    printf(": %s", text_of(attempt, "result"));
    if (method[0] && strcmp(method, "none") != 0)
        printf(" by %s", method);
    if (reason[0])
        printf(" (%s)", reason);
    putchar('\n');
    show_steps(json_object_get(attempt, "steps"), 0, text_of(attempt, "sentence"));
    show_verdict(attempt);
}

static void show_attempts(const json_t *list)
{
    size_t i;
    json_t *attempt;
    if (json_array_size(list) == 0)
        puts("no attempts are known");
    json_array_foreach(list, i, attempt)
    {
        if (i)
            putchar('\n');
        show_attempt(attempt);
    }
}

/* --- tests ------------------------------------------------------------------------------------*/

void cw_show_progress(struct cw_live_shown *shown, const json_t *news)
{
    const json_t *step = json_object_get(news, "step");
    if (!json_is_object(step) || strcmp(text_of(step, "state"), "pending") == 0)
        return;
    if (shown->n_steps++ == 0)
        puts("outbound");
    /* What failed is said once more, at the end and with what to do. */
    bool is_verdict = strcmp(text_of(step, "step"), "verdict") == 0;
    show_step(step, is_verdict ? text_of(step, "sentence") : "");
    fflush(stdout);
}

static void show_test(const struct cw_live_shown *shown, const json_t *answer)
{
    const json_t *attempt = json_object_get(answer, "attempt");
    const json_t *inbound = json_object_get(answer, "inbound");
    if (shown->n_steps == 0)
        puts("outbound");
    show_steps(json_object_get(attempt, "steps"), shown->n_steps, text_of(attempt, "sentence"));
    show_verdict(attempt);
    if (inbound) {
        puts("inbound");
        show_steps(json_object_get(inbound, "steps"), 0, NULL);
    }
    puts(json_is_true(json_object_get(answer, "passed")) ? "passed" : "failed");
}

static void show_test_im(const json_t *answer)
{
    bool is_delivered = strcmp(text_of(answer, "result"), "delivered") == 0;
    printf("%s after %lld ms", is_delivered ? "delivered" : "refused",
           (long long)json_integer_value(json_object_get(answer, "latency-ms")));
    if (!is_delivered) {
        printf(" (%s): ", text_of(answer, "reason"));
        cw_show_clean(text_of(answer, "sentence"));
    }
    putchar('\n');
}

/* --- all of them ------------------------------------------------------------------------------*/

/* What is missing stands on standard error: whoever reads the list must know that it is not whole.
 */
static void show_gaps(const json_t *answer)
{
    size_t i;
    json_t *path;
    const json_t *uncovered = json_object_get(answer, "uncovered");
    json_int_t n_left_out = json_integer_value(json_object_get(answer, "left-out"));
    json_array_foreach(json_object_get(answer, "silent"), i, path)
        fprintf(stderr, "the edge %s gave no answer\n", json_string_value(path));
    if (json_array_size(uncovered) > 0) {
        fputs("\nno certificate names: ", stdout);
        cw_show_value(uncovered);
        putchar('\n');
    }
    if (n_left_out > 0)
        fprintf(stderr, "%lld more are left out\n", (long long)n_left_out);
}

bool cw_show_live(const struct cw_live_shown *shown, const json_t *answer)
{
    static const struct {
        const char *member;
        void (*show)(const json_t *member);
    } rows[] = {{"streams", show_streams},   {"states", show_lines},
                {"attempts", show_attempts}, {"certificates", show_blocks},
                {"addresses", show_lines},   {"edges", show_lines},
                {"reloaded", show_reloaded}};
    if (cw_show_health(answer)) {
        ;
    } else if (json_object_get(answer, "attempt")) {
        show_test(shown, answer);
    } else if (json_object_get(answer, "result")) {
        show_test_im(answer);
    } else if (json_object_get(answer, "stream")) {
        show_block(json_object_get(answer, "stream"), 0);
    } else if (json_object_get(answer, "closed")) {
        printf("closed: %lld\n", (long long)json_integer_value(json_object_get(answer, "closed")));
    } else {
        size_t i = 0;
        while (i < sizeof(rows) / sizeof(rows[0]) && !json_object_get(answer, rows[i].member))
            i++;
        if (i == sizeof(rows) / sizeof(rows[0]))
            return false;
        rows[i].show(json_object_get(answer, rows[i].member));
        show_gaps(answer);
    }
    return true;
}
