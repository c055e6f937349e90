"""torch is there, imports, and is the release that is installed."""

from ..result import fail, ok, warn

ID = "torch"
TITLE = "torch imports, and is what is installed"


def check(facts):
    torch, installed = facts["torch"], facts["python"].get("distributions", {}).get("torch")
    python = facts["python"].get("executable", "python")
    environ = facts["environ"]
    hosted = "COLAB_RELEASE_TAG" in environ or "KAGGLE_KERNEL_RUN_TYPE" in environ
    if torch is None:
        yield warn(
            f"no torch for {python}",
            "nothing can be built or run with this interpreter",
            "python -m pip install torch   (or cuport doctor --python PATH)",
        )
    elif "error" in torch:
        yield fail(f"torch does not import: {torch['error']}", "every build and import fails", "cuport explain -- python -c 'import torch'")
    elif installed and torch["version"].split("+")[0] != installed["version"].split("+")[0]:
        fix = "restart the runtime" + (" (never force-reinstall torch on a hosted notebook)" if hosted else ", then: python -m pip check")
        yield fail(
            f"torch {torch['version']} is imported, {installed['version']} is installed",
            "two torches are mixed: operators are missing (`_fused_rms_norm_backward`), extensions do not load",
            fix,
        )
    else:
        yield ok(f"torch {torch['version']}, CUDA {torch['cuda'] or 'none'}, {'new' if torch['abi'] else 'old'} C++ string ABI")
