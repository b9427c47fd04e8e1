/* Partners in SQLite.  The primary domain is the one at position 0 of partner_domain. */
#include <string.h>

#include "base/buf.h"
#include "conf/policy_json.h"
#include "store/sqlite_priv.h"

#define COLUMNS                                                                                \
    "p.id,p.version,d.domain,p.description,p.type,p.tls,p.sasl,p.dialback,p.connection_limit," \
    "p.keep_alive,p.proxy_fqdn,p.enabled,p.trust_anchor,p.pinned_keys"
#define FROM " FROM partner p JOIN partner_domain d ON d.partner=p.id AND d.position=0"

/* Pins are text without spaces, so a space stands between them. */
static void read_pins(struct cw_partner *p, struct cw_str text, struct cw_arena *arena)
{
    size_t room = 1;
    for (size_t i = 0; i < text.n; i++)
        room += text.p[i] == ' ';
    p->pinned_keys = cw_arena_alloc(arena, room * sizeof(struct cw_str));
    while (text.n > 0) {
        ptrdiff_t space = cw_str_index(text, ' ');
        size_t end = space < 0 ? text.n : (size_t)space;
        p->pinned_keys[p->n_pinned_keys++] = cw_str_sub(text, 0, end);
        text = cw_str_sub(text, end + 1, text.n);
    }
}

static struct cw_str join_pins(const struct cw_partner *p, struct cw_arena *arena)
{
    struct cw_buf text = {0};
    for (size_t i = 0; i < p->n_pinned_keys; i++) {
        cw_buf_putcstr(&text, i > 0 ? " " : "");
        cw_buf_puts(&text, p->pinned_keys[i]);
    }
    struct cw_str joined = cw_arena_dup(arena, cw_buf_str(&text));
    cw_buf_free(&text);
    return joined;
}

/* False when the row holds a name that this release does not know. */
static bool read_row(struct cw_sql *s, struct cw_arena *arena, struct cw_partner_row *row,
                     int64_t *id)
{
    struct cw_partner *p = &row->partner;
    *id = cw_sql_column_int(s, 0);
    row->version = (uint64_t)cw_sql_column_int(s, 1);
    p->domain = cw_sql_column_text(s, 2, arena);
    p->description = cw_sql_column_text(s, 3, arena);
    p->rules.dialback = cw_sql_column_int(s, 7) != 0;
    p->connection_limit = (unsigned)cw_sql_column_int(s, 8);
    p->keep_alive = cw_sql_column_int(s, 9) != 0;
    p->proxy_fqdn = cw_sql_column_text(s, 10, arena);
    p->enabled = cw_sql_column_int(s, 11) != 0;
    p->trust_anchor = cw_sql_column_text(s, 12, arena);
    read_pins(p, cw_sql_column_text(s, 13, arena), arena);
    return cw_partner_type_of(cw_sql_column_text(s, 4, arena), &p->type) &&
           cw_requirement_of(cw_sql_column_text(s, 5, arena), &p->rules.tls) &&
           cw_requirement_of(cw_sql_column_text(s, 6, arena), &p->rules.sasl);
}

/* The additional domains of one partner, in their order. */
static enum cw_err read_additional(struct cw_store *store, int64_t id, struct cw_partner *partner,
                                   struct cw_arena *arena)
{
    struct cw_sql count =
        cw_sql_keep(store, "SELECT count(*) FROM partner_domain WHERE partner=? AND position>0");
    cw_sql_int(&count, id);
    size_t n = cw_sql_row(&count) ? (size_t)cw_sql_column_int(&count, 0) : 0;
    enum cw_err err = cw_sql_finish(&count);
    if (err || n == 0)
        return err;
    partner->additional = cw_arena_alloc(arena, n * sizeof(struct cw_str));
    struct cw_sql s = cw_sql_keep(store, "SELECT domain FROM partner_domain"
                                         " WHERE partner=? AND position>0 ORDER BY position");
    cw_sql_int(&s, id);
    while (cw_sql_row(&s) && partner->n_additional < n)
        partner->additional[partner->n_additional++] = cw_sql_column_text(&s, 0, arena);
    return cw_sql_finish(&s);
}

static enum cw_err find(struct cw_store *store, struct cw_str domain, struct cw_arena *arena,
                        struct cw_partner_row *row, int64_t *id)
{
    struct cw_sql s = cw_sql_keep(store, "SELECT " COLUMNS FROM " WHERE d.domain=?");
    bool found = false, understood = true;
    *row = (struct cw_partner_row){0};
    cw_sql_text(&s, domain);
    if (cw_sql_row(&s)) {
        found = true;
        understood = read_row(&s, arena, row, id);
    }
    enum cw_err err = cw_sql_finish(&s);
    if (!err && !understood)
        err = CW_ERR_STORE;
    if (!err)
        err = found ? read_additional(store, *id, &row->partner, arena) : CW_ERR_NOT_FOUND;
    return err;
}

enum cw_err cw_store_partner_get(struct cw_store *store, struct cw_str domain,
                                 struct cw_arena *arena, struct cw_partner_row *out)
{
    int64_t id;
    return find(store, domain, arena, out, &id);
}

