"""The pictures of docs/images: that they can be made anew, and that each is shown somewhere."""

import os
import re
import struct
import subprocess

import pytest

from lab.settings import PROJECT, settings_for

SCRIPT = PROJECT / "scripts" / "screenshots"


def screenshots(*words):
    settings = settings_for("pictures", folder="browser")
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


@pytest.mark.parametrize("page", ["README.md", "docs"])
def test_what_pages_show_is_there(page):
    texts = [PROJECT / page] if page.endswith(".md") else sorted((PROJECT / page).glob("*.md"))
    shown = {text.parent / link for text in texts
             for link in re.findall(r"!\[[^]]*\]\(([^)]+\.png)\)", text.read_text())}
    assert shown, "no picture at all"
    assert {link for link in shown if not link.is_file()} == set()


def test_no_picture_is_left_over():
    """Each is shown by some page, can be made anew, and they are small together."""
    pictures = {file.name: file for file in (PROJECT / "docs" / "images").glob("*.png")}
    texts = "".join(text.read_text() for text in
                    [PROJECT / "README.md", *(PROJECT / "docs").glob("*.md")])
    script = SCRIPT.read_text()
    for name in pictures:
        assert f"images/{name})" in texts, f"nothing shows {name}"
        assert f'Picture("{name.removesuffix(".png")}"' in script, f"nothing makes {name}"
    assert sum(file.stat().st_size for file in pictures.values()) < 1_500_000
