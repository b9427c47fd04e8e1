"""A plain XEP-0114 component (slixmpp) at the edge: it exchanges stanzas of all kinds with a
partner, and is refused as the XEP says when something is wrong with it."""

import asyncio
import hashlib
import os
import re
import signal
import socket
import time

import pytest

from lab.causeway import Causeway
from lab.partner import Mode
from lab.process import wait_until
from lab.settings import LOCAL_DOMAIN, PARTNER_DOMAIN
from lab.stack import Lab
from lab.xmppclient import _Loop

import slixmpp  # noqa: E402  (after the lab has quietened it)
from slixmpp.componentxmpp import ComponentXMPP  # noqa: E402

DOMAIN = f"rooms.{LOCAL_DOMAIN}"
SECRET = "a secret with <&> in it"
PORT = 5347


class ComponentLab(Lab):
    """The lab whose edge takes a component for rooms.contoso.test."""

    def _run(self, server):
        settings = self.settings
        if server.name == "DNS server":
            server._text += (f"srv-host=_xmpp-server._tcp.{DOMAIN},edge.{LOCAL_DOMAIN},"
                             f"{settings.xmpp_port},0,5\n")
        if isinstance(server, Causeway):
            server._pair = self.authority.issue("causeway", LOCAL_DOMAIN, DOMAIN)
            write = server.prepare

            def prepare():
                write()
                text = server.config.read_text()
                text = text.replace(f"  - {LOCAL_DOMAIN}\n", f"  - {LOCAL_DOMAIN}\n  - {DOMAIN}\n", 1)
                text = text.replace("edge:\n", f"""edge:
  component-listen: ["{settings.edge[0]}:{PORT}"]
  components: [{{domain: {DOMAIN}, secret: "{SECRET}"}}]
""", 1)
                server.config.write_text(text)
                server.command("check-config")
                server.command("settings", "set", "--outbound-targets-refused", "")
            server.prepare = prepare
        return super()._run(server)


class Component:
    """slixmpp's component in the lab's thread."""

    def __init__(self, address, domain=DOMAIN, secret=SECRET):
        self.got, self.up, self.down = [], False, []
        self._arguments = domain, secret, *address
        _Loop.call(self._connect)

    def _connect(self):
        self.xmpp = ComponentXMPP(*self._arguments)
        self.xmpp.loop = asyncio.get_event_loop()
        self.xmpp.register_plugin("xep_0030")
        self.xmpp.register_plugin("xep_0199")
        for event in ("message", "message_error", "presence_subscribe", "presence_available",
                      "presence_error"):
            self.xmpp.add_event_handler(event, self.got.append)
        self.xmpp.add_event_handler("session_start", lambda _: setattr(self, "up", True))
        self.xmpp.add_event_handler("disconnected", self.down.append)
        self.xmpp.connect()

    def wait(self, what, seconds=10):
        return wait_until(lambda: next((s for s in list(self.got) if what(s)), None), seconds,
                          "the component waiting for a stanza")

    def call(self, function, *arguments):
        return _Loop.call(function, *arguments)

    def ask(self, make, seconds=10):
        """The answer to an iq."""
        async def work():
            try:
                return await make().send(timeout=seconds)
            except slixmpp.exceptions.IqError as error:
                return error.iq
        return asyncio.run_coroutine_threadsafe(work(), _Loop.get()).result(seconds + 1)

    def stop(self):
        _Loop.call(self.xmpp.abort)


def told(stanza):
    """The condition of an error stanza; slixmpp's own reader looks in jabber:client only."""
    return next(e.tag.partition("}")[2] for e in stanza.xml.iter()
                if e.tag.startswith("{urn:ietf:params:xml:ns:xmpp-stanzas}")
                and not e.tag.endswith("}text"))


@pytest.fixture
def lab(settings, request):
    lab = ComponentLab(settings, Mode.SASL)
    request.node.lab = lab
    with lab:
        lab.add_partner()
        yield lab
    assert lab.causeway.faults() == []


@pytest.fixture
def address(settings):
    return settings.edge[0], PORT


@pytest.fixture
def component(lab, address):
    component = Component(address)
    wait_until(lambda: component.up, 10, "the component attaching")
    yield component
    component.stop()


def test_messages_presence_and_iq(lab, component, exchange):
    juliet = lab.xmpp("juliet")
    juliet.send(f"hamlet@{DOMAIN}", "to the component <&>")
    got = component.wait(lambda s: s["body"] == "to the component <&>")
    assert str(got["to"]) == f"hamlet@{DOMAIN}" and str(got["from"]).startswith(juliet.address)

    component.call(lambda: component.xmpp.send_message(
        juliet.address, "from the component", mtype="chat", mfrom=f"hamlet@{DOMAIN}/stage"))
    assert juliet.wait_for("from the component").sender == f"hamlet@{DOMAIN}/stage"

    _Loop.call(lambda: juliet._client.send_presence(pto=f"hamlet@{DOMAIN}", ptype="subscribe"))
    component.wait(lambda s: s["type"] == "subscribe" and s["to"].bare == f"hamlet@{DOMAIN}")

    def ping():
        iq = component.xmpp.make_iq_get(ito=PARTNER_DOMAIN, ifrom=DOMAIN)
        iq.enable("ping")
        return iq
    assert component.ask(ping)["type"] == "result"
    exchange(lab).both_ways("beside the gateway")


def test_a_partners_iq_is_answered_by_the_component(lab, component):
    juliet = lab.xmpp("juliet")

    async def disco():
        iq = juliet._client.make_iq_get(queryxmlns="http://jabber.org/protocol/disco#info",
                                        ito=DOMAIN)
        return await iq.send(timeout=10)
    component.call(lambda: component.xmpp["xep_0030"].add_identity("conference", "text",
                                                                   name="Rooms"))
    answer = asyncio.run_coroutine_threadsafe(disco(), _Loop.get()).result(11)
    assert "Rooms" in str(answer)


