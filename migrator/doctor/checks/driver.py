"""The NVIDIA driver is new enough for torch's CUDA run time."""

from ..result import fail, ok
from . import dotted, number, torch_of

ID = "driver"
TITLE = "the NVIDIA driver takes torch's CUDA release"


def check(facts):
    driver, torch, place = facts["driver"], torch_of(facts), facts["place"]
    if driver is None:
        return
    if "error" in driver:
        fix = "restart the container or the machine: the driver was upgraded under it" if "mismatch" in driver["error"] else "nvidia-smi"
        yield fail(f"the NVIDIA driver does not answer: {driver['error']}", "torch sees no GPU", fix)
        return
    name = f"driver {driver['version'] or ''}".strip()
    if not torch or not torch["cuda"] or driver["cuda"] is None:
        yield ok(name + (f", up to CUDA {dotted(driver['cuda'])}" if driver["cuda"] else ""))
        return
    runtime, most = number(torch["cuda"])[:2], tuple(driver["cuda"])
    found = f"{name} takes CUDA up to {dotted(most)}, torch has {torch['cuda']}"
    if runtime[0] > most[0]:
        yield fail(
            found,
            "torch sees no GPU: `The NVIDIA driver on your system is too old`",
            "take a torch wheel of CUDA "
            + str(most[0])
            + (", as the driver is not yours to change here" if place["hosted"] or place["container"] else ", or a newer driver")
            + (" (in Windows, not in WSL)" if place["wsl"] else ""),
        )
    elif runtime > most:  # minor version compatibility, CUDA 11 and newer; only PTX is compiled by the driver
        yield ok(f"{found}; that runs, except for code that is there as PTX only")
    else:
        yield ok(found)
    if not torch["gpus"]:
        hidden = facts["environ"].get("CUDA_VISIBLE_DEVICES")
        yield fail(
            "the driver answers, and torch sees no GPU" + (f": CUDA_VISIBLE_DEVICES is {hidden!r}" if hidden is not None else ""),
            "everything runs on the CPU, or stops",
            "unset CUDA_VISIBLE_DEVICES" if hidden is not None else "python -c 'import torch; torch.cuda.init()'   (says why)",
        )
