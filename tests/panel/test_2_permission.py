"""Who may do what: every operation that the API describes, asked by everybody there is.  What is expected
stands in permission.ref, one line an operation, so that a change of a permission is a change there.

    WRITE_PERMISSIONS=1 pytest tests/panel/test_2_permission.py     writes the file anew; read the difference
"""

import http.client
import os
import pathlib
import sqlite3

import pytest

from contract import Line, operations

REFERENCE = pathlib.Path(__file__).with_name("permission.ref")
WHO = ("nobody", "expired", "revoked", "made-up", "basic", "must-change", "viewer", "viewer-token",
       "administrator", "administrator-token")
HEAD = f"""# Who may do what, over HTTPS: the status of a refusal, or ok for whatever else is answered.
# {'operation':22}{' '.join(WHO)}
"""


@pytest.fixture(scope="module")
def described(panel):
    found = operations(panel.local().get("/openapi.json").json, own=True)
    # Signing in is everybody's (test_2_session.py); signing out comes last.
    found = [one for one in found if one.id != "session-sign-in"]
    return sorted(found, key=lambda one: one.id == "session-sign-out")


@pytest.fixture(scope="module")
def people(panel):
    local = panel.local()
    expired, revoked = panel.token("expired"), panel.token("revoked")
    with sqlite3.connect(panel.data / "causeway.db", timeout=10) as store:
        store.execute("UPDATE token SET expires = 1 WHERE name = 'expired'")
    number = next(t["id"] for t in local.get("/tokens").json["tokens"] if t["name"] == "revoked")
    assert revoked.get("/partners").status == 200
    assert local.delete(f"/tokens/{number}").status == 200
    made = local.post("/accounts", {"name": "late", "role": "administrator", "generate": True})
    must_change = panel.browser()
    assert must_change.sign_in("late", made.json["password"]).json["must-change-password"] is True
    must_change.password = made.json["password"]
    browsers = {"nobody": panel.browser(), "expired": expired, "revoked": revoked,
            "made-up": panel.script("cwt_" + "0" * 64),
            "basic": panel.browser(Authorization="Basic YWRtaW46YWRtaW4="),
            "must-change": must_change, "viewer": panel.account("viewer", "viewer"),
            "viewer-token": panel.token("viewer", "viewer"),
            "administrator": panel.account("boss"), "administrator-token": panel.token("boss")}
    lines = {name: Line(browser) for name, browser in browsers.items()}
    yield lines
    for line in lines.values():
        line.close()


def ask(line, operation, name):
    """Nothing is changed where that can be: the permission comes before."""
    who = line.browser
    method, path, body = operation.request(operation.given(), operation.changes)
    if operation.id == "session-password":  # right, but no other than so far
        password = getattr(who, "password", {"administrator": "a long password of boss"}.get(name, f"a long password of {name}"))
        body = {"so-far": password, "password": password}
    if operation.id == "metrics":
        return who.ask(method, "/" + path)
    if operation.id != "events":
        return line.ask(method, path, body)
    connection = http.client.HTTPSConnection(*who.panel.address, timeout=30, context=who.panel.tls())
    connection.request("GET", "/api/v1/events", headers={
        **who.headers, **({"Cookie": f"__Host-causeway={who.cookie}"} if who.cookie else {})})
    answer = connection.getresponse()
    headers = {name.lower(): value for name, value in answer.getheaders()}
    connection.close()  # it has no end
    return type("Answer", (), {"status": answer.status, "headers": headers})


def test_matrix(described, people):
    lines = []
    for operation in described:
        told = []
        for name in WHO:
            answer = ask(people[name], operation, name)
            assert answer.status != 500, (operation, name, answer)
            if answer.status == 401:
                assert answer.headers["www-authenticate"].startswith("Bearer"), (operation, answer)
            told.append(str(answer.status) if answer.status in (401, 403) else "ok")
        lines.append(f"{operation.command or operation.id:24}" + " ".join(told))
    text = HEAD + "\n".join(sorted(lines)) + "\n"
    if os.environ.get("WRITE_PERMISSIONS"):
        REFERENCE.write_text(text)
    assert text.splitlines() == REFERENCE.read_text().splitlines()


def test_as_described(described):
    """What the description says of roles is what the reference says of viewers."""
    rows = [line.split("  ") for line in REFERENCE.read_text().splitlines() if line[0] != "#"]
    viewer = {row[0]: row[-1].split()[WHO.index("viewer-token")] for row in rows}
    for operation in described:
        if operation.permission in ("viewer", "administrator"):
            expected = "ok" if operation.permission == "viewer" else "403"
            assert viewer[operation.command or operation.id] == expected, operation


def test_nothing_done(panel, described, people):
    """All that was asked for left nothing in the audit trail but the sign-ins and the sessions' end."""
    rows = panel.local().get("/audit?limit=1000").json["audit"]
    done = [row for row in rows if row["who"] in ("viewer", "token:viewer", "boss", "token:boss", "late",
                                                  "token:expired", "token:revoked")
            and not row["action"].startswith("sign")]
    assert done == []


def test_changes_are_not_tried_by_viewers(panel, described):
    """Without dry_run, too: a viewer's change is refused, whatever he sends."""
    viewer = Line(panel.token("second viewer", "viewer"))
    for operation in described:
        if operation.permission == "administrator":
            for values in ({}, operation.given(), operation.given(is_admin=True)):
                values = {**operation.given(), **values}
                answer = viewer.ask(*operation.request(values))
                assert answer.status in (403, 400), (operation, answer)
                assert answer.status == 403 or "is_admin" in values, (operation, answer)
    viewer.close()


def test_token_needs_no_csrf(panel):
    """A token is not sent by a browser on its own: no page elsewhere can use it."""
    assert panel.token("script").post("/partners", {"domain": "script.test"}).status == 201
