"""Without a mouse: a partner is made, changed and deleted; where the focus is can always be seen."""

import pytest

from lab.browser import PASSWORD
from selenium.webdriver.common.keys import Keys

pytestmark = pytest.mark.xdist_group("browser-keyboard")

BEHIND = "border"


def tab_to(browser, name: str) -> None:
    for _ in range(60):
        browser.keys(Keys.TAB)
        assert browser.script(
            "const s = getComputedStyle(document.activeElement);"
            "return document.activeElement === document.body || s.outlineStyle !== 'none'"
            " || s.boxShadow !== 'none'"), f"nobody sees the focus on {browser.focus_name()!r}"
        if browser.focus_name().startswith(name):
            return
    raise AssertionError(f"the focus never came to {name!r}")


def test_keyboard_alone(causeway, start):
    causeway.new_account("typist", PASSWORD)
    browser = start()
    browser.open()
    browser.wait(lambda: browser.focus_name() == "Account", "the focus where one begins")
    browser.keys("typist", Keys.TAB, PASSWORD, Keys.ENTER)
    browser.wait_heading("XMPP federated partners")
    tab_to(browser, "New")
    browser.keys(Keys.ENTER)
    browser.wait_heading("New partner")
    assert browser.focus_name() == "New partner", "who cannot see hears where he is"
    tab_to(browser, "Primary domain")
    browser.keys("keyboard.test")
    tab_to(browser, "Additional domains")
    browser.keys("one.test two.test", Keys.ENTER)
    tab_to(browser, "Partner type")
    browser.keys("Public v")
    tab_to(browser, "Keep-alive")
    browser.keys(Keys.SPACE)
    tab_to(browser, "Commit")
    browser.keys(Keys.ENTER)
    browser.wait_heading("keyboard.test")
    made = causeway.query("partner", "get", "keyboard.test")
    assert made["additional"] == ["one.test", "two.test"]
    assert (made["type"], made["keep-alive"]) == ("PublicVerified", False)

    tab_to(browser, "Edit")
    browser.keys(Keys.ENTER)
    browser.wait_heading("Edit keyboard.test")
    tab_to(browser, "Description")
    browser.keys("typed")
    tab_to(browser, "Remove one.test")
    browser.keys(Keys.ENTER)
    browser.wait(lambda: browser.focus_name() == "Remove two.test", "the focus on the next one")
    tab_to(browser, "Commit")
    browser.keys(Keys.ENTER)
    browser.wait_heading("keyboard.test")
    changed = causeway.query("partner", "get", "keyboard.test")
    assert (changed["description"], changed["additional"]) == ("typed", ["two.test"])

    delete(causeway, browser)


def delete(causeway, browser) -> None:
    """The question keeps the focus, Escape is no, and afterwards the focus is where it was."""
    tab_to(browser, "Delete")
    browser.keys(Keys.ENTER)
    browser.wait_text("Delete keyboard.test?")
    for _ in range(6):
        browser.keys(Keys.TAB)
        assert browser.script("const now = document.activeElement;"
                              "return now === document.body || !!now.closest('dialog')")
    browser.keys(Keys.ESCAPE)
    browser.wait(lambda: not browser.all("dialog[open]"), "the end of the question")
    assert browser.focus_name() == "Delete"
    assert causeway.query("partner", "get", "keyboard.test")["domain"] == "keyboard.test"
    browser.keys(Keys.ENTER)
    browser.wait_text("Delete keyboard.test?")
    tab_to(browser, "Delete")
    browser.keys(Keys.ENTER)
    browser.wait_heading("XMPP federated partners")
    browser.wait_text("There are no partners yet.")
    assert causeway.query("partner", "list")["partners"] == []
