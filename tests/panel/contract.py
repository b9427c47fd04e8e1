"""The API as its own description has it: operations, their arguments, values that must be refused and
values at the bounds.  Nothing here names a command; what is new in the table is tested as it comes.
"""

import contextlib
import dataclasses
import http.client
import json
import sqlite3
import urllib.parse

import jsonschema

from lab.panel import API, Answer, _LocalConnection

METHODS = ("get", "post", "put", "patch", "delete")
#: For arguments whose schema does not tell what makes sense.
SAMPLES = {"domain": "sample.test", "user": "alice@contoso.test", "partner": "sample.test",
           "address": "bob@sample.test", "id": 1, "name": "sample", "password": "correct horse 9 battery",
           "from": "sip:alice@contoso.test", "to": "bob@sample.test", "document": "{}",
           "match": "test", "cursor": "1", "since": "2026-11-22", "until": "2026-11-22"}
OTHER_TYPES = [None, True, 1, 1.5, "1", "text", [], [1], [None], {}, {"a": 1}, [[]]]


@dataclasses.dataclass
class Argument:
    name: str
    place: str  # "path", "query", "body"
    schema: dict
    required: bool

    def fits(self, value) -> bool:
        return jsonschema.Draft202012Validator(self.schema).is_valid(value)

    @property
    def is_list(self) -> bool:
        return self.schema.get("type") == "array"

    def numbers(self):
        """(minimum, maximum) of a number or of a text's length; None where there is none."""
        kind = next((one for one in self.schema.get("anyOf", []) if "type" in one), self.schema)
        if kind.get("type") == "integer":
            return kind.get("minimum"), kind.get("maximum")
        return kind.get("minLength"), kind.get("maxLength")

    def sample(self):
        if self.name in SAMPLES and self.fits(SAMPLES[self.name]):
            return SAMPLES[self.name]
        kind = next(iter(self.schema.get("anyOf", [])), self.schema)
        if "enum" in kind:
            return kind["enum"][0]
        return {"boolean": True, "integer": kind.get("minimum", 1), "array": [], "object": {},
                "string": "x" * max(kind.get("minLength", 1), 1)}[kind["type"]]

    def at_bounds(self):
        low, high = self.numbers()
        if "integer" in json.dumps(self.schema):
            return [n for n in (low, high) if n is not None]
        return []

    def wrong(self):
        """Values that the schema refuses, of other types and just outside of the bounds."""
        low, high = self.numbers()
        values = list(OTHER_TYPES)
        if "integer" in json.dumps(self.schema):
            values += [-1, 2 ** 63 - 1, -2 ** 63]
            values += [low - 1] if low else []
            values += [high + 1] if high else []
        elif "string" in json.dumps(self.schema):
            values += ["x" * (high + 1)] if high else []
            values += ["x" * (low - 1)] if low else []
        return [value for value in values if not self.fits(value)]


def as_text(value) -> str:
    return value if isinstance(value, str) else json.dumps(value)


