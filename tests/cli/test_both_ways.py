"""The same commands with a panel running on the machine and without one: exit status, text and JSON
are the same.  Each way has an installation of its own; the commands are one story.

Environment: CAUSEWAY_PROGRAM, CAUSEWAY_TEST_BASE (default 127.0.11) for the panel's address.
"""

import json
import os
import re
import socket
import subprocess
import time

import pytest

from test_cli import PROGRAM, Installation
from test_transfer import CLIXML

STORY = [
    "partner list",
    "partner new fabrikam.test --type Federated --description Grüße --additional b.test,ü.test",
    "partner new fabrikam.test",
    "partner new contoso.test",
    "partner new bad --tls NotSupported",
    "partner new x.test --what-if",
    "partner set fabrikam.test --sasl Optional --if-version 1",
    "partner set fabrikam.test --sasl Required --if-version 1",
    "partner set fabrikam.test",
    "partner set fabrikam.test --proxy-fqdn a/b?c=d&e#f%00",
    "partner put put.test --tls Optional",
    "partner put put.test",
    "partner put none.test --must-exist true",
    "partner get fabrikam.test",
    "partner get FABRIKAM.test.",
    "partner get a/../b",
    "partner get none.test",
    "partner get",
    "partner disable put.test",
    "partner enable put.test --what-if",
    "partner list",
    "partner list --match .test --limit 1",
    "partner list --limit 0",
    "partner remove put.test --if-version 77",
    "partner remove put.test",
    "negotiation preview --tls Optional --sasl Required --dialback false",
    "settings get",
    "settings get colour",
    "settings get stanza-rate",
    "settings set --stanza-rate 0 --outbound-targets-refused 10.0.0.0/8,::1",
    "settings set --stanza-rate 1 --if-version 1",
    "settings set --dialback-secret new",
    "access set --xmpp false",
    "access set --user alice@contoso.test --xmpp true",
    "access get --user alice@contoso.test",
    "access get --user alice@else.test",
    "access list",
    "access unset --user alice@contoso.test",
    "access unset --user alice@contoso.test",
    "contact block --user alice@contoso.test bad@fabrikam.test",
    "contact blocks",
    "contact unblock --user alice@contoso.test bad@fabrikam.test",
    "contact list",
    "contact show --user alice@contoso.test --partner x@fabrikam.test",
    "contact remove --user alice@contoso.test",
    "contact remove",
    "stream list",
    "stream show abc",
    "partner states",
    "partner diagnose fabrikam.test --limit 5",
    "test partner fabrikam.test --with tls=Optional",
    "certificate list",
    "door lift 192.0.2.1",
    "account new anna --role viewer --password-file PASSWORD",
    "account list",
    "account set anna --enabled false --what-if",
    "token list",
    "audit list --limit 3",
    "audit show 1",
    "audit show 999",
    "export",
    "import CLIXML",
    "import lync CLIXML --what-if",
    "import lync CLIXML --partial true",
    "import lync CLIXML",
]


pytestmark = pytest.mark.xdist_group("both ways")  # a story is told in one place, in its order
CHANGES = [[word] for word in ("new", "set", "put", "remove", "block", "unblock", "unset")]


class WithPanel(Installation):
    def __init__(self, directory):
        super().__init__(directory)
        base = os.environ.get("CAUSEWAY_TEST_BASE", "127.0.11")
        port = 8443 + len(directory.name)  # two at once, each with its own
        (directory / "web").mkdir()
        self.config.write_text(self.config.read_text() + "panel:\n"
                               f"  listen: ['{base}.41:{port}']\n  files: {directory / 'web'}\n")
        self.log = open(directory / "panel.log", "wb")
        self.process = subprocess.Popen([str(PROGRAM), "panel", "--config", str(self.config)],
                                        stdout=self.log, stderr=self.log)
        end = time.monotonic() + 20
        while not self.answers():
            assert self.process.poll() is None and time.monotonic() < end, self.said()
            time.sleep(0.05)

    def answers(self):
        with socket.socket(socket.AF_UNIX) as s:
            return s.connect_ex(str(self.data / "panel.sock")) == 0

    def said(self):
        return open(self.log.name).read()

    def stop(self):
        self.process.terminate()
        assert self.process.wait(20) == 0, self.said()
        self.log.close()
        assert "Sanitizer" not in self.said() and "runtime error" not in self.said(), self.said()


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    """The first start of a panel has made an account in either; in one it goes on running."""
    installations = [WithPanel(tmp_path_factory.mktemp(name)) for name in ("here", "panel")]
    for one in installations:
        (one.config.parent / "CLIXML").write_bytes(CLIXML.encode("utf-16"))
        (one.config.parent / "PASSWORD").write_text("correct horse battery staple\n")
    installations[0].stop()
    yield installations
    installations[1].stop()


def run(installation, words):
    env = {**os.environ, "CAUSEWAY_CONFIG": str(installation.config)}
    done = subprocess.run([str(PROGRAM), *words], env=env, capture_output=True, timeout=60,
                          text=True, cwd=installation.config.parent)
    assert "Sanitizer" not in done.stderr, done.stderr
    return done


def without_time(text):
    text = re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\dZ?", "TIME", text)
    return re.sub(r'"since": ?\d+|"at": ?\d+', "TIME", text)


@pytest.mark.parametrize("number", range(len(STORY)), ids=STORY)
def test_story(both, number):
    words = STORY[number].split()
    here, there = (run(one, words) for one in both)
    assert (there.returncode, without_time(there.stdout), there.stderr) == \
        (here.returncode, without_time(here.stdout), here.stderr)
    if here.returncode != 2 and words[1:2] not in CHANGES:
        here, there = (run(one, [*words, "--json"]) for one in both)
        assert there.returncode == here.returncode
        assert json.loads(without_time(there.stdout)) == json.loads(without_time(here.stdout))


def test_who_asked(both):
    """The panel knows by its socket who asks, and the audit trail says so as it does without one."""
    rows = [one.query("audit", "list", "--limit", "1000") for one in both]
    names = [{row["who"] for row in next(v for v in r.values() if isinstance(v, list))}
             for r in rows]
    assert names[0] == names[1] and len(names[0]) == 2 and "first start" in names[0]
    asked = re.findall(r" request method=(\w+) path=(\S+) ", both[1].said())
    assert ("PATCH", "/api/v1/partners/fabrikam.test") in asked and len(asked) > 30
    assert " request " not in both[0].said()
