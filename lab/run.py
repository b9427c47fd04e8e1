"""`./run`: starts the whole lab, proves that presence and messages cross in both directions, and
stays up."""

import argparse
import contextlib
import signal
import sys
import time

from . import settings as lab_settings
from .causeway import panel_section
from .panel import Browser, Place
from .pidf import State
from .process import LabError, raise_on_signals
from .settings import ACCOUNTS, PARTNER_DOMAIN
from .stack import Lab


def _say(text: str = "") -> None:
    print(text, flush=True)


def _prove_presence(lab: Lab) -> None:
    """Alice and juliet add each other and see what the other one's state becomes."""
    alice, juliet = lab.phone("alice"), lab.xmpp("juliet")
    alice.publish(State())
    watch = alice.watch(juliet.address)
    asked = juliet.contacts.wait_kind(alice.address, "subscribe", seconds=20)
    _say("  alice adds juliet: juliet is asked, and accepts")
    juliet.contacts.accept(alice.address)
    told = watch.wait_open(20)
    _say(f"     alice sees juliet available {_after(told.at, asked.at)} later")
    began = time.time()
    juliet.contacts.add(alice.address)
    _say("  juliet adds alice: she may, since alice added her first")
    _saw(juliet, alice, "", "available", began)
    juliet.contacts.wait_listed(alice.address, "both")
    began = time.time()
    juliet.contacts.show("away", "Lunch")
    told = watch.wait(lambda told: told.document.shows == ["away"])
    _say(f"  juliet is away:\n     alice sees her {told.document.activities[0]}, with the note "
         f"\"{told.document.notes[0]}\", after {_after(told.at, began)}")
    began = time.time()
    alice.publish(State(activity="busy"))
    _say("  alice is busy:")
    _saw(juliet, alice, "dnd", "dnd (do not disturb)", began)


def _saw(juliet, alice, show: str, words: str, began: float) -> None:
    seen = next(iter(juliet.contacts.wait_shows(alice.address, [show], 20).values()))
    _say(f"     juliet sees {seen.sender} {words} after {_after(seen.at, began)}")


def _after(moment: float, before: float) -> str:
    return f"{(moment - before) * 1000:.0f} ms"


def _prove_messages(lab: Lab) -> None:
    """One message from alice to juliet and one back; LabError when one does not arrive."""
    alice, juliet = lab.sip("alice"), lab.xmpp("juliet")
    text = "Hello juliet, this comes from a SIP telephone."
    answer = alice.send(juliet.address, text)
    if answer.status not in (200, 202):
        raise LabError(f"alice's message was answered with SIP status {answer.status or 'none'} "
                       f"after {answer.seconds:.1f} s; the reason is in {lab.causeway.log}")
    got = juliet.wait_for(text)
    _say(f"  alice -> juliet (SIP to XMPP): \"{got.body}\"")
    _say(f"     received by {got.to} from {got.sender} after "
         f"{(got.at - answer.sent_at) * 1000:.0f} ms, SIP status {answer.status}")
    text = "Hello alice, this comes from an XMPP client."
    sent_at = time.time()
    got = _arrival(alice, juliet, juliet.send(alice.address, text), text, lab)
    _say(f"  juliet -> alice (XMPP to SIP): \"{got.body}\"")
    _say(f"     received by {alice.address} from {got.sender_address} after "
         f"{(got.at - sent_at) * 1000:.0f} ms")


def _prove_panel(lab: Lab) -> None:
    """The web application is there, behind the certificate that the panel has made."""
    answer = Browser(Place(lab.causeway), {}).get("//")
    if answer.status != 200:
        raise LabError(f"the control panel answered with status {answer.status}: "
                       f"{answer.body.decode(errors='replace')}")
    _say(f"  the control panel answers at {lab.causeway.panel_url}; the first sign-in is\n"
         f"     administrator with the one-time password {lab.causeway.first_password}")


def _arrival(alice, juliet, stanza_id: str, text: str, lab: Lab):
    """Alice's copy of the message; an error stanza in its place ends the wait at once."""
    def arrived(message):
        for error in list(juliet.received):
            if error.kind == "error" and error.id == stanza_id:
                raise LabError(f"juliet's message was answered with <{error.condition}/> "
                               f"({error.text or 'no text'}); the reason is in {lab.causeway.log}")
        return message.body == text
    return alice.wait_for(arrived, 20)


