"""nvcc accepts the host compiler."""

from ..result import fail, ok
from . import dotted, taken

ID = "host-compiler"
TITLE = "nvcc accepts the C++ compiler"


def check(facts):
    first, compilers = taken(facts), facts["compilers"]
    if facts["platform"] == "win32":  # the check of msvc is for that
        return
    if not compilers:
        yield fail(
            "no C++ compiler",
            "nothing can be compiled",
            "apt install g++" if facts["platform"] == "linux" else "xcode-select --install",
        )
        return
    used = compilers[0]
    name = f"{used['kind']} {dotted(used['version'])} {used['path']}"
    if first is None or used["path"] in first["accepts"]:
        yield ok(name)
        return
    other = next((each for each in compilers if each["path"] in first["accepts"]), None)
    yield fail(
        f"{name} is newer than nvcc {dotted(first['version'])} accepts",
        "`#error -- unsupported GNU version!`",
        f"export CC={other['path'].replace('g++', 'gcc')} CXX={other['path']}"
        if other
        else "install an older g++, and name it by CC and CXX",
    )
