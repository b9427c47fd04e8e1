/* Snapshot writer and reader.  The reader checks as if the writer were hostile: the text may come
 * from a file that somebody edited or a link peer of another release. */
#include "conf/snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "conf/file.h"
#include "conf/policy_json.h"
#include "policy/settings.h"
#include "xmpp/jid.h"

#define FILE_NAME "snapshot.json"
#define MAX_BYTES (64u << 20)

static json_t *domains_to_json(const struct cw_policy *policy)
{
    json_t *array = json_array();
    for (size_t i = 0; i < policy->n_local_domains; i++)
        json_array_append_new(array, cw_json_of_str(policy->local_domains[i]));
    return array;
}

static json_t *partners_to_json(const struct cw_policy *policy)
{
    json_t *array = json_array();
    for (size_t i = 0; i < policy->n_partners; i++)
        json_array_append_new(array, cw_partner_to_json(&policy->partners[i]));
    return array;
}

void cw_snapshot_write(const struct cw_policy *policy, struct cw_buf *out)
{
    json_t *root = json_object();
    json_object_set_new(root, "format", json_integer(CW_SNAPSHOT_FORMAT));
    json_object_set_new(root, "version", json_integer((json_int_t)policy->version));
    json_object_set_new(root, "local-domains", domains_to_json(policy));
    json_object_set_new(root, "partners", partners_to_json(policy));
    json_object_set_new(root, "settings", cw_settings_to_json(&policy->settings, true));
    char *text = json_dumps(root, JSON_COMPACT);
    cw_assert(text != NULL);
    cw_buf_putcstr(out, text);
    cw_wipe(text, strlen(text)); /* the dialback secret is in it */
    free(text);
    json_decref(root);
}

struct reader {
    struct cw_policy *policy;
    struct cw_arena *errors;
    struct cw_str why;
};

static bool refuse(struct reader *r, const char *where, const char *what)
{
    r->why = cw_arena_printf(r->errors, "the snapshot is refused: %s %s", where, what);
    return false;
}

/* Exactly these members, no other. */
static bool has_members(struct reader *r, const json_t *object, const char *where,
                        const char *const *names, size_t n)
{
    if (!json_is_object(object))
        return refuse(r, where, "is not an object");
    for (size_t i = 0; i < n; i++)
        if (!json_object_get(object, names[i]))
            return refuse(r, where, cw_arena_printf(r->errors, "lacks \"%s\"", names[i]).p);
    if (json_object_size(object) != n)
        return refuse(r, where, "has a member that this release does not know");
    return true;
}

/* An A-label domain, exactly as the store writes it. */
static bool is_canonical(struct cw_arena *arena, struct cw_str domain)
{
    struct cw_str ascii;
    return cw_domain_to_ascii(arena, domain, &ascii) && cw_str_eq(ascii, domain);
}

static bool read_domains(struct reader *r, const json_t *array)
{
    struct cw_policy *policy = r->policy;
    size_t n = json_array_size(array);
    if (!json_is_array(array) || n == 0)
        return refuse(r, "local-domains", "is not a list with at least one domain");
    policy->local_domains = cw_arena_alloc(&policy->arena, n * sizeof(struct cw_str));
    for (size_t i = 0; i < n; i++) {
        const json_t *item = json_array_get(array, i);
        if (!json_is_string(item) || !is_canonical(r->errors, cw_json_str(item)))
            return refuse(r, "local-domains", "holds what is no domain in A-labels");
        policy->local_domains[policy->n_local_domains++] =
            cw_arena_dup(&policy->arena, cw_json_str(item));
    }
    return true;
}

static bool read_partner(struct reader *r, const json_t *object, struct cw_partner *partner)
{
    const char *names[16], *field;
    struct cw_str refusal;
    cw_assert(cw_partner_n_fields <= sizeof(names) / sizeof(names[0]));
    for (size_t i = 0; i < cw_partner_n_fields; i++)
        names[i] = cw_partner_fields[i].name;
    if (!has_members(r, object, "a partner", names, cw_partner_n_fields))
        return false;
    for (size_t i = 0; i < cw_partner_n_fields; i++) {
        refusal = cw_partner_set_json(&r->policy->arena, partner, &cw_partner_fields[i],
                                      json_object_get(object, names[i]));
        if (cw_str_is_present(refusal))
            return refuse(r, "a partner:", refusal.p);
    }
    bool canonical = is_canonical(r->errors, partner->domain);
    for (size_t i = 0; i < partner->n_additional; i++)
        canonical = canonical && is_canonical(r->errors, partner->additional[i]);
    if (!canonical)
        return refuse(r, "a partner", "has a domain that is not in A-labels");
    refusal = cw_partner_check(&r->policy->arena, partner, &field);
    return cw_str_is_present(refusal) ? refuse(r, field, refusal.p) : true;
}

/* Each domain once over all partners and the local domains: two owners of one name would let the
 * weaker settings answer for it. */
