"""Hostile SIP against the running gateway: what is answered, and that it lives, stays small and
serves the others."""

import contextlib
import re
import socket
import threading
import time

import pytest

from lab.fakeedge import FakeEdge
from lab.gateway import read_all, request, status, statuses
from lab.settings import LOCAL_DOMAIN, PARTNER_DOMAIN

def _waiting(sock):
    """What has come in, without waiting for more."""
    seconds = sock.gettimeout()
    sock.setblocking(False)
    answers = []
    with contextlib.suppress(BlockingIOError):
        while True:
            answers.append(sock.recv(70000))
    sock.settimeout(seconds)
    return answers


OPTIONS = dict(method="OPTIONS", to=f"sip:{LOCAL_DOMAIN}", body=b"")


def _with(row: bytes, before: bytes = b"From:") -> bytes:
    """A MESSAGE with one more header line."""
    return request().replace(b"\r\n" + before, b"\r\n" + row + b"\r\n" + before, 1)


def _replaced(name: bytes, value: bytes) -> bytes:
    return re.sub(rb"\r\n" + name + rb": [^\r]*", b"\r\n" + name + b": " + value, request(), 1)


#: name, the request on UDP, the statuses that hold (0: silence)
_ROWS = [
    ("CSeq method of 8,000 octets", _replaced(b"CSeq", b"0 " + b"A" * 8000), {400, 513}),
    ("multipart with a boundary of 4,000 octets",
     request(kind="multipart/mixed;boundary=" + "b" * 4000, body=b"--" + b"b" * 18), {400, 415}),
    ("multipart with LF only", request(kind='multipart/mixed;boundary="++"',
                                       body=b"--\n--++=AAA\nxxx\n--+"), {400, 415}),
    ("SUBSCRIBE with 50 Accept", request("SUBSCRIBE", more=("Accept: " + "A" * 300 + "\r\n") * 50,
                                         body=b""), {400, 405, 406, 489, 513}),
    ("white space before the colon", _with(b"X-Trust : yes"), {202, 480, 504}),
    ("tab before the colon", request().replace(b"\r\nFrom:", b"\r\nFrom\t:"), {202, 480, 504}),
    ("control in a header name", _with(b"Contact\x01: x"), {400}),
    ("two From", _with(b"From: <sip:boss@contoso.test>;tag=x"), {400}),
    ("two To, one compact", _with(b"t: <sip:x@fabrikam.test>"), {400}),
    ("two Call-ID", _with(b"Call-ID: other"), {400}),
    ("two CSeq", _with(b"CSeq: 2 MESSAGE"), {400}),
    ("long tag", _replaced(b"From", b"<sip:alice@contoso.test>;tag=" + b"t" * 60000), {400, 513}),
    ("no partner", request(to="sip:u@elsewhere.test"), {403, 404}),
    ("sender elsewhere", request(sender="sip:boss@elsewhere.test"), {403}),
    ("routing parameter", request(to=f"sip:u@{LOCAL_DOMAIN};x-route=api"), {403, 404}),
    ("internal header", _with(b"X-Internal: 1"), {202, 480, 504}),
    ("domain without a dot", request(to="sip:u@api"), {403, 404}),
    ("Authorization without a realm", _with(b"Authorization: Digest username=x"),
     {202, 400, 401, 480, 504}),
    ("Authorization unterminated", _with(b'Authorization: Digest username="x'),
     {202, 400, 401, 480, 504}),
    ("Authorization of 60 kB", _with(b"Authorization: Digest " + b"a" * 60000), {400, 513}),
    ("Route inside", _with(b"Route: <sip:127.0.0.1:9090;lr>"), {202, 403, 404, 480, 504}),
    ("Route to metadata", _with(b"Route: <sip:169.254.169.254>"), {202, 403, 404, 480, 504}),
    ("500 Record-Route", _with(b"\r\n".join([b"Record-Route: <sip:a.test;lr>"] * 500)),
     {202, 400, 480, 504, 513}),
    ("1,000 headers", _with(b"\r\n".join([b"X: y"] * 1000)), {400, 513}),
    ("header of 60 kB", _with(b"X: " + b"y" * 60000), {400, 513}),
    ("10,000 folds", _with(b"X: y" + b"\r\n " * 10000 + b"z"), {400, 513}),
    ("header name of 10 kB", _with(b"X" * 10000 + b": y"), {400, 513}),
    ("NUL in the start line", request().replace(b"juliet@", b"jul\0iet@", 1), {400}),
    ("NUL in a header", _with(b"Subject: a\0b"), {400}),
    ("%00 in the user part", request(to=f"sip:jul%00iet@{PARTNER_DOMAIN}"), {400, 403, 404, 480}),
    ("INVITE", request("INVITE", body=b""), {405}),
    ("REFER", request("REFER", body=b""), {405}),
    ("PUBLISH", request("PUBLISH", body=b""), {405, 489}),
    ("UPDATE", request("UPDATE", body=b""), {405}),
    ("PRACK", request("PRACK", body=b""), {405}),
    ("INFO", request("INFO", body=b""), {405}),
    ("FOO", request("FOO", body=b""), {501}),
    ("CANCEL of nothing", request("CANCEL", body=b""), {481}),
    ("ACK", request("ACK", body=b""), {0}),
    ("nothing", b"", {0}),
    ("STUN", b"\x00\x01\x00\x00\x21\x12\xa4\x42" + b"\x07" * 12, {0}),
    ("RTP", b"\x80\x00\x00\x01" + b"\x55" * 168, {0}),
    ("DTLS", b"\x16\xfe\xff\x00\x00\x00\x00\x00\x00\x00\x00\x00\x40\x01" + b"\x00" * 64, {0}),
    ("blank lines", b"\r\n\r\n\r\n\r\n", {0}),
]


