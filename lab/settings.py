"""Addresses, names and accounts of the lab, all in one place.

Every server has its own loopback address below one base (127.0.10 unless told otherwise), so the
well-known ports stay usable and two labs with different bases can run side by side.
"""

import argparse
import dataclasses
import os
import pathlib
import re

PROJECT = pathlib.Path(__file__).resolve().parent.parent

LOCAL_DOMAIN = "contoso.test"
PARTNER_DOMAIN = "fabrikam.test"

#: password of every account of the lab; it only ever listens on loopback
ACCOUNTS = {
    f"alice@{LOCAL_DOMAIN}": "alice-secret",
    f"bob@{LOCAL_DOMAIN}": "bob-secret",
    f"juliet@{PARTNER_DOMAIN}": "juliet-secret",
    f"romeo@{PARTNER_DOMAIN}": "romeo-secret",
}

#: option name, environment variable, default, help
_PORTS = (
    ("xmpp_port", "CAUSEWAY_XMPP_PORT", 5269, "server-to-server port of the edge and of Prosody"),
    ("client_port", "CAUSEWAY_CLIENT_PORT", 5222, "client port of Prosody"),
    ("sip_port", "CAUSEWAY_SIP_PORT", 5060, "SIP port of Kamailio"),
    ("gateway_port", "CAUSEWAY_GATEWAY_PORT", 5098, "SIP port of the gateway"),
    ("dns_port", "CAUSEWAY_DNS_PORT", 5353, "port of the DNS server"),
    ("panel_port", "CAUSEWAY_PANEL_PORT", 8443, "HTTPS port of the control panel"),
)


@dataclasses.dataclass(frozen=True)
class Settings:
    """Where everything listens and where its files are."""

    base: str = "127.0.10"
    data: pathlib.Path = PROJECT / "run-data"
    xmpp_port: int = 5269
    client_port: int = 5222
    sip_port: int = 5060
    gateway_port: int = 5098
    dns_port: int = 5353
    panel_port: int = 8443
    program: pathlib.Path = PROJECT / "build" / "causeway"

    def address(self, last: int) -> str:
        return f"{self.base}.{last}"

    @property
    def edge(self):
        return self.address(1), self.xmpp_port

    @property
    def prosody(self):
        return self.address(2), self.xmpp_port

    @property
    def prosody_clients(self):
        return self.address(2), self.client_port

    @property
    def gateway(self):
        return self.address(3), self.gateway_port

    @property
    def panel(self):
        return self.address(4), self.panel_port

    @property
    def kamailio(self):
        return self.address(20), self.sip_port

    @property
    def dns(self):
        return self.address(53), self.dns_port

    def sip_user(self, name: str):
        """The address and port from which the lab's own SIP client of this user works."""
        return self.address({"alice": 31, "bob": 32}[name]), 5070


def settings_for(test: str, beside: int = 0, folder: str = "") -> Settings:
    """For a test: addresses apart from those of ./run and of the other workers of pytest-xdist,
    and a directory of its own.  `beside`: how far the addresses are from the worker's own."""
    name = re.sub(r"[^A-Za-z0-9]+", "-", test)[-30:].strip("-")
    program = pathlib.Path(os.environ.get("CAUSEWAY_PROGRAM", PROJECT / "build" / "causeway"))
    network, _, last = os.environ.get("CAUSEWAY_TEST_BASE", "127.0.11").rpartition(".")
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    number = int(last) + worker + beside
    directory = "-".join(part for part in (str(number), folder, name) if part)
    return Settings(base=f"{network}.{number}", data=PROJECT / "run-data-interop" / directory,
                    program=program.resolve())


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options common to every program of the lab; each has an environment variable too."""
    env = os.environ.get
    parser.add_argument("--data", type=pathlib.Path, metavar="DIR",
                        default=pathlib.Path(env("CAUSEWAY_DATA", PROJECT / "run-data")),
                        help="directory for everything the lab writes (default: %(default)s)")
    parser.add_argument("--base", default=env("CAUSEWAY_BASE", "127.0.10"), metavar="127.0.N",
                        help="first three numbers of the loopback addresses "
                             "(default: %(default)s)")
    parser.add_argument("--program", type=pathlib.Path, metavar="FILE",
                        default=pathlib.Path(env("CAUSEWAY_PROGRAM",
                                                 PROJECT / "build" / "causeway")),
                        help="the causeway program (default: %(default)s)")
    for name, variable, default, text in _PORTS:
        parser.add_argument("--" + name.replace("_", "-"), type=int, metavar="PORT",
                            default=int(env(variable, default)),
                            help=f"{text} (default: %(default)s)")


def from_options(options: argparse.Namespace) -> Settings:
    """Settings from parsed options; raises ValueError with a sentence for the user."""
    if not re.fullmatch(r"127(\.(25[0-5]|2[0-4]\d|1?\d?\d)){2}", options.base):
        raise ValueError(f"--base {options.base}: expected the first three numbers of a loopback "
                         "address, as in 127.0.11")
    ports = {name: getattr(options, name) for name, *_ in _PORTS}
    for name, port in ports.items():
        if not 0 < port < 65536:
            raise ValueError(f"--{name.replace('_', '-')} {port}: a port is 1 to 65535")
    return Settings(base=options.base, data=options.data.resolve(),
                    program=options.program.resolve(), **ports)
