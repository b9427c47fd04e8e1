"""Requests that could be read in two ways, and what is said to whom (W07, W09, W10, W11)."""

import contextlib
import http.client
import json
import re
import socket
import ssl
import subprocess

import pytest

from lab.panel import read_all


def statuses(data: bytes):
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", data)]


def lines(panel, *more: str, method: str = "POST", path: str = "/api/v1/session",
          host: str = None) -> bytes:
    head = [f"{method} {path} HTTP/1.1"]
    head += [f"Host: {host or panel.host}"] if host != "" else []
    return "\r\n".join([*head, *more, "", ""]).encode()


#: name, header lines, body, status; behind each stands a request that must never run
SMUGGLED = [
    ("both lengths", ["Content-Length: 5", "Transfer-Encoding: chunked"], b"0\r\n\r\n", 400),
    ("both lengths, the other way round", ["Transfer-Encoding: chunked", "Content-Length: 5"],
     b"0\r\n\r\n", 400),
    ("two lengths", ["Content-Length: 0", "Content-Length: 5"], b"", 400),
    ("chunked", ["Transfer-Encoding: chunked"], b"0\r\n\r\n", 411),
    ("xchunked", ["Transfer-Encoding: xchunked"], b"0\r\n\r\n", 400),
    ("space before", [" Transfer-Encoding: chunked"], b"0\r\n\r\n", 400),
    ("space behind", ["Transfer-Encoding : chunked"], b"0\r\n\r\n", 400),
    ("plus", ["Content-Length: +5"], b"hello", 400),
    ("folded", ["Content-Length: 0", "X-Y: a", " b"], b"", 400),
    ("bare LF", ["Content-Length: 0\nX-Y: a"], b"", 400),
    ("bare CR", ["Content-Length: 0\rX-Y: a"], b"", 400),
]


@pytest.mark.parametrize("name, head, body, status", SMUGGLED, ids=[row[0] for row in SMUGGLED])
def test_smuggled(panel, name, head, body, status):
    second = lines(panel, method="GET", path="/smuggled")
    data = panel.raw(lines(panel, *head) + body + second)
    assert statuses(data) == [status]
    assert "path=/smuggled" not in panel.output()


def test_pipelined(panel):
    """One answer each, in order, whatever comes at once."""
    requests = [lines(panel, method="GET", path=path)
                for path in ("/", "/api/v1/session", "/assets/no.js")]
    data = panel.raw(b"".join(requests) + lines(panel, "Connection: close", method="GET", path="/"))
    assert statuses(data) == [200, 401, 404, 200]


def test_each_request_once(panel):
    """The next request comes the moment the answer is there; it is that one which is answered."""
    browser = panel.account("quick")
    headers = {"Cookie": f"__Host-causeway={browser.cookie}", "X-CSRF-Token": browser.csrf,
               "Content-Type": "application/json"}
    address = panel.address
    with contextlib.closing(http.client.HTTPSConnection(*address, context=panel.tls())) as line:
        def ask(method, path, body=None):
            line.request(method, path, body, headers)
            answer = line.getresponse()
            return answer.status, json.loads(answer.read())
        for i in range(60):
            assert ask("POST", "/api/v1/partners", f'{{"domain": "once-{i}.test"}}')[0] == 201
            status, answer = ask("GET", "/api/v1/session")
            assert (status, answer.get("account")) == (200, "quick"), f"after {i}: {answer}"


def test_byte_by_byte(panel):
    with contextlib.closing(panel.connect()) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for octet in lines(panel, "Connection: close", method="GET", path="/"):
            connection.sendall(bytes([octet]))
        assert statuses(read_all(connection)) == [200]


@pytest.mark.parametrize("host, status", [
    ("evil.test", 421), ("evil.test:8443", 421), ("127.0.0.1:8443", 421), ("a/b", 400), ("", 400),
    ("localhost:8443", 200), ("[::1]", 421)])
def test_host(panel, host, status):
    data = panel.raw(lines(panel, "Connection: close", method="GET", path="/", host=host))
    assert statuses(data) == [status]
    assert b"evil" not in data


def test_named_host(start):
    panel = start("names: [causeway.contoso.test]")
    data = panel.raw(lines(panel, "Connection: close", method="GET", path="/",
                           host="causeway.contoso.test:8443"))
    assert statuses(data) == [200]


