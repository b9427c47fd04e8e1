"""Commands on what is alive: streams shown and closed, test messages, and nobody there."""

import contextlib
import json
import os
import signal
import subprocess

import pytest

from lab import rogue
from lab.gateway import Gateway
from lab.partner import Mode
from lab.settings import PARTNER_DOMAIN
from lab.stack import clear_directory, local, partner


@pytest.fixture
def lab(start_lab):
    lab = start_lab(Mode.SASL)
    lab.add_partner()
    return lab


def streams(lab, *options):
    return lab.causeway.query("stream", "list", *options)["streams"]


def refused(lab, *words):
    """The sentence of a command that ends with status 1; --json says the same."""
    done = lab.causeway.command(*words, may_fail=True)
    assert (done.returncode, done.stdout) == (1, "")
    told = lab.causeway.command(*words, "--json", may_fail=True)
    problem = json.loads(told.stdout)["problem"]
    assert problem["sentence"] == done.stderr.rstrip("\n")
    return problem["status"], problem["sentence"]


def test_streams_in_both_directions(lab, exchange, eventually):
    assert streams(lab) == []
    talk = exchange(lab)
    talk.both_ways("first")
    listed = {stream["direction"]: stream for stream in streams(lab)}
    assert set(listed) == {"inbound", "outbound"}
    for stream in listed.values():
        assert stream["partner"] == stream["remote"] == PARTNER_DOMAIN
        assert (stream["state"], stream["method"]) == ("ready", "SASL over TLS")
        assert stream["edge"].endswith("link.sock")
    assert listed["outbound"]["peer-address"].endswith(":%d" % lab.settings.prosody[1])
    assert [s["id"] for s in streams(lab, "--direction", "inbound")] == [listed["inbound"]["id"]]
    assert len(streams(lab, "--partner", PARTNER_DOMAIN.upper())) == 2
    assert streams(lab, "--partner", "elsewhere.test") == []
    text = lab.causeway.command("stream", "list").stdout.splitlines()
    assert text[0].split() == ["id", "direction", "local", "remote", "method", "state",
                               "peer-address", "queued-bytes"]
    assert sorted(line.split()[0] for line in text[1:]) == sorted(s["id"] for s in listed.values())

    shown = lab.causeway.query("stream", "show", listed["inbound"]["id"])["stream"]
    assert shown["id"] == listed["inbound"]["id"] and shown["direction"] == "inbound"
    text = lab.causeway.command("stream", "show", shown["id"]).stdout
    assert "direction: inbound\n" in text and "method: SASL over TLS\n" in text

    outbound = listed["outbound"]["id"]
    assert lab.causeway.query("stream", "close", outbound) == {"closed": 1}
    eventually(lambda: outbound not in [s["id"] for s in streams(lab)], 10, "the stream's end")
    assert "closed by the administrator" in lab.causeway.output()
    talk.to_partner("after it was closed")
    assert [s["id"] for s in streams(lab, "--direction", "outbound")] != [outbound]
    assert lab.causeway.command("stream", "close", "--partner", PARTNER_DOMAIN).stdout == \
        "closed: 2\n"
    eventually(lambda: streams(lab) == [], 10, "the end of both streams")
    talk.both_ways("after all were closed")


def test_what_was_tried(lab, exchange):
    assert lab.causeway.command("partner", "diagnose", PARTNER_DOMAIN).stdout == \
        "no attempts are known\n"
    exchange(lab).both_ways("tried")
    attempts = lab.causeway.query("partner", "diagnose", PARTNER_DOMAIN)["attempts"]
    assert sorted(a["direction"] for a in attempts) == ["inbound", "outbound"]
    for attempt in attempts:
        assert attempt["result"] == "ready" and "reason" not in attempt
        assert "failed" not in [step["state"] for step in attempt["steps"]]
    assert [a["at"] for a in attempts] == sorted(a["at"] for a in attempts)
    assert len(lab.causeway.query("partner", "diagnose", PARTNER_DOMAIN, "--limit",
                                  "1")["attempts"]) == 1
    text = lab.causeway.command("partner", "diagnose", PARTNER_DOMAIN).stdout
    assert " outbound contoso.test -> fabrikam.test: ready by SASL over TLS\n" in text


