"""The whole negotiation table live: every valid row of rules beside every way in which Prosody and
ejabberd can secure their streams, in both directions.

A server is set up by TLS (required, optional, off), by its certificate (good, self-signed, expired,
of another name) and by dialback (on, off); lab/vhosts.py has them all. What cannot be set up:

- either server without SASL EXTERNAL while it has TLS: both offer and use it whenever the other
  side's certificate is good, as ours is;
- certificates without TLS;
- Prosody requiring TLS for some hosts of a process only: those that do have one of their own;
- ejabberd hosts with a certificate of another name beside good ones: likewise.

What both ends say of each stream is compared with matrix.ref, so that a change of behaviour is a
readable difference there; and matrix.ref with what follows from the two sides' settings alone.
After a change that is meant, copy the file that the failing test names over matrix.ref.
"""

import dataclasses
import difflib
import pathlib
import re
import time

import pytest
from lab import rogue
from lab.matrix import Matrix
from lab.settings import LOCAL_DOMAIN, settings_for
from lab.vhosts import SETUPS, Setup

REFERENCE = pathlib.Path(__file__).with_name("matrix.ref")

SASL, TLS_DIALBACK, TCP_DIALBACK = "SASL over TLS", "TLS dialback", "TCP dialback"
METHODS = (SASL, TLS_DIALBACK, TCP_DIALBACK)

#: TLS, SASL, dialback, and the methods that they allow, best first
ROWS = {
    ("Required", "Required", "true"): (SASL,),
    ("Required", "Required", "false"): (SASL,),
    ("Required", "Optional", "true"): (SASL, TLS_DIALBACK),
    ("Required", "Optional", "false"): (SASL,),
    ("Required", "NotSupported", "true"): (TLS_DIALBACK,),
    ("Optional", "Required", "true"): (SASL, TLS_DIALBACK, TCP_DIALBACK),
    ("Optional", "Required", "false"): (SASL,),
    ("Optional", "Optional", "true"): (SASL, TLS_DIALBACK, TCP_DIALBACK),
    ("Optional", "Optional", "false"): (SASL,),
    ("Optional", "NotSupported", "true"): (TLS_DIALBACK, TCP_DIALBACK),
    ("NotSupported", "NotSupported", "true"): (TCP_DIALBACK,),
}

SERVERS = ("prosody", "ejabberd")

HEADER = """\
# rules for the partner (TLS, SASL, dialback) | its server | how that is set up | out: our message,
# in: its message | our stream's method, or why there was none, on whose side that is, and the
# stream error that was sent by either | the method or the end of the stream in the server's log
#
# What is the servers' own doing:
# - ejabberd without mod_s2s_dialback declares the dialback namespace all the same, so that our
#   rules try dialback; it ends that with <not-authorized/>.
# - ejabberd takes no note of an incoming stream that was not proven, nor of the reason in a
#   dialback error ("unrecognized error"); what it cannot prove it ends by closing the connection.
# - Prosody without mod_tls answers <starttls/> with <unsupported-stanza-type/>, not <failure/>;
#   without mod_dialback as well it has nothing to offer and ends the stream with its features.
# - Prosody without mod_tls begins dialback although our offer says that TLS is required.
# - Prosody ends its stream with <not-authorized/> after our dialback error.
"""

#: the partner repeats our sentence, or says what its log alone needs
THEIR_WORDS = (
    (r"^(\S+) \(.*\)$", r"\1"),
    (r"^Stream closed by (peer|local host): .* \((\S+)\)$", r"closed by \1: \2"),
    (r"^(EXTERNAL|dialback): Authentication failed: (.*?)(;.*)?$", r"\1: \2"),
)


def in_words(text: str) -> str:
    for pattern, word in THEIR_WORDS:
        text = re.sub(pattern, word, text)
    return text


@dataclasses.dataclass(frozen=True)
class Case:
    rules: tuple
    server: str
    setup: Setup
    direction: str  #: "out": we open the stream

    def __str__(self) -> str:
        return (f"{' '.join(self.rules):33} | {self.server:8} | {self.setup.name:34} | "
                f"{self.direction:3}")


#: in the order of the reference
CASES = [Case(rules, server, setup, direction) for rules in ROWS for server in SERVERS
         for setup in SETUPS for direction in ("out", "in")]


# --- what follows from the settings of both sides


def is_encrypted(case: Case) -> bool:
    return case.rules[0] != "NotSupported" and case.setup.tls != "off"