@pytest.mark.parametrize("transport", ["UDP", "TCP"])
def test_rows(start, settings, transport):
    """Without an edge a good message waits for one and is answered 504 then; so two good rows
    together tell that the others were judged on their own."""
    with FakeEdge(settings.data / "gateway" / "link.sock"):
        gateway = start()
        assert status(gateway.ask_udp(request())) == 202
        bad = []
        for name, data, wanted in _ROWS:
            data = re.sub(rb"(branch=z9hG4bK)", rb"\1" + transport.encode(), data, 1)
            if transport == "UDP":
                got = status(gateway.ask_udp(data, seconds=0.2 if wanted == {0} else 3))
            elif data.startswith((b"\r", b"\x00", b"\x80", b"\x16")) or not data:
                continue  # on a stream other bytes than these begin nothing
            else:
                got = status(gateway.ask_tcp(data, seconds=0.2 if wanted == {0} else 3)[0])
            if got not in wanted:
                bad.append((name, got, wanted))
        assert bad == []


@pytest.mark.parametrize("source", ["peer", "stranger"])
def test_405_tells_the_methods(gateway, settings, source):
    where = settings.kamailio[0] if source == "peer" else settings.address(66)
    answer = gateway.ask_udp(request("INVITE", body=b""), source=where)
    if source == "peer":
        assert status(answer) == 405 and re.search(rb"\r\nAllow: .*MESSAGE", answer)
    else:
        assert status(answer) == 403 and b"Allow" not in answer


@pytest.mark.parametrize("length", ["Content-Length: 4294967328\r\n", "Content-Length: +5\r\n",
                                    "Content-Length: 18446744073709551617\r\n", "",
                                    "Content-Length: 0x10\r\n", "Content-Length: -1\r\n",
                                    "Content-Length: 5\r\nContent-Length: 0\r\n", "l: 5, 0\r\n"])
def test_smuggled_request(start, settings, length):
    """400 and the end; what stands behind is never handled."""
    smuggled = request(sender=f"sip:boss@{LOCAL_DOMAIN}", body=b"smuggled")
    with FakeEdge(settings.data / "gateway" / "link.sock") as edge:
        gateway = start()
        answer, closed = gateway.ask_tcp(request(length=length) + smuggled)
        assert statuses(answer) == [400] and closed
        assert status(gateway.ask_udp(request(body=b"good"))) == 202
        assert [s.findtext("{*}body") for s in edge.stanzas] == ["good"]


def test_strangers(start, settings):
    """403 for all, and nothing gets through (RFC 3261 section 26.1.5)."""
    with FakeEdge(settings.data / "gateway" / "link.sock") as edge:
        gateway = start()
        where = settings.address(66)
        for method in ("MESSAGE", "SUBSCRIBE", "OPTIONS"):
            assert status(gateway.ask_udp(request(method), source=where)) == 403
            assert status(gateway.ask_tcp(request(method, transport="TCP"), source=where)[0]) == 403
        assert status(gateway.ask_udp(request(body=b"good"))) == 202
        assert len(edge.stanzas) == 1


def test_answers_go_to_the_source_only(gateway, settings):
    """A Via that names a victim draws nothing there, and no more bytes than came in times 1.5."""
    victim, where = settings.address(67), settings.address(66)
    with contextlib.closing(gateway.udp(5060, victim, 0.3)) as watched, \
            contextlib.closing(gateway.udp(5060, where, 0.3)) as sock:
        sent = received = 0
        for number in range(10000):
            data = request(via=f"{victim};rport;maddr={victim};received={victim}", body=b"",
                           branch=f"z9hG4bKv{number}")
            sock.sendto(data, gateway.address)
            sent += len(data)
            received += sum(map(len, _waiting(sock)))
        with contextlib.suppress(socket.timeout):
            while True:
                received += len(sock.recv(70000))
        assert 0 < received <= sent * 1.5
        with pytest.raises(socket.timeout):
            watched.recv(1)
    lines = gateway.output().count("sip-refused")
    assert lines < 2000, f"{lines} lines in the log for one stranger"


