/* The table of metrics and how they are written; see metrics.h. */
#include "panel/metrics.h"

#include <string.h>
#include <time.h>

#define PREFIX "causeway_"

/* Where the value stands in the counters of the gateway or of each edge.  `each`: it is an object,
 * and each member is a sample with that label. */
struct metric {
    const char *name, *type, *help;
    const char *path, *labels, *each;
};

#define X2S     "direction=\"x2s\""
#define S2X     "direction=\"s2x\""
#define IN      "direction=\"inbound\""
#define OUT     "direction=\"outbound\""
#define COUNTER "counter"
#define GAUGE   "gauge"

/* Rows of one name stand together: a family is written once. */
static const struct metric gateway_metrics[] = {
    {"gateway_messages_taken_total", COUNTER, "Messages with a text that came in.",
     "messages.x2s.taken", X2S, NULL},
    {"gateway_messages_taken_total", COUNTER, "", "messages.s2x.taken", S2X, NULL},
    {"gateway_messages_delivered_total", COUNTER, "Messages that the other side took.",
     "messages.x2s.delivered", X2S, NULL},
    {"gateway_messages_delivered_total", COUNTER, "", "messages.s2x.delivered", S2X, NULL},
    {"gateway_messages_refused_total", COUNTER, "Messages whose sender was told why not.",
     "messages.x2s.refused", X2S, "reason"},
    {"gateway_messages_refused_total", COUNTER, "", "messages.s2x.refused", S2X, "reason"},
    {"gateway_messages_ignored_total", COUNTER, "Messages with nothing for the other side.",
     "messages.x2s.ignored", X2S, NULL},
    {"gateway_messages_ignored_total", COUNTER, "", "messages.s2x.ignored", S2X, NULL},
    {"gateway_messages_returned_total", COUNTER,
     "Delivered messages for which a partner sent an error later.", "returned", "", NULL},
    {"gateway_signals_total", COUNTER, "Typing notifications and receipts that came in.",
     "signals.x2s", X2S, NULL},
    {"gateway_signals_total", COUNTER, "", "signals.s2x", S2X, NULL},
    {"gateway_presence_taken_total", COUNTER, "Presence stanzas that came in or were made.",
     "presence.x2s.taken", X2S, NULL},
    {"gateway_presence_taken_total", COUNTER, "", "presence.s2x.taken", S2X, NULL},
    {"gateway_presence_delivered_total", COUNTER, "Presence stanzas that were taken over.",
     "presence.x2s.delivered", X2S, NULL},
    {"gateway_presence_delivered_total", COUNTER, "", "presence.s2x.delivered", S2X, NULL},
    {"gateway_presence_refused_total", COUNTER, "Presence stanzas that were refused.",
     "presence.x2s.refused", X2S, "reason"},
    {"gateway_presence_refused_total", COUNTER, "", "presence.s2x.refused", S2X, "reason"},
    {"gateway_sip_requests_total", COUNTER, "SUBSCRIBE and NOTIFY requests of SIP peers.",
     "requests.subscribe", "method=\"SUBSCRIBE\"", NULL},
    {"gateway_sip_requests_total", COUNTER, "", "requests.notify", "method=\"NOTIFY\"", NULL},
    {"gateway_sip_strangers_total", COUNTER, "SIP requests from addresses that are no peer's.",
     "requests.strangers", "", NULL},
    {"gateway_subscriptions", GAUGE,
     "Subscriptions: s2x, SIP dialogs about partners' users; x2s, partners' users who watch.",
     "subscriptions", "", "direction"},
    {"gateway_sip_transactions", GAUGE, "SIP transactions under way: of peers, and ours.",
     "transactions", "", "side"},
    {"gateway_queue_items", GAUGE, "What is under way or waits, by queue.", "queues", "", "queue"},
};
static const struct metric edge_metrics[] = {
    {"edge_streams_opened_total", COUNTER, "Streams that were begun.", "opened", "", "direction"},
    {"edge_streams_ready_total", COUNTER, "Streams on which a pair of domains was proven.", "ready",
     "", "direction"},
    {"edge_streams", GAUGE, "Streams that are open, by state.", "streams.inbound", IN, "state"},
    {"edge_streams", GAUGE, "", "streams.outbound", OUT, "state"},
    {"edge_received_stanzas_total", COUNTER, "Stanzas read from partners.", "stanzas.inbound", "",
     NULL},
    {"edge_sent_stanzas_total", COUNTER, "Stanzas written to partners.", "stanzas.outbound", "",
     NULL},
    {"edge_received_bytes_total", COUNTER, "Bytes read on streams, without TLS.", "bytes.inbound",
     "", NULL},
    {"edge_sent_bytes_total", COUNTER, "Bytes written on streams, without TLS.", "bytes.outbound",
     "", NULL},
    {"edge_tls_handshakes_total", COUNTER, "TLS handshakes that ended well.", "handshakes", "",
     "direction"},
    {"edge_tls_handshake_failures_total", COUNTER, "TLS handshakes that failed.",
     "failed-handshakes", "", "direction"},
    {"edge_refused_connections_total", COUNTER,
     "Connections and streams that were refused or ended by a limit.", "refused", "", "reason"},
    {"edge_bounced_stanzas_total", COUNTER,
     "Partners' stanzas sent back, since no gateway took them in time.", "bounced", "", NULL},
    {"edge_dropped_presence_total", COUNTER,
     "Partners' presence dropped, since no gateway took it in time.", "dropped", "", NULL},
    {"edge_unresolved_stanzas", GAUGE, "Partners' stanzas without an outcome.", "queues.unresolved",
     "", NULL},
    {"edge_waiting_stanzas", GAUGE, "Stanzas that wait for a stream.", "queues.waiting-stanzas", "",
     NULL},
    {"edge_waiting_bytes", GAUGE, "Bytes of stanzas that wait for a stream.",
     "queues.waiting-bytes", "", NULL},
    {"edge_unauthenticated_streams", GAUGE, "Inbound streams that have not said who they are.",
     "queues.unauthenticated", "", NULL},
};
#define N(table) (sizeof(table) / sizeof((table)[0]))

