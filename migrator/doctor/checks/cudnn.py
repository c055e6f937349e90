"""One cuDNN."""

from ..result import fail, ok, warn

ID = "cudnn"
TITLE = "one cuDNN"


def check(facts):
    copies = facts["cudnn"]
    wheel = [each for each in copies if each["origin"] == "wheel"]
    others = [each for each in copies if each["origin"] != "wheel"]
    first = copies[0] if copies else None
    if first and first["origin"] == "LD_LIBRARY_PATH":
        folder = first["path"].rpartition("/")[0]
        rest = ":".join(each for each in facts["environ"].get("LD_LIBRARY_PATH", "").split(":") if each and each.rstrip("/") != folder)
        yield fail(
            f"{first['path']} comes before torch's own cuDNN (LD_LIBRARY_PATH)",
            "two releases of cuDNN are mixed: `Could not load library libcudnn_...`, `unable to find an engine`",
            f"export LD_LIBRARY_PATH={rest}" if rest else "unset LD_LIBRARY_PATH",
        )
    elif wheel and others:
        yield warn(f"torch's cuDNN, and another: {others[0]['path']}", "programs that put its folder on LD_LIBRARY_PATH mix the two", "")
    elif copies:
        yield ok(f"cuDNN: {first['path']}")
