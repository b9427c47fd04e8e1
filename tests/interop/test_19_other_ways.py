"""Streams that are made otherwise than by STARTTLS in one direction for one pair of domains: direct
TLS (XEP-0368), stanzas both ways (XEP-0288), further pairs (XEP-0220). Besides, what ends a stream
or keeps it from being one: revocations, OCSP staples, changes in whom we trust.

One Causeway has a partner for each test; real servers run as long as the file.
"""

import ssl
import time

import pytest

from lab import rogue
from lab.border import SECOND_DOMAIN
from lab.partner import Mode
from lab.process import wait_until
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
    options = f"  queue:\n    timeout-s: 6\n  crl: {settings.data}/ca/crl.pem"
    with Ways(settings, options, certificate=with_revocations) as border:
        border.set(stream_establishment_timeout=5)
        yield border
    assert border.causeway.faults() == []


def to_partner(ways, domain: str, body: str, sender: str = ALICE, status: int = 202) -> None:
    assert ways.sip.ask(sender, f"juliet@{domain}", body) == status


def to_local(ways, juliet, body: str, to: str = ALICE) -> None:
    juliet.send(to, body)
    wait_until(lambda: body in ways.sip.bodies(), 10, f"{body!r} at {to}")


def steps(attempt, *kinds):
    return [(s["step"], s["state"]) for s in attempt["steps"] if s["step"] in kinds]


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


@pytest.mark.parametrize("software", ["prosody", "ejabberd"])
def test_direct_tls_with_a_server(ways, request, software):
    server = request.getfixturevalue(software)
    juliet = ways.juliet(server)
    to_partner(ways, server.domain, "out by direct TLS")
    juliet.wait_for("out by direct TLS")
    stream = ways.stream(server.domain, "outbound")
    assert stream["tls"]["start"] == "direct" and stream["method"] == "SASL over TLS"
    assert stream["peer-address"] == f"{server.server_address[0]}:{DIRECT_PORT}"
    to_local(ways, juliet, "in by direct TLS")
    stream = ways.stream(server.domain, "inbound")
    print(stream, ways.attempts(server.domain, "inbound")[-1])
    assert stream["tls"]["start"] == "direct" and stream["method"] == "SASL over TLS"
    assert tls_facts(ways.attempts(server.domain, "inbound")[-1])["alpn"] == ALPN
