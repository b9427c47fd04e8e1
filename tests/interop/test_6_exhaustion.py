"""Connections that take more than they should: slow, silent, unfinished, too many. Memory and files
come back, and a good partner is served within a second all the while."""

import contextlib
import itertools
import os
import signal
import socket
import threading
import time

import pytest

from lab import rogue
from lab.settings import LOCAL_DOMAIN

pytestmark = pytest.mark.xdist_group("exhaustion")

ALICE = f"alice@{LOCAL_DOMAIN}"
HEADER = (f"<?xml version='1.0'?><stream:stream xmlns='{rogue.SERVER}' "
          f"xmlns:stream='{rogue.STREAMS}' from='good.test' to='{LOCAL_DOMAIN}' version='1.0'>")


@pytest.fixture(scope="module")
def good(border):
    """A partner with a good certificate and nothing to hide."""
    return border.partner("good.test")


@pytest.fixture
def served(border, good, eventually):
    """Call it: how long a new stream of the good partner and one message on it take."""
    numbers = itertools.count()

    def serve() -> float:
        began = time.monotonic()
        body = f"good {began} {next(numbers)}"
        with border.call(good) as stream:
            stream.send(rogue.message("j@good.test", ALICE, body))
            eventually(lambda: body in border.sip.bodies(), 5, "the good partner's message")
        return time.monotonic() - began
    serve()
    return serve


def connections(border, count: int, text: str = ""):
    """Connected sockets, from a few addresses, each of which has sent the text."""
    made = []
    for n in range(count):
        with contextlib.suppress(OSError):
            made.append(rogue.connect(border.settings.edge, border.settings.address(200 + n % 8)))
            if text:
                made[-1].send(text)
    return made


def close_all(streams) -> None:
    for stream in streams:
        stream.close()


def is_over(stream) -> bool:
    with contextlib.suppress(rogue.Silence, OSError):
        stream.wait_end(0.5)
        return True
    return False


def comes_back(border, eventually, memory: float, files: int, margin: float = 8) -> None:
    eventually(lambda: border.files() <= files + 2, 15, "open files to come back", every=0.2)
    eventually(lambda: border.memory() <= memory + margin, 15, "memory to come back", every=0.2)


def test_E02_slow_drip_has_one_deadline(border, served):
    """A byte now and then does not put it off."""
    border.set(stream_establishment_timeout=5)
    try:
        stream = rogue.connect(border.settings.edge)
        began, text = time.monotonic(), iter(HEADER + " " * 1000)
        with pytest.raises((rogue.Ended, OSError)):
            while time.monotonic() < began + 12:
                stream.send(next(text))
                with contextlib.suppress(rogue.Silence):
                    while True:
                        stream.next(0.2)
        assert 4.5 < time.monotonic() - began < 8
        assert served() < 1
    finally:
        border.set(stream_establishment_timeout=60)


def test_E03_many_handshakes(border, good, served):
    """Three hundred, as fast as they come; an authenticated stream keeps being served."""
    stream, over = border.call(good), threading.Event()
    tls = rogue.context(border.authority)

    def storm(worker: int):
        for _ in range(60):
            with contextlib.suppress(OSError, rogue.Ended, rogue.Silence):
                source = border.settings.address(200 + worker)
                with rogue.connect(border.settings.edge, source) as each:
                    each.open("good.test", LOCAL_DOMAIN)
                    each.start_tls(tls)
    threads = [threading.Thread(target=storm, args=(n,)) for n in range(5)]
    for thread in threads:
        thread.start()
    slowest, number = 0.0, itertools.count()
    while any(thread.is_alive() for thread in threads):
        began, body = time.monotonic(), f"during the storm {next(number)}"
        stream.send(rogue.message("j@good.test", ALICE, body))
        while body not in border.sip.bodies() and time.monotonic() < began + 5:
            time.sleep(0.005)
        slowest = max(slowest, time.monotonic() - began)
        time.sleep(0.05)
    over.set()
    assert slowest < 1
    assert served() < 1


def test_silent_connections_do_not_keep_others_out(border, served, eventually):
    memory, files = border.memory(), border.files()
    silent = connections(border, 600)
    assert served() < 1
    assert border.files() - files <= 230  # max-unauthenticated is 200
    assert border.memory() - memory < 16
    close_all(silent)
    comes_back(border, eventually, memory, files)


