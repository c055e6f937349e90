"""-lcudart finds the run time of the toolkit that compiles."""

from ..result import warn
from . import taken

ID = "cudart-link"
TITLE = "the toolkit has a libcudart.so to link with"


def check(facts):
    first = taken(facts)
    for problem in first["link_problems"] if first else ():
        yield warn(
            f"{first['root']}: {problem}",
            "the extension does not link, or loads another CUDA's run time",
            f"ln -s libcudart.so.{first['version'][0]} {first['root']}/lib/libcudart.so   (the toolkit's own file, no other release's)",
        )
