"""What mixed precision does on this machine: which interface is called, whether the scaler is on, and a step in both modes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from importlib.resources import as_file, files
from typing import Any

from .probes.interpreter import TORCH_SECONDS
from .probes.run import json_of
from .result import Result, fail, ok, warn


def read(python: str) -> dict[str, Any]:
    """What the interpreter ``python`` says of itself; {"error": ...} where it cannot."""
    data = files("migrator").joinpath("data")
    with as_file(data) as folder:
        return json_of([python, "-c", data.joinpath("amp_probe.py").read_text(), str(folder)], 2 * TORCH_SECONDS)


def judge(found: dict[str, Any]) -> Iterator[Result]:
    """The results to print, of what ``read`` gave."""
    for check, result in _results(found):
        yield replace(result, check=check)


def _results(found: dict[str, Any]) -> Iterator[tuple[str, Result]]:
    if "error" in found:
        yield "torch", fail(f"the check does not run: {found['error']}", "training will not run either", "cuport doctor")
        return
    where = f"CUDA, {found['name']}" if found["device"] == "cuda" else "CPU only"
    names = f"autocast is {found['autocast'] or 'none'}, GradScaler is {found['scaler'] or 'none'}"
    yield "api", ok(f"torch {found['torch']}, {where}: {names}")
    on, off = found["on"], found["off"]
    if on["scaling"]:
        yield "scaler", ok("on: gradients are scaled")
    elif found["device"] == "cpu":
        yield "scaler", ok("off, as it is without a GPU: the loss is not scaled, the state is kept for a machine that has one")
    else:
        yield "scaler", warn("off, though there is a GPU", "gradients in float16 may vanish", "upgrade torch to 1.6 or newer")
    for name, mode in (("step-on", on), ("step-off", off)):
        text = f"computes in {mode['dtype']}, loss {mode['losses'][0]:.6f} -> {mode['losses'][1]:.6f}"
        wrong = {
            "weights are not finite": not mode["finite"],
            "the scaler loses its state": not mode["state_kept"],
            "the loss does not fall": not mode["losses"][1] < mode["losses"][0],
        }
        why = ", ".join(reason for reason, is_so in wrong.items() if is_so)
        fix = "cuport doctor, and train with enabled=False until then"
        yield name, fail(f"{text}: {why}", "training in this mode goes wrong", fix) if why else ok(text)
    apart = abs(on["losses"][1] - off["losses"][1]) / max(abs(off["losses"][1]), 1e-12)
    if apart > 0.02:  # float16 keeps three digits
        yield "agreement", fail(f"the two modes are {apart:.1%} apart", "mixed precision computes something else", "cuport doctor")
    else:
        yield "agreement", ok(f"the two modes are {apart:.1%} apart")
    half = "autocast(dtype=torch.bfloat16) works here" if found["bfloat16"] else "not on this machine and torch: full precision instead"
    yield "bfloat16", ok(half)
    for text in found["warnings"]:
        yield "warning", warn(text, "torch says so at every start")
