"""Why a stream did not come up: every failure is provoked, and its reason, its side and its sentence
are asked of `causeway partner diagnose`.

One Causeway has a partner for each failure; all are dialled at once, so that the slow ones wait
together.
"""

import contextlib
import dataclasses
import socket

import pytest

from lab import rogue
from lab.border import Border
from lab.ca import Authority
from lab.nameserver import Name
from lab.partner import Mode
from lab.process import wait_until
from lab.prosody import Prosody
from lab.settings import LOCAL_DOMAIN
from lab.signedzone import SignedZones, Zone, tlsa

from conftest import settings_for

pytestmark = pytest.mark.xdist_group("failures")

ALICE = f"alice@{LOCAL_DOMAIN}"
DIALBACK = {"sasl": "NotSupported", "dialback": "true"}
PLAIN = {"tls": "NotSupported", **DIALBACK}
EXTERNAL = f"<mechanisms xmlns='{rogue.SASL}'><mechanism>EXTERNAL</mechanism></mechanisms>"
OFFERS_DIALBACK = "<dialback xmlns='urn:xmpp:features:dialback'><errors/></dialback>"
OFFERS_TLS = f"<starttls xmlns='{rogue.TLS}'><required/></starttls>"


# --- what the partners' servers do


class Scripted(rogue.Partner):
    """Does what its script says, and closes the connection behind it."""

    def __init__(self, place, authority, pair, talk):
        super().__init__(place, authority, pair)
        self._script = talk

    def _talk(self, stream) -> None:
        self._script(self, stream)

    def begin_tls(self, stream) -> None:
        self._greet(stream, OFFERS_TLS)
        stream.expect("starttls")
        stream.send(f"<proceed xmlns='{rogue.TLS}'/>")

    def over_tls(self, stream, features: str) -> None:
        """As far as the features over TLS."""
        self.begin_tls(stream)
        stream.socket = self._tls.wrap_socket(stream.socket, server_side=True)
        stream._restart()
        self._greet(stream, features)


def stay(stream) -> None:
    stream.wait_end(60)


def silence(_server, stream):
    stay(stream)


def says(text):
    """The answer to our stream header."""
    def talk(_server, stream):
        stream.expect("stream")
        stream.send(text)
        stay(stream)
    return talk


def hangs_up(_server, stream):
    stream.expect("stream")


def only_a_header(server, stream):
    stream.expect("stream")
    stream.header(stream.opening.get("to"), stream.opening.get("from"), " id='x'")
    stay(stream)


def offers(features):
    def talk(server, stream):
        server._greet(stream, features)
        stay(stream)
    return talk


def no_starttls(server, stream):
    server._greet(stream, OFFERS_DIALBACK)
    stream.expect("starttls")
    stream.send(f"<stream:error><unsupported-stanza-type xmlns='{rogue.STREAM_ERRORS}'/>"
                "</stream:error></stream:stream>")
    stay(stream)


def refuses_starttls(server, stream):
    server._greet(stream, OFFERS_TLS)
    stream.expect("starttls")
    stream.send(f"<failure xmlns='{rogue.TLS}'/></stream:stream>")
    stay(stream)


def handshake(record):
    """What comes instead of a ServerHello; None: nothing."""
    def talk(server, stream):
        server.begin_tls(stream)
        stream.socket.recv(4096)
        if record is not None:
            stream.send(record)
            stream.socket.shutdown(socket.SHUT_WR)
        stay(stream)
    return talk


def over_tls(features=EXTERNAL, answer=None):
    """answer: (the element that is waited for, what is said to it)."""
    def talk(server, stream):
        server.over_tls(stream, features)
        if answer:
            stream.expect(answer[0])
            stream.send(answer[1])
        stay(stream)
    return talk


def stream_error(condition: str, text: str = "") -> str:
    words = f"<text xmlns='{rogue.STREAM_ERRORS}'>{text}</text>" if text else ""
    return (f"<stream:error><{condition} xmlns='{rogue.STREAM_ERRORS}'/>{words}</stream:error>"
            "</stream:stream>")


def dialback(kind: str, inside: str = ""):
    """The answer to our key; "": none."""
    def talk(server, stream):
        server.over_tls(stream, OFFERS_DIALBACK)
        asked = stream.expect("result")
        if kind:
            stream.send(f"<db:result from='{asked.get('to')}' to='{asked.get('from')}' "
                        f"type='{kind}'>{inside}</db:result>")
        stay(stream)
    return talk


def ready_then(act):
    """A stream that is ready and has brought a message; then `act(stream)`."""
    def talk(server, stream):
        server.over_tls(stream, EXTERNAL)
        stream.expect("auth")
        stream.send(f"<success xmlns='{rogue.SASL}'/>")
        stream._restart()
        server._greet(stream, "")
        stream.expect("message")
        act(stream)
    return talk


