"""kill -9 of the edge, the gateway or the panel: the others live, the supervisor brings a new one
within a second, and whoever sends meanwhile hears what became of the message."""

import collections
import contextlib
import http.client
import json
import os
import signal
import ssl
import threading
import time

import pytest

from lab.partner import Mode
from lab.process import LabError

PARTNER = "fabrikam.test"


@pytest.fixture
def lab(start_lab, exchange):
    lab = start_lab(Mode.SASL)
    lab.add_partner()
    exchange(lab).both_ways("before")
    return lab


def kill_and_wait(lab, eventually, role: str) -> None:
    other = {"edge": "gateway", "gateway": "edge"}[role]
    old, bystander = lab.causeway.role(role), lab.causeway.role(other)
    os.kill(old, signal.SIGKILL)

    def is_back():
        try:
            return lab.causeway.role(role) != old
        except LabError:
            return False
    eventually(is_back, 1, f"a new {role}")
    assert lab.causeway.role(other) == bystander


def try_both_ways(talk, eventually, seconds: float, mark: str) -> None:
    """The new process needs its streams or its link first: an error is fine meanwhile."""
    number = iter(range(1000))

    def works():
        try:
            talk.both_ways(f"{mark} {next(number)}")
            return True
        except AssertionError:
            return False
    eventually(works, seconds, f"messages both ways {mark}", every=0.3)


@pytest.mark.parametrize("role", ["edge", "gateway"])
def test_it_comes_back(lab, exchange, eventually, role):
    for turn in range(2):
        kill_and_wait(lab, eventually, role)
        try_both_ways(exchange(lab), eventually, 30, f"after kill {turn} of the {role}")


def test_nobody_notices_the_panels_end(start_lab, settings, exchange, eventually):
    """While messages cross, the panel is killed, twice: each arrives, no other role is started
    anew, and the next panel knows the sessions of the one before."""
    address, port = settings.panel
    lab = start_lab(Mode.SASL, panel=f'  listen: ["{address}:{port}"]')
    lab.add_partner()
    exchange(lab).both_ways("before")
    others = {name: lab.causeway.role(name) for name in ("edge", "gateway")}
    tls = ssl.create_default_context(cafile=lab.causeway.panel_certificate)

    def status(cookie):
        connection = http.client.HTTPSConnection(address, port, timeout=20, context=tls)
        with contextlib.closing(connection):
            connection.request("GET", "/api/v1/session", headers={"Cookie": cookie})
            return connection.getresponse().status
    cookie = sign_in(lab, tls)
    for turn in range(2):
        old = lab.causeway.role("panel")
        os.kill(old, signal.SIGKILL)
        exchange(lab).both_ways(f"while there is no panel, {turn}")
        lab.causeway.wait_role("panel", old)
        lab.causeway.wait_port(settings.panel)
        exchange(lab).both_ways(f"with a new panel, {turn}")
        assert status(cookie) == 200
    assert {name: lab.causeway.role(name) for name in others} == others


def sign_in(lab, tls) -> str:
    lab.causeway.new_account("watcher", "a long password of watcher", "viewer")
    connection = http.client.HTTPSConnection(*lab.settings.panel, timeout=20, context=tls)
    with contextlib.closing(connection):
        connection.request("POST", "/api/v1/session", json.dumps(
            {"name": "watcher", "password": "a long password of watcher"}),
            {"Content-Type": "application/json"})
        return connection.getresponse().getheader("Set-Cookie").split(";")[0]


def test_streams_outlive_the_gateway(lab, exchange, eventually):
    def complete():
        log = lab.prosody.server_log.read_text()
        return log.count("s2s connection contoso.test->fabrikam.test complete")
    before = complete()
    kill_and_wait(lab, eventually, "gateway")
    try_both_ways(exchange(lab), eventually, 20, "after the kill")
    assert complete() == before, "the stream to the partner was opened anew"


@pytest.mark.parametrize("role", ["edge", "gateway"])
def test_every_sender_hears(lab, eventually, role):
    """Messages are on their way both ways while the process dies."""
    alice, juliet = lab.sip("alice"), lab.xmpp("juliet")
    outward = [f"outward {n}" for n in range(300)]
    answers, ids = [], {}
    sending = threading.Thread(
        target=lambda: answers.extend(alice.send_many(juliet.address, outward, 300, at_once=5)))
    sending.start()
    send_slowly(juliet, alice.address, "before", ids)
    if role == "edge":
        # What the edge had read when it was killed is nobody's any more: only acknowledgements
        # between servers (XEP-0198) could tell, and this Prosody has none.
        ids.clear()
    kill_and_wait(lab, eventually, role)
    send_slowly(juliet, alice.address, "after", ids)
    sending.join()
    assert all(answer.status for answer in answers), [a.status for a in answers]
    if role == "gateway":
        for body, answer in zip(outward, answers):
            if answer.status in (200, 202):
                juliet.wait_for(body, 20)

    def all_answered():
        told = {m.id for m in juliet.received if m.kind == "error"}
        there = {m.body for m in alice.received}
        return all(stanza_id in told or body in there for stanza_id, body in ids.items())
    eventually(all_answered, 60, "an answer to each of juliet's messages", every=0.3)
    require_none_twice(juliet, alice)


@contextlib.contextmanager
def frozen(pid: int):
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def send_in_background(lab, bodies):
    """The thread, and the list into which the answers will go."""
    alice, juliet, answers = lab.sip("alice"), lab.xmpp("juliet"), []
    thread = threading.Thread(target=lambda: answers.extend(
        alice.send_many(juliet.address, bodies, 60, at_once=len(bodies))))
    thread.start()
    return thread, answers


def require_all_once(lab, eventually, bodies, sending, answers) -> None:
    juliet = lab.xmpp("juliet")
    sending.join()
    assert {answer.status for answer in answers} <= {200, 202}, answers
    for body in bodies:
        juliet.wait_for(body)
    time.sleep(1)  # anything that comes twice comes now
    require_none_twice(juliet)


def test_what_was_sent_is_not_sent_again_for_a_new_gateway(lab, eventually):
    """The edge sends what the old gateway gave it, but that one never hears of it; Kamailio, which
    has no answer, asks the new gateway for the same."""
    bodies = [f"sent {n}" for n in range(20)]
    with frozen(lab.causeway.role("edge")):
        sending, answers = send_in_background(lab, bodies)
        time.sleep(0.4)
        kill_and_wait(lab, eventually, "gateway")
    require_all_once(lab, eventually, bodies, sending, answers)


def test_what_waits_does_not_wait_twice_for_a_new_gateway(lab, eventually):
    """The same while the edge waits for a stream to the partner."""
    bodies = [f"waiting {n}" for n in range(20)]
    lab.causeway.command("partner", "disable", PARTNER)
    lab.causeway.command("partner", "enable", PARTNER)
    with frozen(lab.server.pid):
        sending, answers = send_in_background(lab, bodies)
        time.sleep(0.4)
        kill_and_wait(lab, eventually, "gateway")
        time.sleep(2)  # Kamailio asks again after half a second, one, and two
    require_all_once(lab, eventually, bodies, sending, answers)


def require_none_twice(*clients) -> None:
    for client in clients:
        bodies = collections.Counter(m.body for m in client.received if m.body)
        assert not [body for body, count in bodies.items() if count > 1], client.address


def send_slowly(client, to: str, mark: str, ids: dict) -> None:
    """Thirty messages within about half a second, noted in ids."""
    for n in range(30):
        body = f"{mark} {n}"
        ids[client.send(to, body)] = body
        time.sleep(0.015)
