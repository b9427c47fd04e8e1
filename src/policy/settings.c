/* The table of settings and its types as text (product rules, "Gateway settings"). */
#include "policy/settings.h"
#include "policy/states.h"

#include "base/buf.h"

#include <arpa/inet.h>
#include <string.h>

#define ROW(field) .offset = offsetof(struct cw_settings, field)

const struct cw_setting cw_setting_rows[] = {
    {"connection-limit", CW_SETTING_NUMBER, "", "1000", 1, 100000, false,
     "Streams with all partners together, in both directions.", ROW(connection_limit)},
    {"partner-connection-limit", CW_SETTING_NUMBER, "", "20", 1, 10000, false,
     "Streams with one partner, in both directions, unless the partner has a limit of its own.",
     ROW(partner_connection_limit)},
    {"keep-alive-interval", CW_SETTING_NUMBER, "s", "300", 10, 3600, false,
     "An outbound stream that is idle for so long is kept alive with a ping.",
     ROW(keep_alive_interval_s)},
    {"stream-establishment-timeout", CW_SETTING_NUMBER, "s", "60", 5, 600, false,
     "A stream that is not authenticated by then is closed.", ROW(establishment_timeout_s)},
    {"stream-inactivity-timeout", CW_SETTING_NUMBER, "s", "600", 30, 86400, true,
     "A stream without traffic for so long is closed; 0 means never.", ROW(inactivity_timeout_s)},
    {"subscription-refresh-interval", CW_SETTING_NUMBER, "s", "28800", 60, 86400, false,
     "So long presence is subscribed to on the SIP side, or a SIP user granted to see it, at most.",
     ROW(subscription_refresh_s)},
    {"dialback-secret", CW_SETTING_SECRET, "", "", 32, 1024, false,
     "Dialback keys are made from it; the same on every edge. Generated at first start.",
     ROW(dialback_secret)},
    {"dialback-secret-previous", CW_SETTING_SECRET, "", "", 32, 1024, true,
     "The secret before the last change: keys made from it are still called valid.",
     ROW(dialback_secret_previous)},
    {"log-message-bodies", CW_SETTING_BOOL, "", "false", 0, 0, false,
     "Write the text of messages to the log. A change is audited.", ROW(log_bodies)},
    {"stanza-size-limit", CW_SETTING_NUMBER, "bytes", "262144", 10000, 1048576, false,
     "A larger stanza closes an authenticated stream.", ROW(stanza_max_bytes)},
    {"stanza-size-limit-before-authentication", CW_SETTING_NUMBER, "bytes", "10000", 10000, 1048576,
     false, "A larger element closes a stream that is not authenticated yet.",
     ROW(stanza_max_bytes_before_auth)},
    {"stanza-rate", CW_SETTING_NUMBER, "/s", "500", 1, 1000000, true,
     "Above it reading from the stream pauses, nothing is dropped; 0 means no limit.",
     ROW(stanza_rate)},
    {"stanza-burst", CW_SETTING_NUMBER, "", "2000", 1, 1000000, true,
     "So many stanzas may come at once before the rate counts; 0 means no limit.",
     ROW(stanza_burst)},
    {"outbound-targets-refused", CW_SETTING_NETWORKS, "",
     "0.0.0.0/8,127.0.0.0/8,169.254.0.0/16,224.0.0.0/4,255.255.255.255/32,"
     "::/128,::1/128,fe80::/10,ff00::/8",
     0, 0, false, "Networks that are never connected to, whatever a partner's DNS says.",
     ROW(refused_targets)},
    {"dane", CW_SETTING_BOOL, "", "true", 0, 0, false,
     "Partners may prove themselves by TLSA records (DANE); needs the option edge.dns.trust-anchor.",
     ROW(dane)},
    {"posh", CW_SETTING_BOOL, "", "true", 0, 0, false,
     "Partners may prove themselves by a document on their domain's web server (POSH).", ROW(posh)},
    {"require-ocsp-staple", CW_SETTING_BOOL, "", "false", 0, 0, false,
     "A certificate that is to prove a partner we connect to needs a good OCSP staple.",
     ROW(require_ocsp_staple)},
    {"presence-rate", CW_SETTING_NUMBER, "/s", "50", 1, 10000, false,
     "So many subscriptions and probes a second are renewed of our own accord, as after a restart.",
     ROW(presence_rate)},
    {"presence-probe-timeout", CW_SETTING_NUMBER, "s", "10", 1, 300, false,
     "A state that was asked for and has not come by then is shown as unknown.",
     ROW(presence_probe_timeout_s)},
    {"subscription-limit", CW_SETTING_NUMBER, "", "100000", 1, 1000000, false,
     "Presence subscriptions on one gateway, in both directions; further ones are refused.",
     ROW(subscription_limit)},
    {"subscription-limit-per-user", CW_SETTING_NUMBER, "", "1000", 1, 100000, false,
     "Presence subscriptions of one local user, and of one partner's user.",
     ROW(subscription_limit_per_user)},
    {"presence-states-in", CW_SETTING_STATES_IN, "", CW_STATES_IN_DEFAULT, 0, 0, false,
     "Which activity on the SIP side is which state in XMPP: ACTIVITY=SHOW, with away, xa, dnd, "
     "chat, or nothing for available. Of several activities the first in this list counts.",
     ROW(presence_states_in)},
    {"presence-states-out", CW_SETTING_STATES_OUT, "", CW_STATES_OUT_DEFAULT, 0, 0, false,
     "Which state in XMPP is which activity on the SIP side: SHOW=ACTIVITY, or nothing for none.",
     ROW(presence_states_out)},
};
const size_t cw_setting_n = sizeof cw_setting_rows / sizeof cw_setting_rows[0];

