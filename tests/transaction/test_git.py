"""In place: nothing is overwritten that nobody committed, unless that is allowed; nothing of the tree's git is run."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from migrator.cli import main
from rewrites import catalogue

from .tree import fingerprint

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
OLD = "#include <THC/THC.h>\nvoid f(const at::Tensor &x) { AT_CHECK(x.dim() == 4); }\n"
CLEAN = "void g() {}\n"


def cuport(*words: object) -> Result:
    result = CliRunner().invoke(main, list(map(str, words)), obj=catalogue, prog_name="cuport")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def git(folder: Path, *words: str) -> str:
    named = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "protocol.file.allow=always"]
    return subprocess.run([*named, *words], cwd=folder, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def checkout(tmp_path, monkeypatch) -> Path:
    """A checkout with one file to port and one that needs nothing; also the current folder."""
    root = tmp_path / "repo"
    (root / "csrc").mkdir(parents=True)
    (root / "csrc/a.cu").write_text(OLD)
    (root / "csrc/clean.cu").write_text(CLEAN)
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-qm", "one")
    monkeypatch.chdir(root)
    return root


def refused(result: Result, root: Path, *words: str) -> None:
    assert result.exit_code == 2, result.stderr
    assert all(word in result.stderr for word in words), result.stderr
    assert len(result.stderr.strip().splitlines()) == 1, result.stderr
    assert "AT_CHECK" in (root / "csrc/a.cu").read_text()


def ported(result: Result, root: Path) -> None:
    assert result.exit_code == 0, result.stderr
    assert "AT_CHECK" not in (root / "csrc/a.cu").read_text()


def test_a_clean_checkout(checkout):
    ported(cuport("migrate", "."), checkout)
    assert git(checkout, "status", "--porcelain") == " M csrc/a.cu\n", "the undo record is no news to git"
    git(checkout, "checkout", "-q", ".")


@pytest.mark.parametrize("state", ["modified", "modified since it was staged"])
def test_what_git_has_in_another_form(checkout, state):
    path = checkout / "csrc/a.cu"
    if state != "modified":
        path.write_text(OLD + "// staged\n")
        git(checkout, "add", ".")
    path.write_text(OLD + "// mine\n")
    refused(cuport("migrate", "."), checkout, "csrc/a.cu", "--allow-dirty", "nothing was written")
    assert not (checkout / ".cuport").exists()
    assert cuport("migrate", ".", "--check").exit_code == 1, "looking is free"
    assert cuport("migrate", ".", "--out", "../ported").exit_code == 0
    ported(cuport("migrate", ".", "--allow-dirty"), checkout)
    assert cuport("undo").exit_code == 0
    assert path.read_text() == OLD + "// mine\n"


@pytest.mark.parametrize("state", ["staged", "never committed"])
def test_what_is_staged(checkout, state):
    (checkout / "csrc/a.cu").write_text(OLD + "// mine\n")
    if state == "never committed":
        shutil.rmtree(checkout / ".git")
        git(checkout, "init", "-q")
    git(checkout, "add", ".")
    refused(cuport("migrate", "."), checkout, "csrc/a.cu has staged changes", "--allow-staged", "nothing was written")
    refused(cuport("migrate", ".", "--commit-per-rule"), checkout, "csrc/a.cu has staged changes: commit it first; nothing was written")
    ported(cuport("migrate", ".", "--allow-staged"), checkout)
    git(checkout, "checkout", "-q", "--", "csrc/a.cu")
    assert (checkout / "csrc/a.cu").read_text() == OLD + "// mine\n"
    ported(cuport("migrate", ".", "--allow-dirty"), checkout)


def test_staged_and_changed_since(checkout):
    for text in ("// staged\n", "// mine\n"):
        git(checkout, "add", ".")
        (checkout / "csrc/a.cu").write_text(OLD + text)
    refused(cuport("migrate", ".", "--allow-staged"), checkout, "csrc/a.cu has uncommitted changes", "--allow-dirty")


@pytest.mark.parametrize("state", ["untracked", "ignored"])
def test_what_git_does_not_track(checkout, state):
    git(checkout, "rm", "-q", "--cached", "csrc/a.cu")
    (checkout / ".gitignore").write_text("a.cu\n" if state == "ignored" else "")
    git(checkout, "add", ".gitignore")
    git(checkout, "commit", "-qm", "two")
    for option in ((), ("--allow-staged",), ("--allow-no-vcs",)):
        refused(cuport("migrate", ".", *option), checkout, "csrc/a.cu is not tracked by git", "--allow-dirty", "nothing was written")
    ported(cuport("migrate", ".", "--allow-dirty"), checkout)
    assert cuport("undo").exit_code == 0
    assert (checkout / "csrc/a.cu").read_text() == OLD


def test_only_the_files_concerned_count(checkout):
    (checkout / "csrc/clean.cu").write_text(CLEAN + "// mine\n")
    (checkout / "notes.txt").write_text("untracked\n")
    ported(cuport("migrate", "."), checkout)
    assert (checkout / "csrc/clean.cu").read_text() == CLEAN + "// mine\n"


def test_what_cuport_wrote_itself_does_not_count(checkout):
    assert cuport("migrate", ".", "--select", "at-check").exit_code == 0
    assert cuport("migrate", ".").exit_code == 0
    assert "THC" not in (checkout / "csrc/a.cu").read_text()
    git(checkout, "checkout", "-q", ".")
    assert cuport("migrate", ".", "--select", "at-check").exit_code == 0
    with open(checkout / "csrc/a.cu", "a") as stream:
        stream.write("// mine\n")
    assert "--allow-dirty" in cuport("migrate", ".").stderr, "edited by hand since"


def test_line_endings_that_git_converts_are_no_change(checkout):
    git(checkout, "config", "core.autocrlf", "true")
    (checkout / "csrc/a.cu").write_bytes(OLD.replace("\n", "\r\n").encode())
    git(checkout, "add", ".")
    assert git(checkout, "status", "--porcelain") == ""
    ported(cuport("migrate", "."), checkout)


def test_no_checkout(tmp_path, monkeypatch):
    (tmp_path / "csrc").mkdir()
    (tmp_path / "csrc/a.cu").write_text(OLD)
    (tmp_path / "csrc/b.cu").write_text(OLD)
    monkeypatch.chdir(tmp_path)
    told = ("csrc/a.cu (and 1 more) is in no version control", "--allow-no-vcs", "--out DIR", "--dry-run", "nothing was written")
    for option in ((), ("--allow-dirty",), ("--format", "json"), ("--quiet",)):
        result = cuport("migrate", ".", *option)
        refused(result, tmp_path, *told)
        assert result.stdout == ""
    refused(cuport("migrate", ".", "--commit-per-rule"), tmp_path, "is not in git", "nothing was written")
    assert not (tmp_path / ".cuport").exists()
    assert cuport("migrate", ".", "--check").exit_code == 1, "looking is free"
    assert cuport("migrate", "csrc", "--out", "ported").exit_code == 0
    shutil.rmtree("ported")
    ported(cuport("migrate", ".", "--allow-no-vcs"), tmp_path)
    assert cuport("undo").exit_code == 0
    assert (tmp_path / "csrc/a.cu").read_text() == OLD


def test_no_checkout_is_said_before_anything_is_asked(tmp_path, monkeypatch):
    (tmp_path / "csrc").mkdir()
    (tmp_path / "csrc/a.cu").write_text(OLD)
    monkeypatch.chdir(tmp_path)
    result = cuport("migrate", ".", "--interactive")
    refused(result, tmp_path, "--allow-no-vcs")
    assert result.stdout == ""


@pytest.mark.parametrize("mark", [".hg", ".jj"])
def test_a_checkout_that_is_not_gits(checkout, mark):
    """Also one within git's: what is nearest counts."""
    inner = checkout / "csrc/inner"
    (inner / mark).mkdir(parents=True)
    (inner / "a.cu").write_text(OLD)
    assert cuport("migrate", inner).exit_code == 0
    assert "AT_CHECK" not in (inner / "a.cu").read_text()
    assert cuport("undo", inner).exit_code == 0
    refused(cuport("migrate", inner, "--commit-per-rule"), checkout, "is not in git: commit it first")
    assert (inner / "a.cu").read_text() == OLD


