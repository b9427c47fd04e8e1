"""Accounts, tokens and the audit trail on the command line; passwords that nobody sees."""

import os
import pty
import re
import termios

import pytest

from test_cli import PROGRAM, Installation, cw  # noqa: F401 (a fixture)

GOOD = "tall green lamps"


def new(cw, name, role="administrator", password=GOOD):
    return cw.run("account", "new", name, "--role", role, "--password-file", "-",
                  stdin=password + "\n")


def typed(cw: Installation, words, *lines):
    """Runs the command at a terminal of its own and types a line at each prompt; what was shown,
    and the exit status.  Each prompt must come with the terminal's echo off."""
    child, terminal = pty.fork()
    if child == 0:
        os.environ["CAUSEWAY_CONFIG"] = str(cw.config)
        os.execv(PROGRAM, [str(PROGRAM), *words])
    shown, left = "", list(lines)
    while True:
        try:
            part = os.read(terminal, 1024).decode()
        except OSError:  # the other end is closed
            break
        if not part:
            break
        shown += part
        if left and shown.endswith(": "):
            assert not termios.tcgetattr(terminal)[3] & termios.ECHO
            os.write(terminal, (left.pop(0) + "\n").encode())
    os.close(terminal)
    return shown.replace("\r\n", "\n"), os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_password_from_standard_input(cw):
    done = new(cw, "Anna")
    assert done.stdout.startswith("saved: account new\nname                  anna\n")
    assert done.stderr == ""  # no gateway wants to know
    assert GOOD not in done.stdout
    listed = cw.query("account", "list")["accounts"]
    assert [(a["name"], a["role"], a["enabled"]) for a in listed] == [("anna", "administrator", True)]


def test_password_from_a_file(cw, tmp_path):
    file = tmp_path / "password"
    file.write_text(GOOD + "\r\nnot this line\n")
    cw.run("account", "new", "anna", "--role", "viewer", f"--password-file={file}")
    file.write_text("")
    done = cw.run("account", "password", "anna", "--password-file", str(file), status=2)
    assert done.stderr == f"causeway: {file} has no line that could be a password\n"


def test_password_is_no_word(cw):
    done = cw.run("account", "new", "anna", "--role", "viewer", "--password", GOOD, status=2)
    assert "never given on a command line" in done.stderr
    assert cw.query("account", "list") == {"accounts": []}
    assert cw.refusal("account", "new", "anna", "--role", "viewer") == \
        "Give a password, or let one be made with generate."


def test_password_typed_unseen(cw):
    words = ["account", "new", "anna", "--role", "administrator"]
    shown, status = typed(cw, words, GOOD, "another one")
    assert (shown, status) == ("password: \npassword, again: \n"
                               "causeway: they are not the same\n", 2)
    shown, status = typed(cw, words, GOOD, GOOD)
    assert status == 0 and GOOD not in shown
    assert shown.startswith("password: \npassword, again: \nsaved: account new\n")
    shown, status = typed(cw, ["account", "password", "anna"], "")
    assert (shown, status) == ("password: \ncauseway: no password was typed\n", 2)


def test_rescue(cw):
    """Who forgot the password has the machine."""
    new(cw, "administrator")
    done = cw.run("account", "password", "administrator", "--generate", "true")
    password = re.search(r"^password: (\S+)$", done.stdout, re.MULTILINE).group(1)
    assert re.fullmatch(r"([a-z2-9]{4}-){4}[a-z2-9]{4}", password)
    assert cw.query("account", "get", "administrator")["must-change-password"] is True


def test_last_administrator(cw):
    new(cw, "anna")
    sentence = "anna is the last enabled administrator; make another one first."
    assert cw.refusal("account", "remove", "anna") == sentence
    assert cw.refusal("account", "set", "anna", "--enabled", "false") == sentence
    assert cw.refusal("account", "set", "anna", "--role", "viewer") == sentence


def test_no_secret_is_kept(cw):
    """Neither a password nor a token stands in the data directory."""
    new(cw, "anna")
    token = cw.query("token", "new", "backup", "--role", "viewer")["token"]
    assert re.fullmatch(r"cwt_[0-9a-f]{64}", token)
    for file in cw.data.iterdir():
        if file.is_file():
            assert GOOD.encode() not in file.read_bytes(), file
            assert token.encode() not in file.read_bytes(), file
            assert token[4:].encode() not in file.read_bytes(), file


def test_tokens(cw):
    cw.run("token", "new", "backup", "--role", "viewer", "--days", "1")
    done = cw.run("token", "list")
    assert re.search(r"^1   backup  viewer  \S+Z  \S+Z  -$", done.stdout, re.MULTILINE)
    assert cw.refusal("token", "new", "backup", "--role", "viewer") == \
        "There is a token backup already."
    cw.run("token", "remove", "1")
    assert cw.query("token", "list") == {"tokens": []}


def test_audit(cw):
    cw.run("partner", "new", "a.test", "--tls", "Optional", "--sasl", "NotSupported")
    cw.run("partner", "set", "a.test", "--tls", "Required")
    cw.run("partner", "remove", "a.test")
    table = cw.run("audit", "list", "--limit", "2").stdout
    assert "partner remove  a.test  -\n" in table and "partner set     a.test  tls\n" in table
    assert table.endswith("There are more: --cursor 2 shows them.\n")
    shown = cw.run("audit", "show", "2").stdout
    assert "  tls: Optional -> Required\n" in shown
    assert "causeway audit restore 2 brings this state back.\n" in shown
    cw.run("audit", "restore", "3", "--what-if")
    cw.run("partner", "get", "a.test", status=1)
    assert cw.run("audit", "restore", "3").stdout.startswith("saved: audit restore a.test\n")
    assert cw.query("partner", "get", "a.test")["tls"] == "Required"
    cw.run("audit", "restore", "1")
    assert cw.query("partner", "get", "a.test")["tls"] == "Optional"
    assert cw.refusal("audit", "restore", "9") == "The audit trail has no row 9."


@pytest.mark.parametrize("group", ["account", "token", "session", "audit"])
def test_help(cw, group):
    assert f"causeway {group} COMMAND --help says more." in cw.run(group, "--help").stdout


def test_help_of_a_password(cw):
    text = cw.run("account", "password", "--help").stdout
    assert "--password-file " in text and "--password " not in text
