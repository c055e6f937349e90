"""CUDA_HOME and CUDA_PATH are one folder each."""

import posixpath

from ..result import fail

ID = "cuda-home"
TITLE = "CUDA_HOME is one folder, without quotes and without /bin"


def check(facts):
    for name in ("CUDA_HOME", "CUDA_PATH"):
        value = facts["environ"].get(name)
        if not value:
            continue
        clean = value.strip().strip("'\"")
        if facts["platform"] != "win32":
            clean = next((part for part in clean.split(":") if part), "")
        stripped = clean.rstrip("/\\")
        if posixpath.basename(stripped.replace("\\", "/")) == "bin":
            clean = stripped[:-4]
        if clean != value and stripped != value.rstrip("/\\") or clean != stripped and clean != value:
            yield fail(f"{name} is {value!r}: a list, quoted, or ending in /bin", "torch looks for nvcc in a folder that does not exist",
                       f"export {name}={clean}")
        elif not any(each["origin"] == name for each in facts["toolkits"]):
            yield fail(f"{name} is {value}, where there is no bin/nvcc", "torch looks for nvcc there and nowhere else", f"unset {name}")
