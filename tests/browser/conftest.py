"""The panel in a browser, and behind it either the whole lab with Prosody as the partner (`lab`) or
scripted neighbours (`border`); a module has one of them for all its tests, and names the second one
by `BEHIND = "border"`.

Environment: CAUSEWAY_PROGRAM (default build/causeway; the web application stands beside it),
CAUSEWAY_TEST_BASE (default 127.0.11; each worker of pytest-xdist takes the next one).
"""

import contextlib
import pathlib
import sys

import pytest

PROJECT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(PROJECT))

from lab.border import Border  # noqa: E402
from lab.browser import PASSWORD, Browser  # noqa: E402
from lab.causeway import panel_section  # noqa: E402
from lab.settings import settings_for  # noqa: E402
from lab.stack import Lab  # noqa: E402


@contextlib.contextmanager
def _running(make, request):
    settings = settings_for(request.module.__name__, folder="browser")
    options = getattr(request.module, "OPTIONS", {})
    with make(settings, panel=panel_section(settings), **options) as made:
        yield made
        assert made.causeway.is_running(), made.causeway.last_lines(30)
    assert made.causeway.faults() == []


@pytest.fixture(scope="module")
def lab(request):
    with _running(Lab, request) as made:
        yield made


@pytest.fixture(scope="module")
def border(request):
    with _running(Border, request) as made:
        yield made


@pytest.fixture(scope="module")
def causeway(request):
    return request.getfixturevalue(getattr(request.module, "BEHIND", "lab")).causeway


@pytest.fixture(scope="session")
def axe():
    """axe-core, as the lock file of the panel names it."""
    program = settings_for("axe").program
    return program.parent / "panel.work" / "node_modules" / "axe-core" / "axe.min.js"


@pytest.fixture
def start(causeway):
    """Call it for a browser; options as lab.browser has them. Its console must be silent, and it
    must have spoken to nobody but the panel."""
    browsers = []
    with contextlib.ExitStack() as stack:
        def begin(**options) -> Browser:
            browsers.append(stack.enter_context(Browser(causeway.panel_url, **options)))
            return browsers[-1]
        yield begin
        for browser in browsers:
            assert browser.faults() == []
            assert browser.strangers() == []


@pytest.fixture
def signed_in(causeway, start):
    """As start, and somebody of one's own is signed in."""
    def begin(name: str, path: str = "", role: str = "administrator", **options) -> Browser:
        causeway.new_account(name, PASSWORD, role)
        browser = start(**options)
        browser.open(path)
        browser.sign_in(name)
        browser.wait(lambda: browser.script("return document.querySelector('.layout')"),
                     "the end of the sign-in")
        return browser
    return begin
