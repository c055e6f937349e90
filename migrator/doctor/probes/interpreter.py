"""The interpreter whose torch is looked at: what is installed in it, and what `import torch` gives."""

from __future__ import annotations

import os
import shutil
import sys
from typing import Any

from .run import json_of

TORCH_SECONDS = 60
_INTERPRETER = r"""
import importlib.util, json, os, sys, sysconfig
from glob import glob
from importlib import metadata
found = {}
for name in ("torch", "torchvision", "torchaudio", "ninja", "setuptools"):
    try:
        d = metadata.distribution(name)
        found[name] = {"version": d.version,
            "requires_torch": [r for r in d.requires or () if r.lower().startswith(("torch=", "torch (="))]}
    except metadata.PackageNotFoundError:
        pass
cudnn = [str(p.locate()) for d in metadata.distributions() if (d.metadata["Name"] or "").startswith("nvidia-cudnn")
         for p in d.files or () if p.name.startswith("libcudnn.so")]
def where(name):
    try:
        spec = importlib.util.find_spec(name)
    except Exception:
        return []
    return list(spec.submodule_search_locations or [spec.origin]) if spec else []
torch = (where("torch") or [None])[0]
records = glob(os.path.join(os.path.dirname(torch), "torch-*.dist-info")) if torch else []
print(json.dumps({"executable": sys.executable, "prefix": sys.prefix, "conda": os.path.isdir(os.path.join(sys.prefix, "conda-meta")),
                  "version": list(sys.version_info[:3]), "suffix": sysconfig.get_config_var("EXT_SUFFIX"),
                  "distributions": found, "cudnn": cudnn, "torch_folder": torch,
                  "torch_records": sorted(map(os.path.basename, records)),
                  "torch_installed": max(map(os.path.getmtime, records), default=None),
                  "packages": {name: where(name) for name in sys.argv[1:]}}))
"""
_TORCH = r"""
import json, re, torch
cuda = torch.version.cuda
count = torch.cuda.device_count() if cuda else 0
try:
    cudnn = torch.backends.cudnn.version()
except RuntimeError as error:
    cudnn = str(error).splitlines()[0]
try:
    with open("/proc/self/maps") as maps:
        loaded = sorted(set(re.findall(r"/\S*/lib(?:cudart|cudnn|cublas)\.so[.\d]*", maps.read())))
except OSError:
    loaded = []
print(json.dumps({"version": torch.__version__, "cuda": cuda, "hip": getattr(torch.version, "hip", None),
  "abi": bool(torch._C._GLIBCXX_USE_CXX11_ABI), "arch_list": torch.cuda.get_arch_list() if count else [],
  "gpus": [{"name": torch.cuda.get_device_name(i), "capability": list(torch.cuda.get_device_capability(i))} for i in range(count)],
  "cudnn": cudnn, "loaded": loaded}))
"""


def default_python() -> str:
    """The active environment's interpreter, else the one that runs cuport (which may have an environment of its own)."""
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        if os.environ.get(name):
            path = shutil.which("python", path=os.path.join(os.environ[name], "Scripts" if sys.platform == "win32" else "bin"))
            if path:
                return path
    return sys.executable


def interpreter(python: str, packages: list[str]) -> dict[str, Any]:
    """The environment, and from where it would import ``packages``; torch is not imported."""
    return json_of([python, "-c", _INTERPRETER, *packages], 30)


def imported_torch(python: str) -> dict[str, Any]:
    """What torch says of itself, or {"error": ...}: it is imported in a process of its own, with a time limit."""
    return json_of([python, "-c", _TORCH], TORCH_SECONDS)
