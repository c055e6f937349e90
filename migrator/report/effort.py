"""How much is left to do by hand: grouped by what has to be done, and estimated for each file."""

from __future__ import annotations

from dataclasses import dataclass

from migrator.planned import Left, Plan, PlannedFile

LEVELS = ("none", "low", "medium", "high")


@dataclass(frozen=True)
class Task:
    """One thing to do by hand: the rule, what to write, and every place that needs it."""

    rule: str
    advice: str
    places: tuple[tuple[PlannedFile, Left], ...]


def tasks(plan: Plan) -> list[Task]:
    """What is left, grouped by rule and advice; what many places need comes first."""
    groups: dict[tuple[str, str], list[tuple[PlannedFile, Left]]] = {}
    for file, item in plan.left:
        groups.setdefault((item.rule, item.advice), []).append((file, item))
    return [Task(rule, advice, tuple(places)) for (rule, advice), places in sorted(groups.items(), key=lambda g: (-len(g[1]), g[0]))]


def effort(file: PlannedFile) -> str:
    """One of LEVELS, by places and by kinds of work: a kind has to be understood once, a place edited each time.

    "none": nothing is left; "low": one kind at up to three places; "medium": up to three kinds at up to ten; "high": more.
    """
    kinds = {(item.rule, item.advice) for item in file.left}
    if not kinds:
        return "none"
    if len(kinds) == 1 and len(file.left) <= 3:
        return "low"
    return "medium" if len(kinds) <= 3 and len(file.left) <= 10 else "high"


def state(file: PlannedFile) -> str:
    """ "by hand" where something is left to do, else "ported"."""
    return "by hand" if file.left else "ported"
