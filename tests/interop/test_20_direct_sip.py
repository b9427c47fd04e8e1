"""Presence without a presence server: Kamailio only routes, and the user agents of local users
answer SUBSCRIBE themselves, among them baresip, which nobody made for tests."""

import pytest

from lab.baresip import Baresip
from lab.partner import Mode
from lab.pidf import State
from lab.stack import local, partner

ALICE, BOB, JULIET = local("alice"), local("bob"), partner("juliet")


@pytest.fixture
def start(start_lab):
    def make(kind: str = "Federated", **options):
        lab = start_lab(Mode.SASL, platform="direct", **options)
        lab.add_partner(kind=kind)
        return lab
    return make


def asking(lab, decision):
    """Alice's user agent decides like that; juliet has asked."""
    alice = lab.phone("alice", signs_in=True, decision=decision)
    juliet = lab.xmpp("juliet")
    juliet.contacts.add(ALICE)
    return alice, juliet


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_watched(start, eventually, transport):
    alice, juliet = asking(start(transport=transport), "active")
    juliet.contacts.wait_listed(ALICE, "to")
    juliet.contacts.wait_shows(ALICE, [""])
    for state, shows in ((State(activity="away"), ["away"]), (State(is_open=False), []),
                         (State(activity="busy"), ["dnd"])):
        alice.show(state)
        juliet.contacts.wait_shows(ALICE, shows)
    juliet.contacts.remove(ALICE)
    eventually(lambda: [w.state for w in alice.watchers.values()] == ["terminated"], 10,
               "the end of the subscription")


def test_pending_then_active(start):
    alice, juliet = asking(start("PublicVerified"), "pending")
    watcher = alice.wait_watcher(JULIET)
    assert juliet.contacts.listed()[ALICE].subscription == "none"
    alice.decide(watcher, "active")
    juliet.contacts.wait_listed(ALICE, "to")
    juliet.contacts.wait_shows(ALICE, [""])
    alice.decide(watcher, "rejected")
    juliet.contacts.wait_listed(ALICE, "none")
    juliet.contacts.wait_shows(ALICE, [])


def test_pending_then_declined(start):
    alice, juliet = asking(start("PublicVerified"), "pending")
    alice.decide(alice.wait_watcher(JULIET), "rejected")
    juliet.contacts.wait_kind(ALICE, "unsubscribed")
    assert juliet.contacts.listed()[ALICE].subscription == "none"


@pytest.mark.parametrize("status", [403, 603, 489])
def test_declined_at_once(start, status):
    alice, juliet = asking(start(), status)
    juliet.contacts.wait_kind(ALICE, "unsubscribed")
    assert alice.watchers == {}


def test_the_dialog_is_lost(start, eventually):
    """The user agent was started anew and knows of nobody: 481, and a new subscription."""
    lab = start()
    alice, juliet = asking(lab, "active")
    juliet.contacts.wait_shows(ALICE, [""])
    alice.watchers.clear()
    alice.state = State(activity="away")
    juliet.contacts.wait_shows(ALICE, ["away"], 40)
    assert len(alice.watchers) == 1
    assert juliet.contacts.of_kind(ALICE, "unsubscribed") == []


def test_watching(start):
    lab = start()
    watch = lab.phone("alice", signs_in=True).watch(JULIET)
    juliet = lab.xmpp("juliet")
    juliet.contacts.wait_kind(ALICE, "subscribe")
    juliet.contacts.accept(ALICE)
    watch.wait_open()
    juliet.contacts.show("dnd")
    watch.wait(lambda told: told.document.shows == ["dnd"])
    watch.end()
    watch.wait(lambda told: told.state == "terminated")


def test_baresip(start):
    lab = start()
    juliet = lab.xmpp("juliet")
    with Baresip(lab.settings, "bob", JULIET, with_presence=True) as bob:
        juliet.contacts.wait_kind(BOB, "subscribe", seconds=15)
        juliet.contacts.accept(BOB)
        bob.wait_sees("Online")
        juliet.contacts.show("dnd")
        bob.wait_sees("Busy")
        juliet.contacts.hide()
        bob.wait_sees("Offline")
        juliet.contacts.show()
        bob.wait_sees("Online")
        juliet.contacts.add(BOB)
        juliet.contacts.wait_listed(BOB, "both")
        bob.set_online(True)
        juliet.contacts.wait_shows(BOB, [""])
        bob.set_online(False)
        juliet.contacts.wait_shows(BOB, [])
