"""The first real error in a compiler's output: one message, and the place in the user's own source that led to it."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from pathlib import PurePath
from typing import Any

# nvcc's front end, g++ and clang, in the order in which they may stand on one line
_PATTERNS = (
    re.compile(r"^(?P<file>[^\s(][^(\n]*)\((?P<line>\d+)\): (?:catastrophic )?error(?: #[\w-]+)?: (?P<message>.+)$"),
    re.compile(r"^(?P<file>[^\s:][^:\n]*):(?P<line>\d+):(?:\d+:)? (?:fatal )?error: (?P<message>.+)$"),
)
_PTXAS = re.compile(r"^ptxas (?:\S+, line \d+; )?(?:error|fatal)\s*: (?P<message>.+)$")
_TOOL = re.compile(
    r"^(?:nvcc|cicc|nvlink|ld|collect2|g\+\+|gcc|cc1plus)(?:\.real)?\s*(?:fatal\s*|error\s*)?: (?:fatal )?(?:error: )?(?P<message>.+)$"
)
_PLACES = (
    re.compile(r"at line (?P<line>\d+) of (?P<file>\S+)"),
    re.compile(
        r"^(?P<file>[^\s:][^:\n]*):(?P<line>\d+):\d+: (?:note: in expansion of macro|note: in definition of macro|\s*required from)"
    ),
    re.compile(r"(?:In file included from|\s+from) (?P<file>[^:\n]+):(?P<line>\d+)"),
)
_NOISE = ("ptx assembly aborted", "was set but never used", "ld returned 1 exit status")
MESSAGE_LIMIT = 300


@dataclass(frozen=True)
class Diagnostic:
    """`file` and `line` are where the compiler stopped; `user_file` and `user_line` the user's line behind it."""

    message: str
    file: str = ""
    line: int = 0
    user_file: str = ""
    user_line: int = 0

    @property
    def place(self) -> str:
        file, line = (self.user_file, self.user_line) if self.user_file else (self.file, self.line)
        return f"{file}:{line}" if file else ""

    def __str__(self) -> str:
        if not self.place:
            return self.message
        inside = f" (in {PurePath(self.file).name}:{self.line})" if self.user_file and self.user_file != self.file else ""
        return f"{self.place}: {self.message}{inside}"

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def first_error(output: str) -> Diagnostic:
    """The first error of the output. Relative paths are the user's: compilers run in the user's root."""
    lines = output.splitlines()
    for number, line in enumerate(lines):
        for pattern in _PATTERNS:
            match = pattern.match(line)
            if match:
                file, message = match["file"].strip(), _short(match["message"])
                if _is_users(file):
                    return Diagnostic(message, file, int(match["line"]), file, int(match["line"]))
                user_file, user_line = _users_place(lines, number)
                return Diagnostic(message, file, int(match["line"]), user_file, user_line)
        match = _PTXAS.match(line)
        if match and not _is_noise(match["message"]):
            return Diagnostic("ptxas: " + _short(match["message"]))
    for line in lines:
        match = _TOOL.match(line)
        if match and not _is_noise(match["message"]):
            return Diagnostic(_short(line))
    rest = [line for line in lines if line.strip()]
    return Diagnostic(_short(rest[-1]) if rest else "the compiler ended without saying why (killed for want of memory?)")


def _users_place(lines: list[str], number: int) -> tuple[str, int]:
    """The first user's file named in the notes after an error, or among the includes before it."""
    for line in lines[number + 1 : number + 60]:
        if any(pattern.match(line) for pattern in _PATTERNS):
            break
        for pattern in _PLACES[:2]:
            for match in pattern.finditer(line):
                if _is_users(match["file"]):
                    return match["file"], int(match["line"])
    for line in reversed(lines[max(0, number - 40) : number]):
        match = _PLACES[2].match(line)
        if match and _is_users(match["file"].strip()):
            return match["file"].strip(), int(match["line"])
    return "", 0


def _is_users(file: str) -> bool:
    return not file.startswith(("/", "<")) and file != "nvcc"


def _is_noise(message: str) -> bool:
    return any(noise in message.lower() for noise in _NOISE)


def _short(message: str) -> str:
    message = " ".join(message.split())
    return message if len(message) <= MESSAGE_LIMIT else message[: MESSAGE_LIMIT - 1] + "…"
