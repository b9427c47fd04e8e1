"""The directory of a certbot, without a certbot: archive/DOMAIN holds the files of every renewal,
live/DOMAIN links to those of the last one. (https://eff-certbot.readthedocs.io, "Where are my
certificates?")"""

import os
import pathlib
import shutil
import ssl
import subprocess

from .ca import Pair

HOOK = (pathlib.Path(__file__).resolve().parent.parent / "packaging" / "certbot"
        / "causeway-deploy-hook")


class Certbot:
    def __init__(self, directory: pathlib.Path, domain: str):
        self.archive = directory / "archive" / domain
        self.lineage = directory / "live" / domain
        self.live = Pair(self.lineage / "fullchain.pem", self.lineage / "privkey.pem")
        self._count = 0

    def renew(self, pair: Pair, key: pathlib.Path = None) -> "Certbot":
        """Puts the next files there, then switches one link after the other, as certbot does.
        key: another one than the pair's."""
        self._count += 1
        if self._count == 1:
            self._make_directories()
        for name, source, mode in (("fullchain", pair.certificate, 0o644),
                                   ("privkey", key or pair.key, 0o600)):
            shutil.copyfile(source, self.archive / f"{name}{self._count}.pem")
            (self.archive / f"{name}{self._count}.pem").chmod(mode)
        for name in ("fullchain", "privkey"):
            link = self.lineage / f"{name}.pem"
            link.unlink(missing_ok=True)
            link.symlink_to(f"../../archive/{self.lineage.name}/{name}{self._count}.pem")
        return self

    def _make_directories(self) -> None:
        for place in (self.archive, self.lineage):
            place.mkdir(parents=True)
            for each in (place, place.parent):
                each.chmod(0o700)

    def run_hook(self, causeway, group: str = "") -> subprocess.CompletedProcess:
        """As certbot runs it after a renewal."""
        return subprocess.run([HOOK], capture_output=True, text=True, timeout=30, env={
            **os.environ, **causeway.env, "RENEWED_LINEAGE": str(self.lineage),
            "RENEWED_DOMAINS": self.lineage.name, "CAUSEWAY": str(causeway.settings.program),
            "CAUSEWAY_CONFIG": str(causeway.config), "CAUSEWAY_GROUP": group})


def der_of(path: pathlib.Path) -> bytes:
    """The first certificate of a PEM file."""
    text = path.read_text()
    begin, end = text.index(ssl.PEM_HEADER), text.index(ssl.PEM_FOOTER) + len(ssl.PEM_FOOTER)
    return ssl.PEM_cert_to_DER_cert(text[begin:end])
