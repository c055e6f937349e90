"""CUDA_HOME and CUDA_PATH are one folder each."""

from ..result import fail
from . import assign, one_folder, toolkit_in, unset, wanted

ID = "cuda-home"
TITLE = "CUDA_HOME is one folder, without quotes and without /bin"


def check(facts):
    for name in ("CUDA_HOME", "CUDA_PATH"):
        value = facts["environ"].get(name)
        if not value:
            continue
        clean = one_folder(value, facts["platform"])
        if clean != value.rstrip("/\\"):
            yield fail(
                f"{name} is {value!r}: a list, quoted, or ending in /bin",
                "torch looks for nvcc in a folder that does not exist",
                assign(facts, name, clean) if clean else unset(facts, name),
            )
        elif toolkit_in(facts, value) is None:
            other = wanted(facts)
            yield fail(
                f"{name} is {value}, where there is no bin/nvcc",
                "torch looks for nvcc there and nowhere else",
                assign(facts, name, other["root"]) if other and other["origin"] != "cuport cache" else unset(facts, name),
            )
