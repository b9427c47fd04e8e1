/* The bounded push parser; see reader.h.
 *
 * expat stops (XML_StopParser, resumable) at the end of the root's start tag, of each first-level
 * element and of the root, so each call of next sees one event.  What a stranger can make it cost
 * is bounded here, not there: expat is given no more octets than the element at hand may still
 * have, and a long tag that comes in small pieces, which expat reads again from its beginning for
 * each piece (CVE-2023-52425), is held back until it is worth reading.  expat's own remedy, the
 * deferral of 2.6.0, is off: with it a stanza may wait for octets that never come. */
#include "xml/reader.h"

#include <expat.h>
#include <string.h>

#include "xml/xml_priv.h"

/* Between namespace and name in what expat reports: no XML text can hold it, not even as a
 * character reference, so no namespace can feign a name (CVE-2022-25236). */
#define SEPARATOR '\x01'

enum {
    HOLD_BYTES = 4096,       /* a tag shorter than this is read at every octet */
    MAX_REREAD_FACTOR = 256, /* times max_element_bytes that one element may make us read again */
    KEEP_TEXT_BYTES = 4096,  /* an idle reader keeps no more than this */
    FIRST_OCTETS = 4,        /* where expat looks for the signs of UTF-16 */
};

struct cw_xml_reader {
    XML_Parser parser; /* NULL before the first octet */
    struct cw_xml_limits limits;
    bool is_document; /* one whole document: expat runs through, the root is the element */
    bool is_suspended;

    struct cw_buf pending; /* fed to us, not yet to expat */
    size_t taken;          /* octets of pending that expat has */
    uint64_t given;        /* octets given to expat in all */
    uint64_t element_at;   /* where the element at hand began */
    uint64_t reread;       /* octets of it that were read more than once */

    struct cw_arena *arena; /* of the call at hand */
    struct cw_xml *root, *element, *current;
    struct cw_buf text; /* run of character data, not yet a node */
    unsigned depth, n_children, n_decls;
    bool opened, completed, closed; /* events to report */
    bool is_over;                   /* the close was reported */
    char *default_ns;
    struct cw_buf root_ns; /* all that the root declares, each with a SEPARATOR behind it */

    enum cw_xml_fault fault;
    const char *why;
};

static void fail(struct cw_xml_reader *r, enum cw_xml_fault fault, const char *why)
{
    if (r->fault != CW_XML_FAULT_NONE)
        return;
    r->fault = fault;
    r->why = why ? why : cw_xml_fault_sentence(fault);
    XML_ParsingStatus status;
    XML_GetParsingStatus(r->parser, &status);
    if (status.parsing == XML_PARSING || status.parsing == XML_SUSPENDED)
        XML_StopParser(r->parser, XML_FALSE);
}

static uint64_t event_end(const struct cw_xml_reader *r)
{
    return (uint64_t)XML_GetCurrentByteIndex(r->parser) +
           (uint64_t)XML_GetCurrentByteCount(r->parser);
}

/* What expat reports next belongs to another element. */
static void begin_count(struct cw_xml_reader *r)
{
    r->element_at = event_end(r);
    r->reread = 0;
}

static void stop(struct cw_xml_reader *r)
{
    begin_count(r);
    if (!r->is_document)
        XML_StopParser(r->parser, XML_TRUE);
}

static void flush_text(struct cw_xml_reader *r)
{
    if (r->text.n == 0)
        return;
    cw_xml_add_text(r->arena, r->current, cw_arena_dup(r->arena, cw_buf_str(&r->text)));
    if (r->text.cap > KEEP_TEXT_BYTES)
        cw_buf_free(&r->text);
    cw_buf_reset(&r->text);
}

/* Splits "namespace SEPARATOR name"; the parts borrow. */
static void split_name(const char *expat_name, struct cw_str *ns, struct cw_str *name)
{
    const char *at = strchr(expat_name, SEPARATOR);
    *ns = at ? (struct cw_str){expat_name, (size_t)(at - expat_name)} : CW_S("");
    *name = cw_str_of(at ? at + 1 : expat_name);
}

static struct cw_xml *make_node(struct cw_xml_reader *r, const char *expat_name,
                                const char **expat_attrs)
{
    struct cw_xml *node = cw_arena_alloc(r->arena, sizeof *node);
    struct cw_str ns, name;
    split_name(expat_name, &ns, &name);
    node->ns =
        r->current && cw_str_eq(r->current->ns, ns) ? r->current->ns : cw_arena_dup(r->arena, ns);
    node->name = cw_arena_dup(r->arena, name);
    for (const char **pair = expat_attrs; pair[0]; pair += 2) {
        split_name(pair[0], &ns, &name);
        cw_xml_add_attr(r->arena, node,
                        (struct cw_xml_attr){.ns = cw_arena_dup(r->arena, ns),
                                             .name = cw_arena_dup(r->arena, name),
                                             .value = cw_arena_dup(r->arena, cw_str_of(pair[1]))});
    }
    return node;
}

