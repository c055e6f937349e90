"""The survey as one page: how the repositories stand, a table to sort, what is left by hand in all of them, the rules."""

from __future__ import annotations

from typing import Any

from migrator.fleet.survey import STATES, Record
from migrator.report.effort import LEVELS
from migrator.report.html import STYLE, inline
from migrator.report.page import document, scroll, text

ROWS = 5_000  # more make a page that no browser likes; all are in survey.json
TASKS = 300
NAMED = 12  # repositories named of one task
SHOWN = 2  # errors of a kind of one repository; all are in survey.json

_STYLE = """
:root { --failed: #b3261e; } @media (prefers-color-scheme: dark) { :root { --failed: #ff8f87; } }
.failed { background: var(--failed); } .nothing-to-do { background: var(--untouched); }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
td.state { white-space: nowrap; }
td.state i { display: inline-block; width: .7rem; height: .7rem; border-radius: 2px; margin-right: .4rem; }
th button { all: unset; cursor: pointer; } th button:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
th[aria-sort=ascending] button::after { content: " \\25b2"; } th[aria-sort=descending] button::after { content: " \\25bc"; }
.survey tbody th { min-width: 12rem; max-width: 24rem; } .survey .why { min-width: 11rem; overflow-wrap: anywhere; }
tr:target > * { background: var(--note-bg); }
"""
_SCRIPT = """
for (const button of document.querySelectorAll(".survey thead button")) button.addEventListener("click", () => {
  const head = button.parentElement, body = head.closest("table").tBodies[0], column = head.cellIndex;
  const numeric = head.classList.contains("number"), up = head.ariaSort ? head.ariaSort === "descending" : !numeric;
  const value = row => { const cell = row.cells[column], key = cell.dataset.key ?? cell.textContent; return numeric ? Number(key) : key; };
  const order = (a, b) => numeric ? value(a) - value(b) : value(a).localeCompare(value(b), undefined, {numeric: true});
  for (const other of head.parentElement.cells) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", up ? "ascending" : "descending");
  body.append(...[...body.rows].sort((a, b) => up ? order(a, b) : order(b, a)));
});
"""


def render(survey: dict[str, Any], listed: str) -> str:
    """The page. ``listed`` names the list, in plain text."""
    parts = [_heading(survey, listed), _states(survey), _failures(survey), _table(survey), _left(survey), _rules(survey)]
    return document(f"cuport fleet: {listed}", "\n".join(part for part in parts if part), STYLE + _STYLE, _SCRIPT)


def _heading(survey: dict[str, Any], listed: str) -> str:
    sums = survey["summary"]
    cards = [
        (f"{sums['repositories']:,}", "repositories", ""),
        (f"{sums['breaks']:,}", f"places that break on torch {survey['target']}", ""),
        (f"{sums['edits']:,}", "edits", ""),
        (f"{sums['by_hand']:,}", "places to do by hand", ' class="hand"' if sums["by_hand"] else ""),
    ]
    if sums["units"]:
        cards.append((f"{sums['compiled']:,} of {sums['units']:,}", "units compile", ""))
    if sums["kernels"]:
        cards.append((f"{sums['proven']:,} of {sums['kernels']:,}", "kernels proven", ""))
    items = "".join(f"<li{kind}><strong>{number}</strong> {text(words)}</li>" for number, words, kind in cards)
    links = [("repositories", "Repositories")]
    links += [("hand", "By hand")] if survey["left"] else []
    links += [("rules", "Rules")] if survey["rules"] else []
    nav = "".join(f'<a href="#{anchor}">{words}</a>' for anchor, words in links)
    return (
        f'<h1>cuport fleet: {text(listed)}</h1>\n<p class="soft">Planned for torch {text(survey["target"])}; no repository was changed but '
        f'on branches that are named here. cuport {text(survey["tool"]["version"])}</p>\n<nav aria-label="Sections">{nav}</nav>\n'
        f'<ul class="cards">{items}</ul>'
    )


def _states(survey: dict[str, Any]) -> str:
    counts = survey["summary"]["states"]
    bar = "".join(f'<span class="{_class(each)}" style="flex:{counts[each]}"></span>' for each in STATES if counts[each])
    legend = "".join(f'<li><i class="{_class(each)}"></i> {counts[each]} {each}</li>' for each in STATES)
    return f'<div class="bar" aria-hidden="true">{bar}</div>\n<ul class="legend">{legend}</ul>'


