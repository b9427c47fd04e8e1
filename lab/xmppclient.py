"""A real XMPP client (slixmpp) for tests that are not written in asyncio.

All clients share one thread with one event loop; every method here may be called from the test's
own thread.
"""

import asyncio
import dataclasses
import logging
import ssl
import threading
import time

logging.getLogger("slixmpp").setLevel(logging.CRITICAL)
logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # slixmpp leaves tasks behind at its end

import slixmpp  # noqa: E402  (it logs while it is being imported)

from .contacts import Contacts
from .process import LabError, wait_until
from .settings import ACCOUNTS


_STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"


@dataclasses.dataclass(frozen=True)
class Received:
    """One message stanza as the client got it. `condition` is empty unless it is an error."""

    at: float
    sender: str
    to: str
    kind: str
    id: str
    body: str
    subject: str
    thread: str
    condition: str
    error_type: str
    text: str


class _Loop:
    """The thread in which the clients live; made at first use."""

    _lock = threading.Lock()
    _loop = None

    @classmethod
    def get(cls):
        with cls._lock:
            if cls._loop is None:
                cls._loop = asyncio.new_event_loop()
                threading.Thread(target=cls._run, args=(cls._loop,), daemon=True).start()
        return cls._loop

    @staticmethod
    def _run(loop) -> None:
        asyncio.set_event_loop(loop)
        loop.run_forever()

    @classmethod
    def call(cls, function, *arguments, seconds: float = 10):
        async def wrapped():
            return function(*arguments)
        return asyncio.run_coroutine_threadsafe(wrapped(), cls.get()).result(seconds)


def _condition(error) -> str:
    """The defined condition; slixmpp's own list of them lacks <policy-violation/>."""
    names = (child.tag.partition("}") for child in error.xml)
    return next((name for space, _, name in names
                 if space == "{" + _STANZAS and name != "text"), "")


def _received(stanza) -> Received:
    error = stanza["error"] if stanza["type"] == "error" else None
    return Received(
        at=time.time(), sender=str(stanza["from"]), to=str(stanza["to"]), kind=stanza["type"],
        id=stanza["id"], body=stanza["body"], subject=stanza["subject"], thread=stanza["thread"],
        condition=_condition(error) if error else "", error_type=error["type"] if error else "",
        text=error["text"] if error else "")


class XmppClient:
    """One signed-in client. Use as a context manager, or call start and stop.

    Nothing is accepted or asked for on its user's behalf: see `contacts`.
    """

    def __init__(self, address: str, server, ca_file=None, resource: str = "lab",
                 check_certificate: bool = True):
        self.address = address
        self.received = []
        self.contacts = Contacts(self)
        self.elements = []  # every stanza, as an ElementTree element
        self._server = server
        self._ca_file = ca_file
        self._resource = resource
        self._check_certificate = check_certificate
        self._ready = threading.Event()
        self._failure = ""
        self._client = None

    def start(self, seconds: float = 15) -> "XmppClient":
        _Loop.call(self._connect)
        if not self._ready.wait(seconds) or self._failure:
            self.stop()
            raise LabError(f"{self.address} could not sign in at {self._server[0]}:"
                           f"{self._server[1]}: {self._failure or 'no answer'}")
        return self

    def stop(self) -> None:
        if self._client is not None:
            client, self._client = self._client, None
            _Loop.call(client.disconnect, 1.0)
            try:
                wait_until(lambda: not client.is_connected(), 3, f"{self.address} signing out")
            except LabError:
                _Loop.call(client.abort)

    __enter__ = start

    def __exit__(self, *_):
        self.stop()

    def send(self, to: str, body: str, kind: str = "chat", **more) -> str:
        """Sends one message and returns its id. more: subject, thread, lang."""
        return self.send_many(to, [body], kind, **more)[0]

    def send_many(self, to: str, bodies, kind: str = "chat", **more):
        """Sends the messages in their order, as fast as the stream takes them."""
        def work():
            ids = []
            for body in bodies:
                message = self._client.make_message(mto=to, mbody=body, mtype=kind)
                message["id"] = self._client.new_id()
                for name, value in more.items():
                    message[name] = value
                message.send()
                ids.append(message["id"])
            return ids
        return _Loop.call(work, seconds=60)

    def send_xml(self, text: str) -> None:
        """Sends a stanza as it stands."""
        _Loop.call(self._client.send_raw, text)

    def send_presence(self, **fields) -> None:
        _Loop.call(lambda: self._client.send_presence(**fields))

    def new_id(self) -> str:
        return _Loop.call(self._client.new_id)

    def ask(self, text: str, stanza_id: str, seconds: float = 10):
        """Sends a stanza as it stands; the element of the first stanza with that id that comes."""
        self.send_xml(text)
        return self.wait_element(lambda element: element.get("id") == stanza_id, seconds)

    def wait_element(self, fits, seconds: float = 10):
        """The first received element for which fits(element) is true."""
        # in a list: an element without children counts as false
        return wait_until(lambda: [e for e in list(self.elements) if fits(e)], seconds,
                          f"{self.address} waiting for a stanza")[0]

    def wait_for(self, what, seconds: float = 10) -> Received:
        """The first received message with this body, or for which what(message) is true."""
        fits = what if callable(what) else lambda message: message.body == what

        def find():
            return next((m for m in list(self.received) if fits(m)), None)
        return wait_until(find, seconds, f"{self.address} waiting for a message"
                          + ("" if callable(what) else f" {what!r}"))

    def wait_error(self, stanza_id: str, seconds: float = 10) -> Received:
        """The error stanza that answers the message of this id."""
        return self.wait_for(lambda m: m.kind == "error" and m.id == stanza_id, seconds)

    def _connect(self) -> None:
        client = slixmpp.ClientXMPP(f"{self.address}/{self._resource}", ACCOUNTS[self.address])
        self._client = client
        client.loop = asyncio.get_event_loop()
        client.roster.auto_authorize = None
        client.roster.auto_subscribe = False
        client.add_event_handler("session_start", self._on_session)
        client.add_event_handler("message", lambda s: self.received.append(_received(s)))
        client.add_event_handler("message_error", lambda s: self.received.append(_received(s)))
        client.add_filter("in", self._keep)
        client.add_event_handler("failed_all_auth", lambda _: self._on_failure("wrong password"))
        client.add_event_handler("connection_failed", lambda why: self._on_failure(str(why)))
        if not self._check_certificate:
            client.ssl_context.check_hostname = False
            client.ssl_context.verify_mode = ssl.CERT_NONE
        elif self._ca_file:
            client.ca_certs = str(self._ca_file)
        else:
            client["feature_mechanisms"].unencrypted_scram = True
            client["feature_mechanisms"].unencrypted_plain = True
        client.connect(self._server, force_starttls=bool(self._ca_file),
                       disable_starttls=not self._ca_file)

    def _keep(self, stanza):
        if stanza is not None:
            self.elements.append(stanza.xml)
            if stanza.name == "presence":
                self.contacts.take(stanza.xml)
        return stanza

    async def _on_session(self, _event) -> None:
        self._client.get_roster(callback=lambda _: None)  # changes are told to those who asked
        self._client.send_presence()
        self._ready.set()

    def _on_failure(self, reason: str) -> None:
        self._failure = reason
        self._ready.set()

