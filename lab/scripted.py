"""Receiving servers that follow a script: what can go wrong on the way to a stream, up to the last
octet. A script is a function of the server and the stream; behind it the connection is closed.
"""

import socket
import ssl

from . import rogue

EXTERNAL = f"<mechanisms xmlns='{rogue.SASL}'><mechanism>EXTERNAL</mechanism></mechanisms>"
OFFERS_DIALBACK = "<dialback xmlns='urn:xmpp:features:dialback'><errors/></dialback>"
OFFERS_TLS = f"<starttls xmlns='{rogue.TLS}'><required/></starttls>"
CANNOT_CONNECT = ("<error type='cancel'>"
                  f"<remote-server-timeout xmlns='{rogue.STANZA_ERRORS}'/></error>")


class Scripted(rogue.Partner):
    """Does what its script says, and closes the connection behind it."""

    def __init__(self, place, authority, pair, talk):
        super().__init__(place, authority, pair)
        self._script = talk

    def _talk(self, stream) -> None:
        self._script(self, stream)

    def begin_tls(self, stream) -> None:
        self._greet(stream, OFFERS_TLS)
        stream.expect("starttls")
        stream.send(f"<proceed xmlns='{rogue.TLS}'/>")

    def finish_tls(self, stream) -> None:
        self.begin_tls(stream)
        stream.socket = self._tls.wrap_socket(stream.socket, server_side=True)
        stream._restart()

    def over_tls(self, stream, features: str) -> None:
        """As far as the features over TLS."""
        self.finish_tls(stream)
        self._greet(stream, features)


def stay(stream) -> None:
    stream.wait_end(60)


def silence(_server, stream):
    stay(stream)


def says(text):
    """The answer to our stream header."""
    def talk(_server, stream):
        stream.expect("stream")
        stream.send(text)
        stay(stream)
    return talk


def hangs_up(_server, stream):
    stream.expect("stream")


def only_a_header(server, stream):
    stream.expect("stream")
    stream.header(stream.opening.get("to"), stream.opening.get("from"), " id='x'")
    stay(stream)


def offers(features):
    def talk(server, stream):
        server._greet(stream, features)
        stay(stream)
    return talk


def no_starttls(server, stream):
    server._greet(stream, OFFERS_DIALBACK)
    stream.expect("starttls")
    stream.send(f"<stream:error><unsupported-stanza-type xmlns='{rogue.STREAM_ERRORS}'/>"
                "</stream:error></stream:stream>")
    stay(stream)


def refuses_starttls(server, stream):
    server._greet(stream, OFFERS_TLS)
    stream.expect("starttls")
    stream.send(f"<failure xmlns='{rogue.TLS}'/></stream:stream>")
    stay(stream)


def handshake(record):
    """What comes instead of a ServerHello; None: nothing."""
    def talk(server, stream):
        server.begin_tls(stream)
        stream.socket.recv(4096)
        if record is not None:
            stream.send(record)
            stream.socket.shutdown(socket.SHUT_WR)
        stay(stream)
    return talk


def distrusts(server, stream):
    """Asks for our certificate and knows no authority that could have made it; with TLS 1.3 that is
    told behind the handshake."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(server.pair.certificate, server.pair.key)
    tls.verify_mode = ssl.CERT_REQUIRED
    server.begin_tls(stream)
    tls.wrap_socket(stream.socket, server_side=True)


def over_tls(features=EXTERNAL, answer=None):
    """answer: (the element that is waited for, what is said to it)."""
    def talk(server, stream):
        server.over_tls(stream, features)
        if answer:
            stream.expect(answer[0])
            stream.send(answer[1])
        stay(stream)
    return talk


def knows_no_dialback(server, stream):
    """Neither its features nor the namespaces of its header speak of dialback."""
    server.finish_tls(stream)
    stream.expect("stream")
    stream.send(f"<stream:stream xmlns='{rogue.SERVER}' xmlns:stream='{rogue.STREAMS}' "
                f"from='{stream.opening.get('to')}' version='1.0' id='x'>"
                f"<stream:features>{EXTERNAL}</stream:features>")
    stay(stream)


def stream_error(condition: str, text: str = "") -> str:
    words = f"<text xmlns='{rogue.STREAM_ERRORS}'>{text}</text>" if text else ""
    return (f"<stream:error><{condition} xmlns='{rogue.STREAM_ERRORS}'/>{words}</stream:error>"
            "</stream:stream>")


def dialback(kind: str, inside: str = ""):
    """The answer to our key; "": none."""
    def talk(server, stream):
        server.over_tls(stream, OFFERS_DIALBACK)
        asked = stream.expect("result")
        if kind:
            stream.send(f"<db:result from='{asked.get('to')}' to='{asked.get('from')}' "
                        f"type='{kind}'>{inside}</db:result>")
        stay(stream)
    return talk


def answers_verify(kind: str):
    """The authority's answer to a question about a key."""
    def talk(server, stream):
        server.over_tls(stream, OFFERS_DIALBACK)
        asked = stream.expect("verify")
        stream.send(f"<db:verify from='{asked.get('to')}' to='{asked.get('from')}' "
                    f"id='{asked.get('id')}' type='{kind}'/>")
        stay(stream)
    return talk


def ready_then(act):
    """A stream that is ready and has brought a message; then `act(stream)`."""
    def talk(server, stream):
        server.over_tls(stream, EXTERNAL)
        stream.expect("auth")
        stream.send(f"<success xmlns='{rogue.SASL}'/>")
        stream._restart()
        server._greet(stream, "")
        stream.expect("message")
        act(stream)
    return talk


def late(text):
    """The same, and something is said."""
    def act(stream):
        stream.send(text)
        stay(stream)
    return ready_then(act)


def plain_on_tls_port(_server, stream):
    stream.socket.recv(4096)
    stream.send("<?xml version='1.0'?><stream:stream xmlns='jabber:server'>")
    stay(stream)
