/* The link between an edge and a gateway: an XML stream in the manner of XEP-0114, over TLS or a
 * Unix socket, with Causeway's own elements in the namespace urn:causeway:link:1.
 *
 * One exchange: the gateway connects and sends its header and <hello instance='g1'/>; the edge
 * answers with its own header and hello.  The gateway sends <config version='7'>JSON</config>, the
 * edge takes it over and says <configured version='7'/>.  A partner's message arrives at the edge:
 * <stanza n='1'><message .../></stanza> goes to the gateway, which translates it, waits for the
 * final SIP answer and says <outcome n='1' result='delivered'/>; had SIP refused, result='refused'
 * with the error stanza for the partner inside.  In the other direction the gateway numbers its
 * own stanzas, and the edge says `delivered` when the stanza was written to an authenticated
 * stream, or `refused` with a reason.  A side that has no outcome when the link breaks keeps the
 * stanza: the edge sends it again under the same number and instance, so that the gateway can make
 * the same SIP request of it.
 *
 * A gateway's numbers only grow on one link: a stanza that comes a second time ends the link and is
 * not sent to the partner again.
 *
 * An administrator's question, what streams there are say, is <ask n='5'>JSON</ask> from the
 * gateway, with numbers of their own; the edge says <answer n='5' more='true'>JSON</answer> as
 * often as it has something to tell meanwhile, and once without `more`.  Who asks sets the time
 * limit.
 *
 * When the last stream of a pair of domains ended as it does when a server dies (its connection was
 * lost, or a stream error came; not by idleness, policy or request) the edge says <ended
 * local='...' remote='...'/> (A-labels): what the gateway knows of the users there may be wrong.
 *
 * Both sides say <ping/> when it is time (cw_link_tick); a side
 * from which no whole message comes within the time is taken for dead, also when it drips bytes.
 *
 * This module is the protocol only: bytes in, messages out, writers into a buffer; no sockets.
 * Sizes are bounded and everything is checked as if the other side were hostile.
 */
#ifndef CW_LINK_LINK_H
#define CW_LINK_LINK_H

#include "xml/node.h"

enum {
    CW_LINK_VERSION = 1,
    CW_LINK_MAX_BYTES = 16 * 1024 * 1024,
    CW_LINK_MAX_HELLO_BYTES = 4096,     /* of one element before hello */
    CW_LINK_MAX_ASK_BYTES = 256 * 1024, /* JSON of a question; it may hold certificates */
    /* JSON of an answer: as XML it may be six times as long, and still one message. */
    CW_LINK_MAX_ANSWER_BYTES = 2 * 1024 * 1024,
    CW_LINK_HELLO_MS = 10000, /* until hello has come */
    CW_LINK_PING_MS = 10000,
    CW_LINK_SILENT_MS = 30000, /* without one whole message */
    CW_LINK_TICK_MS = 2500,    /* how often to call cw_link_tick */
};

enum cw_link_side { CW_LINK_EDGE, CW_LINK_GATEWAY };

/* Why a stanza for a partner could not be delivered: the edge's words. */
enum cw_link_reason {
    CW_LINK_REASON_NONE,
    CW_LINK_REASON_NOT_LISTED,    /* the domain is no enabled partner */
    CW_LINK_REASON_NOT_FOUND,     /* the domain cannot be resolved, or offers no XMPP service */
    CW_LINK_REASON_UNREACHABLE,   /* resolved; no address took the connection */
    CW_LINK_REASON_REFUSED,       /* connected; TLS or authentication ended it */
    CW_LINK_REASON_TIMEOUT,       /* no stream within the time */
    CW_LINK_REASON_QUEUE_FULL,    /* too much is waiting for this partner already */
    CW_LINK_REASON_LIMIT,         /* the connection limit is reached */
    CW_LINK_REASON_TOO_LARGE,     /* over the stanza size limit */
    CW_LINK_REASON_STREAM_FAILED, /* the stream broke while the stanza was being written */
    CW_LINK_REASON_SHUTDOWN,
};
const char *cw_link_reason_name(enum cw_link_reason); /* "not-listed", ... */

enum cw_link_result { CW_LINK_DELIVERED, CW_LINK_REFUSED };

struct cw_link_outcome {
    uint64_t n;
    enum cw_link_result result;
    enum cw_link_reason reason; /* of the edge; NONE from the gateway */
    struct cw_str text;         /* one sentence, or absent */
    const struct cw_xml *error; /* of the gateway: the error stanza for the sender, or NULL */
};

enum cw_link_event_kind {
    CW_LINK_MORE,       /* nothing to tell until more bytes come */
    CW_LINK_HELLO,      /* instance */
    CW_LINK_CONFIG,     /* version, json */
    CW_LINK_CONFIGURED, /* version; text present = it was refused, and why */
    CW_LINK_STANZA,     /* n, stanza */
    CW_LINK_OUTCOME,    /* outcome */
    CW_LINK_ASK,        /* n, json */
    CW_LINK_ANSWER,     /* n, json, more */
    CW_LINK_ENDED,      /* local, remote */
    CW_LINK_PING,       /* the other side is alive; nothing to do */
    CW_LINK_CLOSED,     /* the other side said goodbye */
    CW_LINK_BROKEN,     /* text; drop the connection */
};

struct cw_link_event {
    enum cw_link_event_kind kind;
    struct cw_str instance;
    uint64_t version;
    struct cw_str json;
    uint64_t n;
    bool more; /* ANSWER: this is not the last one */
    struct cw_xml *stanza;
    struct cw_link_outcome outcome;
    struct cw_str text;
    struct cw_str local, remote;
};

struct cw_link;
/* `instance` names this process's life: random, the same over its reconnects. */
struct cw_link *cw_link_new(enum cw_link_side, struct cw_str instance);
void cw_link_free(struct cw_link **);

void cw_link_feed(struct cw_link *, struct cw_str bytes);
/* The next message; what it points to lives until the next call. */
enum cw_link_event_kind cw_link_next(struct cw_link *, struct cw_link_event *out);

/* What time asks for; the first call starts the clock.  Appends a ping when one is due.  Absent:
 * all is well; else the sentence with which to drop the connection. */
struct cw_str cw_link_tick(struct cw_link *, uint64_t now_ms, struct cw_buf *);

/* Writers.  `open` comes first: header and hello. */
void cw_link_write_open(const struct cw_link *, struct cw_buf *);
void cw_link_write_config(struct cw_buf *, uint64_t version, struct cw_str json);
/* `refusal` absent: taken over. */
void cw_link_write_configured(struct cw_buf *, uint64_t version, struct cw_str refusal);
void cw_link_write_stanza(struct cw_buf *, uint64_t n, const struct cw_xml *stanza);
void cw_link_write_outcome(struct cw_buf *, const struct cw_link_outcome *);
/* The text is no longer than the limit for its kind. */
void cw_link_write_ask(struct cw_buf *, uint64_t n, struct cw_str json);
void cw_link_write_answer(struct cw_buf *, uint64_t n, bool more, struct cw_str json);
void cw_link_write_ended(struct cw_buf *, struct cw_str local, struct cw_str remote);
void cw_link_write_close(struct cw_buf *);

#endif
