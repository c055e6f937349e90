"""The torch releases that cuport knows: one a minor, with the patch level that is used for it."""
from __future__ import annotations

from .errors import ToolchainError

KNOWN_RELEASES: tuple[str, ...] = (
    "1.0.1 1.1.0 1.2.0 1.3.1 1.4.0 1.5.1 1.6.0 1.7.1 1.8.1 1.9.1 1.10.2 1.11.0 1.12.1 1.13.1 "
    "2.0.1 2.1.2 2.2.2 2.3.1 2.4.1 2.5.1 2.6.0 2.7.1 2.8.0 2.9.1 2.10.0 2.11.0 2.12.1 2.13.0 2.14.1 2.15.0"
).split()
KNOWN_RELEASES = tuple(KNOWN_RELEASES)


def minor(release: str) -> tuple[int, int]:
    """"1.10.2" -> (1, 10), for comparing releases."""
    major, dot, rest = release.partition(".")
    return int(major), int(rest.partition(".")[0])


def resolve_release(release: str) -> str:
    """A release as the user names it ("1.4", "1.4.0", "v2.15", "2.15.0+cu132") as the exact release: "1.4.0".

    A full version is taken as it is, also one of another patch level; a minor gives the known patch level.
    Raises ToolchainError for a minor that is not known and for what is not a version.
    """
    raise NotImplementedError
