"""Each page in each state for everybody: on a desk, in the dark and on a telephone, without eyes,
and in both languages."""

import contextlib
import re

import pytest

from lab.browser import DESK, PASSWORD, PHONE
from lab.scripted import Scripted, hangs_up
from lab.settings import LOCAL_DOMAIN, PROJECT
from selenium.webdriver.support.select import Select

pytestmark = pytest.mark.xdist_group("browser-everybody")

BEHIND = "border"
ALICE = f"alice@{LOCAL_DOMAIN}"
MORE = ["/new-partner", "/partners/good.test", "/partners/good.test/edit",
        "/partners/good.test/test", "/partners/bad.test", "/partners/not-listed.test", "/account",
        f"/contacts/{ALICE}/juliet@good.test", "/no/such/page"]
LYNC = PROJECT / "tests" / "unit" / "import" / "data" / "lync-2013.clixml"


@pytest.fixture(scope="module", autouse=True)
def neighbours(border):
    """So that every page has something to show."""
    border.partner("good.test", description="A partner whom we know")
    border.causeway.command("partner", "new", "down.test", "--additional", "a.test,b.test,c.test",
                            "--enabled", "false", "--type", "PublicVerified")
    border.causeway.command("partner", "new", "münchen.test", "--type", "PublicUnverified")
    place = border.address(), border.settings.xmpp_port
    border.publish("bad.test", place)
    border.allow("bad.test")
    border.enter(Scripted(place, border.authority, border.authority.issue("bad", "bad.test"),
                          hangs_up))
    for domain in ("good.test", "bad.test"):
        border.sip.ask(ALICE, f"juliet@{domain}", "hello")
    border.causeway.command("contact", "block", "romeo@good.test", "--user", ALICE)
    border.causeway.command("access", "set", "--user", f"bob@{LOCAL_DOMAIN}", "--xmpp", "false")
    border.causeway.command("token", "new", "nightly", "--role", "viewer")


def pages(browser):
    """Every page of the navigation, one entry of the trail, one stream, and more."""
    links = browser.script("return [...document.querySelectorAll('nav a')].map(a => a.pathname)")
    assert "/partners" in links and len(links) > 5
    found = [*links, *MORE]
    for path, link in (("audit", "/audit/"), ("streams", "/streams/")):
        browser.open(path)
        found.append(browser.wait(lambda link=link: browser.script(
            f"return document.querySelector('tbody a[href^=\"{link}\"]')?.pathname"), link))
    return found


class Looker:
    """Looks at what a browser shows as each kind of reader does, and keeps what was wrong."""

    def __init__(self, axe):
        self._axe = axe
        self.found = {}

    def look(self, browser, state: str) -> None:
        for kind, size, dark in (("phone", PHONE, False), ("dark", DESK, True),
                                 ("desk", DESK, False)):
            browser.look(size, dark)
            wrong = browser.violations(self._axe, "color-contrast" if dark else None)
            wrong += browser.too_wide()
            if wrong:
                self.found[f"{state}, {kind}"] = wrong


@pytest.fixture
def looker(axe):
    made = Looker(axe)
    yield made
    assert made.found == {}


def test_every_page(signed_in, looker):
    browser = signed_in("looker")
    for path in pages(browser):
        browser.open(path)
        browser.wait_settled()
        browser.unfold()
        looker.look(browser, path)


def test_coming_in(start, causeway, looker):
    browser = start()
    browser.open()
    browser.fill("account", "administrator")
    looker.look(browser, "the sign-in")
    browser.fill("password", "wrong")
    browser.press("Sign in")
    browser.find(".notice.error")
    looker.look(browser, "a sign-in that failed")
    browser.fill("password", causeway.first_password)
    browser.press("Sign in")
    browser.wait_heading("Choose a password")
    browser.fill("old", causeway.first_password)
    browser.fill("new", "short")
    browser.fill("repeated", "shorter")
    browser.press("Change the password")
    browser.find("[data-field].refused")
    looker.look(browser, "a password that is refused")


@contextlib.contextmanager
def dialog(browser, looker, opener: str, closer: str = "Cancel"):
    """What a button brings up; it is closed again."""
    browser.press(opener)
    browser.find("dialog[open]")
    looker.look(browser, f"{browser.path}: {opener}")
    yield
    browser.press(closer)
    browser.wait(lambda: not browser.all("dialog[open]"), "the end of the dialog")


def test_partners_states(signed_in, looker):
    browser = signed_in("partners-man", "partners")
    with dialog(browser, looker, "Delete good.test"):
        pass
    browser.find("#search").send_keys("nobody-ends-so")
    browser.wait_text("0 partners found")
    looker.look(browser, "nothing is found")
    browser.open("new-partner")
    browser.fill("domain", "not a domain")
    browser.fill("additional", "one.test two.test")
    browser.choose("tls", "Not supported")
    browser.press("Commit")
    browser.find("[data-field].refused")
    looker.look(browser, "a field that is refused")
    with dialog(browser, looker, "Contacts"):
        assert "Discard the changes?" in browser.text
    browser.open("partners/bad.test/test")
    browser.press("Start the test")
    browser.wait_text("Failed.")
    browser.unfold()
    looker.look(browser, "a test that failed")


