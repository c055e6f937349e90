"""Where cuport plugs in: pre-commit, the GitHub action, the shell, ``python -m``."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
OLD = "#include <ATen/ATen.h>\nvoid f(bool b) { AT_CHECK(b); }\n"
PRE_COMMIT = shutil.which("pre-commit") or shutil.which("pre-commit", path=str(Path(sys.executable).parent))


def run(*command: object, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    given = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(list(map(str, command)), cwd=cwd, env=given, capture_output=True, text=True, timeout=300)


@pytest.fixture
def repository(tmp_path):
    (tmp_path / "csrc").mkdir()
    (tmp_path / "csrc/op.cu").write_text(OLD)
    (tmp_path / "README").write_text("AT_CHECK\n")
    for command in (["init", "-q"], ["add", "-A"]):
        assert run("git", *command, cwd=tmp_path).returncode == 0
    return tmp_path


@pytest.mark.network
@pytest.mark.skipif(PRE_COMMIT is None, reason="no pre-commit here (pip install pre-commit)")
def test_pre_commit(repository, tmp_path_factory):
    """Both hooks, installed by pre-commit itself from this repository."""
    home = {"PRE_COMMIT_HOME": str(tmp_path_factory.mktemp("home"))}

    def hook(name: str) -> subprocess.CompletedProcess[str]:
        return run(PRE_COMMIT, "try-repo", ROOT, name, "--all-files", cwd=repository, **home)

    check = hook("cuport-check")
    if "InstallationError" in check.stdout or "CalledProcessError" in check.stdout:
        pytest.skip("pre-commit could not install: " + check.stdout.strip().splitlines()[-1])
    assert check.returncode == 1 and "1 would change, 1 edit\n" in check.stdout, check.stdout
    assert (repository / "csrc/op.cu").read_text() == OLD
    fix = hook("cuport-fix")
    assert fix.returncode == 1 and "files were modified by this hook" in fix.stdout, fix.stdout
    assert (repository / "csrc/op.cu").read_text() == OLD.replace("AT_CHECK", "TORCH_CHECK")
    run("git", "add", "-A", cwd=repository)
    assert hook("cuport-check").returncode == 0
    (repository / "csrc/op.cu").unlink()
    run("git", "add", "-A", cwd=repository)
    skipped = hook("cuport-check")
    assert skipped.returncode == 0 and "no files to check" in skipped.stdout


def test_the_hooks_are_for_the_files_that_are_read():
    yaml = pytest.importorskip("yaml")
    import re

    from migrator.source import CPP_SUFFIXES, PYTHON_SUFFIXES

    for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text()):
        wanted = [f"a/b{suffix}" for suffix in CPP_SUFFIXES | PYTHON_SUFFIXES]
        wanted += [
            "CMakeLists.txt",
            "x/Makefile",
            "a.cmake",
            "build.sh",
            "requirements-dev.txt",
            "environment.yml",
            "setup.cfg",
            "pyproject.toml",
        ]
        assert [name for name in wanted if not re.search(hook["files"], name)] == []
        assert not re.search(hook["files"], "README.md")


@pytest.mark.parametrize("sarif", ["", "out.sarif"])
def test_the_action(repository, sarif):
    """The scripts of action.yml, with blanks and quotes in the inputs that no shell may read."""
    yaml = pytest.importorskip("yaml")
    steps = yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"]
    program = repository / "bin"
    program.mkdir()
    (program / "cuport").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m cuport "$@"\n')
    (program / "cuport").chmod(0o755)
    inputs = {"PATHS": "csrc $(touch${IFS}hacked)", "ARGS": "--only-broken", "SARIF": sarif, "PATH": f"{program}:{os.environ['PATH']}"}
    scripts = {step["name"]: step["run"] for step in steps if "run" in step}
    if sarif:
        assert run("bash", "-eo", "pipefail", "-c", scripts["Write the SARIF report"], cwd=repository, **inputs).returncode == 2
        assert '"ruleId": "at-check"' in (repository / sarif).read_text()
    done = run("bash", "-eo", "pipefail", "-c", scripts["Check"], cwd=repository, **inputs)
    assert done.returncode == 2 and "::error file=csrc/op.cu,line=2,title=cuport%3A at-check::" in done.stdout
    assert "no such file or folder" in done.stderr and not (repository / "hacked").exists()
    done = run("bash", "-eo", "pipefail", "-c", scripts["Check"], cwd=repository, **{**inputs, "PATHS": "csrc"})
    assert done.returncode == 1


@pytest.mark.parametrize("module", ["cuport", "rewrites"])
def test_python_m(module):
    done = run(sys.executable, "-m", module, "--version")
    from migrator.releases import NEWEST

    assert done.returncode == 0 and f"knows torch up to {NEWEST}" in done.stdout


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("cuport migr", ["migrate"]),
        ("cuport migrate --form", ["--format"]),
        ("cuport migrate --format sa", ["sarif"]),
        ("cuport migrate --select thc-ceil", ["thc-ceil-div"]),
        ("cuport migrate --select at-check,thc-ceil", ["at-check,thc-ceil-div"]),
        ("cuport rules at-chec", ["at-check"]),
    ],
)
def test_completion(words, expected):
    program = "import sys; sys.argv = ['cuport']; from rewrites import main; main()"
    asked = {"_CUPORT_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(words.split()) - 1)}
    done = run(sys.executable, "-c", program, **asked)
    assert [line.partition(",")[2] for line in done.stdout.splitlines()] == expected, done.stderr
