"""The program `causeway` as an administrator meets it: commands, refusals, what-if, JSON, help.

CAUSEWAY_PROGRAM names the program; without it, build/causeway is taken.
"""

import base64
import hashlib
import json
import os
import pathlib
import socket
import stat
import subprocess
import threading

import pytest

PROJECT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("CAUSEWAY_PROGRAM", PROJECT / "build" / "causeway")).resolve()
NO_GATEWAY = "saved; no gateway is running on this machine\n"


class Installation:
    """A configuration and a data directory of its own."""

    def __init__(self, directory: pathlib.Path):
        self.data = directory / "data"
        self.data.mkdir(mode=0o700)
        self.config = directory / "causeway.yaml"
        self.config.write_text(f"data-dir: {self.data}\nlocal-domains: [contoso.test]\n")

    def run(self, *words, status=0, stdin=""):
        env = {**os.environ, "CAUSEWAY_CONFIG": str(self.config)}
        done = subprocess.run([str(PROGRAM), *words], env=env, input=stdin, text=True,
                              capture_output=True, timeout=30)
        assert done.returncode == status, (words, done.returncode, done.stdout, done.stderr)
        assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
        return done

    def query(self, *words):
        return json.loads(self.run(*words, "--json").stdout)

    def refusal(self, *words):
        """The sentence on standard error; the JSON answer must say the same."""
        done = self.run(*words, status=1)
        assert done.stdout == ""
        told = json.loads(self.run(*words, "--json", status=1).stdout)["problem"]
        assert done.stderr == told["sentence"] + "\n"
        return done.stderr.rstrip("\n")


@pytest.fixture
def cw(tmp_path):
    return Installation(tmp_path)


