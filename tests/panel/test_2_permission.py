"""Who may do what, over all operations that the API describes: nobody, an expired token, a viewer,
an administrator."""

import re
import sqlite3

import pytest

METHODS = ("get", "post", "put", "patch", "delete")


@pytest.fixture(scope="module")
def operations(panel):
    document = panel.local().get("/openapi.json").json
    rows = [(method.upper(), re.sub(r"\{[^}]*\}", "1", path), operation["x-permission"])
            for path, item in document["paths"].items()
            for method, operation in item.items() if method in METHODS]
    assert len(rows) > 40
    return rows


def ask(who, method, path):
    return who.ask(method, path, {} if method not in ("GET", "DELETE") else None)


def test_nobody(panel, operations):
    expired = panel.token("expired")
    with sqlite3.connect(panel.data / "causeway.db", timeout=10) as store:
        store.execute("UPDATE token SET expires = 1 WHERE name = 'expired'")
    strangers = {"nobody": panel.browser(), "expired": expired,
                 "made up": panel.script("cwt_" + "0" * 64), "nonsense": panel.script("x"),
                 "basic": panel.browser(Authorization="Basic YWRtaW46YWRtaW4=")}
    for method, path, _ in operations:
        for name, stranger in strangers.items():
            answer = ask(stranger, method, path)
            assert answer.status == 401, (method, path, name, answer)
            assert answer.headers["www-authenticate"].startswith("Bearer")


def test_viewer(panel, operations):
    viewers = [panel.token("viewer", "viewer"), panel.account("viewer", "viewer")]
    for method, path, permission in operations:
        for viewer in viewers:
            answer = ask(viewer, method, path)
            if permission == "administrator":
                assert answer.status == 403, (method, path, answer)
            elif path != "/sessions":  # ends his own
                assert answer.status not in (401, 403), (method, path, answer)
        if (method, path) == ("DELETE", "/sessions"):
            viewers[1].sign_in("viewer", "a long password of viewer")
    changes = panel.local().get("/audit?limit=1000").json["audit"]
    assert not [row for row in changes if row["who"] in ("viewer", "token:viewer") and
                not row["action"].startswith(("sign", "session"))]


def test_administrator(panel, operations):
    administrator = panel.token("administrator")
    for method, path, _ in operations:
        answer = ask(administrator, method, path)
        assert answer.status not in (401, 403, 500), (method, path, answer)


def test_removed_token(panel):
    local, script = panel.local(), panel.token("removed")
    assert script.get("/partners").status == 200
    number = [row["id"] for row in local.get("/tokens").json["tokens"] if row["name"] == "removed"][0]
    assert local.delete(f"/tokens/{number}").status == 200
    assert script.get("/partners").status == 401


def test_token_needs_no_csrf(panel):
    """A token is not sent by a browser on its own: no page elsewhere can use it."""
    assert panel.token("script").post("/partners", {"domain": "script.test"}).status == 201
