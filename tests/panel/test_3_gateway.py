"""What the panel and the gateway tell each other: a change at once, news while a test runs."""

import contextlib
import json
import socket
import threading

import pytest

from lab.process import wait_until

PROGRESS = [{"progress": {"step": {"name": name, "result": "ok"}}, "edge": "/edge"}
            for name in ("dns", "tcp", "tls")]
ANSWER = {"ok": True, "edges": [{"edge": "/edge", "answer": {"ok": True, "passed": True}}]}


class Gateway:
    """A gateway that takes note of what it is asked.  hold: tests wait until it is set."""

    def __init__(self, path):
        self.requests = []
        self.hold = threading.Event()
        self.hold.set()
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.hold.set()
        self._listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=self._listener.accept()[:1],
                                 daemon=True).start()

    def _serve(self, connection):
        with connection, contextlib.suppress(OSError, ValueError):
            request = json.loads(connection.makefile().readline())
            self.requests.append(request)
            lines = [{"ok": True, "version": 1, "edges": 1}]
            if request["command"] != "reload":
                lines = [*PROGRESS, ANSWER]
            for line in lines:
                connection.sendall(json.dumps(line).encode() + b"\n")
                if line in PROGRESS:
                    self.hold.wait(30)

    def told(self):
        return [request for request in self.requests if request["command"] == "reload"]


@contextlib.contextmanager
def held_test(panel, gateway):
    """A connection on which a test of a partner has told its first news, and no more."""
    panel.local().post("/partners", {"domain": "held.test"})
    gateway.hold.clear()
    with socket.socket(socket.AF_UNIX) as asking:
        asking.settimeout(15)
        asking.connect(str(panel.socket))
        asking.sendall(b"POST /api/v1/partners/held.test/test HTTP/1.1\r\nHost: x\r\n"
                       b"Accept: application/x-ndjson\r\nContent-Length: 0\r\n\r\n")
        data = b""
        while b"progress" not in data:
            data += asking.recv(65536)
        yield asking


@pytest.fixture
def gateway(panel):
    path = panel.data / "gateway.sock"
    path.unlink(missing_ok=True)
    made = Gateway(path)
    yield made
    made.close()
    path.unlink()


def test_told(panel, gateway):
    """The gateway hears of a change before it is answered, and of nothing else."""
    admin = panel.account("told")
    answer = admin.post("/partners", {"domain": "told.test"})
    assert answer.json["gateway"] == {"ok": True, "version": 1, "edges": 1}
    assert len(gateway.told()) == 1
    admin.get("/partners")
    admin.post("/partners?dry_run=true", {"domain": "told2.test"})
    assert admin.post("/partners", {"domain": "told.test"}).status == 409
    assert panel.local().post("/tokens", {"name": "told", "role": "viewer"}).status in (200, 201)
    assert len(gateway.told()) == 1


@pytest.mark.parametrize("accept, parts", [
    ("application/x-ndjson", [b'{"progress":', b'{"answer":', b'{"problem":']),
    ("text/event-stream", [b"event: progress\ndata: {", b"event: answer\ndata: ",
                           b"event: problem\ndata: "])])
def test_news(panel, gateway, accept, parts):
    local = panel.local()
    local.post("/partners", {"domain": "news.test"})
    answer = local.post("/partners/news.test/test", {}, Accept=accept)
    assert answer.status == 200 and answer.headers["content-type"] == accept
    assert answer.body.count(parts[0]) == len(PROGRESS)
    assert answer.body.count(parts[1]) + answer.body.count(parts[2]) == 1
    assert answer.body.index(parts[0]) == 0


def test_without_news(panel, gateway):
    local = panel.local()
    local.post("/partners", {"domain": "plain.test"})
    answer = local.post("/partners/plain.test/test", {})
    assert answer.headers["content-type"] in ("application/json", "application/problem+json")
    assert answer.json


def test_many_tests(panel, gateway):
    """However many tests hang, everything else goes on; too many of them are refused."""
    local = panel.local()
    local.post("/partners", {"domain": "slow.test"})
    gateway.hold.clear()
    statuses = []
    threads = [threading.Thread(target=lambda: statuses.append(
        panel.local().post("/partners/slow.test/test", {}).status)) for _ in range(12)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(statuses) == 8, 20, "the refusals")
    assert set(statuses) == {503}
    assert local.get("/partners").status == 200
    gateway.hold.set()
    for thread in threads:
        thread.join(30)
    assert len(statuses) == 12


def test_gone_while_it_runs(panel, gateway):
    """Who asked goes away; the test ends without anybody to tell."""
    with held_test(panel, gateway):
        pass
    gateway.hold.set()
    wait_until(lambda: panel.local().get("/partners").status == 200, 10, "the panel")
