"""A name server whose zones are signed with DNSSEC, and the trust anchor for them: nsd, with keys and
signatures of ldns-keygen and ldns-signzone.

    zones = {"good.test": Zone(["_xmpp-server._tcp SRV 0 5 5269 xmpp", "xmpp A 127.0.0.2"]),
             "plain.test": Zone([...], is_signed=False),
             "bad.test": Zone([...], broken=("SRV",))}
    with SignedZones(directory, ("127.0.0.1", 5399), zones) as server:
        server.anchor  # a file for edge.dns.trust-anchor

All zones are children of "test", whose key is the anchor: answers of signed children are secure,
those of others insecure, and those of types whose signatures are broken bogus.

    python3 -m lab.signedzone DIRECTORY ADDRESS PORT ZONES.json

serves {"good.test": {"records": [...], "is_signed": true, "broken": []}, ...} until it is ended.
"""

import dataclasses
import json
import os
import pathlib
import signal
import subprocess
import sys

from .process import LabError, Server, require_free

PARENT = "test"
_ALGORITHM = "ECDSAP256SHA256"
#: where it ends up on Debian, also when that is not in the user's PATH
_NSD = "/usr/sbin/nsd"


@dataclasses.dataclass
class Zone:
    """Lines of a zone file, without TTL and class; names are relative to the zone."""

    records: list
    is_signed: bool = True
    broken: tuple = ()  #: types whose signatures do not fit


def tlsa(certificate: pathlib.Path, usage: int = 3, selector: int = 1, matching: int = 1) -> str:
    """The data of a TLSA record for a PEM certificate, "3 1 1 ab12..."; matching 0 is the whole."""
    der = _run(["openssl", "x509", "-in", certificate, "-outform", "DER"])
    if selector == 1:
        key = _run(["openssl", "x509", "-in", certificate, "-noout", "-pubkey"])
        der = _run(["openssl", "pkey", "-pubin", "-outform", "DER"], key)
    if matching:
        digest = {1: "-sha256", 2: "-sha512"}[matching]
        der = _run(["openssl", "dgst", digest, "-binary"], der)
    return f"{usage} {selector} {matching} {der.hex()}"


def _run(words, data: bytes = b"", directory=None) -> bytes:
    done = subprocess.run([str(word) for word in words], input=data, capture_output=True,
                          cwd=directory)
    if done.returncode != 0:
        raise LabError(f"{words[0]} failed: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


class SignedZones(Server):
    """Runs while the context lasts. `zones` may be changed, followed by reload()."""

    def __init__(self, directory: pathlib.Path, address, zones):
        directory = pathlib.Path(directory).resolve()
        self.address = address
        self.zones = zones
        self.anchor = directory / "anchor.key"
        self._config = directory / "nsd.conf"
        self._keys = {}
        super().__init__("Signed zones", [_NSD, "-d", "-c", self._config], directory)

    def start(self) -> "SignedZones":
        require_free(self.address, ("udp", "tcp"))
        self.write()
        super().start()
        self.wait_port(self.address)
        return self

    __enter__ = start

    def __exit__(self, *_):
        self.stop()

    def reload(self) -> None:
        """Signs anew and serves that; answers already cached elsewhere live for a second more."""
        self.write()
        os.kill(self.pid, signal.SIGHUP)

    def write(self) -> None:
        """Everything that nsd reads."""
        self.directory.mkdir(parents=True, exist_ok=True)
        parent = Zone(["@ NS ns", f"ns A {self.address[0]}"])
        for name, zone in self.zones.items():
            child = name.removesuffix(f".{PARENT}")
            parent.records.append(f"{child} NS ns.{PARENT}.")
            if zone.is_signed:
                parent.records.append((self.directory / f"{self._key(name)}.ds").read_text())
            self._write_zone(name, zone)
        self._write_zone(PARENT, parent)
        self.anchor.write_text((self.directory / f"{self._key(PARENT)}.ds").read_text())
        self._config.write_text(self._configuration())

    def _key(self, name: str) -> str:
        if name not in self._keys:
            words = ["ldns-keygen", "-a", _ALGORITHM, "-k", name]
            self._keys[name] = _run(words, directory=self.directory).decode().strip()
        return self._keys[name]

    def _write_zone(self, name: str, zone: Zone) -> None:
        file = self.directory / f"{name}.zone"
        head = [f"$ORIGIN {name}.", "$TTL 1", f"@ SOA ns.{PARENT}. hostmaster.{PARENT}. 1 60 60 60 1"]
        if name != PARENT:
            head.append(f"@ NS ns.{PARENT}.")
        file.write_text("\n".join(head + zone.records) + "\n")
        signed = self.directory / f"{name}.signed"
        if not zone.is_signed:
            signed.write_text(file.read_text())
            return
        _run(["ldns-signzone", "-u", "-o", name, "-f", signed, file, self._key(name)],
             directory=self.directory)
        lines = [_break(line, zone.broken) for line in signed.read_text().splitlines()]
        signed.write_text("\n".join(lines) + "\n")

    def _configuration(self) -> str:
        zones = "".join(f'zone:\n  name: "{name}"\n  zonefile: "{name}.signed"\n'
                        for name in (PARENT, *self.zones))
        return f"""server:
  ip-address: {self.address[0]}@{self.address[1]}
  server-count: 1
  username: ""
  chroot: ""
  pidfile: ""
  database: ""
  zonesdir: "{self.directory}"
  zonelistfile: "{self.directory}/zone.list"
  xfrdfile: "{self.directory}/xfrd.state"
  xfrdir: "{self.directory}"
remote-control:
  control-enable: no
{zones}"""


def _break(line: str, types) -> str:
    """Spoils the signature when the line is one over such a type."""
    words = line.split()
    if len(words) > 5 and words[3] == "RRSIG" and words[4] in types:
        words[-1] = "AAAAAAAA" + words[-1][8:]
        return " ".join(words)
    return line


def main(directory: str, host: str, port: str, file: str) -> None:
    """Becomes nsd itself, so that whoever started it can end it."""
    zones = {name: Zone(**zone) for name, zone in json.loads(pathlib.Path(file).read_text()).items()}
    server = SignedZones(pathlib.Path(directory), (host, int(port)), zones)
    server.write()
    os.execv(server.argv[0], server.argv)


if __name__ == "__main__":
    main(*sys.argv[1:])
