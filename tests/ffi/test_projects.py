"""Miniature repositories of the FFI era: migrated as ``cuport migrate`` does, built for the CPU, and put to their own tests."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from support import findings

from migrator.engine import migrate
from migrator.planned import Plan
from migrator.project import Project
from migrator.rewrite import Settings
from migrator.source import CPP_SUFFIXES
from migrator.write import apply
from rewrites import catalogue

PROJECTS = Path(__file__).resolve().parents[2] / "fixtures" / "projects"
NAMES = sorted(p.parent.name for p in PROJECTS.glob("ffi_*/before"))


def ported(name: str, folder: Path, settings: Settings | None = None) -> tuple[Path, Plan]:
    """A copy of a project under ``folder``, migrated."""
    root = folder / name
    shutil.copytree(PROJECTS / name / "before", root)
    plan = migrate(Project.load([root]), catalogue(), settings or Settings())
    _, failed = apply(plan)
    assert not failed
    return root, plan


def sources(root: Path) -> dict[str, str]:
    return {p.relative_to(root).as_posix(): p.read_text() for p in sorted(root.rglob("*")) if p.suffix in CPP_SUFFIXES}


@pytest.mark.parametrize("name", NAMES)
def test_sources(name, tmp_path, request):
    root, plan = ported(name, tmp_path)
    got = sources(root)
    left = "".join(line for line in findings(plan, root).splitlines(True) if " ffi-" in line)
    after, left_path = PROJECTS / name / "after", PROJECTS / name / "left"
    if request.config.getoption("--update-fixtures"):
        shutil.rmtree(after, ignore_errors=True)
        for file, text in got.items():
            (after / file).parent.mkdir(parents=True, exist_ok=True)
            (after / file).write_text(text)
        left_path.write_text(left)
        return
    assert got == sources(after)
    assert left == left_path.read_text()
    again = migrate(Project.load([root]), catalogue(), Settings())
    assert not [f for f in again.changed if f.path.suffix in CPP_SUFFIXES]


def build(module: str, files: list[Path], folder: Path) -> None:
    """Compile and link one Python module for the CPU, as cpp_extension would."""
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None or shutil.which("g++") is None:
        pytest.skip("needs torch and g++")
    torch = Path(spec.origin).parent
    done = subprocess.run(
        [
            "g++", "-std=c++20", "-w", "-O1", "-shared", "-fPIC", "-DTORCH_API_INCLUDE_EXTENSION_H",
            f"-DTORCH_EXTENSION_NAME={module.split('.')[-1]}", *map(str, files), "-o", str(folder / (module.replace(".", "/") + ".so")),
            f"-isystem{torch}/include", f"-isystem{torch}/include/torch/csrc/api/include", f"-isystem{sysconfig.get_paths()['include']}",
            f"-L{torch}/lib", "-ltorch", "-ltorch_cpu", "-ltorch_python", "-lc10",
        ],
        capture_output=True,
        text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def own_test(root: Path, **environment: str) -> None:
    given = {**os.environ, **environment}
    done = subprocess.run([sys.executable, "test.py"], cwd=root, env=given, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and done.stdout.endswith("ok\n"), done.stdout + done.stderr


def test_c_and_cuda_on_the_cpu(tmp_path):
    root, _ = ported("ffi_c_and_cuda", tmp_path)
    shutil.rmtree(root / "_ext", ignore_errors=True)
    (root / "_ext").mkdir()
    src = root / "src"
    build("_ext.channel_affine", [src / "channel_affine.cpp", src / "checks.cpp", src / "channel_affine_bindings.cpp"], root)
    own_test(root)


def test_generic_is_installed_by_pip(tmp_path):
    """``cuport migrate --write-setup``, ``pip install --no-build-isolation .``, and the project's own test, from another folder."""
    if any(importlib.util.find_spec(name) is None for name in ("torch", "setuptools", "pip")) or shutil.which("g++") is None:
        pytest.skip("needs torch, setuptools, pip and g++")
    root, _ = ported("ffi_generic", tmp_path, Settings(extra=frozenset({"write-setup"})))
    site, elsewhere = tmp_path / "site", tmp_path / "elsewhere"
    pip = [sys.executable, "-m", "pip", "install", "--no-build-isolation", "--no-deps", "--no-index", "--disable-pip-version-check"]
    environment = {**os.environ, "CFLAGS": "-O0 -w", "MAX_JOBS": "1"}
    done = subprocess.run([*pip, "--target", str(site), str(root)], env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    elsewhere.mkdir()
    shutil.copy(root / "test.py", elsewhere)
    own_test(elsewhere, PYTHONPATH=str(site))


def test_mixed(tmp_path):
    root, _ = ported("ffi_mixed", tmp_path)
    build("clip_ffi", [root / "ffi" / "clip.cpp", root / "ffi" / "clip_ffi_bindings.cpp"], root)
    build("clip_cpp", [root / "csrc" / "clip.cpp"], root)
    own_test(root)
