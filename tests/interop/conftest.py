"""Fixtures of the interop tests: a lab per test, started and stopped by the test itself, or a
border of scripted neighbours that serves all tests of a file.

Environment: CAUSEWAY_PROGRAM (default build/causeway), CAUSEWAY_TEST_BASE (default 127.0.11; the
second worker of pytest-xdist adds one to its last number, the third two, and so on).
"""

import contextlib
import pathlib
import sys

import pytest

PROJECT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(PROJECT))

from lab.border import Border  # noqa: E402
from lab.process import wait_until  # noqa: E402
from lab.settings import settings_for  # noqa: E402
from lab.stack import Lab  # noqa: E402


@pytest.fixture
def settings(request):
    return settings_for(request.node.name)


@pytest.fixture(scope="module")
def border(request):
    """One running Causeway for all tests of a file; `edge_options` of the file go into its
    configuration."""
    options = getattr(request.module, "EDGE_OPTIONS", None)
    with Border(settings_for(request.module.__name__), *([options] if options else [])) as made:
        yield made
    assert made.causeway.faults() == []


@pytest.fixture
def make_border(request):
    """For tests that end their Causeway: call it to get one of the test's own, beside `border`."""
    with contextlib.ExitStack() as stack:
        made = []

        def start(*arguments, **options) -> Border:
            beside = settings_for(request.node.name, 100)
            made.append(stack.enter_context(Border(beside, *arguments, **options)))
            request.node.lab = made[-1]
            return made[-1]
        yield start
    for each in made:
        assert each.causeway.faults() == []


@pytest.fixture
def start_lab(settings, request):
    """Call it with the arguments of Lab (without settings) to get a running one."""
    with contextlib.ExitStack() as stack:
        def start(*arguments, **options) -> Lab:
            lab = Lab(settings, *arguments, **options)
            request.node.lab = lab
            return stack.enter_context(lab)
        yield start
    lab = getattr(request.node, "lab", None)
    if lab is not None and hasattr(lab, "causeway"):
        assert lab.causeway.faults() == []


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Shows the end of the servers' logs beside a failure (in the JUnit report too)."""
    outcome = yield
    report = outcome.get_result()
    lab = getattr(item, "lab", None) or getattr(item, "funcargs", {}).get("border")
    if report.failed and lab is not None:
        for name in ("causeway", "kamailio"):
            if hasattr(lab, name):
                server = getattr(lab, name)
                report.sections.append((f"Captured stdout of {server.name}", server.last_lines(30)))


class Exchange:
    """The two sentences that most tests need: a message crosses, or its sender is told why not."""

    def __init__(self, lab: Lab):
        self.lab = lab

    def both_ways(self, mark: str) -> None:
        self.to_partner(f"{mark} to juliet")
        self.to_local(f"{mark} to alice")

    def to_partner(self, body: str):
        alice, juliet = self.lab.sip("alice"), self.lab.xmpp("juliet")
        answer = alice.send(juliet.address, body)
        assert answer.status in (200, 202), f"SIP status {answer.status} after {answer.seconds} s"
        got = juliet.wait_for(body)
        assert got.sender.split("/")[0] == alice.address
        return got

    def to_local(self, body: str):
        alice, juliet = self.lab.sip("alice"), self.lab.xmpp("juliet")
        sent = juliet.send(alice.address, body)

        def arrived(message):
            errors = [m for m in list(juliet.received) if m.kind == "error" and m.id == sent]
            assert not errors, errors
            return message.body == body
        got = alice.wait_for(arrived, 20)
        assert juliet.address in got.sender
        return got

    def refused_to_partner(self, body: str) -> int:
        """The final SIP status; juliet must not have got it."""
        alice, juliet = self.lab.sip("alice"), self.lab.xmpp("juliet")
        answer = alice.send(juliet.address, body)
        assert answer.status >= 400, f"SIP status {answer.status}: nobody told the sender"
        assert body not in [m.body for m in juliet.received if m.kind != "error"]
        return answer.status

    def refused_to_local(self, body: str, seconds: float = 40) -> str:
        """The condition of the error stanza; alice must not have got it."""
        alice, juliet = self.lab.sip("alice"), self.lab.xmpp("juliet")
        error = juliet.wait_error(juliet.send(alice.address, body), seconds)
        assert body not in [m.body for m in alice.received]
        return error.condition


@pytest.fixture
def exchange():
    return Exchange


@pytest.fixture
def eventually():
    return wait_until
