"""Signing in with an account of a directory: a real slapd, by StartTLS and by ldaps."""

import concurrent.futures
import contextlib
import os
import re
import signal
import socket
import threading
import time

import pytest

from lab.ca import Authority
from lab.process import accepted, processor_seconds, wait_until
from lab.slapd import BASE, PEOPLE, SEARCHER, SEARCHER_PASSWORD, Slapd, group, password

WRONG = "The name or the password is wrong."


@pytest.fixture(scope="module")
def authority(settings):
    return Authority(settings.data / "ca").create()


@pytest.fixture(scope="module")
def slapd(settings, authority):
    server = Slapd(settings, authority.issue("slapd", settings.address(6), "localhost"))
    try:
        server.start()
        _fill(server)
        yield server
    finally:
        server.stop()


def _fill(server: Slapd) -> None:
    server.add(f"dn: ou=others,{BASE}\nobjectClass: organizationalUnit\nou: others\n")
    anna, bert, carla = map(server.add_person, ("anna", "bert", "carla"))
    server.add_person("nobody")
    server.add_person("twin")
    server.add_person("twin", parent=f"ou=others,{BASE}")
    server.add_person("dora", "sAMAccountName: Dora.Windows")
    off = server.add_person("off", "userAccountControl: 514")
    server.add_group("admins", anna, carla)
    server.add_group("viewers", bert, carla, off, f"uid=dora,{PEOPLE}", f"uid=twin,{PEOPLE}",
                     f"uid=twin,ou=others,{BASE}")


@pytest.fixture
def options(slapd, authority):
    """The lines of panel.ldap; give what is to be another way, or None."""
    secret = authority.directory / "searcher.secret"
    secret.write_text(SEARCHER_PASSWORD + "\n")
    secret.chmod(0o600)

    def make(**changes) -> str:
        values = {"url": slapd.url, "ca": authority.certificate, "bind-dn": SEARCHER,
                  "bind-password-file": secret, "base": BASE,
                  "administrators": f"[\"{group('admins')}\"]",
                  "viewers": f"[\"{group('viewers')}\"]"}
        values.update({name.replace("_", "-"): value for name, value in changes.items()})
        return "ldap:\n" + "\n".join(f"  {name}: {value}" for name, value in values.items()
                                     if value is not None)
    return make


def _sign_in(panel, name, typed=None):
    browser = panel.browser()
    answer = browser.sign_in(name, password(name) if typed is None else typed)
    return answer, browser


def _reasons(panel):
    return re.findall(r" sign-in-refused .*?reason=(\".*?\"|\S+)", panel.output())


def _faults(panel):
    return re.findall(r" directory-failed step=(\S+) .*?reason=(\".*?\"|\S+)", panel.output())


@pytest.mark.parametrize("membership", ["members", "member-of"])
@pytest.mark.parametrize("way", ["starttls", "ldaps"])
def test_roles(start, slapd, options, way, membership):
    """Whose group it is, so is the permission; the administrators' group counts more."""
    panel = start(options(url=slapd.url if way == "starttls" else slapd.tls_url,
                          membership=membership))
    for name, role in (("anna", "administrator"), ("bert", "viewer"), ("carla", "administrator")):
        answer, browser = _sign_in(panel, name)
        assert answer.status == 200, panel.last_lines()
        shown = browser.get("/session").json
        assert (shown["account"], shown["role"]) == (f"ldap:{name}", role)
        assert shown["directory"] is True and shown["must-change-password"] is False
        assert browser.get("/partners").status == 200
        made = browser.post("/partners", {"domain": f"{name}.test"})
        assert made.status == (201 if role == "administrator" else 403)
    trail = panel.local().get("/audit?object=anna.test").json["audit"]
    assert [row["who"] for row in trail] == ["ldap:anna"]
    assert "directory-ready" in panel.output() and not _faults(panel)


def test_other_groups(start, slapd, options):
    """Groups that list names, as of Unix, and those that list unique members."""
    slapd.add(f"dn: {group('unix')}\nobjectClass: posixGroup\ncn: unix\ngidNumber: 4000\n"
              "memberUid: carla\n")
    slapd.add(f"dn: {group('unique')}\nobjectClass: groupOfUniqueNames\ncn: unique\n"
              f"uniqueMember: uid=bert,{PEOPLE}\n")
    panel = start(options(administrators=f"[\"{group('unique')}\"]",
                          viewers=f"[\"{group('unix')}\"]"))
    assert _sign_in(panel, "carla")[0].json["role"] == "viewer"
    assert _sign_in(panel, "bert")[0].json["role"] == "administrator"
    assert _sign_in(panel, "anna")[0].status == 401


