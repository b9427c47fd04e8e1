/* Tables of accounts, tokens, sessions and audit rows; a column is as wide as its widest value. */
#include "cli/show_account.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command.h"

struct column {
    const char *name, *member;
};
struct table {
    const char *member; /* of the answer */
    struct column columns[7];
};
static const struct table tables[] = {
    {"accounts",
     {{"name", "name"},
      {"role", "role"},
      {"enabled", "enabled"},
      {"must change", "must-change-password"},
      {"password of", "password-changed"}}},
    {"tokens",
     {{"id", "id"},
      {"name", "name"},
      {"role", "role"},
      {"since", "since"},
      {"expires", "expires"},
      {"last used", "used"}}},
    {"sessions",
     {{"account", "account"}, {"address", "address"}, {"since", "since"}, {"last used", "seen"}}},
    {"audit",
     {{"id", "id"},
      {"at", "at"},
      {"who", "who"},
      {"action", "action"},
      {"object", "object"},
      {"fields", "fields"}}},
};

static int width_of(const json_t *value)
{
    const char *text = json_string_value(value);
    int n = 0;
    if (!text)
        return json_is_integer(value)
                   ? snprintf(NULL, 0, "%lld", (long long)json_integer_value(value))
               : json_is_boolean(value) ? (json_is_true(value) ? 4 : 5)
                                        : 1;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xC0) != 0x80;
    return n > 0 ? n : 1; /* "-" */
}

static void show_cell(const json_t *value, int width, bool last)
{
    if (json_is_null(value))
        putchar('-');
    else
        cw_show_value(value);
    if (!last)
        printf("%*s  ", width - width_of(value), "");
}

static void show_table(const struct table *table, const json_t *list)
{
    int widths[7] = {0};
    size_t n = 0, i;
    json_t *row;
    for (; n < 7 && table->columns[n].name; n++) {
        widths[n] = (int)strlen(table->columns[n].name);
        json_array_foreach(list, i, row)
        {
            int width = width_of(json_object_get(row, table->columns[n].member));
            widths[n] = width > widths[n] ? width : widths[n];
        }
    }
    for (size_t c = 0; c < n; c++)
        printf(c + 1 < n ? "%-*s  " : "%*s", c + 1 < n ? widths[c] : 0, table->columns[c].name);
    putchar('\n');
    json_array_foreach(list, i, row)
    {
        for (size_t c = 0; c < n; c++)
            show_cell(json_object_get(row, table->columns[c].member), widths[c], c + 1 == n);
        putchar('\n');
    }
}

/* {"role":"viewer",...} in a line of JSON: what is in the trail may have any shape. */
static void show_any(const json_t *value)
{
    if (!json_is_object(value)) {
        json_is_null(value) ? (void)putchar('-') : cw_show_value(value);
        return;
    }
    char *text = json_dumps(value, JSON_COMPACT);
    cw_show_clean(text ? text : "");
    free(text);
}

static void show_row(const json_t *row)
{
    static const char *const names[] = {"id", "at", "who", "action", "object"};
    json_t *change;
    size_t i;
    for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++) {
        printf("%-8s ", names[n]);
        cw_show_value(json_object_get(row, names[n]));
        putchar('\n');
    }
    json_array_foreach(json_object_get(row, "changes"), i, change)
    {
        printf("  %s: ", json_string_value(json_object_get(change, "field")));
        show_any(json_object_get(change, "before"));
        fputs(" -> ", stdout);
        show_any(json_object_get(change, "after"));
        putchar('\n');
    }
    if (json_is_true(json_object_get(row, "restorable")))
        printf("causeway audit restore %lld brings this state back.\n",
               (long long)json_integer_value(json_object_get(row, "id")));
}

/* One account, a member a line. */
static void show_account(const json_t *account)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)account, name, value)
    {
        printf("%-21s ", name);
        show_any(value);
        putchar('\n');
    }
}

bool cw_show_accounts(const json_t *answer)
{
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        const json_t *list = json_object_get(answer, tables[i].member), *next;
        if (!list)
            continue;
        show_table(&tables[i], list);
        next = json_object_get(answer, "next");
        if (json_is_string(next))
            printf("There are more: --cursor %s shows them.\n", json_string_value(next));
        return true;
    }
    if (json_object_get(answer, "restorable"))
        show_row(answer);
    else if (json_object_get(answer, "role"))
        show_account(answer);
    else
        return false;
    return true;
}

/* Of a secret that was made: it is nowhere else. */
static void show_once(const json_t *answer, const char *name)
{
    const char *text = json_string_value(json_object_get(answer, name));
    if (text)
        printf("%s: %s\nIt is shown this once only.\n", name, text);
}

bool cw_show_account_change(const json_t *answer)
{
    const json_t *before = json_object_get(answer, "before");
    const json_t *after = json_object_get(answer, "after");
    const json_t *subject = json_is_object(after) ? after : before;
    const json_t *sessions = json_object_get(subject, "sessions");
    if (sessions) {
        printf("  sessions ended: %zu\n", json_array_size(sessions));
        return true;
    }
    if (!json_object_get(subject, "role"))
        return false;
    show_account(subject);
    show_once(answer, "password");
    show_once(answer, "token");
    return true;
}
