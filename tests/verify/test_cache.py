# ruff: noqa: E501  (texts as compilers and people write them)
"""Results are kept by what went into them."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("platformdirs")

from migrator.verify.cache import ResultCache  # noqa: E402
from migrator.verify.commands import Request, command_for  # noqa: E402
from migrator.verify.compile import key_of  # noqa: E402
from migrator.verify.includes import included_names, reach  # noqa: E402
from migrator.verify.units import Unit  # noqa: E402

from .fakes import TOOLS, headers  # noqa: E402


@pytest.fixture(autouse=True)
def no_pybind11(monkeypatch):
    monkeypatch.setattr("migrator.verify.commands.needs_pybind11", lambda h: False)
    monkeypatch.setattr("migrator.verify.compile.needs_pybind11", lambda h: False)


def project(root: Path) -> Unit:
    root.mkdir()
    (root / "a.cu").write_text('#include "b.h"\n#include <torch/extension.h>\n')
    (root / "b.h").write_text("// one\n")
    (root / "other.h").write_text("// other\n")
    return Unit(root, Path("a.cu"), "pkg._C", True, (), ("WITH_CUDA",))


def test_the_key_changes_with_what_is_compiled_and_with_nothing_else(tmp_path):
    unit = project(tmp_path / "p")
    first = key_of(Request(unit, headers()), TOOLS)
    (tmp_path / "p/other.h").write_text("// changed, but not included\n")
    assert key_of(Request(unit, headers()), TOOLS) == first
    copy = project(tmp_path / "copy")
    assert key_of(Request(copy, headers()), TOOLS) == first  # another copy of the same tree
    assert key_of(Request(unit, headers("2.14.1")), TOOLS) != first
    assert key_of(Request(unit, headers(), ("sm_90",)), TOOLS) != first
    assert key_of(Request(unit, headers(), ptx=True), TOOLS) != first
    assert key_of(Request(unit, headers(), shim=True), TOOLS) != first
    (tmp_path / "p/b.h").write_text("// two, and longer\n")
    assert key_of(Request(unit, headers()), TOOLS) != first


def test_a_computed_include_brings_in_every_source(tmp_path):
    unit = project(tmp_path / "p")
    (tmp_path / "p/a.cu").write_text("#include TH_GENERIC_FILE\n")
    first = key_of(Request(unit, headers()), TOOLS)
    (tmp_path / "p/other.h").write_text("// changed\n")
    assert key_of(Request(unit, headers()), TOOLS) != first


def test_includes_are_read_from_code_not_from_comments(tmp_path):
    text = '// #include "no.h"\n/* #include "no2.h" */\n#  include "a.h" // yes\n#include <b/c.h>\n#if 0\n#include "d.h"\n#endif\n#include MACRO\n'
    assert included_names(text) == [("a.h", True), ("b/c.h", False), ("d.h", True), ("", False)]
    (tmp_path / "a.h").write_text('#include "a.h"\n#include "inc/x.h"\n')
    (tmp_path / "inc").mkdir()
    (tmp_path / "inc/x.h").write_text("")
    assert [p.name for p in reach(tmp_path / "a.h", []).files] == ["a.h", "x.h"]


def test_results_come_back_and_damage_is_a_miss(tmp_path):
    cache = ResultCache(tmp_path)
    key = "ab" * 32
    assert cache.get(key) is None
    cache.put(key, {"ok": True})
    cache.put_file(key, ".o", b"object")
    assert cache.get(key)["ok"] and cache.get_file(key, ".o") == b"object"
    assert ResultCache(tmp_path, enabled=False).get(key) is None
    for path in tmp_path.glob("ab/*"):
        path.write_bytes(path.read_bytes()[:7])
    assert cache.get(key) is None and cache.get_file(key, ".o") is None


def test_the_command_line_is_cpp_extensions(tmp_path):
    command = command_for(Request(project(tmp_path / "p"), headers(), ("sm_80", "sm_90")), TOOLS, "out.o")
    assert command[0] == "/cuda/bin/nvcc" and command[-3:] == ["a.cu", "-o", "out.o"]
    for flag in (
        "-std=c++20",
        "-DWITH_CUDA",
        "-DTORCH_EXTENSION_NAME=_C",
        "-DTORCH_API_INCLUDE_EXTENSION_H",
        "-D__CUDA_NO_HALF_OPERATORS__",
        "--expt-relaxed-constexpr",
        "-gencode=arch=compute_80,code=sm_80",
        "-gencode=arch=compute_90,code=sm_90",
        "-I/h/include",
    ):
        assert flag in command
    assert "-std=c++17" in command_for(Request(project(tmp_path / "q"), headers("1.10.2")), TOOLS, "out.o")
