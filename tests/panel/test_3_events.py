"""Server-sent events: what changed, to who listens."""

import contextlib
import socket

import pytest

from lab.process import wait_until


class Listener:
    def __init__(self, panel, browser):
        self._connection = panel.connect(10)
        self._connection.sendall(
            f"GET /api/v1/events HTTP/1.1\r\nHost: {panel.host}\r\n"
            f"{self.proof(browser)}\r\n\r\n".encode())
        self._data = b""

    @staticmethod
    def proof(browser):
        token = browser.headers.get("Authorization")
        return f"Authorization: {token}" if token else f"Cookie: __Host-causeway={browser.cookie}"

    def close(self):
        self._connection.close()

    def heard(self, text: bytes) -> bool:
        self._connection.settimeout(0.2)
        with contextlib.suppress(socket.timeout):
            self._data += self._connection.recv(65536)
        return text in self._data

    def is_over(self) -> bool:
        return self.heard(b"\r\n0\r\n\r\n")


@pytest.fixture
def listen(panel):
    with contextlib.ExitStack() as stack:
        yield lambda browser: stack.enter_context(contextlib.closing(Listener(panel, browser)))


def test_changes(panel, listen):
    admin, viewer = panel.account("teller"), panel.account("listener", "viewer")
    listener = listen(viewer)
    wait_until(lambda: listener.heard(b"event: hello"), 10, "the beginning")
    # The first look is what later ones are held against.
    wait_until(lambda: _changed(admin, listener), 15, "a partner's event")
    assert not listener.heard(b"event: settings")
    assert admin.patch("/settings", {"partner-connection-limit": 7}, If_Match="*").status == 200
    wait_until(lambda: listener.heard(b"event: settings"), 10, "the settings' event")


_numbers = iter(range(1000))


def _changed(admin, listener):
    assert admin.post("/partners", {"domain": f"event{next(_numbers)}.test"}).status == 201
    return any(listener.heard(b"event: partners") for _ in range(8))


def test_nobody(panel):
    assert panel.browser().get("/events").status == 401


def test_one_time_password(panel, listen):
    """Who has to choose a password first hears nothing before."""
    browser = panel.account("fresh", **{"must-change-password": True})
    listener = listen(browser)
    wait_until(lambda: listener.heard(b"HTTP/1.1 "), 10, "the answer")
    assert listener.heard(b"HTTP/1.1 403 ")


def test_it_ends(panel, listen):
    """Who was signed out hears nothing any more, nor a script whose token was taken away."""
    browsers = [panel.account("ended", "viewer"), panel.token("ears", "viewer"),
                panel.account("stays", "viewer"), panel.token("more", "viewer")]
    listeners = [listen(browser) for browser in browsers]
    for listener in listeners:
        wait_until(lambda: listener.heard(b"event: hello"), 10, "the beginning")  # noqa: B023
    tokens = panel.local().get("/tokens").json["tokens"]
    number = next(token["id"] for token in tokens if token["name"] == "ears")
    assert panel.local().delete(f"/tokens/{number}").status == 200
    assert panel.local().delete("/sessions?account=ended").status == 200
    for listener in listeners[:2]:
        wait_until(listener.is_over, 40, "the end of the events")
    assert not any(listener.is_over() for listener in listeners[2:])


def test_not_all_to_one(panel, listen):
    """Sixteen of one account; the next is refused, and another account hears."""
    many, other = panel.account("many", "viewer"), panel.account("few", "viewer")
    heard = [listen(many) for _ in range(16)]
    for listener in heard:
        wait_until(lambda: listener.heard(b"event: hello"), 10, "the beginning")  # noqa: B023
    late = listen(many)
    wait_until(lambda: late.heard(b"HTTP/1.1 503 "), 10, "the refusal")
    one = listen(other)
    wait_until(lambda: one.heard(b"event: hello"), 10, "the beginning")
    heard[0].close()
    again = []

    def is_heard():
        again.append(listen(many))
        return any(again[-1].heard(b"event: hello") for _ in range(3))
    wait_until(is_heard, 10, "room for one more")
