"""The lab without Causeway: that a failure further down is not the lab's own."""

import contextlib
import hashlib
import re
import signal
import socket
import subprocess
import sys

import pytest

from lab.ca import Authority
from lab.causeway import Causeway
from lab.dns import DnsServer
from lab.ejabberd import Ejabberd
from lab.kamailio import Kamailio
from lab.kamailio_presence import KamailioPresence
from lab.panel import Browser, Place
from lab.partner import Mode
from lab.phone import Phone
from lab.pidf import State
from lab.process import LabError
from lab.prosody import Prosody
from lab.sipclient import SipUser
from lab.stack import clear_directory
from lab.xmppclient import XmppClient


def client(stack, prosody, name, resource="lab"):
    ca_file = None
    if prosody.is_encrypted:
        ca_file = (prosody.authority.certificate if prosody.mode is Mode.SASL
                   else prosody.pair.certificate)
    return stack.enter_context(
        XmppClient(f"{name}@{prosody.domain}", prosody.client_address, ca_file, resource))


@pytest.mark.parametrize("mode", Mode, ids=lambda mode: mode.name)
def test_two_prosodies_federate(settings, mode):
    clear_directory(settings)
    authority = Authority(settings.data / "ca").create()
    with contextlib.ExitStack() as stack:
        servers = [DnsServer(settings), Prosody(settings, authority, mode),
                   Prosody(settings, authority, mode, "contoso.test", settings.edge,
                           (settings.edge[0], settings.client_port))]
        for server in servers:
            stack.callback(server.stop)
            server.start()
        juliet, alice = client(stack, servers[1], "juliet"), client(stack, servers[2], "alice")
        juliet.send(alice.address, "one way")
        alice.wait_for("one way")
        alice.send(juliet.address, "and back")
        juliet.wait_for("and back")


def test_kamailio_routes_between_its_users(settings):
    clear_directory(settings)
    with contextlib.ExitStack() as stack:
        kamailio = Kamailio(settings)
        stack.callback(kamailio.stop)
        kamailio.start()
        alice = stack.enter_context(SipUser(settings, "alice"))
        bob = stack.enter_context(SipUser(settings, "bob"))
        text = "Grüße, bob: <b> & [x]"
        assert alice.send(bob.address, text).status == 200
        assert bob.wait_for(text).sender.startswith("<sip:alice@contoso.test>")
        assert alice.send("nobody@contoso.test", "x").status == 404
        bob.register(expires=0)
        assert alice.send(bob.address, "x").status == 480


@pytest.mark.parametrize("server_class", [Prosody, Ejabberd])
def test_xmpp_users_see_each_other(settings, server_class):
    clear_directory(settings)
    authority = Authority(settings.data / "ca").create()
    with contextlib.ExitStack() as stack:
        stack.enter_context(running(DnsServer(settings)))
        server = stack.enter_context(running(server_class(settings, authority, Mode.SASL)))
        juliet, romeo = client(stack, server, "juliet"), client(stack, server, "romeo")
        juliet.contacts.add(romeo.address)
        romeo.contacts.wait_kind(juliet.address, "subscribe")
        romeo.contacts.accept(juliet.address)
        juliet.contacts.wait_shows(romeo.address, [""])
        romeo.contacts.show("dnd", "Lunch & <b>", 5)
        seen = juliet.contacts.wait_shows(romeo.address, ["dnd"])["lab"]
        assert (seen.status, seen.priority) == ("Lunch & <b>", 5)
        second = client(stack, server, "romeo", "second")
        juliet.contacts.wait_shows(romeo.address, ["", "dnd"])
        second.stop()
        juliet.contacts.wait_shows(romeo.address, ["dnd"])
        romeo.contacts.hide()
        juliet.contacts.wait_shows(romeo.address, [])
        romeo.contacts.show()
        juliet.contacts.wait_shows(romeo.address, [""])
        juliet.contacts.remove(romeo.address)
        romeo.contacts.wait_kind(juliet.address, "unsubscribe")
        assert juliet.contacts.listed() == {}


@contextlib.contextmanager
def running(server):
    with contextlib.ExitStack() as stack:
        stack.callback(server.stop)
        yield server.start()


