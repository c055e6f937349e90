"""``cuport migrate --interactive``: what is refused is not made, what is accepted is, with the headers that it needs."""

from __future__ import annotations

import shutil
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
