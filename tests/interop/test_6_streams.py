"""Many streams: several domains on both sides, limits, order, partners that restart, do not read, or
send more than their share. The names carry the entry of the catalogue of bad input, where one is."""

import contextlib
import itertools
import threading
import time

import pytest

from lab import rogue
from lab.border import SECOND_DOMAIN
from lab.settings import LOCAL_DOMAIN

pytestmark = pytest.mark.xdist_group("streams")

ALICE, BOB = f"alice@{LOCAL_DOMAIN}", f"bob@{SECOND_DOMAIN}"


def ping(partner, stream, seconds: float = 5) -> float:
    """How long the answer to a ping takes; it comes on the edge's own stream to the partner."""
    began = time.monotonic()
    identity = f"ping-{began}"
    stream.send(f"<iq type='get' id='{identity}' from='{partner.domain}' to='{LOCAL_DOMAIN}'>"
                "<ping xmlns='urn:xmpp:ping'/></iq>")
    while time.monotonic() - began < seconds:
        if any(e.get("id") == identity for _, e in list(partner.received)[-50:]):
            break
        time.sleep(0.005)
    return time.monotonic() - began


def test_every_pair_of_domains_on_both_sides(border, eventually):
    """Two domains of ours (one certificate) and two of the partner's (one entry): eight ways."""
    domains = ("multi.test", "multi-labs.test")
    partner = border.partner(*domains)
    for user, domain in itertools.product((ALICE, BOB), domains):
        assert border.sip.ask(user, f"juliet@{domain}", f"{user} to {domain}") == 202
    eventually(lambda: len(partner.bodies()) == 4, 3, "four messages at the partner")
    assert {(ours, e.get("to")) for ours, e in partner.received} == {
        (user.partition("@")[2], f"juliet@{domain}")
        for user, domain in itertools.product((ALICE, BOB), domains)}
    for user, domain in itertools.product((ALICE, BOB), domains):
        stream = border.call(partner, to=user.partition("@")[2], sender=domain)
        stream.send(rogue.message(f"juliet@{domain}", user, f"{domain} to {user}"))
        eventually(lambda: f"{domain} to {user}" in border.sip.bodies(), 3, "the message")


def test_a_stream_for_one_domain_serves_no_other(border):
    """Neither another domain of the same partner nor another one of ours."""
    domains = ("strict.test", "strict-labs.test")
    partner = border.partner(*domains)
    for sender, to, error in ((f"x@{domains[1]}", ALICE, "invalid-from"),
                              (f"x@{domains[0]}", BOB, "host-unknown")):
        stream = border.call(partner)
        stream.send(rogue.message(sender, to, "not mine"))
        assert stream.wait_end() in (error, "improper-addressing", "not-authorized")
    assert "not mine" not in border.sip.bodies()


def test_order_is_kept_both_ways(border, eventually):
    partner = border.partner("order.test")
    bodies = [f"in order {n}" for n in range(300)]
    sent = [border.sip.send(ALICE, "juliet@order.test", body) for body in bodies]
    assert set(border.sip.wait_answers(sent)) == {202}
    eventually(lambda: len(partner.bodies()) == 300, 5, "300 messages at the partner")
    assert partner.bodies() == bodies
    stream = border.call(partner)
    for body in bodies:
        stream.send(rogue.message("juliet@order.test", ALICE, "back " + body))

    def arrived():
        return [b for b in border.sip.bodies() if b.startswith("back in order")]
    eventually(lambda: len(arrived()) == 300, 10, "300 messages at the SIP side")
    assert arrived() == ["back " + body for body in bodies]


def test_both_sides_connect_at_once(border, eventually):
    """Each side opens its own stream in the same moment; both messages arrive, once."""
    partners = [border.partner(f"both{n}.test") for n in range(4)]
    gate = threading.Barrier(len(partners) + 1)

    def from_outside(partner):
        gate.wait()
        border.call(partner).send(
            rogue.message(f"j@{partner.domain}", ALICE, f"in from {partner.domain}"))
    threads = [threading.Thread(target=from_outside, args=(p,)) for p in partners]
    for thread in threads:
        thread.start()
    gate.wait()
    sent = [border.sip.send(ALICE, f"j@{p.domain}", f"out to {p.domain}") for p in partners]
    for thread in threads:
        thread.join()
    assert set(border.sip.wait_answers(sent)) == {202}
    for partner in partners:
        eventually(lambda: f"in from {partner.domain}" in border.sip.bodies(), 5, "the message in")
        eventually(lambda: partner.bodies() == [f"out to {partner.domain}"], 5, "the message out")
        assert len(partner.attempts) == 1


