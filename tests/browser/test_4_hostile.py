"""W05 and W06: whatever partners, certificates, name servers and users can supply is shown letter by
letter wherever it is shown, and does nothing.

A row of PLACES names a page and the texts that must be read there; that nothing of them became an
element is looked for on each page, and the policy for contents would have complained besides.
"""

import html

import pytest

from lab import rogue
from lab.nameserver import Name
from lab.scripted import Scripted, says, stream_error
from lab.settings import LOCAL_DOMAIN

pytestmark = pytest.mark.xdist_group("browser-hostile")

DESCRIPTIONS = [
    "<img src=x onerror=document.title='owned'>",
    "<script>document.title='owned'</script>",
    "\"'><svg onload=document.title='owned'>",
    "javascript:document.title='owned'",
    "{{constructor.constructor('document.title=1')()}}",
]
AUTHORITY = "<img src=x onerror=document.title=1>"
SUBJECT = "<svg onload=document.title=2>"
NAME = "<svg onload=document.title=3>"
ERROR = "</text><script>document.title=4</script>"
SENDER = "<svg onload=document.title=5>.test"
HOST = "<svg onload=title=6>.hosts.test"
TOKEN = "<script>document.title=7</script>"

BEHIND = "border"
OPTIONS = {"authority_name": AUTHORITY}


def greets_as(sender: str):
    """The answer to our stream header comes from somebody with that name."""
    def talk(_server, stream):
        stream.expect("stream")
        stream.header(html.escape(sender), stream.opening.get("from"), " id='x'")
        stream.wait_end(60)
    return talk


def scripted(border, domain: str, talk) -> None:
    place = border.address(), border.settings.xmpp_port
    border.publish(domain, place)
    border.allow(domain)
    border.enter(Scripted(place, border.authority, border.authority.issue(domain, domain), talk))


def with_certificate(border, domain: str, pair) -> rogue.Partner:
    place = border.address(), border.settings.xmpp_port
    border.publish(domain, place)
    border.allow(domain)
    return border.enter(rogue.Partner(place, border.authority, pair))


@pytest.fixture(scope="module", autouse=True)
def neighbours(border):
    for i, text in enumerate(DESCRIPTIONS):
        border.causeway.command("partner", "new", f"described-{i}.test", "--description", text)
    authority = border.authority
    ready = with_certificate(border, "ready.test", authority.issue_called(
        "ready", SUBJECT, "ready.test", NAME))
    with_certificate(border, "wrong.test", authority.issue("wrong", NAME))
    scripted(border, "error.test", says(
        f"<stream:stream xmlns='{rogue.SERVER}' xmlns:stream='{rogue.STREAMS}' from='error.test' "
        f"id='x' version='1.0'>{stream_error('undefined-condition', html.escape(ERROR))}"))
    scripted(border, "sender.test", greets_as(SENDER))
    border.allow("host.test")
    border.names.zone["_xmpp-server._tcp.host.test"] = Name(SRV=[(0, 5, 5269, HOST)])
    border.causeway.command("token", "new", TOKEN, "--role", "viewer")
    for domain in ("ready", "wrong", "error", "sender", "host"):
        border.sip.send(f"alice@{LOCAL_DOMAIN}", f"juliet@{domain}.test", "hello")
    ready_then_contact(border, ready)
    yield


def ready_then_contact(border, server) -> None:
    """A user whose name no server would give away."""
    status = border.sip.ask(f"alice@{LOCAL_DOMAIN}", "%3Csvg%20onload%3Dx%3E@ready.test", "hello")
    assert status in (200, 202)
    assert server.ready


#: an empty list: the page says that something was wrong there, not in whose words
PLACES = [
    ("partners", DESCRIPTIONS),
    *((f"partners/described-{i}.test", [text]) for i, text in enumerate(DESCRIPTIONS)),
    *((f"partners/described-{i}.test/edit", [text]) for i, text in enumerate(DESCRIPTIONS)),
    ("partners/ready.test", [SUBJECT, AUTHORITY]),
    ("partners/wrong.test", [NAME, AUTHORITY]),
    ("partners/error.test", [ERROR]),
    ("partners/sender.test", []),
    ("partners/host.test", []),
    ("contacts", ["\\3csvg\\20onload=x\\3e@ready.test"]),
    ("health", [AUTHORITY]),
    ("accounts", [TOKEN]),
    ("audit", [TOKEN]),
]


def read(browser) -> str:
    """All that is on the page, what is folded up and what stands in fields as well."""
    return browser.script(
        "document.querySelectorAll('details').forEach(one => one.open = true);"
        "return document.body.innerText + [...document.querySelectorAll('input, textarea')]"
        ".map(one => '\\n' + one.value).join('')")


def assert_unharmed(browser) -> None:
    assert browser.driver.title.endswith("– Causeway")
    assert browser.script(
        "return [...document.querySelectorAll('img, iframe, object, embed, base, body script, "
        "[onload], [onerror], a[href^=\"javascript\"]')]"
        ".map(one => one.outerHTML)") == []


def assert_read(browser, *texts: str) -> None:
    for text in texts:
        browser.wait(lambda text=text: text in read(browser), f"the text {text}")
    assert_unharmed(browser)


def test_hostile_texts(signed_in):
    browser = signed_in("victim")
    for path, texts in PLACES:
        browser.open(path)
        browser.wait_settled()
        assert_read(browser, *texts)


def test_hostile_revisions(signed_in, causeway):
    """A difference, and the question before it is undone."""
    browser = signed_in("restorer", "audit")
    for i, text in enumerate(DESCRIPTIONS):
        causeway.command("partner", "set", f"described-{i}.test", "--description", "harmless")
        rows = causeway.query("audit", "list", "--object", f"described-{i}.test")["audit"]
        browser.open(f"audit/{rows[0]['id']}")
        browser.wait_settled()
        assert_read(browser, text)
        browser.open(f"audit/{rows[1]['id']}")
        browser.press("Restore")
        browser.find("dialog[open]")
        assert_read(browser, text)
        browser.press("Restore")
        browser.wait_heading("Audit")


def test_hostile_streams(signed_in):
    """The facts of a stream have the certificate of its partner."""
    browser = signed_in("watcher", "streams")
    browser.find("tbody a[href^='/streams/']").click()
    assert_read(browser, SUBJECT, AUTHORITY)


def test_hostile_partner_tested(signed_in):
    browser = signed_in("tester", "partners")
    for domain, text in (("wrong", NAME), ("error", ERROR), ("ready", SUBJECT)):
        browser.open(f"partners/{domain}.test/test")
        browser.press("Start the test")
        browser.wait(lambda: browser.all(".verdict"), "the end of the test", 40)
        assert_read(browser, text)


def test_hostile_path(start):
    browser = start()
    browser.open("partners/%3Cimg%20src=x%20onerror=alert(1)%3E?next=https://evil.test")
    browser.wait_text("There is nothing at this path.")
    assert browser.all("img") == []
