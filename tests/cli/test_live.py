"""Commands on what is alive, as an administrator reads them; the gateway is this file's."""

import json

import pytest

from test_cli import Gateway, cw  # noqa: F401

STEPS = [
    {"step": "dns", "state": "ok", "ms": 3,
     "facts": {"answers": 2, "srv": {"secure": False}, "to": [{"port": 1}, {"port": 2}]},
     "sentence": ""},
    {"step": "tcp", "state": "failed", "ms": 40, "facts": {"address": "192.0.2.1:5269"},
     "sentence": "Nobody listens there.", "advice": "Start it."},
    {"step": "tls", "state": "skipped", "ms": 40, "facts": {}, "sentence": ""},
]
ATTEMPT = {"id": "5f", "at": "2026-11-22T10:00:00.123Z", "direction": "outbound",
           "local": "contoso.test", "remote": "a.test", "result": "failed", "method": "",
           "reason": "connection-refused", "side": "partner", "sentence": "No server took it.",
           "advice": "Ask whether\u001b[2J\u009b2J it runs.", "steps": STEPS}


def lines(*objects) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in objects)


def edges(*answers, silent=()) -> dict:
    return {"ok": True, "silent": list(silent),
            "edges": [{"edge": f"/e{i}", "answer": {"ok": True, **answer}}
                      for i, answer in enumerate(answers)]}


@pytest.fixture
def gateway(cw):
    made = Gateway(cw.data / "gateway.sock", b'{"ok":true,"version":2,"edges":1}\n')
    cw.run("partner", "new", "a.test")
    made.requests.clear()
    return made


def asked(gateway):
    return [json.loads(line) for line in gateway.requests]


def test_stream_list(cw, gateway):
    stream = {"id": "5f0c", "partner": "a.test", "direction": "inbound", "local": "contoso.test",
              "remote": "im.a.test", "state": "ready", "method": "SASL over TLS",
              "peer-address": "192.0.2.1:40000", "queued-bytes": 0}
    gateway.answer = lines(edges({"streams": [stream], "left-out": 0}, silent=["/e9"]))
    done = cw.run("stream", "list", "--partner", "a.test", "--direction", "inbound")
    assert done.stdout == (
        "id    direction  local         remote     method         state  peer-address     "
        "queued-bytes\n"
        "5f0c  inbound    contoso.test  im.a.test  SASL over TLS  ready  192.0.2.1:40000  0\n")
    assert done.stderr == "the edge /e9 gave no answer\n"
    assert asked(gateway) == [{"command": "ask", "in": {
        "command": "stream list", "partner": "a.test", "direction": "inbound"}}]
    assert cw.query("stream", "list") == {"streams": [{**stream, "edge": "/e0"}],
                                          "silent": ["/e9"], "left-out": 0}


def test_stream_show_and_close(cw, gateway):
    gateway.answer = lines(edges({"stream": {
        "id": "5f0c", "method": "", "names": ["a.test", "b.test"], "tls": {"version": "TLSv1.3"},
        "pairs": [{"local": "x", "state": "ready"}]}}))
    assert cw.run("stream", "show", "5f0c").stdout == (
        "id: 5f0c\nmethod: -\nnames: a.test, b.test\ntls:\n  version: TLSv1.3\n"
        "pairs:\n  local x, state ready\nedge: /e0\n")
    gateway.answer = lines(edges({"closed": 1}))
    assert cw.run("stream", "close", "5f0c").stdout == "closed: 1\n"
    cw.run("stream", "show", status=2)
    cw.run("stream", "close", "5f0c", "--what-if", status=2)


def test_diagnose(cw, gateway):
    ready = {**ATTEMPT, "at": "2026-11-22T10:00:01.000Z", "direction": "inbound", "steps": [],
             "result": "ready", "method": "TLS dialback", "reason": "", "sentence": "",
             "advice": "", "side": ""}
    gateway.answer = lines(edges({"attempts": [ready, ATTEMPT]}))
    assert cw.run("partner", "diagnose", "a.test").stdout == (
        "2026-11-22T10:00:00.123Z outbound contoso.test -> a.test: failed (connection-refused)\n"
        "  ok       dns                  3 ms  answers 2, srv (secure false), to (port 1), (port 2)\n"
        "  failed   tcp                 40 ms  address 192.0.2.1:5269\n"
        "           Nobody listens there.\n"
        "  skipped  tls                 40 ms\n"
        "  on the partner's side: No server took it.\n"
        "  Ask whether [2J 2J it runs.\n"
        "\n"
        "2026-11-22T10:00:01.000Z inbound a.test -> contoso.test: ready by TLS dialback\n")
    gateway.answer = lines(edges({"attempts": []}))
    assert cw.run("partner", "diagnose", "a.test").stdout == "no attempts are known\n"


