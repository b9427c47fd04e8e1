"""Partners for the other ways of a stream: TLS from the first byte, stanzas both ways, more pairs
of domains, an OCSP answer stapled to the certificate."""

import contextlib
import socket
import subprocess
import threading

from . import rogue
from .border import SECOND_DOMAIN, Border
from .ejabberd import Ejabberd
from .nameserver import Name
from .partner import Mode
from .process import port_answers, wait_until
from .prosody import Prosody
from .scripted import OFFERS_DIALBACK, OFFERS_TLS
from .settings import ACCOUNTS, LOCAL_DOMAIN
from .xmppclient import XmppClient

ALPN = "xmpp-server"
DIRECT_PORT = 5270
OFFERS_BIDI = "<bidi xmlns='urn:xmpp:features:bidi'/>"
WANTS_BIDI = "<bidi xmlns='urn:xmpp:bidi'/>"

ALICE, BOB = f"alice@{LOCAL_DOMAIN}", f"bob@{SECOND_DOMAIN}"
BY_DIALBACK = {"sasl": "NotSupported", "dialback": "true"}

_SERVERS = {"prosody": Prosody, "ejabberd": Ejabberd}


def _with_revocations(authority):
    """Causeway's own certificate, when there is a list that revokes another one."""
    authority.revoked = authority.issue("revoked", "revoked.test")
    authority.revoke(authority.revoked)
    return authority.issue("causeway", LOCAL_DOMAIN, SECOND_DOMAIN)


def arrived(partner, *bodies: str) -> None:
    """These and no others, in this order: 202 says that they are on their way."""
    wait_until(lambda: partner.bodies() == list(bodies), 5, f"{bodies} at {partner.address}")


def tls_facts(attempt) -> dict:
    """What the timeline says of the handshake."""
    return next(s["facts"] for s in attempt["steps"]
                if s["step"] == "tls" and s["state"] == "ok")


