"""Streams that are made otherwise than by STARTTLS in one direction for one pair of domains: direct
TLS (XEP-0368), stanzas both ways (XEP-0288), further pairs (XEP-0220). Besides, what ends a stream
or keeps it from being one: revocations, OCSP staples, changes in whom we trust.

One Causeway has a partner for each test; real servers run as long as the file.
"""

import base64
import hashlib
import re
import ssl
import subprocess
import time

import pytest

from lab import rogue
from lab.border import SECOND_DOMAIN
from lab.ca import Authority
from lab.partner import Mode
from lab.process import LabError, wait_until
from lab.scripted import Scripted, plain_on_tls_port, silence, stay
from lab.settings import LOCAL_DOMAIN
from lab.ways import ALPN, DIRECT_PORT, Bidi, Dialback, Direct, Stapling, WANTS_BIDI, Ways

from conftest import settings_for

pytestmark = pytest.mark.xdist_group("other-ways")

ALICE, BOB = f"alice@{LOCAL_DOMAIN}", f"bob@{SECOND_DOMAIN}"
BY_DIALBACK = {"sasl": "NotSupported", "dialback": "true"}
BOTH = (("xmpps-server", 0, DIRECT_PORT), ("xmpp-server", 5, 5269))


def with_revocations(authority):
    """Causeway's own certificate, when there is a list that revokes another one."""
    authority.revoked = authority.issue("revoked", "revoked.test")
    authority.revoke(authority.revoked)
    return authority.issue("causeway", LOCAL_DOMAIN, SECOND_DOMAIN)


@pytest.fixture(scope="module")
def ways():
    settings = settings_for("other-ways")
    options = f"  queue:\n    timeout-s: 4\n  crl: {settings.data}/ca/crl.pem"
    with Ways(settings, options, certificate=with_revocations) as border:
        border.set(stream_establishment_timeout=5)
        yield border
    assert border.causeway.faults() == []


def to_partner(ways, domain: str, body: str, sender: str = ALICE, status: int = 202) -> None:
    assert ways.sip.ask(sender, f"juliet@{domain}", body) == status


def to_local(ways, juliet, body: str, to: str = ALICE) -> None:
    juliet.send(to, body)
    wait_until(lambda: body in ways.sip.bodies(), 10, f"{body!r} at {to}")


def tls_facts(attempt):
    return next(s["facts"] for s in attempt["steps"]
                if s["step"] == "tls" and s["state"] == "ok")


# --- direct TLS, real servers --------------------------------------------------------------------


@pytest.fixture(scope="module")
def prosody(ways):
    """By direct TLS and by STARTTLS, with EXTERNAL alone."""
    return ways.server("prosody", "prosody.test", announced=BOTH, direct_tls_port=DIRECT_PORT)


@pytest.fixture(scope="module")
def ejabberd(ways):
    return ways.server("ejabberd", "ejabberd.test", announced=BOTH, direct_tls_port=DIRECT_PORT)


#: as ejabberd says it and as Prosody does
CAME_DIRECTLY = rf"Accepted connection .* -> \S+:{DIRECT_PORT}|New connection .*, {DIRECT_PORT}\) on"


@pytest.mark.parametrize("software", ["prosody", "ejabberd"])
def test_direct_tls_with_a_server(ways, request, software):
    server = request.getfixturevalue(software)
    juliet = ways.juliet(server)
    to_partner(ways, server.domain, "out by direct TLS")
    juliet.wait_for("out by direct TLS")
    stream = ways.stream(server.domain, "outbound")
    assert stream["tls"]["start"] == "direct" and stream["method"] == "SASL over TLS"
    assert stream["peer-address"] == f"{server.server_address[0]}:{DIRECT_PORT}"
    wait_until(lambda: re.search(CAME_DIRECTLY, server.server_log.read_text()), 5, "its own word")
    to_local(ways, juliet, "in by direct TLS")
    stream = ways.stream(server.domain, "inbound")
    assert stream["tls"]["start"] == "direct" and stream["method"] == "SASL over TLS"
    assert tls_facts(ways.attempts(server.domain, "inbound")[-1])["alpn"] == ALPN
    to_local(ways, juliet, "in by STARTTLS, as that domain's records say", BOB)
    assert {(s["local"], s["tls"]["start"]) for s in ways.streams(server.domain, "inbound")} == \
        {(LOCAL_DOMAIN, "direct"), (SECOND_DOMAIN, "STARTTLS")}


