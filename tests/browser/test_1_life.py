"""The life of a partner, from the first sign-in until it is deleted, with Prosody as the partner."""

import pytest

from lab.browser import PASSWORD
from lab.settings import PARTNER_DOMAIN
from lab.stack import local, partner

pytestmark = pytest.mark.xdist_group("life")


@pytest.fixture(scope="module")
def talk(lab):
    """Sends a message each way; both must arrive."""
    def both_ways(text: str) -> None:
        alice, juliet = lab.sip("alice"), lab.xmpp("juliet")
        assert alice.send(partner("juliet"), f"{text}, out").status in (200, 202)
        juliet.wait_for(f"{text}, out")
        juliet.send(local("alice"), f"{text}, back")
        alice.wait_for(f"{text}, back")
    return both_ways


def test_life_of_a_partner(lab, start, talk):
    browser = start()
    browser.open()
    one_time = lab.causeway.first_password
    browser.sign_in("administrator", one_time)
    browser.wait_heading("Choose a password")
    browser.fill("old", one_time)
    browser.fill("new", PASSWORD)
    browser.fill("repeated", PASSWORD)
    browser.press("Change the password")
    browser.wait_heading("XMPP federated partners")
    browser.wait_text("There are no partners yet.")

    refused_then_saved(browser)
    assert [p["domain"] for p in lab.causeway.query("partner", "list")["partners"]] == [
        PARTNER_DOMAIN]

    browser.press("XMPP federated partners")
    browser.wait(lambda: row(browser).find_element("css selector", ".streams.down"), "no stream")
    talk("first")
    live = browser.wait(lambda: row(browser).find_element("css selector", ".streams.up").text,
                        "the streams come up without a reload")
    assert "SASL" in live

    browser.press(f"Test {PARTNER_DOMAIN}")
    browser.wait_heading(f"Test {PARTNER_DOMAIN}")
    browser.wait_text("Passed.", 40)

    browser.press(PARTNER_DOMAIN)
    edit(browser, "Not supported")
    browser.wait_text("There are none at this moment.")
    assert lab.sip("alice").send(partner("juliet"), "now?").status == 504
    browser.wait(lambda: browser.all(".attempts .result.failed, .attempts .result.refused"),
                 "the failure is shown")
    edit(browser, "Optional")
    talk("second")
    browser.wait(lambda: "SASL" in browser.find("section table").text, "a new stream is shown")

    browser.press("Delete")
    browser.wait_text(f"Delete {PARTNER_DOMAIN}?")
    browser.wait_text("closed at once.")
    browser.press("Delete")
    browser.wait_heading("XMPP federated partners")
    browser.wait_text("There are no partners yet.")
    assert lab.causeway.query("partner", "list")["partners"] == []


def refused_then_saved(browser) -> None:
    """The one combination that contradicts itself is told while it is chosen, and refused."""
    browser.press("New")
    browser.wait_heading("New partner")
    browser.fill("domain", PARTNER_DOMAIN)
    browser.choose("tls", "Not supported")
    browser.choose("sasl", "Required")
    browser.find(".preview.invalid")
    browser.press("Commit")
    field = browser.find("[data-field].refused")
    control = field.find_element("css selector", "input, select")
    assert control.get_attribute("aria-invalid") == "true"
    browser.wait(lambda: control == browser.driver.switch_to.active_element, "focus on the field")
    assert browser.path == "/new-partner"
    browser.choose("tls", "Required")
    browser.find(".preview:not(.invalid)")
    browser.press("Commit")
    browser.wait_text(f"{PARTNER_DOMAIN} has been saved.")
    browser.wait_heading(PARTNER_DOMAIN)


def edit(browser, sasl: str) -> None:
    browser.press("Edit")
    browser.wait(lambda: browser.path.endswith("/edit"), "the form")
    browser.choose("sasl", sasl)
    browser.wait_text("There are unsaved changes.")
    browser.press("Commit")
    browser.wait_heading(PARTNER_DOMAIN)


def row(browser):
    return browser.find(f"tr[data-domain='{PARTNER_DOMAIN}']")
