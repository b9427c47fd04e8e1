"""Presence between users of a SIP presence server and users of an XMPP server: both ask, accept,
decline, remove, go away and come back, with real servers and clients on both sides.

The local users' server is Kamailio with its presence modules; juliet's is Prosody or ejabberd.
"""

import pytest

from lab.partner import Mode
from lab.pidf import State
from lab.process import LabError
from lab.sippwatcher import SippWatcher
from lab.stack import local, partner

ALICE, BOB, JULIET = local("alice"), local("bob"), partner("juliet")
BOTH = pytest.mark.parametrize("server", ["prosody", "ejabberd"])


@pytest.fixture
def start(start_lab):
    def make(server: str = "prosody", kind: str = "Federated", **options):
        lab = start_lab(Mode.SASL, partner=server, platform="presence", **options)
        lab.add_partner(kind=kind)
        return lab
    return make


def befriended(lab, state: State = State()):
    """Alice's phone, with that state published; juliet sees it."""
    alice, juliet = lab.phone("alice"), lab.xmpp("juliet")
    alice.publish(state)
    was_asked = ALICE in juliet.contacts.listed()
    juliet.contacts.add(ALICE)
    juliet.contacts.wait_listed(ALICE, "both" if was_asked else "to")
    return alice, juliet


def watching(lab):
    """Alice's watch of juliet, who has accepted it."""
    alice, juliet = lab.phone("alice"), lab.xmpp("juliet")
    before = len(juliet.contacts.of_kind(ALICE, "subscribe"))
    watch = alice.watch(JULIET)
    juliet.contacts.wait_kind(ALICE, "subscribe", before + 1)
    juliet.contacts.accept(ALICE)
    watch.wait_open()
    return watch, juliet


@BOTH
def test_an_xmpp_user_watches(start, server):
    lab = start(server)
    alice, juliet = befriended(lab)
    sees = juliet.contacts.wait_shows
    sees(ALICE, [""])
    assert lab.kamailio.watchers("alice") == {JULIET: "active"}
    alice.publish(State(activity="away", note="Lunch & <b>"))
    assert [p.status for p in sees(ALICE, ["away"]).values()] == ["Lunch & <b>"]
    alice.publish(State(activity="busy"))
    assert [p.status for p in sees(ALICE, ["dnd"]).values()] == [""]
    alice.publish(State())
    sees(ALICE, [""])
    desk = lab.phone("alice", 2)
    desk.publish(State(device="desk"))
    sees(ALICE, ["", ""])
    desk.publish(expires=0)
    sees(ALICE, [""])
    alice.publish(State(is_open=False))
    sees(ALICE, [])
    alice.publish(State())
    sees(ALICE, [""])


@BOTH
def test_an_xmpp_user_comes_back(start, server):
    lab = start(server)
    alice, juliet = befriended(lab)
    juliet.contacts.wait_shows(ALICE, [""])
    lab.sign_out("juliet")
    alice.publish(State(activity="away"))
    juliet = lab.xmpp("juliet")
    juliet.contacts.wait_shows(ALICE, ["away"])
    second = lab.xmpp("juliet", "second")
    second.contacts.wait_shows(ALICE, ["away"])
    alice.publish(State())
    for client in (juliet, second):
        client.contacts.wait_shows(ALICE, [""])
    assert lab.kamailio.watchers("alice") == {JULIET: "active"}


@BOTH
def test_an_xmpp_user_removes(start, eventually, server):
    lab = start(server)
    alice, juliet = befriended(lab)
    juliet.contacts.wait_shows(ALICE, [""])
    juliet.contacts.remove(ALICE)
    eventually(lambda: lab.kamailio.watchers("alice") == {}, 10, "the end of the subscription")
    assert juliet.contacts.listed() == {}
    juliet.contacts.add(ALICE)
    juliet.contacts.wait_listed(ALICE, "to")
    eventually(lambda: lab.kamailio.watchers("alice") == {JULIET: "active"}, 10, "a new one")


def test_unsubscribing_while_nobody_has_decided(start, eventually):
    lab = start(kind="PublicVerified", platform_options={"with_rules": True})
    juliet = lab.xmpp("juliet")
    juliet.contacts.add(ALICE)
    eventually(lambda: lab.kamailio.watchers("alice") == {JULIET: "pending"}, 10, "her question")
    juliet.contacts.remove(ALICE)
    eventually(lambda: lab.kamailio.watchers("alice") == {}, 10, "its end")
    assert juliet.contacts.of_kind(ALICE, "subscribed") == []