def _class(state: str) -> str:
    return state.replace(" ", "-")


def _failures(survey: dict[str, Any]) -> str:
    counts: dict[str, int] = {}
    for record in survey["repositories"]:
        if record["error"] is not None:
            counts[record["error"]["kind"]] = counts.get(record["error"]["kind"], 0) + 1
    words = {
        "input": "cannot be read",
        "time": "took too long",
        "memory": "took too much memory",
        "crash": "crashed",
        "internal": "internal",
    }
    said = ", ".join(f"{count} {words.get(kind, kind)}" for kind, count in sorted(counts.items()))
    return f'<p class="summary bad"><strong>\N{BALLOT X}</strong> Not surveyed: {text(said)}; the table says why</p>' if said else ""


# -- the table -----------------------------------------------------------------------------------------------------


def _table(survey: dict[str, Any]) -> str:
    records = survey["repositories"]
    verified = any(record.get("verified") for record in records)
    applied = any(record.get("applied") for record in records)
    heads = [
        ("repository", "", ""),
        ("state", "", ""),
        ("breaks", "n", "places that break on the target"),
        ("edits", "n", ""),
        ("by hand", "n", "places left to do by hand"),
        ("effort", "", "of what is left by hand: the highest of any file"),
    ]
    heads += [("units compile", "n", ""), ("kernels proven", "n", "")] if verified else []
    heads += [("branch", "", "the port, committed")] if applied else []
    heads += [("files read", "n", ""), ("seconds", "n", "by the clock"), ("peak MB", "n", "of the largest process")]
    heads.append(("errors, or the rules that it needs most", "", ""))
    row = "".join(f'<th scope="col"{_title(why)}{_number(kind)}><button type="button">{name}</button></th>' for name, kind, why in heads)
    rows = "\n".join(_row(record, verified, applied) for record in records[:ROWS])
    more = f'<p class="soft">The first {ROWS:,} are shown; all {len(records):,} are in survey.json.</p>' if len(records) > ROWS else ""
    table = scroll("Repositories", f"<thead><tr>{row}</tr></thead><tbody>\n{rows}\n</tbody>")
    return f'<section class="survey" aria-labelledby="repositories"><h2 id="repositories">Repositories</h2>\n{more}{table}</section>'


def _title(why: str) -> str:
    return f' title="{why}"' if why else ""


def _number(kind: str) -> str:
    return ' class="number"' if kind else ""


def _row(record: Record, verified: bool, applied: bool) -> str:
    state, level = record["state"], record.get("effort", {}).get("level", "")
    where = f'<br><span class="soft">{text(record["location"])}</span>' if record["location"] != record["name"] else ""
    ref = f' <span class="chip">{text(record["ref"])}</span>' if record["ref"] else ""
    cells = [
        f'<th scope="row"><strong>{text(record["name"])}</strong>{ref}{where}</th>',
        f'<td class="state" data-key="{STATES.index(state)}"><i class="{_class(state)}"></i>{state}</td>',
        *(_count(record[name] if "edits" in record else None) for name in ("breaks", "edits", "by_hand")),
        f'<td data-key="{LEVELS.index(level)}"><span class="chip {level}">{level}</span></td>' if level else '<td data-key="-1"></td>',
    ]
    found = record.get("verified") or {}
    if verified:
        cells += [_share(found.get(part), found.get(whole)) for part, whole in (("compiled", "units"), ("proven", "kernels"))]
    if applied:
        made = record.get("applied")
        said = f"<code>{text(made['branch'])}</code> {made['commit'][:12]}<br>in {text(made['repository'])}" if made else ""
        cells.append(f"<td>{said}</td>")
    cost = record["cost"]
    cells += [_count(record.get("files_read")), _count(cost["seconds"], ".1f"), _count(cost["peak_bytes"] / 1e6, ",.0f")]
    return f'<tr>{"".join(cells)}<td class="why">{_why(record)}</td></tr>'


def _count(value: float | None, form: str = ",") -> str:
    shown = "" if value is None else format(value, form)
    return f'<td class="number" data-key="{-1 if value is None else value}">{shown}</td>'