class Operation:
    def __init__(self, document, path, method, item):
        self.document, self.path, self.method = document, path, method.upper()
        self.id, self.command = item["operationId"], item.get("x-command", "")
        self.permission = item["x-permission"]
        self.responses = item["responses"]
        parameters = [self._resolve(one) for one in item.get("parameters", [])]
        self.changes = any(one["name"] == "dry_run" for one in parameters)
        self.has_version = any(one["name"] == "If-Match" for one in parameters)
        self.arguments = [Argument(one["name"], one["in"], one["schema"], one.get("required", False))
                          for one in parameters
                          if one["in"] != "header" and one["name"] != "dry_run"]
        body = item.get("requestBody", {}).get("content", {}).get("application/json", {})
        schema = body.get("schema", {})
        self.arguments += [Argument(name, "body", one, name in schema.get("required", []))
                           for name, one in schema.get("properties", {}).items()]
        self.by_query = self.method in ("GET", "DELETE")

    def _resolve(self, one):
        if "$ref" not in one:
            return one
        found = self.document
        for step in one["$ref"].split("/")[1:]:
            found = found[step]
        return found

    def __repr__(self):
        return f"{self.command or self.id}: {self.method} {self.path}"

    def given(self, **more):
        """All that must be given, and `more`."""
        values = {one.name: one.sample() for one in self.arguments if one.required}
        return {**values, **more}

    def request(self, values, dry_run=False):
        """(method, path with query, body) for these arguments; a list in a query is repeated."""
        path, query, body = self.path, [], {}
        places = {one.name: one.place for one in self.arguments}
        for name, value in values.items():
            place = places.get(name, "query" if self.by_query else "body")
            if place == "path":
                path = path.replace("{%s}" % name, urllib.parse.quote(as_text(value), safe=""))
            elif place == "query":
                query += [(name, as_text(one)) for one in
                          (value if isinstance(value, list) else [value])]
            else:
                body[name] = value
        if dry_run:
            query.append(("dry_run", "true"))
        path += "?" + urllib.parse.urlencode(query) if query else ""
        return self.method, path, None if self.by_query else body

    def check(self, answer):
        """The answer is one of those that the description tells of."""
        told = self.responses.get(str(answer.status)) or self.responses.get("default")
        told = self._resolve(told)
        kind = answer.headers.get("content-type", "").split(";")[0]
        assert kind in told.get("content", {"": {}}), (self, answer)
        if not kind.endswith("json"):
            return
        schema = {**told["content"][kind]["schema"], "components": self.document["components"]}
        wrong = jsonschema.Draft202012Validator(schema).iter_errors(answer.json)
        assert not [(error.json_path, error.message) for error in wrong], (self, answer)


def operations(document, own=False):
    """Those of the table; own: what the panel has beside it, too."""
    return [Operation(document, path, method, item) for path, methods in document["paths"].items()
            for method, item in methods.items()
            if method in METHODS and (own or "x-command" in item)]


class Line:
    """One connection for many requests, over the socket or HTTPS."""

    def __init__(self, browser):
        self.browser, self._connection = browser, None

    def ask(self, method, path, body=None, **headers) -> Answer:
        for last in (False, True):
            try:
                return self._exchange(method, API + path, *self.browser.dressed(body, headers))
            except (http.client.RemoteDisconnected, ConnectionError, BrokenPipeError):
                self.close()
                if last:
                    raise

    def _exchange(self, method, path, body, headers):
        panel = self.browser.panel
        if not self._connection:
            self._connection = (
                _LocalConnection(panel.socket) if self.browser._is_local else
                http.client.HTTPSConnection(*panel.address, timeout=60, context=panel.tls()))
        self._connection.request(method, path, body, headers)
        response = self._connection.getresponse()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()},
                      response.read())

    def close(self):
        if self._connection:
            self._connection.close()
        self._connection = None


def state_of(panel):
    """Everything that is kept, but for what each request leaves: when a session or token was used."""
    with contextlib.closing(sqlite3.connect(panel.data / "causeway.db", timeout=10)) as store:
        tables = [row[0] for row in store.execute(
            "SELECT name FROM sqlite_master WHERE type='table' AND name NOT LIKE 'sqlite%'")]
        kept = {}
        for table in tables:
            columns = [row[1] for row in store.execute(f"PRAGMA table_info({table})")]
            names = ",".join(c for c in columns if c not in ("seen", "used"))
            kept[table] = sorted(map(repr, store.execute(f"SELECT {names} FROM {table}")))
        return kept


def assert_problem(document, answer, status, field=None):
    """A problem as RFC 9457 has it, with that status and that field."""
    assert answer.status == status, answer
    assert answer.headers["content-type"] == "application/problem+json", answer
    schema = {"$ref": "#/components/schemas/Problem", "components": document["components"]}
    jsonschema.validate(answer.json, schema)
    assert " " in answer.json["detail"] and answer.json["status"] == status, answer
    if field is not None:
        assert answer.json.get("field", "") == field, (field, answer)