def test_nothing_to_write_asks_nobody(tmp_path, monkeypatch):
    (tmp_path / "clean.cu").write_text(CLEAN)
    assert cuport("migrate", tmp_path).exit_code == 0


def test_without_git(checkout, monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    refused(cuport("migrate", "."), checkout, "git is not installed", "--allow-no-vcs", "nothing was written")
    ported(cuport("migrate", ".", "--allow-no-vcs"), checkout)


def test_a_broken_checkout(checkout):
    (checkout / ".git/HEAD").write_text("nonsense\n")
    refused(cuport("migrate", "."), checkout, "git", "--allow-no-vcs", "nothing was written")
    ported(cuport("migrate", ".", "--allow-no-vcs"), checkout)


def test_git_dir_from_the_environment(checkout, tmp_path, monkeypatch):
    """As inside a hook, or with a bare repository that has its work tree elsewhere."""
    (checkout / ".git").rename(tmp_path / "elsewhere.git")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere.git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(checkout))
    ported(cuport("migrate", "."), checkout)


def test_names_that_git_would_quote(checkout):
    for name in ("a\nb.cu", 'q"uote.cu', "*.cu", os.fsdecode(b"caf\xe9.cu"), ":(top)x.cu"):
        (checkout / name).write_text(OLD)
    git(checkout, "add", ".")
    git(checkout, "commit", "-qm", "two")
    (checkout / "a\nb.cu").write_text(OLD + "// mine\n")
    result = cuport("migrate", ".")
    refused(result, checkout, "a\\x0ab.cu has uncommitted changes:", "--allow-dirty")
    git(checkout, "commit", "-qam", "three")
    ported(cuport("migrate", "."), checkout)


