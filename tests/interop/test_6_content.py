"""What texts and addresses become on the other side, and that nothing in them turns into more."""

import secrets
import xml.sax.saxutils

import pytest

from lab.partner import Mode
from lab.prosody import Prosody
from lab.rawsip import RawSip
from lab.settings import ACCOUNTS
from lab.stack import local, partner
from lab.xmppclient import XmppClient

STANZAS = "{urn:ietf:params:xml:ns:xmpp-stanzas}"
INFO = "http://jabber.org/protocol/disco#info"

TEXTS = [
    "👩‍👧 👋🏽 \U0001f3f4",
    "שלום \u202eabc\u202c عربى \u2066x\u2069",
    "e\u0301 vs é, ﬁ, \u00a0, \ufffd",
    "</body><body>x</body> ]]> <!-- &amp; &#13;&#10; \"'",
    "%0d%0aRoute: <sip:evil@example.org>",
]


@pytest.fixture
def lab(start_lab):
    lab = start_lab(Mode.SASL)
    lab.add_partner()
    return lab


def errors(element):
    """The names of the conditions in an error stanza."""
    return [e.tag.removeprefix(STANZAS) for e in element.iter() if e.tag.startswith(STANZAS)
            and not e.tag.endswith("}text")]


def ask(client, kind: str, to: str, payload: str, name: str = "iq"):
    stanza_id = secrets.token_hex(8)
    return client.ask(f"<{name} type='{kind}' to='{to}' id='{stanza_id}'>{payload}</{name}>",
                      stanza_id)


def test_requests_to_the_domain_and_its_users(lab):
    juliet = lab.xmpp("juliet")
    shapes = []
    for to in ("contoso.test", local("alice"), local("nobody"), local("alice") + "/desk"):
        pong = ask(juliet, "get", to, "<ping xmlns='urn:xmpp:ping'/>")
        assert pong.get("type") == "result" and pong.get("from") == to and len(pong) == 0
        info = ask(juliet, "get", to, f"<query xmlns='{INFO}'/>")
        assert info.find(f"{{{INFO}}}query/{{{INFO}}}identity").get("category") == "gateway"
        version = ask(juliet, "get", to, "<query xmlns='jabber:iq:version'/>")
        names = [e.tag.rpartition("}")[2] for e in version[0]]
        assert names == ["name", "version"] and version[0][0].text == "Causeway"
        for kind, payload in (("get", "<vCard xmlns='vcard-temp'/>"),
                              ("set", "<query xmlns='jabber:iq:roster'/>")):
            refused = ask(juliet, kind, to, payload)
            assert errors(refused) == ["service-unavailable"]
        shapes.append([len(list(e.iter())) for e in (pong, info, version, refused)])
    # of a user more features are told than of the domain, and of nobody the same as of alice
    assert all(shape == shapes[1] for shape in shapes[1:]), shapes


def test_errors_and_results_are_not_answered(lab):
    juliet = lab.xmpp("juliet")
    for n in range(100):
        juliet.send_xml(f"<message type='error' to='{local('nobody')}' id='e{n}'><body>x</body>"
                        "<error type='cancel'><item-not-found xmlns='"
                        "urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>")
        juliet.send_xml(f"<iq type='error' to='{local('alice')}' id='i{n}'/>")
        juliet.send_xml(f"<iq type='result' to='contoso.test' id='r{n}'/>")
    ask(juliet, "get", "contoso.test", "<ping xmlns='urn:xmpp:ping'/>")
    error = juliet.wait_error(juliet.send(local("nobody"), "a message"), 20)
    assert error.condition == "item-not-found"
    answers = [e for e in juliet.elements if (e.get("from") or "").endswith("contoso.test")]
    assert len(answers) == 2, [e.attrib for e in answers]


