"""What is counted and how the whole is told: the numbers move by exactly what was sent."""

import json
import os
import signal

import pytest

from lab.partner import Mode
from lab.pidf import State
from lab.settings import PARTNER_DOMAIN
from lab.stack import local

EMPTY = {"taken": 0, "delivered": 0, "ignored": 0, "refused": 0}


@pytest.fixture
def lab(start_lab):
    lab = start_lab(Mode.SASL)
    lab.add_partner()
    return lab


def health(lab):
    """Status 1 says no more than the state `failed`."""
    done = lab.causeway.command("health", "show", "--json", may_fail=True)
    answer = json.loads(done.stdout)
    assert done.returncode == (1 if answer["state"] == "failed" else 0)
    return answer


def sentences(answer):
    """Without the one of which every lab has reason: its certificates are for 30 days."""
    told = [one["sentence"] for one in answer["sentences"]]
    return [sentence for sentence in told if "it expires at" not in sentence]


def passed(counters, kind="messages"):
    """{"x2s": {"taken", ...}} with the sum of what was refused."""
    return {direction: {**one, "refused": sum(one["refused"].values())}
            for direction, one in counters["gateway"][kind].items()}


def test_messages_are_counted_exactly(lab, exchange, eventually):
    before = health(lab)
    assert sentences(before) == [] and before["state"] in ("ok", "warning")
    assert passed(before["counters"]) == {"x2s": EMPTY, "s2x": EMPTY}
    talk = exchange(lab)
    for n in range(3):
        talk.to_partner(f"to juliet {n}")
    talk.to_local("to alice, 1")
    talk.to_local("to alice, 2")
    after = health(lab)["counters"]
    assert passed(after) == {"x2s": {**EMPTY, "taken": 2, "delivered": 2},
                             "s2x": {**EMPTY, "taken": 3, "delivered": 3}}
    edge = after["edges"][0]["counters"]
    was = before["counters"]["edges"][0]["counters"]["opened"]
    assert {way: edge["opened"][way] - was[way] for way in was} == {"inbound": 1, "outbound": 1}
    assert edge["ready"] == edge["handshakes"] == {"inbound": 1, "outbound": 1}
    assert edge["streams"] == {"inbound": {"ready": 1}, "outbound": {"ready": 1}}
    assert min(edge["bytes"].values()) > 1000 and edge["stanzas"]["outbound"] >= 3
    assert sum(edge["refused"].values()) == 0

    lab.causeway.command("partner", "disable", PARTNER_DOMAIN)
    alice, juliet = lab.sip("alice"), lab.xmpp("juliet")
    assert alice.send(juliet.address, "to nobody").status == 403
    last = health(lab)["counters"]["gateway"]["messages"]
    assert last["s2x"]["taken"] == 4 and last["s2x"]["refused"]["rules"] == 1
    eventually(lambda: health(lab)["counters"]["edges"][0]["counters"]["streams"] ==
               {"inbound": {}, "outbound": {}}, 10, "the end of both streams")
    queues = health(lab)["queues"]
    assert set(queues["gateway"].values()) == {0}
    assert set(queues["edges"][0]["queues"].values()) == {0}


def test_presence_is_counted_exactly(start_lab, eventually):
    lab = start_lab(Mode.SASL, platform="presence")
    lab.add_partner(kind="Federated")
    alice, juliet = lab.phone("alice"), lab.xmpp("juliet")

    def counters():
        return health(lab)["counters"]["gateway"]

    def grown_to(before, **expected):
        """Waits for exactly that: NOTIFYs of SIP, stanzas to partners that were delivered."""
        def growth():
            now = counters()
            return {"notify": now["requests"]["notify"] - before["requests"]["notify"],
                    **{way: now["presence"][way]["delivered"] - before["presence"][way]["delivered"]
                       for way in ("x2s", "s2x")}}
        eventually(lambda: growth() == expected, 10, expected)

    assert counters()["subscriptions"] == {"x2s": 0, "s2x": 0}
    alice.publish(State())
    juliet.contacts.add(local("alice"))
    juliet.contacts.wait_shows(local("alice"), [""])
    quiet = counters()
    assert quiet["subscriptions"] == {"x2s": 1, "s2x": 0}
    assert passed({"gateway": quiet}, "presence")["x2s"]["refused"] == 0
    for n, activity in enumerate(("away", "busy"), 1):
        alice.publish(State(activity=activity))
        juliet.contacts.wait_shows(local("alice"), ["away" if n == 1 else "dnd"])
        grown_to(quiet, notify=n, x2s=0, s2x=n)
    assert all(one["taken"] == one["delivered"] + one["ignored"] + one["refused"]
               for one in passed({"gateway": counters()}, "presence").values())
    text = lab.causeway.command("health", "show").stdout
    assert "watching     partners watch 1, local users watch 0\n" in text


def test_the_door_counts_whom_it_refuses(make_border, eventually):
    border = make_border(door="  connections-per-s: 5\n  connections-burst: 20\n  ban-after: 0")
    source = border.settings.address(200)

    def edge():
        answer = json.loads(border.causeway.command("health", "show", "--json",
                                                    may_fail=True).stdout)
        return answer["counters"]["edges"][0]["counters"]

    before = edge()
    n_in = sum(border.lets_in(source) for _ in range(60))
    eventually(lambda: edge()["streams"]["inbound"] == {}, 10, "the end of all streams")
    after = edge()
    assert after["opened"]["inbound"] - before["opened"]["inbound"] == n_in
    assert after["refused"]["too-fast"] - before["refused"]["too-fast"] == 60 - n_in > 20
    assert after["refused"]["banned"] == after["refused"]["limit"] == 0


def test_what_is_wrong_is_told(lab, eventually):
    answer = health(lab)
    assert [c["kind"] for c in answer["components"]] == ["gateway", "edge"]
    assert all(c["up"] and c["version"] and c["since"] for c in answer["components"])
    assert answer["components"][0]["policy-version"] == answer["store"]["policy-version"]
    assert answer["certificates"][0]["days-left"] > 0 and answer["store"]["bytes"] > 4096
    text = lab.causeway.command("health", "show").stdout
    assert text.startswith(answer["state"] + "\n") and "messages     from partners: 0 taken" in text

    edge = lab.causeway.role("edge")
    os.kill(edge, signal.SIGSTOP)  # connected, and silent
    try:
        answer = health(lab)
    finally:
        os.kill(edge, signal.SIGCONT)
    assert answer["state"] == "warning"
    assert [s.rpartition("link.sock ")[2] for s in sentences(answer)] == ["gave no answer in time."]
    since = answer["components"][0]["since"]
    os.kill(edge, signal.SIGKILL)
    eventually(lambda: sentences(health(lab)) == [], 20, "the edge's next life")
    assert health(lab)["components"][0]["since"] == since

    gateway = lab.causeway.role("gateway")
    os.kill(gateway, signal.SIGSTOP)
    try:
        done = lab.causeway.command("health", "show", may_fail=True)
    finally:
        os.kill(gateway, signal.SIGCONT)
    assert done.returncode == 1 and done.stdout.startswith("failed\n")
    assert "No message passes." in done.stdout
