"""What ends a stream, or keeps it from being one, although its certificate is good by itself:
revocations, OCSP staples that are missing, changes in whom we trust.

One Causeway has a partner for each test; real servers run as long as the file.
"""

import base64
import hashlib
import subprocess

import pytest

from lab import rogue
from lab.ca import Authority
from lab.process import LabError, wait_until
from lab.settings import settings_for
from lab.ways import ALICE, DIRECT_PORT, Stapling, Ways, arrived, tls_facts

pytestmark = pytest.mark.xdist_group("whom-we-trust")


@pytest.fixture(scope="module")
def ways():
    with Ways(settings_for("whom-we-trust")) as border:
        yield border
    assert border.causeway.faults() == []


# --- revoked, stapled ----------------------------------------------------------------------------


def test_the_list_of_revocations_counts_both_ways(ways):
    domain = "revoked.test"
    server = ways.server("prosody", domain, certificate=ways.authority.revoked)
    juliet = ways.juliet(server)
    ways.to_partner(domain, "out", status=504)
    assert ways.failed(domain)["reason"] == "certificate-revoked"
    assert juliet.wait_error(juliet.send(ALICE, "in"), 20)
    assert ways.failed(domain, "inbound")["reason"] == "certificate-revoked"
    assert "in" not in ways.sip.bodies() and ways.streams(domain) == []


def test_a_new_list_of_revocations_counts_without_a_restart(ways):
    domain = "revoked-later.test"
    partner = ways.scripted(rogue.Partner, domain)
    ways.to_partner(domain, "before")
    ways.call(partner)
    ways.authority.revoke(ways.authority.revoked, partner.pair)
    ways.causeway.command("certificate", "reload")
    ways.causeway.command("stream", "close", "--partner", domain)
    wait_until(lambda: not ways.streams(domain), 5, "the streams' end")
    ways.to_partner(domain, "after", status=504)
    assert ways.failed(domain)["reason"] == "certificate-revoked"
    with pytest.raises(LabError, match="not-authorized"):
        ways.call(partner)


def stapling(ways, domain: str, says: str, must: bool = False) -> Stapling:
    issue = ways.authority.issue_must_staple if must else ways.authority.issue
    pair = issue(domain, domain)
    staple = ways.authority.staple(pair, says == "revoked") if says else None
    return ways.scripted(Stapling, domain, [("xmpps-server", 0, DIRECT_PORT)], pair=pair,
                         staple=staple)


@pytest.mark.parametrize("is_required, says, reason", [
    (False, "good", ""), (False, "revoked", "certificate-revoked"), (False, "", ""),
    (True, "good", ""), (True, "revoked", "certificate-revoked"),
    (True, "", "certificate-no-staple"),
])
def test_what_is_stapled_counts(ways, is_required, says, reason):
    domain = f"staple-{says or 'none'}-{is_required}.test".lower()
    partner = stapling(ways, domain, says)
    ways.set(require_ocsp_staple=str(is_required).lower())
    try:
        ways.to_partner(domain, "hello", status=504 if reason else 202)
        if reason:
            assert ways.failed(domain)["reason"] == reason
        else:
            arrived(partner, "hello")
            assert ways.stream(domain, "outbound")["tls"].get("staple", "") == says
        assert tls_facts(ways.attempts(domain)[0]).get("staple", "") == says
    finally:
        ways.set(require_ocsp_staple="false")


@pytest.mark.parametrize("says, reason", [("good", ""), ("", "certificate-no-staple")])
def test_a_certificate_can_promise_a_staple(ways, says, reason):
    domain = f"must-staple-{says or 'none'}.test"
    stapling(ways, domain, says, must=True)
    ways.to_partner(domain, "hello", status=504 if reason else 202)
    if reason:
        assert ways.failed(domain)["reason"] == reason


# --- whom we trust changes -----------------------------------------------------------------------


def pin_of(pair) -> str:
    key = subprocess.run(["openssl", "x509", "-in", pair.certificate, "-noout", "-pubkey"],
                         check=True, capture_output=True).stdout
    der = base64.b64decode(b"".join(key.splitlines()[1:-1]))
    return "sha256:" + base64.b64encode(hashlib.sha256(der).digest()).decode()


def another(authority) -> Authority:
    return Authority(authority.directory / "other", "Another CA").create()


@pytest.mark.parametrize("name, wrong, reason", [
    ("pinned", lambda ways: {"pinned_keys": pin_of(ways.authority)}, "certificate-pin"),
    ("anchored", lambda ways: {"trust_anchor": f"@{another(ways.authority).certificate}"},
     "certificate-unknown-ca"),
])
def test_other_trust_resets_the_streams(ways, name, wrong, reason):
    """Both directions of this partner, and nobody else's."""
    domain, bystander = f"{name}.test", f"beside-{name}.test"
    partner, other = ways.scripted(rogue.Partner, domain), ways.scripted(rogue.Partner, bystander)
    for each in (domain, bystander):
        ways.to_partner(each, "before")
    inbound, beside = ways.call(partner), ways.call(other)
    before = {s["id"] for s in ways.streams(bystander)}
    assert len(before) == len(ways.streams(domain)) == 2
    change = wrong(ways)
    ways.change(domain, **change)
    assert inbound.wait_end() == "reset"
    wait_until(lambda: partner.ends == ["reset"], 5, "the reset of our stream")
    assert ways.streams(domain) == []
    ways.to_partner(domain, "not trusted", status=504)
    assert ways.failed(domain)["reason"] == reason
    ways.change(domain, **dict.fromkeys(change, ""))
    ways.to_partner(domain, "trusted again")
    arrived(partner, "before", "trusted again")
    ways.call(partner)
    assert {s["id"] for s in ways.streams(bystander)} == before
    beside.send(rogue.message(f"j@{bystander}", ALICE, f"beside {name}"))
    wait_until(lambda: f"beside {name}" in ways.sip.bodies(), 5, "the bystander's message")


def ids(streams):
    return {s["id"] for s in streams}


def test_what_the_new_trust_covers_goes_on(ways):
    """A key is pinned that the partner has, then another one beside it; both streams stay."""
    domain = "pinned-late.test"
    partner = ways.scripted(rogue.Partner, domain)
    ways.to_partner(domain, "before")
    ways.call(partner)
    before, key = ids(ways.streams(domain)), pin_of(partner.pair)
    for pins in (key, f"{key},{pin_of(ways.authority)}"):
        ways.change(domain, pinned_keys=pins)
        assert ids(ways.streams(domain)) == before and len(before) == 2
    ways.change(domain, pinned_keys=pin_of(ways.authority))
    assert ways.streams(domain) == []


def test_only_streams_without_a_staple_end_when_it_is_required(ways):
    domain, bystander = "unstapled.test", "stapled.test"
    partner = ways.scripted(rogue.Partner, domain)
    stapling(ways, bystander, "good")
    for each in (domain, bystander):
        ways.to_partner(each, "before")
    ways.call(partner)
    inbound, beside = ids(ways.streams(domain, "inbound")), ids(ways.streams(bystander))
    ways.set(require_ocsp_staple="true")
    try:
        wait_until(lambda: partner.ends == ["reset"], 5, "the reset of our stream")
        assert ids(ways.streams(domain)) == inbound and ids(ways.streams(bystander)) == beside
        assert len(inbound) == len(beside) == 1
    finally:
        ways.set(require_ocsp_staple="false")
    ways.to_partner(domain, "after")
