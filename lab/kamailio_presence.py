"""Kamailio with a presence server: PUBLISH and SUBSCRIBE for users of the local domain end here.

What users publish, who watches them and who may is kept in a SQLite database of its own, which
outlives a restart unless the restart shall forget. Without rules everybody may watch everybody;
with rules (RFC 5025, as an XCAP server would keep them) a watcher is pending until the user's rules
name him.

Needs the packages kamailio-presence-modules and kamailio-sqlite-modules.
"""

import contextlib
import pathlib
import sqlite3
import subprocess

from .kamailio import Kamailio
from .process import LabError
from .settings import LOCAL_DOMAIN, Settings

_TABLES = pathlib.Path("/usr/share/kamailio/db_sqlite")
_PRES_RULES = 2  #: the type of document, in Kamailio's table of XCAP documents

_ROUTES = """
route[WATCH] {
    route(OUR_DIALOG);
}

route[OUR_DIALOG] {
    if (!t_newtran()) {
        sl_reply_error();
        exit;
    }
    handle_subscribe();
    t_release();
    exit;
}

route[PUBLICATION] {
    route(PROVEN);
    if (!t_newtran()) {
        sl_reply_error();
        exit;
    }
    handle_publish();
    t_release();
    exit;
}
"""

_RULE = """<rule id="r{number}">
<conditions><identity><one id="sip:{address}"/></identity></conditions>
<actions><pr:sub-handling>{handling}</pr:sub-handling></actions><transformations/></rule>"""


def _rules_document(handlings) -> str:
    rules = "\n".join(_RULE.format(number=number, address=address, handling=handling)
                      for number, (address, handling) in enumerate(handlings.items()))
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<ruleset xmlns="urn:ietf:params:xml:ns:common-policy" xmlns:pr="urn:ietf:params:xml:ns:pres-rules">
{rules}
</ruleset>"""


class KamailioPresence(Kamailio):
    """with_rules: users decide who may watch them (allow, forbid); else everybody may."""

    def __init__(self, settings: Settings, transport: str = "udp", domain: str = LOCAL_DOMAIN,
                 crowd: int = 0, with_rules: bool = False):
        directory = settings.data / "kamailio"
        address, port = settings.kamailio
        self._domain = domain
        self._database = directory / "presence.sqlite"
        self._rpc = directory / "rpc.sock"
        self._handlings = {}
        parameters = f"""
# SQLite has one writer at a time, and Kamailio does not wait for its turn.
children=1
tcp_children=1
modparam("ctl", "binrpc", "unix:{self._rpc}")
modparam("presence|presence_xml", "db_url", "sqlite://{self._database}")
modparam("presence", "server_address", "sip:{address}:{port}")
modparam("presence", "subs_db_mode", 1)
modparam("presence", "notifier_processes", 0)
modparam("presence", "clean_period", 60)
modparam("presence_xml", "force_active", {int(not with_rules)})
modparam("presence_xml", "integrated_xcap_server", 1)
"""
        super().__init__(settings, transport, domain, crowd,
                         ("ctl", "db_sqlite", "presence", "presence_xml"), parameters, _ROUTES)

    def start(self) -> "KamailioPresence":
        self._rpc.unlink(missing_ok=True)
        if not self._database.exists():
            self.directory.mkdir(parents=True, exist_ok=True)
            with self._open() as database:
                database.execute("PRAGMA journal_mode=WAL")
                for name in ("standard", "presence"):
                    database.executescript((_TABLES / f"{name}-create.sql").read_text())
        super().start()
        self.wait_ready(self._rpc.exists)
        return self

    def forget(self) -> None:
        """Loses everything that was published and who watches; only while it does not run."""
        for path in self.directory.glob(self._database.name + "*"):
            path.unlink()

    def allow(self, user: str, watcher: str) -> None:
        """The local user lets this address see him."""
        self._rule(user, watcher, "allow")

    def forbid(self, user: str, watcher: str) -> None:
        self._rule(user, watcher, "block")

    def watchers(self, user: str) -> dict:
        """Who watches this local user: bare address -> "active", "pending" or "terminated"; a list
        of states instead when somebody has several subscriptions."""
        found = {}
        for address, status in self._watchers(user):
            found.setdefault(address, []).append(status)
        return {address: states[0] if len(states) == 1 else states
                for address, states in found.items()}

    def count_subscriptions(self) -> int:
        with self._open() as database:
            return database.execute(
                "SELECT count(*) FROM active_watchers WHERE expires > strftime('%s')").fetchone()[0]

    def asked_at(self, expires: int = 3600) -> list:
        """When each subscription was made or refreshed, in seconds, if for that long."""
        with self._open() as database:
            return [at - expires for at, in
                    database.execute("SELECT expires FROM active_watchers")]

    def _watchers(self, user: str):
        names = {1: "active", 2: "pending", 3: "terminated", 4: "waiting"}
        with self._open() as database:
            return [(f"{name}@{domain}", names[status]) for name, domain, status in
                    database.execute(
                        "SELECT watcher_username, watcher_domain, status FROM active_watchers "
                        "WHERE presentity_uri = ?", (f"sip:{user}@{self._domain}",))]

    def _rule(self, user: str, watcher: str, handling: str) -> None:
        rules = self._handlings.setdefault(user, {})
        rules[watcher] = handling
        with self._open() as database:
            database.execute(
                "INSERT OR REPLACE INTO xcap (username, domain, doc, doc_type, etag, source, "
                "doc_uri, port) VALUES (?, ?, ?, ?, '', 0, ?, 0)",
                (user, self._domain, _rules_document(rules).encode(), _PRES_RULES,
                 f"/pres-rules/users/sip:{user}@{self._domain}/index"))
        done = subprocess.run(
            ["kamcmd", "-s", f"unix:{self._rpc}", "presence.refreshWatchers",
             f"sip:{user}@{self._domain}", "presence", "0"],
            capture_output=True, text=True, timeout=10)
        if done.returncode != 0 or "error" in done.stdout:
            raise LabError(f"{self.name} did not take the rules: {done.stdout}{done.stderr}")

    @contextlib.contextmanager
    def _open(self):
        connection = sqlite3.connect(self._database, timeout=5)
        try:
            with connection:
                yield connection
        finally:
            connection.close()
