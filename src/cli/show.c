/* Answers as text.  What came from outside (a description) is printed without control characters:
 * a terminal is a thing that text can forge. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "cli/command.h"
#include "cli/show_account.h"
#include "cli/show_contact.h"
#include "cli/show_transfer.h"
#include "conf/policy_json.h"

static int characters(const char *text)
{
    int n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

void cw_show_clean(const char *text)
{
    struct cw_buf clean = {0};
    cw_buf_put_clean(&clean, cw_str_of(text), SIZE_MAX);
    fwrite(cw_buf_str(&clean).p, 1, clean.n, stdout);
    cw_buf_free(&clean);
}

void cw_show_value(const json_t *value)
{
    if (json_is_string(value))
        cw_show_clean(json_string_value(value)[0] ? json_string_value(value) : "-");
    else if (json_is_boolean(value))
        fputs(json_is_true(value) ? "true" : "false", stdout);
    else if (json_is_integer(value))
        printf("%lld", (long long)json_integer_value(value));
    else if (json_array_size(value) == 0)
        putchar('-');
    for (size_t i = 0; i < json_array_size(value); i++) {
        fputs(i ? ", " : "", stdout);
        cw_show_value(json_array_get(value, i));
    }
}

/* "bücher.example (xn--bcher-kva.example)", or the one name when both are the same. */
static void print_domain(const char *u_labels, const char *a_labels)
{
    cw_show_clean(u_labels);
    if (strcmp(u_labels, a_labels) != 0)
        printf(" (%s)", a_labels);
}

static void print_domains(const json_t *u_labels, const json_t *a_labels)
{
    if (json_array_size(a_labels) == 0)
        putchar('-');
    for (size_t i = 0; i < json_array_size(a_labels); i++) {
        fputs(i ? ", " : "", stdout);
        print_domain(json_string_value(json_array_get(u_labels, i)),
                     json_string_value(json_array_get(a_labels, i)));
    }
}

/* A certificate is nothing to read in a terminal. */
static void show_anchor(const char *pem)
{
    static const char begin[] = "-----BEGIN ";
    int n = 0;
    for (const char *at = pem; (at = strstr(at, begin)); at += sizeof begin - 1)
        n++;
    if (n == 0)
        putchar('-');
    else
        printf("%d certificate%s, shown by --json", n, n == 1 ? "" : "s");
}

static void show_member(const char *name, const json_t *value)
{
    if (strcmp(name, "trust-anchor") == 0 && json_is_string(value))
        show_anchor(json_string_value(value));
    else
        cw_show_value(value);
}

static void show_field(const json_t *partner, const char *name)
{
    const json_t *value = json_object_get(partner, name);
    if (strcmp(name, "domain") == 0)
        print_domain(json_string_value(json_object_get(partner, "domain-unicode")),
                     json_string_value(value));
    else if (strcmp(name, "additional") == 0)
        print_domains(json_object_get(partner, "additional-unicode"), value);
    else if (strcmp(name, "connection-limit") == 0 && json_integer_value(value) == 0)
        fputs("inherited", stdout);
    else
        show_member(name, value);
}

static void show_partner(const json_t *partner)
{
    static const char *const more[] = {"methods", "note", "version"};
    for (size_t i = 0; i < cw_partner_n_fields; i++) {
        printf("%-17s ", cw_partner_fields[i].name);
        show_field(partner, cw_partner_fields[i].name);
        putchar('\n');
    }
    for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
        printf("%-17s ", more[i]);
        cw_show_value(json_object_get(partner, more[i]));
        putchar('\n');
    }
}

/* The width that print_domain takes for the partner's domain. */
static int domain_width(const json_t *partner)
{
    const char *u_labels = json_string_value(json_object_get(partner, "domain-unicode"));
    const char *a_labels = json_string_value(json_object_get(partner, "domain"));
    int same = strcmp(u_labels, a_labels) == 0;
    return characters(u_labels) + (same ? 0 : characters(a_labels) + 3);
}

