"""Microsoft's compiler: on PATH, for x64, within nvcc's bounds, and speaking English."""

from ..result import fail, ok, warn
from . import dotted, taken

ID = "msvc"
TITLE = "Visual Studio's compiler (Windows)"
_PROMPT = 'open "x64 Native Tools Command Prompt for VS 2022", and build there'


def check(facts):
    msvc = facts["msvc"]
    if msvc is None:
        return
    if not msvc["cl"]:
        yield fail(
            "cl.exe is not on PATH",
            "`Error checking compiler version for cl`, and nothing is compiled",
            _PROMPT if msvc["installed"] else "winget install Microsoft.VisualStudio.2022.BuildTools   (with the C++ workload)",
        )
        return
    first, version = taken(facts), msvc["version"]
    wrong = False
    if msvc["target"] and msvc["target"] != "x64":
        wrong = True
        yield fail(f"cl.exe compiles for {msvc['target']}, not for x64", "`LNK1112`, or nvcc finds no host compiler", _PROMPT)
    if version and first and first.get("msvc"):
        least, below = first["msvc"]
        if not least <= version[0] * 100 + version[1] < below:
            wrong = True
            yield fail(
                f"MSVC {dotted(version)}, and nvcc {dotted(first['version'])} takes {least / 100:.2f} to below {below / 100:.2f}",
                "`#error -- unsupported Microsoft Visual Studio version!`",
                "vcvars64.bat -vcvars_ver=14.3x   (an older toolset of the same Visual Studio), or a newer CUDA toolkit",
            )
    if msvc["english"] is False:
        wrong = True
        yield warn(
            f"cl.exe does not speak English (code page {msvc['code_page']})",
            "`UnicodeDecodeError` in torch's compiler check; ninja does not understand which headers changed, and rebuilds too little",
            "install the English language pack of Visual Studio, and: set VSLANG=1033",
        )
    if not msvc["sdk_variable"] and version:
        yield warn(
            "DISTUTILS_USE_SDK is not set",
            "setuptools looks for another Visual Studio than this prompt's, and stops",
            "set DISTUTILS_USE_SDK=1",
        )
    if not wrong:
        yield ok(f"MSVC {dotted(version or ())} {msvc['cl']}")