const struct cw_setting *cw_setting_find(struct cw_str name)
{
    for (size_t i = 0; i < cw_setting_n; i++)
        if (cw_str_eq_cstr(name, cw_setting_rows[i].name))
            return &cw_setting_rows[i];
    return NULL;
}

static struct cw_str join(struct cw_arena *a, const struct cw_str *list, size_t n)
{
    struct cw_buf b = {0};
    struct cw_str joined;

    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            cw_buf_putc(&b, ',');
        cw_buf_puts(&b, list[i]);
    }
    joined = cw_arena_dup(a, cw_buf_str(&b));
    cw_buf_free(&b);
    return joined;
}

struct cw_str cw_setting_get(struct cw_arena *a, const struct cw_setting *row,
                             const struct cw_settings *s)
{
    const char *field = (const char *)s + row->offset;
    struct cw_str text;

    switch (row->type) {
    case CW_SETTING_NUMBER:
        return cw_arena_printf(a, "%u", *(const unsigned *)(const void *)field);
    case CW_SETTING_BOOL:
        return *(const bool *)field ? CW_S("true") : CW_S("false");
    case CW_SETTING_SECRET:
        text = *(const struct cw_str *)(const void *)field;
        return cw_str_is_present(text) ? text : CW_S("");
    case CW_SETTING_NETWORKS:
        return join(a, s->refused_targets, s->n_refused_targets);
    case CW_SETTING_STATES_IN:
    case CW_SETTING_STATES_OUT:
        return cw_states_text(a, (const struct cw_str_pairs *)(const void *)field);
    }
    return CW_S("");
}

static struct cw_str set_number(struct cw_arena *a, const struct cw_setting *row, unsigned *field,
                                struct cw_str text)
{
    uint64_t n;

    if (!cw_str_to_u64(text, &n) || n > row->max || (n < row->min && !(n == 0 && row->zero)))
        return cw_arena_printf(a, "%s must be a whole number from %u to %u%s.", row->name, row->min,
                               row->max, row->zero ? ", or 0" : "");
    *field = (unsigned)n;
    return CW_STR_NONE;
}

static struct cw_str set_bool(struct cw_arena *a, const struct cw_setting *row, bool *field,
                              struct cw_str text)
{
    if (!cw_str_eq_cstr(text, "true") && !cw_str_eq_cstr(text, "false"))
        return cw_arena_printf(a, "%s must be true or false.", row->name);
    *field = cw_str_eq_cstr(text, "true");
    return CW_STR_NONE;
}

/* Printable ASCII: both ends of a rotation and every edge must type it alike. */
static struct cw_str set_secret(struct cw_arena *a, const struct cw_setting *row,
                                struct cw_str *field, struct cw_str text)
{
    bool printable = true;

    for (size_t i = 0; i < text.n; i++)
        printable = printable && text.p[i] > 0x20 && text.p[i] < 0x7F;
    if (!printable || text.n > row->max || (text.n < row->min && !(text.n == 0 && row->zero)))
        return cw_arena_printf(a,
                               "%s must be %u to %u printable ASCII characters without spaces%s.",
                               row->name, row->min, row->max, row->zero ? ", or empty" : "");
    *field = cw_arena_dup(a, text);
    return CW_STR_NONE;
}

