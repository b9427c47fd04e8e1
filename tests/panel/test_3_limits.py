"""Whoever is slow, silent, or many (slowloris, W26)."""

import contextlib
import time

from lab.panel import read_all
from lab.process import wait_until


def head(panel):
    return f"GET / HTTP/1.1\r\nHost: {panel.host}\r\n".encode()


def test_slow_head(panel):
    """A head that is never whole ends after ten seconds, a silent handshake too; others go on."""
    with contextlib.closing(panel.connect(30)) as slow:
        begun = time.monotonic()
        slow.sendall(head(panel))
        assert panel.browser().get("//").status == 200
        assert read_all(slow) == b""
        assert 5 < time.monotonic() - begun < 20


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
