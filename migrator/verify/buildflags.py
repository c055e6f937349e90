"""What a build file's own flags do to a build on each release. The compiles of the matrix choose these flags
themselves, as cpp_extension does for a project that names none; a build would not."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .releases import number
from .units import Unit

_STANDARD = re.compile(r"^--?std[= ](?:c|gnu)\+\+(\w+)$")
_REJECTED_SINCE = {"11": (1, 5), "0x": (1, 5), "1y": (2, 1), "14": (2, 1), "1z": (2, 14), "17": (2, 14)}
_ARCHITECTURE = re.compile(r"(?:compute|sm)_(\d+)")
_OLDEST_ARCHITECTURE = {13: 75}
_RELEASES_OF_CUDA_13 = (2, 9)


def flag_problem(units: Sequence[Unit], release: str, cuda: tuple[int, int]) -> str:
    """The first flag that breaks a build on the release; '' when none does."""
    version = number(release)[:2]
    for unit in units:
        for flag in unit.other_flags:
            standard = _STANDARD.match(flag)
            if standard and _REJECTED_SINCE.get(standard.group(1), (99, 0)) <= version:
                return f"{unit.name}: the build passes {flag}, which torch {release} rejects: drop the flag"
            oldest = _OLDEST_ARCHITECTURE.get(cuda[0], 0) if version >= _RELEASES_OF_CUDA_13 else 0
            for architecture in _ARCHITECTURE.findall(flag):
                if int(architecture) < oldest:
                    nvcc = f"nvcc {cuda[0]}.{cuda[1]}"
                    return f"{unit.name}: the build passes {flag}, which {nvcc} rejects (oldest is sm_{oldest}): drop the flag"
        if "_GLIBCXX_USE_CXX11_ABI=0" in unit.defines and version >= (2, 7):
            return f"{unit.name}: the build passes -D_GLIBCXX_USE_CXX11_ABI=0, and torch {release} is built with 1: drop the flag"
    return ""
