"""Where this runs: a hosted notebook, a container, WSL."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from .run import text_of

_NOTEBOOKS = {
    "COLAB_RELEASE_TAG": "Colab",
    "KAGGLE_KERNEL_RUN_TYPE": "Kaggle",
    "DATABRICKS_RUNTIME_VERSION": "Databricks",
    "PAPERSPACE_NOTEBOOK_REPO_ID": "Paperspace",
}


def place() -> dict[str, Any]:
    """``hosted``: the notebook service, or None; ``container``; ``wsl``, and whether Windows' CUDA driver is there."""
    hosted = next((name for variable, name in _NOTEBOOKS.items() if variable in os.environ), None)
    if hosted is None and Path("/opt/ml/metadata/resource-metadata.json").exists():
        hosted = "SageMaker"
    wsl = "microsoft" in text_of("/proc/version").lower()
    return {
        "hosted": hosted,
        "container": Path("/.dockerenv").exists() or Path("/run/.containerenv").exists() or "KUBERNETES_SERVICE_HOST" in os.environ,
        "wsl": wsl,
        "wsl_driver": wsl and Path("/usr/lib/wsl/lib/libcuda.so.1").exists(),
    }
