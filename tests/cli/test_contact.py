"""`causeway contact`, `access` and `explain access`, as an administrator meets them."""

import contextlib
import json
import re
import sqlite3

import pytest

from test_cli import NO_GATEWAY, Gateway, cw  # noqa: F401

PAIR = ("--user", "alice@contoso.test", "--partner", "j@a.test")
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


def write(cw, sql, *values):
    """As the gateway keeps what users do."""
    with contextlib.closing(sqlite3.connect(cw.data / "causeway.db")) as store, store:
        store.execute(sql, values)


def invite(cw, local, remote):
    write(cw, "INSERT INTO contact VALUES(?,?,1700000000)", local, remote)


def subscribe(cw, local, remote, is_x2s, state):
    write(cw, "INSERT INTO subscription(local,remote,is_x2s,is_authorised,state,since,told)"
          " VALUES(?,?,?,?,?,1700000060,'[]')", local, remote, is_x2s, state == "active", state)


def test_contacts(cw):
    cw.run("partner", "new", "a.test")
    invite(cw, "alice@contoso.test", "j@a.test")
    invite(cw, "bob@contoso.test", "j@a.test")
    invite(cw, "alice@contoso.test", "j@b\u00fccher.test")
    line = "alice@contoso.test j@a.test invited since 2023-11-14T22:13:20Z\n"
    assert cw.run("contact", "list", "--user", "ALICE@contoso.test", "--partner",
                  "a.test").stdout == line
    assert len(cw.query("contact", "list")["contacts"]) == 3
    assert len(cw.query("contact", "list", "--partner", "xn--bcher-kva.test")["contacts"]) == 1
    shown = cw.query("contact", "show", *PAIR)
    assert set(shown.pop("rules")) == {"message-in", "message-out", "subscribe-in",
                                       "subscribe-out", "presence-out"}
    assert shown == {"user": "alice@contoso.test", "contact": "j@a.test", "invited": True,
                     "since": "2023-11-14T22:13:20Z", "partner": "a.test",
                     "type": "PublicUnverified", "may-write": True, "user-sees": None,
                     "contact-sees": None, "blocked": False, "access": True}
    end = "Subscriptions between them end, in both directions; the partner's users are told.\n"
    tried = cw.run("contact", "remove", *PAIR, "--what-if")
    assert tried.stdout == "what if, nothing is saved: contact remove\n" + line + end
    done = cw.run("contact", "remove", *PAIR)
    assert done.stdout == "saved: contact remove\n" + line + end and done.stderr == NO_GATEWAY
    shown = cw.query("contact", "show", *PAIR)
    assert (shown["invited"], shown["may-write"], shown["since"]) == (False, False, None)
    assert cw.refusal("contact", "remove", *PAIR) == "There is no such contact."
    assert cw.refusal("contact", "remove") == "user or partner must be given."
    assert len(cw.query("contact", "remove", "--partner", "a.test")["before"]["contacts"]) == 1


def test_who_sees_whom(cw):
    cw.run("partner", "new", "a.test", "--type", "Federated")
    invite(cw, "alice@contoso.test", "j@a.test")
    subscribe(cw, "alice@contoso.test", "j@a.test", False, "active")
    subscribe(cw, "alice@contoso.test", "j@a.test", True, "pending")
    subscribe(cw, "bob@contoso.test", "j@a.test", True, "active")
    assert cw.run("contact", "list").stdout.splitlines() == [
        "alice@contoso.test j@a.test invited since 2023-11-14T22:13:20Z; sees the contact (active "
        "since 2023-11-14T22:14:20Z); is seen by the contact (pending, without consent, since "
        "2023-11-14T22:14:20Z)",
        "bob@contoso.test j@a.test not invited; is seen by the contact (active since "
        "2023-11-14T22:14:20Z)"]
    write(cw, "UPDATE subscription SET state='none' WHERE local='bob@contoso.test'")
    assert "seen by the contact (no dialog now since 2" in cw.run("contact", "list", "--user",
                                                                  "bob@contoso.test").stdout
    text = cw.run("contact", "show", *PAIR).stdout
    for line in ("invited       since 2023-11-14T22:13:20Z", "user-sees     active since",
                 "contact-sees  pending, without consent, since", "access        yes",
                 "blocked       no", "message-in    allow, by partner type"):
        assert f"\n{line}" in text, text


def test_blocks(cw):
    cw.run("partner", "new", "a.test", "--type", "Federated")
    block = ("--user", "alice@contoso.test", "j@a.test")
    tried = cw.run("contact", "block", *block, "--what-if")
    assert tried.stdout.startswith("what if, nothing is saved: contact block\n")
    assert cw.run("contact", "blocks").stdout == ""
    done = cw.run("contact", "block", *block)
    assert re.fullmatch("saved: contact block\nalice@contoso.test blocks j@a.test since "
                        + TIME + "\n", done.stdout) and done.stderr == NO_GATEWAY
    assert re.fullmatch(f"alice@contoso.test blocks j@a.test since {TIME}\n",
                        cw.run("contact", "blocks", "--user", "Alice@contoso.test").stdout)
    assert cw.query("contact", "show", *PAIR)["rules"]["message-in"]["rule"] == "block"
    assert cw.refusal("contact", "unblock", "--user", "bob@contoso.test", "j@a.test") == \
        "bob@contoso.test has not blocked j@a.test itself."
    assert cw.run("contact", "unblock", *block).stdout.startswith("saved: contact unblock\n")
    assert cw.query("contact", "blocks") == {"blocks": []}