def test_refused(start, slapd, options):
    """All alike for who asks; the log and the trail say why."""
    panel = start(options())
    tried = [("anna", "wrong"), ("anna", ""), ("nobody", password("nobody")), ("unknown", "x"),
             ("twin", password("twin")), ("off", password("off"))]
    for name, typed in tried:
        answer, browser = _sign_in(panel, name, typed)
        assert answer.status == 401 and answer.json["detail"] == WRONG, (name, answer)
        assert not browser.cookie
    whys = [re.sub('"', "", why) for why in _reasons(panel)]
    assert whys == ["the directory refused the password", "the directory refused the password",
                    "in none of the directory's groups that are mapped to a role",
                    "the directory has no such user",
                    "several entries of the directory have this name",
                    "disabled in the directory"]
    trail = panel.local().get("/audit?action=sign-in+refused").json["audit"]
    assert any("in none of the directory's groups" in str(row) for row in trail)
    assert panel.output().count(" directory-refused dn=") == 1, "not with the empty one"
    # Whoever may not sign in anyway: his password is not tried here.
    assert f"uid=nobody,{PEOPLE}" not in slapd.binds()


def test_empty_password(start, slapd, options):
    """RFC 4513 section 5.1.2: such a bind succeeds, as nobody."""
    before = len(slapd.binds())
    panel = start(options())
    assert _sign_in(panel, "anna", "")[0].status == 401
    assert _sign_in(panel, "anna", "\0")[0].status in (400, 401)
    assert f"uid=anna,{PEOPLE}" not in slapd.binds()[before:]


@pytest.mark.parametrize("name", [
    "*", "an*", "a)(uid=*", "anna)(|(uid=*", "\\2a", "\\61nna", "anna\0", "a*)(uid=anna", "{dn}",
    "anna,ou=people", "uid=anna", "#", "&", "|", "anna\\", "ánna", "a" * 300])
def test_injection(start, options, name):
    """What is typed is a name and nothing else."""
    panel = start(options())
    answer, browser = _sign_in(panel, name, password("anna"))
    assert answer.status in (400, 401) and not browser.cookie
    assert _sign_in(panel, "anna")[0].status == 200
    assert not _faults(panel)


def test_names(start, options):
    """One user has one name, however it is typed; further attributes have others."""
    panel = start(options())
    answer, _ = _sign_in(panel, "ANNA", password("anna"))
    assert answer.status == 200 and answer.json["account"] == "ldap:anna"
    answer, _ = _sign_in(panel, "dora.windows", password("dora"))
    assert answer.status == 200 and answer.json["account"] == "ldap:dora.windows"


def test_name_as_it_is_shown(start, options):
    """A page whose session has ended asks anew for the account that it shows."""
    panel = start(options())
    answer, browser = _sign_in(panel, "ldap:anna", password("anna"))
    assert answer.status == 200 and browser.get("/session").json["account"] == "ldap:anna"
    panel.account("local")
    assert _sign_in(panel, "ldap:local", "a long password of local")[0].status == 401
    for name in ("ldap:ldap:anna", "LDAP:anna", "ldap:", ":anna", "cli:anna"):
        assert _sign_in(panel, name, password("anna"))[0].status in (400, 401), name


def test_other_attributes(start, options):
    panel = start(options(name_attributes="[sAMAccountName]",
                          user_filter="(objectClass=inetOrgPerson)"))
    assert _sign_in(panel, "dora", password("dora"))[0].status == 401
    assert _sign_in(panel, "dora.windows", password("dora"))[0].status == 200


def test_loose_matching(start, slapd, options):
    """What the directory takes for the same is another name all the same: who has many names could
    be guessed at by each of them. (Active Directory does so with accents, slapd with hyphens.)"""
    dn = slapd.add_person("ida", "telephoneNumber: +55-11-4002")
    slapd.join("viewers", dn)
    panel = start(options(name_attributes="[telephoneNumber]"))
    assert _sign_in(panel, "+55114002", password("ida"))[0].status == 401
    assert _sign_in(panel, "+55-11-4002", password("ida"))[0].status == 200


def test_local_first(start, options):
    """An account of the panel is nobody else's, not even when it is disabled."""
    panel = start(options())
    local = panel.account("anna", role="viewer")
    assert local.get("/session").json["directory"] is False
    assert _sign_in(panel, "anna")[0].status == 401
    assert panel.local().patch("/accounts/anna", {"enabled": False}).status == 200
    assert _sign_in(panel, "anna")[0].status == 401
    assert _sign_in(panel, "anna", "a long password of anna")[0].status == 401