static const char *text_member(const json_t *partner, const char *name)
{
    return json_string_value(json_object_get(partner, name));
}

static const char *bool_member(const json_t *partner, const char *name)
{
    return json_is_true(json_object_get(partner, name)) ? "true" : "false";
}

static void show_list(const json_t *list)
{
    int width = 6;
    size_t i;
    json_t *partner;
    json_array_foreach(list, i, partner) width =
        domain_width(partner) > width ? domain_width(partner) : width;
    printf("%-*s  type              TLS           SASL          dialback  enabled  additional\n",
           width, "domain");
    json_array_foreach(list, i, partner)
    {
        show_field(partner, "domain");
        printf("%*s  %-16s  %-12s  %-12s  %-8s  %-7s  ", width - domain_width(partner), "",
               text_member(partner, "type"), text_member(partner, "tls"),
               text_member(partner, "sasl"), bool_member(partner, "dialback"),
               bool_member(partner, "enabled"));
        show_field(partner, "additional");
        putchar('\n');
    }
}

/* The settings' version is for programs. */
static void show_members(const json_t *object)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        if (strcmp(name, "version") == 0)
            continue;
        printf("%-40s ", name);
        cw_show_value(value);
        putchar('\n');
    }
}

/* The members that differ, each as "name: before -> after". */
static void show_difference(const json_t *before, const json_t *after)
{
    static const char *const derived[] = {"version", "additional-unicode", "note"};
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)after, name, value)
    {
        bool skip = json_equal(value, json_object_get(before, name));
        for (size_t i = 0; i < sizeof(derived) / sizeof(derived[0]); i++)
            skip = skip || strcmp(name, derived[i]) == 0;
        if (skip)
            continue;
        printf("  %s: ", name);
        show_member(name, json_object_get(before, name));
        fputs(" -> ", stdout);
        show_member(name, value);
        putchar('\n');
    }
}

static void show_change(const struct cw_api_command *command, const json_t *answer)
{
    bool saved = json_is_true(json_object_get(answer, "saved"));
    const json_t *before = json_object_get(answer, "before");
    const json_t *after = json_object_get(answer, "after");
    const json_t *gateway = json_object_get(answer, "gateway");
    const json_t *subject = json_is_object(after) ? after : before;
    const json_t *domain = json_object_get(subject, "domain");
    printf("%s", saved ? "saved: " : "what if, nothing is saved: ");
    printf("%s", command->name);
    if (domain) {
        putchar(' ');
        show_field(subject, "domain");
    }
    putchar('\n');
    if (cw_show_import(answer) || cw_show_contact_change(before, after) ||
        cw_show_account_change(answer))
        ;
    else if (!json_is_object(before))
        show_partner(after);
    else if (json_is_object(after))
        show_difference(before, after);
    if (json_is_true(json_object_get(gateway, "ok")))
        printf("in effect: version %lld, edges %lld\n",
               (long long)json_integer_value(json_object_get(gateway, "version")),
               (long long)json_integer_value(json_object_get(gateway, "edges")));
}

void cw_show_answer(const struct cw_api_command *command, const json_t *answer)
{
    if (command->changes)
        show_change(command, answer);
    else if (cw_show_accounts(answer) || cw_show_export(answer))
        ;
    else if (json_object_get(answer, "partners"))
        show_list(json_object_get(answer, "partners"));
    else if (json_object_get(answer, "contacts"))
        cw_show_contacts(json_object_get(answer, "contacts"));
    else if (json_object_get(answer, "contact"))
        cw_show_contact(answer);
    else if (json_object_get(answer, "blocks"))
        cw_show_blocks(json_object_get(answer, "blocks"));
    else if (json_object_get(answer, "rules"))
        cw_show_access_rules(json_object_get(answer, "rules"));
    else if (json_object_get(answer, "scope"))
        cw_show_access(answer);
    else if (json_object_get(answer, "domain"))
        show_partner(answer);
    else
        show_members(answer);
}
