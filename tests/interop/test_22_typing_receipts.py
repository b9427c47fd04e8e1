"""Who is typing, and what has arrived: chat states and receipts of XMPP, isComposing and IMDN of
SIP, between a real client at Prosody and a phone at Kamailio."""

import re
import secrets

import pytest

from lab.partner import Mode
from lab.phone import Phone, _Dialog
from lab.process import wait_until
from lab.stack import local, partner
from lab.xmppclient import _Loop

STATES = "{http://jabber.org/protocol/chatstates}"
RECEIPTS = "{urn:xmpp:receipts}"
COMPOSING = "application/im-iscomposing+xml"
STATE_XMLNS = "xmlns='http://jabber.org/protocol/chatstates'"


class Pager(Phone):
    """A phone that writes messages; `refused` are the types that it does not take."""

    refused = ()
    accept = "text/plain"

    def write(self, to: str, body: str, kind: str = "text/plain") -> int:
        """The final status."""
        return _Dialog(self, to).request("MESSAGE", [("Content-Type", kind)], body).status

    def type(self, to: str, state: str, refresh: int = 0) -> int:
        more = f"<refresh>{refresh}</refresh>" if refresh else ""
        return self.write(to, "<?xml version='1.0'?><isComposing xmlns='urn:ietf:params:xml:ns:"
                          f"im-iscomposing'><state>{state}</state>{more}</isComposing>", COMPOSING)

    def write_cpim(self, to: str, text: str, asks: str, kind: str = "text/plain") -> str:
        """The Message-ID."""
        name = secrets.token_hex(8)
        asked = f"imdn.Disposition-Notification: {asks}\r\n" if asks else ""
        assert self.write(to, f"From: <sip:{self.address}>\r\nTo: <sip:{to}>\r\n"
                          "DateTime: 2026-01-02T03:04:05Z\r\nNS: imdn <urn:ietf:params:imdn>\r\n"
                          f"imdn.Message-ID: {name}\r\n{asked}\r\nContent-Type: {kind}\r\n"
                          f"\r\n{text}", "message/cpim") // 100 == 2
        return name

    def report(self, to: str, about: str, status: str) -> None:
        self.write_cpim(to, "<imdn xmlns='urn:ietf:params:xml:ns:imdn'><message-id>"
                        f"{about}</message-id><datetime/><delivery-notification><status><{status}/>"
                        "</status></delivery-notification></imdn>", "", "message/imdn+xml")

    def _answer(self, request):
        if request.method == "MESSAGE" and request["content-type"] in self.refused:
            return request.answer(415, "No", "t", [("Accept", self.accept)])
        return super()._answer(request)

    # --- what has come

    def kinds(self):
        return [m["content-type"].split(";")[0] for m in list(self.messages)]

    def texts(self):
        return [m.body for m in list(self.messages) if m["content-type"].startswith("text/plain")]

    def states(self):
        return [re.search("<state>(.*?)</state>", m.body)[1] for m in list(self.messages)
                if m["content-type"] == COMPOSING]

    def reports(self):
        """(message id, status) of each."""
        return [(re.search("<message-id>(.*?)</message-id>", m.body)[1],
                 re.search("<status><([a-z]+)/>", m.body)[1])
                for m in list(self.messages) if "message/imdn+xml" in m.body]

    def wait_text(self, text: str) -> None:
        wait_until(lambda: text in self.texts(), 20, f"{text!r} at the phone")


@pytest.fixture
def lab(start_lab):
    return start_lab(Mode.SASL)


@pytest.fixture
def alice(lab):
    with Pager(lab.settings, "alice", signs_in=True) as phone:
        yield phone


@pytest.fixture
def juliet(lab):
    client = lab.xmpp("juliet")
    for plugin in ("xep_0085", "xep_0184"):
        _Loop.call(client._client.register_plugin, plugin)
    return client


def say(client, text: str = "", state: str = "", receipt: bool = False) -> str:
    """A message as a client writes it; its id."""
    def work():
        message = client._client.make_message(mto=local("alice"), mbody=text or None, mtype="chat")
        message["id"] = client._client.new_id()
        if state:
            message["chat_state"] = state
        message["request_receipt"] = receipt
        message.send()
        return message["id"]
    return _Loop.call(work)


