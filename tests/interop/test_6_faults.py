"""Faults: processes killed, connections cut anywhere, no more files, reloads and the end. Each test
has a Causeway of its own, or leaves the common one as it found it."""

import contextlib
import os
import resource
import signal
import socket
import time

import pytest

from lab import rogue
from lab.process import LabError
from lab.settings import LOCAL_DOMAIN

pytestmark = pytest.mark.xdist_group("faults")

ALICE = f"alice@{LOCAL_DOMAIN}"


def new_process(border, eventually, role: str, old: int, seconds: float = 1) -> None:
    def is_new():
        with contextlib.suppress(LabError):
            return border.pid(role) != old
        return False
    eventually(is_new, seconds, f"a new {role}")


def works(border, partner, body: str, eventually, seconds: float = 10) -> None:
    """Out, on the edge's stream, and in, on a new one of the partner's."""
    def out():
        return border.sip.ask(ALICE, f"j@{partner.domain}", body) == 202
    eventually(out, seconds, "a message out", every=0.2)
    eventually(lambda: body in partner.bodies(), 3, "the message at the partner")

    def come_in():
        with contextlib.suppress(OSError, rogue.Ended, rogue.Silence, LabError):
            with border.call(partner) as stream:
                stream.send(rogue.message(f"j@{partner.domain}", ALICE, "in " + body))
                eventually(lambda: "in " + body in border.sip.bodies(), 1, "the message in")
            return True
        return False
    eventually(come_in, seconds, "a message in", every=0.2)


@pytest.mark.parametrize("role", ["edge", "gateway"])
def test_F01_killed_again_and_again(border, eventually, role):
    """A new one within a second each time; every sender hears; nothing is delivered twice."""
    partner = border.partner(f"kill-{role}.test")
    works(border, partner, "before", eventually)
    other = border.pid({"edge": "gateway", "gateway": "edge"}[role])
    sent = {}
    for turn in range(4):
        old = border.pid(role)
        for n in range(40):
            body = f"turn {turn} number {n}"
            sent[border.sip.send(ALICE, f"j@{partner.domain}", body)] = body
            if n == 20:
                os.kill(old, signal.SIGKILL)
        new_process(border, eventually, role, old)
        works(border, partner, f"after kill {turn}", eventually)
    statuses = dict(zip(sent.values(), border.sip.wait_answers(list(sent), 40)))
    assert border.pid({"edge": "gateway", "gateway": "edge"}[role]) == other
    bodies = partner.bodies()
    twice = {body for body in bodies if bodies.count(body) > 1}
    # a killed gateway knows nothing of what it had sent on: a SIP client that repeats its request
    # is served again
    assert role == "gateway" or not twice
    unheard = [b for b, status in statuses.items() if status == 202 and b not in bodies]
    assert role == "edge" or not unheard


CUTS = {
    "in-the-header": lambda border, partner: cut_plain(border, "<?xml version='1.0'?><stream:str"),
    "in-the-handshake": lambda border, partner: cut_handshake(border),
    "in-a-record": lambda border, partner: cut_record(border, partner),
    "in-a-stanza": lambda border, partner: cut_stanza(border, partner),
}


def cut_plain(border, text: str) -> None:
    stream = rogue.connect(border.settings.edge)
    stream.send(text)
    stream.reset()