def late(text):
    """The same, and something is said."""
    def act(stream):
        stream.send(text)
        stay(stream)
    return ready_then(act)


CANNOT_CONNECT = ("<error type='cancel'>"
                  f"<remote-server-timeout xmlns='{rogue.STANZA_ERRORS}'/></error>")


def plain_on_tls_port(_server, stream):
    stream.socket.recv(4096)
    stream.send("<?xml version='1.0'?><stream:stream xmlns='jabber:server'>")
    stay(stream)


# --- the failures


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
        sock = border._stack.enter_context(contextlib.closing(socket.socket()))
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


def send(border, case, body="hello"):
    return border.sip.send(ALICE, f"j@{case.domain}", body)


def wait_ready(border, case):
    wait_until(lambda: case.server.ready, 10, "a stream that is ready")


def fill_the_limit(border, case):
    border.call(case.server)


def by_command(*words):
    def act(border, case):
        border.causeway.command(*(word.format(domain=case.domain) for word in words))
    return act


def call_in(border, case, sender="", to=LOCAL_DOMAIN) -> rogue.Stream:
    stream = border._stack.enter_context(rogue.connect(border.settings.edge))
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
    stream = border._stack.enter_context(rogue.connect(border.settings.edge))
    stream.open(case.domain, LOCAL_DOMAIN)
    tls = rogue.context(border.authority, case.server.pair)
    stream.start_tls(tls)
    stream.open(case.domain, LOCAL_DOMAIN)
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


# --- all at once


def with_revocations(authority):
    """Causeway's own certificate; beside it the one that is revoked, and the list that says so."""
    authority.revoked = authority.issue("revoked", "revoked.test")
    authority.revoke(authority.revoked)
    return authority.issue("causeway", LOCAL_DOMAIN, "tailspin.test")


def prepare(border, case) -> None:
    case.domain = case.domain or "x.test"
    if case.call is not as_stranger:
        border.allow(case.domain, **case.rules)
    place = case.place(border, case) if case.place else (border.address(), 5269)
    if place is None:
        return
    case.address = "%s:%d" % place
    if case.place and not case.talk:
        return
    pair = (case.pair or (lambda authority, domain: authority.issue(domain, domain)))(
        border.authority, case.domain)
    if not case.place:
        border.publish(case.domain, place)
    case.server = (Scripted(place, border.authority, pair, case.talk) if case.talk
                   else rogue.Partner(place, border.authority, pair))
    case.server.domain, case.server.pair = case.domain, pair
    border._stack.callback(case.server.stop)
    case.server.start()


@pytest.fixture(scope="module")
def failures():
    settings = settings_for("test_16_failures")
    options = ("  queue:\n    timeout-s: 8\n"
               f"  crl: {settings.data}/ca/crl.pem")
    with Border(settings, options, certificate=with_revocations) as border:
        border.set(stream_establishment_timeout=5,
                   outbound_targets_refused=f"{settings.address(99)}/32")
        for name, case in CASES.items():
            case.domain = f"{name}.test"
            prepare(border, case)
        for case in CASES.values():
            if case.before:
                case.before(border, case)
        for case in CASES.values():
            if not case.call:
                send(border, case)
        yield border
    assert border.causeway.faults() == []


def attempts(border, domain: str):
    return border.causeway.query("partner", "diagnose", domain)["attempts"]


def last(border, case: Case):
    """The newest attempt in the case's direction that came to its end."""
    found = [a for a in attempts(border, case.domain) if a["direction"] == case.direction]
    wanted = ("ended",) if case.result == "ended" else ("failed", "refused")
    return found[-1] if found and found[-1]["result"] in wanted else None


def not_after(attempt) -> str:
    return next((step["facts"]["certificate"]["not-after"] for step in attempt["steps"]
                 if step["step"] == "tls" and step["facts"].get("certificate")), "")


@pytest.mark.parametrize("name", CASES)
def test_each_failure_is_explained(failures, name):
    case = CASES[name]
    if case.after:
        wait_ready(failures, case)
        case.after(failures, case)
    if case.call:
        case.call(failures, case)
    attempt = wait_until(lambda: last(failures, case), 40, "the attempt's end", every=0.5)
    sentence = case.sentence.replace("{not-after}", not_after(attempt)).format(
        domain=case.domain, address=case.address, local=LOCAL_DOMAIN)
    told = {key: attempt[key] for key in ("reason", "side", "sentence", "result")}
    assert told == {"reason": case.reason, "side": case.side, "sentence": sentence,
                    "result": case.result}
    assert attempt["advice"].endswith(".")
    final = attempt["steps"][-1]
    assert final["step"] == ("end" if case.result == "ended" else "verdict")
    assert (final["reason"], final["sentence"]) == (case.reason, sentence)
    failed = [step["step"] for step in attempt["steps"][:-1] if step["state"] == "failed"]
    if case.failed_step:
        assert failed == [case.failed_step]
    times = [step["ms"] for step in attempt["steps"]]
    assert times == sorted(times)


