"""A certificate authority for the lab, made with the openssl command.

Certificates carry the domain as DNS-ID and as SRVName (RFC 4985). Faulty ones are made as well:
self-signed, expired, not yet valid, revoked, for another purpose, and for another name.
"""

import dataclasses
import datetime
import pathlib
import subprocess

from .process import LabError


@dataclasses.dataclass(frozen=True)
class Pair:
    """A certificate and its private key, both PEM files."""

    certificate: pathlib.Path
    key: pathlib.Path


def _openssl(*words) -> str:
    done = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True)
    if done.returncode != 0:
        raise LabError(f"openssl {words[0]} failed: {done.stderr.strip()}")
    return done.stdout


def _names(domains, uris=()) -> str:
    parts = [f"URI:{uri}" for uri in uris]
    for domain in domains:
        if domain.replace(".", "").isdigit():
            parts.append(f"IP:{domain}")
            continue
        parts.append(f"DNS:{domain}")
        parts.append(f"otherName:1.3.6.1.5.5.7.8.7;IA5STRING:_xmpp-server.{domain}")
    return "subjectAltName=" + ",".join(parts)


class Authority:
    """The test CA. Everything it makes is kept in its directory."""

    def __init__(self, directory: pathlib.Path, name: str = "Causeway lab CA"):
        self.directory = directory
        self.name = name
        self.certificate = directory / "ca.pem"
        self._key = directory / "ca.key"

    def create(self) -> "Authority":
        self.directory.mkdir(parents=True, exist_ok=True)
        self._make_key(self._key)
        _openssl("req", "-x509", "-new", "-key", self._key, "-out", self.certificate, "-days", "30",
                 "-subj", f"/CN={self.name}", "-addext", "keyUsage=critical,keyCertSign,cRLSign")
        return self

    def issue(self, label: str, *domains: str) -> Pair:
        """A good certificate for the domains."""
        return self._sign(label, domains, "+30d")

    def issue_short(self, label: str, *domains: str, days: int) -> Pair:
        """A good certificate that ends soon."""
        return self._sign(label, domains, f"+{days}d")

    def issue_uri(self, label: str, *domains: str, uris) -> Pair:
        """A good certificate that holds URIs too, as SIP servers have them (RFC 5922)."""
        return self._sign(label, domains, "+30d", uris)

    def issue_later(self, label: str, *domains: str) -> Pair:
        """A certificate that begins to be valid in ten days."""
        return self._sign(label, domains, "+30d", begins=10)

    def issue_must_staple(self, label: str, *domains: str) -> Pair:
        """A certificate that promises a stapled OCSP answer (RFC 7633)."""
        return self._sign(label, domains, "+30d", more="tlsfeature = status_request")

    def issue_for_code(self, label: str, *domains: str) -> Pair:
        """A certificate for signing programs, not for TLS."""
        return self._sign(label, domains, "+30d", purposes="codeSigning")

    def issue_called(self, label: str, subject: str, *domains: str) -> Pair:
        """A good certificate whose subject's common name is another text than a domain."""
        return self._sign(label, domains, "+30d", subject=subject)

    def revoke(self, *pairs: Pair) -> pathlib.Path:
        """A list of revocations, PEM, with the certificates in it."""
        revoked, config = self.directory / "crl.pem", self.directory / "crl.cnf"
        database = self.directory / "crl.db"
        database.write_text("")
        config.write_text(f"[ca]\ndefault_ca = lab\n[lab]\ndatabase = {database}\n"
                          "default_md = sha256\n")
        ours = ("-config", config, "-cert", self.certificate, "-keyfile", self._key)
        for pair in pairs:
            _openssl("ca", *ours, "-revoke", pair.certificate)
        _openssl("ca", *ours, "-gencrl", "-crldays", "30", "-out", revoked)
        return revoked

    def staple(self, pair: Pair, is_revoked: bool = False) -> pathlib.Path:
        """What an OCSP responder says of the certificate today, DER."""
        answer = pair.certificate.with_suffix(".ocsp")
        question, index = answer.with_suffix(".question"), answer.with_suffix(".index")
        serial = _openssl("x509", "-in", pair.certificate, "-noout", "-serial").partition("=")[2]
        state = "R\t491231235959Z\t200101000000Z" if is_revoked else "V\t491231235959Z\t"
        index.write_text(f"{state}\t{serial.strip()}\tunknown\t/CN=any\n")
        of = ("-issuer", self.certificate, "-cert", pair.certificate)
        _openssl("ocsp", *of, "-no_nonce", "-reqout", question)
        _openssl("ocsp", "-index", index, "-CA", self.certificate, "-rsigner", self.certificate,
                 "-rkey", self._key, "-ndays", "1", "-reqin", question, "-respout", answer)
        return answer

    def issue_expired(self, label: str, *domains: str) -> Pair:
        return self._sign(label, domains, "-1d")

    def self_signed(self, label: str, *domains: str) -> Pair:
        """A certificate for the domains that no authority has signed."""
        pair = self._pair(label)
        _openssl("req", "-x509", "-new", "-key", pair.key, "-out", pair.certificate, "-days", "30",
                 "-subj", f"/CN={domains[0]}", "-addext", _names(domains))
        return pair

    def _pair(self, label: str) -> Pair:
        pair = Pair(self.directory / f"{label}.pem", self.directory / f"{label}.key")
        self._make_key(pair.key)
        return pair

    @staticmethod
    def _make_key(path: pathlib.Path) -> None:
        _openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256",
                 "-out", path)
        path.chmod(0o600)

    def _sign(self, label: str, domains, until: str, uris=(), begins: int = -30,
              purposes: str = "serverAuth,clientAuth", more: str = "",
              subject: str = "") -> Pair:
        """`openssl ca` is used because it alone can date a certificate into the past."""
        pair = self._pair(label)
        request = self.directory / f"{label}.csr"
        config = self.directory / f"{label}.cnf"
        now = datetime.datetime.now(datetime.timezone.utc)
        days = int(until.rstrip("d"))
        stamp = "%Y%m%d%H%M%SZ"
        end = (now + datetime.timedelta(days=days)).strftime(stamp)
        start = (now + datetime.timedelta(days=min(days, 0) + begins)).strftime(stamp)
        (self.directory / f"{label}.db").write_text("")
        config.write_text(f"""[ca]
default_ca = lab
[lab]
database = {self.directory / label}.db
new_certs_dir = {self.directory}
rand_serial = yes
default_md = sha256
policy = any
x509_extensions = leaf
unique_subject = no
[any]
commonName = supplied
[leaf]
basicConstraints = critical,CA:false
keyUsage = critical,digitalSignature
extendedKeyUsage = {purposes}
{_names(domains, uris).replace("=", " = ", 1)}
{more}
""")
        _openssl("req", "-new", "-key", pair.key, "-out", request, "-subj",
                 f"/CN={subject or domains[0]}")
        _openssl("ca", "-batch", "-notext", "-config", config, "-in", request, "-out",
                 pair.certificate, "-cert", self.certificate, "-keyfile", self._key,
                 "-startdate", start, "-enddate", end)
        return pair
