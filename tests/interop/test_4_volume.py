"""A thousand messages each way at once: none lost, none twice, order kept."""

import threading
import time

import pytest

from lab.partner import Mode

COUNT = 1000


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_a_thousand_each_way(start_lab, exchange, eventually, transport):
    lab = start_lab(Mode.SASL, transport=transport)
    lab.add_partner()
    exchange(lab).both_ways("before")
    alice, juliet = lab.sip("alice"), lab.xmpp("juliet")
    outward = [f"outward {n:04d}" for n in range(COUNT)]
    inward = [f"inward {n:04d}" for n in range(COUNT)]
    answers = []
    sending = threading.Thread(
        target=lambda: answers.extend(alice.send_many(juliet.address, outward, 180)))
    started = time.monotonic()
    sending.start()
    juliet.send_many(alice.address, inward)
    sending.join()
    assert {answer.status for answer in answers} <= {200, 202}

    def at_juliet():
        return [m.body for m in list(juliet.received) if m.body.startswith("outward")]

    def at_alice():
        return [m.body for m in alice.received if m.body.startswith("inward")]
    eventually(lambda: len(at_juliet()) >= COUNT, 60, "juliet having all messages", every=0.2)
    eventually(lambda: len(at_alice()) >= COUNT, 120, "alice having all messages", every=0.5)
    print(f"both thousands crossed in {time.monotonic() - started:.1f} s")
    time.sleep(1)  # anything that comes twice comes now
    assert at_juliet() == outward
    assert at_alice() == inward
    assert not [m for m in juliet.received if m.kind == "error"]
