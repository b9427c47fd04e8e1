"""The life of a partner, from the first sign-in until it is deleted, with Prosody as the partner."""

import pytest

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
    browser.sign_in_first("administrator", lab.causeway.first_password)
    browser.wait_text("There are no partners yet.")

    refused_then_saved(browser, lab.causeway)
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

    restore_the_last(browser)
    open_partner(browser)
    talk("second")
    browser.wait(lambda: "SASL over TLS" in browser.find("section table").text,
                 "a new stream is shown")

    browser.press("Delete")
    browser.wait_text(f"Delete {PARTNER_DOMAIN}?")
    browser.wait_text("closed at once.")
    browser.press("Delete")
    browser.wait_heading("XMPP federated partners")
    browser.wait_text("There are no partners yet.")
    assert lab.causeway.query("partner", "list")["partners"] == []


def refused_then_saved(browser, causeway) -> None:
    """The one combination that contradicts itself is told while it is chosen, and refused."""
    browser.press("New")
    browser.wait_heading("New partner")
    browser.fill("domain", PARTNER_DOMAIN)
    browser.choose("tls", "Not supported")
    browser.choose("sasl", "Required")
    browser.find(".preview.invalid")
    browser.press("Commit")
    refused = browser.find("[data-field].refused")
    control = refused.find_element("css selector", "input, select")
    browser.wait(lambda: control == browser.driver.switch_to.active_element, "focus on the field")
    assert control.get_attribute("aria-invalid") == "true"
    beside = refused.find_element("css selector", ".refusal")
    assert beside.text == ("SASL needs TLS: set TLS to Required or Optional, or SASL to Not "
                           "supported.")
    assert beside.get_attribute("id") in control.get_attribute("aria-describedby").split()
    assert browser.path == "/new-partner"
    assert causeway.query("partner", "list")["partners"] == []
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


def restore_the_last(browser) -> None:
    """The change before is shown as a difference, what its undoing would do as well."""
    browser.press("Audit")
    browser.wait_heading("Audit")
    browser.fill("object", PARTNER_DOMAIN)
    browser.press("Filter")
    browser.wait(lambda: all(PARTNER_DOMAIN in one.text for one in browser.all("tbody tr")),
                 "rows on the partner alone")
    browser.find("tbody tr:first-child a").click()
    browser.wait(lambda: difference(browser) == [["SASL negotiation", "Required", "Not supported"]],
                 "what was changed")
    browser.press("Audit")
    before = browser.wait(lambda: browser.all("tbody tr a")[1:2], "the revision before it")[0]
    before.click()
    browser.press("Restore")
    browser.wait_text("Bring back this state?")
    assert difference(browser, "dialog[open] ") == [
        ["SASL negotiation", "Not supported", "Required"]]
    browser.press("Restore")
    browser.wait_text("It has been brought back.")


def difference(browser, inside: str = ""):
    """Field, before and after of each row."""
    return [[cell.text for cell in one.find_elements("css selector", "th, td")]
            for one in browser.all(f"{inside}table.diff tbody tr")]


def open_partner(browser) -> None:
    browser.press("XMPP federated partners")
    browser.press(PARTNER_DOMAIN)
    browser.wait_heading(PARTNER_DOMAIN)


def row(browser):
    return browser.find(f"tr[data-domain='{PARTNER_DOMAIN}']")
