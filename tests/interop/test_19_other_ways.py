"""Streams that carry more than one pair of domains in one direction: stanzas both ways (XEP-0288),
and further pairs (XEP-0220), with Prosody, ejabberd and scripted peers.

One Causeway has a partner for each test; real servers run as long as the file.
"""

import time

import pytest

from lab import rogue
from lab.border import SECOND_DOMAIN
from lab.partner import Mode
from lab.process import wait_until
from lab.settings import LOCAL_DOMAIN, settings_for
from lab.ways import ALICE, BOB, BY_DIALBACK, WANTS_BIDI, Bidi, Dialback, Ways, arrived

pytestmark = pytest.mark.xdist_group("other-ways")


@pytest.fixture(scope="module")
def ways():
    with Ways(settings_for("other-ways")) as border:
        yield border
    assert border.causeway.faults() == []


# --- stanzas both ways ---------------------------------------------------------------------------


def talk(ways, juliet, mark: str, count: int = 30) -> None:
    """So many messages each way at the same time: all arrive, once and in their order."""
    domain = juliet.address.partition("@")[2]
    out = [f"{mark} out {n}" for n in range(count)]
    back = [f"{mark} back {n}" for n in range(count)]
    calls = [ways.sip.send(ALICE, juliet.address, body) for body in out]
    juliet.send_many(ALICE, back)
    assert set(ways.sip.wait_answers(calls)) == {202}, domain

    def came(bodies):
        return [b for b in bodies if b.startswith(f"{mark} ")]
    wait_until(lambda: len(came(ways.sip.bodies())) >= count, 10, "all at alice")
    wait_until(lambda: len(came(m.body for m in juliet.received)) >= count, 10, "all at juliet")
    assert came(ways.sip.bodies()) == back
    assert came(m.body for m in juliet.received) == out


def the_one(ways, domain: str):
    """There is one stream with the partner, and it goes both ways."""
    (stream,) = ways.streams(domain)
    assert stream["bidi"] and stream["stanzas-in"] > 0 and stream["stanzas-out"] > 0
    return stream


def test_both_ways_with_prosody(ways):
    domain = "both-ways.test"
    server = ways.server("prosody", domain, bidi=True)
    juliet = ways.juliet(server)
    ways.to_partner(domain, "we are first")
    ways.to_local(juliet, "and the partner answers")
    talk(ways, juliet, "ours")
    ours = the_one(ways, domain)
    assert ours["direction"] == "outbound"
    server.wait_log("Requested bidirectional stream")

    ways.causeway.command("stream", "close", ours["id"])
    wait_until(lambda: not ways.streams(domain), 5, "the stream's end")
    ways.to_local(juliet, "the partner is first")
    ways.to_partner(domain, "and we answer")
    talk(ways, juliet, "theirs")
    theirs = the_one(ways, domain)
    assert theirs["direction"] == "inbound"
    server.wait_log("Requesting bidirectional stream")

    assert server.close_streams() == 1
    wait_until(lambda: not ways.streams(domain), 5, "the stream's end")
    talk(ways, juliet, "once more")
    assert all(stream["bidi"] for stream in ways.streams(domain))


def test_closing_in_the_middle_loses_nothing(ways):
    """Each message arrives once, or its sender hears of it; so does each that comes. (When Prosody
    closes a stream that it opened, it does not read what is under way on it.)"""
    domain = "closing.test"
    juliet = ways.juliet(ways.server("prosody", domain, bidi=True))
    calls, ids = {}, {}
    for n in range(160):
        calls[f"closing out {n}"] = ways.sip.send(ALICE, juliet.address, f"closing out {n}")
        ids[f"closing back {n}"] = juliet.send(ALICE, f"closing back {n}")
        if n % 40 == 30:
            ways.causeway.command("stream", "close", "--partner", domain)
    statuses = ways.sip.wait_answers(list(calls.values()))
    refused = {body for body, status in zip(calls, statuses) if status != 202}

    def out():
        return [m.body for m in list(juliet.received) if m.kind != "error"]

    def back():
        return [b for b in ways.sip.bodies() if b.startswith("closing ")]

    def bounced():
        errors = {m.id for m in list(juliet.received) if m.kind == "error"}
        return {body for body, identity in ids.items() if identity in errors}
    wait_until(lambda: {*out(), *refused} == {*calls}, 10, "all at juliet")
    wait_until(lambda: {*back(), *bounced()} == {*ids}, 10, "all at alice")
    assert len(out()) == len({*out()}) and len(back()) == len({*back()})
    assert not refused & {*out()} and not bounced() & {*back()}
    assert len(refused) < len(calls) / 2


def call_both_ways(ways, partner) -> rogue.Stream:
    stream = ways.enter(rogue.connect(ways.settings.edge))
    stream.open(partner.domain, LOCAL_DOMAIN)
    stream.start_tls(rogue.context(ways.authority, partner.pair))
    stream.open(partner.domain, LOCAL_DOMAIN)
    stream.send(WANTS_BIDI)
    stream.external(partner.domain, LOCAL_DOMAIN)
    return stream


