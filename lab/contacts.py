"""An XMPP client's contacts: whom it asked, what it answered, and what it was told of them."""

import dataclasses
import time

from .process import LabError, wait_until

_CLIENT = "{jabber:client}"
_ROSTER = "{jabber:iq:roster}"


@dataclasses.dataclass(frozen=True)
class Presence:
    """One presence stanza as the client got it. kind: "" is available."""

    at: float
    sender: str
    kind: str
    show: str
    status: str
    priority: int


@dataclasses.dataclass(frozen=True)
class Contact:
    """One line of the contact list, as the server keeps it."""

    subscription: str  #: "none", "to", "from", "both"
    is_asked: bool


class Contacts:
    """What belongs to presence of one XmppClient, which gives it every presence stanza."""

    def __init__(self, client):
        self._client = client
        self.presences = []

    # --- what its user does

    def add(self, address: str) -> None:
        """Asks to see that address."""
        self._typed(address, "subscribe")

    def accept(self, address: str) -> None:
        self._typed(address, "subscribed")

    def decline(self, address: str) -> None:
        """Says no; the same takes back an earlier yes."""
        self._typed(address, "unsubscribed")

    def give_up(self, address: str) -> None:
        """Does not want to see that address any more."""
        self._typed(address, "unsubscribe")

    def remove(self, address: str) -> None:
        """Takes it off the list; the server ends the subscriptions in both directions."""
        self._roster("set", f"<item jid='{address}' subscription='remove'/>")

    def show(self, show: str = "", status: str = "", priority: int = 0) -> None:
        """What everybody who may is told of this client."""
        self._client.send_presence(pshow=show or None, pstatus=status or None,
                                   ppriority=priority)

    def hide(self) -> None:
        """Unavailable, while still connected."""
        self._typed(None, "unavailable")

    def probe(self, address: str) -> None:
        """Which no real client sends; a server lets it pass, or asks in its own name."""
        self._typed(address, "probe")

    # --- what it knows

    def listed(self) -> dict:
        """The list as the server keeps it, by bare address."""
        query = self._roster("get")
        return {item.get("jid"): Contact(item.get("subscription", "none"),
                                         item.get("ask") == "subscribe")
                for item in query.iter(_ROSTER + "item")}

    def seen(self, address: str) -> dict:
        """Who is there: resource -> the last available presence, of that bare address."""
        found = {}
        for presence in list(self.presences):
            bare, _, resource = presence.sender.partition("/")
            if bare != address:
                continue
            if presence.kind == "":
                found[resource] = presence
            elif presence.kind == "unavailable" or presence.kind == "error":
                if resource:
                    found.pop(resource, None)
                else:
                    found.clear()
        return found

    def shows(self, address: str) -> list:
        """What is seen of that address: the <show/> of each resource, "" for available."""
        return sorted(presence.show for presence in self.seen(address).values())

    def wait_shows(self, address: str, shows, seconds: float = 10) -> dict:
        """Until exactly these are seen (a list, as shows gives it); what is seen then."""
        try:
            wait_until(lambda: self.shows(address) == sorted(shows), seconds, "")
        except LabError:
            raise LabError(f"{self._client.address} sees {self.shows(address)} of {address} and not "
                           f"{sorted(shows)} after {seconds:g} s; it heard: "
                           f"{[p for p in self.presences if p.sender.startswith(address)][-4:]}"
                           ) from None
        return self.seen(address)

    def of_kind(self, address: str, kind: str) -> list:
        """All stanzas of that type from that bare address."""
        return [presence for presence in list(self.presences)
                if presence.kind == kind and presence.sender.split("/")[0] == address]

    def wait_kind(self, address: str, kind: str, count: int = 1, seconds: float = 10) -> Presence:
        """The count-th stanza of that type: "subscribe", "subscribed", ..."""
        return wait_until(lambda: self.of_kind(address, kind)[count - 1:], seconds,
                          f"{self._client.address} waiting for {kind!r} (number {count}) of "
                          f"{address}")[0]

    def wait_listed(self, address: str, subscription: str, seconds: float = 10) -> Contact:
        """Until the server's list says so; "" stands for not listed at all."""
        def fits():
            item = self.listed().get(address)
            return (item.subscription if item else "") == subscription
        wait_until(fits, seconds, f"{self._client.address}: {address} listed as "
                   f"{subscription!r}", 0.1)
        return self.listed().get(address)

    # --- the wire

    def take(self, stanza) -> None:
        """A presence stanza has come, as an ElementTree element."""
        def text(name):
            return stanza.findtext(_CLIENT + name) or ""
        self.presences.append(Presence(
            time.time(), stanza.get("from", ""), stanza.get("type", ""), text("show"),
            text("status"), int(text("priority") or 0)))

    def _typed(self, address, kind: str) -> None:
        to = f" to='{address}'" if address else ""
        self._client.send_xml(f"<presence{to} type='{kind}'/>")

    def _roster(self, kind: str, item: str = ""):
        mark = self._client.new_id()
        answer = self._client.ask(
            f"<iq type='{kind}' id='{mark}'><query xmlns='jabber:iq:roster'>{item}</query></iq>", mark)
        if answer.get("type") != "result":
            raise LabError(f"{self._client.address}: the server refused a change of the list")
        return answer
