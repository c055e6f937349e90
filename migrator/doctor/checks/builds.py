"""No build/ folder from before torch was installed."""

import shlex

from ..result import warn

ID = "builds"
TITLE = "build/ is not older than torch"


def check(facts):
    installed = facts["python"].get("torch_installed")
    for each in facts["builds"]:
        if installed and each["newest"] < installed:
            yield warn(
                f"{each['path']} has objects from before torch was installed",
                "setuptools takes them as up to date: `undefined symbol`, or code of another torch",
                f"rm -rf {shlex.quote(each['path'])}",
            )
