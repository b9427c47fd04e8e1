/* The server's side of the component protocol (XEP-0114, jabber:component:accept): one connection
 * of an external component.
 *
 * One exchange: the component connects and opens a stream to `pubsub.contoso.test`; that is one of
 * ours, so it gets our header with an id.  <handshake/> holds SHA-1 of id and secret; it is right,
 * so the machine asks with READY whether the domain is free, and the owner answers with
 * cw_component_accept, which sends <handshake/>.  From then on its stanzas come out as STANZA in
 * jabber:server, their `from` in its domain, and cw_component_write_stanza writes partners' stanzas
 * to it in jabber:component:accept.
 *
 * Refused: another namespace <invalid-namespace/>, a domain that is not ours <host-unknown/>, a
 * wrong handshake <not-authorized/>, a domain in use <conflict/>, a stanza from another domain
 * <invalid-from/>.  A stanza whose `to` is no address is answered with <jid-malformed/> and the
 * stream goes on.
 *
 * Bytes in, events and bytes out; no sockets, no clock. */
#ifndef CW_LINK_COMPONENT_H
#define CW_LINK_COMPONENT_H

#include "xml/node.h"
#include "xmpp/error.h"

enum {
    CW_COMPONENT_HANDSHAKE_MS = 10000, /* the owner's deadline until READY */
    CW_COMPONENT_MAX_BYTES = 262144,   /* of one stanza */
};

/* Who may connect; borrowed while the machine lives. */
struct cw_component_account {
    struct cw_str domain; /* A-labels */
    struct cw_str secret;
};

enum cw_component_event_kind {
    CW_COMPONENT_MORE,   /* nothing to tell until more bytes come */
    CW_COMPONENT_READY,  /* authenticated for `account`: accept or refuse before going on */
    CW_COMPONENT_STANZA, /* stanza, in jabber:server, addresses checked and written anew */
    CW_COMPONENT_CLOSED, /* write what is in the buffer, then close; text says why */
};

struct cw_component_event {
    enum cw_component_event_kind kind;
    const struct cw_component_account *account;
    struct cw_xml *stanza; /* until the next call */
    bool has_error;        /* CLOSED: by this stream error of ours */
    enum cw_stream_error error;
    struct cw_str text; /* one sentence */
};

struct cw_component;
/* `id` is the stream's id: unpredictable.  The machine appends what is to be written to *out. */
struct cw_component *cw_component_new(const struct cw_component_account *, size_t n_accounts,
                                      struct cw_str id, struct cw_buf *out);
void cw_component_free(struct cw_component **);

void cw_component_feed(struct cw_component *, struct cw_str bytes);
/* After CLOSED it is CLOSED for ever. */
enum cw_component_event_kind cw_component_next(struct cw_component *, struct cw_component_event *);

/* After READY, once. */
void cw_component_accept(struct cw_component *);
/* Ends the stream with that error at any time; the next event is CLOSED. */
void cw_component_refuse(struct cw_component *, enum cw_stream_error, const char *text);
/* Ends it without one. */
void cw_component_close(struct cw_component *);
/* A stanza (jabber:server) for an accepted component. */
void cw_component_write_stanza(struct cw_component *, const struct cw_xml *);

/* The lower-case hexadecimal SHA-1 of id and secret (XEP-0114 section 3); in the arena. */
struct cw_str cw_component_digest(struct cw_arena *, struct cw_str id, struct cw_str secret);

#endif
