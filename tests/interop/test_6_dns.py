"""From a partner's domain to a connection, with a name server that says what the test wants: IPv4 and
IPv6, SRV records, aliases, dead addresses, errors, silence and names that change their mind."""

import contextlib
import socket
import time

import pytest

from lab import rogue
from lab.nameserver import Name
from lab.process import LabError, wait_until
from lab.settings import LOCAL_DOMAIN

pytestmark = pytest.mark.xdist_group("dns")

ALICE = f"alice@{LOCAL_DOMAIN}"


def ask(border, domain: str, body: str = "hello", seconds: float = 40):
    """(status, seconds it took) of a message to the domain."""
    began = time.monotonic()
    return border.sip.ask(ALICE, f"j@{domain}", body, seconds), time.monotonic() - began


def works_quickly(border, partner, domain: str, within: float = 1) -> None:
    status, seconds = ask(border, domain, f"to {domain}")
    assert (status, seconds < within) == (202, True), (status, seconds)
    assert len(partner.attempts) == 1


def srv(border, domain: str, *records) -> None:
    border.names.zone[f"_xmpp-server._tcp.{domain}"] = Name(SRV=list(records))


@contextlib.contextmanager
def black_hole(address):
    """A place where connection attempts are neither accepted nor refused: its queue is full."""
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with contextlib.ExitStack() as stack:
        def add():
            return stack.enter_context(contextlib.closing(socket.socket(family)))
        listener = add()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(0)
        for _ in range(3):
            sock = add()
            sock.setblocking(False)
            sock.connect_ex(address)
        time.sleep(0.05)
        yield


# --- where it leads


def test_ipv6_only(border, eventually):
    """Both ways: the partner has no other address, and connects to the edge's own IPv6 address."""
    partner = border.partner("six.test", ip="::1", port=border.ipv6_port + 1)
    works_quickly(border, partner, "six.test")
    assert border.names.asked["s0.six.test", "AAAA"] == 1
    stream = rogue.call(("::1", border.ipv6_port), "six.test", LOCAL_DOMAIN,
                        rogue.context(border.authority, partner.pair))
    with stream:
        stream.send(rogue.message("j@six.test", ALICE, "by IPv6"))
        eventually(lambda: "by IPv6" in border.sip.bodies(), 3, "the message")


def test_no_srv_records_leads_to_the_domain_itself(border):
    partner = border.partner("plain.test", in_dns=False)
    border.names.zone["plain.test"] = Name(A=[partner.address[0]])
    works_quickly(border, partner, "plain.test")


def test_N08_priority_first_however_odd_the_numbers(border):
    """Weight and priority 65535, a time to live of nothing and one of 2^31 seconds."""
    first, last = border.partner("odd.test"), border.address()
    border.names.zone["_xmpp-server._tcp.odd.test"] = Name(ttl=0, SRV=[
        (65535, 65535, 5269, "last.odd.test"), (65534, 0, 5269, "s0.odd.test")])
    border.names.zone["s0.odd.test"].ttl = 0x80000000
    border.names.zone["last.odd.test"] = Name(A=[last])
    with rogue.Partner((last, 5269), border.authority, first.pair) as other:
        works_quickly(border, first, "odd.test")
        assert other.attempts == []


def test_weights_are_kept(border):
    """Ninety to ten: over a dozen look-ups the heavier host comes first more often."""
    partner = border.partner("heavy.test")
    light = border.address()
    border.names.zone["light.heavy.test"] = Name(A=[light])
    border.names.zone["_xmpp-server._tcp.heavy.test"] = Name(SRV=[
        (0, 10, 5269, "light.heavy.test"), (0, 90, 5269, "s0.heavy.test")])
    with rogue.Partner((light, 5269), border.authority, partner.pair) as other:
        for turn in range(12):
            border.causeway.command("partner", "disable", "heavy.test")
            border.causeway.command("partner", "enable", "heavy.test")
            assert ask(border, "heavy.test", f"turn {turn}")[0] == 202
        assert len(partner.attempts) > len(other.attempts)
        assert len(partner.attempts) + len(other.attempts) == 12


def test_the_next_priority_when_the_first_is_dead(border):
    partner = border.partner("second.test")
    border.names.zone["dead.second.test"] = Name(A=[border.address()])
    srv(border, "second.test", (0, 0, 5269, "dead.second.test"), (9, 0, 5269, "s0.second.test"))
    works_quickly(border, partner, "second.test")


def test_N01_target_dot_is_no_service(border):
    """And the domain's own address is not tried instead."""
    partner = border.partner("dot.test")
    srv(border, "dot.test", (0, 0, 0, "."))
    border.names.zone["dot.test"] = Name(A=[partner.address[0]])
    assert ask(border, "dot.test")[0] == 404
    assert partner.attempts == []


