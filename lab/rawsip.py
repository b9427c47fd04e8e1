"""MESSAGE requests written octet by octet, for what no SIP client would send.

They come from the address of the lab's SIP server, which the gateway takes requests from.
"""

import dataclasses
import secrets
import socket

from .process import LabError
from .settings import LOCAL_DOMAIN, Settings


@dataclasses.dataclass(frozen=True)
class Answer:
    status: int
    reason: str
    headers: str

    def header(self, name: str) -> str:
        """The value of the first header field of that name, or ""."""
        for line in self.headers.split("\r\n"):
            found, colon, value = line.partition(":")
            if colon and found.strip().lower() == name.lower():
                return value.strip()
        return ""


class RawSip:
    def __init__(self, settings: Settings):
        self._settings = settings

    def message(self, to: str, body: bytes, sender: str = f"sip:alice@{LOCAL_DOMAIN}",
                kind: str = "text/plain;charset=utf-8", more: str = "",
                seconds: float = 20) -> Answer:
        """Sends one MESSAGE over TCP to the gateway and waits for its final answer.

        to, sender: URIs as they shall stand there; more: header lines, each with CR LF.
        """
        place = self._settings.kamailio[0]
        with socket.create_connection(self._settings.gateway, timeout=seconds,
                                      source_address=(place, 0)) as connection:
            port = connection.getsockname()[1]
            head = (f"MESSAGE {to} SIP/2.0\r\n"
                    f"Via: SIP/2.0/TCP {place}:{port};branch=z9hG4bK{secrets.token_hex(8)}\r\n"
                    "Max-Forwards: 70\r\n"
                    f"From: <{sender}>;tag={secrets.token_hex(4)}\r\n"
                    f"To: <{to}>\r\n"
                    f"Call-ID: {secrets.token_hex(8)}\r\n"
                    "CSeq: 1 MESSAGE\r\n"
                    + (f"Content-Type: {kind}\r\n" if kind else "") + more
                    + f"Content-Length: {len(body)}\r\n\r\n")
            try:
                connection.sendall(head.encode() + body)
            except (BrokenPipeError, ConnectionResetError):
                pass  # refused before it was all there: the answer says why
            return self._final(connection)

    @staticmethod
    def _final(connection) -> Answer:
        """The first answer that is not provisional. (The gateway's answers have no body.)"""
        data = b""
        while True:
            while b"\r\n\r\n" not in data:
                try:
                    more = connection.recv(65536)
                except ConnectionResetError:
                    more = b""
                if not more:
                    raise LabError("the gateway closed the connection without an answer")
                data += more
            head, data = data.split(b"\r\n\r\n", 1)
            line, _, headers = head.decode("utf-8", "replace").partition("\r\n")
            _, status, reason = line.split(" ", 2)
            if int(status) >= 200:
                return Answer(int(status), reason, headers)
