"""What the administrator sees of presence, and what settings change in it: the lists of contacts,
the table of states, the limits."""

import pytest

from lab.partner import Mode
from lab.pidf import State
from lab.stack import local, partner

ALICE, BOB = local("alice"), local("bob")
JULIET, ROMEO = partner("juliet"), partner("romeo")


@pytest.fixture
def lab(start_lab):
    lab = start_lab(Mode.SASL, platform="presence")
    lab.add_partner(kind="Federated")
    return lab


def watched(lab):
    """Alice's watch of juliet, who has accepted it."""
    watch = lab.phone("alice").watch(JULIET)
    juliet = lab.xmpp("juliet")
    juliet.contacts.wait_kind(ALICE, "subscribe")
    juliet.contacts.accept(ALICE)
    watch.wait_open()
    return watch


def pairs(lab, *words):
    """"user contact": invited, state of what the user sees, state of what the contact sees."""
    def state(row, side):
        return row[side] and (row[side]["state"], row[side]["consented"])
    rows = lab.causeway.query("contact", "list", *words)["contacts"]
    return {f"{row['user']} {row['contact']}":
            (row["invited"], state(row, "user-sees"), state(row, "contact-sees")) for row in rows}


def test_who_sees_whom_is_listed(lab, eventually):
    active = ("active", True)
    bob = lab.phone("bob")
    bob.publish(State())
    juliet = lab.xmpp("juliet")
    juliet.contacts.add(BOB)
    juliet.contacts.wait_listed(BOB, "to")
    watched(lab)
    lab.phone("alice").watch(ROMEO)  # who never answers
    eventually(lambda: pairs(lab) == {
        f"{ALICE} {JULIET}": (True, active, None),
        f"{ALICE} {ROMEO}": (True, ("pending", False), None),
        f"{BOB} {JULIET}": (False, None, active)}, 10, "the list of contacts")
    assert list(pairs(lab, "--user", BOB)) == [f"{BOB} {JULIET}"]
    shown = lab.causeway.query("contact", "show", "--user", ALICE, "--partner", JULIET)
    assert shown["user-sees"]["state"] == "active" and shown["rules"]["subscribe-out"] == {
        "answer": "allow", "rule": "partner list", "reason": ""}
    juliet.contacts.remove(BOB)
    eventually(lambda: f"{BOB} {JULIET}" not in pairs(lab), 10, "the end of bob's row")


def test_the_table_of_states(lab):
    alice, juliet = lab.phone("alice"), lab.xmpp("juliet")
    alice.publish(State(activity="busy"))
    juliet.contacts.add(ALICE)
    juliet.contacts.wait_shows(ALICE, ["dnd"])
    watch = watched(lab)
    juliet.contacts.show("dnd")
    watch.wait(lambda told: told.document.activities == ("busy",))
    lab.causeway.command("settings", "set", "--presence-states-in", "busy=chat,meeting=xa",
                         "--presence-states-out", "dnd=on-the-phone,away=")
    alice.publish(State(activity="busy", note="again"))
    juliet.contacts.wait_shows(ALICE, ["chat"])
    alice.publish(State(activity="meeting"))
    juliet.contacts.wait_shows(ALICE, ["xa"])
    alice.publish(State(activity="away"))  # no row has it
    juliet.contacts.wait_shows(ALICE, [""])
    juliet.contacts.show("dnd", "again")
    watch.wait(lambda told: told.document.activities == ("on-the-phone",))
    juliet.contacts.show("away")
    watch.wait(lambda told: told.document.shows == ["away"] and not told.document.activities)


def test_limits(lab):
    lab.causeway.command("settings", "set", "--subscription-limit-per-user", "1")
    watched(lab)
    answer = lab.phone("alice").new_watch(ROMEO).subscribe()
    assert answer.status == 480 and answer["Retry-After"] == "60"
    juliet = lab.xmpp("juliet")
    lab.phone("alice").publish(State())
    lab.phone("bob").publish(State())
    juliet.contacts.add(ALICE)
    juliet.contacts.wait_listed(ALICE, "both")
    juliet.contacts.add(BOB)
    juliet.contacts.wait_kind(BOB, "error")
    lab.causeway.command("settings", "set", "--subscription-limit-per-user", "2")
    assert lab.phone("alice").new_watch(ROMEO).subscribe().status == 200
    lab.causeway.command("settings", "set", "--subscription-limit", "3")
    assert lab.phone("bob").new_watch(ROMEO).subscribe().status == 480
