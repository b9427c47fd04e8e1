"""`causeway explain translate` with typing and receipts, for who has shown that he takes them."""

import json
import os
import pathlib
import re
import subprocess

import pytest

PROJECT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("CAUSEWAY_PROGRAM", PROJECT / "build" / "causeway")).resolve()
STATES = "xmlns='http://jabber.org/protocol/chatstates'"
ENVELOPE = ("NS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: m1\r\n"
            "imdn.Disposition-Notification: positive-delivery\r\n\r\nContent-Type: {}\r\n\r\n{}")
COMPOSING = ("<isComposing xmlns='urn:ietf:params:xml:ns:im-iscomposing'><state>{}</state>"
             "</isComposing>")
REPORT = ("<imdn xmlns='urn:ietf:params:xml:ns:imdn'><message-id>m1</message-id><datetime/>"
          "<delivery-notification><status><{}/></status></delivery-notification></imdn>")


def explain(text: str, *options: str):
    done = subprocess.run([str(PROGRAM), "explain", "translate", "--local-domain", "example.net",
                           "--json", *options], input=text.encode(), capture_output=True,
                          timeout=30, check=False)
    assert done.returncode == 0 and not done.stderr, done.stderr.decode()
    return json.loads(done.stdout)


def from_sip(kind: str, body: str, *options: str):
    """(status, the stanza or "")"""
    out = explain("MESSAGE sip:juliet@example.com SIP/2.0\r\n"
                  "Via: SIP/2.0/UDP proxy.example.net;branch=z9hG4bK1\r\nMax-Forwards: 70\r\n"
                  "From: <sip:romeo@example.net>;tag=1\r\nTo: <sip:juliet@example.com>\r\n"
                  "Call-ID: c1\r\nCSeq: 1 MESSAGE\r\n"
                  f"Content-Type: {kind}\r\nContent-Length: {len(body.encode())}\r\n\r\n{body}",
                  *options)
    return out[-1]["status"], "".join(one.get("xml", "") for one in out)


def from_xmpp(inside: str, *options: str) -> str:
    """The request, or "" when nothing is sent."""
    out = explain("<message from='juliet@example.com/b' to='romeo@example.net' id='i1' "
                  f"type='chat'>{inside}</message>", *options)
    return "".join(one["text"] for one in out)


@pytest.mark.parametrize("state, said", [("composing", "active"), ("paused", "idle"),
                                         ("active", "idle"), ("inactive", "idle"),
                                         ("gone", "idle")])
def test_states_to_sip(state, said):
    assert from_xmpp(f"<{state} {STATES}/>") == ""
    shown = from_xmpp(f"<{state} {STATES}/>", "--shown")
    assert "\r\nContent-Type: application/im-iscomposing+xml\r\n" in shown
    assert f"<state>{said}</state>" in shown
    assert ("<refresh>120</refresh>" in shown) == (state == "composing")
    # beside a text it is none
    assert "text/plain" in from_xmpp(f"<body>b</body><{state} {STATES}/>", "--shown")


@pytest.mark.parametrize("said, state", [("active", "composing"), ("idle", "active"),
                                         ("other", "active")])
def test_states_to_xmpp(said, state):
    document = COMPOSING.format(said)
    for kind, body in (("application/im-iscomposing+xml", document),
                       ("message/cpim", ENVELOPE.format("application/im-iscomposing+xml",
                                                        document))):
        assert from_sip(kind, body) == (200, "")
        status, stanza = from_sip(kind, body, "--shown")
        assert status == 200 and f"<{state} {STATES}/>" in stanza and "type='chat'" in stanza
        assert "<body" not in stanza


def test_receipts():
    asks = "<body>b</body><request xmlns='urn:xmpp:receipts'/>"
    assert from_xmpp(asks).endswith("\r\nContent-Type: text/plain\r\nContent-Length: 1\r\n\r\nb")
    shown = from_xmpp(asks, "--shown")
    assert "\r\nContent-Type: message/cpim\r\n" in shown and shown.endswith("\r\n\r\nb")
    assert re.search(r"\r\nDateTime: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\r\n", shown)
    assert "imdn.Disposition-Notification: positive-delivery, negative-delivery" in shown
    envelope = ENVELOPE.format("text/plain", "b")
    assert "<request" not in from_sip("message/cpim", envelope)[1]
    status, stanza = from_sip("message/cpim", envelope, "--shown")
    assert status == 202 and "<body>b</body>" in stanza
    assert "<request xmlns='urn:xmpp:receipts'/>" in stanza


@pytest.mark.parametrize("status, told", [("delivered", "<received "),
                                          ("failed", "<recipient-unavailable "), ("error", ""),
                                          ("forbidden", "")])
def test_reports(status, told):
    assert from_sip("message/imdn+xml", REPORT.format(status)) == (200, "")
    answer, stanza = from_sip("message/imdn+xml", REPORT.format(status), "--shown")
    assert answer == 200 and told in stanza and bool(told) == bool(stanza)


def test_what_is_refused():
    for kind, body, status in (
            ("message/cpim", "From: <im:boss@example.net>\r\n" + ENVELOPE.format("text/plain", "b"),
             403),
            ("message/cpim", "hello", 400), ("message/imdn+xml", "<imdn/>", 400),
            ("application/im-iscomposing+xml", "<!DOCTYPE x><x/>", 400),
            ("message/cpim", ENVELOPE.format("message/cpim", ENVELOPE), 415),
            ("text/html", "b", 415)):
        assert from_sip(kind, body) == (status, ""), kind
