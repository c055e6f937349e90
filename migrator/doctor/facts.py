"""Reads the machine into one plain value, which the checks judge. Nothing of the user's is imported here."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

VARIABLES = (
    "CUDA_HOME",
    "CUDA_PATH",
    "LD_LIBRARY_PATH",
    "LIBRARY_PATH",
    "TORCH_CUDA_ARCH_LIST",
    "MAX_JOBS",
    "CC",
    "CXX",
    "CONDA_PREFIX",
    "VIRTUAL_ENV",
    "TORCH_EXTENSIONS_DIR",
    "COLAB_RELEASE_TAG",
    "KAGGLE_KERNEL_RUN_TYPE",
    "WSL_DISTRO_NAME",
    "CUDA_VISIBLE_DEVICES",
)
TORCH_SECONDS = 60

_PYTHON = r"""
import json, sys, sysconfig
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
import importlib.util
spec = importlib.util.find_spec("torch")
print(json.dumps({"executable": sys.executable, "version": list(sys.version_info[:3]), "suffix": sysconfig.get_config_var("EXT_SUFFIX"),
                  "distributions": found, "cudnn": cudnn,
                  "torch_folder": (spec.submodule_search_locations or [None])[0] if spec else None}))
"""
_TORCH = r"""
import json, torch
cuda = torch.version.cuda
count = torch.cuda.device_count() if cuda else 0
print(json.dumps({"version": torch.__version__, "cuda": cuda, "hip": getattr(torch.version, "hip", None),
  "abi": bool(torch._C._GLIBCXX_USE_CXX11_ABI), "arch_list": torch.cuda.get_arch_list() if count else [],
  "gpus": [{"name": torch.cuda.get_device_name(i), "capability": list(torch.cuda.get_device_capability(i))} for i in range(count)]}))
"""


def default_python() -> str:
    """The active environment's interpreter, else the one that runs cuport (which may have an environment of its own)."""
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX"):
        if os.environ.get(name):
            path = shutil.which("python", path=os.path.join(os.environ[name], "Scripts" if sys.platform == "win32" else "bin"))
            if path:
                return path
    return sys.executable


def read_facts(folder: Path, python: str) -> dict[str, Any]:
    """The facts of this machine, of the interpreter, and of the project in ``folder``."""
    from ..toolchain.errors import ToolchainError
    from ..toolchain.find import find_toolkits
    from ..toolchain.host import accepts, host_compilers
    from ..verify.memory import available_memory

    interpreter = _json([python, "-c", _PYTHON], 30)
    torch = _json([python, "-c", _TORCH], TORCH_SECONDS) if interpreter.get("torch_folder") else None
    try:
        toolkits, compilers = find_toolkits(), host_compilers()
    except ToolchainError:
        toolkits, compilers = [], []
    return {
        "environ": {name: os.environ[name] for name in VARIABLES if name in os.environ},
        "platform": sys.platform,
        "container": Path("/.dockerenv").exists() or Path("/run/.containerenv").exists(),
        "wsl": "microsoft" in _text("/proc/version").lower(),
        "python": interpreter,
        "torch": torch,
        "toolkits": [
            {
                "root": str(each.root),
                "version": list(each.version),
                "origin": each.origin,
                "problems": list(each.problems),
                "link_problems": list(each.link_problems),
                "accepts": [str(one.path) for one in compilers if accepts(each, one)],
            }
            for each in toolkits
        ],
        "compilers": [{"path": str(each.path), "kind": each.kind, "version": list(each.version)} for each in compilers],
        "ninja": {"path": shutil.which("ninja"), "hack": _ninja_hack(interpreter.get("torch_folder"))},
        "nvidia_smi": _driver(),
        "memory": available_memory(),
        "cpus": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1,
        "cudnn": _cudnn(interpreter.get("cudnn", [])),
        "locks": _locks(),
        "extensions": _extensions(folder, interpreter.get("torch_folder")),
    }


def _json(command: list[str], seconds: int) -> dict[str, Any]:
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            stdin=subprocess.DEVNULL,
            cwd=os.path.expanduser("~"),
        )
    except subprocess.TimeoutExpired:
        return {"error": f"no answer within {seconds} s"}
    except OSError as error:
        return {"error": str(error)}
    for line in reversed(done.stdout.splitlines()):
        if line.startswith("{"):
            return json.loads(line)
    last = [line for line in done.stderr.splitlines() if line.strip()]
    return {"error": last[-1] if last else f"exit status {done.returncode}"}


def _text(path: str | Path) -> str:
    try:
        return Path(path).read_text(errors="replace")
    except OSError:
        return ""