def heard_states(client):
    """Of stanzas of their own."""
    return [child.tag.removeprefix(STATES) for e in list(client.elements)
            if e.tag.endswith("}message") and e.find("{jabber:client}body") is None
            for child in e if child.tag.startswith(STATES)]


def wait_states(client, *expected) -> None:
    wait_until(lambda: heard_states(client) == list(expected), 20, f"{expected} at the client")


def greet(alice, juliet, **options) -> None:
    """juliet's client shows what it can."""
    say(juliet, "hello", **options)
    alice.wait_text("hello")


def test_typing_at_the_phone(lab, alice, juliet):
    lab.add_partner()
    greet(alice, juliet, state="active")
    assert alice.type(partner("juliet"), "active", 120) == 200
    wait_states(juliet, "composing")
    state = juliet.wait_element(lambda e: e.find(STATES + "composing") is not None)
    assert state.get("type") == "chat" and state.get("from") == local("alice")
    assert alice.type(partner("juliet"), "active", 120) == 200  # said again: nothing new
    assert alice.type(partner("juliet"), "idle") == 200
    wait_states(juliet, "composing", "active")
    # what is not said again in time has ended
    assert alice.type(partner("juliet"), "active", 1) == 200
    wait_states(juliet, "composing", "active", "composing", "paused")
    # a text ends it by itself, and says that the phone goes on telling
    assert alice.type(partner("juliet"), "active", 2) == 200
    assert alice.write(partner("juliet"), "here it is") == 202
    text = juliet.wait_element(lambda e: e.findtext("{jabber:client}body") == "here it is")
    assert text.find(STATES + "active") is not None
    assert alice.write(partner("juliet"), "and more") == 202
    juliet.wait_for("and more")
    assert heard_states(juliet)[-2:] == ["paused", "composing"]


def test_typing_at_the_client(lab, alice, juliet):
    lab.add_partner()
    greet(alice, juliet, state="active")
    assert alice.type(partner("juliet"), "idle") == 200  # now the phone has shown it too
    for state in ("composing", "paused", "inactive", "composing"):
        say(juliet, state=state)
    say(juliet, "typed", state="active")
    alice.wait_text("typed")
    say(juliet, state="gone")  # nobody is typing any more: nothing to be said
    say(juliet, "last", state="active")
    alice.wait_text("last")
    assert alice.states() == ["active", "idle", "active"]
    assert alice.kinds()[-2:] == ["text/plain"] * 2, "the state before the text, in their order"
    message = next(m for m in alice.messages if m["content-type"] == COMPOSING)
    assert "<refresh>120</refresh>" in message.body
    assert partner("juliet") in message["from"]


def test_nothing_for_who_has_shown_nothing(lab, alice, juliet):
    lab.add_partner()
    # the client uses it all, the phone nothing
    say(juliet, state="composing")
    say(juliet, "with a receipt", state="active", receipt=True)
    alice.wait_text("with a receipt")
    assert alice.kinds() == ["text/plain"]
    # the client stops, the phone starts
    say(juliet, "without")
    alice.wait_text("without")
    lab.xmpp("romeo")
    assert alice.type(partner("juliet"), "active") == 200
    assert alice.type(partner("romeo"), "active") == 200
    alice.write_cpim(partner("romeo"), "to romeo", "positive-delivery, negative-delivery")
    text = lab.xmpp("romeo").wait_element(
        lambda e: e.findtext("{jabber:client}body") == "to romeo")
    assert [e.tag.rpartition("}")[2] for e in text] == ["body", "thread"]
    assert alice.write(partner("juliet"), "the end") == 202
    juliet.wait_for("the end")
    assert heard_states(juliet) == [] and heard_states(lab.xmpp("romeo")) == []
    assert not [e for e in juliet.elements if e.find(RECEIPTS + "received") is not None]
    assert alice.reports() == [], "a stanza that reached a server has not been received"


