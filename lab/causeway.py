"""Causeway itself: writes its configuration, runs it, and runs its commands."""

import hashlib
import json
import os
import pathlib
import re
import ssl
import subprocess

from .ca import Authority, Pair
from .process import LabError, Server, require_free, wait_until
from .settings import LOCAL_DOMAIN, Settings


def _config(settings: Settings, directory: pathlib.Path, pairs, authority: Authority,
            transport: str, log_level: str, domains, edge_options: str, more_listen,
            door: str, trust_anchor, panel: str) -> str:
    edge, gateway = settings.edge, settings.gateway
    kamailio, dns = settings.kamailio, settings.dns
    listen = "".join(f'\n    - "{address}"' for address in (f"{edge[0]}:{edge[1]}", *more_listen))
    pair = pairs[0]
    more_pairs = "".join(f"\n    - {{certificate: {more.certificate}, key: {more.key}}}"
                         for more in pairs[1:])
    certificates = f"  certificates:{more_pairs}" if more_pairs else ""
    anchor = f"    trust-anchor: {trust_anchor}" if trust_anchor else ""
    local_domains = "".join(f"\n  - {domain}" for domain in domains)
    next_hops = "".join(f"""
      - domain: {domain}
        uri: "sip:{kamailio[0]}:{kamailio[1]};transport={transport}\"""" for domain in domains)
    return f"""# Written anew at each start.
data-dir: {directory}
log:
  level: {log_level}
  format: text
local-domains:{local_domains}
edge:
  listen:{listen}
  direct-tls-listen: ["{edge[0]}:{edge[1] + 1}"]
  source-address: {edge[0]}
  certificate: {pair.certificate}
  key: {pair.key}
{certificates}
  ca: {authority.certificate}
  dns:
    servers:
      - "{dns[0]}:{dns[1]}"
{anchor}
{door}
{edge_options}
gateway:
  sip:
    listen:
      - transport: udp
        address: "{gateway[0]}:{gateway[1]}"
      - transport: tcp
        address: "{gateway[0]}:{gateway[1]}"
    peers:
      - name: kamailio
        addresses:
          - {kamailio[0]}
    next-hop:{next_hops}
panel:
{panel}
"""


#: stanzas wait for a partner so long, then their senders hear of it
_EDGE_OPTIONS = """  queue:
    timeout-s: 10"""

#: all neighbours in the lab, good and bad, come from one address
_OPEN_DOOR = """  connections-per-s: 0
  handshakes-per-s: 0
  ban-after: 0"""


#: so that labs side by side need no port each for it
_NO_PANEL = "  enabled: off"


def panel_section(settings: Settings) -> str:
    """The panel with its web application, which stands beside the program that was built."""
    files = settings.program.parent / "panel"
    if not (files / "index.html").exists():
        raise LabError(f"{files} is not there: the web application of the panel is built when "
                       "nodejs and npm are installed; then `meson setup --reconfigure "
                       f"-Dpanel=enabled {settings.program.parent}`")
    address, port = settings.panel
    return f"""  listen: ["{address}:{port}"]
  files: {files}"""


