"""Every way in which a stream with a partner can fail, as rows: how it is provoked, and what
`causeway partner diagnose` must say of it."""

import contextlib
import dataclasses
import socket

from . import rogue
from .ca import Authority
from .nameserver import Name
from .scripted import (CANNOT_CONNECT, EXTERNAL, OFFERS_DIALBACK, OFFERS_TLS, answers_verify,
                       dialback, distrusts, handshake, hangs_up, knows_no_dialback, late,
                       no_starttls, offers, only_a_header, over_tls, plain_on_tls_port,
                       ready_then, refuses_starttls, says, silence, stream_error)
from .settings import LOCAL_DOMAIN

DIALBACK = {"sasl": "NotSupported", "dialback": "true"}
PLAIN = {"tls": "NotSupported", **DIALBACK}


@dataclasses.dataclass
class Case:
    """`talk` serves the partner's address, `place` arranges DNS and address when there is no server
    to talk; `after` is done once the stream is ready, `call` instead of sending."""

    reason: str
    side: str
    sentence: str  #: with {domain}, {address} and {local}
    talk: object = None
    place: object = None
    pair: object = None  #: (authority, domain) -> certificate
    rules: dict = dataclasses.field(default_factory=dict)
    before: object = None
    after: object = None
    call: object = None
    failed_step: str = ""
    result: str = "failed"
    domain: str = ""
    address: str = ""
    server: rogue.Partner = None

    @property
    def direction(self) -> str:
        return "inbound" if self.call else "outbound"


def zone(border, domain, **records):
    border.names.zone[domain] = Name(**records)


def to_address(ip, port=5269):
    """SRV and address records for a place where no server of ours is."""
    def place(border, case):
        border.publish(case.domain, (ip(border) if callable(ip) else ip, port))
        return ip(border) if callable(ip) else ip, port
    return place


def in_dns(**hosts):
    """Records by a prefix of the domain; "domain" and "srv" are the two that count."""
    def place(border, case):
        names = {"domain": case.domain, "srv": f"_xmpp-server._tcp.{case.domain}",
                 "host": f"host.{case.domain}"}
        for key, records in hosts.items():
            records = {kind: [(*value[:3], value[3].format(domain=case.domain))
                              for value in values] if kind == "SRV" else values
                       for kind, values in records.items()}
            zone(border, names[key], **records)
        return None
    return place


def at_tls_port(border, case):
    place = border.address(), 5269
    zone(border, f"_xmpps-server._tcp.{case.domain}", SRV=[(0, 0, place[1], f"h.{case.domain}")])
    zone(border, f"h.{case.domain}", A=[place[0]])
    return place


def black_hole(border, case):
    """Nobody accepts there and the queue is full."""
    place = border.address(), 5269
    for number in range(4):
        sock = border.enter(contextlib.closing(socket.socket()))
        if number == 0:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(place)
            sock.listen(0)
        else:
            sock.setblocking(False)
            sock.connect_ex(place)
    border.publish(case.domain, place)
    return place


def free_port(border, case):
    place = border.address(), 5269
    border.publish(case.domain, place)
    return place


def self_signed(authority, domain):
    return authority.self_signed(domain, domain)


def expired(authority, domain):
    return authority.issue_expired(domain, domain)


def not_yet_valid(authority, domain):
    return authority.issue_later(domain, domain)


def wrong_name(authority, domain):
    return authority.issue(domain, "other.test", "another.test")


def for_code(authority, domain):
    return authority.issue_for_code(domain, domain)


def of_unknown(authority, domain):
    return Authority(authority.directory / "unknown", "Unknown CA").create().issue(domain, domain)


def revoked(authority, _domain):
    return authority.revoked


def fill_the_limit(border, case):
    border.call(case.server)


def by_command(*words):
    def act(border, case):
        border.causeway.command(*(word.format(domain=case.domain) for word in words))
    return act


def above_the_limit(border, case):
    border.call(case.server)
    with contextlib.suppress(rogue.Ended):
        border.call(case.server).wait_end()


