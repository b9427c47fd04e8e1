"""All checks of the project, one after the other; the last line is `N passed, N failed`.

Called by ./check. A step is one check or, for meson test and pytest, as many as there are tests.
"""

import concurrent.futures
import fnmatch
import json
import os
import pathlib
import re
import subprocess
import sys
import time
import xml.etree.ElementTree

PROJECT = pathlib.Path(__file__).resolve().parent.parent
PYTHON = "/usr/bin/python3"
WORKERS = 3  #: tests against running servers mostly wait; each worker has addresses of its own
TAIL = 60  #: lines of output shown for a failure
FOLDERS = ("tests/cli", "tests/gateway", "tests/panel", "tests/browser", "tests/interop")


class Tally:
    """Counts, and shows what went wrong where it went wrong."""

    def __init__(self):
        self.passed = 0
        self.failed = []

    def add(self, name: str, problem: str = "") -> None:
        """problem: "" when the check passed, else what to show."""
        if not problem:
            self.passed += 1
            return
        self.failed.append(name)
        print(f"FAILED: {name}")
        for line in problem.rstrip().splitlines()[-TAIL:]:
            print(f"    {line}")
        sys.stdout.flush()

    def finish(self) -> int:
        for name in self.failed:
            print(f"failed: {name}")
        print(f"{self.passed} passed, {len(self.failed)} failed", flush=True)
        return 1 if self.failed else 0


def run(*words, seconds: float = 600, **env):
    """(status, output) of a command; status is not 0 when it took too long."""
    try:
        done = subprocess.run([str(w) for w in words], cwd=PROJECT, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=seconds,
                              env={**os.environ, **env}, text=True, errors="replace")
        return done.returncode, done.stdout
    except subprocess.TimeoutExpired as late:
        output = late.stdout or b""
        return 1, (output if isinstance(output, str) else output.decode(errors="replace")) + \
            f"\nno end within {seconds:g} seconds"


def check(tally: Tally, name: str, *words, **options) -> bool:
    status, output = run(*words, **options)
    tally.add(name, "" if status == 0 else output or f"ended with status {status}")
    return status == 0


def build(tally: Tally, folder: str, compiler: str, *options) -> bool:
    name = f"build {folder} ({compiler}) without a warning"
    if not (PROJECT / folder / "build.ninja").exists():
        status, output = run("meson", "setup", folder, "--werror", *options, CC=compiler)
        if status != 0:
            tally.add(name, output)
            return False
    return check(tally, name, "ninja", "-C", folder, seconds=900)


def sources(*patterns):
    status, output = run("git", "ls-files", "--", *patterns)
    names = output.split()
    if status != 0:  # not a git checkout: whatever is there
        names = [str(f.relative_to(PROJECT)) for folder in ("src", "tests", "bench")
                 for f in (PROJECT / folder).rglob("*.[ch]")]
        names = [n for n in names if any(fnmatch.fnmatch(n, pattern) for pattern in patterns)]
    return [name for name in names if (PROJECT / name).exists()]


def meson_tests(tally: Tally, folder: str) -> None:
    status, output = run("meson", "test", "-C", folder, "--no-rebuild", "--timeout-multiplier", "3")
    log = PROJECT / folder / "meson-logs" / "testlog.json"
    if not log.exists():
        tally.add("meson test", output)
        return
    results = [json.loads(line) for line in log.read_text().splitlines() if line.strip()]
    for result in results:
        fine = result["result"] in ("OK", "EXPECTEDFAIL")
        shown = (result.get("stdout") or "") + (result.get("stderr") or "")
        tally.add(f"test {result['name']}",
                  "" if fine else f"{result['result']}\n{shown}")
    if not results:
        tally.add("meson test", output or f"no test ran (status {status})")


