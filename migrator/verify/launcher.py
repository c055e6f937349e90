"""What compilers are started through, where ``CUPORT_LAUNCHER`` names it: sccache, ccache, or a program of one's own.

Only what is asked for: a launcher may hand the compile to a server of its own, which no limit of ours holds for.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from migrator.toolchain import ToolchainError

LAUNCHER = "CUPORT_LAUNCHER"
_START_SECONDS = 60


def find_launcher() -> tuple[str, ...]:
    """The words before each compiler's command; none where none is asked for. Raises ToolchainError."""
    asked = os.environ.get(LAUNCHER, "")
    try:
        words = shlex.split(asked)
    except ValueError as error:
        raise ToolchainError(f"{LAUNCHER}={asked!r} is no command: {error}") from None
    if not words:
        return ()
    program = shutil.which(words[0])
    if program is None:
        raise ToolchainError(f"{LAUNCHER}={asked}: there is no program {words[0]} on the PATH: install it, or unset {LAUNCHER}")
    return (os.path.abspath(program), *words[1:])


def start_server() -> None:
    """Start the server of sccache from here: the first compile would start it inside the limits of one repository, and it stays."""
    words = find_launcher()
    if words and Path(words[0]).name == "sccache":
        try:  # it fails where one runs already; one that cannot run shows in the compiles, which then do without
            subprocess.run([words[0], "--start-server"], stdin=subprocess.DEVNULL, capture_output=True, timeout=_START_SECONDS)
        except (OSError, subprocess.TimeoutExpired):
            pass


@contextmanager
def staged(into: Path, made_of: Mapping[str, tuple[Path, Sequence[Path]]]) -> Iterator[dict[str, Path]]:
    """Copies of what some units are made of (by key: their root and its files), in folders that are called the same on every machine.

    nvcc writes the whole path of a source into what it makes: a launcher's cache would not know one again that lies elsewhere. What a copy
    lacks is an error of the compile, which is then done where the unit is. What cannot be copied is left out.
    """
    folders: dict[str, Path] = {}
    try:
        for key, (root, files) in made_of.items():
            folder, root = into / key, root.resolve()
            folders[key] = folder
            folder.mkdir(parents=True, exist_ok=True)
            for path in files:
                if path.is_relative_to(root):
                    copy = folder / path.relative_to(root)
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(path, copy)
    except OSError:  # no space, say
        pass
    try:
        yield {key: folder for key, folder in folders.items() if folder.is_dir()}
    finally:
        for folder in folders.values():
            shutil.rmtree(folder, ignore_errors=True)
