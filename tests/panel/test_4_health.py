"""Health, samples and metrics as the panel tells them, with a gateway that this file plays."""

import contextlib
import json
import re
import socket
import threading
import time

import pytest

SINCE = "2026-11-22T14:00:00Z"
PASSED = {"taken": 12, "delivered": 11, "ignored": 0, "refused": {"rules": 1, "peer": 0}}
GATEWAY = {
    "ok": True, "version": "0.1.0", "since": SINCE, "policy-version": 2, "store-failing": False,
    "links": [{"edge": "/a", "up": True, "since": SINCE, "policy-version": 2, "reason": ""},
              {"edge": "tls:b:1", "up": False, "since": None, "policy-version": 0,
               "reason": "Connection refused"}],
    "counters": {"messages": {"x2s": PASSED, "s2x": PASSED}, "queues": {"x2s-open": 3}},
}
EDGE = {"ok": True, "version": "0.1.0", "since": SINCE, "policy-version": 2,
        "counters": {"stanzas": {"inbound": 5, "outbound": 6}, "queues": {"unresolved": 1},
                     "streams": {"inbound": {"ready": 2}, "outbound": {}}}}
CERTIFICATES = {"ok": True, "uncovered": [], "certificates": [
    {"file": "/x.pem", "not-after": "2036-01-01T00:00:00Z", "days-left": 3000, "warnings": []}]}


def answer(request):
    if request["command"] == "counters":
        return GATEWAY
    told = EDGE if request["in"]["command"] == "counters" else CERTIFICATES
    return {"ok": True, "edges": [{"edge": "/a", "answer": told}], "silent": ["tls:b:1"]}


@contextlib.contextmanager
def gateway(path):
    """Answers on the control socket until the end of the block."""
    def serve():
        while True:
            connection, _ = listener.accept()
            with connection:
                request = json.loads(connection.makefile().readline())
                connection.sendall(json.dumps(answer(request)).encode() + b"\n")

    def serve_until_closed():
        with contextlib.suppress(OSError):
            serve()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    thread = threading.Thread(target=serve_until_closed, daemon=True)
    thread.start()
    try:
        yield
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        path.unlink()
        thread.join(5)


@pytest.fixture
def with_gateway(panel):
    with gateway(panel.data / "gateway.sock"):
        yield panel


def metrics(who):
    told = who.get("//metrics")
    assert told.status == 200, told
    assert told.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return dict(line.rsplit(" ", 1) for line in told.body.decode().splitlines()
                if not line.startswith("#"))


def test_without_a_gateway(panel):
    viewer = panel.token("watcher", "viewer")
    health = viewer.get("/health").json
    assert health["state"] == "failed"
    assert health["sentences"][0]["sentence"] == \
        "The gateway is not running on this machine. No message passes."
    values = metrics(viewer)
    assert values['causeway_up{component="gateway",name="gateway"}'] == "0"
    assert values['causeway_health_state{state="failed"}'] == "1"
    assert not [name for name in values if name.startswith("causeway_gateway_")]


def test_with_a_gateway(with_gateway):
    viewer = with_gateway.token("watcher 2", "viewer")
    health = viewer.get("/health").json
    assert health["state"] == "warning"
    assert [one["sentence"] for one in health["sentences"]] == \
        ["The gateway has no link to the edge tls:b:1: Connection refused."]
    assert [c["up"] for c in health["components"]] == [True, True, False]
    assert health["certificates"][0]["days-left"] == 3000
    values = metrics(viewer)
    assert values['causeway_gateway_messages_refused_total{direction="s2x",reason="rules"}'] == "1"
    assert values['causeway_gateway_messages_taken_total{direction="x2s"}'] == "12"
    assert values['causeway_edge_received_stanzas_total{edge="/a"}'] == "5"
    assert values['causeway_edge_streams{direction="inbound",edge="/a",state="ready"}'] == "2"
    assert values['causeway_up{component="edge",name="tls:b:1"}'] == "0"
    text = viewer.get("//metrics").body.decode()
    assert re.search(r"^# TYPE causeway_gateway_messages_taken_total counter$", text, re.M)


def test_samples(panel):
    viewer = panel.token("watcher 3", "viewer")
    told = viewer.get("/health/samples?hours=1")
    assert told.status == 200 and told.json["interval-s"] == 60
    sample = told.json["samples"][0]  # the first look is at the start
    assert sample["state"] == "failed" and sample["messages-x2s"] is None
    at = time.strptime(sample["at"], "%Y-%m-%dT%H:%M:%SZ")
    assert len(told.json["samples"]) >= 1 and at.tm_year >= 2026
    for query in ("hours=0", "hours=25", "hours=x", "days=1", "hours=1&hours=2"):
        refused = viewer.get(f"/health/samples?{query}")
        assert refused.status == 400 and refused.json["field"] == "/hours", query


@pytest.mark.parametrize("path", ["//metrics", "/health/samples", "/health"])
def test_who_may(panel, path):
    assert panel.browser().get(path).status == 401
    assert panel.script("cwt_" + "0" * 64).get(path).status == 401
    administrator = panel.local()
    assert administrator.get(path).status == 200
    refused = administrator.ask("DELETE", path)
    assert refused.status == 405 and refused.headers["allow"].startswith("GET")
    assert administrator.ask("HEAD", path).body == b""
