"""Each page in each state for everybody: without eyes, without a mouse, on a phone."""

import pytest

from lab.browser import DESK, PHONE
from lab.settings import PARTNER_DOMAIN
from selenium.webdriver.common.keys import Keys

pytestmark = pytest.mark.xdist_group("everybody")

LOOKS = [(DESK, False), (DESK, True), (PHONE, False)]


@pytest.fixture(scope="module", autouse=True)
def partners(lab):
    lab.add_partner(description="Fabrikam, whom we know")
    lab.causeway.command("partner", "new", "down.test", "--additional", "a.test,b.test,c.test",
                         "--enabled", "false")
    lab.causeway.command("partner", "new", "münchen.test", "--type", "PublicUnverified")


def pages(browser):
    """Every page of the navigation."""
    links = browser.script("return [...document.querySelectorAll('nav a')].map(a => a.pathname)")
    assert "/partners" in links
    return links


def settled(browser) -> None:
    browser.wait(lambda: not browser.all("main [aria-busy='true']") and browser.heading,
                 "the page is there")


@pytest.mark.parametrize("size, dark", LOOKS, ids=["desk", "dark", "phone"])
def test_every_page(signed_in, axe, size, dark):
    """axe-core finds nothing, and nobody has to scroll sideways."""
    name = f"looker-{size[0]}-{dark}".lower()
    browser = signed_in(name, size=size, dark=dark)
    browser.wait_heading("XMPP federated partners")
    more = ["/new-partner", f"/partners/{PARTNER_DOMAIN}", f"/partners/{PARTNER_DOMAIN}/edit",
            f"/partners/{PARTNER_DOMAIN}/test", "/no/such/page", "/partners/not-listed.test"]
    found = {}
    for path in [*pages(browser), *more]:
        browser.open(path)
        settled(browser)
        wrong = browser.violations(axe)
        if browser.is_too_wide():
            wrong.append("one has to scroll sideways")
        if wrong:
            found[path] = wrong
    assert found == {}


def test_every_state(start, signed_in, axe):
    """What comes and goes: refusals, dialogs, the menu of a phone."""
    found = {}

    def look(browser, state: str) -> None:
        wrong = browser.violations(axe)
        if wrong:
            found[state] = wrong
    browser = start()
    browser.open()
    browser.fill("account", "nobody")
    look(browser, "the sign-in")
    browser.fill("password", "wrong")
    browser.press("Sign in")
    browser.find(".notice.error")
    look(browser, "a sign-in that failed")
    browser = signed_in("stateful", "new-partner", size=PHONE)
    browser.wait_heading("New partner")
    browser.press("Menu")
    look(browser, "the menu")
    browser.press("Menu")
    browser.fill("domain", "not a domain")
    browser.press("Commit")
    browser.find("[data-field].refused")
    look(browser, "a field that is refused")
    browser.press("Cancel")
    browser.find("dialog[open]")
    look(browser, "a question")
    browser.press("Cancel")
    assert browser.path == "/new-partner"
    assert browser.field("domain").get_attribute("value") == "not a domain"
    assert found == {}


def test_keyboard_alone(lab, signed_in):
    """A partner is made without a mouse; the focus is always seen."""
    browser = signed_in("typist")
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
    made = lab.causeway.query("partner", "get", "keyboard.test")
    assert made["additional"] == ["one.test", "two.test"]
    assert made["type"] == "PublicVerified"


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
