"""The torch releases that cuport knows: one for each minor, with the patch level that stands for it."""
from __future__ import annotations

import re

from .errors import ToolchainError

KNOWN_RELEASES: tuple[str, ...] = (
    "1.0.1", "1.1.0", "1.2.0", "1.3.1", "1.4.0", "1.5.1", "1.6.0", "1.7.1", "1.8.1", "1.9.1", "1.10.2", "1.11.0", "1.12.1",
    "1.13.1", "2.0.1", "2.1.2", "2.2.2", "2.3.1", "2.4.1", "2.5.1", "2.6.0", "2.7.1", "2.8.0", "2.9.1", "2.10.0", "2.11.0",
    "2.12.1", "2.13.0", "2.14.1", "2.15.0",
)


def minor(release: str) -> tuple[int, int]:
    """The minor release, for comparing: "1.10.2" -> (1, 10). ToolchainError for what is not a version."""
    match = re.fullmatch(r"v?(\d+)\.(\d+)(?:\.\d+)?(?:\+\S*)?", release.strip())
    if not match:
        raise ToolchainError(f"{release!r} is not a torch release; write it as 1.10, 1.10.2 or 2.15.0")
    return int(match[1]), int(match[2])


def resolve_release(release: str) -> str:
    """A release as people name it ("1.4", "v1.4.0", "2.15.0+cu132") as the exact one ("1.4.0", "1.4.0", "2.15.0").

    A minor gives its known patch level; a full version is taken as it stands, also one that is not in KNOWN_RELEASES.
    ToolchainError for what is not a version, and for a minor without a known patch level.
    """
    wanted = minor(release)
    exact = release.strip().removeprefix("v").partition("+")[0]
    if exact.count(".") == 2:
        return exact
    for known in KNOWN_RELEASES:
        if minor(known) == wanted:
            return known
    newest = KNOWN_RELEASES[-1]
    raise ToolchainError(f"torch {release} is not among the releases known here (1.0.1 to {newest}); name its patch level, as in {exact}.0")
