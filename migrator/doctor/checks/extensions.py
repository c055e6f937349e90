"""The project's built extensions were built for this Python and this torch; read from the files, without importing them."""

import re
import shlex

from ..result import fail, ok
from . import number

ID = "extensions"
TITLE = "built extensions are of this Python and this torch"


def check(facts):
    torch, suffix = facts["torch"], facts["python"].get("suffix") or ""
    tag = re.match(r"\.(cpython-\d+)", suffix)
    known = torch if torch and "error" not in torch else None
    for each in facts["extensions"]:
        path = each["path"]
        theirs = re.search(r"\.(cpython-\d+)m?-", path)
        runtime = [int(match[1]) for library in each["needed"] if (match := re.fullmatch(r"libcudart\.so\.(\d+)(?:\.\d+)*", library))]
        rebuild = f"rm -rf build/ {shlex.quote(path)} && python setup.py build_ext --inplace"
        if theirs and tag and theirs[1] != tag[1]:
            yield fail(f"{path} is for {theirs[1]}, this is {tag[1]}", "Python does not see it: `cannot import name '_C'`", rebuild)
        elif known and (each["old_strings"] and not each["new_strings"]) and known["abi"]:
            yield fail(f"{path} has the old C++ string ABI, torch the new one", "`undefined symbol: ...ERKSs`", rebuild)
        elif known and each["new_strings"] and not known["abi"]:
            yield fail(f"{path} has the new C++ string ABI, torch the old one", "`undefined symbol: ...__cxx11...`", rebuild)
        elif each["missing"]:
            yield fail(
                f"{path} needs {each['missing'][0]}, which this torch does not have", "`undefined symbol`: built for another torch", rebuild
            )
        elif known and known["cuda"] and runtime and runtime[0] != number(known["cuda"])[0]:
            yield fail(
                f"{path} needs libcudart.so.{runtime[0]}, torch has CUDA {known['cuda']}",
                "it does not load, or two CUDAs are mixed",
                rebuild,
            )
        else:
            yield ok(path)
