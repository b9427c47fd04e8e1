"""What only running edges can answer, asked over REST: each answer is as the API describes it."""

import pathlib
import sys

import pytest

from lab.causeway import panel_section
from lab.panel import Browser
from lab.partner import Mode
from lab.settings import PARTNER_DOMAIN

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "panel"))

from contract import operations  # noqa: E402


class Socket:
    """What Browser wants to know of a panel, of one that is asked over its socket alone."""

    def __init__(self, causeway):
        self.socket = causeway.config.parent / "panel.sock"


class Api:
    def __init__(self, causeway):
        self.browser = Browser(Socket(causeway), {}, is_local=True)
        document = self.browser.get("/openapi.json").json
        self.by_command = {one.command: one for one in operations(document)}

    def __call__(self, command, status=200, **values):
        operation = self.by_command[command]
        answer = self.browser.ask(*operation.request(values))
        assert answer.status == status, (command, answer)
        operation.check(answer)
        return answer.json


@pytest.fixture
def lab(start_lab, settings):
    lab = start_lab(Mode.SASL, panel=panel_section(settings))
    lab.add_partner()
    return lab


def test_live(lab, exchange):
    api = Api(lab.causeway)
    assert api("partner states")["states"] == []
    exchange(lab).both_ways("over REST")
    api("partner new", status=201, domain="away.test")
    api("test im", **{"from": "sip:alice@contoso.test", "to": "bob@away.test"})

    streams = api("stream list")["streams"]
    assert {one["direction"] for one in streams} == {"inbound", "outbound"}
    assert api("stream show", id=streams[0]["id"])["stream"]["partner"] == PARTNER_DOMAIN

    away, partner = api("partner states")["states"]
    assert (partner["partner"], partner["inbound"], partner["outbound"]) == (PARTNER_DOMAIN, 1, 1)
    assert partner["methods"] == ["SASL over TLS"] and partner["failure"] is None
    assert (away["partner"], away["inbound"], away["outbound"]) == ("away.test", 0, 0)
    last = api("partner diagnose", domain="away.test")["attempts"][-1]
    assert away["failure"]["id"] == last["id"] and away["failure"]["reason"] == last["reason"]
    assert away["failure"]["sentence"] == last["sentence"] and "steps" not in away["failure"]
    assert [one["partner"] for one in api("partner states", limit=1)["states"]] == ["away.test"]
    text = lab.causeway.command("partner", "states").stdout.splitlines()
    assert text[1].startswith(f"partner {PARTNER_DOMAIN}, inbound 1, outbound 1, pending 0, ")

    assert api("test partner", domain=PARTNER_DOMAIN)["passed"] is True
    assert api("certificate list")["certificates"][0]["days-left"] > 0
    assert api("certificate reload")["reloaded"][0]["result"] == "unchanged"
    assert api("door list")["addresses"] == []
    api("door lift", status=404, address="192.0.2.1")
    api("door lift", status=400, address="nonsense")
    assert api("health show")["components"][0]["up"] is True
    assert api("stream close", partner=PARTNER_DOMAIN)["closed"] == 2
