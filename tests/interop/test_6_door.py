"""Addresses that connect or shake hands too fast, or fail to prove themselves too often: they are
kept out for a while, and nobody else is, nor what they have open."""

import contextlib
import re
import socket
import time

import pytest

from lab import rogue
from lab.process import LabError
from lab.settings import LOCAL_DOMAIN

pytestmark = pytest.mark.xdist_group("door")

ALICE = f"alice@{LOCAL_DOMAIN}"
DOOR = """  connections-per-s: 5
  connections-burst: 20
  ban-after: 4
  ban-s: 2"""
HANDSHAKES = """  connections-per-s: 0
  handshakes-per-s: 1
  handshakes-burst: 5
  ban-after: 1"""


@pytest.fixture
def border(make_border):
    made = make_border(door=DOOR)
    made.back = made.address(), 5269
    made.allow("back.test", tls="NotSupported", sasl="NotSupported", dialback="true")
    made.publish("back.test", made.back)
    return made


@pytest.fixture
def crosses(border, eventually):
    """Call it with a stream: a message on it arrives."""
    def send(stream, body: str):
        stream.send(rogue.message("j@good.test", ALICE, body))
        eventually(lambda: body in border.sip.bodies(), 3, body)
    return send


def told(border, event: str) -> int:
    return len(lines(border, event))


def lines(border, event: str) -> list:
    return [line for line in border.causeway.output().splitlines() if f" {event} " in line]


def test_E03_too_many_connections(border, crosses):
    """Beyond burst and rate they are closed at once; what is open and other addresses go on."""
    bad, good = (border.settings.address(n) for n in (200, 201))
    partner = border.partner("good.test")
    stream = border.call(partner, source=bad)
    before = border.cpu()
    assert 19 <= sum(border.lets_in(bad) for _ in range(200)) <= 40
    assert border.cpu() - before < 1
    crosses(stream, "on the open stream")
    crosses(border.call(partner, source=good), "from another address")
    assert told(border, "address-too-fast") == 1
    time.sleep(1)
    assert border.lets_in(bad)


def wrong_certificate(border, source: str) -> None:
    with contextlib.suppress(LabError):  # <failure/> in the place of <success/>
        border.call(border.stranger, sender="good.test", source=source)


def no_xml(border, source: str) -> None:
    with rogue.connect(border.settings.edge, source) as stream:
        stream.send("GET / HTTP/1.1\r\n\r\n")
        assert stream.wait_end(3) == "not-well-formed"


def no_partner(border, source: str) -> None:
    with rogue.connect(border.settings.edge, source) as stream:
        stream.open("nobody.test", LOCAL_DOMAIN)


def dialback(border, source: str, verdict: str, first: str = "") -> None:
    """A key, about which the domain's own server says this; `first` is sent before it."""
    with (contextlib.closing(socket.create_server(border.back)) as listener,
          rogue.connect(border.settings.edge, source) as stream):
        stream.open("back.test", LOCAL_DOMAIN)
        if first:
            stream.send(first)
            stream.expect("failure")
        stream.send(f"<db:result from='back.test' to='{LOCAL_DOMAIN}'>guessed</db:result>")
        with rogue.Stream(listener.accept()[0]) as authority:
            authority.expect("stream")
            authority.header("back.test", LOCAL_DOMAIN, " id='one'")
            authority.send("<stream:features><dialback xmlns='urn:xmpp:features:dialback'/>"
                           "</stream:features>")
            question = authority.expect("verify")
            authority.send(f"<db:verify from='back.test' to='{LOCAL_DOMAIN}' type='{verdict}' "
                           f"id='{question.get('id')}'/>")
            assert stream.expect("result").get("type") == verdict


def invalid_key(border, source: str) -> None:
    dialback(border, source, "invalid")


@pytest.mark.parametrize("fail", [wrong_certificate, no_xml, no_partner, invalid_key])
def test_E13_a_ban(border, crosses, eventually, fail):
    """After four failures, for two seconds, told once; nobody else is."""
    bad, good = (border.settings.address(n) for n in (200, 201))
    partner = border.partner("good.test")
    border.stranger = border.partner("stranger.test")
    stream = border.call(partner, source=bad)
    for _ in range(4):
        assert told(border, "address-banned") == 0
        assert border.lets_in(bad)
        with contextlib.suppress(rogue.Ended):
            fail(border, bad)
    eventually(lambda: told(border, "address-banned") == 1, 2, "the line in the log")
    assert not any(border.lets_in(bad) for _ in range(3))
    crosses(stream, "on the open stream")
    crosses(border.call(partner, source=good), "from another address")
    time.sleep(2.5)
    assert border.lets_in(bad)
    (line,) = lines(border, "address-banned")
    assert f" address={bad} " in line
    assert re.search(r' until="?20[0-9-]+T[0-9:]+Z', line)


def test_refusals_of_a_stream_that_proves_itself_do_not_count(border):
    """A partner that always tries SASL first, in vain, and then dialback."""
    auth = f"<auth xmlns='{rogue.SASL}' mechanism='EXTERNAL'>=</auth>"
    for _ in range(6):
        dialback(border, border.settings.address(200), "valid", first=auth)
    assert told(border, "address-banned") == 0


def shakes_hands(border, source: str) -> str:
    """STARTTLS as good.test: "" when it was done, else the stream error."""
    tls = rogue.context(border.authority)
    with rogue.connect(border.settings.edge, source) as stream:
        stream.open("good.test", LOCAL_DOMAIN)
        try:
            stream.start_tls(tls)
        except rogue.Ended as end:
            return end.error or "closed"
        return ""


def test_too_many_handshakes(make_border, eventually):
    """Beyond burst and rate no key is used for them; that is no reason for a ban."""
    border = make_border(door=HANDSHAKES)
    bad, good = (border.settings.address(n) for n in (200, 201))
    partner = border.partner("good.test")
    streams = [border.call(partner, source=bad)]
    outcomes = [shakes_hands(border, bad) for _ in range(30)]
    assert set(outcomes) == {"", "resource-constraint"}
    assert 4 <= outcomes.count("") <= 7
    before = border.cpu()
    for _ in range(30):
        shakes_hands(border, bad)
    assert border.cpu() - before < 0.5
    streams.append(border.call(partner, source=good))
    for number, stream in enumerate(streams):
        stream.send(rogue.message("j@good.test", ALICE, f"stream {number}"))
    eventually(lambda: {"stream 0", "stream 1"} <= set(border.sip.bodies()), 3, "both messages")
    time.sleep(1.2)
    assert shakes_hands(border, bad) == ""
    assert told(border, "address-banned") == 0


def test_too_many_handshakes_of_direct_tls(make_border):
    """They end before the first byte of TLS."""
    border = make_border(door=HANDSHAKES)
    place = border.settings.edge[0], border.settings.edge[1] + 1
    border.partner("good.test")
    tls = rogue.context(border.authority)

    def shakes(source: int) -> bool:
        with contextlib.suppress(OSError):
            with rogue.connect(place, border.settings.address(source)) as stream:
                tls.wrap_socket(stream.socket).close()
                return True
        return False
    assert 5 <= sum(shakes(200) for _ in range(30)) <= 7
    assert shakes(201)
    (line,) = lines(border, "address-too-fast")
    assert " what=handshakes " in line
