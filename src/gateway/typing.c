/* Who is typing; see typing.h. */
#include "gateway/typing.h"

#include <inttypes.h>
#include <stdio.h>

#include "gateway/contact.h"
#include "gateway/own.h"
#include "xlate/address.h"
#include "xlate/message.h"
#include "xlate/signals.h"

enum {
    MAX_TALKS = 4096,
    REFRESH_MS = 90000, /* sooner than CW_COMPOSING_REFRESH_S */
    MAX_REFRESHES = 6,  /* ten minutes: nobody types longer, but clients vanish */
};

/* Two users of whom at least one is typing. */
struct talk {
    TAILQ_ENTRY(talk) link;
    struct cw_arena arena;
    struct gw_typing *typing;
    struct cw_str key;
    struct cw_jid remote, local;
    struct cw_str call_id; /* of what goes to SIP; absent: a new one each time */
    struct cw_str thread;  /* of what goes to XMPP */
    uint64_t user;         /* of the refresh that went out last; 0: none */
    unsigned n_refreshes;
    bool remote_is_composing, local_is_composing;
    struct cw_timer *refresh, *expiry;
};

struct gw_typing {
    struct gateway *gateway;
    TAILQ_HEAD(, talk) talks; /* the oldest first */
    struct cw_map by_key, by_user;
    size_t n;
    uint64_t last_user;
    void (*refused)(void *arg, const struct cw_jid *remote, const struct cw_jid *local);
    void *arg;
};

/* --- talks ------------------------------------------------------------------------------------*/

static struct cw_str user_key(char buf[24], uint64_t user)
{
    return (struct cw_str){buf, (size_t)snprintf(buf, 24, "%" PRIu64, user)};
}

static struct cw_str key_of(struct cw_arena *arena, const struct cw_jid *remote,
                            const struct cw_jid *local)
{
    return cw_arena_printf(arena, "%.*s %.*s", CW_ARG(cw_jid_bare(arena, remote)),
                           CW_ARG(cw_jid_bare(arena, local)));
}

static struct talk *find(const struct gw_typing *typing, const struct cw_jid *remote,
                         const struct cw_jid *local)
{
    struct cw_arena arena = {0};
    struct talk *talk = cw_map_get(&typing->by_key, key_of(&arena, remote, local));
    cw_arena_free(&arena);
    return talk;
}

static void forget(struct talk *talk)
{
    struct gw_typing *typing = talk->typing;
    char key[24];
    cw_map_remove(&typing->by_key, talk->key);
    if (talk->user)
        cw_map_remove(&typing->by_user, user_key(key, talk->user));
    TAILQ_REMOVE(&typing->talks, talk, link);
    typing->n--;
    cw_timer_free(&talk->refresh);
    cw_timer_free(&talk->expiry);
    cw_arena_free(&talk->arena);
    cw_free(talk);
}

/* Nobody of them is typing any more. */
static void forget_if_idle(struct talk *talk)
{
    if (!talk->remote_is_composing && !talk->local_is_composing)
        forget(talk);
}

static struct cw_jid copy_jid(struct cw_arena *arena, const struct cw_jid *jid)
{
    return (struct cw_jid){.local = cw_arena_dup(arena, jid->local),
                           .domain = cw_arena_dup(arena, jid->domain),
                           .resource = cw_arena_dup(arena, jid->resource)};
}

/* --- to SIP -----------------------------------------------------------------------------------*/

static void on_final(void *arg, uint64_t user, const struct cw_sip_response *response)
{
    struct gw_typing *typing = arg;
    char key[24];
    struct talk *talk = cw_map_remove(&typing->by_user, user_key(key, user));
    if (!talk)
        return;
    talk->user = 0;
    if (response->status != 415)
        return;
    typing->refused(typing->arg, &talk->remote, &talk->local);
    cw_timer_stop(talk->refresh);
    talk->remote_is_composing = false;
    forget_if_idle(talk);
}

static void say_again(struct talk *talk)
{
    struct gw_typing *typing = talk->typing;
    struct cw_buf body = {0};
    char key[24];
    cw_composing_write(&body, &(struct cw_composing){true, CW_COMPOSING_REFRESH_S});
    const struct gw_own own = {
        .remote = &talk->remote,
        .local = &talk->local,
        .call_id = talk->call_id,
        .content_type = CW_COMPOSING_TYPE,
        .body = cw_buf_str(&body),
        .final = on_final,
        .arg = typing,
        .user = ++typing->last_user,
    };
    if (talk->user)
        cw_map_remove(&typing->by_user, user_key(key, talk->user));
    talk->user = gw_own_send(typing->gateway, &own) ? own.user : 0;
    if (talk->user)
        cw_map_set(&typing->by_user, user_key(key, talk->user), talk);
    cw_buf_free(&body);
}

static bool is_allowed(const struct talk *talk, enum cw_contact_event event)
{
    struct cw_contact_verdict verdict;
    gw_contact_judge(talk->typing->gateway, event, &talk->local, &talk->remote, &verdict);
    return verdict.answer != CW_CONTACT_REFUSE;
}

static void on_refresh(void *arg)
{
    struct talk *talk = arg;
    if (talk->n_refreshes++ < MAX_REFRESHES && is_allowed(talk, CW_CONTACT_MESSAGE_IN)) {
        say_again(talk);
        cw_timer_set(talk->refresh, REFRESH_MS);
        return;
    }
    talk->remote_is_composing = false; /* the phone forgets it by itself */
    forget_if_idle(talk);
}

/* --- to XMPP ----------------------------------------------------------------------------------*/