class Gateway(threading.Thread):
    """Listens on the control socket and answers each request with the same line."""

    def __init__(self, path, answer: bytes):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        self.socket.listen()
        self.answer, self.requests = answer, []
        self.start()

    def run(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                self.requests.append(connection.makefile("rb").readline())
                connection.sendall(self.answer)


# --- partner ---

def test_new_and_get(cw):
    done = cw.run("partner", "new", "fabrikam.test", "--type", "Federated", "--tls=Optional",
                  "--sasl", "NotSupported", "--description", "The others",
                  "--additional", "chat.fabrikam.test, im.fabrikam.test",
                  "--connection-limit", "7", "--keep-alive", "false",
                  "--proxy-fqdn", "proxy.test:5270")
    assert done.stderr == NO_GATEWAY
    assert done.stdout.startswith("saved: partner new fabrikam.test\n")
    partner = cw.query("partner", "get", "FABRIKAM.test.")
    assert partner == {
        "domain": "fabrikam.test", "domain-unicode": "fabrikam.test", "description": "The others",
        "additional": ["chat.fabrikam.test", "im.fabrikam.test"],
        "additional-unicode": ["chat.fabrikam.test", "im.fabrikam.test"],
        "type": "Federated", "tls": "Optional", "sasl": "NotSupported", "dialback": True,
        "connection-limit": 7, "keep-alive": False, "proxy-fqdn": "proxy.test:5270",
        "enabled": True, "trust-anchor": "", "pinned-keys": [],
        "methods": ["TLS dialback", "TCP dialback"],
        "note": "the partner's choice decides", "version": 1}
    text = cw.run("partner", "get", "fabrikam.test").stdout
    assert "description       The others\n" in text
    assert "methods           TLS dialback, TCP dialback\n" in text


def test_defaults(cw):
    cw.run("partner", "new", "a.test")
    partner = cw.query("partner", "get", "a.test")
    assert (partner["type"], partner["tls"], partner["sasl"]) == \
        ("PublicUnverified", "Required", "Required")
    assert partner["dialback"] and partner["keep-alive"] and partner["enabled"]
    assert partner["methods"] == ["SASL over TLS"]


ANCHOR = "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n"
PIN = "sha256:ABEiM0RVZneImaq7zN3u/wARIjNEVWZ3iJmqu8zd7v8="


def test_what_vouches_for_a_partner(cw, tmp_path):
    file = tmp_path / "ca.pem"
    file.write_text("the CA\n" + ANCHOR + ANCHOR)
    pins = "00112233445566778899aabbccddeeff" * 2 + ",sha256:" + "A" * 43 + "="
    done = cw.run("partner", "new", "a.test", "--trust-anchor", f"@{file}", "--pinned-keys", pins)
    assert "trust-anchor      2 certificates, shown by --json\n" in done.stdout
    assert f"pinned-keys       {PIN}, sha256:{'A' * 43}=\n" in done.stdout
    partner = cw.query("partner", "get", "a.test")
    assert partner["trust-anchor"] == ANCHOR + ANCHOR
    assert partner["pinned-keys"] == [PIN, f"sha256:{'A' * 43}="]
    done = cw.run("partner", "set", "a.test", "--trust-anchor", ANCHOR, "--pinned-keys", "")
    assert "  trust-anchor: 2 certificates, shown by --json -> 1 certificate, shown by --json\n" \
        in done.stdout
    cw.run("partner", "set", "a.test", "--trust-anchor", "")
    partner = cw.query("partner", "get", "a.test")
    assert (partner["trust-anchor"], partner["pinned-keys"]) == ("", [])
    missing = cw.run("partner", "set", "a.test", "--trust-anchor", f"@{tmp_path}/none", status=2)
    assert missing.stderr == f"causeway: cannot read {tmp_path}/none: No such file or directory\n"


def test_the_key_of_a_certificate(cw, tmp_path):
    """What explain shows is what a partner's pinned keys are."""
    file = tmp_path / "cert.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=a.test", "-out", file,
                    "-keyout", tmp_path / "key.pem"], check=True, capture_output=True)
    key = subprocess.run(["openssl", "pkey", "-in", tmp_path / "key.pem", "-pubout", "-outform",
                          "DER"], check=True, capture_output=True).stdout
    pin = "sha256:" + base64.b64encode(hashlib.sha256(key).digest()).decode()
    shown = cw.run("explain", "certificate", str(file), "--domain", "a.test", "--side",
                   "initiating").stdout
    assert f"\nkey: {pin}\n" in shown
    cw.run("partner", "new", "a.test", "--pinned-keys", pin)
    assert cw.query("partner", "get", "a.test")["pinned-keys"] == [pin]


def test_international_domains(cw):
    cw.run("partner", "new", "Bücher.example", "--additional", "παράδειγμα.test")
    for name in ("bücher.example", "xn--bcher-kva.example", "BÜCHER.example"):
        partner = cw.query("partner", "get", name)
        assert partner["domain"] == "xn--bcher-kva.example"
        assert partner["domain-unicode"] == "bücher.example"
        assert partner["additional"] == ["xn--hxajbheg2az3al.test"]
        assert partner["additional-unicode"] == ["παράδειγμα.test"]
    assert "bücher.example (xn--bcher-kva.example)" in cw.run("partner", "list").stdout
    assert "bücher.example (xn--bcher-kva.example)" in \
        cw.run("partner", "get", "bücher.example").stdout


