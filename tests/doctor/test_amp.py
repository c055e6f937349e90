"""``cuport doctor --amp``."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec

import pytest

from migrator.doctor.amp import judge

STEP = {"losses": [1.05, 0.95], "dtype": "float16", "scaling": True, "finite": True, "state_kept": True}
OFF = {**STEP, "dtype": "float32", "scaling": False}
GPU = {
    "torch": "2.15.0",
    "device": "cuda",
    "name": "H200",
    "autocast": "torch.autocast",
    "scaler": "torch.amp.GradScaler",
    "on": STEP,
    "off": OFF,
    "bfloat16": True,
    "warnings": [],
}


def statuses(**changes) -> dict[str, str]:
    return {each.check: each.status for each in judge({**GPU, **changes})}


def test_verdicts():
    assert set(statuses().values()) == {"ok"}
    assert statuses(device="cpu", on=OFF)["scaler"] == "ok"
    assert statuses(on=OFF)["scaler"] == "warn"
    for wrong in ({"finite": False}, {"state_kept": False}, {"losses": [1.0, 2.0]}, {"losses": [1.0, float("nan")]}):
        assert statuses(on={**STEP, **wrong})["step-on"] == "fail"
        assert statuses(off={**OFF, **wrong})["step-off"] == "fail"
    assert statuses(on={**STEP, "losses": [1.05, 0.9]})["agreement"] == "fail"
    assert statuses(warnings=["old name"])["warning"] == "warn"
    assert [each.status for each in judge({"error": "no torch"})] == ["fail"]


def doctor(*arguments: str) -> subprocess.CompletedProcess[str]:
    code = "from rewrites import main; main()"
    return subprocess.run([sys.executable, "-c", code, "doctor", "--amp", *arguments], capture_output=True, text=True, timeout=300)


@pytest.mark.skipif(find_spec("torch") is None, reason="needs torch")
def test_this_machine():
    done = doctor("--json", "--python", sys.executable)
    assert done.returncode == 0, done.stdout + done.stderr
    facts = json.loads(done.stdout)["facts"]
    assert facts["scaler"] == "torch.amp.GradScaler" and facts["autocast"] == "torch.autocast"
    assert facts["on"]["scaling"] == (facts["device"] == "cuda")
    assert facts["warnings"] == []


def test_an_interpreter_without_torch_is_one_clear_line(tmp_path):
    fake = tmp_path / "python"
    fake.write_text("#!/bin/sh\necho 'ModuleNotFoundError: no torch' >&2\nexit 1\n")
    fake.chmod(0o755)
    done = doctor("--python", str(fake))
    assert done.returncode == 1 and "no torch" in done.stdout and "Traceback" not in done.stdout + done.stderr