class Ways(Border):
    """A border at which real servers may be partners too. Our first domain is announced for
    STARTTLS and for direct TLS, the second one for STARTTLS alone. A certificate is revoked:
    authority.revoked."""

    def __init__(self, settings):
        super().__init__(settings, "  queue:\n    timeout-s: 4\n"
                         f"  crl: {settings.data}/ca/crl.pem", certificate=_with_revocations)

    def __enter__(self) -> "Ways":
        super().__enter__()
        self.set(stream_establishment_timeout=5)
        (edge, port), names = self.settings.edge, self.names.zone
        for ours in (LOCAL_DOMAIN, SECOND_DOMAIN):
            self.announce(ours, "xmpp-server", (10, 5, port, edge))
        self.announce(LOCAL_DOMAIN, "xmpps-server", (0, 5, port + 1, edge))
        names[edge] = Name(A=[edge])  # as ejabberd wants it: see wants_edge_by_address
        return self

    def announce(self, domain: str, service: str, *targets) -> None:
        """One set of SRV records; a target's host may be an address."""
        self.names.zone[f"_{service}._tcp.{domain}"] = Name(SRV=list(targets))
        for *_, host in targets:
            if host[0].isdigit():
                self.names.zone[host] = Name(A=[host])

    def server(self, software: str, domain: str, mode: Mode = Mode.SASL, announced=(), rules=None,
               **options):
        """A real server, running as long as the border, and its domain's partner entry.

        announced: sets of SRV records, (service, priority, port)."""
        ip = self.address()
        ACCOUNTS.setdefault(f"juliet@{domain}", "juliet-secret")
        made = _SERVERS[software](self.settings, self.authority, mode, domain, (ip, 5269),
                                  (ip, 5222), **options)
        for service, priority, port in announced or [("xmpp-server", 0, 5269)]:
            self.announce(domain, service, (priority, 5, port, ip))
        self.allow(domain, **(rules or {}))
        self._stack.callback(made.stop)
        return made.start()

    def scripted(self, kind, domain: str, announced=(), rules=None, pair=None, start: bool = True,
                 **options):
        """The same for one of the servers below."""
        ip = self.address()
        pair = pair or self.authority.issue(domain, domain)
        made = kind((ip, (announced or [("", 0, 5269)])[0][2]), self.authority, pair, **options)
        made.domain, made.pair = domain, pair
        for service, priority, port in announced or [("xmpp-server", 0, 5269)]:
            self.announce(domain, service, (priority, 5, port, ip))
        self.allow(domain, **(rules or {}))
        self._stack.callback(made.stop)
        return made.start() if start else made

    def juliet(self, server) -> XmppClient:
        """Signed in at that server."""
        trusted = server.authority if server.mode is Mode.SASL else server.pair
        return self.enter(XmppClient(f"juliet@{server.domain}", server.client_address,
                                     trusted.certificate))

    # --- messages

    def to_partner(self, domain: str, body: str, sender: str = ALICE, status: int = 202) -> None:
        assert self.sip.ask(sender, f"juliet@{domain}", body) == status

    def to_local(self, juliet, body: str, to: str = ALICE) -> None:
        juliet.send(to, body)
        wait_until(lambda: body in self.sip.bodies(), 10, f"{body!r} at {to}")

    # --- what Causeway says

    def streams(self, domain: str, direction: str = ""):
        """Those with the partner that are ready."""
        words = ["--direction", direction] if direction else []
        listed = self.causeway.query("stream", "list", "--partner", domain, *words)["streams"]
        return [s for s in listed if s["state"] == "ready"]

    def stream(self, domain: str, direction: str):
        """All about the partner's one stream of that direction."""
        (one,) = wait_until(lambda: self.streams(domain, direction), 10, f"a stream {direction}")
        return self.causeway.query("stream", "show", one["id"])["stream"]

    def attempts(self, domain: str, direction: str = "outbound"):
        told = self.causeway.query("partner", "diagnose", domain)["attempts"]
        return [a for a in told if a["direction"] == direction]

    def failed(self, domain: str, direction: str = "outbound", after: int = 0) -> dict:
        """The newest attempt that came to a bad end, when there are more than `after` attempts."""
        def find():
            told = self.attempts(domain, direction)[after:]
            return [a for a in told if a["result"] in ("failed", "refused")]
        return wait_until(find, 20, f"an attempt with {domain} that fails", every=0.2)[-1]

    # --- a direct TLS connection to the edge

    def direct(self, name: str = LOCAL_DOMAIN, pair=None, alpn=(ALPN,)) -> rogue.Stream:
        """SNI and ALPN as asked for; ssl.SSLError when the edge refuses the handshake."""
        tls = rogue.context(self.authority, pair)
        if alpn:
            tls.set_alpn_protocols(list(alpn))
        host, port = self.settings.edge
        stream = self.enter(rogue.connect((host, port + 1)))
        stream.socket = tls.wrap_socket(stream.socket, server_hostname=name or None)
        return stream


class Direct(rogue.Partner):
    """Speaks TLS from the first byte; `hellos` are the names that were asked for and what ALPN made
    of it."""

    def __init__(self, place, authority, pair):
        super().__init__(place, authority, pair)
        self.hellos = []
        self._tls.set_alpn_protocols([ALPN])
        self._tls.sni_callback = self._note_name

    def _note_name(self, sock, name, _context) -> None:
        sock.asked_name = name

    def _talk(self, stream) -> None:
        self._secure(stream)
        self.hellos.append((getattr(stream.socket, "asked_name", None),
                            stream.socket.selected_alpn_protocol()))
        self._external(stream)
        self._receive(stream)


