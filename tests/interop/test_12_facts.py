"""What `causeway stream show` tells of a stream, held against what was done with it."""

import re

import pytest

from lab import rogue
from lab.process import wait_until
from lab.scripted import OFFERS_DIALBACK, Scripted
from lab.settings import LOCAL_DOMAIN

pytestmark = pytest.mark.xdist_group("facts")

ALICE = f"alice@{LOCAL_DOMAIN}"


def shown(border, domain: str, direction: str) -> dict:
    """The whole of the one stream with the domain that is ready."""
    def found():
        listed = border.causeway.query("stream", "list", "--partner", domain, "--direction",
                                       direction)["streams"]
        return [stream["id"] for stream in listed if stream["state"] == "ready"]
    stream_id, = wait_until(found, 5, "the stream", every=0.2)
    return border.causeway.query("stream", "show", stream_id)["stream"]


@pytest.fixture(scope="module")
def partner(border):
    return border.partner("facts.test")


def check_security(stream, proof: str) -> None:
    assert stream["tls"] == {"start": "STARTTLS", "version": "TLSv1.3",
                             "cipher": "TLS_AES_256_GCM_SHA384"}
    assert (stream["method"], stream["proof"]) == ("SASL over TLS", proof)
    certificate = stream["certificate"]
    assert "facts.test" in certificate["names"]
    assert certificate["issuer"] == "CN = Causeway lab CA"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", certificate["not-after"])
    assert certificate["chain"] == "ok"


def test_outbound(border, partner, eventually):
    for number in range(3):
        assert border.sip.ask(ALICE, "j@facts.test", f"number {number}") == 202
    eventually(lambda: len(partner.bodies()) == 3, 3, "the messages")
    stream = shown(border, "facts.test", "outbound")
    check_security(stream, "PKIX")
    assert stream["partner"] == stream["remote"] == "facts.test"
    assert stream["local"] == LOCAL_DOMAIN
    assert stream["peer-address"] == "%s:%d" % partner.address
    assert stream["pairs"] == [{"local": LOCAL_DOMAIN, "remote": "facts.test", "state": "ready",
                                "method": "SASL over TLS"}]
    assert (stream["stanzas-in"], stream["stanzas-out"]) == (0, 3)
    assert stream["bytes-out"] > 600 and stream["bytes-in"] > 400
    assert (stream["queued-bytes"], stream["waiting-stanzas"]) == (0, 0)
    assert (stream["keep-alive"]["on"], stream["keep-alive"]["interval-s"]) == (True, 300)
    assert stream["keep-alive"]["said-s-ago"] < 20
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", stream["since"])


def test_inbound(border, partner, eventually):
    before = shown(border, "facts.test", "outbound")["limits"]["partner-streams"]
    call = border.call(partner)
    for number in range(2):
        call.send(rogue.message("j@facts.test", ALICE, f"inward {number}"))
    eventually(lambda: "inward 1" in border.sip.bodies(), 5, "the messages")
    stream = shown(border, "facts.test", "inbound")
    check_security(stream, "PKIX")
    assert (stream["stanzas-in"], stream["stanzas-out"]) == (2, 0)
    assert stream["local-address"] == "%s:%d" % border.settings.edge
    assert stream["keep-alive"]["on"] is False
    assert stream["limits"]["partner-streams"] == before + 1
    assert stream["limits"]["partner-connection-limit"] == 20


def test_by_dialback_in_the_clear(border):
    def talk(server, stream):
        server._greet(stream, OFFERS_DIALBACK)
        asked = stream.expect("result")
        stream.send(f"<db:result from='{asked.get('to')}' to='{asked.get('from')}' type='valid'/>")
        stream.wait_end(60)
    place = border.address(), 5269
    border.publish("clear.test", place)
    border.allow("clear.test", tls="NotSupported", sasl="NotSupported", dialback="true")
    border.enter(Scripted(place, border.authority, border.authority.issue("clear", "clear.test"),
                          talk))
    assert border.sip.ask(ALICE, "j@clear.test", "hello") == 202
    stream = shown(border, "clear.test", "outbound")
    assert (stream["tls"], stream["certificate"]) == (None, None)
    assert (stream["method"], stream["proof"]) == ("TCP dialback", "dialback")
