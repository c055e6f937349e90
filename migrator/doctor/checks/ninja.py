"""ninja is there, runs, and cpp_extension.py still calls it to build."""

import shlex

from ..result import fail, ok, warn

ID = "ninja"
TITLE = "ninja builds"


def check(facts):
    ninja = facts["ninja"]
    if ninja["hack"]:
        path, _, line = ninja["hack"].rpartition(":")
        yield fail(
            f"{ninja['hack']} calls `ninja --version` instead of `ninja -v`",
            "ninja builds nothing; the link fails (LNK1181, missing .o), or an old library stays",
            f'sed -i -E "{line}s/([\'\\"])--?v(ersion)?([\'\\"])/\\1-v\\3/" {shlex.quote(path)}',
        )
    if ninja["path"] and ninja["version"]:
        yield ok(f"ninja {ninja['version']}: {ninja['path']}")
    elif ninja["path"]:
        yield fail(
            f"{ninja['path']} does not run",
            "torch takes it for missing: `Ninja is required to load C++ extensions`, or a slow build",
            "python -m pip install --force-reinstall --no-deps ninja   (and this environment's bin first on PATH)",
        )
    elif "ninja" in facts["python"].get("distributions", {}):
        yield warn(
            "ninja is installed and not on PATH",
            "`Ninja is required to load C++ extensions`, or a slow build",
            f"export PATH={facts['python']['executable'].rpartition('/')[0]}:$PATH",
        )
    else:
        yield warn("no ninja", "`Ninja is required to load C++ extensions`, or a slow build", "python -m pip install ninja")