REFUSALS = [
    (["new", "x.test", "--tls", "NotSupported"],
     "SASL needs TLS: set TLS to Required or Optional, or SASL to NotSupported"),
    (["new", "x.test", "--tls", "NotSupported", "--sasl", "Optional"],
     "SASL needs TLS: set TLS to Required or Optional, or SASL to NotSupported"),
    (["new", "x.test", "--sasl", "NotSupported", "--dialback", "false"],
     "SASL or dialback must be enabled"),
    (["set", "a.test", "--tls", "NotSupported"],
     "SASL needs TLS: set TLS to Required or Optional, or SASL to NotSupported"),
    (["set", "a.test", "--sasl", "NotSupported", "--dialback", "false"],
     "SASL or dialback must be enabled"),
    (["set", "a.test", "--sasl", "NotSupported", "--dialback", "false", "--what-if"],
     "SASL or dialback must be enabled"),
    (["new", "a.test"], "a.test is already a partner."),
    (["new", "B.test"],
     "b.test already belongs to the partner a.test; remove it there first."),
    (["new", "x.test", "--additional", "b.test"],
     "b.test already belongs to the partner a.test; remove it there first."),
    (["new", "contoso.test"],
     "contoso.test is a local domain; a partner's domain must be another."),
    (["new", "x.test", "--additional", "x.test"],
     "The domain x.test is listed twice: remove one of them."),
    (["new", "a b"], "The primary domain \"a b\" is not a valid domain name (IDNA 2008)."),
    (["new", "x.test", "--type", "Friend"],
     "type must be one of Federated|PublicVerified|PublicUnverified."),
    (["new", "x.test", "--tls", "Maybe"], "tls must be one of Required|Optional|NotSupported."),
    (["new", "x.test", "--connection-limit", "10001"],
     "connection-limit must be a number from 1 to 10000, or 0 (inherit)."),
    (["new", "x.test", "--description", "x" * 1025],
     "The description has 1025 characters: shorten it to at most 1024."),
    (["new", "x.test", "--proxy-fqdn", "proxy.test:0"],
     "The port of the proxy FQDN must be a number from 1 to 65535."),
    (["set", "a.test", "--enabled", "false", "--if-version", "9"],
     "The partner a.test was changed by somebody else meanwhile; look at it again, then repeat "
     "the change."),
    (["set", "a.test"], "Give at least one field to change."),
    (["set", "x.test"], "There is no partner x.test."),
    (["get", "x.test"], "There is no partner x.test."),
    (["remove", "x.test"], "There is no partner x.test."),
    (["enable", "x.test"], "There is no partner x.test."),
    (["disable", "b.test"], "There is no partner b.test."),
]


@pytest.mark.parametrize("words,sentence", REFUSALS,
                         ids=[" ".join(r[0])[:60] for r in REFUSALS])
def test_partner_refusals(cw, words, sentence):
    cw.run("partner", "new", "a.test", "--additional", "b.test")
    before = cw.query("partner", "list")
    assert cw.refusal("partner", *words) == sentence
    assert cw.query("partner", "list") == before


def test_every_row_of_the_negotiation_table(cw):
    """What the vectors and the product's stricter rule call valid is saved, all else refused."""
    rows = json.loads((PROJECT / "tests/vectors/negotiation-matrix.json").read_text())["vectors"]
    name = {"Not Supported": "NotSupported"}
    for i, row in enumerate(rows):
        tls, sasl = (name.get(row[k], row[k]) for k in ("tls", "sasl"))
        valid = row["valid"] and not (tls == "NotSupported" and sasl != "NotSupported")
        done = cw.run("partner", "new", f"row{i}.test", "--tls", tls, "--sasl", sasl,
                      "--dialback", str(row["dialback"]).lower(), status=0 if valid else 1)
        if not valid:
            assert done.stderr in (
                "SASL needs TLS: set TLS to Required or Optional, or SASL to NotSupported\n",
                "SASL or dialback must be enabled\n")


def test_set(cw):
    cw.run("partner", "new", "a.test", "--description", "kept")
    done = cw.run("partner", "set", "a.test", "--tls", "Optional")
    assert "  tls: Required -> Optional\n" in done.stdout
    partner = cw.query("partner", "get", "a.test")
    assert (partner["tls"], partner["description"], partner["version"]) == ("Optional", "kept", 2)
    cw.run("partner", "set", "a.test", "--additional", "b.test", "--if-version", "2")
    cw.run("partner", "set", "a.test", "--additional", "", "--description", "")
    partner = cw.query("partner", "get", "a.test")
    assert (partner["additional"], partner["description"]) == ([], "")


