"""Who may see and write to whom, cell by cell of the table of partner types, both ways, with a real
presence server, a real XMPP server and their clients; then what becomes of friends when the local
user, the administrator or the type of the partner changes, and after a restart.

Kamailio keeps rules here, so that a watcher is pending until the user's rules name her: what the
gateway says in the user's name, and what she said herself, can be told apart.
"""

import dataclasses

import pytest

from lab.partner import Mode
from lab.pidf import State
from lab.process import wait_until
from lab.stack import local, partner

ALICE, BOB = local("alice"), local("bob")
JULIET, ROMEO = partner("juliet"), partner("romeo")
TYPES = ("Federated", "PublicVerified", "PublicUnverified")
NOTE = "for colleagues"
STRANGER = "subscription-required"
UNAVAILABLE = "service-unavailable"


@pytest.fixture
def start(start_lab):
    def make(kind: str):
        lab = start_lab(Mode.SASL, platform="presence", platform_options={"with_rules": True})
        lab.add_partner(kind=kind)
        for name in ("alice", "bob"):
            lab.sip(name)
            lab.phone(name).publish(State(note=NOTE))
        return lab
    return make


# --- one question, and its answer

def writes_in(lab, sender: str, to: str):
    """The condition that the partner's user is told, or None once the local user has the message."""
    client, user = lab.xmpp(sender), lab.sip(to)
    body = f"{sender} to {to} {client.new_id()}"
    sent = client.send(user.address, body)

    def outcome():
        if any(m.body == body for m in user.received):
            return (None,)
        return tuple(m.condition for m in list(client.received) if m.kind == "error" and m.id == sent)
    return wait_until(outcome, 20, f"an answer to {body!r}")[0]


def writes_out(lab, sender: str, to: str) -> int:
    """The final status that the local user is told."""
    return lab.sip(sender).send(to, f"{sender} to {to}").status


def asks_in(lab, sender: str, to: str) -> str:
    """What the partner's user is told who asks to see: the type of the presence, or a condition."""
    client = lab.xmpp(sender)
    before = len(client.contacts.presences)
    elements = len(client.elements)
    client.contacts.add(to)

    def outcome():
        kinds = [p.kind for p in client.contacts.presences[before:]
                 if p.sender.split("/")[0] == to and p.kind in ("subscribed", "unsubscribed", "error")]
        return kinds[:1]
    kind = wait_until(outcome, 20, f"an answer to {sender} who asks to see {to}")[0]
    if kind != "error":
        return kind
    error = next(e for e in client.elements[elements:] if e.get("type") == "error")
    return next(child.tag.rpartition("}")[2] for child in error.iter()
                if child.tag.startswith("{urn:ietf:params:xml:ns:xmpp-stanzas}"))


def asks_out(lab, sender: str, to: str) -> int:
    """The status that the local user is told who asks to see."""
    return lab.phone(sender).new_watch(to).subscribe().status


def known(lab) -> dict:
    """What the gateway keeps of juliet who asked to see alice."""
    shown = lab.causeway.query("contact", "show", "--user", ALICE, "--partner", JULIET)
    return shown["contact-sees"] or {"state": "", "consented": False}


# --- the table

@pytest.mark.parametrize("kind", TYPES)
def test_not_invited(start, eventually, kind):
    lab = start(kind)
    juliet = lab.xmpp("juliet")
    assert writes_in(lab, "juliet", "alice") == (STRANGER if kind == TYPES[2] else None)
    if kind == "PublicUnverified":
        assert asks_in(lab, "juliet", ALICE) == "unsubscribed"
        assert lab.kamailio.watchers("alice") == {}
        juliet.contacts.probe(ALICE)
        assert asks_in(lab, "juliet", ALICE) == "unsubscribed"
        assert juliet.contacts.seen(ALICE) == {} and lab.kamailio.watchers("alice") == {}
        return
    if kind == "Federated":
        assert asks_in(lab, "juliet", ALICE) == "subscribed"  # without asking alice
        assert lab.kamailio.watchers("alice") == {JULIET: "pending"}
    else:
        juliet.contacts.add(ALICE)
        eventually(lambda: lab.kamailio.watchers("alice") == {JULIET: "pending"}, 10, "a question")
        eventually(lambda: known(lab)["state"] == "pending", 10, "what the gateway was told")
        assert not known(lab)["consented"]
        assert juliet.contacts.of_kind(ALICE, "subscribed") == []
    assert juliet.contacts.shows(ALICE) == []
    lab.kamailio.allow("alice", JULIET)
    juliet.contacts.wait_listed(ALICE, "to")
    seen = juliet.contacts.wait_shows(ALICE, [""])
    assert [p.status for p in seen.values()] == [NOTE if kind == "Federated" else ""]
    if kind == "PublicVerified":  # and who is declined
        lab.xmpp("romeo").contacts.add(ALICE)
        eventually(lambda: ROMEO in lab.kamailio.watchers("alice"), 10, "another question")
        lab.kamailio.forbid("alice", ROMEO)
        lab.xmpp("romeo").contacts.wait_kind(ALICE, "unsubscribed")


