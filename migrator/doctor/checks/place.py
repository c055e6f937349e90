"""A hosted notebook, WSL or a container: what is different there."""

from ..result import ok, warn

ID = "place"
TITLE = "where this runs: a hosted notebook, WSL, a container"


def check(facts):
    place, torch = facts["place"], facts["torch"] or {}
    if place["hosted"]:
        yield ok(
            f"{place['hosted']}: torch belongs to the image; never force-reinstall it, install only what is missing, "
            "and restart the runtime after an installation"
        )
    if place["wsl"]:
        if place["wsl_driver"]:
            yield ok("WSL, with Windows' CUDA driver; never install a Linux driver in it")
        else:
            yield warn(
                "WSL without Windows' CUDA driver (/usr/lib/wsl/lib/libcuda.so.1)",
                "torch sees no GPU",
                "wsl --update   (in Windows, with a current NVIDIA driver there; never install a Linux driver in WSL)",
            )
    if place["container"] and not place["hosted"]:
        if torch.get("cuda") and not torch.get("gpus"):
            yield ok("a container, no GPU in it: to run, start it with --gpus all; to build, TORCH_CUDA_ARCH_LIST is enough")
        else:
            yield ok("a container: what is installed in it is gone with it, unless its Dockerfile says it")
