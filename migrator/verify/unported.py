"""What to do first about a tree that does not compile since it was never ported, or not to the end."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from migrator.engine import Catalogue
from migrator.library import PlanError, plan
from migrator.source import language_of

from .matrix import Matrix
from .prove import Proof
from .releases import number

SHOWN = 3


def advice(path: Path, tree: Matrix | None, proofs: list[Proof], catalogue: Callable[[], Catalogue]) -> str:
    """A line that names the command to run first, where a migration of ``path`` would change what the failing releases do not compile.

    ``tree`` is what compiled of the tree at hand. Nothing is written. "" where there is nothing to say.
    """
    red = [release for release in tree.releases if any(row.red(release) for row in tree.rows)] if tree is not None else []
    red += [proof.target for proof in proofs if any(unit.not_compared for unit in proof.units)]
    if not red:
        return ""
    release = max(red, key=number)
    flags = tree is not None and any(row.kind == "build flags" and row.red(release) for row in tree.rows)
    short = ".".join(release.split(".")[:2])
    try:
        made = plan(path, target=short, only_broken=True, catalogue=catalogue())
    except PlanError:
        return ""
    counts: Counter[str] = Counter()
    by_hand = 0
    for file in made.files:
        if flags or language_of(file.path) == "c++":
            counts.update(applied.rule for applied in file.applied if made.rules[applied.rule].severity == "broken")
            by_hand += sum(made.rules[item.rule].severity == "broken" for item in file.left)
    command = f"cuport migrate {shlex.quote(str(path))}"
    if counts:
        names = ", ".join(rule for rule, _ in counts.most_common(SHOWN)) + (", ..." if len(counts) > SHOWN else "")
        places = "1 place needs" if counts.total() == 1 else f"{counts.total()} places need"
        return f"not ported: {places} a rewrite for torch {short} ({names}): run `{command}` first"
    if by_hand:
        places = "place is" if by_hand == 1 else "places are"
        return f"{by_hand} {places} left to do by hand for torch {short}: `{command} --dry-run` lists them"
    return ""
