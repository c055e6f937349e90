"""New files and renames: in place, as a copy, and as a diff that git takes."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from migrator.cli import main
from migrator.project import Project
from rewrites import catalogue

BEFORE = Path(__file__).parent.parent / "fixtures" / "build" / "ffi-create-extension" / "project_cuda" / "before"


def tree(root: Path) -> dict[str, bytes]:
    files = (p for p in sorted(root.rglob("*")) if p.is_file() and not {".git", ".cuport"} & set(p.parts))
    return {p.relative_to(root).as_posix(): p.read_bytes() for p in files}


def migrate(*arguments: object):
    return CliRunner().invoke(main, ["migrate", "--allow-no-vcs", *map(str, arguments)], obj=catalogue)


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    shutil.copytree(BEFORE, tmp_path / "repo")
    (tmp_path / "repo" / "src" / "scale.c").chmod(0o755)
    return tmp_path / "repo"


def test_in_place_and_as_a_copy_agree(repo: Path, tmp_path: Path):
    assert migrate(repo, "--out", tmp_path / "out").exit_code == 0
    assert "src/scale.c" in tree(repo)
    assert migrate(repo).exit_code == 0
    assert tree(repo) == tree(tmp_path / "out")
    assert {"src/scale.cpp", "src/scale_bindings.cpp", "_ext/__init__.py"} <= set(tree(repo))
    assert not {"src/scale.c", "src/scale_cuda.c"} & set(tree(repo))
    assert (repo / "src" / "scale.cpp").stat().st_mode & 0o777 == 0o755
    assert migrate(repo, "--check").exit_code == 0


def test_git_applies_the_diff(repo: Path, tmp_path: Path, monkeypatch):
    monkeypatch.chdir(repo)
    for arguments in (["init", "-q"], ["add", "-A"], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"]):
        subprocess.run(["git", *arguments], check=True)
    diff = migrate(".", "--dry-run").stdout
    assert "rename from src/scale.c\nrename to src/scale.cpp\n" in diff
    assert "new file mode 100644\n--- /dev/null\n" in diff
    subprocess.run(["git", "apply"], input=diff.encode(), check=True)
    applied = tree(repo)
    subprocess.run(["git", "checkout", "-q", "."], check=True)
    subprocess.run(["git", "clean", "-qfd"], check=True)
    assert migrate(".").exit_code == 0
    assert tree(repo) == applied


def test_a_taken_name_is_left_alone(repo: Path):
    (repo / "src" / "scale.cpp").write_text("// mine\n")
    (repo / "_ext").mkdir()
    (repo / "_ext" / "__init__.py").write_text("mine = 1\n")
    result = migrate(repo)
    assert result.exit_code == 0 and "has to become a .cpp file" in result.stderr
    assert (repo / "src" / "scale.cpp").read_text() == "// mine\n"
    assert "create_extension" in (repo / "build.py").read_text()
    assert (repo / "_ext" / "__init__.py").read_text() == "mine = 1\n"


def test_the_line_of_a_tab_among_blanks_is_named(tmp_path: Path):
    (tmp_path / "build.py").write_text("from torch.utils.ffi import create_extension\nif x:\n        y = 1\n\tz = 2\n")
    assert "build.py: not Python 3 (line 4): left as it is" in migrate(tmp_path).stderr


def test_python_2_is_named_and_left(tmp_path: Path):
    text = "from torch.utils.ffi import create_extension\nprint 'x'\n"
    (tmp_path / "build.py").write_text(text)
    (tmp_path / "train.py").write_text("print 'no word that matters'\n")
    result = migrate(tmp_path)
    assert result.exit_code == 0
    assert "build.py: not Python 3 (line 2): left as it is" in result.stderr
    assert "train.py" not in result.stderr
    assert (tmp_path / "build.py").read_text() == text


def test_nothing_is_parsed_without_a_word_that_matters(tmp_path: Path, monkeypatch):
    (tmp_path / "train.py").write_text("import torch\nmodel = torch.nn.Linear(2, 3)\n")

    def parse(self, path):
        raise AssertionError(f"{path} was parsed")

    monkeypatch.setattr(Project, "module", parse)
    assert migrate(tmp_path).exit_code == 0


def test_write_setup(tmp_path: Path):
    (tmp_path / "repo").mkdir()
    (tmp_path / "repo" / "ops.py").write_text('from torch.utils.cpp_extension import load\nops = load("my_ops", ["ops.cpp"])\n')
    (tmp_path / "repo" / "ops.cpp").write_text("#include <torch/extension.h>\nPYBIND11_MODULE(TORCH_EXTENSION_NAME, m) {}\n")
    before = tree(tmp_path / "repo")
    assert migrate(tmp_path / "repo").exit_code == 0 and tree(tmp_path / "repo") == before
    assert "+++ b/" in migrate(tmp_path / "repo", "--write-setup", "--dry-run").stdout and tree(tmp_path / "repo") == before
    first = migrate(tmp_path / "repo", "--write-setup")
    assert first.exit_code == 0 and "import my_ops, in place of the call" in first.stderr
    assert set(tree(tmp_path / "repo")) == {"ops.py", "ops.cpp", "setup.py", "pyproject.toml"}
    (tmp_path / "repo" / "setup.py").write_text("# mine\n")
    assert migrate(tmp_path / "repo", "--write-setup").exit_code == 0
    assert (tmp_path / "repo" / "setup.py").read_text() == "# mine\n"


def test_write_setup_without_an_extension(tmp_path: Path):
    (tmp_path / "train.py").write_text("print(1)\n")
    result = migrate(tmp_path, "--write-setup")
    assert result.exit_code == 0 and "none was written" in result.stderr
    assert set(tree(tmp_path)) == {"train.py"}
    alone = migrate(tmp_path / "train.py", "--write-setup")
    assert alone.exit_code == 2 and "takes the folder" in alone.stderr