static void say_to_xmpp(struct talk *talk, enum cw_chat_state state)
{
    struct cw_arena arena = {0};
    gw_s2x_send(talk->typing->gateway->s2x,
                cw_chat_state_stanza(&arena, &talk->local, &talk->remote, state, talk->thread));
    cw_arena_free(&arena);
}

/* RFC 3994 section 3.3: the phone has not said it again. */
static void on_expiry(void *arg)
{
    struct talk *talk = arg;
    talk->local_is_composing = false;
    if (is_allowed(talk, CW_CONTACT_MESSAGE_OUT))
        say_to_xmpp(talk, CW_CHAT_PAUSED);
    forget_if_idle(talk);
}

/* --- what is heard ----------------------------------------------------------------------------*/

static void make_room(struct gw_typing *typing)
{
    struct talk *oldest = TAILQ_FIRST(&typing->talks);
    if (typing->n < MAX_TALKS)
        return;
    if (oldest->local_is_composing)
        say_to_xmpp(oldest, CW_CHAT_PAUSED);
    forget(oldest);
}

static struct talk *find_or_make(struct gw_typing *typing, const struct cw_jid *remote,
                                 const struct cw_jid *local)
{
    struct talk *talk = find(typing, remote, local);
    if (talk)
        return talk;
    make_room(typing);
    talk = cw_alloc(sizeof *talk);
    talk->typing = typing;
    talk->key = key_of(&talk->arena, remote, local);
    talk->remote = copy_jid(&talk->arena, remote);
    talk->local = copy_jid(&talk->arena, local);
    talk->refresh = cw_timer_new(typing->gateway->base, on_refresh, talk);
    talk->expiry = cw_timer_new(typing->gateway->base, on_expiry, talk);
    TAILQ_INSERT_TAIL(&typing->talks, talk, link);
    cw_map_set(&typing->by_key, talk->key, talk);
    typing->n++;
    return talk;
}

/* As the texts of that thread have it. */
static struct cw_str call_id_of(struct talk *talk, struct cw_str thread)
{
    return cw_message_call_id(&talk->arena, cw_arena_dup(&talk->arena, thread),
                              cw_addr_jid_to_uri(&talk->arena, &talk->remote, CW_ADDR_SIP),
                              cw_addr_jid_to_uri(&talk->arena, &talk->local, CW_ADDR_SIP));
}

/* `idle` is said only to who was told `active`: it is what everybody is taken for. */
bool gw_typing_of_remote(struct gw_typing *typing, const struct cw_jid *remote,
                         const struct cw_jid *local, bool is_composing, struct cw_str thread)
{
    struct talk *talk = find(typing, remote, local);
    if ((talk && talk->remote_is_composing) == is_composing)
        return false;
    if (is_composing) {
        talk = find_or_make(typing, remote, local);
        if (!cw_str_is_present(talk->call_id))
            talk->call_id = call_id_of(talk, thread);
        talk->n_refreshes = 0;
        cw_timer_set(talk->refresh, REFRESH_MS);
    } else {
        cw_timer_stop(talk->refresh);
    }
    talk->remote_is_composing = is_composing;
    forget_if_idle(talk);
    return true;
}

void gw_typing_of_local(struct gw_typing *typing, const struct cw_jid *remote,
                        const struct cw_jid *local, const struct cw_composing *composing,
                        struct cw_str thread)
{
    struct talk *talk = find(typing, remote, local);
    bool was_composing = talk && talk->local_is_composing;
    if (composing->is_active) {
        talk = find_or_make(typing, remote, local);
        cw_timer_set(talk->expiry, (uint64_t)cw_composing_holds_s(composing) * 1000);
    } else if (was_composing) {
        cw_timer_stop(talk->expiry);
    }
    if (was_composing == composing->is_active)
        return;
    if (composing->is_active) {
        /* The client that he writes with now, while another one may be typing still. */
        if (!cw_jid_eq(&talk->remote, remote))
            talk->remote = copy_jid(&talk->arena, remote);
        if (!cw_str_eq(talk->thread, thread))
            talk->thread = cw_arena_dup(&talk->arena, thread);
    }
    talk->local_is_composing = composing->is_active;
    say_to_xmpp(talk, composing->is_active ? CW_CHAT_COMPOSING : CW_CHAT_ACTIVE);
    forget_if_idle(talk);
}

void gw_typing_end_of_remote(struct gw_typing *typing, const struct cw_jid *remote,
                             const struct cw_jid *local)
{
    struct talk *talk = find(typing, remote, local);
    if (!talk)
        return;
    cw_timer_stop(talk->refresh);
    talk->remote_is_composing = false;
    forget_if_idle(talk);
}

void gw_typing_end_of_local(struct gw_typing *typing, const struct cw_jid *remote,
                            const struct cw_jid *local)
{
    struct talk *talk = find(typing, remote, local);
    if (!talk)
        return;
    cw_timer_stop(talk->expiry);
    talk->local_is_composing = false;
    forget_if_idle(talk);
}

/* --- life -------------------------------------------------------------------------------------*/

struct gw_typing *gw_typing_new(struct gateway *gateway,
                                void (*refused)(void *arg, const struct cw_jid *remote,
                                                const struct cw_jid *local),
                                void *arg)
{
    struct gw_typing *typing = cw_alloc(sizeof *typing);
    *typing = (struct gw_typing){.gateway = gateway, .refused = refused, .arg = arg};
    TAILQ_INIT(&typing->talks);
    return typing;
}

void gw_typing_free(struct gw_typing **ptr)
{
    struct gw_typing *typing = *ptr;
    *ptr = NULL;
    if (!typing)
        return;
    while (!TAILQ_EMPTY(&typing->talks))
        forget(TAILQ_FIRST(&typing->talks));
    cw_map_free(&typing->by_key);
    cw_map_free(&typing->by_user);
    cw_free(typing);
}