def method(case: Case) -> str:
    """The best one that both sides can use, "" when there is none; the same in both directions."""
    ours, setup = ROWS[case.rules], case.setup
    if "Required" in (case.rules[0], setup.tls.capitalize()) and not is_encrypted(case):
        return ""
    if not is_encrypted(case):
        return TCP_DIALBACK if TCP_DIALBACK in ours and setup.dialback else ""
    if SASL in ours and setup.certificate == "good":
        return SASL
    return TLS_DIALBACK if TLS_DIALBACK in ours and setup.dialback else ""


def cause(reason: str) -> str:
    return reason.partition(" ")[0]


#: how a server ends a stream of ours whose method it does not have
GIVES_UP = {"prosody": "partner-stream-error (partner) undefined-condition",
            "ejabberd": "not-listed-there (partner) not-authorized"}


def is_reason_out(case: Case, reason: str) -> bool:
    """Whether our stream may end so: the choice is ours unless the partner ends it first."""
    if reason == GIVES_UP[case.server]:
        return not case.setup.dialback
    if case.rules[0] == "NotSupported" and case.setup.tls == "required":
        return cause(reason) == "tls-not-supported"
    if not is_encrypted(case) and (case.rules[0] == "Required" or SASL in ROWS[case.rules]):
        return cause(reason) == "starttls-not-offered"
    if SASL in ROWS[case.rules]:
        return cause(reason) == f"certificate-{case.setup.certificate}"
    return cause(reason) == "dialback-not-offered"


def is_reason_in(case: Case, reason: str) -> bool:
    """Whether the partner's stream may end so: the choice is its own, unless it claims a domain by
    dialback, which we ignore or refuse."""
    closed_there = cause(reason) in ("partner-stream-error", "closed-without-word") or (
        cause(reason) == "starttls-refused" and not is_encrypted(case))
    if case.rules[2] == "false" and case.setup.dialback:
        return reason == "dialback-not-allowed (ours) connection-timeout" or (
            closed_there and not is_encrypted(case))
    if case.rules[0] == "NotSupported" and case.setup.tls == "required":
        return cause(reason) in ("tls-not-supported", "partner-policy-violation")
    if case.setup.dialback:
        return cause(reason) == "dialback-not-allowed" or (
            closed_there and not is_encrypted(case))
    if SASL in ROWS[case.rules] and is_encrypted(case):
        return cause(reason) == f"certificate-{case.setup.certificate}"
    return closed_there  # we have offered dialback, which it does not have


# --- the reference


def reference() -> dict:
    """What our side and theirs said, by case as written."""
    lines = [line for line in REFERENCE.read_text().splitlines() if not line.startswith("#")]
    fields = (line.rsplit(" | ", 2) for line in lines)
    return {case: (ours.strip(), theirs.strip()) for case, ours, theirs in fields}


def test_the_reference_has_every_case():
    assert list(reference()) == [str(case) for case in CASES]


@pytest.mark.parametrize("server", SERVERS)
def test_the_reference_follows_from_the_settings(server):
    said = reference()
    wrong = []
    for case in CASES:
        ours, theirs = said[str(case)]
        wanted = method(case)
        is_reason = is_reason_out if case.direction == "out" else is_reason_in
        fits = (ours, theirs) == (wanted, wanted) if wanted else (
            is_reason(case, ours) and theirs not in METHODS)
        if case.server == server and not fits:
            wrong.append(f"{case} | {ours} | {theirs} (not {wanted or 'such a reason'})")
    assert not wrong, "\n".join(wrong)


INVARIANTS = {
    "required TLS is never plain": lambda case, ours: ours != TCP_DIALBACK or (
        case.rules[0] != "Required" and case.setup.tls != "required"),
    "forbidden TLS is never there": lambda case, ours: ours not in (SASL, TLS_DIALBACK) or (
        case.rules[0] != "NotSupported" and case.setup.tls != "off"),
    "dialback needs both sides' consent": lambda case, ours: ours not in (
        TLS_DIALBACK, TCP_DIALBACK) or (case.rules[2] == "true" and case.setup.dialback),
    "no dialback where TLS and SASL are required": lambda case, ours: ours not in (
        TLS_DIALBACK, TCP_DIALBACK) or case.rules[:2] != ("Required", "Required"),
    "SASL needs our consent and a good certificate": lambda case, ours: ours != SASL or (
        case.rules[1] != "NotSupported" and case.setup.certificate == "good"),
}


@pytest.mark.parametrize("name", INVARIANTS)
def test_invariants(name):
    said = reference()
    broken = [str(case) for case in CASES if not INVARIANTS[name](case, said[str(case)][0])]
    assert not broken, "\n".join(broken)


# --- the real servers