def test_aliases_are_followed(border):
    partner = border.partner("alias.test")
    border.names.zone["_xmpp-server._tcp.alias.test"] = Name(CNAME="_xmpp-server._tcp.host.test")
    srv(border, "host.test", (0, 0, 5269, "a.host.test"))
    border.names.zone["a.host.test"] = Name(CNAME="b.host.test")
    border.names.zone["b.host.test"] = Name(CNAME="c.host.test")
    border.names.zone["c.host.test"] = Name(A=[partner.address[0]])
    works_quickly(border, partner, "alias.test")


def test_dead_addresses_first(border):
    """RFC 8305: what does not answer costs a quarter of a second, not a connection time-out."""
    partner = border.partner("eyeballs.test", port=border.ipv6_port + 2)
    holes = [border.address() for _ in range(2)]
    border.names.zone["s0.eyeballs.test"] = Name(AAAA=["::1"], A=[*holes, partner.address[0]])
    with contextlib.ExitStack() as stack:
        for ip in ("::1", *holes):
            stack.enter_context(black_hole((ip, partner.address[1])))
        works_quickly(border, partner, "eyeballs.test", within=2)


def test_both_families_in_turn(border):
    """Many dead IPv6 addresses do not keep the one IPv4 address waiting."""
    partner = border.partner("turns.test")
    border.names.zone["s0.turns.test"] = Name(AAAA=[f"100::{n}" for n in range(1, 9)],
                                              A=[partner.address[0]])
    works_quickly(border, partner, "turns.test")


def test_name_servers_that_know_one_family_only(border):
    """They answer for A and keep silent for AAAA; the address they have told is used at once."""
    partner = border.partner("half.test")
    border.names.zone["s0.half.test"].mute = ("AAAA",)
    works_quickly(border, partner, "half.test")


def test_one_host_that_cannot_be_looked_up(border):
    partner = border.partner("lame.test")
    border.names.zone["lame.lame.test"] = Name(silent=True)
    srv(border, "lame.test", (0, 0, 5269, "lame.lame.test"), (9, 0, 5269, "s0.lame.test"))
    works_quickly(border, partner, "lame.test", within=1.8)


def test_N03_a_thousand_dead_targets(border):
    border.allow("many.test")
    srv(border, "many.test", *((0, n % 7, 5269, f"h{n}.many.test") for n in range(1000)))
    dead = border.address()
    for n in range(1000):
        border.names.zone[f"h{n}.many.test"] = Name(A=[dead])
    status, seconds = ask(border, "many.test")
    assert status == 504 and seconds < 20
    asked = sum(1 for name, kind in border.names.asked if name.endswith("many.test") and kind == "A")
    assert asked <= 20
    assert border.names.asked["_xmpp-server._tcp.many.test", "SRV"] <= 2  # UDP, then TCP


# --- what is refused


def test_N07_refused_targets(border, eventually):
    """Neither by the first answer nor by a later, different one (DNS rebinding)."""
    good, inner = border.partner("rebind.test"), border.address()
    border.set(outbound_targets_refused=f"{inner}/32")
    try:
        with rogue.Partner((inner, 5269), border.authority, good.pair) as refused:
            answers = iter([[good.address[0]]])
            border.names.zone["s0.rebind.test"] = Name(A=lambda: next(answers, [inner]), ttl=0)
            assert ask(border, "rebind.test", "first look-up")[0] == 202
            good.drop()
            assert ask(border, "rebind.test", "later look-up")[0] == 504
            assert refused.attempts == []
            # one address refused, the other fine: the fine one is used
            border.names.zone["s0.rebind.test"] = Name(A=[inner, good.address[0]], ttl=0)
            eventually(lambda: ask(border, "rebind.test", "the other one")[0] == 202, 8,
                       "the address that is not refused")
            assert refused.attempts == []
    finally:
        border.set(outbound_targets_refused="")


def test_N07_our_own_listener(border):
    border.allow("loop.test")
    border.publish("loop.test", border.settings.edge)
    before = border.causeway.output().count("stream-accepted")
    status, seconds = ask(border, "loop.test")
    assert status == 504 and seconds < 1
    assert border.causeway.output().count("stream-accepted") == before


