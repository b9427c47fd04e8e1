"""Hostile SUBSCRIBE and NOTIFY against the running gateway: what is answered, what reaches XMPP, and
that it lives and serves the others."""

import collections
import contextlib
import itertools
import re
import socket

import pytest

from lab.ca import Authority
from lab.gateway import event, read_all, request, status, statuses, to_tag
from lab.process import wait_until
from lab.settings import LOCAL_DOMAIN, PARTNER_DOMAIN

ALICE, BOB = f"sip:alice@{LOCAL_DOMAIN}", f"sip:bob@{LOCAL_DOMAIN}"
JULIET = f"sip:juliet@{PARTNER_DOMAIN}"
PIDF = "urn:ietf:params:xml:ns:pidf"
_calls = itertools.count(1)


class Watched:
    """The dialog in which the gateway watches alice for juliet; we are alice's server."""

    def __init__(self, world):
        self.world = world
        world.edge.presence("subscribe")
        wait_until(lambda: world.of("SUBSCRIBE"), 10, "the gateway's SUBSCRIBE")
        subscribe, = world.of("SUBSCRIBE")
        self.call = subscribe.headers["call-id"]
        self.tag = re.search("tag=(.*)", subscribe.headers["from"])[1]
        self._cseq = itertools.count(1)

    def notify(self, body: str = "", state: str = "active;expires=3600") -> int:
        """The status of the answer; 0: it was closed without."""
        data = event("NOTIFY", self.call, f"<{ALICE}>;tag=hop", f"<{JULIET}>;tag={self.tag}",
                     next(self._cseq), f"Subscription-State: {state}\r\n", body.encode())
        return status(self.world.gateway.ask_tcp(data)[0])

    def told(self, body: str) -> list:
        """What one NOTIFY (200) is to juliet: (from, type, show, priority) of each stanza."""
        before = len(self.world.settled())
        assert self.notify(body) == 200
        return [_seen(s) for s in self.world.settled()[before:]]


def _seen(stanza) -> tuple:
    return (stanza.get("from"), stanza.get("type", ""), stanza.findtext("{*}show", ""),
            stanza.findtext("{*}priority", ""))


@pytest.fixture
def watched(world):
    made = Watched(world.run())
    assert made.notify(document(tuple_("one"))) == 200
    return made


def document(inside: str, entity: str = f"pres:alice@{LOCAL_DOMAIN}", before: str = "") -> str:
    return (f"<?xml version='1.0' encoding='UTF-8'?>{before}"
            f"<presence xmlns='{PIDF}' entity='{entity}'>{inside}</presence>")


def tuple_(name: str, status_: str = "<basic>open</basic>", more: str = "") -> str:
    return f"<tuple id='{name}'><status>{status_}</status>{more}</tuple>"


# --- SUBSCRIBE


def _flood(world, count: int, sender, seen) -> None:
    """So many SUBSCRIBE by one connection, each with a Call-ID of its own, 50 at a time."""
    with contextlib.closing(world.gateway.tcp(seconds=30)) as connection:
        for first in range(0, count, 50):
            for number in range(first, first + 50):
                connection.sendall(event("SUBSCRIBE", f"many{next(_calls)}",
                                         f"<{sender(number)}>;tag=m{number}", f"<{JULIET}>"))
            data = b""
            while len(statuses(data)) < 50:
                more = connection.recv(65536)
                assert more, "the connection was closed"
                data += more
            for answer in data.split(b"SIP/2.0 ")[1:]:
                seen[status(b"SIP/2.0 " + answer)] += 1
                assert not answer.startswith(b"480") or re.search(rb"\r\nRetry-After: [1-9]", answer)


def _is_served(world) -> bool:
    return (status(world.gateway.ask_udp(request())) == 202 and
            world.edge.deliver("to a SIP user", 30)[0][0] == "delivered")


def test_many_subscribe(world):
    """5,000 of one user: as many as a user may have are taken, the others told when to come back;
    messages pass, and memory does not grow with the rest."""
    gateway, seen = world.run().gateway, collections.Counter()
    _flood(world, 1200, lambda _: ALICE, seen)
    before = gateway.memory_mib()
    _flood(world, 3800, lambda _: ALICE, seen)
    assert gateway.memory_mib() < before + 8
    assert seen == {200: 1000, 480: 4000} and _is_served(world)


def test_many_users_subscribe(world):
    """5,000, each of another user of ours: as many as the gateway may have."""
    gateway, seen = world.run().gateway, collections.Counter()
    gateway.command("settings", "set", "--subscription-limit", "2000")

    def user(number):
        return f"sip:user{number}@{LOCAL_DOMAIN}"
    _flood(world, 2200, user, seen)
    before = gateway.memory_mib()
    _flood(world, 2800, lambda number: user(number + 2200), seen)
    assert gateway.memory_mib() < before + 8
    assert seen == {200: 2000, 480: 3000} and _is_served(world)