def test_enable_disable_remove(cw):
    cw.run("partner", "new", "a.test", "--enabled", "false")
    assert cw.query("partner", "enable", "a.test")["after"]["enabled"] is True
    assert cw.query("partner", "disable", "a.test")["after"]["enabled"] is False
    answer = cw.query("partner", "remove", "a.test")
    assert answer["saved"] is True and answer["after"] is None and answer["gateway"] is None
    assert cw.query("partner", "list") == {"partners": []}


def test_list(cw):
    for name in ("b.test", "a.test", "c.org"):
        cw.run("partner", "new", name)
    domains = [p["domain"] for p in cw.query("partner", "list")["partners"]]
    assert domains == ["a.test", "b.test", "c.org"]
    matching = cw.query("partner", "list", "--match", ".TEST")["partners"]
    assert [p["domain"] for p in matching] == ["a.test", "b.test"]
    lines = cw.run("partner", "list", "--match", ".org").stdout.splitlines()
    assert lines[0].split() == \
        ["domain", "type", "TLS", "SASL", "dialback", "enabled", "additional"]
    assert lines[1].split() == ["c.org", "PublicUnverified", "Required", "Required", "true",
                                "true", "-"]
    assert len(lines) == 2


def test_what_if(cw):
    done = cw.run("partner", "new", "a.test", "--what-if")
    assert done.stdout.startswith("what if, nothing is saved: partner new a.test\n")
    assert done.stderr == ""
    cw.refusal("partner", "get", "a.test")
    cw.run("partner", "new", "a.test")
    answer = cw.query("partner", "set", "a.test", "--type", "Federated", "--what-if")
    assert (answer["saved"], answer["before"]["type"], answer["after"]["type"]) == \
        (False, "PublicUnverified", "Federated")
    assert "gateway" not in answer
    cw.run("partner", "remove", "a.test", "--what-if")
    cw.run("partner", "disable", "a.test", "--what-if")
    cw.run("settings", "set", "--stanza-rate", "1", "--what-if")
    assert cw.query("partner", "get", "a.test")["version"] == 1
    assert cw.query("settings", "get", "stanza-rate") == {"stanza-rate": 500, "version": 1}


def test_terminal_cannot_be_forged(cw):
    cw.run("partner", "new", "a.test", "--description", "two\nlines\tof text")
    assert "description       two lines of text\n" in cw.run("partner", "get", "a.test").stdout


# --- settings ---

def test_the_table_of_states(cw):
    done = cw.run("settings", "set", "--presence-states-in", "on-the-phone=dnd, away=xa",
                  "--presence-states-out", "xa=permanent-absence,chat=", "--presence-rate", "7")
    assert "presence-states-in: busy=dnd, " in done.stdout
    assert "presence-states-out: away=away, xa=away, dnd=busy, chat= -> " \
        "xa=permanent-absence, chat=\n" in done.stdout
    settings = cw.query("settings", "get")
    assert settings["presence-states-in"] == ["on-the-phone=dnd", "away=xa"]
    assert settings["presence-states-out"] == ["xa=permanent-absence", "chat="]
    assert settings["presence-rate"] == 7
    cw.run("settings", "set", "--presence-states-in", "")
    assert cw.query("settings", "get", "presence-states-in")["presence-states-in"] == []


def test_settings(cw):
    settings = cw.query("settings", "get")
    assert settings["connection-limit"] == 1000
    assert settings["dialback-secret"] == "(set)"
    assert settings["log-message-bodies"] is False
    assert "127.0.0.0/8" in settings["outbound-targets-refused"]
    done = cw.run("settings", "set", "--connection-limit", "5", "--log-message-bodies", "true")
    assert "  connection-limit: 1000 -> 5\n" in done.stdout
    assert done.stderr == NO_GATEWAY
    cw.run("settings", "set", "--outbound-targets-refused", "")
    settings = cw.query("settings", "get")
    assert (settings["connection-limit"], settings["log-message-bodies"],
            settings["outbound-targets-refused"]) == (5, True, [])
    cw.run("settings", "set", "--outbound-targets-refused", "10.1.2.3/8,::1")
    assert cw.query("settings", "get", "outbound-targets-refused") == \
        {"outbound-targets-refused": ["10.0.0.0/8", "::1/128"], "version": 4}
    assert "connection-limit" in cw.run("settings", "get", "connection-limit").stdout


