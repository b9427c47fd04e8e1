"""All of the lab together: DNS, CA, Prosody or ejabberd, Kamailio, Causeway, and the clients of
four users."""

import contextlib
import fcntl
import os
import shutil

from .ca import Authority
from .causeway import Causeway
from .dns import DnsServer
from .ejabberd import Ejabberd
from .kamailio import Kamailio
from .kamailio_presence import KamailioPresence
from .partner import Mode, pair_for
from .phone import Phone
from .process import LabError, require_free, undisturbed
from .prosody import Prosody
from .settings import LOCAL_DOMAIN, PARTNER_DOMAIN, Settings
from .sipclient import SipUser
from .xmppclient import XmppClient

#: how each way of federating is asked for in the partner settings, and how it must be named there
RULES = {
    Mode.SASL: ("Required", "Required", "true"),
    Mode.TLS_DIALBACK: ("Required", "NotSupported", "true"),
    Mode.TCP_DIALBACK: ("NotSupported", "NotSupported", "true"),
}

#: the SIP platform: who answers SUBSCRIBE is the user agent, or a presence server
PLATFORMS = {"direct": Kamailio, "presence": KamailioPresence}

#: the partner's server
SERVERS = {"prosody": Prosody, "ejabberd": Ejabberd}

_MARK = ".causeway-lab"


class Lab:
    """Servers run inside the context and are gone after it, whatever happened in between.

    fault: what is wrong with the partner's certificate: "expired", "wrong-name", or "".
    transport: between Kamailio and the gateway, both ways.
    partner: the server of fabrikam.test, "prosody" or "ejabberd".
    platform: "direct" or "presence"; platform_options: more for Kamailio's class.
    log_level: of Causeway; "info" where its speed is measured.
    certificate: a function of the authority, for the pair that the partner's server shows instead.
    own_certificate: what Causeway shows instead, as lab.causeway.Causeway takes it.
    dns: a function of this lab, when authority and pair are there, for the DNS server instead.
    causeway_options: more for its configuration, as lab.causeway.Causeway takes them.
    """

    def __init__(self, settings: Settings, mode: Mode = Mode.SASL, fault: str = "",
                 transport: str = "udp", partner: str = "prosody", log_level: str = "debug",
                 certificate=None, own_certificate=None, dns=None, platform: str = "direct",
                 platform_options=None, **causeway_options):
        self.settings = settings
        self.mode = mode
        self._fault = fault
        self._transport = transport
        self._log_level = log_level
        self._certificate = certificate
        self._dns = dns or _plain_dns
        self._causeway_options = {"certificate": own_certificate, **causeway_options}
        self._server_class = SERVERS[partner]
        self._platform_class = PLATFORMS[platform]
        self._platform_options = platform_options or {}
        self._stack = contextlib.ExitStack()
        self._clients = {}

    def __enter__(self) -> "Lab":
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        with undisturbed():
            self._clients.clear()
            self._stack.close()

    def _start(self) -> None:
        self._stack.enter_context(_held_directory(self.settings))
        _require_all_free(self.settings)
        clear_directory(self.settings)
        self.authority = Authority(self.settings.data / "ca").create()
        self.pair = (self._certificate(self.authority) if self._certificate else
                     pair_for(self.mode, PARTNER_DOMAIN, self.authority, self._fault))
        self.dns = self._run(self._dns(self))
        self.server = self._run(self._server_class(self.settings, self.authority, self.mode,
                                                   certificate=self.pair))
        self.kamailio = self._run(self._platform_class(self.settings, self._transport,
                                                       **self._platform_options))
        self.causeway = self._run(Causeway(self.settings, self.authority, self._transport,
                                           self._log_level, **self._causeway_options))

    @property
    def wants_edge_by_address(self) -> bool:
        return self._server_class.wants_edge_by_address

    def _run(self, server):
        self._stack.callback(server.stop)
        return server.start()

    @property
    def prosody(self) -> Prosody:
        """The partner's server, in the tests that are about Prosody."""
        return self.server

    def add_partner(self, mode: Mode = None, kind: str = "Federated", **fields):
        """Adds fabrikam.test; the fields override the security that the mode asks for."""
        return self.causeway.command("partner", "new", PARTNER_DOMAIN,
                                     *_options(mode or self.mode, type=kind, **fields))

    def change_partner(self, **fields):
        words = [word for name, value in fields.items()
                 for word in (f"--{name.replace('_', '-')}", value)]
        return self.causeway.command("partner", "set", PARTNER_DOMAIN, *words)

    def sip(self, name: str) -> SipUser:
        """Alice or bob, signed in at Kamailio."""
        return self._client(name, lambda: SipUser(self.settings, name, transport="udp"))

    def phone(self, name: str, device: int = 1, **options) -> Phone:
        """The presence client of alice or bob, on that device; options as lab.phone has them."""
        return self._client((name, device),
                            lambda: Phone(self.settings, name, device, **options))

    def xmpp(self, name: str, resource: str = "lab") -> XmppClient:
        """Juliet or romeo, signed in at the partner's server."""
        def make():
            server = self.server
            ca_file = None
            if server.is_encrypted:
                ca_file = (self.authority.certificate if server.mode is Mode.SASL
                           else server.pair.certificate)
            return XmppClient(f"{name}@{PARTNER_DOMAIN}", server.client_address, ca_file,
                              resource, not (self._fault or self._certificate))
        return self._client((name, resource), make)

    def sign_out_clients(self) -> None:
        """Frees the four accounts for other clients."""
        for client in self._clients.values():
            client.stop()
        self._clients.clear()

    def sign_out(self, name: str, resource: str = "lab") -> None:
        """Ends that XMPP client; the next call of `xmpp` makes a new one."""
        self._clients.pop((name, resource)).stop()

    def _client(self, name, make):
        if name not in self._clients:
            self._clients[name] = self._stack.enter_context(make())
        return self._clients[name]


