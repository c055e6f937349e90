"""The project's built extensions were built for this Python and this torch; read from the files, without importing them."""

import re
import shlex

from ..probes.extensions import python_of
from ..result import fail, ok
from . import number, torch_of

ID = "extensions"
TITLE = "built extensions are of this Python and this torch"


def check(facts):
    known = torch_of(facts)
    mine = ".".join(map(str, facts["python"].get("version", [])[:2]))
    for each in facts["extensions"]:
        path = each["path"]
        theirs = "2" if each["python2"] else python_of(path)
        runtime = [int(match[1]) for library in each["needed"] if (match := re.fullmatch(r"libcudart\.so\.(\d+)(?:\.\d+)*", library))]
        rebuild = f"rm -rf build/ {shlex.quote(path)} && python setup.py build_ext --inplace"
        if each["th"]:
            yield fail(
                f"{path} calls {each['th']}, of torch before 1.0 or of THC",
                "`undefined symbol`: no current torch has it",
                "cuport migrate .   (then build again)",
            )
        elif theirs and mine and theirs != mine:
            yield fail(f"{path} is for Python {theirs}, this is {mine}", "Python does not see it: `cannot import name '_C'`", rebuild)
        elif known and (each["old_strings"] and not each["new_strings"]) and known["abi"]:
            yield fail(f"{path} has the old C++ string ABI, torch the new one", "`undefined symbol: ...ERKSs`", rebuild)
        elif known and each["new_strings"] and not known["abi"]:
            yield fail(f"{path} has the new C++ string ABI, torch the old one", "`undefined symbol: ...__cxx11...`", rebuild)
        elif known and known["cuda"] and runtime and runtime[0] != number(known["cuda"])[0]:
            yield fail(
                f"{path} needs libcudart.so.{runtime[0]}, torch has CUDA {known['cuda']}",
                "it does not load, or two CUDAs are mixed; `-lcudart` took another toolkit's, or another toolkit built it",
                rebuild,
            )
        elif each["missing"]:
            yield fail(
                f"{path} needs {each['missing'][0]}, which this torch does not have", "`undefined symbol`: built for another torch", rebuild
            )
        else:
            yield ok(path)
