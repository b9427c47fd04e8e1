"""Many partners and many local domains at once: one Prosody serves twenty partner domains as
components, a SIP platform sends for five local ones, and messages flow between all of them."""

import asyncio
import contextlib
import threading
import time

from .ca import Authority
from .causeway import Causeway
from .nameserver import Name, NameServer
from .partner import Mode
from .process import wait_until
from .prosody import Prosody
from .settings import PARTNER_DOMAIN, Settings
from .sipstub import SipStub
from .stack import clear_directory
from .xmppclient import _Loop, _condition

from slixmpp.componentxmpp import ComponentXMPP  # noqa: E402

_PORT, _SECRET = 5347, "crowd-secret"

#: all partners come from one address, a hundred streams at once
_DOOR = """  connections-per-s: 0
  handshakes-per-s: 0
  ban-after: 0
  max-unauthenticated: 1000"""


class CrowdProsody(Prosody):
    """Prosody whose components are the partners; it takes dialback too when EXTERNAL is not offered."""

    log_level = "info"

    def __init__(self, settings: Settings, authority: Authority, domains):
        self.domains = domains
        super().__init__(settings, authority, Mode.SASL,
                         certificate=authority.issue("crowd", PARTNER_DOMAIN, *domains))

    def _text(self) -> str:
        components = "".join(f'Component "{domain}"\n    component_secret = "{_SECRET}"\n'
                             for domain in self.domains)
        text = super()._text().replace('"tls"', '"tls", "dialback"')
        return text.replace("VirtualHost", f"""component_interfaces = {{ "{self.server_address[0]}" }}
component_ports = {{ {_PORT} }}
VirtualHost""", 1) + components


class PartnerComponent:
    """One partner's users, whatever their names are."""

    def __init__(self, address, domain: str):
        self.domain = domain
        self.bodies = []  #: of messages that came, in order
        self.errors = {}  #: id of a message of ours -> the condition that came back
        self.is_up = False
        _Loop.call(self._connect, address)

    def _connect(self, address) -> None:
        self._xmpp = ComponentXMPP(self.domain, _SECRET, *address)
        self._xmpp.loop = asyncio.get_event_loop()
        self._xmpp.add_event_handler("session_start", lambda _: setattr(self, "is_up", True))
        self._xmpp.add_event_handler("message", lambda m: self.bodies.append(m["body"]))
        self._xmpp.add_event_handler("message_error", self._on_error)
        self._xmpp.connect()

    def _on_error(self, message) -> None:
        self.errors[message["id"]] = _condition(message["error"])

    def send(self, user: str, to: str, body: str) -> str:
        """The id is the body."""
        def work():
            message = self._xmpp.make_message(mto=to, mbody=body, mfrom=f"{user}@{self.domain}")
            message["id"] = body
            message.send()
        _Loop.call(work)
        return body

    def stop(self) -> None:
        _Loop.call(self._xmpp.abort)


class Crowd:
    """Everything runs while the context lasts; every pair of domains is a partner's and ours."""

    def __init__(self, settings: Settings, n_partners: int = 20, n_locals: int = 5,
                 **causeway_options):
        self.settings = settings
        self.partners = [f"p{n:02d}.test" for n in range(1, n_partners + 1)]
        self.locals = [f"local{n}.test" for n in range(1, n_locals + 1)]
        self._options = causeway_options
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> "Crowd":
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_) -> None:
        self._stack.close()

    def _start(self) -> None:
        settings = self.settings
        clear_directory(settings)
        self.authority = Authority(settings.data / "ca").create()
        self.names = self._stack.enter_context(NameServer(settings.dns))
        self._publish(self.partners, settings.prosody)
        self._publish(self.locals, settings.edge)
        self.prosody = CrowdProsody(settings, self.authority, self.partners)
        self._stack.callback(self.prosody.stop)
        self.prosody.start()
        self.sip = self._stack.enter_context(SipStub(settings.kamailio, settings.gateway))
        self.causeway = Causeway(settings, self.authority, domains=self.locals, log_level="info",
                                 certificate=self.authority.issue("causeway", *self.locals),
                                 door=_DOOR,
                                 **self._options)
        self._stack.callback(self.causeway.stop)
        self.causeway.start()
        for domain in self.partners:
            self.causeway.command("partner", "new", domain, "--type", "Federated",
                                  "--tls", "Required", "--sasl", "Required", "--dialback", "true")
        self.components = {}
        for domain in self.partners:
            self.components[domain] = PartnerComponent((settings.prosody[0], _PORT), domain)
            self._stack.callback(self.components[domain].stop)
        wait_until(lambda: all(c.is_up for c in self.components.values()), 20,
                   "all components attaching")

    def _publish(self, domains, place) -> None:
        for domain in domains:
            self.names.zone[f"_xmpp-server._tcp.{domain}"] = Name(
                SRV=[(0, 5, place[1], f"xmpp.{domain}")], ttl=60)
            self.names.zone[f"xmpp.{domain}"] = Name(A=[place[0]], ttl=60)

    def pairs(self):
        return [(local, partner) for partner in self.partners for local in self.locals]

    def streams(self) -> dict:
        """The streams that are READY, by their ids."""
        answer = self.causeway.query("stream", "list")
        return {s["id"]: s for s in answer["streams"] if s["state"] == "ready"}


class Flow:
    """Messages both ways over all pairs in turn, until it is stopped; then each has its end."""

    def __init__(self, crowd: Crowd, per_second: int = 60):
        self._crowd = crowd
        self._pause = 1 / per_second
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._send, daemon=True)
        self.outward = {}  #: body -> (partner, Call-ID)
        self.inward = {}  #: body -> partner

    def __enter__(self) -> "Flow":
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._stopping.set()
        self._thread.join()

    def _send(self) -> None:
        crowd, n, pairs = self._crowd, 0, self._crowd.pairs()
        while not self._stopping.is_set():
            local, partner = pairs[n % len(pairs)]
            out, back = f"out {n} {partner}", f"in {n} {partner}"
            self.outward[out] = partner, crowd.sip.send(f"alice@{local}", f"juliet@{partner}", out)
            self.inward[back] = partner
            crowd.components[partner].send("juliet", f"alice@{local}", back)
            n += 1
            time.sleep(self._pause)

    # --- what became of them, when no more are sent

    def unanswered(self):
        """SIP requests without a final status."""
        return [body for body, (_, call_id) in self.outward.items()
                if call_id not in self._crowd.sip.answers]

    def told_delivered(self):
        return {body for body, (_, call_id) in self.outward.items()
                if self._crowd.sip.answers.get(call_id) in (200, 202)}

    def arrived_outward(self):
        return [body for component in self._crowd.components.values() for body in component.bodies]

    def lost_inward(self):
        """Neither delivered nor answered with an error."""
        arrived = set(self._crowd.sip.bodies())
        return [body for body, partner in self.inward.items()
                if body not in arrived and body not in self._crowd.components[partner].errors]
