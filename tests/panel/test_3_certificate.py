"""The certificate that browsers are shown: one of the panel's own making, or a configured one; read
again at SIGHUP."""

import contextlib
import os
import re
import signal
import socket
import ssl
import subprocess

from lab.ca import Authority
from lab.process import wait_until


def shown(panel) -> bytes:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(panel.address, timeout=15) as plain:
        with context.wrap_socket(plain) as connection:
            return connection.getpeercert(binary_form=True)


def hang_up(panel, event: str) -> None:
    before = panel.output().count(event)
    os.kill(panel.pid, signal.SIGHUP)
    wait_until(lambda: panel.output().count(event) > before, 10, event)


def read(file) -> str:
    done = subprocess.run(["openssl", "x509", "-noout", "-text", "-in", file], capture_output=True,
                          text=True, check=True)
    return done.stdout


def test_made(start):
    """What a browser wants of it; and no two have one serial number."""
    panel = start("names: [causeway.contoso.test]")
    text = read(panel.certificate)
    for words in ("Version: 3", "NIST CURVE: P-256", "ecdsa-with-SHA256", "CA:FALSE",
                  "TLS Web Server Authentication", "DNS:causeway.contoso.test", "DNS:localhost",
                  f"DNS:{socket.gethostname().lower()}", f"IP Address:{panel.address[0]}"):
        assert words in text, words
    assert panel.certificate.stat().st_mode & 0o777 == 0o600
    serial = re.search(r"Serial Number:\s*([0-9a-f:]+)", text)[1]
    assert len(serial.split(":")) >= 15
    years = [int(year) for year in re.findall(r"Not (?:Before|After ?): .* (\d{4}) GMT", text)]
    assert 9 <= years[1] - years[0] <= 11
    panel.certificate.unlink()
    hang_up(panel, "certificate-made")
    assert serial not in read(panel.certificate)


def test_made_before_it_ends(start, tmp_path):
    """A month before; one that holds longer stays."""
    panel = start()
    first = panel.certificate.read_bytes()
    hang_up(panel, "certificate-loaded")
    assert panel.certificate.read_bytes() == first
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    for days, stays in ((40, True), (20, False)):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x", "-days", str(days),
                        "-keyout", key, "-out", certificate], capture_output=True, check=True)
        panel.certificate.write_bytes(certificate.read_bytes() + key.read_bytes())
        hang_up(panel, "certificate-loaded")
        shown_now = ssl.DER_cert_to_PEM_cert(shown(panel)).strip()
        assert (shown_now in certificate.read_text()) == stays
    assert "localhost" in read(panel.certificate)


def test_made_anew(start):
    """Removed, it is made anew; a connection that stands goes on."""
    panel = start()
    first = shown(panel)
    with contextlib.closing(panel.connect()) as connection:
        panel.certificate.unlink()
        hang_up(panel, "certificate-made")
        wait_until(lambda: shown(panel) != first, 10, "the new certificate")
        connection.sendall(f"GET / HTTP/1.1\r\nHost: {panel.host}\r\n\r\n".encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")
    assert panel.certificate.stat().st_mode & 0o777 == 0o600
    assert panel.browser().get("//").status == 200


def test_bad_one_is_refused(start):
    panel = start()
    first = shown(panel)
    panel.certificate.write_text("nonsense")
    hang_up(panel, "panel-certificate-refused")
    assert shown(panel) == first


def test_configured(start, tmp_path):
    authority = Authority(tmp_path / "ca").create()
    pair = authority.issue("panel", "causeway.contoso.test")
    panel = start(f"certificate: {pair.certificate}\nkey: {pair.key}\n"
                  "names: [causeway.contoso.test]")
    assert ssl.DER_cert_to_PEM_cert(shown(panel)).strip() in pair.certificate.read_text()
    assert not panel.certificate.exists()
    other = authority.issue("other", "causeway.contoso.test")
    pair.certificate.write_bytes(other.certificate.read_bytes())
    hang_up(panel, "panel-certificate-refused")  # the key is another one's
    pair.key.write_bytes(other.key.read_bytes())
    hang_up(panel, "certificate-loaded")
    assert ssl.DER_cert_to_PEM_cert(shown(panel)).strip() in other.certificate.read_text()
