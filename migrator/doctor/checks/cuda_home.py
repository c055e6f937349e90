"""CUDA_HOME and CUDA_PATH are one folder each."""

from ..result import fail

ID = "cuda-home"
TITLE = "CUDA_HOME is one folder, without quotes and without /bin"


def check(facts):
    for name in ("CUDA_HOME", "CUDA_PATH"):
        value = facts["environ"].get(name)
        if not value:
            continue
        clean = _clean(value, facts["platform"])
        if clean != value.rstrip("/\\"):
            yield fail(
                f"{name} is {value!r}: a list, quoted, or ending in /bin",
                "torch looks for nvcc in a folder that does not exist",
                f"export {name}={clean}" if clean else f"unset {name}",
            )
        elif not any(each["origin"] == name for each in facts["toolkits"]):
            yield fail(f"{name} is {value}, where there is no bin/nvcc", "torch looks for nvcc there and nowhere else", f"unset {name}")


def _clean(value: str, platform: str) -> str:
    text = value.strip().strip("'\"")
    if platform != "win32":
        text = next((part for part in text.split(":") if part), "")
    text = text.rstrip("/\\")
    return text[: -len("/bin")] if text.endswith(("/bin", "\\bin")) else text