def test_answers_and_errors_go_back_where_they_came_from(ways):
    partner = ways.scripted(rogue.Partner, "answers.test")
    stream = call_both_ways(ways, partner)
    for n in range(3):
        stream.send(f"<iq type='get' id='ping{n}' from='{partner.domain}' to='{LOCAL_DOMAIN}'>"
                    "<ping xmlns='urn:xmpp:ping'/></iq>")
    stream.send(rogue.message(f"j@{partner.domain}", "x@not-ours-either.test", "astray"))
    stream.expect("iq")
    answers = [stream.expect("iq").get("id") for _ in range(2)]
    assert answers == ["ping1", "ping2"]
    assert stream.wait_end() == "host-unknown"

    stream = call_both_ways(ways, partner)
    ways.sip.answer = 404
    try:
        stream.send(rogue.message(f"j@{partner.domain}", ALICE, "to nobody", "m1"))
        error = stream.expect("message")
    finally:
        ways.sip.answer = 200
    assert (error.get("type"), error.get("id")) == ("error", "m1")
    assert partner.attempts == []


def test_who_does_not_read_our_side_of_a_stream_is_given_up(ways):
    partner = ways.scripted(rogue.Partner, "deaf.test")
    stream = call_both_ways(ways, partner)
    ways.to_partner(partner.domain, "while it reads")
    stream.expect("message")
    calls = [ways.sip.send(ALICE, f"j@{partner.domain}", f"{n} " + "x" * 6000)
             for n in range(1500)]
    statuses = ways.sip.wait_answers(calls, 30)
    assert 202 in statuses and 504 in statuses and set(statuses) <= {202, 480, 504}
    assert partner.domain not in {s["remote"] for s in ways.streams(partner.domain)
                                  if s["direction"] == "inbound"}


def test_a_partner_that_is_back_hears_us_at_once(ways):
    """Its new stream takes our stanzas, although we would not connect to it again so soon."""
    partner = ways.scripted(rogue.Partner, "back-again.test")
    for body in ("first", "second", "third"):
        stream, began = call_both_ways(ways, partner), time.monotonic()
        ways.to_partner(partner.domain, body)
        assert stream.expect("message").findtext(f"{{{rogue.SERVER}}}body") == body
        assert time.monotonic() - began < 0.7
        stream.send("</stream:stream>")
        stream.wait_end()
        wait_until(lambda: not ways.streams(partner.domain), 5, "the stream's end")
    assert partner.attempts == []


@pytest.mark.parametrize("sender", ["other-bidi.test", "more-bidi.test", "stranger.test"])
def test_a_stream_of_ours_takes_no_other_domains_stanzas(ways, sender):
    """Neither a partner's, nor another one of this partner, nor a stranger's."""
    domain = f"bidi-{sender}"
    partner = ways.scripted(Bidi, domain)
    if sender == "more-bidi.test":
        ways.change(domain, additional=sender)
    elif sender == "other-bidi.test":
        ways.allow(sender)
    ways.to_partner(domain, "hello")
    assert partner.asked == [True] and ways.stream(domain, "outbound")["bidi"]
    partner.open[0].send(rogue.message(f"juliet@{domain}", ALICE, f"good from {domain}"))
    wait_until(lambda: f"good from {domain}" in ways.sip.bodies(), 5, "the message")
    partner.open[0].send(rogue.message(f"juliet@{sender}", ALICE, f"bad from {domain}"))
    wait_until(lambda: partner.ends, 5, "the stream's end")
    assert partner.ends == ["invalid-from"]
    assert f"bad from {domain}" not in ways.sip.bodies()


def test_who_was_removed_brings_nothing_on_a_stream_of_ours(ways):
    """It stays up for a moment, for our errors: what comes on it meanwhile is answered by one."""
    domain = "bidi-removed.test"
    partner = ways.scripted(Bidi, domain)
    ways.to_partner(domain, "hello")
    ways.causeway.command("partner", "remove", domain)
    partner.open[0].send(rogue.message(f"juliet@{domain}", ALICE, "from nobody"))
    wait_until(lambda: partner.ends, 5, "the stream's end")
    error = partner.received[-1][1]
    assert error.get("type") == "error"
    assert rogue.condition_of(error.find(f"{{{rogue.SERVER}}}error"), rogue.STANZA_ERRORS) == \
        "policy-violation"
    assert "from nobody" not in ways.sip.bodies()


def test_a_bad_certificate_gets_no_stanzas_both_ways(ways):
    """By dialback it proves nothing on a stream of ours; on its own stream it does."""
    domain = "bidi-dialback.test"
    server = ways.server("prosody", domain, Mode.TLS_DIALBACK, bidi=True,
                         rules=dict(sasl="Optional", dialback="true"))
    juliet = ways.juliet(server)
    ways.to_partner(domain, "we are first")
    stream = ways.stream(domain, "outbound")
    assert not stream["bidi"] and stream["method"] == "TLS dialback"
    talk(ways, juliet, "dialback")
    assert "Requested bidirectional stream" not in server.server_log.read_text()
    assert {(s["direction"], s["bidi"]) for s in ways.streams(domain)} == \
        {("outbound", False), ("inbound", True)}


