"""`causeway test partner`: the way to a partner and back on a side connection, by the settings as
they are and as they might be."""

import json
import socket

import pytest

from lab.border import SECOND_DOMAIN
from lab.partner import Mode
from lab.settings import LOCAL_DOMAIN, PARTNER_DOMAIN


@pytest.fixture
def lab(start_lab):
    lab = start_lab(Mode.SASL)
    lab.add_partner()
    return lab


def run(causeway, *words):
    """(status, answer)"""
    done = causeway.command("test", "partner", *words, "--json", may_fail=True)
    return done.returncode, json.loads(done.stdout.splitlines()[-1])


def states(steps):
    """What each kind of step came to; of several the last one."""
    return {step["step"]: step["state"] for step in steps}


def test_a_good_partner(lab, exchange, eventually):
    status, answer = run(lab.causeway, PARTNER_DOMAIN)
    assert (status, answer["passed"]) == (0, True)
    attempt = answer["attempt"]
    assert (attempt["result"], attempt["method"]) == ("ready", "SASL over TLS")
    assert [s["state"] for s in attempt["steps"] if s["step"] != "proof"] == \
        ["ok"] * len([s for s in attempt["steps"] if s["step"] != "proof"])
    assert set(states(attempt["steps"])) == {"dns", "srv", "tcp", "features", "tls", "proof",
                                             "authentication", "verdict"}
    assert states(answer["inbound"]["steps"]) == {"own-certificate": "ok", "own-dns": "ok",
                                                  "own-address": "ok"}
    eventually(lambda: not lab.causeway.query("stream", "list")["streams"], 10,
               "the side connection closing")
    exchange(lab).both_ways("after the test")
    text = lab.causeway.command("test", "partner", PARTNER_DOMAIN)
    assert text.stdout.splitlines()[-1] == "passed"


def test_it_is_no_stream_of_the_partner(lab, exchange):
    exchange(lab).both_ways("before")
    lab.change_partner(connection_limit=2)
    before = {s["id"] for s in lab.causeway.query("stream", "list")["streams"]}
    assert run(lab.causeway, PARTNER_DOMAIN)[0] == 0, "a test is counted by no limit"
    assert before <= {s["id"] for s in lab.causeway.query("stream", "list")["streams"]}
    told = lab.causeway.query("partner", "diagnose", PARTNER_DOMAIN)["attempts"]
    assert {a["id"] for a in told} <= before, "a test is not among the attempts"


@pytest.mark.parametrize("fields, reason", [
    (("sasl=NotSupported",), "dialback-not-offered"),
    (("tls=NotSupported", "sasl=NotSupported"), "tls-not-supported"),
    (("pinned-keys=sha256:" + "A" * 43 + "=", "dialback=false"), "certificate-pin"),
    (("proxy-fqdn=127.0.0.1:1",), "connection-refused"),
])
def test_settings_that_would_not_work(lab, exchange, fields, reason):
    words = [word for field in fields for word in ("--with", field)]
    before = lab.causeway.query("partner", "get", PARTNER_DOMAIN)
    status, answer = run(lab.causeway, PARTNER_DOMAIN, *words)
    assert (status, answer["passed"]) == (1, False)
    assert answer["attempt"]["reason"] == reason
    assert answer["attempt"]["sentence"] and answer["attempt"]["advice"]
    assert lab.causeway.query("partner", "get", PARTNER_DOMAIN) == before
    exchange(lab).both_ways("unchanged")


def test_settings_that_cannot_be_saved(lab):
    done = lab.causeway.command("test", "partner", PARTNER_DOMAIN, "--with", "tls=NotSupported",
                                may_fail=True)
    assert done.returncode == 1
    assert done.stderr.strip() == ("SASL needs TLS: set TLS to Required or Optional, or SASL to "
                                   "NotSupported")
    unknown = lab.causeway.command("test", "partner", "elsewhere.test", may_fail=True)
    assert unknown.returncode == 1


@pytest.mark.parametrize("fields", [{"enabled": False}, {"domain": "elsewhere.test"}])
def test_settings_without_the_partner(lab, fields):
    """No command asks for that; whoever may write to the gateway's socket could."""
    with socket.socket(socket.AF_UNIX) as control:
        control.connect(str(lab.causeway.directory / "gateway.sock"))
        control.sendall(json.dumps({"command": "ask", "in": {
            "command": "test partner", "domain": PARTNER_DOMAIN, "with": fields}}).encode() + b"\n")
        answer = json.loads(control.makefile().readline())
    told = answer["edges"][0]["answer"]
    assert (told["status"], told["field"]) == (400, "with")


def inbound_of(border, domain: str, local: str):
    """The steps that failed, of those that look at us."""
    status, answer = run(border.causeway, domain, "--local", local)
    failed = [s for s in answer["inbound"]["steps"] if s["state"] == "failed"]
    assert answer["attempt"]["result"] == "ready" and status == (1 if failed else 0)
    return [(s["step"], s["sentence"]) for s in failed]


def test_partners_cannot_reach_us(border):
    partner = border.partner("reach.test")
    nowhere = border.address(), border.settings.xmpp_port
    (step, sentence), = inbound_of(border, "reach.test", LOCAL_DOMAIN)
    assert (step, sentence) == ("own-dns", f"{LOCAL_DOMAIN}: {LOCAL_DOMAIN} does not exist in the DNS.")

    border.publish(SECOND_DOMAIN, nowhere, partner.address)
    refused, other = inbound_of(border, "reach.test", SECOND_DOMAIN)[-2:]
    if not refused[1].startswith(nowhere[0]):  # two targets of one priority
        refused, other = other, refused
    assert refused == ("own-address", f"{nowhere[0]}:{nowhere[1]} cannot be reached from here: "
                                      "Connection refused.")
    assert other == ("own-address", f"At {partner.address[0]}:{partner.address[1]} a server with "
                                    "another certificate answers.")
