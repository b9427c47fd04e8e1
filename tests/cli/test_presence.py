"""`causeway explain translate` with presence: whole exchanges over a state file, byte by byte."""

import json
import os
import pathlib
import re
import subprocess

import pytest

PROJECT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("CAUSEWAY_PROGRAM", PROJECT / "build" / "causeway")).resolve()
VECTORS = json.loads((PROJECT / "tests" / "vectors" / "stox-presence.json").read_text())["vectors"]
CONTACT = "Contact: <sip:romeo@192.0.2.9:5070>"
PIDF = """<?xml version='1.0' encoding='UTF-8'?>
<presence xmlns='urn:ietf:params:xml:ns:pidf' entity='pres:romeo@example.net'>
<tuple id='ID-orchard'><status><basic>%s</basic></status></tuple></presence>"""


class Exchange:
    """One state file; what goes in gives what goes out."""

    def __init__(self, directory):
        self.state = directory / "state.json"
        self.directory = directory

    def say(self, text):
        done = subprocess.run(
            [str(PROGRAM), "explain", "translate", "--local-domain", "example.net", "--state",
             str(self.state), "--json"],
            input=text.encode(), capture_output=True, timeout=30, check=False)
        assert done.returncode == 0 and not done.stderr, (text, done.stderr.decode())
        return json.loads(done.stdout)

    def presence(self, kind=None, sender="juliet@example.com", to="romeo@example.net", inner="",
                 name="p1"):
        kind = f" type='{kind}'" if kind else ""
        return self.say(f"<presence from='{sender}' to='{to}' id='{name}'{kind}>{inner}</presence>")

    def sip(self, method, fields, body="", cseq=7, sender="romeo@example.net", from_tag="theirs",
            to_tag="", call_id="c1"):
        tag = f";tag={to_tag}" if to_tag else ""
        lines = [f"{method} sip:juliet@example.com SIP/2.0",
                 f"Via: SIP/2.0/TCP proxy.example.net;branch=z9hG4bK{method}{cseq}",
                 "Max-Forwards: 70", f"From: <sip:{sender}>;tag={from_tag}",
                 f"To: <sip:juliet@example.com>{tag}", f"Call-ID: {call_id}",
                 f"CSeq: {cseq} {method}", *fields,
                 f"Content-Length: {len(body.encode())}", "", body]
        return self.say("\r\n".join(lines))

    def answer(self, request, status, to_tag="theirs", *fields):
        kept = [f"{n}: {header(request, n)}" for n in ("Via", "From", "Call-ID", "CSeq")]
        to = header(request, "To")
        to += "" if ";tag=" in to else f";tag={to_tag}"
        return self.say("\r\n".join([f"SIP/2.0 {status} Whatever", *kept, f"To: {to}", *fields,
                                     "Content-Length: 0", "", ""]))

    def subscriptions(self):
        return json.loads(self.state.read_text())["subscriptions"]


@pytest.fixture
def exchange(tmp_path):
    return Exchange(tmp_path)


def header(text, name):
    found = re.search(rf"^{name}: (.*?)\r$", text, re.MULTILINE)
    return found.group(1) if found else None


def sips(out):
    return [o["text"] for o in out if o["kind"] == "sip"]


def stanzas(out):
    """(type, from) of each"""
    found = []
    for xml in (o["xml"] for o in out if o["kind"] == "xmpp"):
        kind = re.search(r" type='(.*?)'", xml)
        found.append((kind.group(1) if kind else None, re.search(r" from='(.*?)'", xml).group(1)))
    return found


def status(out):
    return [o["status"] for o in out if o["kind"] == "sip-response"]


