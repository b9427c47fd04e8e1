"""Each row that changes something: tried with dry_run it changes nothing and says what it would do; then
it does just that.  What has a version is changed by nobody who has read another one."""

import json
import re

import pytest

from contract import Line, assert_problem, operations, state_of

ALICE, BOB = "alice@contoso.test", "bob@change.test"
CLIXML = ('<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04"><Obj RefId="0">'
          '<Props><S N="Domain">lync.test</S><S N="PartnerType">Federated</S><S N="TlsNegotiation">Required</S>'
          '<S N="SaslNegotiation">Required</S><B N="SupportDialbackNegotiation">true</B></Props></Obj></Objs>')
DOCUMENT = json.dumps({"causeway": {"format": 1}, "partners": [{"domain": "imported.test"}],
                       "contacts": [{"user": ALICE, "contact": "bob@imported.test"}]})

#: What each changing row is asked, in an order in which one follows from the other.
STORY = [
    ("partner new", {"domain": "change.test", "type": "Federated", "description": "Grüße"}),
    ("partner set", {"domain": "change.test", "sasl": "Optional", "additional": ["b.change.test"]}),
    ("partner put", {"domain": "change.test", "type": "PublicVerified"}),
    ("partner put", {"domain": "put.test", "tls": "Optional"}),
    ("partner disable", {"domain": "change.test"}),
    ("partner enable", {"domain": "change.test"}),
    ("contact block", {"user": ALICE, "address": BOB}),
    ("contact unblock", {"user": ALICE, "address": BOB}),
    ("import", {"document": DOCUMENT}),
    ("contact remove", {"user": ALICE}),
    ("access set", {"user": ALICE, "xmpp": False}),
    ("access set", {"user": ALICE, "xmpp": True}),
    ("access unset", {"user": ALICE}),
    ("settings set", {"keep-alive-interval": 77, "stanza-rate": 0}),
    ("account new", {"name": "change", "role": "viewer", "password": "correct horse 9 battery"}),
    ("account set", {"name": "change", "role": "administrator"}),
    ("account password", {"name": "change", "generate": True}),
    ("session end", {"account": "change"}),
    ("account remove", {"name": "change"}),
    ("token new", {"name": "change", "role": "viewer"}),
    ("token remove", {"id": "TOKEN"}),
    ("audit restore", {"id": "SETTINGS"}),
    ("import lync", {"document": CLIXML}),
    ("partner remove", {"domain": "change.test"}),
]


@pytest.fixture(scope="module")
def document(panel):
    return panel.local().get("/openapi.json").json


@pytest.fixture(scope="module")
def by_command(document):
    return {one.command: one for one in operations(document)}


def filled(local, values):
    """With the numbers that things got."""
    if values.get("id") == "TOKEN":
        return {"id": next(t["id"] for t in local.get("/tokens").json["tokens"] if t["name"] == "change")}
    if values.get("id") == "SETTINGS":
        return {"id": local.get("/audit?action=settings&limit=1").json["audit"][0]["id"]}
    return values


VOLATILE = re.compile(r'"(since|version|password-changed|at|seen|id|expires)": ?("[^"]*"|\d+)')


def told(answer):
    """Without what only a change that was made has, and without times and numbers of its own."""
    shown = {name: value for name, value in answer.items()
             if name not in ("saved", "gateway", "password", "token")}
    return VOLATILE.sub("", json.dumps(shown, sort_keys=True))


def test_story_has_all(by_command):
    assert {name for name, _ in STORY} == {o.command for o in by_command.values() if o.changes}


@pytest.mark.parametrize("way", ["socket", "https"])
def test_dry_run(panel, by_command, way):
    local = panel.local()
    line = Line(local if way == "socket" else panel.token("changes"))
    for command, values in STORY:
        operation = by_command[command]
        values = filled(local, values)
        before = state_of(panel)
        dry = line.ask(*operation.request(values, dry_run=True))
        assert dry.status == 200 and dry.json["saved"] is False, (command, dry)
        assert "etag" not in dry.headers and "location" not in dry.headers, (command, dry)
        assert "password" not in dry.json and "token" not in dry.json, (command, dry)
        operation.check(dry)
        assert state_of(panel) == before, command
        done = line.ask(*operation.request(values))
        assert done.status in (200, 201) and done.json["saved"] is True, (command, done)
        operation.check(done)
        assert told(dry.json) == told(done.json), command
        if command != "session end":  # there was none
            assert state_of(panel) != before, command
    for domain in ("put.test", "imported.test", "lync.test"):
        assert local.delete(f"/partners/{domain}").status == 200
    line.close()


