"""The flags by release; where the header store holds a release, against the cpp_extension.py of its wheel."""
from __future__ import annotations

import re

import pytest

from migrator.toolchain import (
    KNOWN_RELEASES,
    ToolchainError,
    compile_flags,
    list_header_sets,
    minor,
    resolve_release,
    standard,
    torch_standard,
)


@pytest.mark.parametrize(("named", "exact"), [
    ("1.4", "1.4.0"), ("1.10", "1.10.2"), ("v2.15", "2.15.0"), ("2.15.0+cu132", "2.15.0"), ("2.4.0", "2.4.0"), ("2.1.2", "2.1.2")])
def test_a_release_as_people_name_it(named, exact):
    assert resolve_release(named) == exact


@pytest.mark.parametrize("named", ["", "latest", "2", "1.99", "0.4", "2.x", "1.4.0.1"])
def test_what_is_no_release(named):
    with pytest.raises(ToolchainError) as raised:
        resolve_release(named)
    assert "\n" not in str(raised.value)


def test_one_known_release_for_each_minor():
    minors = [minor(release) for release in KNOWN_RELEASES]
    assert minors == sorted(set(minors))
    assert len(minors) == 30


@pytest.mark.parametrize(("release", "torch", "ours"), [
    ("1.0.1", "c++11", "c++17"), ("1.4.0", "c++11", "c++17"), ("1.5.1", "c++14", "c++17"), ("1.13.1", "c++14", "c++17"),
    ("2.0.1", "c++17", "c++17"), ("2.11.0", "c++17", "c++17"), ("2.12.1", "c++20", "c++20"), ("2.15.0", "c++20", "c++20")])
def test_standards(release, torch, ours):
    assert (torch_standard(release), standard(release)) == (torch, ours)
    assert compile_flags(release, cuda=True)[-1] == f"-std={ours}"


def test_flags_of_the_newest_release():
    assert compile_flags("2.15", cuda=True, name="ops") == [
        "-DTORCH_EXTENSION_NAME=ops", "-DTORCH_API_INCLUDE_EXTENSION_H", "-D__CUDA_NO_HALF_OPERATORS__", "-D__CUDA_NO_HALF_CONVERSIONS__",
        "-D__CUDA_NO_BFLOAT16_CONVERSIONS__", "-D__CUDA_NO_HALF2_OPERATORS__", "--expt-relaxed-constexpr", "--compiler-options", "-fPIC",
        "-std=c++20"]
    assert compile_flags("2.15", cuda=False) == [
        "-DTORCH_EXTENSION_NAME=extension", "-DTORCH_API_INCLUDE_EXTENSION_H", "-fPIC", "-std=c++20"]


def test_the_string_abi_by_release():
    def abi(release):
        return [flag for flag in compile_flags(release, cuda=False) if "GLIBCXX" in flag]

    assert abi("1.0.1") == abi("2.6.0") == ["-D_GLIBCXX_USE_CXX11_ABI=0"]
    assert abi("2.7.1") == ["-D_GLIBCXX_USE_CXX11_ABI=1"]
    assert abi("2.8.0") == []


def test_against_the_wheels_own_cpp_extension():
    stored = list_header_sets()
    if not stored:
        pytest.skip("no headers in the cache of this machine")
    for headers in stored:
        text = (headers.root / "torch/utils/cpp_extension.py").read_text()
        nvcc_flags = re.findall(r"'(-[^']+)'", re.search(r"COMMON_NVCC_FLAGS = \[(.*?)\]", text, re.DOTALL)[1])
        flags = compile_flags(headers.release, cuda=True)
        assert [flag for flag in flags if flag.startswith(("-D__CUDA", "--expt"))] == nvcc_flags, headers.release
        assert f"-std={torch_standard(headers.release)}" in text, headers.release
        assert ("'THC')" in text) == (headers.include_dirs[-1].name == "THC"), headers.release
        assert ("_GLIBCXX_USE_CXX11_ABI" in text) == any("GLIBCXX" in flag for flag in flags), headers.release
