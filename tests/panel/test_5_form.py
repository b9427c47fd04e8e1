"""Each argument of each row of the table, by the API's own description, over the socket and HTTPS: what
is outside of its type or bounds is refused with a sentence and a pointer, and nothing has changed;
what is at the bounds is taken."""

import json

import pytest

from contract import Line, as_text, assert_problem, operations, state_of


@pytest.fixture(scope="module", params=["socket", "https"])
def line(request, panel):
    who = panel.local() if request.param == "socket" else panel.token("form " + request.param)
    made = Line(who)
    panel.local().put("/partners/sample.test", {})
    panel.local().post("/accounts", {"name": "sample", "role": "viewer", "generate": True})
    yield made
    made.close()


@pytest.fixture(scope="module")
def document(panel):
    return panel.local().get("/openapi.json").json


@pytest.fixture(autouse=True)
def nothing_changes(panel, line):
    before = state_of(panel)
    yield
    assert state_of(panel) == before


def ask(line, operation, values, dry_run=True):
    return line.ask(*operation.request(values, dry_run and operation.changes))


def name_in_query(value):
    """A list is repeated in a query, and nothing of it is no argument."""
    return isinstance(value, list) and not value


def wrong_in_query(argument):
    """What stands in a path or a query is text: texts that are none of the type's."""
    kind = argument.schema.get("type") or argument.schema["anyOf"][0].get("type")
    texts = {"integer": ["x", "-1", "+1", "1.5", "1e3", " 1", "0x1", "9" * 30],
             "boolean": ["yes", "True", "1", "truefalse"]}.get(kind, [])
    if "enum" in argument.schema:
        texts = ["none-of-these", argument.schema["enum"][0] + "|"]
    low, high = argument.numbers()
    if kind == "integer":
        texts += [str(low - 1)] if low else []
        texts += [str(high + 1)] if high else []
    elif high:
        texts += ["x" * (high + 1)]
    return [text for text in texts if argument.place != "path" or kind != "boolean"]


def points_at(answer, argument):
    return (answer.json.get("field", "") + "/").startswith(f"/{argument.name}/")


def test_wrong_values(line, document):
    n, taken = 0, []
    for operation in operations(document):
        for argument in operation.arguments:
            values = argument.wrong() if argument.place == "body" else wrong_in_query(argument)
            for value in values:
                answer = ask(line, operation, operation.given(**{argument.name: value}))
                n += 1
                if answer.status != 400 or not points_at(answer, argument):
                    taken.append((operation, argument.name, as_text(value)[:40], answer.status,
                                  answer.body[:200]))
                else:
                    assert_problem(document, answer, 400)
    assert taken == [] and n > 500


def test_at_the_bounds(line, document):
    n = 0
    for operation in operations(document):
        for argument in operation.arguments:
            for value in argument.at_bounds():
                answer = ask(line, operation, operation.given(**{argument.name: value}))
                if answer.status == 400 and points_at(answer, argument):  # one depends on another
                    others = {one.name: one.at_bounds()[-1] for one in operation.arguments
                              if one.at_bounds()}
                    answer = ask(line, operation,
                                 operation.given(**{**others, argument.name: value}))
                refused = answer.status == 400 and points_at(answer, argument)
                assert not refused and answer.status != 500, (operation, argument, value, answer)
                n += 1
    assert n > 30


def test_unknown(line, document):
    for operation in operations(document):
        for name in ("is_admin", "a/b~c", "Domain", "if-version"):
            answer = ask(line, operation, operation.given(**{name: "x"}))
            pointer = "/" + name.replace("~", "~0").replace("/", "~1")
            if name == "if-version" and not operation.by_query:
                assert_problem(document, answer, 400)
            else:
                assert_problem(document, answer, 400, pointer)


def test_twice(line, document):
    for operation in operations(document):
        values = operation.given()
        for argument in operation.arguments:
            if argument.place == "path":
                continue
            method, path, body = operation.request({**values, argument.name: argument.sample()},
                                                   operation.changes)
            if argument.place == "query":
                path += f"&{argument.name}={as_text(argument.sample())}" if "?" in path else ""
                answer = line.ask(method, path, body)
                if not argument.is_list:
                    assert_problem(document, answer, 400, "/" + argument.name)
                continue
            text = json.dumps(body)
            again = json.dumps({argument.name: argument.sample()})
            twice = f"{text[:-1]}{', ' if body else ''}{again[1:]}"
            assert_problem(document, line.ask(method, path, twice.encode()), 400)
        if operation.changes:
            method, path, body = operation.request(values, True)
            answer = line.ask(method, path + "&dry_run=true", body)
            assert_problem(document, answer, 400, "/dry_run")


def test_missing(line, document):
    for operation in operations(document):
        for argument in operation.arguments:
            if not argument.required or argument.place == "path":
                continue
            values = operation.given()
            del values[argument.name]
            assert_problem(document, ask(line, operation, values), 400, "/" + argument.name)


def test_very_long(line, document):
    """Whatever takes it says so; nobody falls over."""
    for operation in operations(document):
        for argument in operation.arguments:
            if not argument.fits("x" * 100) and not argument.is_list:
                continue
            long = "x" * (100000 if argument.place == "body" else 3000)
            value = [long] * 3 if argument.is_list else long
            answer = ask(line, operation, operation.given(**{argument.name: value}))
            assert answer.status < 500 or answer.status in (503, 504), (operation, argument.name, answer)
            operation.check(answer)


HOSTILE = ["\x01\x7f\u202e", "'; DROP TABLE partner;--%00", "..", "", "a b", "\U0001F600"]


def test_hostile(line, document):
    for operation in operations(document):
        for argument in operation.arguments:
            if not argument.fits("text") and not argument.is_list:
                continue
            for text in HOSTILE:
                if argument.place == "path" and text in ("", ".."):
                    continue  # another path
                answer = ask(line, operation, operation.given(
                    **{argument.name: [text] if argument.is_list else text}))
                assert answer.status < 500 or answer.status in (503, 504), (argument.name, answer)
                operation.check(answer)


def test_dry_run_must_be_said_well(line, document):
    for operation in operations(document):
        method, path, body = operation.request(operation.given())
        between = "&" if "?" in path else "?"
        for value in ("1", "yes", "", "TRUE"):
            answer = line.ask(method, f"{path}{between}dry_run={value}", body)
            assert_problem(document, answer, 400, "/dry_run")
        if not operation.changes:
            answer = line.ask(method, f"{path}{between}dry_run=true", body)
            assert answer.status == 400, (operation, answer)
