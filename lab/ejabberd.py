"""ejabberd 23 as an XMPP partner.

It runs from Debian's files in a directory of its own and without Erlang's distribution: no node
name, so no epmd and no cookie either, and nothing that other nodes on the machine could meet.
"""

import json

from .partner import Mode, PartnerServer
from .settings import ACCOUNTS

LIBRARIES = "/usr/lib/x86_64-linux-gnu"

#: busy waiting would take the processor from everybody else
CALM = ["+S", "2:2", "+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none"]

_ENCRYPTION = {Mode.SASL: "required", Mode.TLS_DIALBACK: "required", Mode.TCP_DIALBACK: "false"}


def _erlang_address(address: str) -> str:
    return "{" + ",".join(address.split(".")) + "}"


def resolver_text(dns) -> str:
    """Erlang's own resolver with the lab's DNS server on its port."""
    return f"""%% Written anew at each start.
{{resolv_conf, ""}}.
{{hosts_file, ""}}.
{{lookup, [dns]}}.
{{nameserver, {_erlang_address(dns[0])}, {dns[1]}}}.
{{cache_size, 0}}.
"""


class Ejabberd(PartnerServer):
    software = "ejabberd"
    config_name = "ejabberd.yml"
    #: SRV records are Erlang's resolver's, the address of a target is the C library's to find,
    #: which cannot be told of a server on another port; a target in digits needs no look-up
    wants_edge_by_address = True

    @property
    def _inetrc(self):
        return self.directory / "inetrc"

    @property
    def _ready(self):
        return self.directory / "ready"

    def _command(self) -> list:
        return ["erl", "-noinput", *CALM, "-mnesia", "dir",
                json.dumps(f"{self.directory}/database"), "-s", "ejabberd", "-eval",
                self._accounts()]

    def _environment(self) -> dict:
        return {"ERL_LIBS": LIBRARIES, "ERL_INETRC": str(self._inetrc),
                "HOME": str(self.directory), "EJABBERD_CONFIG_PATH": str(self.config),
                "EJABBERD_LOG_PATH": str(self.server_log),
                "ERL_CRASH_DUMP": str(self.directory / "crash.dump")}

    def _write_more(self) -> None:
        self._inetrc.write_text(resolver_text(self.settings.dns))
        self._ready.unlink(missing_ok=True)

    def _wait_started(self) -> None:
        self.wait_ready(self._ready.exists, 40)

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
        direct = "" if not self.direct_tls_port else f"""
  - port: {self.direct_tls_port}
    ip: "{self.server_address[0]}"
    module: ejabberd_s2s_in
    tls: true"""
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
    module: ejabberd_s2s_in{direct}
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
