/* Answers on contacts, blocks and access as text: who was invited, who sees whom, who may. */
#include <stdio.h>
#include <string.h>

#include "cli/command.h"
#include "cli/show_contact.h"

static const char *text(const json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));
    return value ? value : "";
}

static void clean(const json_t *object, const char *name)
{
    cw_show_clean(text(object, name));
}

/* "active since 2026-11-22T14:00:00Z"; consent is worth a word where there is none. */
static void show_subscription(const json_t *sub)
{
    bool consented = json_is_true(json_object_get(sub, "consented"));
    cw_show_clean(strcmp(text(sub, "state"), "none") == 0 ? "no dialog now" : text(sub, "state"));
    printf("%s since %s", consented ? "" : ", without consent,", text(sub, "since"));
}

static void show_direction(const char *what, const json_t *sub)
{
    if (!json_is_object(sub))
        return;
    printf("; %s (", what);
    show_subscription(sub);
    putchar(')');
}

static void show_pair(const json_t *pair)
{
    clean(pair, "user");
    putchar(' ');
    clean(pair, "contact");
    if (json_is_true(json_object_get(pair, "invited")))
        printf(" invited since %s", text(pair, "since"));
    else
        fputs(" not invited", stdout);
    show_direction("sees the contact", json_object_get(pair, "user-sees"));
    show_direction("is seen by the contact", json_object_get(pair, "contact-sees"));
    putchar('\n');
}

void cw_show_contacts(const json_t *list)
{
    size_t i;
    json_t *pair;
    json_array_foreach(list, i, pair) show_pair(pair);
}

static void show_line(const char *name, const json_t *value)
{
    printf("%-14s", name);
    if (json_is_object(value)) {
        show_subscription(value);
    } else if (json_is_boolean(value)) {
        fputs(json_is_true(value) ? "yes" : "no", stdout);
    } else if (json_is_null(value)) {
        fputs("no", stdout);
    } else {
        cw_show_value(value);
    }
    putchar('\n');
}

/* "message-in    refuse, by partner type: the partner is ..." */
static void show_verdict(const char *event, const json_t *verdict)
{
    printf("%-14s%s, by %s", event, text(verdict, "answer"), text(verdict, "rule"));
    if (text(verdict, "reason")[0])
        printf(": %s", text(verdict, "reason"));
    putchar('\n');
}

void cw_show_contact(const json_t *contact)
{
    static const char *const names[] = {"user",      "contact",      "partner", "type",
                                        "user-sees", "contact-sees", "blocked", "access"};
    const char *event;
    json_t *verdict;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        show_line(names[i], json_object_get(contact, names[i]));
    if (json_is_true(json_object_get(contact, "invited")))
        printf("%-14ssince %s\n", "invited", text(contact, "since"));
    else
        show_line("invited", json_false());
    json_object_foreach(json_object_get(contact, "rules"), event, verdict)
        show_verdict(event, verdict);
}

void cw_show_blocks(const json_t *list)
{
    size_t i;
    json_t *block;
    json_array_foreach(list, i, block)
    {
        clean(block, "user");
        fputs(" blocks ", stdout);
        clean(block, "blocked");
        printf(" since %s\n", text(block, "since"));
    }
}

static void show_name(const json_t *object, const char *name)
{
    if (text(object, name)[0])
        clean(object, name);
    else
        fputs("everybody", stdout);
}

static const char *allowed(const json_t *rule)
{
    return json_is_true(json_object_get(rule, "xmpp")) ? "allowed" : "denied";
}

/* "alice@contoso.test denied, by the rule of the domain contoso.test" */
void cw_show_access(const json_t *answer)
{
    const char *scope = text(answer, "scope");
    show_name(answer, "of");
    printf(" %s, by ", allowed(answer));
    if (strcmp(scope, "default") == 0)
        fputs("default: there is no rule", stdout);
    else
        printf("the rule of %s%s", strcmp(scope, "global") == 0 ? "everybody" : scope,
               text(answer, "name")[0] ? " " : "");
    clean(answer, "name");
    putchar('\n');
}

void cw_show_access_rules(const json_t *list)
{
    size_t i;
    json_t *rule;
    json_array_foreach(list, i, rule)
    {
        show_name(rule, "name");
        printf(" %s\n", allowed(rule));
    }
}

/* "contoso.test no rule -> denied" */
static void show_rule_change(const json_t *before, const json_t *after)
{
    show_name(json_is_object(after) ? after : before, "name");
    printf(" %s -> %s\n", json_is_object(before) ? allowed(before) : "no rule",
           json_is_object(after) ? allowed(after) : "no rule");
}

bool cw_show_contact_change(const json_t *before, const json_t *after)
{
    const json_t *subject = json_is_object(after) ? after : before;
    if (json_object_get(subject, "contacts")) {
        cw_show_contacts(json_object_get(subject, "contacts"));
        puts("Subscriptions between them end, in both directions; the partner's users are told.");
    } else if (json_object_get(subject, "blocks")) {
        cw_show_blocks(json_object_get(subject, "blocks"));
    } else if (json_object_get(subject, "scope")) {
        show_rule_change(before, after);
    } else {
        return false;
    }
    return true;
}