@pytest.mark.parametrize("request_line", [
    "GET http://evil.test/ HTTP/1.1", "CONNECT evil.test:443 HTTP/1.1", "OPTIONS * HTTP/1.1",
    "GET / HTTP/1.1\r\nHost: evil.test", "GET /\\..\\x HTTP/1.1", "GET /a b HTTP/1.1", "GET /"])
def test_request_line(panel, request_line):
    data = panel.raw(f"{request_line}\r\nHost: {panel.host}\r\n\r\n".encode())
    assert statuses(data) == [400]


def test_limits(panel):
    assert statuses(panel.raw(lines(panel, method="GET", path="/" + "a" * 9000))) == [414]
    assert statuses(panel.raw(lines(panel, "X: " + "a" * 9000, method="GET"))) == [431]
    assert statuses(panel.raw(lines(panel, *["X: a"] * 70, method="GET"))) == [431]
    assert statuses(panel.raw(lines(panel, "Content-Length: 100000000"))) == [413]


def test_continue(panel):
    """A client that waits for leave to send its body gets it, once."""
    body = b'{"name":"x","password":"y"}'
    with contextlib.closing(panel.connect()) as connection:
        connection.sendall(lines(panel, f"Content-Length: {len(body)}", "Connection: close",
                                 "Content-Type: application/json", "Expect: 100-continue"))
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(body)
        assert statuses(read_all(connection)) == [401]


def test_methods(panel):
    """W11: what reads changes nothing, and nothing else is spoken."""
    admin = panel.local()
    assert admin.post("/partners", {"domain": "methods.test"}).status == 201
    for method in ("TRACE", "OPTIONS", "CONNECTED", "PROPFIND"):
        answer = admin.ask(method, "/partners/methods.test")
        assert answer.status == 405 and "GET" in answer.headers["allow"]
    answer = admin.ask("GET", "/partners/methods.test/disable")
    assert answer.status == 405 and answer.headers["allow"] == "POST"
    answer = admin.get("/partners/methods.test", X_HTTP_Method_Override="DELETE")
    assert answer.status == 200
    assert admin.get("/partners/methods.test").json["enabled"] is True


def test_plain_text(panel):
    """HTTP on the HTTPS port is closed without a word of HTML."""
    with socket.create_connection(panel.address, timeout=15) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"<" not in read_all(connection)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
def test_old_tls(panel, version):
    context = panel.tls(version, version)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with socket.create_connection(panel.address, timeout=15) as plain:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            context.wrap_socket(plain, server_hostname=panel.address[0])


def test_suites(panel):
    """Of all that OpenSSL can still speak, those with forward secrecy and AEAD are taken."""
    context = panel.tls(ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2)
    context.set_ciphers("ALL:COMPLEMENTOFALL:@SECLEVEL=0")
    taken = set()
    for name in {cipher["name"] for cipher in context.get_ciphers()}:
        with contextlib.suppress(ssl.SSLError, ConnectionError):
            context.set_ciphers(f"{name}:@SECLEVEL=0")
            with socket.create_connection(panel.address, timeout=15) as plain:
                with context.wrap_socket(plain, server_hostname=panel.address[0]) as connection:
                    taken.add(connection.cipher()[0])
    assert taken == {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384",
                     "ECDHE-ECDSA-CHACHA20-POLY1305"}


def test_renegotiation(panel):
    done = subprocess.run(["openssl", "s_client", "-connect", panel.host, "-tls1_2", "-CAfile",
                           panel.certificate], input="R\n", capture_output=True, text=True,
                          timeout=30)
    assert "Compression: NONE" in done.stdout and "Verify return code: 0 (ok)" in done.stdout
    assert "RENEGOTIATING" in done.stdout + done.stderr
    assert "no renegotiation" in done.stderr


def test_tls(panel):
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        with socket.create_connection(panel.address, timeout=15) as plain:
            with panel.tls(version, version).wrap_socket(
                    plain, server_hostname=panel.address[0]) as connection:
                assert connection.compression() is None
                assert "GCM" in connection.cipher()[0] or "CHACHA20" in connection.cipher()[0]
    assert panel.certificate.stat().st_mode & 0o777 == 0o600
