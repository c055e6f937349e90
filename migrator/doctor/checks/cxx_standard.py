"""The compiler has the C++ standard that torch's headers ask for."""

from ..result import fail, ok
from . import dotted

ID = "cxx-standard"
TITLE = "the C++ compiler has the standard that torch needs"


def check(facts):
    standard = facts["standard"]
    if not standard or standard["has"] is None or not facts["compilers"]:
        return
    used = facts["compilers"][0]
    name = f"{used['kind']} {dotted(used['version'])} {used['path']}"
    if standard["has"]:
        yield ok(f"torch's headers need C++{standard['needed']}, and {name} has it")
    else:
        yield fail(
            f"torch's headers need C++{standard['needed']}, and {name} does not have all of it",
            f"`#error C++{standard['needed']} or later compatible compiler is required`",
            "install a newer g++, and name it by CC and CXX",
        )