def cut_handshake(border) -> None:
    stream = rogue.connect(border.settings.edge)
    stream.open("cut.test", LOCAL_DOMAIN)
    stream.send(f"<starttls xmlns='{rogue.TLS}'/>")
    stream.expect("proceed")
    stream.send(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")  # begins a ClientHello
    stream.reset()


def cut_record(border, partner) -> None:
    stream = border.call(partner)
    plain = socket.socket(fileno=os.dup(stream.socket.fileno()))
    with contextlib.closing(plain):
        plain.sendall(b"\x17\x03\x03\x01\x00half of a record")
    stream.reset()


def cut_stanza(border, partner) -> None:
    stream = border.call(partner)
    stream.send(rogue.message("j@cut.test", ALICE, "half a message")[:-5])
    time.sleep(0.05)
    stream.reset()


@pytest.fixture(scope="module")
def cut_partner(border):
    return border.partner("cut.test")


@pytest.mark.parametrize("where", CUTS)
def test_F02_cut(border, cut_partner, eventually, where):
    """Nothing of it is delivered, everything of it is freed, the others do not notice."""
    works(border, cut_partner, f"before {where}", eventually)
    files = border.files()
    for _ in range(10):
        CUTS[where](border, cut_partner)
    eventually(lambda: border.files() <= files, 5, "files to come back")
    works(border, cut_partner, f"after {where}", eventually)
    assert "half a message" not in border.sip.bodies()
    assert len(cut_partner.attempts) == 1


def test_F02_the_edges_own_stream_cut_in_the_middle(border, eventually):
    """The partner resets while it is being sent to: reported or delivered, and opened anew."""
    partner = border.partner("cuts.test")
    for turn in range(3):
        sent = [border.sip.send(ALICE, "j@cuts.test", f"{turn} {n} " + "x" * 500)
                for n in range(60)]
        eventually(lambda: len(partner.bodies()) > 5, 3, "some messages")
        partner.drop()
        assert set(border.sip.wait_answers(sent)) <= {202, 504}
    works(border, partner, "after the cuts", eventually)
    gaps = [b - a for a, b in zip(partner.attempts, partner.attempts[1:])]
    assert min(gaps) > 0.95


def test_F05_no_more_files(border, eventually):
    """No busy loop at the limit, and it accepts again as soon as files are free."""
    partner = border.partner("files.test")
    works(border, partner, "before", eventually)
    pid = border.pid()
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (64, before[1]))
    try:
        held = [socket.create_connection(border.settings.edge) for _ in range(200)]
        cpu = border.cpu()
        time.sleep(2)
        assert border.cpu() - cpu < 0.4
        assert border.pid() == pid
        # a stream that is up goes on
        assert border.sip.ask(ALICE, "j@files.test", "at the limit") == 202
        for sock in held:
            sock.close()
        began = time.monotonic()
        works(border, partner, "after", eventually)
        assert time.monotonic() - began < 3
    finally:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)


def test_F10_a_hundred_hangups(border, eventually):
    """Sent to the supervisor while messages are on their way; no stream is lost, nothing leaks."""
    partner = border.partner("hangup.test")
    works(border, partner, "before", eventually)
    stream, pid = border.call(partner), border.pid()
    memory, files = border.memory(), border.files()
    sent = []
    for n in range(100):
        os.kill(border.causeway.pid, signal.SIGHUP)
        os.kill(pid, signal.SIGHUP)
        sent.append(border.sip.send(ALICE, "j@hangup.test", f"during {n}"))
        stream.send(rogue.message("j@hangup.test", ALICE, f"in during {n}"))
        time.sleep(0.01)
    assert set(border.sip.wait_answers(sent)) == {202}
    eventually(lambda: {f"in during {n}" for n in range(100)} <= set(border.sip.bodies()), 5,
               "all messages in")
    assert (border.pid(), len(partner.attempts)) == (pid, 1)
    eventually(lambda: border.files() <= files, 3, "files to come back")
    assert border.memory() - memory < 8


def test_F09_the_end(make_border, eventually):
    """Everybody hears: streams get system-shutdown, queued messages their error; and it is quick."""
    border = make_border("  queue:\n    timeout-s: 60")
    partners = [border.partner(f"end{n}.test") for n in range(4)]
    for partner in partners:
        assert border.sip.ask(ALICE, f"j@{partner.domain}", "hello") == 202
    streams = [border.call(partner) for partner in partners for _ in range(5)]
    silent = border.partner("silent.test", start=False)
    silent.greets = False
    silent.start()
    sent = [border.sip.send(ALICE, "j@silent.test", f"queued {n}") for n in range(300)]
    border.sip.answer = None  # what comes in now has no outcome when the end comes
    streams[0].send("".join(rogue.message(f"j@{partners[0].domain}", ALICE, f"open {n}", f"id{n}")
                            for n in range(20)))
    eventually(lambda: len(border.sip.bodies()) >= 1 and silent.attempts, 3, "messages under way")
    time.sleep(0.3)
    began = time.monotonic()
    os.kill(border.causeway.pid, signal.SIGTERM)
    errors = [stream.wait_end(8) for stream in streams]
    assert border.causeway.process.wait(10) == 0
    assert time.monotonic() - began < 10
    assert set(errors) == {"system-shutdown"}
    for partner in partners:
        eventually(lambda: partner.ends == ["system-shutdown"], 2, "the end of our own streams")
    assert len(border.sip.wait_answers(sent, 3)) == 300
    assert set(border.sip.answers[i] for i in sent) <= {480, 503, 504}
    eventually(lambda: len(partners[0].errors()) == 20, 3, "an error for each message in")