# --- direct TLS, what the DNS says ---------------------------------------------------------------


def handshake_failure(_server, stream):
    stream.socket.recv(4096)
    stream.send(b"\x15\x03\x03\x00\x02\x02\x28")
    stay(stream)


def two_ports(ways, domain: str, starttls: int, direct: int, kind=Direct, *more):
    """A partner with a server for each set of SRV records, at these priorities."""
    first = ways.scripted(rogue.Partner, domain, [("xmpp-server", starttls, 5269)])
    ip = ways.address()
    second = ways.enter(kind((ip, DIRECT_PORT), ways.authority, first.pair, *more))
    ways.announce(domain, "xmpps-server", (direct, 5, DIRECT_PORT, ip))
    return first, second


def test_the_lower_priority_number_is_first_whatever_it_is_for(ways):
    starttls, direct = two_ports(ways, "starttls-first.test", 0, 10)
    to_partner(ways, "starttls-first.test", "hello")
    assert starttls.bodies() == ["hello"] and direct.attempts == []
    assert ways.stream("starttls-first.test", "outbound")["tls"]["start"] == "STARTTLS"
    starttls, direct = two_ports(ways, "direct-first.test", 10, 0)
    to_partner(ways, "direct-first.test", "hello")
    assert direct.bodies() == ["hello"] and starttls.attempts == []
    assert direct.hellos == [("direct-first.test", ALPN)]
    shown = ways.stream("direct-first.test", "outbound")
    assert (shown["tls"]["start"], shown["tls"]["alpn"]) == ("direct", ALPN)


@pytest.mark.parametrize("name, says, reason", [
    ("plain", plain_on_tls_port, "plain-text-on-tls-port"),
    ("alert", handshake_failure, "tls-alert"),
    ("nobody", None, "connection-refused"),
])
def test_a_direct_port_without_tls_gives_way(ways, name, says, reason):
    domain = f"{name}-first.test"
    starttls, direct = two_ports(ways, domain, 10, 0, Scripted, says)
    if not says:
        direct.stop()
    to_partner(ways, domain, "hello")
    assert starttls.bodies() == ["hello"]
    assert ways.stream(domain, "outbound")["tls"]["start"] == "STARTTLS"
    (attempt,) = ways.attempts(domain)
    failed = [s for s in attempt["steps"] if s["state"] == "failed"]
    assert [(s["step"], s["reason"], s["facts"]["direct-tls"]) for s in failed] == \
        [("tls" if says else "tcp", reason, True)]
    connected = [s["facts"]["direct-tls"] for s in attempt["steps"]
                 if s["step"] == "tcp" and s["state"] == "ok"]
    assert connected == ([True, False] if says else [False])


def test_a_silent_direct_port_is_not_waited_for(ways):
    starttls, direct = two_ports(ways, "silent-first.test", 10, 0, Scripted, silence)
    began = time.monotonic()
    to_partner(ways, "silent-first.test", "hello")
    assert time.monotonic() - began < 3
    assert len(direct.attempts) == 1 and starttls.bodies() == ["hello"]


def test_direct_tls_alone(ways):
    direct = ways.scripted(Direct, "direct-only.test", [("xmpps-server", 0, DIRECT_PORT)])
    to_partner(ways, "direct-only.test", "hello")
    assert direct.bodies() == ["hello"]
    dns = ways.attempts("direct-only.test")[0]["steps"][0]["facts"]
    assert dns["_xmpps-server"]["targets"] == 1 and dns["_xmpp-server"]["targets"] == 0


def test_no_service_in_one_set_leaves_the_other(ways):
    """And in both: no such server."""
    nowhere = (0, 0, 0, ".")
    direct = ways.scripted(Direct, "no-starttls.test", [("xmpps-server", 0, DIRECT_PORT)])
    ways.announce("no-starttls.test", "xmpp-server", nowhere)
    to_partner(ways, "no-starttls.test", "hello")
    assert direct.bodies() == ["hello"]
    starttls = ways.scripted(rogue.Partner, "no-direct.test")
    ways.announce("no-direct.test", "xmpps-server", nowhere)
    to_partner(ways, "no-direct.test", "hello")
    assert starttls.bodies() == ["hello"]
    ways.allow("no-service.test")
    for service in ("xmpp-server", "xmpps-server"):
        ways.announce("no-service.test", service, nowhere)
    to_partner(ways, "no-service.test", "hello", status=404)
    assert ways.failed("no-service.test")["reason"] == "no-service"


