"""SIP messages of the lab's own user agent: reading, writing, and digest authentication."""

import hashlib
import re
import secrets

_LONG = {"v": "via", "f": "from", "t": "to", "i": "call-id", "m": "contact", "l": "content-length",
         "c": "content-type", "o": "event", "e": "content-encoding", "s": "subject",
         "k": "supported", "u": "allow-events"}


class SipMessage:
    """A request or a response; fields are pairs of name and value, in their order."""

    def __init__(self, first: str, fields=(), body: str = ""):
        self.first = first
        self.fields = list(fields)
        self.body = body

    @classmethod
    def read(cls, data: bytes) -> "SipMessage":
        head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = re.sub(r"\r\n[ \t]+", " ", head.decode("utf-8", "replace")).split("\r\n")
        fields = [(name.strip(), value.strip()) for name, _, value in
                  (line.partition(":") for line in lines)]
        return cls(first, fields, body.decode("utf-8", "replace"))

    def write(self) -> bytes:
        body = self.body.encode()
        lines = [self.first, *(f"{name}: {value}" for name, value in self.fields),
                 f"Content-Length: {len(body)}", "", ""]
        return "\r\n".join(lines).encode() + body

    @property
    def is_request(self) -> bool:
        return not self.first.startswith("SIP/2.0 ")

    @property
    def method(self) -> str:
        return self.first.split(" ")[0] if self.is_request else self["cseq"].split()[1]

    @property
    def status(self) -> int:
        return int(self.first.split(" ")[1])

    @property
    def branch(self) -> str:
        return parameter(self.all("via")[0], "branch")

    def __getitem__(self, name: str) -> str:
        """The first value of that field, or ""."""
        return next(iter(self.all(name)), "")

    def all(self, name: str) -> list:
        return [value for found, value in self.fields
                if _LONG.get(found.lower(), found.lower()) == name.lower()]

    def routes(self, name: str) -> list:
        """The values of Record-Route, of which several may share a line."""
        return [part.strip() for value in self.all(name) for part in value.split(",")]

    def answer(self, status: int, reason: str, tag: str, fields=()) -> "SipMessage":
        copied = [(name, value) for name in ("Via", "Record-Route", "From", "To", "Call-ID", "CSeq")
                  for value in self.all(name)]
        copied = [(name, value + (f";tag={tag}" if name == "To" and not parameter(value, "tag")
                                  else "")) for name, value in copied]
        return SipMessage(f"SIP/2.0 {status} {reason}", [*copied, *fields])


def parameter(value: str, name: str) -> str:
    """A parameter of a header field, outside of <>; "" when it is not there."""
    found = re.search(rf";\s*{name}\s*=\s*([^;\s,>]+)", value[value.rfind(">") + 1:])
    return found[1] if found else ""


def uri(value: str) -> str:
    """What stands between <>, or the whole up to its parameters."""
    found = re.search(r"<([^>]*)>", value)
    return found[1] if found else value.split(";")[0].strip()


def address(value: str) -> str:
    """user@domain of a From or To field."""
    found = re.match(r"sips?:([^;:?>]+)", uri(value))
    return found[1] if found else ""


def token() -> str:
    return secrets.token_hex(6)


def credentials(challenge: str, method: str, target: str, user: str, password: str) -> str:
    """The value of Authorization or Proxy-Authorization (RFC 2617, MD5)."""
    def said(name):
        found = re.search(rf'{name}="?([^",]+)', challenge)
        return found[1] if found else ""

    def digest(*parts):
        return hashlib.md5(":".join(parts).encode()).hexdigest()
    realm, nonce = said("realm"), said("nonce")
    first, second = digest(user, realm, password), digest(method, target)
    value = (f'Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{target}", '
             "algorithm=MD5")
    if "auth" in said("qop").split(","):
        client = token()
        response = digest(first, nonce, "00000001", client, "auth", second)
        return value + f', qop=auth, nc=00000001, cnonce="{client}", response="{response}"'
    return value + f', response="{digest(first, nonce, second)}"'
