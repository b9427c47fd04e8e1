"""Causeway between a scripted SIP platform and scripted partners: for tests of what no real server
does. One border serves many tests; partners are added to it as they are needed."""

import contextlib
import os
import pathlib

from . import rogue
from .ca import Authority
from .causeway import Causeway
from .nameserver import Name, NameServer
from .process import LabError
from .settings import LOCAL_DOMAIN, Settings
from .sipstub import SipStub
from .stack import clear_directory

SECOND_DOMAIN = "tailspin.test"

#: so that memory that was given back is seen to be gone
_FRUGAL = "quarantine_size_mb=1:allocator_release_to_os_interval_ms=100:malloc_context_size=5"


class Border:
    """Everything runs while the context lasts."""

    def __init__(self, settings: Settings, edge_options: str = "  queue:\n    timeout-s: 3",
                 authority_name: str = "Causeway lab CA", **causeway_options):
        self.settings = settings
        self._edge_options = edge_options
        self._authority_name = authority_name
        self._causeway_options = causeway_options
        self._stack = contextlib.ExitStack()
        self._last = 100
        #: ::1 is one address for all borders; the port, and those after it, are this one's alone
        self.ipv6_port = 20000 + int(settings.base.split(".")[2]) * 10

    def __enter__(self) -> "Border":
        settings = self.settings
        clear_directory(settings)
        self.authority = Authority(settings.data / "ca", self._authority_name).create()
        self.names = self._make_names()
        self.sip = self._make_sip()
        self.causeway = Causeway(settings, self.authority, domains=(LOCAL_DOMAIN, SECOND_DOMAIN),
                                 edge_options=self._edge_options,
                                 more_listen=[f"[::1]:{self.ipv6_port}"],
                                 **self._causeway_options)
        before = self.causeway.env["ASAN_OPTIONS"]
        self.causeway.env["ASAN_OPTIONS"] = f"{before}:{_FRUGAL}"
        self._stack.callback(self.causeway.stop)
        try:
            self.causeway.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        self._stack.close()

    def _make_names(self) -> NameServer:
        return self._stack.enter_context(NameServer(self.settings.dns))

    def _make_sip(self):
        return self.enter(SipStub(self.settings.kamailio, self.settings.gateway))

    # --- partners

    def address(self) -> str:
        """A loopback address that nobody has yet."""
        self._last += 1
        return self.settings.address(self._last)

    def partner(self, domain: str, *more: str, start: bool = True, ip: str = None, port: int = 0,
                in_dns: bool = True, **fields) -> rogue.Partner:
        """Allows a partner with its further domains, and runs its server."""
        place = ip or self.address(), port or self.settings.xmpp_port
        pair = self.authority.issue(domain, domain, *more)
        server = rogue.Partner(place, self.authority, pair)
        server.domain, server.pair = domain, pair
        if in_dns:
            for name in (domain, *more):
                self.publish(name, place)
        self.allow(domain, *more, **fields)
        self._stack.callback(server.stop)
        return server.start() if start else server

    def allow(self, domain: str, *more: str, **fields) -> None:
        values = {"type": "Federated", "tls": "Required", "sasl": "Required", "dialback": "false",
                  **({"additional": ",".join(more)} if more else {}), **fields}
        self.causeway.command("partner", "new", domain, *_options(values))

    def change(self, domain: str, **fields) -> None:
        self.causeway.command("partner", "set", domain, *_options(fields))

    def set(self, **settings) -> None:
        self.causeway.command("settings", "set", *_options(settings))

    def publish(self, domain: str, *places, priority: int = 0, weight: int = 5) -> None:
        """SRV and address records for servers at these places."""
        hosts = [(f"s{number}.{domain}", ip, port) for number, (ip, port) in enumerate(places)]
        self.names.zone[f"_xmpp-server._tcp.{domain}"] = Name(
            SRV=[(priority, weight, port, host) for host, _, port in hosts])
        for host, ip, _ in hosts:
            self.names.zone[host] = Name(AAAA=[ip]) if ":" in ip else Name(A=[ip])

    def call(self, server: rogue.Partner, to: str = LOCAL_DOMAIN, sender: str = "",
             source: str = None) -> rogue.Stream:
        """A stream from the partner to the edge, ready for stanzas."""
        stream = rogue.call(self.settings.edge, sender or server.domain, to,
                            rogue.context(self.authority, server.pair), source)
        self._stack.callback(stream.close)
        return stream

    def lets_in(self, source: str = None) -> bool:
        """A connection from there is met with a stream."""
        try:
            with rogue.connect(self.settings.edge, source) as stream:
                stream.header("good.test", LOCAL_DOMAIN)
                stream.expect("stream", 3)
                return True
        except (OSError, rogue.Ended):
            return False

    def enter(self, context):
        """Enters a context that lasts as long as the border."""
        return self._stack.enter_context(context)

    # --- what the processes use

    def pid(self, role: str = "edge") -> int:
        return self.causeway.role(role)

    def memory(self, role: str = "edge") -> float:
        """Resident memory in MiB."""
        pages = int(_proc(self.pid(role), "statm").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)

    def files(self, role: str = "edge") -> int:
        """Open file descriptors."""
        return len(list(pathlib.Path(f"/proc/{self.pid(role)}/fd").iterdir()))

    def cpu(self, role: str = "edge") -> float:
        """Seconds of processor time so far."""
        fields = _proc(self.pid(role), "stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _proc(pid: int, name: str) -> str:
    try:
        return pathlib.Path(f"/proc/{pid}/{name}").read_text()
    except OSError:
        raise LabError(f"process {pid} is gone") from None


def _options(values: dict):
    return [word for name, value in values.items()
            for word in (f"--{name.replace('_', '-')}", str(value))]