def test_command_line_tries_the_same(panel, by_command):
    """--what-if is dry_run, and neither changes anything."""
    local = panel.local()
    local.put("/partners/change.test", {"type": "Federated"})
    files = panel.data.parent / "export.json", panel.data.parent / "lync.xml"
    files[0].write_text(DOCUMENT)
    files[1].write_text(CLIXML)
    words = {"partner new": ["other.test"], "partner set": ["change.test", "--sasl", "Optional"],
             "partner put": ["change.test"], "partner disable": ["change.test"],
             "partner remove": ["change.test"], "settings set": ["--stanza-rate", "7"],
             "access set": ["--xmpp", "false"], "contact block": [BOB, "--user", ALICE],
             "import": [str(files[0])], "import lync": [str(files[1])]}
    asked = {"partner new": {"domain": "other.test"}, "settings set": {"stanza-rate": 7},
             "partner set": {"domain": "change.test", "sasl": "Optional"}, "access set": {"xmpp": False},
             "contact block": {"user": ALICE, "address": BOB}, "import": {"document": DOCUMENT},
             "import lync": {"document": CLIXML}}
    before = state_of(panel)
    for command, more in words.items():
        values = asked.get(command, {"domain": "change.test"})
        dry = local.ask(*by_command[command].request(values, dry_run=True))
        done = panel.command(*command.split(), *more, "--what-if", "--json")
        assert done.returncode == 0, (command, done)
        assert told(json.loads(done.stdout)) == told(dry.json), command
    assert state_of(panel) == before


def tagged(local, operation, values):
    """The entity tag of what the operation changes, read where that is shown."""
    if operation.command == "audit restore":
        return local.get("/partners/tagged.test").headers["etag"]
    if operation.command.startswith("access"):
        return local.get(f"/access/effective?user={ALICE}").headers["etag"]
    if operation.command.startswith("import"):
        return f'"{local.ask(*operation.request(values, dry_run=True)).json["version"]}"'
    path = operation.request({k: v for k, v in values.items() if "{%s}" % k in operation.path})[1]
    for cut in (path, path.rsplit("/", 1)[0]):
        answer = local.get(cut.split("?")[0])
        if "etag" in answer.headers:
            return answer.headers["etag"]
    raise AssertionError(operation)


