"""TLS from the first byte (XEP-0368), with Prosody, ejabberd and scripted peers: one list of
targets with those for STARTTLS, what gives way to what, and who is refused at our port.

One Causeway has a partner for each test; real servers run as long as the file.
"""

import re
import ssl
import time

import pytest

from lab import rogue
from lab.border import SECOND_DOMAIN
from lab.partner import Mode
from lab.process import wait_until
from lab.scripted import Scripted, plain_on_tls_port, silence, stay
from lab.settings import LOCAL_DOMAIN, settings_for
from lab.ways import (ALICE, ALPN, BOB, BY_DIALBACK, DIRECT_PORT, Direct, Ways, arrived,
                      tls_facts)

pytestmark = pytest.mark.xdist_group("direct-tls")

BOTH = (("xmpps-server", 0, DIRECT_PORT), ("xmpp-server", 5, 5269))


@pytest.fixture(scope="module")
def ways():
    with Ways(settings_for("direct-tls")) as border:
        yield border
    assert border.causeway.faults() == []


# --- direct TLS, real servers --------------------------------------------------------------------


@pytest.fixture(scope="module")
def prosody(ways):
    """By direct TLS and by STARTTLS, with EXTERNAL alone."""
    return ways.server("prosody", "prosody.test", announced=BOTH, direct_tls_port=DIRECT_PORT)


@pytest.fixture(scope="module")
def ejabberd(ways):
    return ways.server("ejabberd", "ejabberd.test", announced=BOTH, direct_tls_port=DIRECT_PORT)


#: as ejabberd says it and as Prosody does
CAME_DIRECTLY = (rf"Accepted connection .* -> \S+:{DIRECT_PORT}|"
                 rf"New connection .*, {DIRECT_PORT}\) on")


@pytest.mark.parametrize("software", ["prosody", "ejabberd"])
def test_direct_tls_with_a_server(ways, request, software):
    server = request.getfixturevalue(software)
    juliet = ways.juliet(server)
    ways.to_partner(server.domain, "out by direct TLS")
    juliet.wait_for("out by direct TLS")
    stream = ways.stream(server.domain, "outbound")
    assert stream["tls"]["start"] == "direct" and stream["method"] == "SASL over TLS"
    assert stream["peer-address"] == f"{server.server_address[0]}:{DIRECT_PORT}"
    wait_until(lambda: re.search(CAME_DIRECTLY, server.server_log.read_text()), 5, "its own word")
    ways.to_local(juliet, "in by direct TLS")
    stream = ways.stream(server.domain, "inbound")
    assert stream["tls"]["start"] == "direct" and stream["method"] == "SASL over TLS"
    assert tls_facts(ways.attempts(server.domain, "inbound")[-1])["alpn"] == ALPN
    ways.to_local(juliet, "in by STARTTLS, as that domain's records say", BOB)
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
    ways.to_partner("starttls-first.test", "hello")
    arrived(starttls, "hello")
    assert direct.attempts == []
    assert ways.stream("starttls-first.test", "outbound")["tls"]["start"] == "STARTTLS"
    starttls, direct = two_ports(ways, "direct-first.test", 10, 0)
    ways.to_partner("direct-first.test", "hello")
    arrived(direct, "hello")
    assert starttls.attempts == []
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
    ways.to_partner(domain, "hello")
    arrived(starttls, "hello")
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
    ways.to_partner("silent-first.test", "hello")
    assert time.monotonic() - began < 3
    arrived(starttls, "hello")
    assert len(direct.attempts) == 1


def test_direct_tls_alone(ways):
    direct = ways.scripted(Direct, "direct-only.test", [("xmpps-server", 0, DIRECT_PORT)])
    ways.to_partner("direct-only.test", "hello")
    arrived(direct, "hello")
    dns = ways.attempts("direct-only.test")[0]["steps"][0]["facts"]
    assert dns["_xmpps-server"]["targets"] == 1 and dns["_xmpp-server"]["targets"] == 0


def test_no_service_in_one_set_leaves_the_other(ways):
    """And in both: no such server."""
    nowhere = (0, 0, 0, ".")
    direct = ways.scripted(Direct, "no-starttls.test", [("xmpps-server", 0, DIRECT_PORT)])
    ways.announce("no-starttls.test", "xmpp-server", nowhere)
    ways.to_partner("no-starttls.test", "hello")
    arrived(direct, "hello")
    starttls = ways.scripted(rogue.Partner, "no-direct.test")
    ways.announce("no-direct.test", "xmpps-server", nowhere)
    ways.to_partner("no-direct.test", "hello")
    arrived(starttls, "hello")
    ways.allow("no-service.test")
    for service in ("xmpp-server", "xmpps-server"):
        ways.announce("no-service.test", service, nowhere)
    ways.to_partner("no-service.test", "hello", status=404)
    assert ways.failed("no-service.test")["reason"] == "no-service"


def test_without_tls_nobody_asks_for_direct_tls(ways):
    domain = "never-tls.test"
    ways.allow(domain, tls="NotSupported", **BY_DIALBACK)
    direct = ways.enter(Direct((ways.address(), DIRECT_PORT), ways.authority,
                               ways.authority.issue(domain, domain)))
    ways.announce(domain, "xmpps-server", (0, 5, *direct.address[::-1]))
    ways.to_partner(domain, "hello", status=404)
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
    ways.to_partner(domain, "out")
    ways.to_local(juliet, f"in from {domain}")
    assert {(s["direction"], s["tls"]["start"], s["method"]) for s in ways.streams(domain)} == \
        {(way, "direct", "TLS dialback") for way in ("inbound", "outbound")}


def test_no_tls_means_no_direct_tls(ways):
    domain = "plain-only.test"
    ways.allow(domain, tls="NotSupported", **BY_DIALBACK)
    with ways.direct() as stream:
        stream.header(domain, LOCAL_DOMAIN)
        assert stream.wait_end() == "policy-violation"
    assert ways.failed(domain, "inbound")["reason"] == "tls-not-supported"
