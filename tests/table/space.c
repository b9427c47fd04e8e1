/* The space of the table tests: 18 rows of settings, two directions, and all facts. */
#include "space.h"

#include <stdio.h>
#include <string.h>

enum { N_OFFERS = 13 };

static const char *const tls_names[] = {"none", "up", "failed"};
static const char *const cert_names[] = {"none", "untrusted", "wrong-name", "good"};
static const char *const sasl_names[] = {"none", "pending", "success", "failed"};
static const char *const dialback_names[] = {"none", "pending", "valid", "invalid", "error"};
static const char *const starttls_names[] = {"", " starttls", " starttls(required)"};

unsigned space_size(const struct point *p, enum dim d)
{
    switch (d) {
    case DIM_RULES:
        return 18;
    case DIM_DIRECTION:
        return 2;
    case DIM_TLS:
        return 3;
    case DIM_OFFERS:
        return p->at[DIM_DIRECTION] == CW_OUTBOUND ? N_OFFERS : 1;
    case DIM_CERT:
    case DIM_SASL:
        return 4;
    case DIM_DIALBACK:
        return 5;
    case N_DIMS:
        break;
    }
    return 0;
}

const char *space_dim_name(enum dim d)
{
    static const char *const names[] = {"settings",    "direction", "TLS",     "peer offers",
                                        "certificate", "SASL",      "dialback"};

    return names[d];
}

/* 0: features not read yet; then starttls (no, offered, required) x external x dialback. */
static void read_offers(unsigned v, struct cw_facts *f)
{
    f->offers_known = v > 0;
    if (v == 0)
        return;
    v--;
    f->offers_starttls = v / 4 > 0;
    f->requires_starttls = v / 4 > 1;
    f->offers_external = v & 2;
    f->offers_dialback = v & 1;
}

void space_read(const struct point *p, struct cw_rules *r, struct cw_facts *f)
{
    unsigned rules = p->at[DIM_RULES];

    *r = (struct cw_rules){.tls = rules / 6, .sasl = rules / 2 % 3, .dialback = rules % 2 == 0};
    *f = (struct cw_facts){.direction = p->at[DIM_DIRECTION],
                           .offers_known = true,
                           .tls = p->at[DIM_TLS],
                           .cert = p->at[DIM_CERT],
                           .sasl = p->at[DIM_SASL],
                           .dialback = p->at[DIM_DIALBACK]};
    if (f->direction == CW_OUTBOUND)
        read_offers(p->at[DIM_OFFERS], f);
}

static void name_offers(const struct cw_facts *f, char *out, size_t size)
{
    if (f->direction == CW_INBOUND)
        snprintf(out, size, "-");
    else if (!f->offers_known)
        snprintf(out, size, "not-read-yet");
    else if (!f->offers_starttls && !f->offers_external && !f->offers_dialback)
        snprintf(out, size, "nothing");
    else
        snprintf(out, size, "%s%s%s",
                 starttls_names[f->requires_starttls ? 2
                                : f->offers_starttls ? 1
                                                     : 0],
                 f->offers_external ? " external" : "", f->offers_dialback ? " dialback" : "");
    if (out[0] == ' ')
        memmove(out, out + 1, strlen(out));
}

void space_value_name(const struct point *p, enum dim d, char *out, size_t size)
{
    struct cw_rules r;
    struct cw_facts f;

    space_read(p, &r, &f);
    switch (d) {
    case DIM_RULES:
        snprintf(out, size, "TLS %s, SASL %s, dialback %s", cw_requirement_name(r.tls),
                 cw_requirement_name(r.sasl), r.dialback ? "true" : "false");
        break;
    case DIM_DIRECTION:
        snprintf(out, size, "%s", f.direction == CW_INBOUND ? "inbound" : "outbound");
        break;
    case DIM_TLS:
        snprintf(out, size, "%s", tls_names[f.tls]);
        break;
    case DIM_OFFERS:
        name_offers(&f, out, size);
        break;
    case DIM_CERT:
        snprintf(out, size, "%s", cert_names[f.cert]);
        break;
    case DIM_SASL:
        snprintf(out, size, "%s", sasl_names[f.sasl]);
        break;
    case DIM_DIALBACK:
        snprintf(out, size, "%s", dialback_names[f.dialback]);
        break;
    case N_DIMS:
        break;
    }
}

bool space_next(struct point *p)
{
    for (int d = N_DIMS - 1; d >= 0; d--) {
        if (++p->at[d] < space_size(p, (enum dim)d))
            return true;
        p->at[d] = 0;
    }
    return false;
}

void space_describe(const struct point *p, char *out, size_t size)
{
    size_t n = 0;

    out[0] = 0;
    for (unsigned d = 0; d < N_DIMS && n < size; d++) {
        char value[80];

        space_value_name(p, (enum dim)d, value, sizeof value);
        n += (size_t)snprintf(out + n, size - n, "%s%s %s", d ? "; " : "",
                              space_dim_name((enum dim)d), value);
    }
}
