"""What all routes share, by the API's description: HEAD, methods that are not there, lists in parts."""

import json
import random

import pytest

from contract import METHODS, Line, assert_problem, operations, state_of

EVERY = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
NUMBER = 7  #: of the things that each list gets


@pytest.fixture(scope="module")
def document(panel):
    return panel.local().get("/openapi.json").json


@pytest.fixture(scope="module")
def local(panel):
    """There is something in each list."""
    local = panel.local()
    for n in range(NUMBER):
        domain = f"{chr(ord('g') - n)}{n}.test"
        for method, path, body in [
                ("POST", "/partners", {"domain": domain}),
                ("POST", "/blocks", {"user": f"u{n}@contoso.test", "address": f"x@{domain}"}),
                ("PUT", "/access", {"user": f"u{n}@contoso.test", "xmpp": True}),
                ("POST", "/accounts", {"name": f"a{n}", "role": "viewer", "generate": True}),
                ("POST", "/tokens", {"name": f"t{9 - n}", "role": "viewer"})]:
            assert local.ask(method, path, body).status in (200, 201)
    local.put("/access", {"xmpp": True})
    local.put("/access", {"domain": "contoso.test", "xmpp": True})
    for _ in range(3):
        panel.account(f"s{random.randrange(10 ** 9)}", "viewer")
    contacts = [{"user": f"u{n % 2}@contoso.test", "contact": f"c{n}@g0.test"} for n in range(NUMBER)]
    made = local.post("/import", {"document": json.dumps(
        {"causeway": {"format": 1}, "contacts": contacts})})
    assert made.status == 200, made
    return local


def test_head(local, document):
    """As GET, without the body; and nothing changes by either."""
    n = 0
    for operation in operations(document):
        if operation.method != "GET":
            continue
        given = operation.given()
        if "{name}" in operation.path or operation.path == "/partners/{domain}":
            given.update(name="a1", domain="g0.test")
        _, path, _ = operation.request(given)
        whole, head = local.ask("GET", path), local.ask("HEAD", path)
        assert head.status == whole.status and head.body == b"", (operation, head)
        assert head.headers.get("etag") == whole.headers.get("etag")
        assert head.headers["content-type"] == whole.headers["content-type"]
        operation.check(whole)
        n += whole.status == 200
    assert n >= 14


def test_other_methods(panel, local, document):
    """405, and Allow says which there are: those that are described, no other."""
    before = state_of(panel)
    for path, item in document["paths"].items():
        there = {method.upper() for method in item if method in METHODS}
        there |= {"HEAD"} if "GET" in there and path != "/events" else set()
        asked = path.replace("{id}", "1").replace("{domain}", "g0.test").replace("{name}", "a1")
        asked = "/" + asked if path == "/metrics" else asked
        for method in EVERY:
            if method in there:
                continue
            answer = local.ask(method, asked, {} if method in ("POST", "PUT", "PATCH") else None)
            assert answer.status == 405, (method, path, answer)
            assert set(answer.headers["allow"].split(", ")) == there, (method, path, answer)
            if method != "HEAD":
                assert_problem(document, answer, 405)
        for method in ("TRACE", "OPTIONS", "CONNECT", "get", "PROPFIND"):
            answer = local.ask(method, asked)
            assert answer.status in (400, 405, 501), (method, path, answer)
        if path != "/events":  # which has no end
            answer = local.ask("GET", asked, X_HTTP_Method_Override="DELETE")
            assert answer.status in (200, 400, 404, 405, 503, 504), answer
    assert state_of(panel) == before


def lists(document):
    """(operation, member) of those that are given in parts."""
    for operation in operations(document):
        names = {argument.name for argument in operation.arguments}
        if {"limit", "cursor"} <= names:
            yield operation


def part(line, operation, **query):
    answer = line.ask(*operation.request(query))
    assert answer.status == 200, (operation, query, answer)
    operation.check(answer)
    member = next(name for name, value in answer.json.items() if isinstance(value, list) and
                  name != "silent")
    return answer.json[member], answer.json["next"]


def walk(line, operation, limit, between=lambda: None):
    items, cursor = [], {}
    for _ in range(200):
        some, following = part(line, operation, limit=limit, **cursor)
        assert len(some) <= limit
        items += some
        if following is None:
            return items
        assert some
        cursor = {"cursor": following}
        between()
    raise AssertionError((operation, "has no end"))


@pytest.fixture(scope="module", params=["socket", "https"])
def line(request, panel, local):
    made = Line(local if request.param == "socket" else panel.token("routes"))
    yield made
    made.close()


def test_lists_in_parts(line, document):
    """Of whatever size the parts are, they are the whole, in its order."""
    n = 0
    for operation in lists(document):
        if line.ask(*operation.request({})).status == 503:
            continue  # asks the gateway
        whole, following = part(line, operation, limit=1000)
        assert following is None and len(whole) > 2, operation
        for limit in (1, 2, 3, len(whole) - 1, len(whole), len(whole) + 1):
            assert walk(line, operation, limit) == whole, (operation, limit)
        n += 1
    assert n >= 7


def test_cursor_of_anything(line, document):
    for operation in lists(document):
        for cursor in ("", "x", "~~~~", "0", "-1", "99999999999999999999", "zzzz zzzz", "\u00fc", "'--",
                       "a" * 2000, "\x01", "u1@contoso.test"):
            answer = line.ask(*operation.request({"cursor": cursor, "limit": 2}))
            assert answer.status in (200, 400, 503), (operation, cursor, answer)
            operation.check(answer)


def test_item_of_the_cursor_goes(panel, local, document):
    """Who reads a list while others change it sees each item that stayed, and none twice."""
    by = {operation.command: operation for operation in lists(document)}
    removals = {
        "partner list": lambda one: ("DELETE", f"/partners/{one['domain']}"),
        "contact blocks": lambda one: ("DELETE", f"/blocks?user={one['user']}&address={one['blocked']}"),
        "access list": lambda one: ("DELETE", "/access" + (
            "" if one["scope"] == "global" else f"?{one['scope']}={one['name']}")),
        "session list": lambda one: ("DELETE", f"/sessions?account={one['account']}"),
        "account list": lambda one: ("DELETE", f"/accounts/{one['name']}"),
        "token list": lambda one: ("DELETE", f"/tokens/{one['id']}"),
        "contact list": lambda one: ("DELETE", f"/contacts?user={one['user']}&partner={one['contact']}"),
    }
    for command, remove in removals.items():
        whole, _ = part(local, by[command], limit=1000)
        gone = []

        def take_last(some):
            answer = local.ask(*remove(some[-1]))
            if answer.status == 200:
                gone.append(some[-1])
            else:
                assert answer.status == 400, (command, answer)  # the last administrator

        seen, cursor = [], {}
        while True:
            some, following = part(local, by[command], limit=2, **cursor)
            seen += some
            if following is None:
                break
            take_last(some)
            cursor = {"cursor": following}
        assert seen == whole and gone, (command, [one for one in whole if one not in seen])