def pytest(tally: Tally) -> None:
    folders = [f for f in FOLDERS if any((PROJECT / f).rglob("test_*.py"))]
    if not folders:
        tally.add("pytest", f"no tests found in {', '.join(FOLDERS)}")
        return
    report = PROJECT / "build-check" / "pytest.xml"
    report.unlink(missing_ok=True)
    program = PROJECT / "build-check" / "causeway"
    status, output = run(PYTHON, "-m", "pytest", "-q", "-p", "no:cacheprovider",
                         "-n", WORKERS, "--dist", "loadgroup",
                         "-o", "junit_logging=all", f"--junit-xml={report}", *folders,
                         seconds=2400, CAUSEWAY_PROGRAM=str(program))
    if not report.exists():
        tally.add("pytest", output)
        return
    cases = list(xml.etree.ElementTree.parse(report).iter("testcase"))
    for case in cases:
        wrong = [e for e in case if e.tag in ("failure", "error", "skipped")]
        if wrong:  # what the servers said helps to understand it
            wrong += case.iter("system-out")
        text = "\n".join(f"{e.get('message', '')}\n{e.text or ''}" for e in wrong)
        tally.add(f"{case.get('classname')}.{case.get('name')}", text)
    if not cases:
        tally.add("pytest", output or f"status {status}")


def format_check(tally: Tally) -> None:
    status, output = run("clang-format", "--dry-run", "-Werror", *sources("*.c", "*.h"))
    wrong = sorted({line.split(":")[0] for line in output.splitlines() if ": error: " in line})
    problem = "\n".join(["clang-format -i is needed on:", *wrong]) if wrong else output
    tally.add("format of C files (clang-format)", problem if status else "")


def changed_sources():
    """Those that the last commit and the working tree changed; all when there is no history."""
    status, output = run("git", "diff", "--name-only", "HEAD~1", "--", "src/*.c")
    if status != 0:
        return sources("src/*.c")
    return [name for name in output.split() if (PROJECT / name).exists()]


def tidy(tally: Tally, folder: str) -> None:
    files = changed_sources()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        done = pool.map(lambda f: run("clang-tidy", "-p", folder, "--quiet", f, seconds=300), files)
        found = [output for status, output in done if status != 0]
    tally.add(f"clang-tidy on {len(files)} changed files", "\n".join(found))


def manuals(tally: Tally) -> None:
    for page in sorted((PROJECT / "man").glob("*.[1-9]")):
        status, output = run("mandoc", "-Tlint", "-Wwarning", page)
        tally.add(f"manual page {page.name}", output if status or output.strip() else "")


def fuzz(tally: Tally) -> None:
    """Ten seconds for each target; one check a target."""
    status, output = run(PYTHON, "scripts/fuzz", "--seconds", "10", seconds=1200)
    results = re.findall(r"^(?:FOUND by (\w+):\n(.*?)|(\w+): \d+ inputs.*?)$"
                         r"(?=\n(?:FOUND by |\w+: \d+ inputs|found something: )|\Z)",
                         output.rstrip(), re.MULTILINE | re.DOTALL)
    for found, problem, fine in results:
        tally.add(f"fuzz {found or fine}", problem)
    if not results or (status != 0 and not any(found for found, _, _ in results)):
        tally.add("fuzz", output or f"status {status}")


def main() -> int:
    started = time.monotonic()
    tally = Tally()

    def step(text: str) -> None:
        print(f"[{time.monotonic() - started:4.0f} s] {text}", flush=True)
    step("formatter, include graph, manual pages")
    format_check(tally)
    check(tally, "include graph", PYTHON, "scripts/check-includes")
    manuals(tally)
    step("building with gcc, ASan and UBSan")
    built = build(tally, "build-check", "gcc", "-Db_sanitize=address,undefined",
                  "-Dpanel=enabled")
    step("building with clang")
    if build(tally, "build-clang", "clang", "-Dpanel=disabled"):
        step("clang-tidy")
        tidy(tally, "build-clang")
        step("100,000 random messages there and back")
        check(tally, "100,000 random messages, without sanitizers", "meson", "test", "-C",
              "build-clang", "--no-rebuild", "round_trip")
    if built:
        step("unit, table and scenario tests")
        meson_tests(tally, "build-check")
        step("command line, panel, browser and interop tests")
        pytest(tally)
    step("fuzz targets")
    fuzz(tally)
    step("./run --once")
    check(tally, "./run --once", PROJECT / "run", "--once", "--data", PROJECT / "run-data-check",
          "--base", "127.0.12", seconds=400)
    step("done")
    return tally.finish()


if __name__ == "__main__":
    sys.exit(main())
