"""What a terminal shows: colours where they are wanted, the width of the window, a bar on long work and no trace of it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import sys
import termios
from pathlib import Path

import pytest

from migrator.planned import Left, PlannedFile
from migrator.report.effort import effort

FAST = "import migrator.cli.show as s; s.SLOW = 1e9"
ROOT = Path(__file__).parent.parent.parent
SOURCE = (
    "#include <THC/THC.h>\nvoid f(at::Tensor x, int n, float y) {\n"
    '  AT_CHECK(x.is_cuda(), "gpu"); int m = THCCeilDiv(n, 2);\n  AT_CHECK(y > 0, "y is %.2f", y);\n}\n'
)


def terminal(folder: Path, *arguments: str, width: int = 80, before: str = FAST, **environment: str) -> str:
    """What `cuport migrate` shows on a terminal of a width. ``before`` is Python run first: by default no run counts as long."""
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); {before}; from rewrites import main; main()"
    pid, handle = pty.fork()
    if pid == 0:
        os.chdir(folder)
        kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS", "FORCE_COLOR")}
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
        command = [sys.executable, "-c", code, "migrate", *arguments]
        os.execve(sys.executable, command, {**kept, "TERM": "xterm-256color", **environment})
    data = b""
    while True:
        try:
            piece = os.read(handle, 1 << 16)
        except OSError:
            break
        if not piece:
            break
        data += piece
    os.waitpid(pid, 0)
    os.close(handle)
    return data.decode().replace("\r\n", "\n")


@pytest.fixture
def folder(tmp_path):
    for name in ("a.cu", "b.cu"):
        (tmp_path / name).write_text(SOURCE)
    return tmp_path


def test_colours_and_width(folder):
    shown = terminal(folder, ".", "--dry-run", width=60)
    assert "\x1b[31m-  AT_CHECK" in shown and "\x1b[32m+  TORCH_CHECK" in shown
    assert re.search(r"@@ -1,5 \+1,5 @@ \x1b\[0m\x1b\[35mthc-ceil-div, thc-headers, at-check", shown)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", shown)
    assert max(map(len, plain[plain.index("2 files read") :].splitlines())) <= 60
    assert "effort by hand: low: a.cu, b.cu" in plain


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=str)
def test_no_colours(folder, environment):
    shown = terminal(folder, ".", "--dry-run", **environment)
    assert "\x1b" not in shown and "+  TORCH_CHECK" in shown and "effort by hand" in shown


def test_what_has_to_be_written_is_said_once(folder):
    plain = terminal(folder, ".", "--check", width=200, NO_COLOR="1")
    tail = plain[plain.index("left to do by hand") :].splitlines()
    assert tail[0] == "left to do by hand (2 in 2 files):"
    assert [line.split("]")[0] for line in tail[1:3]] == ["  a.cu:4: [at-check", "  b.cu:4: [at-check"]
    assert tail[3].startswith("    -> ") and sum("->" in line for line in tail) == 1


def test_a_bar_on_long_work(folder):
    """With every run counted as long."""
    shown = terminal(folder, ".", "--check", before="import migrator.cli.show as s; s.SLOW = 0")
    assert "reading and rewriting" in shown and "0/2" in shown
    assert "reading and rewriting" not in terminal(folder, ".", "--check", "-q", before="import migrator.cli.show as s; s.SLOW = 0")
    assert "2 files read" in shown.split("reading and rewriting")[-1]


@pytest.mark.parametrize(
    ("places", "level"),
    [
        ([], "none"),
        (["a"] * 3, "low"),
        (["a"] * 4, "medium"),
        (["a", "b"], "medium"),
        (["a", "b", "c", "d"], "high"),
        (["a"] * 11, "high"),
    ],
)
def test_effort(places, level):
    left = tuple(Left("r", i, i, "wrong", advice) for i, advice in enumerate(places, 1))
    assert effort(PlannedFile(Path("/a"), Path("a"), b"", b"", left=left)) == level


def test_a_run_that_wrote_says_what_comes_next(folder):
    assert "next: `cuport verify`" not in terminal(folder, ".", "--dry-run", NO_COLOR="1")
    assert "next: `cuport verify` compiles the result; `cuport undo` takes this run back" in terminal(folder, ".", "--allow-no-vcs", NO_COLOR="1")
    assert "next: " not in terminal(folder, ".", "--allow-no-vcs", NO_COLOR="1"), "nothing was changed"
