"""Python imports the package of this checkout, not another one of the same name."""

import os

from ..result import ok, warn

ID = "shadow"
TITLE = "the package that is imported is this checkout's"


def check(facts):
    for name, each in facts["project"].items():
        others = [path for path in each["imported"] if path and os.path.realpath(path) != os.path.realpath(each["here"])]
        if others and len(others) == len(each["imported"]):
            yield warn(
                f"`import {name}` takes {others[0]}, and this checkout is {each['here']}",
                "what is built here is not what runs: `cannot import name '_C'`, or an old library",
                "python -m pip install --no-build-isolation --no-deps -e .   (or `pip uninstall` the other one)",
            )
        elif each["imported"]:
            yield ok(f"`import {name}` takes this checkout")
