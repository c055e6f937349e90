"""``--target auto``: installed metadata first, then what the project asks for; never an import."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from migrator import releases, target
from migrator.cli import main
from rewrites import catalogue


@pytest.fixture
def bare(tmp_path, monkeypatch):
    """An environment without torch, and a project folder that a version control system ends at."""
    monkeypatch.setattr(target, "environments", lambda: iter(()))
    project = tmp_path / "project"
    (project / ".git").mkdir(parents=True)
    (project / "csrc").mkdir()
    (project / "csrc/op.cu").write_text("int nothing;\n")
    return project


def install(folder, version):
    info = folder / f"torch-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: torch\nVersion: {version}\n")


@pytest.mark.parametrize(
    ("file", "text", "release"),
    [
        ("pyproject.toml", '[project]\nname = "x"\ndependencies = ["numpy", "torch>=1.10,<2.5"]\n', "2.4"),
        ("pyproject.toml", '[build-system]\nrequires = ["setuptools", "torch==2.6.0+cu124"]\n', "2.6.0"),
        ("setup.py", "from setuptools import setup\nsetup(install_requires=['torch==1.13.1', 'torchvision==0.14'])\n", "1.13.1"),
        ("setup.cfg", "[options]\ninstall_requires =\n    numpy\n    torch~=2.4.0\n", "2.4"),
        ("requirements.txt", "# torch==1.0\ntorchvision==0.9\ntorch >= 1.8  # or newer\n", releases.NEWEST),
        ("requirements-gpu.txt", "torch==2.1.*\n", "2.1"),
    ],
)
def test_project(bare, file, text, release):
    (bare / file).write_text(text)
    found = target.detect([bare / "csrc"])
    assert found is not None and found[0] == releases.parse(release) and file in found[1]


@pytest.mark.parametrize(
    "text", ["torch\n", "torchvision==0.9\n", "torch @ https://example.org/torch.whl\n", "torch==oops\n", "torch>=9\n"]
)
def test_project_that_names_no_release(bare, text):
    (bare / "requirements.txt").write_text(text)
    assert target.detect([bare]) is None


@pytest.mark.parametrize("file", ["pyproject.toml", "setup.cfg", "setup.py"])
def test_broken_metadata_is_no_error(bare, file):
    (bare / file).write_bytes(b"[[\n(\xff torch==1.0")
    assert target.detect([bare]) is None


ENVIRONMENTS = target.environments


def test_installed_comes_first(bare, tmp_path, monkeypatch):
    monkeypatch.setattr(target, "environments", ENVIRONMENTS)
    (bare / "requirements.txt").write_text("torch==1.13.1\n")
    install(tmp_path / "env/lib/python3.11/site-packages", "2.4.1+cu121")
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "env"))
    found = target.detect([bare])
    assert found is not None and found[0] == (2, 4, 1) and "installed" in found[1]


def test_command(bare):
    result = CliRunner().invoke(main, ["migrate", str(bare), "--target", "auto", "--dry-run"], obj=catalogue)
    assert result.exit_code == 2 and "say which, as in --target 2.15" in result.stderr and "Traceback" not in result.stderr
    (bare / "requirements.txt").write_text("torch==1.4.0\n")
    (bare / "csrc/op.cu").write_text("#include <THC/THC.h>\nvoid f() { AT_CHECK(true); THCudaCheck(cudaGetLastError()); }\n")
    result = CliRunner().invoke(main, ["migrate", str(bare), "--target", "auto", "--dry-run", "--only-broken"], obj=catalogue)
    assert result.exit_code == 0 and "target: torch 1.4" in result.stderr
    assert not result.stdout  # all of that compiles on torch 1.4