# --- limits


def refused(border, partner) -> bool:
    """Whether a further stream of the partner is closed with resource-constraint."""
    try:
        return border.call(partner).wait_end(0.5) == "resource-constraint"
    except rogue.Silence:
        return False
    except rogue.Ended as end:
        return end.error == "resource-constraint"


def test_partner_limit_counts_both_directions(border, eventually):
    partner = border.partner("limited.test", connection_limit=3)
    assert border.sip.ask(ALICE, "j@limited.test", "first of three") == 202
    streams = [border.call(partner) for _ in range(2)]
    assert refused(border, partner)
    for number, stream in enumerate(streams):
        stream.send(rogue.message("j@limited.test", ALICE, f"good stream {number}"))
        eventually(lambda: f"good stream {number}" in border.sip.bodies(), 3, "the message")
    assert border.sip.ask(ALICE, "j@limited.test", "the outbound one too") == 202
    streams.pop().close()
    eventually(lambda: not refused(border, partner), 3, "room for another stream")


def test_partner_limit_used_up_from_outside(border, eventually):
    """No room for our own stream: the sender is told, and it works once there is room."""
    partner = border.partner("full.test", connection_limit=2)
    streams = [border.call(partner) for _ in range(2)]
    assert border.sip.ask(ALICE, "j@full.test", "no room") == 480
    assert partner.attempts == []
    streams[0].close()
    eventually(lambda: border.sip.ask(ALICE, "j@full.test", "room") == 202, 5, "room", every=0.2)


def test_total_limit(border, eventually):
    """A partner with few streams is refused as well when the installation is full."""
    partner = border.partner("total.test")
    stream = border.call(partner)
    border.set(connection_limit=1)
    try:
        assert refused(border, partner)
        assert border.sip.ask(ALICE, "j@total.test", "none left") == 480
        stream.send(rogue.message("j@total.test", ALICE, "the good one lives"))
        eventually(lambda: "the good one lives" in border.sip.bodies(), 3, "the message")
    finally:
        border.set(connection_limit=1000)
    assert border.sip.ask(ALICE, "j@total.test", "room again") == 202


# --- partners in trouble


def least_gap(attempts) -> float:
    return min((b - a for a, b in zip(attempts, attempts[1:])), default=99)


def test_F14_a_partner_that_restarts(border, eventually):
    """Every sender hears, at most one attempt a second, and it works again by itself."""
    partner = border.partner("restarts.test")
    assert border.sip.ask(ALICE, "j@restarts.test", "before") == 202
    sent, until, up = {}, time.monotonic() + 7, True
    for turn in itertools.count():
        if time.monotonic() > until:
            break
        body = f"during restarts {turn}"
        sent[border.sip.send(ALICE, "j@restarts.test", body)] = body
        if turn % 30 == 29:
            partner.stop(reset=True) if up else partner.start()
            up = not up
        time.sleep(0.04)
    if not up:
        partner.start()
    statuses = dict(zip(sent.values(), border.sip.wait_answers(list(sent))))
    assert set(statuses.values()) <= {202, 504}
    eventually(lambda: border.sip.ask(ALICE, "j@restarts.test", "after") == 202, 8, "recovery")
    eventually(lambda: "after" in partner.bodies(), 2, "the message after the restarts")
    assert least_gap(partner.attempts) > 0.95
    bodies = partner.bodies()
    assert len(bodies) == len(set(bodies)), "delivered twice"
    # what the kernel had taken when the partner died is only known to servers with XEP-0198
    unheard = [body for body, status in statuses.items() if status == 202 and body not in bodies]
    assert len(unheard) <= 2 * 3, unheard


