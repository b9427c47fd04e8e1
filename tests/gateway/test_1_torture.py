"""The torture messages of RFC 4475 and RFC 5118, sent to the running gateway over UDP and TCP,
whole and cut at every octet.  tests/data/sip-torture/expected.tsv says what must come back."""

import csv
import pathlib
import re
import select
import time

import pytest

from lab.gateway import read_all, reset, status, statuses

FOLDER = pathlib.Path(__file__).resolve().parent.parent / "data" / "sip-torture"

#: accepted as a whole: what policy says then is apart, but never that it is malformed
_BY_POLICY = {200, 202, 403, 404, 405, 406, 415, 416, 480, 481, 483, 488, 501, 504}
_AT_ONCE = 64  # connections


def _rows():
    with open(FOLDER / "expected.tsv", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def _wanted(row, data: bytes):
    """The statuses that hold; 0: silence."""
    if data.startswith(b"SIP/2.0 "):
        return {0}
    if row["class"] == "valid":
        return _BY_POLICY
    if row["class"] == "invalid":
        return {400}
    return {int(s) for s in re.findall(r"\b[45]\d\d\b", row["required"])}


def _wanted_on_stream(row, data: bytes):
    """Framing that is broken is 400 and the end; a length beyond the message is waited for."""
    head = data.partition(b"\r\n\r\n")[0]
    lengths = re.findall(rb"^(?:content-length|l)[ \t]*:[ \t]*([^\r]*)", head, re.I | re.M)
    if row["file"].endswith("/clerr.dat"):
        return {0}, False
    if len(lengths) != 1 or not lengths[0].strip().isdigit():
        return ({400} if not data.startswith(b"SIP/2.0 ") else {0}), True
    return _wanted(row, data), None


_ROWS = _rows()


def test_udp(gateway):
    """One datagram each.  The answer goes to our address and the port of the Via."""
    bad = []
    for row in _ROWS:
        data = (FOLDER / row["file"]).read_bytes()
        vias = re.findall(rb"^v(?:ia)?[ \t]*:[^\r]*(?:\r\n[ \t][^\r]*)*", data, re.I | re.M)
        ports = {5060} | {int(p) for p in re.findall(rb":[ \t]*(\d{4,5})", vias[0] if vias else b"")
                          if 1024 < int(p) < 65536}
        sockets = [gateway.udp(port) for port in ports]
        sockets[0].sendto(data, gateway.address)
        wanted = _wanted(row, data)
        ready = select.select(sockets, [], [], 0.15 if wanted == {0} else 3)[0]
        answers = [s.recv(70000) for s in ready]
        for sock in sockets:
            sock.close()
        got = status(answers[0]) if answers else 0
        if got not in wanted:
            bad.append((row["file"], got, wanted))
        if answers and len(answers[0]) > 1.5 * len(data) + 200:
            bad.append((row["file"], "answer of", len(answers[0]), "to", len(data)))
    assert bad == []


def test_tcp_whole(gateway):
    bad = []
    for row in _ROWS:
        data = (FOLDER / row["file"]).read_bytes()
        wanted, closes = _wanted_on_stream(row, data)
        with gateway.tcp() as connection:
            connection.sendall(data)
            answer, closed = read_all(connection, 0.2 if wanted == {0} else 3, 0.05)
        if status(answer) not in wanted or (closes is not None and closed != closes):
            bad.append((row["file"], statuses(answer), closed, wanted, closes))
    assert bad == []


def test_two_in_one_stream(gateway):
    """On UDP what is behind Content-Length is ignored; on a stream it is the next request."""
    data = (FOLDER / "rfc4475" / "dblreq.dat").read_bytes()
    answer, _ = gateway.ask_tcp(data, seconds=1)
    assert statuses(answer) == [405, 405]
    assert re.findall(rb"^CSeq: \d+ (\w+)", answer, re.M) == [b"REGISTER", b"INVITE"]


def _cut_all(gateway, data: bytes, expects_answer: bool):
    """The statuses that come back, one for each place to cut, and where the connection ended
    without one."""
    got = set()
    for start in range(1, len(data), _AT_ONCE):
        places = range(start, min(start + _AT_ONCE, len(data)))
        connections = [gateway.tcp() for _ in places]
        for connection, place in zip(connections, places):
            connection.sendall(data[:place])
        time.sleep(0.003)
        for connection, place in zip(connections, places):
            try:
                connection.sendall(data[place:])
            except (BrokenPipeError, ConnectionResetError):
                pass  # refused by its first part
        waiting, answers = set(connections), {}
        end = time.monotonic() + (5 if expects_answer else 0.02)
        while waiting and time.monotonic() < end:
            for connection in select.select(list(waiting), [], [], end - time.monotonic())[0]:
                try:
                    answers[connection] = connection.recv(65536)
                except ConnectionResetError:
                    answers[connection] = b""
                waiting.discard(connection)
        got |= {status(answers.get(connection, b"")) for connection in connections}
        for connection in connections:
            reset(connection)
    return got


@pytest.mark.parametrize("part", range(4))
def test_tcp_cut_everywhere(gateway, part):
    """Each cut gives the one status that the whole gives."""
    bad = []
    for row in _ROWS[part::4]:
        data = (FOLDER / row["file"]).read_bytes()
        wanted, _ = _wanted_on_stream(row, data)
        with gateway.tcp() as connection:
            connection.sendall(data)
            whole = status(read_all(connection, 0.2 if wanted == {0} else 3, 0.02)[0])
        got = _cut_all(gateway, data, wanted != {0})
        if got != {whole}:
            bad.append((row["file"], got, whole))
    assert bad == []
