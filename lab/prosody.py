"""Prosody 0.12 as an XMPP partner, from a configuration and a data directory of its own.

Three ways of federating, named as in the partner settings of Causeway:

    SASL          EXTERNAL over TLS and nothing else; certificates of both sides must verify
    TLS dialback  TLS with a self-signed certificate, no trust in the other side's: dialback decides
    TCP dialback  no TLS at all
"""

import enum
import pathlib
import re
import socket
import time

from .ca import Authority, Pair
from .process import LabError, Server, require_free
from .settings import ACCOUNTS, PARTNER_DOMAIN, Settings

_CONSOLE_PORT = 5582


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


def _resolver(dns) -> str:
    """libunbound answers NXDOMAIN for .test by itself and does not ask servers on loopback; both
    habits are switched off, so that SRV records are followed as on the Internet."""
    return f"""unbound = {{
    resolvconf = false;
    hoststxt = false;
    forward = "{dns[0]}@{dns[1]}";
    options = {{
        ["do-not-query-localhost:"] = "no";
        ["local-zone:"] = "test. transparent";
    }};
}}
"""


def _tls(mode: Mode, pair: Pair, authority: Authority) -> str:
    if mode is Mode.TCP_DIALBACK:
        return ""
    trusted = authority.certificate if mode is Mode.SASL else pair.certificate
    return f"""ssl = {{
    certificate = "{pair.certificate}";
    key = "{pair.key}";
    cafile = "{trusted}";
    capath = "/nonexistent";
}}
"""


def _modules(mode: Mode) -> str:
    words = ["roster", "saslauth", "disco", "ping", "version", "admin_telnet"]
    if mode is not Mode.TCP_DIALBACK:
        words.append("tls")
    if mode is not Mode.SASL:
        words.append("dialback")
    return ", ".join(f'"{word}"' for word in words)


class Prosody(Server):
    """One Prosody for one domain. `certificate` replaces the one that the mode would use."""

    wants_edge_by_address = False
    log_level = "debug"  #: "warn" where its speed is measured

    def __init__(self, settings: Settings, authority: Authority, mode: Mode = Mode.SASL,
                 domain: str = PARTNER_DOMAIN, server_address=None, client_address=None,
                 certificate: Pair = None):
        directory = settings.data / f"prosody-{domain}"
        self.settings = settings
        self.authority = authority
        self.mode = mode
        self.domain = domain
        self.server_address = server_address or settings.prosody
        self.client_address = client_address or settings.prosody_clients
        self._console = self.server_address[0], _CONSOLE_PORT
        self.pair = certificate or pair_for(mode, domain, authority)
        self.config = directory / "prosody.cfg.lua"
        self.server_log = directory / "prosody.log"
        super().__init__(f"Prosody {domain}",
                         ["prosody", "-F", "--config", self.config], directory)

    @property
    def is_encrypted(self) -> bool:
        return self.mode is not Mode.TCP_DIALBACK

    def start(self) -> "Prosody":
        more = " (--base) or another port (--xmpp-port, --client-port)"
        require_free(self.server_address, change=more)
        require_free(self.client_address, change=more)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.config.write_text(self._text())
        self._write_accounts()
        super().start()
        self.wait_port(self.server_address)
        self.wait_port(self.client_address)
        return self

    def wait_log(self, text: str, seconds: float = 10) -> None:
        """Waits for a text in the server's own log."""
        deadline = time.monotonic() + seconds
        while text not in self.server_log.read_text(errors="replace"):
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.name} did not log {text!r} within {seconds:g} s")
            time.sleep(0.05)

    def sent_ids(self):
        """The ids of the messages that it has put on its streams to other servers, in order."""
        text = self.server_log.read_text(errors="replace")
        return re.findall(r"\tSending\[s2sout\]: <message[^>\n]* id='([^'\n]+)'", text)

    def close_streams(self) -> int:
        """Closes all server-to-server streams as RFC 6120 section 4.4 wants it; how many."""
        with socket.create_connection(self._console, 5) as console:
            console.sendall(b"s2s:closeall()\n")
            console.settimeout(5)
            said = b""
            while not (done := re.search(rb"Closed (\d+) s2s session|No sessions to close", said)):
                piece = console.recv(4096)
                if not piece:
                    raise LabError(f"{self.name} did not answer at its console: {said!r}")
                said += piece
        return int(done[1] or 0)

    def _text(self) -> str:
        encrypted = "true" if self.is_encrypted else "false"
        secure = "true" if self.mode is Mode.SASL else "false"
        return f"""-- Written anew at each start.
run_as_root = true
daemonize = false
pidfile = "{self.directory}/prosody.pid"
data_path = "{self.directory}/data"
plugin_paths = {{}}
log = {{ {{ levels = {{ min = "{self.log_level}" }}, to = "file", filename = "{self.server_log}" }} }}
modules_enabled = {{ {_modules(self.mode)} }}
modules_disabled = {{ "offline", "s2s_bidi" }}
authentication = "internal_plain"
storage = "internal"
use_libevent = false
s2s_interfaces = {{ "{self.server_address[0]}" }}
s2s_ports = {{ {self.server_address[1]} }}
s2s_direct_tls_ports = {{}}
c2s_interfaces = {{ "{self.client_address[0]}" }}
c2s_ports = {{ {self.client_address[1]} }}
c2s_direct_tls_ports = {{}}
console_interfaces = {{ "{self._console[0]}" }}
console_ports = {{ {self._console[1]} }}
admin_socket = "{self.directory}/admin.sock"
legacy_ssl_ports = {{}}
use_ipv6 = false
certificates = "{self.directory}"
s2s_require_encryption = {encrypted}
c2s_require_encryption = {encrypted}
s2s_secure_auth = {secure}
{_resolver(self.settings.dns)}{_tls(self.mode, self.pair, self.authority)}
VirtualHost "{self.domain}"
"""

    def _write_accounts(self) -> None:
        escaped = re.sub(rb"[^A-Za-z0-9]", lambda byte: b"%%%02x" % byte[0][0],
                         self.domain.encode()).decode()
        folder: pathlib.Path = self.directory / "data" / escaped / "accounts"
        folder.mkdir(parents=True, exist_ok=True)
        for address, password in ACCOUNTS.items():
            user, domain = address.split("@")
            if domain == self.domain:
                (folder / f"{user}.dat").write_text(f'return {{ ["password"] = "{password}"; }};\n')
