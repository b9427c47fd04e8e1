"""The panel in a browser, with the whole lab behind it: Prosody is the partner.

Environment: CAUSEWAY_PROGRAM (default build/causeway; the web application stands beside it),
CAUSEWAY_TEST_BASE (default 127.0.11; each worker of pytest-xdist takes the next one).
"""

import contextlib
import dataclasses
import os
import pathlib
import re
import sys

import pytest

PROJECT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(PROJECT))

from lab.browser import Browser  # noqa: E402
from lab.causeway import panel_section  # noqa: E402
from lab.settings import Settings  # noqa: E402
from lab.stack import Lab  # noqa: E402

PASSWORD = "correct horse battery staple"


def _settings(name: str) -> Settings:
    name = re.sub(r"[^A-Za-z0-9]+", "-", name)[-30:].strip("-")
    program = pathlib.Path(os.environ.get("CAUSEWAY_PROGRAM", PROJECT / "build" / "causeway"))
    network, _, last = os.environ.get("CAUSEWAY_TEST_BASE", "127.0.11").rpartition(".")
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    return dataclasses.replace(Settings(), base=f"{network}.{int(last) + worker}",
                               data=PROJECT / "run-data-interop" / f"{int(last) + worker}-browser-{name}",
                               program=program.resolve())


@pytest.fixture(scope="module")
def lab(request):
    """One for all tests of a module."""
    settings = _settings(request.module.__name__)
    with Lab(settings, panel=panel_section(settings)) as running:
        yield running
        assert running.causeway.is_running(), running.causeway.last_lines(30)
    assert running.causeway.faults() == []


@pytest.fixture(scope="session")
def axe():
    """axe-core, as the lock file of the panel names it."""
    program = _settings("axe").program
    return program.parent / "panel.work" / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture
def start(lab):
    """Call it for a browser; options as lab.browser has them. Its console must be silent."""
    browsers = []
    with contextlib.ExitStack() as stack:
        def begin(**options) -> Browser:
            browsers.append(stack.enter_context(Browser(lab.causeway.panel_url, **options)))
            return browsers[-1]
        yield begin
        for browser in browsers:
            assert browser.faults() == []


@pytest.fixture
def signed_in(lab, start):
    """As start, and an administrator of one's own is signed in."""
    def begin(name: str, path: str = "", **options) -> Browser:
        lab.causeway.new_account(name, PASSWORD)
        browser = start(**options)
        browser.open(path)
        sign_in(browser, name, PASSWORD)
        return browser
    return begin


def sign_in(browser: Browser, name: str, password: str) -> None:
    browser.fill("account", name)
    browser.fill("password", password)
    browser.press("Sign in")