@pytest.mark.parametrize("words,sentence", [
    (["set", "--connection-limit", "0"],
     "connection-limit must be a whole number from 1 to 100000."),
    (["set", "--stanza-rate", "7", "--keep-alive-interval", "9"],
     "keep-alive-interval must be a whole number from 10 to 3600."),
    (["set", "--dialback-secret", "short"],
     "dialback-secret must be 32 to 1024 printable ASCII characters without spaces."),
    (["set", "--presence-rate", "0"],
     "presence-rate must be a whole number from 1 to 10000."),
    (["set", "--stanza-rate", "7", "--presence-states-in", "busy=occupied"],
     "presence-states-in: \"occupied\" is no state of XMPP: there are away, xa, dnd and chat, and "
     "nothing for available."),
    (["set", "--presence-states-out", "dnd=busy,dnd=away"],
     "presence-states-out: \"dnd\" stands in it twice."),
    (["set"], "Give at least one setting to change."),
    (["get", "colour"], "There is no setting \"colour\"; settings get lists all."),
])
def test_settings_refusals(cw, words, sentence):
    assert cw.refusal("settings", *words) == sentence
    assert cw.query("settings", "get", "stanza-rate") == {"stanza-rate": 500, "version": 1}


def test_secrets_stay_inside(cw):
    secret = "0123456789abcdef0123456789abcdef"
    done = cw.run("settings", "set", "--dialback-secret", secret)
    shown = done.stdout + done.stderr + cw.run("settings", "get").stdout
    assert secret not in shown
    assert cw.query("settings", "get")["dialback-secret-previous"] == "(set)"
    assert stat.S_IMODE((cw.data / "causeway.db").stat().st_mode) == 0o600


# --- the running gateway ---

def test_gateway_is_told(cw):
    gateway = Gateway(cw.data / "gateway.sock", b'{"ok":true,"version":2,"edges":1}\n')
    done = cw.run("partner", "new", "a.test")
    assert done.stderr == ""
    assert done.stdout.endswith("in effect: version 2, edges 1\n")
    assert [json.loads(line) for line in gateway.requests] == [{"command": "reload"}]
    assert cw.query("partner", "disable", "a.test")["gateway"] == \
        {"ok": True, "version": 2, "edges": 1}
    cw.run("partner", "get", "a.test")
    cw.run("partner", "set", "a.test", "--tls", "Optional", "--what-if")
    cw.refusal("partner", "new", "a.test")
    assert len(gateway.requests) == 2  # neither reading, what-if nor a refusal tells anybody


@pytest.mark.parametrize("answer", [b'{"ok":false}\n', b"", b"what?\n", b"[]\n"])
def test_gateway_does_not_confirm(cw, answer):
    Gateway(cw.data / "gateway.sock", answer)
    done = cw.run("partner", "new", "a.test")
    assert done.stderr == ("saved; the gateway did not confirm that it took the change over; "
                           "its log says more\n")
    assert cw.query("partner", "get", "a.test")["domain"] == "a.test"


def test_gateway_left_its_socket_behind(cw):
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(str(cw.data / "gateway.sock"))
    sock.close()
    assert cw.run("partner", "new", "a.test").stderr == NO_GATEWAY


# --- configuration and store ---

