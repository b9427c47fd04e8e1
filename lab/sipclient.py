"""Real SIP clients: sipp signs a user in, receives messages for that user, and sends some.

A receiver answers every MESSAGE with 200 and writes it to a log; a message that arrives twice as
the same SIP transaction (same Via branch: a retransmission) counts once, one that was sent twice
does not. A sender reports the final status of each message and the time it took.
"""

import dataclasses
import pathlib
import re
import subprocess

from .process import LabError, Server, require_free, wait_until
from .settings import ACCOUNTS, LOCAL_DOMAIN, Settings

#: final answers that a sender knows; the last one is the one that sipp has to wait for
_FINAL = (202, 300, 301, 302, 305, 380, 400, 401, 402, 403, 404, 405, 406, 408, 410, 413, 414, 415,
          416, 420, 421, 423, 430, 477, 480, 481, 482, 483, 484, 485, 486, 487, 488, 489, 491, 493,
          500, 501, 502, 503, 504, 505, 513, 580, 600, 603, 604, 606, 200)

_HEAD = """Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]
Max-Forwards: 70
From: <sip:{user}@{domain}>;tag=[pid]x[call_number]
To: <{to}>
Call-ID: [call_id]
CSeq: {cseq} {method}
"""

_CLOCK = '<gettimeofday assign_to="{0}_s,{0}_us"/>'


@dataclasses.dataclass(frozen=True)
class Received:
    """One MESSAGE as the user's client got it."""

    at: float
    sender: str
    call_id: str
    body: str
    headers: str

    @property
    def sender_address(self) -> str:
        """user@domain of the From header field."""
        match = re.search(r"sips?:([^>;\s]+)", self.sender)
        return match[1] if match else ""


@dataclasses.dataclass(frozen=True)
class Answer:
    """What became of one sent message. status 0: no final answer at all."""

    status: int
    seconds: float
    sent_at: float


def _xml(*parts: str) -> str:
    return '<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="lab">\n' + "\n".join(parts) + \
        "\n</scenario>\n"


def _request(line: str, head: str, more: str = "", body: str = "") -> str:
    length = "[len]" if body else "0"
    return f"<send><![CDATA[\n\n{line}\n{head}{more}Content-Length: {length}\n\n{body}]]></send>"


def _run_sipp(words, directory: pathlib.Path, seconds: float) -> subprocess.CompletedProcess:
    try:
        return subprocess.run(["sipp", *map(str, words)], cwd=directory, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, errors="replace", timeout=seconds)
    except subprocess.TimeoutExpired:
        raise LabError(f"sipp did not end within {seconds:g} seconds") from None