@pytest.mark.parametrize("names_partner, status", [(False, 504), (True, 202)])
def test_N09_the_target_of_an_answer_proves_nothing(border, names_partner, status):
    """Its certificate must name the partner: a DNS answer is anybody's to forge (RFC 6120 section
    13.7.2.1)."""
    domain, target, place = f"n09-{status}.test", f"evil-{status}.test", (border.address(), 5269)
    border.allow(domain)
    border.names.zone[target] = Name(A=[place[0]])
    srv(border, domain, (0, 0, 5269, target))
    pair = border.authority.issue(target, target, *([domain] if names_partner else []))
    with rogue.Partner(place, border.authority, pair) as evil:
        assert ask(border, domain, "secret text")[0] == status
        assert len(evil.attempts) == 1
        if names_partner:  # it is written when the sender hears 202, and read soon after
            wait_until(evil.bodies, 5, "the message at the partner")
        assert (evil.ready, evil.bodies()) == ((1, ["secret text"]) if names_partner else (0, []))


def test_N08_port_0_is_refused(border):
    border.allow("zero.test")
    border.publish("zero.test", (border.address(), 0))
    status, seconds = ask(border, "zero.test")
    assert status == 504 and seconds < 1


def test_N08_a_server_of_another_protocol(border):
    """What it says is no XMPP: the sender is told at once, and it gets nothing but our header."""
    border.allow("ssh.test")
    place = border.address(), 2222
    border.publish("ssh.test", place)
    with socket.create_server(place) as listener:
        identity = border.sip.send(ALICE, "j@ssh.test", "secret text")
        sock, _ = listener.accept()
        with sock:
            sock.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
            assert border.sip.wait_answers([identity], 3) == [504]
            sock.settimeout(2)
            got = b"".join(iter(lambda: sock.recv(4096), b""))
    assert b"secret" not in got and got.count(b"<stream:stream") == 1


# --- name servers in trouble


def test_N04_a_name_that_does_not_exist_is_remembered_shortly(border, eventually):
    border.allow("later.test")
    assert ask(border, "later.test")[0] == 404
    assert ask(border, "later.test")[0] == 404
    assert border.names.asked["_xmpp-server._tcp.later.test", "SRV"] == 1
    partner = border.partner("later-server.test")
    border.publish("later.test", partner.address)
    pair = border.authority.issue("later", "later.test")
    partner.stop()
    with rogue.Partner(partner.address, border.authority, pair):
        eventually(lambda: ask(border, "later.test")[0] == 202, 13, "the new name", every=0.5)


def test_N04_servfail_and_silence_harm_nobody_else(border):
    border.allow("broken.test")
    border.names.zone["_xmpp-server._tcp.broken.test"] = Name(fails=True)
    border.names.zone["broken.test"] = Name(fails=True)
    border.allow("mute.test")
    border.names.zone["_xmpp-server._tcp.mute.test"] = Name(silent=True)
    border.names.zone["mute.test"] = Name(silent=True)
    mute = border.sip.send(ALICE, "j@mute.test", "anybody?")
    broken = border.sip.send(ALICE, "j@broken.test", "anybody?")
    for n in range(3):
        works_quickly(border, border.partner(f"fine{n}.test"), f"fine{n}.test")
    assert border.sip.wait_answers([mute, broken], 12) == [504, 504]


def test_F13_the_resolver_dies_and_comes_back(border, eventually):
    """Streams that are up live on, senders are told, and it is used again within five seconds."""
    up, new = border.partner("up.test"), border.partner("new.test")
    # the row before left a resolver that has just been found silent
    eventually(lambda: ask(border, "up.test")[0] == 202, 6, "a first stream", every=0.3)
    border.names.silent = True
    try:
        until = time.monotonic() + 14
        while time.monotonic() < until:
            waiting = border.sip.send(ALICE, "j@new.test", "nobody knows where")
            assert ask(border, "up.test", "still here")[0] == 202
            assert border.sip.wait_answers([waiting], 8) == [504]
            time.sleep(0.5)
    finally:
        border.names.silent = False
    back = time.monotonic()
    with contextlib.suppress(LabError):
        eventually(lambda: ask(border, "new.test", "found again", 10)[0] == 202, 10, "recovery")
    assert time.monotonic() - back < 5
    wait_until(lambda: "found again" in new.bodies(), 5, "the message at the new address")
    assert len(up.attempts) == 1


def test_E09_a_thousand_messages_to_a_partner_that_is_down(border):
    """One connection under way, one look-up, a queue with an end, one answer to each sender."""
    partner = border.partner("down.test", start=False)
    partner.greets = False
    partner.start()
    before = border.memory()
    sent = [border.sip.send(ALICE, "j@down.test", f"message {n}") for n in range(1100)]
    statuses = border.sip.wait_answers(sent, 15)
    assert set(statuses) == {480, 504}
    assert 50 <= statuses.count(480) <= 150  # the queue holds a thousand
    assert len(partner.attempts) == 1
    assert border.names.asked["_xmpp-server._tcp.down.test", "SRV"] == 1
    assert border.memory() - before < 16