def test_without_tls_nobody_asks_for_direct_tls(ways):
    domain = "never-tls.test"
    ways.allow(domain, tls="NotSupported", **BY_DIALBACK)
    direct = ways.enter(Direct((ways.address(), DIRECT_PORT), ways.authority,
                               ways.authority.issue(domain, domain)))
    ways.announce(domain, "xmpps-server", (0, 5, *direct.address[::-1]))
    to_partner(ways, domain, "hello", status=404)
    assert direct.attempts == []
    assert ("_xmpps-server._tcp." + domain, "SRV") not in ways.names.asked
    assert "_xmpps-server" not in ways.attempts(domain)[0]["steps"][0]["facts"]


# --- direct TLS, towards us ----------------------------------------------------------------------


def test_a_partner_comes_by_direct_tls(ways):
    domain = "comes.test"
    partner = ways.scripted(rogue.Partner, domain)
    with ways.direct(pair=partner.pair) as stream:
        assert stream.socket.selected_alpn_protocol() == ALPN
        stream.open(domain, LOCAL_DOMAIN)
        stream.external(domain, LOCAL_DOMAIN)
        stream.send(rogue.message(f"juliet@{domain}", ALICE, "hello by direct TLS"))
        wait_until(lambda: "hello by direct TLS" in ways.sip.bodies(), 5, "the message")
        shown = ways.stream(domain, "inbound")
        assert (shown["tls"]["start"], shown["tls"]["alpn"]) == ("direct", ALPN)


@pytest.mark.parametrize("name, alpn, alert", [
    ("somebody-else.test", (ALPN,), "unrecognized name"),
    (LOCAL_DOMAIN, ("h2",), "no application protocol"),
    (LOCAL_DOMAIN, ("xmpp-client", "http/1.1"), "no application protocol"),
])
def test_a_hello_that_is_not_for_us_is_refused(ways, name, alpn, alert):
    with pytest.raises(ssl.SSLError) as problem:
        ways.direct(name, alpn=alpn)
    assert alert in str(problem.value)


def test_a_client_without_names_is_served(ways):
    """Some servers send neither SNI nor ALPN; the stream header will name us."""
    partner = ways.scripted(rogue.Partner, "nameless.test")
    with ways.direct("", partner.pair, alpn=()) as stream:
        stream.open("nameless.test", LOCAL_DOMAIN)
        stream.external("nameless.test", LOCAL_DOMAIN)
        assert "alpn" not in ways.stream("nameless.test", "inbound")["tls"]


@pytest.mark.parametrize("words", [
    f"GET / HTTP/1.1\r\nHost: {LOCAL_DOMAIN}\r\n\r\n",
    f"<stream:stream xmlns='jabber:client' xmlns:stream='{rogue.STREAMS}' to='{LOCAL_DOMAIN}' "
    "version='1.0'>",
], ids=["a web client", "an XMPP client"])
def test_others_are_not_served_there(ways, words):
    with ways.direct() as stream:
        stream.send(words)
        assert stream.wait_end() in ("not-well-formed", "invalid-namespace")


def test_dialback_over_direct_tls(ways):
    domain = "direct-dialback.test"
    server = ways.server("prosody", domain, Mode.TLS_DIALBACK, announced=BOTH,
                         direct_tls_port=DIRECT_PORT, rules=BY_DIALBACK)
    juliet = ways.juliet(server)
    to_partner(ways, domain, "out")
    to_local(ways, juliet, f"in from {domain}")
    assert {(s["direction"], s["tls"]["start"], s["method"]) for s in ways.streams(domain)} == \
        {(way, "direct", "TLS dialback") for way in ("inbound", "outbound")}


