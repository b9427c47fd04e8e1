"""How the API answers: problems, entity tags, conditions, lists, bad JSON, headers (W14, W17)."""

import json

import pytest


@pytest.fixture(scope="module")
def admin(panel):
    return panel.account("manners")


def make(admin, domain, **fields):
    answer = admin.post("/partners", {"domain": domain, **fields})
    assert answer.status == 201, answer
    return answer


def test_made(admin):
    answer = make(admin, "made.test")
    assert answer.headers["location"] == "/api/v1/partners/made.test"
    assert answer.headers["etag"] == '"1"'
    shown = admin.get("/partners/made.test")
    assert shown.status == 200 and shown.headers["etag"] == '"1"'
    assert shown.headers["content-type"] == "application/json"
    again = admin.post("/partners", {"domain": "made.test"})
    assert again.status == 409 and again.json["status"] == 409
    assert again.headers["content-type"] == "application/problem+json"


def test_head(admin):
    make(admin, "head.test")
    whole, head = admin.get("/partners/head.test"), admin.ask("HEAD", "/partners/head.test")
    assert head.status == 200 and head.body == b""
    assert head.headers["content-length"] == str(len(whole.body))
    assert head.headers["etag"] == whole.headers["etag"]


def test_not_modified(admin):
    make(admin, "same.test")
    tag = admin.get("/partners/same.test").headers["etag"]
    answer = admin.get("/partners/same.test", If_None_Match=tag)
    assert answer.status == 304 and answer.body == b"" and answer.headers["etag"] == tag
    assert admin.patch("/partners/same.test", {"description": "x"}, If_Match=tag,
                       If_None_Match=tag).status == 200
    assert admin.get("/partners/same.test", If_None_Match=tag).status == 200


def test_two_administrators(panel, admin):
    """The second one hears who was quicker, and nothing of the first one's is lost."""
    other = panel.account("other")
    make(admin, "both.test")
    tag = admin.get("/partners/both.test").headers["etag"]
    path = "/partners/both.test"
    assert other.patch(path, {"description": "first"}, If_Match=tag).status == 200
    late = admin.patch(path, {"description": "second"}, If_Match=tag)
    assert late.status == 412 and late.json["conflict"]["who"] == "other"
    assert admin.get(path).json["description"] == "first"
    # A browser must say what it saw; a script need not.
    assert admin.patch(path, {"description": "blind"}).status == 428
    assert admin.delete(path).status == 428
    assert panel.token("blind").patch(path, {"description": "blind"}).status == 200
    assert admin.patch(path, {"description": "any"}, If_Match="*").status == 200
    assert admin.patch(path, {"description": "x"}, If_Match="nonsense").status == 400


