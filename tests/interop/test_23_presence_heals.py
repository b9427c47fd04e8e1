"""Whatever is killed, in whatever order and while states change: within a minute both sides are
shown the truth, each subscription exists once, and nobody has to ask or accept again.

alice and juliet watch each other across the border; a thread changes what both say while two of
the four servers die.
"""

import collections
import contextlib
import itertools
import os
import signal
import threading
import time

import pytest

from lab.partner import Mode
from lab.pidf import State
from lab.process import LabError, wait_until
from lab.stack import local, partner

ALICE, JULIET = local("alice"), partner("juliet")
HEALED_S = 60

SERVERS = ("gateway", "edge", "kamailio", "prosody")


class Friends:
    """alice and juliet, who watch each other, and the servers between them."""

    def __init__(self, lab):
        self.lab = lab
        self.alice = lab.phone("alice")
        self.alice.publish(State())
        self.watch = self.alice.watch(JULIET)
        juliet = self.juliet
        juliet.contacts.wait_kind(ALICE, "subscribe")
        juliet.contacts.accept(ALICE)
        juliet.contacts.add(ALICE)
        juliet.contacts.wait_listed(ALICE, "both")
        self.require("", "")

    @property
    def juliet(self):
        return self.lab.xmpp("juliet")

    def kill(self, name: str) -> None:
        """Without a goodbye; whoever has nobody to start it anew stays dead."""
        if name in ("gateway", "edge"):
            os.kill(self.lab.causeway.role(name), signal.SIGKILL)
        elif name == "kamailio":
            self.lab.kamailio.kill()
        else:
            self.lab.server.kill()

    def revive(self, name: str) -> None:
        if name == "kamailio":
            self.lab.kamailio.start()
        elif name == "prosody":
            self.lab.server.start()
            self.lab.sign_out("juliet")
            self.juliet.contacts.listed()

    def say(self, alice: str = None, juliet: str = None) -> None:
        """What they show from now on: "", "away", "dnd", or "gone"; LabError when it fails."""
        if alice is not None:
            activity = {"dnd": "busy", "gone": ""}.get(alice, alice)
            self.alice.publish(State(is_open=alice != "gone", activity=activity))
        if juliet == "gone":
            self.juliet.contacts.hide()
        elif juliet is not None:
            self.juliet.contacts.show(juliet)

    def require(self, alice: str, juliet: str, seconds: float = HEALED_S) -> float:
        """Until both are shown as what they say; how long that took."""
        began = time.monotonic()
        if juliet == "gone":  # and is told nothing herself
            self.watch.wait_closed(seconds)
        else:
            self.juliet.contacts.wait_shows(ALICE, [] if alice == "gone" else [alice], seconds)
            self.watch.wait(lambda told: told.state == "active"
                            and told.document.shows == [juliet], seconds)
        wait_until(lambda: self.lab.kamailio.watchers("alice") == {JULIET: "active"}, seconds,
                   "one subscription at Kamailio")
        return time.monotonic() - began

    def require_authorised(self) -> None:
        assert self.juliet.contacts.listed()[ALICE].subscription == "both"
        assert self.juliet.contacts.of_kind(ALICE, "unsubscribed") == []
        assert "terminated" not in [told.state for told in self.watch.notified]


@contextlib.contextmanager
def changing(friends):
    """Both sides say something else all the time; who cannot be reached is not told."""
    over = threading.Event()
    friends.alice.patience_s = 2

    def work():
        for alice, juliet in itertools.cycle((("away", "xa"), ("", ""))):
            if over.wait(0.2):
                return
            with contextlib.suppress(Exception):  # a client without its server
                friends.say(alice, juliet)
    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        friends.alice.patience_s = 10


@pytest.fixture
def friends(start_lab):
    lab = start_lab(Mode.SASL, platform="presence")
    lab.add_partner()
    return Friends(lab)


#: what both say in the end, and said at no time before
_ENDS = (("dnd", "dnd"), ("gone", "away"), ("dnd", "gone"))


@pytest.mark.parametrize("first", SERVERS)
def test_two_die_in_any_order(friends, first):
    others = [name for name in SERVERS if name != first]
    for second, (alice, juliet) in zip(others, _ENDS):
        took = let_die(friends, (first, second), alice, juliet)
        print(f"{first}, {second}: healed after {took:.1f} s")
        friends.require_authorised()
        friends.say("", "")
        friends.require("", "", 10)


def let_die(friends, dead, alice: str, juliet: str) -> float:
    """Both in dead die; how long it took, once they were back, until the end was seen."""
    with changing(friends):
        friends.kill(dead[0])
        time.sleep(0.5)  # so that changes are lost, too
    friends.kill(dead[1])
    early, late = {"alice": alice, "juliet": juliet}, {}
    if "kamailio" in dead:
        late["alice"] = early.pop("alice")
    if "prosody" in dead:
        late["juliet"] = early.pop("juliet")
    friends.say(**early)  # perhaps in vain, and not again
    for name in dead:
        friends.revive(name)
    friends.say(**late)
    return friends.require(alice, juliet)


def test_kamailio_forgets_everything(friends):
    friends.kill("kamailio")
    friends.lab.kamailio.forget()
    friends.revive("kamailio")
    friends.say("away", "dnd")
    friends.require("away", "dnd")
    friends.require_authorised()


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_kamailio_stays_away(start_lab, transport):
    """Nobody knows what alice would say now: juliet sees her offline until it is known again, in
    the dialog that Kamailio remembers."""
    lab = start_lab(Mode.SASL, platform="presence", transport=transport)
    lab.add_partner()
    friends = Friends(lab)
    friends.kill("kamailio")
    friends.juliet.contacts.wait_shows(ALICE, [], HEALED_S)
    friends.revive("kamailio")
    friends.require("", "")
    friends.require_authorised()


