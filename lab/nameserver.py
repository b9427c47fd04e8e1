"""A scripted DNS server, UDP and TCP: answers, errors, silence and changes of mind, by name.

    zone["_xmpp-server._tcp.fabrikam.test"] = Name(SRV=[(0, 5, 5269, "xmpp.fabrikam.test")])
    zone["xmpp.fabrikam.test"] = Name(A=["127.0.11.2"])

Names that are not in the zone do not exist.
"""

import collections
import contextlib
import dataclasses
import ipaddress
import socket
import struct
import threading

from .process import accepted

_TYPES = {"A": 1, "CNAME": 5, "AAAA": 28, "SRV": 33}
_SERVFAIL, _NXDOMAIN = 2, 3
_UDP_MAX = 1200
_TRUNCATED = struct.pack("!HHHHH", 0x8380, 1, 0, 0, 0)


@dataclasses.dataclass
class Name:
    """What the server says about one name. Lists may be functions that return them."""

    A: list = ()
    AAAA: list = ()
    SRV: list = ()  #: (priority, weight, port, target)
    CNAME: str = ""
    ttl: int = 1
    fails: bool = False  #: SERVFAIL
    silent: bool = False  #: no answer at all
    mute: tuple = ()  #: no answer to questions for these types


def _wire_name(name: str) -> bytes:
    labels = [label.encode() for label in name.rstrip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def _wire_data(kind: str, value) -> bytes:
    if kind == "CNAME":
        return _wire_name(value)
    if kind == "SRV":
        return struct.pack("!HHH", *value[:3]) + _wire_name(value[3])
    return ipaddress.ip_address(value).packed


class NameServer:
    """Runs in threads of this process while the context lasts."""

    def __init__(self, address):
        self.address = address
        self.zone = {}
        self.silent = False  #: as if the machine were gone
        self.asked = collections.Counter()  #: questions by (name, type)
        self._sockets = []
        self._threads = []

    def start(self) -> "NameServer":
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        for sock in (udp, tcp):
            sock.bind(self.address)
        tcp.listen(16)
        self._sockets = [udp, tcp]
        udp.settimeout(0.1)  # so that the thread hears of the end
        self._threads = [threading.Thread(target=work, args=(sock,), daemon=True)
                         for work, sock in ((self._serve_udp, udp), (self._serve_tcp, tcp))]
        for thread in self._threads:
            thread.start()
        return self

    def stop(self) -> None:
        sockets, self._sockets = self._sockets, []
        for sock in sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for sock in sockets:
            sock.close()

    __enter__ = start

    def __exit__(self, *_):
        self.stop()

    def _serve_udp(self, sock) -> None:
        while self._sockets:
            try:
                query, client = sock.recvfrom(4096)
                answer = self._answer(query)
                if answer is not None and len(answer) > _UDP_MAX:
                    answer = query[:2] + _TRUNCATED + query[12:query.index(b"\0", 12) + 5]
                if answer is not None:
                    sock.sendto(answer, client)
            except TimeoutError:
                continue
            except OSError:
                return

    def _serve_tcp(self, listener) -> None:
        for client, _ in accepted(listener):
            threading.Thread(target=self._serve_one, args=(client,), daemon=True).start()

    def _serve_one(self, client) -> None:
        with client:
            client.settimeout(10)
            try:
                while len(head := client.recv(2, socket.MSG_WAITALL)) == 2:
                    query = client.recv(*struct.unpack("!H", head), socket.MSG_WAITALL)
                    answer = self._answer(query)
                    if answer is None:
                        return
                    client.sendall(struct.pack("!H", len(answer)) + answer)
            except OSError:
                return

    def _answer(self, query: bytes):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode("latin-1"))
            at += 1 + query[at]
        name = ".".join(labels).lower()
        number, = struct.unpack("!H", query[at + 1:at + 3])
        kind = next((k for k, v in _TYPES.items() if v == number), "")
        if self.silent:
            return None
        self.asked[name, kind] += 1
        records, status = self._look_up(name, kind)
        if records is None:
            return None
        head = query[:2] + struct.pack("!HHHHH", 0x8180 | status, 1, len(records), 0, 0)
        return head + query[12:at + 5] + b"".join(records)

    def _look_up(self, name: str, kind: str):
        records = []
        for _ in range(8):  # a chain of CNAMEs
            entry = self.zone.get(name)
            if entry is None:
                return records, 0 if records or self._is_above(name) else _NXDOMAIN
            if entry.silent or kind in entry.mute:
                return None, 0
            if entry.fails:
                return [], _SERVFAIL
            is_alias = bool(entry.CNAME) and kind != "CNAME"
            used = "CNAME" if is_alias else kind
            values = [entry.CNAME] if is_alias else getattr(entry, kind, ()) if kind else ()
            for value in values() if callable(values) else values:
                data = _wire_data(used, value)
                records.append(_wire_name(name) + struct.pack("!HHIH", _TYPES[used], 1, entry.ttl,
                                                              len(data)) + data)
            if not is_alias:
                return records, 0
            name = entry.CNAME
        return [], _SERVFAIL

    def _is_above(self, name: str) -> bool:
        return any(other.endswith("." + name) for other in self.zone)