def _plain_dns(lab: Lab) -> DnsServer:
    return DnsServer(lab.settings, lab.wants_edge_by_address)


def _options(mode: Mode, **fields):
    tls, sasl, dialback = RULES[mode]
    values = {"tls": tls, "sasl": sasl, "dialback": dialback, **fields}
    return [word for name, value in values.items()
            for word in (f"--{name.replace('_', '-')}", str(value))]


def _require_all_free(settings: Settings) -> None:
    """All ports are looked at before anything is started or written."""
    for address, kinds, option in (
            (settings.dns, ("udp", "tcp"), "--dns-port"),
            (settings.prosody, ("tcp",), "--xmpp-port"),
            (settings.prosody_clients, ("tcp",), "--client-port"),
            (settings.kamailio, ("udp", "tcp"), "--sip-port"),
            (settings.edge, ("tcp",), "--xmpp-port"),
            (settings.gateway, ("udp", "tcp"), "--gateway-port")):
        require_free(address, kinds, f" (--base) or another port ({option})")


def clear_directory(settings: Settings) -> None:
    """Empties the lab's directory, which is marked as such so that no other one is ever emptied."""
    mark = settings.data / _MARK
    if settings.data.exists() and any(settings.data.iterdir()) and not mark.exists():
        raise LabError(f"{settings.data} holds files that the lab did not make; "
                       "choose an empty directory (--data)")
    settings.data.mkdir(parents=True, exist_ok=True)
    for entry in settings.data.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif entry.name != _MARK:
            entry.unlink()
    mark.write_text("Made by ./run or the tests; emptied at each start.\n")


@contextlib.contextmanager
def _held_directory(settings: Settings):
    """The directory is this lab's alone while the context lasts."""
    settings.data.mkdir(parents=True, exist_ok=True)
    handle = os.open(settings.data, os.O_RDONLY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LabError(f"{settings.data} is in use by another ./run; stop that one, or choose "
                           "another directory (--data) and other addresses (--base)") from None
        yield
    finally:
        os.close(handle)


def local(name: str) -> str:
    return f"{name}@{LOCAL_DOMAIN}"


def partner(name: str) -> str:
    return f"{name}@{PARTNER_DOMAIN}"
