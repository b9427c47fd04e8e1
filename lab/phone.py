"""A SIP user agent for presence: it publishes, watches, and answers those who watch it.

sipp plays its scenarios from the beginning to the end; who watches and is watched has to keep
dialogs for long and to answer what comes, so this one is written for the lab. One socket, one
thread that reads it and repeats what has no answer yet (RFC 3261 section 17, over UDP).
"""

import dataclasses
import select
import socket
import threading
import time

from . import pidf
from .process import LabError, require_free, wait_until
from .settings import ACCOUNTS, LOCAL_DOMAIN, Settings
from .sipmessage import SipMessage, address, credentials, parameter, token, uri

_PORT = 5080
_EVENT = [("Event", "presence")]
_PIDF = "application/pidf+xml"


@dataclasses.dataclass
class _Pending:
    """A request without a final answer."""

    data: bytes
    to: tuple
    next_at: float
    wait: float
    until: float
    done: threading.Event
    answer: SipMessage = None


@dataclasses.dataclass(frozen=True)
class Notified:
    """One NOTIFY of a watch."""

    at: float
    state: str  #: "active", "pending", "terminated"
    reason: str
    expires: str
    text: str

    @property
    def document(self):
        """What it says; nobody is there when it has no body."""
        return pidf.read(self.text) if self.text else pidf.Document("")


class _Dialog:
    """Where the requests of a dialog go, and how they are numbered."""

    def __init__(self, phone, peer: str, call_id: str = ""):
        self.phone = phone
        self.peer = peer
        self.call_id = call_id or token()
        self.local_tag = token()
        self.remote_tag = ""
        self.target = f"sip:{peer}"
        self.routes = []
        self.cseq = 0

    def request(self, method: str, fields=(), body: str = "") -> SipMessage:
        """Sends one and waits; the final answer, after authentication."""
        return self.phone.request(method, self, fields, body)

    def learn(self, peer_field: str, contact: str, routes) -> None:
        self.remote_tag = self.remote_tag or parameter(peer_field, "tag")
        self.target = uri(contact) or self.target
        self.routes = self.routes or list(routes)


class Watch(_Dialog):
    """A subscription of the phone's user."""

    def __init__(self, phone, peer: str):
        super().__init__(phone, peer)
        self.notified = []

    @property
    def last(self) -> Notified:
        return self.notified[-1] if self.notified else Notified(0, "", "", "", "")

    @property
    def state(self) -> str:
        return self.last.state

    @property
    def document(self):
        """What the last NOTIFY says."""
        return self.last.document

    @property
    def is_open(self) -> bool:
        """Whether the one who is watched is there, as far as this watcher was told."""
        return self.state == "active" and self.document.is_open

    def subscribe(self, expires: int = 3600) -> SipMessage:
        answer = self.request("SUBSCRIBE", [*_EVENT, ("Expires", expires), ("Accept", _PIDF)])
        if answer.status // 100 == 2:
            self.learn(answer["to"], answer["contact"],
                       reversed(answer.routes("record-route")))
        return answer

    def end(self) -> SipMessage:
        """Unsubscribes, in the dialog."""
        return self.subscribe(0)

    def wait(self, fits, seconds: float = 10) -> Notified:
        """Until fits(the last NOTIFY) is true: what counts is what is said at the end."""
        try:
            wait_until(lambda: self.notified and fits(self.last), seconds, "")
        except LabError:
            raise LabError(f"{self.phone.address} watching {self.peer}: not within {seconds:g} s; "
                           f"the last it heard: {self.last}") from None
        return self.last

    def wait_open(self, seconds: float = 10) -> Notified:
        return self.wait(lambda _: self.is_open, seconds)

    def wait_closed(self, seconds: float = 10) -> Notified:
        return self.wait(lambda _: not self.is_open, seconds)


class Watcher(_Dialog):
    """Somebody who watches the phone's user, when the phone answers SUBSCRIBE itself."""

    def __init__(self, phone, request: SipMessage):
        super().__init__(phone, address(request["from"]), request["call-id"])
        self.learn(request["from"], request["contact"], request.routes("record-route"))
        self.expires = 3600
        self.subscribes = 0
        self.state = "pending"

    def notify(self, state: str, text: str = "", reason: str = "") -> SipMessage:
        """state: of the subscription."""
        self.state = state
        end = f";reason={reason}" if reason else f";expires={self.expires}"
        kind = [("Content-Type", _PIDF)] if text else []
        return self.request("NOTIFY", [*_EVENT, ("Subscription-State", state + end), *kind], text)


