"""Links over TLS: one gateway and two edges, each a process of its own with a configuration of its
own, as on three machines. Who is not enrolled gets nowhere; an edge that goes down is replaced by
the other; garbage on the link disturbs nobody."""

import contextlib
import os
import random
import re
import signal
import socket
import ssl
import threading
import time

import pytest

from lab.ca import Authority
from lab.causeway import Causeway
from lab.dns import DnsServer
from lab.kamailio import Kamailio
from lab.partner import Mode
from lab.process import LabError, Server, port_answers, wait_until
from lab.prosody import Prosody
from lab.settings import LOCAL_DOMAIN, PARTNER_DOMAIN
from lab.stack import Lab, clear_directory

LINK_PORT = 23456
OUTBOUND_READY = "direction=outbound local="


class Role(Server):
    """`causeway edge` or `causeway gateway` with a configuration of its own."""

    def __init__(self, settings, role: str, name: str, config: str):
        directory = settings.data / name
        self.config = directory / "causeway.yaml"
        self._text = f"data-dir: {directory}\nlog: {{level: debug}}\n" \
                     f"local-domains: [{LOCAL_DOMAIN}]\n" + config
        super().__init__(name, [settings.program, role, "--config", self.config], directory)

    def prepare(self):
        self.directory.mkdir(parents=True, exist_ok=True)
        self.config.write_text(self._text)
        return self

    def start(self):
        self.prepare()
        return super().start()

    def wait_log(self, text: str, seconds: float = 10, count: int = 1):
        wait_until(lambda: self.output().count(text) >= count, seconds,
                   f"{self.name} logging {text!r} {count} times: {self.last_lines()}")


def edge_config(settings, last: int, pair, authority, bundle):
    address, dns = settings.address(last), settings.dns
    return f"""edge:
  listen: ["{address}:{settings.xmpp_port}"]
  direct-tls-listen: ["{address}:{settings.xmpp_port + 1}"]
  source-address: {address}
  certificate: {pair.certificate}
  key: {pair.key}
  ca: {authority.certificate}
  link-listen: ["{address}:{LINK_PORT}"]
  link-certificate: {bundle}
  dns: {{servers: ["{dns[0]}:{dns[1]}"]}}
"""


def gateway_config(settings, edges):
    gateway, kamailio = settings.gateway, settings.kamailio
    listed = ", ".join(f'"tls:{settings.address(last)}:{LINK_PORT}"' for last in edges)
    return f"""gateway:
  edges: [{listed}]
  sip:
    listen:
      - {{transport: udp, address: "{gateway[0]}:{gateway[1]}"}}
      - {{transport: tcp, address: "{gateway[0]}:{gateway[1]}"}}
    peers: [{{name: kamailio, addresses: [{kamailio[0]}]}}]
    next-hop: [{{domain: {LOCAL_DOMAIN}, uri: "sip:{kamailio[0]}:{kamailio[1]};transport=udp"}}]
"""


class Commands(Causeway):
    """The commands of the gateway's machine; no process of its own."""

    name = "the roles"

    def __init__(self, settings, config, servers=()):
        self.settings, self.config, self.env = settings, config, dict(os.environ)
        self.servers = servers

    def last_lines(self, count: int = 12) -> str:
        return "\n".join(f"{s.name}:\n{s.last_lines(count)}" for s in self.servers)


class SplitLab(Lab):
    """The lab with the gateway on one "machine" and edges on two others (last numbers 1 and 4)."""

    EDGES = (1, 4)

    def _start(self):
        settings = self.settings
        clear_directory(settings)
        self.authority = Authority(settings.data / "ca").create()
        dns = DnsServer(settings)
        dns._text += (f"host-record=edge4.{LOCAL_DOMAIN},{settings.address(4)}\n"
                      f"srv-host=_xmpp-server._tcp.{LOCAL_DOMAIN},edge4.{LOCAL_DOMAIN},"
                      f"{settings.xmpp_port},1,5\n")
        self.dns = self._run(dns)
        self.server = self._run(Prosody(settings, self.authority, Mode.SASL))
        self.kamailio = self._run(Kamailio(settings))
        self.gateway = Role(settings, "gateway", "gateway", gateway_config(settings, self.EDGES))
        self.gateway.prepare()
        (settings.data / "links").mkdir()
        servers = [self.gateway]
        self.causeway = Commands(settings, self.gateway.config, servers)
        self.causeway.command("settings", "set", "--outbound-targets-refused", "")
        self.add_partner()
        self.edges = {last: self._run(self.make_edge(last)) for last in self.EDGES}
        servers += self.edges.values()
        self._run(self.gateway)

    def make_edge(self, last: int):
        pair = self.authority.issue(f"edge{last}", LOCAL_DOMAIN)
        bundle = self.settings.data / "links" / f"edge{last}.pem"
        if not bundle.exists():
            self.causeway.command("link", "enroll", "--edge", f"edge{last}", "--out", bundle)
        return Role(self.settings, "edge", f"edge{last}",
                    edge_config(self.settings, last, pair, self.authority, bundle))

    def wait_links(self, count: int = 1):
        for edge in self.edges.values():
            edge.wait_log("link-up gateway=main", count=count)
            edge.wait_log(" policy ", count=count)


