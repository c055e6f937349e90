"""torch is there, imports, is the release that is installed, and no process runs another one."""

from ..result import fail, ok, warn
from . import torch_of

ID = "torch"
TITLE = "torch imports, and is what is installed"


def check(facts):
    torch, installed = facts["torch"], facts["python"].get("distributions", {}).get("torch")
    python = facts["python"].get("executable", "python")
    hosted = facts["place"]["hosted"]
    records = facts["python"].get("torch_records", [])
    restart = "restart the runtime" + (" (never force-reinstall torch on a hosted notebook)" if hosted else ", then: python -m pip check")
    mixed = "two torches are mixed: operators are missing (`_fused_rms_norm_backward`), extensions do not load"
    if "error" in facts["python"]:
        said = facts["python"]["error"]
        yield fail(f"the interpreter gives no answer: {said}", "torch cannot be looked at", "cuport doctor --python PATH")
    elif torch is None:
        yield warn(
            f"no torch for {python}",
            "nothing can be built or run with this interpreter",
            "python -m pip install torch   (or cuport doctor --python PATH)",
        )
    elif torch_of(facts) is None:
        yield fail(f"torch does not import: {torch['error']}", "every build and import fails", "cuport explain -- python -c 'import torch'")
    elif installed and torch["version"].split("+")[0] != installed["version"].split("+")[0]:
        yield fail(f"torch {torch['version']} is imported, {installed['version']} is installed", mixed, restart)
    else:
        yield ok(f"torch {torch['version']}, CUDA {torch['cuda'] or 'none'}, {'new' if torch['abi'] else 'old'} C++ string ABI")
    if len(records) > 1:
        yield fail(
            f"two records of torch are installed: {', '.join(records)}",
            mixed,
            restart if hosted else "python -m pip uninstall torch   (until there is none left), then install the one that you want",
        )
    for each in facts["running"]:
        yield fail(
            f"process {each['pid']} ({each['command']}) runs a torch that was replaced on disk",
            mixed,
            "restart the runtime" if hosted else "restart that process",
        )
