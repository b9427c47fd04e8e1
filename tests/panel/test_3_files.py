"""The web application: its files, and no others (W04)."""

import pytest


def test_pages(panel):
    nobody = panel.browser()
    for path in ("//", "//partners", "//partners/fabrikam.test/edit", "//index.html"):
        answer = nobody.get(path)
        if path.endswith(".test/edit") or "." not in path.rpartition("/")[2] or "index" in path:
            assert answer.status == 200 and b"<title>Causeway" in answer.body, path
            assert answer.headers["content-type"] == "text/html; charset=utf-8"
            assert answer.headers["cache-control"] == "no-store"


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
