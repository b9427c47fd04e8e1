"""The panel alone, without a gateway: for tests that speak HTTP to it, octet by octet if need be."""

import contextlib
import dataclasses
import http.client
import json
import re
import socket
import ssl
import subprocess

from .causeway import _sanitizers
from .process import Server, require_free
from .settings import LOCAL_DOMAIN, Settings

API = "/api/v1"
PORT = 8443


@dataclasses.dataclass
class Answer:
    status: int
    headers: dict  # names in lower case; of several lines the last
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


class Panel(Server):
    """`causeway panel` with a store and a certificate of its own.

    options: further lines of the panel's section; last: number of its address; has_files: the web
    application is in `files`, else where the program finds it by itself.
    """

    def __init__(self, settings: Settings, options: str = "", log_level: str = "debug",
                 last: int = 4, has_files: bool = True):
        directory = settings.data / "panel"
        self.settings = settings
        self.address = settings.address(last), PORT
        self.host = f"{self.address[0]}:{PORT}"
        self.origin = f"https://{self.host}"
        self.config = directory / "causeway.yaml"
        self.data = directory / "data"
        self.socket = self.data / "panel.sock"
        self.certificate = self.data / "panel.pem"
        self.files = directory / "web"
        lines = [f"files: {self.files}"] * has_files + options.splitlines()
        more = "".join(f"\n  {line}" for line in lines)
        self._text = f"""# Written anew at each start.
data-dir: {self.data}
log: {{level: {log_level}}}
local-domains: [{LOCAL_DOMAIN}]
panel:
  listen: ["{self.host}"]{more}
"""
        super().__init__("Panel", [settings.program, "panel", "--config", self.config],
                         directory, env=_sanitizers(directory))

    def start(self) -> "Panel":
        require_free(self.address)
        self.data.mkdir(parents=True, exist_ok=True)
        self.data.chmod(0o700)
        self.config.write_text(self._text)
        starts = self.output().count(" panel started ")
        super().start()
        self.wait_ready(lambda: self.output().count(" panel started ") > starts)
        return self

    @property
    def first_password(self) -> str:
        """As it was printed once; "" when it was not."""
        found = re.findall(r"one-time password (\S+)", self.output())
        return found[-1] if found else ""

    def faults(self):
        """Lines by which the sanitizers, when built in, have reported something."""
        return [line for line in self.output().splitlines()
                if "Sanitizer" in line or ": runtime error: " in line]

    def command(self, *words, text: str = None) -> subprocess.CompletedProcess:
        return subprocess.run([self.settings.program, *words, "--config", self.config],
                              env=self.env, input=text, capture_output=True, text=True, timeout=60)

    # --- clients

    def tls(self, minimum=ssl.TLSVersion.TLSv1_2, maximum=ssl.TLSVersion.TLSv1_3):
        """Trusts the panel's own certificate, and checks its names."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version, context.maximum_version = minimum, maximum
        context.load_verify_locations(self.certificate)
        return context

    def browser(self, **headers) -> "Browser":
        return Browser(self, headers)

    def script(self, token: str) -> "Browser":
        return Browser(self, {"Authorization": f"Bearer {token}"})

    def local(self) -> "Browser":
        """This machine's root or account, over the Unix socket."""
        return Browser(self, {}, is_local=True)

    def account(self, name: str, role: str = "administrator", **more) -> "Browser":
        """A new account, signed in."""
        password = f"a long password of {name}"
        made = self.local().post("/accounts", {"name": name, "role": role, "password": password,
                                               **more})
        assert made.status == 201, made
        browser = self.browser()
        assert browser.sign_in(name, password).status == 200
        return browser

    def token(self, name: str, role: str = "administrator", **more) -> "Browser":
        made = self.local().post("/tokens", {"name": name, "role": role, **more})
        assert made.status in (200, 201), made
        return self.script(made.json["token"])

    def connect(self, seconds: float = 15, source: str = "") -> ssl.SSLSocket:
        plain = socket.create_connection(self.address, timeout=seconds,
                                         source_address=(source, 0) if source else None)
        return self.tls().wrap_socket(plain, server_hostname=self.address[0])

    def raw(self, data: bytes, seconds: float = 15) -> bytes:
        """Everything that comes back for these octets until the panel closes."""
        with contextlib.closing(self.connect(seconds)) as connection:
            with contextlib.suppress(OSError):
                connection.sendall(data)
            return read_all(connection)


class Place:
    """Where a panel is that `causeway run` has started; enough for a Browser."""

    tls, connect = Panel.tls, Panel.connect

    def __init__(self, causeway):
        self.address = causeway.settings.panel
        self.certificate = causeway.panel_certificate


def read_all(connection) -> bytes:
    data = bytearray()
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        while more := connection.recv(65536):
            data += more
    return bytes(data)


class _LocalConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=60)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class Browser:
    """Keeps the session's cookie and CSRF token as the web application does."""

    def __init__(self, panel: Panel, headers, is_local: bool = False):
        self.panel = panel
        self.source = None  # an address of this machine, to come from there
        self.headers = dict(headers)
        self.cookie = ""
        self.csrf = ""
        self._is_local = is_local

    def sign_in(self, name: str, password: str, **headers) -> Answer:
        answer = self.post("/session", {"name": name, "password": password}, **headers)
        if answer.status == 200:
            self.csrf = answer.json["csrf"]
        return answer

    def ask(self, method: str, path: str, body=None, **headers) -> Answer:
        """path below the API, or anywhere when it begins with "//"; body: JSON, or bytes.
        A header given as None is left out."""
        return self._exchange(method, path[1:] if path.startswith("//") else API + path,
                              *self.dressed(body, headers))

    def dressed(self, body, headers: dict):
        """(body, headers) as they are sent, with what this browser keeps."""
        sent = {**self.headers}
        if self.cookie:
            sent["Cookie"] = f"__Host-causeway={self.cookie}"
        if self.csrf:
            sent["X-CSRF-Token"] = self.csrf
        if body is not None:
            sent["Content-Type"] = "application/json"
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent.update({name.replace("_", "-"): value for name, value in headers.items()})
        return body, {name: value for name, value in sent.items() if value is not None}

    def _exchange(self, method, path, body, headers) -> Answer:
        connection = (_LocalConnection(self.panel.socket) if self._is_local else
                      http.client.HTTPSConnection(*self.panel.address, timeout=60,
                                                  source_address=self.source and (self.source, 0),
                                                  context=self.panel.tls()))
        with contextlib.closing(connection):
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            answer = Answer(response.status,
                            {name.lower(): value for name, value in response.getheaders()},
                            response.read())
        found = re.match(r"__Host-causeway=([0-9a-f]*)", answer.headers.get("set-cookie", ""))
        if found:
            self.cookie = found[1]
        return answer

    def get(self, path, **headers):
        return self.ask("GET", path, **headers)

    def post(self, path, body=None, **headers):
        return self.ask("POST", path, {} if body is None else body, **headers)

    def put(self, path, body, **headers):
        return self.ask("PUT", path, body, **headers)

    def patch(self, path, body, **headers):
        return self.ask("PATCH", path, body, **headers)

    def delete(self, path, **headers):
        return self.ask("DELETE", path, **headers)
