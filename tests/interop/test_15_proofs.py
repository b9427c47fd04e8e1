"""What else than a chain and a name makes a partner's certificate stand for its domain: a pinned
key, the partner's own trust anchor, DANE, DNSSEC delegation and POSH. The partner is a Prosody that
can do SASL EXTERNAL over TLS and nothing else; its streams are up only when we believe it.
"""

import subprocess

import pytest

from lab import rogue
from lab.ca import Authority
from lab.partner import Mode
from lab.settings import LOCAL_DOMAIN, PARTNER_DOMAIN
from lab.signedzone import SignedZones, Zone, tlsa
from lab.ways import WANTS_BIDI
from lab.webserver import POSH_PATH, WebServer, fingerprints

HOSTING = "hosting.test"
ONLY_CERTIFICATES = dict(tls="Required", sasl="Required", dialback="false")


def self_signed(authority):
    return authority.self_signed("partner-self-signed", PARTNER_DOMAIN)


def by_the_lab(authority):
    return authority.issue("partner-good", PARTNER_DOMAIN)


def by_another(authority):
    other = Authority(authority.directory / "other", "The partner's own CA").create()
    return other.issue("partner", PARTNER_DOMAIN)


def for_the_host(authority):
    return authority.issue("host", f"xmpp.{HOSTING}")


def anchor_of(lab):
    return f"@{lab.authority.directory / 'other' / 'ca.pem'}"


def pin_of(certificate) -> str:
    return "sha256:" + subprocess.run(
        f"openssl x509 -in {certificate} -noout -pubkey | openssl pkey -pubin -outform DER | "
        "openssl dgst -sha256 -binary | base64", shell=True, check=True, capture_output=True,
        text=True).stdout.strip()


class Proofs:
    """A running lab and what its tests say of it."""

    def __init__(self, lab, talk):
        self.lab, self.talk = lab, talk(lab)
        lab.causeway.command("settings", "set", "--stream-establishment-timeout", "8")

    def believed(self, proof: str, mark: str = "believed") -> None:
        self.talk.both_ways(mark)
        assert self.proofs() == {("inbound", proof), ("outbound", proof)}

    def refused(self, mark: str = "refused") -> None:
        self.talk.refused_to_partner(f"{mark} to juliet")
        self.talk.refused_to_local(f"{mark} to alice")
        assert self.proofs() == set()

    def proofs(self):
        streams = self.lab.causeway.query("stream", "list")["streams"]
        return {(s["direction"], s["proof"]) for s in streams if s["state"] == "ready"}

    def told(self) -> str:
        return self.lab.causeway.command("partner", "diagnose", PARTNER_DOMAIN).stdout


@pytest.fixture
def proofs(start_lab, exchange):
    def start(certificate, dns=None, partner=None, **options):
        lab = start_lab(Mode.SASL, certificate=certificate, dns=dns, **options)
        lab.add_partner(**ONLY_CERTIFICATES, **(partner(lab) if partner else {}))
        return Proofs(lab, exchange)
    return start


# --- what the administrator says -----------------------------------------------------------------


def test_a_pinned_key_is_believed_whoever_issued_it(proofs):
    started = proofs(self_signed, partner=lambda lab: dict(
        pinned_keys=pin_of(lab.pair.certificate)))
    started.believed("pinned key")


def test_a_certificate_without_the_pinned_key_is_refused(proofs):
    """Although the chain is good and names the domain."""
    started = proofs(by_the_lab)
    started.believed("PKIX")
    wrong = pin_of(started.lab.authority.certificate)
    started.lab.change_partner(pinned_keys=wrong)
    started.refused()
    assert wrong not in started.told() and "pinned" in started.told()
    started.lab.change_partner(pinned_keys=f"{wrong},{pin_of(started.lab.pair.certificate)}")
    started.believed("pinned key", "again")


def test_the_partners_own_anchor_is_believed(proofs):
    started = proofs(by_another)
    started.refused()
    started.lab.change_partner(trust_anchor=anchor_of(started.lab))
    started.believed("own anchor")


def test_beside_its_own_anchor_the_common_ones_do_not_count(proofs):
    started = proofs(by_the_lab)
    by_another(started.lab.authority)
    started.believed("PKIX")
    started.lab.change_partner(trust_anchor=anchor_of(started.lab))
    started.refused()


def test_a_staple_can_be_required_of_servers(proofs):
    """Prosody has none. It does not ask for one of ours, and clients cannot show any."""
    started = proofs(by_the_lab)
    started.believed("PKIX")
    started.lab.causeway.command("settings", "set", "--require-ocsp-staple", "true")
    started.talk.refused_to_partner("to juliet")
    assert "staple" in started.told()
    started.talk.to_local("to alice")


# --- what DNSSEC says ----------------------------------------------------------------------------


