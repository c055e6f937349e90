"""Microsoft's compiler: which cl.exe, for which target, and in which language it speaks."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from .run import text_of


def msvc() -> dict[str, Any] | None:
    """None elsewhere than on Windows. ``cl``: its path or None; ``version``; ``target`` ("x64"); ``english``; ``code_page``."""
    if sys.platform != "win32":
        return None
    import ctypes

    found: dict[str, Any] = {
        "cl": shutil.which("cl"),
        "version": None,
        "target": None,
        "english": None,
        "code_page": ctypes.windll.kernel32.GetOEMCP(),
        "sdk_variable": os.environ.get("DISTUTILS_USE_SDK"),
        "installed": shutil.which("vswhere", path=os.path.expandvars(r"%ProgramFiles(x86)%\Microsoft Visual Studio\Installer")) is not None,
    }
    if found["cl"]:
        try:
            banner = subprocess.run([found["cl"]], capture_output=True, timeout=30).stderr.decode("oem", "replace")
        except (OSError, subprocess.SubprocessError):
            return found
        return found | banner_facts(banner)
    return found


def banner_facts(banner: str) -> dict[str, Any]:
    """What cl.exe prints of itself: `Microsoft (R) C/C++ Optimizing Compiler Version 19.44.35211 for x64`, or that in another language."""
    version = re.search(r"(\d{2})\.(\d{2})\.\d+", banner)
    target = re.search(r"\b(x64|x86|ARM64)\b", banner)
    return {
        "version": [int(version[1]), int(version[2])] if version else None,
        "target": target[1] if target else None,
        "english": "Optimizing Compiler Version" in banner,
    }


def bounds(includes: Iterable[Path]) -> list[int] | None:
    """The _MSC_VER that this toolkit's nvcc takes, from its own crt/host_config.h: at least the first, below the second."""
    for folder in includes:
        match = re.search(r"_MSC_VER < (\d+) \|\| _MSC_VER >= (\d+)", text_of(folder / "crt/host_config.h"))
        if match:
            return [int(match[1]), int(match[2])]
    return None