def test_password_is_the_directorys(start, options):
    panel = start(options())
    _, browser = _sign_in(panel, "anna")
    answer = browser.put("/session/password", {"so-far": password("anna"),
                                               "password": "quite a long new password"})
    assert answer.status == 403 and "directory" in answer.json["detail"]
    assert browser.delete("/session").status == 204
    assert browser.get("/session").status == 401


def test_ending_sessions(start, options):
    """One's own all at once, and an administrator anybody's."""
    panel = start(options())
    here, there, other = (_sign_in(panel, name)[1] for name in ("bert", "bert", "anna"))
    shown = here.get("/sessions").json["sessions"]
    assert [(one["account"], one["directory"]) for one in shown] == [("ldap:bert", True)] * 2
    assert here.delete("/sessions?account=ldap:anna").status == 403
    assert here.delete("/sessions").status == 200
    assert there.get("/session").status == 401 and other.get("/session").status == 200
    assert panel.local().delete("/sessions?account=ldap:anna").status == 200
    assert other.get("/session").status == 401


def test_guessing(start, options):
    """W03, for names of the directory too."""
    panel = start(options())
    answers = [_sign_in(panel, "anna", f"wrong {number}")[0] for number in range(8)]
    assert answers[0].status == 401 and answers[-1].status == 429
    assert int(answers[-1].headers["retry-after"]) >= 1
    assert _sign_in(panel, "anna")[0].status == 429, "the right one has to wait, too"


def test_guessing_around_a_fault(start, settings, authority, options):
    """Tries that the directory did not judge make nobody forget the others."""
    server = Slapd(settings, authority.issue("around", settings.address(10)), last=10)
    try:
        server.start()
        server.add_group("viewers", server.add_person("hanna"))
        panel = start(options(url=server.url, administrators=None))
        for number in range(4):
            assert _sign_in(panel, "hanna", f"wrong {number}")[0].status == 401
        server.stop()
        assert [_sign_in(panel, "hanna", "wrong")[0].status for _ in range(6)] == [503] * 6
        server.start()
        assert _sign_in(panel, "hanna", "wrong again")[0].status == 401
        assert _sign_in(panel, "hanna")[0].status == 429
    finally:
        server.stop()


# --- the session's life


def test_leaving_a_group(start, slapd, options):
    """Who is in no group any more, or in another role's, is signed out; others stay."""
    dn = slapd.add_person("emil")
    slapd.join("admins", dn)
    slapd.join("viewers", dn)
    panel = start(options(recheck_s=1))
    _, staying = _sign_in(panel, "anna")
    _, browser = _sign_in(panel, "emil")
    assert browser.get("/session").json["role"] == "administrator"
    slapd.leave("admins", dn)
    wait_until(lambda: browser.get("/session").status == 401, 10, "the administrator stays")
    answer, browser = _sign_in(panel, "emil")
    assert answer.json["role"] == "viewer"
    slapd.leave("viewers", dn)
    wait_until(lambda: browser.get("/session").status == 401, 10, "the viewer stays")
    assert staying.get("/session").status == 200
    ends = panel.local().get("/audit?action=session+end").json["audit"]
    assert [row["object"] for row in ends] == ["ldap:emil", "ldap:emil"]
    assert panel.output().count("directory-session-ended") == 2


def test_disabled_later(start, slapd, options):
    dn = slapd.add_person("fritz")
    slapd.join("viewers", dn)
    panel = start(options(recheck_s=1))
    _, browser = _sign_in(panel, "fritz")
    assert browser.get("/session").status == 200
    slapd.modify(f"dn: {dn}\nchangetype: modify\nadd: userAccountControl\n"
                 "userAccountControl: 514\n")
    wait_until(lambda: browser.get("/session").status == 401, 10, "who is disabled stays")


def test_directory_goes_away(start, settings, authority, options):
    """Its users stay for three looks, and not for ever; a restart of the panel keeps them too."""
    server = Slapd(settings, authority.issue("away", settings.address(7)), last=7)
    try:
        server.start()
        server.add_group("viewers", server.add_person("greta"))
        panel = start(options(url=server.url, recheck_s=2, administrators=None))
        _, browser = _sign_in(panel, "greta")
        looks = len(_faults(panel))
        server.stop()
        wait_until(lambda: len(_faults(panel)) > looks, 10, "nobody noticed")
        assert browser.get("/session").status == 200
        server.start()
        wait_until(lambda: panel.output().count("directory-ready") == 2, 10, "not seen again")
        assert browser.get("/session").status == 200
        server.stop()
        wait_until(lambda: browser.get("/session").status == 401, 20, "it stays for ever")
    finally:
        server.stop()