enum cw_err cw_store_partner_page(struct cw_store *store, struct cw_str after, size_t limit,
                                  struct cw_arena *arena, struct cw_partner_row **out, size_t *n)
{
    struct cw_sql s =
        cw_sql_prepare(store, "SELECT " COLUMNS FROM " WHERE d.domain>? ORDER BY d.domain LIMIT ?");
    struct cw_arena scratch = {0};
    int64_t *ids = NULL;
    size_t room = 0;
    enum cw_err err = CW_OK;
    *n = 0;
    *out = NULL;
    cw_sql_text(&s, cw_str_is_present(after) ? after : CW_S(""));
    cw_sql_int(&s, limit > 0 ? (int64_t)limit : -1);
    while (cw_sql_row(&s) && !err) {
        if (*n == room) {
            struct cw_partner_row *old = *out;
            int64_t *old_ids = ids;
            room = room ? room * 2 : 64;
            *out = cw_arena_alloc(arena, room * sizeof(**out));
            ids = cw_arena_alloc(&scratch, room * sizeof(*ids));
            if (old)
                memcpy(*out, old, *n * sizeof(**out)), memcpy(ids, old_ids, *n * sizeof(*ids));
        }
        err = read_row(&s, arena, &(*out)[*n], &ids[*n]) ? CW_OK : CW_ERR_STORE;
        *n += 1;
    }
    enum cw_err finish = cw_sql_finish(&s);
    err = err ? err : finish;
    for (size_t i = 0; i < *n && !err; i++)
        err = read_additional(store, ids[i], &(*out)[i].partner, arena);
    cw_arena_free(&scratch);
    return err;
}

enum cw_err cw_store_partner_list(struct cw_store *store, struct cw_arena *arena,
                                  struct cw_partner_row **out, size_t *n)
{
    return cw_store_partner_page(store, CW_STR_NONE, 0, arena, out, n);
}

/* --- Changes --- */

/* The domain may be the partner's own (id): it is then not taken. */
static enum cw_err check_domain(struct cw_store *store, struct cw_str domain, int64_t id,
                                const char *field, struct cw_arena *arena,
                                struct cw_refusal *refusal)
{
    for (size_t i = 0; i < store->n_local_domains; i++)
        if (cw_str_eq(store->local_domains[i], domain))
            return cw_store_refuse(refusal, CW_ERR_INVALID, field,
                                   cw_arena_printf(arena,
                                                   "%.*s is a local domain; a partner's domain "
                                                   "must be another.",
                                                   CW_ARG(domain)));
    struct cw_sql s = cw_sql_keep(
        store, "SELECT o.domain FROM partner_domain d JOIN partner_domain o"
               " ON o.partner=d.partner AND o.position=0 WHERE d.domain=? AND d.partner<>?");
    struct cw_str owner = CW_STR_NONE;
    cw_sql_text(&s, domain);
    cw_sql_int(&s, id);
    if (cw_sql_row(&s))
        owner = cw_sql_column_text(&s, 0, arena);
    enum cw_err err = cw_sql_finish(&s);
    if (err || !cw_str_is_present(owner))
        return err;
    if (cw_str_eq(owner, domain))
        return cw_store_refuse(
            refusal, CW_ERR_EXISTS, field,
            cw_arena_printf(arena, "%.*s is already a partner.", CW_ARG(domain)));
    return cw_store_refuse(refusal, CW_ERR_EXISTS, field,
                           cw_arena_printf(arena,
                                           "%.*s already belongs to the partner %.*s; remove it "
                                           "there first.",
                                           CW_ARG(domain), CW_ARG(owner)));
}

static enum cw_err check_domains(struct cw_store *store, const struct cw_partner *p, int64_t id,
                                 struct cw_arena *arena, struct cw_refusal *refusal)
{
    enum cw_err err = check_domain(store, p->domain, id, "domain", arena, refusal);
    for (size_t i = 0; i < p->n_additional && !err; i++)
        err = check_domain(store, p->additional[i], id, "additional", arena, refusal);
    return err;
}

static enum cw_err write_domain(struct cw_store *store, int64_t id, struct cw_str domain,
                                size_t position)
{
    struct cw_sql s =
        cw_sql_keep(store, "INSERT INTO partner_domain(domain,partner,position) VALUES(?,?,?)");
    cw_sql_text(&s, domain);
    cw_sql_int(&s, id);
    cw_sql_int(&s, (int64_t)position);
    return cw_sql_run(&s);
}

static enum cw_err write_domains(struct cw_store *store, int64_t id, const struct cw_partner *p)
{
    struct cw_sql s = cw_sql_keep(store, "DELETE FROM partner_domain WHERE partner=?");
    cw_sql_int(&s, id);
    enum cw_err err = cw_sql_run(&s);
    if (!err)
        err = write_domain(store, id, p->domain, 0);
    for (size_t i = 0; i < p->n_additional && !err; i++)
        err = write_domain(store, id, p->additional[i], i + 1);
    return err;
}

