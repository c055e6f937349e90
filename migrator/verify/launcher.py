"""What compilers are started through, where ``CUPORT_LAUNCHER`` names it: sccache, ccache, or a program of one's own.

Only what is asked for: a launcher may hand the compile to a server of its own, which no limit of ours holds for.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
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