def _ninja_hack(torch_folder: str | None) -> str | None:
    """Where cpp_extension.py calls `ninja --version` to build."""
    if not torch_folder:
        return None
    path = Path(torch_folder) / "utils/cpp_extension.py"
    lines = _text(path).splitlines()
    for number, line in enumerate(lines, 1):
        if re.search(r"""command = \[['"]ninja['"], *['"]--(?:version|v)['"]""", line):
            return f"{path}:{number}"
    return None


def _driver() -> dict[str, Any] | None:
    tool = shutil.which("nvidia-smi")
    if not tool:
        return None
    try:
        done = subprocess.run([tool], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.SubprocessError):
        return {"error": "nvidia-smi gave no answer"}
    match = re.search(r"CUDA Version: (\d+)\.(\d+)", done.stdout)
    return {"cuda": [int(match[1]), int(match[2])]} if match else {"error": (done.stdout + done.stderr).strip().splitlines()[-1:]}


def _cudnn(wheel: list[str]) -> list[dict[str, str]]:
    """Copies of cuDNN in the order in which the loader would find them: LD_LIBRARY_PATH, the wheel's, the system's."""
    found: dict[str, dict[str, str]] = {}
    places = [(folder, "LD_LIBRARY_PATH") for folder in os.environ.get("LD_LIBRARY_PATH", "").split(":") if folder]
    files = [(each, origin) for folder, origin in places for each in sorted(Path(folder).glob("libcudnn.so.*"))]
    files += [(Path(each), "wheel") for each in wheel]
    for folder in ("/usr/lib/x86_64-linux-gnu", "/usr/local/cuda/lib64", "/usr/lib64"):
        files += [(each, "system") for each in sorted(Path(folder).glob("libcudnn.so.*"))]
    for path, origin in files:
        found.setdefault(str(path.resolve()), {"path": str(path), "origin": origin, "version": path.resolve().name.partition(".so.")[2]})
    return list(found.values())


def _locks() -> list[dict[str, Any]]:
    roots = [os.environ.get("TORCH_EXTENSIONS_DIR"), os.path.expanduser("~/.cache/torch_extensions")]
    if os.environ.get("LOCALAPPDATA"):
        roots.append(os.path.join(os.environ["LOCALAPPDATA"], "torch_extensions"))
    paths = {path for root in roots if root for pattern in ("*/lock", "*/*/lock") for path in Path(root).glob(pattern)}
    found = []
    for path in sorted(paths):
        try:
            found.append({"path": str(path), "age": int(time.time() - path.stat().st_mtime)})
        except OSError:
            pass
    return found


def _extensions(folder: Path, torch_folder: str | None) -> list[dict[str, Any]]:
    """Extension modules below the folder, read with readelf and nm."""
    if sys.platform != "linux" or not shutil.which("readelf") or not shutil.which("nm"):
        return []
    names = [path for path in _walk(folder) if re.fullmatch(r".*\.(?:cpython-\w+-[\w-]+|abi3)?\.?so", path.name)][:20]
    exported: set[str] = set()
    if torch_folder and names:
        for library in ("libc10.so", "libc10_cuda.so"):
            exported |= set(_symbols(["nm", "-D", "--defined-only", str(Path(torch_folder) / "lib" / library)]))
    found = []
    for path in names:
        needed = re.findall(r"\(NEEDED\).*\[(.+)\]", _output(["readelf", "-d", str(path)]))
        if not any(each.startswith(("libtorch", "libc10")) for each in needed):
            continue
        wanted = _symbols(["nm", "-D", "--undefined-only", str(path)])
        mine = [each for each in wanted if re.match(r"_ZNK?(?:3c10|2at|5torch)", each)]
        tested = [each for each in mine if re.match(r"_ZNK?3c10(?:5Error|4cuda|6detail14torchCheckFail)", each)]
        found.append(
            {
                "path": str(path),
                "needed": needed,
                "old_strings": any(re.search(r"(?:RK|R|N|E)Ss(?:$|[A-Z])", each) for each in mine),
                "new_strings": any("__cxx11" in each for each in mine),
                "missing": [each for each in tested if each not in exported][:3] if exported else [],
            }
        )
    return found


def _walk(folder: Path):
    for root, folders, files in os.walk(folder):
        folders[:] = [
            each
            for each in folders
            if each not in (".git", "node_modules", "site-packages") and root.count(os.sep) - str(folder).count(os.sep) < 6
        ]
        yield from (Path(root) / each for each in files if each.endswith(".so"))


def _output(command: list[str]) -> str:
    try:
        return subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=60, env={**os.environ, "LC_ALL": "C"}
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return ""


def _symbols(command: list[str]) -> list[str]:
    return [line.split()[-1].partition("@")[0] for line in _output(command).splitlines() if line.strip()]