static void bind_fields(struct cw_sql *s, const struct cw_partner *p, struct cw_arena *arena)
{
    cw_sql_text(s, p->description);
    cw_sql_text(s, cw_str_of(cw_partner_type_name(p->type)));
    cw_sql_text(s, cw_str_of(cw_requirement_name(p->rules.tls)));
    cw_sql_text(s, cw_str_of(cw_requirement_name(p->rules.sasl)));
    cw_sql_int(s, p->rules.dialback);
    cw_sql_int(s, p->connection_limit);
    cw_sql_int(s, p->keep_alive);
    cw_sql_text(s, p->proxy_fqdn);
    cw_sql_int(s, p->enabled);
    cw_sql_text(s, p->trust_anchor);
    cw_sql_text(s, join_pins(p, arena));
}

enum cw_err cw_store_partner_add(struct cw_store *store, const struct cw_change *change,
                                 const struct cw_partner *p, struct cw_arena *arena,
                                 struct cw_refusal *refusal)
{
    *refusal = (struct cw_refusal){.field = ""};
    enum cw_err err = cw_store_begin(store);
    if (err)
        return err;
    err = check_domains(store, p, 0, arena, refusal);
    if (!err) {
        struct cw_sql s = cw_sql_keep(
            store, "INSERT INTO partner(description,type,tls,sasl,dialback,connection_limit,"
                   "keep_alive,proxy_fqdn,enabled,trust_anchor,pinned_keys)"
                   " VALUES(?,?,?,?,?,?,?,?,?,?,?)");
        bind_fields(&s, p, arena);
        err = cw_sql_run(&s);
    }
    if (!err)
        err = write_domains(store, sqlite3_last_insert_rowid(store->db), p);
    struct cw_audit audit = {"partner new", p->domain, NULL, cw_partner_to_json(p)};
    return cw_store_commit(store, change, &audit, err);
}

/* The row to change, when it is there and still the one that the caller saw. */
static enum cw_err find_expected(struct cw_store *store, struct cw_str domain, uint64_t expected,
                                 struct cw_arena *arena, struct cw_partner_row *row, int64_t *id,
                                 struct cw_refusal *refusal)
{
    enum cw_err err = find(store, domain, arena, row, id);
    if (err == CW_ERR_NOT_FOUND)
        return cw_store_refuse(refusal, err, "domain",
                               cw_arena_printf(arena, "There is no partner %.*s.", CW_ARG(domain)));
    if (!err && expected != 0 && row->version != expected)
        return cw_store_refuse(
            refusal, CW_ERR_CONFLICT, "",
            cw_arena_printf(arena,
                            "The partner %.*s was changed by somebody else meanwhile; look at it "
                            "again, then repeat the change.",
                            CW_ARG(domain)));
    return err;
}

enum cw_err cw_store_partner_set(struct cw_store *store, const struct cw_change *change,
                                 const struct cw_partner *p, uint64_t expected_version,
                                 struct cw_arena *arena, struct cw_refusal *refusal)
{
    struct cw_partner_row row;
    int64_t id = 0;
    struct cw_audit audit = {.action = "partner set", .object = p->domain};
    *refusal = (struct cw_refusal){.field = ""};
    enum cw_err err = cw_store_begin(store);
    if (err)
        return err;
    err = find_expected(store, p->domain, expected_version, arena, &row, &id, refusal);
    if (!err)
        err = check_domains(store, p, id, arena, refusal);
    if (!err) {
        struct cw_sql s = cw_sql_keep(
            store, "UPDATE partner SET description=?,type=?,tls=?,sasl=?,dialback=?,"
                   "connection_limit=?,keep_alive=?,proxy_fqdn=?,enabled=?,trust_anchor=?,"
                   "pinned_keys=?,version=version+1 WHERE id=?");
        bind_fields(&s, p, arena);
        cw_sql_int(&s, id);
        err = cw_sql_run(&s);
    }
    if (!err)
        err = write_domains(store, id, p);
    if (!err) {
        audit.before = cw_partner_to_json(&row.partner);
        audit.after = cw_partner_to_json(p);
    }
    return cw_store_commit(store, change, &audit, err);
}

enum cw_err cw_store_partner_remove(struct cw_store *store, const struct cw_change *change,
                                    struct cw_str domain, uint64_t expected_version,
                                    struct cw_arena *arena, struct cw_refusal *refusal)
{
    struct cw_partner_row row;
    int64_t id = 0;
    struct cw_audit audit = {.action = "partner remove", .object = domain};
    *refusal = (struct cw_refusal){.field = ""};
    enum cw_err err = cw_store_begin(store);
    if (err)
        return err;
    err = find_expected(store, domain, expected_version, arena, &row, &id, refusal);
    if (!err) {
        struct cw_sql s = cw_sql_keep(store, "DELETE FROM partner WHERE id=?");
        cw_sql_int(&s, id);
        err = cw_sql_run(&s);
        audit.before = cw_partner_to_json(&row.partner);
    }
    return cw_store_commit(store, change, &audit, err);
}