@pytest.mark.parametrize("how", ["by a message", "by asking to see"])
@pytest.mark.parametrize("kind", TYPES)
def test_invited(start, kind, how):
    lab = start(kind)
    juliet = lab.xmpp("juliet")
    if how == "by a message":
        assert writes_out(lab, "alice", JULIET) in (200, 202)
        juliet.wait_for(f"alice to {JULIET}")
    else:
        watch = lab.phone("alice").watch(JULIET)
        juliet.contacts.wait_kind(ALICE, "subscribe")
        juliet.contacts.accept(ALICE)
        assert watch.wait_open().document.entity.endswith(JULIET)
    assert writes_in(lab, "juliet", "alice") is None
    assert asks_in(lab, "juliet", ALICE) == "subscribed"
    lab.kamailio.allow("alice", JULIET)
    seen = juliet.contacts.wait_shows(ALICE, [""])
    assert [p.status for p in seen.values()] == [NOTE if kind == "Federated" else ""]
    # ... by this one user, and this one user
    strangers = (writes_in(lab, "romeo", "alice"), writes_in(lab, "juliet", "bob"))
    assert strangers == ((STRANGER, STRANGER) if kind == TYPES[2] else (None, None))
    if kind == "PublicUnverified":
        assert asks_in(lab, "juliet", BOB) == asks_in(lab, "romeo", ALICE) == "unsubscribed"


# --- what changes it

@dataclasses.dataclass(frozen=True)
class Change:
    """What is done to friends, and what both sides are told afterwards; out: statuses."""

    name: str
    kind: str  #: of the partner
    do: object
    undo: object
    writes_in: str
    asks_in: str
    is_refused_out: bool
    ends_watch: str = "rejected"


def _command(*words):
    return lambda lab, watch: lab.causeway.command(*words)


_PAIR = ("--user", ALICE, "--partner", JULIET)
_AGAIN = _command("contact", "list")  # the local user may invite again; nothing stands in the way

CHANGES = (
    Change("the local user removes the contact", "PublicUnverified", lambda lab, watch: watch.end(),
           _AGAIN, STRANGER, "unsubscribed", False, "timeout"),
    Change("contact remove", "PublicUnverified", _command("contact", "remove", *_PAIR),
           _AGAIN, STRANGER, "unsubscribed", False),
    Change("contact remove, all of the partner", "PublicUnverified",
           _command("contact", "remove", "--partner", "fabrikam.test"),
           _AGAIN, STRANGER, "unsubscribed", False),
    Change("access of the user", "Federated",
           _command("access", "set", "--user", ALICE, "--xmpp", "false"),
           _command("access", "unset", "--user", ALICE), UNAVAILABLE, UNAVAILABLE, True),
    Change("access of all", "PublicVerified", _command("access", "set", "--xmpp", "false"),
           _command("access", "set", "--user", ALICE, "--xmpp", "true"),
           UNAVAILABLE, UNAVAILABLE, True),
    Change("block of the address", "PublicUnverified",
           _command("contact", "block", "--user", ALICE, JULIET),
           _command("contact", "unblock", "--user", ALICE, JULIET),
           UNAVAILABLE, UNAVAILABLE, True),
    Change("block of the domain", "Federated",
           _command("contact", "block", "--user", ALICE, "fabrikam.test"),
           _command("contact", "unblock", "--user", ALICE, "fabrikam.test"),
           UNAVAILABLE, UNAVAILABLE, True),
)


def befriend(lab):
    """alice and juliet see each other; alice's watch."""
    juliet = lab.xmpp("juliet")
    lab.kamailio.allow("alice", JULIET)
    watch = lab.phone("alice").watch(JULIET)
    juliet.contacts.wait_kind(ALICE, "subscribe", len(juliet.contacts.of_kind(ALICE, "subscribe")) or 1)
    juliet.contacts.accept(ALICE)
    watch.wait_open()
    assert asks_in(lab, "juliet", ALICE) == "subscribed"
    juliet.contacts.wait_shows(ALICE, [""])
    return watch


