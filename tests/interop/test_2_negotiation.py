"""Every way of securing streams, against a Prosody that can do only that way, in both directions;
and the same Prosody refused when the partner's settings forbid what it can do.

That the wanted method is in use needs no look into a log: Prosody's mode leaves no other one.
"""

import pytest

from lab.partner import Mode

PARTNER = "fabrikam.test"


@pytest.mark.parametrize("mode", Mode, ids=lambda mode: mode.name)
def test_messages_cross_both_ways(start_lab, exchange, mode):
    lab = start_lab(mode)
    lab.add_partner()
    exchange(lab).both_ways("first")
    exchange(lab).both_ways("second")


@pytest.mark.parametrize("mode", Mode, ids=lambda mode: mode.name)
def test_the_partner_may_be_first(start_lab, exchange, mode):
    """Prosody opens the first stream; the other tests begin with ours."""
    lab = start_lab(mode)
    lab.add_partner()
    exchange(lab).to_local("first")
    exchange(lab).to_partner("second")


@pytest.mark.parametrize("mode, settings_of_partner", [
    (Mode.SASL, dict(tls="Optional", sasl="Optional")),
    (Mode.TLS_DIALBACK, dict(tls="Required", sasl="Optional")),
    (Mode.TLS_DIALBACK, dict(tls="Optional", sasl="Optional")),
    (Mode.TCP_DIALBACK, dict(tls="Optional", sasl="NotSupported")),
], ids=lambda value: getattr(value, "name", None) or "-".join(value.values()))
def test_optional_takes_what_there_is(start_lab, exchange, mode, settings_of_partner):
    lab = start_lab(mode)
    lab.add_partner(**settings_of_partner)
    exchange(lab).both_ways("message")


REFUSED = [
    # what Prosody can do, what is wrong with its certificate, what the partner settings allow
    ("external-but-dialback-wanted", Mode.SASL, "",
     dict(tls="Required", sasl="NotSupported", dialback="true")),
    ("tls-but-plain-wanted", Mode.SASL, "",
     dict(tls="NotSupported", sasl="NotSupported", dialback="true")),
    ("expired-certificate", Mode.SASL, "expired",
     dict(tls="Required", sasl="Required", dialback="true")),
    ("certificate-of-another-name", Mode.SASL, "wrong-name",
     dict(tls="Required", sasl="Required", dialback="true")),
    ("tls-dialback-but-external-wanted", Mode.TLS_DIALBACK, "",
     dict(tls="Required", sasl="Required", dialback="true")),
    ("tls-dialback-but-no-dialback", Mode.TLS_DIALBACK, "",
     dict(tls="Required", sasl="Optional", dialback="false")),
    ("tls-dialback-but-plain-wanted", Mode.TLS_DIALBACK, "",
     dict(tls="NotSupported", sasl="NotSupported", dialback="true")),
    ("plain-but-tls-wanted", Mode.TCP_DIALBACK, "",
     dict(tls="Required", sasl="NotSupported", dialback="true")),
    ("plain-but-external-wanted", Mode.TCP_DIALBACK, "",
     dict(tls="Required", sasl="Required", dialback="true")),
    ("plain-but-no-dialback", Mode.TCP_DIALBACK, "",
     dict(tls="Optional", sasl="Optional", dialback="false")),
]


@pytest.mark.parametrize("mode, fault, rules", [row[1:] for row in REFUSED],
                         ids=[row[0] for row in REFUSED])
def test_refused_when_the_settings_forbid_it(start_lab, exchange, mode, fault, rules):
    lab = start_lab(mode, fault)
    lab.causeway.command("settings", "set", "--stream-establishment-timeout", "5")
    lab.add_partner(**rules)
    exchange(lab).refused_to_local("juliet's")
    exchange(lab).refused_to_partner("alice's")


def test_a_stranger_gets_nowhere(start_lab, exchange):
    lab = start_lab(Mode.SASL)
    assert exchange(lab).refused_to_partner("alice's") == 403
    exchange(lab).refused_to_local("juliet's")
    lab.prosody.wait_log("policy-violation")


def test_changes_act_at_once(start_lab, exchange, eventually):
    """Disabled, enabled, and made stricter than the partner can do, without a restart."""
    lab = start_lab(Mode.TLS_DIALBACK)
    lab.causeway.command("settings", "set", "--stream-establishment-timeout", "5")
    lab.add_partner()
    talk = exchange(lab)
    talk.both_ways("enabled")
    lab.causeway.command("partner", "disable", PARTNER)
    eventually(lambda: "policy-violation" in lab.prosody.server_log.read_text(), 1,
               "streams of a disabled partner closed with policy-violation")
    assert talk.refused_to_partner("while disabled") == 403
    talk.refused_to_local("while disabled")
    lab.causeway.command("partner", "enable", PARTNER)
    talk.both_ways("enabled again")
    lab.change_partner(sasl="Required")
    talk.refused_to_partner("too strict")
    lab.change_partner(sasl="NotSupported")
    talk.both_ways("as before")
