"""The gateway alone, without an edge: for tests that speak SIP to it octet by octet."""

import contextlib
import pathlib
import re
import socket
import struct
import subprocess
import time

from .causeway import _sanitizers
from .process import Server, require_free
from .settings import LOCAL_DOMAIN, PARTNER_DOMAIN, Settings

#: indented as the list's entries stand in the file
_UDP_AND_TCP = """
      - {{transport: udp, address: "{ip}:{port}"}}
      - {{transport: tcp, address: "{ip}:{port}"}}"""


class Gateway(Server):
    """`causeway gateway` with the lab's SIP platform as its one peer.

    sip, hop, listen, peers: further lines of gateway.sip and of its lists; uri: of the next hop;
    partner: options of the one partner; address_peer: the platform is known by its address;
    bound: where the two listeners are bound, when not to the gateway's address.
    """

    def __init__(self, settings: Settings, sip: str = "", hop: str = "", uri: str = "",
                 listen: str = "", peers: str = "", partner=(),
                 address_peer: bool = True, bound: str = ""):
        directory = settings.data / "gateway"
        ip, port = settings.gateway
        peer = settings.kamailio
        self.address = settings.gateway
        self.config = directory / "causeway.yaml"
        self.settings = settings
        self._partner = partner
        if address_peer:
            peers = f"\n      - {{name: platform, addresses: [{peer[0]}]}}{peers}"
        self._text = f"""# Written anew at each start.
data-dir: {directory}
log: {{level: debug}}
local-domains: [{LOCAL_DOMAIN}]
gateway:
  sip:
    listen:{_UDP_AND_TCP.format(ip=bound or ip, port=port)}{listen}
    peers:{peers}
    next-hop:
      - domain: {LOCAL_DOMAIN}
        uri: "{uri or f'sip:{peer[0]}:{peer[1]};transport=tcp'}"{hop}{sip}
"""
        super().__init__("Gateway", [settings.program, "gateway", "--config", self.config],
                         directory, env=_sanitizers(directory))
        # So that memory that was given back is seen to be gone.
        self.env["ASAN_OPTIONS"] += ":quarantine_size_mb=1:allocator_release_to_os_interval_ms=100"

    def start(self) -> "Gateway":
        require_free(self.address, ("udp", "tcp"))
        self.directory.mkdir(parents=True, exist_ok=True)
        self.config.write_text(self._text)
        self.command("partner", "new", PARTNER_DOMAIN, *self._partner)
        super().start()
        self.wait_ready(lambda: "event=started" in self.output() or " started " in self.output())
        return self

    def command(self, *words) -> None:
        """`causeway` with these words and the gateway's configuration."""
        subprocess.run([self.settings.program, *words, "--config", self.config], env=self.env,
                       check=True, capture_output=True, timeout=30)

    def faults(self):
        """Lines by which the sanitizers, when built in, have reported something."""
        return [line for line in self.output().splitlines()
                if "Sanitizer" in line or ": runtime error: " in line]

    def processor_seconds(self) -> float:
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100

    def memory_mib(self) -> float:
        return int(pathlib.Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * 4096 / 2**20

    # --- sockets

    def tcp(self, source: str = "", seconds: float = 5) -> socket.socket:
        """A connection from that address (default: the peer's)."""
        connection = socket.create_connection(
            self.address, timeout=seconds, source_address=(source or self.settings.kamailio[0], 0))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def udp(self, port: int = 0, source: str = "", seconds: float = 5) -> socket.socket:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((source or self.settings.kamailio[0], port))
        sock.settimeout(seconds)
        return sock

    def ask_udp(self, request: bytes, source: str = "", seconds: float = 5,
                port: int = 0) -> bytes:
        """The first answer, or b"" when there is none in time.  Sent again like timer E does."""
        end, pause = time.monotonic() + seconds, 0.4
        with contextlib.closing(self.udp(source=source)) as sock:
            while time.monotonic() < end:
                sock.sendto(request, (self.address[0], port or self.address[1]))
                sock.settimeout(min(pause, max(end - time.monotonic(), 0.01)))
                with contextlib.suppress(socket.timeout):
                    return sock.recv(70000)
        return b""

    def ask_tcp(self, request: bytes, source: str = "", seconds: float = 5) -> "tuple[bytes, bool]":
        """All that comes back until nothing more does for a moment, and whether it was closed."""
        with contextlib.closing(self.tcp(source)) as connection:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(request)
            return read_all(connection, seconds)


def read_all(connection, seconds: float = 5, quiet: float = 0.3) -> "tuple[bytes, bool]":
    data, end = b"", time.monotonic() + seconds
    while time.monotonic() < end:
        connection.settimeout(quiet if data else end - time.monotonic())
        try:
            more = connection.recv(65536)
        except socket.timeout:
            break
        except ConnectionResetError:
            return data, True
        if not more:
            return data, True
        data += more
    return data, False


def reset(connection) -> None:
    """Closes without TIME_WAIT: tens of thousands of connections come from one address."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def statuses(data: bytes):
    """The final statuses in what came back, in order."""
    return [int(s) for s in re.findall(rb"^SIP/2\.0 ([2-6]\d\d) ", data, re.MULTILINE)]


def status(data: bytes) -> int:
    """The first final status, or 0."""
    return (statuses(data) or [0])[0]


_count = 0


def request(method: str = "MESSAGE", to: str = f"sip:juliet@{PARTNER_DOMAIN}", body: bytes = b"hello",
            sender: str = f"sip:alice@{LOCAL_DOMAIN}", more: str = "", transport: str = "UDP",
            branch: str = "", via: str = "127.0.0.1;rport", kind: str = "text/plain",
            length: str = None) -> bytes:
    """A request with a branch and a Call-ID of its own; more: header lines, each with CR LF."""
    global _count
    _count += 1
    branch = branch or f"z9hG4bKt{_count}"
    size = f"Content-Length: {len(body)}\r\n" if length is None else length
    head = (f"{method} {to} SIP/2.0\r\nVia: SIP/2.0/{transport} {via};branch={branch}\r\n"
            f"Max-Forwards: 70\r\nFrom: <{sender}>;tag=f{_count}\r\nTo: <{to}>\r\n"
            f"Call-ID: call{_count}\r\nCSeq: 1 {method}\r\n{more}"
            + (f"Content-Type: {kind}\r\n" if body else "") + size + "\r\n")
    return head.encode("utf-8", "surrogateescape") + body


def event(method: str, call: str, sender: str, to: str, cseq: int = 1, more: str = "",
          body: bytes = b"", kind: str = "application/pidf+xml", transport: str = "TCP",
          contact: str = "sip:there@127.0.0.1", branch: str = "") -> bytes:
    """A SUBSCRIBE or NOTIFY; sender and to with their tags: "<sip:...>;tag=..."."""
    global _count
    _count += 1
    branch = branch or f"z9hG4bKe{_count}"
    target = re.search("<(.*)>", to)[1]
    head = (f"{method} {target} SIP/2.0\r\n"
            f"Via: SIP/2.0/{transport} 127.0.0.1;rport;branch={branch}\r\n"
            f"Max-Forwards: 70\r\nFrom: {sender}\r\nTo: {to}\r\nCall-ID: {call}\r\n"
            f"CSeq: {cseq} {method}\r\nContact: <{contact}>\r\nEvent: presence\r\n{more}"
            + (f"Content-Type: {kind}\r\n" if body else "")
            + f"Content-Length: {len(body)}\r\n\r\n")
    return head.encode() + body


def to_tag(answer: bytes) -> str:
    return re.search(rb"\r\nTo: [^\r]*;tag=([^;\r]+)", answer)[1].decode()
