"""The toolkit that torch would take can compile for torch."""

from ..result import fail, ok, warn
from . import assign, dotted, taken, wanted

ID = "toolkit"
TITLE = "the CUDA toolkit that torch takes is whole"


def check(facts):
    first = taken(facts)
    usable = wanted(facts)
    fix = assign(facts, "CUDA_HOME", usable["root"]) if usable else "cuport toolchain install"
    if usable and usable["origin"] == "cuport cache":
        fix = f"cuport toolchain install   (is here: {usable['root']}; to compile with, {assign(facts, 'CUDA_HOME', usable['root'])})"
    if first is None:
        if not facts["toolkits"]:
            yield fail("no CUDA toolkit", "CUDA extensions cannot be compiled: `CUDA_HOME environment variable is not set`", fix)
        elif not any(facts["environ"].get(name) for name in ("CUDA_HOME", "CUDA_PATH")):  # else the check of cuda-home says it
            yield fail(
                f"{len(facts['toolkits'])} CUDA toolkits, and none where torch looks", "`CUDA_HOME environment variable is not set`", fix
            )
    for each in facts["toolkits"]:
        name = f"CUDA {dotted(each['version'])} in {each['root']} ({each['origin']})"
        if each["problems"] and (each is first or each["root"] == "/usr/local/cuda"):
            if each is not first and first is not None and not first["problems"]:
                yield warn(f"{name}: {each['problems'][0]}", "CUDA extensions would not compile with it; torch takes another one")
            else:
                yield fail(f"{name}: {each['problems'][0]}", "CUDA extensions do not compile with it", fix)
        elif each is first:
            yield ok(f"{name}, taken by torch")
        else:
            yield ok(f"{name}, not taken{': ' + each['problems'][0] if each['problems'] else ''}")
