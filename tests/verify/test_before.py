"""The originals: a folder, or what git has."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from migrator.cli import main
from migrator.verify.before import BeforeError, originals
from rewrites import catalogue

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path):
    folder = tmp_path / "checkout"
    (folder / "ops").mkdir(parents=True)
    (folder / "ops/a.cu").write_text("old\n")
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "one")
    return folder


@needs_git
def test_git_head_of_a_subfolder(checkout):
    with originals(checkout / "ops", "auto") as same:
        assert not same.differs
    (checkout / "ops/a.cu").write_text("new\n")
    with originals(checkout / "ops", "auto") as found:
        assert (found.path / "a.cu").read_text() == "old\n" and found.differs and found.description == "git HEAD"
        kept = found.path
    assert not kept.exists()
    (checkout / "common.h").write_text("")
    git(checkout, "add", "common.h")
    git(checkout, "commit", "-qm", "two")
    with originals(checkout / "ops/a.cu", "HEAD") as found:
        assert found.path.read_text() == "old\n" and (found.path.parents[1] / "common.h").exists()


def test_a_folder(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.cu").write_text(name)
    with originals(tmp_path / "one", str(tmp_path / "two")) as found:
        assert found.path == tmp_path / "two" and found.differs


@needs_git
@pytest.mark.parametrize("named", ["auto", "no-such-revision"])
def test_no_originals_is_one_clear_line(tmp_path, named):
    with pytest.raises(BeforeError) as error, originals(tmp_path, named):
        pass
    assert "--before DIR" in str(error.value) and "\n" not in str(error.value)


# --- the undo record --------------------------------------------------------------------------------------------------------------------

OLD = "#include <THC/THC.h>\nvoid f(const at::Tensor &x) { AT_CHECK(x.dim() == 4); }\n"


def migrate(*words: object) -> None:
    result = CliRunner().invoke(main, ["migrate", "--allow-no-vcs", "--allow-dirty", *map(str, words)], obj=catalogue)
    assert result.exit_code == 0, result.output


@pytest.fixture
def ported(tmp_path):
    """A tree outside git, migrated in two runs."""
    root = tmp_path / "tree"
    (root / "ops").mkdir(parents=True)
    (root / "ops/a.cu").write_text(OLD)
    (root / "ops/clean.cu").write_text("void g() {}\n")
    (root / "data").mkdir()
    (root / "common.h").write_text("")
    (root / "link.cu").symlink_to("ops/a.cu")
    migrate(root, "--select", "at-check")
    migrate(root)
    assert "THC" not in (root / "ops/a.cu").read_text()
    return root


@pytest.mark.parametrize("named", ["auto", "undo"])
@pytest.mark.parametrize("where", [".", "ops", "ops/a.cu"])
def test_undo_record(ported, named, where):
    with originals((ported / where), named) as found:
        assert found.description == "the undo record" and found.differs
        original = found.path if where.endswith("a.cu") else found.path / ("a.cu" if where == "ops" else "ops/a.cu")
        assert original.read_text() == OLD, "as it was before the first of the runs"
        if where == ".":
            assert (found.path / "ops/clean.cu").exists() and not (found.path / ".cuport").exists()
        if where == "ops/a.cu":
            assert found.path.parent.name == "ops" and (found.path.parent / "clean.cu").exists(), "what it includes may lie beside it"
            assert (found.path.parents[1] / "common.h").exists(), "or one up"
        kept = found.path
    assert not kept.exists() and "THC" not in (ported / "ops/a.cu").read_text()


def test_undo_record_of_a_file_that_was_finished_by_hand(ported):
    (ported / "ops/a.cu").write_text("void by_hand();\n")
    with originals(ported, "auto") as found:
        assert (found.path / "ops/a.cu").read_text() == OLD


def test_undo_record_from_before_somebody_else_rewrote_the_file(ported):
    (ported / "ops/a.cu").write_text(OLD + "// a new version\n")
    migrate(ported)
    with originals(ported, "auto") as found:
        assert (found.path / "ops/a.cu").read_text() == OLD + "// a new version\n"


def test_undo_record_of_renamed_and_new_files(tmp_path):
    before = Path(__file__).parents[2] / "fixtures/build/ffi-create-extension/project_cuda/before"
    root = tmp_path / "tree"
    shutil.copytree(before, root)
    migrate(root)
    assert (root / "src/scale.cpp").exists()
    with originals(root, "auto") as found:
        names = {p.relative_to(found.path).as_posix(): p.read_bytes() for p in found.path.rglob("*") if p.is_file()}
        assert names == {p.relative_to(before).as_posix(): p.read_bytes() for p in before.rglob("*") if p.is_file()}


@needs_git
def test_undo_record_before_git_and_git_where_the_record_says_nothing(checkout):
    (checkout / "ops/a.cu").write_text(OLD)
    git(checkout, "commit", "-qam", "two")
    migrate(checkout)
    git(checkout, "commit", "-qam", "ported")
    with originals(checkout, "auto") as found:
        assert found.description == "the undo record" and found.differs
    with originals(checkout, "HEAD") as found:
        assert not found.differs
    git(checkout, "checkout", "-q", "HEAD~1", "--", "ops")
    (checkout / "ops/b.cu").write_text("new\n")
    with originals(checkout, "auto") as found:
        assert found.description == "git HEAD", "what was taken back by git is no port"


def test_no_undo_record(tmp_path):
    with pytest.raises(BeforeError) as error, originals(tmp_path, "undo"):
        pass
    assert "no undo record" in str(error.value)


@needs_git
def test_a_checkout_of_another_user(checkout, monkeypatch):
    monkeypatch.setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
    if subprocess.run(["git", "rev-parse"], cwd=checkout, capture_output=True).returncode == 0:
        pytest.skip("this git reads it (before 2.35.2, or safe.directory says so)")
    with pytest.raises(BeforeError, match="since another user owns it: run `git config --global --add safe.directory"):
        with originals(checkout, "auto"):
            pass
