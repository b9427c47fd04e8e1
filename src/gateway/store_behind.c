/* What the gateway has yet to write: one entry for each row that changed, the last word on it.  A
 * burst about one row costs one write, and a disk that is full for a day costs no more memory than
 * there are rows. */
#include <inttypes.h>
#include <string.h>

#include "gateway/store_priv.h"

enum write_kind { WRITE_CONTACT, WRITE_SUBSCRIPTION, WRITE_DIALOG, WRITE_WITHDRAWAL };

struct gw_write {
    TAILQ_ENTRY(gw_write) link;
    enum write_kind kind;
    bool is_put; /* else the row is removed */
    struct cw_str key;
    char *text; /* all strings of the row, one after the other */
    union {
        struct cw_contact contact;
        struct cw_store_subscription subscription;
        struct cw_store_dialog dialog;
        int64_t withdrawal;
    };
};

void gw_writes_init(struct gw_writes *writes)
{
    TAILQ_INIT(&writes->list);
    writes->by_key = (struct cw_map){.n = 0};
}

static void free_write(struct gw_write *write)
{
    cw_free(write->text);
    cw_free(write);
}

void gw_writes_free(struct gw_writes *writes)
{
    struct gw_write *write;
    while ((write = TAILQ_FIRST(&writes->list))) {
        TAILQ_REMOVE(&writes->list, write, link);
        free_write(write);
    }
    cw_map_free(&writes->by_key);
}

bool gw_writes_is_empty(const struct gw_writes *writes)
{
    return TAILQ_EMPTY(&writes->list);
}

size_t gw_writes_count(const struct gw_writes *writes)
{
    return writes->by_key.n;
}

/* --- adding -----------------------------------------------------------------------------------*/

/* The strings of a row move into memory of its own: twenty thousand rows, one block each. */
static void own(struct gw_write *write, struct cw_str *const *fields, size_t n)
{
    size_t total = 0, used = 0;
    for (size_t i = 0; i < n; i++)
        total += fields[i]->n;
    write->text = cw_alloc(total);
    for (size_t i = 0; i < n; i++) {
        if (fields[i]->n > 0)
            memcpy(write->text + used, fields[i]->p, fields[i]->n);
        fields[i]->p = write->text + used;
        used += fields[i]->n;
    }
}

static void add(struct gw_writes *writes, struct gw_write *write)
{
    struct gw_write *old = cw_map_set(&writes->by_key, write->key, write);
    if (old) {
        TAILQ_REMOVE(&writes->list, old, link);
        free_write(old);
    }
    TAILQ_INSERT_TAIL(&writes->list, write, link);
}

static struct gw_write *new_write(enum write_kind kind, bool is_put, struct cw_str key)
{
    struct gw_write *write = cw_alloc(sizeof *write);
    write->kind = kind;
    write->is_put = is_put;
    write->key = key;
    return write;
}

void gw_writes_contact(struct gw_writes *writes, const struct cw_contact *row, bool is_put)
{
    struct cw_arena scratch = {0};
    struct gw_write *write = new_write(
        WRITE_CONTACT, is_put,
        cw_arena_printf(&scratch, "c %.*s %.*s", CW_ARG(row->local), CW_ARG(row->remote)));
    struct cw_contact *to = &write->contact;
    *to = *row;
    own(write, (struct cw_str *[]){&write->key, &to->local, &to->remote}, 3);
    add(writes, write);
    cw_arena_free(&scratch);
}

void gw_writes_subscription(struct gw_writes *writes, const struct cw_store_subscription *row,
                            bool is_put)
{
    struct cw_arena scratch = {0};
    struct gw_write *write = new_write(WRITE_SUBSCRIPTION, is_put,
                                       cw_arena_printf(&scratch, "s%d %.*s %.*s", row->is_x2s,
                                                       CW_ARG(row->local), CW_ARG(row->remote)));
    struct cw_store_subscription *to = &write->subscription;
    *to = *row;
    own(write, (struct cw_str *[]){&write->key, &to->local, &to->remote, &to->state, &to->told}, 5);
    add(writes, write);
    cw_arena_free(&scratch);
}

void gw_writes_dialog(struct gw_writes *writes, const struct cw_store_dialog *row, bool is_put)
{
    struct cw_arena scratch = {0};
    struct gw_write *write = new_write(
        WRITE_DIALOG, is_put,
        cw_arena_printf(&scratch, "d %.*s %.*s", CW_ARG(row->call_id), CW_ARG(row->local_tag)));
    struct cw_store_dialog *to = &write->dialog;
    *to = *row;
    own(write,
        (struct cw_str *[]){&write->key, &to->local, &to->remote, &to->call_id, &to->local_tag,
                            &to->remote_tag, &to->remote_target, &to->route_set, &to->event_id},
        9);
    add(writes, write);
    cw_arena_free(&scratch);
}