def test_nothing_of_the_repository_runs(checkout, tmp_path):
    """Hooks, monitors and filters that a downloaded ``.git/config`` names."""
    trap = tmp_path / "trap"
    trap.write_text(f"#!/bin/sh\necho ran >> {tmp_path}/trace\ncat\n")
    trap.chmod(0o755)
    (checkout / ".git/info").mkdir(exist_ok=True)
    (checkout / ".git/info/attributes").write_text("*.cu filter=tr=ap\n*.cpp filter=other\n")
    for name in ("core.fsmonitor", "filter.tr=ap.clean", "filter.tr=ap.smudge", "filter.other.process", "core.pager", "core.editor"):
        git(checkout, "config", name, str(trap))
    git(checkout, "config", "filter.tr=ap.required", "true")
    for hook in ("pre-commit", "post-checkout", "post-index-change", "fsmonitor-watchman"):
        (checkout / ".git/hooks").mkdir(exist_ok=True)
        shutil.copy(trap, checkout / ".git/hooks" / hook)
    (checkout / "csrc/a.cu").write_text(OLD)  # git has to look into it: its time has changed
    ported(cuport("migrate", "."), checkout)
    cuport("undo")
    assert not (tmp_path / "trace").exists()
    git(checkout, "status")
    assert (tmp_path / "trace").exists(), "git itself would have run it"


# --- what other people keep up ----------------------------------------------------------------------------------------------------------


def with_submodule(checkout: Path, tmp_path: Path, name: str) -> Path:
    other = tmp_path / "other"
    other.mkdir()
    (other / "lib.cu").write_text(OLD)
    git(other, "init", "-q")
    git(other, "add", ".")
    git(other, "commit", "-qm", "one")
    git(checkout, "submodule", "add", "-q", str(other), name)
    git(checkout, "commit", "-qm", "two")
    return checkout / name / "lib.cu"


@pytest.mark.parametrize("name", ["lib", "third_party/lib"])
def test_a_submodule_is_left_alone(checkout, tmp_path, name):
    lib = with_submodule(checkout, tmp_path, name)
    result = cuport("migrate", ".")
    ported(result, checkout)
    assert lib.read_text() == OLD
    assert f"1 C++ and CUDA file in the submodule {name} skipped: pass --third-party" in result.stderr
    assert "skipped" not in cuport("migrate", ".", "-q").stderr
    cuport("undo")
    ported(cuport("migrate", ".", "--third-party"), checkout)
    assert "AT_CHECK" not in lib.read_text()
    before = fingerprint(checkout / name)
    cuport("undo")
    assert lib.read_text() == OLD != before
    assert cuport("migrate", name).exit_code == 0, "naming it is asking for it"
    assert "AT_CHECK" not in lib.read_text()


def test_uncommitted_changes_of_a_submodule(checkout, tmp_path):
    lib = with_submodule(checkout, tmp_path, "lib")
    lib.write_text(OLD + "// mine\n")
    refused(cuport("migrate", ".", "--third-party"), checkout, "lib/lib.cu has uncommitted changes")