def test_senders_hear_the_sentence(failures):
    """In the SIP answer, and so in the gateway's log."""
    for name in ("closed-port", "expired", "violation"):
        case = CASES[name]
        said = [line for line in failures.causeway.output().splitlines()
                if " message-answered " in line and f"to=j@{case.domain}" in line]
        assert len(said) == 1
        sentence = last(failures, case)["sentence"]
        assert f'reason="{sentence}"' in said[0]


# --- what a real server says


@pytest.fixture(scope="module")
def prosody(failures):
    """Shows a good certificate, and trusts an authority that ours is not of."""
    authority = Authority(failures.authority.directory / "theirs", "Their CA").create()
    domain = "prosody.test"
    server = Prosody(failures.settings, authority, Mode.SASL, domain,
                     certificate=failures.authority.issue(domain, domain))
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.mark.parametrize("domain, reason, sentence", [
    ("prosody.test", "not-listed-there",
     "The server of prosody.test does not take contoso.test for a domain that may connect "
     "(not-authorized: Your server's certificate is not trusted)."),
    ("vhost.test", "not-served-there",
     "The server that the DNS names for vhost.test says that it does not serve that domain "
     "(host-unknown: This host does not serve vhost.test)."),
])
def test_prosody_refuses_us(failures, prosody, domain, reason, sentence):
    case = Case(reason, "partner", sentence, domain=domain)
    failures.publish(domain, prosody.server_address)
    failures.allow(domain)
    send(failures, case)
    attempt = wait_until(lambda: last(failures, case), 20, "the attempt's end", every=0.5)
    assert (attempt["reason"], attempt["side"], attempt["sentence"], attempt["result"]) == \
        (reason, "partner", sentence, "refused")


# --- DNSSEC


class SignedBorder(Border):
    """Its zones are signed; one of them wrongly."""

    def _make_names(self):
        pair = self.authority.issue("other-key", "other.test")
        self.dane_place, bogus = self.address(), self.address()
        zones = {
            "bogus.test": Zone(["_xmpp-server._tcp SRV 0 5 5269 xmpp", f"xmpp A {bogus}"],
                               broken=("SRV",)),
            "dane.test": Zone(["_xmpp-server._tcp SRV 0 5 5269 xmpp", f"xmpp A {self.dane_place}",
                               f"_5269._tcp.xmpp TLSA {tlsa(pair.certificate)}"])}
        return self._stack.enter_context(
            SignedZones(self.settings.data / "zones", self.settings.dns, zones))


@pytest.fixture(scope="module")
def signed():
    settings = settings_for("test_16_failures", 100)
    with SignedBorder(settings, trust_anchor=settings.data / "zones" / "anchor.key") as border:
        yield border
    assert border.causeway.faults() == []


def test_bogus_dnssec(signed):
    case = Case("dns-bogus", "partner", "DNSSEC shows the DNS answer for bogus.test to be forged "
                "or wrongly signed.", domain="bogus.test")
    signed.allow(case.domain)
    send(signed, case)
    attempt = wait_until(lambda: last(signed, case), 40, "the attempt's end", every=0.5)
    assert (attempt["reason"], attempt["side"], attempt["sentence"]) == \
        (case.reason, case.side, case.sentence)
    assert [step["step"] for step in attempt["steps"]] == ["dns", "verdict"]
    assert attempt["steps"][0]["facts"]["dnssec"] == "bogus"


def test_no_tlsa_record_fits(signed):
    case = Case("certificate-dane", "partner", "The certificate of dane.test fits none of the TLSA "
                "records that the DNS has for its server.", domain="dane.test",
                talk=over_tls(), result="refused")
    case.server = Scripted((signed.dane_place, 5269), signed.authority,
                           signed.authority.issue("dane", "dane.test"), case.talk)
    signed._stack.callback(case.server.stop)
    case.server.start()
    signed.allow(case.domain)
    send(signed, case)
    attempt = wait_until(lambda: last(signed, case), 40, "the attempt's end", every=0.5)
    assert (attempt["reason"], attempt["side"], attempt["sentence"], attempt["result"]) == \
        (case.reason, case.side, case.sentence, case.result)


def test_at_least_25_are_distinct():
    assert len({case.reason for case in CASES.values()}) >= 25
