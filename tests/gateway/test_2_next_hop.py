"""Where requests go: lookup (RFC 3263), fail-over, reuse of connections, keep-alive, size rules and
digest (RFC 3261 section 22, RFC 7616)."""

import contextlib
import hashlib
import re
import time

import pytest

from lab.fakeedge import FakeEdge
from lab.nameserver import Name, NameServer
from lab.process import wait_until
from lab.siphop import SipHop, answer_to

HOP_NAME = "sip.contoso.test"
QUICK = "\n    t1-ms: 50"


@pytest.fixture
def start_with(start, settings):
    """A gateway with a link; a next hop by name is looked up in `zone`, when that is given."""
    with contextlib.ExitStack() as stack:
        def run(uri: str, zone=None, sip: str = QUICK, **options):
            edge = stack.enter_context(FakeEdge(settings.data / "gateway" / "link.sock"))
            if zone is not None:
                names = stack.enter_context(NameServer(settings.dns))
                names.zone.update(zone)
                edge.names = names
                ip, port = settings.dns
                sip += f"\n    dns: {{servers: [\"{ip}:{port}\"]}}"
            edge.gateway = start(uri=uri, sip=sip, partner=("--type", "Federated"), **options)
            return edge
        yield run


@pytest.fixture
def hop(settings):
    """Call it with the last number of an address to run a scripted next hop there."""
    with contextlib.ExitStack() as stack:
        def run(last: int, transport: str = "UDP", answer=200, port: int = 5060, **more) -> SipHop:
            return stack.enter_context(
                SipHop((settings.address(last), port), transport, answer, **more))
        yield run


def _srv(settings, *lasts, transport: str = "_udp", service: str = "_sip"):
    zone = {f"{service}.{transport}.{HOP_NAME}":
            Name(SRV=[(number, 1, 5060, f"s{last}.test") for number, last in enumerate(lasts)])}
    return {**zone, **{f"s{last}.test": Name(A=[settings.address(last)]) for last in lasts}}


# --- lookup and fail-over


def test_srv_in_order_with_fail_over(start_with, hop, settings):
    """Silent, then 503, then the one that answers; the next message goes there at once."""
    silent, busy, good = hop(21, answer=None), hop(22, answer=503), hop(23)
    edge = start_with(f"sip:{HOP_NAME}", _srv(settings, 21, 22, 23))
    (result, _), seconds = edge.deliver("one")
    assert result == "delivered" and 0.3 < seconds < 6
    assert silent.requests and busy.bodies() == ["one"] and good.bodies() == ["one"]
    branches = {hop.requests[0].branch for hop in (silent, busy, good)}
    assert len(branches) == 3, "each try has a branch of its own"
    assert len({hop.requests[0].headers["call-id"] for hop in (silent, busy, good)}) == 1
    n_silent = len(silent.requests)
    assert edge.deliver("two")[0][0] == "delivered"
    assert good.bodies() == ["one", "two"] and busy.bodies() == ["one"]
    assert len(silent.requests) == n_silent


def test_all_say_503(start_with, hop, settings):
    hops = [hop(last, answer=503) for last in (21, 22)]
    edge = start_with(f"sip:{HOP_NAME}", _srv(settings, 21, 22))
    (result, condition), _ = edge.deliver("one")
    assert result == "refused" and condition
    assert [h.bodies() for h in hops] == [["one"], ["one"]]


def test_nobody_answers(start_with, hop, settings):
    """408 after 64*T1, over all servers together."""
    for last in (21, 22):
        hop(last, answer=None)
    edge = start_with(f"sip:{HOP_NAME}", _srv(settings, 21, 22))
    (result, condition), seconds = edge.deliver("one")
    assert result == "refused" and condition and 3 < seconds < 8


def test_provisional_answer_is_patience(start_with, hop, settings):
    """100 from the first server: the second one is not asked.  (Retransmissions become slow.)"""
    def slow(request):
        return 100 if len(first.requests) < 3 else 200
    second = hop(22)
    first = hop(21, answer=slow)
    edge = start_with(f"sip:{HOP_NAME}", _srv(settings, 21, 22), sip="\n    t1-ms: 200")
    (result, _), seconds = edge.deliver("one")
    assert result == "delivered" and seconds > 2 and second.requests == []


def test_tcp_refused_goes_to_the_next(start_with, hop, settings):
    good = hop(23, "TCP")
    edge = start_with(f"sip:{HOP_NAME}", _srv(settings, 21, 23, transport="_tcp"))
    assert edge.deliver("one")[0][0] == "delivered" and good.bodies() == ["one"]


def test_name_without_records(start_with, hop, settings):
    """No SRV: its own addresses, UDP, port 5060."""
    good = hop(23)
    edge = start_with(f"sip:{HOP_NAME}", {HOP_NAME: Name(A=[settings.address(23)])})
    assert edge.deliver("one")[0][0] == "delivered" and good.bodies() == ["one"]
    assert edge.names.asked[(f"_sip._tcp.{HOP_NAME}", "SRV")] >= 1


