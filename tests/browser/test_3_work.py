"""What administrators do beside the life of a partner: two at once, streams, contacts, a test that
takes its time, a file of the system before. Behind the panel are scripted neighbours."""

import re
import threading

import pytest

from lab.scripted import Scripted
from lab.settings import LOCAL_DOMAIN, PROJECT

pytestmark = pytest.mark.xdist_group("browser-work")

BEHIND = "border"
ALICE = f"alice@{LOCAL_DOMAIN}"
LYNC = PROJECT / "tests" / "unit" / "import" / "data" / "lync-2013.clixml"


@pytest.fixture(scope="module", autouse=True)
def neighbours(border):
    return {name: border.partner(f"{name}.test", type="PublicUnverified")
            for name in ("one", "two")}


def test_unsaved_changes(signed_in):
    """Every way out asks first."""
    browser = signed_in("guardian", "partners")
    browser.press("Edit one.test")
    browser.fill("description", "typed for an hour")

    def stays() -> None:
        browser.wait_text("Discard the changes?")
        browser.press("Cancel")
        browser.wait(lambda: not browser.all("dialog[open]"), "the end of the question")
        assert browser.path == "/partners/one.test/edit"
        assert browser.field("description").get_attribute("value") == "typed for an hour"
    browser.press("Contacts")
    stays()
    browser.script("history.back()")
    stays()
    assert asks_before_unload(browser)
    browser.script("history.back()")
    browser.wait_text("Discard the changes?")
    browser.press("Discard")
    browser.wait_heading("XMPP federated partners")
    assert browser.path == "/partners"
    assert not asks_before_unload(browser)


def asks_before_unload(browser) -> bool:
    """Whether the browser would put its own question before it reads the page anew or goes away
    (the driver answers that one by itself, so that it is never seen)."""
    return browser.script("const event = new Event('beforeunload', {cancelable: true});"
                          "return !dispatchEvent(event)")


def test_two_administrators(causeway, signed_in):
    """The second one is told who was first, and nothing of either is lost."""
    first = signed_in("first", "partners/one.test/edit")
    second = signed_in("second", "partners/one.test/edit")
    second.fill("description", "of the second")
    first.fill("description", "of the first")
    first.choose("type", "Public verified")
    first.press("Commit")
    first.wait_heading("one.test")
    second.wait_text("Somebody has changed this partner since you began.")
    assert second.field("description").get_attribute("value") == "of the second"

    second.press("Commit")
    second.wait_text("Nothing of yours has been saved.")
    assert re.search(r"first changed this partner, [A-Z]\w+ \d+, 20\d\d", second.text)
    assert [cell.text for cell in second.all("table.differences tbody :is(th, td)")] == [
        "Description", "of the first", "of the second"]
    second.press("Cancel")
    second.wait(lambda: not second.all("dialog[open]"), "the end of the question")
    assert second.field("description").get_attribute("value") == "of the second"
    assert causeway.query("partner", "get", "one.test")["description"] == "of the first"

    second.press("Commit")
    second.wait_text("Nothing of yours has been saved.")
    second.press("Overwrite with mine")
    second.wait_heading("one.test")
    saved = causeway.query("partner", "get", "one.test")
    assert (saved["description"], saved["type"]) == ("of the second", "PublicVerified")
    first.wait_text("of the second")  # whose page was open


def test_steps_come_one_by_one(border, signed_in):
    """The partner takes its time; what is known meanwhile is there."""
    may_go_on = threading.Event()

    def talk(_server, stream):
        stream.expect("stream")
        may_go_on.wait(60)
    place = border.address(), border.settings.xmpp_port
    border.publish("slow.test", place)
    border.allow("slow.test")
    border.enter(Scripted(place, border.authority, border.authority.issue("slow", "slow.test"),
                          talk))
    browser = signed_in("tester", "partners/slow.test/test")
    browser.press("Start the test")
    browser.wait(lambda: ["DNS", "Servers (SRV)", "TCP"] == steps(browser), "the first steps")
    browser.wait_text("Testing…")
    assert not browser.all(".verdict")
    may_go_on.set()
    browser.wait_text("Failed.", 40)
    assert steps(browser)[:3] == ["DNS", "Servers (SRV)", "TCP"]
    assert "Result" in steps(browser)


