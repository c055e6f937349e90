"""The originals: a folder, or what git has."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from migrator.verify.before import BeforeError, originals

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
    with originals(checkout / "ops/a.cu", "HEAD") as found:
        assert found.path.read_text() == "old\n"


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
