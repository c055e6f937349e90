"""torchvision and torchaudio belong to this torch: by the release that their own metadata asks for."""

import re

from ..result import fail, ok
from . import number

ID = "torch-releases"
TITLE = "torchvision and torchaudio are of this torch"


def check(facts):
    installed = facts["python"].get("distributions", {})
    if "torch" not in installed:
        return
    have = number(installed["torch"]["version"])
    for name in ("torchvision", "torchaudio"):
        for wanted in installed.get(name, {}).get("requires_torch", [])[:1]:
            match = re.search(r"==\s*([\d.]+)", wanted)
            if match and number(match[1])[:3] != have[:3]:
                yield fail(
                    f"{name} {installed[name]['version']} needs torch {match[1]}, and torch {installed['torch']['version']} is installed",
                    f"importing {name} fails, or its operators (torchvision::nms) are missing",
                    f"python -m pip install --upgrade {name} torch=={installed['torch']['version'].split('+')[0]}",
                )
            elif match:
                yield ok(f"{name} {installed[name]['version']} is of torch {match[1]}")