def test_access(cw):
    ask = ("access", "get", "--user", "alice@contoso.test")
    assert cw.run(*ask).stdout == "alice@contoso.test allowed, by default: there is no rule\n"
    done = cw.run("access", "set", "--xmpp", "false")
    assert done.stdout == "saved: access set\neverybody no rule -> denied\n"
    assert done.stderr == NO_GATEWAY
    assert cw.run(*ask).stdout == "alice@contoso.test denied, by the rule of everybody\n"
    done = cw.run("access", "set", "--domain", "contoso.test", "--xmpp", "true")
    assert done.stdout == "saved: access set\ncontoso.test no rule -> allowed\n"
    assert cw.run(*ask).stdout == \
        "alice@contoso.test allowed, by the rule of domain contoso.test\n"
    cw.run("access", "set", "--user", "alice@contoso.test", "--xmpp", "false")
    assert cw.run("access", "list").stdout == \
        "everybody denied\ncontoso.test allowed\nalice@contoso.test denied\n"
    assert cw.query(*ask) == {"of": "alice@contoso.test", "xmpp": False, "scope": "user",
                              "name": "alice@contoso.test", "version": 3}
    assert cw.refusal("access", "set", "--xmpp", "true", "--if-version", "0").startswith(
        "The access rule for global was changed by somebody else meanwhile")
    tried = cw.run("access", "unset", "--user", "alice@contoso.test", "--what-if")
    assert tried.stdout.endswith("alice@contoso.test denied -> no rule\n")
    assert len(cw.query("access", "list")["rules"]) == 3
    cw.run("access", "unset", "--user", "alice@contoso.test")
    cw.run("access", "unset")
    assert cw.query("access", "list")["rules"] == [
        {"scope": "domain", "name": "contoso.test", "xmpp": True, "version": 2}]
    assert cw.refusal("access", "unset") == "There is no access rule for everybody."
    assert cw.refusal("access", "set", "--user", "j@a.test", "--xmpp", "true") == \
        "j@a.test is not local: access rules are for local users and domains."


@pytest.mark.parametrize("words", [("access", "set", "--xmpp", "false"),
                                   ("contact", "block", "--user", "alice@contoso.test", "a.test")])
def test_gateway_is_told(cw, words):
    gateway = Gateway(cw.data / "gateway.sock", b'{"ok":true,"version":3,"edges":1}\n')
    assert "in effect: version 3, edges 1" in cw.run(*words).stdout
    assert [json.loads(line)["command"] for line in gateway.requests] == ["reload"]


def explain(cw, sender, to, *more):
    return cw.query("explain", "access", "--from", sender, "--to", to, *more)


def test_explain_access(cw):
    alice, j = "alice@contoso.test", "j@a.test"
    nobody = {"allowed": False, "rule": "partner list", "partner": "",
              "reason": "the domain is not a federated partner"}
    assert explain(cw, alice, j) == explain(cw, j, alice) == nobody
    cw.run("partner", "new", "a.test", "--additional", "b.test")
    assert explain(cw, alice, j) == {"allowed": True, "rule": "partner list", "partner": "a.test",
                                     "reason": ""}
    told = explain(cw, j, alice)
    assert (told["allowed"], told["rule"]) == (False, "partner type") and told["reason"]
    assert not explain(cw, "j@b.test", alice, "--event", "presence")["allowed"]
    invite(cw, alice, j)
    assert explain(cw, j, alice) == {"allowed": True, "rule": "partner type", "partner": "a.test",
                                     "reason": ""}
    assert explain(cw, "sip:j@a.test", "sip:alice@contoso.test")["allowed"]
    cw.run("partner", "set", "a.test", "--type", "PublicVerified")
    assert explain(cw, "k@a.test", alice, "--event", "presence") == {
        "allowed": True, "rule": "partner type", "partner": "a.test",
        "reason": "the SIP side accepts or declines"}
    cw.run("contact", "block", "--user", alice, "a.test")
    assert explain(cw, j, alice)["rule"] == explain(cw, alice, j)["rule"] == "block"
    cw.run("contact", "unblock", "--user", alice, "a.test")
    cw.run("access", "set", "--domain", "contoso.test", "--xmpp", "false")
    assert explain(cw, j, alice)["rule"] == explain(cw, alice, j)["rule"] == "access"
    text = cw.run("explain", "access", "--from", alice, "--to", j).stdout
    assert text.startswith("refused, by access\n  partner   a.test\n  reason    ")


@pytest.mark.parametrize("sender,to,reason", [
    ("a@x.test", "b@y.test", "neither address is in a local domain"),
    ("alice@contoso.test", "bob@contoso.test", "both addresses are in local domains"),
    ("contoso.test", "j@a.test", "--from is no user's address"),
    ("alice@contoso.test", "sip:a.test", "--to is no user's address"),
    ("alice@contoso.test", "a b", "--to is no user's address"),
])
def test_explain_access_of_no_pair(cw, sender, to, reason):
    told = explain(cw, sender, to)
    assert not told["allowed"] and told["reason"] == reason and told["partner"] == ""


@pytest.mark.parametrize("words", [[], ["--from", "a@b"], ["--from", "a@b", "--to", "c@d", "e@f"],
                                   ["--from", "a@b", "--to", "c@d", "--event", "call"]])
def test_explain_access_usage(cw, words):
    done = cw.run("explain", "access", *words, status=2)
    assert "usage: causeway explain access" in done.stderr and done.stdout == ""