# --- several pairs on a stream -------------------------------------------------------------------


def pairs(stream):
    return [(p["local"], p["state"], p["method"]) for p in stream["pairs"]]


def two_pairs(*, method: str = "TLS dialback"):
    return [(LOCAL_DOMAIN, "ready", method), (SECOND_DOMAIN, "ready", method)]


def test_two_of_our_domains_on_one_stream_to_ejabberd(ways):
    """It offers errors, so a second pair can fail alone. Its own streams carry one pair each."""
    domain = "pairs-ejabberd.test"
    server = ways.server("ejabberd", domain, Mode.TLS_DIALBACK, rules=BY_DIALBACK)
    juliet = ways.juliet(server)
    for user in (ALICE, BOB):
        ways.to_partner(domain, f"from {user}", user)
        juliet.wait_for(f"from {user}")
    assert pairs(ways.stream(domain, "outbound")) == two_pairs()
    for user in (ALICE, BOB):
        ways.to_local(juliet, f"{domain} to {user}", user)
    assert sorted(pairs(s)[0] for s in ways.streams(domain, "inbound")) == two_pairs()


def test_prosody_gets_a_stream_for_each_pair(ways):
    """It does not offer errors: a refused pair would cost the first one its stream."""
    domain = "pairs-prosody.test"
    server = ways.server("prosody", domain, Mode.TLS_DIALBACK, rules=BY_DIALBACK)
    juliet = ways.juliet(server)
    for user in (ALICE, BOB):
        ways.to_partner(domain, f"from {user}", user)
        juliet.wait_for(f"from {user}")
        ways.to_local(juliet, f"{domain} to {user}", user)
    for direction in ("outbound", "inbound"):
        assert sorted(pairs(s)[0] for s in ways.streams(domain, direction)) == two_pairs()


def test_a_refused_pair_fails_alone(ways):
    domain = "one-of-two.test"
    partner = ways.scripted(Dialback, domain, rules=BY_DIALBACK)
    partner.refused.add(SECOND_DOMAIN)
    ways.to_partner(domain, "first")
    before = ways.stream(domain, "outbound")
    ways.to_partner(domain, "not listed there", BOB, status=504)
    assert partner.pairs == [[LOCAL_DOMAIN, SECOND_DOMAIN]]
    told = ways.failed(domain)
    assert (told["reason"], told["local"], told["id"]) == \
        ("partner-policy-violation", SECOND_DOMAIN, before["id"])
    ways.to_partner(domain, "second")
    after = ways.stream(domain, "outbound")
    assert after["id"] == before["id"] and pairs(after) == two_pairs()[:1]
    arrived(partner, "first", "second")
    # once it is listed there, a stream of its own
    partner.refused.clear()
    wait_until(lambda: ways.sip.ask(BOB, f"j@{domain}", "listed now") == 202, 8, "the second pair")
    assert partner.pairs == [[LOCAL_DOMAIN, SECOND_DOMAIN], [SECOND_DOMAIN]]
    assert after["id"] in {s["id"] for s in ways.streams(domain)}


def test_a_stream_that_ends_takes_no_pair_with_it(ways):
    """It ended while the second pair was pending: that was no answer, and a new one is opened."""
    domain = "ends-early.test"
    partner = ways.scripted(Dialback, domain, rules=BY_DIALBACK)
    partner.ends_at.add(SECOND_DOMAIN)
    ways.to_partner(domain, "first")
    ways.to_partner(domain, "on a new one", BOB)
    assert partner.pairs == [[LOCAL_DOMAIN, SECOND_DOMAIN], [SECOND_DOMAIN]]
    arrived(partner, "first", "on a new one")


def test_a_partner_adds_a_pair_to_its_stream(ways):
    domain = "adds.test"
    partner = ways.scripted(Dialback, domain, rules=BY_DIALBACK)
    with rogue.connect(ways.settings.edge) as stream:
        stream.open(domain, LOCAL_DOMAIN)
        stream.start_tls(rogue.context(ways.authority, partner.pair))
        stream.open(domain, LOCAL_DOMAIN)
        for user, ours in ((ALICE, LOCAL_DOMAIN), (BOB, SECOND_DOMAIN), ("x", "not-ours.test")):
            stream.send(f"<db:result from='{domain}' to='{ours}'>key for {ours}</db:result>")
            answer = stream.expect("result")
            assert answer.get("type") == ("error" if user == "x" else "valid")
        for user in (ALICE, BOB):
            stream.send(rogue.message(f"juliet@{domain}", user, f"{domain} to {user}"))
            wait_until(lambda: f"{domain} to {user}" in ways.sip.bodies(), 5, "the message")
        assert pairs(ways.stream(domain, "inbound")) == two_pairs()
