"""What `meson install` puts in its place runs from there, wherever that is."""

import dataclasses
import re
import subprocess

import pytest

from lab.panel import Panel
from lab.settings import settings_for
from lab.stack import clear_directory


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The directory above bin and share, below a DESTDIR."""
    folder = tmp_path_factory.mktemp("destdir")
    build = settings_for("install").program.parent
    done = subprocess.run(["meson", "install", "-C", build, "--no-rebuild", "--destdir", folder],
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    (program,) = folder.rglob("bin/causeway")
    return program.parent.parent


@pytest.fixture
def panel(installed):
    """Its configuration does not say where the web application is."""
    settings = dataclasses.replace(settings_for("installed", folder="panel"),
                                   program=installed / "bin" / "causeway")
    clear_directory(settings)
    panel = Panel(settings, has_files=False)
    try:
        yield panel.start()
    finally:
        panel.stop()
    assert panel.faults() == []


def test_web_application(panel):
    page = panel.browser().get("//")
    assert page.status == 200, page
    parts = re.findall(r'(?:src|href)="(/assets/[^"]+)"', page.body.decode())
    assert {part.rpartition(".")[2] for part in parts} == {"js", "css", "svg"}
    for part in parts:
        answer = panel.browser().get(f"/{part}")
        assert answer.status == 200 and answer.body, part
        assert "immutable" in answer.headers["cache-control"]


def test_everybody_may_read_it(installed):
    """The panel runs as an account of its own."""
    for path in (installed / "share" / "causeway" / "panel").rglob("*"):
        assert path.stat().st_mode & (0o555 if path.is_dir() else 0o444) in (0o555, 0o444), path


def test_manual_pages(installed):
    for page in ("man1/causeway.1", "man5/causeway.yaml.5"):
        assert list((installed / "share" / "man").glob(f"{page}*")), page