@pytest.fixture(scope="module")
def observed(request):
    """The outcome of each case, and the directory for what is written about it."""
    outcomes = {}
    with Matrix(settings_for(f"{request.module.__name__}_servers")) as matrix:
        for rules in ROWS:
            made = matrix.run(*rules)
            for case in CASES:
                if case.rules == rules:
                    outcomes[case] = made[case.setup.domain(case.server, case.direction)]
    assert matrix.causeway.faults() == []
    return outcomes, matrix.settings.data


def test_streams_are_as_in_the_reference(observed):
    outcomes, directory = observed
    text = HEADER + "".join(
        f"{case} | {outcome.ours:48} | "
        f"{in_words(outcome.theirs) or 'nothing said'}\n"
        for case, outcome in outcomes.items())
    written = directory / REFERENCE.name
    written.write_text(text)
    wanted = REFERENCE.read_text() if REFERENCE.exists() else ""
    if text != wanted:
        pytest.fail("".join(difflib.unified_diff(wanted.splitlines(True), text.splitlines(True),
                                                 str(REFERENCE), str(written), n=0)), pytrace=False)


def test_messages_pass_where_streams_are_up_and_nowhere_else(observed):
    wrong = []
    for case, outcome in observed[0].items():
        told = outcome.status == (202 if outcome.is_up else 504) if case.direction == "out" else (
            outcome.bounced != outcome.is_up)
        if outcome.arrived != outcome.is_up or not told:
            wrong.append(f"{case} | {outcome}")
    assert not wrong, "\n".join(wrong)


def test_no_stream_is_up_by_another_method(observed):
    """Neither one that carried nothing, nor one that the partner made to verify a key of ours."""
    wrong = [f"{case} | {', '.join(sorted(outcome.methods))}"
             for case, outcome in observed[0].items() if outcome.methods - {method(case)}]
    assert not wrong, "\n".join(wrong)


# --- dialback false, byte by byte


def claim(border, domain: str, is_over_tls: bool) -> rogue.Stream:
    """A stream on which somebody says that he is the domain, with a key of nobody's."""
    border.publish(domain, (border.address(), border.settings.xmpp_port))
    stream = rogue.connect(border.settings.edge)
    features = stream.open(domain, LOCAL_DOMAIN)
    if is_over_tls:
        stream.start_tls(rogue.context(border.authority))
        features = stream.open(domain, LOCAL_DOMAIN)
    stream.offered = {rogue.name_of(feature) for feature in features}
    stream.send(f"<db:result from='{domain}' to='{LOCAL_DOMAIN}'>{'0f' * 32}</db:result>")
    return stream


def answers(stream: rogue.Stream, seconds: float):
    """All that comes until the end, or in this time."""
    with stream:
        deadline, said = time.monotonic() + seconds, []
        while True:
            try:
                element = stream.next(max(0.0, deadline - time.monotonic()))
            except (rogue.Ended, rogue.Silence) as end:
                return said, isinstance(end, rogue.Ended)
            said.append(rogue.name_of(element) + ":" + (
                rogue.condition_of(element, rogue.STREAM_ERRORS) or element.get("type", "")))


def look_ups(border, domain: str):
    return [question for question in list(border.names.asked) if domain in question[0]]


def test_dialback_false_ignores_claims(border):
    """No answer, no look-up, and the end comes by the establishment timeout."""
    border.set(stream_establishment_timeout=5)
    claims, began = {}, time.monotonic()
    for tls, sasl, dialback in ROWS:
        for is_over_tls in (True, False) if tls == "Optional" else (True,):
            if dialback == "false":
                domain = f"{tls}-{sasl}-{'tls' if is_over_tls else 'plain'}.test".lower()
                border.allow(domain, tls=tls, sasl=sasl, dialback=dialback)
                claims[domain] = claim(border, domain, is_over_tls)
    assert len(claims) == 6
    opened = time.monotonic()
    for domain, stream in claims.items():
        assert "dialback" not in stream.offered, domain
        assert answers(stream, 8) == (["error:connection-timeout"], True), domain
        assert time.monotonic() > began + 5, f"{domain}: too early"
        assert look_ups(border, domain) == []
    assert time.monotonic() < opened + 8


def test_dialback_true_follows_claims(border):
    """The same claim where it may be made: looked up and answered."""
    border.allow("believed.test", tls="Optional", sasl="NotSupported", dialback="true")
    stream = claim(border, "believed.test", False)
    assert "dialback" in stream.offered
    said, _ = answers(stream, 3)
    assert said == ["result:error"]
    assert ("_xmpp-server._tcp.believed.test", "SRV") in look_ups(border, "believed.test")