def test_no_tls_means_no_direct_tls(ways):
    domain = "plain-only.test"
    ways.allow(domain, tls="NotSupported", **BY_DIALBACK)
    with ways.direct() as stream:
        stream.header(domain, LOCAL_DOMAIN)
        assert stream.wait_end() == "policy-violation"
    assert ways.failed(domain, "inbound")["reason"] == "tls-not-supported"


# --- stanzas both ways ---------------------------------------------------------------------------


def talk(ways, juliet, mark: str, count: int = 30) -> None:
    """So many messages each way at the same time: all arrive, once and in their order."""
    domain = juliet.address.partition("@")[2]
    out = [f"{mark} out {n}" for n in range(count)]
    back = [f"{mark} back {n}" for n in range(count)]
    calls = [ways.sip.send(ALICE, juliet.address, body) for body in out]
    juliet.send_many(ALICE, back)
    assert set(ways.sip.wait_answers(calls)) == {202}, domain

    def came(bodies):
        return [b for b in bodies if b.startswith(f"{mark} ")]
    wait_until(lambda: len(came(ways.sip.bodies())) >= count, 10, "all at alice")
    wait_until(lambda: len(came(m.body for m in juliet.received)) >= count, 10, "all at juliet")
    assert came(ways.sip.bodies()) == back
    assert came(m.body for m in juliet.received) == out


def the_one(ways, domain: str):
    """There is one stream with the partner, and it goes both ways."""
    (stream,) = ways.streams(domain)
    assert stream["bidi"] and stream["stanzas-in"] > 0 and stream["stanzas-out"] > 0
    return stream


def test_both_ways_with_prosody(ways):
    domain = "both-ways.test"
    server = ways.server("prosody", domain, bidi=True)
    juliet = ways.juliet(server)
    to_partner(ways, domain, "we are first")
    to_local(ways, juliet, "and the partner answers")
    talk(ways, juliet, "ours")
    ours = the_one(ways, domain)
    assert ours["direction"] == "outbound"
    server.wait_log("Requested bidirectional stream")

    ways.causeway.command("stream", "close", ours["id"])
    wait_until(lambda: not ways.streams(domain), 5, "the stream's end")
    to_local(ways, juliet, "the partner is first")
    to_partner(ways, domain, "and we answer")
    talk(ways, juliet, "theirs")
    theirs = the_one(ways, domain)
    assert theirs["direction"] == "inbound"
    server.wait_log("Requesting bidirectional stream")

    assert server.close_streams() == 1
    wait_until(lambda: not ways.streams(domain), 5, "the stream's end")
    talk(ways, juliet, "once more")
    assert all(stream["bidi"] for stream in ways.streams(domain))


def test_closing_in_the_middle_loses_nothing(ways):
    """Each message arrives once, or its sender hears of it; so does each that comes. (When Prosody
    closes a stream that it opened, it does not read what is under way on it.)"""
    domain = "closing.test"
    juliet = ways.juliet(ways.server("prosody", domain, bidi=True))
    calls, ids = {}, {}
    for n in range(160):
        calls[f"closing out {n}"] = ways.sip.send(ALICE, juliet.address, f"closing out {n}")
        ids[f"closing back {n}"] = juliet.send(ALICE, f"closing back {n}")
        if n % 40 == 30:
            ways.causeway.command("stream", "close", "--partner", domain)
    statuses = ways.sip.wait_answers(list(calls.values()))
    refused = {body for body, status in zip(calls, statuses) if status != 202}

    def out():
        return [m.body for m in list(juliet.received) if m.kind != "error"]

    def back():
        return [b for b in ways.sip.bodies() if b.startswith("closing ")]

    def bounced():
        errors = {m.id for m in list(juliet.received) if m.kind == "error"}
        return {body for body, identity in ids.items() if identity in errors}
    wait_until(lambda: {*out(), *refused} == {*calls}, 10, "all at juliet")
    wait_until(lambda: {*back(), *bounced()} == {*ids}, 10, "all at alice")
    assert len(out()) == len({*out()}) and len(back()) == len({*back()})
    assert not refused & {*out()} and not bounced() & {*back()}
    assert len(refused) < len(calls) / 2


def call_both_ways(ways, partner) -> rogue.Stream:
    stream = ways.enter(rogue.connect(ways.settings.edge))
    stream.open(partner.domain, LOCAL_DOMAIN)
    stream.start_tls(rogue.context(ways.authority, partner.pair))
    stream.open(partner.domain, LOCAL_DOMAIN)
    stream.send(WANTS_BIDI)
    stream.external(partner.domain, LOCAL_DOMAIN)
    return stream


