"""A scripted XMPP server: every byte it sends and every moment it stays silent is the test's choice.

`Stream` is one stream on a socket, seen from either side. `call` opens one to a server as an
initiating server does; `Partner` listens as a receiving server does, and takes note of what comes.
"""

import base64
import contextlib
import ctypes
import re
import socket
import ssl
import struct
import threading
import time
import xml.etree.ElementTree as ElementTree

from .process import LabError, accepted

SERVER = "jabber:server"
STREAMS = "http://etherx.jabber.org/streams"
DIALBACK = "jabber:server:dialback"
TLS = "urn:ietf:params:xml:ns:xmpp-tls"
SASL = "urn:ietf:params:xml:ns:xmpp-sasl"
STREAM_ERRORS = "urn:ietf:params:xml:ns:xmpp-streams"
STANZA_ERRORS = "urn:ietf:params:xml:ns:xmpp-stanzas"

_libc = ctypes.CDLL(None, use_errno=True)
_TAG = re.compile(rb"<[^>]*>")
_END = b"</stream:stream>"


class Ended(Exception):
    """The other side has closed the stream or the connection; `error` is its stream error, or ""."""

    def __init__(self, why: str, error: str = ""):
        super().__init__(f"{why}{': ' if error else ''}{error}")
        self.error = error


class Silence(Exception):
    """Nothing came in time."""


def name_of(element) -> str:
    """The name without its namespace."""
    return element.tag.rpartition("}")[2]


def condition_of(element, namespace: str = STANZA_ERRORS) -> str:
    """The defined condition inside an error stanza or a stream error."""
    found = (child.tag.rpartition("}") for child in element.iter())
    return next((name for space, _, name in found
                 if space == "{" + namespace and name != "text"), "")


def message(sender: str, to: str, body: str, stanza_id: str = "") -> str:
    identity = f" id='{stanza_id}'" if stanza_id else ""
    return (f"<message from='{sender}' to='{to}' type='chat'{identity}>"
            f"<body>{body}</body></message>")


