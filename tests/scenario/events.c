/* Commands that are events: what happens to the stream. */
#include "replay.h"

#include "base/buf.h"

enum { MAX_NAMES = 8 }; /* in a certificate */

void do_apply(struct replay *r, struct cw_str rest)
{
    (void)rest;
    world_apply_policy(&r->world);
}

void do_inbound(struct replay *r, struct cw_str rest)
{
    (void)rest;
    world_start(&r->world, CW_INBOUND, CW_STR_NONE, CW_STR_NONE, false);
}

void do_outbound(struct replay *r, struct cw_str rest)
{
    struct cw_str local = word(&rest);

    world_start(&r->world, CW_OUTBOUND, local, rest, false);
}

void do_verifier(struct replay *r, struct cw_str rest)
{
    struct cw_str local = word(&rest);

    world_start(&r->world, CW_OUTBOUND, local, rest, true);
}

void do_owner(struct replay *r, struct cw_str rest)
{
    r->world.proves = r->world.bidi = r->world.busy = false;
    while (rest.n > 0) {
        struct cw_str what = word(&rest);

        if (cw_str_eq_cstr(what, "proves"))
            r->world.proves = true;
        else if (cw_str_eq_cstr(what, "bidi"))
            r->world.bidi = true;
        else if (cw_str_eq_cstr(what, "busy"))
            r->world.busy = true;
        else
            replay_fail(r, CW_S("owners see to no such thing"), what);
    }
}

void do_recv(struct replay *r, struct cw_str rest)
{
    world_receive(&r->world, unescape(&r->world.arena, rest));
}

void do_recv_many(struct replay *r, struct cw_str rest)
{
    struct cw_str count = word(&rest), piece = unescape(&r->world.arena, rest);
    struct cw_buf b = {0};
    uint64_t n;

    if (!cw_str_to_u64(count, &n))
        replay_fail(r, CW_S("no number"), count);
    for (uint64_t i = 0; i < n; i++)
        cw_buf_puts(&b, piece);
    world_receive(&r->world, cw_buf_str(&b));
    cw_buf_free(&b);
}

static void add_name(struct replay *r, struct cw_cert *cert, struct cw_cert_name *names,
                     struct cw_str text)
{
    ptrdiff_t colon = cw_str_index(text, ':');
    struct cw_str type = cw_str_sub(text, 0, colon < 0 ? 0 : (size_t)colon);
    enum cw_cert_name_type kind = CW_CERT_CN;

    if (cw_str_eq_cstr(type, "dns"))
        kind = CW_CERT_DNS_ID;
    else if (cw_str_eq_cstr(type, "srv"))
        kind = CW_CERT_SRV_ID;
    else if (cw_str_eq_cstr(type, "xmpp"))
        kind = CW_CERT_XMPP_ADDR;
    else if (!cw_str_eq_cstr(type, "cn"))
        replay_fail(r, CW_S("no such type of name"), text);
    names[cert->n_names++] =
        (struct cw_cert_name){.type = kind, .value = cw_str_sub(text, (size_t)colon + 1, text.n)};
}

/* The value of "key=value", or absent. */
static struct cw_str field(struct cw_str text, struct cw_str key)
{
    return cw_str_starts(text, key) ? cw_str_sub(text, key.n, text.n) : CW_STR_NONE;
}

static enum cw_cert_proof proof_of(struct replay *r, struct cw_str name)
{
    for (int p = CW_PROOF_NONE; p <= CW_PROOF_POSH; p++)
        if (cw_str_eq_cstr(name, cw_cert_proof_name((enum cw_cert_proof)p)))
            return (enum cw_cert_proof)p;
    replay_fail(r, CW_S("no such proof"), name);
}

static void read_names(struct replay *r, struct cw_str list, struct cw_cert *cert,
                       struct cw_cert_name *names)
{
    while (list.n > 0 && cert->n_names < MAX_NAMES) {
        ptrdiff_t comma = cw_str_index(list, ',');
        size_t end = comma < 0 ? list.n : (size_t)comma;

        add_name(r, cert, names, cw_str_sub(list, 0, end));
        list = cw_str_sub(list, end + 1, list.n);
    }
}