def test_answers_and_errors_go_back_where_they_came_from(ways):
    partner = ways.scripted(rogue.Partner, "answers.test")
    stream = call_both_ways(ways, partner)
    for n in range(3):
        stream.send(f"<iq type='get' id='ping{n}' from='{partner.domain}' to='{LOCAL_DOMAIN}'>"
                    "<ping xmlns='urn:xmpp:ping'/></iq>")
    stream.send(rogue.message(f"j@{partner.domain}", "x@not-ours-either.test", "astray"))
    stream.expect("iq")
    answers = [stream.expect("iq").get("id") for _ in range(2)]
    assert answers == ["ping1", "ping2"]
    assert stream.wait_end() == "host-unknown"

    stream = call_both_ways(ways, partner)
    ways.sip.answer = 404
    try:
        stream.send(rogue.message(f"j@{partner.domain}", ALICE, "to nobody", "m1"))
        error = stream.expect("message")
    finally:
        ways.sip.answer = 200
    assert (error.get("type"), error.get("id")) == ("error", "m1")
    assert partner.attempts == []


def test_who_does_not_read_our_side_of_a_stream_is_given_up(ways):
    partner = ways.scripted(rogue.Partner, "deaf.test")
    stream = call_both_ways(ways, partner)
    to_partner(ways, partner.domain, "while it reads")
    stream.expect("message")
    calls = [ways.sip.send(ALICE, f"j@{partner.domain}", f"{n} " + "x" * 6000)
             for n in range(1500)]
    statuses = ways.sip.wait_answers(calls, 30)
    assert 202 in statuses and 504 in statuses and set(statuses) <= {202, 480, 504}
    assert partner.domain not in {s["remote"] for s in ways.streams(partner.domain)
                                  if s["direction"] == "inbound"}


def test_a_partner_that_is_back_hears_us_at_once(ways):
    """Its new stream takes our stanzas, although we would not connect to it again so soon."""
    partner = ways.scripted(rogue.Partner, "back-again.test")
    for body in ("first", "second", "third"):
        stream, began = call_both_ways(ways, partner), time.monotonic()
        to_partner(ways, partner.domain, body)
        assert stream.expect("message").findtext(f"{{{rogue.SERVER}}}body") == body
        assert time.monotonic() - began < 0.7
        stream.send("</stream:stream>")
        stream.wait_end()
        wait_until(lambda: not ways.streams(partner.domain), 5, "the stream's end")
    assert partner.attempts == []


@pytest.mark.parametrize("sender", ["other-bidi.test", "more-bidi.test", "stranger.test"])
def test_a_stream_of_ours_takes_no_other_domains_stanzas(ways, sender):
    """Neither a partner's, nor another one of this partner, nor a stranger's."""
    domain = f"bidi-{sender}"
    partner = ways.scripted(Bidi, domain)
    if sender == "more-bidi.test":
        ways.change(domain, additional=sender)
    elif sender == "other-bidi.test":
        ways.allow(sender)
    to_partner(ways, domain, "hello")
    assert partner.asked == [True] and ways.stream(domain, "outbound")["bidi"]
    partner.open[0].send(rogue.message(f"juliet@{domain}", ALICE, f"good from {domain}"))
    wait_until(lambda: f"good from {domain}" in ways.sip.bodies(), 5, "the message")
    partner.open[0].send(rogue.message(f"juliet@{sender}", ALICE, f"bad from {domain}"))
    wait_until(lambda: partner.ends, 5, "the stream's end")
    assert partner.ends == ["invalid-from"]
    assert f"bad from {domain}" not in ways.sip.bodies()


def test_who_was_removed_brings_nothing_on_a_stream_of_ours(ways):
    """It stays up for a moment, for our errors: what comes on it meanwhile is answered by one."""
    domain = "bidi-removed.test"
    partner = ways.scripted(Bidi, domain)
    to_partner(ways, domain, "hello")
    ways.causeway.command("partner", "remove", domain)
    partner.open[0].send(rogue.message(f"juliet@{domain}", ALICE, "from nobody"))
    wait_until(lambda: partner.ends, 5, "the stream's end")
    error = partner.received[-1][1]
    assert error.get("type") == "error"
    assert rogue.condition_of(error.find(f"{{{rogue.SERVER}}}error"), rogue.STANZA_ERRORS) == \
        "policy-violation"
    assert "from nobody" not in ways.sip.bodies()


