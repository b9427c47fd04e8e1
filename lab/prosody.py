"""Prosody 0.12 as an XMPP partner, from a configuration and a data directory of its own."""

import pathlib
import re
import socket

from .ca import Authority, Pair
from .partner import Mode, PartnerServer
from .process import LabError
from .settings import ACCOUNTS

_CONSOLE_PORT = 5582


def resolver_text(dns) -> str:
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


def _modules(mode: Mode, bidi: bool) -> str:
    words = ["roster", "saslauth", "disco", "ping", "version", "admin_telnet"]
    if mode is not Mode.TCP_DIALBACK:
        words.append("tls")
    if mode is not Mode.SASL:
        words.append("dialback")
    if bidi:
        words.append("s2s_bidi")
    return ", ".join(f'"{word}"' for word in words)


class Prosody(PartnerServer):
    """bidi: it offers and asks for stanzas both ways on one stream (XEP-0288)."""

    software = "Prosody"
    config_name = "prosody.cfg.lua"
    log_level = "debug"  #: "warn" where its speed is measured

    def __init__(self, *arguments, bidi: bool = False, **options):
        self.bidi = bidi
        super().__init__(*arguments, **options)

    def _command(self) -> list:
        return ["prosody", "-F", "--config", self.config]

    @property
    def _console(self):
        return self.server_address[0], _CONSOLE_PORT

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
modules_enabled = {{ {_modules(self.mode, self.bidi)} }}
modules_disabled = {{ "offline" }}
authentication = "internal_plain"
storage = "internal"
use_libevent = false
s2s_interfaces = {{ "{self.server_address[0]}" }}
s2s_ports = {{ {self.server_address[1]} }}
s2s_direct_tls_ports = {{ {self.direct_tls_port or ""} }}
s2s_direct_tls_interfaces = {{ "{self.server_address[0]}" }}
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
{resolver_text(self.settings.dns)}{_tls(self.mode, self.pair, self.authority)}
VirtualHost "{self.domain}"
"""

    def _write_more(self) -> None:
        escaped = re.sub(rb"[^A-Za-z0-9]", lambda byte: b"%%%02x" % byte[0][0],
                         self.domain.encode()).decode()
        folder: pathlib.Path = self.directory / "data" / escaped / "accounts"
        folder.mkdir(parents=True, exist_ok=True)
        for address, password in ACCOUNTS.items():
            user, domain = address.split("@")
            if domain == self.domain:
                (folder / f"{user}.dat").write_text(f'return {{ ["password"] = "{password}"; }};\n')
