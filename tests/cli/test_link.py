"""`causeway link enroll` as an administrator meets it: files, modes, refusals, enrolling again.

CAUSEWAY_PROGRAM (or CAUSEWAY) names the program; without it, build/causeway is taken.
"""

import json
import os
import pathlib
import stat
import subprocess

import pytest

PROJECT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("CAUSEWAY_PROGRAM", os.environ.get(
    "CAUSEWAY", PROJECT / "build" / "causeway"))).resolve()


class Machine:
    def __init__(self, directory: pathlib.Path):
        self.directory = directory
        self.data = directory / "data"
        self.data.mkdir(mode=0o700)
        self.config = directory / "causeway.yaml"
        self.config.write_text(f"data-dir: {self.data}\nlocal-domains: [contoso.test]\n")

    def run(self, *words, status=0):
        done = subprocess.run([str(PROGRAM), "link", *map(str, words)], capture_output=True,
                              env={**os.environ, "CAUSEWAY_CONFIG": str(self.config)}, text=True,
                              stdin=subprocess.DEVNULL, timeout=30)
        assert done.returncode == status, (words, done.returncode, done.stdout, done.stderr)
        assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
        return done

    def enroll(self, *words, status=0):
        return self.run("enroll", *words, status=status)

    def link(self, name) -> pathlib.Path:
        return self.data / "link" / name


@pytest.fixture
def cw(tmp_path):
    return Machine(tmp_path)


def openssl(*words, stdin=""):
    return subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True,
                          input=stdin, check=True).stdout


def name_of(bundle) -> str:
    return openssl("x509", "-in", bundle, "-noout", "-ext", "subjectAltName").split()[-1]


def test_the_first_time(cw):
    told = cw.enroll().stdout
    assert "a new authority" in told and str(cw.link("gateway.pem")) in told
    assert sorted(f.name for f in cw.link(".").iterdir()) == ["ca.key", "ca.pem", "gateway.pem"]
    for file in cw.link(".").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    assert stat.S_IMODE(cw.link(".").stat().st_mode) == 0o700
    assert name_of(cw.link("gateway.pem")) == "DNS:gateway.main.causeway"


def test_an_edge(cw, tmp_path):
    bundle = tmp_path / "e1.pem"
    answer = json.loads(cw.enroll("--edge", "e1", "--out", bundle, "--json").stdout)
    assert answer == {"role": "edge", "name": "e1", "file": str(bundle), "new-authority": True,
                      "days": 730}
    assert stat.S_IMODE(bundle.stat().st_mode) == 0o600
    assert cw.link("gateway.pem").exists()  # the authority's first: both ends can talk at once
    assert name_of(bundle) == "DNS:edge.e1.causeway"
    assert openssl("verify", "-CAfile", cw.link("ca.pem"), "-purpose", "sslserver",
                   bundle).endswith("OK\n")
    text = bundle.read_text()
    assert text.count("BEGIN PRIVATE KEY") == 1 and text.count("BEGIN CERTIFICATE") == 2
    assert cw.link("ca.pem").read_text() in text and cw.link("ca.key").read_text() not in text


def test_days_are_those_of_what_was_asked_for(cw, tmp_path):
    cw.enroll("--edge", "e1", "--out", tmp_path / "e1.pem", "--days", "3")
    week = str(7 * 86400)

    def lasts(bundle):
        return subprocess.run(["openssl", "x509", "-in", bundle, "-noout", "-checkend", week],
                              capture_output=True, check=False).returncode == 0
    assert not lasts(tmp_path / "e1.pem") and lasts(cw.link("gateway.pem"))
    cw.enroll("--days", "3")
    assert not lasts(cw.link("gateway.pem"))


def test_a_further_gateway(cw, tmp_path):
    own = cw.enroll() and cw.link("gateway.pem").read_text()
    cw.enroll("--gateway", "second", "--out", tmp_path / "g2.pem", "--days", "7")
    assert name_of(tmp_path / "g2.pem") == "DNS:gateway.second.causeway"
    assert openssl("verify", "-CAfile", cw.link("ca.pem"), "-purpose", "sslclient",
                   tmp_path / "g2.pem").endswith("OK\n")
    assert cw.link("gateway.pem").read_text() == own


def test_again(cw, tmp_path):
    """The authority stays, the certificate is new; a file is never written over."""
    cw.enroll("--edge", "e1", "--out", tmp_path / "1.pem")
    authority, own = cw.link("ca.pem").read_text(), cw.link("gateway.pem").read_text()
    again = cw.enroll("--edge", "e1", "--out", tmp_path / "1.pem", status=1)
    assert "is there already" in again.stderr and again.stdout == ""
    cw.enroll("--edge", "e1", "--out", tmp_path / "2.pem")
    assert cw.link("ca.pem").read_text() == authority
    assert cw.link("gateway.pem").read_text() == own
    assert (tmp_path / "1.pem").read_text() != (tmp_path / "2.pem").read_text()
    cw.enroll()
    assert cw.link("ca.pem").read_text() == authority
    assert cw.link("gateway.pem").read_text() != own


def test_a_new_authority(cw, tmp_path):
    cw.enroll("--edge", "e1", "--out", tmp_path / "1.pem")
    authority = cw.link("ca.pem").read_text()
    cw.enroll("--new-authority")
    assert cw.link("ca.pem").read_text() != authority
    with pytest.raises(subprocess.CalledProcessError):
        openssl("verify", "-CAfile", cw.link("ca.pem"), tmp_path / "1.pem")


def test_a_damaged_authority(cw, tmp_path):
    cw.enroll()
    good = cw.link("ca.key").read_text()
    cw.link("ca.key").write_text("garbage")
    refusal = cw.enroll("--edge", "e1", "--out", tmp_path / "1.pem", status=1).stderr
    assert "the authority's key cannot be read" in refusal
    other = openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    cw.link("ca.key").write_text(other)
    assert "does not belong" in cw.enroll(status=1).stderr
    cw.link("ca.key").unlink()
    assert "cannot read the authority's key" in cw.enroll(status=1).stderr
    assert not (tmp_path / "1.pem").exists()
    cw.link("ca.key").write_text(good)
    cw.enroll()


@pytest.mark.parametrize("words", [
    ("--edge", "e1"), ("--out", "x.pem"), ("--edge", "E1", "--out", "x.pem"),
    ("--edge", "a.b", "--out", "x.pem"), ("--edge", "", "--out", "x.pem"),
    ("--edge", "a", "--gateway", "b", "--out", "x.pem"), ("--days", "0"), ("--days", "3651"),
    ("--days", "x"), ("--what-if",), ("--nonsense",), ("word",), ("--out",)])
def test_wrong_usage(cw, words):
    done = cw.enroll(*words, status=2)
    assert done.stderr.startswith("causeway: ") and done.stdout == ""
    assert not cw.link(".").exists()


def test_help(cw):
    for words in (("--help",), ("enroll", "--help")):
        assert "--new-authority" in cw.run(*words).stdout
    assert "enroll" in cw.run(status=2).stderr
    assert "enroll" in cw.run("nonsense", status=2).stderr


def test_no_such_directory(cw, tmp_path):
    refusal = cw.enroll("--edge", "e1", "--out", tmp_path / "no" / "1.pem", status=1).stderr
    assert "No such file" in refusal