def test_a_bad_certificate_gets_no_stanzas_both_ways(ways):
    """By dialback it proves nothing on a stream of ours; on its own stream it does."""
    domain = "bidi-dialback.test"
    server = ways.server("prosody", domain, Mode.TLS_DIALBACK, bidi=True,
                         rules=dict(sasl="Optional", dialback="true"))
    juliet = ways.juliet(server)
    to_partner(ways, domain, "we are first")
    stream = ways.stream(domain, "outbound")
    assert not stream["bidi"] and stream["method"] == "TLS dialback"
    talk(ways, juliet, "dialback")
    assert "Requested bidirectional stream" not in server.server_log.read_text()
    assert {(s["direction"], s["bidi"]) for s in ways.streams(domain)} == \
        {("outbound", False), ("inbound", True)}


# --- several pairs on a stream -------------------------------------------------------------------


def pairs(stream):
    return [(p["local"], p["state"], p["method"]) for p in stream["pairs"]]


def two_pairs(*, method: str = "TLS dialback"):
    return [(LOCAL_DOMAIN, "ready", method), (SECOND_DOMAIN, "ready", method)]


def test_two_of_our_domains_on_one_stream_to_ejabberd(ways):
    """It offers errors, so a second pair can fail alone. Its own streams carry one pair each."""
    domain = "pairs-ejabberd.test"
    server = ways.server("ejabberd", domain, Mode.TLS_DIALBACK, rules=BY_DIALBACK)
    juliet = ways.juliet(server)
    for user in (ALICE, BOB):
        to_partner(ways, domain, f"from {user}", user)
        juliet.wait_for(f"from {user}")
    assert pairs(ways.stream(domain, "outbound")) == two_pairs()
    for user in (ALICE, BOB):
        to_local(ways, juliet, f"{domain} to {user}", user)
    assert sorted(pairs(s)[0] for s in ways.streams(domain, "inbound")) == two_pairs()


def test_prosody_gets_a_stream_for_each_pair(ways):
    """It does not offer errors: a refused pair would cost the first one its stream."""
    domain = "pairs-prosody.test"
    server = ways.server("prosody", domain, Mode.TLS_DIALBACK, rules=BY_DIALBACK)
    juliet = ways.juliet(server)
    for user in (ALICE, BOB):
        to_partner(ways, domain, f"from {user}", user)
        juliet.wait_for(f"from {user}")
        to_local(ways, juliet, f"{domain} to {user}", user)
    for direction in ("outbound", "inbound"):
        assert sorted(pairs(s)[0] for s in ways.streams(domain, direction)) == two_pairs()


def test_a_refused_pair_fails_alone(ways):
    domain = "one-of-two.test"
    partner = ways.scripted(Dialback, domain, rules=BY_DIALBACK)
    partner.refused.add(SECOND_DOMAIN)
    to_partner(ways, domain, "first")
    before = ways.stream(domain, "outbound")
    to_partner(ways, domain, "not listed there", BOB, status=504)
    assert partner.pairs == [[LOCAL_DOMAIN, SECOND_DOMAIN]]
    told = ways.failed(domain)
    assert (told["reason"], told["local"], told["id"]) == \
        ("partner-policy-violation", SECOND_DOMAIN, before["id"])
    to_partner(ways, domain, "second")
    after = ways.stream(domain, "outbound")
    assert after["id"] == before["id"] and pairs(after) == two_pairs()[:1]
    assert partner.bodies() == ["first", "second"]
    # once it is listed there, a stream of its own
    partner.refused.clear()
    wait_until(lambda: ways.sip.ask(BOB, f"j@{domain}", "listed now") == 202, 8, "the second pair")
    assert partner.pairs == [[LOCAL_DOMAIN, SECOND_DOMAIN], [SECOND_DOMAIN]]
    assert after["id"] in {s["id"] for s in ways.streams(domain)}