def test_fifty_accept(world):
    """AST-2018-004: refused, as what they are: no media types, or none that we could send."""
    gateway = world.run().gateway
    for accept, wanted in (("A" * 300, 400), ("a/" + "A" * 300, 406)):
        data = event("SUBSCRIBE", f"accept{wanted}", f"<{ALICE}>;tag=a", f"<{JULIET}>",
                     more=f"Accept: {accept}\r\n" * 50)
        assert status(gateway.ask_tcp(data)[0]) == wanted
    assert world.of("NOTIFY") == [] and world.settled() == []


def test_subscribe_of_strangers(world, settings):
    """403 by UDP and TCP, for every method; nothing reaches XMPP."""
    gateway, where = world.run().gateway, settings.address(66)
    for method in ("SUBSCRIBE", "NOTIFY"):
        more = "Subscription-State: active\r\n"
        tags = f"<{ALICE}>;tag=s", f"<{JULIET}>" + (";tag=t" if method == "NOTIFY" else "")
        udp = gateway.ask_udp(event(method, "stranger", *tags, more=more, transport="UDP"), where)
        tcp, _ = gateway.ask_tcp(event(method, "stranger", *tags, more=more), where)
        assert (status(udp), status(tcp)) == (403, 403)
        assert b"Allow" not in udp + tcp and b"Contact" not in udp + tcp
    assert world.settled() == []


def test_subscribe_of_strangers_by_tls(world, settings):
    """Without a certificate nobody is known by it."""
    import ssl
    authority = Authority(settings.data / "ca").create()
    ours = authority.issue("ours", "gateway.contoso.test")
    ip = settings.gateway[0]
    world.run(listen=f'\n      - {{transport: tls, address: "{ip}:5061"}}',
              sip=f"\n    certificate: {ours.certificate}\n    key: {ours.key}"
                  f"\n    ca: {authority.certificate}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    for data in (event("SUBSCRIBE", "tls", f"<{ALICE}>;tag=s", f"<{JULIET}>", transport="TLS"),
                 request(transport="TLS")):
        with socket.create_connection((ip, 5061), 5, (settings.address(66), 0)) as plain, \
                context.wrap_socket(plain) as connection:
            connection.sendall(data)
            assert statuses(read_all(connection)[0]) == [403]
    assert world.settled() == []


def test_subscribe_again_by_another(world):
    """A dialog is its watcher's: 403 for another From; when it has ended, 481 for all."""
    gateway = world.run().gateway

    def subscribe(sender, to, cseq, expires=3600):
        return gateway.ask_tcp(event("SUBSCRIBE", "replay", f"<{sender}>;tag=w", to, cseq,
                                     f"Expires: {expires}\r\n"))[0]
    first = subscribe(ALICE, f"<{JULIET}>", 1)
    assert status(first) == 200
    inside = f"<{JULIET}>;tag={to_tag(first)}"
    assert status(subscribe(BOB, inside, 2)) == 403
    refreshed = subscribe(ALICE, inside, 3)
    assert status(refreshed) == 200 and to_tag(refreshed) == to_tag(first)
    assert status(subscribe(ALICE, inside, 3)) == 500, "the CSeq is not higher"
    assert status(subscribe(ALICE, inside, 4, 0)) == 200
    wait_until(lambda: "terminated" in world.of("NOTIFY")[-1].headers["subscription-state"], 10,
               "the dialog's end")
    for number, sender in enumerate((ALICE, BOB)):
        assert status(subscribe(sender, inside, 5 + number)) == 481
    assert status(subscribe(ALICE, f"<{JULIET}>;tag=never", 7)) == 481


# --- NOTIFY


def test_notify_of_an_old_dialog(watched):
    assert watched.notify(state="terminated;reason=rejected") == 200
    before = len(watched.world.settled())
    assert watched.notify(document(tuple_("one"))) == 481
    assert len(watched.world.settled()) == before


def test_notify_of_no_dialog(watched):
    """Another Call-ID, another To tag, another From tag: each is another dialog."""
    state = "Subscription-State: active\r\n"
    body = document(tuple_("evil")).encode()
    before = len(watched.world.settled())
    for call, sender, to in (("other", "hop", watched.tag), (watched.call, "hop", "other"),
                             (watched.call, "other", watched.tag)):
        data = event("NOTIFY", call, f"<{ALICE}>;tag={sender}", f"<{JULIET}>;tag={to}", 90, state,
                     body)
        assert status(watched.world.gateway.ask_tcp(data)[0]) == 481, (call, sender, to)
    assert len(watched.world.settled()) == before


