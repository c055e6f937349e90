"""torchvision and torchaudio belong to this torch: by what their own metadata asks for, else by the table of their projects."""

import re

from ..result import fail, ok
from . import dotted, number

ID = "torch-releases"
TITLE = "torchvision and torchaudio are of this torch"

VISION = {
    (2, 13): (0, 28), (2, 12): (0, 27), (2, 11): (0, 26), (2, 10): (0, 25), (2, 9): (0, 24), (2, 8): (0, 23), (2, 7): (0, 22),
    (2, 6): (0, 21), (2, 5): (0, 20), (2, 4): (0, 19), (2, 3): (0, 18), (2, 2): (0, 17), (2, 1): (0, 16), (2, 0): (0, 15), (1, 13): (0, 14),
    (1, 12): (0, 13), (1, 11): (0, 12), (1, 10): (0, 11), (1, 9): (0, 10), (1, 8): (0, 9), (1, 7): (0, 8), (1, 6): (0, 7), (1, 5): (0, 6),
    (1, 4): (0, 5), (1, 3): (0, 4), (1, 2): (0, 4), (1, 1): (0, 3), (1, 0): (0, 2),
}  # fmt: skip
"""torch -> torchvision. Source: the table in torchvision's README (pypi.org/project/torchvision/0.29.1)."""
AUDIO = {(2, minor): (2, minor) for minor in range(11)} | {(1, minor): (0, minor) for minor in range(4, 14)}
"""torch -> torchaudio. Source: docs.pytorch.org/audio/2.11.0/installation.html; torchaudio 2.11 takes torch 2.11 and all after it."""
AUDIO_STABLE = (2, 11)


def check(facts):
    installed = facts["python"].get("distributions", {})
    if "torch" not in installed:
        return
    have = number(installed["torch"]["version"])
    for name, table in (("torchvision", VISION), ("torchaudio", AUDIO)):
        if name not in installed:
            continue
        version = number(installed[name]["version"])
        if name == "torchaudio" and version >= AUDIO_STABLE and have >= AUDIO_STABLE:
            yield ok(f"{name} {installed[name]['version']} is of torch 2.11 or newer")
            continue
        pinned = next((match[1] for each in installed[name]["requires_torch"] if (match := re.search(r"==\s*([\d.]+)", each))), None)
        if pinned:
            fits, theirs = number(pinned)[:3] == have[:3], pinned
        elif version[:2] in table.values():
            releases = [torch for torch, other in table.items() if other == version[:2]]
            fits, theirs = have[:2] in releases, dotted(releases[0])
        else:
            continue
        if fits:
            yield ok(f"{name} {installed[name]['version']} is of torch {theirs}")
            continue
        suits = f"~={dotted(table[have[:2]])}.0" if have[:2] in table else ""
        install = f"python -m pip install --upgrade {name} torch=={dotted(have)}"
        if suits:
            install = f"python -m pip install --no-deps '{name}{suits}'"
        yield fail(
            f"{name} {installed[name]['version']} needs torch {theirs}, and torch {installed['torch']['version']} is installed",
            f"importing {name} fails, or its operators (torchvision::nms) are missing",
            install + ("   (torch stays as the image has it; then restart the runtime)" if facts["place"]["hosted"] else ""),
        )