void gw_writes_withdrawal(struct gw_writes *writes, int64_t id)
{
    struct cw_arena scratch = {0};
    struct gw_write *write =
        new_write(WRITE_WITHDRAWAL, false, cw_arena_printf(&scratch, "w %" PRId64, id));
    write->withdrawal = id;
    own(write, (struct cw_str *[]){&write->key}, 1);
    add(writes, write);
    cw_arena_free(&scratch);
}

/* --- writing ----------------------------------------------------------------------------------*/

static enum cw_err write_contact(struct cw_store *handle, const struct gw_write *write)
{
    const struct cw_contact *row = &write->contact;
    if (write->is_put)
        return cw_store_contact_add(handle, row->local, row->remote, row->since);
    enum cw_err err = cw_store_contact_remove(handle, row->local, row->remote);
    return err == CW_ERR_NOT_FOUND ? CW_OK : err; /* an administrator was first */
}

static enum cw_err run(struct cw_store *handle, const struct gw_write *write)
{
    switch (write->kind) {
    case WRITE_CONTACT:
        return write_contact(handle, write);
    case WRITE_SUBSCRIPTION:
        return write->is_put ? cw_store_subscription_put(handle, &write->subscription)
                             : cw_store_subscription_remove(handle, write->subscription.is_x2s,
                                                            write->subscription.local,
                                                            write->subscription.remote);
    case WRITE_DIALOG:
        return write->is_put
                   ? cw_store_dialog_put(handle, &write->dialog)
                   : cw_store_dialog_remove(handle, write->dialog.call_id, write->dialog.local_tag);
    case WRITE_WITHDRAWAL:
        return cw_store_withdrawal_remove(handle, write->withdrawal);
    }
    return CW_ERR_INVALID;
}

enum cw_err gw_writes_run(const struct gw_writes *writes, struct cw_store *handle)
{
    const struct gw_write *write;
    enum cw_err err = cw_store_batch_begin(handle);
    if (err)
        return err;
    TAILQ_FOREACH (write, &writes->list, link) {
        err = run(handle, write);
        if (err) {
            cw_store_batch_cancel(handle);
            return err;
        }
    }
    return cw_store_batch_commit(handle);
}

void gw_writes_give_back(struct gw_writes *failed, struct gw_writes *since)
{
    struct gw_write *write;
    while ((write = TAILQ_LAST(&failed->list, gw_write_list))) {
        TAILQ_REMOVE(&failed->list, write, link);
        cw_map_remove(&failed->by_key, write->key);
        if (cw_map_get(&since->by_key, write->key)) {
            free_write(write);
            continue;
        }
        cw_map_set(&since->by_key, write->key, write);
        TAILQ_INSERT_HEAD(&since->list, write, link);
    }
}

void gw_writes_repeat(const struct gw_writes *writes, struct gw_known *known)
{
    const struct gw_write *write;
    TAILQ_FOREACH (write, &writes->list, link)
        if (write->kind == WRITE_CONTACT)
            gw_known_set_contact(known, write->contact.local, write->contact.remote, write->is_put);
}

/* --- subscriptions and dialogs ----------------------------------------------------------------*/

void gw_store_put_subscription(struct gw_store *store, const struct cw_store_subscription *row)
{
    gw_writes_subscription(&store->queued, row, true);
    gw_store_batch_soon(store);
}

void gw_store_remove_subscription(struct gw_store *store, bool is_x2s, struct cw_str local,
                                  struct cw_str remote)
{
    const struct cw_store_subscription row = {.is_x2s = is_x2s, .local = local, .remote = remote};
    gw_writes_subscription(&store->queued, &row, false);
    gw_store_batch_soon(store);
}

void gw_store_put_dialog(struct gw_store *store, const struct cw_store_dialog *row)
{
    gw_writes_dialog(&store->queued, row, true);
    gw_store_batch_soon(store);
}

void gw_store_remove_dialog(struct gw_store *store, struct cw_str call_id, struct cw_str local_tag)
{
    const struct cw_store_dialog row = {.call_id = call_id, .local_tag = local_tag};
    gw_writes_dialog(&store->queued, &row, false);
    gw_store_batch_soon(store);
}
