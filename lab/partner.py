"""What the lab's XMPP partners, Prosody and ejabberd, have in common.

Three ways of federating, named as in the partner settings of Causeway:

    SASL          EXTERNAL over TLS and nothing else; certificates of both sides must verify
    TLS dialback  TLS with a self-signed certificate, no trust in the other side's: dialback decides
    TCP dialback  no TLS at all
"""

import enum

from .ca import Authority, Pair
from .process import Server, require_free, wait_until
from .settings import PARTNER_DOMAIN, Settings


class Mode(enum.Enum):
    SASL = "SASL over TLS"
    TLS_DIALBACK = "TLS dialback"
    TCP_DIALBACK = "TCP dialback"


def pair_for(mode: Mode, domain: str, authority: Authority, fault: str = ""):
    """The certificate that a server of this mode shows; fault: "expired", "wrong-name", "".

    TCP dialback needs none.
    """
    if mode is Mode.TCP_DIALBACK:
        return None
    label = f"prosody-{domain}"
    if mode is Mode.TLS_DIALBACK:
        return authority.self_signed(f"{label}-self-signed", domain)
    if fault == "expired":
        return authority.issue_expired(f"{label}-expired", domain)
    if fault == "wrong-name":
        return authority.issue(f"{label}-wrong-name", "other.test")
    return authority.issue(label, domain)


class PartnerServer(Server):
    """One server for one domain. `certificate` replaces the one that the mode would use.

    direct_tls_port: where it speaks TLS from the first byte besides; 0: nowhere.

    A subclass says how its server is started, and writes its configuration.
    """

    software = ""  #: "Prosody", "ejabberd"
    config_name = ""
    wants_edge_by_address = False

    def __init__(self, settings: Settings, authority: Authority, mode: Mode = Mode.SASL,
                 domain: str = PARTNER_DOMAIN, server_address=None, client_address=None,
                 certificate: Pair = None, direct_tls_port: int = 0):
        kind = self.software.lower()
        self.directory = settings.data / f"{kind}-{domain}"
        self.settings = settings
        self.authority = authority
        self.mode = mode
        self.domain = domain
        self.server_address = server_address or settings.prosody
        self.client_address = client_address or settings.prosody_clients
        self.pair = certificate or pair_for(mode, domain, authority)
        self.direct_tls_port = direct_tls_port
        self.config = self.directory / self.config_name
        self.server_log = self.directory / f"{kind}.log"
        super().__init__(f"{self.software} {domain}", self._command(), self.directory,
                         env=self._environment())

    @property
    def is_encrypted(self) -> bool:
        return self.mode is not Mode.TCP_DIALBACK

    def start(self) -> "PartnerServer":
        more = " (--base) or another port (--xmpp-port, --client-port)"
        require_free(self.server_address, change=more)
        require_free(self.client_address, change=more)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.config.write_text(self._text())
        self._write_more()
        super().start()
        self._wait_started()
        self.wait_port(self.server_address)
        self.wait_port(self.client_address)
        return self

    def wait_log(self, text: str, seconds: float = 10) -> None:
        """Waits for a text in the server's own log."""
        wait_until(lambda: text in self.server_log.read_text(errors="replace"), seconds,
                   f"{self.name} logging {text!r}")

    def _command(self) -> list:
        raise NotImplementedError

    def _environment(self) -> dict:
        return {}

    def _text(self) -> str:
        """The configuration."""
        raise NotImplementedError

    def _write_more(self) -> None:
        """What the server needs beside its configuration."""

    def _wait_started(self) -> None:
        """What must be waited for before its ports."""