def test_name_with_port_is_not_looked_up_by_srv(start_with, hop, settings):
    good = hop(23, "TCP", port=5080)
    edge = start_with(f"sip:{HOP_NAME}:5080;transport=tcp",
                      {**_srv(settings, 21, transport="_tcp"),
                       HOP_NAME: Name(A=[settings.address(23)])})
    assert edge.deliver("one")[0][0] == "delivered" and good.bodies() == ["one"]
    assert edge.names.asked[(f"_sip._tcp.{HOP_NAME}", "SRV")] == 0


def test_name_that_does_not_exist_until_later(start_with, hop, settings):
    hop(23)
    edge = start_with(f"sip:{HOP_NAME}", {})
    (result, condition), _ = edge.deliver("one")
    assert result == "refused" and condition
    edge.names.zone[HOP_NAME] = Name(A=[settings.address(23)])
    wait_until(lambda: edge.deliver("again")[0][0] == "delivered", 15, "the name is found", 1)


@pytest.mark.parametrize("transport", ["udp", "tcp"])
def test_ipv6(start_with, transport):
    """Over IPv6 from the listener of that family."""
    with SipHop(("::1", 5078), transport.upper()) as good:
        edge = start_with(f"sip:[::1]:5078;transport={transport}",
                          listen=f'\n      - {{transport: {transport}, address: "[::1]:5079"}}')
        assert edge.deliver("one")[0][0] == "delivered" and good.bodies() == ["one"]
        assert good.requests[0].headers["via"].startswith(
            f"SIP/2.0/{transport.upper()} [::1]:5079;")


def test_both_families_of_one_name(start_with, hop, settings):
    """IPv6 is tried first where it is there; nobody listens on it, IPv4 follows."""
    good = hop(23, "TCP")
    edge = start_with(f"sip:{HOP_NAME};transport=tcp",
                      {HOP_NAME: Name(A=[settings.address(23)], AAAA=["::1"])},
                      listen='\n      - {transport: tcp, address: "[::1]:5079"}')
    assert edge.deliver("one")[0][0] == "delivered" and good.bodies() == ["one"]


# --- connections


def test_one_connection_for_all(start_with, hop, settings):
    good = hop(20, "TCP")
    edge = start_with(f"sip:{settings.address(20)};transport=tcp")
    for number in range(5):
        assert edge.deliver(f"m{number}")[0][0] == "delivered"
    assert good.connections == 1 and good.bodies() == [f"m{n}" for n in range(5)]


def test_keep_alive(start_with, hop, settings):
    """Pings while idle; messages go over the same connection; a peer that stops answering pings is
    left."""
    good = hop(20, "TCP")
    edge = start_with(f"sip:{settings.address(20)};transport=tcp", sip="\n    keep-alive-s: 1")
    assert edge.deliver("one")[0][0] == "delivered"
    wait_until(lambda: good.pings >= 3, 10, "three pings")
    assert edge.deliver("two")[0][0] == "delivered" and good.connections == 1
    good.pongs = False
    good.pings = 0
    wait_until(lambda: good.pings >= 1, 5, "an unanswered ping")
    time.sleep(12)
    assert good.pings == 1
    assert edge.deliver("three")[0][0] == "delivered" and good.connections == 2


def test_large_request_avoids_udp(start_with, hop, settings):
    udp, tcp = hop(20), hop(20, "TCP")
    edge = start_with(f"sip:{settings.address(20)}",
                      sip=QUICK + "\n    max-message-bytes-out: 8000")
    assert edge.deliver("short")[0][0] == "delivered"
    assert edge.deliver("x" * 2000)[0][0] == "delivered"
    assert udp.bodies() == ["short"] and tcp.bodies() == ["x" * 2000]
    assert tcp.requests[0].headers["via"].startswith("SIP/2.0/TCP ")


def test_large_request_by_udp_where_tcp_is_refused(start_with, hop, settings):
    udp = hop(20)
    edge = start_with(f"sip:{settings.address(20)}",
                      sip=QUICK + "\n    max-message-bytes-out: 8000")
    assert edge.deliver("x" * 2000)[0][0] == "delivered"
    assert udp.bodies() == ["x" * 2000]
    assert udp.requests[0].headers["via"].startswith("SIP/2.0/UDP ")


def test_large_request_is_refused_by_default(start_with, hop, settings):
    udp, tcp = hop(20), hop(20, "TCP")
    edge = start_with(f"sip:{settings.address(20)}")
    assert edge.deliver("x" * 2000)[0][0] == "refused"
    assert udp.requests == tcp.requests == []


