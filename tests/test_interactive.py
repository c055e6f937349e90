"""``cuport migrate --interactive``: what is refused is not made, what is accepted is, with the headers that it needs."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from migrator.cli import main
from rewrites import catalogue

FFI = Path(__file__).parents[1] / "fixtures/build/ffi-create-extension/project_cuda/before"
GAP = "\n" + "// far away\n" * 9
CHECK = "void f{0}(at::Tensor x) {{ AT_CHECK(x.dim() == {0}); }}\n"
OLD = "#include <THC/THC.h>\n" + GAP + CHECK.format(1) + GAP + CHECK.format(2) + GAP + "int n = THCCeilDiv(4, 2);\n"


def ask(answers: str, *words: object) -> Result:
    command = ["migrate", "--allow-no-vcs", "--interactive", *map(str, words)]
    return CliRunner().invoke(main, command, obj=catalogue, prog_name="cuport", input="\n".join(answers) + "\n")


@pytest.fixture
def root(tmp_path, monkeypatch) -> Path:
    (tmp_path / "a.cu").write_text(OLD)
    (tmp_path / "b.cu").write_text(CHECK.format(7))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_hunk_is_asked_about(root):
    result = ask("yyyyy", ".")
    assert result.exit_code == 0, result.output
    assert result.stderr.count("Make this change (") == 5 and "Make this change (at-check)?" in result.stderr
    assert "AT_CHECK" not in (root / "a.cu").read_text() + (root / "b.cu").read_text()


def test_one_change_is_left(root):
    assert ask("ynyyy", ".").exit_code == 0
    text = (root / "a.cu").read_text()
    assert "AT_CHECK(x.dim() == 1)" in text and "TORCH_CHECK(x.dim() == 2)" in text and "at::ceil_div" in text
    assert "TORCH_CHECK(x.dim() == 7)" in (root / "b.cu").read_text()


def test_headers_follow_what_is_made(root):
    assert ask("yyyny", ".").exit_code == 0
    text = (root / "a.cu").read_text()
    assert "THCCeilDiv" in text and "ceil_div.h" not in text and "TORCH_CHECK(x.dim() == 2)" in text


@pytest.mark.parametrize(
    ("answers", "checks_left", "asked"),
    [
        ("q", {1, 2, 7}, 1),
        ("a" + "n", {7}, 2),
        ("d" + "y", {1, 2}, 2),
        ("y" + "r" + "y", set(), 3),
        ("y" + "s" + "y", {1, 2, 7}, 3),
    ],
    ids=["quit", "all of the file", "none of the file", "all of the rule", "none of the rule"],
)
def test_answers_for_more_than_one(root, answers, checks_left, asked):
    result = ask(answers, ".")
    assert result.exit_code == 0, result.output
    text = (root / "a.cu").read_text() + (root / "b.cu").read_text()
    assert {n for n in (1, 2, 7) if f"AT_CHECK(x.dim() == {n})" in text.replace("TORCH_CHECK", "TORCHCHECK")} == checks_left
    assert result.stderr.count("Make this change (") == asked


def test_help_and_nonsense_ask_again(root):
    result = ask("?xyyyyy", ".")
    assert result.exit_code == 0 and result.stderr.count("y - make this change") == 2
    assert "AT_CHECK" not in (root / "a.cu").read_text()


def test_answers_that_end_early_write_nothing(root):
    assert ask("y", ".").exit_code != 0
    assert (root / "a.cu").read_text() == OLD and not (root / ".cuport").exists()


def test_with_a_dry_run_stdout_is_the_diff_of_what_was_chosen(root):
    result = ask("ynyyy", ".", "--dry-run")
    assert result.stdout.startswith("--- a/a.cu\n") and "+void f1" not in result.stdout and "+void f2" in result.stdout
    assert (root / "a.cu").read_text() == OLD


def test_a_new_name_and_new_files_are_asked_about(tmp_path, monkeypatch):
    shutil.copytree(FFI, tmp_path / "ffi")
    monkeypatch.chdir(tmp_path / "ffi")
    before = {p.name: p.read_bytes() for p in sorted(Path().rglob("*")) if p.is_file()}
    result = ask("n" * 60, ".")
    assert result.exit_code == 0, result.output
    assert {p.name: p.read_bytes() for p in sorted(Path().rglob("*")) if p.is_file()} == before


# --- the editor -------------------------------------------------------------------------------------------------------------------------

EDITOR = """
import sys
from pathlib import Path
file = Path(sys.argv[-1])
steps = Path(STEPS)
done = int(steps.read_text() or 0)
steps.write_text(str(done + 1))
old, new = EDITS[done]
data = file.read_bytes()
assert old in data, (old, data)
file.write_bytes(data.replace(old, new) if old else new)
"""


@pytest.fixture
def editor(tmp_path_factory, monkeypatch):
    """An editor that replaces one text by another, each time it is opened the next one."""
    folder = tmp_path_factory.mktemp("editor")

    def write(*edits: tuple[bytes, bytes]) -> None:
        (folder / "steps").write_text("")
        program = EDITOR.replace("STEPS", repr(str(folder / "steps"))).replace("EDITS", repr(list(edits)))
        (folder / "edit.py").write_text(program)

    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", shlex.join([sys.executable, str(folder / "edit.py")]))
    return write


MINE = b'+void f1(at::Tensor x) { TORCH_CHECK(x.dim() == 1, "mine"); }\n'


def test_edit(root, editor):
    editor((b"+void f1(at::Tensor x) { TORCH_CHECK(x.dim() == 1); }\n", MINE))
    result = ask("yeyyy", ".")
    assert result.exit_code == 0, result.stderr
    text = (root / "a.cu").read_text()
    assert 'TORCH_CHECK(x.dim() == 1, "mine")' in text and "TORCH_CHECK(x.dim() == 2)" in text
    assert CliRunner().invoke(main, ["undo"], obj=catalogue).exit_code == 0 and (root / "a.cu").read_text() == OLD


def test_lines_that_stay_and_lines_that_come(root, editor):
    old, new = "void f7(at::Tensor x) { AT_CHECK(x.dim() == 7); }\n", "void f7(at::Tensor x) { TORCH_CHECK(x.dim() == 7); }\n"
    editor((f"-{old}+{new}".encode(), f" {old}+// one\n+// two\n".encode()))
    result = ask("e", "b.cu", "--dry-run")
    assert result.exit_code == 0 and result.stdout.endswith(f" {old}+// one\n+// two\n"), result.stderr
    editor((f"-{old}+{new}".encode(), f" {old}".encode()))
    assert "0 changed, 0 edits" in ask("e", "b.cu").stderr, "as it was"
    editor((b"", b"# nothing left\n"))
    assert ask("e" + "y", "b.cu").stderr.count("Make this change (") == 2 and (root / "b.cu").read_text() == new


def test_an_edit_that_does_not_apply_asks_again(root, editor):
    editor((b"-void f7", b"-void f9"), (b"+void f7", b"*void f7"), (b"+void f7", b"+}} void f7"), (b"+void f7", b"+// mine\n+void f7"))
    result = ask("e" + "yyy", "b.cu")
    assert result.exit_code == 0, result.stderr
    for words in ("(with - or a blank in front) are not the same", "line 3 starts with neither", "would have a syntax error"):
        assert words in result.stderr
    assert (root / "b.cu").read_text().startswith("// mine\nvoid f7(at::Tensor x) { TORCH_CHECK")
    cuport_undo = CliRunner().invoke(main, ["undo"], obj=catalogue)
    assert cuport_undo.exit_code == 0
    editor((b"-void f7", b"-void f9"))
    assert ask("e" + "n" + "n", "b.cu").stderr.count("Make this change (") == 2 and (root / "b.cu").read_text() == CHECK.format(7)


def test_no_editor_and_nothing_saved(root, editor, monkeypatch):
    monkeypatch.setenv("EDITOR", "true")
    assert ask("e" + "n", "b.cu").stderr.count("Make this change (") == 2
    monkeypatch.setenv("EDITOR", "no-such-editor")
    result = ask("e" + "n" + "y", "b.cu")
    assert "Editing failed" in result.stderr and "VISUAL or EDITOR names the editor" in result.stderr
    assert "TORCH_CHECK" in (root / "b.cu").read_text()


def test_edit_keeps_line_ends_and_bytes(root, editor):
    (root / "b.cu").write_bytes(b"// caf\xe9\r\nvoid f(bool b) { AT_CHECK(b); }\r\n// end")
    editor((b"+void", b"+// mine\n+void"))
    assert ask("e", "b.cu").exit_code == 0
    assert (root / "b.cu").read_bytes() == b"// caf\xe9\r\n// mine\r\nvoid f(bool b) { TORCH_CHECK(b); }\r\n// end"


def test_an_edit_that_a_later_answer_takes_away_is_asked_about_again(root, editor):
    """The first hunk has the include of the last change."""
    editor((b"+#include <ATen/ceil_div.h>", b"+#include <ATen/ceil_div.h>  // mine"))
    result = ask("eyyny" + "y", ".")
    assert result.exit_code == 0, result.stderr
    assert "the edit is lost, and its place is asked about once more" in result.stderr
    text = (root / "a.cu").read_text()
    assert "mine" not in text and "THCCeilDiv" in text and "THC/THC.h" not in text


def test_a_new_file_is_edited(tmp_path, monkeypatch, editor):
    shutil.copytree(FFI, tmp_path / "ffi")
    monkeypatch.chdir(tmp_path / "ffi")
    plain = ask("y" * 60, ".", "--dry-run")
    order = [line[4:] for line in plain.stderr.splitlines() if line.startswith("--- ") and not line.startswith(("--- /dev", "--- a/"))]
    name = next(name for name in order if " -> " not in name and not Path(name).exists())
    editor((b"+import torch", b"+# mine\n+import torch"))
    result = ask("y" * order.index(name) + "e" + "y" * 60, ".")
    assert result.exit_code == 0, result.stderr
    assert Path(name).read_text().startswith("# mine\nimport torch")


@pytest.mark.skipif(os.name != "posix", reason="no pseudo-terminals here")
def test_on_a_terminal(root, editor):
    """As a person meets it: coloured, with the prompt behind each hunk, and the editor in between."""
    import pty

    editor((b"+void f7(at::Tensor x) { TORCH_CHECK(x.dim() == 7); }\n", MINE))
    command = [sys.executable, "-c", "from rewrites import main; main()", "migrate", "b.cu", "--allow-no-vcs", "-i"]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1]), "TERM": "xterm", "COLUMNS": "80"}
    environment.pop("NO_COLOR", None)
    ours, theirs = pty.openpty()
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, start_new_session=True) as process:
        os.close(theirs)
        seen = _until(ours, b"[y,n,e,a,d,r,s,q,?]")
        assert b"\x1b[32m+void f7" in seen and b"\x1b[31m-void f7" in seen and b"Make this change (at-check)?" in seen
        os.write(ours, b"e\n")
        seen = _until(ours, b"takes this run back")
        assert process.wait(60) == 0
    os.close(ours)
    assert b"next: `cuport verify" in seen
    assert (root / "b.cu").read_bytes() == MINE[1:]


def _until(terminal: int, words: bytes) -> bytes:
    seen = b""
    while words not in seen:
        try:
            piece = os.read(terminal, 4096)
        except OSError:  # the other side has gone
            piece = b""
        assert piece, seen
        seen += piece
    return seen