def call_in(border, case, sender="", to=LOCAL_DOMAIN) -> rogue.Stream:
    stream = border.enter(rogue.connect(border.settings.edge))
    stream.header(sender or case.domain, to)
    stream.expect("stream")
    return stream


def as_stranger(border, case):
    call_in(border, case).wait_end()


def for_another_domain(border, case):
    call_in(border, case, to="not-ours.test").wait_end()


def with_nonsense(border, case):
    stream = call_in(border, case)
    stream.expect("features")
    stream.send("<oops></wrong>")
    stream.wait_end()


def with_certificate(border, case):
    """SASL EXTERNAL with a certificate that does not do."""
    stream = border.enter(rogue.connect(border.settings.edge))
    stream.open(case.domain, LOCAL_DOMAIN)
    tls = rogue.context(border.authority, case.server.pair)
    stream.start_tls(tls)
    stream.open(case.domain, LOCAL_DOMAIN)
    stream.send("</stream:stream>")
    stream.wait_end()


def without_certificate(border, case):
    """Over TLS as a client that shows none."""
    stream = border.enter(rogue.connect(border.settings.edge))
    stream.open(case.domain, LOCAL_DOMAIN)
    stream.start_tls(rogue.context(border.authority))
    stream.open(case.domain, LOCAL_DOMAIN)
    stream.send("</stream:stream>")
    stream.wait_end()


def and_hangs_up(border, case):
    call_in(border, case).close()


def with_a_forged_key(border, case):
    """Dialback, and the domain's own server knows nothing of it."""
    stream = border.enter(rogue.connect(border.settings.edge))
    stream.open(case.domain, LOCAL_DOMAIN)
    stream.start_tls(rogue.context(border.authority, case.server.pair))
    stream.open(case.domain, LOCAL_DOMAIN)
    stream.send(f"<db:result from='{case.domain}' to='{LOCAL_DOMAIN}'>forged</db:result>")
    stream.expect("result", 20)
    stream.send("</stream:stream>")
    stream.wait_end()


def with_a_key(border, case):
    """Dialback, which the settings do not allow."""
    stream = call_in(border, case)
    stream.expect("features")
    stream.start_tls(rogue.context(border.authority, case.server.pair))
    stream.open(case.domain, LOCAL_DOMAIN)
    stream.send(f"<db:result from='{case.domain}' to='{LOCAL_DOMAIN}'>key</db:result>")
    stream.wait_end(20)


ONCE_READY = {"result": "ended"}
REFUSED = {"result": "refused"}

