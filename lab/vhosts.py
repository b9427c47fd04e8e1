"""Many virtual hosts in one server process, one for each way in which it can be set up.

A setup is what the administrator of an XMPP server can choose about streams to other servers. Each
setup has two domains: `out` is only written to by us, and `in` only writes to us, so that a stream
which is made to verify a dialback key is never taken for the one that carries the message.
"""

import abc
import dataclasses

from .ca import Authority, Pair
from .process import Server, require_free
from .settings import Settings

CERTIFICATES = ("good", "self-signed", "expired", "wrong-name")

#: what a certificate of the wrong name names
ELSEWHERE = "elsewhere.test"

DIRECTIONS = ("out", "in")


@dataclasses.dataclass(frozen=True)
class Setup:
    """How one host secures its streams."""

    tls: str  #: "required", "optional", "off"
    certificate: str  #: one of CERTIFICATES, "no-certificate" without TLS
    dialback: bool

    @property
    def name(self) -> str:
        return f"{self.tls}-{self.certificate}-{'' if self.dialback else 'no-'}dialback"

    def domain(self, server: str, direction: str) -> str:
        return f"{self.name}.{direction}.{server}.test"

    def domains(self, server: str):
        return [self.domain(server, direction) for direction in DIRECTIONS]


SETUPS = [Setup(tls, certificate, dialback)
          for tls in ("required", "optional", "off")
          for certificate in (CERTIFICATES if tls != "off" else ("no-certificate",))
          for dialback in (True, False)]


@dataclasses.dataclass(frozen=True)
class Seen:
    """What a server's log says about one stream or message. `direction` is the server's own:
    "incoming" or "outgoing"."""

    kind: str  #: "ready", "closed", "got" (a message), "bounced" (one of its own came back)
    direction: str
    domain: str
    detail: str = ""  #: method, reason, or text of the message
    other: str = ""  #: the domain at the other end


def certificate_for(setup: Setup, server: str, authority: Authority) -> Pair:
    """The pair of a setup, for both of its domains; None without TLS."""
    label, domains = f"{server}-{setup.name}", setup.domains(server)
    if setup.certificate == "good":
        return authority.issue(label, *domains)
    if setup.certificate == "self-signed":
        return authority.self_signed(label, *domains)
    if setup.certificate == "expired":
        return authority.issue_expired(label, *domains)
    if setup.certificate == "wrong-name":
        return authority.issue(label, ELSEWHERE)
    return None


class HostingServer(Server, abc.ABC):
    """One process for all domains of its setups, at one address."""

    software = ""  #: "prosody" or "ejabberd"
    tells_refusals = True  #: whether it logs why an incoming stream ended before it was proven

    def __init__(self, settings: Settings, authority: Authority, setups, last: int,
                 argv, env=None):
        self.settings = settings
        self.authority = authority
        self.setups = list(setups)
        self.address = settings.address(last), settings.xmpp_port
        self.control = settings.address(last), settings.client_port
        self.directory = settings.data / f"{self.software}-{last}"
        self.server_log = self.directory / f"{self.software}.log"
        self._read = 0
        self._seen = []
        super().__init__(f"{self.software} {last}", argv, self.directory, env=env)

    def domains(self, direction: str):
        return [setup.domain(self.software, direction) for setup in self.setups]

    def launch(self) -> "HostingServer":
        """Starts it and does not wait, so that several can start at once."""
        for address in (self.address, self.control):
            require_free(address)
        self.directory.mkdir(parents=True, exist_ok=True)
        self._write()
        return super().start()

    def wait_started(self) -> "HostingServer":
        self._wait_started()
        self.wait_port(self.address)
        self.wait_port(self.control)
        return self

    def seen(self):
        """What the log has told since the last `forget`."""
        with open(self.server_log, "rb") as log:
            log.seek(self._read)
            lines, newline, _ = log.read().rpartition(b"\n")
        self._read += len(lines) + len(newline)
        self._seen += self._parse(lines.decode(errors="replace"))
        return self._seen

    def forget(self) -> None:
        self.seen()
        self._seen = []

    @abc.abstractmethod
    def send(self, domains, to: str) -> None:
        """Sends one message from juliet at each domain; the text is the domain's name."""

    @abc.abstractmethod
    def is_idle(self) -> bool:
        """Whether it has no stream to another server, nor one that it is resting from."""

    @abc.abstractmethod
    def _write(self) -> None:
        """Writes the configuration and what it needs."""

    def _wait_started(self) -> None:
        """What must be waited for before its ports."""

    @abc.abstractmethod
    def _parse(self, text: str):
        """Yields what lines of the log say, as Seen."""
