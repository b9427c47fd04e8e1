/* The answer section of a DNS message; see dns_wire.h. */
#include "io/dns_wire.h"

#include <string.h>

#define MAX_NAME    253
#define MAX_JUMPS   64 /* compression pointers within one name */
#define MAX_RECORDS 512
#define CLASS_IN    1

struct cursor {
    const uint8_t *p;
    size_t n, at;
};

static bool take(struct cursor *c, size_t n, const uint8_t **out)
{
    if (n > c->n - c->at)
        return false;
    *out = c->p + c->at;
    c->at += n;
    return true;
}

static bool take_u16(struct cursor *c, uint16_t *out)
{
    const uint8_t *p;
    if (!take(c, 2, &p))
        return false;
    *out = (uint16_t)(p[0] << 8 | p[1]);
    return true;
}

/* One label in text; anything that could be mistaken for something else makes the name unusable. */
static bool put_label(char text[MAX_NAME + 1], size_t *at, const uint8_t *label, size_t n)
{
    if (*at + n + (*at > 0) > MAX_NAME)
        return false;
    if (*at > 0)
        text[(*at)++] = '.';
    for (size_t i = 0; i < n; i++) {
        if (label[i] <= 0x20 || label[i] >= 0x7f || label[i] == '.' || label[i] == '\\')
            return false;
        text[(*at)++] = (char)label[i];
    }
    return true;
}

/* False when the message is broken.  *is_host says whether the text is one we can use; the root is
 * ".".  The cursor ends behind the name, not behind what its pointers lead to. */
static bool take_name(struct cursor *c, char text[MAX_NAME + 1], bool *is_host)
{
    struct cursor at = *c;
    size_t len = 0;
    int jumps = 0;
    *is_host = true;
    for (;;) {
        const uint8_t *p;
        if (!take(&at, 1, &p))
            return false;
        if ((*p & 0xc0) == 0xc0) {
            size_t high = *p & 0x3f;
            if (!take(&at, 1, &p) || ++jumps > MAX_JUMPS)
                return false;
            if (jumps == 1)
                c->at = at.at;
            at.at = high << 8 | *p;
            if (at.at >= at.n)
                return false;
            continue;
        }
        if (*p > 63)
            return false;
        size_t n = *p;
        if (n == 0)
            break;
        if (!take(&at, n, &p))
            return false;
        *is_host = *is_host && put_label(text, &len, p, n);
    }
    if (jumps == 0)
        c->at = at.at;
    if (len == 0)
        text[len++] = '.';
    text[len] = '\0';
    return true;
}

static bool read_srv(struct cursor *message, size_t end, struct cw_arena *arena,
                     struct cw_dns_answer *out, struct cw_dns_srv *srvs)
{
    struct cw_dns_srv srv = {0};
    char text[MAX_NAME + 1];
    bool is_host;
    struct cursor data = *message;
    if (!take_u16(&data, &srv.priority) || !take_u16(&data, &srv.weight) ||
        !take_u16(&data, &srv.port) || !take_name(&data, text, &is_host) || data.at != end)
        return false;
    if (is_host) {
        srv.target = cw_arena_dup(arena, cw_str_of(text));
        srvs[out->n_srvs++] = srv;
    }
    return true;
}

static void read_tlsa(struct cursor data, size_t end, struct cw_arena *arena,
                      struct cw_dns_answer *out, struct cw_dns_tlsa *tlsas)
{
    const uint8_t *p, *bytes;
    size_t n = end - data.at - 3;
    if (!take(&data, 3, &p) || !take(&data, n, &bytes) || n > CW_DNS_MAX_TLSA_DATA ||
        out->n_tlsas == CW_DNS_MAX_TLSA)
        return;
    tlsas[out->n_tlsas++] = (struct cw_dns_tlsa){
        .usage = p[0],
        .selector = p[1],
        .matching = p[2],
        .data = cw_arena_dup(arena, (struct cw_str){(const char *)bytes, n}),
    };
}

/* One record; those of other types (the CNAMEs on the way) are stepped over. */
static bool read_record(struct cursor *c, enum cw_dns_type type, struct cw_arena *arena,
                        struct cw_dns_answer *out, void *records)
{
    char owner[MAX_NAME + 1];
    bool is_host;
    uint16_t rtype, class, n;
    const uint8_t *p;
    if (!take_name(c, owner, &is_host) || !take_u16(c, &rtype) || !take_u16(c, &class) ||
        !take(c, 4, &p) || !take_u16(c, &n))
        return false;
    struct cursor data = *c;
    if (!take(c, n, &p))
        return false;
    if (rtype != type || class != CLASS_IN)
        return true;
    if (type == CW_DNS_SRV)
        return read_srv(&data, c->at, arena, out, records);
    if (type == CW_DNS_TLSA) {
        if (n > 3) /* without data it says nothing */
            read_tlsa(data, c->at, arena, out, records);
        return n >= 3;
    }
    if (n != (type == CW_DNS_A ? 4 : 16))
        return false;
    ((struct cw_addr *)records)[out->n_addrs++] = cw_addr_of_octets(p, n, 0);
    return true;
}

static size_t size_of(enum cw_dns_type type)
{
    switch (type) {
    case CW_DNS_SRV:
        return sizeof(struct cw_dns_srv);
    case CW_DNS_TLSA:
        return sizeof(struct cw_dns_tlsa);
    case CW_DNS_A:
    case CW_DNS_AAAA:
        break;
    }
    return sizeof(struct cw_addr);
}

static enum cw_dns_status read_answers(struct cursor *c, unsigned n_answers, enum cw_dns_type type,
                                       struct cw_arena *arena, struct cw_dns_answer *out)
{
    unsigned n = n_answers < MAX_RECORDS ? n_answers : MAX_RECORDS;
    void *records = cw_arena_alloc(arena, n * size_of(type));
    switch (type) {
    case CW_DNS_SRV:
        out->srvs = records;
        break;
    case CW_DNS_TLSA:
        out->tlsas = records;
        break;
    case CW_DNS_A:
    case CW_DNS_AAAA:
        out->addrs = records;
        break;
    }
    for (unsigned i = 0; i < n; i++)
        if (!read_record(c, type, arena, out, records))
            return CW_DNS_FAILED;
    return out->n_srvs + out->n_addrs + out->n_tlsas > 0 ? CW_DNS_OK : CW_DNS_NO_DATA;
}

void cw_dns_wire_read(struct cw_str message, enum cw_dns_type type, struct cw_arena *arena,
                      struct cw_dns_answer *out)
{
    struct cursor c = {(const uint8_t *)message.p, message.n, 0};
    uint16_t id, flags, n_questions, n_answers, ignored;
    char name[MAX_NAME + 1];
    bool is_host;

    memset(out, 0, sizeof *out);
    out->status = CW_DNS_FAILED;
    if (!take_u16(&c, &id) || !take_u16(&c, &flags) || !take_u16(&c, &n_questions) ||
        !take_u16(&c, &n_answers) || !take_u16(&c, &ignored) || !take_u16(&c, &ignored))
        return;
    if ((flags & 0xf) == 3)
        out->status = CW_DNS_NO_DOMAIN;
    if ((flags & 0xf) != 0)
        return;
    for (unsigned i = 0; i < n_questions; i++)
        if (!take_name(&c, name, &is_host) || !take_u16(&c, &ignored) || !take_u16(&c, &ignored))
            return;
    out->status = read_answers(&c, n_answers, type, arena, out);
    if (out->status != CW_DNS_OK)
        out->n_srvs = out->n_addrs = out->n_tlsas = 0;
}
