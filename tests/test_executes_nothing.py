"""``migrate``, ``undo``, ``doctor``, ``explain`` run nothing of the project: every file that a build or an import would run is a trap."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SETUP = """
import os, pathlib
pathlib.Path({trace!r}).write_text("setup.py was run")
from setuptools import setup
from torch.utils.cpp_extension import BuildExtension, CUDAExtension
setup(name="x", ext_modules=[CUDAExtension("x", ["op.cu", "third_party/lib/lib.cu"], extra_compile_args={{"nvcc": ["-std=c++11"]}})],
      cmdclass={{"build_ext": BuildExtension}})
"""
TRAP = "import pathlib\npathlib.Path({trace!r}).write_text({name!r} + ' was run')\n"
MODULES = ("torch/__init__.py", "setuptools/__init__.py", "libcst/__init__.py", "click.py", "zipfile.py", "sitecustomize.py", "conftest.py",
           "usercustomize.py", "__init__.py", "__main__.py", "build.py")  # fmt: skip
PROGRAMS = ("nvcc", "git", "gcc", "g++", "ninja", "cmake", "python3", "configure", "make.sh")


@pytest.fixture
def project(tmp_path) -> Path:
    """A project full of traps; ``trace`` beside it tells that one was sprung."""
    root, trace = tmp_path / "project", str(tmp_path / "trace")
    (root / "third_party/lib").mkdir(parents=True)
    for name in MODULES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(TRAP.format(trace=trace, name=name))
    (root / "setup.py").write_text(SETUP.format(trace=trace))
    for name in PROGRAMS:
        (root / name).write_text(f"#!/bin/sh\necho {name} >> '{trace}'\n")
        (root / name).chmod(0o755)
    (root / "pyproject.toml").write_text('[build-system]\nrequires = []\nbuild-backend = "build"\nbackend-path = ["."]\n')
    (root / "CMakeLists.txt").write_text(f'execute_process(COMMAND touch "{trace}")\nset(CMAKE_CXX_STANDARD 11)\n')
    (root / "Makefile").write_text(f"X := $(shell touch '{trace}')\nall:\n\tnvcc -arch=sm_35 op.cu\n")
    for path in (root / "op.cu", root / "third_party/lib/lib.cu"):
        path.write_text("#include <THC/THC.h>\nvoid f(at::Tensor x) { AT_CHECK(x.is_cuda()); }\n")
    (root / "build.log").write_text("$(touch trace) `touch trace`\nop.cu(2): error: identifier \"AT_CHECK\" is undefined\n")
    return root


@pytest.mark.parametrize(
    "words",
    [
        ["migrate", "--allow-no-vcs", "."],
        ["migrate", "--dry-run", "."],
        ["migrate", ".", "--out", "../ported"],
        ["undo", "--list"],
        ["doctor"],
        ["explain", "build.log"],
    ],
    ids=" ".join,
)
def test_no_trap_is_sprung(project, tmp_path, words):
    launcher = tmp_path / "bin/cuport"  # as pip makes it: the first place that Python looks in is the script's own folder
    launcher.parent.mkdir()
    launcher.write_text(f"import sys\nsys.path.append({str(ROOT)!r})\nfrom rewrites import main\nmain()\n")
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    done = subprocess.run([sys.executable, launcher, *words], cwd=project, capture_output=True, text=True, env=environment, timeout=300)
    assert "Traceback" not in done.stderr, done.stderr
    assert not (tmp_path / "trace").exists(), (tmp_path / "trace").read_text()
    if words == ["migrate", "--allow-no-vcs", "."]:
        assert "AT_CHECK" not in (project / "op.cu").read_text(), "it did its work"
        assert "AT_CHECK" not in (project / "third_party/lib/lib.cu").read_text(), "the build file was read for it"


def test_the_traps_are_live(project, tmp_path):
    subprocess.run([sys.executable, "setup.py", "--version"], cwd=project, capture_output=True, timeout=60)
    assert (tmp_path / "trace").exists()


@pytest.mark.skipif(shutil.which("tar") is None, reason="no tar here")
def test_archives_named_as_sources(tmp_path):
    """They are no text, are named, and stay as they are."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in/op.cu").write_text("AT_CHECK(THC);\n" * 50)
    tree = tmp_path / "tree"
    tree.mkdir()
    shutil.make_archive(str(tmp_path / "a"), "zip", tmp_path / "in")
    shutil.make_archive(str(tmp_path / "b"), "gztar", tmp_path / "in")
    shutil.make_archive(str(tmp_path / "c"), "tar", tmp_path / "in")
    for name, source in (("zip.cu", "a.zip"), ("gz.cpp", "b.tar.gz"), ("tar.h", "c.tar"), ("setup.py", "a.zip")):
        shutil.copy(tmp_path / source, tree / name)
    before = {p.name: p.read_bytes() for p in tree.iterdir()}
    words = [sys.executable, "-c", "from rewrites import main; main()", "migrate", "--allow-no-vcs", str(tree)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and done.stderr.count("a binary file, left as it is") == 4, done.stderr
    assert {p.name: p.read_bytes() for p in tree.iterdir()} == before
