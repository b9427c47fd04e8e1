"""A federation worth looking at: seven partners, two of them real Prosodys, some that fail, people
who write to each other, and administrators who have changed things. For pictures of the panel.

    with Scene(settings) as scene:
        scene.live()        # once: partners, contacts, failures, audit rows
        scene.talk(30)      # messages in both directions, spread over so many seconds
"""

import contextlib
import time

from . import rogue
from .causeway import panel_section
from .nameserver import Name, NameServer
from .panel import Browser as Client
from .panel import Place
from .partner import Mode
from .pidf import State
from .process import LabError, undisturbed
from .prosody import Prosody
from .settings import ACCOUNTS, LOCAL_DOMAIN, PARTNER_DOMAIN, Settings
from .stack import Lab
from .xmppclient import XmppClient

PASSWORD = "correct horse battery staple"
LOGISTICS, BANK, TOYS, CITY, NETWORK, ABROAD = (
    "northwind.test", "woodgrove.test", "tailspin.test", "münchen.test", "jabber.test",
    "adatum.test")

#: as the form asks for them
PARTNERS = (
    {"domain": PARTNER_DOMAIN, "description": "Fabrikam, our supplier of valves",
     "type": "Federated", "tls": "Required", "sasl": "Required", "dialback": False},
    {"domain": LOGISTICS, "description": "Northwind Traders: logistics",
     "additional": [f"air.{LOGISTICS}", f"hub.{LOGISTICS}"], "type": "Federated",
     "tls": "Required", "sasl": "NotSupported", "dialback": True},
    {"domain": BANK, "description": "Woodgrove Bank", "type": "PublicVerified",
     "tls": "Required", "sasl": "Required", "dialback": False, "connection-limit": 4},
    {"domain": TOYS, "description": "Tailspin Toys, moving to a new server",
     "type": "Federated", "tls": "Required", "sasl": "Optional", "dialback": True},
    {"domain": CITY, "description": "Stadt München", "type": "PublicVerified",
     "tls": "Required", "sasl": "Optional", "dialback": True},
    {"domain": NETWORK, "description": "Public service, anybody may have an account there",
     "type": "PublicUnverified", "tls": "Optional", "sasl": "Optional", "dialback": True},
    {"domain": ABROAD, "description": "A. Datum: contract ended in May", "type": "Federated",
     "enabled": False},
)


def _certificate(authority):
    """Good for so long that nothing warns of it."""
    return authority.issue_short("contoso", LOCAL_DOMAIN, days=80)