def test_partner_step_by_step(cw, gateway):
    verdict = {"step": "verdict", "state": "failed", "ms": 41, "facts": {},
               "sentence": ATTEMPT["sentence"]}
    attempt = {**ATTEMPT, "steps": [*STEPS[:2], verdict, STEPS[2]]}
    progress = [{"progress": {"step": step}, "edge": "/e0"} for step in attempt["steps"][:3]]
    inbound = {"steps": [{"step": "srv", "state": "ok", "ms": 1, "facts": {},
                          "sentence": "It points there.", "advice": "Let it point here."}]}
    gateway.answer = lines(*progress, edges({"passed": False, "attempt": attempt,
                                             "inbound": inbound}))
    done = cw.run("test", "partner", "a.test", "--with", "tls=Optional", "--with=dialback=false",
                  status=1)
    assert done.stderr == ""
    assert done.stdout == (
        "outbound\n"
        "  ok       dns                  3 ms  answers 2, srv (secure false), to (port 1), (port 2)\n"
        "  failed   tcp                 40 ms  address 192.0.2.1:5269\n"
        "           Nobody listens there.\n"
        "  failed   verdict             41 ms\n"
        "  skipped  tls                 40 ms\n"
        "  on the partner's side: No server took it.\n"
        "  Ask whether [2J 2J it runs.\n"
        "inbound\n"
        "  ok       srv                  1 ms\n"
        "           It points there. Let it point here.\n"
        "failed\n")
    assert asked(gateway)[0]["in"]["with"] == {"tls": "Optional", "dialback": False}
    told = cw.run("test", "partner", "a.test", "--json", status=1)
    assert json.loads(told.stdout) == {"passed": False, "attempt": attempt, "inbound": inbound,
                                       "edge": "/e0"}
    gateway.answer = lines(edges({"passed": True, "attempt": {"steps": STEPS[:1]}}))
    assert cw.run("test", "partner", "a.test").stdout == (
        "outbound\n  ok       dns                  3 ms  answers 2, srv (secure false), to (port 1), (port 2)\npassed\n")


def test_partner_with_a_file(cw, gateway, tmp_path):
    pem = tmp_path / "anchor.pem"
    pem.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n")
    assert "AAAA" not in cw.refusal("test", "partner", "a.test", "--with", f"trust-anchor=@{pem}")
    done = cw.run("test", "partner", "a.test", "--with", "trust-anchor=@/nowhere", status=2)
    assert done.stderr.startswith("causeway: cannot read /nowhere: ")
    gateway.answer = lines(edges({"passed": True, "attempt": {"steps": []}}))
    cw.run("test", "partner", "a.test", "--with", f"pinned-keys=sha256:{'A' * 43}=,{'ab' * 32}")
    assert len(asked(gateway)[0]["in"]["with"]["pinned-keys"]) == 2


def test_partner_words(cw, gateway):
    cw.run("test", "partner", status=2)
    for words, sentence in ((["--with", "tls"], "--with needs NAME=VALUE"),
                            (["--with", "colour=red"], 'there is no field "colour"'),
                            (["--with", "dialback=maybe"], "dialback must be true or false"),
                            (["--with", "tls=Optional", "--with", "tls=Required"],
                             "tls is given twice")):
        done = cw.run("test", "partner", "a.test", *words, status=2)
        assert done.stderr.startswith(f"causeway: {sentence};"), done.stderr
    assert cw.refusal("test", "partner", "a.test", "--with", "enabled=false").startswith(
        "with takes tls|sasl|")
    assert asked(gateway) == []


def test_im(cw, gateway):
    words = ("test", "im", "--from", "sip:alice@contoso.test", "--to", "juliet@a.test")
    told = {"ok": True, "result": "delivered", "reason": "", "sentence": "", "latency-ms": 12}
    gateway.answer = lines(told)
    assert cw.run(*words).stdout == "delivered after 12 ms\n"
    gateway.answer = lines({**told, "result": "refused", "reason": "timeout",
                            "sentence": "no stream came up"})
    assert cw.run(*words, status=1).stdout == \
        "refused after 12 ms (timeout): no stream came up\n"
    assert json.loads(cw.run(*words, "--json", status=1).stdout)["reason"] == "timeout"


def test_certificates_and_door(cw, gateway):
    gateway.answer = lines(edges({"certificates": [{"file": "/x.pem", "days-left": 3}],
                                  "uncovered": ["contoso.test"]}))
    assert cw.run("certificate", "list").stdout == \
        "file: /x.pem\ndays-left: 3\nedge: /e0\n\nno certificate names: contoso.test\n"
    one = {"file": "/x.pem", "result": "reloaded", "sentence": ""}
    gateway.answer = lines(edges({"certificates": [one]}))
    assert cw.run("certificate", "reload").stdout == "/x.pem: reloaded\n"
    bad = {"file": "/y.pem", "result": "refused", "sentence": "it is expired"}
    gateway.answer = lines(edges({"certificates": [one, bad]}))
    assert cw.run("certificate", "reload", status=1).stdout == \
        "/x.pem: reloaded\n/y.pem: refused: it is expired\n"
    gateway.answer = lines(edges({"addresses": [{"address": "192.0.2.1", "refused": 4}]}))
    assert cw.run("door", "list").stdout == "address 192.0.2.1, refused 4, edge /e0\n"
    gateway.answer = lines(edges({"lifted": True}))
    assert cw.run("door", "lift", "192.0.2.1").stdout == "edge /e0, lifted true\n"


@pytest.mark.parametrize("answer", [b"", b"what?\n", b"[]\n",
                                    lines({"progress": {}, "edge": "/e0"})])
def test_gateway_gives_no_answer(cw, gateway, answer):
    gateway.answer = answer
    assert cw.refusal("stream", "list", "--direction", "inbound") == \
        "The gateway gave no answer; its log may say more."


def test_long_answer(cw, gateway):
    gateway.answer = lines(edges({"streams": [{"id": f"{i:05}", "method": "x" * 100}
                                              for i in range(5000)], "left-out": 7}))
    done = cw.run("stream", "list")
    assert len(done.stdout.splitlines()) == 5001
    assert done.stderr == "7 more are left out\n"