static const char *over_limit(struct cw_xml_reader *r, const char **expat_attrs)
{
    size_t n_attrs = r->n_decls;
    r->n_decls = 0;
    while (*expat_attrs) {
        n_attrs++;
        expat_attrs += 2;
    }
    if (n_attrs > r->limits.max_attrs)
        return "an element has too many attributes";
    if (r->depth > r->limits.max_depth)
        return "elements are nested too deeply";
    if (r->depth >= 2 && ++r->n_children > r->limits.max_children)
        return "a stanza has too many elements";
    return NULL;
}

static void XMLCALL on_start(void *arg, const char *name, const char **attrs)
{
    struct cw_xml_reader *r = arg;
    if (r->fault != CW_XML_FAULT_NONE)
        return;
    const char *limit = over_limit(r, attrs);
    if (limit) {
        fail(r, CW_XML_FAULT_POLICY_VIOLATION, limit);
        return;
    }
    if (r->current)
        flush_text(r);
    struct cw_xml *node = make_node(r, name, attrs);
    if (r->depth == 0) {
        r->root = node;
        r->opened = true;
        stop(r);
    } else if (r->depth == 1) {
        r->element = r->current = node;
        r->n_children = 0;
    } else {
        cw_xml_append(r->current, node);
        r->current = node;
    }
    r->depth++;
}

static void XMLCALL on_end(void *arg, const char *name)
{
    struct cw_xml_reader *r = arg;
    (void)name;
    if (r->fault != CW_XML_FAULT_NONE)
        return;
    r->depth--;
    if (r->depth == 0) {
        r->closed = true;
        stop(r);
        return;
    }
    flush_text(r);
    r->current = r->current->parent;
    if (r->depth == 1) {
        r->completed = true;
        stop(r);
    }
}

static void XMLCALL on_text(void *arg, const char *text, int n)
{
    struct cw_xml_reader *r = arg;
    if (r->fault != CW_XML_FAULT_NONE)
        return;
    struct cw_str run = {text, (size_t)n};
    if (r->depth > 1) {
        cw_buf_puts(&r->text, run);
    } else if (!cw_str_is_empty(cw_str_trim(run))) {
        fail(r, CW_XML_FAULT_BAD_FORMAT, NULL);
    } else {
        begin_count(r); /* a keep-alive; any number of them may come */
    }
}

static void XMLCALL on_cdata(void *arg)
{
    struct cw_xml_reader *r = arg;
    if (r->depth <= 1)
        fail(r, CW_XML_FAULT_BAD_FORMAT, NULL);
}

static void XMLCALL on_namespace(void *arg, const char *prefix, const char *uri)
{
    struct cw_xml_reader *r = arg;
    r->n_decls++;
    if (r->depth > 0)
        return;
    cw_buf_putcstr(&r->root_ns, uri ? uri : "");
    cw_buf_putc(&r->root_ns, SEPARATOR);
    if (!prefix) {
        cw_free(r->default_ns);
        r->default_ns = cw_strdup(cw_str_of(uri));
    }
}

static void XMLCALL on_declaration(void *arg, const char *version, const char *encoding,
                                   int standalone)
{
    (void)version;
    (void)standalone;
    if (encoding && !cw_str_eq_nocase(cw_str_of(encoding), CW_S("UTF-8")))
        fail(arg, CW_XML_FAULT_UNSUPPORTED_ENCODING, NULL);
}

static void XMLCALL on_doctype(void *arg, const char *name, const char *sysid, const char *pubid,
                               int has_internal_subset)
{
    (void)name;
    (void)sysid;
    (void)pubid;
    (void)has_internal_subset;
    fail(arg, CW_XML_FAULT_RESTRICTED_XML, "the XML holds a document type declaration");
}

static void XMLCALL on_comment(void *arg, const char *text)
{
    (void)text;
    fail(arg, CW_XML_FAULT_RESTRICTED_XML, "the XML holds a comment");
}

static void XMLCALL on_instruction(void *arg, const char *target, const char *data)
{
    (void)target;
    (void)data;
    fail(arg, CW_XML_FAULT_RESTRICTED_XML, "the XML holds a processing instruction");
}

static void XMLCALL on_skipped_entity(void *arg, const char *name, int is_parameter)
{
    (void)name;
    (void)is_parameter;
    fail(arg, CW_XML_FAULT_RESTRICTED_XML, "the XML holds an entity reference");
}