def test_the_door(start_lab, eventually):
    lab = start_lab(Mode.SASL, door="  connections-per-s: 0\n  ban-after: 3\n  ban-s: 600")
    assert lab.causeway.query("door", "list")["addresses"] == []
    source = lab.settings.address(200)
    for _ in range(3):
        with rogue.connect(lab.settings.edge, source) as stream:
            stream.send("GET / HTTP/1.1\r\n\r\n")
            assert stream.wait_end(3) == "not-well-formed"
    held = []

    def is_banned():
        held[:] = lab.causeway.query("door", "list")["addresses"]
        return held and held[0]["banned-for-s"] > 0
    eventually(is_banned, 10, "the ban")
    assert held[0]["address"] == source and held[0]["banned-for-s"] <= 600
    assert f"address {source}, banned-for-s " in lab.causeway.command("door", "list").stdout
    assert lab.causeway.query("door", "lift", source)["edges"][0]["lifted"] is True
    assert lab.causeway.query("door", "list")["addresses"] == []
    assert refused(lab, "door", "lift", source) == \
        (404, "Nothing is held against that address.")
    assert refused(lab, "door", "lift", "example.test") == (400, "That is no IP address.")


def test_refusals(lab):
    assert refused(lab, "stream", "show", "feed") == (404, "There is no such stream.")
    assert refused(lab, "stream", "close", "feed") == (404, "There is no such stream.")
    assert refused(lab, "stream", "close") == \
        (400, "Say which streams: one's id, or --partner.")
    assert refused(lab, "stream", "close", "feed", "--partner", PARTNER_DOMAIN)[0] == 400
    assert lab.causeway.query("stream", "close", "--partner", "elsewhere.test") == {"closed": 0}
    assert refused(lab, "test", "partner", "elsewhere.test") == \
        (404, "There is no partner elsewhere.test.")
    assert refused(lab, "test", "partner", PARTNER_DOMAIN, "--with", "tls=NotSupported") == \
        (400, "SASL needs TLS: set TLS to Required or Optional, or SASL to NotSupported")


def test_im(lab, exchange):
    juliet = lab.xmpp("juliet")
    told = lab.causeway.query("test", "im", "--from", f"sip:{local('alice')}", "--to",
                              partner("juliet"), "--text", "do you hear me?")
    assert (told["result"], told["reason"]) == ("delivered", "")
    assert 0 <= told["latency-ms"] < 10000
    assert juliet.wait_for("do you hear me?").sender.split("/")[0] == local("alice")
    assert " test-message from=" in lab.causeway.output()
    text = lab.causeway.command("test", "im", "--from", local("alice"), "--to", partner("juliet"))
    assert text.stdout.startswith("delivered after ")
    assert juliet.wait_for(lambda m: "test" in (m.body or ""))

    for words, reason in (
            ((f"sip:{local('alice')}", "somebody@elsewhere.test"), "not-listed"),
            (("sip:alice@elsewhere.test", partner("juliet")), "sender-not-local")):
        done = lab.causeway.command("test", "im", "--from", words[0], "--to", words[1], "--json",
                                    may_fail=True)
        told = json.loads(done.stdout)
        assert (done.returncode, told["result"], told["reason"]) == (1, "refused", reason)
        assert told["sentence"]
    assert refused(lab, "test", "im", "--from", "alice", "--to", "@")[0] == 400


def test_a_test_message_opens_no_door(start_lab, exchange, eventually):
    lab = start_lab(Mode.SASL)
    lab.add_partner(kind="PublicUnverified")
    lab.causeway.command("test", "im", "--from", local("alice"), "--to", partner("juliet"))
    assert exchange(lab).refused_to_local("uninvited") == "subscription-required"
    # an error that answers a test message is the log's, and nobody else's
    lab.causeway.command("test", "im", "--from", local("alice"), "--to", partner("nobody"))
    eventually(lambda: " test-message-returned from=" in lab.causeway.output(), 10, "the error")
    assert lab.sip("alice").received == []


def test_a_gateway_without_edges(settings):
    with contextlib.ExitStack() as stack:
        clear_directory(settings)
        gateway = Gateway(settings)
        stack.callback(gateway.stop)
        gateway.start()
        env = {**os.environ, "CAUSEWAY_CONFIG": str(gateway.config)}
        for words in (["stream", "list"], ["stream", "show", "feed"]):
            done = subprocess.run([settings.program, *words], env=env, capture_output=True,
                                  text=True, timeout=30)
            assert (done.returncode, done.stderr) == \
                (1, "No edge is connected to the gateway.\n")


def test_nobody_there(lab, eventually):
    edge = lab.causeway.role("edge")
    os.kill(edge, signal.SIGSTOP)
    try:
        status, sentence = refused(lab, "stream", "list")
        assert (status, sentence.split(";")[0]) == (504, "No edge gave an answer in time")
    finally:
        os.kill(edge, signal.SIGCONT)
    eventually(lambda: lab.causeway.command("stream", "list", may_fail=True).returncode == 0, 10,
               "the edge's answer")
    lab.causeway.stop()
    assert refused(lab, "stream", "list") == \
        (503, "The gateway is not running on this machine.")
    assert refused(lab, "test", "im", "--from", local("alice"), "--to", partner("juliet"))[0] == 503
