"""Export, import, and partners of Lync Server, as an administrator runs them."""

import json
import os
import subprocess

import pytest

from test_cli import NO_GATEWAY, PROGRAM, cw  # noqa: F401

OBJECT = """<Obj RefId="{n}"><TN RefId="{n}"><T>Microsoft.Rtc.Management.Xmpp</T></TN><Props>
<S N="Identity">{domain}</S><S N="Domain">{domain}</S><S N="Description">{text}</S>
<Obj N="AdditionalDomains" RefId="1{n}"><LST><S>more.{domain}</S></LST></Obj>
<Obj N="TlsNegotiation" RefId="2{n}"><ToString>{tls}</ToString><I32>0</I32></Obj>
<Obj N="SaslNegotiation" RefId="3{n}"><ToString>Optional</ToString><I32>1</I32></Obj>
<B N="SupportDialbackNegotiation">true</B><Nil N="ConnectionLimit" /></Props></Obj>"""
CLIXML = ('<Objs Version="1.1.0.1" xmlns="http://schemas.microsoft.com/powershell/2004/04">\r\n'
          + OBJECT.format(n=0, domain="fabrikam.test", tls="Optional", text="Grüße")
          + OBJECT.format(n=5, domain="gmail.test", tls="NotSupported", text="") + "</Objs>")


def test_round_trip(cw, tmp_path):
    cw.run("partner", "new", "fabrikam.test", "--type", "Federated", "--description", "Grüße")
    cw.run("access", "set", "--xmpp", "false")
    text = cw.run("export").stdout
    assert text.startswith("{\n") and json.loads(text) | {"causeway": 0} == \
        cw.query("export") | {"causeway": 0}
    file = tmp_path / "causeway.json"
    file.write_text(text)
    assert "same 3" in cw.run("import", str(file)).stdout
    cw.run("partner", "remove", "fabrikam.test")
    cw.run("partner", "new", "other.test")
    what_if = cw.run("import", str(file), "--mode", "replace", "--what-if")
    assert what_if.stdout == """what if, nothing is saved: import
  removed  partner other.test
  new      partner fabrikam.test
  same     access global
  same     settings
new 1, changed 0, same 2, removed 1, refused 0
seen at version 4: --if-version 4 refuses when something has changed since
"""
    assert what_if.stderr == ""
    cw.refusal("partner", "get", "fabrikam.test")
    assert cw.refusal("import", str(file), "--mode", "replace", "--if-version", "3").startswith(
        "Something was changed by somebody else meanwhile")
    done = cw.run("import", str(file), "--mode", "replace", "--if-version", "4")
    assert done.stdout.startswith("saved: import\n") and done.stderr == NO_GATEWAY
    assert cw.query("partner", "get", "fabrikam.test")["description"] == "Grüße"


def test_standard_input(cw):
    cw.run("partner", "new", "a.test")
    document = json.loads(cw.run("export").stdout)
    document["partners"][0]["tls"] = "Optional"
    done = cw.run("import", "-", stdin=json.dumps(document))
    assert "  changed  partner a.test\n    tls: Required -> Optional\n" in done.stdout


def test_large(cw, tmp_path):
    """A large installation's export is taken; of Lync nobody has so many partners."""
    file = tmp_path / "causeway.json"
    contacts = [{"user": f"user{n}@contoso.test", "contact": "x@a.test"} for n in range(5000)]
    file.write_text(json.dumps({"causeway": {"format": 1}, "contacts": contacts}, indent=200))
    assert file.stat().st_size > 5 << 20
    assert "new 5000, changed 0" in cw.run("import", str(file)).stdout
    assert cw.refusal("import", "lync", str(file)) == "The file is larger than 4 MiB."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be"])
def test_lync(cw, tmp_path, encoding):
    file = tmp_path / "partners.xml"
    bom = b"\xfe\xff" if encoding == "utf-16-be" else b""
    file.write_bytes(bom + CLIXML.encode(encoding))
    sentence = ("SASL is Optional and TLS is NotSupported, but SASL needs TLS. Either set TLS to "
                "Required or Optional, if the partner's server can do TLS; or set SASL to "
                "NotSupported, and dialback without TLS is what remains, as it was in Lync.")
    what_if = cw.run("import", "lync", str(file), "--what-if", status=1)
    assert what_if.stdout == f"""what if, nothing is saved: import lync
  new      partner fabrikam.test
  refused  partner gmail.test
    {sentence}
new 1, changed 0, same 0, removed 0, refused 1
seen at version 0: --if-version 0 refuses when something has changed since
"""
    told = cw.refusal("import", "lync", str(file))
    assert told == ("1 of 2 entries cannot be taken, so nothing is saved; the first is partner "
                    f"gmail.test: {sentence} Mend them, or take the others with partial.")
    cw.run("import", "lync", str(file), "--partial", "true", status=1)
    partner = cw.query("partner", "get", "fabrikam.test")
    assert (partner["additional"], partner["tls"], partner["sasl"], partner["description"],
            partner["connection-limit"]) == (["more.fabrikam.test"], "Optional", "Optional",
                                             "Grüße", 0)


def test_no_file(cw, tmp_path):
    done = cw.run("import", str(tmp_path / "none"), status=2)
    assert done.stderr.startswith("causeway: cannot read ")
    file = tmp_path / "latin-1"
    file.write_bytes(b"Domain\nb\xfccher.test\n")
    done = cw.run("import", "lync", str(file), status=2)
    assert done.stderr.endswith("is neither UTF-8 nor UTF-16 text\n")


def test_secrets_are_audited(cw):
    assert "dialback-secret" not in cw.query("export")["settings"]
    assert len(cw.query("export", "--secrets", "true")["settings"]["dialback-secret"]) >= 32
    assert "export" in json.dumps(cw.query("audit", "list"))


def test_no_locale(cw):
    """What a file holds does not depend on the locale of who imports it."""
    env = {**os.environ, "CAUSEWAY_CONFIG": str(cw.config), "LC_ALL": "C"}
    done = subprocess.run([str(PROGRAM), "import", "lync", "/dev/stdin", "--what-if"], env=env,
                          input=CLIXML.encode("utf-16"), capture_output=True, timeout=30)
    assert done.returncode == 1 and b"new      partner fabrikam.test" in done.stdout
