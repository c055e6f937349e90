"""NVIDIA's driver, as nvidia-smi or the kernel state it."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import Any

from .run import text_of


def driver() -> dict[str, Any] | None:
    """{"version": "550.54", "cuda": [12, 4]}: the newest CUDA run time that the driver takes; {"error": ...}; None without a driver."""
    loaded = re.search(r"Kernel Module\D*(\d+\.[\d.]+)", text_of("/proc/driver/nvidia/version"))
    tool = shutil.which("nvidia-smi") or shutil.which("/usr/lib/wsl/lib/nvidia-smi")
    if not tool:
        return {"version": loaded[1], "cuda": None} if loaded else None
    try:
        done = subprocess.run([tool], capture_output=True, text=True, errors="replace", timeout=20)
    except (OSError, subprocess.SubprocessError):
        return {"error": "nvidia-smi gives no answer"}
    cuda = re.search(r"CUDA (?:\w+ )?Version: +(\d+)\.(\d+)", done.stdout)
    version = re.search(r"Driver Version: +([\d.]+)", done.stdout)
    if not cuda:
        said = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        return {"error": said[0].strip() if said else f"nvidia-smi ends with status {done.returncode}"}
    return {"version": version[1] if version else None, "cuda": [int(cuda[1]), int(cuda[2])]}
