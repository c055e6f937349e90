"""Symbols that compile everywhere and link nowhere."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from migrator.verify.link import check_link, find_missing, foreign_runtimes, runtime_folder, trap
from migrator.verify.symbol_list import SymbolList, symbols_of, write_list
from migrator.verify.symbols import ObjectSymbols, needed, object_symbols

from .fakes import TOOLS, outcome

GXX = shutil.which("g++")
needs_compiler = pytest.mark.skipif(GXX is None, reason="g++ is not installed")

GEMM = "_ZN2at4cuda4blas4gemmIffLPf0EEEvcclllNS_10OpMathTypeIT_E4typeEPKS5_lS9_lS7_PT0_l"
LONG_LONG = "_ZNK2at10TensorBase8data_ptrIxEEPT_v"
SOLVER = "_ZN2at4cuda28getCurrentCUDASolverDnHandleEv"
LONG = "_ZNK2at10TensorBase8data_ptrIlEEPT_v"
CHECK_FAIL = "_ZN3c106detail14torchCheckFailEPKcS2_jRKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE"


def test_the_shipped_list_knows_2_15():
    names = symbols_of("2.15.0")
    assert names is not None and len(names) > 50_000
    assert LONG in names and CHECK_FAIL in names
    assert all(name not in names for name in (GEMM, LONG_LONG, SOLVER, "state", "THCudaMalloc"))


def test_the_traps_are_found_and_the_rest_is_not():
    given = ["_Py_Dealloc", "PyErr_SetString", "cublasSgemm_v2", "atexit", "_ZNSt6vectorIiSaIiEE3fooEv"]
    found = find_missing([outcome("a.cu", undefined=[LONG, CHECK_FAIL, *given[:4]])], "2.15.0", symbols_of("2.15.0"), TOOLS, False)
    assert found == []
    bad = outcome("b.cpp", undefined=[GEMM, LONG_LONG, SOLVER, "state", "THCudaMalloc"])
    found = find_missing([bad], "2.15.0", symbols_of("2.15.0"), TOOLS, False)
    assert len(found) == 5 and all(m.unit == "b.cpp" and m.advice for m in found)


@pytest.mark.parametrize(
    "symbol, release, known",
    [
        ("at::cuda::getCurrentCUDASolverDnHandle()", "1.11.0", False),
        ("at::cuda::getCurrentCUDASolverDnHandle()", "1.13.1", True),
        ("state", "1.10.2", False),
        ("state", "1.11.0", True),
        ("state_of_mine", "2.15.0", False),
        ("void at::cuda::blas::gemm<float>(char)", "1.4.0", True),
        ("long long* at::Tensor::data_ptr<long long>() const", "1.4.0", True),
        ("long* at::Tensor::data_ptr<long>() const", "2.15.0", False),
    ],
)
def test_known_traps_by_release(symbol, release, known):
    assert bool(trap(symbol, release)) is known


def test_without_a_list_only_the_traps_are_judged():
    found = find_missing([outcome(undefined=[GEMM, "_ZN2at9somethingEv"])], "1.13.1", None, TOOLS, False)
    assert len(found) == 1 and "gemm" in found[0].symbol


def test_symbols_of_other_units_are_given():
    units = [outcome("a.cu", undefined=["_Z4ownfv"]), outcome("b.cu", defined=["_Z4ownfv"])]
    assert check_link("2.15.0", "pkg._C", units, (), TOOLS).ok
    twice = [outcome("a.cu", defined=["_Z1fv"]), outcome("b.cu", defined=["_Z1fv"])]
    assert "f() is defined in 2 units" in check_link("2.15.0", "pkg._C", twice, (), TOOLS).error
    assert check_link("2.15.0", "pkg._C", [outcome(ok=False)], (), TOOLS).ok is None


def compile_c(tmp_path: Path, text: str, *flags: str, out: str = "a.o") -> Path:
    (tmp_path / "a.cpp").write_text(text)
    subprocess.run([GXX, "a.cpp", "-o", out, *flags], cwd=tmp_path, check=True)
    return tmp_path / out


@needs_compiler
def test_symbols_of_an_object(tmp_path):
    table = object_symbols(compile_c(tmp_path, "int asked(); int given() { return asked(); } __attribute__((weak)) int maybe();", "-c"))
    assert table.undefined == ("_Z5askedv",) and table.defined == ("_Z5givenv",)
    assert ObjectSymbols.from_dict(table.as_dict()) == table


@needs_compiler
def test_a_list_is_made_and_read(tmp_path):
    library = compile_c(
        tmp_path, "namespace at { void one() {} void two() {} } namespace mine { void f() {} }", "-shared", "-fPIC", out="liba.so"
    )
    assert write_list([library], tmp_path / "list.bin") >= 2
    names = SymbolList.read(tmp_path / "list.bin")
    assert "_ZN2at3oneEv" in names and "_ZN2at5threeEv" not in names and "_ZN4mine1fEv" not in names
    (tmp_path / "list.bin").write_bytes(b"no")
    with pytest.raises(ValueError):
        SymbolList.read(tmp_path / "list.bin")


@needs_compiler
def test_a_foreign_cuda_runtime_is_seen(tmp_path):
    for major in (11, 13):
        compile_c(
            tmp_path, "int runtime() { return 1; }", "-shared", "-fPIC", f"-Wl,-soname,libcudart.so.{major}", out=f"libcudart.so.{major}"
        )
    compile_c(tmp_path, "int runtime(); int f() { return runtime(); }", "-shared", "-fPIC", "libcudart.so.11", out="ext.so")
    assert "libcudart.so.11" in needed(tmp_path / "ext.so")
    assert "needs libcudart.so.11, but it was compiled with CUDA 13" in foreign_runtimes(tmp_path / "ext.so", 13)[0]
    assert foreign_runtimes(tmp_path / "ext.so", 11) == []


def test_the_pip_toolkit_gets_its_link(tmp_path):
    from dataclasses import replace

    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/libcudart.so.13").write_text("")
    folder = runtime_folder(replace(TOOLS.toolkit, lib_dirs=(tmp_path / "lib",)), tmp_path / "link")
    assert (folder / "libcudart.so").resolve() == tmp_path / "lib/libcudart.so.13"
