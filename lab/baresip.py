"""baresip, a SIP phone that people use, signed in as a user of the SIP platform.

It has no screen and no keyboard here: commands go in at its control port (netstrings of JSON), the
messages it receives are what it prints. It prints only with a keyboard, so it gets a pipe for one.
"""

import json
import os
import re
import socket

from .process import LabError, Server, require_free, wait_until
from .settings import ACCOUNTS, LOCAL_DOMAIN, Settings

_CONTROL_PORT = 4444
_MODULES = ("stdio", "account", "contact", "menu", "ctrl_tcp")


class Baresip(Server):
    """Use as a context manager, or call start and stop. `peer` is the one it writes to.

    with_presence: it watches the peer and answers those who watch it; publishes: it tells the
    presence server besides.
    """

    def __init__(self, settings: Settings, name: str, peer: str, with_presence: bool = False,
                 publishes: bool = False):
        directory = settings.data / f"baresip-{name}"
        self.address = f"{name}@{LOCAL_DOMAIN}"
        self.peer = peer
        self._modules = _MODULES + (("presence",) if with_presence else ())
        self._contact = ";presence=p2p" if with_presence else ""
        self._publish = ";pubint=600" if publishes else ""
        self._local = settings.sip_user(name)
        self._proxy = settings.kamailio
        self._control = self._local[0], _CONTROL_PORT
        super().__init__(f"baresip of {name}",
                         ["sh", "-c", 'exec baresip -f "$0" <>"$0/keyboard"', directory], directory,
                         env={"HOME": str(directory), "TERM": "dumb"})

    def start(self) -> "Baresip":
        require_free(self._local, ("udp", "tcp"), " (--base)")
        require_free(self._control, change=" (--base)")
        self.directory.mkdir(parents=True, exist_ok=True)
        keyboard = self.directory / "keyboard"
        keyboard.unlink(missing_ok=True)
        os.mkfifo(keyboard)
        user = self.address.partition("@")[0]
        proxy = f"sip:{self._proxy[0]}:{self._proxy[1]};transport=udp"
        (self.directory / "config").write_text("".join([
            f"sip_listen {self._local[0]}:{self._local[1]}\n",
            "module_path /usr/lib/baresip/modules\n",
            *(f"module {name}.so\n" for name in self._modules[:1]),
            *(f"module_app {name}.so\n" for name in self._modules[1:]),
            f"ctrl_tcp_listen {self._control[0]}:{self._control[1]}\n"]))
        (self.directory / "accounts").write_text(
            f'<sip:{self.address}>;auth_user={user};auth_pass={ACCOUNTS[self.address]};'
            f'outbound="{proxy}";regint=600{self._publish};mediaenc=\n')
        (self.directory / "contacts").write_text(f'"Peer" <sip:{self.peer}>{self._contact}\n')
        super().start()
        self.wait_port(self._control)
        self.wait_ready(lambda: "200 OK (Kamailio)" in self.output())
        return self

    __enter__ = start

    def __exit__(self, *_):
        self.stop()

    def send(self, body: str) -> None:
        """Writes to the peer; what became of it the phone tells nobody unless it failed."""
        self._command("message", body)

    def wait_for(self, body: str, seconds: float = 10) -> str:
        """The line that shows this message, with its sender."""
        def find():
            return re.search(rf'^.*"{re.escape(body)}".*$', self.output(), re.MULTILINE)
        return wait_until(find, seconds, f"{self.address} waiting for {body!r}")[0].strip()

    def sees(self) -> str:
        """What it shows beside the peer in its list: "Online", "Offline", "Busy", "Unknown"."""
        found = re.search(r"(Online|Offline|Busy|Unknown)\S*\s+(\S+ +)?<sip:" +
                          re.escape(self.peer), self._command("contacts"), re.IGNORECASE)
        return found[1].capitalize() if found else ""

    def wait_sees(self, what: str, seconds: float = 10) -> None:
        wait_until(lambda: self.sees() == what, seconds,
                   f"{self.address} seeing {self.peer} as {what}", 0.1)

    def set_online(self, is_online: bool) -> None:
        self._command("presence_online" if is_online else "presence_offline")

    def _command(self, command: str, parameters: str = "") -> str:
        text = json.dumps({"command": command, "params": parameters, "token": "lab"},
                          ensure_ascii=False).encode()
        with socket.create_connection(self._control, 5) as control:
            control.sendall(b"%d:%s," % (len(text), text))
            control.settimeout(5)
            said = b""
            while b'"response":true' not in said:
                piece = control.recv(4096)
                if not piece:
                    raise LabError(f"{self.name} did not answer {command}: {said!r}")
                said += piece
        return said.decode(errors="replace")
