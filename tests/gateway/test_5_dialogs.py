"""The dialogs of presence as they stand in the messages: tags, Contact, routes, CSeq, transports
(RFC 3261 sections 12 and 18.1.1, RFC 6665)."""

import contextlib
import re

import pytest

from lab.gateway import event, request, status, statuses, to_tag
from lab.process import wait_until
from lab.settings import LOCAL_DOMAIN, PARTNER_DOMAIN
from lab.siphop import SipHop

ALICE, JULIET = f"sip:alice@{LOCAL_DOMAIN}", f"sip:juliet@{PARTNER_DOMAIN}"
CREDENTIALS = "\n        user: gateway\n        password: secret\n        realm: platform"


def _subscribe(number: int = 1, **more) -> bytes:
    return event("SUBSCRIBE", f"dialog{number}", f"<{ALICE}>;tag=w", f"<{JULIET}>", **more)


def _field(answer: bytes, name: str) -> str:
    """The value of that header; several joined by commas; "" without any."""
    return ", ".join(value.decode() for value in
                     re.findall(rb"\r\n" + name.encode() + rb": ([^\r]*)", answer))


def _last(world, method: str, count: int = 1):
    """The last of so many requests with CSeqs of their own."""
    def requests():
        return {(r.headers["call-id"], r.cseq): r for r in world.of(method)}
    wait_until(lambda: len(requests()) >= count, 10, f"{count} {method}")
    return list(requests().values())[-1]


# --- answers


def test_answer_makes_the_dialog(world, settings):
    """Contact is where the request came in; the route is echoed as it came; on UDP each copy has the
    same To tag, and XMPP is asked once."""
    gateway = world.run().gateway
    ip, port = settings.gateway
    route = "Record-Route: <sip:p1.test;lr>, <sip:p2.test;lr>\r\nRecord-Route: <sip:p3.test>\r\n"
    data = _subscribe(transport="UDP", more=route)
    with contextlib.closing(gateway.udp()) as sock:
        answers = []
        for _ in range(3):
            sock.sendto(data, gateway.address)
            answers.append(sock.recv(70000))
    assert len(set(answers)) == 1 and statuses(answers[0]) == [200]
    assert _field(answers[0], "Contact") == f"<sip:juliet@{ip}:{port}>"
    assert _field(answers[0], "Record-Route") == "<sip:p1.test;lr>, <sip:p2.test;lr>, <sip:p3.test>"
    assert 0 < int(_field(answers[0], "Expires")) <= 3600
    answer, _ = gateway.ask_tcp(_subscribe(2))
    assert _field(answer, "Contact") == f"<sip:juliet@{ip}:{port};transport=tcp>"
    assert _field(answer, "Record-Route") == "" and to_tag(answer) != to_tag(answers[0])
    assert [s.get("type") for s in world.settled()].count("subscribe") == 1


@pytest.mark.parametrize("line", ["Event: dialog", "Event: presence.winfo", ""])
def test_other_packages(world, line):
    data = _subscribe().replace(b"Event: presence\r\n", f"{line}\r\n".encode() if line else b"")
    answer, _ = world.run().gateway.ask_tcp(data)
    assert status(answer) == 489 and _field(answer, "Allow-Events") == "presence"


def test_options(gateway):
    answer = gateway.ask_udp(request("OPTIONS", f"sip:{LOCAL_DOMAIN}", body=b""))
    assert status(answer) == 200 and _field(answer, "Allow-Events") == "presence"
    assert {"SUBSCRIBE", "NOTIFY", "MESSAGE", "OPTIONS"} <= set(_field(answer, "Allow").split(", "))
    assert {"text/plain", "application/pidf+xml"} <= set(_field(answer, "Accept").split(", "))


# --- our requests


def test_notify_goes_back(world, settings):
    """To the next hop, with the watcher's Contact as its target, his tag and his route."""
    contact = "sip:alice@198.51.100.7:5070;transport=tcp"
    route = "Record-Route: <sip:p1.test;lr>, <sip:p2.test;lr>\r\n"
    world.run()
    answer, _ = world.gateway.ask_tcp(_subscribe(contact=contact, more=route))
    notify = _last(world, "NOTIFY")
    ip, port = settings.gateway
    assert notify.line == f"NOTIFY {contact} SIP/2.0"
    assert notify.headers["route"] == "<sip:p1.test;lr>, <sip:p2.test;lr>"
    assert notify.headers["to"] == f"<{ALICE}>;tag=w"
    assert notify.headers["from"] == f"<{JULIET}>;tag={to_tag(answer)}"
    assert notify.headers["call-id"] == "dialog1"
    assert notify.headers["contact"] == f"<sip:juliet@{ip}:{port};transport=tcp>"
    assert notify.headers["event"] == "presence"
    assert notify.headers["subscription-state"].startswith("pending")


