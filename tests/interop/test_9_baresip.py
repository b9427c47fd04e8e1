"""A SIP phone that nobody made for tests, as a user of the SIP platform: baresip."""

import pytest

from lab.baresip import Baresip
from lab.partner import Mode
from lab.stack import partner


@pytest.fixture
def bob(start_lab):
    lab = start_lab(Mode.SASL)
    lab.add_partner()
    with Baresip(lab.settings, "bob", partner("juliet")) as phone:
        phone.lab = lab
        yield phone


def test_messages_both_ways(bob):
    juliet = bob.lab.xmpp("juliet")
    for turn in range(3):
        juliet.send(bob.address, f"Grüße {turn}, <b> & ö")
        assert "juliet@fabrikam.test" in bob.wait_for(f"Grüße {turn}, <b> & ö")
        bob.send(f"Danke {turn}, <i> & ü")
        assert juliet.wait_for(f"Danke {turn}, <i> & ü").sender.startswith(bob.address)