def test_a_stream_that_ends_takes_no_pair_with_it(ways):
    """It ended while the second pair was pending: that was no answer, and a new one is opened."""
    domain = "ends-early.test"
    partner = ways.scripted(Dialback, domain, rules=BY_DIALBACK)
    partner.ends_at.add(SECOND_DOMAIN)
    to_partner(ways, domain, "first")
    to_partner(ways, domain, "on a new one", BOB)
    assert partner.pairs == [[LOCAL_DOMAIN, SECOND_DOMAIN], [SECOND_DOMAIN]]
    assert partner.bodies() == ["first", "on a new one"]


def test_a_partner_adds_a_pair_to_its_stream(ways):
    domain = "adds.test"
    partner = ways.scripted(Dialback, domain, rules=BY_DIALBACK)
    with rogue.connect(ways.settings.edge) as stream:
        stream.open(domain, LOCAL_DOMAIN)
        stream.start_tls(rogue.context(ways.authority, partner.pair))
        stream.open(domain, LOCAL_DOMAIN)
        for user, ours in ((ALICE, LOCAL_DOMAIN), (BOB, SECOND_DOMAIN), ("x", "not-ours.test")):
            stream.send(f"<db:result from='{domain}' to='{ours}'>key for {ours}</db:result>")
            answer = stream.expect("result")
            assert answer.get("type") == ("error" if user == "x" else "valid")
        for user in (ALICE, BOB):
            stream.send(rogue.message(f"juliet@{domain}", user, f"{domain} to {user}"))
            wait_until(lambda: f"{domain} to {user}" in ways.sip.bodies(), 5, "the message")
        assert pairs(ways.stream(domain, "inbound")) == two_pairs()


# --- revoked, stapled ----------------------------------------------------------------------------


def test_the_list_of_revocations_counts_both_ways(ways):
    domain = "revoked.test"
    server = ways.server("prosody", domain, certificate=ways.authority.revoked)
    juliet = ways.juliet(server)
    to_partner(ways, domain, "out", status=504)
    assert ways.failed(domain)["reason"] == "certificate-revoked"
    assert juliet.wait_error(juliet.send(ALICE, "in"), 20)
    assert ways.failed(domain, "inbound")["reason"] == "certificate-revoked"
    assert "in" not in ways.sip.bodies() and ways.streams(domain) == []


def test_a_new_list_of_revocations_counts_without_a_restart(ways):
    domain = "revoked-later.test"
    partner = ways.scripted(rogue.Partner, domain)
    to_partner(ways, domain, "before")
    ways.call(partner)
    ways.authority.revoke(ways.authority.revoked, partner.pair)
    ways.causeway.command("certificate", "reload")
    ways.causeway.command("stream", "close", "--partner", domain)
    wait_until(lambda: not ways.streams(domain), 5, "the streams' end")
    to_partner(ways, domain, "after", status=504)
    assert ways.failed(domain)["reason"] == "certificate-revoked"
    with pytest.raises(LabError, match="not-authorized"):
        ways.call(partner)


def stapling(ways, domain: str, says: str, must: bool = False) -> Stapling:
    issue = ways.authority.issue_must_staple if must else ways.authority.issue
    pair = issue(domain, domain)
    staple = ways.authority.staple(pair, says == "revoked") if says else None
    return ways.scripted(Stapling, domain, [("xmpps-server", 0, DIRECT_PORT)], pair=pair,
                         staple=staple)


@pytest.mark.parametrize("is_required, says, reason", [
    (False, "good", ""), (False, "revoked", "certificate-revoked"), (False, "", ""),
    (True, "good", ""), (True, "revoked", "certificate-revoked"),
    (True, "", "certificate-no-staple"),
])
def test_what_is_stapled_counts(ways, is_required, says, reason):
    domain = f"staple-{says or 'none'}-{is_required}.test".lower()
    partner = stapling(ways, domain, says)
    ways.set(require_ocsp_staple=str(is_required).lower())
    try:
        to_partner(ways, domain, "hello", status=504 if reason else 202)
        if reason:
            assert ways.failed(domain)["reason"] == reason
        else:
            assert partner.bodies() == ["hello"]
            assert ways.stream(domain, "outbound")["tls"].get("staple", "") == says
        assert tls_facts(ways.attempts(domain)[0]).get("staple", "") == says
    finally:
        ways.set(require_ocsp_staple="false")