def _explain(lab: Lab) -> None:
    """Where everything is, and how to bring one's own clients."""
    s = lab.settings

    def at(address):
        return f"{address[0]}:{address[1]}"
    _say(f"""
Everything is running:
  Causeway edge        {at(s.edge):<22} XMPP server-to-server, for {lab_settings.LOCAL_DOMAIN}
  Causeway gateway     {at(s.gateway):<22} SIP, UDP and TCP
  Kamailio             {at(s.kamailio):<22} SIP platform of {lab_settings.LOCAL_DOMAIN}, UDP and TCP
  Prosody              {at(s.prosody):<22} XMPP server-to-server, for {PARTNER_DOMAIN}
                       {at(s.prosody_clients):<22} XMPP clients
  Control panel        {at(s.panel):<22} HTTPS, for your browser
  DNS                  {at(s.dns):<22} SRV and A records of both domains

How to sign in:        open {lab.causeway.panel_url} as administrator, with the one-time password
                       {lab.causeway.first_password}
                       (it asks for another one; each ./run begins anew, with a new one)
                       The panel has made its certificate itself, and the browser warns of it;
                       SHA-256 {lab.causeway.panel_fingerprint}

Your own SIP client:   user alice or bob, domain {lab_settings.LOCAL_DOMAIN};
                       registrar and outbound proxy {at(s.kamailio)}
Your own XMPP client:  juliet@{PARTNER_DOMAIN} or romeo@{PARTNER_DOMAIN};
                       server {at(s.prosody_clients)}, CA {lab.authority.certificate}
Passwords:""")
    for address, password in ACCOUNTS.items():
        _say(f"  {address:<22} {password}")
    _say(f"""
The lab's own clients have signed out, so alice, bob, juliet and romeo are yours.
alice and juliet are in each other's contact lists. Kamailio is the presence server of
{lab_settings.LOCAL_DOMAIN}: let your SIP client publish its presence there (PUBLISH).
The partner's type is PublicUnverified: a SIP user has to add or write to an XMPP user first,
then that one may answer, and see him (alice and juliet have done so).

Commands:   export CAUSEWAY_CONFIG={lab.causeway.config}
            {s.program} partner list
            {s.program} stream list
            {s.program} contact list
            {s.program} test partner {PARTNER_DOMAIN}
            {s.program} partner diagnose {PARTNER_DOMAIN}
Logs:       {lab.causeway.log}
            {lab.prosody.server_log}
            {lab.kamailio.log}
""")


def _stay(lab: Lab) -> None:
    _say("Press Ctrl-C to stop everything.")
    servers = (lab.dns, lab.prosody, lab.kamailio, lab.causeway)
    while True:
        time.sleep(0.5)
        for server in servers:
            if not server.is_running():
                raise LabError(f"{server.name} has ended:\n{server.last_lines()}")


def _run(options) -> None:
    settings = lab_settings.from_options(options)
    _say(f"Starting DNS, Prosody, Kamailio and Causeway on {settings.base}.x; "
         f"files are in {settings.data}")
    with Lab(settings, platform="presence", panel=panel_section(settings)) as lab:
        lab.causeway.command("partner", "new", PARTNER_DOMAIN, "--tls", "Required",
                             "--sasl", "Required")
        _say(f"Partner {PARTNER_DOMAIN} added: TLS Required, SASL Required.")
        try:
            _prove_presence(lab)
        except LabError as problem:
            raise LabError(f"{problem}\nThe reason is in {lab.causeway.log}") from None
        _prove_messages(lab)
        _prove_panel(lab)
        lab.phone("alice").publish(expires=0)
        lab.sign_out_clients()
        if not options.once:
            _explain(lab)
            with contextlib.suppress(KeyboardInterrupt):
                _stay(lab)
        _say("Stopping everything.")
    _say("Everything has stopped.")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="./run", description="Runs Causeway between Kamailio and Prosody on loopback, lets two "
        "users add and see each other, sends a message each way, and stays up until Ctrl-C.")
    parser.add_argument("--once", action="store_true",
                        help="end after the proof: status 0 when presence and messages have crossed")
    lab_settings.add_options(parser)
    raise_on_signals()
    try:
        _run(parser.parse_args())
    except (LabError, ValueError) as problem:
        print(f"run: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("run: interrupted; everything has stopped", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    status = main()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # too late to change anything but the status
    sys.exit(status)
