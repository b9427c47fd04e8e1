"""Prosody 0.12 with many virtual hosts.

mod_s2s reads `s2s_require_encryption` once for all hosts (mod_tls for each host, but only to say so
in its offer), so hosts that require TLS have a process of their own. Without TLS a host has no
mod_tls. Who has no mod_dialback is left with SASL EXTERNAL, which cannot be switched off.
"""

import json
import pathlib
import re
import socket

from .process import LabError
from .prosody import resolver_text
from .vhosts import HostingServer, Seen, Setup, certificate_for

_MODULES = pathlib.Path(__file__).resolve().parent / "prosody_modules"

_WATCH = re.compile(r"\twatch (\{.*\})$", re.M)

_SEND = ('for domain in ("{domains}"):gmatch("%S+") do prosody.core_route_stanza('
         'prosody.hosts[domain], require"util.stanza".message({{ from = "juliet@"..domain, '
         'to = "{to}", type = "chat", id = domain }}, domain)) end')

_COUNT = ("local count = 0; for _ in pairs(prosody.incoming_s2s) do count = count + 1 end; "
          "for _, host in pairs(prosody.hosts) do for _ in pairs(host.s2sout or {}) do "
          "count = count + 1 end end return count")


class ProsodyHosts(HostingServer):
    """All setups must agree in whether they require TLS."""

    software = "prosody"

    def __init__(self, settings, authority, setups, last: int):
        config = settings.data / f"{self.software}-{last}" / "prosody.cfg.lua"
        super().__init__(settings, authority, setups, last,
                         ["prosody", "-F", "--config", config])
        self._config = config
        self._requires = self.setups[0].tls == "required"
        assert all((setup.tls == "required") == self._requires for setup in self.setups)

    def send(self, domains, to: str) -> None:
        self._console(_SEND.format(domains=" ".join(domains), to=to))

    def is_idle(self) -> bool:
        return self._console(_COUNT) == "0"

    def _console(self, lua: str) -> str:
        """Runs one line of Lua and returns what it returns."""
        with socket.create_connection(self.control, 5) as console:
            console.settimeout(10)
            console.sendall(f">{lua}\n".encode())
            said = ""
            while not (done := re.search(r"\| (?:Result: (\S*)|OK)\r?\n", said)):
                piece = console.recv(4096).decode()
                if not piece or "Error" in said:
                    raise LabError(f"{self.name} at its console: {said!r}")
                said += piece
        return done[1] or ""

    def _parse(self, text: str):
        for match in _WATCH.finditer(text):
            yield Seen(**json.loads(match[1]))

    def _write(self) -> None:
        hosts = "".join(self._host(setup) for setup in self.setups)
        encrypted = "true" if self._requires else "false"
        self._config.write_text(f"""-- Written anew at each start.
run_as_root = true
daemonize = false
pidfile = "{self.directory}/prosody.pid"
data_path = "{self.directory}/data"
plugin_paths = {{ "{_MODULES}" }}
log = {{ {{ levels = {{ min = "info" }}, to = "file", filename = "{self.server_log}" }} }}
modules_enabled = {{ "tls", "saslauth", "dialback", "admin_telnet", "lab_watch" }}
modules_disabled = {{ "c2s", "offline", "s2s_bidi" }}
authentication = "internal_plain"
storage = "none"
s2s_interfaces = {{ "{self.address[0]}" }}
s2s_ports = {{ {self.address[1]} }}
s2s_direct_tls_ports = {{}}
console_interfaces = {{ "{self.control[0]}" }}
console_ports = {{ {self.control[1]} }}
admin_socket = "{self.directory}/admin.sock"
use_ipv6 = false
certificates = "{self.directory}"
s2s_require_encryption = {encrypted}
s2s_secure_auth = false
{resolver_text(self.settings.dns)}{hosts}""")

    def _host(self, setup: Setup) -> str:
        pair = certificate_for(setup, self.software, self.authority)
        disabled = [name for name, is_off in (("tls", pair is None),
                                              ("dialback", not setup.dialback)) if is_off]
        tls = "" if pair is None else f"""  ssl = {{
    certificate = "{pair.certificate}"; key = "{pair.key}";
    cafile = "{self.authority.certificate}"; capath = "/nonexistent";
  }}
"""
        words = ", ".join(f'"{name}"' for name in ("c2s", "offline", "s2s_bidi", *disabled))
        return "".join(f"""
VirtualHost "{domain}"
  modules_disabled = {{ {words} }}
{tls}""" for domain in setup.domains(self.software))
