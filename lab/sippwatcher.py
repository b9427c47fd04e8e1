"""A watcher that sipp plays: it subscribes once, answers each NOTIFY, and stays until it is told
that the subscription is over."""

import re

from .pidf import Document, read
from .process import LabError, Server, require_free, wait_until
from .settings import ACCOUNTS, LOCAL_DOMAIN, Settings

_PORT = 5090

_SUBSCRIBE = """<send><![CDATA[

SUBSCRIBE sip:{peer} SIP/2.0
Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
Max-Forwards: 70
From: <sip:{address}>;tag=[pid]w[call_number]
To: <sip:{peer}>
Call-ID: [call_id]
CSeq: {cseq} SUBSCRIBE
Contact: <sip:{user}@[local_ip]:[local_port]>
Event: presence
Expires: {expires}
Accept: application/pidf+xml
{authentication}Content-Length: 0

]]></send>"""

_OK = """<send{more}><![CDATA[

SIP/2.0 200 OK
[last_Via:]
[last_Record-Route:]
[last_From:]
[last_To:]
[last_Call-ID:]
[last_CSeq:]
Contact: <sip:{user}@[local_ip]:[local_port]>
Content-Length: 0

]]></send>"""

_TAKE = """<action>
<ereg regexp=".*" search_in="hdr" header="Subscription-State:" assign_to="state"/>
<ereg regexp=".*" search_in="body" assign_to="body"/>
<ereg regexp="terminated" search_in="hdr" header="Subscription-State:" assign_to="over"/>
<log message="=NOTIFY=[$state]=BODY=[$body]=END="/></action>"""


def _scenario(address: str, peer: str, expires: int) -> str:
    user = address.partition("@")[0]
    proof = f"[authentication username={user} password={ACCOUNTS[address]}]\n"
    fields = {"address": address, "peer": peer, "user": user, "expires": expires}
    ok = _OK.replace("{user}", user)
    return "\n".join([
        '<?xml version="1.0" encoding="UTF-8"?>', '<scenario name="watcher">',
        _SUBSCRIBE.format(cseq=1, authentication="", **fields),
        '<recv response="407" auth="true"/>',
        _SUBSCRIBE.format(cseq=2, authentication=proof, **fields),
        '<label id="1"/>',  # NOTIFY may overtake the answer (RFC 6665 section 4.4.1)
        '<recv response="100" optional="true" next="1"/>',
        f'<recv request="NOTIFY" optional="true" next="2">{_TAKE}</recv>',
        '<recv response="200" next="3"/>',
        '<label id="2"/>', ok.replace("{more}", ' next="1"'),
        '<label id="3"/>', f'<recv request="NOTIFY" timeout="600000">{_TAKE}</recv>',
        ok.replace("{more}", ' next="4" test="over"'), '<nop next="3"/>',
        '<label id="4"/>', "</scenario>"])


class SippWatcher(Server):
    """A local user who watches `peer` for so many seconds; use as a context manager."""

    def __init__(self, settings: Settings, name: str, peer: str, expires: int = 3600):
        directory = settings.data / f"sipp-watcher-{name}"
        self._local = settings.sip_user(name)[0], _PORT
        self._record = directory / "notified.log"
        self._text = _scenario(f"{name}@{LOCAL_DOMAIN}", peer, expires)
        server = f"{settings.kamailio[0]}:{settings.kamailio[1]}"
        super().__init__(f"sipp watcher {name}", [
            "sipp", "-sf", directory / "watch.xml", "-i", self._local[0], "-p", self._local[1],
            "-t", "u1", server, "-nostdin", "-nd", "-m", "1", "-trace_logs", "-log_file",
            self._record, "-log_overwrite", "true"], directory, env={"TERM": "dumb"})

    def start(self) -> "SippWatcher":
        require_free(self._local, ("udp",), " (--base)")
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / "watch.xml").write_text(self._text)
        return super().start()

    __enter__ = start

    def __exit__(self, *_):
        self.stop(2)

    @property
    def notified(self) -> list:
        """Pairs of Subscription-State and the document, an empty one when there was no body."""
        text = self._record.read_text(errors="replace") if self._record.exists() else ""
        return [(state.strip(), read(body) if body.strip() else Document("")) for state, body in
                re.findall(r"=NOTIFY=(.*?)=BODY=(.*?)=END=", text, re.DOTALL)]

    def wait(self, fits, seconds: float = 10):
        """Until fits(state, document) of the last NOTIFY."""
        try:
            return wait_until(lambda: self.notified and fits(*self.notified[-1]), seconds, "")
        except LabError:
            raise LabError(f"{self.name}: not within {seconds:g} s; it heard {self.notified[-3:]}\n"
                           f"{self.last_lines()}") from None
