"""The policy changes while 20 partners and 5 local domains exchange messages over some 200 streams:
only the streams that break the new policy are touched, and no message is lost without an error to
its sender."""

import datetime
import os
import signal
import time

import pytest

from lab.crowd import Crowd, Flow
from lab.process import wait_until
from lab.settings import settings_for

REMOVED, DISABLED, STRICTER, DESCRIBED = "p01.test", "p02.test", "p03.test", "p04.test"


@pytest.fixture(scope="module")
def crowd():
    with Crowd(settings_for("live-changes")) as crowd:
        yield crowd
    assert crowd.causeway.faults() == []


def partner_of(stream) -> str:
    return stream["partner"]


def wait_all_streams(crowd):
    """One message each way over every pair; the streams by id."""
    calls = [crowd.sip.send(f"alice@{local}", f"juliet@{partner}", f"first {local} {partner}")
             for local, partner in crowd.pairs()]
    assert set(crowd.sip.wait_answers(calls, 60)) == {202}
    for local, partner in crowd.pairs():
        crowd.components[partner].send("juliet", f"alice@{local}", f"back {local} {partner}")
    wait_until(lambda: sum(b.startswith("back ") for b in crowd.sip.bodies()) >=
               len(crowd.pairs()), 60, "a message from every partner to every local domain")
    return crowd.streams()


def seconds_to_close(crowd, partner: str, before) -> float:
    """From the new policy to the end of the partner's last stream, by the edge's own clock."""
    lines = crowd.causeway.output().splitlines()
    closed = [n for n, line in enumerate(lines)
              if " edge stream-closed " in line and f" remote={partner} " in line]
    assert len(closed) == len([s for s in before.values() if partner_of(s) == partner])
    policy = max(n for n, line in enumerate(lines[:closed[0]]) if " edge policy " in line)
    return (at(lines[closed[-1]]) - at(lines[policy])).total_seconds()


def at(line: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(line.split()[0].replace("Z", "+00:00"))


def wait_all_ended(flow):
    """Each message was delivered, or its sender told why not."""
    deadline = time.monotonic() + 60
    while (flow.unanswered() or flow.lost_inward()) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert not flow.unanswered()
    assert not flow.lost_inward()


def others(streams, *changed):
    return {i for i, s in streams.items() if partner_of(s) not in changed}


def test_only_what_breaks_the_new_policy_is_touched(crowd):
    before = wait_all_streams(crowd)
    assert len(before) >= len(crowd.pairs()), "at least a stream a pair"
    command = crowd.causeway.command
    with Flow(crowd) as flow:
        wait_until(lambda: len(flow.arrived_outward()) > 300, 30, "messages flowing")

        command("partner", "remove", REMOVED)
        command("partner", "disable", DISABLED)
        wait_until(lambda: not [s for s in crowd.streams().values()
                                if partner_of(s) in (REMOVED, DISABLED)], 5,
                   "the streams of removed and disabled partners closing")
        command("partner", "set", DESCRIBED, "--description", "still the same security")
        command("partner", "set", STRICTER, "--sasl", "NotSupported")
        wait_until(lambda: {s["method"] for s in crowd.streams().values()
                            if partner_of(s) == STRICTER and s["direction"] == "outbound"}
                   == {"TLS dialback"}, 20, "the partner whose rules changed negotiating anew")
        wait_until(lambda: len(flow.outward) > 900, 60, "more messages flowing")
    assert seconds_to_close(crowd, REMOVED, before) < 1
    assert seconds_to_close(crowd, DISABLED, before) < 1
    wait_all_ended(flow)
    untouched = others(before, REMOVED, DISABLED, STRICTER)
    assert untouched <= set(crowd.streams()), "a stream that satisfies the policy was closed"
    arrived = flow.arrived_outward()
    assert len(arrived) == len(set(arrived)), "a message came twice"
    assert not flow.told_delivered() - set(arrived), "202 for a message that did not arrive"
    refused = {flow.outward[b][0] for b in set(flow.outward) - flow.told_delivered()}
    assert refused <= {REMOVED, DISABLED, STRICTER}, "a message to an untouched partner was refused"


def test_a_new_certificate_drops_no_stream(crowd):
    before = crowd.streams()
    pair, edge = crowd.causeway._pair, crowd.causeway.role("edge")
    renewed = crowd.authority.issue("causeway-renewed", *crowd.locals)
    with Flow(crowd) as flow:
        wait_until(lambda: len(flow.outward) > 100, 30, "messages flowing")
        for target, source in ((pair.key, renewed.key), (pair.certificate, renewed.certificate)):
            target.write_bytes(source.read_bytes())
        os.kill(edge, signal.SIGHUP)
        wait_until(lambda: "certificate-reloaded" in crowd.causeway.output(), 10,
                   "the edge reading its certificate again")
        pair.certificate.write_text("this is no certificate")
        os.kill(edge, signal.SIGHUP)
        wait_until(lambda: "certificate-refused" in crowd.causeway.output(), 10,
                   "the edge refusing a broken certificate")
        wait_until(lambda: len(flow.outward) > 400, 30, "more messages flowing")
    wait_all_ended(flow)
    assert set(before) <= set(crowd.streams())
    alive = [b for b, (partner, _) in flow.outward.items() if partner not in (REMOVED, DISABLED)]
    assert set(alive) <= flow.told_delivered()