@pytest.mark.parametrize("says, reason", [("good", ""), ("", "certificate-no-staple")])
def test_a_certificate_can_promise_a_staple(ways, says, reason):
    domain = f"must-staple-{says or 'none'}.test"
    stapling(ways, domain, says, must=True)
    to_partner(ways, domain, "hello", status=504 if reason else 202)
    if reason:
        assert ways.failed(domain)["reason"] == reason


# --- whom we trust changes -----------------------------------------------------------------------


def pin_of(pair) -> str:
    key = subprocess.run(["openssl", "x509", "-in", pair.certificate, "-noout", "-pubkey"],
                         check=True, capture_output=True).stdout
    der = base64.b64decode(b"".join(key.splitlines()[1:-1]))
    return "sha256:" + base64.b64encode(hashlib.sha256(der).digest()).decode()


def another(authority) -> Authority:
    return Authority(authority.directory / "other", "Another CA").create()


@pytest.mark.parametrize("name, wrong, reason", [
    ("pinned", lambda ways: {"pinned_keys": pin_of(ways.authority)}, "certificate-pin"),
    ("anchored", lambda ways: {"trust_anchor": f"@{another(ways.authority).certificate}"},
     "certificate-unknown-ca"),
])
def test_other_trust_resets_the_streams(ways, name, wrong, reason):
    """Both directions of this partner, and nobody else's."""
    domain, bystander = f"{name}.test", f"beside-{name}.test"
    partner, other = ways.scripted(rogue.Partner, domain), ways.scripted(rogue.Partner, bystander)
    for each in (domain, bystander):
        to_partner(ways, each, "before")
    inbound, beside = ways.call(partner), ways.call(other)
    before = {s["id"] for s in ways.streams(bystander)}
    assert len(before) == len(ways.streams(domain)) == 2
    change = wrong(ways)
    ways.change(domain, **change)
    assert inbound.wait_end() == "reset"
    wait_until(lambda: partner.ends == ["reset"], 5, "the reset of our stream")
    assert ways.streams(domain) == []
    to_partner(ways, domain, "not trusted", status=504)
    assert ways.failed(domain)["reason"] == reason
    ways.change(domain, **dict.fromkeys(change, ""))
    to_partner(ways, domain, "trusted again")
    assert partner.bodies() == ["before", "trusted again"]
    ways.call(partner)
    assert {s["id"] for s in ways.streams(bystander)} == before
    beside.send(rogue.message(f"j@{bystander}", ALICE, f"beside {name}"))
    wait_until(lambda: f"beside {name}" in ways.sip.bodies(), 5, "the bystander's message")


def ids(streams):
    return {s["id"] for s in streams}


def test_what_the_new_trust_covers_goes_on(ways):
    """A key is pinned that the partner has, then another one beside it; both streams stay."""
    domain = "pinned-late.test"
    partner = ways.scripted(rogue.Partner, domain)
    to_partner(ways, domain, "before")
    ways.call(partner)
    before, key = ids(ways.streams(domain)), pin_of(partner.pair)
    for pins in (key, f"{key},{pin_of(ways.authority)}"):
        ways.change(domain, pinned_keys=pins)
        assert ids(ways.streams(domain)) == before and len(before) == 2
    ways.change(domain, pinned_keys=pin_of(ways.authority))
    assert ways.streams(domain) == []


def test_only_streams_without_a_staple_end_when_it_is_required(ways):
    domain, bystander = "unstapled.test", "stapled.test"
    partner = ways.scripted(rogue.Partner, domain)
    stapling(ways, bystander, "good")
    for each in (domain, bystander):
        to_partner(ways, each, "before")
    ways.call(partner)
    inbound, beside = ids(ways.streams(domain, "inbound")), ids(ways.streams(bystander))
    ways.set(require_ocsp_staple="true")
    try:
        wait_until(lambda: partner.ends == ["reset"], 5, "the reset of our stream")
        assert ids(ways.streams(domain)) == inbound and ids(ways.streams(bystander)) == beside
        assert len(inbound) == len(beside) == 1
    finally:
        ways.set(require_ocsp_staple="false")
    to_partner(ways, domain, "after")
