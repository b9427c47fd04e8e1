"""Debian's chromium, driven headless, for the panel.

Elements are found as a person does who hears the page read out: by role and name, or by the label
of a field. Nothing is asserted here but that a thing comes to be within a time.
"""

import json
import pathlib
import tempfile
import time

from selenium import webdriver
from selenium.common.exceptions import (NoSuchElementException, StaleElementReferenceException,
                                        WebDriverException)
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

from .process import LabError

DRIVER = "/usr/bin/chromedriver"
PROGRAM = "/usr/bin/chromium"
DESK = (1280, 900)
PHONE = (390, 844)
SECONDS = 15

#: of the accounts that tests make
PASSWORD = "correct horse battery staple"

_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_AXE = """
const done = arguments[arguments.length - 1];
axe.run(document, {runOnly: arguments[0], resultTypes: ["violations"]})
  .then(told => done(told.violations.map(
    one => one.id + ": " + one.help + ": " + one.nodes.map(
      node => node.html.slice(0, 200) + " (" + node.any.concat(node.all, node.none).map(
        check => check.message).join("; ") + ")").join(" | "))), fault => done([String(fault)]));
"""


class Browser:
    """A browser of its own profile; a context.

    It takes the panel's own certificate, which nobody has signed.
    """

    def __init__(self, url: str, size=DESK, dark: bool = False):
        self.url = url
        self._size = size
        self._dark = dark
        self.driver = None

    def __enter__(self) -> "Browser":
        self._profile = tempfile.TemporaryDirectory(prefix="causeway-browser-")
        options = webdriver.ChromeOptions()
        options.binary_location = PROGRAM
        options.accept_insecure_certs = True
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        options.add_experimental_option("perfLoggingPrefs",
                                        {"enableNetwork": True, "enablePage": False})
        for word in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu",
                     "--disable-background-networking", "--disable-component-update",
                     "--no-first-run", "--lang=en", "--force-device-scale-factor=1",
                     f"--user-data-dir={self._profile.name}"):
            options.add_argument(word)
        options.add_experimental_option("prefs", {"intl.accept_languages": "en"})
        self.driver = webdriver.Chrome(service=Service(DRIVER), options=options)
        self.driver.set_page_load_timeout(30)
        self.driver.set_script_timeout(30)
        self.resize(self._size)
        self._tell("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if self._dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce"}])
        return self

    def __exit__(self, *_) -> None:
        try:
            self.driver.quit()
        finally:
            self._profile.cleanup()

    def _tell(self, command: str, **words):
        return self.driver.execute_cdp_cmd(command, words)

    def look(self, size=DESK, dark: bool = False) -> None:
        """The window may not be as narrow as a phone; what it shows may."""
        width, height = size
        self._tell("Emulation.setDeviceMetricsOverride", width=width, height=height,
                   deviceScaleFactor=1, mobile=False)
        self._tell("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": "dark" if dark else "light"},
            {"name": "prefers-reduced-motion", "value": "reduce"}])

    # --- where it is

    def open(self, path: str = "") -> None:
        self.driver.get(self.url + path.lstrip("/"))

    @property
    def path(self) -> str:
        return self.script("return location.pathname")

    def script(self, text: str, *words):
        return self.driver.execute_script(text, *words)

    @property
    def text(self) -> str:
        return self.script("return document.body.innerText")

    @property
    def heading(self) -> str:
        return self.script("return document.querySelector('h1')?.innerText ?? ''")

    def faults(self):
        """What the page's console complained of; refusals of the server are not the page's faults."""
        return [line["message"] for line in self.driver.get_log("browser")
                if line["level"] == "SEVERE" and "Failed to load resource" not in line["message"]]

    def strangers(self):
        """Where its pages asked for something, when that was not the panel."""
        found = set()
        for line in self.driver.get_log("performance"):
            told = json.loads(line["message"])["message"]
            if told["method"] not in ("Network.requestWillBeSent", "Network.webSocketCreated"):
                continue
            params = told["params"]
            url = params["url"] if "url" in params else params["request"]["url"]
            if url.startswith(("http", "ws")) and not url.startswith(self.url):
                found.add(url)
        return sorted(found)

    # --- waiting

    def wait(self, condition, what: str, seconds: float = SECONDS):
        """Until the condition gives something true, which is returned; the page may change below
        it meanwhile."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                found = condition()
            except (NoSuchElementException, StaleElementReferenceException):
                found = None
            if found:
                return found
            if time.monotonic() > deadline:
                raise LabError(f"{what}: not within {seconds:g} seconds; {self.path} shows:\n"
                               f"{self.text}")
            time.sleep(0.05)

    def wait_text(self, text: str, seconds: float = SECONDS) -> None:
        self.wait(lambda: text in self.text, f"the text {text!r}", seconds)

    def wait_heading(self, text: str) -> None:
        self.wait(lambda: self.heading == text, f"the heading {text!r}")

    def wait_settled(self) -> None:
        """The page is there, and all that it reads at first."""
        self.wait(lambda: self.heading and not self.all("main [aria-busy='true']"),
                  "the whole page")

    def unfold(self) -> None:
        """All that is folded up."""
        self.script("document.querySelectorAll('details').forEach(one => one.open = true)")

    # --- what is on it

    def all(self, css: str):
        return [one for one in self.driver.find_elements(By.CSS_SELECTOR, css)
                if one.is_displayed()]

    def find(self, css: str):
        return self.wait(lambda: next(iter(self.all(css)), None), f"an element {css}")

    def named(self, css: str, name: str):
        """The element whose accessible name this is; in the open dialog when there is one."""
        def found():
            inside = "dialog[open] " if self.all("dialog[open]") else ""
            for one in self.all(", ".join(f"{inside}{part}" for part in css.split(", "))):
                if one.accessible_name.strip() == name:
                    return one
            return None
        return self.wait(found, f"{css} named {name!r}")

    def press(self, name: str) -> None:
        """A button or a link."""
        self.wait(lambda: self._click(self.named("button, a", name)), f"pressing {name!r}")

    def _click(self, element) -> bool:
        self.script("arguments[0].scrollIntoView({block: 'center'})", element)
        try:
            element.click()
        except StaleElementReferenceException:
            return False
        except WebDriverException as problem:
            if "click intercepted" in str(problem):  # something said is in front of it for a moment
                return False
            raise
        return True

    def field(self, name: str):
        """By the name that the API calls it by; in the open dialog when there is one."""
        inside = "dialog[open] " if self.all("dialog[open]") else ""
        return self.find(f"{inside}[data-field='{name}'] :is(input, select, textarea)")

    def fill(self, name: str, text: str) -> None:
        field = self.field(name)
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(Keys.DELETE)
        if text:
            field.send_keys(text)

    def choose(self, name: str, text: str) -> None:
        Select(self.field(name)).select_by_visible_text(text)

    def sign_in(self, name: str, password: str = PASSWORD, submit: str = "Sign in") -> None:
        self.fill("account", name)
        self.fill("password", password)
        self.press(submit)

    def sign_in_first(self, name: str, one_time: str) -> None:
        """With a password that must be changed: to PASSWORD."""
        self.sign_in(name, one_time)
        self.wait_heading("Choose a password")
        self.fill("old", one_time)
        self.fill("new", PASSWORD)
        self.fill("repeated", PASSWORD)
        self.press("Change the password")
        self.wait_heading("XMPP federated partners")

    def turn(self, name: str) -> None:
        """A switch, to what it was not."""
        self.wait(lambda: self._click(self.field(name)), f"turning {name!r}")

    def keys(self, *keys) -> None:
        """To whatever has the focus."""
        ActionChains(self.driver).send_keys(*keys).perform()

    def focus_name(self) -> str:
        return self.driver.switch_to.active_element.accessible_name

    def processor_ms(self) -> float:
        """What the page's main thread has computed since the first call on this page, whatever else
        the machine did."""
        self._tell("Performance.enable", timeDomain="threadTicks")
        told = {one["name"]: one["value"]
                for one in self._tell("Performance.getMetrics")["metrics"]}
        return told["TaskDuration"] * 1000

    # --- what others would see

    def violations(self, axe: pathlib.Path, rule: str = None):
        """What axe-core finds against the rules of WCAG, level AA, and its own best practices; or
        against one rule."""
        if not self.script("return 'axe' in window"):
            self._tell("Runtime.evaluate", expression=axe.read_text())
        only = ({"type": "rule", "values": [rule]} if rule
                else {"type": "tag", "values": _RULES})
        return self.driver.execute_async_script(_AXE, only)

    def too_wide(self):
        """For whose sake one would have to scroll sideways to read the page."""
        return self.script("""
            const root = document.scrollingElement, body = document.body;
            const isCut = one => one !== body && (getComputedStyle(one).overflowX !== "visible" ||
                                                  isCut(one.parentElement));
            return root.scrollWidth <= root.clientWidth ? [] : [...body.querySelectorAll("*")]
                .filter(one => one.getBoundingClientRect().right > root.clientWidth)
                .filter(one => !isCut(one.parentElement)).slice(0, 5)
                .map(one => `too wide: ${one.outerHTML.slice(0, 150)}`).concat("too wide")""")

    def resize(self, size) -> None:
        """The window may not be as narrow as a phone; what it shows may."""
        width, height = size
        self._tell("Emulation.setDeviceMetricsOverride", width=width, height=height,
                   deviceScaleFactor=1, mobile=False)

    def fit(self, smallest, tallest: int) -> None:
        """As tall as the page is, within these; at its top, without bars to scroll it, and nothing
        has the focus."""
        width, height = smallest
        self._tell("Emulation.setScrollbarsHidden", hidden=True)
        self.script("document.activeElement?.blur()")
        self.resize((width, max(height, min(tallest, self.script(
            "return document.scrollingElement.scrollHeight")))))
        self.script("scrollTo(0, 0)")

    def replace_text(self, words: dict) -> None:
        """In what is shown, until the page changes it."""
        self.script("""
            const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
            while (walk.nextNode())
                for (const [old, now] of arguments[0])
                    if (walk.currentNode.data.includes(old))
                        walk.currentNode.data = walk.currentNode.data.replaceAll(old, now);
            """, list(words.items()))

    def picture(self, file: pathlib.Path) -> None:
        file.write_bytes(self.driver.get_screenshot_as_png())
