"""Where the gateway says it is: Via and Contact, as each peer sees it (RFC 3261 sections 8.1.1.8 and
18.1.1)."""

import contextlib
import dataclasses
import re

import pytest

from lab.fakeedge import FakeEdge
from lab.gateway import event
from lab.process import wait_until
from lab.settings import LOCAL_DOMAIN, PARTNER_DOMAIN
from lab.siphop import SipHop

FIRST_PORT = 5600  # a listener that is bound everywhere needs its port at every address


@pytest.fixture
def settings(settings):
    number = int(settings.base.rpartition(".")[2])  # so that each worker has a port of its own
    return dataclasses.replace(settings, gateway_port=FIRST_PORT + number)


@pytest.fixture
def everywhere(start, settings):
    """Starts a gateway that listens everywhere, with a next hop of that transport."""
    def run(transport: str, answer=200) -> "tuple[FakeEdge, SipHop]":
        ip, port = settings.kamailio
        hop = SipHop((ip, port), transport, answer)
        start(bound="0.0.0.0", uri=f"sip:{ip}:{port};transport={transport.lower()}",
              sip="\n    t1-ms: 50", partner=("--type", "Federated"))
        return hop
    return run


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
def test_via_of_one_who_listens_everywhere(everywhere, settings, transport):
    """The address that our packets come from, with the listener's port; never 0.0.0.0."""
    with FakeEdge(settings.data / "gateway" / "link.sock") as edge, \
            everywhere(transport) as hop:
        assert edge.deliver("one")[0][0] == "delivered"
        request, = hop.requests
        via = request.headers["via"]
        assert via.startswith(f"SIP/2.0/{transport} {request.source[0]}:{settings.gateway_port};"), via


def test_via_of_one_who_listens_somewhere(start, settings):
    ip, port = settings.gateway
    with FakeEdge(settings.data / "gateway" / "link.sock") as edge, \
            SipHop(settings.kamailio, "TCP") as hop:
        start(sip="\n    t1-ms: 50", partner=("--type", "Federated"))
        assert edge.deliver("one")[0][0] == "delivered"
        assert hop.requests[0].headers["via"].startswith(f"SIP/2.0/TCP {ip}:{port};")


def _subscribe(number: int, **more) -> bytes:
    return event("SUBSCRIBE", f"here{number}", f"<sip:alice@{LOCAL_DOMAIN}>;tag=w",
                 f"<sip:juliet@{PARTNER_DOMAIN}>", **more)


def _contact(answer: bytes) -> str:
    return re.search(rb"\r\nContact: ([^\r]*)", answer)[1].decode()


def test_contact_of_one_who_listens_everywhere(world, settings):
    """By TCP it is where the peer reached us; by UDP, where our packets come from."""
    gateway = world.run(bound="0.0.0.0").gateway
    with contextlib.closing(gateway.udp()) as sock:
        sock.sendto(_subscribe(1, transport="UDP"), gateway.address)
        answer, source = sock.recvfrom(70000)
    assert _contact(answer) == f"<sip:juliet@{source[0]}:{settings.gateway_port}>"
    answer, _ = gateway.ask_tcp(_subscribe(2))
    assert _contact(answer) == (f"<sip:juliet@{gateway.address[0]}:{settings.gateway_port};"
                                "transport=tcp>")
    wait_until(lambda: world.of("NOTIFY"), 10, "a NOTIFY")
    notify = world.of("NOTIFY")[-1]
    assert notify.headers["contact"].endswith(f":{settings.gateway_port};transport=tcp>")
    assert "0.0.0.0" not in notify.headers["contact"] + notify.headers["via"]
