"""Folders named third_party: left alone, unless they are asked for or are what has to be ported."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from migrator.cli import main
from rewrites import catalogue

OLD = "#include <THC/THC.h>\nvoid f(const at::Tensor &x) { AT_CHECK(x.dim() == 4); }\n"
SETUP = """
from setuptools import setup
from torch.utils.cpp_extension import BuildExtension, CUDAExtension
setup(name="x", ext_modules=[CUDAExtension("x", {sources})], cmdclass={{"build_ext": BuildExtension}})
"""


def migrate(*words: object) -> Result:
    result = CliRunner().invoke(main, ["migrate", "--allow-no-vcs", *map(str, words)], obj=catalogue, prog_name="cuport")
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture
def root(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    put(tmp_path / "csrc/op.cu")
    put(tmp_path / "third_party/lib/lib.cu")
    put(tmp_path / "third_party/lib/lib.h")
    return tmp_path


def put(path: Path, text: str = OLD) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def is_ported(path: Path) -> bool:
    return "AT_CHECK" not in path.read_text()


@pytest.mark.parametrize("name", ["third_party", "third-party", "thirdparty", "3rdparty", "deep/down/third_party"])
def test_left_alone_and_said(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    put(tmp_path / "csrc/op.cu")
    lib = put(tmp_path / name / "lib/lib.cu")
    result = migrate(".")
    assert is_ported(tmp_path / "csrc/op.cu") and not is_ported(lib)
    assert f"1 C++ and CUDA file under {name} skipped: pass --third-party, or the folder itself, to port them" in result.stderr


@pytest.mark.parametrize("words", [[".", "--third-party"], [".", "third_party"], ["third_party"], ["third_party/lib/lib.cu"]], ids=" ".join)
def test_asked_for(root, words):
    result = migrate(*words)
    assert is_ported(root / "third_party/lib/lib.cu")
    assert words[0] != "." or "third_party" in words or "skipped" not in result.stderr


def test_nothing_else_to_port(root):
    (root / "csrc/op.cu").unlink()
    (root / "train.py").write_text("import torch\n")
    result = migrate(".")
    assert is_ported(root / "third_party/lib/lib.cu")
    assert "nothing else here is C++ or CUDA" in result.stderr


def test_compiled_by_the_projects_own_build_file(root):
    put(root / "setup.py", SETUP.format(sources='["csrc/op.cu", "third_party/lib/lib.cu"]'))
    other = put(root / "third_party/other/other.cu")
    result = migrate(".")
    assert is_ported(root / "third_party/lib/lib.cu") and is_ported(root / "third_party/lib/lib.h"), "the folder of the source, headers too"
    assert not is_ported(other) and "1 C++ and CUDA file under third_party skipped" in result.stderr


def test_an_extension_with_a_build_file_of_its_own(root):
    put(root / "third_party/lib/setup.py", SETUP.format(sources='["lib.cu"]'))
    assert "skipped" not in migrate(".").stderr
    assert is_ported(root / "third_party/lib/lib.cu")


def test_a_build_file_that_globs_its_sources_does_not_ask_for_all(root):
    put(root / "setup.py", SETUP.format(sources="find_them()"))
    migrate(".")
    assert is_ported(root / "csrc/op.cu") and not is_ported(root / "third_party/lib/lib.cu")


def test_a_library_with_no_extension_of_torch(root):
    put(root / "third_party/lib/setup.py", 'from setuptools import Extension, setup\nsetup(ext_modules=[Extension("x", ["lib.cu"])])\n')
    migrate(".")
    assert not is_ported(root / "third_party/lib/lib.cu")


def test_only_documents_in_there_are_not_worth_a_line(root):
    for path in (root / "third_party/lib").iterdir():
        path.unlink()
    put(root / "third_party/README.md", "text")
    assert "skipped" not in migrate(".").stderr


def test_folders_that_may_well_be_ones_own(root):
    for name in ("external", "vendor", "extern", "lib"):
        assert not is_ported(put(root / name / "op.cu"))
    migrate(".")
    assert all(is_ported(root / name / "op.cu") for name in ("external", "vendor", "extern", "lib"))


def test_copy_of_cub(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    source = put(tmp_path / "csrc/sums.cu", '#include "cub/cub.cuh"\n#include "cub_helpers/more.cuh"\nusing Op = cub::Sum;\n')
    text = "#pragma once\nnamespace cub { struct Sum {}; typedef cub::Sum Same; }\n"
    library = [put(tmp_path / "csrc/cub" / name, text) for name in ("cub.cuh", "util_namespace.cuh", "agent/agent.cuh")]
    whole = [put(tmp_path / "lib/cub-1.8.0/cub" / name, text) for name in ("cub.cuh", "util_namespace.cuh")]
    tests = put(tmp_path / "lib/cub-1.8.0/test/test.cu", "typedef cub::Sum Op;\n")
    other = put(tmp_path / "csrc/cub_helpers/more.cuh", "typedef cub::Max Op;\n")
    far = put(tmp_path / "plugin/far.cu", '#include "csrc/cub/block/block_load.cuh"\n#include "none/cub/cub.cuh"\n')
    result = migrate(".")
    assert source.read_text().splitlines()[:2] == ["#include <cub/cub.cuh>", '#include "cub_helpers/more.cuh"']
    assert "cuda::std::plus<>" in source.read_text() and "cuda::maximum<>" in other.read_text()
    assert far.read_text() == '#include <cub/block/block_load.cuh>\n#include "none/cub/cub.cuh"\n'
    assert all(path.read_text() == text for path in library + whole) and "cub::Sum" in tests.read_text()
    assert "6 C++ and CUDA files under csrc/cub, lib/cub-1.8.0 skipped" in result.stderr
    migrate(".", "--third-party")
    assert "cub::Sum" not in tests.read_text()