def test_strangers_and_silence(lab, component):
    """Errors for what cannot be delivered, with the id of the stanza."""
    for to in ("a@elsewhere.test", f"alice@{LOCAL_DOMAIN}"):
        message = component.call(lambda to=to: component.xmpp.make_message(
            to, "text", mtype="chat", mfrom=f"hamlet@{DOMAIN}"))
        message["id"] = f"id-{to}"
        component.call(message.send)
        error = component.wait(lambda s: s["type"] == "error" and s["id"] == f"id-{to}")
        assert told(error) == "forbidden"
        assert str(error["from"]) == to
    lab.prosody.stop()
    message = component.call(lambda: component.xmpp.make_message(
        f"juliet@{PARTNER_DOMAIN}", "text", mtype="chat", mfrom=f"hamlet@{DOMAIN}"))
    message["id"] = "down"
    component.call(message.send)
    error = component.wait(lambda s: s["type"] == "error" and s["id"] == "down", 40)
    assert told(error) == "remote-server-timeout"


def test_the_same_policy(lab, component):
    lab.causeway.command("partner", "disable", PARTNER_DOMAIN)
    component.call(lambda: component.xmpp.send_message(
        f"juliet@{PARTNER_DOMAIN}", "text", mtype="chat", mfrom=f"hamlet@{DOMAIN}"))
    error = component.wait(lambda s: s["type"] == "error")
    assert told(error) == "forbidden"


def test_no_component(lab, component, address):
    juliet = lab.xmpp("juliet")
    component.stop()
    wait_until(lambda: "component-down" in lab.causeway.output(), 5, "the edge noticing it")
    error = juliet.wait_error(juliet.send(f"hamlet@{DOMAIN}", "nobody"))
    assert error.condition == "recipient-unavailable"
    again = Component(address)
    wait_until(lambda: again.up, 10, "the component coming back")
    juliet.send(f"hamlet@{DOMAIN}", "somebody")
    again.wait(lambda s: s["body"] == "somebody")
    again.stop()


# --- refused ------------------------------------------------------------------------------------

def header(to=DOMAIN, ns="jabber:component:accept"):
    return (f"<stream:stream xmlns='{ns}' xmlns:stream='http://etherx.jabber.org/streams' "
            f"to='{to}'>")


class Raw:
    """A component by hand."""

    def __init__(self, address):
        self.wire = socket.create_connection(address, timeout=15)
        self.got = ""

    def send(self, text):
        self.wire.sendall(text.encode())

    def read(self, pattern):
        while not re.search(pattern, self.got):
            data = self.wire.recv(65536)
            assert data, f"closed after {self.got}"
            self.got += data.decode()
        return re.search(pattern, self.got)

    def open(self, secret=SECRET):
        self.send(header())
        stream = self.read(r"id='([0-9a-f]+)'")[1]
        self.send(f"<handshake>{hashlib.sha1((stream + secret).encode()).hexdigest()}</handshake>")

    def end(self):
        """All that came until the connection was closed."""
        while data := self.wire.recv(65536):
            self.got += data.decode()
        return self.got


def condition(text):
    return re.search(r"<stream:error><([a-z-]+)", text)[1]


def test_refusals(lab, address, component):
    raw = Raw(address)
    raw.open("wrong")
    assert condition(raw.end()) == "not-authorized" and raw.got.endswith("</stream:stream>")
    for to, ns, wanted in (("other.test", "jabber:component:accept", "host-unknown"),
                           (LOCAL_DOMAIN, "jabber:component:accept", "host-unknown"),
                           (DOMAIN, "jabber:client", "invalid-namespace"),
                           (DOMAIN, "jabber:component:connect", "invalid-namespace")):
        raw = Raw(address)
        raw.send(header(to, ns))
        assert condition(raw.end()) == wanted and "<stream:stream" in raw.got
    raw = Raw(address)
    raw.open()
    assert condition(raw.end()) == "conflict"
    assert component.up and not component.down
    raw = Raw(address)
    raw.send("GET / HTTP/1.1\r\n\r\n")
    assert condition(raw.end()) == "not-well-formed"


def test_a_forged_sender_ends_the_stream(lab, address):
    for sender in (f"alice@{LOCAL_DOMAIN}", f"juliet@{PARTNER_DOMAIN}", f"a@x.{DOMAIN}"):
        raw = Raw(address)
        raw.open()
        raw.read("<handshake/>")
        raw.send(f"<message from='{sender}' to='juliet@{PARTNER_DOMAIN}'><body>forged</body>"
                 "</message>")
        assert condition(raw.end()) == "invalid-from"


def test_a_slow_handshake_has_a_deadline(lab, address):
    raw, begin = Raw(address), time.monotonic()
    raw.send(header())
    assert condition(raw.end()) == "connection-timeout"
    assert 9 < time.monotonic() - begin < 14


def test_one_that_writes_and_never_reads_is_given_up(lab, address):
    raw, beyond = Raw(address), 100 * 1024 * 1024
    raw.open()
    raw.read("<handshake/>")
    messages = (f"<message from='a@{DOMAIN}' to='b@nobody.test' id='{'i' * 4000}'/>" * 16).encode()
    with pytest.raises(ConnectionError):
        for _ in range(beyond // len(messages)):
            raw.wire.sendall(messages)


def test_a_goodbye_when_the_edge_stops(lab, address):
    raw = Raw(address)
    raw.open()
    raw.read("<handshake/>")
    os.kill(lab.causeway.role("edge"), signal.SIGTERM)
    assert condition(raw.end()) == "system-shutdown"