@pytest.fixture
def lab(settings, request):
    with contextlib.ExitStack() as stack:
        lab = SplitLab(settings)
        request.node.lab = lab
        stack.enter_context(lab)
        lab.wait_links()
        yield lab
        for server in (lab.gateway, *lab.edges.values()):
            assert "ERROR: AddressSanitizer" not in server.output()
            assert ": runtime error: " not in server.output()


def in_use(lab):
    """The edge with the outbound stream."""
    return next(last for last, edge in lab.edges.items()
                if OUTBOUND_READY in edge.output())


def test_messages_and_policy_and_the_other_edge(lab, exchange, eventually):
    talk = exchange(lab)
    talk.both_ways("two edges")
    first = in_use(lab)
    other = next(last for last in lab.EDGES if last != first)
    for n in range(5):
        talk.to_partner(f"again {n}")
    assert OUTBOUND_READY not in lab.edges[other].output()

    lab.causeway.command("partner", "disable", PARTNER_DOMAIN)
    assert talk.refused_to_partner("disabled") == 403
    lab.causeway.command("partner", "enable", PARTNER_DOMAIN)
    talk.to_partner("enabled")

    lab.edges[first].stop()
    lab.gateway.wait_log("link-down")
    talk.to_partner("by the other edge")
    assert OUTBOUND_READY in lab.edges[other].output()
    eventually(lambda: delivered(lab, talk), 30, "juliet's messages by the other edge", every=0.5)

    lab.edges[first] = lab._run(lab.make_edge(first))
    lab.gateway.wait_log("link-up", count=3)
    talk.to_partner("by the first edge again")


def delivered(lab, talk):
    try:
        talk.to_local(f"inbound {time.monotonic()}")
        return True
    except (AssertionError, LabError):
        return False


def test_an_edge_outlives_its_gateway(lab, exchange, eventually):
    talk = exchange(lab)
    talk.both_ways("before")
    alice, juliet = lab.sip("alice"), lab.xmpp("juliet")
    os.kill(lab.gateway.pid, signal.SIGKILL)
    bounced = logged(lab, " stanza-bounced ")
    juliet.send_xml(f"<presence to='{alice.address}'/>")
    juliet.send_xml(f"<presence to='{alice.address}' type='subscribe'/>")
    error = juliet.wait_error(juliet.send(alice.address, "nobody is there"), 12)
    assert error.condition == "recipient-unavailable"
    # who asks is told as well; a state that nobody takes is asked for anew
    wait_until(lambda: logged(lab, " stanza-bounced ") == bounced + 2, 5, "two errors")
    assert logged(lab, " presence-dropped ") == 1
    lab.gateway.stop()
    held = juliet.send(alice.address, "held")
    lab._run(lab.gateway)
    lab.wait_links(count=2)
    alice.wait_for("held", 15)
    assert not [m for m in juliet.received if m.id == held and m.kind == "error"]
    ready = sum(e.output().count(OUTBOUND_READY) for e in lab.edges.values())
    talk.both_ways("after")
    assert ready == sum(e.output().count(OUTBOUND_READY)
                        for e in lab.edges.values())


def logged(lab, event: str) -> int:
    return sum(edge.output().count(event) for edge in lab.edges.values())


def test_a_gateway_without_edges(lab):
    for edge in lab.edges.values():
        edge.stop()
    begin = time.monotonic()
    answer = lab.sip("alice").send(f"juliet@{PARTNER_DOMAIN}", "nowhere to go")
    assert answer.status == 504
    assert 4 < time.monotonic() - begin < 15


