"""``cuport migrate --commit-per-rule``: one git commit for each rule, with a message that explains it."""

from __future__ import annotations

from collections.abc import Callable

import click

from migrator import __version__, vcs
from migrator.annotate import ID as ANNOTATE
from migrator.cli import UsageError, guard
from migrator.planned import Plan
from migrator.report.plain import plain


def commit_each(plan: Plan, replan: Callable[..., Plan], write: Callable[[Plan], bool]) -> None:
    """Make the plan's changes rule by rule and commit each; what the rules only do together, and comments of --annotate, come last.

    ``replan`` makes the plan of the files as they are, with options of ``library.plan``; ``write`` writes one and is true where it could
    not. Raises UsageError; the commits made until then stay.
    """
    for rule in sorted(plan.edits_by_rule.keys() - {ANNOTATE}):
        _commit(replan(select=[rule], annotate=False), write)
    _commit(replan(), write)


def _commit(plan: Plan, write: Callable[[Plan], bool]) -> None:
    if not plan.changed:
        return
    guard.check(plan, commits=True)
    if write(plan):
        raise UsageError("stopped there; the commits made until then stay")
    text = message(plan)
    try:
        vcs.commit(dict.fromkeys(path for file in plan.changed for path in (file.real, file.destination)), text)
    except vcs.GitError as error:
        names = ", ".join(sorted(plan.edits_by_rule))
        raise UsageError(f"{error}: the changes of {names} are written and not committed; `cuport undo` takes them back") from None
    click.echo(f"committed: {text.splitlines()[0]}", err=True)


def message(plan: Plan) -> str:
    """The commit's message: what was done, and for each rule why and since when the old form is gone."""
    rules = [plan.rules[name] for name in sorted(plan.edits_by_rule)]
    parts = [f"{rules[0].id}: {rules[0].title}" if len(rules) == 1 else f"Port to current PyTorch: {', '.join(r.id for r in rules)}"]
    for rule in rules:
        if len(rules) > 1:
            parts.append(f"{rule.id}: {rule.title}")
        parts += [text for text in (rule.why, rule.when, rule.link) if text and text != rule.title]
    edits, files = sum(plan.edits_by_rule.values()), len(plan.changed)
    counted = f"{edits} {'edit' if edits == 1 else 'edits'} in {files} {'file' if files == 1 else 'files'}"
    parts.append(f"{counted}, by cuport {__version__}.")
    return plain("\n\n".join(parts))