def test_kamailio_serves_presence(settings):
    clear_directory(settings)
    with running(KamailioPresence(settings)) as kamailio, Phone(settings, "bob") as bob, \
            Phone(settings, "alice") as alice, Phone(settings, "alice", 2) as other:
        watch = bob.watch(alice.address)
        alice.publish(State(activity="away", note="Lunch & <b>"))
        document = watch.wait_open().document
        assert (document.activities, document.notes) == (("away",), ("Lunch & <b>",))
        other.publish(State(device="desk"))
        watch.wait(lambda told: told.document.open_ids == ["desk", "phone"])
        other.publish(expires=0)
        watch.wait(lambda told: told.document.open_ids == ["phone"])
        assert kamailio.watchers("alice") == {bob.address: "active"}
        watch.end()
        watch.wait(lambda told: told.state == "terminated")
        assert kamailio.count_subscriptions() == 0


def test_kamailio_follows_rules(settings):
    clear_directory(settings)
    with running(KamailioPresence(settings, with_rules=True)) as kamailio, \
            Phone(settings, "alice") as alice, Phone(settings, "bob") as bob:
        alice.publish(State())
        watch = bob.watch(alice.address)
        watch.wait(lambda told: told.state == "pending")
        kamailio.allow("alice", bob.address)
        watch.wait_open()
        kamailio.forbid("alice", bob.address)
        assert watch.wait(lambda told: told.state == "terminated").reason == "rejected"


def test_user_agents_answer_subscribe_themselves(settings):
    clear_directory(settings)
    with running(Kamailio(settings)), Phone(settings, "bob") as bob, \
            Phone(settings, "alice", signs_in=True, decision="pending") as alice:
        watch = bob.watch(alice.address)
        watch.wait(lambda told: told.state == "pending")
        alice.decide(alice.wait_watcher(bob.address), "active")
        watch.wait_open()
        alice.show(State(is_open=False))
        watch.wait_closed()
        watch.end()
        assert watch.wait(lambda told: told.state == "terminated").reason == "timeout"
        alice.decision = 603
        assert bob.new_watch(alice.address).subscribe().status == 603


def test_a_port_that_is_held_is_named(settings):
    clear_directory(settings)
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as holder:
        holder.bind(settings.kamailio)
        with pytest.raises(LabError, match=r"127\.\d+\.\d+\.20:5060 \(udp\) is already in use"):
            Kamailio(settings).start()


def test_run_says_which_port_is_held(settings):
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(settings.edge)
        holder.listen()
        done = subprocess.run(
            [sys.executable, "-m", "lab.run", "--once", "--base", settings.base,
             "--data", str(settings.data)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert f"{settings.edge[0]}:5269 (tcp) is already in use" in done.stderr


@contextlib.contextmanager
def run(settings):
    """`./run`, built already, until the end of the block: what it prints up to "Press Ctrl-C"."""
    running = subprocess.Popen(
        [sys.executable, "-m", "lab.run", "--base", settings.base, "--data", str(settings.data),
         "--program", str(settings.program)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True)
    try:
        said = ""
        for line in running.stdout:
            said += line
            if line.startswith("Press Ctrl-C"):
                break
        else:
            raise LabError(f"./run has ended: {said}")
        yield said
        running.send_signal(signal.SIGINT)
        rest = running.stdout.read()
        assert (running.wait(30), rest.splitlines()[-1]) == (0, "Everything has stopped.")
    finally:
        running.kill()
        running.wait()


def test_run_says_how_to_sign_in(settings):
    """The address answers with the certificate that is named, and the password is good for a sign-in
    that has to choose another one; a second run in the same directory has a new one."""
    passwords = [sign_in_as_told(settings), sign_in_as_told(settings)]
    assert passwords[0] != passwords[1]


def sign_in_as_told(settings) -> str:
    with run(settings) as said:
        url, account, password, fingerprint = re.search(
            r"open (https://\S+) as (\w+),.*?one-time password\s+(\S+).*?SHA-256 ([0-9a-f]{64})",
            said, re.DOTALL).groups()
        assert url == "https://{}:{}/".format(*settings.panel)
        place = Place(Causeway(settings, None))
        with contextlib.closing(place.connect()) as connection:
            shown = hashlib.sha256(connection.getpeercert(binary_form=True)).hexdigest()
        assert shown == fingerprint
        browser = Browser(place, {})
        assert b"<title>" in browser.get("//").body
        assert browser.sign_in(account, password).json["must-change-password"]
        assert browser.get("/partners").status == 403
        changed = browser.ask("PUT", "/session/password",
                              {"so-far": password, "password": "a password of my own"})
        assert changed.status == 204, changed
        assert browser.sign_in(account, "a password of my own").status == 200
        assert [one["domain"] for one in browser.get("/partners").json["partners"]] == [
            "fabrikam.test"]
    return password
