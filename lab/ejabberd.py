"""ejabberd 23 as an XMPP partner, with the same face as lab.prosody.Prosody and its three modes.

It runs from Debian's files in a directory of its own and without Erlang's distribution: no node
name, so no epmd and no cookie either, and nothing that other nodes on the machine could meet.
"""

import json

from .ca import Authority, Pair
from .process import Server, require_free, wait_until
from .prosody import Mode, pair_for
from .settings import ACCOUNTS, PARTNER_DOMAIN, Settings

_LIBRARIES = "/usr/lib/x86_64-linux-gnu"

#: busy waiting would take the processor from everybody else
_CALM = ["+S", "2:2", "+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none"]

_ENCRYPTION = {Mode.SASL: "required", Mode.TLS_DIALBACK: "required", Mode.TCP_DIALBACK: "false"}


def _erlang_address(address: str) -> str:
    return "{" + ",".join(address.split(".")) + "}"


def _resolver(dns) -> str:
    """Erlang's own resolver with the lab's DNS server on its port."""
    return f"""%% Written anew at each start.
{{resolv_conf, ""}}.
{{hosts_file, ""}}.
{{lookup, [dns]}}.
{{nameserver, {_erlang_address(dns[0])}, {dns[1]}}}.
{{cache_size, 0}}.
"""


class Ejabberd(Server):
    """One ejabberd for one domain. `certificate` replaces the one that the mode would use."""

    #: SRV records are Erlang's resolver's, the address of a target is the C library's to find,
    #: which cannot be told of a server on another port; a target in digits needs no look-up
    wants_edge_by_address = True

    def __init__(self, settings: Settings, authority: Authority, mode: Mode = Mode.SASL,
                 domain: str = PARTNER_DOMAIN, server_address=None, client_address=None,
                 certificate: Pair = None):
        directory = settings.data / f"ejabberd-{domain}"
        self.settings = settings
        self.authority = authority
        self.mode = mode
        self.domain = domain
        self.server_address = server_address or settings.prosody
        self.client_address = client_address or settings.prosody_clients
        self.pair = certificate or pair_for(mode, domain, authority)
        self.config = directory / "ejabberd.yml"
        self.server_log = directory / "ejabberd.log"
        self._resolver = directory / "inetrc"
        self._ready = directory / "ready"
        super().__init__(f"ejabberd {domain}", [
            "erl", "-noinput", *_CALM, "-mnesia", "dir", json.dumps(f"{directory}/database"),
            "-s", "ejabberd", "-eval", self._accounts()], directory,
            env={"ERL_LIBS": _LIBRARIES, "ERL_INETRC": str(self._resolver), "HOME": str(directory),
                 "EJABBERD_CONFIG_PATH": str(self.config),
                 "EJABBERD_LOG_PATH": str(self.server_log),
                 "ERL_CRASH_DUMP": str(directory / "crash.dump")})

    @property
    def is_encrypted(self) -> bool:
        return self.mode is not Mode.TCP_DIALBACK

    def start(self) -> "Ejabberd":
        more = " (--base) or another port (--xmpp-port, --client-port)"
        require_free(self.server_address, change=more)
        require_free(self.client_address, change=more)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.config.write_text(self._text())
        self._resolver.write_text(_resolver(self.settings.dns))
        self._ready.unlink(missing_ok=True)
        super().start()
        self.wait_ready(self._ready.exists, 40)
        self.wait_port(self.server_address)
        self.wait_port(self.client_address)
        return self

    def wait_log(self, text: str, seconds: float = 10) -> None:
        """Waits for a text in the server's own log."""
        wait_until(lambda: text in self.server_log.read_text(errors="replace"), seconds,
                   f"{self.name} logging {text!r}")

    def _accounts(self) -> str:
        """Erlang that makes the accounts and then says that all is there."""
        steps = []
        for address, password in ACCOUNTS.items():
            user, domain = address.split("@")
            if domain == self.domain:
                steps.append(f'ejabberd_auth:try_register(<<"{user}">>, <<"{domain}">>, '
                             f'<<"{password}">>)')
        return ", ".join([*steps, f"file:write_file({json.dumps(str(self._ready))}, <<>>)"]) + "."

    def _text(self) -> str:
        encrypted = "true" if self.is_encrypted else "false"
        certificates = ""
        if self.is_encrypted:
            ours = self.mode is Mode.SASL
            trusted = self.authority.certificate if ours else self.pair.certificate
            bundle = self.directory / "certificate.pem"
            bundle.write_text(self.pair.certificate.read_text() + self.pair.key.read_text())
            bundle.chmod(0o600)
            certificates = f"certfiles: [{json.dumps(str(bundle))}]\n" \
                           f"ca_file: {json.dumps(str(trusted))}\n"
        dialback = "" if self.mode is Mode.SASL else "\n  mod_s2s_dialback: {}"
        return f"""# Written anew at each start.
loglevel: debug
log_rotate_count: 0
hosts: [{json.dumps(self.domain)}]
{certificates}s2s_use_starttls: {_ENCRYPTION[self.mode]}
s2s_timeout: 600
outgoing_s2s_families: [ipv4]
outgoing_s2s_ipv4_address: "{self.server_address[0]}"
auth_method: internal
auth_password_format: scram
listen:
  - port: {self.server_address[1]}
    ip: "{self.server_address[0]}"
    module: ejabberd_s2s_in
  - port: {self.client_address[1]}
    ip: "{self.client_address[0]}"
    module: ejabberd_c2s
    starttls: {encrypted}
    starttls_required: {encrypted}
shaper: {{}}
modules:
  mod_disco: {{}}
  mod_ping: {{}}
  mod_roster: {{}}
  mod_version: {{}}{dialback}
"""
