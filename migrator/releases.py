"""Release numbers, compared as numbers.

A release is a tuple of integers: ``parse("1.10.2") == (1, 10, 2)``; only the minor release counts when a rewrite is gated.
"""

from __future__ import annotations

Release = tuple[int, ...]

NEWEST = "2.15"  # newest torch whose headers were read (api_history)
OLDEST = "1.0"


def parse(text: str) -> Release:
    """``"1.10.2"`` or ``"v1.10"`` -> ``(1, 10, 2)``, ``(1, 10)``. Raises ValueError for anything that is not a release."""
    parts = text.strip().lstrip("v").split("+")[0].split(".")
    try:
        release = tuple(int(part) for part in parts)
    except ValueError:
        raise ValueError(f"{text!r} is not a release number such as 2.15") from None
    if len(release) < 2:
        raise ValueError(f"{text!r} is not a release number such as 2.15")
    return release


def minor(release: Release) -> Release:
    """The minor release: ``(1, 10, 2) -> (1, 10)``."""
    return release[:2]