/* One network in its canonical form; a bare address is a network of one. */
static bool read_network(struct cw_arena *a, struct cw_str text, struct cw_str *out)
{
    ptrdiff_t slash = cw_str_index(text, '/');
    struct cw_str address = slash < 0 ? text : cw_str_sub(text, 0, (size_t)slash);
    char cstr[INET6_ADDRSTRLEN] = "", canonical[INET6_ADDRSTRLEN];
    unsigned char bytes[16] = {0};
    int family = cw_str_index(address, ':') < 0 ? AF_INET : AF_INET6;
    uint64_t bits = family == AF_INET ? 32 : 128, length = bits;

    if (address.n >= sizeof cstr || cw_str_index(address, 0) >= 0)
        return false;
    memcpy(cstr, address.p, address.n);
    if (inet_pton(family, cstr, bytes) != 1)
        return false;
    if (slash >= 0 &&
        (!cw_str_to_u64(cw_str_sub(text, (size_t)slash + 1, text.n), &length) || length > bits))
        return false;
    for (size_t i = 0; i < bits; i++) /* host bits mean nothing */
        if (i >= length)
            bytes[i / 8] = (unsigned char)(bytes[i / 8] & ~(0x80u >> (i % 8)));
    if (!inet_ntop(family, bytes, canonical, sizeof canonical))
        return false;
    *out = cw_arena_printf(a, "%s/%u", canonical, (unsigned)length);
    return true;
}

static struct cw_str set_networks(struct cw_arena *a, const struct cw_setting *row,
                                  struct cw_settings *s, struct cw_str text)
{
    size_t n = 0, max = 1;
    struct cw_str *list;

    for (size_t i = 0; i < text.n; i++)
        max += text.p[i] == ',';
    list = cw_arena_alloc(a, max * sizeof *list);
    for (struct cw_str rest = cw_str_trim(text); rest.n > 0;) {
        ptrdiff_t comma = cw_str_index(rest, ',');
        size_t end = comma < 0 ? rest.n : (size_t)comma;
        struct cw_str item = cw_str_trim(cw_str_sub(rest, 0, end));

        if (!read_network(a, item, &list[n++]))
            return cw_arena_printf(a,
                                   "%s: \"%.*s\" is no network: write address/length, such as "
                                   "192.0.2.0/24 or 2001:db8::/32, separated by commas.",
                                   row->name, (int)(item.n < 100 ? item.n : 100), item.p);
        rest = comma < 0 ? CW_S("") : cw_str_sub(rest, end + 1, rest.n);
    }
    s->refused_targets = list;
    s->n_refused_targets = n;
    return CW_STR_NONE;
}

struct cw_str cw_setting_set(struct cw_arena *a, const struct cw_setting *row,
                             struct cw_settings *s, struct cw_str text)
{
    void *field = (char *)s + row->offset;

    switch (row->type) {
    case CW_SETTING_NUMBER:
        return set_number(a, row, field, text);
    case CW_SETTING_BOOL:
        return set_bool(a, row, field, text);
    case CW_SETTING_SECRET:
        return set_secret(a, row, field, text);
    case CW_SETTING_NETWORKS:
        return set_networks(a, row, s, text);
    case CW_SETTING_STATES_IN:
    case CW_SETTING_STATES_OUT:
        return cw_states_set(a, row, field, text);
    }
    return CW_S("No such type of setting.");
}

struct cw_str cw_settings_check(const struct cw_settings *s, const char **field)
{
    *field = "stanza-size-limit-before-authentication";
    if (s->stanza_max_bytes_before_auth > s->stanza_max_bytes)
        return CW_S("The stanza size limit before authentication is above stanza-size-limit: lower "
                    "it, or raise the other.");
    return CW_STR_NONE;
}

void cw_settings_defaults(struct cw_arena *a, struct cw_settings *s)
{
    *s =
        (struct cw_settings){.dialback_secret = CW_STR(""), .dialback_secret_previous = CW_STR("")};
    for (size_t i = 0; i < cw_setting_n; i++)
        if (cw_setting_rows[i].type != CW_SETTING_SECRET) {
            struct cw_str refusal = cw_setting_set(a, &cw_setting_rows[i], s,
                                                   cw_str_of(cw_setting_rows[i].default_text));
            cw_assert(!cw_str_is_present(refusal));
        }
}
