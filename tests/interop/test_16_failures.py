"""Why a stream did not come up: every failure is provoked, and its reason, its side and its
sentence are asked of `causeway partner diagnose`.

One Causeway has a partner for each failure of lab/failing.py; all are dialled at once, so that the
slow ones wait together.
"""

import pytest

from lab import rogue
from lab.border import SECOND_DOMAIN, Border
from lab.ca import Authority
from lab.failing import CASES, Case, as_stranger
from lab.partner import Mode
from lab.process import wait_until
from lab.prosody import Prosody
from lab.scripted import CANNOT_CONNECT, OFFERS_DIALBACK, Scripted, over_tls
from lab.settings import LOCAL_DOMAIN, settings_for
from lab.signedzone import SignedZones, Zone, tlsa

pytestmark = pytest.mark.xdist_group("failures")

ALICE = f"alice@{LOCAL_DOMAIN}"

#: ends that no log line calls a failure
HARMLESS = {"partner-shutdown", "closed-by-partner", "closed-by-administrator", "policy-changed"}


# --- all at once


def send(border, case, body="hello"):
    return border.sip.send(ALICE, f"j@{case.domain}", body)


def wait_ready(border, case):
    wait_until(lambda: case.server.ready, 10, "a stream that is ready")


def with_revocations(authority):
    """Causeway's own certificate; beside it the one that is revoked, and the list that says so."""
    authority.revoked = authority.issue("revoked", "revoked.test")
    authority.revoke(authority.revoked)
    return authority.issue("causeway", LOCAL_DOMAIN, "tailspin.test")


def prepare(border, case) -> None:
    if case.call is not as_stranger:
        border.allow(case.domain, **case.rules)
    place = case.place(border, case) if case.place else (border.address(), 5269)
    if place is None:
        return
    case.address = "%s:%d" % place
    if case.place and not case.talk:
        return
    pair = (case.pair or (lambda authority, domain: authority.issue(domain, domain)))(
        border.authority, case.domain)
    if not case.place:
        border.publish(case.domain, place)
    case.server = (Scripted(place, border.authority, pair, case.talk) if case.talk
                   else rogue.Partner(place, border.authority, pair))
    case.server.domain, case.server.pair = case.domain, pair
    border.enter(case.server)


@pytest.fixture(scope="module")
def failures():
    settings = settings_for("test_16_failures")
    options = ("  queue:\n    timeout-s: 8\n"
               f"  crl: {settings.data}/ca/crl.pem")
    with Border(settings, options, certificate=with_revocations) as border:
        border.set(stream_establishment_timeout=5,
                   outbound_targets_refused=f"{settings.address(99)}/32")
        for name, case in CASES.items():
            case.domain = f"{name}.test"
            prepare(border, case)
        for case in CASES.values():
            if case.before:
                case.before(border, case)
        for case in CASES.values():
            if not case.call:
                send(border, case)
        yield border
    assert border.causeway.faults() == []


def attempts(border, domain: str):
    return border.causeway.query("partner", "diagnose", domain)["attempts"]


def last(border, case: Case):
    """The newest attempt in the case's direction that came to its end."""
    found = [a for a in attempts(border, case.domain) if a["direction"] == case.direction]
    wanted = ("ended",) if case.result == "ended" else ("failed", "refused")
    return found[-1] if found and found[-1]["result"] in wanted else None


def not_after(attempt) -> str:
    return next((step["facts"]["certificate"]["not-after"] for step in attempt["steps"]
                 if step["step"] == "tls" and step["facts"].get("certificate")), "")


@pytest.mark.parametrize("name", CASES)
def test_each_failure_is_explained(failures, name):
    case = CASES[name]
    if case.after:
        wait_ready(failures, case)
        case.after(failures, case)
    if case.call:
        case.call(failures, case)
    attempt = wait_until(lambda: last(failures, case), 40, "the attempt's end", every=0.5)
    sentence = case.sentence.replace("{not-after}", not_after(attempt)).format(
        domain=case.domain, address=case.address, local=LOCAL_DOMAIN)
    told = {key: attempt[key] for key in ("reason", "side", "sentence", "result")}
    assert told == {"reason": case.reason, "side": case.side, "sentence": sentence,
                    "result": case.result}
    assert attempt["advice"].endswith(".")
    final = attempt["steps"][-1]
    assert final["step"] == ("end" if case.result == "ended" else "verdict")
    assert (final["reason"], final["sentence"]) == (case.reason, sentence)
    failed = [step["step"] for step in attempt["steps"][:-1] if step["state"] == "failed"]
    if case.failed_step:
        assert failed == [case.failed_step]
    times = [step["ms"] for step in attempt["steps"]]
    assert times == sorted(times)


def test_senders_hear_the_sentence(failures):
    """In the SIP answer, and so in the gateway's log."""
    for name in ("closed-port", "expired", "violation"):
        case = CASES[name]
        attempt = wait_until(lambda case=case: last(failures, case), 20, "the attempt's end",
                             every=0.5)
        said = [line for line in failures.causeway.output().splitlines()
                if " message-answered " in line and f"to=j@{case.domain}" in line]
        assert len(said) == 1
        assert f'reason="{attempt["sentence"]}"' in said[0]


def test_the_log_tells_it_too(failures):
    """One line for each attempt that failed; none for an end that somebody meant."""
    told = {}
    for line in failures.causeway.output().splitlines():
        if " edge attempt-failed " in line:
            words = dict(word.split("=", 1) for word in line.split() if "=" in word)
            told.setdefault(words["remote"], []).append((words["reason"], words["side"]))
    for case in CASES.values():
        if last(failures, case):
            expected = [] if case.reason in HARMLESS else [(case.reason, case.side)]
            assert told.get(case.domain, []) == expected