def test_nobody_speaks_for_another(lab):
    alice, juliet = lab.sip("alice"), lab.xmpp("juliet")
    inner = (f"<message xmlns='jabber:client' from='{partner('romeo')}/x' to='{local('alice')}' "
             "type='chat'><body>forged</body></message>")
    forwarded = f"<forwarded xmlns='urn:xmpp:forward:0'>{inner}</forwarded>"
    payloads = {
        "carbon received": f"<received xmlns='urn:xmpp:carbons:2'>{forwarded}</received>",
        "carbon sent": f"<sent xmlns='urn:xmpp:carbons:2'>{forwarded}</sent>",
        "forwarded": forwarded,
        "archive": f"<result xmlns='urn:xmpp:mam:2' id='1'>{forwarded}</result>",
        "addresses": "<addresses xmlns='http://jabber.org/protocol/address'><address type='to' "
                     f"jid='{local('bob')}'/><address type='ofrom' jid='{partner('romeo')}'/>"
                     "</addresses>",
        "nick": "<nick xmlns='http://jabber.org/protocol/nick'>Romeo&#13;&#10;X: y</nick>",
        "delay": "<delay xmlns='urn:xmpp:delay' from='fabrikam.test' stamp='1970-01-01T00:00:00Z'/>",
    }
    for name, payload in payloads.items():
        juliet.send_xml(f"<message to='{local('alice')}' type='chat'><body>own {name}</body>"
                        f"{payload}</message>")
    juliet.send_xml(f"<message to='{local('alice')}' type='chat'>{forwarded}</message>")
    juliet.send_xml(f"<message to='{local('alice')}' type='headline'><body>news</body></message>")
    alice.wait_for("news", 20)
    assert [m.body for m in alice.received] == [f"own {name}" for name in payloads] + ["news"]
    for message in alice.received:
        assert message.sender_address == partner("juliet")
        assert "romeo" not in message.headers.lower() and "\nX:" not in message.headers
    refused = ask(juliet, "groupchat", local("alice"), "<body>room</body>", "message")
    assert errors(refused) == ["service-unavailable"]
    assert "room" not in [m.body for m in alice.received]


def test_texts_both_ways(lab):
    raw, alice, juliet = RawSip(lab.settings), lab.sip("alice"), lab.xmpp("juliet")
    for text in TEXTS:
        juliet.send(alice.address, text)
        alice.wait_for(text, 20)
        assert raw.message(f"sip:{partner('juliet')}", text.encode()).status in (200, 202)
        juliet.wait_for(text)
    long = "ü" * 5000
    assert raw.message(f"sip:{partner('juliet')}", long.encode()).status in (200, 202)
    assert juliet.wait_for(lambda m: len(m.body) > 1000).body == long
    assert raw.message(f"sip:{partner('juliet')}", b"a\r\nb\r\n\r\nc").status in (200, 202)
    juliet.wait_for("a\nb\n\nc")


def test_no_header_is_forged(lab):
    alice, juliet = lab.sip("alice"), lab.xmpp("juliet")
    evil = "x\r\nRoute: <sip:evil@example.org>\r\nX-Evil: 1\n\tfolded\x85\u2028"
    quoted = xml.sax.saxutils.quoteattr(evil)[1:-1].replace("\t", "&#9;")
    juliet.send_xml(f"<message to='{local('alice')}' id='a{quoted}' type='normal'>"
                    f"<subject>{quoted}</subject><thread>{quoted}</thread>"
                    f"<body>{quoted}</body></message>")
    got = alice.wait_for(lambda m: "folded" in m.body, 20)
    lines = got.headers.replace("\r\n", "\n").split("\n\n")[0].split("\n")
    assert not [line for line in lines if line.startswith(("X-Evil", "Route: <sip:evil"))]
    assert [line for line in lines if line.startswith("Subject: x Route: <sip:evil@example.org>")]
    assert got.sender_address == partner("juliet")


