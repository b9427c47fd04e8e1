"""OpenLDAP's slapd with the people and groups of the lab, and a little of Active Directory's schema.

It lets nobody bind without TLS, and nobody but the account of the panel read anything. An empty
password binds as nobody and is told to be right, as RFC 4513 section 5.1.2 has it.
"""

import pathlib
import subprocess
import urllib.parse

from .ca import Pair
from .process import LabError, Server, require_free
from .settings import Settings

BASE = "dc=contoso,dc=test"
PEOPLE = f"ou=people,{BASE}"
GROUPS = f"ou=groups,{BASE}"
SEARCHER = f"cn=panel,{BASE}"
SEARCHER_PASSWORD = "search only"
_ROOT, _ROOT_PASSWORD = f"cn=root,{BASE}", "root of the lab"

_SCHEMA = pathlib.Path("/etc/ldap/schema")
_TREE = f"""
dn: {BASE}
objectClass: domain
dc: contoso

dn: {SEARCHER}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: panel
userPassword: {SEARCHER_PASSWORD}

dn: {PEOPLE}
objectClass: organizationalUnit
ou: people

dn: {GROUPS}
objectClass: organizationalUnit
ou: groups
"""


def person(uid: str) -> str:
    return f"uid={uid},{PEOPLE}"


def group(name: str) -> str:
    return f"cn={name},{GROUPS}"


def password(uid: str) -> str:
    return f"password of {uid}"


class Slapd(Server):
    """By ldap:// (StartTLS) and ldaps://, with the certificate of `pair`."""

    def __init__(self, settings: Settings, pair: Pair, last: int = 6):
        directory = settings.data / f"slapd-{last}"
        self.host = settings.address(last)
        self.clear, self.tls = (self.host, 3389), (self.host, 3636)
        self._config = directory / "slapd.conf"
        self._files = directory / "data"
        self._local = "ldapi://" + urllib.parse.quote(str(directory / "ldapi"), safe="")
        self._pair = pair
        super().__init__(f"slapd {last}", [
            "/usr/sbin/slapd", "-f", self._config, "-d", "stats",
            "-h", f"ldap://{self.host}:3389 ldaps://{self.host}:3636 {self._local}"], directory)

    @property
    def url(self) -> str:
        return f"ldap://{self.host}:{self.clear[1]}"

    @property
    def tls_url(self) -> str:
        return f"ldaps://{self.host}:{self.tls[1]}"

    def start(self) -> "Slapd":
        for address in (self.clear, self.tls):
            require_free(address)
        is_new = not self._files.exists()
        self._files.mkdir(parents=True, exist_ok=True)
        self._config.write_text(self._text())
        super().start()
        self.wait_port(self.clear)
        if is_new:
            self.add(_TREE)
        return self

    def _text(self) -> str:
        includes = "\n".join(f"include {_SCHEMA / name}.schema"
                             for name in ("core", "cosine", "inetorgperson", "nis"))
        return f"""{includes}
attributetype ( 1.2.840.113556.1.4.221 NAME 'sAMAccountName' EQUALITY caseIgnoreMatch
    SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 SINGLE-VALUE )
attributetype ( 1.2.840.113556.1.4.8 NAME 'userAccountControl' EQUALITY integerMatch
    SYNTAX 1.3.6.1.4.1.1466.115.121.1.27 SINGLE-VALUE )
objectclass ( 1.3.6.1.4.1.4203.666.1 NAME 'labUser' AUXILIARY
    MAY ( sAMAccountName $ userAccountControl ) )
pidfile {self.directory / "slapd.pid"}
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
TLSCertificateFile {self._pair.certificate}
TLSCertificateKeyFile {self._pair.key}
allow bind_anon_cred
localSSF 256
security simple_bind=128
database mdb
suffix "{BASE}"
rootdn "{_ROOT}"
rootpw "{_ROOT_PASSWORD}"
directory {self._files}
maxsize 16777216
overlay memberof
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="{SEARCHER}" read by anonymous auth by * none
"""

    # --- what is in it

    def _change(self, program: str, ldif: str) -> None:
        done = subprocess.run([program, "-x", "-H", self._local, "-D", _ROOT, "-w",
                               _ROOT_PASSWORD], input=ldif, capture_output=True, text=True)
        if done.returncode != 0:
            raise LabError(f"{program} failed: {done.stderr.strip()}")

    def add(self, ldif: str) -> None:
        self._change("ldapadd", ldif)

    def modify(self, ldif: str) -> None:
        self._change("ldapmodify", ldif)

    def add_person(self, uid: str, *more: str, parent: str = PEOPLE) -> str:
        """With `password(uid)`; more lines of the entry: "labUser's attribute: value"."""
        dn = f"uid={uid},{parent}"
        self.add("\n".join([f"dn: {dn}", "objectClass: inetOrgPerson", "objectClass: labUser",
                            f"uid: {uid}", f"cn: {uid}", f"sn: {uid}",
                            f"userPassword: {password(uid)}", *more]))
        return dn

    def add_group(self, name: str, *members: str) -> str:
        self.add("\n".join([f"dn: {group(name)}", "objectClass: groupOfNames", f"cn: {name}",
                            *(f"member: {dn}" for dn in members or [SEARCHER])]))
        return group(name)

    def join(self, name: str, dn: str) -> None:
        self.modify(f"dn: {group(name)}\nchangetype: modify\nadd: member\nmember: {dn}\n")

    def leave(self, name: str, dn: str) -> None:
        self.modify(f"dn: {group(name)}\nchangetype: modify\ndelete: member\nmember: {dn}\n")

    def binds(self) -> list:
        """The DNs that somebody has tried to bind as, by TCP."""
        return [line.split('dn="')[1].split('"')[0] for line in self.output().splitlines()
                if " BIND dn=" in line and " method=" in line and _ROOT not in line]
