"""A next hop of the gateway, scripted: a SIP server over UDP, TCP or TLS that answers as told."""

import dataclasses
import re
import socket
import ssl
import threading

from .process import accepted

_TAKEN = re.compile(r"^(Via|From|To|Call-ID|CSeq)[ \t]*:[ \t]*(.*)$", re.I)


@dataclasses.dataclass
class Request:
    line: str
    headers: dict
    body: str
    transport: str
    connection: int  #: a number for each connection, 0 for UDP
    source: tuple

    @property
    def cseq(self) -> int:
        return int(self.headers["cseq"].split()[0])

    @property
    def branch(self) -> str:
        return re.search(r"branch=([^;\s]+)", self.headers["via"])[1]


class SipHop:
    """Runs in threads of this process while the context lasts.

    answer: a status, None for silence, or a function of the request that returns one of these or
    (status, header lines each with CR LF).
    """

    def __init__(self, address, transport: str = "UDP", answer=200, context: ssl.SSLContext = None):
        self.address = address
        self.transport = transport
        self.answer = answer
        self.requests = []
        self.pings = 0
        self.connections = 0
        self.pongs = True
        self.asked_names = []  #: SNI
        self.certificates = []  #: of the clients, as ssl tells them
        self._context = context
        self._socket = None
        self._open = []
        if context:
            context.sni_callback = lambda _s, name, _c: self.asked_names.append(name)

    def __enter__(self) -> "SipHop":
        is_udp = self.transport == "UDP"
        self._socket = socket.socket(socket.AF_INET6 if ":" in self.address[0] else socket.AF_INET,
                                     socket.SOCK_DGRAM if is_udp else socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.bind(self.address)
        if not is_udp:
            self._socket.listen(20)
        threading.Thread(target=self._udp if is_udp else self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        for sock in [self._socket, *self._open]:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            sock.close()

    def bodies(self):
        return [request.body for request in list(self.requests)]

    def _udp(self) -> None:
        while True:
            try:
                data, source = self._socket.recvfrom(70000)
            except OSError:
                return
            if source is None:  # it was shut down
                return
            answer = self._take(data, 0, source)
            if answer:
                self._socket.sendto(answer, source)

    def _accept(self) -> None:
        for client, source in accepted(self._socket):
            self.connections += 1
            self._open.append(client)
            threading.Thread(target=self._stream, args=(client, source, self.connections),
                             daemon=True).start()

    def _stream(self, client, source, number: int) -> None:
        data = b""
        try:
            if self._context:
                client = self._context.wrap_socket(client, server_side=True)
                self._open.append(client)
                self.certificates.append(client.getpeercert())
            while True:
                while data.startswith(b"\r\n\r\n"):
                    data = data[4:]
                    self.pings += 1
                    if self.pongs:
                        client.sendall(b"\r\n")
                head, mark, rest = data.partition(b"\r\n\r\n")
                size = re.search(rb"(?i)\r\ncontent-length[ \t]*:[ \t]*(\d+)", head)
                if mark and head and len(rest) >= int(size[1]):
                    whole, data = head + mark + rest[:int(size[1])], rest[int(size[1]):]
                    answer = self._take(whole, number, source)
                    if answer:
                        client.sendall(answer)
                    continue
                more = client.recv(65536)
                if not more:
                    return
                data += more
        except OSError:
            return
        finally:
            client.close()

    def _take(self, data: bytes, number: int, source) -> bytes:
        head, _, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
        line, *lines = head.split("\r\n")
        headers = {}
        for each in lines:
            name, _, value = each.partition(":")
            headers.setdefault(name.strip().lower(), value.strip())
        request = Request(line, headers, body, self.transport, number, source)
        self.requests.append(request)
        said = self.answer(request) if callable(self.answer) else self.answer
        if said is None:
            return b""
        status, more = said if isinstance(said, tuple) else (said, "")
        return answer_to(head, status, more)


def answer_to(head: str, status: int, more: str = "") -> bytes:
    taken = [line for line in head.split("\r\n") if _TAKEN.match(line)]
    lines = [line + ";tag=hop" if line.lower().startswith("to:") and "tag=" not in line else line
             for line in taken]
    return "\r\n".join([f"SIP/2.0 {status} Scripted", *lines,
                        f"{more}Content-Length: 0\r\n\r\n"]).encode()
