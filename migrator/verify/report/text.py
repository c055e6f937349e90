"""The report for people: a matrix, the first error under each red cell, the kernels, and a line to quote."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence

from ..kernels import CHANGED, EXPECTED, IDENTICAL, ONLY_AFTER, ONLY_BEFORE, Verdict
from ..matrix import Matrix, Row
from ..prove import Proof, UnitProof
from ..runner import RunResult
from ..verification import Verification

Paint = Callable[[str, str], str]
DIFF_LINES = 24
ERROR_LINES = 8


def plain(text: str, colour: str) -> str:
    return text


def render(result: Verification, paint: Paint = plain, width: int | None = None) -> str:
    width = width or shutil.get_terminal_size((120, 40)).columns
    out: list[str] = []
    if result.project is not None:
        out += [f"note: {note}" for note in result.project.notes]
    if result.before is not None:
        same = ", which the tree at hand is too" if result.unchanged else ""
        out += _matrix(result.before, f"originals ({result.before_description}{same})", result, paint, width)
    if result.after is not None:
        out += _matrix(result.after, "port" if result.before is not None else "compiled", result, paint, width)
    for proof in result.proofs:
        out += _proof(proof, paint)
    if result.run is not None:
        out += _run(result.run, paint)
    out += _summary(result, paint)
    return "\n".join(out) + "\n"


def minor(release: str) -> str:
    return ".".join(release.split(".")[:2])


# -- the matrix ----------------------------------------------------------------------------------------------------


def _matrix(matrix: Matrix, title: str, result: Verification, paint: Paint, width: int) -> list[str]:
    longest = max(len(_label(row)) for row in matrix.rows)
    chunk = max(1, (width - longest - 4) // 6)
    out = [paint(f"{title}, {'/'.join(result.archs)}, CUDA {result.cuda}, {result.compiler}", "bold")]
    groups = [matrix.releases[i : i + chunk] for i in range(0, len(matrix.releases), chunk)]
    for releases in groups:
        out.append(" " * (longest + 4) + "".join(f"{minor(r):<6}" for r in releases).rstrip())
        for row in matrix.rows:
            cells = "".join(_cell(row, release, paint) for release in releases)
            out.append(f"  {_label(row):<{longest}}  {cells.rstrip()}")
            for span, error in _errors(row, releases):
                lines = error.splitlines()
                out += [f"      {paint(span, 'red')}: {line}" for line in lines[:ERROR_LINES]]
                if len(lines) > ERROR_LINES:
                    out.append(f"      ... {len(lines) - ERROR_LINES} more (all in --format json)")
    unchecked = dict.fromkeys(link.checked for link in matrix.links if link.checked.startswith("only the known traps"))
    out += [f"  link: {text}" for text in unchecked]
    return [*out, ""]


def _label(row: Row) -> str:
    return row.name if row.kind == "unit" else f"{row.kind} of {row.name}"


def _cell(row: Row, release: str, paint: Paint) -> str:
    word, colour = ("ok", "green") if row.green(release) else ("FAIL", "red") if row.red(release) else ("-", "")
    return paint(word, colour) + " " * (6 - len(word))


def _errors(row: Row, releases: Sequence[str]) -> list[tuple[str, str]]:
    """Each error once, with the releases that show it."""
    found: dict[str, list[str]] = {}
    for release in releases:
        error = row.cells.get(release)
        if error:
            found.setdefault(error.replace(release, "X"), []).append(release)
    return [(spans(seen, releases), row.cells[seen[0]] or "") for seen in found.values()]


def spans(chosen: Sequence[str], releases: Sequence[str]) -> str:
    """`1.4 to 1.10, 2.15`: runs of releases that are neighbours in `releases`."""
    runs: list[list[str]] = []
    last = -2
    for at, release in enumerate(releases):
        if release in chosen:
            if at == last + 1 and runs:
                runs[-1].append(release)
            else:
                runs.append([release])
            last = at
    return ", ".join(minor(run[0]) if len(run) == 1 else f"{minor(run[0])} to {minor(run[-1])}" for run in runs)


def story(result: Verification) -> str:
    """`compiled on 1.4 to 1.10, broken since 1.11; now compiles on 1.13 to 2.15`."""
    parts = []
    if result.before is not None:
        green = _all_green(result.before)
        text = f"compiled on {spans(green, result.before.releases)}" if green else "compiled on none of these releases"
        broken = [r for r in result.before.releases if r not in green]
        if green and broken and result.before.releases.index(broken[0]) > result.before.releases.index(green[-1]):
            text += f", broken since {minor(broken[0])}"
        parts.append(text)
    if result.after is not None:
        green = _all_green(result.after)
        now = "now compiles on" if result.before is not None else "compiles on"
        parts.append(f"{now} {spans(green, result.after.releases)}" if green else f"{now} none of these releases")
    return "; ".join(parts)


def _all_green(matrix: Matrix) -> list[str]:
    """Releases on which every unit compiles and nothing else (linking, the build's flags) fails."""
    return [r for r in matrix.releases if all(row.green(r) for row in matrix.units) and not any(row.red(r) for row in matrix.rows)]


# -- kernels, run, summary -----------------------------------------------------------------------------------------


def _proof(proof: Proof, paint: Paint) -> list[str]:
    out = [paint(f"kernels, {proof.arch}", "bold")]
    longest = max((len(u.unit) for u in proof.units), default=0)
    for unit in proof.units:
        out.append(f"  {unit.unit:<{longest}}  {_unit_line(unit, paint)}")
        for verdict in unit.own:
            if verdict.status == CHANGED:
                out.append(f"      {paint('changed', 'red')}: {verdict.kernel}{touched(verdict)}")
                shown = list(verdict.diff[:DIFF_LINES])
                out += ["        " + paint(line, {"-": "red", "+": "green"}.get(line[:1], "")) for line in shown]
                if len(verdict.diff) > DIFF_LINES:
                    out.append(f"        ... {len(verdict.diff) - DIFF_LINES} more lines (all in --format json)")
            elif verdict.status == EXPECTED:
                out.append(f"      {paint(EXPECTED, 'green')}: {verdict.kernel}: {', '.join(verdict.rules)}: {verdict.reason}")
            elif verdict.status in (ONLY_BEFORE, ONLY_AFTER):
                out.append(f"      {paint(verdict.status, 'red')}: {verdict.kernel}")
    return [*out, ""]


def touched(verdict: Verdict) -> str:
    """The rules that edited the source of a changed kernel, in words."""
    return f" (rewrites that touched its source: {', '.join(verdict.rules)})" if verdict.rules else ""


def _unit_line(unit: UnitProof, paint: Paint) -> str:
    if unit.not_compared:
        return paint("not compared", "red") + f": {unit.not_compared}"
    if not unit.own:
        return "no kernels of its own"
    counts = [f"{unit.count(s)} {s}" for s in (IDENTICAL, EXPECTED, CHANGED, ONLY_BEFORE, ONLY_AFTER) if unit.count(s)]
    extra = " with the host-side shim" if unit.shim else ""
    extra += " and masks for its shuffles" if unit.masks else ""
    apart = ""
    if unit.through_headers:
        them = "them" if len(unit.through_headers) > 1 else "it"
        pair = f"{unit.before_release} -> {unit.neighbour}"
        apart = f"; {len(unit.through_headers)} identical {pair}: {unit.target}'s own headers change {them}"
    return f"{', '.join(counts)}  (torch {unit.before_release}{extra} -> {unit.target}{apart})"


def _run(run: RunResult, paint: Paint) -> list[str]:
    out = [paint("run", "bold")]
    for module, names in run.operators.items():
        out.append(f"  {module}: {len(names)} names: {', '.join(names[:12])}{' ...' if len(names) > 12 else ''}")
    if run.returncode is not None:
        out.append(f"  {' '.join(run.command)}: ended with {run.returncode}")
    out += [f"  {paint('FAIL', 'red')}: {problem}" for problem in run.problems]
    if not run.gpu:
        out.append("  no GPU here: what was imported was not run on one")
    return [*out, ""]


def _summary(result: Verification, paint: Paint) -> list[str]:
    out = []
    if result.before is not None or result.after is not None:
        out.append(story(result))
    out += [paint(proof.summary, "green" if proof.complete else "red") for proof in result.proofs]
    facts = (
        f"{result.compiled} compiled, {result.reused} from the cache, {result.downloaded / 1e6:.1f} MB downloaded, {result.seconds:.0f} s"
    )
    if result.peak_bytes:
        facts += f", at most {result.peak_bytes / 1e9:.1f} GB for one compile"
    return [*out, *([paint(result.advice, "yellow")] if result.advice else []), facts]