static bool check_unique(struct reader *r)
{
    const struct cw_policy *policy = r->policy;
    struct cw_map seen = {0};
    void *mark = r;
    bool unique = true;
    for (size_t i = 0; i < policy->n_local_domains; i++)
        unique = !cw_map_set(&seen, policy->local_domains[i], mark) && unique;
    for (size_t i = 0; i < policy->n_partners; i++) {
        const struct cw_partner *partner = &policy->partners[i];
        unique = !cw_map_set(&seen, partner->domain, mark) && unique;
        for (size_t k = 0; k < partner->n_additional; k++)
            unique = !cw_map_set(&seen, partner->additional[k], mark) && unique;
    }
    cw_map_free(&seen);
    return unique ? true : refuse(r, "a domain", "stands in it twice");
}

static bool read_partners(struct reader *r, const json_t *array)
{
    struct cw_policy *policy = r->policy;
    size_t n = json_array_size(array);
    if (!json_is_array(array))
        return refuse(r, "partners", "is not a list");
    policy->partners = cw_arena_alloc(&policy->arena, (n + 1) * sizeof(struct cw_partner));
    for (; policy->n_partners < n; policy->n_partners++)
        if (!read_partner(r, json_array_get(array, policy->n_partners),
                          &policy->partners[policy->n_partners]))
            return false;
    return check_unique(r);
}

static bool read_settings(struct reader *r, const json_t *object)
{
    const char *names[64] = {NULL}, *field;
    cw_assert(cw_setting_n <= sizeof(names) / sizeof(names[0]));
    for (size_t i = 0; i < cw_setting_n; i++)
        names[i] = cw_setting_rows[i].name;
    if (!has_members(r, object, "settings", names, cw_setting_n))
        return false;
    cw_settings_defaults(&r->policy->arena, &r->policy->settings);
    for (size_t i = 0; i < cw_setting_n; i++) {
        struct cw_str refusal =
            cw_setting_set_json(&r->policy->arena, &cw_setting_rows[i], &r->policy->settings,
                                json_object_get(object, names[i]));
        if (cw_str_is_present(refusal))
            return refuse(r, "settings:", refusal.p);
    }
    struct cw_str refusal = cw_settings_check(&r->policy->settings, &field);
    return cw_str_is_present(refusal) ? refuse(r, field, refusal.p) : true;
}

static bool read_root(struct reader *r, const json_t *root)
{
    static const char *const names[] = {"format", "version", "local-domains", "partners",
                                        "settings"};
    const json_t *format = json_object_get(root, "format");
    if (json_is_integer(format) && json_integer_value(format) != CW_SNAPSHOT_FORMAT)
        return refuse(r, "its format",
                      cw_arena_printf(r->errors, "is %lld; this release reads %d",
                                      (long long)json_integer_value(format), CW_SNAPSHOT_FORMAT)
                          .p);
    if (!has_members(r, root, "it", names, sizeof(names) / sizeof(names[0])))
        return false;
    const json_t *version = json_object_get(root, "version");
    if (!json_is_integer(format) || !json_is_integer(version) || json_integer_value(version) < 0)
        return refuse(r, "its format or version", "is not a number");
    r->policy->version = (uint64_t)json_integer_value(version);
    return read_domains(r, json_object_get(root, "local-domains")) &&
           read_partners(r, json_object_get(root, "partners")) &&
           read_settings(r, json_object_get(root, "settings"));
}

enum cw_err cw_snapshot_read(struct cw_str text, struct cw_policy **out, struct cw_arena *errors,
                             struct cw_str *why)
{
    struct reader reader = {.policy = cw_policy_new(), .errors = errors};
    json_error_t error;
    json_t *root = json_loadb(text.p ? text.p : "", text.n, JSON_REJECT_DUPLICATES, &error);
    *out = NULL;
    bool ok = root ? read_root(&reader, root) : refuse(&reader, "it is not JSON:", error.text);
    json_decref(root);
    if (!ok) {
        *why = reader.why;
        cw_policy_unref(&reader.policy);
        return CW_ERR_INVALID;
    }
    cw_policy_index(reader.policy);
    *out = reader.policy;
    return CW_OK;
}

enum cw_err cw_snapshot_save(const struct cw_policy *policy, const char *directory,
                             struct cw_arena *errors, struct cw_str *why)
{
    struct cw_buf text = {0};
    cw_snapshot_write(policy, &text);
    cw_buf_putc(&text, '\n');
    enum cw_err err = cw_file_replace(directory, FILE_NAME, cw_buf_str(&text));
    if (err)
        *why = cw_arena_printf(errors, "%s/%s: cannot write: %s", directory, FILE_NAME,
                               strerror(errno));
    cw_wipe(text.p, text.n);
    cw_buf_free(&text);
    return err;
}

enum cw_err cw_snapshot_load(const char *directory, struct cw_policy **out, struct cw_arena *errors,
                             struct cw_str *why)
{
    struct cw_buf text = {0};
    const char *path = cw_arena_printf(errors, "%s/%s", directory, FILE_NAME).p;
    enum cw_err err = cw_file_read(path, MAX_BYTES, &text);
    struct cw_str reason = CW_STR_NONE;
    *out = NULL;
    if (err)
        reason = cw_str_of(err == CW_ERR_LIMIT ? "it is too long" : strerror(errno));
    else
        err = cw_snapshot_read(cw_buf_str(&text), out, errors, &reason);
    if (err)
        *why = cw_arena_printf(errors, "%s: %.*s", path, CW_ARG(reason));
    if (text.n > 0)
        cw_wipe(text.p, text.n);
    cw_buf_free(&text);
    return err;
}