def test_the_sip_side_decides(start, eventually):
    """A PublicVerified partner's users ask; alice's rules say yes, and later no."""
    lab = start(kind="PublicVerified", platform_options={"with_rules": True})
    alice, juliet = lab.phone("alice"), lab.xmpp("juliet")
    alice.publish(State(note="for colleagues"))
    juliet.contacts.add(ALICE)
    eventually(lambda: lab.kamailio.watchers("alice") == {JULIET: "pending"}, 10, "her question")
    assert juliet.contacts.listed()[ALICE].subscription == "none"
    lab.kamailio.allow("alice", JULIET)
    juliet.contacts.wait_listed(ALICE, "to")
    seen = juliet.contacts.wait_shows(ALICE, [""])
    assert [p.status for p in seen.values()] == [""]  # notes are for Federated partners
    lab.kamailio.forbid("alice", JULIET)
    juliet.contacts.wait_listed(ALICE, "none")
    juliet.contacts.wait_shows(ALICE, [])


def test_a_user_that_does_not_exist(start):
    lab = start()
    juliet = lab.xmpp("juliet")
    juliet.contacts.add(local("nobody"))
    juliet.contacts.wait_kind(local("nobody"), "error")


@BOTH
def test_a_sip_user_watches(start, server):
    lab = start(server)
    alice, juliet = lab.phone("alice"), lab.xmpp("juliet")
    watch = alice.watch(JULIET)
    watch.wait(lambda told: told.state == "pending")
    juliet.contacts.wait_kind(ALICE, "subscribe")
    assert not watch.is_open
    juliet.contacts.accept(ALICE)
    document = watch.wait_open().document
    assert document.entity.partition(":")[2] == JULIET
    assert document.open_ids == ["ID-lab"]
    juliet.contacts.show("away", "Dinner & <b>")
    document = watch.wait(lambda told: told.document.shows == ["away"]).document
    assert (document.activities, document.notes) == (("away",), ("Dinner & <b>",))
    juliet.contacts.show("dnd")
    document = watch.wait(lambda told: told.document.shows == ["dnd"]).document
    assert (document.activities, document.notes) == (("busy",), ())
    second = lab.xmpp("juliet", "second")
    watch.wait(lambda told: told.document.open_ids == ["ID-lab", "ID-second"])
    second.contacts.show("chat", priority=5)
    watch.wait(lambda told: told.document.shows == ["chat", "dnd"])
    lab.sign_out("juliet", "second")
    watch.wait(lambda told: told.document.open_ids == ["ID-lab"])
    juliet.contacts.hide()
    watch.wait_closed()
    juliet.contacts.show()
    watch.wait_open()
    for told in watch.notified:
        assert not told.text or told.document.entity.endswith(JULIET)


@BOTH
def test_an_xmpp_user_declines(start, server):
    lab = start(server)
    alice, juliet = lab.phone("alice"), lab.xmpp("juliet")
    watch = alice.watch(JULIET)
    juliet.contacts.wait_kind(ALICE, "subscribe")
    juliet.contacts.decline(ALICE)
    assert watch.wait(lambda told: told.state == "terminated").reason == "rejected"
    again, juliet = watching(lab)
    juliet.contacts.decline(ALICE)  # takes back what she gave
    assert again.wait(lambda told: told.state == "terminated").reason == "rejected"
    assert not again.is_open


def test_several_devices_of_a_sip_user(start):
    lab = start()
    watch, juliet = watching(lab)
    other = lab.phone("alice", 2).watch(JULIET)
    other.wait_open()
    assert len(juliet.contacts.of_kind(ALICE, "subscribe")) == 1
    juliet.contacts.show("away")
    for each in (watch, other):
        each.wait(lambda told: told.document.shows == ["away"])
    other.end()
    assert other.wait(lambda told: told.state == "terminated").reason == "timeout"
    juliet.contacts.show("dnd")
    watch.wait(lambda told: told.document.shows == ["dnd"])
    assert other.state == "terminated"


def test_a_sip_user_refreshes(start):
    lab = start()
    watch, _ = watching(lab)
    before = len(watch.notified)
    assert watch.subscribe(120).status == 200
    watch.wait(lambda told: len(watch.notified) > before and 0 < int(told.expires) <= 120)
    assert watch.is_open


def test_a_sip_user_removes(start, eventually):
    """Juliet is invited no more; what she allowed stays (RFC 8048 section 5.3.3)."""
    lab = start()
    watch, juliet = watching(lab)
    assert invited_by_alice(lab) == [JULIET]
    assert watch.end().status == 200
    watch.wait(lambda told: told.state == "terminated")
    assert not watch.is_open
    eventually(lambda: invited_by_alice(lab) == [], 10, "no invitation")
    assert juliet.contacts.listed()[ALICE].subscription == "from"
    lab.phone("alice").watch(JULIET).wait_open()
    assert invited_by_alice(lab) == [JULIET]