class Causeway(Server):
    """`causeway run` with a data directory of its own; all roles are its children.

    certificate: what the edge shows: a pair, several in a list, or a function that makes them with
    the authority; by default one pair for all domains.
    trust_anchor: the keys that DNSSEC begins with.
    panel: the lines of its section.
    """

    def __init__(self, settings: Settings, authority: Authority, transport: str = "udp",
                 log_level: str = "debug", certificate=None, domains=(LOCAL_DOMAIN,),
                 edge_options: str = _EDGE_OPTIONS, more_listen=(), door: str = _OPEN_DOOR,
                 trust_anchor: pathlib.Path = None, panel: str = _NO_PANEL):
        directory = settings.data / "causeway"
        self.settings = settings
        self.authority = authority
        self.config = directory / "causeway.yaml"
        self._transport = transport
        self._log_level = log_level
        self._pair = certificate
        self._domains = tuple(domains)
        self._edge_options = edge_options
        self._more_listen = tuple(more_listen)
        self._door = door
        self._trust_anchor = trust_anchor
        self._panel = panel
        super().__init__("Causeway", [settings.program, "run", "--config", self.config], directory,
                         env=_sanitizers(directory))

    def prepare(self) -> "Causeway":
        """Writes the configuration and allows partners on loopback addresses."""
        if not self.settings.program.exists():
            raise LabError(f"{self.settings.program} is not there; build it first")
        require_free(self.settings.edge, change=" (--base) or another port (--xmpp-port)")
        require_free(self.settings.gateway, ("udp", "tcp"),
                     " (--base) or another port (--gateway-port)")
        if self._panel != _NO_PANEL:
            require_free(self.settings.panel, change=" (--base) or another port (--panel-port)")
        self.directory.mkdir(parents=True, exist_ok=True)
        pairs = self._pair(self.authority) if callable(self._pair) else self._pair
        pairs = pairs or self.authority.issue("causeway", *self._domains)
        pairs = [pairs] if isinstance(pairs, Pair) else pairs
        self.config.write_text(_config(self.settings, self.directory, pairs, self.authority,
                                       self._transport, self._log_level, self._domains,
                                       self._edge_options, self._more_listen, self._door,
                                       self._trust_anchor, self._panel))
        self.command("settings", "set", "--outbound-targets-refused", "")
        return self

    def start(self) -> "Causeway":
        self.prepare()
        before = self._policies()
        super().start()
        self.wait_port(self.settings.edge)
        self.wait_port(self.settings.gateway)
        if self._panel != _NO_PANEL:
            self.wait_port(self.settings.panel)
        # Until the edge has its first policy it knows no domain, not even ours.
        self.wait_ready(lambda: self._policies() > before)
        return self

    def _policies(self) -> int:
        return self.output().count(" edge policy version=")

    def command(self, *words, may_fail: bool = False) -> subprocess.CompletedProcess:
        """Runs one causeway command with this configuration."""
        argv = [str(self.settings.program), *map(str, words)]
        env = {**self.env, "CAUSEWAY_CONFIG": str(self.config)}
        try:
            done = subprocess.run(argv, env=env, capture_output=True, text=True, timeout=30,
                                  stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            raise LabError(f"{_spoken(words)}: no end within 30 seconds") from None
        if done.returncode != 0 and not may_fail:
            raise LabError(f"{_spoken(words)} failed with status {done.returncode}: "
                           f"{(done.stderr or done.stdout).strip()}")
        return done

    def query(self, *words):
        """The answer of a command as JSON."""
        return json.loads(self.command(*words, "--json").stdout)

    def role(self, name: str) -> int:
        """The process id of "edge" or "gateway"; LabError when there is none."""
        for pid in _children(self.pid):
            words = _read(f"/proc/{pid}/cmdline").split("\0")
            if name in words or any(word.endswith(f": {name}") for word in words):
                return pid
        raise LabError(f"Causeway has no running {name}")

    @property
    def panel_url(self) -> str:
        return "https://{}:{}/".format(*self.settings.panel)

    @property
    def panel_certificate(self) -> pathlib.Path:
        return self.directory / "panel.pem"

    @property
    def panel_fingerprint(self) -> str:
        """SHA-256 of the panel's certificate, as browsers show it."""
        text = re.search(r"-----BEGIN CERT.*?END CERTIFICATE-----\n",
                         self.panel_certificate.read_text(), re.DOTALL)[0]
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(text)).hexdigest()

    def new_account(self, name: str, password: str, role: str = "administrator") -> None:
        """Of the panel; the password need not be changed."""
        file = self.directory / "new-password"
        file.write_text(password + "\n")
        self.command("account", "new", name, "--role", role, "--password-file", file,
                     "--must-change-password", "false")
        file.unlink()

    @property
    def first_password(self) -> str:
        """Of the account administrator, as the panel printed it once; "" when it did not."""
        found = re.findall(r"one-time password (\S+)", self.output())
        return found[-1] if found else ""

    def wait_role(self, name: str, before: int, seconds: float = 5) -> int:
        """The process id of that role once it is another one than before."""
        def found():
            try:
                pid = self.role(name)
            except LabError:
                return 0
            return pid if pid != before else 0
        return wait_until(found, seconds, f"a new {name}")

    def faults(self):
        """Lines by which the sanitizers, when built in, have reported something."""
        return [line for line in self.output().splitlines()
                if "Sanitizer" in line or ": runtime error: " in line]


def _sanitizers(_directory: pathlib.Path) -> dict:
    return {"ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "abort_on_error=0:detect_leaks=1"),
            "UBSAN_OPTIONS": os.environ.get("UBSAN_OPTIONS", "print_stacktrace=1")}


def _spoken(words) -> str:
    return " ".join(["causeway", *map(str, words)])


def _read(path: str) -> str:
    try:
        return pathlib.Path(path).read_text(errors="replace")
    except OSError:
        return ""


def _children(parent: int):
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        # the name in parentheses may hold spaces; the parent comes second after it
        fields = _read(f"{entry}/stat").rpartition(")")[2].split()
        if len(fields) > 1 and fields[1] == str(parent) and fields[0] != "Z":
            yield int(entry.name)
