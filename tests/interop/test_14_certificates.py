"""The edge's own certificates: which one a stream gets, how they are renewed while messages flow,
what is refused, and what is told of them."""

import collections
import concurrent.futures
import os
import shutil
import signal
import ssl
import stat

import pytest

from lab import rogue
from lab.border import SECOND_DOMAIN
from lab.certbot import Certbot, der_of
from lab.partner import Mode
from lab.process import wait_until
from lab.settings import LOCAL_DOMAIN, PARTNER_DOMAIN

pytestmark = pytest.mark.xdist_group("certificates")

COUNT = 100


def shown_by(address, authority, sender: str, to: str) -> bytes:
    """The certificate that the edge shows on a new stream."""
    with rogue.connect(address) as stream:
        stream.open(sender, to)
        stream.start_tls(rogue.context(authority))
        return stream.socket.getpeercert(True)


# --- renewed by certbot, with a live partner -----------------------------------------------------


@pytest.fixture
def lab(start_lab, settings):
    """Its certificate is kept by a certbot: lab.certbot."""
    certbot = Certbot(settings.data / "letsencrypt", LOCAL_DOMAIN)

    def first(authority):
        return certbot.renew(authority.issue("v1", LOCAL_DOMAIN)).live
    lab = start_lab(Mode.SASL, own_certificate=first)
    lab.certbot = certbot
    lab.add_partner()
    return lab


def shown(lab) -> bytes:
    return shown_by(lab.settings.edge, lab.authority, PARTNER_DOMAIN, LOCAL_DOMAIN)


def streams(lab):
    return sorted(s["id"] for s in lab.causeway.query("stream", "list")["streams"]
                  if s["state"] == "ready")


def told(lab, event: str) -> int:
    return lab.causeway.output().count(f" edge {event} ")


class Flow:
    """COUNT messages each way while something else happens."""

    def __init__(self, lab):
        alice, juliet = lab.sip("alice"), lab.xmpp("juliet")
        self._alice, self._juliet = alice, juliet
        self.out = [f"out {n}" for n in range(COUNT)]
        self.back = [f"back {n}" for n in range(COUNT)]

        def send_back():
            for body in self.back:
                juliet.send(alice.address, body)
        self._pool = concurrent.futures.ThreadPoolExecutor(2)
        self._sent = self._pool.submit(alice.send_many, juliet.address, self.out)
        self._sent_back = self._pool.submit(send_back)

    def is_under_way(self) -> bool:
        return len(self._juliet.received) > 10 and not self._sent.done()

    def wait_all_arrived(self, eventually) -> None:
        assert {answer.status for answer in self._sent.result(60)} <= {200, 202}
        self._sent_back.result(60)
        self._pool.shutdown()

        def counts(client):
            return collections.Counter(m.body for m in list(client.received))
        eventually(lambda: counts(self._juliet).keys() >= set(self.out), 20, "all at the partner")
        eventually(lambda: counts(self._alice).keys() >= set(self.back), 20, "all at alice")
        for client, bodies in ((self._juliet, self.out), (self._alice, self.back)):
            assert {counts(client)[body] for body in bodies} == {1}, "a message came twice"


def test_certbot_renews_under_load(lab, exchange, eventually):
    exchange(lab).both_ways("before")
    before, first = streams(lab), shown(lab)
    assert len(before) == 2 and first == der_of(lab.certbot.live.certificate)
    flow = Flow(lab)
    eventually(flow.is_under_way, 20, "messages flowing")

    group = "nogroup" if os.geteuid() == 0 else ""
    lab.certbot.renew(lab.authority.issue("v2", LOCAL_DOMAIN))
    done = lab.certbot.run_hook(lab.causeway, group)
    assert done.returncode == 0, done.stderr
    assert shown(lab) == der_of(lab.certbot.live.certificate) != first
    assert flow.is_under_way()
    flow.wait_all_arrived(eventually)
    assert streams(lab) == before
    assert told(lab, "certificate-reloaded") == 1

    if group:  # an account in that group could read the key, and nobody else
        key = os.stat(lab.certbot.live.key)
        assert stat.S_IMODE(key.st_mode) == 0o640
        assert all(stat.S_IMODE(os.stat(d).st_mode) == 0o710
                   for place in (lab.certbot.archive, lab.certbot.lineage)
                   for d in (place, place.parent))
    # the partner's next stream meets it
    lab.server.close_streams()
    eventually(lambda: not set(before) & set(streams(lab)), 10, "the old streams' end")
    exchange(lab).both_ways("after")


def test_bad_pairs_are_refused(lab, exchange, eventually):
    exchange(lab).both_ways("before")
    before, first = streams(lab), shown(lab)
    other = lab.authority.issue("other", LOCAL_DOMAIN)
    bad = ((lab.authority.issue("v2", LOCAL_DOMAIN), other.key, "does not belong"),
           (lab.authority.issue_expired("expired", LOCAL_DOMAIN), None, "expired at"),
           (lab.authority.issue("elsewhere", "elsewhere.test"), None, "names no local domain"))
    for number, (pair, key, sentence) in enumerate(bad, 1):
        lab.certbot.renew(pair, key)
        done = lab.certbot.run_hook(lab.causeway)
        assert done.returncode == 1, done.stdout
        assert sentence in done.stdout + done.stderr
        line = [text for text in lab.causeway.output().splitlines()
                if " edge certificate-refused " in text][-1]
        assert sentence in line and str(lab.certbot.live.certificate) in line
        assert shown(lab) == first
    listed = lab.causeway.query("certificate", "list")["certificates"][0]
    assert any("names no local domain" in warning for warning in listed["warnings"])
    exchange(lab).both_ways("after")
    assert streams(lab) == before

    lab.certbot.renew(lab.authority.issue("v3", LOCAL_DOMAIN))
    assert lab.certbot.run_hook(lab.causeway).returncode == 0
    assert shown(lab) == der_of(lab.certbot.live.certificate)


