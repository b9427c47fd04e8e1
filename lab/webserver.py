"""A web server by HTTPS, for what domains publish about themselves: POSH documents."""

import base64
import hashlib
import http.server
import json
import pathlib
import ssl
import threading

from .ca import Pair

POSH_PATH = "/.well-known/posh/xmpp-server.json"


def fingerprints(*certificates: pathlib.Path, expires: int = 600) -> str:
    """A document by which these certificates stand for a domain (RFC 7711)."""
    der = [ssl.PEM_cert_to_DER_cert(file.read_text()) for file in certificates]
    listed = [{"sha-256": base64.b64encode(hashlib.sha256(one).digest()).decode()} for one in der]
    return json.dumps({"fingerprints": listed, "expires": expires})


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):  # noqa: N802 (the name that http.server wants)
        self.server.asked.append(self.path)
        self.server.owner.before_answer()
        text = self.server.documents.get(self.path)
        self.send_response(200 if text is not None else 404)
        body = (text or "").encode()
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Nothing on the terminal."""


class WebServer:
    """Runs while the context lasts. `documents`: path -> text, may be changed; `asked`: the paths
    that were asked for; `before_answer`: called before each answer, may be set."""

    def __init__(self, address: str, pair: Pair, documents: dict, port: int = 443):
        self._server = http.server.ThreadingHTTPServer((address, port), _Handler)
        self._server.owner, self.before_answer = self, lambda: None
        self._server.documents = self.documents = documents
        self._server.asked = self.asked = []
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.certificate, pair.key)
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> "WebServer":
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