/* --- one line ---------------------------------------------------------------------------------*/

struct writer {
    struct cw_buf *out;
    const char *family; /* whose head was written */
};

static void put_head(struct writer *w, const char *name, const char *type, const char *help)
{
    if (w->family && strcmp(w->family, name) == 0)
        return;
    w->family = name;
    cw_buf_printf(w->out, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n", name, help, name,
                  type);
}

static void put_label(struct cw_buf *labels, const char *name, const char *value)
{
    cw_buf_printf(labels, "%s%s=\"", labels->n > 0 ? "," : "", name);
    for (; value && *value; value++) {
        if (*value == '\\' || *value == '"')
            cw_buf_putc(labels, '\\');
        if (*value == '\n')
            cw_buf_putcstr(labels, "\\n");
        else
            cw_buf_putc(labels, *value);
    }
    cw_buf_putc(labels, '"');
}

static void put_sample(struct writer *w, const char *name, const struct cw_buf *labels,
                       long long value)
{
    struct cw_str text = cw_buf_str(labels);
    cw_buf_printf(w->out, text.n > 0 ? PREFIX "%s{%.*s} %lld\n" : PREFIX "%s%.*s %lld\n", name,
                  CW_ARG(text), value);
}

/* --- the tables -------------------------------------------------------------------------------*/

static json_t *value_at(const json_t *counters, const char *path)
{
    const json_t *at = counters;
    while (*path) {
        size_t n = strcspn(path, ".");
        at = json_object_getn(at, path, n);
        path += path[n] ? n + 1 : n;
    }
    return (json_t *)(uintptr_t)at;
}

/* `edge`: its label, or NULL. */
static void put_metric(struct writer *w, const struct metric *metric, const json_t *counters,
                       const char *edge)
{
    json_t *value = value_at(counters, metric->path), *member;
    struct cw_buf labels = {0};
    const char *name;
    if (!value)
        return;
    put_head(w, metric->name, metric->type, metric->help);
    cw_buf_putcstr(&labels, metric->labels);
    if (edge)
        put_label(&labels, "edge", edge);
    if (!metric->each)
        put_sample(w, metric->name, &labels, (long long)json_integer_value(value));
    size_t common = labels.n;
    json_object_foreach(value, name, member)
    {
        labels.n = common;
        put_label(&labels, metric->each, name);
        put_sample(w, metric->name, &labels, (long long)json_integer_value(member));
    }
    cw_buf_free(&labels);
}

static void put_counters(struct writer *w, const json_t *counters)
{
    json_t *edge;
    size_t k;
    for (size_t i = 0; i < N(gateway_metrics); i++)
        put_metric(w, &gateway_metrics[i], json_object_get(counters, "gateway"), NULL);
    for (size_t i = 0; i < N(edge_metrics); i++)
        json_array_foreach(json_object_get(counters, "edges"), k, edge)
            put_metric(w, &edge_metrics[i], json_object_get(edge, "counters"),
                       json_string_value(json_object_get(edge, "edge")));
}

/* --- what is no counter -----------------------------------------------------------------------*/

static long long seconds_of(const json_t *text)
{
    struct tm tm = {0};
    const char *end =
        json_is_string(text) ? strptime(json_string_value(text), "%Y-%m-%dT%H:%M:%SZ", &tm) : NULL;
    return end && !*end ? (long long)timegm(&tm) : 0;
}

