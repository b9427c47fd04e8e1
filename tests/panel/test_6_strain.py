"""Many clients at once, of every kind: some ask in a row without waiting, some change things, some
listen, some sign in, some test partners, and some vanish at whatever stage.  Whoever stays gets one
answer for each request, his own and in order; afterwards the panel has nothing left of anybody."""

import contextlib
import json
import os
import random
import re
import socket
import ssl
import struct
import threading
import time

import pytest

from lab.process import wait_until
from test_3_gateway import Gateway

SECONDS = float(os.environ.get("CAUSEWAY_STRAIN_SECONDS", "6"))
PARTNERS = [f"strain-{n}.test" for n in range(8)]


class Line:
    """A connection that is kept, and reads answers one after another."""

    def __init__(self, panel, headers):
        self.panel, self.headers = panel, headers
        self.connection = panel.connect(40)
        self.stream = self.connection.makefile("rb")

    def close(self):
        self.stream.close()
        self.connection.close()

    def request(self, method, path, body=None) -> bytes:
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self.panel.host}", *self.headers]
        body = b"" if body is None else json.dumps(body).encode()
        if method != "GET":
            lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
        return "\r\n".join([*lines, "", ""]).encode() + body

    def send(self, data: bytes):
        self.connection.sendall(data)

    def head(self):
        """Status and fields; None: the connection is over."""
        first = self.stream.readline()
        if not first:
            return None
        assert re.fullmatch(rb"HTTP/1\.1 \d{3} [A-Za-z -]+\r\n", first), first
        fields = {}
        while (line := self.stream.readline()) != b"\r\n":
            name, _, value = line.decode().rstrip("\r\n").partition(": ")
            fields[name.lower()] = value
        return int(first.split()[1]), fields

    def answer(self):
        status, fields = self.head()
        return status, self.stream.read(int(fields.get("content-length", "0")))


def headers_of(browser):
    return [f"Cookie: __Host-causeway={browser.cookie}", f"X-CSRF-Token: {browser.csrf}"]