static void *expat_malloc(size_t n)
{
    return cw_realloc(NULL, n);
}

/* Comes with the first octet: who connects and says nothing costs none. */
static void make_parser(struct cw_xml_reader *r)
{
    static const XML_Memory_Handling_Suite memory = {expat_malloc, cw_realloc, cw_free};
    static const char separator[] = {SEPARATOR, '\0'};
    r->parser = XML_ParserCreate_MM("UTF-8", &memory, separator);
    cw_assert(r->parser);
    XML_SetUserData(r->parser, r);
    XML_SetElementHandler(r->parser, on_start, on_end);
    XML_SetCharacterDataHandler(r->parser, on_text);
    XML_SetStartCdataSectionHandler(r->parser, on_cdata);
    XML_SetStartNamespaceDeclHandler(r->parser, on_namespace);
    XML_SetXmlDeclHandler(r->parser, on_declaration);
    XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
    XML_SetCommentHandler(r->parser, on_comment);
    XML_SetProcessingInstructionHandler(r->parser, on_instruction);
    XML_SetSkippedEntityHandler(r->parser, on_skipped_entity);
#ifdef CW_HAVE_EXPAT_DEFERRAL
    XML_SetReparseDeferralEnabled(r->parser, XML_FALSE);
#endif
}

struct cw_xml_reader *cw_xml_reader_new(const struct cw_xml_limits *limits)
{
    struct cw_xml_reader *r = cw_alloc(sizeof *r);
    r->limits = *limits;
    return r;
}

void cw_xml_reader_free(struct cw_xml_reader **reader)
{
    struct cw_xml_reader *r = *reader;
    if (!r)
        return;
    XML_ParserFree(r->parser);
    cw_buf_free(&r->pending);
    cw_buf_free(&r->text);
    cw_buf_free(&r->root_ns);
    cw_free(r->default_ns);
    cw_free(r);
    *reader = NULL;
}

void cw_xml_reader_set_limits(struct cw_xml_reader *r, const struct cw_xml_limits *limits)
{
    r->limits = *limits;
}

void cw_xml_reader_feed(struct cw_xml_reader *r, struct cw_str bytes)
{
    if (r->fault == CW_XML_FAULT_NONE && !r->is_over)
        cw_buf_puts(&r->pending, bytes);
}

/* How many octets stand in front of the first sign of UTF-16; all when there is none.  expat takes
 * UTF-16 from its mark or from NULs, whatever encoding it was told.  What stands in front of the
 * sign is expat's to judge, so that the fault is the same however the octets are cut. */
static size_t before_utf16(const struct cw_xml_reader *r, struct cw_str bytes)
{
    for (size_t i = 0; i < bytes.n && r->given + i < FIRST_OCTETS; i++) {
        unsigned char c = (unsigned char)bytes.p[i];
        if (c == 0 || c == 0xFE || c == 0xFF)
            return i;
    }
    return bytes.n;
}

/* Octets that expat has and could not read yet: an unfinished tag or character. */
static uint64_t unread(const struct cw_xml_reader *r)
{
    XML_Index at = XML_GetCurrentByteIndex(r->parser);
    return at < 0 || (uint64_t)at > r->given ? 0 : r->given - (uint64_t)at;
}

/* How many of the waiting octets to give to expat now; 0 = wait for more, or a limit (fault). */
static size_t portion(struct cw_xml_reader *r, struct cw_str waiting)
{
    uint64_t used = r->given - r->element_at, max = r->limits.max_element_bytes;
    if (used >= max) {
        fail(r, CW_XML_FAULT_POLICY_VIOLATION, "an element is too large");
        return 0;
    }
    size_t n = waiting.n < max - used ? waiting.n : (size_t)(max - used);
    uint64_t again = unread(r);
    if (again < HOLD_BYTES || n < waiting.n)
        return n;
    if (n < again / 2 && !memchr(waiting.p, '>', n))
        return 0;
    r->reread += again;
    if (r->reread / MAX_REREAD_FACTOR > max) {
        fail(r, CW_XML_FAULT_POLICY_VIOLATION, "a long tag comes in too many pieces");
        return 0;
    }
    return n;
}