def test_stray_responses(gateway):
    """100,000 of them: silence, and no memory."""
    statuses_ = ("200 OK", "401 Unauthorized", "408 Timeout", "503 Busy", "603 Decline")
    with contextlib.closing(gateway.udp(seconds=0.3)) as sock:
        def send(count):
            for number in range(count):
                sock.sendto((f"SIP/2.0 {statuses_[number % 5]}\r\nVia: SIP/2.0/UDP "
                             f"{gateway.address[0]}:{gateway.address[1]};branch=z9hG4bKs{number}\r\n"
                             f"From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>;tag=2\r\nCall-ID: s{number}\r\n"
                             "CSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n").encode(),
                            gateway.address)
        send(10000)
        assert status(gateway.ask_udp(request(**OPTIONS), seconds=20)) == 200
        before = gateway.memory_mib()
        send(90000)
        assert status(gateway.ask_udp(request(**OPTIONS), seconds=20)) == 200
        assert gateway.memory_mib() < before + 30
        with pytest.raises(socket.timeout):
            sock.recv(1)


def test_a_million_pings(gateway):
    """At most one pong a ping; from one who does not read them, the gateway does not keep them."""
    with gateway.tcp() as connection:
        connection.sendall(b"\r\n\r\n" * 1000)
        pongs, _ = read_all(connection)
        assert 0 < len(pongs) <= 2000 and set(pongs) <= set(b"\r\n")
    before = gateway.memory_mib()
    with gateway.tcp(seconds=30) as connection:
        for _ in range(100):
            connection.sendall(b"\r\n\r\n" * 10000)
        assert status(gateway.ask_udp(request(**OPTIONS), seconds=10)) == 200
        assert gateway.memory_mib() < before + 20


def test_flood(start, settings):
    """One address floods; another sends one a second and is served at once.  The flood is told 503
    with Retry-After."""
    loud, quiet = settings.kamailio[0], settings.address(33)
    with FakeEdge(settings.data / "gateway" / "link.sock"):
        gateway = start(peers=f"\n      - {{name: quiet, addresses: [{quiet}]}}",
                        sip="\n    max-transactions: 4000\n    max-transactions-per-peer: 2000")
        stop = threading.Event()
        told = {}

        def flood():
            with contextlib.closing(gateway.udp(source=loud)) as sock:
                number = 0
                while not stop.is_set():
                    for _ in range(50):
                        number += 1
                        sock.sendto(request(branch=f"z9hG4bKloud{number}"), gateway.address)
                    for answer in _waiting(sock):
                        code = status(answer)
                        told[code] = told.get(code, 0) + 1
                        assert code != 503 or b"\r\nRetry-After: " in answer
                    time.sleep(0.01)
        thread = threading.Thread(target=flood)
        thread.start()
        try:
            for number in range(5):
                began = time.monotonic()
                answer = gateway.ask_udp(request(branch=f"z9hG4bKquiet{number}"), source=quiet)
                assert status(answer) == 202 and time.monotonic() - began < 1
                time.sleep(1)
        finally:
            stop.set()
            thread.join()
        assert told.get(503, 0) > 0 and told.get(202, 0) >= 1000, told


def test_connections_of_strangers_are_few(gateway, settings):
    """A stranger who opens connections leaves room for the peer, and it for itself."""
    with contextlib.ExitStack() as stack:
        for _ in range(300):
            with contextlib.suppress(OSError):
                stack.enter_context(gateway.tcp(settings.address(66)))
        answer, _ = gateway.ask_tcp(request(transport="TCP", **OPTIONS))
        assert status(answer) == 200
        answer, _ = gateway.ask_tcp(request(transport="TCP", **OPTIONS), settings.address(67))
        assert status(answer) == 403


def test_reason_phrase_is_escaped(start, settings):
    """What a next hop says is logged cut and escaped."""
    from lab.siphop import SipHop

    class Rude(SipHop):
        def _take(self, data, number, source):
            return super()._take(data, number, source).replace(
                b"Scripted", b"\x1b[31m<script>" + b"x" * 8000, 1)
    with Rude(settings.kamailio, "TCP", 404), \
            FakeEdge(settings.data / "gateway" / "link.sock") as edge:
        gateway = start(partner=("--type", "Federated"), sip="\n    t1-ms: 50")
        edge.deliver("one")
        log = gateway.output()
        assert "\x1b" not in log
        assert max(map(len, log.splitlines())) < 4000
