"""Who may write to whom, by partner type, as the administrator and the users change it."""

import pytest

from lab.partner import Mode
from lab.process import wait_until
from lab.stack import local, partner

TYPES = ("Federated", "PublicVerified", "PublicUnverified")


def answer_to(lab, sender: str, to: str, body: str = "text"):
    """The error stanza as (condition, type, text), or None once alice has got the message."""
    client = lab.xmpp(sender)
    alice = lab.sip("alice")
    sent = client.send(to, body)

    def outcome():
        for message in list(client.received):
            if message.kind == "error" and message.id == sent:
                assert message.sender == to
                return (message.condition, message.error_type, message.text),
        return (None,) if any(m.body == body for m in alice.received) else None
    return wait_until(outcome, 20, f"an answer to {body!r}")[0]


@pytest.fixture
def lab(start_lab):
    lab = start_lab(Mode.SASL)
    lab.sip("alice")
    return lab


REFUSED = "subscription-required"


@pytest.mark.parametrize("kind", TYPES)
def test_the_table(lab, kind):
    lab.add_partner(kind=kind)
    first = answer_to(lab, "juliet", local("alice"), "uninvited")
    absent = answer_to(lab, "juliet", local("nobody"), "to nobody")
    if kind == "PublicUnverified":
        assert first is not None and first == absent == answer_to(lab, "juliet", "contoso.test")
        assert first[:2] == (REFUSED, "auth")
    else:
        assert first is None and absent[0] == "item-not-found"
    # the local user may always write, which is the invitation
    assert lab.sip("alice").send(partner("juliet"), "invited").status in (200, 202)
    assert answer_to(lab, "juliet", local("alice"), "thank you") is None
    # ... of this one user by this one user
    assert (answer_to(lab, "romeo", local("alice"), "me too") is None) == (kind != TYPES[2])
    assert (answer_to(lab, "juliet", local("nobody"))[0] == REFUSED) == (kind == TYPES[2])


def test_an_invitation_is_taken_back(lab):
    lab.add_partner(kind="PublicUnverified")
    alice = lab.sip("alice")
    for name in ("juliet", "romeo"):
        assert alice.send(partner(name), "hello").status in (200, 202)
        assert answer_to(lab, name, local("alice"), f"{name} 1") is None
    pair = ("--user", local("alice"), "--partner", partner("juliet"))
    assert lab.causeway.query("contact", "show", *pair)["may-write"] is True
    taken = lab.causeway.query("contact", "remove", *pair)
    assert taken["saved"] and taken["gateway"]["ok"], taken
    for body in ("juliet 2", "juliet 3"):
        assert answer_to(lab, "juliet", local("alice"), body)[0] == REFUSED
    assert answer_to(lab, "romeo", local("alice"), "romeo 2") is None
    assert lab.causeway.query("contact", "show", *pair)["may-write"] is False
    assert alice.send(partner("juliet"), "again").status in (200, 202)
    assert answer_to(lab, "juliet", local("alice"), "juliet 4") is None
    lab.causeway.command("contact", "remove", "--partner", "fabrikam.test")
    for name in ("juliet", "romeo"):
        assert answer_to(lab, name, local("alice"), f"{name} last")[0] == REFUSED
    assert lab.causeway.query("contact", "list")["contacts"] == []
    assert lab.causeway.command("contact", "remove", *pair, may_fail=True).returncode == 1


def test_the_type_changes_on_a_live_stream(lab):
    lab.add_partner(kind="PublicUnverified")
    assert answer_to(lab, "juliet", local("alice"), "0")[0] == REFUSED
    streams = lab.causeway.output().count("stream-ready")
    for n, kind in enumerate(("Federated", "PublicUnverified", "PublicVerified",
                              "PublicUnverified"), 1):
        lab.change_partner(type=kind)
        refused = answer_to(lab, "juliet", local("alice"), str(n))
        assert (refused is None) == (kind != "PublicUnverified"), (kind, refused)
    assert lab.causeway.output().count("stream-ready") == streams
    # who wrote while nobody asked for invitations was invited all the same
    lab.change_partner(type="Federated")
    assert lab.sip("alice").send(partner("juliet"), "invited").status in (200, 202)
    lab.change_partner(type="PublicUnverified")
    assert answer_to(lab, "juliet", local("alice"), "last") is None


def test_invitations_outlive_a_restart(lab):
    lab.add_partner(kind="PublicUnverified")
    alice = lab.sip("alice")
    for name in ("juliet", "romeo"):
        assert alice.send(partner(name), "hello").status in (200, 202)
    lab.causeway.command("contact", "remove", "--user", local("alice"), "--partner",
                         partner("romeo"))
    lab.causeway.stop()
    # nobody runs who could be told: it is in the store all the same
    assert alice.send(partner("romeo"), "nobody is there").status >= 400
    lab.causeway.start()
    assert answer_to(lab, "juliet", local("alice"), "still invited") is None
    assert answer_to(lab, "romeo", local("alice"), "still not")[0] == REFUSED
    lab.causeway.stop()
    done = lab.causeway.command("contact", "remove", "--user", local("alice"))
    assert "no gateway is running" in done.stderr
    lab.causeway.start()
    assert answer_to(lab, "juliet", local("alice"), "no more")[0] == REFUSED