class Strain:
    def __init__(self, panel, gateway):
        self.panel, self.gateway = panel, gateway
        self.local = panel.local()
        for domain in PARTNERS:
            assert self.local.post("/partners", {"domain": domain}).status == 201
        self.browsers = [panel.account(f"strain-{n}") for n in range(4)]
        self.failures, self.done, self.made = [], {}, set()
        self.until = time.monotonic() + SECONDS

    def run(self, kinds):
        threads = [threading.Thread(target=self._repeat, args=(kind, number))
                   for number, kind in enumerate(kinds)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(SECONDS + 60)
            assert not thread.is_alive(), "somebody waits for an answer that never comes"
        assert self.failures == []

    def _repeat(self, kind, number):
        dice = random.Random(number)
        try:
            while time.monotonic() < self.until and not self.failures:
                kind(self, dice, self.browsers[number % len(self.browsers)])
                self.done[kind.__name__] = self.done.get(kind.__name__, 0) + 1
        except Exception as error:  # noqa: BLE001 - whatever it is, the test says it
            self.failures.append(f"{kind.__name__}: {error!r}")


def asks_in_a_row(strain, dice, browser):
    with contextlib.closing(Line(strain.panel, headers_of(browser))) as line:
        asked = [dice.choice(["", *PARTNERS]) for _ in range(dice.randint(1, 30))]
        data = b"".join(line.request("GET", f"/api/v1/partners/{domain}" if domain else "/")
                        for domain in asked)
        while data:  # cut anywhere: pieces come while an answer is made, or is on its way
            n = dice.randint(1, len(data) if dice.random() < 0.2 else 600)
            line.send(data[:n])
            data = data[n:]
        for domain in asked:
            status, body = line.answer()
            assert status == 200, body
            if domain:
                assert json.loads(body)["domain"] == domain
            else:
                assert b"<title>Causeway" in body


def changes(strain, dice, browser):
    """One after another on one connection, the next at the moment the answer is there."""
    with contextlib.closing(Line(strain.panel, headers_of(browser))) as line:
        for _ in range(dice.randint(1, 10)):
            domain = f"s{dice.getrandbits(64):x}.test"
            line.send(line.request("POST", "/api/v1/partners", {"domain": domain}))
            status, body = line.answer()
            assert status in (201, 503), (status, body)
            strain.made.update([domain] if status == 201 else [])
            line.send(line.request("GET", "/api/v1/session"))
            status, body = line.answer()
            assert status == 503 or "csrf" in json.loads(body), body


def listens(strain, dice, browser):
    with contextlib.closing(Line(strain.panel, headers_of(browser))) as line:
        line.send(line.request("GET", "/api/v1/session") + line.request("GET", "/api/v1/events"))
        assert b"csrf" in line.answer()[1]
        status, fields = line.head()
        kind = fields["content-type"]
        assert (status, kind) == (200, "text/event-stream") or status == 503, (status, kind)
        if status == 200:
            line.connection.settimeout(dice.random())
            with contextlib.suppress(OSError):
                line.stream.read(1000)
        go_away(line.connection, dice)


def signs_in(strain, dice, browser):
    name = f"strain-{dice.randrange(4)}"
    other = strain.panel.browser()
    assert other.sign_in(name, f"a long password of {name}").status in (200, 429, 503)


def asks_for_a_test(strain, dice, browser):
    with contextlib.closing(Line(strain.panel, [*headers_of(browser),
                                                "Accept: application/x-ndjson"])) as line:
        line.send(line.request("POST", f"/api/v1/partners/{dice.choice(PARTNERS)}/test", {}))
        if dice.random() < 0.5:
            go_away(line.connection, dice)
            return
        status, fields = line.head()
        assert status in (200, 503)
        if status == 503:
            return
        data = b""
        while size := int(line.stream.readline(), 16):
            data += line.stream.read(size)
            assert line.stream.readline() == b"\r\n"
        assert line.stream.readline() == b"\r\n"
        assert json.loads(data.splitlines()[-1]).keys() & {"answer", "problem"}


def holds_tests_up(strain, dice, browser):
    strain.gateway.hold.clear()
    time.sleep(0.4 * dice.random())
    strain.gateway.hold.set()
    time.sleep(0.2 * dice.random())


def vanishes(strain, dice, browser):
    """Anywhere between the first packet and the last octet of a request, or behind it."""
    line = Line.__new__(Line)
    line.panel, line.headers = strain.panel, headers_of(browser)
    request = dice.choice([
        line.request("GET", "/assets/index-Bx31_aC9.js"), line.request("GET", "/api/v1/partners"),
        line.request("PATCH", f"/api/v1/partners/{PARTNERS[0]}", {"description": "x" * 5000}),
        line.request("POST", "/api/v1/session", {"name": "nobody", "password": "?" * 20}),
        line.request("GET", "/api/v1/audit") * 20])
    if dice.random() < 0.3:
        with contextlib.suppress(OSError), socket.create_connection(strain.panel.address) as plain:
            plain.sendall(dice.randbytes(dice.randint(0, 40)))
            go_away(plain, dice)
        return
    with contextlib.suppress(OSError), strain.panel.connect(10) as connection:
        connection.sendall(request[:dice.randint(0, len(request) + 200)])
        if dice.random() < 0.3:
            connection.recv(10)
        go_away(connection, dice)


def go_away(connection, dice):
    """At once with a reset, with half a goodbye, or politely."""
    way = dice.randrange(3)
    if way == 0:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    elif way == 1:
        with contextlib.suppress(OSError):
            connection.settimeout(0.2)
            if isinstance(connection, ssl.SSLSocket):
                connection.unwrap()
    elif way == 2:
        with contextlib.suppress(OSError):
            socket.socket.shutdown(connection, socket.SHUT_WR)
            connection.settimeout(0.2)
            connection.recv(100)


def load(panel):
    text = panel.local().get("//metrics").body.decode()
    return {name: int(value) for name, value in
            re.findall(r"^causeway_panel_(\w+) (\d+)$", text, re.M)}


#: the request for it is one of each
ALONE = {"connections": 1, "requests": 1, "jobs": 0, "listeners": 0}


@pytest.fixture
def gateway(panel):
    made = Gateway(panel.data / "gateway.sock")
    yield made
    made.close()
    (panel.data / "gateway.sock").unlink()


def test_all_at_once(panel, gateway):
    strain = Strain(panel, gateway)
    kinds = [asks_in_a_row, changes, listens, vanishes, signs_in, asks_for_a_test]
    strain.run(kinds * 3 + [holds_tests_up])
    assert strain.done.keys() == {kind.__name__ for kind in [*kinds, holds_tests_up]}
    wait_until(lambda: load(panel) == ALONE, 15, "nothing left of anybody")
    there = strain.local.get("/partners?limit=1000").json["partners"]
    assert strain.made <= {partner["domain"] for partner in there}
    assert panel.browser().get("//").status == 200