def test_large_notify_avoids_udp(world, settings):
    """Over 1300 octets it goes by TCP to the same address; Contact says the same."""
    world.run(transport="UDP")
    ip, port = settings.gateway
    with SipHop(settings.kamailio, "TCP") as by_tcp:
        assert status(world.gateway.ask_udp(_subscribe(transport="UDP"))) == 200
        assert _last(world, "NOTIFY").headers["contact"] == f"<sip:juliet@{ip}:{port}>"
        world.edge.presence("subscribed")
        for number in range(10):
            world.edge.presence(sender=f"juliet@{PARTNER_DOMAIN}/a-device-with-a-long-name-{number}")
        wait_until(lambda: any("long-name-9" in body for body in by_tcp.bodies()), 10,
                   "the large NOTIFY")
        notify = by_tcp.requests[-1]
        assert len(notify.body) > 1000 and notify.headers["via"].startswith("SIP/2.0/TCP ")
        assert notify.headers["contact"] == f"<sip:juliet@{ip}:{port};transport=tcp>"


def test_credentials_take_a_cseq(world):
    """SUBSCRIBE is challenged and goes again with the next CSeq; the next one in the dialog goes on
    behind it, with a higher count of the same nonce."""
    def answer(asked):
        if "authorization" not in asked.headers:
            return 401, 'WWW-Authenticate: Digest realm="platform", nonce="n1", qop="auth"\r\n'
        if asked.line.startswith("SUBSCRIBE"):
            return 200, "Contact: <sip:alice@198.51.100.9>\r\nExpires: 3600\r\n"
        return 200
    world.run(answer, hop=CREDENTIALS)
    world.edge.presence("subscribe")
    second, first = _last(world, "SUBSCRIBE", 2), world.of("SUBSCRIBE")[0]
    assert (first.cseq, second.cseq) == (1, 2) and "authorization" not in first.headers
    assert first.headers["call-id"] == second.headers["call-id"]
    assert first.headers["from"] == second.headers["from"]
    wait_until(lambda: "subscribe-answer" in world.gateway.output(), 10, "the 200")
    world.edge.presence("unsubscribe")
    third = _last(world, "SUBSCRIBE", 3)
    assert third.cseq == 3 and third.headers["expires"] == "0"
    assert third.line == "SUBSCRIBE sip:alice@198.51.100.9 SIP/2.0"
    assert third.headers["to"] == f"<{ALICE}>;tag=hop"
    assert "nc=00000002" in third.headers["authorization"]


def test_notify_is_challenged(world):
    """The same for NOTIFY: its body goes again, and the next one has a CSeq of its own."""
    def answer(asked):
        if "nonce=\"n2\"" in asked.headers.get("authorization", ""):
            return 200
        return 401, 'WWW-Authenticate: Digest realm="platform", nonce="n2", qop="auth"\r\n'
    world.run(answer, hop=CREDENTIALS)
    assert status(world.gateway.ask_tcp(_subscribe())[0]) == 200
    _last(world, "NOTIFY", 2)
    world.edge.presence("subscribed")
    world.edge.presence(sender=f"juliet@{PARTNER_DOMAIN}/balcony")
    wait_until(lambda: any("balcony" in r.body for r in world.of("NOTIFY")), 10, "her presence")
    cseqs = [r.cseq for r in world.of("NOTIFY") if r.headers["call-id"] == "dialog1"]
    assert cseqs == sorted(set(cseqs)), cseqs


def test_burst_of_notify(world):
    """2,500 dialogs end at once, with more octets than may wait for one server: what finds no room
    goes later, and the connection stays."""
    world.run()
    route = "Record-Route: " + ", ".join(f"<sip:{number}.proxy.{'x' * 50}.test;lr>"
                                         for number in range(30)) + "\r\n"
    with contextlib.closing(world.gateway.tcp(seconds=30)) as connection:
        for number in range(2500):
            connection.sendall(event("SUBSCRIBE", f"burst{number}", f"<sip:user{number}@"
                                     f"{LOCAL_DOMAIN}>;tag=w", f"<{JULIET}>", more=route))
            if number % 50 == 49:
                data = b""
                while len(statuses(data)) < 50:
                    data += connection.recv(65536)
                assert set(statuses(data)) == {200}
    world.gateway.command("partner", "remove", PARTNER_DOMAIN)

    def ended():
        return {r.headers["call-id"] for r in world.of("NOTIFY")
                if r.headers["subscription-state"].startswith("terminated")}
    wait_until(lambda: len(ended()) == 2500, 30, "the end of all dialogs")
    assert world.hop.connections == 1 and "sip-target-failed" not in world.gateway.output()
