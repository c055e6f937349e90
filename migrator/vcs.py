"""What version control knows of files: whether it could bring their present bytes back.

git is asked through its own commands, with the person's environment (``GIT_DIR`` and its kin count). A tree comes from anywhere, and its
``.git/config`` may name programs: hooks, file-system monitors and filters of that file are switched off, so that nothing of it runs.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Mapping
from enum import Enum
from pathlib import Path

_MARKS = (".git", ".hg", ".jj")  # Mercurial and Jujutsu are taken as they are, and not asked


class State(Enum):
    """Why the last commit has not got a file as it is; the value completes "FILE ..."."""

    CHANGED = "has uncommitted changes"
    STAGED = "has staged changes"
    UNTRACKED = "is not tracked by git"


class GitError(Exception):
    """git is not installed, or does not answer; the message is one line."""


def uncommitted(files: Iterable[Path]) -> tuple[dict[Path, State], list[Path]]:
    """Of some real paths: those that git's last commit has not got as they are, each with why, and those in no git checkout.

    Raises GitError.
    """
    found: dict[Path, State] = {}
    outside: list[Path] = []
    by_folder: dict[Path, list[Path]] = {}
    for file in files:
        by_folder.setdefault(_nearest_checkout(file.parent), []).append(file)
    for folder, members in by_folder.items():
        top = _top(folder)
        names = {os.fsencode(file.relative_to(top)): file for file in members if top is not None and file.is_relative_to(top)}
        outside += [file for file in members if top is None or not file.is_relative_to(top)]
        if top is None or not names:
            continue
        below = os.path.commonpath([os.fspath(file.parent) for file in names.values()])
        tracked = set(git(top, "ls-files", "-z", "--", below).split(b"\0"))
        found |= {file: State.UNTRACKED for name, file in names.items() if name not in tracked}
        options = ("--porcelain=v1", "-z", "--no-renames", "--untracked-files=no", "--ignore-submodules=all")
        for entry in git(top, "status", *options, "--", below).split(b"\0"):
            changed = names.get(entry[3:])
            if changed is not None and changed not in found:
                found[changed] = State.STAGED if entry[1:2] == b" " else State.CHANGED
    return found, outside


def elsewhere(file: Path) -> bool:
    """Whether a file lies in a checkout that is not git's."""
    return any(os.path.lexists(_nearest_mark(file.parent) / name) for name in _MARKS[1:])


def commit(paths: Iterable[Path], message: str) -> None:
    """Commit some real paths of one checkout, also such as are gone, and nothing else that may be staged. New files that git is told to
    ignore are left out. Raises GitError.
    """
    chosen = list(paths)
    tops = {_top(_nearest_checkout(path.parent)) for path in chosen}
    top = tops.pop()
    if top is None or tops:
        raise GitError("the files are not all in one git checkout")
    names = {os.fsencode(path.relative_to(top)) for path in chosen}
    tracked = set(git(top, "ls-files", "-z").split(b"\0"))
    ignored = git(top, "ls-files", "-z", "--others", "--ignored", "--exclude-standard").split(b"\0")
    listed = b"\0".join(sorted(name for name in names if name in tracked or name not in ignored))
    at = ("--pathspec-from-file=-", "--pathspec-file-nul")
    git(top, "add", "--all", *at, stdin=listed)
    try:
        git(top, "commit", "--quiet", "--only", "-m", message, *at, stdin=listed)
    except GitError:
        git(top, "reset", "--quiet", *at, stdin=listed)  # they were as in HEAD
        raise


def distrust(said: str) -> str:
    """What to tell a person whose git does not read a checkout that another user owns, from what git ``said``; "" for other troubles."""
    lines = map(str.strip, said.splitlines())
    remedy = next((line for line in lines if line.startswith("git config --global --add safe.directory")), "")
    return f"git does not read this checkout, since another user owns it: run `{remedy}`" if remedy else ""


def _nearest_checkout(folder: Path) -> Path:
    if "GIT_DIR" in os.environ or "GIT_WORK_TREE" in os.environ:
        return Path.cwd()
    return _nearest_mark(folder)


def _nearest_mark(folder: Path) -> Path:
    return next((each for each in (folder, *folder.parents) if any(os.path.lexists(each / name) for name in _MARKS)), folder)


def _top(folder: Path) -> Path | None:
    if not ("GIT_DIR" in os.environ or "GIT_WORK_TREE" in os.environ or os.path.lexists(folder / ".git")):
        return None
    return Path(os.fsdecode(git(folder, "rev-parse", "--show-toplevel").rstrip(b"\n"))).resolve()


def git(folder: Path, *words: str, stdin: bytes = b"", variables: Mapping[str, str] | None = None) -> bytes:
    """What a git command in a folder prints; ``variables`` are added to its environment. Raises GitError with git's first line, or with
    what the other side died of.
    """
    environment = {**os.environ, **(variables or {}), "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    settings = [("core.fsmonitor", "false"), ("core.hooksPath", os.devnull)]
    filters = r"^filter\..*\.(clean|process|required)$"
    listed = _run(folder, environment, "config", "--local", "--includes", "--name-only", "-z", "--get-regexp", filters)
    settings += [(name, "false" if name.endswith("required") else "") for name in map(os.fsdecode, listed.stdout.split(b"\0")) if name]
    first = int(environment.get("GIT_CONFIG_COUNT") or 0)
    for number, (name, value) in enumerate(settings, first):
        environment |= {f"GIT_CONFIG_KEY_{number}": name, f"GIT_CONFIG_VALUE_{number}": value}
    environment["GIT_CONFIG_COUNT"] = str(first + len(settings))
    done = _run(folder, environment, "--literal-pathspecs", "--no-optional-locks", *words, stdin=stdin)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        lines = said.splitlines() or [f"exit status {done.returncode}"]
        reason = next((line for line in lines if line.startswith("remote: fatal: ")), lines[0])  # both sides write, in no order
        raise GitError(distrust(said) or f"git {words[0]}: {reason}")
    return done.stdout


def _run(folder: Path, environment: dict[str, str], *words: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(["git", *words], cwd=folder, input=stdin, capture_output=True, env=environment)
    except FileNotFoundError:
        raise GitError("git is not installed, so it cannot be asked") from None
    except OSError as error:
        raise GitError(f"git does not run: {error.strerror or error}") from None
