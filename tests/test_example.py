"""The bundled extension goes from broken to compiling: real nvcc, real headers of torch 2.15."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

LEGACY = Path(__file__).parent.parent / "examples" / "fcos_ops" / "legacy"


def cuport(*arguments, check=None):
    result = subprocess.run([sys.executable, "-m", "rewrites", *map(str, arguments)], capture_output=True, text=True, timeout=1800)
    if check is not None:
        assert result.returncode == check, result.stderr[-3000:]
    return result


def units(path):
    """Unit -> first error on torch 2.15 ('' if it compiles)."""
    result = cuport("verify", path, "--torch", "2.15", "--format", "json")
    if result.returncode == 2:
        pytest.skip(f"no toolchain: {result.stderr.strip().splitlines()[-1]}")
    rows = json.loads(result.stdout)["after"]["rows"]
    return {row["name"]: row["releases"]["2.15.0"]["error"] for row in rows if row["kind"] == "unit"}


def test_migrates_to_a_fixed_point_with_nothing_left_to_do(tmp_path):
    first = cuport("migrate", LEGACY, "--out", tmp_path / "ported", check=0)
    assert "left to do by hand" not in first.stderr
    second = cuport("migrate", tmp_path / "ported", "--check", check=0)
    assert "0 would change" in second.stderr


def test_the_ported_build_file_names_no_standard_and_no_architecture(tmp_path):
    cuport("migrate", LEGACY, "--out", tmp_path / "ported", check=0)
    before, after = (LEGACY / "setup.py").read_text(), (tmp_path / "ported" / "setup.py").read_text()
    assert "-std=c++11" in before and "-gencode" in before
    assert "-std=" not in after and "-gencode" not in after and '"-O2"' in after and "__CUDA_NO_HALF_OPERATORS__" in after


@pytest.mark.toolchain
def test_no_unit_compiles_before_and_all_do_after(tmp_path):
    before = units(LEGACY)
    assert len(before) == 12
    assert [name for name, error in before.items() if not error] == []
    cuport("migrate", LEGACY, "--out", tmp_path / "ported", check=0)
    after = units(tmp_path / "ported")
    assert after == dict.fromkeys(before, "")
