"""Many messages each way between four pairs of users at once, over TLS, while the policy changes
and streams are closed and opened anew: delivered + refused = sent, none twice, order kept.

CAUSEWAY_VOLUME: how many each way; 20000 is the real thing, the default is what a check has time
for. The figures are printed (pytest -s) and written to volume.json in the lab's directory.
"""

import collections
import contextlib
import itertools
import json
import os
import signal
import threading
import time

from lab.partner import Mode
from lab.process import LabError, processor_seconds
from lab.stack import local, partner

COUNT = int(os.environ.get("CAUSEWAY_VOLUME", "4000"))
LOCALS = ("alice", "bob")
PARTNERS = ("juliet", "romeo")
PARTNER = "fabrikam.test"

CHUNK = 20  #: messages of one XMPP user at a time
PACE = 0.08  #: seconds between two of them


def plan(senders, recipients, address):
    """For each sender what it sends: (recipient's address, body), its pairs taking turns."""
    each = COUNT // (len(senders) * len(recipients))
    return {sender: [(address(recipient), f"{sender} to {recipient} {n:05d}")
                     for n in range(each) for recipient in recipients] for sender in senders}


class Outward:
    """SIP users send, each its next message when the last one has its answer."""

    def __init__(self, lab):
        self.plan = plan(LOCALS, PARTNERS, partner)
        self.answers = {}
        self._lab = lab
        self._threads = [threading.Thread(target=self._send, args=(name,)) for name in LOCALS]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def is_over(self) -> bool:
        return not any(thread.is_alive() for thread in self._threads)

    def _send(self, name: str) -> None:
        messages = self.plan[name]
        self.answers[name] = self._lab.sip(name).send_each(messages, 900)

    def told(self) -> dict:
        """What each body's sender was told: True when it is on its way, False when refused."""
        return {body: answer.status in (200, 202)
                for name in LOCALS
                for (_, body), answer in zip(self.plan[name], self.answers[name])
                if answer.status}

    def reasons(self):
        return collections.Counter(answer.status for answers in self.answers.values()
                                   for answer in answers if answer.status not in (200, 202))

    def order(self) -> dict:
        return {body: place for name in LOCALS for place, (_, body) in enumerate(self.plan[name])}

    def arrived(self):
        return [m.body for name in PARTNERS for m in self._lab.xmpp(name).received
                if m.kind != "error" and m.body]