def test_the_whole_of_causeway_is_started_anew(friends):
    friends.lab.causeway.stop()
    friends.say("away", "dnd")
    friends.lab.causeway.start()
    friends.require("away", "dnd")
    friends.require_authorised()


@pytest.mark.parametrize("besides", ["", "gateway", "edge"])
def test_a_partner_that_stays_away(friends, besides):
    """Whatever was known last, juliet is shown as offline; when she is back, as she is."""
    friends.kill("prosody")
    if besides:
        friends.kill(besides)
    friends.watch.wait_closed(HEALED_S)
    friends.revive("prosody")
    friends.require("", "")
    friends.require_authorised()


def test_an_edge_that_stays_away(friends):
    """Nothing is known of juliet then, though nothing is refused, for nobody says anything."""
    edge = friends.lab.causeway.role("edge")
    wait_until(lambda: " was=telling is=told" in friends.lab.causeway.output(), 20,
               "all to be asked anew that is asked at first")
    friends.say("away", "dnd")
    friends.require("away", "dnd")
    os.kill(edge, signal.SIGSTOP)
    try:
        friends.watch.wait_closed(HEALED_S)
    finally:
        os.kill(edge, signal.SIGCONT)
    friends.require("away", "dnd")
    friends.require_authorised()


def test_ejabberd_is_started_anew(start_lab):
    lab = start_lab(Mode.SASL, platform="presence", partner="ejabberd")
    lab.add_partner()
    friends = Friends(lab)
    lab.server.stop()
    friends.watch.wait_closed(HEALED_S)
    friends.say("away")
    friends.revive("prosody")
    friends.require("away", "")
    friends.require_authorised()


@pytest.mark.parametrize("killed", ["gateway", "edge"])
def test_what_nobody_has_decided_yet(start_lab, eventually, killed):
    """Questions in both directions are still open afterwards, and can be answered."""
    lab = start_lab(Mode.SASL, platform="presence", platform_options={"with_rules": True})
    lab.add_partner(kind="PublicVerified")
    alice, juliet = lab.phone("alice"), lab.xmpp("juliet")
    alice.publish(State())
    watch = alice.watch(JULIET)
    juliet.contacts.wait_kind(ALICE, "subscribe")
    juliet.contacts.add(ALICE)
    eventually(lambda: is_stored_as_pending(lab), 10, "her question in the store")
    before, answers = lab.causeway.role(killed), answers_of_kamailio(lab)
    os.kill(before, signal.SIGKILL)
    lab.causeway.wait_role(killed, before)
    juliet.contacts.accept(ALICE)
    if killed == "gateway":  # it asks Kamailio first, which cannot do two things at once
        eventually(lambda: answers_of_kamailio(lab) > answers, 20, "a refresh")
    lab.kamailio.allow("alice", JULIET)
    watch.wait_open(HEALED_S)
    juliet.contacts.wait_shows(ALICE, [""], HEALED_S)
    assert juliet.contacts.listed()[ALICE].subscription == "both"
    assert lab.kamailio.watchers("alice") == {JULIET: "active"}


def is_stored_as_pending(lab) -> bool:
    row, = lab.causeway.query("contact", "list", "--user", ALICE)["contacts"]
    return bool(row["contact-sees"]) and row["contact-sees"]["state"] == "pending"


def answers_of_kamailio(lab) -> int:
    return lab.causeway.output().count(" subscribe-answer ")


def test_partner_types_outlive_the_gateway(start_lab, eventually):
    """A PublicUnverified partner's user is let in by alice's invitation, and by nothing else."""
    lab = start_lab(Mode.SASL, platform="presence")
    lab.add_partner(kind="PublicUnverified")
    friends = Friends(lab)
    romeo = lab.xmpp("romeo")

    def restart():
        before = lab.causeway.role("gateway")
        friends.kill("gateway")
        lab.causeway.wait_role("gateway", before)

    def refused(client) -> None:
        before = len(client.contacts.of_kind(ALICE, "unsubscribed"))
        client.contacts.add(ALICE)
        client.contacts.wait_kind(ALICE, "unsubscribed", before + 1)
    restart()
    friends.say("away", "dnd")
    friends.require("away", "dnd")
    refused(romeo)
    friends.watch.end()
    friends.juliet.contacts.wait_shows(ALICE, [])
    refused(friends.juliet)
    restart()
    refused(friends.juliet)
    assert lab.kamailio.watchers("alice") == {}


def test_many_are_asked_anew_at_the_paced_rate(start_lab, eventually):
    lab = start_lab(Mode.SASL, platform="presence", log_level="info",
                    platform_options={"crowd": 120})
    lab.add_partner()
    lab.causeway.command("settings", "set", "--presence-rate", "20")
    juliet = lab.xmpp("juliet")
    for number in range(120):
        juliet.contacts.add(local(f"u{number}"))
    eventually(lambda: lab.kamailio.count_subscriptions() == 120, 30, "120 subscriptions")
    eventually(lambda: len(juliet.contacts.listed()) == 120, 10, "120 contacts")
    before = int(time.time()) + 1
    eventually(lambda: time.time() > before + 1, 3, "the next second")
    os.kill(lab.causeway.role("gateway"), signal.SIGKILL)
    eventually(lambda: len(asked_since(lab, before + 1)) == 120, 40, "120 refreshes")
    a_second = collections.Counter(asked_since(lab, before + 1))
    assert max(a_second.values()) <= 25, a_second
    assert lab.kamailio.count_subscriptions() == 120


def asked_since(lab, moment: int):
    """When, in seconds, Kamailio was last asked for each subscription, after that moment."""
    return [at for at in lab.kamailio.asked_at() if at >= moment]