def test_a_folder_of_repositories(tmp_path, monkeypatch):
    """Each is what was asked for: no checkout around them makes them submodules."""
    for name in ("one", "two"):
        (tmp_path / name / "csrc").mkdir(parents=True)
        (tmp_path / name / "csrc/a.cu").write_text(OLD)
        git(tmp_path / name, "init", "-q")
        git(tmp_path / name, "add", ".")
        git(tmp_path / name, "commit", "-qm", "one")
    monkeypatch.chdir(tmp_path)
    assert cuport("migrate", ".").exit_code == 0
    for name in ("one", "two"):
        assert "AT_CHECK" not in (tmp_path / name / "csrc/a.cu").read_text()


# --- a commit for each rule -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def author(monkeypatch):
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "t")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "t@example.org")


def test_commit_per_rule(checkout, tmp_path, author):
    shutil.copytree(checkout, tmp_path / "twin")
    (checkout / "staged.txt").write_text("mine\n")
    git(checkout, "add", "staged.txt")
    ported(cuport("migrate", ".", "--commit-per-rule"), checkout)
    subjects = git(checkout, "log", "--format=%s", "HEAD", "--not", "HEAD~2").splitlines()
    assert [subject.split(":")[0] for subject in subjects] == ["thc-headers", "at-check"]
    for commit in ("HEAD", "HEAD~1"):
        assert git(checkout, "show", "--name-only", "--format=", commit) == "csrc/a.cu\n", "and nothing that was staged besides"
    body = git(checkout, "log", "-1", "--format=%b", "HEAD~1")
    assert "1 edit in 1 file, by cuport" in body and "1.5" in body, body
    assert git(checkout, "status", "--porcelain") == "A  staged.txt\n"
    os.chdir(tmp_path / "twin")
    assert cuport("migrate", ".").exit_code == 0
    assert (tmp_path / "twin/csrc/a.cu").read_text() == (checkout / "csrc/a.cu").read_text(), "together they are the same port"


def test_commit_per_rule_of_new_and_renamed_files(checkout, author):
    ffi = Path(__file__).parents[2] / "fixtures/build/ffi-create-extension/project_cuda/before"
    shutil.copytree(ffi, checkout / "ffi")
    (checkout / ".gitignore").write_text("_ext/\n")
    git(checkout, "add", ".")
    git(checkout, "commit", "-qm", "two")
    ported(cuport("migrate", ".", "--commit-per-rule"), checkout)
    assert git(checkout, "status", "--porcelain") == ""
    tracked = git(checkout, "ls-files").splitlines()
    assert "ffi/src/scale.cpp" in tracked and "ffi/src/scale.c" not in tracked
    assert "ffi/_ext/__init__.py" not in tracked and (checkout / "ffi/_ext/__init__.py").exists(), "ignored, as the person wants it"
    assert cuport("migrate", ".", "--check").exit_code == 0


@pytest.mark.parametrize("option", ["--check", "--allow-dirty", "--allow-staged", "--allow-no-vcs", "--interactive"])
def test_commit_per_rule_with_options_that_do_not_go_with_it(checkout, option):
    refused(cuport("migrate", ".", "--commit-per-rule", option), checkout, "--commit-per-rule writes in place")


def test_commit_per_rule_without_an_author(checkout, monkeypatch, tmp_path):
    for name in ("GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "EMAIL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "user.useConfigOnly")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "true")
    result = cuport("migrate", ".", "--commit-per-rule")
    assert result.exit_code == 2 and "are written and not committed; `cuport undo`" in result.stderr, result.stderr
    assert cuport("undo").exit_code == 0 and git(checkout, "status", "--porcelain") == ""


def test_a_checkout_of_another_user(checkout, monkeypatch):
    """git reads none, unless it is told to; the remedy is in the one line."""
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    if subprocess.run(["git", "rev-parse", "--show-toplevel"], capture_output=True).returncode == 0:
        pytest.skip("this git reads it (before 2.35.2, or safe.directory says so)")
    remedy = f"since another user owns it: run `git config --global --add safe.directory {checkout}`"
    refused(cuport("migrate", ".", "--commit-per-rule"), checkout, remedy, "nothing was written")
    refused(cuport("migrate", "."), checkout, remedy, "--allow-no-vcs", "nothing was written")
    ported(cuport("migrate", ".", "--allow-no-vcs"), checkout)
    assert cuport("undo").exit_code == 0 and "AT_CHECK" in (checkout / "csrc/a.cu").read_text()
