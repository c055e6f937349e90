"""The checks on recorded facts: every check that is not expected to complain must not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from migrator.doctor.checks import checks, judge

MACHINES = sorted((Path(__file__).parent.parent.parent / "fixtures" / "machines").glob("*.json"))


def results(name: str):
    path = next(each for each in MACHINES if each.stem == name)
    return list(judge(json.loads(path.read_text(encoding="utf-8"))["facts"]))


@pytest.mark.parametrize("path", MACHINES, ids=lambda path: path.stem)
def test_machine(path):
    machine = json.loads(path.read_text(encoding="utf-8"))
    found: dict[str, str] = {}
    for result in judge(machine["facts"]):
        if result.status == "fail" or result.check not in found or found[result.check] == "ok":
            found[result.check] = result.status
        if result.status == "fail":
            assert result.consequence and result.fix
    expected = machine["expect"]
    assert {check: status for check, status in found.items() if status != "ok" or check in expected} == expected


def test_every_check_has_its_say():
    ids = [each.ID for each in checks()]
    assert len(ids) == len(set(ids)) and all(each.TITLE and each.__doc__ for each in checks())


def test_missing_cusparse_is_named():
    fails = [each for each in results("no-math-headers") if each.status == "fail"]
    assert any("/usr/local/cuda " in each.found and "cusparse.h" in each.found and "cuport toolchain install" in each.fix for each in fails)


def test_the_commands_are_right():
    fixes = {each.check: each.fix for each in results("sm86-old-wheel")}
    assert fixes["arch-list"] == 'export TORCH_CUDA_ARCH_LIST="8.6;8.9"'
    assert fixes["cudnn"] == "export LD_LIBRARY_PATH=/opt/lib"
    assert fixes["cuda-home"] == "export CUDA_HOME=/usr/local/cuda"
    assert fixes["memory"] == "export MAX_JOBS=2"
    fixes = {each.check: each.fix for each in results("cuda-102-first")}
    assert fixes["host-compiler"] == "export CC=/usr/bin/gcc-8 CXX=/usr/bin/g++-8"
    assert "never force-reinstall" in next(each.fix for each in results("colab-upgraded") if each.check == "torch")


def test_each_stale_extension_has_its_own_reason():
    found = [each.found for each in results("stale") if each.check == "extensions"]
    assert ["Python 3.7" in found[0], "old C++ string ABI" in found[1], "libcudart.so.12" in found[2], "SetDevice" in found[3]] == [
        True
    ] * 4


@pytest.mark.parametrize(
    "value, fix",
    [
        (":/usr/local/cuda", "/usr/local/cuda"),
        ("/usr/local/cuda-11.8:", "/usr/local/cuda-11.8"),
        ("'/usr/local/cuda'", "/usr/local/cuda"),
        ("/usr/local/cuda/bin/", "/usr/local/cuda"),
        ("/usr/local/cuda/", None),
    ],
)
def test_cuda_home(value, fix):
    facts = json.loads(next(each for each in MACHINES if each.stem == "healthy").read_text(encoding="utf-8"))["facts"]
    facts["environ"]["CUDA_HOME"] = value
    facts["toolkits"][0]["origin"] = "CUDA_HOME"
    found = [each.fix for each in judge(facts) if each.check == "cuda-home"]
    assert found == ([f"export CUDA_HOME={fix}"] if fix else [])


def test_advice_fits_the_place():
    windows = {each.check: each for each in results("windows-localised") if each.status == "fail"}
    assert windows["cuda-home"].fix == "set CUDA_HOME=C:\\CUDA\\v12.4"
    said = "\n".join(f"{each.found} {each.fix}" for each in results("windows-localised") if each.check == "msvc")
    assert all(
        words in said
        for words in ("compiles for x86", "19.10 to below 19.40", "code page 936", "set DISTUTILS_USE_SDK=1", "x64 Native Tools")
    )
    wsl = {each.check: each for each in reversed(list(results("wsl-old-driver")))}
    assert wsl["driver"].fix == "take a torch wheel of CUDA 12, or a newer driver (in Windows, not in WSL)"
    assert "export CUDA_HOME=/opt/conda" == wsl["nvcc-torch"].fix and wsl["arch-list"].fix.startswith("export TORCH_CUDA_ARCH_LIST=9.0+PTX")
    kaggle = list(results("kaggle-stale"))
    assert not any("force-reinstall torch" in each.fix and "never" not in each.fix for each in kaggle)
    assert not any("install" in each.fix and "torch==" in each.fix for each in kaggle)
    assert [each.fix for each in kaggle if "process 77" in each.found] == ["restart the runtime"]
    assert "torchaudio~=2.9.0" in next(each.fix for each in kaggle if each.check == "torch-releases" and each.status == "fail")
    assert [each.found.split(",")[0] for each in kaggle if each.check == "locks" and each.status == "warn"] == ["/c/c/lock"]
    assert [each.found for each in kaggle if each.check == "builds"] == ["/w/build has objects from before torch was installed"]
    assert [each.found.split(",")[0] for each in kaggle if each.check == "shadow" and each.status == "warn"] == [
        "`import fcos_core` takes /old/FCOS/fcos_core"
    ]


def test_cl_says_what_it_is():
    from migrator.doctor.probes.msvc import banner_facts

    english = "Microsoft (R) C/C++ Optimizing Compiler Version 19.44.35211 for x64\nCopyright (C) Microsoft Corporation."
    assert banner_facts(english) == {"version": [19, 44], "target": "x64", "english": True}
    chinese = "用于 x86 的 Microsoft (R) C/C++ 优化编译器 19.29.30148 版\n版权所有(C) Microsoft Corporation。保留所有权利。"
    assert banner_facts(chinese) == {"version": [19, 29], "target": "x86", "english": False}


@pytest.mark.parametrize("value", ["native", "8.0 9.0a+PTX", "Ampere;Hopper", "8.6+PTX"])
def test_arch_lists_that_torch_reads(value):
    facts = json.loads(next(each for each in MACHINES if each.stem == "healthy").read_text(encoding="utf-8"))["facts"]
    facts["environ"]["TORCH_CUDA_ARCH_LIST"] = value
    assert [each.status for each in judge(facts) if each.check == "arch-list"] == ["ok"]