def context(bundle=None):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    if bundle:
        made.load_cert_chain(bundle)
    return made


HEADER = (b"<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' "
          b"xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>")
HELLO = b"<hello xmlns='urn:causeway:link:1' version='1' instance='evil'/>"


def speak(address, chunks, tls=None, seconds=5):
    """Sends the chunks and returns all that came back until the other side closed."""
    got = b""
    with contextlib.suppress(OSError), socket.create_connection(address, timeout=seconds) as plain:
        plain.settimeout(seconds)
        wire = tls.wrap_socket(plain) if tls else plain
        for chunk in chunks:
            wire.sendall(chunk)
        while data := wire.recv(65536):
            got += data
    return got


def test_strangers_get_nothing(lab, exchange, settings):
    address = (settings.address(1), LINK_PORT)
    foreign = settings.data / "foreign"
    foreign.mkdir()
    config = foreign / "causeway.yaml"
    config.write_text(f"data-dir: {foreign}\nlocal-domains: [{LOCAL_DOMAIN}]\n")
    Commands(settings, config).command("link", "enroll")
    for name, tls in (("no certificate", context()),
                      ("another authority", context(foreign / "link" / "gateway.pem")),
                      ("an edge", context(settings.data / "links" / "edge4.pem")),
                      ("no TLS", None)):
        got = speak(address, [HEADER + HELLO], tls)
        assert b"stream" not in got and b"<" not in got, name
    log = lab.edges[1].output()
    for reason in ("it shows no certificate", "self-signed certificate in certificate chain",
                   "not made for the role gateway"):
        assert reason in log, reason
    exchange(lab).both_ways("undisturbed")


def test_garbage_on_the_link(lab, exchange, settings):
    """From an enrolled gateway gone mad; the real one's link and the streams stay."""
    address = (settings.address(1), LINK_PORT)
    bundle = lab.gateway.directory / "link" / "gateway.pem"
    talk = exchange(lab)
    talk.both_ways("before")
    noise = random.Random(1)
    stanza = b"<stanza xmlns='urn:causeway:link:1' n='9'><a xmlns='b'/></stanza>"
    rows = [[noise.randbytes(3000)], [HEADER, noise.randbytes(3000)],
            [HEADER, HELLO, noise.randbytes(3000)], [HEADER, HELLO, HELLO],
            [HEADER, b"<hello " + b"x" * 100_000], [HEADER, HELLO, stanza, stanza],
            [HEADER, HELLO, b"<config xmlns='urn:causeway:link:1' version='x'/>"],
            [HEADER, HELLO, b"<config xmlns='urn:causeway:link:1' version='1'>{}</config>", b"\0"],
            [HEADER, HELLO, b"<outcome xmlns='urn:causeway:link:1' n='1' result='refused'/>" * 50,
             b"</stream:stream>"],
            [HEADER, HELLO, b"<config xmlns='urn:causeway:link:1' version='1'>"
             + b"x" * (17 << 20)]]
    for chunks in rows:
        speak(address, chunks, context(bundle), 3)
    cut = socket.create_connection(address)
    cut.sendall(b"\x16\x03\x01")
    cut.close()
    with context(bundle).wrap_socket(socket.create_connection(address)) as half:
        half.sendall(HEADER + HELLO + b"<stanza xmlns='urn:causeway:link:1' n='1'><a")
    talk.both_ways("after")
    assert lab.edges[1].is_running()
    assert lab.gateway.output().count("link-down") == 0


def test_garbage_from_an_edge(settings, lab, exchange):
    """A listener with an edge's certificate that speaks nonsense: the gateway goes on by the
    other edge and tries again for ever."""
    talk = exchange(lab)
    lab.edges[4].stop()
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(settings.data / "links" / "edge4.pem")
    listener = socket.create_server((settings.address(4), LINK_PORT), reuse_port=False)
    noise, met = random.Random(2), []

    def serve():
        with contextlib.suppress(OSError):
            while True:
                plain, _ = listener.accept()
                with contextlib.suppress(OSError):
                    plain.settimeout(2)
                    wire = server.wrap_socket(plain, server_side=True)
                    beginning = [b"", HEADER, HEADER + HELLO][len(met) % 3]
                    wire.sendall(beginning + noise.randbytes(2000))
                    met.append(beginning)
                    wire.recv(100)
                    wire.close()
    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    wait_until(lambda: len(met) >= 9, 15, "the gateway trying again")
    talk.both_ways("meanwhile")
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join(5)
    assert lab.gateway.is_running()


