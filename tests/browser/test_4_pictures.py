"""The pictures of docs/images can be made anew."""

import os
import struct
import subprocess

from conftest import PROJECT, _settings

SCRIPT = PROJECT / "scripts" / "screenshots"


def screenshots(*words):
    settings = _settings("pictures")
    return subprocess.run([SCRIPT, "--base", settings.base, "--data", settings.data, "--program",
                           settings.program, *words], capture_output=True, text=True, timeout=300,
                          env=os.environ)


def test_one_is_made(tmp_path):
    done = screenshots("--to", tmp_path, "--only", "partners")
    assert done.returncode == 0, done.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["partners.png"]
    head = (tmp_path / "partners.png").read_bytes()[:26]
    assert head.startswith(b"\x89PNG\r\n\x1a\n")
    width, height, _depth, colours = struct.unpack("!IIBB", head[16:26])
    assert width == 1280 and height >= 720
    assert colours == 3, "a palette: small enough for the history"


def test_an_unknown_name_is_refused(tmp_path):
    done = screenshots("--to", tmp_path / "new", "--only", "partners,nonsense")
    assert done.returncode == 2
    assert "there is no picture nonsense" in done.stderr
    assert not (tmp_path / "new").exists()