def test_a_pair_fails_alone(failures):
    """One more domain of ours on a stream that is ready: refused, and the stream stays."""
    def talk(server, stream):
        server.over_tls(stream, OFFERS_DIALBACK)
        for kind, inside in (("valid", ""), ("error", CANNOT_CONNECT)):
            asked = stream.expect("result")
            stream.send(f"<db:result from='{asked.get('to')}' to='{asked.get('from')}' "
                        f"type='{kind}'>{inside}</db:result>")
            if kind == "valid":
                stream.expect("message")
        stream.wait_end(60)
    domain, place = "pairs.test", (failures.address(), 5269)
    failures.publish(domain, place)
    failures.allow(domain, sasl="NotSupported", dialback="true")
    failures.enter(Scripted(place, failures.authority,
                            failures.authority.issue(domain, domain), talk))
    assert failures.sip.ask(ALICE, f"j@{domain}", "first") == 202
    failures.sip.send(f"bob@{SECOND_DOMAIN}", f"j@{domain}", "second")

    def refused():
        return [a for a in attempts(failures, domain)
                if a["local"] == SECOND_DOMAIN and a["result"] == "failed"]
    attempt = wait_until(refused, 10, "the pair's refusal", every=0.3)[0]
    assert (attempt["reason"], attempt["sentence"]) == \
        ("dialback-error", f"Dialback with {domain} ended in an error: remote-server-timeout.")
    assert [step["step"] for step in attempt["steps"]] == ["authentication", "verdict"]
    first = [a for a in attempts(failures, domain) if a["local"] == LOCAL_DOMAIN]
    assert [a["result"] for a in first] == ["ready"]
    assert attempt["steps"][0]["facts"] == {"on-stream": first[0]["id"]}


# --- what a real server says


@pytest.fixture(scope="module")
def prosody(failures):
    """Shows a good certificate, and trusts an authority that ours is not of."""
    authority = Authority(failures.authority.directory / "theirs", "Their CA").create()
    domain = "prosody.test"
    server = Prosody(failures.settings, authority, Mode.SASL, domain,
                     certificate=failures.authority.issue(domain, domain))
    try:
        yield server.start()
    finally:
        server.stop()


@pytest.mark.parametrize("domain, reason, sentence", [
    ("prosody.test", "not-listed-there",
     "The server of prosody.test does not take contoso.test for a domain that may connect "
     "(not-authorized: Your server's certificate is not trusted)."),
    ("vhost.test", "not-served-there",
     "The server that the DNS names for vhost.test says that it does not serve that domain "
     "(host-unknown: This host does not serve vhost.test)."),
])
def test_prosody_refuses_us(failures, prosody, domain, reason, sentence):
    case = Case(reason, "partner", sentence, domain=domain)
    failures.publish(domain, prosody.server_address)
    failures.allow(domain)
    send(failures, case)
    attempt = wait_until(lambda: last(failures, case), 20, "the attempt's end", every=0.5)
    assert (attempt["reason"], attempt["side"], attempt["sentence"], attempt["result"]) == \
        (reason, "partner", sentence, "refused")


# --- DNSSEC


class SignedBorder(Border):
    """Its zones are signed; one of them wrongly."""

    def _make_names(self):
        pair = self.authority.issue("other-key", "other.test")
        self.dane_place, bogus = self.address(), self.address()
        zones = {
            "bogus.test": Zone(["_xmpp-server._tcp SRV 0 5 5269 xmpp", f"xmpp A {bogus}"],
                               broken=("SRV",)),
            "dane.test": Zone(["_xmpp-server._tcp SRV 0 5 5269 xmpp", f"xmpp A {self.dane_place}",
                               f"_5269._tcp.xmpp TLSA {tlsa(pair.certificate)}"])}
        return self.enter(SignedZones(self.settings.data / "zones", self.settings.dns, zones))


@pytest.fixture(scope="module")
def signed():
    settings = settings_for("test_16_failures", 100)
    with SignedBorder(settings, trust_anchor=settings.data / "zones" / "anchor.key") as border:
        yield border
    assert border.causeway.faults() == []


def test_bogus_dnssec(signed):
    case = Case("dns-bogus", "partner", "DNSSEC shows the DNS answer for bogus.test to be forged "
                "or wrongly signed.", domain="bogus.test")
    signed.allow(case.domain)
    send(signed, case)
    attempt = wait_until(lambda: last(signed, case), 40, "the attempt's end", every=0.5)
    assert (attempt["reason"], attempt["side"], attempt["sentence"]) == \
        (case.reason, case.side, case.sentence)
    assert [step["step"] for step in attempt["steps"]] == ["dns", "verdict"]
    assert attempt["steps"][0]["facts"]["dnssec"] == "bogus"


def test_no_tlsa_record_fits(signed):
    case = Case("certificate-dane", "partner", "The certificate of dane.test fits none of the TLSA "
                "records that the DNS has for its server.", domain="dane.test",
                talk=over_tls(), result="refused")
    case.server = Scripted((signed.dane_place, 5269), signed.authority,
                           signed.authority.issue("dane", "dane.test"), case.talk)
    signed.enter(case.server)
    signed.allow(case.domain)
    send(signed, case)
    attempt = wait_until(lambda: last(signed, case), 40, "the attempt's end", every=0.5)
    assert (attempt["reason"], attempt["side"], attempt["sentence"], attempt["result"]) == \
        (case.reason, case.side, case.sentence, case.result)


def test_at_least_25_are_distinct():
    assert len({case.reason for case in CASES.values()}) >= 25