def wait_shown(lab, seconds: float) -> None:
    """Not too often: handshakes are counted."""
    wait_until(lambda: shown(lab) == der_of(lab.certbot.live.certificate), seconds,
               "the new certificate", every=0.25)


def test_new_files_are_found(lab):
    """Without a command, and by SIGHUP."""
    lab.certbot.renew(lab.authority.issue("v2", LOCAL_DOMAIN))
    wait_shown(lab, 10)
    lab.certbot.renew(lab.authority.issue("v3", LOCAL_DOMAIN))
    os.kill(lab.causeway.role("edge"), signal.SIGHUP)
    wait_shown(lab, 1.5)
    assert told(lab, "certificate-reloaded") == 2 and told(lab, "certificate-refused") == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_an_account_of_its_own(start_lab, settings):
    """The hook lets it read what certbot keeps for root, and what it sees of the files stays."""
    certbot = Certbot(settings.data / "letsencrypt", LOCAL_DOMAIN)

    def first(authority):
        (settings.data / "causeway").chmod(0o755)
        shutil.chown(settings.data / "causeway", "nobody")
        return certbot.renew(authority.issue("v1", LOCAL_DOMAIN)).live
    lab = start_lab(Mode.SASL, own_certificate=first, edge_options="user: nobody")
    lab.certbot = certbot
    lab.add_partner()
    lab.certbot.renew(lab.authority.issue("v2", LOCAL_DOMAIN))
    done = lab.certbot.run_hook(lab.causeway)
    assert done.returncode == 1 and "Permission denied" in done.stdout
    done = lab.certbot.run_hook(lab.causeway, "nogroup")
    assert done.returncode == 0, done.stdout
    assert shown(lab) == der_of(lab.certbot.live.certificate)
    lab.certbot.renew(lab.authority.issue("v3", LOCAL_DOMAIN))
    assert lab.certbot.run_hook(lab.causeway, "nogroup").returncode == 0
    assert shown(lab) == der_of(lab.certbot.live.certificate)


# --- several certificates ------------------------------------------------------------------------


@pytest.fixture
def two(make_border):
    """A certificate for each local domain: the second one's ends in five days."""
    made = {}

    def issue(authority):
        made[LOCAL_DOMAIN] = authority.issue("one", LOCAL_DOMAIN)
        made[SECOND_DOMAIN] = authority.issue_short("two", SECOND_DOMAIN, days=5)
        return [made[LOCAL_DOMAIN], made[SECOND_DOMAIN]]
    border = make_border(certificate=issue)
    border.pairs = made
    return border


def direct(border, name: str) -> bytes:
    """The certificate shown to a client that asks for this name by direct TLS."""
    address, port = border.settings.edge
    with rogue.connect((address, port + 1)) as stream:
        stream.socket = rogue.context(border.authority).wrap_socket(
            stream.socket, server_hostname=name or None)
        return stream.socket.getpeercert(True)


def test_each_domain_has_its_own(two, eventually):
    partner = two.partner("good.test")
    shows = {domain: der_of(pair.certificate) for domain, pair in two.pairs.items()}
    for domain in (LOCAL_DOMAIN, SECOND_DOMAIN):
        assert shown_by(two.settings.edge, two.authority, "good.test", domain) == shows[domain]
        assert direct(two, domain) == shows[domain]
        assert two.sip.ask(f"alice@{domain}", "j@good.test", f"from {domain}") == 202
    assert dict(partner.shown) == shows  # as a client, too
    assert direct(two, "") == shows[LOCAL_DOMAIN]
    with pytest.raises(ssl.SSLError, match="UNRECOGNIZED_NAME"):
        direct(two, "elsewhere.test")


def test_told(two, eventually):
    answer = two.causeway.query("certificate", "list")
    first, second = answer["certificates"]
    assert (first["covers"], second["covers"]) == ([LOCAL_DOMAIN], [SECOND_DOMAIN])
    assert first["chain"] == second["chain"] == "ok"
    assert 3 <= second["days-left"] <= 5 < first["days-left"]
    assert any("expires" in warning for warning in second["warnings"])
    line = [text for text in two.causeway.output().splitlines()
            if " certificate-expires " in text and SECOND_DOMAIN in text]
    assert len(line) == 1 and str(two.pairs[SECOND_DOMAIN].certificate) in line[0]
    assert "domain-without-certificate" not in two.causeway.output()


def test_a_partners_end_is_told(two, eventually):
    """Once, whatever the number of its streams; of a certificate with time left, nothing."""
    short = two.authority.issue_short("short.test", "short.test", days=5)
    for domain in ("short.test", "long.test"):
        server = two.partner(domain, start=False)
        server.pair = short if domain == "short.test" else \
            two.authority.issue_short(domain, domain, days=60)
        for number in range(2):
            two.call(server).send(rogue.message(f"j@{domain}", f"alice@{LOCAL_DOMAIN}",
                                                f"{number} from {domain}"))
            eventually(lambda: f"{number} from {domain}" in two.sip.bodies(), 5, "the message")
    lines = [text for text in two.causeway.output().splitlines()
             if " partner-certificate-expires " in text]
    assert len(lines) == 1 and "domain=short.test days=" in lines[0]


def test_a_domain_without_certificate_is_told(make_border):
    border = make_border(certificate=lambda authority: authority.issue("one", LOCAL_DOMAIN))
    assert f"domain-without-certificate domain={SECOND_DOMAIN} " in border.causeway.output()
    assert border.causeway.query("certificate", "list")["uncovered"] == [SECOND_DOMAIN]