class SipUser:
    """A user of the SIP platform with a client that is signed in while the context lasts."""

    def __init__(self, settings: Settings, name: str, domain: str = LOCAL_DOMAIN,
                 transport: str = "udp"):
        self.address = f"{name}@{domain}"
        self.name = name
        self._domain = domain
        self._settings = settings
        self._transport = transport
        self._local = settings.sip_user(name)
        self._directory = settings.data / f"sip-{name}"
        self._record = self._directory / "received.log"
        self._receiver = None
        self._sendings = 0

    def start(self) -> "SipUser":
        require_free(self._local, ("udp", "tcp"), " (--base)")
        self._directory.mkdir(parents=True, exist_ok=True)
        self._record.unlink(missing_ok=True)
        scenario = self._directory / "receive.xml"
        scenario.write_text(_RECEIVE)
        self._receiver = Server(f"SIP client of {self.name}", [
            "sipp", "-sf", scenario, *self._place(self._local[1]), "-nostdin",
            "-deadcall_wait", "0", "-nd", "-aa", "-trace_logs", "-log_file", self._record,
            "-log_overwrite", "true"], self._directory, env={"TERM": "dumb"})
        self._receiver.start()
        self._receiver.wait_ready(self._is_listening)
        self.register()
        return self

    def stop(self) -> None:
        if self._receiver is not None:
            receiver, self._receiver = self._receiver, None
            receiver.stop(2)

    __enter__ = start

    def __exit__(self, *_):
        self.stop()

    def register(self, expires: int = 3600) -> None:
        """Signs the user in (expires 0: out) at the registrar."""
        contact = f"Contact: <sip:{self.name}@{self._local[0]}:{self._local[1]};" \
                  f"transport={self._transport}>\nExpires: {expires}\n"
        line = f"REGISTER sip:{self._domain} SIP/2.0"
        head = dict(user=self.name, domain=self._domain, to=f"sip:{self.address}",
                    method="REGISTER")
        scenario = self._directory / "register.xml"
        scenario.write_text(_xml(
            _request(line, _HEAD.format(cseq=1, **head), contact),
            '<recv response="401" auth="true"/>',
            _request(line, _HEAD.format(cseq=2, **head), contact + self._authentication()),
            '<recv response="200"/>'))
        done = self._sipp(scenario, self._local[1] + 1, 10)
        if done.returncode != 0:
            raise LabError(f"{self.address} could not sign in at Kamailio:\n{done.stderr.strip()}")

    def count_received(self) -> int:
        """How many came so far, retransmissions included; quicker than looking at each."""
        return self._record.read_bytes().count(b"=END=") if self._record.exists() else 0

    @property
    def received(self):
        """All messages so far, in the order of their arrival, retransmissions left out."""
        if not self._record.exists():
            return []
        text = self._record.read_bytes().decode("utf-8", "replace")
        found, seen = [], set()
        for part in text.split("=MESSAGE=")[1:]:
            match = _RECORD.match(part)
            if match is None or match["branch"] in seen:
                continue  # half written, or seen before
            seen.add(match["branch"])
            found.append(Received(
                at=_seconds(match), sender=match["sender"].strip(),
                call_id=match["call_id"].strip(), body=match["body"], headers=match["headers"]))
        return found

    def wait_for(self, what, seconds: float = 10) -> Received:
        """The first received message with this body, or for which what(message) is true."""
        fits = what if callable(what) else lambda message: message.body == what

        def find():
            return next((m for m in self.received if fits(m)), None)
        return wait_until(find, seconds, f"{self.address} waiting for a message"
                          + ("" if callable(what) else f" {what!r}"))

    def send(self, to: str, body: str, seconds: float = 40) -> Answer:
        """Sends one message to a bare address and waits for its final answer."""
        return self.send_many(to, [body], seconds)[0]

    def send_many(self, to: str, bodies, seconds: float = 120, at_once: int = 1):
        """Sends the messages, each after the answer to the one before it unless at_once is more."""
        return self.send_each([(to, body) for body in bodies], seconds, at_once)

    def send_each(self, messages, seconds: float = 120, at_once: int = 1):
        """The same for pairs of a bare address and a body."""
        messages = list(messages)
        self._sendings += 1
        label = self._directory / f"send-{self._sendings}"
        for _, body in messages:
            if ";" in body or "\n" in body:
                raise ValueError("a body for sipp may hold neither a semicolon nor a line break")
        label.with_suffix(".csv").write_text(
            "SEQUENTIAL\n" + "".join(f"{to};{body}\n" for to, body in messages))
        label.with_suffix(".xml").write_text(self._send_scenario())
        log = label.with_suffix(".log")
        done = self._sipp(label.with_suffix(".xml"), self._local[1] + 2, seconds,
                          "-inf", label.with_suffix(".csv"), "-m", len(messages), "-l", at_once,
                          "-r", 1000, "-trace_logs", "-log_file", log, "-log_overwrite", "true")
        answers = self._answers(log, len(messages))
        if not log.exists():
            raise LabError(f"sipp could not send:\n{done.stderr.strip()}")
        return answers

    def _answers(self, log: pathlib.Path, count: int):
        answers = [Answer(0, 0.0, 0.0)] * count
        text = log.read_text(errors="replace") if log.exists() else ""
        for match in _ANSWER.finditer(text):
            number, status = int(match["n"]), int(match["status"])
            sent = _seconds(match)
            answers[number - 1] = Answer(status, _seconds(match, "e") - sent, sent)
        return answers

    def _send_scenario(self) -> str:
        line = "MESSAGE sip:[field0] SIP/2.0"
        head = dict(user=self.name, domain=self._domain, to="sip:[field0]", method="MESSAGE")
        kind = "Content-Type: text/plain;charset=UTF-8\n"
        log = "=ANSWER= [call_number] {} [$sent_s] [$sent_us] [$end_s] [$end_us]"
        finals = []
        for status in _FINAL:
            last = status == _FINAL[-1]
            extra = "" if last else ' optional="true" next="end"'
            finals.append(f'<recv response="{status}"{extra}><action>{_CLOCK.format("end")}'
                          f'<log message="{log.format(status)}"/></action></recv>')
        return _xml(
            f'<nop><action>{_CLOCK.format("sent")}</action></nop>',
            _request(line, _HEAD.format(cseq=1, **head), kind, "[field1]"),
            '<recv response="407" auth="true" timeout="35000"/>',
            _request(line, _HEAD.format(cseq=2, **head), self._authentication() + kind,
                     "[field1]"),
            '<recv response="100" optional="true"/>', *finals, '<label id="end"/>')

    def _authentication(self) -> str:
        return f"[authentication username={self.name} password={ACCOUNTS[self.address]}]\n"

    def _place(self, port: int):
        mode = "u1" if self._transport == "udp" else "t1"
        return "-i", self._local[0], "-p", str(port), "-t", mode

    def _sipp(self, scenario, port: int, seconds: float, *more):
        server = f"{self._settings.kamailio[0]}:{self._settings.kamailio[1]}"
        if "-m" not in more:
            more += ("-m", "1")
        return _run_sipp(["-sf", scenario, *self._place(port), server, "-nostdin", "-nd",
                          "-timeout", int(seconds), *more], self._directory, seconds + 5)

    def _is_listening(self) -> bool:
        try:
            require_free(self._local, ("udp" if self._transport == "udp" else "tcp",))
        except LabError:
            return True
        return False


