"""What `cuport doctor --fix` does: only what is safe and can be undone. torch, drivers and system files are never touched."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .checks import locks, number, one_folder, taken, torch_of, wanted

SHARED = 3600
"""Seconds without a change after which no compiler of another machine is still at work in a shared folder."""
MARK = "# Written by `cuport doctor --fix`."


@dataclass(frozen=True)
class Step:
    """A file that is written with ``text``, or removed where that is None."""

    path: Path
    text: str | None
    why: str


def steps(facts: dict[str, Any]) -> Iterator[Step]:
    """What can be mended here."""
    for lock in facts["locks"]:
        if surely_stale(lock):
            yield Step(Path(lock["path"]), None, "a stale lock: no process holds it")
    variables = dict(_variables(facts))
    if variables and facts["platform"] != "win32":
        folder = scripts(facts)
        why = ", ".join(variables)
        for name, text in (("activate.d", _activate(variables)), ("deactivate.d", _deactivate(variables))):
            path = folder / name / "cuport.sh"
            if not path.exists() or _own(path) and path.read_text() != text:
                yield Step(path, text, f"sets {why}" if name == "activate.d" else f"puts back {why}")


def surely_stale(lock: dict[str, Any]) -> bool:
    """Where nobody can be seen to hold it, or a build on another machine may share the folder, a person decides."""
    return locks.stale(lock) and lock["held"] == 0 and lock["age"] > SHARED


def notes(facts: dict[str, Any]) -> Iterator[str]:
    """What a person has to know of these steps, or has to do instead."""
    for lock in facts["locks"]:
        if locks.stale(lock) and not surely_stale(lock):
            yield f"{lock['path']} stays: delete it yourself if no build runs, here or on a machine that shares the folder."
    if not dict(_variables(facts)):
        return
    if facts["platform"] == "win32":
        yield "On Windows the variables are not written by --fix; use the commands above."
        return
    folder = scripts(facts)
    foreign = [path for name in ("activate.d", "deactivate.d") if (path := folder / name / "cuport.sh").exists() and not _own(path)]
    for path in foreign:
        yield f"{path} is not of cuport, and stays as it is."
    if not facts["python"].get("conda"):
        yield f"Only conda runs such scripts by itself. Here: source {shlex.quote(str(folder / 'activate.d' / 'cuport.sh'))}"
    yield f"To undo it: source {shlex.quote(str(folder / 'deactivate.d' / 'cuport.sh'))}, then delete both files."


def do(step: Step) -> None:
    """OSError where it cannot be done."""
    if step.text is None:
        step.path.unlink(missing_ok=True)
    else:
        step.path.parent.mkdir(parents=True, exist_ok=True)
        step.path.write_text(step.text)


def scripts(facts: dict[str, Any]) -> Path:
    """The folder of activate.d and deactivate.d: where conda looks, else in the environment itself."""
    prefix = Path(facts["python"]["prefix"])
    return prefix / "etc" / "conda" if facts["python"].get("conda") else prefix / "etc" / "cuport"


def _variables(facts: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """CUDA_HOME where the toolkit that torch takes does not do; the folder of torch's own cuDNN where another one comes first."""
    if not facts["python"].get("prefix"):
        return
    environ, first, better = facts["environ"], taken(facts), wanted(facts)
    value = next((environ[name] for name in ("CUDA_HOME", "CUDA_PATH") if environ.get(name)), "")
    malformed = bool(value) and one_folder(value, facts["platform"]) != value.rstrip("/")
    if first and not first["problems"] and not _other_major(facts, first):
        if malformed:
            yield "CUDA_HOME", first["root"]
    elif better and better["origin"] != "cuport cache":  # that one has nothing to link with
        yield "CUDA_HOME", better["root"]
    copies = facts["cudnn"]
    wheel = next((each for each in copies if each["origin"] == "wheel"), None)
    if wheel and copies[0]["origin"] == "LD_LIBRARY_PATH":
        yield "LD_LIBRARY_PATH", os.path.dirname(wheel["path"])


def _other_major(facts: dict[str, Any], toolkit: dict[str, Any]) -> bool:
    torch = torch_of(facts)
    return torch is not None and bool(torch["cuda"]) and number(torch["cuda"])[0] != toolkit["version"][0]


def _own(path: Path) -> bool:
    try:
        return path.read_text().startswith(MARK)
    except (OSError, UnicodeDecodeError):
        return False


def _activate(variables: dict[str, str]) -> str:
    lines = [MARK, "# deactivate.d/cuport.sh undoes it.", 'if [ -z "${CUPORT_ACTIVE-}" ]; then', "    CUPORT_ACTIVE=1"]
    for name, value in variables.items():
        lines.append(f'    if [ -n "${{{name}+x}}" ]; then CUPORT_OLD_{name}="${name}"; fi')
        rest = f'"${{{name}:+:${name}}}"' if name == "LD_LIBRARY_PATH" else ""
        lines.append(f"    export {name}={shlex.quote(value)}{rest}")
    return "\n".join([*lines, "fi", ""])


def _deactivate(variables: dict[str, str]) -> str:
    lines = [MARK, "# It undoes activate.d/cuport.sh.", 'if [ -n "${CUPORT_ACTIVE-}" ]; then']
    for name in variables:
        lines.append(f'    if [ -n "${{CUPORT_OLD_{name}+x}}" ]; then export {name}="$CUPORT_OLD_{name}"; else unset {name}; fi')
        lines.append(f"    unset CUPORT_OLD_{name}")
    return "\n".join([*lines, "    unset CUPORT_ACTIVE", "fi", ""])