class SecondGateway(threading.Thread):
    """A gateway by hand: notes whose stanzas it gets, and says `delivered` when told to."""

    def __init__(self, address, bundle):
        super().__init__(daemon=True)
        self.wire = context(bundle).wrap_socket(socket.create_connection(address))
        self.wire.sendall(HEADER + HELLO.replace(b"evil", b"second"))
        self.got, self.users, self.answers = b"", [], True
        self.start()

    def run(self):
        with contextlib.suppress(OSError):
            while data := self.wire.recv(65536):
                self.got += data
                while match := re.search(rb"<stanza [^>]*n='(\d+)'.*?</stanza>", self.got, re.S):
                    self.got = self.got[match.end():]
                    self.users.append(re.search(rb" to='([^'@]+)@", match[0])[1].decode())
                    if self.answers:
                        self.wire.sendall(b"<outcome xmlns='urn:causeway:link:1' n='" + match[1]
                                          + b"' result='delivered'/>")

    def stop(self):
        with contextlib.suppress(OSError):
            self.wire.shutdown(socket.SHUT_RDWR)
        self.wire.close()
        self.join(5)


def test_two_gateways_share_the_users(lab, settings, eventually):
    """Each local user has one of them; when that one goes down, the other one takes over."""
    lab.edges[4].stop()
    alice, juliet = lab.sip("alice"), lab.xmpp("juliet")
    bundle = settings.data / "links" / "second.pem"
    lab.causeway.command("link", "enroll", "--gateway", "second", "--out", bundle)
    second = SecondGateway((settings.address(1), LINK_PORT), bundle)
    lab.edges[1].wait_log("link-up gateway=second")
    users = [f"user{n}" for n in range(30)]
    ids = [juliet.send(f"{user}@{LOCAL_DOMAIN}", "text") for user in users * 2]

    def settled():
        """The real gateway refuses users that are not there; the second one takes all."""
        errors = {m.id for m in list(juliet.received) if m.kind == "error"}
        return len(second.users) + len(errors & set(ids)) == 60
    eventually(settled, 20, "all stanzas at one of the two")
    assert 5 < len(set(second.users)) < 25
    assert all(second.users.count(user) == 2 for user in set(second.users)), "always the same one"

    second.answers = False
    mine = next(iter(set(second.users)))
    before = len(second.users)
    late = juliet.send(f"{mine}@{LOCAL_DOMAIN}", "under way when its gateway goes")
    eventually(lambda: len(second.users) > before, 5, "the stanza reaching it")
    second.stop()
    assert juliet.wait_error(late).condition == "item-not-found"  # said by the real gateway
    juliet.send(alice.address, "still there")
    alice.wait_for("still there")
    assert lab.edges[1].output().count("link-down gateway=main") == 0


def test_an_expired_certificate_is_refused_at_the_start(lab, settings):
    """And so is one that was made for the other role, with a sentence."""
    lab.edges[1].stop()
    (settings.data / "links" / "edge1.pem").write_bytes(
        (lab.gateway.directory / "link" / "gateway.pem").read_bytes())
    edge = lab.make_edge(1)
    edge.start()
    wait_until(lambda: not edge.is_running(), 10, "the edge refusing to start")
    edge.stop()
    assert "not made for the role edge" in edge.output()
    assert not port_answers((settings.address(1), LINK_PORT))


def test_enrolled_anew_with_another_authority(lab, exchange):
    talk = exchange(lab)
    talk.both_ways("before")
    lab.causeway.command("link", "enroll", "--new-authority")
    for last, edge in lab.edges.items():
        bundle = lab.settings.data / "links" / f"edge{last}.pem"
        bundle.unlink()
        lab.causeway.command("link", "enroll", "--edge", f"edge{last}", "--out", bundle)
        os.kill(edge.pid, signal.SIGHUP)
    os.kill(lab.gateway.pid, signal.SIGHUP)
    time.sleep(0.5)
    talk.both_ways("old links stay")
    os.kill(lab.gateway.pid, signal.SIGKILL)
    lab.gateway.stop()
    lab._run(lab.gateway)
    lab.wait_links(count=2)
    talk.both_ways("with the new authority")