def _share(part: int | None, whole: int | None) -> str:
    if part is None or whole is None:
        return '<td class="number" data-key="-1"></td>'
    return f'<td class="number" data-key="{part / whole if whole else -0.5}">{part:,} of {whole:,}</td>'


def _why(record: Record) -> str:
    """The errors of a repository; where there are none, the rules that it needs most."""
    found = record.get("verified") or {}
    if record["error"] is not None:
        return f'<span class="bad">{inline(record["error"]["message"])}</span>'
    lines = [f'<span class="bad">{inline(found["error"])}</span>'] if found.get("error") else []
    for each in found.get("failed", ())[:SHOWN]:
        lines.append(f'<span class="bad"><code>{text(each["unit"])}</code> torch {text(each["torch"])}: {text(each["error"])}</span>')
    lines += [f'<span class="note">not compared: {text(each)}</span>' for each in found.get("not_compared", ())[:SHOWN]]
    lines += [f'<span class="note">{text(each)}</span>' for each in record["unread"][:SHOWN]]
    more = record.get("not_read", 0) - SHOWN
    lines += [f'<span class="note">{more:,} more not read</span>'] if more > 0 else []
    top = sorted(record["rules"].items(), key=lambda item: (-item[1]["edits"] - item[1]["by_hand"], item[0]))[:3]
    lines.append(", ".join(f"{text(name)}\N{NO-BREAK SPACE}{rule['edits'] + rule['by_hand']}" for name, rule in top))
    return "<br>".join(line for line in lines if line)


# -- all of them ---------------------------------------------------------------------------------------------------


def _left(survey: dict[str, Any]) -> str:
    if not survey["left"]:
        return ""
    rows = "\n".join(
        f'<tr><th scope="row"><code>{text(task["rule"])}</code></th><td class="number">{len(task["repositories"]):,}</td>'
        f'<td class="number">{task["count"]:,}</td><td>{_advice(task)}'
        f'<p class="soft">{text(", ".join(task["repositories"][:NAMED]))}{_rest(task["repositories"])}</p></td></tr>'
        for task in survey["left"][:TASKS]
    )
    head = '<thead><tr><th scope="col">rule</th><th scope="col" class="number">repositories</th><th scope="col" class="number">places</th>'
    table = scroll("Left to do by hand", f'{head}<th scope="col">such as, and what to write</th></tr></thead><tbody>\n{rows}\n</tbody>')
    count = len(survey["left"])
    more = f'<p class="soft">The first {TASKS} are shown; all {count:,} are in survey.json.</p>' if count > TASKS else ""
    return f'<section aria-labelledby="hand"><h2 id="hand">Left to do by hand</h2>\n{more}{table}</section>'


def _advice(task: dict[str, Any]) -> str:
    write = f"<p><strong>Write:</strong> {inline(task['advice'])}</p>" if task["advice"] else ""
    return f"<p>{inline(task['message'])}</p>{write}"


def _rest(names: list[str]) -> str:
    return f" and {len(names) - NAMED} more" if len(names) > NAMED else ""


def _rules(survey: dict[str, Any]) -> str:
    if not survey["rules"]:
        return ""
    rows = "\n".join(
        f'<tr><th scope="row"><code>{text(name)}</code></th><td class="number">{rule["repositories"]}</td>'
        f'<td class="number">{rule["edits"]:,}</td><td class="number">{rule["by_hand"]:,}</td>'
        f'<td><span class="chip {text(rule["severity"])}">{text(rule["severity"])}</span></td><td>{inline(rule["title"])}</td></tr>'
        for name, rule in sorted(survey["rules"].items(), key=lambda item: (-item[1]["repositories"], -item[1]["edits"], item[0]))
    )
    numbers = "".join(f'<th scope="col" class="number">{name}</th>' for name in ("repositories", "edits", "by hand"))
    head = f'<thead><tr><th scope="col">rule</th>{numbers}<th scope="col">old form</th><th scope="col">what it does</th></tr></thead>'
    return f'<section aria-labelledby="rules"><h2 id="rules">Rules</h2>\n{scroll("Rules", f"{head}<tbody>{rows}</tbody>")}</section>'