class Inward:
    """XMPP users send at a pace of their own; an error is the only answer they ever get."""

    def __init__(self, lab):
        self.plan = plan(PARTNERS, LOCALS, local)
        self._lab = lab
        self._ids = {}
        self._may_send = threading.Event()
        self._may_send.set()
        self._threads = [threading.Thread(target=self._send, args=(name,)) for name in PARTNERS]

    start = Outward.start
    is_over = Outward.is_over

    def _send(self, name: str) -> None:
        client = self._lab.xmpp(name)
        for begin in range(0, len(self.plan[name]), CHUNK):
            self._may_send.wait()
            for to, body in self.plan[name][begin:begin + CHUNK]:
                self._ids[client.send(to, body)] = body
            time.sleep(PACE)

    @contextlib.contextmanager
    def quiet(self):
        """Nothing is sent, and nothing is under way, inside."""
        self._may_send.clear()
        time.sleep(PACE)
        self.wait_accounted(60)
        yield
        self._may_send.set()

    def _errors(self):
        return [m for name in PARTNERS for m in list(self._lab.xmpp(name).received)
                if m.kind == "error" and m.id in self._ids]

    def refused(self):
        return {self._ids[m.id] for m in self._errors()}

    def reasons(self):
        return collections.Counter(f"{m.condition}: {m.text}" for m in self._errors())

    def arrived(self):
        return [m.body for name in LOCALS for m in self._lab.sip(name).received
                if m.sender_address.endswith(PARTNER) and not m.body.startswith("Your message")]

    def order(self) -> dict:
        """Body -> its place in the order in which the partner's server put them on the stream.
        That is not always the order in which its user sent them: what comes while Prosody's new
        stream is being finished overtakes what Prosody has queued for it."""
        sent = enumerate(self._lab.server.sent_ids())
        return {self._ids[stanza_id]: place for place, stanza_id in sent if stanza_id in self._ids}

    def wait_accounted(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while missing := set(self._ids.values()) - set(self.arrived()) - self.refused():
            if time.monotonic() > deadline:
                raise LabError(f"{len(missing)} of {len(self._ids)} messages are neither delivered "
                               f"nor refused: {sorted(missing)[:5]}")
            time.sleep(0.5)


def disturb(lab, inward, until) -> collections.Counter:
    """One thing after the other until all is sent; how often each was done."""
    done = collections.Counter()

    def close_streams(_):
        lab.server.close_streams()

    def describe(turn):
        lab.change_partner(description=f"turn {turn}")

    def change_limit(turn):
        lab.change_partner(connection_limit=10 + turn % 10)

    def change_settings(turn):
        lab.causeway.command("settings", "set", "--keep-alive-interval", 100 + turn % 100)

    def toggle(_):
        """What a partner has written into a stream that we end is nobody's any more: only
        acknowledgements between servers (XEP-0198) could tell. So nothing is, meanwhile."""
        with inward.quiet():
            lab.causeway.command("partner", "disable", PARTNER)
            lab.causeway.command("partner", "enable", PARTNER)

    steps = (describe, close_streams, change_limit, change_settings, close_streams, toggle)
    for turn, step in enumerate(itertools.cycle(steps)):
        if until():
            return done
        step(turn)
        done[step.__name__] += 1
        time.sleep(1)


def require_exact(way, refused) -> None:
    sent = [body for messages in way.plan.values() for _, body in messages]
    arrived, order = way.arrived(), way.order()
    counts = collections.Counter(arrived)
    assert not [body for body, count in counts.items() if count > 1], "delivered twice"
    assert not set(arrived) & refused, "delivered and refused"
    assert not set(sent) - set(arrived) - refused, "neither delivered nor refused"
    assert not set(arrived) - set(sent)
    pairs = collections.defaultdict(list)
    for body in arrived:
        pairs[body.rpartition(" ")[0]].append(order[body])
    assert len(pairs) == len(LOCALS) * len(PARTNERS)
    for pair, places in pairs.items():
        assert places == sorted(places), f"order of {pair}"


def spent_by(lab) -> dict:
    return {role: processor_seconds(lab.causeway.role(role)) for role in ("edge", "gateway")}


def test_many_messages(start_lab):
    lab = start_lab(Mode.SASL, log_level="info")
    lab.add_partner()
    for clients in (map(lab.sip, LOCALS), map(lab.xmpp, PARTNERS)):
        list(clients)
    outward, inward = Outward(lab), Inward(lab)
    before, started = spent_by(lab), time.monotonic()
    inward.start()
    outward.start()
    done = disturb(lab, inward, lambda: outward.is_over() and inward.is_over())
    seconds = time.monotonic() - started
    inward.wait_accounted(120)
    spent = {role: used - before[role] for role, used in spent_by(lab).items()}
    time.sleep(1)  # anything that comes twice comes now

    told = outward.told()
    refused = {body for body, is_on_its_way in told.items() if not is_on_its_way}
    each_way = sum(map(len, outward.plan.values()))
    figures = {
        "each_way": each_way, "seconds": round(seconds, 1), "disturbances": dict(done),
        "outward": {"delivered": len(outward.arrived()), "refused": outward.reasons()},
        "inward": {"delivered": len(inward.arrived()), "refused": inward.reasons()},
        "microseconds_per_message": {role: round(1e6 * used / (2 * each_way))
                                     for role, used in spent.items()}}
    (lab.settings.data / "volume.json").write_text(json.dumps(figures, indent=2) + "\n")
    print(json.dumps(figures))

    assert len(told) == each_way, "somebody was told nothing"
    require_exact(outward, refused)
    require_exact(inward, inward.refused())
    returned = [m.body for name in LOCALS for m in lab.sip(name).received
                if m.body.startswith("Your message")]
    assert not returned
    assert done["close_streams"] > 0


def test_a_stream_that_closes_around_a_message(start_lab, exchange):
    """The edge finds a message to be sent and the partner's goodbye in the same moment: the message
    goes out before our own goodbye, the partner reads it (RFC 6120 section 4.4), so it is said to
    be delivered."""
    lab = start_lab(Mode.SASL)
    lab.add_partner()
    exchange(lab).both_ways("before")
    alice, juliet, answers = lab.sip("alice"), lab.xmpp("juliet"), []
    for turn in range(3):
        sending = threading.Thread(
            target=lambda body: answers.append(alice.send(juliet.address, body)),
            args=(f"around {turn}",))
        edge = lab.causeway.role("edge")
        os.kill(edge, signal.SIGSTOP)
        try:
            sending.start()
            time.sleep(0.4)
            assert lab.server.close_streams() == 2
            time.sleep(0.1)
        finally:
            os.kill(edge, signal.SIGCONT)
        juliet.wait_for(f"around {turn}")
        sending.join()
        exchange(lab).both_ways(f"after {turn}")
    assert {answer.status for answer in answers} <= {200, 202}, answers


def test_a_new_stream_waits_for_an_old_one_that_is_slowed_down(start_lab, exchange, eventually):
    """Juliet's server sends faster than it may, closes its stream and opens another: what the edge
    has not read from the first still comes first."""
    lab = start_lab(Mode.SASL)
    lab.add_partner()
    exchange(lab).both_ways("before")
    lab.causeway.command("settings", "set", "--stanza-rate", 200, "--stanza-burst", 10)
    alice, juliet = lab.sip("alice"), lab.xmpp("juliet")
    bodies = [f"{n:03d}" + " slowed" * 120 for n in range(600)]
    ids = juliet.send_many(alice.address, bodies[:500])
    alice.wait_for(bodies[5])
    assert lab.server.close_streams() == 2
    ids += juliet.send_many(alice.address, bodies[500:])
    eventually(lambda: alice.count_received() > len(bodies), 30, "all messages at alice", every=0.2)
    left = [stanza_id for stanza_id in lab.server.sent_ids() if stanza_id in ids]
    numbers = {stanza_id: f"{n:03d}" for n, stanza_id in enumerate(ids)}
    assert [m.body[:3] for m in alice.received[1:]] == [numbers[stanza_id] for stanza_id in left]
