"""Kamailio and the gateway over TLS, each holding the other to its certificate."""

import contextlib

import pytest

from lab.ca import Authority
from lab.fakeedge import FakeEdge
from lab.kamailio_tls import TLS_PORT, TlsKamailio
from lab.settings import LOCAL_DOMAIN, PARTNER_DOMAIN
from lab.sipclient import SipUser


@pytest.fixture
def platform(start, settings):
    """Kamailio with that certificate, the gateway with the other; alice and the link."""
    authority = Authority(settings.data / "ca").create()
    with contextlib.ExitStack() as stack:
        def run(kamailio_name: str = LOCAL_DOMAIN, tls_name: str = LOCAL_DOMAIN):
            pair = authority.issue("kamailio", kamailio_name)
            ours = authority.issue("gateway", "gateway.contoso.test")
            kamailio = TlsKamailio(settings, pair, authority)
            stack.callback(kamailio.stop)
            kamailio.start()
            edge = stack.enter_context(FakeEdge(settings.data / "gateway" / "link.sock"))
            start(uri=f"sip:{settings.kamailio[0]}:{TLS_PORT};transport=tls",
                  sip=f"\n    certificate: {ours.certificate}\n    key: {ours.key}"
                      f"\n    ca: {authority.certificate}",
                  listen=f"\n      - {{transport: tls, address: \"{settings.gateway[0]}:{TLS_PORT}\"}}",
                  peers=f"\n      - {{name: kamailio, tls-names: [{tls_name}], "
                        "require-certificate: on}",
                  address_peer=False, partner=("--type", "Federated"))
            return edge, stack.enter_context(SipUser(settings, "alice", transport="udp"))
        yield run


def test_both_ways(platform):
    edge, alice = platform()
    for number in range(3):
        answer = alice.send(f"juliet@{PARTNER_DOMAIN}", f"out {number}")
        assert answer.status == 202
        assert edge.deliver(f"in {number}")[0][0] == "delivered"
        alice.wait_for(f"in {number}")
    assert [s.findtext("{*}body") for s in edge.stanzas] == ["out 0", "out 1", "out 2"]


def test_kamailio_is_held_to_its_name(platform):
    """Its certificate is good, and of somebody else: nothing goes either way."""
    edge, alice = platform(kamailio_name="evil.test")
    assert alice.send(f"juliet@{PARTNER_DOMAIN}", "out").status == 403
    assert edge.deliver("in")[0][0] == "refused"
    assert edge.stanzas == []
    assert not [m for m in alice.received if m.body == "in"]