/* An event with the certificate that `text` describes; without one when there is no text. */
static void step_with_cert(struct replay *r, enum cw_s2s_event_kind kind, struct cw_str text)
{
    struct cw_cert_name names[MAX_NAMES];
    struct cw_cert cert = {.names = names, .chain_reason = CW_STR("self-signed certificate")};
    struct cw_str chain = word(&text);

    cert.present = !cw_str_eq_cstr(chain, "cert=none");
    cert.is_ca = cw_str_eq_cstr(chain, "cert=ca");
    cert.chain_ok = cert.is_ca || cw_str_eq_cstr(chain, "cert=good");
    while (text.n > 0) {
        struct cw_str more = word(&text);

        read_names(r, field(more, CW_S("names=")), &cert, names);
        if (cw_str_is_present(field(more, CW_S("proven="))))
            cert.proven_for = field(more, CW_S("proven="));
        if (cw_str_is_present(field(more, CW_S("by=")))) { /* its names hold spaces: to the end */
            cert.proof = proof_of(
                r, cw_str_trim(cw_arena_printf(&r->world.arena, "%.*s %.*s",
                                               CW_ARG(field(more, CW_S("by="))), CW_ARG(text))));
            text = CW_S("");
        }
    }
    world_step(&r->world, &(struct cw_s2s_event){.kind = kind,
                                                 .cert = chain.n > 0 ? &cert : NULL,
                                                 .tls_version = CW_S("TLSv1.3"),
                                                 .tls_cipher = CW_S("TLS_AES_128_GCM_SHA256")});
}

void do_open(struct replay *r, struct cw_str rest)
{
    step_with_cert(r, CW_S2S_OPENED, rest);
}

void do_tls_up(struct replay *r, struct cw_str rest)
{
    step_with_cert(r, CW_S2S_TLS_UP, rest);
}

void do_proven(struct replay *r, struct cw_str rest)
{
    step_with_cert(r, CW_S2S_PROVEN, rest);
}

void do_tls_failed(struct replay *r, struct cw_str rest)
{
    world_step(&r->world, &(struct cw_s2s_event){.kind = CW_S2S_TLS_FAILED, .text = rest});
}

static struct cw_s2s_dialback read_dialback(struct cw_str *rest)
{
    struct cw_s2s_dialback d = {.originating = word(rest)};

    d.receiving = word(rest);
    d.id = word(rest);
    return d;
}

void do_dialback_answer(struct replay *r, struct cw_str rest)
{
    struct cw_s2s_dialback d = read_dialback(&rest);
    struct cw_str state = word(&rest);

    d.state = cw_str_eq_cstr(state, "valid")     ? CW_DIALBACK_VALID
              : cw_str_eq_cstr(state, "invalid") ? CW_DIALBACK_INVALID
                                                 : CW_DIALBACK_ERROR;
    if (rest.n > 0 && !cw_stanza_error_of(rest, &d.condition))
        replay_fail(r, CW_S("no such condition"), rest);
    world_step(&r->world, &(struct cw_s2s_event){.kind = CW_S2S_DIALBACK_ANSWER, .dialback = d});
}

void do_verify(struct replay *r, struct cw_str rest)
{
    struct cw_s2s_dialback d = read_dialback(&rest);

    d.key = rest;
    world_step(&r->world, &(struct cw_s2s_event){.kind = CW_S2S_VERIFY, .dialback = d});
}

static void send_stanza(struct replay *r, struct cw_str local, struct cw_str remote,
                        struct cw_str rest)
{
    const struct cw_xml_limits limits = CW_XML_LIMITS_DEFAULT;
    enum cw_xml_fault fault;
    struct cw_xml *stanza = cw_xml_parse(&r->world.arena, rest, &limits, &fault);

    if (!stanza)
        replay_fail(r, CW_S("not well-formed"), rest);
    world_step(&r->world,
               &(struct cw_s2s_event){
                   .kind = CW_S2S_SEND, .local = local, .remote = remote, .stanza = stanza});
}

void do_send(struct replay *r, struct cw_str rest)
{
    send_stanza(r, CW_STR_NONE, CW_STR_NONE, rest);
}

void do_send_of(struct replay *r, struct cw_str rest)
{
    struct cw_str local = word(&rest), remote = word(&rest);

    send_stanza(r, local, remote, rest);
}

void do_add_pair(struct replay *r, struct cw_str rest)
{
    struct cw_str local = word(&rest);

    world_step(&r->world,
               &(struct cw_s2s_event){.kind = CW_S2S_ADD_PAIR, .local = local, .remote = rest});
}

void do_time(struct replay *r, struct cw_str rest)
{
    r->world.now_ms += replay_read_ms(r, rest);
    world_step(&r->world, &(struct cw_s2s_event){.kind = CW_S2S_TIMER});
}

void do_close(struct replay *r, struct cw_str rest)
{
    struct cw_s2s_event e = {.kind = CW_S2S_CLOSE, .text = CW_STR("We want to close.")};

    e.has_error = rest.n > 0;
    if (e.has_error && !cw_stream_error_of(rest, &e.stream_error))
        replay_fail(r, CW_S("no such stream error"), rest);
    world_step(&r->world, &e);
}

void do_eof(struct replay *r, struct cw_str rest)
{
    (void)rest;
    world_step(&r->world,
               &(struct cw_s2s_event){.kind = CW_S2S_EOF, .text = CW_S("The connection broke.")});
}
