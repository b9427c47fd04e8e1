"""Starting, watching and ending the lab's servers.

Each server is the leader of its own session and is ended through its process group, never by name.
A server also gets SIGTERM from the kernel when this program dies without saying goodbye.
"""

import contextlib
import ctypes
import errno
import os
import pathlib
import signal
import socket
import subprocess
import time

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class LabError(Exception):
    """Something that the user has to know, in one sentence."""


def wait_until(condition, seconds: float, what: str, every: float = 0.02):
    """Calls condition until it returns something true and returns that; LabError afterwards."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise LabError(f"{what}: not within {seconds:g} seconds")
        time.sleep(every)


def accepted(listener):
    """Each connection that comes, and from where, until the listener is closed."""
    while True:
        try:
            connection = listener.accept()
        except OSError:
            return
        yield connection


def port_answers(address) -> bool:
    """Whether something accepts TCP connections there."""
    with contextlib.closing(socket.socket(socket.AF_INET, socket.SOCK_STREAM)) as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(address) == 0


def require_free(address, kinds=("tcp",), change="") -> None:
    """Raises LabError when another program holds the address already."""
    for kind in kinds:
        style = socket.SOCK_STREAM if kind == "tcp" else socket.SOCK_DGRAM
        with contextlib.closing(socket.socket(socket.AF_INET, style)) as probe:
            if kind == "tcp":
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(address)
                if kind == "tcp":
                    probe.listen(1)
            except OSError as problem:
                where = f"{address[0]}:{address[1]} ({kind})"
                if problem.errno == errno.EADDRINUSE:
                    raise LabError(f"{where} is already in use, perhaps by another ./run; stop "
                                   f"that program, or choose other addresses{change}") from None
                raise LabError(f"{where} cannot be used: {problem.strerror}") from None


def _stat(pid) -> list:
    """The fields of /proc/PID/stat after the name, which may hold spaces; [] when it is gone."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def processor_seconds(pid: int) -> float:
    """What a process has used so far, in user and kernel mode."""
    fields = _stat(pid)
    if not fields:
        raise LabError(f"process {pid} is gone")
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _child_setup() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Server:
    """One server process with a log file."""

    def __init__(self, name: str, argv, directory: pathlib.Path, env=None):
        self.name = name
        self.argv = [str(word) for word in argv]
        self.directory = directory
        self.log = directory / (name.lower().replace(" ", "-") + ".out")
        self.env = {**os.environ, **(env or {})}
        self.process = None

    def start(self) -> "Server":
        self.directory.mkdir(parents=True, exist_ok=True)
        with open(self.log, "ab") as log:
            try:
                self.process = subprocess.Popen(
                    self.argv, cwd=self.directory, env=self.env, stdin=subprocess.DEVNULL,
                    stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
                    preexec_fn=_child_setup)
            except OSError as problem:
                raise LabError(f"{self.name} cannot be started ({self.argv[0]}): "
                               f"{problem.strerror}") from None
        return self

    @property
    def pid(self) -> int:
        return self.process.pid

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def wait_ready(self, condition, seconds: float = 15) -> "Server":
        """Waits for the condition; a server that ends meanwhile is reported with its last lines."""
        def ready_or_gone():
            if not self.is_running():
                raise LabError(f"{self.name} ended at once with status "
                               f"{self.process.returncode}:\n{self.last_lines()}")
            return condition()
        try:
            wait_until(ready_or_gone, seconds, f"{self.name} did not become ready")
        except LabError as problem:
            if self.is_running():
                raise LabError(f"{problem}\n{self.last_lines()}") from None
            raise
        return self

    def wait_port(self, address, seconds: float = 15) -> "Server":
        return self.wait_ready(lambda: port_answers(address), seconds)

    def processor_seconds(self) -> float:
        """What all processes of this server have used so far."""
        pids = [entry.name for entry in pathlib.Path("/proc").iterdir() if entry.name.isdigit()]
        return sum(processor_seconds(pid) for pid in pids if self._is_ours(_stat(pid)))

    def _is_ours(self, fields) -> bool:
        return len(fields) > 2 and int(fields[2]) == self.pid  # its process group

    def output(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def last_lines(self, count: int = 12) -> str:
        lines = self.output().splitlines()[-count:]
        return "\n".join(f"    {line}" for line in lines) or f"    (nothing in {self.log})"

    def stop(self, seconds: float = 10) -> None:
        """Ends the whole process group; returns when nothing of it is left."""
        if self.process is None:
            return
        group = self.process.pid
        for number, patience in ((signal.SIGTERM, seconds), (signal.SIGKILL, 5)):
            try:
                os.killpg(group, number)
            except ProcessLookupError:
                break
            if self._wait_group_gone(group, patience):
                break
        self.process.wait()
        self.process = None

    def kill(self) -> None:
        """Ends it as when the power goes."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.stop()

    def _wait_group_gone(self, group: int, seconds: float) -> bool:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.process.poll()
            try:
                os.killpg(group, 0)
            except ProcessLookupError:
                return True
            time.sleep(0.02)
        return False


_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def raise_on_signals() -> None:
    """Lets SIGTERM and SIGHUP end the program as Ctrl-C does, so that everything is stopped."""
    def interrupt(_number, _frame):
        raise KeyboardInterrupt
    for number in _ENDINGS:
        signal.signal(number, interrupt)


@contextlib.contextmanager
def undisturbed():
    """Ignores those signals, so that a second Ctrl-C cannot cut the cleaning up short."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in _ENDINGS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