def test_F14_many_partners_restart_at_once(border):
    """They do not all get their next attempt in the same moment, nor more than one a second."""
    partners = [border.partner(f"herd{n}.test") for n in range(12)]
    for partner in partners:
        assert border.sip.ask(ALICE, f"j@{partner.domain}", "hello") == 202
    for partner in partners:
        partner.greets = False  # connections are taken and cut
        partner.stop(reset=True)
    cut = [rogue.Partner(p.address, border.authority, p.pair) for p in partners]
    began = time.monotonic()
    for each in cut:
        each.greets = False
        each.start()
    while time.monotonic() < began + 4:
        for partner, each in zip(partners, cut):
            border.sip.send(ALICE, f"j@{partner.domain}", "anybody there?")
            each.drop()
        time.sleep(0.1)
    for each in cut:
        each.stop()
        assert least_gap(each.attempts) > 0.95
    second = [each.attempts[1] - each.attempts[0] for each in cut if len(each.attempts) > 1]
    assert len(second) >= 6
    assert max(second) - min(second) > 0.1, "no jitter"


def test_a_partner_that_stops_reading(border, eventually):
    """Bounded memory, given up after the queue's time, everybody told, others not slowed."""
    slow = border.partner("slow.test", start=False)
    slow.receive_buffer = 4096
    slow.start()
    other = border.partner("brisk.test")
    assert border.sip.ask(ALICE, "j@slow.test", "while it reads") == 202
    assert border.sip.ask(ALICE, "j@brisk.test", "first") == 202
    before = border.memory()
    slow.reads.clear()
    sent = []
    for n in range(1200):
        sent.append(border.sip.send(ALICE, "j@slow.test", f"{n} " + "x" * 6000))
        if n % 100 == 50:
            began = time.monotonic()
            assert border.sip.ask(ALICE, "j@brisk.test", f"meanwhile {n}") == 202
            assert time.monotonic() - began < 1
        time.sleep(0.001)
    assert border.memory() - before < 24
    statuses = border.sip.wait_answers(sent, 15)
    assert statuses.count(202) < 1200
    assert set(statuses) <= {202, 480, 504}
    assert statuses.count(480) > 0, "the queue has no end"
    assert statuses.count(504) > 0, "nothing that waited came back"
    told = border.causeway.query("partner", "diagnose", "slow.test")["attempts"]
    assert [(a["result"], a["side"], a["sentence"]) for a in told
            if a.get("reason") == "partner-does-not-read"] == [
        ("ended", "partner", "The server of slow.test did not read what was sent to it, so the "
         "stream was given up.")]
    slow.reads.set()
    eventually(lambda: border.sip.ask(ALICE, "j@slow.test", "reads again") == 202, 10, "recovery")
    eventually(lambda: "reads again" in slow.bodies(), 3, "the message")


def test_E04_E08_a_flood_is_slowed_and_harms_nobody(border, eventually):
    """As many messages as the link takes, each to another user; a second partner chats on."""
    loud, quiet = border.partner("loud.test"), border.partner("quiet.test")
    border.set(stanza_rate=400, stanza_burst=400)
    stream, calm = border.call(loud), border.call(quiet)
    ping(quiet, calm)
    began, before = time.monotonic(), border.memory()
    sent, stop = itertools.count(), threading.Event()

    def flood():
        with contextlib.suppress(OSError):  # the test ends the stream under our hands
            while not stop.is_set():
                batch = [next(sent) for _ in range(200)]
                stream.send("".join(rogue.message("j@loud.test", f"u{n}@{LOCAL_DOMAIN}",
                                                  f"flood {n}") for n in batch))
    thread = threading.Thread(target=flood, daemon=True)
    thread.start()
    while time.monotonic() < began + 5:
        assert ping(quiet, calm) < 1
        time.sleep(0.1)
    taken = sum(1 for b in border.sip.bodies() if b.startswith("flood "))
    seconds = time.monotonic() - began
    assert 400 < taken <= 400 + 400 * (seconds + 1), "the rate does not hold"
    assert border.memory() - before < 32
    border.set(stanza_rate=500, stanza_burst=2000)
    stop.set()
    stream.reset()
    thread.join(5)
    # nothing that was taken in is lost or changes its place
    numbers = [int(b.split()[1]) for b in border.sip.bodies() if b.startswith("flood ")]
    assert numbers == list(range(len(numbers)))
