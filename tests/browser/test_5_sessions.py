"""Who may come in and for how long: accounts, tokens, viewers; what happens when the session or the
panel itself ends while somebody works; and the banner that everybody should see."""

import json
import os
import signal
import ssl
import urllib.error
import urllib.request

import pytest

from lab.browser import PASSWORD

pytestmark = pytest.mark.xdist_group("browser-sessions")

BEHIND = "border"


@pytest.fixture(scope="module", autouse=True)
def neighbours(border):
    border.allow("one.test", "also-one.test", description="as it was")


def ask(causeway, path: str, token: str):
    """Status and answer of a script's request."""
    request = urllib.request.Request(f"{causeway.panel_url}api/v1/{path}",
                                     headers={"Authorization": f"Bearer {token}"})
    trust = ssl.create_default_context(cafile=causeway.panel_certificate)
    try:
        with urllib.request.urlopen(request, context=trust, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refusal:
        return refusal.code, json.load(refusal)


def test_tokens(causeway, signed_in):
    """Shown once, good for requests, of no use once it is deleted."""
    browser = signed_in("maker", "accounts")
    browser.press("New token")
    browser.fill("days", "many")
    browser.press("Commit")
    browser.find("dialog [data-field='name'].refused")
    browser.fill("name", "nightly")
    browser.press("Commit")
    browser.find("dialog [data-field='days'].refused")
    browser.fill("days", "30")
    browser.press("Commit")
    token = browser.find("dialog code.once").text
    assert ask(causeway, "partners", token)[0] == 200
    browser.press("I have kept it")
    browser.wait(lambda: not browser.all("dialog[open]"), "the end of the dialog")
    assert token not in browser.script("return document.documentElement.outerHTML")
    browser.open("accounts")
    row = browser.wait(lambda: row_of(browser, "nightly"), "the token's row")
    assert "never" not in row
    assert token not in browser.script("return document.documentElement.outerHTML")
    browser.press("Delete nightly")
    browser.wait_text("Scripts that show this token are refused at once.")
    browser.press("Delete")
    browser.wait_text("There are no tokens.")
    assert ask(causeway, "partners", token)[0] == 401


def row_of(browser, name: str) -> str:
    return next((one.text for one in browser.all("tbody tr") if name in one.text), "")


def test_accounts(start, signed_in):
    """Made by an administrator; the one-time password is good for choosing another."""
    browser = signed_in("chief", "accounts")
    browser.press("New account")
    browser.fill("name", "newcomer")
    browser.press("Commit")
    one_time = browser.find("dialog code.once").text
    browser.press("I have kept it")
    assert "must be changed" in browser.wait(lambda: row_of(browser, "newcomer"), "the new row")
    newcomer = start()
    newcomer.open()
    newcomer.sign_in_first("newcomer", one_time)

    browser.press("Delete newcomer")  # as it was before the new password
    browser.press("Delete")
    browser.wait_text("newcomer made a change here")
    browser.press("Close")
    browser.wait(lambda: "must be changed" not in row_of(browser, "newcomer"), "the row anew")
    browser.press("Delete newcomer")
    browser.wait_text("Whoever uses this account is signed out at once.")
    browser.press("Delete")
    browser.wait(lambda: not row_of(browser, "newcomer"), "no such account any more")
    newcomer.press("Refresh")
    newcomer.wait_text("Your session has ended")


#: what a viewer's pages have; everything else would change something
HARMLESS = {"Refresh", "Look", "Filter", "Download", "Diagnose one.test", "Close", "Cancel"}


def test_viewer(causeway, signed_in):
    browser = signed_in("viewer", role="viewer")
    pages = browser.script("return [...document.querySelectorAll('nav a')].map(a => a.pathname)")
    restorable = causeway.query("audit", "list", "--object", "one.test")["audit"][0]["id"]
    offered = set()
    for path in [*pages, "/partners/one.test", f"/audit/{restorable}", "/partners/one.test/test"]:
        browser.open(path)
        browser.wait_settled()
        offered |= {one.accessible_name for one in browser.all("main :is(button, a.button)")
                    if "sort" not in one.get_attribute("class").split()}
    assert offered - HARMLESS == set()
    for path in ("partners/one.test/edit", "new-partner"):
        browser.open(path)
        browser.wait_settled()
        assert [one for one in browser.all("main [type=submit]") if one.is_enabled()] == []


def test_bodies_are_logged(causeway, signed_in):
    """Whoever looks at the settings sees it at once, whoever switched it on."""
    browser = signed_in("reader", "settings")
    browser.wait_settled()
    warning = "The text of messages is being written to the log."
    assert warning not in browser.text
    causeway.command("settings", "set", "--log-message-bodies", "true")
    browser.wait_text(warning)
    browser.wait(lambda: browser.field("log-message-bodies").is_selected(), "the switch is on")
    browser.turn("log-message-bodies")
    browser.press("Commit")
    browser.wait(lambda: warning not in browser.text, "the end of the warning")
    assert causeway.query("settings", "get")["log-message-bodies"] is False
    browser.press("Audit")
    browser.wait_text("Log message texts")


def test_panel_restarts(causeway, signed_in):
    """The page says that what it shows may be old, and recovers by itself."""
    browser = signed_in("patient")
    browser.wait_text("one.test")
    before = causeway.role("panel")
    os.kill(before, signal.SIGKILL)
    browser.wait_text("The connection to the panel is away")
    causeway.wait_role("panel", before, 15)
    browser.wait(lambda: "The connection to the panel is away" not in browser.text,
                 "the connection is back", 30)
    causeway.command("partner", "new", "after-it.test")
    browser.wait_text("after-it.test")


def test_many_windows(causeway, signed_in):
    """Browsers open six connections to a server and no more; windows that nobody looks at must not
    keep theirs, or the seventh waits for ever."""
    browser = signed_in("collector")
    first = browser.driver.current_window_handle
    for _ in range(7):
        browser.driver.switch_to.new_window("tab")
        browser.open("partners")
        browser.wait_text("one.test")
    for path in ("access", "contacts", "audit", "streams", "health", "settings", "partners"):
        browser.open(path)  # pages that one can go back to keep theirs no more
        browser.wait_settled()
    causeway.command("partner", "new", "later.test")
    browser.wait_text("later.test")
    browser.driver.switch_to.window(first)
    browser.wait_text("later.test")  # who comes back to a window sees what was missed


def test_session_ends(causeway, signed_in):
    """What was typed stays below the sign-in and can be saved after it; who only looked on is told
    by himself."""
    browser = signed_in("typist", "partners/one.test/edit")
    onlooker = signed_in("onlooker")
    onlooker.wait_text("one.test")
    browser.fill("description", "typed before the end")
    for name in ("typist", "onlooker"):
        causeway.command("session", "end", "--account", name)
    browser.press("Commit")
    browser.wait_text("Your session has ended")
    assert causeway.query("partner", "get", "one.test")["description"] == "as it was"
    assert browser.field("account").get_attribute("value") == "typist"
    browser.fill("password", PASSWORD)
    browser.press("Sign in")
    browser.wait(lambda: not browser.all("dialog[open]"), "the end of the dialog")
    assert browser.field("description").get_attribute("value") == "typed before the end"
    browser.press("Commit")
    browser.wait_heading("one.test")
    assert (causeway.query("partner", "get", "one.test")["description"]
            == "typed before the end")
    onlooker.wait_text("Your session has ended", 40)
    onlooker.press("Use another account; unsaved changes are lost")
    onlooker.wait_text("Sign in to the control panel.")
