"""The gateway alone, spoken to octet by octet.

Environment: CAUSEWAY_PROGRAM (default build/causeway), CAUSEWAY_TEST_BASE (default 127.0.11; the
second worker of pytest-xdist adds one to its last number, and so on).
"""

import contextlib
import itertools
import pathlib
import sys
import types

import pytest

PROJECT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(PROJECT))

from lab.fakeedge import FakeEdge  # noqa: E402
from lab.gateway import Gateway, request, status  # noqa: E402
from lab.process import wait_until  # noqa: E402
from lab.settings import settings_for  # noqa: E402
from lab.siphop import SipHop  # noqa: E402
from lab.stack import clear_directory  # noqa: E402


@pytest.fixture
def settings(request):
    made = settings_for(request.node.name, folder="gateway")
    clear_directory(made)
    return made


@pytest.fixture
def start(settings, request):
    """Call it with the arguments of Gateway (without settings) to get a running one, which must
    still run when the test is over."""
    with contextlib.ExitStack() as stack:
        made = []

        def start_one(**options) -> Gateway:
            made.append(Gateway(settings, **options))
            stack.callback(made[-1].stop)
            request.node.gateway = made[-1]
            return made[-1].start()
        yield start_one
        for gateway in made:
            assert gateway.is_running(), gateway.last_lines(30)
            gateway.stop()
            assert gateway.faults() == []


@pytest.fixture
def gateway(start):
    return start()


@pytest.fixture
def world(start, settings):
    """Call run() for a gateway between a scripted edge and a scripted SIP server; of(METHOD): what
    that server was sent; settled(): the presence that the edge was sent."""
    ip, port = settings.kamailio

    def answer(asked):
        if asked.line.startswith("SUBSCRIBE"):
            return 200, f"Contact: <sip:alice@{ip}:{port};transport=tcp>\r\nExpires: 3600\r\n"
        return 200

    with FakeEdge(settings.data / "gateway" / "link.sock") as edge, \
            contextlib.ExitStack() as stack:
        made = types.SimpleNamespace(edge=edge, hop=None)
        numbers = itertools.count(1)

        def run(answer=answer, transport="TCP", **options):
            made.hop = stack.enter_context(SipHop(settings.kamailio, transport, answer))
            uri = f"sip:{ip}:{port};transport={transport.lower()}"
            made.gateway = start(partner=("--type", "Federated"), uri=uri, **options)
            # The link is up, and what a new edge is told anew has been told.
            assert status(made.gateway.ask_udp(request())) == 202
            wait_until(lambda: "is=told" in made.gateway.output(), 10, "the end of telling anew")
            return made

        def of(method):
            return [r for r in list(made.hop.requests) if r.line.startswith(method + " ")]

        def settled():
            """All stanzas so far; those that are on their way come before the message."""
            text = f"settled {next(numbers)}"
            assert status(made.gateway.ask_udp(request(body=text.encode()))) == 202
            return [s for s in edge.stanzas if s.tag.endswith("}presence")]
        made.run, made.of, made.settled = run, of, settled
        yield made


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item):
    """Shows the end of the gateway's log beside a failure."""
    outcome = yield
    report = outcome.get_result()
    gateway = getattr(item, "gateway", None)
    if report.failed and gateway is not None:
        report.sections.append(("Captured stdout of the gateway", gateway.last_lines(30)))
