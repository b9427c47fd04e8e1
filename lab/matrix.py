"""Causeway beside servers that secure their streams in every way: one message each way for each of
their domains, all at once, and what both ends of each stream said about it."""

import collections
import dataclasses
import re
import time

from .border import Border
from .dns import ZoneServer
from .ejabberd_hosts import EjabberdHosts
from .nameserver import Name, NameServer
from .process import wait_until
from .prosody_hosts import ProsodyHosts
from .settings import LOCAL_DOMAIN, Settings
from .vhosts import SETUPS

LOCAL_USER = f"alice@{LOCAL_DOMAIN}"

#: one partner holds all domains of the servers, so that one command changes the rules for all
PARTNER = "matrix.test"

_OPTIONS = """  queue:
    timeout-s: 30
  max-unauthenticated: 2000"""

_TIMEOUT_S = 5  #: the least that there is
_PATIENCE_S = 4 * _TIMEOUT_S

_READY = re.compile(r" stream-ready .*?direction=(\S+) .*?remote=(\S+) method=\"([^\"]*)\"")
_FAILED = re.compile(r" attempt-failed .*?direction=(\S+) remote=(\S+) reason=(\S+) side=(\S+)")
_CLOSED = re.compile(r" stream-closed .*?direction=(\S+) remote=(\S+) error=(\S+)")


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of one message and of the stream that was to carry it."""

    is_up: bool
    ours: str  #: the method by which our stream came up, or why it did not
    is_up_there: bool
    theirs: str  #: the same as the partner's server tells it, "" when it says nothing
    methods: frozenset  #: those of all our streams with the domain, also the other way
    arrived: int  #: how often the message did
    status: int = 0  #: `out`: what its SIP sender was told
    bounced: bool = False  #: `in`: whether its sender at the partner was told that it failed

    def is_told(self, with_refusals: bool) -> bool:
        """Whether both ends have said all that they will; refusals: also why it is not up."""
        if self.is_up:
            return self.is_up_there and self.arrived > 0
        return bool(self.ours) and (bool(self.theirs) or not with_refusals)


class Matrix(Border):
    """Everything runs while the context lasts."""

    def __init__(self, settings: Settings):
        super().__init__(settings, _OPTIONS, log_level="info")
        self.servers = []

    def __enter__(self) -> "Matrix":
        super().__enter__()
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _start(self) -> None:
        edge, port = self.settings.edge
        # in digits, for ejabberd, which asks the C library for the address of a target
        self.names.zone[f"_xmpp-server._tcp.{LOCAL_DOMAIN}"] = Name(SRV=[(0, 5, port, edge)])
        self.names.zone[edge] = Name(A=[edge])
        for last, (server, fits) in enumerate((
                (ProsodyHosts, lambda setup: setup.tls == "required"),
                (ProsodyHosts, lambda setup: setup.tls != "required"),
                (EjabberdHosts, lambda setup: setup.certificate != "wrong-name"),
                (EjabberdHosts, lambda setup: setup.certificate == "wrong-name")), 40):
            made = server(self.settings, self.authority, filter(fits, SETUPS), last)
            self.servers.append(made)
            self._stack.callback(made.stop)
            made.launch()
        for server in self.servers:
            for domain in (*server.domains("out"), *server.domains("in")):
                self.publish(domain, server.address)
        names = ZoneServer(self.settings, self.names.zone)
        self._stack.callback(names.stop)
        names.start()
        self.set(stream_establishment_timeout=_TIMEOUT_S, connection_limit=10000)
        self.allow(PARTNER, *[domain for server in self.servers for setup in server.setups
                              for domain in setup.domains(server.software)],
                   connection_limit=10000, enabled="false")
        for server in self.servers:
            server.wait_started()

    def _make_names(self) -> NameServer:
        return NameServer(self.settings.dns)  # for its zone alone; dnsmasq serves it

    def run(self, *rules: str) -> dict:
        """With these rules, one message each way for each domain: the outcome by domain.

        Where the machine is so busy that the resolver gives up its name server among hundreds of
        questions at once, all is tried again, with what it has learnt by then."""
        for _ in range(4):
            round_ = self._run(*rules)
            if not round_.has_lost_questions():
                break
        return round_.look()[0]

    def _run(self, tls: str, sasl: str, dialback: str) -> "_Round":
        self.change(PARTNER, enabled="false")
        wait_until(lambda: all(server.is_idle() for server in self.servers), 10,
                   "the servers at rest", every=0.1)
        self.change(PARTNER, tls=tls, sasl=sasl, dialback=dialback, enabled="true")
        round_ = _Round(self, f"{tls} {sasl} {dialback}")
        deadline = time.monotonic() + _PATIENCE_S
        while not round_.look()[1] and time.monotonic() < deadline:
            time.sleep(0.1)
        return round_


class _Round:
    """The messages of one row of rules, and what has become of them so far."""

    def __init__(self, matrix: Matrix, mark: str):
        self._causeway, self._sip, self._servers = matrix.causeway, matrix.sip, matrix.servers
        self._mark = mark
        self._log_start = len(self._causeway.output())
        self._bodies_start = len(self._sip.received)
        self._calls = {}
        for server in self._servers:
            server.forget()
        for server in self._servers:
            for domain in server.domains("out"):
                self._calls[domain] = self._sip.send(LOCAL_USER, f"juliet@{domain}",
                                                     f"{mark} {domain}")
            server.send(server.domains("in"), LOCAL_USER)

    def has_lost_questions(self) -> bool:
        """Whether a name was not found, which all are that we ask for."""
        log = self._causeway.output()[self._log_start:]
        return " reason=dns-" in log or " reason=no-target-address" in log

    def look(self):
        """The outcomes by domain, and whether all of them are there."""
        log = self._causeway.output()[self._log_start:]
        bodies = collections.Counter(self._sip.bodies()[self._bodies_start:])
        outbound, inbound = _our_streams(log, "outbound"), _our_streams(log, "inbound")
        methods = collections.defaultdict(set)
        for match in _READY.finditer(log):
            methods[match[2]].add(match[3])
        outcomes, is_over = {}, True
        for server in self._servers:
            seen = _by_domain(server.seen())
            for domain in server.domains("out"):
                got = [each.detail for each in seen[domain] if each.kind == "got"]
                made = outcomes[domain] = Outcome(
                    *outbound.get(domain, (False, "")), *_their_stream(seen[domain], "incoming"),
                    frozenset(methods[domain]), got.count(f"{self._mark} {domain}"),
                    status=self._sip.answers.get(self._calls[domain], 0))
                is_over &= made.status != 0 and made.is_told(server.tells_refusals)
            for domain in server.domains("in"):
                bounced = any(each.kind == "bounced" for each in seen[domain])
                made = outcomes[domain] = Outcome(
                    *inbound.get(domain, (False, "")), *_their_stream(seen[domain], "outgoing"),
                    frozenset(methods[domain]), bodies[domain], bounced=bounced)
                is_over &= (made.is_up or made.bounced) and made.is_told(True)
        return outcomes, is_over


def _our_streams(log: str, direction: str) -> dict:
    """By domain, whether a stream with it came up, and its method; or why the last one did not, on
    whose side the fault is, and the stream error that either side sent."""
    methods, reasons, errors = {}, {}, {}
    for line in log.splitlines():
        if (match := _READY.search(line)) and match[1] == direction:
            methods[match[2]] = match[3]
        elif (match := _FAILED.search(line)) and match[1] == direction:
            reasons[match[2]] = f"{match[3]} ({match[4]})"
        elif (match := _CLOSED.search(line)) and match[1] == direction:
            errors[match[2]] = "" if match[3] == "none" else f" {match[3]}"
    failed = {domain: (False, reason + errors.get(domain, ""))
              for domain, reason in reasons.items()}
    return failed | {domain: (True, method) for domain, method in methods.items()}


def _by_domain(seen) -> dict:
    sorted_ = collections.defaultdict(list)
    for each in seen:
        if each.kind in ("got", "bounced") or each.other == LOCAL_DOMAIN:
            sorted_[each.domain].append(each)
    return sorted_


def _their_stream(seen, direction: str):
    """Whether it came up, and by which method, else what was said last."""
    said = [each for each in seen
            if each.direction == direction and each.kind in ("ready", "closed")]
    ready = [each.detail for each in said if each.kind == "ready"]
    return bool(ready), ready[-1] if ready else said[-1].detail if said else ""
