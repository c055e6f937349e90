"""`cuport verify` as people type it: wrong uses end in one line and status 2."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from migrator.cli.verify import command

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "words, says",
    [
        (["missing"], "does not exist"),
        (["."], "no CUDA or C++ sources"),
        ([".", "--torch", "nonsense"], "not a torch release"),
        ([".", "--torch", "9.9"], "9.9"),
        ([".", "--torch", ","], "names no release"),
        ([".", "--arch", "ampere"], "not an architecture"),
        ([".", "--arch", ","], "names no architecture"),
        ([".", "--", "pytest"], "--run"),
    ],
)
def test_wrong_uses(tmp_path, monkeypatch, words, says):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(command, words)
    assert done.exit_code == 2, done.output
    assert says in done.output and "Traceback" not in done.output
    assert len([line for line in done.output.splitlines() if line.startswith("Error")]) == 1


def test_missing_headers_offline_say_what_to_run(tmp_path, monkeypatch):
    (tmp_path / "a.cu").write_text("")
    monkeypatch.setenv("CUPORT_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(command, [".", "--torch", "1.7.1", "--offline"])
    assert done.exit_code == 2 and "run `cuport" in done.output.replace("\n", " ")


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from click.testing import CliRunner; from migrator.cli.verify import command\n"
        "assert CliRunner().invoke(command, ['--help']).exit_code == 0\n"
        "heavy = {'rich', 'torch', 'requests', 'libcst', 'migrator.verify.prove', 'migrator.toolchain'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)