class Scene:
    """Everything runs inside the context. maria and joao have accounts of the panel."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> "Scene":
        try:
            self.lab = self._stack.enter_context(
                Lab(self.settings, platform="presence", own_certificate=_certificate,
                    dns=lambda lab: NameServer(lab.settings.dns),
                    panel=panel_section(self.settings)))
            self._names()
            self._neighbours()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        with undisturbed():
            self._stack.close()

    @property
    def url(self) -> str:
        return self.lab.causeway.panel_url

    # --- who is out there

    def _names(self) -> None:
        self._announce(LOCAL_DOMAIN, self.settings.edge)
        self._announce(PARTNER_DOMAIN, self.settings.prosody)
        zone = self.lab.dns.zone
        zone[f"sip.{LOCAL_DOMAIN}"] = Name(A=[self.settings.kamailio[0]])
        for kind in ("udp", "tcp"):
            zone[f"_sip._{kind}.{LOCAL_DOMAIN}"] = Name(
                SRV=[(0, 5, self.settings.sip_port, f"sip.{LOCAL_DOMAIN}")])

    def _announce(self, domain: str, place) -> None:
        zone, name = self.lab.dns.zone, domain.encode("idna").decode()
        zone[f"_xmpp-server._tcp.{name}"] = Name(SRV=[(0, 5, place[1], f"xmpp.{name}")])
        zone[f"xmpp.{name}"] = Name(A=[place[0]])

    def _place(self, last: int):
        return self.settings.address(last), self.settings.xmpp_port

    def _neighbours(self) -> None:
        """The second Prosody proves itself by dialback; the bank's certificate has run out; nobody
        listens where Tailspin Toys is announced, and of München the DNS knows nothing."""
        authority = self.lab.authority
        ACCOUNTS.setdefault(f"nora@{LOGISTICS}", "nora-secret")
        self._announce(LOGISTICS, self._place(5))
        self.logistics = self._run(Prosody(
            self.settings, authority, Mode.TLS_DIALBACK, LOGISTICS, self._place(5),
            (self.settings.address(5), self.settings.client_port)))
        self._announce(BANK, self._place(6))
        self._run(rogue.Partner(self._place(6), authority, authority.issue_expired("bank", BANK)))
        self._announce(TOYS, self._place(7))
        self._announce(NETWORK, self._place(8))
        self._run(rogue.Partner(self._place(8), authority, authority.issue("network", NETWORK)))

    def _run(self, server):
        self._stack.callback(server.stop)
        return server.start()

    # --- what has happened

    def live(self) -> None:
        self._administer()
        self._befriend()
        self._fail()
        self._change()

    def client(self, name: str, role: str = "administrator") -> Client:
        """That account's session, without a browser; the account is made."""
        causeway = self.lab.causeway
        causeway.new_account(name, PASSWORD, role)
        client = Client(Place(causeway), {})
        self._done(client.sign_in(name, PASSWORD))
        return client

    @staticmethod
    def _done(answer):
        if answer.status >= 300:
            raise LabError(f"the panel answered {answer.status}: {answer.body.decode()}")
        return answer.json

    def _administer(self) -> None:
        self.maria, self.joao = self.client("maria"), self.client("joao", "viewer")
        for partner in PARTNERS:
            self._done(self.maria.post("/partners", partner))
        self._done(self.maria.put("/access", {"user": f"reception@{LOCAL_DOMAIN}",
                                              "xmpp": False}, If_Match='"0"'))
        self._done(self.maria.post("/blocks", {"user": f"alice@{LOCAL_DOMAIN}",
                                               "address": f"raffle@{NETWORK}"}))
        for name, role in (("monitoring", "viewer"), ("provisioning", "administrator")):
            self._done(self.maria.post("/tokens", {"name": name, "role": role}))

    def _befriend(self) -> None:
        """Alice and juliet see each other, bob and nora write to each other."""
        alice, self.juliet = self.lab.phone("alice"), self.lab.xmpp("juliet")
        alice.publish(State())
        watch = alice.watch(self.juliet.address)
        self.juliet.contacts.wait_kind(alice.address, "subscribe", seconds=20)
        self.juliet.contacts.accept(alice.address)
        watch.wait_open(20)
        self.juliet.contacts.add(alice.address)
        self.nora = self._stack.enter_context(
            XmppClient(f"nora@{LOGISTICS}", self.logistics.client_address,
                       self.logistics.pair.certificate))
        self._say("bob", self.nora.address, "The lorry is here.")
        self.nora.wait_for("The lorry is here.")
        self._say("alice", f"romeo@{PARTNER_DOMAIN}", "Good morning.")
        self._say("bob", f"eva@{NETWORK}", "Hello, do you still have the boat?")

    def _say(self, name: str, to: str, text: str) -> int:
        return self.lab.sip(name).send(to, text).status

    def _fail(self) -> None:
        city = CITY.encode("idna").decode()
        self.lab.sip("bob").send_each([(f"teller@{BANK}", "Are you open?"),
                                       (f"info@{TOYS}", "Is anybody there?"),
                                       (f"rathaus@{city}", "Servus.")], at_once=3)

    def _change(self) -> None:
        """Later changes, as the audit trail shows them."""
        self._done(self.maria.ask("PATCH", f"/partners/{TOYS}", {
            "description": "Tailspin Toys, moving to a new server in December",
            "sasl": "NotSupported", "additional": [f"shop.{TOYS}"]}, If_Match="*"))
        self._done(self.maria.ask("PATCH", "/settings", {"keep-alive-interval": 120},
                                  If_Match="*"))
        self.lab.causeway.command("access", "set", "--user", f"bob@{LOCAL_DOMAIN}", "--xmpp",
                                  "true")

    def talk(self, seconds: float) -> None:
        """People write to each other, how much changes from minute to minute; what failed fails
        again, and a stream is closed and opens anew."""
        end = time.monotonic() + seconds
        turn, minute = 0, time.time() // 60
        while time.monotonic() < end:
            if time.time() // 60 != minute:
                minute = time.time() // 60
                self._fail()
                self.lab.causeway.command("stream", "close", "--partner", PARTNER_DOMAIN)
            busy = 1 + int(time.time() // 60) * 7 % 5
            for _ in range(busy):
                turn += 1
                self.juliet.send(f"alice@{LOCAL_DOMAIN}", f"Valve {turn} has arrived.")
                if turn % 3 == 0:
                    self.nora.send(f"bob@{LOCAL_DOMAIN}", f"Lorry {turn} is on its way.")
            self.lab.sip("alice").send_many(self.juliet.address,
                                            [f"Thank you for valve {turn}."] * busy)
            time.sleep(min(2, max(0, end - time.monotonic())))
