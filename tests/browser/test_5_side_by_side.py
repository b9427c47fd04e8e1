"""Two administrators at the same thing: on the access page and with an import, whoever is later is told
who was faster, in his own language; nothing of his is saved, and then he sees what holds."""

import pytest

from lab.settings import LOCAL_DOMAIN, PROJECT

pytestmark = pytest.mark.xdist_group("browser-side-by-side")

BEHIND = "border"
BOB = f"bob@{LOCAL_DOMAIN}"
LYNC = PROJECT / "tests" / "unit" / "import" / "data" / "lync-2013.clixml"


def rule_of(causeway, user: str):
    rules = causeway.query("access", "list")["rules"]
    return next((one["xmpp"] for one in rules if one["name"] == user), None)


def row_of(browser, name: str) -> str:
    return next((one.text for one in browser.all("tbody tr") if name in one.text), "")


def hear_nothing(browser) -> None:
    """The window lets its events go, as one that is left; else it might show a change in time."""
    browser.script("dispatchEvent(new Event('pagehide'))")


def test_access_rules(causeway, signed_in):
    causeway.command("access", "set", "--user", BOB, "--xmpp", "false")
    browser = signed_in("slower", "access")
    browser.wait(lambda: "Not allowed" in row_of(browser, BOB), "the rule")
    hear_nothing(browser)
    causeway.command("access", "unset", "--user", BOB)
    causeway.command("access", "set", "--user", BOB, "--xmpp", "false")
    browser.press("Allow")
    browser.wait_text("made a change here")
    assert rule_of(causeway, BOB) is False
    browser.press("Close")
    browser.wait(lambda: not browser.all("dialog[open]"), "the end of the dialog")
    browser.press("Allow")  # of the rule as it is now
    browser.wait(lambda: rule_of(causeway, BOB), "the rule")

    browser.press("New rule")
    causeway.command("access", "set", "--user", f"new@{LOCAL_DOMAIN}", "--xmpp", "true")
    browser.fill("user", f"new@{LOCAL_DOMAIN}")
    browser.press("Commit")
    browser.wait_text("made a change here")
    assert rule_of(causeway, f"new@{LOCAL_DOMAIN}") is True
    browser.press("Commit")  # knowing what there is
    browser.wait(lambda: not browser.all("dialog[open]"), "the end of the dialog")
    assert rule_of(causeway, f"new@{LOCAL_DOMAIN}") is False


def test_import(causeway, signed_in):
    browser = signed_in("importer", "transfer")
    browser.choose("source", "Partners of Lync Server or Skype for Business")
    browser.field("document").send_keys(str(LYNC))
    browser.turn("partial")
    browser.press("Preview")
    browser.find(".import-preview table")
    causeway.command("partner", "new", "meanwhile.test")
    browser.press("Import")
    browser.wait_text("made a change here")
    browser.wait(lambda: not browser.all(".import-preview"), "the end of the preview")
    assert len(causeway.query("partner", "list")["partners"]) == 1
    browser.press("Preview")
    browser.find(".import-preview table")
    browser.press("Import")
    browser.wait_text("The file has been imported.")
    assert len(causeway.query("partner", "list")["partners"]) > 1
