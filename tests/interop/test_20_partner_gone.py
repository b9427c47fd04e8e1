"""When a partner's server goes away, the gateways hear of it, so that they ask and tell anew what they
know of its users; when streams merely end, nobody does. And what the edge itself says of presence."""

import os
import signal
import threading

import pytest

from lab import rogue
from lab.settings import LOCAL_DOMAIN

SHUTDOWN = (f"<stream:error><system-shutdown xmlns='{rogue.STREAM_ERRORS}'/></stream:error>"
            "</stream:stream>")
TIMEOUT = (f"<stream:error><connection-timeout xmlns='{rogue.STREAM_ERRORS}'/></stream:error>"
           "</stream:stream>")
ALICE = f"alice@{LOCAL_DOMAIN}"
INFO = "http://jabber.org/protocol/disco#info"


def gone(border, domain: str) -> int:
    """How often the gateways were told that this partner's streams ended."""
    return border.causeway.output().count(f" partner-gone local={LOCAL_DOMAIN} remote={domain}")


def closed(border, domain: str) -> int:
    return sum(" stream-closed " in line and f" remote={domain} " in line
               for line in border.causeway.output().splitlines())


ENDS = [
    ("reset", lambda stream: stream.reset(), True),
    ("cut", lambda stream: stream.socket.unwrap().close(), True),
    ("shutdown", lambda stream: stream.send(SHUTDOWN), True),
    ("closed", lambda stream: stream.send("</stream:stream>"), False),
    ("idle", lambda stream: stream.send(TIMEOUT), False),
]


@pytest.mark.parametrize("name,end,is_told", ENDS, ids=[name for name, _, _ in ENDS])
def test_one_stream(border, eventually, name, end, is_told):
    partner = border.partner(f"gone-{name}.test", start=False)
    stream = border.call(partner)
    end(stream)
    eventually(lambda: closed(border, partner.domain), 5, "the end of the stream")
    assert gone(border, partner.domain) == is_told


def test_the_last_of_both_directions(border, eventually):
    partner = border.partner("gone-last.test")
    stream, second = border.call(partner), border.call(partner)
    assert border.sip.ask(ALICE, f"j@{partner.domain}", "hello") == 202
    stream.reset()
    second.send("</stream:stream>")
    eventually(lambda: closed(border, partner.domain) == 2, 5, "the end of both streams")
    assert gone(border, partner.domain) == 0  # our own stream is still there
    partner.drop()
    eventually(lambda: gone(border, partner.domain), 5, "word that the partner is gone")
    assert gone(border, partner.domain) == 1


def test_our_policy_is_no_loss(border, eventually):
    partner = border.partner("gone-disabled.test")
    border.call(partner)
    assert border.sip.ask(ALICE, f"j@{partner.domain}", "hello") == 202
    border.causeway.command("partner", "disable", partner.domain)
    eventually(lambda: closed(border, partner.domain) == 2, 5, "the end of both streams")
    assert gone(border, partner.domain) == 0


def said(partner, test, eventually, what: str):
    return eventually(lambda: [e for _, e in list(partner.received) if test(e)], 5, what)[0]


def test_presence_for_the_domain(border, eventually):
    """A domain shares nothing; who asks is told so, the rest is taken note of in silence."""
    partner = border.partner("to-domain.test")
    stream = border.call(partner)
    sender = f"j@{partner.domain}"
    for kind in ("unavailable", "subscribed", "unsubscribed", "unsubscribe", "error"):
        stream.send(f"<presence from='{sender}/r' to='{LOCAL_DOMAIN}' type='{kind}' id='{kind}'/>")
    stream.send(f"<presence from='{sender}/r' to='{LOCAL_DOMAIN}' id='available'/>")
    for kind in ("subscribe", "probe"):
        stream.send(f"<presence from='{sender}' to='{LOCAL_DOMAIN}' type='{kind}' id='{kind}'/>")
        answer = said(partner, lambda e: e.get("id") == kind, eventually, f"an answer to {kind}")
        assert (rogue.name_of(answer), answer.get("type")) == ("presence", "unsubscribed")
        assert (answer.get("from"), answer.get("to")) == (LOCAL_DOMAIN, sender)
    stream.send(f"<presence from='{sender}/r' to='{ALICE}' type='invisible' id='bad'/>")
    answer = said(partner, lambda e: e.get("id") == "bad", eventually, "an error")
    assert rogue.condition_of(answer) == "bad-request"
    assert len(partner.received) == 3


def test_what_users_can_do(border, eventually):
    partner = border.partner("disco.test")
    stream = border.call(partner)
    features = {}
    for to in (LOCAL_DOMAIN, ALICE, f"nobody@{LOCAL_DOMAIN}/x"):
        stream.send(f"<iq from='j@{partner.domain}/r' to='{to}' type='get' id='{to}'>"
                    f"<query xmlns='{INFO}'/></iq>")
        info = said(partner, lambda e: e.get("id") == to, eventually, "an answer")
        features[to] = {e.get("var") for e in info.iter(f"{{{INFO}}}feature")}
    more = {"http://jabber.org/protocol/chatstates", "urn:xmpp:receipts"}
    assert not features[LOCAL_DOMAIN] & more
    assert features[ALICE] == features[LOCAL_DOMAIN] | more == features[f"nobody@{LOCAL_DOMAIN}/x"]


def test_a_burst_of_presence_waits_for_the_gateway(border, eventually):
    """More than there is room for: it is read as the gateway takes it, and nothing is dropped."""
    partner = border.partner("burst.test")
    border.set(stanza_rate=0)
    stream, count = border.call(partner), 6000
    gateway = border.pid("gateway")
    os.kill(gateway, signal.SIGSTOP)
    try:
        text = "".join(f"<presence from='j{n}@{partner.domain}/r' to='{ALICE}'/>"
                       for n in range(count)) + rogue.message(f"j@{partner.domain}", ALICE, "last")
        sender = threading.Thread(target=stream.send, args=(text,), daemon=True)
        sender.start()
        eventually(lambda: border.causeway.output().count("remote=burst.test to=") > 1000, 5,
                   "as much as may wait")
    finally:
        os.kill(gateway, signal.SIGCONT)
    eventually(lambda: "last" in border.sip.bodies(), 20, "the message behind the presence")
    assert " presence-missed " not in border.causeway.output()
    border.set(stanza_rate=500)


def test_presence_without_room(make_border, eventually):
    """Dropped, and asked for anew when there is room; a message finds room beside it."""
    border = make_border("  queue:\n    timeout-s: 3\n    max-stanzas: 20")
    partner = border.partner("missed.test")
    stream, gateway = border.call(partner), border.pid("gateway")
    os.kill(gateway, signal.SIGSTOP)
    try:
        stream.send("".join(f"<presence from='j{n}@{partner.domain}/r' to='{ALICE}'/>"
                            for n in range(100))
                    + f"<presence from='j@{partner.domain}' to='{ALICE}' type='probe' id='p'/>"
                    + rogue.message(f"j@{partner.domain}", ALICE, "there is room"))
        error = said(partner, lambda e: e.get("id") == "p", eventually, "an error for who asks")
        assert rogue.condition_of(error) == "resource-constraint"
    finally:
        os.kill(gateway, signal.SIGCONT)
    eventually(lambda: "there is room" in border.sip.bodies(), 5, "the message")
    eventually(lambda: " presence-missed " in border.causeway.output(), 5, "word of what was dropped")
    eventually(lambda: f" gateway reach local={LOCAL_DOMAIN} remote={partner.domain} " in
               border.causeway.output(), 5, "the gateway to hear of it")
    assert len(partner.errors()) == 1
