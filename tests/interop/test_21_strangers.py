"""What a stranger of a PublicUnverified partner can learn: nothing. Whoever he asks about, whether
that user exists, has friends there, has blocked him or may not use the federation, the bytes of the
answer are the same, and the SIP side hears nothing of it."""

import time

import pytest

from lab.process import wait_until
from lab.settings import LOCAL_DOMAIN

pytestmark = pytest.mark.xdist_group("partner-strangers")

#: local parts of one length: with a friend at the partner, with a block, without access, not there
USERS = ("alice", "carol", "david", "nobod")
PROBES = 2000

#: what he may try, by the name of the attempt; {id} is another for each
STANZAS = {
    "message": "<message type='chat' id='{id}'{way}><body>Dinner?</body></message>",
    "without a type": "<message id='{id}'{way}><body>Dinner?</body></message>",
    "with much in it": "<message type='chat' id='{id}'{way}><body>x</body>"
                       "<request xmlns='urn:xmpp:receipts'/>"
                       "<active xmlns='http://jabber.org/protocol/chatstates'/></message>",
    "subscribe": "<presence type='subscribe' id='{id}'{way}/>",
    "subscribe again": "<presence type='subscribe' id='{id}'{way}><status>please</status></presence>",
    "probe": "<presence type='probe' id='{id}'{way}/>",
    "unsubscribe": "<presence type='unsubscribe' id='{id}'{way}/>",
    "consent that nobody asked for": "<presence type='subscribed' id='{id}'{way}/>",
    "refusal that nobody asked for": "<presence type='unsubscribed' id='{id}'{way}/>",
    "presence": "<presence id='{id}'{way}/>",
    "absence": "<presence type='unavailable' id='{id}'{way}/>",
    "error": "<message type='error' id='{id}'{way}><error type='cancel'>"
             "<gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
    "error of presence": "<presence type='error' id='{id}'{way}><error type='cancel'>"
                         "<gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></presence>",
    "typing": "<message type='chat' id='{id}'{way}>"
              "<composing xmlns='http://jabber.org/protocol/chatstates'/></message>",
    "receipt": "<message id='{id}'{way}><received xmlns='urn:xmpp:receipts' id='x'/></message>",
    "features": "<iq type='get' id='{id}'{way}>"
                "<query xmlns='http://jabber.org/protocol/disco#info'/></iq>",
    "last activity": "<iq type='get' id='{id}'{way}><query xmlns='jabber:iq:last'/></iq>",
}


@pytest.fixture(scope="module")
def public(border):
    """A PublicUnverified partner's server, one of whose users alice has invited."""
    server = border.partner("public.test", type="PublicUnverified")
    assert border.sip.ask(f"alice@{LOCAL_DOMAIN}", "friend@public.test", "hello") in (200, 202)
    for words in (("contact", "block", "--user", f"carol@{LOCAL_DOMAIN}", "public.test"),
                  ("access", "set", "--user", f"david@{LOCAL_DOMAIN}", "--xmpp", "false")):
        border.causeway.command(*words)
    return server


def answers(server, user: str, begin: int):
    """What came from that user since then, with the user's name taken out; sorted."""
    name = user.encode()
    return sorted(text.replace(name, b"*") for _, text in list(server.texts)[begin:]
                  if name + b"@" in text)


def way(user: str) -> str:
    return f" from='stranger@public.test/desk' to='{user}@{LOCAL_DOMAIN}'"


def ask(border, server, stanza: str, mark: str) -> dict:
    """Sends the stanza to each user; what each is heard to answer before a message is refused that
    was sent after it."""
    stream = border.call(server)
    begin = len(server.texts)
    for turn, ident in ((stanza, mark), (STANZAS["message"], f"last-{mark}")):
        for user in USERS:
            stream.send(turn.format(id=ident, way=way(user)))
    last = f"last-{mark}".encode()
    wait_until(lambda: sum(last in text for _, text in list(server.texts)[begin:]) == len(USERS),
               10, f"answers to {len(USERS)} strangers")
    wait_until(lambda: len({len(answers(server, user, begin)) for user in USERS}) == 1, 5,
               "as many answers from each user")
    stream.close()
    return {user: answers(server, user, begin) for user in USERS}


@pytest.mark.parametrize("name", STANZAS)
def test_the_answer_tells_nothing(border, public, name):
    before = len(border.sip.received)
    told = ask(border, public, STANZAS[name], f"m{list(STANZAS).index(name)}")
    assert len(set(map(tuple, told.values()))) == 1, told
    assert len(border.sip.received) == before
    first = [text for text in told[USERS[0]] if b"last-" not in text]
    if name.split()[0] in ("message", "without", "with"):
        assert len(first) == 1 and b"<subscription-required " in first[0] and b"'auth'" in first[0]
    elif name.split()[0] in ("subscribe", "probe"):
        assert len(first) == 1 and b"type='unsubscribed'" in first[0]


def test_consent_that_nobody_asked_for(border, public):
    """RFC 6121 section 3.1.6: it makes nobody a contact."""
    before = len(border.sip.received)
    for name in ("consent that nobody asked for", "presence"):
        ask(border, public, STANZAS[name], f"c-{len(name)}")
    told = ask(border, public, STANZAS["subscribe"], "c-subscribe")
    assert all(any(b"type='unsubscribed'" in text for text in told[user]) for user in USERS)
    assert len(border.sip.received) == before
    friends = border.causeway.query("contact", "list", "--partner", "public.test")["contacts"]
    assert [row["contact"] for row in friends] == ["friend@public.test"]


def test_harvest(border, public):
    """One after the other: the same answer for each, at the rate of the stream."""
    border.set(**{"stanza-rate": 1000, "stanza-burst": 500})
    names = [*USERS, *(f"u{number:04}" for number in range(PROBES - len(USERS)))]
    stream = border.call(public)
    begin, before, memory = len(public.texts), len(border.sip.received), border.memory("gateway")
    began = time.monotonic()
    for user in names:
        stream.send(STANZAS["probe"].format(id="harvest", way=way(user)))
    wait_until(lambda: len(public.texts) - begin >= PROBES, 30, f"{PROBES} answers")
    took = time.monotonic() - began
    told = {}
    for _, text in public.texts[begin:]:
        user = text.partition(b"@")[0].rpartition(b"'")[2]
        told[user.decode()] = text.replace(user + b"@", b"*@", 1)
    assert set(told) == set(names) and len(set(told.values())) == 1, set(told.values())
    assert len(border.sip.received) == before
    assert took >= (PROBES - 500) / 1000 - 0.1, took
    assert border.memory("gateway") - memory < 16
    # and who was invited still gets through
    stream.send(f"<message type='chat' id='f' from='friend@public.test' to='alice@{LOCAL_DOMAIN}'>"
                "<body>still here</body></message>")
    wait_until(lambda: "still here" in border.sip.bodies(), 5, "the friend's message")
