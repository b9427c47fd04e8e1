"""The web application: its files, and no others (W04)."""

import gzip

import pytest


def test_pages(panel):
    nobody = panel.browser()
    for path in ("//", "//partners", "//partners/fabrikam.test/edit", "//index.html"):
        answer = nobody.get(path)
        if path.endswith(".test/edit") or "." not in path.rpartition("/")[2] or "index" in path:
            assert answer.status == 200 and b"<title>Causeway" in answer.body, path
            assert answer.headers["content-type"] == "text/html; charset=utf-8"
            assert answer.headers["cache-control"] == "no-cache"


def test_page_of_two_addresses(panel):
    """What a contact's page has for its path, as the browser writes it, can be opened at once."""
    nobody = panel.browser()
    for user in ("alice%40contoso.test", "o'brien+im%40contoso.test", "%5C3csvg%5C20x%40a.test",
                 "j%C3%BCrgen%40contoso.test", "alice@contoso.test"):
        answer = nobody.get(f"//contacts/{user}/juliet%40fabrikam.test")
        assert answer.status == 200 and b"<title>Causeway" in answer.body, user
    assert nobody.get("//assets/alice%40contoso.test.js").status == 404
    assert nobody.get("//a%40b.js").status == 404


def test_unchanged(panel):
    """What a browser has is not sent again; what changed meanwhile is."""
    nobody = panel.browser()
    for path in ("//", "//assets/index-Bx31_aC9.js"):
        first = nobody.get(path)
        tag = first.headers["etag"]
        for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
            again = nobody.get(path, If_None_Match=known)
            assert again.status == 304 and again.body == b"" and again.headers["etag"] == tag
            assert again.headers["cache-control"] == first.headers["cache-control"]
        assert nobody.get(path, If_None_Match='"0000000000000000"').body == first.body
    page = panel.files / "index.html"
    tag, before = nobody.get("//").headers["etag"], page.read_text()
    page.write_text(before + "<p>new")
    answer = nobody.get("//", If_None_Match=tag)
    assert answer.status == 200 and answer.headers["etag"] != tag
    page.write_text(before)


def test_compressed(panel):
    """As it was built, for who takes it; and files alone."""
    nobody, path = panel.browser(), "//assets/packed-Bx31_aC9.js"
    file = panel.files / path[2:]
    text = b"export {};\n" * 1000
    file.write_bytes(text)
    file.with_name(file.name + ".gz").write_bytes(gzip.compress(text))
    packed = nobody.get(path, Accept_Encoding="gzip, br")
    assert packed.headers["content-encoding"] == "gzip" and gzip.decompress(packed.body) == text
    assert packed.headers["content-type"] == "text/javascript; charset=utf-8"
    for sent in (None, "identity", "gzip;q=0", "br"):
        plain = nobody.get(path, Accept_Encoding=sent)
        assert plain.body == text and "content-encoding" not in plain.headers
        assert plain.headers["etag"] != packed.headers["etag"]
        assert plain.headers["vary"] == packed.headers["vary"] == "Accept-Encoding"
    assert nobody.get(path, Accept_Encoding="gzip",
                      If_None_Match=packed.headers["etag"]).status == 304
    assert nobody.get(path + ".gz").status == 404
    assert b"<title>" in nobody.get("//", Accept_Encoding="gzip").body, "there is none beside it"
    admin = panel.account("packer")
    for path in ("/partners", "/session", "/openapi.json"):
        assert "content-encoding" not in admin.get(path, Accept_Encoding="gzip").headers


def test_asset(panel):
    answer = panel.browser().get("//assets/index-Bx31_aC9.js")
    assert answer.status == 200 and answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]
    assert panel.browser().ask("HEAD", "//assets/index-Bx31_aC9.js").body == b""
    assert panel.browser().post("//assets/index-Bx31_aC9.js").status == 405


@pytest.mark.parametrize("path", [
    "/setup/setup-s/%u002e%u002e/%u002e%u002e/secret.txt", "/..;/secret.txt", "/../secret.txt",
    "/static/..%2f..%2f..%2fetc/passwd", "/%252e%252e/secret.txt", "/%2e%2e/secret.txt",
    "/assets/../../secret.txt", "//secret.txt", "//etc/passwd", "/assets//index-Bx31_aC9.js",
    "/assets/.hidden.js", "/.git/config", "/assets/index-Bx31_aC9.js/", "/assets/no.js",
    "/index.html%00.js", "/assets/index-Bx31_aC9.js%00", "/secret.txt", "/etc/passwd.txt"])
def test_outside(panel, path):
    answer = panel.browser().ask("GET", "/" + path)
    assert answer.status in (200, 400, 404), answer
    for text in (b"secret", b"root:", b"hidden"):
        assert text not in answer.body
    if answer.status == 200:
        assert b"<title>Causeway" in answer.body, "a page of the application"


def test_link_out(panel):
    """A link in the directory leads nowhere that the process may not read."""
    (panel.files / "passwd.txt").symlink_to("/etc/shadow")
    assert panel.browser().get("//passwd.txt").status == 404