def test_charsets_and_controls(lab):
    raw, juliet = RawSip(lab.settings), lab.xmpp("juliet")
    to = f"sip:{partner('juliet')}"
    for kind, body, text in (
            ("text/plain; charset=ISO-8859-1", b"Gr\xfc\xdfe", "Grüße"),
            ("text/plain;charset=\"windows-1252\"", b"\x80 5", "€ 5"),
            ("TEXT/PLAIN", "naïve".encode(), "naïve"),
            ("text/plain", b"a\x00b\x08c\x1b[2J", "a\ufffdb\ufffdc\ufffd[2J"),
            ("text/plain", b"\xc0\x80 \xed\xa0\x80 \xe2\x82", None),
            ("text/plain", b"\xef\xbf\xbe\xef\xbf\xbf", "\ufffd\ufffd")):
        assert raw.message(to, body, kind=kind).status in (200, 202), kind
        juliet.wait_for(text or (lambda m: set(m.body) == {"\ufffd", " "}))
    assert raw.message(to, b"the stream is up").status in (200, 202)
    juliet.wait_for("the stream is up")


CPIM = (b"From: <im:boss@contoso.test>\r\nTo: <im:juliet@fabrikam.test>\r\n"
        b"DateTime: 1970-01-01T00:00:00Z\r\n\r\nContent-Type: text/plain\r\n\r\nforged")
NESTED = b"NS: a <b:c>\r\n\r\nContent-Type: message/cpim\r\n\r\n" * 200 + CPIM
TYPES = "text/plain, message/cpim, message/imdn+xml, application/im-iscomposing+xml"
PARTS = b"--x\r\nContent-Type: text/plain\r\n\r\npart\r\n" * 1000 + b"--x--\r\n"


def test_contents_that_are_not_taken(lab):
    raw, juliet = RawSip(lab.settings), lab.xmpp("juliet")
    to = f"sip:{partner('juliet')}"
    for kind, body in (("message/cpim", NESTED), ("multipart/alternative;boundary=x", PARTS),
                       ("text/html", b"<b>x</b>"), ("application/pidf+xml", b"<!DOCTYPE x>"),
                       ("image/png;x=\"text/plain\"", b"x")):
        answer = raw.message(to, body, kind=kind)
        assert (answer.status, answer.header("Accept")) == (415, TYPES), kind
    assert raw.message(to, CPIM, kind="message/cpim").status == 403, "who speaks is SIP's From"
    for kind, body in (("Message/CPIM", b"no blank line"),
                       ("application/im-iscomposing+xml", b"<!DOCTYPE x><x/>"),
                       ("message/imdn+xml", b"<imdn/>")):
        assert raw.message(to, body, kind=kind).status == 400, kind
    answer = raw.message(to, b"x", kind="text/plain;charset=utf-7")
    assert (answer.status, answer.header("Accept")) == (415, "text/plain;charset=utf-8")
    bomb = b"\x1f\x8b\x08" + b"\x00" * 10000
    answer = raw.message(to, bomb, more="Content-Encoding: gzip\r\n")
    assert (answer.status, answer.header("Accept-Encoding")) == (415, "identity")
    assert answer.header("Accept") == ""
    hidden = "Content-Encoding: identity\r\ne: gzip\r\n"
    assert raw.message(to, bomb, more=hidden).status in (400, 415)
    assert raw.message(to, b"x", kind="").status == 400
    assert raw.message(to, b"x", kind="text plain").status == 400
    assert raw.message(to, b"x" * 300000).status in (413, 513)
    assert raw.message(to, b"last").status in (200, 202)
    juliet.wait_for("last")
    assert [m.body for m in juliet.received] == ["last"]


SENDERS = [
    ("o'malley", "o\\27malley"),
    ("a%20b", "a\\20b"),
    ("%22q%22", "\\22q\\22"),
    ("r&d/x", "r\\26d\\2fx"),
    ("a%40b%3Ac", "a\\40b\\3ac"),
    ("back%5Cslash", "back\\slash"),
    ("back%5C20", "back\\5c20"),
    ("%3Cx%3E", "\\3cx\\3e"),
    ("%D0%B6%C3%BC", "жü"),
    ("%E4%B8%AD%E6%96%87", "中文"),
]