def test_crowd_at_a_silent_directory(start, settings, authority, options):
    """Strangers who all wait for it keep nobody signed in: the look is taken all the same."""
    server = Slapd(settings, authority.issue("crowd", settings.address(12)), last=12)
    is_over = threading.Event()

    def knock():
        while not is_over.is_set():
            _sign_in(panel, "stranger", "wrong")
    try:
        server.start()
        server.add_group("viewers", server.add_person("ida"))
        panel = start("requests-per-s: 0\n" + options(url=server.url, recheck_s=1, timeout_s=2,
                                                      administrators=None))
        _, browser = _sign_in(panel, "ida")
        os.kill(server.pid, signal.SIGSTOP)
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            for _ in range(6):
                pool.submit(knock)
            try:
                wait_until(lambda: browser.get("/session").status == 401, 15, "she stays for ever")
            finally:
                is_over.set()
    finally:
        os.kill(server.pid, signal.SIGCONT)
        server.stop()


def test_one_users_fault(start, slapd, options):
    """Whose entry is larger than an answer may be is nobody else's trouble: who is asked about after
    him is asked about all the same."""
    panel = start(options(recheck_s=2))
    browsers = []
    for name in ("jana", "kurt"):
        slapd.join("viewers", slapd.add_person(name))
        browsers.append(_sign_in(panel, name)[1])
    slapd.modify(f"dn: uid=jana,{PEOPLE}\nchangetype: modify\nadd: uid\n" +
                 "".join(f"uid: {letter * 600_000}\n" for letter in "ab"))
    slapd.leave("viewers", f"uid=kurt,{PEOPLE}")
    for browser in browsers:
        wait_until(lambda: browser.get("/session").status == 401, 20, "it goes on for ever")
    assert re.findall(r"directory-session-ended account=(\S+)", panel.output()) == [
        "ldap:kurt", "ldap:jana"], "jana's answers are too long, and she is given time"


def test_no_directory_any_more(start, options):
    """A session of a directory that is not in the configuration any more holds nothing."""
    panel = start(options())
    _, browser = _sign_in(panel, "anna")
    panel.stop()
    text = panel.config.read_text()
    panel._text = text[:text.index("  ldap:")]
    panel.start()
    assert browser.get("/session").status == 401


# --- faults


def test_wrong_authority(start, settings, options):
    """The password is not sent to whom nobody vouches for."""
    other = Authority(settings.data / "other-ca", "another").create()
    panel = start(options(ca=other.certificate))
    answer, _ = _sign_in(panel, "anna")
    assert answer.status == 503 and "directory" in answer.json["detail"]
    assert {step for step, _ in _faults(panel)} == {"tls"}


@pytest.mark.parametrize("way", ["starttls", "ldaps"])
def test_wrong_name(start, settings, authority, options, way):
    """A certificate of the right authority for somebody else."""
    server = Slapd(settings, authority.issue("elsewhere", "ldap.elsewhere.test"), last=9)
    try:
        server.start()
        panel = start(options(url=server.url if way == "starttls" else server.tls_url))
        assert _sign_in(panel, "anna")[0].status == 503
        assert {step for step, _ in _faults(panel)} == {"tls"}
        assert server.binds() == []
    finally:
        server.stop()


def test_wrong_searcher(start, authority, options):
    """What is wrong with the account that searches is nobody's wrong password."""
    secret = authority.directory / "wrong.secret"
    secret.write_text("not this one\n")
    panel = start(options(bind_password_file=secret))
    assert _sign_in(panel, "anna")[0].status == 503
    secret.write_text("\n")
    assert _sign_in(panel, "anna")[0].status == 503
    secret.write_text(SEARCHER_PASSWORD)
    assert _sign_in(panel, "anna")[0].status == 200, "read anew each time"
    steps = _faults(panel)
    assert {step for step, _ in steps} == {"bind"} and "empty" in steps[-1][1]


def test_wrong_base(start, options):
    panel = start(options(base=f"ou=nowhere,{BASE}"))
    assert _sign_in(panel, "anna")[0].status == 503
    assert ("search" in {step for step, _ in _faults(panel)})


def test_missing_group(start, options):
    panel = start(options(viewers=f"[\"{group('missing')}\"]"))
    wait_until(lambda: "directory-group-missing" in panel.output(), 10, "no warning")
    assert _sign_in(panel, "bert")[0].status == 401
    assert _sign_in(panel, "anna")[0].status == 200


