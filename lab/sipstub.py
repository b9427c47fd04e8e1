"""The whole SIP platform as one UDP socket: sends MESSAGE requests to the gateway by the thousand,
and answers those that come from it as the test says."""

import re
import socket
import threading
import time

from .process import wait_until

_HEADER = re.compile(r"^(Via|From|To|Call-ID|CSeq)[ \t]*:[ \t]*(.*?)\r?$", re.I | re.M)
_T1 = 0.5


class SipStub:
    """Runs in threads of this process while the context lasts."""

    def __init__(self, address, gateway):
        self.address = address
        self.gateway = gateway
        self.received = []  #: (From, To, body), in the order of their first arrival
        self.answer = 200  #: status for what comes; None: no answer at all
        self.answers = {}  #: final status by the Call-ID that `send` returned
        self._seen = {}
        self._pending = {}  #: Call-ID -> [request, sent at, interval]
        self._count = 0
        self._lock = threading.Lock()
        self._socket = None
        self._threads = []

    def start(self) -> "SipStub":
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self._socket.bind(self.address)
        self._socket.settimeout(0.1)  # so that the thread hears of the end
        self._threads = [threading.Thread(target=work, args=(self._socket,), daemon=True)
                         for work in (self._receive, self._resend)]
        for thread in self._threads:
            thread.start()
        return self

    def stop(self) -> None:
        sock, self._socket = self._socket, None
        if sock is not None:
            for thread in self._threads:
                thread.join()
            sock.close()

    __enter__ = start

    def __exit__(self, *_):
        self.stop()

    def bodies(self):
        return [body for _, _, body in list(self.received)]

    def send(self, sender: str, to: str, body: str) -> str:
        """Sends one message; its answer will be in `answers` under the id returned."""
        self._count += 1
        call_id = f"{self._count}@{self.address[0]}"
        host, port = self.address
        request = (f"MESSAGE sip:{to} SIP/2.0\r\n"
                   f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bKstub{self._count}\r\n"
                   f"Max-Forwards: 70\r\nFrom: <sip:{sender}>;tag=s{self._count}\r\n"
                   f"To: <sip:{to}>\r\nCall-ID: {call_id}\r\nCSeq: 1 MESSAGE\r\n"
                   "Content-Type: text/plain;charset=UTF-8\r\n"
                   f"Content-Length: {len(body.encode())}\r\n\r\n{body}").encode()
        with self._lock:
            self._pending[call_id] = [request, time.monotonic(), _T1]
        self._socket.sendto(request, self.gateway)
        return call_id

    def ask(self, sender: str, to: str, body: str, seconds: float = 40) -> int:
        """Sends one message and waits for its final status."""
        return self.wait_answers([self.send(sender, to, body)], seconds)[0]

    def wait_answers(self, call_ids, seconds: float = 40):
        wait_until(lambda: all(i in self.answers for i in call_ids), seconds,
                   f"final answers to {len(call_ids)} SIP requests")
        return [self.answers[i] for i in call_ids]

    def _receive(self, sock) -> None:
        while self._socket is sock:
            try:
                data, source = sock.recvfrom(70000)
            except TimeoutError:
                continue
            except OSError:
                return
            head, _, body = data.decode("utf-8", "replace").partition("\r\n\r\n")
            first = head.partition("\r\n")[0]
            headers = {}
            for match in _HEADER.finditer(head):
                headers.setdefault(match[1].lower(), []).append(match[2])
            if first.startswith("SIP/2.0 "):
                self._take_answer(headers["call-id"][0], int(first.split()[1]))
            else:
                self._take_request(sock, source, headers, body)

    def _take_answer(self, call_id: str, status: int) -> None:
        if status < 200:
            return
        with self._lock:
            self._pending.pop(call_id, None)
        self.answers.setdefault(call_id, status)

    def _take_request(self, sock, source, headers, body: str) -> None:
        key = headers["via"][0]
        if key not in self._seen:
            self._seen[key] = self.answer
            self.received.append((headers["from"][0], headers["to"][0], body))
        status = self._seen[key]
        if status is None:
            return
        vias = "".join(f"Via: {via}\r\n" for via in headers["via"])
        sock.sendto((f"SIP/2.0 {status} Stub\r\n{vias}From: {headers['from'][0]}\r\n"
                     f"To: {headers['to'][0]};tag=stub\r\nCall-ID: {headers['call-id'][0]}\r\n"
                     f"CSeq: {headers['cseq'][0]}\r\nContent-Length: 0\r\n\r\n").encode(), source)

    def _resend(self, sock) -> None:
        """RFC 3261, timer E; nothing is given up, the test's own patience ends it."""
        while self._socket is sock:
            now = time.monotonic()
            with self._lock:
                due = [entry for entry in self._pending.values() if entry[1] + entry[2] <= now]
            for entry in due:
                entry[1], entry[2] = now, min(entry[2] * 2, 4.0)
                try:
                    sock.sendto(entry[0], self.gateway)
                except OSError:
                    return
            time.sleep(0.1)
