"""nvcc is of the CUDA release that torch was built with."""

from ..result import fail, ok, warn
from . import assign, dotted, number, taken, torch_of, wanted

ID = "nvcc-torch"
TITLE = "nvcc and torch are of one CUDA release"


def check(facts):
    torch, first = torch_of(facts), taken(facts)
    if not torch or first is None or first["version"] == [0, 0]:
        return
    if torch.get("hip"):
        return
    if not torch["cuda"]:
        yield warn("this torch is built without CUDA", "CUDA extensions can be compiled for it, and not run", "")
        return
    theirs, ours = number(torch["cuda"])[:2], tuple(first["version"])
    found = f"nvcc {dotted(ours)} ({first['origin']}), torch's CUDA {torch['cuda']}"
    if theirs[0] != ours[0]:
        other = wanted(facts)
        yield fail(
            found,
            "the build stops: `The detected CUDA version mismatches the version that was used to compile PyTorch`",
            assign(facts, "CUDA_HOME", other["root"])
            if other
            else f"cuport toolchain install --cuda {dotted(theirs)}"
            if theirs[0] >= 13
            else f"install the CUDA {dotted(theirs)} toolkit and set CUDA_HOME to it",
        )
    else:
        yield ok(found + ("" if theirs == ours else "; another minor release, which is no problem"))