def test_silent_connections_of_the_partners_own_address(border, served):
    """Even from there whoever is quick gets through."""
    silent = [rogue.connect(border.settings.edge) for _ in range(300)]
    assert served() < 1
    close_all(silent)


def test_E06_connect_header_reset(border, served, eventually):
    memory, files = border.memory(), border.files()
    for _ in range(5):
        for stream in connections(border, 100, HEADER):
            stream.reset()
        assert served() < 1
    comes_back(border, eventually, memory, files)


def test_E07_unfinished_elements(border, served, eventually):
    """Sixty thousand bytes before authentication are too many; the connection ends."""
    memory, files = border.memory(), border.files()
    held = connections(border, 150, HEADER)
    for stream in held:
        with contextlib.suppress(OSError):
            stream.send("<starttls xmlns='" + "x" * 60000)
    assert border.memory() - memory < 32
    assert served() < 1
    assert all(is_over(stream) for stream in held)
    close_all(held)
    comes_back(border, eventually, memory, files)


@pytest.mark.parametrize("name", [
    "xn--" + "a" * 8000, ".".join(["a" * 63] * 63), "a" * 64 + ".test", "e" + "\u0301" * 3000,
    ".", "..", "xn--", "xn--\u00fc", "[::1]",
], ids=["ace-of-8000-bytes", "63-labels-of-63", "label-of-64", "combining-marks", "dot", "dots",
        "empty-ace", "ace-that-is-none", "address"])
def test_E14_domains_that_are_none(border, served, name):
    before = border.cpu()
    with rogue.connect(border.settings.edge) as stream:
        stream.header(name, LOCAL_DOMAIN)
        assert stream.wait_end(3) != ""
    assert border.cpu() - before < 0.3
    assert served() < 1


def test_E14_addresses_that_take_long_to_normalise(border, good, served):
    """Ten thousand bytes of combining marks in an address are refused by their length."""
    before = border.cpu()
    with border.call(good) as stream:
        stream.send(rogue.message("j@good.test", "e" + "\u0301" * 5000 + f"@{LOCAL_DOMAIN}", "x"))
        stream.send(rogue.message("j@good.test/" + "\u1e9b\u0323" * 2000, ALICE, "x"))
        with contextlib.suppress(rogue.Silence):
            stream.wait_end(0.5)
    assert border.cpu() - before < 0.3
    assert served() < 1


def test_accepting_pauses_no_longer_than_it_must(border, served):
    """A backlog of connections that are closed at once."""
    for _ in range(300):
        with contextlib.closing(socket.create_connection(border.settings.edge)):
            pass
    assert served() < 1


def test_a_partner_takes_no_room_from_others(make_border, eventually):
    """The gateway hangs: what two partners send beyond their shares is refused, what a third sends
    waits, although all the common room is taken."""
    border = make_border("  queue:\n    max-stanzas: 10")
    greedy, hungry, good = (border.partner(*names) for names in (
        ("greedy.test", "also.greedy.test"), ("hungry.test",), ("good.test",)))
    streams = {"greedy.test": border.call(greedy), "hungry.test": border.call(hungry),
               "also.greedy.test": border.call(greedy, sender="also.greedy.test")}
    stream = border.call(good)
    for name in (*streams, "good.test"):  # a way back for errors
        assert border.sip.ask(ALICE, f"j@{name}", "hello") == 202
    os.kill(border.pid("gateway"), signal.SIGSTOP)
    try:
        for n, name in itertools.product(range(100), streams):
            streams[name].send(rogue.message(f"j@{name}", ALICE, f"{name} {n}", f"{name}-{n}"))
        eventually(lambda: len(greedy.errors()) + len(hungry.errors()) >= 140, 5, "the refusals")
        for n in range(10):
            stream.send(rogue.message("j@good.test", ALICE, f"good {n}", f"c{n}"))
        time.sleep(0.3)
    finally:
        os.kill(border.pid("gateway"), signal.SIGCONT)
    eventually(lambda: len(border.sip.bodies()) >= 170, 5, "all that was kept")
    assert (len(greedy.errors()), len(hungry.errors())) == (120, 20)
    assert set({**greedy.errors(), **hungry.errors()}.values()) == {"resource-constraint"}
    assert good.errors() == {}
    assert sum(body.startswith("good") for body in border.sip.bodies()) == 10
    streams["greedy.test"].send(rogue.message("j@greedy.test", ALICE, "room again"))
    eventually(lambda: "room again" in border.sip.bodies(), 3, "a message after it")
