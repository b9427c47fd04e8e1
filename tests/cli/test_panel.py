"""The command line as a client of the panel: what it asks over the Unix socket, and what it makes of
each way to answer.  A thread plays the panel, byte by byte as each test says.
"""

import json
import os
import socket
import threading

import pytest

from test_cli import Installation

PARTNER = {"domain": "a.test", "domain-unicode": "a.test", "additional": [], "type": "Federated",
           "tls": "Required", "sasl": "Required", "dialback": True, "enabled": True, "version": 3}
LOST = ("The panel gave no whole answer; whether the command was carried out, the audit trail "
        "says.\n")


class Panel(threading.Thread):
    """Listens on the panel's socket; each connection gets the next of the answers."""

    def __init__(self, path, *answers: bytes, piece=65536):
        super().__init__(daemon=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        self.answers, self.piece, self.requests = list(answers), piece, []
        self.start()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                self.requests.append(self.read(connection))
                answer = self.answers.pop(0) if self.answers else b""
                for i in range(0, len(answer), self.piece):
                    try:
                        connection.sendall(answer[i:i + self.piece])
                    except BrokenPipeError:
                        break

    @staticmethod
    def read(connection):
        stream = connection.makefile("rb")
        head, fields = stream.readline().decode().rstrip("\r\n"), {}
        while (line := stream.readline().decode().rstrip("\r\n")):
            name, value = line.split(": ", 1)
            assert name.lower() not in fields
            fields[name.lower()] = value
        body = stream.read(int(fields.get("content-length", 0)))
        return head, fields, json.loads(body) if body else None


def answer(value, status="200 OK", kind="application/json"):
    body = json.dumps(value).encode()
    return (f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
            .encode() + body)


def chunked(*pieces: bytes, kind="application/json"):
    body = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"
    return (f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nTransfer-Encoding: chunked\r\n\r\n"
            .encode() + body)


@pytest.fixture
def cw(tmp_path):
    return Installation(tmp_path)


@pytest.fixture
def panel(cw):
    started = []

    def start(*answers, **more):
        started.append(Panel(cw.data / "panel.sock", *answers, **more))
        return started[-1]

    yield start
    for one in started:
        one.listener.close()


def test_get(cw, panel):
    asked = panel(answer(PARTNER))
    assert cw.query("partner", "get", "a.test") == PARTNER
    head, fields, body = asked.requests[0]
    assert head == "GET /api/v1/partners/a.test HTTP/1.1"
    assert fields["host"] == "localhost" and "content-length" not in fields and body is None
    assert not (cw.data / "causeway.db").exists()  # nothing was opened here


@pytest.mark.parametrize("piece", [1, 7, 65536])
def test_chunked(cw, panel, piece):
    text = json.dumps(PARTNER).encode()
    panel(chunked(text[:1], text[1:20], text[20:]), piece=piece)
    assert cw.query("partner", "get", "a.test") == PARTNER


def test_until_the_end(cw, panel):
    panel(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + json.dumps(PARTNER).encode())
    assert cw.query("partner", "get", "a.test") == PARTNER


def test_change(cw, panel):
    changed = {"saved": True, "before": PARTNER, "after": {**PARTNER, "tls": "Optional"},
               "gateway": {"ok": True, "version": 9, "edges": 2}}
    asked = panel(answer(changed))
    done = cw.run("partner", "set", "a.test", "--tls", "Optional", "--if-version", "3")
    assert "tls: Required -> Optional" in done.stdout and done.stderr == ""
    assert "in effect: version 9, edges 2" in done.stdout
    head, fields, body = asked.requests[0]
    assert head == "PATCH /api/v1/partners/a.test HTTP/1.1"
    assert fields["if-match"] == '"3"' and body == {"tls": "Optional"}


def test_what_if(cw, panel):
    asked = panel(answer({"saved": False, "before": PARTNER, "after": None}))
    done = cw.run("partner", "remove", "b\u00fccher.test", "--what-if")
    assert done.stdout.startswith("what if, nothing is saved: partner remove") and not done.stderr
    assert asked.requests[0][0] == "DELETE /api/v1/partners/b%C3%BCcher.test?dry_run=true HTTP/1.1"


def test_no_gateway(cw, panel):
    panel(answer({"saved": True, "before": PARTNER, "after": None, "gateway": None}))
    done = cw.run("partner", "remove", "a.test")
    assert done.stderr == "saved; no gateway is running on this machine\n"


def test_refused(cw, panel):
    problem = {"type": "about:blank", "title": "Bad Request", "status": 400, "field": "/tls",
               "detail": "SASL needs TLS."}
    told = answer(problem, "400 Bad Request", "application/problem+json")
    panel(told, told)
    assert cw.refusal("partner", "set", "a.test", "--tls", "NotSupported") == "SASL needs TLS."
    panel_json = {"problem": {"status": 400, "field": "tls", "sentence": "SASL needs TLS."}}
    cw.data.joinpath("panel.sock").unlink()
    panel(told)
    done = cw.run("partner", "set", "a.test", "--tls", "NotSupported", "--json", status=1)
    assert json.loads(done.stdout) == panel_json


def test_list_in_parts(cw, panel):
    parts = [{"partners": [{**PARTNER, "domain": d, "domain-unicode": d}], "next": n}
             for d, n in (("a.test", "a.test"), ("b.test", None))]
    asked = panel(*map(answer, parts))
    listed = cw.query("partner", "list")
    assert [p["domain"] for p in listed["partners"]] == ["a.test", "b.test"]
    assert "next" not in listed
    assert [r[0].split()[1] for r in asked.requests] == [
        "/api/v1/partners?limit=1000", "/api/v1/partners?limit=1000&cursor=a.test"]


def test_one_part(cw, panel):
    asked = panel(answer({"partners": [PARTNER], "next": "a.test"}))
    assert cw.query("partner", "list", "--limit", "1")["next"] == "a.test"
    assert asked.requests[0][0].split()[1] == "/api/v1/partners?limit=1"


NEWS = [{"progress": {"step": {"name": "dns", "result": "ok", "sentence": "Found."}}},
        {"answer": {"passed": False, "steps": []}}]


@pytest.mark.parametrize("piece", [1, 65536])
def test_news(cw, panel, piece):
    lines = [json.dumps(line).encode() + b"\n" for line in NEWS]
    asked = panel(chunked(*lines, kind="application/x-ndjson"), piece=piece)
    done = cw.run("test", "partner", "a.test", "--with", "tls=Optional", "--json", status=1)
    assert json.loads(done.stdout) == NEWS[1]["answer"]
    head, fields, body = asked.requests[0]
    assert head == "POST /api/v1/partners/a.test/test HTTP/1.1"
    assert "application/x-ndjson" in fields["accept"] and body == {"with": {"tls": "Optional"}}


def test_news_that_end_in_a_problem(cw, panel):
    lines = [b'{"progress":{}}\n', b'{"problem":{"status":504,"detail":"Silence."}}\n']
    panel(chunked(*lines, kind="application/x-ndjson"))
    assert cw.run("test", "partner", "a.test", status=1).stderr == "Silence.\n"


@pytest.mark.parametrize("told", [
    b"", b"HTTP/1.1 200 OK\r\n", b"SSH-2.0-x\r\n\r\n", answer(PARTNER)[:-1],
    chunked(json.dumps(PARTNER).encode())[:-5], chunked(b"{}")[:-9] + b"zz\r\n{}\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n[", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
    chunked(b'{"progress":{}}\n', kind="application/x-ndjson"),
], ids=range(11))
def test_half_an_answer(cw, panel, told):
    panel(told)
    assert cw.run("partner", "remove", "a.test", status=1).stderr == LOST


def test_nobody_listens(cw):
    cw.run("partner", "new", "a.test")
    stale = socket.socket(socket.AF_UNIX)
    stale.bind(str(cw.data / "panel.sock"))
    stale.close()  # the file stays, as after a crash
    assert cw.query("partner", "get", "a.test")["version"] == 1


def test_too_large_for_the_panel(cw, panel):
    asked = panel(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")
    cw.run("partner", "new", "a.test")
    assert len(asked.requests) == 1
    os.unlink(cw.data / "panel.sock")
    assert cw.query("partner", "get", "a.test")["domain"] == "a.test"