def test_conflict(signed_in, causeway, looker):
    browser = signed_in("second", "partners/good.test/edit")
    browser.fill("description", "mine")
    causeway.command("partner", "set", "good.test", "--description", "theirs")
    browser.wait_text("Somebody has changed this partner since you began.")
    with dialog(browser, looker, "Commit"):
        assert "Nothing of yours has been saved." in browser.text


def test_other_states(signed_in, causeway, looker):
    browser = signed_in("others-man", "access")
    with dialog(browser, looker, "New rule"):
        browser.press("Commit")
        browser.find("dialog [data-field].refused")
        looker.look(browser, "a rule that is refused")
    browser.open("contacts")
    with dialog(browser, looker, "Block an address"):
        pass
    browser.open("accounts")
    for opener in ("New account", "Delete others-man", "New token"):
        with dialog(browser, looker, opener):
            pass
    browser.press("New token")
    browser.fill("name", "shown once")
    browser.press("Commit")
    browser.find("dialog code.once")
    looker.look(browser, "a token that is shown once")
    browser.press("I have kept it")
    causeway.command("settings", "set", "--log-message-bodies", "true")
    browser.open("settings")
    browser.wait_text("The text of messages is being written to the log.")
    browser.fill("connection-limit", "many")
    browser.press("Commit")
    browser.find("[data-field].refused")
    looker.look(browser, "settings that are refused, below the banner")
    causeway.command("settings", "set", "--log-message-bodies", "false")


def test_import_and_restore(signed_in, causeway, looker):
    browser = signed_in("import-man", "transfer")
    browser.choose("source", "Partners of Lync Server or Skype for Business")
    browser.field("document").send_keys(str(LYNC))
    browser.press("Preview")
    browser.find(".import-preview table")
    looker.look(browser, "a preview with a row that is refused")
    causeway.command("partner", "set", "down.test", "--tls", "Optional")
    rows = causeway.query("audit", "list", "--object", "down.test")["audit"]
    browser.open(f"audit/{rows[1]['id']}")
    with dialog(browser, looker, "Restore"):
        pass


def test_session_that_ended(signed_in, causeway, looker):
    browser = signed_in("late", "partners/good.test/edit")
    browser.fill("description", "typed")
    causeway.command("session", "end", "--account", "late")
    browser.press("Commit")
    browser.wait_text("Your session has ended")
    looker.look(browser, "the sign-in in front of a form")
    browser.fill("password", PASSWORD)
    browser.press("Sign in")
    browser.wait(lambda: not browser.all("dialog[open]"), "the end of the dialog")


def test_menu_of_a_telephone(signed_in, axe):
    browser = signed_in("caller", "new-partner", size=PHONE)
    browser.wait_heading("New partner")
    assert not browser.all("nav a")
    browser.press("Menu")
    assert browser.violations(axe) == []
    browser.press("Contacts")
    browser.wait_heading("Contacts")
    assert not browser.all("nav a")


# --- languages

_ENTRY = re.compile(r'"([^"\n]+)":\s*"((?:[^"\\]|\\.)*)"')


def catalogue(language: str) -> dict:
    texts = {}
    for name in ("", "system."):
        file = PROJECT / "panel" / "src" / "text" / f"{name}{language}.ts"
        texts.update(_ENTRY.findall(file.read_text()))
    return texts


def everything_said(browser) -> str:
    """Texts, and what is only read out."""
    return browser.text + "\n" + browser.script(
        "return [...document.querySelectorAll('[aria-label], [title], [placeholder], title')].map("
        "one => ['aria-label', 'title', 'placeholder'].map(name => one.getAttribute(name) ?? '')"
        ".join('\\n') + one.textContent).join('\\n')")


def choose_language(browser, label: str, name: str) -> None:
    Select(browser.named("select", label)).select_by_visible_text(name)


def test_portuguese(signed_in):
    """No text is left in English, none is a key, and all fit on a telephone."""
    english, portuguese = catalogue("en"), catalogue("pt-BR")
    assert english.keys() == portuguese.keys() and len(english) > 400
    keys = [key for key in english if "." in key and " " not in key]
    left = [text for key, text in english.items()
            if text.count(" ") > 1 and "{" not in text and portuguese[key] != text]
    browser = signed_in("leitor", size=PHONE)
    browser.press("Menu")
    choose_language(browser, "Language", "Português (Brasil)")
    browser.wait_heading("Parceiros federados XMPP")
    found = {}
    for path in pages(browser):
        browser.open(path)
        browser.wait_settled()
        browser.unfold()
        assert browser.script("return document.documentElement.lang") == "pt-BR"
        said = everything_said(browser)
        wrong = [key for key in keys if re.search(rf"(?<![\w.-]){re.escape(key)}(?![\w.-])", said)]
        wrong += [text for text in left if text in said]
        wrong += browser.too_wide()
        if wrong:
            found[path] = wrong
    assert found == {}


def test_language_is_remembered(signed_in):
    browser = signed_in("poliglota")
    choose_language(browser, "Language", "Português (Brasil)")
    browser.wait_heading("Parceiros federados XMPP")
    browser.press("Sair")
    browser.wait_text("Entrar")
    browser.open()
    browser.wait_text("Entrar")
    browser.sign_in("poliglota", submit="Entrar")
    browser.wait_heading("Parceiros federados XMPP")
    choose_language(browser, "Idioma", "English")
    browser.wait_heading("XMPP federated partners")
