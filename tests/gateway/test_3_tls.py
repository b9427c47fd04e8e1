"""SIP over TLS: the names that count (RFC 5922 section 7), both ways."""

import contextlib
import os
import signal
import socket
import ssl

import pytest

from lab.ca import Authority
from lab.fakeedge import FakeEdge
from lab.gateway import read_all, request, status
from lab.nameserver import Name, NameServer
from lab.process import wait_until
from lab.settings import LOCAL_DOMAIN
from lab.siphop import SipHop

HOP_NAME = "sip.contoso.test"
PEER_NAME = "cluster.contoso.test"
TLS_PORT = 5061
UDP_PORT = 5099  # of a further listener


@pytest.fixture
def authority(settings):
    return Authority(settings.data / "ca").create()


def _server_context(pair, authority=None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    if authority:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(authority.certificate)
    return context


def _options(authority, pair) -> str:
    return (f"\n    t1-ms: 50\n    certificate: {pair.certificate}\n    key: {pair.key}"
            f"\n    ca: {authority.certificate}")


# --- outwards


@pytest.fixture
def send(start, settings, authority):
    """Starts all with a next hop that shows this pair; the outcome of one message, and the hop."""
    with contextlib.ExitStack() as stack:
        def run(pair, uri: str = f"sip:{HOP_NAME};transport=tls", hop: str = "", asks: bool = False):
            ours = authority.issue("ours", "gateway.contoso.test")
            there = stack.enter_context(
                SipHop((settings.address(20), TLS_PORT), "TLS",
                       context=_server_context(pair, authority if asks else None)))
            edge = stack.enter_context(FakeEdge(settings.data / "gateway" / "link.sock"))
            names = stack.enter_context(NameServer(settings.dns))
            names.zone[f"_sips._tcp.{HOP_NAME}"] = Name(SRV=[(0, 1, TLS_PORT, "node1.test")])
            names.zone["node1.test"] = Name(A=[settings.address(20)])
            ip, port = settings.dns
            start(uri=uri, hop=hop, partner=("--type", "Federated"),
                  sip=_options(authority, ours) + f"\n    dns: {{servers: [\"{ip}:{port}\"]}}")
            there.outcome = edge.deliver("one")[0][0]
            if there.outcome == "delivered":
                assert edge.deliver("two")[0][0] == "delivered" and there.connections == 1
            return there
        yield run


def test_the_name_that_was_asked_for(send, authority):
    """The certificate names the domain of the URI, not the host that SRV gave; so does SNI."""
    hop = send(authority.issue("good", HOP_NAME))
    assert hop.outcome == "delivered" and hop.bodies() == ["one", "two"]
    assert hop.asked_names == [HOP_NAME]
    assert hop.requests[0].headers["via"].startswith("SIP/2.0/TLS ")


def test_client_certificate_is_shown(send, authority):
    hop = send(authority.issue("good", HOP_NAME), asks=True)
    assert hop.outcome == "delivered"
    assert ("DNS", "gateway.contoso.test") in hop.certificates[0]["subjectAltName"]


def test_uri_in_the_certificate(send, authority):
    hop = send(authority.issue_uri("good", "other.test", uris=[f"sip:{HOP_NAME}"]))
    assert hop.outcome == "delivered"


@pytest.mark.parametrize("fault", ["host", "wildcard", "expired", "self-signed", "other-ca",
                                   "uri-of-another", "uri-of-a-user"])
def test_certificate_of_another(send, authority, settings, fault):
    """Not one octet of a message reaches it."""
    stranger = Authority(settings.data / "ca2", "Another CA").create()
    pair = {
        "host": lambda: authority.issue("bad", "node1.test"),
        "wildcard": lambda: authority.issue("bad", "*.contoso.test"),
        "expired": lambda: authority.issue_expired("bad", HOP_NAME),
        "self-signed": lambda: authority.self_signed("bad", HOP_NAME),
        "other-ca": lambda: stranger.issue("bad", HOP_NAME),
        "uri-of-another": lambda: authority.issue_uri("bad", HOP_NAME, uris=["sip:evil.test"]),
        "uri-of-a-user": lambda: authority.issue_uri("bad", "evil.test",
                                                     uris=[f"sip:u@{HOP_NAME}"]),
    }[fault]()
    hop = send(pair)
    assert hop.outcome == "refused" and hop.requests == [] and hop.connections >= 1


def test_an_address_must_show_the_domain(send, settings, authority):
    """A next hop by address is held to the domain whose requests go there."""
    hop = send(authority.issue("good", LOCAL_DOMAIN),
               uri=f"sip:{settings.address(20)};transport=tls")
    assert hop.outcome == "delivered" and hop.asked_names == [LOCAL_DOMAIN]


def test_another_name_by_setting(send, authority):
    hop = send(authority.issue("good", PEER_NAME), hop=f"\n        tls-name: {PEER_NAME}")
    assert hop.outcome == "delivered" and hop.asked_names == [PEER_NAME]


# --- inwards


@pytest.fixture
def tls_gateway(start, settings, authority):
    def run(**peer):
        words = "".join(f", {name.replace('_', '-')}: {value}" for name, value in peer.items())
        ip = settings.gateway[0]
        return start(sip=_options(authority, authority.issue("ours", "gateway.contoso.test")),
                     listen=f"\n      - {{transport: tls, address: \"{ip}:{TLS_PORT}\"}}"
                            f"\n      - {{transport: udp, address: \"{ip}:{UDP_PORT}\"}}",
                     peers=f"\n      - {{name: cluster{words}}}")
    return run


def _ask(settings, authority, pair, source: str) -> int:
    """The status of an OPTIONS by TLS with that client certificate."""
    context = ssl.create_default_context(cafile=str(authority.certificate))
    if pair:
        context.load_cert_chain(pair.certificate, pair.key)
    with socket.create_connection((settings.gateway[0], TLS_PORT), timeout=5,
                                  source_address=(source, 0)) as plain:
        with context.wrap_socket(plain, server_hostname="gateway.contoso.test") as connection:
            connection.sendall(request("OPTIONS", f"sip:{LOCAL_DOMAIN}", b"", transport="TLS"))
            return status(read_all(connection)[0])


def test_peer_by_its_certificate(tls_gateway, settings, authority):
    """From any address; by that certificate and no other."""
    tls_gateway(tls_names=f"[{PEER_NAME}]")
    stranger = Authority(settings.data / "ca2", "Another CA").create()
    rows = [
        (200, authority.issue("a", PEER_NAME)),
        (200, authority.issue_uri("b", "other.test", uris=[f"sip:{PEER_NAME}"])),
        (403, None),
        (403, authority.issue("c", "evil.test")),
        (403, authority.issue("d", "*.contoso.test")),
        (403, authority.issue("e", f"x.{PEER_NAME}")),
        (403, authority.issue_expired("f", PEER_NAME)),
        (403, authority.self_signed("g", PEER_NAME)),
        (403, stranger.issue("h", PEER_NAME)),
        (403, authority.issue_uri("i", PEER_NAME, uris=["sip:evil.test"])),
    ]
    got = [(_ask(settings, authority, pair, settings.address(77)), pair) for _, pair in rows]
    assert got == rows


def test_certificate_is_required(tls_gateway, settings, authority):
    """The address alone is not enough, and neither is the certificate from elsewhere."""
    there, elsewhere = settings.address(78), settings.address(79)
    gateway = tls_gateway(tls_names=f"[{PEER_NAME}]", addresses=f"[{there}]",
                          require_certificate="on")
    good, other = authority.issue("a", PEER_NAME), authority.issue("b", "evil.test")
    options = request("OPTIONS", f"sip:{LOCAL_DOMAIN}", b"")
    assert _ask(settings, authority, good, there) == 200
    assert _ask(settings, authority, good, elsewhere) == 403
    assert _ask(settings, authority, other, there) == 403
    assert _ask(settings, authority, None, there) == 403
    assert status(gateway.ask_udp(options, source=there)) == 403
    assert status(gateway.ask_tcp(options, source=there)[0]) == 403


def test_udp_does_not_borrow_a_certificate(tls_gateway, settings, authority):
    """A proven connection says nothing about datagrams, also when it has the number of their
    socket."""
    gateway = tls_gateway(tls_names=f"[{PEER_NAME}]")
    pair = authority.issue("a", PEER_NAME)
    context = ssl.create_default_context(cafile=str(authority.certificate))
    context.load_cert_chain(pair.certificate, pair.key)
    with contextlib.ExitStack() as stack:
        for _ in range(4):
            plain = stack.enter_context(
                socket.create_connection((settings.gateway[0], TLS_PORT), timeout=5))
            connection = stack.enter_context(
                context.wrap_socket(plain, server_hostname="gateway.contoso.test"))
            connection.sendall(request("OPTIONS", f"sip:{LOCAL_DOMAIN}", b"", transport="TLS"))
            assert status(read_all(connection)[0]) == 200
            for port in (0, UDP_PORT):
                options = request("OPTIONS", f"sip:{LOCAL_DOMAIN}", b"")
                answer = gateway.ask_udp(options, source=settings.address(77), port=port)
                assert status(answer) == 403


def test_new_certificate_at_sighup(tls_gateway, settings, authority):
    """Read again from inside the sandbox; a bad one leaves the old one in use."""
    gateway = tls_gateway(tls_names=f"[{PEER_NAME}]")
    client = authority.issue("a", PEER_NAME)

    def serial():
        context = ssl.create_default_context(cafile=str(authority.certificate))
        context.load_cert_chain(client.certificate, client.key)
        with socket.create_connection((settings.gateway[0], TLS_PORT), timeout=5) as plain:
            with context.wrap_socket(plain, server_hostname="gateway.contoso.test") as connection:
                return connection.getpeercert()["serialNumber"]
    first = serial()
    pair = authority.issue("ours", "gateway.contoso.test")
    os.kill(gateway.pid, signal.SIGHUP)
    wait_until(lambda: serial() != first, 5, "the new certificate")
    second = serial()
    pair.certificate.write_text("no certificate")
    os.kill(gateway.pid, signal.SIGHUP)
    wait_until(lambda: "sip-certificate-refused" in gateway.output(), 5, "the refusal")
    assert serial() == second


def test_garbage_instead_of_a_handshake(tls_gateway, settings, authority):
    tls_gateway(tls_names=f"[{PEER_NAME}]")
    for garbage in (request(), b"\x16\x03\x01\x40\x00" + b"A" * 16384, b"\r\n\r\n" * 1000, b""):
        with socket.create_connection((settings.gateway[0], TLS_PORT), timeout=5) as connection:
            with contextlib.suppress(OSError):  # it may have been closed at the first octets
                connection.sendall(garbage)
                connection.shutdown(socket.SHUT_WR)
            data, closed = read_all(connection)
            assert closed and b"SIP/2.0" not in data
    assert _ask(settings, authority, authority.issue("a", PEER_NAME), settings.address(77)) == 200