def test_two_conditions(panel, admin):
    """Two lines are a list (RFC 9110 section 5.3), which is refused as in one line: a change is not
    made as if there were no condition."""
    make(admin, "conditions.test")
    token = panel.token("conditions").headers["Authorization"]
    answer = panel.raw(f"DELETE /api/v1/partners/conditions.test HTTP/1.1\r\nHost: {panel.host}\r\n"
                       f"Authorization: {token}\r\nIf-Match: \"7\"\r\nIf-Match: \"8\"\r\n"
                       "Connection: close\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert admin.get("/partners/conditions.test").status == 200


def test_dry_run(admin):
    make(admin, "dry.test")
    tag = admin.get("/partners/dry.test").headers["etag"]
    answer = admin.patch("/partners/dry.test?dry_run=true", {"description": "x"}, If_Match=tag)
    assert answer.status == 200 and answer.json["saved"] is False
    assert admin.get("/partners/dry.test").json["description"] == ""


def test_pages(admin):
    for number in range(5):
        make(admin, f"page{number}.test")
    seen, path = [], "/partners?limit=2"
    while path:
        answer = admin.get(path).json
        assert len(answer["partners"]) <= 2
        seen += [partner["domain"] for partner in answer["partners"]]
        path = answer["next"] and f"/partners?limit=2&cursor={answer['next']}"
    assert len(seen) == len(set(seen)) and {f"page{n}.test" for n in range(5)} <= set(seen)
    assert admin.get("/partners?limit=0").status == 400


def test_nothing_there(admin):
    for path in ("/no", "/partners/no.test", "/partners/a/b/c", "//api/v2/partners", "//api"):
        answer = admin.get(path)
        assert answer.status == 404 and answer.json["title"] == "Not Found"


BAD_JSON = {
    "unknown key": b'{"domain":"w14.test","is_admin":true}',
    "duplicate key": b'{"domain":"w14.test","domain":"w14b.test"}',
    "wrong type": b'{"domain":"w14.test","dialback":"yes"}',
    "number": b'{"domain":"w14.test","connection-limit":1e400}',
    "negative": b'{"domain":"w14.test","connection-limit":-1}',
    "depth": b'{"domain":' + b"[" * 100000 + b"]" * 100000 + b"}",
    "NUL escaped": b'{"domain":"w14.test","description":"a\\u0000b"}',
    "NUL": b'{"domain":"w14.test","description":"a\x00b"}',
    "lone surrogate": b'{"domain":"w14.test","description":"\\ud800"}',
    "BOM": b'\xef\xbb\xbf{"domain":"w14.test"}',
    "UTF-16": '{"domain":"w14.test"}'.encode("utf-16"),
    "Latin-1": b'{"domain":"w14.test","description":"\xe9"}',
    "array": b'["w14.test"]',
    "two documents": b'{"domain":"w14.test"}{}',
    "comment": b'{"domain":"w14.test"/**/}',
    "nothing": b"",
    "half": b'{"domain":"w14.test"',
}


@pytest.mark.parametrize("name", BAD_JSON)
def test_bad_json(admin, name):
    answer = admin.ask("POST", "/partners", BAD_JSON[name])
    assert answer.status == 400 and answer.json["detail"].endswith("."), answer
    assert admin.get("/partners/w14.test").status == 404


def test_large(admin):
    answer = admin.ask("POST", "/partners", b'{"description":"' + b"a" * (1 << 20) + b'"}')
    assert answer.status == 413
    assert admin.ask("POST", "/import", b'{"x":"' + b"a" * (1 << 20) + b'"}', If_Match="*").status == 400


def test_field(admin):
    answer = admin.post("/partners", {"domain": "field.test", "tls": "Maybe"})
    assert answer.status == 400 and answer.json["field"] == "/tls"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", None,
                                  "application/json; charset=latin-1", "multipart/form-data"])
def test_content_type(admin, kind):
    answer = admin.ask("POST", "/partners", {"domain": "type.test"}, Content_Type=kind)
    assert answer.status == 415
    assert admin.get("/partners/type.test").status == 404


def test_hostile_text(admin):
    """W05, W19: text stays text."""
    text = "\"><img src=x onerror=alert(1)>{{7*7}}'); DROP TABLE partner;--%_"
    make(admin, "text.test", description=text)
    answer = admin.get("/partners/text.test")
    assert answer.json["description"] == text
    assert answer.headers["content-type"] == "application/json"


def test_no_new_header(admin):
    """W16: what is asked for never becomes a line of the answer's head."""
    for path in ("/partners/a%0d%0aSet-Cookie:%20x=1", "//a%0d%0aSet-Cookie:%20x=1",
                 "/partners?match=%0d%0aX-Y:1", "//?next=//evil.test"):
        answer = admin.get(path)
        assert "set-cookie" not in answer.headers and "x-y" not in answer.headers
        assert "location" not in answer.headers


def test_headers(panel, admin):
    """W17: on every answer, whatever it is."""
    nobody = panel.browser()
    for answer in (admin.get("/partners"), admin.get("/no"), nobody.get("/partners"),
                   nobody.get("//"), nobody.get("//assets/index-Bx31_aC9.js"),
                   nobody.get("//no.js"), nobody.post("/session", b"{")):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["strict-transport-security"].startswith("max-age=")
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        if b"<title>" not in answer.body and b"export" not in answer.body:
            assert answer.headers["cache-control"] == "no-store"


def test_openapi(panel, admin):
    document = admin.get("/openapi.json").json
    assert document["openapi"].startswith("3.1") and "/partners/{domain}" in document["paths"]
    assert panel.browser().get("/openapi.json").status == 401


def test_command_line(panel):
    """The command line asks the panel, and its changes carry the name of who made them."""
    done = panel.command("partner", "new", "cli.test")
    assert done.returncode == 0, done.stderr
    row = json.loads(panel.command("audit", "list", "--json").stdout)["audit"][0]
    assert row["who"].startswith("cli:")
    assert "path=/api/v1/partners" in panel.output()