_RECEIVE = _xml(
    '<recv request="MESSAGE"><action>' + _CLOCK.format("at")
    + '<ereg regexp=".*" search_in="hdr" header="From:" assign_to="sender"/>'
    + '<ereg regexp="branch=[^; ]*" search_in="hdr" header="Via:" assign_to="branch"/>'
    + '<ereg regexp=".*" search_in="body" assign_to="body"/>'
    + '<ereg regexp=".*" search_in="msg" assign_to="whole"/>'
    + '<log message="=MESSAGE= [$at_s] [$at_us] [$branch] [call_id] [$sender]'
      '=BODY=[$body]=HEAD=[$whole]=END="/></action></recv>',
    """<send><![CDATA[

SIP/2.0 200 OK
[last_Via:]
[last_From:]
[last_To:];tag=[pid]r[call_number]
[last_Call-ID:]
[last_CSeq:]
Content-Length: 0

]]></send>""")

# sipp writes nothing for a variable that is exactly zero: a microsecond in a million.
_MOMENT = r"(?P<{0}s>\d+)(?:\.\d+)? (?P<{0}us>\d*)(?:\.\d+)?"
_RECORD = re.compile(
    " " + _MOMENT.format("") + r" (?P<branch>\S+) (?P<call_id>\S+) "
    r"(?P<sender>[^\n]*?)"
    r"=BODY=(?P<body>.*?)=HEAD=(?P<headers>.*?)=END=", re.DOTALL)
_ANSWER = re.compile(r"=ANSWER= (?P<n>\d+) (?P<status>\d+) " + _MOMENT.format("") + " "
                     + _MOMENT.format("e"))


def _seconds(match: re.Match, prefix: str = "") -> float:
    return int(match[f"{prefix}s"]) + int(match[f"{prefix}us"] or 0) / 1e6
