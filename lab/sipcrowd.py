"""A SIP platform with thousands of users who watch and are watched, as cheap as can be: one TCP
connection in each direction, no retransmissions, and only what a dialog needs (RFC 6665)."""

import re
import socket
import threading

from .pidf import State
from .process import accepted
from .settings import LOCAL_DOMAIN

_LENGTH = re.compile(rb"(?i)\r\n(?:content-length|l)[ \t]*:[ \t]*(\d+)")
_FIELD = re.compile(r"^([A-Za-z-]+)[ \t]*:[ \t]*(.*?)\r?$", re.M)
_NUMBER = re.compile(rb"\d+")
_TAG = re.compile(r";tag=([^;>\s]+)")
_URI = re.compile(r"<([^>]*)>")
_EXPIRES = 28800


def number_of(address: bytes) -> int:
    """Of users who are told apart by a number in their names."""
    return int(_NUMBER.search(address)[0])


class _Dialog:
    """One in which we tell of a user; in the words of our own requests."""

    __slots__ = ("target", "sender", "to", "call_id", "cseq", "document")


class SipCrowd:
    """Runs in threads of this process while the context lasts; its users are numbered."""

    def __init__(self, address, gateway):
        self.address, self.gateway = address, gateway
        self.documents = {}  #: by the number of who watches: what he was told last
        self.n_told = 0  #: NOTIFY that came
        self.refused = []  #: (Call-ID, status) of final answers that say no
        self._watched = {}  #: by number: the dialog in which he is watched
        self._new = []  #: of whom a NOTIFY is due
        self._count = 0
        self._out = None
        self._lock = threading.Lock()
        self._open = []

    def __enter__(self) -> "SipCrowd":
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(self.address)
        listener.listen(8)
        self._open.append(listener)
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return self

    def __exit__(self, *_):
        for sock in self._open:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()

    # --- what users do

    def subscribe(self, number: int, watcher: str, contact: str) -> None:
        self._request("SUBSCRIBE", f"sip:{contact}", f"<sip:{watcher}>;tag=w{number}",
                      f"<sip:{contact}>", f"watch{number}", 1, "Accept: application/pidf+xml\r\n"
                      f"Expires: {_EXPIRES}\r\n{self._contact(watcher)}")

    def notify(self, number: int, document: str) -> None:
        dialog = self._watched[number]
        dialog.cseq += 1
        dialog.document = document
        self._request("NOTIFY", dialog.target, dialog.sender, dialog.to, dialog.call_id, dialog.cseq,
                      f"Subscription-State: active;expires={_EXPIRES}\r\n"
                      f"{self._contact(f's{number}@{LOCAL_DOMAIN}')}", document)

    def _contact(self, user: str) -> str:
        return (f"Contact: <sip:{user.partition('@')[0]}@{self.address[0]}:{self.address[1]}"
                ";transport=tcp>\r\n")

    def _request(self, method: str, target: str, sender: str, to: str, call_id: str, cseq: int,
                 more: str, body: str = "") -> None:
        kind = "Content-Type: application/pidf+xml\r\n" if body else ""
        with self._lock:
            self._count += 1
            text = (f"{method} {target} SIP/2.0\r\n"
                    f"Via: SIP/2.0/TCP {self.address[0]}:{self.address[1]};branch=z9hG4bKc"
                    f"{self._count}\r\nMax-Forwards: 70\r\nFrom: {sender}\r\nTo: {to}\r\n"
                    f"Call-ID: {call_id}\r\nCSeq: {cseq} {method}\r\nEvent: presence\r\n{more}{kind}"
                    f"Content-Length: {len(body.encode())}\r\n\r\n{body}")
            try:
                self._connected().sendall(text.encode())
            except OSError:  # the gateway was away meanwhile
                self._out = None
                self._connected().sendall(text.encode())

    def _connected(self) -> socket.socket:
        if self._out is None:
            self._out = socket.create_connection(self.gateway, source_address=(self.address[0], 0))
            self._open.append(self._out)
            threading.Thread(target=self._read, args=(self._out,), daemon=True).start()
        return self._out

    # --- what comes

    def _accept(self, listener) -> None:
        for sock, _ in accepted(listener):
            self._open.append(sock)
            threading.Thread(target=self._read, args=(sock,), daemon=True).start()

    def _read(self, sock) -> None:
        data = b""
        try:
            while more := sock.recv(1 << 20):
                data += more
                at, answers = 0, []
                while (end := data.find(b"\r\n\r\n", at)) >= 0:
                    head = data[at:end + 2]
                    if not head.strip():  # a ping between messages
                        at = end + 4
                        continue
                    whole = end + 4 + int(_LENGTH.search(head)[1])
                    if len(data) < whole:
                        break
                    answers += self._take(head.decode(), data[end + 4:whole].decode())
                    at = whole
                data = data[at:]
                if answers:
                    sock.sendall("".join(answers).encode())
                while self._new:
                    number = self._new.pop()
                    self.notify(number, self._watched[number].document)
        except OSError:
            return

    def _take(self, head: str, body: str) -> list:
        """What is said to that, on the same connection."""
        head = head.lstrip("\r\n")
        first, _, rest = head.partition("\r\n")
        if first.startswith("SIP/2.0 "):
            status = int(first.split()[1])
            if status >= 300:
                self.refused.append((first, dict(_FIELD.findall(rest)).get("Call-ID", "")))
            return []
        fields, vias = {}, []
        for name, value in _FIELD.findall(rest):
            if name.lower() == "via":
                vias.append(value)
            fields.setdefault(name.lower(), value)
        if first.startswith("NOTIFY "):
            self.n_told += 1
            self.documents[number_of(fields["to"].encode())] = body
            return [self._answer(fields, vias, "")]
        if first.startswith("SUBSCRIBE "):
            return self._take_subscribe(fields, vias)
        return [self._answer(fields, vias, "")]

    def _take_subscribe(self, fields: dict, vias) -> list:
        number, expires = number_of(fields["to"].encode()), int(fields.get("expires", "0"))
        user = f"s{number}@{LOCAL_DOMAIN}"
        answer = self._answer(fields, vias, f"Expires: {expires}\r\n{self._contact(user)}")
        if not _TAG.search(fields["to"]):
            dialog = _Dialog()
            dialog.target = _URI.search(fields["contact"])[1]
            dialog.sender, dialog.to = fields["to"] + ";tag=crowd", fields["from"]
            dialog.call_id, dialog.cseq = fields["call-id"], 0
            dialog.document = State().document(user)
            self._watched[number] = dialog
        self._new.append(number)  # each SUBSCRIBE is followed by a NOTIFY
        return [answer]

    def _answer(self, fields: dict, vias, more: str) -> str:
        to = fields["to"] if _TAG.search(fields["to"]) else fields["to"] + ";tag=crowd"
        return ("SIP/2.0 200 OK\r\n" + "".join(f"Via: {via}\r\n" for via in vias)
                + f"From: {fields['from']}\r\nTo: {to}\r\nCall-ID: {fields['call-id']}\r\n"
                f"CSeq: {fields['cseq']}\r\n{more}Content-Length: 0\r\n\r\n")