CASES = {
    # DNS
    "nxdomain": Case("no-such-domain", "partner", "{domain} does not exist in the DNS.",
                     place=in_dns(), failed_step="dns"),
    "no-srv": Case("no-address", "partner",
                   "{domain} has no SRV record for XMPP servers and no address of its own.",
                   place=in_dns(domain={}), failed_step="srv"),
    "no-host": Case("no-target-address", "partner",
                    "The SRV records of {domain} name hosts that have no address.",
                    place=in_dns(srv={"SRV": [(0, 0, 5269, "host.{domain}")]}),
                    failed_step="srv"),
    "dot": Case("no-service", "partner",
                '{domain} says in the DNS that it has no XMPP server for others (SRV target ".").',
                place=in_dns(srv={"SRV": [(0, 0, 0, ".")]}, domain={"A": ["127.0.0.1"]}),
                failed_step="srv"),
    "servfail": Case("dns-failed", "partner",
                     "The name servers of {domain} answer with an error, or not at all.",
                     place=in_dns(srv={"fails": True}, domain={"fails": True}),
                     failed_step="dns"),
    "mute": Case("dns-failed", "partner",
                 "The name servers of {domain} answer with an error, or not at all.",
                 place=in_dns(domain={"silent": True}), failed_step="dns"),
    "refused-target": Case("target-refused", "ours",
                           "Our settings refuse to connect to {address}, where {domain} is to be "
                           "found.", place=to_address(lambda border: border.settings.address(99)),
                           failed_step="tcp", **REFUSED),
    "ourselves": Case("own-address", "partner",
                      "{address}, where the DNS leads for {domain}, is this server itself.",
                      place=to_address(lambda border: border.settings.edge[0]),
                      failed_step="tcp"),
    # TCP
    "closed-port": Case("connection-refused", "partner", "{address} refuses the connection.",
                        place=free_port, failed_step="tcp"),
    "no-route": Case("unreachable", "network",
                     "{address} cannot be reached: Network is unreachable.",
                     place=to_address("224.0.0.1"), failed_step="tcp"),
    "black-hole": Case("connect-timeout", "network",
                       "{address} does not answer the attempt to connect.", place=black_hole,
                       failed_step="tcp"),
    "silent": Case("silent-peer", "partner",
                   "{address} took the connection and never sent a stream header.", talk=silence,
                   failed_step="features"),
    "mail": Case("not-xmpp", "partner",
                 "What {address} sends is no XMPP stream between servers: the XML is not "
                 "well-formed.",
                 talk=says("220 mail.example ESMTP\r\n"), failed_step="features"),
    "tls-there": Case("tls-on-plain-port", "partner",
                      "{address} speaks TLS from the first byte where a plain stream header was "
                      "expected.", talk=says(b"\x15\x03\x01\x00\x02\x02\x46"),
                      failed_step="features"),
    "plain-there": Case("plain-text-on-tls-port", "partner",
                        "{address} answers in plain text where TLS was announced.",
                        talk=plain_on_tls_port, place=at_tls_port, failed_step="tls"),
    "hangs-up": Case("closed-without-word", "partner",
                     "The partner's server closed the connection before the stream was ready and "
                     "gave no reason.", talk=hangs_up, failed_step="features"),
    # TLS
    "no-starttls": Case("starttls-not-offered", "partner",
                        "The server of {domain} does not offer TLS, and our settings need it.",
                        talk=no_starttls, failed_step="tls"),
    "starttls-failure": Case("starttls-refused", "partner",
                             "The server of {domain} did not start TLS, and our settings need it.",
                             talk=refuses_starttls, failed_step="tls", **REFUSED),
    "wants-tls": Case("tls-not-supported", "ours",
                      "{domain} requires TLS, and our settings forbid it for this partner.",
                      talk=offers(OFFERS_TLS + OFFERS_DIALBACK), rules=PLAIN, failed_step="tls",
                      **REFUSED),
    "alert": Case("tls-alert", "partner",
                  'The server of {domain} broke the TLS handshake off with the alert "handshake '
                  'failure".', talk=handshake(b"\x15\x03\x03\x00\x02\x02\x28"), failed_step="tls",
                  **REFUSED),
    "distrusts": Case("tls-alert", "partner",
                      'The server of {domain} broke the TLS handshake off with the alert "unknown '
                      'CA".', talk=distrusts, failed_step="tls", **REFUSED),
    "old-tls": Case("tls-version", "partner",
                    "The server of {domain} speaks no TLS version that is accepted here (1.2 and "
                    "1.3).", talk=handshake(b"\x15\x03\x01\x00\x02\x02\x46"), failed_step="tls"),
    "no-hello": Case("tls-timeout", "partner",
                     "The TLS handshake with the server of {domain} was never finished.",
                     talk=handshake(None), failed_step="tls"),
    "half-hello": Case("tls-failed", "partner",
                       "The TLS handshake with the server of {domain} failed: the TLS handshake "
                       "failed: the peer closed the connection during the handshake.",
                       talk=handshake(b"\x16\x03\x03\x00\x50"), failed_step="tls"),
    # certificates
    "self-signed": Case("certificate-self-signed", "partner",
                        "The certificate of {domain} is self-signed.", talk=over_tls(),
                        pair=self_signed, failed_step="authentication", **REFUSED),
    "expired": Case("certificate-expired", "partner",
                    "The certificate of {domain} has expired ({not-after}).", talk=over_tls(),
                    pair=expired, failed_step="authentication", **REFUSED),
    "too-new": Case("certificate-not-yet-valid", "partner",
                    "The certificate of {domain} is not valid yet.", talk=over_tls(),
                    pair=not_yet_valid, failed_step="authentication", **REFUSED),
    "misnamed": Case("certificate-wrong-name", "partner",
                     "The certificate that the partner's server showed does not name {domain}, but "
                     "other.test, another.test.", talk=over_tls(), pair=wrong_name,
                     failed_step="authentication", **REFUSED),
    "unknown-ca": Case("certificate-unknown-ca", "partner",
                       "The certificate of {domain} comes from an authority that is not trusted "
                       "here, or its chain is incomplete (issuer CN = Unknown CA).",
                       talk=over_tls(), pair=of_unknown, failed_step="authentication", **REFUSED),
    "revoked": Case("certificate-revoked", "partner",
                    "The certificate of {domain} was revoked by its authority.", talk=over_tls(),
                    pair=revoked, failed_step="authentication", **REFUSED),
    "for-code": Case("certificate-purpose", "partner",
                     "The certificate of {domain} was not made for TLS.", talk=over_tls(),
                     pair=for_code, failed_step="authentication", **REFUSED),
    "pinned": Case("certificate-pin", "partner",
                   "The certificate of {domain} has another key, or another authority, than the "
                   "one that is set for this partner.", talk=over_tls(),
                   rules={"pinned_keys": "sha256:" + "A" * 43 + "="},
                   failed_step="authentication", **REFUSED),
    # authentication
    "no-external": Case("external-not-offered", "partner",
                        "The server of {domain} does not let us authenticate by certificate (it "
                        "does not offer SASL EXTERNAL), and our settings need that.",
                        talk=over_tls(""), failed_step="authentication", **REFUSED),
    "external-failure": Case("external-refused", "partner",
                             "The server of {domain} refused our certificate (SASL EXTERNAL: "
                             "not-authorized).",
                             talk=over_tls(EXTERNAL, ("auth", f"<failure xmlns='{rogue.SASL}'>"
                                                      "<not-authorized/></failure>")),
                             failed_step="authentication", **REFUSED),
    "no-dialback": Case("dialback-not-offered", "partner",
                        "The server of {domain} does not offer dialback, and our settings leave no "
                        "other way.", talk=knows_no_dialback, rules=DIALBACK,
                        failed_step="authentication", **REFUSED),
    "db-invalid": Case("dialback-invalid", "partner",
                       "The dialback key was called invalid, so the domain is not proven.",
                       talk=dialback("invalid"), rules=DIALBACK, failed_step="authentication",
                       **REFUSED),
    "db-error": Case("dialback-error", "partner",
                     "Dialback with {domain} ended in an error: remote-server-timeout.",
                     talk=dialback("error", CANNOT_CONNECT), rules=DIALBACK,
                     failed_step="authentication"),
    "db-silent": Case("dialback-timeout", "partner",
                      "The server of {domain} never answered our dialback key.",
                      talk=dialback(""), rules=DIALBACK, failed_step="authentication"),
    "no-features": Case("establishment-timeout", "partner",
                        "The stream with {domain} was not authenticated in time.",
                        talk=only_a_header, failed_step="features"),
    "limit": Case("too-many-streams", "ours",
                  "The limit of streams with {domain}, or of all streams, is reached here.",
                  rules={"connection_limit": 1}, before=fill_the_limit, **REFUSED),
    "limit-in": Case("too-many-streams", "ours",
                     "The limit of streams with {domain}, or of all streams, is reached here.",
                     rules={"connection_limit": 1}, call=above_the_limit, **REFUSED),
    # what the partner's server says
    "violation": Case("partner-policy-violation", "partner",
                      "The server of {domain} says that we violate its policy (policy-violation: "
                      "You may not).",
                      talk=over_tls(EXTERNAL, ("auth", stream_error("policy-violation",
                                                                    "You may not."))),
                      failed_step="authentication", **REFUSED),
    "unlisted": Case("not-listed-there", "partner",
                     "The server of {domain} does not take {local} for a domain that may connect "
                     "(not-authorized: Who are you?).",
                     talk=over_tls(EXTERNAL, ("auth", stream_error("not-authorized",
                                                                   "Who are you?"))),
                     failed_step="authentication", **REFUSED),
    "elsewhere": Case("not-served-there", "partner",
                      "The server that the DNS names for {domain} says that it does not serve that "
                      "domain (host-unknown).",
                      talk=says(f"<stream:stream xmlns='{rogue.SERVER}' "
                                f"xmlns:stream='{rogue.STREAMS}' version='1.0' id='x'>"
                                + stream_error("host-unknown")), failed_step="features",
                      **REFUSED),
    "full": Case("partner-limit", "partner",
                 "The server of {domain} has no room for this stream (resource-constraint).",
                 talk=over_tls(EXTERNAL, ("auth", stream_error("resource-constraint"))),
                 failed_step="authentication", **REFUSED),
    "other-error": Case("partner-stream-error", "partner",
                        "The server of {domain} ended the stream with an error "
                        "(undefined-condition: Tuesday).",
                        talk=over_tls(EXTERNAL, ("auth", stream_error("undefined-condition",
                                                                      "Tuesday"))),
                        failed_step="authentication", **REFUSED),
    # inbound
    "stranger": Case("not-a-partner", "ours", "{domain} is no enabled partner here.",
                     call=as_stranger, **REFUSED),
    "astray": Case("not-our-domain", "partner",
                   "The server of {domain} asked for a domain that is not served here.",
                   call=for_another_domain, **REFUSED),
    "nonsense": Case("protocol-error", "partner",
                     "What the server of {domain} sent breaks the rules of XMPP: the XML is "
                     "not well-formed.",
                     call=with_nonsense),
    "expired-in": Case("certificate-expired", "partner",
                       "The certificate of {domain} has expired ({not-after}).", pair=expired,
                       call=with_certificate, **REFUSED),
    "bare-in": Case("certificate-none", "partner",
                    "The server of {domain} showed no certificate, and our settings need one.",
                    call=without_certificate, **REFUSED),
    "leaves": Case("closed-without-word", "partner",
                   "The partner's server closed the connection before the stream was ready and "
                   "gave no reason.", call=and_hangs_up),
    "forged-in": Case("dialback-invalid", "partner",
                      "The dialback key was called invalid, so the domain is not proven.",
                      talk=answers_verify("invalid"), rules=DIALBACK, call=with_a_forged_key,
                      **REFUSED),
    "db-in": Case("dialback-not-allowed", "ours",
                  "Only dialback is left with {domain}, and our settings do not allow it on such a "
                  "stream.", call=with_a_key, **REFUSED),
    # after READY
    "late-error": Case("partner-stream-error", "partner",
                       "The server of {domain} ended the stream with an error (conflict: There is "
                       "another).", talk=late(stream_error("conflict", "There is another.")),
                       **ONCE_READY),
    "goes-down": Case("partner-shutdown", "partner", "The server of {domain} is going down.",
                      talk=late(stream_error("system-shutdown")), **ONCE_READY),
    "reset": Case("connection-lost", "network",
                  "The connection with the server of {domain} broke: Connection reset by peer.",
                  talk=ready_then(lambda stream: stream.reset()), **ONCE_READY),
    "goodbye": Case("closed-by-partner", "partner", "The server of {domain} closed the stream.",
                    talk=late("</stream:stream>"), **ONCE_READY),
    "closed-here": Case("closed-by-administrator", "ours",
                        "An administrator closed the stream here.",
                        after=by_command("stream", "close", "--partner", "{domain}"),
                        **ONCE_READY),
    "changed": Case("policy-changed", "ours",
                    "The settings for {domain} were changed here and this stream does not satisfy "
                    "them any more.",
                    after=by_command("partner", "set", "{domain}", "--sasl", "NotSupported",
                                     "--dialback", "true"), **ONCE_READY),
}