static void label_component(struct cw_buf *labels, const json_t *component)
{
    put_label(labels, "component", json_string_value(json_object_get(component, "kind")));
    put_label(labels, "name", json_string_value(json_object_get(component, "name")));
}

enum fact { UP, START, POLICY, BUILD };
static const struct {
    enum fact fact;
    const char *name, *help;
} facts[] = {
    {UP, "up", "Whether the component answers."},
    {START, "start_time_seconds", "When it was started, in seconds since 1970."},
    {POLICY, "policy_version", "The version of partners and settings that it works from."},
    {BUILD, "build_info", "The program's version; the value is always 1."},
};

static void put_fact(struct writer *w, size_t i, const json_t *component)
{
    bool is_up = json_is_true(json_object_get(component, "up"));
    const char *version = json_string_value(json_object_get(component, "version"));
    struct cw_buf labels = {0};
    long long value = 1;
    label_component(&labels, component);
    if (facts[i].fact == UP)
        value = is_up;
    else if (facts[i].fact == START)
        value = seconds_of(json_object_get(component, "since"));
    else if (facts[i].fact == POLICY)
        value = (long long)json_integer_value(json_object_get(component, "policy-version"));
    else
        put_label(&labels, "version", version ? version : "");
    if (is_up || facts[i].fact == UP) {
        put_head(w, facts[i].name, GAUGE, facts[i].help);
        put_sample(w, facts[i].name, &labels, value);
    }
    cw_buf_free(&labels);
}

static void put_components(struct writer *w, const json_t *components)
{
    json_t *one;
    size_t k;
    for (size_t i = 0; i < N(facts); i++)
        json_array_foreach(components, k, one) put_fact(w, i, one);
}

static void put_certificates(struct writer *w, const json_t *certificates)
{
    static const char name[] = "certificate_not_after_timestamp_seconds";
    json_t *one;
    size_t i;
    json_array_foreach(certificates, i, one)
    {
        struct cw_buf labels = {0};
        long long end = seconds_of(json_object_get(one, "not-after"));
        put_label(&labels, "edge", json_string_value(json_object_get(one, "edge")));
        put_label(&labels, "file", json_string_value(json_object_get(one, "file")));
        put_head(w, name, GAUGE,
                 "When a certificate ends, in seconds since 1970; 0: it is unusable.");
        put_sample(w, name, &labels, end);
        cw_buf_free(&labels);
    }
}

static void put_rest(struct writer *w, const json_t *health)
{
    static const char *const states[] = {"ok", "warning", "failed"};
    const json_t *store = json_object_get(health, "store");
    const char *state = json_string_value(json_object_get(health, "state"));
    const struct cw_buf none = {0};
    put_head(w, "health_state", GAUGE, "The overall state: 1 for the one that it is.");
    for (size_t i = 0; i < N(states); i++) {
        struct cw_buf labels = {0};
        put_label(&labels, "state", states[i]);
        put_sample(w, "health_state", &labels, state && strcmp(state, states[i]) == 0);
        cw_buf_free(&labels);
    }
    put_head(w, "store_size_bytes", GAUGE, "The size of the store.");
    put_sample(w, "store_size_bytes", &none,
               (long long)json_integer_value(json_object_get(store, "bytes")));
    put_head(w, "store_schema_version", GAUGE, "The version of the store's schema.");
    put_sample(w, "store_schema_version", &none,
               (long long)json_integer_value(json_object_get(store, "schema")));
    put_head(w, "store_failing", GAUGE, "Whether the gateway's last write to the store failed.");
    put_sample(w, "store_failing", &none, json_is_true(json_object_get(store, "failing")));
}

void panel_metrics_write(struct cw_buf *out, const json_t *health)
{
    struct writer w = {.out = out};
    put_components(&w, json_object_get(health, "components"));
    put_certificates(&w, json_object_get(health, "certificates"));
    put_rest(&w, health);
    put_counters(&w, json_object_get(health, "counters"));
}

void panel_metrics_write_load(struct cw_buf *out, const struct panel_load *load)
{
    const struct {
        const char *name, *help;
        unsigned value;
    } rows[] = {
        {"panel_connections", "Connections of browsers, scripts and the command line.",
         load->connections},
        {"panel_requests", "Requests that are being answered, listeners among them.",
         load->requests},
        {"panel_jobs", "Of these and other tasks, those with the panel's threads.", load->jobs},
        {"panel_listeners", "Browsers that listen for changes.", load->listeners},
    };
    const struct cw_buf none = {0};
    struct writer w = {.out = out};
    for (size_t i = 0; i < N(rows); i++) {
        put_head(&w, rows[i].name, GAUGE, rows[i].help);
        put_sample(&w, rows[i].name, &none, rows[i].value);
    }
}
