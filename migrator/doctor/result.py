"""What a check says."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Result:
    """``status`` is "ok", "warn" or "fail"; ``consequence`` what happens if nothing is done; ``fix`` a command to paste."""

    status: str
    found: str
    consequence: str = ""
    fix: str = ""
    check: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def ok(found: str) -> Result:
    return Result("ok", found)


def warn(found: str, consequence: str, fix: str = "") -> Result:
    return Result("warn", found, consequence, fix)


def fail(found: str, consequence: str, fix: str = "") -> Result:
    return Result("fail", found, consequence, fix)
