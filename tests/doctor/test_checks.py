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
    assert ["cpython-37" in found[0], "old C++ string ABI" in found[1], "libcudart.so.12" in found[2], "SetDevice" in found[3]] == [
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