def test_check_config(cw, tmp_path):
    assert cw.run("check-config").stdout == f"{cw.config}: the configuration is valid\n"
    bad = tmp_path / "bad.yaml"
    bad.write_text("local-domains: [a.test]\n\nedge:\n  colour: red\n")
    done = cw.run("check-config", "--config", str(bad), status=1)
    assert done.stderr == f"{bad}: line 4: unknown option \"colour\"\n"
    done = cw.run("check-config", "--config", "/nowhere.yaml", status=1)
    assert "No such file" in done.stderr
    example = PROJECT / "packaging" / "causeway.yaml.example"
    cw.run("check-config", f"--config={example}")


def test_store_refusals(cw):
    cw.run("partner", "list")
    store = cw.data / "causeway.db"
    store.chmod(0o644)
    assert cw.refusal("partner", "list") == \
        f"{store}: has mode 0644, yet it holds the dialback secret; set it to 0600"
    store.unlink()
    cw.data.rmdir()
    assert "it does not exist; create it with mode 0700" in cw.refusal("partner", "list")


# --- usage and help ---

@pytest.mark.parametrize("words,part", [
    ([], "usage: causeway COMMAND"),
    (["nonsense"], "there is no command \"nonsense\""),
    (["partner"], "partner needs a command"),
    (["partner", "nonsense"], "there is no command \"partner nonsense\""),
    (["partner", "new"], "domain must be given; causeway partner new --help says more"),
    (["partner", "new", "a.test", "b.test"], "\"b.test\" is one word too many"),
    (["partner", "new", "a.test", "--colour", "red"], "there is no option --colour"),
    (["partner", "new", "a.test", "--tls"], "--tls needs a value"),
    (["partner", "new", "a.test", "--tls", "Optional", "--tls", "Required"], "tls is given twice"),
    (["partner", "new", "a.test", "--dialback", "maybe"], "dialback must be true or false"),
    (["partner", "new", "a.test", "--connection-limit", "-1"],
     "connection-limit must be a whole number"),
    (["partner", "list", "--what-if"], "changes nothing; there is no --what-if"),
    (["partner", "list", "--json=yes"], "--json takes no value"),
    (["partner", "list", "--config"], "--config needs a file"),
    (["check-config", "nonsense"], "check-config does not take \"nonsense\""),
    (["explain"], "explain needs a question"),
    (["explain", "nonsense"], "explain has no question \"nonsense\""),
    (["help", "nonsense"], "there is no command \"nonsense\""),
])
def test_usage(cw, words, part):
    done = cw.run(*words, status=2)
    assert part in done.stderr and done.stdout == ""


COMMANDS = ["partner new", "partner set", "partner get", "partner list", "partner remove",
            "partner enable", "partner disable", "contact list", "contact show", "contact remove",
            "contact block", "contact unblock", "contact blocks", "access get", "access set",
            "access unset", "access list", "access", "explain access", "settings get",
            "settings set", "partner put", "negotiation preview", "export", "import",
            "import lync", "check-config", "explain", "explain negotiation", "partner", "contact", "settings"]


@pytest.mark.parametrize("command", COMMANDS)
def test_help(cw, command):
    words = command.split()
    text = cw.run(*words, "--help").stdout
    assert text.startswith(f"usage: causeway {command}")
    assert cw.run("help", *words).stdout == text
    assert not (cw.data / "causeway.db").exists()


def test_help_names_every_command(cw):
    text = cw.run("help").stdout
    assert text == cw.run("--help").stdout
    for name in ("run", "edge", "gateway", "partner", "contact", "access", "settings", "check-config",
                 "explain", "version", "help"):
        assert f"\n  {name} " in text


def test_version(cw):
    assert cw.run("version").stdout.startswith("causeway 0.")
    assert cw.run("--version").stdout == cw.run("version").stdout


def test_explain_negotiation(cw):
    done = cw.run("explain", "negotiation", "--tls", "Required", "--sasl", "Optional",
                  "--dialback", "true", "--json")
    assert json.loads(done.stdout) == {"valid": True, "methods": ["SASL over TLS", "TLS dialback"],
                                       "note": "", "refusal": ""}
