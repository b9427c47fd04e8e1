/* HTTPS requests; see https.h.
 *
 *     URL -> addresses (io/target) -> TLS and request to the first -> 200: the document
 *                                          |                    |
 *                                          no answer: the next   redirect: its URL, from the start
 *
 * evhttp must not lose its connection inside its own callbacks: those only note what came, and the
 * step timer goes on from there. */
#include "io/https.h"

#include "io/loop.h"
#include "io/target.h"
#include "io/tls_priv.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent_ssl.h>
#include <event2/http.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

enum { DEFAULT_TIMEOUT_MS = 3000, ONE_ADDRESS_MS = 1000, DEFAULT_PORT = 443 };

struct cw_https {
    struct cw_arena arena;
    struct cw_resolver *resolver;
    SSL_CTX *ssl;
    uint16_t port;
    bool (*may_connect)(void *arg, const struct cw_addr *);
    void (*fn)(void *arg, const struct cw_https_answer *);
    void *arg;

    struct evhttp_uri *uri; /* what is asked for now */
    unsigned n_redirects;
    struct cw_target_query *query;
    struct cw_addr addrs[CW_TARGET_MAX_ADDRESSES];
    size_t n_addrs, next;
    struct evhttp_connection *conn;
    struct bufferevent *bev;     /* the connection's */
    const char *tls_fault;       /* why the certificate was not taken */
    struct cw_timer *step, *end; /* goes on outside of callbacks; the end of all patience */

    struct cw_https_answer answer;
    struct cw_str location; /* where a redirect leads */
};

void cw_https_cancel(struct cw_https **request)
{
    struct cw_https *h = *request;
    if (!h)
        return;
    *request = NULL;
    cw_target_cancel(&h->query);
    if (h->conn)
        evhttp_connection_free(h->conn);
    if (h->uri)
        evhttp_uri_free(h->uri);
    SSL_CTX_free(h->ssl);
    cw_timer_free(&h->step);
    cw_timer_free(&h->end);
    cw_arena_free(&h->arena);
    cw_free(h);
}

static void finish(struct cw_https *h)
{
    h->fn(h->arg, &h->answer);
    cw_https_cancel(&h);
}

/* "https://host:port/path"; never the user's part, never what the peer wrote unescaped. */
static struct cw_str url_text(struct cw_https *h)
{
    char text[CW_HTTPS_MAX_URL + 16];
    if (!h->uri || !evhttp_uri_join(h->uri, text, sizeof text))
        return CW_S("https");
    return cw_arena_dup(&h->arena, cw_str_of(text));
}

static void note_fault(struct cw_https *h, const char *fault)
{
    h->answer.ok = false;
    h->answer.sentence = cw_arena_printf(&h->arena, "%.*s %s", CW_ARG(url_text(h)), fault);
}

/* --- the answer -------------------------------------------------------------------------------*/