def test_xmpp_user_watches_until_he_does_not(exchange):
    [request] = sips(exchange.presence("subscribe"))
    assert request.startswith("SUBSCRIBE sip:romeo@example.net SIP/2.0\r\n")
    assert header(request, "Event") == "presence" and header(request, "Expires") == "3600"
    assert header(request, "Accept") == "application/pidf+xml"
    assert header(request, "Contact") == "<sip:juliet@example.com>"
    assert ";tag=" not in header(request, "To") and request.endswith("Content-Length: 0\r\n\r\n")
    assert exchange.answer(request, 200, "theirs", "Expires: 1800", CONTACT) == []
    ours = header(request, "From").split("tag=")[1]
    dialog = {"to_tag": ours, "call_id": header(request, "Call-ID")}

    def notify(state, cseq, body=""):
        fields = ["Event: presence", f"Subscription-State: {state}", CONTACT]
        fields += ["Content-Type: application/pidf+xml"] if body else []
        return exchange.sip("NOTIFY", fields, body, cseq, **dialog)

    pending = notify("pending;expires=1800", 1)
    assert status(pending) == [200] and len(pending) == 1
    active = notify("active;expires=1799", 2, PIDF % "open")
    assert status(active) == [200]
    assert stanzas(active) == [("subscribed", "romeo@example.net"),
                               (None, "romeo@example.net/orchard")]
    assert status(notify("active;expires=1799", 2)) == [500]
    assert stanzas(notify("active;expires=1700", 3, PIDF % "closed")) == [
        ("unavailable", "romeo@example.net/orchard")]
    assert status(exchange.sip("NOTIFY", ["Event: presence", "Subscription-State: active"],
                               to_tag="other", call_id="c9")) == [481]

    [end] = sips(exchange.presence("unsubscribe"))
    assert end.startswith("SUBSCRIBE sip:romeo@192.0.2.9:5070 SIP/2.0\r\n")
    assert header(end, "Expires") == "0" and header(end, "CSeq") == "2 SUBSCRIBE"
    assert header(end, "Call-ID") == dialog["call_id"] and header(end, "To").endswith(";tag=theirs")
    assert stanzas(exchange.answer(end, 200)) == [("unsubscribed", "romeo@example.net")]
    last = notify("terminated;reason=timeout", 4, PIDF % "open")
    assert status(last) == [200] and stanzas(last) == []
    assert exchange.subscriptions() == []


def test_sip_user_watches_all_devices(exchange):
    first = exchange.sip("SUBSCRIBE", ["Event: presence", CONTACT])
    assert status(first) == [200] and stanzas(first) == [("subscribe", "romeo@example.net")]
    response = next(o for o in first if o["kind"] == "sip-response")
    assert response["headers"]["Expires"] == "3600"
    [pending] = sips(first)
    assert pending.startswith("NOTIFY sip:romeo@192.0.2.9:5070 SIP/2.0\r\n")
    assert header(pending, "Subscription-State") == "pending;expires=3600"
    assert header(pending, "From").startswith("<sip:juliet@example.com>;tag=")
    assert header(pending, "To") == "<sip:romeo@example.net>;tag=theirs"
    [consent] = sips(exchange.presence("subscribed"))
    assert header(consent, "Subscription-State") == "active;expires=3600"
    exchange.presence(sender="juliet@example.com/a")
    [both] = sips(exchange.presence(sender="juliet@example.com/b", inner="<show>dnd</show>"))
    head, body = both.split("\r\n\r\n", 1)
    assert header(both, "Content-Type") == "application/pidf+xml"
    assert f"Content-Length: {len(body.encode())}" in head
    assert re.findall(r"<tuple id='(.*?)'", body) == ["ID-a", "ID-b"]
    assert "<show xmlns='jabber:client'>dnd</show>" in body
    [one] = sips(exchange.presence("unavailable", sender="juliet@example.com/a"))
    assert re.findall("<basic>(.*?)</basic>", one) == ["open", "closed"]
    assert exchange.answer(one, 481) == [
        {"kind": "xmpp", "xml": "<presence from='romeo@example.net' to='juliet@example.com' "
                                "type='unavailable'/>"}]
    assert sips(exchange.presence(sender="juliet@example.com/b")) == []


def test_answers_that_take_the_authorization_away_and_that_do_not(exchange):
    for code in (403, 489, 603):
        [request] = sips(exchange.presence("subscribe"))
        assert stanzas(exchange.answer(request, code)) == [("unsubscribed", "romeo@example.net")]
        assert exchange.answer(request, code) == [] and exchange.subscriptions() == []
    [request] = sips(exchange.presence("subscribe"))
    [again] = sips(exchange.answer(request, 481))
    assert header(again, "Call-ID") != header(request, "Call-ID")
    [longer] = sips(exchange.answer(again, 423, "x", "Min-Expires: 7200"))
    assert header(longer, "Expires") == "7200"
    [request] = sips(exchange.presence("subscribe", to="mercutio@example.net", name="p7"))
    [error] = exchange.answer(request, 404)
    assert error["kind"] == "stanza-error" and error["condition"] == "item-not-found"
    assert "id='p7'" in error["xml"] and error["xml"].startswith("<presence ")


