"""Who sends and takes nothing, who takes slowly, who sends more than there is room for."""

import contextlib
import os
import pathlib
import socket
import time

import pytest

from lab.panel import read_all
from lab.process import wait_until


def memory_kib(panel) -> int:
    rollup = pathlib.Path(f"/proc/{panel.pid}/smaps_rollup").read_text()
    return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))


def request(panel, path: str, *more: str, method: str = "GET") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", f"Host: {panel.host}", *more, "", ""]).encode()


@pytest.fixture
def large(panel):
    """A file of the application that no socket takes at once."""
    file = panel.files / "assets" / "large-Bx31_aC9.js"
    file.write_bytes(os.urandom(7 << 20))
    yield "/assets/" + file.name
    file.unlink()


def send_all_that_fits(connection, data: bytes) -> int:
    """How much of it was taken before nothing was for a second."""
    connection.settimeout(1)
    sent = 0
    with contextlib.suppress(socket.timeout, OSError):
        while sent < len(data):
            sent += connection.send(data[sent:sent + 16384])
    return sent


def test_nothing_taken(panel, large):
    """Forty answers of 7 MiB are asked for and none is taken: one waits, not all."""
    panel.browser().get("/" + large)
    before = memory_kib(panel)
    with contextlib.closing(panel.connect()) as connection:
        send_all_that_fits(connection, request(panel, large) * 40)
        time.sleep(1)  # what would be answered meanwhile
        assert memory_kib(panel) - before < 100 << 10  # the sanitizer keeps what is free
        assert panel.browser().get("//").status == 200


def test_all_taken_at_last(panel, large):
    """Taken slowly, every answer is there, whole and in order, and the connection goes on."""
    size = (panel.files / large[1:]).stat().st_size
    with contextlib.closing(panel.connect()) as connection:
        connection.sendall(request(panel, large) * 3 + request(panel, "/", "Connection: close"))
        time.sleep(0.5)
        data = read_all(connection)
    assert data.count(b"HTTP/1.1 200 OK\r\n") == 4
    assert data.count((panel.files / large[1:]).read_bytes()) == 3 and len(data) > 3 * size
    assert data.endswith(b"</title>\n")


def test_last_answer_whole(panel, large):
    """An answer after which the connection ends is not cut because its reader is slow."""
    with contextlib.closing(panel.connect()) as connection:
        connection.sendall(request(panel, large, "Connection: close"))
        data, begun = b"", time.monotonic()
        while time.monotonic() - begun < 4:
            data += connection.recv(8192)
            time.sleep(0.1)
        data += read_all(connection)
    assert data.endswith((panel.files / large[1:]).read_bytes())


def test_bodies_have_a_bound(panel):
    """Twenty announce 8 MiB each and send all but the last byte: room is not made for all."""
    before = memory_kib(panel)
    body = b" " * ((8 << 20) - 1)
    head = request(panel, "/api/v1/import", f"Content-Length: {8 << 20}",
                   "Content-Type: application/json", method="POST")
    with contextlib.ExitStack() as stack:
        refused = 0
        for _ in range(20):
            connection = stack.enter_context(contextlib.closing(panel.connect()))
            connection.sendall(head)
            connection.settimeout(0.2)
            try:
                refused += b" 503 " in connection.recv(1000)
                continue
            except socket.timeout:
                connection.settimeout(15)
            connection.sendall(body)
        assert refused >= 10
        assert memory_kib(panel) - before < 120 << 10
        assert panel.browser().get("//").status == 200
    again = []
    wait_until(lambda: again.append(panel.token(f"room-{len(again)}").ask(
        "POST", "/import", b" " * (2 << 20)).status) or again[-1] == 400, 10, "room again")


def test_nobody_has_all_the_room(panel):
    """A stranger who announces large bodies and sends nothing leaves room for others' imports."""
    other = panel.token("roomy")
    other.source = panel.settings.address(90)
    head = request(panel, "/api/v1/import", f"Content-Length: {8 << 20}",
                   "Content-Type: application/json", "Expect: 100-continue", method="POST")
    with contextlib.ExitStack() as stack:
        answers = []
        for _ in range(4):
            connection = stack.enter_context(contextlib.closing(panel.connect()))
            connection.sendall(head)
            answers.append(connection.recv(1000).split()[1])
        assert other.ask("POST", "/import", b" " * (2 << 20)).status == 400
    assert answers == [b"100", b"100", b"503", b"503"]
