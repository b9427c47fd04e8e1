"""Strangers who are slow, silent, unfinished or none of ours: they cost little, and not for long."""

import contextlib
import ssl
import time

import pytest

from lab import rogue
from lab.process import LabError
from lab.settings import LOCAL_DOMAIN

pytestmark = pytest.mark.xdist_group("strangers")

_OPENING = f"<stream:stream xmlns='{rogue.SERVER}' xmlns:stream='{rogue.STREAMS}'"
HEADER = f"<?xml version='1.0'?>{_OPENING} from='good.test' to='{LOCAL_DOMAIN}' version='1.0'>"
ANONYMOUS = f"{_OPENING} xmlns:db='{rogue.DIALBACK}' to='{LOCAL_DOMAIN}' version='1.0'>"


def test_policy_comes_before_tls_and_dns(make_border):
    """Who names no partner, or a domain that is not ours, is sent away by the header; a key of
    somebody who is no partner is not asked about."""
    border = make_border()
    border.publish("nobody.test", (border.address(), 5269))
    border.allow("back.test", tls="NotSupported", sasl="NotSupported", dialback="true")
    for sender, to, error in (("nobody.test", LOCAL_DOMAIN, "policy-violation"),
                              ("nobody.test", "not-ours.test", "host-unknown")):
        with rogue.connect(border.settings.edge) as stream:
            stream.header(sender, to)
            stream.send(f"<starttls xmlns='{rogue.TLS}'/>")
            stream.expect("stream")
            assert rogue.condition_of(stream.next(3), rogue.STREAM_ERRORS) == error
    with rogue.connect(border.settings.edge) as stream:
        stream.send(ANONYMOUS)
        stream.expect("stream")
        stream.expect("features")
        stream.send(f"<db:result from='nobody.test' to='{LOCAL_DOMAIN}'>key</db:result>")
        assert stream.wait_end(3) == "policy-violation"
    assert [name for name, _ in border.names.asked if "nobody" in name] == []


def starttls(border) -> rogue.Stream:
    """A stream on which the client's hello is waited for."""
    stream = rogue.connect(border.settings.edge)
    stream.open("good.test", LOCAL_DOMAIN)
    stream.send(f"<starttls xmlns='{rogue.TLS}'/>")
    stream.expect("proceed")
    return stream


def hello(border) -> bytes:
    """A client's first record."""
    out = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        rogue.context(border.authority).wrap_bio(ssl.MemoryBIO(), out).do_handshake()
    return out.read()


def slow_peers(border) -> dict:
    """By name: a stream, and bytes of which one is sent now and then."""
    silent, half, dripped, said, stanza, other = (rogue.connect(border.settings.edge)
                                                  for _ in range(6))
    half.send(HEADER[:100])
    for stream in (said, stanza, other):
        stream.open("good.test", LOCAL_DOMAIN)
    for stream in (stanza, other):
        stream.send(f"<auth xmlns='{rogue.SASL}'")
    record, whole, up = (starttls(border) for _ in range(3))
    record.send(hello(border)[:60])
    whole.send(hello(border))
    up.socket = rogue.context(border.authority).wrap_socket(up.socket)
    return {"silent": (silent, b""), "half a header": (half, b""),
            "dripped header": (dripped, HEADER.encode() + b" " * 1000), "whole header": (said, b""),
            "half an element": (stanza, b""), "dripped element": (other, b" " * 1000),
            "no hello": (starttls(border), b""), "half a hello": (record, b""),
            "dripped hello": (starttls(border), hello(border)), "hello only": (whole, b""),
            "silent in TLS": (up, b"")}


def is_over(stream: rogue.Stream, byte: int) -> bool:
    try:
        if byte is not None:
            stream.send(bytes([byte]))
        stream.wait_end(0.01)
    except rogue.Silence:
        return False
    except (OSError, LabError):
        pass
    return True


def test_slow_peers_have_one_deadline(make_border):
    """Whatever they do meanwhile."""
    border = make_border()
    border.partner("good.test")
    border.set(stream_establishment_timeout=5)
    began, ended = time.monotonic(), {}
    left = {name: (stream, iter(drip)) for name, (stream, drip) in slow_peers(border).items()}
    assert time.monotonic() - began < 3
    while left and time.monotonic() < began + 15:
        for name, (stream, drip) in list(left.items()):
            if is_over(stream, next(drip, None)):
                ended[name] = time.monotonic() - began
                del left[name]
        time.sleep(0.05)
    assert set(left) == set()
    assert {name: when for name, when in ended.items() if not 4.5 < when < 10} == {}


def test_bytes_of_strangers_are_bounded(make_border, eventually):
    """Three hundred with 64 KiB of what is never finished, of a header or of an element: most of it
    is never read."""
    border = make_border()
    border.partner("good.test")
    border.call(border.partner("warm.test")).close()
    before, highest, held = border.memory(), 0.0, []
    for n in range(300):
        with contextlib.suppress(OSError):
            held.append(rogue.connect(border.settings.edge, border.settings.address(200 + n % 8)))
            held[-1].send((_OPENING if n % 2 else ANONYMOUS + "<auth") + " a='" + "x" * 65536)
        highest = max(highest, border.memory())
    until = time.monotonic() + 1
    while time.monotonic() < until:
        highest = max(highest, border.memory())
        time.sleep(0.01)
    assert highest - before < 24
    border.call(border.partner("other.test"))
    for stream in held:
        stream.close()
    eventually(lambda: border.memory() - before < 12, 15, "memory to come back", every=0.2)
