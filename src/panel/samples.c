/* A ring of samples; see samples.h. */
#include "panel/samples.h"

#include <math.h>
#include <string.h>

#include "base/mem.h"
#include "conf/policy_json.h"

enum { TOO_OLD_MS = 3 * PANEL_SAMPLE_MS };

/* What is shown: a rate per minute of something that is counted, or the sum of what is open now.
 * The paths lead to numbers, or to objects whose numbers are added up, in the counters of the
 * gateway or of each edge. */
static const struct series {
    const char *name;
    bool is_rate, of_edges;
    const char *paths[3];
} series[] = {
    {"messages-x2s", true, false, {"messages.x2s.taken"}},
    {"messages-s2x", true, false, {"messages.s2x.taken"}},
    {"refused", true, false, {"messages.x2s.refused", "messages.s2x.refused"}},
    {"presence-x2s", true, false, {"presence.x2s.taken"}},
    {"presence-s2x", true, false, {"presence.s2x.taken"}},
    {"stanzas-in", true, true, {"stanzas.inbound"}},
    {"stanzas-out", true, true, {"stanzas.outbound"}},
    {"door-refused", true, true, {"refused"}},
    {"streams", false, true, {"streams.inbound", "streams.outbound"}},
    {"subscriptions", false, false, {"subscriptions"}},
    {"gateway-queue", false, false, {"queues.x2s-open", "queues.s2x-open", "queues.presence-open"}},
    {"edge-queue", false, true, {"queues.unresolved", "queues.waiting-stanzas"}},
};
enum { N_SERIES = sizeof(series) / sizeof(series[0]) };

struct sample {
    int64_t at;
    char state[8];
    double values[N_SERIES]; /* NAN: a gap */
};

struct panel_samples {
    struct sample *ring;
    size_t max, n, next;
    json_t *last; /* NULL: none */
    uint64_t last_ms;
};

/* --- numbers out of an answer -----------------------------------------------------------------*/

static double number_at(const json_t *counters, const char *path)
{
    const json_t *at = counters;
    const char *name;
    json_t *member;
    double sum = 0;
    while (*path) {
        size_t n = strcspn(path, ".");
        at = json_object_getn(at, path, n);
        path += path[n] ? n + 1 : n;
    }
    if (!json_is_object(at))
        return (double)json_integer_value(at);
    json_object_foreach((json_t *)(uintptr_t)at, name, member) sum +=
        (double)json_integer_value(member);
    return sum;
}

static double total(const json_t *counters, const struct series *one)
{
    double sum = 0;
    for (size_t i = 0; i < sizeof(one->paths) / sizeof(one->paths[0]) && one->paths[i]; i++)
        sum += number_at(counters, one->paths[i]);
    return sum;
}

/* Of that name among the components; NULL: there is none, or it is away. */
static const json_t *since_of(const json_t *health, const json_t *name)
{
    json_t *one;
    size_t i;
    json_array_foreach(json_object_get(health, "components"), i,
                       one) if (json_equal(json_object_get(one, "name"),
                                           name)) return json_object_get(one, "since");
    return NULL;
}

static const json_t *edge_counters(const json_t *health, const json_t *path)
{
    json_t *one;
    size_t i;
    json_array_foreach(json_object_get(json_object_get(health, "counters"), "edges"), i,
                       one) if (json_equal(json_object_get(one, "edge"),
                                           path)) return json_object_get(one, "counters");
    return NULL;
}

/* How much it grew; NAN: it has begun anew, or was not there. */
static double growth(const struct series *one, const json_t *health, const json_t *before,
                     const json_t *name)
{
    const json_t *now = one->of_edges
                            ? edge_counters(health, name)
                            : json_object_get(json_object_get(health, "counters"), "gateway");
    const json_t *then = one->of_edges
                             ? edge_counters(before, name)
                             : json_object_get(json_object_get(before, "counters"), "gateway");
    const json_t *since = since_of(health, name);
    if (!json_is_object(now))
        return NAN;
    if (!one->is_rate)
        return total(now, one);
    if (!json_is_object(then) || !json_is_string(since) ||
        !json_equal(since, since_of(before, name)))
        return NAN;
    double grown = total(now, one) - total(then, one);
    return grown >= 0 ? grown : NAN;
}

static double growth_of_edges(const struct series *one, const json_t *health, const json_t *before)
{
    double sum = NAN;
    json_t *edge;
    size_t i;
    json_array_foreach(json_object_get(json_object_get(health, "counters"), "edges"), i, edge)
    {
        double grown = growth(one, health, before, json_object_get(edge, "edge"));
        if (isnan(grown))
            return NAN;
        sum = isnan(sum) ? grown : sum + grown;
    }
    return sum;
}

static double value_of(const struct panel_samples *samples, const struct series *one,
                       const json_t *health, uint64_t now_ms)
{
    uint64_t passed_ms = now_ms - samples->last_ms;
    const json_t *before = passed_ms > 0 && passed_ms <= TOO_OLD_MS ? samples->last : NULL;
    json_t *gateway = json_string("gateway");
    double value =
        one->of_edges ? growth_of_edges(one, health, before) : growth(one, health, before, gateway);
    json_decref(gateway);
    return one->is_rate ? value * PANEL_SAMPLE_MS / (double)passed_ms : value;
}

void panel_samples_take(struct panel_samples *samples, json_t *health, int64_t at, uint64_t now_ms)
{
    struct sample *sample = &samples->ring[samples->next];
    const char *state = json_string_value(json_object_get(health, "state"));
    *sample = (struct sample){.at = at};
    strncpy(sample->state, state ? state : "failed", sizeof(sample->state) - 1);
    for (size_t i = 0; i < N_SERIES; i++)
        sample->values[i] = value_of(samples, &series[i], health, now_ms);
    samples->next = (samples->next + 1) % samples->max;
    samples->n += samples->n < samples->max;
    json_decref(samples->last);
    samples->last = json_incref(health);
    samples->last_ms = now_ms;
}

/* --- told -------------------------------------------------------------------------------------*/

static json_t *sample_json(const struct sample *sample)
{
    json_t *one = json_object();
    json_object_set_new(one, "at", cw_json_of_time(sample->at));
    json_object_set_new(one, "state", json_string(sample->state));
    for (size_t i = 0; i < N_SERIES; i++) {
        double value = sample->values[i];
        json_t *shown = isnan(value) ? json_null()
                        : !series[i].is_rate
                            ? json_integer((json_int_t)value)
                            : json_real((double)(int64_t)(value * 100 + 0.5) / 100);
        json_object_set_new(one, series[i].name, shown);
    }
    return one;
}

json_t *panel_samples_json(const struct panel_samples *samples, int64_t since)
{
    json_t *list = json_array();
    for (size_t i = 0; i < samples->n; i++) {
        size_t at = (samples->next + samples->max - samples->n + i) % samples->max;
        if (samples->ring[at].at >= since)
            json_array_append_new(list, sample_json(&samples->ring[at]));
    }
    return json_pack("{s:i,s:o}", "interval-s", PANEL_SAMPLE_MS / 1000, "samples", list);
}

/* --- life -------------------------------------------------------------------------------------*/

struct panel_samples *panel_samples_new(size_t max)
{
    struct panel_samples *samples = cw_alloc(sizeof *samples);
    samples->ring = cw_alloc(max * sizeof *samples->ring);
    samples->max = max;
    return samples;
}

void panel_samples_free(struct panel_samples **ptr)
{
    struct panel_samples *samples = *ptr;
    *ptr = NULL;
    if (!samples)
        return;
    json_decref(samples->last);
    cw_free(samples->ring);
    cw_free(samples);
}