_LAUGHS = ("<!DOCTYPE presence [<!ENTITY a 'ha'>" + "".join(
    f"<!ENTITY {b} '{f'&{a};' * 10}'>" for a, b in zip("abcdefgh", "bcdefghi")) + "]>")

#: name, the document, the answer
_DOCUMENTS = [
    ("an entity of a file", document("<note>&x;</note>", before="<!DOCTYPE presence [<!ENTITY x "
                                     "SYSTEM \"file:///etc/passwd\">]>"), 400),
    ("an entity of the network", document("<note>&x;</note>", before="<!DOCTYPE presence [<!ENTITY "
                                          "x SYSTEM \"http://127.0.0.1:9/\">]>"), 400),
    ("a parameter entity", document("", before="<!DOCTYPE presence [<!ENTITY % x SYSTEM "
                                    "\"file:///etc/passwd\">%x;]>"), 400),
    ("a DTD and no more", document(tuple_("a"), before="<!DOCTYPE presence>"), 400),
    ("a billion laughs", document("<note>&i;</note>", before=_LAUGHS), 400),
    ("20,000 tuples", document(tuple_("t") * 20000), 513),
    ("1,000 tuples", document("<tuple id='t'/>" * 1000), 413),
    ("nested 200,000 deep", document("<a>" * 200000 + "</a>" * 200000), 513),
    ("nested 2,000 deep", document("<a>" * 2000 + "</a>" * 2000), 413),
    ("a note of 1 MiB", document(f"<note>{'n' * 2**20}</note>"), 513),
    ("no XML", "open", 400),
    ("another root", f"<people xmlns='{PIDF}'/>", 400),
    ("another name space", "<presence xmlns='urn:x' entity='pres:a@b.test'/>", 400),
    ("cut off", document(tuple_("a"))[:-5], 400),
]


def test_documents(watched):
    """The status, little time, nothing told, and the dialog goes on after each."""
    gateway, told = watched.world.gateway, len(watched.world.settled())
    bad = []
    for number, (name, text, wanted) in enumerate(_DOCUMENTS):
        seconds = gateway.processor_seconds()
        got = watched.notify(text)
        seconds = gateway.processor_seconds() - seconds
        if got != wanted or seconds > 0.5:
            bad.append((name, got, seconds))
        if len(watched.world.settled()) != told:
            bad.append((name, _seen(watched.world.settled()[-1])))
        good = watched.told(document(tuple_("one", "<basic>closed</basic>" if number % 2 == 0 else
                                            "<basic>open</basic>")))
        told += len(good)
        if [seen[:2] for seen in good] != [(f"alice@{LOCAL_DOMAIN}/one",
                                            "unavailable" if number % 2 == 0 else "")]:
            bad.append((name, good))
    assert bad == []


def test_presence_of_somebody_else(watched):
    """Whoever the document is about: it is told as what the dialog's user says."""
    seen = watched.told(document(tuple_("one"), entity=f"pres:boss@{LOCAL_DOMAIN}"))
    assert seen and {jid.partition("/")[0] for jid, *_ in seen} == {f"alice@{LOCAL_DOMAIN}"}


_GONE, _OPEN = ("unavailable", "", ""), ("", "", "")

#: name, what is inside the document, (type, show, priority) of what juliet is told of the tuple
_TUPLES = [
    ("a word that is no basic", tuple_("one", "<basic>OPEN!</basic>"), _GONE),
    ("two basic", tuple_("one", "<basic>open</basic><basic>closed</basic>"), _GONE),
    ("an empty status", tuple_("one", ""), _GONE),
    ("no status", "<tuple id='one'/>", _GONE),
    ("another name space", "<tuple xmlns='urn:x' id='one'><status><basic>open</basic></status>"
     "</tuple>", _GONE),
    ("a priority beyond all", tuple_("one", more="<contact priority='9e99'>sip:a@b.test"
                                     "</contact>"), _OPEN),
    ("a priority below all", tuple_("one", more="<contact priority='-1'>sip:a@b.test</contact>"),
     _OPEN),
    ("the highest priority", tuple_("one", more="<contact priority='1.0'>sip:a@b.test</contact>"),
     ("", "", "127")),
    ("more than the highest", tuple_("one", more="<contact priority='1.001'>sip:a@b.test"
                                     "</contact>"), _OPEN),
]


def test_tuples(watched):
    bad = []
    for name, inside, wanted in _TUPLES:
        told = watched.told(document(inside))
        if [seen[1:] for seen in told] != [wanted]:
            bad.append((name, told))
        watched.told(document(tuple_("one", more="<note>again</note>")))
    assert bad == []
