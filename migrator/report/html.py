"""The plan as one HTML page: what was done and why, side by side, and what is left; with the proof, where there is one."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from migrator import __version__
from migrator.planned import Plan, PlannedFile, Rule
from migrator.report import highlight
from migrator.report.effort import LEVELS, effort, state, tasks
from migrator.report.lines import Touched, git_lines, opcodes, rules_between, touched
from migrator.report.page import document, scroll, text
from migrator.report.paths import relative
from migrator.report.plain import plain

if TYPE_CHECKING:
    from migrator.verify.verification import Verification

CONTEXT = 3
QUIET_FOLDERS = 10  # of more folders where nothing changes only the number is shown
OPEN_FILES = 40  # further files are folded; a click or Enter opens one
SQUARES = 400  # of one folder in the picture

STYLE = """
:root { --k-kw: #cf222e; --k-ty: #6639a6; --k-st: #0a3069; --k-nu: #0550ae; --k-co: #59636e; --k-pp: #7d2f00; --k-fn: #6639a6;
  --hand: #9a6700; --hand-bg: #fff4d6; --mark-old: #ffc9c5; --mark-new: #90e4a4; --ported: #1a7f37; --untouched: #b1bac4; }
@media (prefers-color-scheme: dark) { :root { --k-kw: #ff7b72; --k-ty: #d2a8ff; --k-st: #a5d6ff; --k-nu: #79c0ff; --k-co: #9198a1;
  --k-pp: #ffa657; --k-fn: #d2a8ff; --hand: #f0c14b; --hand-bg: #3a2c08; --mark-old: #6b2420; --mark-new: #185428; --ported: #3fb950;
  --untouched: #484f58; } }
body { max-width: 110rem; }
.kw { color: var(--k-kw); } .ty { color: var(--k-ty); } .st { color: var(--k-st); } .nu { color: var(--k-nu); } .co { color: var(--k-co); }
.pp { color: var(--k-pp); } .fn { color: var(--k-fn); }
nav { margin: .75rem 0; } nav a { margin-right: 1rem; }
.cards { display: flex; flex-wrap: wrap; gap: .75rem; margin: 1rem 0; padding: 0; list-style: none; }
.cards li { flex: 1 1 8rem; padding: .6rem .8rem; border: 1px solid var(--line); border-radius: 6px; background: var(--panel); }
.cards strong { display: block; font-size: 1.5rem; line-height: 1.2; } .cards .hand strong { color: var(--hand); }
.bar { display: flex; height: .8rem; overflow: hidden; border-radius: 6px; margin: .5rem 0; }
.bar span { min-width: 2px; } .ported { background: var(--ported); } .by-hand { background: var(--hand); }
.untouched { background: var(--untouched); }
.legend { display: flex; flex-wrap: wrap; gap: 1.25rem; margin: .25rem 0 .75rem; padding: 0; list-style: none; }
.legend i, .squares > * { display: inline-block; width: 1rem; height: 1rem; border-radius: 3px; vertical-align: -.15rem; }
.folders { display: grid; grid-template-columns: fit-content(28rem) 1fr; gap: .3rem 1rem; margin: 0; }
.folders dt { overflow-wrap: anywhere; color: var(--soft); } .folders dd { margin: 0; }
@media (max-width: 40rem) { .folders { display: block; } .folders dd { margin-bottom: .5rem; } }
.squares { display: flex; flex-wrap: wrap; gap: 3px; margin: 0; padding: .2rem 0; }
.squares > * { font-size: .7rem; line-height: 1rem; text-align: center; text-decoration: none; font-weight: 700; }
.squares a.by-hand { color: var(--bg); } .squares a.ported { color: var(--bg); } .squares .more { width: auto; color: var(--soft); }
.chip { display: inline-block; padding: 0 .5rem; border: 1px solid var(--line); border-radius: 1rem; font-size: .8rem;
background: var(--panel);
  color: var(--fg); text-decoration: none; white-space: nowrap; } a.chip:hover { border-color: var(--focus); }
.chip.broken { border-color: var(--bad); } .chip.deprecated { border-color: var(--note); } .chip.high { color: var(--bad); }
.chip.medium { color: var(--hand); } .chip.low { color: var(--good); }
.file { border: 1px solid var(--line); border-radius: 6px; margin: .75rem 0; }
.file > summary { padding: .5rem .75rem; background: var(--panel);
  border-radius: 6px; position: sticky; top: 0; z-index: 1; } .sides > .scroll { border-width: 1px 0 0; border-radius: 0; }
.sides table { table-layout: fixed; min-width: 60rem; font: .8rem/1.45 ui-monospace, monospace; }
.sides td { border: 0; padding: 0 .5rem; white-space: pre-wrap; overflow-wrap: anywhere; tab-size: 4; }
.sides td.no { padding: 0 .5rem; text-align: right; color: var(--soft); user-select: none; white-space: nowrap; }
.sides col.no { width: 4rem; } .sides .old { background: var(--bad-bg); } .sides .new { background: var(--good-bg); }
.sides mark { color: inherit; border-radius: 2px; } .sides .old mark { background: var(--mark-old); }
.sides .new mark { background: var(--mark-new); }
.sides th { background: var(--panel); font-weight: 400; padding: .25rem .5rem; border-bottom: 0; text-align: left; }
.sides th .chip { margin-left: .4rem; }
.hand-note { background: var(--hand-bg); border-left: 3px solid var(--hand); padding: .4rem .75rem; margin: .4rem 0;
overflow-wrap: anywhere; }
ul.places { margin: .25rem 0; padding-left: 1.25rem; overflow-wrap: anywhere; } .advice { white-space: pre-wrap; }
td details { margin: 0; }
@media print { .file > summary { position: static; } .scroll { overflow: visible; } }
"""


def render(plan: Plan, title: str, written: bool, verification: Verification | None = None) -> str:
    """The page. ``title`` says what was migrated, in plain text; ``written``: the plan was carried out."""
    anchors = {id(file): f"file-{number}" for number, file in enumerate(plan.files)}
    parts = [_heading(plan, title, written), _picture(plan, anchors)]
    if verification is not None:
        parts.append(_verification(verification))
    parts += [_by_hand(plan, anchors, written), _notes(plan), _files(plan, anchors, written), _rules(plan)]
    return document(f"cuport migrate: {title}", "\n".join(part for part in parts if part), STYLE)


def _heading(plan: Plan, title: str, written: bool) -> str:
    target, floor = (".".join(map(str, release)) for release in (plan.settings.target, plan.settings.min_torch))
    to = f"torch {target}" + (f", compiling since {floor}" if floor != target else "")
    did = f"ported to {to}" if written else f"planned for {to}; nothing was written"
    cards = [
        (plan.files_read, "files read", ""),
        (len(plan.changed), "files changed" if written else "files that change", ""),
        (sum(plan.edits_by_rule.values()), "edits", ""),
        (len(plan.left), "places to do by hand", ' class="hand"' if plan.left else ""),
    ]
    items = "".join(f"<li{kind}><strong>{number:,}</strong> {words}</li>" for number, words, kind in cards)
    links = [("picture", "Files")]
    links += [("hand", "By hand")] if plan.left else []
    links += [("diffs", "Changes"), ("rules", "Rules")] if plan.rules else []
    nav = "".join(f'<a href="#{anchor}">{words}</a>' for anchor, words in links)
    return (
        f'<h1>cuport migrate: {text(title)}</h1>\n<p class="soft">{text(did)}. cuport {text(__version__)}</p>\n'
        f'<nav aria-label="Sections">{nav}</nav>\n<ul class="cards">{items}</ul>'
    )


# -- the picture ---------------------------------------------------------------------------------------------------


def _picture(plan: Plan, anchors: dict[int, str]) -> str:
    """A square for each file, folder by folder: ported, to do by hand, untouched."""
    folders: dict[str, list[tuple[str, str]]] = {}
    count = {"ported": 0, "by hand": 0, "untouched": 0}

    def add(path: Path, what: str, square: str) -> None:
        count[what] += 1
        folder, _, name = relative(path).rpartition("/")
        folders.setdefault(folder, []).append((name, square))

    for file in plan.files:
        what = state(file)
        label = text(f"{relative(file.path)}: {what}")
        mark = "!" if what == "by hand" else ""
        square = f'<a class="{what.replace(" ", "-")}" href="#{anchors[id(file)]}" title="{label}" aria-label="{label}">{mark}</a>'
        add(file.path, what, square)
    for path in plan.untouched:
        add(path, "untouched", f'<span class="untouched" title="{text(relative(path))}: untouched"></span>')
    total = sum(count.values())
    if not total:
        return ""
    bar = "".join(f'<span class="{what.replace(" ", "-")}" style="flex:{number}"></span>' for what, number in count.items() if number)
    legend = "".join(f'<li><i class="{what.replace(" ", "-")}"></i> {number:,} {what}</li>' for what, number in count.items())
    quiet = [folder for folder, found in folders.items() if all(square.startswith("<span") for _, square in found)]
    if len(quiet) > QUIET_FOLDERS:
        files = sum(len(folders.pop(folder)) for folder in quiet)
        last = f'<dt>{len(quiet):,} other folders</dt><dd class="soft">{files:,} files that need nothing</dd>'
    else:
        last = ""
    rows = "\n".join(f"<dt>{text(folder or '.')}</dt><dd>{_squares(found)}</dd>" for folder, found in sorted(folders.items())) + last
    return (
        f'<section aria-labelledby="picture">\n<h2 id="picture">Files</h2>\n<div class="bar" aria-hidden="true">{bar}</div>\n'
        f'<ul class="legend">{legend}</ul>\n<dl class="folders">\n{rows}\n</dl>\n</section>'
    )


def _squares(found: list[tuple[str, str]]) -> str:
    ordered = [square for _, square in sorted(found)]
    more = f'<span class="more">and {len(ordered) - SQUARES} more</span>' if len(ordered) > SQUARES else ""
    return f'<div class="squares">{"".join(ordered[:SQUARES])}{more}</div>'


# -- the proof, what is left, the rules ----------------------------------------------------------------------------


def _verification(result: Verification) -> str:
    from migrator.verify.report.html import sections, verdicts

    return '<h2 id="proof">Verified</h2>\n' + "\n".join([*verdicts(result), *sections(result)])


def _by_hand(plan: Plan, anchors: dict[int, str], written: bool) -> str:
    if not plan.left:
        return ""
    out = ['<section aria-labelledby="hand"><h2 id="hand">Left to do by hand</h2>']
    for task in tasks(plan):
        places = "".join(
            f'<li><a href="#{anchors[id(file)]}"><code>{text(relative(file.path))}:{item.new_line if written else item.line}</code></a> '
            f"{inline(item.message)}</li>"
            for file, item in task.places
        )
        advice = f'<p class="advice"><strong>Write:</strong> {inline(task.advice)}</p>' if task.advice else ""
        out.append(f'<div class="hand-note">{_chip(plan.rules[task.rule])}<ul class="places">{places}</ul>{advice}</div>')
    rows = "".join(
        f'<tr><th scope="row"><a href="#{anchors[id(file)]}"><code>{text(relative(file.path))}</code></a></th>'
        f'<td>{len(file.left)}</td><td><span class="chip {effort(file)}">{effort(file)}</span></td></tr>'
        for file in sorted((f for f in plan.files if f.left), key=lambda f: (-LEVELS.index(effort(f)), -len(f.left)))
    )
    head = '<thead><tr><th scope="col">file</th><th scope="col">places</th><th scope="col">effort</th></tr></thead>'
    out.append(scroll("Effort by file", f"{head}<tbody>{rows}</tbody>") + "</section>")
    return "\n".join(out)


def _rules(plan: Plan) -> str:
    if not plan.rules:
        return ""
    edits, files = plan.edits_by_rule, plan.files_by_rule
    rows = "\n".join(
        f'<tr id="rule-{text(rule.id)}"><th scope="row"><code>{text(rule.id)}</code></th><td>{edits[rule.id]}</td><td>{files[rule.id]}</td>'
        f"<td><details><summary>{inline(rule.title)}</summary>{_why(rule)}</details></td></tr>"
        for rule in sorted(plan.rules.values(), key=lambda r: (-edits[r.id], r.id))
    )
    head = '<thead><tr><th scope="col">rule</th><th scope="col">edits</th><th scope="col">files</th><th scope="col">why</th></tr></thead>'
    table = scroll("Rules", f"{head}<tbody>\n{rows}\n</tbody>")
    return f'<section aria-labelledby="rules"><h2 id="rules">Rules</h2>\n{table}</section>'


def _why(rule: Rule) -> str:
    """The documentation of a rule: paragraphs, and code where it is indented."""
    out = [f'<p class="soft">{text(", ".join(w for w in (rule.when, rule.tier) if w))}</p>']
    for block in re.split(r"\n\s*\n|(?<=Before:)\n|(?=\nAfter:)|(?<=After:)\n", rule.why):
        code = [line for line in block.splitlines() if line.strip()]
        if code and all(line.startswith("    ") for line in code):
            out.append(f'<pre tabindex="0">{text(chr(10).join(line[4:] for line in block.strip(chr(10)).splitlines()))}</pre>')
        elif code:
            out.append(f"<p>{inline(' '.join(line.strip() for line in code))}</p>")
    if rule.link.startswith("https://"):
        out.append(f'<p><a href="{text(rule.link)}">{text(rule.link)}</a></p>')
    return "".join(out)


def inline(words: str) -> str:
    return re.sub(r"``(.+?)``|`([^`\n]+)`", lambda m: f"<code>{m.group(1) or m.group(2)}</code>", text(words))


def _chip(rule: Rule) -> str:
    return f'<a class="chip {rule.severity}" href="#rule-{text(rule.id)}" title="{text(plain(rule.title))}">{text(rule.id)}</a>'


def _notes(plan: Plan) -> str:
    items = [f"<li><code>{text(relative(f.path))}:{a.line}</code> {inline(a.note)}</li>" for f, a in plan.notes]
    items += [f"<li><code>{text(relative(p.path))}</code> {text(p.message)}</li>" for p in plan.problems]
    items += [
        f"<li><code>{text(relative(u.path))}:{u.line}</code> this comment ignores {text(', '.join(u.rules) or 'anything')} in vain</li>"
        for u in plan.unused_ignores
    ]
    return f'<section><h2>Notes</h2><ul class="places">{"".join(items)}</ul></section>' if items else ""


# -- the changes ---------------------------------------------------------------------------------------------------


def _files(plan: Plan, anchors: dict[int, str], written: bool) -> str:
    if not plan.files:
        return ""
    files = "\n".join(_file(file, plan, anchors[id(file)], number < OPEN_FILES, written) for number, file in enumerate(plan.files))
    return f'<section aria-labelledby="diffs"><h2 id="diffs">Changes</h2>\n{files}\n</section>'


def _file(file: PlannedFile, plan: Plan, anchor: str, opened: bool, written: bool) -> str:
    name = relative(file.path)
    if file.new_path is not None:
        name += f" \u2192 {relative(file.shown_destination)}"
    facts = "new file" if file.created else f"{len(file.applied)} {'edit' if len(file.applied) == 1 else 'edits'}"
    level = f' <span class="chip {effort(file)}">by hand: {effort(file)}</span>' if file.left else ""
    notes = "".join(
        f'<p class="hand-note"><code>line {item.new_line if written else item.line}</code> {_chip(plan.rules[item.rule])} '
        f"{inline(item.message)}</p>"
        for item in file.left
    )
    diff = ""
    if file.before != file.after:
        columns = '<colgroup><col class="no"><col><col class="no"><col></colgroup>'
        head = '<thead><tr><th scope="colgroup" colspan="2">before</th><th scope="colgroup" colspan="2">after</th></tr></thead>'
        body = "\n".join(_hunks(file, plan))
        diff = f'<div class="sides">{scroll(f"Changes in {name}", f"{columns}{head}<tbody>{body}</tbody>")}</div>'
    return (
        f'<details class="file" id="{anchor}"{" open" if opened else ""}><summary><code>{text(name)}</code> '
        f'<span class="soft">{facts}</span>{level}</summary>{notes}{diff}</details>'
    )


def _hunks(file: PlannedFile, plan: Plan) -> Iterator[str]:
    before, after = git_lines(file.before), git_lines(file.after)
    old_marks, new_marks = _marks(file)
    old = highlight.lines("".join(before), file.path, old_marks)
    new = highlight.lines("".join(after), file.shown_destination, new_marks)
    spans = [Touched(0, 1, tuple(a.rule for a in file.applied))] if file.created else touched(file)
    for group in opcodes(file, before, after).get_grouped_opcodes(CONTEXT):
        first, last = group[0][1] + 1, max(group[0][1] + 1, group[-1][2])
        chips = "".join(_chip(plan.rules[rule]) for rule in rules_between(spans, first if not file.created else 0, last))
        yield f'<tr><th scope="rowgroup" colspan="4">line {first}{chips}</th></tr>'
        for tag, i1, i2, j1, j2 in group:
            for i, j in zip_longest(range(i1, i2), range(j1, j2)):
                changed = tag != "equal"
                yield f"<tr>{_side(old, i, 'old' if changed else '')}{_side(new, j, 'new' if changed else '')}</tr>"


def _side(lines: list[str], index: int | None, kind: str) -> str:
    if index is None:
        return '<td class="no"></td><td></td>'
    shade = f' class="{kind}"' if kind else ""
    return f'<td class="no">{index + 1}</td><td{shade}>{lines[index]}</td>'


def _marks(file: PlannedFile) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """What was replaced and what came, as spans of characters of the old and the new text."""
    old, new, shift = [], [], 0
    for r in file.replacements:
        old.append((r.start, r.end))
        new.append((r.start + shift, r.start + shift + len(r.text)))
        shift += len(r.text) - (r.end - r.start)
    return _characters(file.before, old), _characters(file.after, new)


def _characters(data: bytes, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    if data.isascii():
        return spans
    starts = [0]
    for character in data.decode("utf-8", "surrogateescape"):
        starts.append(starts[-1] + len(character.encode("utf-8", "surrogateescape")))
    return [(bisect_left(starts, start), bisect_left(starts, end)) for start, end in spans]
