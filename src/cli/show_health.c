/* The answer of `health show`: first what is wrong, then the parts, a line each.
 *
 *     warning
 *       warning  The gateway has no link to the edge tls:edge2.example:5280: connection refused.
 *
 *     gateway      up    0.1.0  since 2026-11-22T14:00:00Z  policy 7
 *     edge ...     down
 *     certificate  /etc/causeway/contoso.pem  until 2027-02-01T00:00:00Z  71 days
 *     store        184320 bytes, schema 4, policy 7
 *     messages     from partners: 12 taken, 11 delivered, 1 refused (rules 1)
 */
#include "cli/show_health.h"

#include <stdio.h>

#include "cli/command.h"

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

static long long number_of(const json_t *object, const char *name)
{
    return (long long)json_integer_value(json_object_get(object, name));
}

static void show_sentences(const json_t *answer)
{
    size_t i;
    json_t *one;
    puts(text_of(answer, "state"));
    json_array_foreach(json_object_get(answer, "sentences"), i, one)
    {
        printf("  %-8s ", text_of(one, "state"));
        cw_show_clean(text_of(one, "sentence"));
        putchar('\n');
    }
    putchar('\n');
}

static void show_component(const json_t *one)
{
    bool is_up = json_is_true(json_object_get(one, "up"));
    const char *kind = text_of(one, "kind"), *name = text_of(one, "name");
    printf("%-12s %-5s", kind, is_up ? "up" : "down");
    if (json_object_get(one, "linked")) {
        putchar(' ');
        cw_show_clean(name);
    }
    if (is_up)
        printf(" %s since %s policy %lld", text_of(one, "version"), text_of(one, "since"),
               number_of(one, "policy-version"));
    putchar('\n');
}

static void show_certificate(const json_t *one)
{
    printf("%-12s ", "certificate");
    cw_show_clean(text_of(one, "file"));
    if (json_object_get(one, "not-after"))
        printf(" until %s, %lld days", text_of(one, "not-after"), number_of(one, "days-left"));
    putchar('\n');
}

/* "12 taken, 11 delivered, 1 refused (rules 1)" */
static void show_passed(const char *direction, const json_t *passed)
{
    const json_t *refused = json_object_get(passed, "refused");
    const char *reason, *before = " (";
    json_t *n;
    long long sum = 0;
    json_object_foreach((json_t *)(uintptr_t)refused, reason, n) sum += json_integer_value(n);
    printf("%s: %lld taken, %lld delivered, %lld refused", direction, number_of(passed, "taken"),
           number_of(passed, "delivered"), sum);
    json_object_foreach((json_t *)(uintptr_t)refused, reason, n)
    {
        if (json_integer_value(n) == 0)
            continue;
        printf("%s%s %lld", before, reason, (long long)json_integer_value(n));
        before = ", ";
    }
    puts(sum > 0 ? ")" : "");
}

static void show_traffic(const char *name, const json_t *both)
{
    printf("%-12s ", name);
    show_passed("from partners", json_object_get(both, "x2s"));
    printf("%-12s ", "");
    show_passed("to partners", json_object_get(both, "s2x"));
}

static void show_queues(const char *whose, const json_t *queues)
{
    const char *name, *between = "";
    json_t *n;
    printf("%-12s ", "queues");
    cw_show_clean(whose);
    fputs(": ", stdout);
    json_object_foreach((json_t *)(uintptr_t)queues, name, n)
    {
        printf("%s%s %lld", between, name, (long long)json_integer_value(n));
        between = ", ";
    }
    putchar('\n');
}

static long long sum_of(const json_t *object)
{
    const char *name;
    json_t *n;
    long long sum = 0;
    json_object_foreach((json_t *)(uintptr_t)object, name, n) sum += json_integer_value(n);
    return sum;
}

static void show_edge(const json_t *edge)
{
    const json_t *counters = json_object_get(edge, "counters");
    const json_t *streams = json_object_get(counters, "streams");
    const json_t *stanzas = json_object_get(counters, "stanzas");
    printf("%-12s %lld inbound, %lld outbound; stanzas %lld in, %lld out; refused at the door "
           "%lld\n",
           "streams", sum_of(json_object_get(streams, "inbound")),
           sum_of(json_object_get(streams, "outbound")), number_of(stanzas, "inbound"),
           number_of(stanzas, "outbound"), sum_of(json_object_get(counters, "refused")));
    show_queues(text_of(edge, "edge"), json_object_get(counters, "queues"));
}

static void show_gateway(const json_t *counters)
{
    const json_t *subscriptions = json_object_get(counters, "subscriptions");
    show_traffic("messages", json_object_get(counters, "messages"));
    show_traffic("presence", json_object_get(counters, "presence"));
    printf("%-12s partners watch %lld, local users watch %lld\n", "watching",
           number_of(subscriptions, "x2s"), number_of(subscriptions, "s2x"));
    show_queues("gateway", json_object_get(counters, "queues"));
}

bool cw_show_health(const json_t *answer)
{
    const json_t *counters = json_object_get(answer, "counters");
    const json_t *store = json_object_get(answer, "store");
    size_t i;
    json_t *one;
    if (!json_object_get(answer, "components"))
        return false;
    show_sentences(answer);
    json_array_foreach(json_object_get(answer, "components"), i, one) show_component(one);
    json_array_foreach(json_object_get(answer, "certificates"), i, one) show_certificate(one);
    printf("%-12s %lld bytes, schema %lld, policy %lld\n", "store", number_of(store, "bytes"),
           number_of(store, "schema"), number_of(store, "policy-version"));
    if (json_is_object(json_object_get(counters, "gateway")))
        show_gateway(json_object_get(counters, "gateway"));
    json_array_foreach(json_object_get(counters, "edges"), i, one) show_edge(one);
    return true;
}