def test_a_receipt_for_the_phone(lab, alice, juliet):
    lab.add_partner()
    greet(alice, juliet, receipt=True)
    first = alice.write_cpim(partner("juliet"), "first", "positive-delivery, negative-delivery")
    text = juliet.wait_element(lambda e: e.findtext("{jabber:client}body") == "first")
    assert text.find(RECEIPTS + "request") is not None
    wait_until(lambda: alice.reports() == [(first, "delivered")], 20, "a report")
    report = alice.messages[-1]
    assert report["content-type"] == "message/cpim"
    assert "Content-Disposition: notification" in report.body
    assert "<datetime>2026-01-02T03:04:05Z</datetime>" in report.body
    # a client that is a second one acknowledges too
    juliet.send_xml(f"<message to='{local('alice')}'><received xmlns='urn:xmpp:receipts' "
                    f"id='{text.get('id')}'/></message>")
    # who does not ask is told nothing, and is asked for nothing
    alice.write_cpim(partner("juliet"), "second", "negative-delivery")
    text = juliet.wait_element(lambda e: e.findtext("{jabber:client}body") == "second")
    assert text.find(RECEIPTS + "request") is None
    say(juliet, "done")
    alice.wait_text("done")
    assert alice.reports() == [(first, "delivered")]


def test_a_receipt_for_the_client(lab, alice, juliet):
    lab.add_partner()
    alice.write_cpim(partner("juliet"), "I take reports", "")
    juliet.wait_for("I take reports")
    sent = say(juliet, "Received?", receipt=True)
    asked = wait_until(lambda: [m for m in list(alice.messages)
                                if m["content-type"] == "message/cpim"], 20, "an envelope")[0]
    assert asked.body.endswith("\r\n\r\nReceived?")
    assert "imdn.Disposition-Notification: positive-delivery, negative-delivery" in asked.body
    name = re.search(r"imdn\.Message-ID: (\S+)", asked.body)[1]
    for about, status in (("made-up", "delivered"), (name, "error"), (name, "delivered"),
                          (name, "delivered"), (name, "failed")):
        alice.report(partner("juliet"), about, status)
    assert alice.write(partner("juliet"), "said") == 202
    juliet.wait_for("said")
    receipts = [e.find(RECEIPTS + "received").get("id") for e in juliet.elements
                if e.find(RECEIPTS + "received") is not None]
    assert receipts == [sent]
    assert not [m for m in juliet.received if m.kind == "error"]
    # one that failed is an error, though the phone's server had taken it
    sent = say(juliet, "And this?", receipt=True)
    wait_until(lambda: "And this?" in alice.messages[-1].body, 20, "the second envelope")
    alice.report(partner("juliet"), re.search(r"Message-ID: (\S+)", alice.messages[-1].body)[1],
                 "failed")
    assert juliet.wait_error(sent).condition == "recipient-unavailable"


def test_an_error_becomes_a_report(lab, alice):
    lab.add_partner()
    absent = partner("nobody")
    failed = alice.write_cpim(absent, "asked", "negative-delivery")
    wait_until(lambda: alice.reports() == [(failed, "failed")], 20, "a report")
    assert alice.texts() == []
    alice.write_cpim(absent, "not asked", "positive-delivery")
    assert alice.write(absent, "plain") == 202
    wait_until(lambda: len(alice.texts()) == 2, 20, "two notices")
    assert all(t.startswith("Your message was not delivered") for t in alice.texts())
    assert alice.reports() == [(failed, "failed")]


def test_an_envelope_that_is_not_taken(lab, alice, juliet):
    lab.add_partner()
    alice.write_cpim(partner("juliet"), "I take reports", "")
    alice.type(partner("juliet"), "idle")
    alice.refused = ("message/cpim", COMPOSING)
    greet(alice, juliet, state="active", receipt=True)  # the text comes once more without it
    say(juliet, state="composing")
    say(juliet, "again", state="active", receipt=True)
    alice.wait_text("again")
    say(juliet, state="composing")
    say(juliet, "and again", state="active")
    alice.wait_text("and again")
    assert alice.texts() == ["hello", "again", "and again"]
    # each was tried once, and then no more
    assert len(alice._answered) == len(alice.texts()) + 2
    assert not [m for m in juliet.received if m.kind == "error"]


def test_nobody_is_invited_by_it(lab, alice, juliet):
    lab.add_partner(kind="PublicUnverified")
    assert alice.type(partner("juliet"), "active") == 200
    assert lab.causeway.query("contact", "list")["contacts"] == []
    say(juliet, state="composing")  # and is not bounced
    juliet.send_xml(f"<message to='{local('alice')}' id='r1'><received xmlns='urn:xmpp:receipts' "
                    "id='x'/></message>")
    refused = say(juliet, "stranger", state="active")
    assert juliet.wait_error(refused).condition == "subscription-required"
    assert [m.id for m in juliet.received if m.kind == "error"] == [refused]
    assert alice.kinds() == []
