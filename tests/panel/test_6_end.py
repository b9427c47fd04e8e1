"""The panel's end: what is being done is answered first, but not waited for without end."""

import contextlib
import os
import signal
import time

import pytest

from lab.panel import read_all
from lab.process import wait_until
from test_3_events import Listener
from test_3_gateway import Gateway, held_test


@pytest.fixture
def panel(start):
    """It has to run when the test is over."""
    running = start()
    yield running
    if not running.is_running():
        running.start()


@pytest.fixture
def gateway(panel):
    made = Gateway(panel.data / "gateway.sock")
    yield made
    made.close()


def test_answers_first(panel, gateway):
    admin = panel.account("late")
    with contextlib.ExitStack() as stack:
        asking = stack.enter_context(held_test(panel, gateway))
        idle = stack.enter_context(contextlib.closing(panel.connect()))
        half = stack.enter_context(contextlib.closing(panel.connect()))
        half.sendall(b"GET / HT")
        listener = stack.enter_context(contextlib.closing(Listener(panel, admin)))
        wait_until(lambda: listener.heard(b"event: hello"), 10, "the beginning")
        os.kill(panel.pid, signal.SIGTERM)
        assert read_all(idle) == b"" and read_all(half) == b""
        wait_until(listener.is_over, 5, "the end of the events")
        with pytest.raises(ConnectionRefusedError):
            panel.connect()
        assert panel.is_running()
        gateway.hold.set()
        data = read_all(asking)
    assert b'{"answer":' in data or b'{"problem":' in data
    assert data.endswith(b"\r\n0\r\n\r\n")
    assert panel.process.wait(10) == 0


def test_not_without_end(panel, gateway):
    """The gateway never answers; `causeway run` waits for eight seconds."""
    with held_test(panel, gateway) as asking:
        begun = time.monotonic()
        os.kill(panel.pid, signal.SIGTERM)
        assert b"0\r\n\r\n" not in read_all(asking)
        assert panel.process.wait(15) == 0
        assert time.monotonic() - begun < 8


def test_second_signal(panel, gateway):
    with held_test(panel, gateway):
        os.kill(panel.pid, signal.SIGTERM)
        wait_until(lambda: panel.output().count(" stopping ") == 1, 5, "the first")
        begun = time.monotonic()
        os.kill(panel.pid, signal.SIGTERM)
        gateway.hold.set()
        assert panel.process.wait(10) == 0
        assert time.monotonic() - begun < 3.5


def test_killed(panel):
    """kill -9: sessions and what was saved are there again, and the socket's file is no hindrance."""
    admin = panel.account("killed")
    assert admin.post("/partners", {"domain": "killed.test"}).status == 201
    os.kill(panel.pid, signal.SIGKILL)
    panel.process.wait(10)
    panel.start()
    assert admin.get("/partners/killed.test").status == 200
    assert panel.local().get("/session").status == 200
