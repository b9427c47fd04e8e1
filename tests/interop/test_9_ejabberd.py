"""ejabberd as the partner's server: each way of securing streams, in both directions, whoever is
first, and refused when the partner's settings forbid what it can do.

As with Prosody, ejabberd's mode leaves it no other way than the wanted one.
"""

import pytest

from lab.partner import Mode

PARTNER = "fabrikam.test"

#: what ejabberd of that mode cannot do
FORBIDDING = {
    Mode.SASL: dict(tls="Required", sasl="NotSupported", dialback="true"),
    Mode.TLS_DIALBACK: dict(tls="Required", sasl="Required", dialback="true"),
    Mode.TCP_DIALBACK: dict(tls="Required", sasl="NotSupported", dialback="true"),
}


def close_streams(lab) -> None:
    lab.causeway.command("partner", "disable", PARTNER)
    lab.causeway.command("partner", "enable", PARTNER)


@pytest.mark.parametrize("mode", Mode, ids=lambda mode: mode.name)
def test_each_way(start_lab, exchange, mode):
    lab = start_lab(mode, partner="ejabberd")
    talk = exchange(lab)
    lab.causeway.command("settings", "set", "--stream-establishment-timeout", "5")
    lab.add_partner()
    talk.to_local("the partner is first")
    talk.to_partner("and we answer")
    close_streams(lab)
    talk.to_partner("we are first")
    talk.to_local("and the partner answers")
    lab.change_partner(**FORBIDDING[mode])
    talk.refused_to_partner("alice's")
    talk.refused_to_local("juliet's")


def test_a_certificate_of_another_name_is_refused(start_lab, exchange):
    lab = start_lab(Mode.SASL, "wrong-name", partner="ejabberd")
    lab.causeway.command("settings", "set", "--stream-establishment-timeout", "5")
    lab.add_partner()
    exchange(lab).refused_to_local("juliet's")
    exchange(lab).refused_to_partner("alice's")