def invited_by_alice(lab) -> list:
    rows = lab.causeway.query("contact", "list", "--user", ALICE)["contacts"]
    return [row["contact"] for row in rows if row["invited"]]


def test_bursts(start, eventually):
    """Many changes at once: whatever is left out in between, the last one is seen."""
    lab = start()
    watch, juliet = watching(lab)
    alice, _ = befriended(lab)
    for number in range(60):
        juliet.contacts.show(("away", "dnd", "")[number % 3], f"juliet {number}")
        alice.publish(State(activity=("away", "busy")[number % 2], note=f"alice {number}"))
    watch.wait(lambda told: told.document.notes == ("juliet 59",))
    assert watch.document.shows == [""]
    eventually(lambda: [(p.show, p.status) for p in juliet.contacts.seen(ALICE).values()]
               == [("dnd", "alice 59")], 10, "alice's last state")


def test_asking_once(start):
    """A poll: SUBSCRIBE with Expires 0 outside a dialog, and a probe."""
    lab = start()
    watch, juliet = watching(lab)
    juliet.contacts.show("away")
    watch.wait(lambda told: told.document.shows == ["away"])
    poll = lab.phone("alice").watch(JULIET, 0)
    told = poll.wait(lambda told: told.state == "terminated")
    assert (told.reason, told.document.shows) == ("timeout", ["away"])
    stranger = lab.phone("bob").watch(JULIET, 0)  # whom juliet never accepted
    told = stranger.wait(lambda told: told.state == "terminated", 40)
    assert not told.document.is_open


def test_sipp_watches(start):
    """Its subscription is gone when nobody answers NOTIFY; what juliet allowed stays."""
    lab = start()
    juliet = lab.xmpp("juliet")
    with SippWatcher(lab.settings, "bob", JULIET) as bob:
        juliet.contacts.wait_kind(BOB, "subscribe")
        juliet.contacts.accept(BOB)
        bob.wait(lambda state, told: told.open_ids == ["ID-lab"])
        juliet.contacts.show("away")
        bob.wait(lambda state, told: told.shows == ["away"])
    juliet.contacts.show("dnd")
    watch = lab.phone("bob").watch(JULIET)
    watch.wait(lambda told: told.document.shows == ["dnd"])
    assert juliet.contacts.listed()[BOB].subscription == "from"


# --- partner types

def test_notes_by_partner_type(start):
    lab = start()
    state = State(activity="away", note="for colleagues")
    alice, juliet = befriended(lab, state)

    def statuses():
        return [p.status for p in juliet.contacts.wait_shows(ALICE, ["away"]).values()]
    assert statuses() == ["for colleagues"]
    lab.change_partner(type="PublicVerified")
    alice.publish(State(activity="busy", note="more"))
    assert [p.status for p in juliet.contacts.wait_shows(ALICE, ["dnd"]).values()] == [""]


def test_strangers_of_a_public_unverified_partner(start, eventually):
    lab = start(kind="PublicUnverified")
    alice, juliet = lab.phone("alice"), lab.xmpp("juliet")
    alice.publish(State())
    for address in (ALICE, local("nobody")):
        juliet.contacts.add(address)
        juliet.contacts.wait_kind(address, "unsubscribed")
    assert lab.kamailio.watchers("alice") == {}
    watch = alice.watch(JULIET)  # she invites juliet
    juliet.contacts.wait_kind(ALICE, "subscribe")
    juliet.contacts.accept(ALICE)
    juliet.contacts.add(ALICE)
    juliet.contacts.wait_shows(ALICE, [""])
    watch.wait_open()
    watch.end()  # and takes it back
    juliet.contacts.wait_shows(ALICE, [])
    juliet.contacts.wait_listed(ALICE, "from")
    eventually(lambda: lab.kamailio.watchers("alice") == {}, 10, "the end of the subscription")
    juliet.contacts.add(ALICE)
    juliet.contacts.wait_kind(ALICE, "unsubscribed", len(juliet.contacts.of_kind(
        ALICE, "unsubscribed")) + 1)
    assert lab.kamailio.watchers("alice") == {}


def test_a_partner_that_is_removed(start, eventually):
    """Whoever may no longer see is not left with what was seen last."""
    lab = start()
    watch, juliet = watching(lab)
    befriended(lab)
    lab.causeway.command("partner", "disable", "fabrikam.test")
    eventually(lambda: not watch.is_open, 10, "juliet gone for alice")
    eventually(lambda: lab.kamailio.watchers("alice") == {}, 10, "the end of the subscription")
    with pytest.raises(LabError):
        lab.phone("bob").watch(JULIET)
