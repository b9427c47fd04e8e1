"""ejabberd 23 with many virtual hosts.

TLS and dialback are settings of a host. Certificates are found by the names in them, and a host for
which there is none shows any other: hosts with a certificate of the wrong name need a process that
has no other certificate. Who has no mod_s2s_dialback is left with SASL EXTERNAL.
"""

import json
import re
import urllib.request

from .ejabberd import CALM, LIBRARIES, resolver_text
from .vhosts import HostingServer, Seen, Setup, certificate_for

_STARTTLS = {"required": "required", "optional": "optional", "off": "false"}

_COUNTS = ["outgoing_s2s_number", "incoming_s2s_number"]

_METHODS = {("tls", "EXTERNAL"): "SASL over TLS", ("tls", "dialback"): "TLS dialback",
            ("tcp", "dialback"): "TCP dialback"}

_READY = re.compile(r"\((tls|tcp)\|[^)]*\) Accepted (in|out)bound s2s (\S+) authentication "
                    r"(\S+) -> (\S+) \(")
_FAILED = re.compile(r"Failed (in|out)bound s2s (\S+) authentication (\S+) -> (\S+) \([^)]*\): "
                     r"(.*)")
_GIVEN_UP = re.compile(r"Failed to establish outbound s2s connection (\S+) -> (\S+): (.*); "
                       r"bouncing")
_GOT = re.compile(r"Received XML on stream = <<\"<message .*?to='juliet@([^'/]+)'.*?"
                  r"<body>([^<]*)</body>")


class EjabberdHosts(HostingServer):
    """Setups with certificates of the wrong name are not mixed with others."""

    software = "ejabberd"
    tells_refusals = False

    def __init__(self, settings, authority, setups, last: int):
        directory = settings.data / f"{self.software}-{last}"
        self._config = directory / "ejabberd.yml"
        self._inetrc = directory / "inetrc"
        self._ready = directory / "ready"
        # what comes on streams goes into the log, and nothing else of the debug level
        start = ("xmpp:set_config([{debug, true}]), "
                 f"file:write_file({json.dumps(str(self._ready))}, <<>>).")
        super().__init__(
            settings, authority, setups, last,
            ["erl", "-noinput", *CALM, "-mnesia", "dir", json.dumps(f"{directory}/database"), "-s",
             "ejabberd", "-eval", start],
            {"ERL_LIBS": LIBRARIES, "ERL_INETRC": str(self._inetrc), "HOME": str(directory),
             "EJABBERD_CONFIG_PATH": str(self._config),
             "EJABBERD_LOG_PATH": str(directory / "ejabberd.log"),
             "ERL_CRASH_DUMP": str(directory / "crash.dump")})

    def send(self, domains, to: str) -> None:
        for domain in domains:
            sender = f"juliet@{domain}"
            self._command("send_stanza", **{"from": sender, "to": to, "stanza":
                          f"<message type='chat' id='{domain}'><body>{domain}</body></message>"})

    def is_idle(self) -> bool:
        return not any(count for name in _COUNTS for count in self._command(name).values())

    def _command(self, name: str, **arguments):
        host, port = self.control
        request = urllib.request.Request(f"http://{host}:{port}/api/{name}",
                                         json.dumps(arguments).encode(),
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def _wait_started(self) -> None:
        self.wait_ready(self._ready.exists, 60)

    def _parse(self, text: str):
        for line in text.splitlines():
            if match := _READY.search(line):
                yield _seen("ready", match[2], match[4], match[5], _METHODS[match[1], match[3]])
            elif match := _FAILED.search(line):
                yield _seen("closed", match[1], match[3], match[4], f"{match[2]}: {match[5]}")
            elif match := _GIVEN_UP.search(line):
                if match[3] != "authentication failed":  # why has been told before
                    yield _seen("closed", "out", match[1], match[2], match[3])
                yield _seen("bounced", "out", match[1], match[2], "")
            elif match := _GOT.search(line):
                yield Seen("got", "incoming", match[1], match[2])

    def _write(self) -> None:
        self._inetrc.write_text(resolver_text(self.settings.dns))
        self._ready.unlink(missing_ok=True)
        bundles = [bundle for setup in self.setups if (bundle := self._bundle(setup))]
        hosts = [domain for setup in self.setups for domain in setup.domains(self.software)]
        #: YAML is a superset of JSON
        self._config.write_text("# Written anew at each start.\n" + json.dumps({
            "loglevel": "info",
            "log_rotate_count": 0,
            "hosts": hosts,
            "certfiles": sorted(set(bundles)),
            "ca_file": str(self.authority.certificate),
            "s2s_timeout": 600,
            "s2s_max_retry_delay": 1,
            "outgoing_s2s_families": ["ipv4"],
            "outgoing_s2s_ipv4_address": self.address[0],
            "api_permissions": {"the lab": {"who": "all", "what": ["send_stanza", *_COUNTS]}},
            "listen": [
                {"port": self.address[1], "ip": self.address[0], "module": "ejabberd_s2s_in"},
                {"port": self.control[1], "ip": self.control[0], "module": "ejabberd_http",
                 "request_handlers": {"/api": "mod_http_api"}}],
            "shaper": {},
            "host_config": {domain: _host(setup) for setup in self.setups
                                   for domain in setup.domains(self.software)},
        }, indent=1))

    def _bundle(self, setup: Setup) -> str:
        """The file with certificate and key; "" without TLS."""
        if setup.certificate == "wrong-name":
            setup = self.setups[0]  # the same certificate for all
        pair = certificate_for(setup, self.software, self.authority)
        if pair is None:
            return ""
        bundle = self.directory / f"{setup.name}.pem"
        bundle.write_text(pair.certificate.read_text() + pair.key.read_text())
        bundle.chmod(0o600)
        return str(bundle)


def _host(setup: Setup) -> dict:
    modules = ["mod_admin_extra", *(["mod_s2s_dialback"] if setup.dialback else [])]
    return {"s2s_use_starttls": _STARTTLS[setup.tls], "modules": {name: {} for name in modules}}


def _seen(kind: str, direction: str, sender: str, to: str, detail: str) -> Seen:
    if direction == "in":
        return Seen(kind, "incoming", to, detail, sender)
    return Seen(kind, "outgoing", sender, detail, to)