def _copy(one, other):
    with contextlib.suppress(OSError):
        while data := one.recv(65536):
            other.sendall(data)
        other.shutdown(socket.SHUT_WR)


def test_by_name(start, slapd, options):
    """The name is looked up with the rights given up, and the certificate is for the name."""
    def pass_on():
        for connection, _ in accepted(listener):
            onward = socket.create_connection(slapd.tls)
            for ends in ((connection, onward), (onward, connection)):
                threading.Thread(target=_copy, args=ends, daemon=True).start()

    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listener:
        threading.Thread(target=pass_on, daemon=True).start()
        panel = start(options(url=f"ldaps://localhost:{listener.getsockname()[1]}"))
        assert _sign_in(panel, "anna")[0].status == 200
        assert not _faults(panel)


@pytest.mark.parametrize("host", ["address", "localhost"])
def test_down(start, settings, options, host):
    """Accounts of the panel sign in as ever; the name of the directory's machine is looked up with
    the rights given up."""
    where = settings.address(8) if host == "address" else "localhost"
    panel = start(options(url=f"ldap://{where}:3390"))
    answer, _ = _sign_in(panel, "anna")
    assert answer.status == 503 and int(answer.headers["retry-after"]) >= 1
    panel.account("local")
    assert _sign_in(panel, "local", "wrong")[0].status == 401
    assert _faults(panel)[-1][0] == "connect" and "Connection refused" in _faults(panel)[-1][1]


def test_down_costs_little(start, settings, options):
    """Tries that are not counted, for nobody can judge them, are no way to keep the panel busy."""
    panel = start(options(url=f"ldap://{settings.address(8)}:3390"))
    for name in ("local", "another"):
        panel.account(name)
    costs = []
    for names, status in ((("local", "another"), 401), (("anna", "bert"), 503)):
        before = processor_seconds(panel.pid)
        assert [_sign_in(panel, name, "wrong")[0].status for name in names * 4] == [status] * 8
        costs.append(processor_seconds(panel.pid) - before)
    assert costs[1] < costs[0] / 2, costs


class _Silent:
    """Takes connections and says what it is told to, then nothing more."""

    def __init__(self, address, says: bytes = b""):
        self._listener = socket.create_server((address, 0))
        self.address = self._listener.getsockname()
        self._says = says
        self._kept = []
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        for connection, _ in accepted(self._listener):
            self._kept.append(connection)
            with contextlib.suppress(OSError):
                if self._says:
                    connection.recv(4096)
                    connection.sendall(self._says)

    def close(self):
        self._listener.close()
        for connection in self._kept:
            connection.close()


#: message 1: the answer to StartTLS, success (RFC 4511 section 4.14.2)
_STARTTLS_GOOD = bytes.fromhex("300c02010178070a010004000400")


@pytest.mark.parametrize("way", ["ldaps", "starttls", "handshake"])
def test_silent(start, settings, options, way):
    """Whoever waits for it waits for so long and no longer, and nobody else does."""
    server = _Silent(settings.address(8), _STARTTLS_GOOD if way == "handshake" else b"")
    url = "{}://{}:{}".format("ldaps" if way == "ldaps" else "ldap", *server.address)
    try:
        panel = start("requests-per-s: 0\n" + options(url=url, timeout_s=2))
        local = panel.account("local")
        answers = []
        waiting = [threading.Thread(target=lambda: answers.append(_sign_in(panel, "anna", "x")[0]))
                   for _ in range(3)]
        begun = time.monotonic()
        for thread in waiting:
            thread.start()
        while any(thread.is_alive() for thread in waiting):
            asked = time.monotonic()
            assert local.get("/partners").status == 200
            assert time.monotonic() - asked < 1
        assert time.monotonic() - begun < 6
        assert [answer.status for answer in answers] == [503] * 3
        assert _faults(panel)[-1][0] == "tls"
    finally:
        server.close()


@pytest.mark.parametrize("change, word", [
    ({"base": "people"}, "base"), ({"administrators": "[Administrators]"}, "administrators"),
    ({"url": "ldap://h/dc=x"}, "url"), ({"bind_dn": None}, "bind-dn"),
    ({"administrators": None, "viewers": None}, "nobody"), ({"user_filter": "uid=x"}, "filter")])
def test_wrong_options(start, options, change, word):
    """The panel does not start, and says which option it is."""
    with pytest.raises(Exception, match="ended at once") as refused:
        start(options(**change))
    assert word in str(refused.value)
