"""Whoever is slow, silent, or many (slowloris, W26)."""

import contextlib
import socket
import threading
import time

from lab.panel import read_all
from lab.process import wait_until


def head(panel):
    return f"GET / HTTP/1.1\r\nHost: {panel.host}\r\n".encode()


def test_slow(panel):
    """All at once, and others go on: a handshake that is silent, a head, a body and an answer
    taken a bit at a time."""
    large = panel.files / "assets" / "large-Bx31_aC9.js"
    large.write_bytes(bytes(8 << 20))
    begun = time.monotonic()
    with contextlib.ExitStack() as stack:
        def enter(connection):
            return stack.enter_context(contextlib.closing(connection))
        silent = enter(socket.create_connection(panel.address, timeout=60))
        slow_head, slow_body, slow_taker, no_taker = (enter(panel.connect(60)) for _ in range(4))
        slow_head.sendall(head(panel))
        slow_body.sendall(b"POST /api/v1/session HTTP/1.1\r\nHost: " + panel.host.encode() +
                          b"\r\nContent-Length: 1000\r\n\r\n")
        for taker in (slow_taker, no_taker):
            taker.sendall(f"GET /assets/{large.name} HTTP/1.1\r\nHost: {panel.host}\r\n\r\n"
                          .encode())
        ended = {}

        def drip(name, seconds, act):
            """Until it is refused, or for that long."""
            with contextlib.suppress(OSError):
                while time.monotonic() - begun < seconds and act() != b"":
                    time.sleep(0.5)
            ended[name] = time.monotonic() - begun
        threads = [threading.Thread(target=drip, args=row) for row in (
            ("silent", 40, lambda: silent.recv(1)),
            ("head", 40, lambda: slow_head.sendall(b"X: y\r\n")),
            ("body", 60, lambda: slow_body.sendall(b" ")),
            ("taker", 35, lambda: slow_taker.recv(512)))]
        for thread in threads:
            thread.start()
        for _ in range(10):
            assert panel.browser().get("//").status == 200
        for thread in threads:
            thread.join()
        # What the kernel took of the answers is still read here, after the panel has let go.
        wait_until(lambda: b"\ncauseway_panel_connections 1\n" in
                   panel.local().get("//metrics").body, 15, "nobody left")
        assert len(read_all(no_taker)) < large.stat().st_size
    assert 8 < ended["silent"] < 20 and 8 < ended["head"] < 20, ended
    assert 25 < ended["body"] < 45, ended
    large.unlink()


def test_room_is_made(start):
    """Where all have come that may, the silent ones go first; who asks gets his answer."""
    panel = start("max-connections: 10\nmax-per-address: 10")
    with contextlib.ExitStack() as stack:
        first, *others = [stack.enter_context(contextlib.closing(panel.connect()))
                          for _ in range(10)]
        late = stack.enter_context(contextlib.closing(panel.connect(
            source=panel.settings.address(78))))
        late.sendall(head(panel) + b"Connection: close\r\n\r\n")
        assert read_all(late).startswith(b"HTTP/1.1 200 ")
        assert read_all(first) == b""
        others[-1].sendall(head(panel) + b"Connection: close\r\n\r\n")
        assert read_all(others[-1]).startswith(b"HTTP/1.1 200 ")
    assert panel.local().get("/session").status == 200


def test_many_of_one_address(start):
    panel = start("max-per-address: 5")
    with contextlib.ExitStack() as stack:
        for _ in range(5):
            stack.enter_context(contextlib.closing(panel.connect()))
        try:
            sixth = stack.enter_context(contextlib.closing(panel.connect()))
            assert read_all(sixth) == b""
        except OSError:
            pass
        other = stack.enter_context(contextlib.closing(panel.connect(
            source=panel.settings.address(77))))
        other.sendall(head(panel) + b"Connection: close\r\n\r\n")
        assert read_all(other).startswith(b"HTTP/1.1 200 ")
    wait_until(lambda: panel.browser().get("//").status == 200, 10, "room again")


def test_rate(start):
    """One script that asks without end is held back; another one is not."""
    panel = start("requests-per-s: 5\nrequests-burst: 10")
    busy, calm = panel.token("busy"), panel.token("calm")
    answers = [busy.get("/partners") for _ in range(14)]
    assert answers[0].status == 200
    late = [answer for answer in answers if answer.status == 429]
    assert late and late[0].headers["retry-after"] == "1"
    assert calm.get("/partners").status == 200
    assert panel.local().get("/partners").status == 200


def test_half_closed(panel):
    """Whoever goes away in the middle of an answer leaves nothing behind."""
    for _ in range(20):
        with contextlib.closing(panel.connect()) as connection:
            connection.sendall(head(panel) + b"\r\n")
    assert panel.browser().get("//").status == 200