def steps(browser):
    return [one.text for one in browser.all(".two section:first-child .step-head strong")]


def test_streams_are_closed(border, causeway, signed_in, neighbours):
    for name in neighbours:
        assert border.sip.ask(ALICE, f"juliet@{name}.test", "hello") in (200, 202)
    browser = signed_in("closer", "streams")

    def partners():
        return [a.text for a in browser.all("tbody td:first-child a")]
    browser.wait(lambda: partners() == ["one.test", "two.test"], "both streams")
    browser.press("Partner")
    browser.wait(lambda: partners() == ["two.test", "one.test"], "the other order")
    two = next(s for s in causeway.query("stream", "list")["streams"] if s["partner"] == "two.test")
    browser.press(f"Close stream {two['id']}")
    browser.wait_text("Close the stream with two.test?")
    browser.press("Close")
    browser.wait(lambda: partners() == ["one.test"], "one stream")
    assert [s["partner"] for s in causeway.query("stream", "list")["streams"]] == ["one.test"]
    browser.wait(lambda: neighbours["two"].ends, "its end at the partner")


def test_contacts(border, causeway, signed_in):
    assert border.sip.ask(ALICE, "romeo@two.test", "hello") in (200, 202)
    browser = signed_in("keeper", "contacts")
    browser.fill("partner", "two.test")
    browser.press("Filter")
    browser.press(f"Remove the contact of {ALICE} with romeo@two.test")
    browser.wait_text("romeo@two.test is no longer invited by")
    browser.press("Remove")
    browser.wait(lambda: "romeo@two.test" not in browser.find("main").text, "the contact is gone")
    assert not [c for c in causeway.query("contact", "list")["contacts"]
                if c["contact"] == "romeo@two.test"]

    browser.press("Block an address")
    browser.fill("user", "not an address")
    browser.fill("address", "two.test")
    browser.press("Block")
    browser.find("dialog [data-field='user'].refused")
    browser.fill("user", ALICE)
    browser.press("Block")
    browser.wait_text("Blocked.")
    assert [b["blocked"] for b in causeway.query("contact", "blocks")["blocks"]] == ["two.test"]
    browser.press("Unblock")
    browser.wait_text("Nobody is blocked.")
    assert causeway.query("contact", "blocks")["blocks"] == []


def test_import_of_lync(causeway, signed_in):
    """The partner whose settings contradict each other is refused with the ways to mend it; the
    others come in when that is asked for."""
    browser = signed_in("importer", "transfer")
    browser.choose("source", "Partners of Lync Server or Skype for Business")
    browser.field("document").send_keys(str(LYNC))
    browser.press("Preview")
    browser.wait_text("2 new, 0 changed, 0 removed, 0 as they are, 1 refused.")
    refused = next(one.text for one in browser.all("tbody tr") if "jabber.test" in one.text)
    assert "refused" in refused
    assert "SASL is Optional and TLS is NotSupported, but SASL needs TLS. Either set TLS" in refused
    assert "or set SASL to NotSupported" in refused
    assert "Nothing can be imported while entries are refused" in browser.text
    assert "Import" not in [one.text for one in browser.all("main button")]
    browser.turn("partial")
    browser.wait(lambda: not browser.all(".import-preview"), "a preview of something else is gone")
    browser.press("Preview")
    browser.wait_text("What the import would do")
    imported = {"fabrikam.test", "gmail.test", "jabber.test"}
    assert imported & domains_of(causeway) == set()
    browser.press("Import")
    browser.wait_text("What the import did")
    assert imported & domains_of(causeway) == {"fabrikam.test", "gmail.test"}


def domains_of(causeway):
    return {one["domain"] for one in causeway.query("partner", "list")["partners"]}