def test_polls_cross_both_ways(exchange):
    [probe] = sips(exchange.presence("probe", sender="juliet@example.com/chamber"))
    assert header(probe, "Expires") == "0" and ";tag=" not in header(probe, "To")
    known = exchange.sip("NOTIFY", ["Event: presence", "Subscription-State: terminated;"
                                    "reason=timeout", "Content-Type: application/pidf+xml"],
                         PIDF % "open", to_tag=header(probe, "From").split("tag=")[1],
                         call_id=header(probe, "Call-ID"))
    assert stanzas(known) == [(None, "romeo@example.net/orchard")]
    asked = exchange.sip("SUBSCRIBE", ["Event: presence", "Expires: 0", CONTACT])
    assert status(asked) == [200] and stanzas(asked) == [("probe", "romeo@example.net")]
    [told] = sips(exchange.presence(sender="juliet@example.com/a"))
    assert header(told, "Subscription-State") == "terminated;reason=timeout" and "ID-a" in told
    assert exchange.subscriptions() == []


@pytest.mark.parametrize("method,fields,sender,code", [
    ("SUBSCRIBE", ["Event: dialog"], "romeo@example.net", 489),
    ("SUBSCRIBE", [], "romeo@example.net", 489),
    ("SUBSCRIBE", ["Event: presence", "Accept: text/plain", "Accept: text/html"],
     "romeo@example.net", 406),
    ("SUBSCRIBE", ["Event: presence", *["Accept: a/" + 300 * "A"] * 50], "romeo@example.net", 406),
    ("SUBSCRIBE", ["Event: presence", "Require: x"], "romeo@example.net", 420),
    ("SUBSCRIBE", ["Event: presence"], "romeo@example.org", 403),
    ("NOTIFY", ["Event: presence", "Subscription-State: active"], "romeo@example.net", 481),
], ids=["event", "no event", "accept", "many accepts", "require", "not ours", "no dialog"])
def test_requests_are_refused(exchange, method, fields, sender, code):
    out = exchange.sip(method, [*fields, CONTACT], sender=sender)
    assert status(out) == [code] and len(out) == 1
    if code == 489:
        assert out[0]["headers"]["Allow-Events"] == "presence"


def test_documents_that_attack_are_refused(exchange):
    secret = exchange.directory / "secret"
    secret.write_text("very secret")
    [request] = sips(exchange.presence("subscribe"))
    attack = (f"<!DOCTYPE p [<!ENTITY x SYSTEM 'file://{secret}'>]>" +
              (PIDF % "open").split("\n", 1)[1].replace("</tuple>", "<note>&x;</note></tuple>"))
    out = exchange.sip("NOTIFY", ["Event: presence", "Subscription-State: active",
                                  "Content-Type: application/pidf+xml"], attack,
                       to_tag=header(request, "From").split("tag=")[1],
                       call_id=header(request, "Call-ID"))
    assert status(out) == [400] and len(out) == 1


@pytest.mark.parametrize("vector", [v for v in VECTORS if v["kind"] == "translation"
                                    and v["direction"] == "xmpp-to-sip" and "state" in v
                                    and "pidf" in v["check"]], ids=lambda v: v["id"])
def test_vector_with_a_state_given(exchange, vector):
    exchange.state.write_text(json.dumps({"subscriptions": [{
        "watcher": "romeo@example.net", "presentity": "juliet@example.com",
        "direction": "sip-to-xmpp", "state": "active", "call_id": "c1", "local_tag": "ours",
        "remote_tag": "theirs", "expires": 599, "event": "presence"}]}))
    [out] = sips(exchange.say(vector["input"]))
    assert header(out, "Subscription-State").startswith("active;expires=")
    assert header(out, "Call-ID") == "c1" and header(out, "To").endswith(";tag=theirs")
    for name, value in vector.get("extra_headers", {}).items():
        assert header(out, name) == value