def context(authority, pair=None, server: bool = False) -> ssl.SSLContext:
    """Shows the pair's certificate and asks for the other one, without checking names."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_OPTIONAL if server else ssl.CERT_REQUIRED
    made.load_verify_locations(authority.certificate)
    if pair is not None:
        made.load_cert_chain(pair.certificate, pair.key)
    return made


class Stream:
    """One stream. Reading is in whole top-level elements; writing is in whatever text."""

    def __init__(self, sock: socket.socket):
        self.socket = sock
        self.opening = None  #: the other side's stream header
        self.text = b""  #: of the element that was read last, as it came
        self._restart()

    def _restart(self) -> None:
        self._buffer, self._seen, self._depth, self._start = b"", 0, 0, 0

    # --- writing

    def send(self, text) -> None:
        self.socket.sendall(text if isinstance(text, bytes) else text.encode())

    def header(self, sender: str, to: str, more: str = "") -> None:
        self.send(f"<?xml version='1.0'?><stream:stream xmlns='{SERVER}' xmlns:stream='{STREAMS}' "
                  f"xmlns:db='{DIALBACK}' from='{sender}' to='{to}' version='1.0'{more}>")

    def reset(self) -> None:
        """Ends the connection with a TCP reset, even while another thread reads from it."""
        nowhere = struct.pack("@H14x", socket.AF_UNSPEC)
        _libc.connect(self.socket.fileno(), nowhere, len(nowhere))
        self.close()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.socket.close()

    __enter__ = lambda self: self  # noqa: E731

    def __exit__(self, *_):
        self.close()

    # --- reading

    def next(self, seconds: float = 10):
        """The next element below the root, or the root itself when a stream begins."""
        deadline = time.monotonic() + seconds
        while True:
            element = self._take()
            if element is not None:
                return element
            left = deadline - time.monotonic()
            if left <= 0:
                raise Silence(f"nothing within {seconds:g} seconds")
            self._receive(left)

    def expect(self, name: str, seconds: float = 10):
        """The next element, which must have this name."""
        element = self.next(seconds)
        if name_of(element) == "error" and name != "error":
            raise Ended("stream error", condition_of(element, STREAM_ERRORS))
        if name_of(element) != name:
            raise LabError(f"expected <{name}/>, got {ElementTree.tostring(element).decode()}")
        return element

    def wait_end(self, seconds: float = 10) -> str:
        """Reads until the other side has closed; its stream error, or ""."""
        error, deadline = "", time.monotonic() + seconds
        while True:
            try:
                element = self.next(max(0.0, deadline - time.monotonic()))
            except Ended:
                return error
            if name_of(element) == "error" and element.tag.startswith("{" + STREAMS):
                error = condition_of(element, STREAM_ERRORS)

    def _receive(self, seconds: float) -> None:
        self.socket.settimeout(seconds)
        try:
            data = self.socket.recv(65536)
        except (TimeoutError, ssl.SSLWantReadError):
            return
        except OSError as problem:
            raise Ended(str(problem)) from None
        finally:
            with contextlib.suppress(OSError):
                self.socket.settimeout(None)
        if not data:
            raise Ended("the connection was closed")
        self._buffer += data

    def _take(self):
        """Our servers write no '>' inside a tag, so that tags can be told without a parser."""
        while match := _TAG.search(self._buffer, self._seen):
            tag = match[0]
            if tag[:2] in (b"<?", b"<!"):
                self._seen = match.end()
                continue
            if self._depth == 1 and tag[:2] != b"</":
                self._start = match.start()
            self._seen = match.end()
            if tag[:2] == b"</":
                self._depth -= 1
            elif tag[-2:] != b"/>":
                self._depth += 1
                if self._depth == 1:
                    return self._begin(tag)
            if self._depth == 0:
                raise Ended("the stream was closed")
            if self._depth == 1:
                return self._cut()
        return None

    def _begin(self, tag: bytes):
        self._buffer, self._seen = self._buffer[self._seen:], 0
        self._root = tag
        self.opening = ElementTree.fromstring(tag + _END)
        return self.opening

    def _cut(self):
        self.text = self._buffer[self._start:self._seen]
        self._buffer, self._seen = self._buffer[self._seen:], 0
        return ElementTree.fromstring(self._root + self.text + _END)[0]

    # --- the steps of a negotiation, as the initiating server

    def open(self, sender: str, to: str, seconds: float = 10):
        """Sends a header; returns the features that answer it."""
        self._restart()
        self.header(sender, to)
        self.expect("stream", seconds)
        return self.expect("features", seconds)

    def start_tls(self, tls: ssl.SSLContext) -> None:
        self.send(f"<starttls xmlns='{TLS}'/>")
        self.expect("proceed")
        self.socket = tls.wrap_socket(self.socket)

    def external(self, sender: str, to: str) -> None:
        identity = base64.b64encode(sender.encode()).decode()
        self.send(f"<auth xmlns='{SASL}' mechanism='EXTERNAL'>{identity}</auth>")
        self.expect("success")
        self.open(sender, to)


def connect(address, source: str = None, seconds: float = 10, receive_buffer: int = 0) -> Stream:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.settimeout(seconds)
    if receive_buffer:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    if source:
        sock.bind((source, 0))
    sock.connect(address)
    return Stream(sock)


def call(address, sender: str, to: str, tls: ssl.SSLContext, source: str = None) -> Stream:
    """A stream to the server at the address, authenticated with SASL EXTERNAL."""
    stream = connect(address, source)
    try:
        stream.open(sender, to)
        stream.start_tls(tls)
        stream.open(sender, to)
        stream.external(sender, to)
    except BaseException:
        stream.close()
        raise
    return stream


class Partner:
    """A receiving server. What comes is kept in `received`, in the order of its arrival."""

    def __init__(self, address, authority, pair):
        self.address = address
        self.received = []  #: (domain it was sent from, element)
        self.texts = []  #: the same, in the bytes that came
        self.attempts = []  #: when each connection was made
        self.ends = []  #: the stream error with which each stream ended, "" for none
        self.shown = []  #: (domain it was made from, certificate in DER) of each stream
        self.ready = 0  #: streams that were authenticated so far
        self.reads = threading.Event()  #: cleared: authenticated streams are not read from
        self.reads.set()
        self.greets = True  #: False: connections are accepted and never spoken to
        self.receive_buffer = 0
        self._tls = context(authority, pair, server=True)
        self._listener = None
        self._streams = set()
        self._lock = threading.Lock()

    def start(self) -> "Partner":
        family = socket.AF_INET6 if ":" in self.address[0] else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self.receive_buffer:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self.receive_buffer)
        listener.bind(self.address)
        listener.listen(64)
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()
        return self

    def stop(self, reset: bool = False) -> None:
        """Neither listens nor has streams any more; reset: as a machine that loses its power."""
        listener, self._listener = self._listener, None
        if listener is not None:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self.reads.set()
        self.drop(reset)

    def drop(self, reset: bool = True) -> None:
        """Ends all streams, and goes on listening."""
        with self._lock:
            streams, self._streams = self._streams, set()
        for stream in streams:
            if reset:
                stream.reset()
            else:
                with contextlib.suppress(OSError):  # wakes the thread that reads from it
                    stream.socket.shutdown(socket.SHUT_RDWR)
                stream.close()

    __enter__ = start

    def __exit__(self, *_):
        self.stop()

    def bodies(self):
        """Texts of the messages that are no errors."""
        return [element.findtext(f"{{{SERVER}}}body") for _, element in list(self.received)
                if name_of(element) == "message" and element.get("type") != "error"]

    def errors(self) -> dict:
        """Conditions of the error stanzas, by the id that they answer."""
        return {element.get("id"): condition_of(element) for _, element in list(self.received)
                if element.get("type") == "error"}

    def _accept(self, listener) -> None:
        for sock, _ in accepted(listener):
            self.attempts.append(time.monotonic())
            stream = Stream(sock)
            with self._lock:
                if self._listener is not listener:
                    stream.close()
                    return
                self._streams.add(stream)
            threading.Thread(target=self._serve, args=(stream,), daemon=True).start()

    def _serve(self, stream: Stream) -> None:
        with contextlib.suppress(OSError, ssl.SSLError, LabError, ElementTree.ParseError):
            if not self.greets:
                stream.wait_end(600)
                return
            try:
                self._talk(stream)
            except (Ended, Silence) as end:
                self.ends.append(getattr(end, "error", ""))
                with contextlib.suppress(OSError):
                    stream.send("</stream:stream>")
        with self._lock:
            self._streams.discard(stream)
        stream.close()

    def _greet(self, stream: Stream, features: str) -> str:
        stream.expect("stream")
        domain, us = stream.opening.get("from", ""), stream.opening.get("to", "")
        stream.header(us, domain, " id='of-the-partner'")
        stream.send(f"<stream:features>{features}</stream:features>")
        return domain

    def _talk(self, stream: Stream) -> None:
        self._greet(stream, f"<starttls xmlns='{TLS}'><required/></starttls>")
        stream.expect("starttls")
        stream.send(f"<proceed xmlns='{TLS}'/>")
        self._secure(stream)
        shown = stream.socket.getpeercert(True)
        self.shown.append((self._external(stream), shown))
        self._receive(stream)

    def _secure(self, stream: Stream) -> None:
        stream.socket = self._tls.wrap_socket(stream.socket, server_side=True)
        stream._restart()

    def _external(self, stream: Stream, more: str = "") -> str:
        """Lets the other side in by its certificate, offering more beside that; its domain."""
        self._greet(stream, f"{more}<mechanisms xmlns='{SASL}'><mechanism>EXTERNAL</mechanism>"
                    "</mechanisms>")
        stream.expect("auth")
        stream.send(f"<success xmlns='{SASL}'/>")
        stream._restart()
        return self._greet(stream, "")

    def _receive(self, stream: Stream) -> None:
        domain = stream.opening.get("from", "")
        self.ready += 1
        while True:
            self.reads.wait()
            element = stream.next(600)
            if element.tag == f"{{{STREAMS}}}error":
                raise Ended("stream error", condition_of(element, STREAM_ERRORS))
            self.texts.append((domain, stream.text))
            self.received.append((domain, element))