def test_only_the_next_hop_answers(start_with, hop, settings):
    """An answer in its name from another address, or by another transport, changes nothing."""
    silent = hop(20, answer=None)
    edge = start_with(f"sip:{settings.address(20)}", sip="\n    t1-ms: 500")
    number = edge.message("one")
    wait_until(lambda: silent.requests, 5, "the request")
    request = silent.requests[0]
    head = "\r\n".join([request.line] + [f"{n}: {v}" for n, v in request.headers.items()])
    with contextlib.closing(edge.gateway.udp(source=settings.address(66))) as other:
        other.sendto(answer_to(head, 404), settings.gateway)
    with edge.gateway.tcp() as connection:
        connection.sendall(answer_to(head, 404))
        time.sleep(0.3)
    assert number not in edge.outcomes
    silent.answer = 200
    assert edge.wait_outcome(number)[0] == "delivered"


# --- digest

CREDENTIALS = "\n        user: gateway\n        password: secret\n        realm: platform"


def _parameters(value: str) -> dict:
    return {name: quoted or plain for name, quoted, plain in
            re.findall(r'(\w+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))', value)}


def _is_right(request, header: str, nonce: str, algorithm: str) -> bool:
    p = _parameters(request.headers.get(header, ""))
    if p.get("nonce") != nonce or p.get("algorithm") != algorithm:
        return False
    digest = {"MD5": hashlib.md5, "SHA-256": hashlib.sha256}[algorithm]

    def h(text):
        return digest(text.encode()).hexdigest()
    method, uri, _ = request.line.split(" ")
    assert p["uri"] == uri
    return p["response"] == h(":".join([h("gateway:platform:secret"), nonce, p["nc"], p["cnonce"],
                                        "auth", h(f"{method}:{uri}")]))


@pytest.mark.parametrize("status, algorithms, used", [
    (407, ["MD5"], "MD5"), (401, ["MD5", "SHA-256"], "SHA-256"), (407, ["SHA-256"], "SHA-256")])
def test_digest(start_with, hop, settings, status, algorithms, used):
    ask, give = (("WWW-Authenticate", "authorization") if status == 401 else
                 ("Proxy-Authenticate", "proxy-authorization"))
    nonces = ["first"]

    def answer(request):
        if _is_right(request, give, nonces[-1], used):
            return 200
        stale = ", stale=true" if "nonce" in _parameters(request.headers.get(give, "")) else ""
        return status, "".join(f'{ask}: Digest realm="platform", nonce="{nonces[-1]}", qop="auth",'
                               f' algorithm={a}{stale}\r\n' for a in algorithms)
    good = hop(20, "TCP", answer)
    edge = start_with(f"sip:{settings.address(20)};transport=tcp", hop=CREDENTIALS)
    assert edge.deliver("one")[0][0] == "delivered"
    assert [r.cseq for r in good.requests] == [1, 2]
    assert good.requests[0].branch != good.requests[1].branch
    assert edge.deliver("two")[0][0] == "delivered"
    assert good.bodies() == ["one", "one", "two"], "the nonce is used again"
    assert _parameters(good.requests[-1].headers[give])["nc"] == "00000002"
    nonces.append("second")
    assert edge.deliver("three")[0][0] == "delivered"
    assert good.bodies()[3:] == ["three", "three"], "a stale nonce is replaced"


@pytest.mark.parametrize("name, challenge", [
    ("realm", 'Digest realm="other gateway", nonce="n", qop="auth"'),
    ("twenty", None),
    ("basic", 'Basic realm="platform"'),
    ("garbage", 'Digest realm="platform" nonce="n" \x01'),
])
def test_no_credentials_for_others(start_with, hop, settings, name, challenge):
    values = [challenge] if challenge else [
        f'Digest realm="other {number}", nonce="n{number}", qop="auth"' for number in range(20)]
    lines = "".join(f"Proxy-Authenticate: {value}\r\n" for value in values)
    bad = hop(20, "TCP", lambda _request: (407, lines))
    edge = start_with(f"sip:{settings.address(20)};transport=tcp", hop=CREDENTIALS)
    if name == "garbage":  # no answer at all, as it is malformed
        edge.message("one")
        wait_until(lambda: bad.requests, 5, "the request")
        time.sleep(0.5)
    else:
        assert edge.deliver("one")[0][0] == "refused"
    assert [set(r.headers) & {"authorization", "proxy-authorization"} for r in bad.requests] == [
        set()]


def test_at_most_one_retry(start_with, hop, settings):
    def answer(request):
        return 407, (f'Proxy-Authenticate: Digest realm="platform", nonce="{request.branch}", '
                     'qop="auth", stale=true\r\n')
    bad = hop(20, "TCP", answer)
    edge = start_with(f"sip:{settings.address(20)};transport=tcp", hop=CREDENTIALS)
    assert edge.deliver("one")[0][0] == "refused"
    assert len(bad.requests) == 2