class Bidi(rogue.Partner):
    """Offers stanzas both ways, and notes which of its streams were asked for them."""

    def __init__(self, place, authority, pair):
        super().__init__(place, authority, pair)
        self.asked = []  #: for each stream that is ready
        self.open = []

    def _talk(self, stream) -> None:
        self._greet(stream, OFFERS_TLS)
        stream.expect("starttls")
        stream.send(f"<proceed xmlns='{rogue.TLS}'/>")
        self._secure(stream)
        self._greet(stream, f"{OFFERS_BIDI}<mechanisms xmlns='{rogue.SASL}'>"
                    "<mechanism>EXTERNAL</mechanism></mechanisms>")
        first = stream.next()
        is_asked = rogue.name_of(first) == "bidi"
        if is_asked:
            stream.expect("auth")
        stream.send(f"<success xmlns='{rogue.SASL}'/>")
        stream._restart()
        self._greet(stream, "")
        self.asked.append(is_asked)
        self.open.append(stream)
        self._receive(stream)


class Dialback(rogue.Partner):
    """Believes each key, but for those of the domains in `refused`, and calls its own valid. At the
    first key of one in `ends_at` it says goodbye instead."""

    def __init__(self, place, authority, pair):
        super().__init__(place, authority, pair)
        self.refused, self.ends_at = set(), set()
        self.pairs = []  #: for each stream, our domains that asked on it

    def _talk(self, stream) -> None:
        self._greet(stream, OFFERS_TLS)
        stream.expect("starttls")
        stream.send(f"<proceed xmlns='{rogue.TLS}'/>")
        self._secure(stream)
        self._greet(stream, OFFERS_DIALBACK)
        asked = []
        self.pairs.append(asked)
        while True:
            element = stream.next(600)
            name, back = rogue.name_of(element), (f"from='{element.get('to')}' "
                                                  f"to='{element.get('from')}'")
            if name == "result":
                asked.append(element.get("from"))
                if asked[-1] in self.ends_at:
                    self.ends_at.remove(asked[-1])
                    raise rogue.Ended("that is all for today")
                stream.send(self._answer(element.get("from"), back))
            elif name == "verify":
                stream.send(f"<db:verify {back} id='{element.get('id')}' type='valid'/>")
            elif element.tag == f"{{{rogue.STREAMS}}}error":
                raise rogue.Ended("stream error", rogue.condition_of(element, rogue.STREAM_ERRORS))
            else:
                self.received.append((asked[0], element))

    def _answer(self, domain: str, back: str) -> str:
        if domain not in self.refused:
            return f"<db:result {back} type='valid'/>"
        return (f"<db:result {back} type='error'><error type='cancel'>"
                f"<policy-violation xmlns='{rogue.STANZA_ERRORS}'/></error></db:result>")


class Stapling(rogue.Partner):
    """One stream by direct TLS with an OCSP answer, or none, stapled: openssl does the TLS."""

    def __init__(self, place, authority, pair, staple=None):
        super().__init__(place, authority, pair)
        more = ["-status_file", str(staple)] if staple else []
        self._command = ["openssl", "s_server", "-quiet", "-accept", "%s:%d" % place, "-alpn", ALPN,
                         "-cert", str(pair.certificate), "-key", str(pair.key), "-CAfile",
                         str(authority.certificate), *more]

    def start(self) -> "Stapling":
        ours, theirs = socket.socketpair()
        with theirs:
            self._openssl = subprocess.Popen(self._command, stdin=theirs, stdout=theirs,
                                             stderr=subprocess.DEVNULL)
        wait_until(lambda: port_answers(self.address), 5, "openssl listening")
        self._stream = rogue.Stream(ours)
        self._thread = threading.Thread(target=self._serve, args=(self._stream,), daemon=True)
        self._thread.start()
        return self

    def stop(self, reset: bool = False) -> None:
        self._openssl.kill()
        self._openssl.wait()
        with contextlib.suppress(OSError):
            self._stream.socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    __enter__ = start

    def _talk(self, stream) -> None:
        self._external(stream)
        self._receive(stream)