def test_local_parts(lab):
    raw, juliet = RawSip(lab.settings), lab.xmpp("juliet")
    for user, localpart in SENDERS:
        answer = raw.message(f"sip:{partner('juliet')}", user.encode(),
                             sender=f"sip:{user}@contoso.test")
        assert answer.status in (200, 202), user
        got = juliet.wait_for(user)
        assert got.sender == f"{localpart}@contoso.test"
        # Kamailio knows none of these users; its answer finds the way back to the same address
        error = juliet.wait_error(juliet.send(got.sender, "reply to " + user), 20)
        assert (error.sender, error.condition) == (got.sender, "item-not-found")
    for user in ("%00boss", "a%0D%0Ab", "%FF", "%20a", "a%E2%80%A8"):
        answer = raw.message(f"sip:{partner('juliet')}", b"x", sender=f"sip:{user}@contoso.test")
        assert answer.status == 400, user
    for resource in ("a b/c", "\"q\"<&>'", "💬", "gr=x;y", "\\20", "xx@yy"):
        attribute = xml.sax.saxutils.quoteattr(local("nobody") + "/" + resource)
        stanza_id = secrets.token_hex(8)
        error = juliet.ask(f"<message to={attribute} id='{stanza_id}'><body>x</body></message>",
                           stanza_id)
        assert error.get("from") == local("nobody") + "/" + resource
        assert errors(error) == ["item-not-found"]


def test_homographs_are_other_domains(lab):
    raw, juliet = RawSip(lab.settings), lab.xmpp("juliet")
    for host in ("f\u0430brikam.test", "fabrikam.t\u0435st", "xn--fbrikam-2fg.test",
                 "ｆabrikam.test", "fabrikam.test.evil.test", "evilfabrikam.test",
                 "xn--fabrikam-.test"):
        answer = raw.message(f"sip:juliet@{host}", b"x")
        assert answer.status in (400, 403, 404), host
        answer = raw.message(f"sip:{partner('juliet')}", b"x", sender=f"sip:alice@c\u043entoso.test")
        assert answer.status in (400, 403), host
    assert not juliet.received
    assert raw.message("sip:juliet@FABRIKAM.test", b"same").status in (200, 202)
    juliet.wait_for("same")


def test_a_partner_with_an_international_name(lab, monkeypatch):
    """The name of the server is bücher.test; it takes the place of the lab's own Prosody."""
    domain = "bücher.test"
    monkeypatch.setitem(ACCOUNTS, f"juliet@{domain}", "juliet-secret")
    lab.prosody.stop()
    lab.causeway.command("partner", "new", domain, "--type", "PublicUnverified", "--sasl",
                         "Required", "--proxy-fqdn",
                         f"xmpp.fabrikam.test:{lab.settings.prosody[1]}")
    pair = lab.authority.issue("prosody-idn", "xn--bcher-kva.test")
    prosody = Prosody(lab.settings, lab.authority, Mode.SASL, domain=domain, certificate=pair)
    alice, raw = lab.sip("alice"), RawSip(lab.settings)
    prosody.start()
    try:
        with XmppClient(f"juliet@{domain}", prosody.client_address, lab.authority.certificate,
                        check_certificate=False) as juliet:
            refused = juliet.wait_error(juliet.send(alice.address, "too early"), 20)
            assert refused.condition == "subscription-required"
            for host in ("xn--bcher-kva.test", "XN--BCHER-KVA.test"):
                assert raw.message(f"sip:juliet@{host}", host.encode()).status in (200, 202)
                juliet.wait_for(host)
            juliet.send(alice.address, "danke")
            assert alice.wait_for("danke", 20).sender_address == "juliet@xn--bcher-kva.test"
            listed = lab.causeway.query("contact", "list", "--partner", domain)["contacts"]
            assert [c["contact"] for c in listed] == [f"juliet@{domain}"]
    finally:
        prosody.stop()