class Phone:
    """One device of a local user. Use as a context manager, or call start and stop.

    signs_in: it registers, so that what is for its user comes here.
    decision: what it answers to SUBSCRIBE: "active", "pending", or a status that refuses (603).
    """

    def __init__(self, settings: Settings, name: str, device: int = 1, signs_in: bool = False,
                 decision="active", domain: str = LOCAL_DOMAIN):
        self.address = f"{name}@{domain}"
        self.name = name
        self.decision = decision
        self.state = pidf.State()
        self.patience_s = 10  #: for an answer
        self.watchers = {}  #: by Call-ID
        self.messages = []
        self._signs_in = signs_in
        self._domain = domain
        self._here = settings.sip_user(name)[0], _PORT + device
        self._proxy = settings.kamailio
        self._watches = {}
        self._pending = {}
        self._answered = {}
        self._etag = ""
        self._publication = _Dialog(self, self.address)
        self._socket = None
        self._worker = None

    # --- what its user does

    def start(self) -> "Phone":
        require_free(self._here, ("udp",), " (--base)")
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(self._here)
        self._worker = threading.Thread(target=self._work, args=(self._socket,), daemon=True)
        self._worker.start()
        if self._signs_in:
            self.register()
        return self

    def stop(self) -> None:
        if self._socket is not None:
            self._socket, closing = None, self._socket
            self._worker.join()
            closing.close()

    __enter__ = start

    def __exit__(self, *_):
        self.stop()

    def register(self, expires: int = 3600) -> None:
        dialog = _Dialog(self, self.address)
        dialog.target = f"sip:{self._domain}"
        _require(dialog.request("REGISTER", [("Expires", expires)]))

    def publish(self, state: pidf.State = None, expires: int = 3600) -> None:
        """Tells the presence server; without a state only that the last one still holds."""
        fields = [*_EVENT, ("Expires", expires)]
        if self._etag:
            fields.append(("SIP-If-Match", self._etag))
        if state is not None:
            self.state = state
            fields.append(("Content-Type", _PIDF))
        text = state.document(self.address) if state else ""
        answer = self._publication.request("PUBLISH", fields, text)
        if answer.status == 412:  # the server has forgotten what we said before
            self._etag = ""
            return self.publish(state or self.state, expires)
        self._etag = _require(answer)["sip-etag"] if expires else ""
        return None

    def watch(self, peer: str, expires: int = 3600) -> Watch:
        """Subscribes to the presence of that address; LabError when that is refused."""
        watch = self.new_watch(peer)
        _require(watch.subscribe(expires))
        return watch

    def new_watch(self, peer: str) -> Watch:
        """One that has not subscribed yet."""
        watch = Watch(self, peer)
        self._watches[watch.call_id] = watch
        return watch

    def show(self, state: pidf.State) -> None:
        """Tells all watchers."""
        self.state = state
        for watcher in list(self.watchers.values()):
            if watcher.state == "active":
                _require(watcher.notify("active", state.document(self.address)))

    def wait_watcher(self, peer: str, seconds: float = 10) -> Watcher:
        """The last one of that address that subscribed."""
        return wait_until(lambda: [each for each in list(self.watchers.values())
                                   if each.peer == peer and each.state != "terminated"], seconds,
                          f"{self.address} waiting for {peer} to subscribe")[-1]

    def decide(self, watcher: Watcher, decision) -> None:
        """For one who is pending."""
        if decision == "active":
            _require(watcher.notify("active", self.state.document(self.address)))
        else:
            _require(watcher.notify("terminated", reason="rejected"))

    # --- requests of ours

    def request(self, method: str, dialog: _Dialog, fields, body: str) -> SipMessage:
        answer = self._try(method, dialog, fields, body)
        proof = {401: ("WWW-Authenticate", "Authorization"),
                 407: ("Proxy-Authenticate", "Proxy-Authorization")}.get(answer.status)
        if proof is None:
            return answer
        said = credentials(answer[proof[0]], method, dialog.target, self.name,
                           ACCOUNTS[self.address])
        return self._try(method, dialog, [*fields, (proof[1], said)], body)

    def _try(self, method, dialog, fields, body) -> SipMessage:
        dialog.cseq += 1
        branch, now, seconds = f"z9hG4bK{token()}", time.monotonic(), self.patience_s
        to_tag = f";tag={dialog.remote_tag}" if dialog.remote_tag else ""
        message = SipMessage(f"{method} {dialog.target} SIP/2.0", [
            ("Via", f"SIP/2.0/UDP {self._here[0]}:{self._here[1]};branch={branch}"),
            ("Max-Forwards", 70), *(("Route", route) for route in dialog.routes),
            ("From", f"<sip:{self.address}>;tag={dialog.local_tag}"),
            ("To", f"<sip:{dialog.peer}>{to_tag}"), ("Call-ID", dialog.call_id),
            ("CSeq", f"{dialog.cseq} {method}"), ("Contact", self._contact), *fields], body)
        pending = _Pending(message.write(), self._proxy, now, 0.5, now + seconds, threading.Event())
        self._pending[branch] = pending
        self._send(pending.data)
        pending.next_at += pending.wait
        pending.done.wait(seconds)
        self._pending.pop(branch, None)
        return pending.answer or SipMessage("SIP/2.0 408 Nobody Answered",
                                            [("CSeq", f"{dialog.cseq} {method}")])

    @property
    def _contact(self) -> str:
        return f"<sip:{self.name}@{self._here[0]}:{self._here[1]}>"

    def _send(self, data: bytes) -> None:
        sock = self._socket
        if sock is not None:
            sock.sendto(data, self._proxy)

    # --- what comes

    def _work(self, sock) -> None:
        while self._socket is sock:
            try:
                if select.select([sock], [], [], 0.1)[0]:
                    self._take(SipMessage.read(sock.recv(65536)))
            except (OSError, ValueError):
                continue  # closed, or nobody listened there a moment ago
            self._repeat(time.monotonic())

    def _repeat(self, now: float) -> None:
        for pending in list(self._pending.values()):
            if pending.next_at <= now < pending.until and not pending.done.is_set():
                pending.wait = min(2 * pending.wait, 4)
                pending.next_at = now + pending.wait
                self._send(pending.data)

    def _take(self, message: SipMessage) -> None:
        if not message.is_request:
            pending = self._pending.get(message.branch)
            if pending and message.status >= 200:
                pending.answer = message
                pending.done.set()
            return
        key = message.branch, message.method
        if key not in self._answered:
            self._answered[key] = self._answer(message).write()
        self._send(self._answered[key])

    def _answer(self, request: SipMessage) -> SipMessage:
        if request.method == "NOTIFY":
            return self._on_notify(request)
        if request.method == "SUBSCRIBE":
            return self._on_subscribe(request)
        if request.method == "MESSAGE":
            self.messages.append(request)
        return request.answer(200, "OK", token())

    def _on_notify(self, request: SipMessage) -> SipMessage:
        watch = self._watches.get(request["call-id"])
        if watch is None or parameter(request["to"], "tag") != watch.local_tag:
            return request.answer(481, "Subscription Does Not Exist", token())
        watch.learn(request["from"], request["contact"], request.routes("record-route"))
        value = ";" + request["subscription-state"]
        watch.notified.append(Notified(
            time.time(), value[1:].split(";")[0].strip(), parameter(value, "reason"),
            parameter(value, "expires"), request.body))
        return request.answer(200, "OK", token())

    def _on_subscribe(self, request: SipMessage) -> SipMessage:
        watcher = self.watchers.get(request["call-id"])
        if watcher is None:
            if parameter(request["to"], "tag"):
                return request.answer(481, "Subscription Does Not Exist", token())
            if self.decision not in ("active", "pending"):
                return request.answer(self.decision, "Declined", token())
            watcher = self.watchers[request["call-id"]] = Watcher(self, request)
            watcher.state = self.decision
        watcher.subscribes += 1
        watcher.expires = int(request["expires"] or 3600)
        threading.Thread(target=self._notify_now, args=(watcher,), daemon=True).start()
        return request.answer(200, "OK", watcher.local_tag,
                              [("Contact", self._contact), ("Expires", watcher.expires)])

    def _notify_now(self, watcher: Watcher) -> None:
        """RFC 6665 section 4.2.1.2: at once after each SUBSCRIBE."""
        text = self.state.document(self.address) if watcher.state == "active" else ""
        if watcher.expires == 0:
            watcher.notify("terminated", text, "timeout")
        else:
            watcher.notify(watcher.state, text)


def _require(answer: SipMessage) -> SipMessage:
    if answer.status // 100 != 2:
        raise LabError(f"{answer['cseq']} was answered with {answer.first[8:]}")
    return answer