static bool is_redirect(unsigned status)
{
    return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static void on_error(enum evhttp_request_error error, void *arg)
{
    struct cw_https *h = arg;
    switch (error) {
    case EVREQ_HTTP_TIMEOUT:
        note_fault(h, "does not answer");
        break;
    case EVREQ_HTTP_EOF:
        note_fault(h, "closed the connection before the end of its answer");
        break;
    case EVREQ_HTTP_INVALID_HEADER:
        note_fault(h, "answered with a header that is malformed or too long");
        break;
    case EVREQ_HTTP_DATA_TOO_LONG:
        note_fault(h, "answered with more than 64 KiB");
        break;
    case EVREQ_HTTP_BUFFER_ERROR:
    case EVREQ_HTTP_REQUEST_CANCEL:
        note_fault(h, "broke the connection");
        break;
    }
}

/* There is no answer: TLS may know why, else the system does. */
static void note_no_answer(struct cw_https *h, int error)
{
    unsigned long tls = h->bev ? bufferevent_get_openssl_error(h->bev) : 0;
    const char *reason = tls ? ERR_reason_error_string(tls) : NULL;
    struct cw_str text;
    if (h->tls_fault)
        text = cw_arena_printf(&h->arena, "has no good certificate: %s", h->tls_fault);
    else if (reason)
        text = cw_arena_printf(&h->arena, "fails in TLS: %s", reason);
    else if (cw_str_is_present(h->answer.sentence))
        return;
    else
        text = cw_arena_printf(&h->arena, "cannot be connected to: %s",
                               error ? strerror(error) : "no answer");
    note_fault(h, text.p);
}

static void on_response(struct evhttp_request *req, void *arg)
{
    struct cw_https *h = arg;
    int error = errno;
    unsigned status = req ? (unsigned)evhttp_request_get_response_code(req) : 0;
    cw_timer_set(h->step, 0);
    h->answer.status = status;
    if (status == 0) {
        note_no_answer(h, error);
        return;
    }
    if (is_redirect(status)) {
        const char *where = evhttp_find_header(evhttp_request_get_input_headers(req), "Location");
        h->location = cw_arena_dup(&h->arena, cw_str_of(where ? where : ""));
        return;
    }
    if (status != 200) {
        note_fault(h, cw_arena_printf(&h->arena, "answered %u", status).p);
        return;
    }
    struct evbuffer *body = evhttp_request_get_input_buffer(req);
    size_t n = evbuffer_get_length(body);
    h->answer.ok = true;
    h->answer.body =
        cw_arena_dup(&h->arena, (struct cw_str){n ? (char *)evbuffer_pullup(body, -1) : "", n});
}

/* --- the request ------------------------------------------------------------------------------*/

/* The store may have rules of its own (CRLs: io/x509_crl.c). */
static int on_verify(int ok, X509_STORE_CTX *c)
{
    X509_STORE_CTX_verify_cb rules = X509_STORE_get_verify_cb(X509_STORE_CTX_get0_store(c));
    SSL *ssl = X509_STORE_CTX_get_ex_data(c, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct cw_https *h = SSL_get_app_data(ssl);
    if (rules)
        ok = rules(ok, c);
    if (!ok && !h->tls_fault)
        h->tls_fault = X509_verify_cert_error_string(X509_STORE_CTX_get_error(c));
    return ok;
}

static SSL *new_tls(struct cw_https *h)
{
    SSL *ssl = SSL_new(h->ssl);
    const char *host = evhttp_uri_get_host(h->uri);
    cw_assert(ssl);
    SSL_set_app_data(ssl, h);
    SSL_set_hostflags(ssl,
                      X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    SSL_set_verify(ssl, SSL_VERIFY_PEER, on_verify);
    if (SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1)
        return ssl;
    cw_fatal("cannot set the name to verify");
}

static uint16_t port_of(const struct cw_https *h)
{
    int port = evhttp_uri_get_port(h->uri);
    return port >= 0 ? (uint16_t)port : h->port;
}

static struct evhttp_request *new_request(struct cw_https *h)
{
    struct evhttp_request *req = evhttp_request_new(on_response, h);
    cw_assert(req);
    struct evkeyvalq *headers = evhttp_request_get_output_headers(req);
    const char *host = evhttp_uri_get_host(h->uri);
    struct cw_str named = port_of(h) == DEFAULT_PORT
                              ? cw_str_of(host)
                              : cw_arena_printf(&h->arena, "%s:%u", host, port_of(h));
    evhttp_request_set_error_cb(req, on_error);
    evhttp_add_header(headers, "Host", named.p);
    evhttp_add_header(headers, "Accept", "application/json");
    evhttp_add_header(headers, "Connection", "close");
    return req;
}

/* Path and query, as in a request line. */
static struct cw_str path_text(struct cw_https *h)
{
    const char *path = evhttp_uri_get_path(h->uri), *query = evhttp_uri_get_query(h->uri);
    return cw_arena_printf(&h->arena, "%s%s%s", path && *path ? path : "/", query ? "?" : "",
                           query ? query : "");
}

static void try_next(struct cw_https *h)
{
    const struct cw_addr *addr = &h->addrs[h->next++];
    struct event_base *base = cw_resolver_base(h->resolver);
    const struct timeval patience = {ONE_ADDRESS_MS / 1000, 0};
    h->tls_fault = NULL;
    h->answer = (struct cw_https_answer){0};
    h->bev = bufferevent_openssl_socket_new(base, -1, new_tls(h), BUFFEREVENT_SSL_CONNECTING,
                                            BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
    cw_assert(h->bev);
    /* An address as text: nothing is looked up. */
    h->conn = evhttp_connection_base_bufferevent_new(
        base, NULL, h->bev, cw_addr_ip(&h->arena, addr).p, cw_addr_port(addr));
    cw_assert(h->conn);
    evhttp_connection_set_max_body_size(h->conn, CW_HTTPS_MAX_BODY);
    evhttp_connection_set_max_headers_size(h->conn, CW_HTTPS_MAX_HEADERS);
    if (h->next < h->n_addrs)
        evhttp_connection_set_timeout_tv(h->conn, &patience);
    if (evhttp_make_request(h->conn, new_request(h), EVHTTP_REQ_GET, path_text(h).p) == 0)
        return;
    if (!cw_str_is_present(h->answer.sentence))
        note_fault(h, "cannot be connected to");
    cw_timer_set(h->step, 0);
}

static void on_targets(void *arg, const struct cw_target_list *list)
{
    struct cw_https *h = arg;
    size_t n_refused = 0;
    h->query = NULL;
    h->n_addrs = h->next = 0;
    for (size_t i = 0; i < list->n; i++) {
        if (h->may_connect && !h->may_connect(h->arg, &list->targets[i].addr))
            n_refused++;
        else
            h->addrs[h->n_addrs++] = list->targets[i].addr;
    }
    if (h->n_addrs > 0) {
        try_next(h);
        return;
    }
    if (n_refused > 0)
        note_fault(h, "has an address that the settings refuse");
    else
        note_fault(h,
                   cw_arena_printf(&h->arena, "cannot be found: %.*s", CW_ARG(list->sentence)).p);
    finish(h);
}

/* --- URLs -------------------------------------------------------------------------------------*/

/* What may be asked for: https, a host, nobody's name and password. */
static bool is_usable(const struct evhttp_uri *uri)
{
    const char *scheme = evhttp_uri_get_scheme(uri), *host = evhttp_uri_get_host(uri);
    int port = evhttp_uri_get_port(uri);
    return scheme && cw_str_eq_nocase(cw_str_of(scheme), CW_S("https")) && host && *host &&
           host[0] != '[' && !evhttp_uri_get_userinfo(uri) &&
           (port == -1 || (port > 0 && port <= UINT16_MAX));
}

/* The next thing to ask for; false when it must not be. */
static bool set_url(struct cw_https *h, struct cw_str text)
{
    struct cw_str whole = cw_arena_dup(&h->arena, text);
    bool is_plain = text.n > 0 && text.n <= CW_HTTPS_MAX_URL && strlen(whole.p) == text.n;
    struct evhttp_uri *uri = is_plain ? evhttp_uri_parse(whole.p) : NULL;
    if (!uri || !is_usable(uri)) {
        if (uri)
            evhttp_uri_free(uri);
        return false;
    }
    if (h->uri)
        evhttp_uri_free(h->uri);
    h->uri = uri;
    evhttp_uri_set_fragment(uri, NULL);
    return true;
}

static void look_up(struct cw_https *h)
{
    const char *host = evhttp_uri_get_host(h->uri);
    struct cw_target_ask ask = {
        .domain = cw_str_of(host),
        .proxy = cw_arena_printf(&h->arena, "%s:%u", host, port_of(h)),
    };
    h->query = cw_target_find(h->resolver, &ask, on_targets, h);
}

/* RFC 9110 section 10.2.2: the new URL may be a path on the same host. */
static void follow(struct cw_https *h)
{
    struct cw_str to = h->location;
    h->location = CW_STR_NONE;
    if (++h->n_redirects > CW_HTTPS_MAX_REDIRECTS) {
        note_fault(h, "redirects more than three times");
        finish(h);
        return;
    }
    if (cw_str_starts(to, CW_S("/")) && !cw_str_starts(to, CW_S("//")))
        to = cw_arena_printf(&h->arena, "https://%s:%u%.*s", evhttp_uri_get_host(h->uri),
                             port_of(h), CW_ARG(to));
    if (set_url(h, to)) {
        look_up(h);
        return;
    }
    note_fault(h, "redirects to something else than an https URL");
    finish(h);
}

/* --- time -------------------------------------------------------------------------------------*/

static void on_step(void *arg)
{
    struct cw_https *h = arg;
    if (h->conn)
        evhttp_connection_free(h->conn);
    h->conn = NULL;
    h->bev = NULL;
    if (cw_str_is_present(h->location))
        follow(h);
    else if (h->answer.status == 0 && h->next < h->n_addrs)
        try_next(h);
    else
        finish(h);
}

static void on_end(void *arg)
{
    struct cw_https *h = arg;
    h->answer = (struct cw_https_answer){0};
    note_fault(h, h->conn ? "does not answer in time" : "cannot be found in time");
    finish(h);
}

/* The anchors are shared; everything else is as for any web server. */
static SSL_CTX *new_settings(const struct cw_tls_ctx *tls)
{
    SSL_CTX *ssl = SSL_CTX_new(TLS_client_method());
    cw_assert(ssl && SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION) == 1);
    SSL_CTX_set1_cert_store(ssl, SSL_CTX_get_cert_store(cw_tls_ctx_ssl(tls)));
    SSL_CTX_set_options(ssl, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_security_level(ssl, 2);
    SSL_CTX_set_max_cert_list(ssl, CW_HTTPS_MAX_BODY);
    SSL_CTX_set_verify_depth(ssl, CW_TLS_MAX_CHAIN);
    return ssl;
}

struct cw_https *cw_https_get(const struct cw_https_ask *ask,
                              void (*fn)(void *arg, const struct cw_https_answer *))
{
    struct cw_https *h = cw_alloc(sizeof *h);
    struct event_base *base = cw_resolver_base(ask->resolver);
    h->resolver = ask->resolver;
    h->ssl = new_settings(ask->tls);
    h->port = ask->port ? ask->port : DEFAULT_PORT;
    h->may_connect = ask->may_connect;
    h->fn = fn;
    h->arg = ask->arg;
    h->step = cw_timer_new(base, on_step, h);
    h->end = cw_timer_new(base, on_end, h);
    if (set_url(h, ask->url)) {
        cw_timer_set(h->end, ask->timeout_ms ? ask->timeout_ms : DEFAULT_TIMEOUT_MS);
        look_up(h);
    } else {
        h->answer.sentence = CW_S("this is no https URL");
        cw_timer_set(h->step, 0);
    }
    return h;
}
