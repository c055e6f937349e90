"""ninja is there, and cpp_extension.py still calls it to build."""

from ..result import fail, ok, warn

ID = "ninja"
TITLE = "ninja builds"


def check(facts):
    ninja = facts["ninja"]
    if ninja["hack"]:
        yield fail(
            f"{ninja['hack']} calls `ninja --version` instead of `ninja -v`",
            "ninja builds nothing; the link fails (LNK1181, missing .o), or an old library stays",
            f"sed -i \"{ninja['hack'].rpartition(':')[2]}s/--version/-v/;{ninja['hack'].rpartition(':')[2]}s/--v'/-v'/\" "
            f"{ninja['hack'].rpartition(':')[0]}",
        )
    if ninja["path"]:
        yield ok(f"ninja: {ninja['path']}")
    elif "ninja" in facts["python"].get("distributions", {}):
        yield warn(
            "ninja is installed and not on PATH",
            "`Ninja is required to load C++ extensions`, or a slow build",
            f"export PATH={facts['python']['executable'].rpartition('/')[0]}:$PATH",
        )
    else:
        yield warn("no ninja", "`Ninja is required to load C++ extensions`, or a slow build", "python -m pip install ninja")