def require_shut(lab, change: Change) -> None:
    """What comes in is refused, and says no more than it should."""
    heard = len(lab.xmpp("juliet").contacts.presences)
    assert writes_in(lab, "juliet", "alice") == change.writes_in
    assert asks_in(lab, "juliet", ALICE) == change.asks_in
    lab.phone("alice").publish(State(activity="away"))
    assert asks_in(lab, "juliet", ALICE) == change.asks_in  # after the change would have come
    assert [p for p in lab.xmpp("juliet").contacts.presences[heard:]
            if p.sender.startswith(ALICE) and p.kind in ("", "subscribed")] == []
    lab.phone("alice").publish(State())


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.name.replace(" ", "-"))
def test_friends_no_more(start, eventually, change):
    lab = start(change.kind)
    watch = befriend(lab)
    juliet = lab.xmpp("juliet")
    change.do(lab, watch)
    juliet.contacts.wait_shows(ALICE, [])
    juliet.contacts.wait_kind(ALICE, "unsubscribed")
    eventually(lambda: lab.kamailio.watchers("alice") == {}, 10, "the end of her subscription")
    assert watch.wait(lambda told: told.state == "terminated").reason == change.ends_watch
    require_shut(lab, change)
    lab.causeway.stop()
    lab.causeway.start()
    require_shut(lab, change)
    if change.is_refused_out:
        assert writes_out(lab, "alice", JULIET) == asks_out(lab, "alice", JULIET) == 403
        require_shut(lab, change)  # what was refused invites nobody
        change.undo(lab, watch)
    befriend(lab)
    assert writes_in(lab, "juliet", "alice") is None


def test_what_is_not_meant_stays(start):
    """A block of one address, and the access of one user, are nobody else's business."""
    lab = start("PublicUnverified")
    watch = befriend(lab)
    lab.causeway.command("contact", "block", "--user", ALICE, ROMEO)
    lab.causeway.command("access", "set", "--user", BOB, "--xmpp", "false")
    lab.causeway.command("contact", "block", "--user", BOB, JULIET)
    assert writes_in(lab, "juliet", "alice") is None
    lab.phone("alice").publish(State(activity="away"))
    lab.xmpp("juliet").contacts.wait_shows(ALICE, ["away"])
    lab.xmpp("juliet").contacts.show("dnd")
    watch.wait(lambda told: told.document.shows == ["dnd"])
    # of a stranger's two reasons to be refused he learns the one that says nothing of the user
    assert writes_in(lab, "romeo", "alice") == writes_in(lab, "juliet", "bob") == STRANGER
    assert asks_in(lab, "romeo", ALICE) == asks_in(lab, "juliet", BOB) == "unsubscribed"


# --- the type of the partner changes

def test_the_type_changes(start, eventually):
    """romeo sees bob, who never invited him; juliet sees alice, who did."""
    lab = start("Federated")
    befriend(lab)
    lab.kamailio.allow("bob", ROMEO)
    romeo, juliet = lab.xmpp("romeo"), lab.xmpp("juliet")
    assert asks_in(lab, "romeo", BOB) == "subscribed"
    assert [p.status for p in romeo.contacts.wait_shows(BOB, [""]).values()] == [NOTE]

    lab.change_partner(type="PublicVerified")
    for client, address in ((romeo, BOB), (juliet, ALICE)):
        wait_until(lambda: [p.status for p in client.contacts.seen(address).values()] == [""], 10,
                   f"no note of {address} any more")
    assert romeo.contacts.listed()[BOB].subscription == "to"

    lab.change_partner(type="PublicUnverified")
    romeo.contacts.wait_shows(BOB, [])
    romeo.contacts.wait_kind(BOB, "unsubscribed")
    eventually(lambda: lab.kamailio.watchers("bob") == {}, 10, "the end of his subscription")
    assert writes_in(lab, "romeo", "bob") == STRANGER
    lab.phone("alice").publish(State(activity="away", note=NOTE))
    seen = juliet.contacts.wait_shows(ALICE, ["away"])
    assert [p.status for p in seen.values()] == [""]
    assert writes_in(lab, "juliet", "alice") is None

    lab.causeway.stop()
    lab.causeway.start()
    assert asks_in(lab, "romeo", BOB) == "unsubscribed"
    lab.phone("alice").publish(State(activity="busy", note=NOTE))
    juliet.contacts.wait_shows(ALICE, ["dnd"], 30)

    lab.change_partner(type="Federated")
    assert asks_in(lab, "romeo", BOB) == "subscribed"
    romeo.contacts.wait_shows(BOB, [""])
    wait_until(lambda: [p.status for p in juliet.contacts.seen(ALICE).values()] == [NOTE], 20,
               "alice's note, which was kept from juliet")


def test_the_type_changed_while_nobody_ran(start):
    """Then the SIP side need not say anything before who may not see any more is told so."""
    lab = start("Federated")
    juliet = lab.xmpp("juliet")
    lab.kamailio.allow("alice", JULIET)
    assert asks_in(lab, "juliet", ALICE) == "subscribed"
    juliet.contacts.wait_shows(ALICE, [""])
    lab.causeway.stop()
    lab.kamailio.stop()
    lab.change_partner(type="PublicUnverified")
    lab.causeway.start()
    juliet.contacts.wait_shows(ALICE, [])
    juliet.contacts.wait_kind(ALICE, "unsubscribed")
