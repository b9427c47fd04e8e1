"""The panel alone, over HTTPS and over its socket.

Environment: CAUSEWAY_PROGRAM (default build/causeway), CAUSEWAY_TEST_BASE (default 127.0.11; the
second worker of pytest-xdist adds one to its last number, and so on).
"""

import contextlib
import pathlib
import sys

import pytest

PROJECT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(PROJECT))

from lab.panel import Panel  # noqa: E402
from lab.settings import settings_for  # noqa: E402
from lab.stack import clear_directory  # noqa: E402


def _settings(name):
    made = settings_for(name, folder="panel")
    clear_directory(made)
    return made


def _install(panel: Panel) -> None:
    """A web application of a few bytes, and a secret beside it."""
    (panel.files / "assets").mkdir(parents=True)
    (panel.files / "index.html").write_text("<!doctype html><title>Causeway</title>\n")
    (panel.files / "assets" / "index-Bx31_aC9.js").write_text("export {};\n")
    (panel.files / "assets" / ".hidden.js").write_text("hidden\n")
    (panel.files.parent / "secret.txt").write_text("secret\n")


@contextlib.contextmanager
def _running(name: str, options: str = "", last: int = 4):
    panel = Panel(_settings(name), options, last=last)
    _install(panel)
    try:
        yield panel.start()
        assert panel.is_running(), panel.last_lines(30)
    finally:
        panel.stop()
    assert panel.faults() == []


@pytest.fixture(scope="module")
def panel(request):
    """One for all tests of a module: each test makes the accounts and partners that it needs.
    Nobody is held back for asking often."""
    with _running(request.module.__name__, "requests-per-s: 0") as running:
        yield running


@pytest.fixture
def start(request):
    """Call it with options of the panel's section to get one of one's own."""
    with contextlib.ExitStack() as stack:
        yield lambda options="": stack.enter_context(
            _running(request.node.name, options, last=5))


@pytest.fixture(scope="module")
def settings(request):
    """For servers beside the panels of a module."""
    return _settings(f"beside-{request.module.__name__}")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Shows the end of the panel's log beside a failure."""
    outcome = yield
    report = outcome.get_result()
    panel = getattr(item, "funcargs", {}).get("panel")
    if report.failed and panel is not None:
        report.sections.append(("Captured stdout of the panel", panel.last_lines(30)))