def test_versions(panel, by_command, document):
    """Each row that takes If-Match: refused with another version than the one that is, and told who
    changed it and when; a browser must say what it saw."""
    local, other = panel.local(), panel.token("quicker")
    browser = panel.account("versions")
    assert browser.post("/accounts", {"name": "tagged", "role": "viewer", "generate": True}).status == 201
    local.put("/partners/tagged.test", {})
    values_of = {"partner": {"domain": "tagged.test"}, "settings": {"posh": False},
                 "account": {"name": "tagged"}, "access": {"user": ALICE}, "import": {}}
    more = {"partner set": {"description": "x"}, "account set": {"enabled": True},
            "account password": {"generate": True}, "access set": {"xmpp": True},
            "import": {"document": DOCUMENT}, "import lync": {"document": CLIXML}}
    n = 0
    for operation in by_command.values():
        if not operation.has_version:
            continue
        n += 1
        row = local.get("/audit?object=tagged.test&limit=1").json["audit"][0]["id"]
        values_of["audit"] = {"id": row}
        values = {**values_of[operation.command.split()[0]], **more.get(operation.command, {})}
        method, path, body = operation.request(values)
        etag = tagged(local, operation, values)
        # somebody is quicker
        partner = ("PATCH", "/partners/tagged.test", {"description": f"{n}"})
        quick = {"partner": partner, "audit": partner, "import": partner,
                 "settings": ("PATCH", "/settings", {"presence-rate": 40 + n}),
                 "account": ("PATCH", "/accounts/tagged", {"role": "viewer"}),
                 "access": ("PUT", "/access", {"user": ALICE, "xmpp": False})}
        assert other.ask(*quick[operation.command.split()[0]]).status == 200
        before = state_of(panel)
        late = browser.ask(method, path, body, If_Match=etag)
        assert_problem(document, late, 412)
        assert late.json["conflict"]["who"] == "token:quicker", (operation, late)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", late.json["conflict"]["at"])
        operation.check(late)
        assert_problem(document, browser.ask(method, path, body), 428)
        for tag, status in (('"999"', 412), ("nonsense", 400), ('"1", "2"', 400), ('W/"1"', 412),
                            ('"x"', 412), ('""', 400), ('"0"', 412), ('"-1"', 412)):
            assert_problem(document, browser.ask(method, path, body, If_Match=tag), status)
        assert state_of(panel) == before, operation
        tried = operation.request(values, dry_run=True)
        etag = tagged(local, operation, values)
        assert browser.ask(*tried, If_Match=etag).status == 200, operation
        assert browser.ask(*tried, If_Match="*").status == 200, operation
        assert local.ask(*tried).status == 200, operation
        done = browser.ask(method, path, body, If_Match=etag)
        assert done.status in (200, 201), (operation, done)
        if operation.command.startswith("import"):
            assert done.headers["etag"] == tagged(local, operation, values)
        if method != "DELETE":
            assert done.headers["etag"] not in (etag, None), operation
        if "remove" in operation.command:
            local.put("/partners/tagged.test", {})
            local.post("/accounts", {"name": "tagged", "role": "viewer", "generate": True})
    assert n >= 12


def test_new_access_rule(panel, document):
    """A rule that was not there has the tag "0": whoever makes one, after another has, is told."""
    local, browser = panel.local(), panel.account("maker")
    rule = {"user": BOB.replace("change", "contoso"), "xmpp": False}
    path = f"/access?user={rule['user']}"
    nothing = local.get(f"/access/effective?user={rule['user']}")
    assert nothing.headers["etag"] == '"0"' and nothing.json["version"] == 0
    made = browser.put("/access", rule, If_Match='"0"')
    assert made.status == 200 and made.headers["etag"] == f'"{made.json["after"]["version"]}"'
    late = panel.token("second").put("/access", rule, If_Match='"0"')
    assert_problem(document, late, 412)
    assert late.json["conflict"]["who"] == "maker"
    listed = [one for one in local.get("/access").json["rules"] if one["name"] == rule["user"]]
    assert listed == [made.json["after"]]
    assert browser.delete(path, If_Match=made.headers["etag"]).status == 200
    assert local.put("/access", rule, If_Match=made.headers["etag"]).status == 412
    assert local.get(f"/access/effective?user={rule['user']}").headers["etag"] == '"0"'


def test_no_version_to_compare(panel, by_command, document):
    """Where nothing is compared, a tag is not taken for granted."""
    local = panel.local()
    for operation in by_command.values():
        if operation.has_version:
            continue
        answer = local.ask(*operation.request(operation.given(), operation.changes), If_Match='"1"')
        assert_problem(document, answer, 400)


def test_put_again(panel):
    """The same PUT every night: nothing but its version changes."""
    local = panel.local()
    body = {"type": "Federated", "additional": ["more.night.test"], "connection-limit": 3}
    first = local.put("/partners/night.test", body)
    assert first.status == 201 and first.headers["location"] == "/api/v1/partners/night.test"
    again = local.put("/partners/night.test", body)
    assert again.status == 200 and told(again.json["after"]) == told(first.json["after"])
    less = local.put("/partners/night.test", {})
    assert less.json["after"]["type"] == "PublicUnverified" and less.json["after"]["additional"] == []
    assert local.put("/partners/night.test", {}, If_Match='"1"').status == 412
    assert local.put("/partners/no.test", {}, If_Match="*").status == 412
    assert local.get("/partners/no.test").status == 404
