"""Bare clones of one commit, and a worktree of it for as long as a job needs one. Nothing of a repository is executed.

A person's own checkout is only ever read from: a branch that cuport makes lies in the bare clone, to be fetched or pushed from there.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from migrator.fleet import FleetError
from migrator.fleet.listing import Repository
from migrator.vcs import GitError, git

BRANCH = "cuport/port"
_PROTOCOLS = ("https", "http", "ssh", "git", "file")
_SOURCE, _MADE = "refs/cuport/source", "refs/cuport/made"
_QUIET = {
    "GIT_ALLOW_PROTOCOL": ":".join(_PROTOCOLS),  # also for what a redirect leads to; ext:: would run a command
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "SSH_ASKPASS": "",
    "GIT_SSH_COMMAND": "ssh -oBatchMode=yes",
    "GIT_LFS_SKIP_SMUDGE": "1",
}
_OURS = {
    f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in (("NAME", "cuport"), ("EMAIL", "cuport@localhost"))
}


def fetched(repository: Repository, clones: Path) -> tuple[Path, str]:
    """The bare clone of a repository, under ``clones``, with the wanted commit in it, and that commit. Raises FleetError."""
    _refuse(repository)
    mirror = _mirror(repository, clones)
    for stale in mirror.rglob("*.lock"):  # of a git that was killed; the survey holds a lock of its own
        stale.unlink(missing_ok=True)
    ref = repository.ref or "HEAD"
    try:
        if not (re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", ref) and _has(mirror, ref)):
            git(
                mirror,
                "fetch",
                "--quiet",
                "--depth=1",
                "--no-tags",
                "--force",
                "--",
                repository.location,
                f"{ref}:{_SOURCE}",
                variables=_QUIET,
            )
        else:
            git(mirror, "update-ref", _SOURCE, ref)
        commit = git(mirror, "rev-parse", "--verify", "--quiet", f"{_SOURCE}^{{commit}}").decode().strip()
    except GitError as error:
        said = str(error).replace(repository.location, repository.shown)
        if "remote ref" in said:
            raise FleetError(f"{repository.shown} has no {ref}: it is empty, or name a branch, a tag or all digits of a commit") from None
        raise FleetError(f"{repository.shown}: {said}") from None
    return mirror, commit


@contextmanager
def worktree(mirror: Path, commit: str) -> Iterator[Path]:
    """The files of a commit, in a folder that is gone afterwards."""
    folder = mirror.with_suffix(".tree")
    shutil.rmtree(folder, ignore_errors=True)  # of a run that was killed
    try:
        git(mirror, "worktree", "prune")
        git(mirror, "worktree", "add", "--quiet", "--detach", "--force", str(folder), commit, variables=_QUIET)
        yield folder
    except GitError as error:
        raise FleetError(str(error)) from None
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def check_branch(mirror: Path) -> None:
    """Raises FleetError where the branch has commits that cuport did not make: they would be lost."""
    if _tip(mirror, f"refs/heads/{BRANCH}") not in ("", _tip(mirror, _MADE)):
        raise FleetError(
            f"{mirror}: the branch {BRANCH} has commits that are not cuport's: push them, or rename the branch there, and run again"
        )


def set_branch(mirror: Path, tree: Path) -> str:
    """Point the branch at what was committed in a worktree, and return that commit."""
    commit = _tip(tree, "HEAD")
    git(mirror, "update-ref", "--stdin", stdin=f"update refs/heads/{BRANCH} {commit}\nupdate {_MADE} {commit}\n".encode())
    return commit


def identity(tree: Path) -> dict[str, str]:
    """The variables that a commit needs where nobody has told git who they are."""
    try:
        git(tree, "var", "GIT_COMMITTER_IDENT")
        return {}
    except GitError:
        return _OURS


def _refuse(repository: Repository) -> None:
    """Raises FleetError for a location or a ref that would make git do something else than fetch."""
    location, ref = repository.location, repository.ref
    if repository.is_url:
        scheme, mark, _ = location.partition("://")
        if location.startswith("-") or "::" in location.partition("/")[0] or (mark and scheme.lower() not in _PROTOCOLS):
            raise FleetError(f"{repository.shown} is refused: give a URL of {', '.join(_PROTOCOLS[:-1])} or {_PROTOCOLS[-1]}")
    elif not (Path(location) / ".git").exists() and not (Path(location) / "HEAD").is_file():
        needs = "which a commit or --apply needs: name the top of one, or ask for neither"
        raise FleetError(f"{location} is not the top of a git repository, {needs}")
    if ref.startswith(("-", "+", "^")) or re.search(r"[\s:~^?*\[\\\x00-\x1f]|\.\.", ref):
        raise FleetError(f"@{ref} is refused: name a branch, a tag or all digits of a commit")


def _mirror(repository: Repository, clones: Path) -> Path:
    digest = hashlib.sha256(f"{repository.location}\0{repository.ref}".encode(errors="surrogateescape")).hexdigest()[:10]
    name = re.sub(r"[^\w.-]+", "-", repository.name, flags=re.ASCII).strip("-.")[-60:]
    mirror = clones / f"{name}-{digest}.git"
    if not (mirror / "HEAD").is_file():
        clones.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(mirror, ignore_errors=True)
        with tempfile.TemporaryDirectory(dir=clones, prefix=".new-") as new:
            git(Path(new), "init", "--quiet", "--bare", "--template=", str(Path(new) / "git"))
            (Path(new) / "git").rename(mirror)
        git(mirror, "config", "gc.auto", "0")
    return mirror


def _has(mirror: Path, commit: str) -> bool:
    try:
        git(mirror, "cat-file", "-e", f"{commit}^{{commit}}")
        return True
    except GitError:
        return False


def _tip(folder: Path, ref: str) -> str:
    try:
        return git(folder, "rev-parse", "--verify", "--quiet", ref).decode().strip()
    except GitError:
        return ""
