"""The certificate that browsers are shown: one of the panel's own making, or a configured one; read
again at SIGHUP."""

import contextlib
import os
import signal
import socket
import ssl

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
