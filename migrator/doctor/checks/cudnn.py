"""One cuDNN, whole, and torch's own."""

from ..result import fail, ok, warn

ID = "cudnn"
TITLE = "one cuDNN"
_MIXED = "two releases of cuDNN are mixed: `Could not load library libcudnn_...`, `unable to find an engine`"


def check(facts):
    copies, torch = facts["cudnn"], facts["torch"] or {}
    wheel = [each for each in copies if each["origin"] == "wheel"]
    others = [each for each in copies if each["origin"] != "wheel"]
    first = copies[0] if copies else None
    clash = wheel or not facts["python"].get("torch_folder")  # a torch without a wheel's cuDNN may want this very one
    loaded = next((each for each in torch.get("loaded", []) if "/libcudnn.so" in each), None)
    if isinstance(torch.get("cudnn"), str):
        yield fail(torch["cudnn"], "convolutions fail", _without(facts, first["path"]) if first else "cuport doctor --fix")
    elif first and first["origin"] == "LD_LIBRARY_PATH" and clash:
        yield fail(f"{first['path']} comes before torch's own cuDNN (LD_LIBRARY_PATH)", _MIXED, _without(facts, first["path"]))
    elif wheel and loaded and _folder(loaded) not in {_folder(each["path"]) for each in wheel}:
        yield fail(f"torch loads {loaded}, and not its own {wheel[0]['path']}", _MIXED, "cuport doctor --fix   (puts torch's own first)")
    elif wheel and others:
        yield warn(
            f"torch's cuDNN, and another: {others[0]['path']}",
            "programs that put its folder on LD_LIBRARY_PATH mix the two",
            f"keep {_folder(others[0]['path'])} out of LD_LIBRARY_PATH",
        )
    elif copies:
        yield ok(f"cuDNN: {first['path']}")
    for each in copies:
        if each["dangling"]:
            yield fail(
                f"{_folder(each['path'])}: {', '.join(each['dangling'][:3])} point to nothing",
                "`Could not load library libcudnn_...`",
                "python -m pip install --force-reinstall --no-deps nvidia-cudnn-cu12   (the package that `pip list` names)"
                if each["origin"] == "wheel"
                else f"keep {_folder(each['path'])} out of LD_LIBRARY_PATH, or install that cuDNN again",
            )


def _folder(path: str) -> str:
    return path.rpartition("/")[0]


def _without(facts, path: str) -> str:
    rest = ":".join(each for each in facts["environ"].get("LD_LIBRARY_PATH", "").split(":") if each and each.rstrip("/") != _folder(path))
    return f"export LD_LIBRARY_PATH={rest}" if rest else "unset LD_LIBRARY_PATH"
