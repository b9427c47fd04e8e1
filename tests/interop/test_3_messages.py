"""What crosses with a message, and what its sender hears when it cannot be delivered."""

import pytest

from lab.partner import Mode
from lab.stack import local, partner


@pytest.fixture
def lab(start_lab):
    lab = start_lab(Mode.SASL)
    lab.add_partner()
    return lab


def condition(lab, to, body="text", **more):
    juliet = lab.xmpp("juliet")
    error = juliet.wait_error(juliet.send(to, body, **more), 40)
    assert error.sender == to
    return error.condition


def test_text_subject_and_thread(lab, exchange):
    text = "Grüße <b>&</b> 'ünd' \U0001f44b 漢字"
    assert exchange(lab).to_partner(text).kind in ("normal", "")
    alice, juliet = lab.sip("alice"), lab.xmpp("juliet")
    juliet.send(alice.address, text, kind="normal", subject="Über den Balkon", thread="balcony-1")
    got = alice.wait_for(text)
    assert "Subject: Über den Balkon" in got.headers
    assert "balcony-1" in got.call_id
    assert "text/plain" in got.headers


def test_errors_reach_the_xmpp_sender(lab):
    lab.sip("alice")
    assert condition(lab, local("nobody")) == "item-not-found"
    assert condition(lab, local("bob")) in ("recipient-unavailable", "service-unavailable")
    assert condition(lab, local("alice"), "x" * 1400) == "policy-violation"


def test_the_sip_sender_hears_of_partners_that_are_not_listed(lab):
    alice = lab.sip("alice")
    assert alice.send("somebody@elsewhere.test", "text").status == 403


def test_the_sip_sender_hears_when_the_partner_is_down(lab):
    alice = lab.sip("alice")
    lab.prosody.stop()
    assert alice.send(partner("juliet"), "text").status in (404, 408, 480, 504)


def test_a_listed_partner_without_dns(lab):
    lab.causeway.command("partner", "new", "nowhere.test", "--type", "Federated")
    assert lab.sip("alice").send("a@nowhere.test", "text").status in (404, 480)


def test_public_unverified_partners_must_be_written_to_first(start_lab, exchange):
    lab = start_lab(Mode.SASL)
    lab.add_partner(kind="PublicUnverified")
    talk = exchange(lab)
    assert talk.refused_to_local("uninvited") == "subscription-required"
    talk.to_partner("you may write to me")
    talk.to_local("thank you")


def test_over_tcp(start_lab, exchange):
    lab = start_lab(Mode.SASL, transport="tcp")
    lab.add_partner()
    exchange(lab).both_ways("tcp")