/* Lets expat go on; false when it waits for octets that we do not have. */
static bool advance(struct cw_xml_reader *r)
{
    enum XML_Status status;
    if (r->is_suspended) {
        status = XML_ResumeParser(r->parser);
    } else {
        struct cw_str waiting = cw_str_sub(cw_buf_str(&r->pending), r->taken, r->pending.n);
        if (waiting.n > 0 && !r->parser)
            make_parser(r);
        size_t n = waiting.n ? portion(r, waiting) : 0;
        if (n == 0)
            return false;
        size_t clean = before_utf16(r, waiting);
        if (clean == 0) {
            fail(r, CW_XML_FAULT_UNSUPPORTED_ENCODING, NULL);
            return false;
        }
        n = n < clean ? n : clean;
        n = n < INT32_MAX ? n : INT32_MAX;
        r->taken += n;
        r->given += n;
        status = XML_Parse(r->parser, waiting.p, (int)n, XML_FALSE);
    }
    r->is_suspended = status == XML_STATUS_SUSPENDED;
    if (status == XML_STATUS_ERROR)
        fail(r, cw_xml_fault_of(XML_GetErrorCode(r->parser)), NULL);
    return true;
}

/* Takes the event that the handlers left, oldest first (an empty root opens and closes at once). */
static enum cw_xml_event take_event(struct cw_xml_reader *r, struct cw_xml **node)
{
    if (r->opened) {
        r->opened = false;
        *node = r->root;
        r->root = NULL;
        return CW_XML_STREAM_OPEN;
    }
    if (r->completed) {
        r->completed = false;
        *node = r->element;
        r->element = r->current = NULL;
        return CW_XML_ELEMENT;
    }
    if (r->closed) {
        r->closed = false;
        r->is_over = true;
        cw_buf_free(&r->pending); /* nothing counts after the close (RFC 6120 section 4.4) */
        r->taken = 0;
        return CW_XML_STREAM_CLOSE;
    }
    return CW_XML_MORE;
}

static void drop_taken(struct cw_xml_reader *r)
{
    cw_buf_consume(&r->pending, r->taken);
    r->taken = 0;
    if (r->pending.n == 0)
        cw_buf_free(&r->pending);
}

enum cw_xml_event cw_xml_reader_next(struct cw_xml_reader *r, struct cw_arena *arena,
                                     struct cw_xml **node)
{
    *node = NULL;
    r->arena = arena;
    while (r->fault == CW_XML_FAULT_NONE) {
        enum cw_xml_event event = take_event(r, node);
        if (event != CW_XML_MORE)
            return event;
        if (r->is_over || !advance(r))
            break;
    }
    if (r->fault != CW_XML_FAULT_NONE) {
        cw_buf_free(&r->pending);
        cw_buf_free(&r->text);
        r->taken = 0;
        return CW_XML_BROKEN;
    }
    drop_taken(r);
    return CW_XML_MORE;
}

struct cw_str cw_xml_reader_default_ns(const struct cw_xml_reader *r)
{
    return r->default_ns ? cw_str_of(r->default_ns) : CW_S("");
}

bool cw_xml_reader_declares(const struct cw_xml_reader *r, struct cw_str ns)
{
    struct cw_str left = cw_buf_str(&r->root_ns);
    while (left.n > 0) {
        size_t end = (size_t)cw_str_index(left, SEPARATOR);
        if (cw_str_eq(cw_str_sub(left, 0, end), ns))
            return true;
        left = cw_str_sub(left, end + 1, left.n);
    }
    return false;
}

struct cw_str cw_xml_reader_rest(const struct cw_xml_reader *r)
{
    uint64_t pending_at = r->given - r->taken; /* where pending begins in all that was given */

    return cw_str_sub(cw_buf_str(&r->pending), (size_t)(r->element_at - pending_at), r->pending.n);
}

enum cw_xml_fault cw_xml_reader_fault(const struct cw_xml_reader *r)
{
    return r->fault;
}

const char *cw_xml_reader_fault_text(const struct cw_xml_reader *r)
{
    return r->why ? r->why : cw_xml_fault_sentence(r->fault);
}

struct cw_xml *cw_xml_parse(struct cw_arena *arena, struct cw_str document,
                            const struct cw_xml_limits *limits, enum cw_xml_fault *fault)
{
    struct cw_xml_reader *r = cw_xml_reader_new(limits);
    make_parser(r);
    r->is_document = true;
    r->arena = arena;
    r->depth = 1; /* as if a stream were around it */
    if (document.n > limits->max_element_bytes || document.n > INT32_MAX)
        fail(r, CW_XML_FAULT_POLICY_VIOLATION, NULL);
    else if (before_utf16(r, document) < document.n)
        fail(r, CW_XML_FAULT_UNSUPPORTED_ENCODING, NULL);
    else if (XML_Parse(r->parser, document.p ? document.p : "", (int)document.n, XML_TRUE) !=
             XML_STATUS_OK)
        fail(r, cw_xml_fault_of(XML_GetErrorCode(r->parser)), NULL);
    struct cw_xml *node = r->fault == CW_XML_FAULT_NONE ? r->element : NULL;
    if (fault)
        *fault = r->fault;
    cw_xml_reader_free(&r);
    return node;
}
