"""The edge's side of the link, scripted: sends partners' stanzas to the gateway, takes its own."""

import itertools
import os
import socket
import threading
import time
import xml.etree.ElementTree as ElementTree
from xml.sax.saxutils import escape, quoteattr

from .process import wait_until
from .settings import LOCAL_DOMAIN, PARTNER_DOMAIN

_NS = "urn:causeway:link:1"
_HEADER = ("<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' "
           "xmlns:stream='http://etherx.jabber.org/streams'>")


class FakeEdge:
    """Listens on the Unix socket while the context lasts; start it before the gateway."""

    def __init__(self, path):
        self.path = str(path)
        self.outcomes = {}  #: by number: (result, condition of the error or "")
        self.stanzas = []  #: message and presence elements from the gateway
        self._numbers = itertools.count(1)
        self._client = None
        self._listener = None
        self._ready = threading.Event()

    def __enter__(self) -> "FakeEdge":
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(self.path)
        self._listener.listen(1)
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._listener.close()
        if self._client:
            self._client.close()

    def message(self, body: str, sender: str = f"juliet@{PARTNER_DOMAIN}/balcony",
                to: str = f"alice@{LOCAL_DOMAIN}") -> int:
        """Sends one message; its outcome will be under the number returned."""
        assert self._ready.wait(10), "the gateway has not taken up the link"
        number = next(self._numbers)
        self._send(f"<stanza xmlns='{_NS}' n='{number}'><message xmlns='jabber:server' type='chat' "
                   f"id='m{number}' from={quoteattr(sender)} to={quoteattr(to)}>"
                   f"<body>{escape(body)}</body></message></stanza>")
        return number

    def presence(self, kind: str = "", sender: str = f"juliet@{PARTNER_DOMAIN}",
                 to: str = f"alice@{LOCAL_DOMAIN}", inside: str = "") -> int:
        """Sends one presence stanza; kind "": available."""
        assert self._ready.wait(10), "the gateway has not taken up the link"
        number = next(self._numbers)
        typed = f" type='{kind}'" if kind else ""
        self._send(f"<stanza xmlns='{_NS}' n='{number}'><presence xmlns='jabber:server'{typed} "
                   f"from={quoteattr(sender)} to={quoteattr(to)}>{inside}</presence></stanza>")
        return number

    def wait_outcome(self, number: int, seconds: float = 10):
        wait_until(lambda: number in self.outcomes, seconds, f"the outcome of stanza {number}")
        return self.outcomes[number]

    def deliver(self, body: str, seconds: float = 10):
        """The outcome of one message, and how long it took."""
        start = time.monotonic()
        return self.wait_outcome(self.message(body), seconds), time.monotonic() - start

    def _send(self, text: str) -> None:
        self._client.sendall(text.encode())

    def _serve(self) -> None:
        try:
            self._client, _ = self._listener.accept()
            parser = ElementTree.XMLPullParser(["start", "end"])
            depth = 0
            self._send(f"{_HEADER}<hello xmlns='{_NS}' version='1' instance='fake'/>")
            while True:
                data = self._client.recv(65536)
                if not data:
                    return
                parser.feed(data)
                for event, element in parser.read_events():
                    depth += 1 if event == "start" else -1
                    if event == "end" and depth == 1:
                        self._take(element)
        except OSError:
            return

    def _take(self, element) -> None:
        name = element.tag.partition("}")[2]
        if name == "config":
            self._send(f"<configured xmlns='{_NS}' version='{element.get('version')}'/>")
            self._ready.set()
        elif name == "ping":
            self._send(f"<ping xmlns='{_NS}'/>")
        elif name == "stanza":
            self.stanzas.append(element[0])
            self._send(f"<outcome xmlns='{_NS}' n='{element.get('n')}' result='delivered'/>")
        elif name == "outcome":
            error = [e for e in element.iter() if e.tag.endswith("}error")]
            conditions = [c.tag.partition("}")[2] for e in error for c in e]
            self.outcomes[int(element.get("n"))] = (element.get("result"),
                                                    conditions[0] if conditions else "")