def zones_of(lab, host: str = f"xmpp.{PARTNER_DOMAIN}", records=(), is_signed=True, broken=()):
    """All zones of the lab, the partner's with these records."""
    settings = lab.settings
    (edge, edge_port), (prosody, prosody_port) = settings.edge, settings.prosody
    kamailio, sip_port = settings.kamailio
    return {
        LOCAL_DOMAIN: Zone([f"edge A {edge}", f"sip A {kamailio}",
                            f"_xmpp-server._tcp SRV 0 5 {edge_port} edge",
                            f"_sip._udp SRV 0 5 {sip_port} sip",
                            f"_sip._tcp SRV 0 5 {sip_port} sip"]),
        PARTNER_DOMAIN: Zone([f"xmpp A {prosody}", f"@ A {settings.address(4)}",
                              f"_xmpp-server._tcp SRV 0 5 {prosody_port} {host}.", *records],
                             is_signed, broken),
        HOSTING: Zone([f"xmpp A {prosody}"]),
    }


@pytest.fixture
def signed(proofs, settings):
    def start(certificate, make_zones):
        def dns(lab):
            return SignedZones(settings.data / "zones", settings.dns, make_zones(lab))
        return proofs(certificate, dns, trust_anchor=settings.data / "zones" / "anchor.key")
    return start


def tlsa_record(lab, data: str) -> str:
    return f"_{lab.settings.xmpp_port}._tcp.xmpp TLSA {data}"


def test_dane_stands_for_a_self_signed_certificate(signed):
    started = signed(self_signed, lambda lab: zones_of(lab, records=[
        tlsa_record(lab, tlsa(lab.pair.certificate))]))
    started.believed("DANE")
    started.lab.causeway.command("settings", "set", "--dane", "false")
    started.refused()


def test_dane_speaks_against_a_good_certificate(signed):
    """Only outbound do we know which server's records count."""
    started = signed(by_the_lab, lambda lab: zones_of(lab, records=[
        tlsa_record(lab, tlsa(lab.authority.certificate))]))
    started.talk.refused_to_partner("to juliet")
    assert "TLSA" in started.told()
    started.talk.to_local("to alice")
    assert started.proofs() == {("inbound", "PKIX")}


def test_dane_speaks_also_where_stanzas_could_go_back(signed):
    """A certificate that its records speak against gets nothing on a stream of its own either."""
    started = signed(by_the_lab, lambda lab: zones_of(lab, records=[
        tlsa_record(lab, tlsa(lab.authority.certificate))]))
    lab = started.lab
    with rogue.connect(lab.settings.edge) as stream:
        stream.open(PARTNER_DOMAIN, LOCAL_DOMAIN)
        stream.start_tls(rogue.context(lab.authority, lab.pair))
        stream.open(PARTNER_DOMAIN, LOCAL_DOMAIN)
        stream.send(WANTS_BIDI)
        stream.external(PARTNER_DOMAIN, LOCAL_DOMAIN)
        started.talk.refused_to_partner("to whom")


def test_forged_dane_is_refused(signed):
    started = signed(self_signed, lambda lab: zones_of(
        lab, records=[tlsa_record(lab, tlsa(lab.pair.certificate))], broken=("TLSA",)))
    started.refused()
    assert "forged" in started.told()


def test_dane_of_an_unsigned_zone_says_nothing(signed):
    started = signed(self_signed, lambda lab: zones_of(
        lab, records=[tlsa_record(lab, tlsa(lab.pair.certificate))], is_signed=False))
    started.refused()


def test_dnssec_delegates_to_a_host(signed):
    started = signed(for_the_host, lambda lab: zones_of(lab, f"xmpp.{HOSTING}"))
    started.believed("DNSSEC delegation")


def test_an_unsigned_delegation_is_refused(signed):
    started = signed(for_the_host, lambda lab: zones_of(lab, f"xmpp.{HOSTING}", is_signed=False))
    started.refused()


# --- what the domain's web server says -----------------------------------------------------------


@pytest.fixture
def with_web(proofs, settings):
    """A partner with a self-signed certificate whose domain has a web server without documents."""
    def dns(lab):
        return SignedZones(settings.data / "zones", settings.dns, zones_of(lab, is_signed=False))
    started = proofs(self_signed, dns)
    pair = started.lab.authority.issue("web", PARTNER_DOMAIN)
    with WebServer(settings.address(4), pair, {}) as web:
        yield started, web


def test_posh_stands_for_a_self_signed_certificate(with_web):
    started, web = with_web
    web.documents[POSH_PATH] = fingerprints(started.lab.pair.certificate)
    started.believed("POSH")
    assert set(web.asked) == {POSH_PATH}
    started.lab.causeway.command("settings", "set", "--posh", "false")
    started.refused()


def test_posh_of_another_certificate_is_refused(with_web):
    started, web = with_web
    web.documents[POSH_PATH] = fingerprints(started.lab.authority.certificate)
    started.refused()
    assert "does not list the certificate" in started.told()


def test_posh_that_is_switched_off_while_it_is_asked_proves_nothing(with_web):
    started, web = with_web
    web.documents[POSH_PATH] = fingerprints(started.lab.pair.certificate)

    def switch_off():
        started.lab.causeway.command("settings", "set", "--posh", "false")
        started.proofs()  # goes the same way as the settings, so they are there now

    web.before_answer = switch_off
    started.refused()
    assert web.asked


def test_posh_that_comes_later_is_found_after_a_change(with_web):
    """That there was no document is remembered, but not beyond a change of the policy."""
    started, web = with_web
    started.refused()
    assert "answered 404" in started.told()
    web.documents[POSH_PATH] = fingerprints(started.lab.pair.certificate)
    started.lab.change_partner(description="has a document now")
    started.believed("POSH")
