"""The report as one HTML page: no script, nothing loaded, every text escaped. It opens from a file and from a mail."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from migrator.report.page import banner, document
from migrator.report.page import text as _text

from ..kernels import CHANGED, EXPECTED, IDENTICAL, Verdict
from ..matrix import Matrix, Row
from ..prove import Proof, UnitProof
from ..runner import RunResult
from ..verification import Verification
from .text import minor, spans, story


def render(result: Verification) -> str:
    title = f"cuport verify: {result.path}"
    parts = [f"<h1>{_text(title)}</h1>", *_heading(result), *sections(result), _cost(result)]
    return document(title, "\n".join(parts))


def sections(result: Verification) -> list[str]:
    """The matrices, the kernels and the run: what the report of a migration shows of a verification too."""
    parts = []
    if result.before is not None:
        same = ", which the tree at hand is too" if result.unchanged else ""
        parts.append(_matrix(result.before, f"Originals ({result.before_description}{same})", "before"))
    if result.after is not None:
        parts.append(_matrix(result.after, "Port" if result.before is not None else "Compiled", "after"))
    parts += [_proof(proof, f"kernels-{number}") for number, proof in enumerate(result.proofs)]
    if result.run is not None:
        parts.append(_run(result.run))
    return parts


def _heading(result: Verification) -> list[str]:
    where = f"{', '.join(result.archs)}, CUDA {result.cuda}, {result.compiler}"
    out = [f'<p class="soft">{_text(where)}</p>', *verdicts(result)]
    if result.project is not None:
        out += [f'<p class="note">note: {_text(note)}</p>' for note in result.project.notes]
    return out


def verdicts(result: Verification) -> list[str]:
    """What holds and what does not, in a few lines."""
    out = [banner("Everything that was asked holds" if result.ok else "Something does not hold", result.ok)]
    if result.before is not None or result.after is not None:
        out.append(f'<p class="summary">{_text(story(result))}</p>')
    out += [banner(proof.summary, proof.complete) for proof in result.proofs]
    if result.advice:
        out.append(f'<p class="note">{_text(result.advice)}</p>')
    return out


# -- the matrix ----------------------------------------------------------------------------------------------------


def _matrix(matrix: Matrix, title: str, anchor: str) -> str:
    head = "".join(f'<th scope="col" title="{_text(r)}">{_text(minor(r))}</th>' for r in matrix.releases)
    rows = "\n".join(_row(row, matrix.releases) for row in matrix.rows)
    unchecked = dict.fromkeys(link.checked for link in matrix.links if link.checked.startswith("only the known traps"))
    notes = "".join(f'<p class="soft">link: {_text(text)}</p>' for text in unchecked)
    return (
        f'<section aria-labelledby="{anchor}">\n<h2 id="{anchor}">{_text(title)}</h2>\n'
        f'<div class="scroll" tabindex="0" role="region" aria-labelledby="{anchor}"><table class="matrix">\n'
        f'<thead><tr><th scope="col">torch</th>{head}</tr></thead>\n<tbody>\n{rows}\n</tbody></table></div>\n{notes}</section>'
    )


def _row(row: Row, releases: Sequence[str]) -> str:
    name = row.name if row.kind == "unit" else f"{row.kind} of {row.name}"
    errors = _errors(row, releases)
    cells = "".join(_cell(row, release) for release in releases)
    below = f'\n<tr class="errors"><td colspan="{len(releases) + 1}">{errors}</td></tr>' if errors else ""
    return f'<tr><th scope="row">{_text(name)}</th>{cells}</tr>{below}'


def _cell(row: Row, release: str) -> str:
    if row.green(release):
        return '<td class="ok">ok</td>'
    if row.red(release):
        return '<td class="fail"><strong>FAIL</strong></td>'
    return '<td class="none"><span aria-label="not checked">-</span></td>'


def _errors(row: Row, releases: Sequence[str]) -> str:
    """The first error of each red cell, once with the releases that show it."""
    found: dict[str, list[str]] = {}
    for release in releases:
        error = row.cells.get(release)
        if error:
            found.setdefault(error.replace(release, "X"), []).append(release)
    return "".join(
        f'<pre class="error" tabindex="0"><span class="fail">{_text(spans(seen, releases))}</span>{_text(row.cells[seen[0]])}</pre>'
        for seen in found.values()
    )


# -- kernels -------------------------------------------------------------------------------------------------------


def _proof(proof: Proof, anchor: str) -> str:
    units = "\n".join(_unit(unit) for unit in proof.units)
    return f'<section aria-labelledby="{anchor}">\n<h2 id="{anchor}">Kernels, {_text(proof.arch)}</h2>\n{units}\n</section>'


def _unit(unit: UnitProof) -> str:
    if unit.not_compared:
        return f'<p><code>{_text(unit.unit)}</code> <strong class="bad">not compared</strong>: {_text(unit.not_compared)}</p>'
    if not unit.own:
        return f'<p><code>{_text(unit.unit)}</code> <span class="soft">no kernels of its own</span></p>'
    good = all(v.status in (IDENTICAL, EXPECTED) for v in unit.own)
    counts = ", ".join(f"{unit.count(s)} {s}" for s in dict.fromkeys(v.status for v in unit.own))
    shim = " with the host-side shim" if unit.shim else ""
    summary = (
        f'<summary><code>{_text(unit.unit)}</code> <strong class="{"good" if good else "bad"}">{_text(counts)}</strong> '
        f'<span class="soft">torch {_text(unit.before_release)}{shim} \u2192 {_text(unit.target)}</span></summary>'
    )
    return f"<details{'' if good else ' open'}>{summary}\n{_kernels(unit.own)}\n</details>"


def _kernels(verdicts: Iterable[Verdict]) -> str:
    rows = "\n".join(
        f'<tr><th scope="row"><code title="{_text(v.signature)}">{_text(v.kernel)}</code>{_detail(v)}</th>'
        f'<td class="{"ok" if v.status in (IDENTICAL, EXPECTED) else "fail"}">{_text(v.status)}</td><td>{v.instructions}</td></tr>'
        for v in verdicts
    )
    head = '<thead><tr><th scope="col">kernel</th><th scope="col">compared</th><th scope="col">instructions</th></tr></thead>'
    return f'<div class="scroll" tabindex="0" role="region" aria-label="kernels"><table>{head}<tbody>\n{rows}\n</tbody></table></div>'


def _detail(verdict: Verdict) -> str:
    out = ""
    if verdict.respelled and verdict.respelled != verdict.kernel:
        out += f'<p class="soft">in the original: <code>{_text(verdict.respelled)}</code></p>'
    if verdict.rules:
        said = "by" if verdict.status == EXPECTED else "rewrites that touched its source:"
        out += f'<p class="note">{said} {_text(", ".join(verdict.rules))}</p>'
    if verdict.reason:
        out += f'<p class="note">{_text(verdict.reason)}</p>'
    if verdict.diff:
        lines = "".join(f"<span{_side(line)}>{_text(line)}</span>" for line in verdict.diff)
        state = " open" if verdict.status == CHANGED and len(verdict.diff) <= 60 else ""
        out += f'<details{state}><summary>PTX that differs</summary><pre tabindex="0">{lines}</pre></details>'
    return out


def _side(line: str) -> str:
    return {"-": ' class="minus"', "+": ' class="plus"'}.get(line[:1], "")


# -- run, cost -----------------------------------------------------------------------------------------------------


def _run(run: RunResult) -> str:
    out = ["<section><h2>Run</h2>"]
    out += [
        f"<details><summary><code>{_text(m)}</code>: {len(names)} names</summary><p>{_text(', '.join(names))}</p></details>"
        for m, names in run.operators.items()
    ]
    if run.returncode is not None:
        out.append(f"<p><code>{_text(' '.join(run.command))}</code>: ended with {run.returncode}</p>")
    out += [f'<pre class="error" tabindex="0"><span class="fail">FAIL</span>{_text(problem)}</pre>' for problem in run.problems]
    if not run.gpu:
        out.append('<p class="soft">no GPU here: what was imported was not run on one</p>')
    return "\n".join([*out, "</section>"])


def _cost(result: Verification) -> str:
    facts = f"{result.compiled} compiled, {result.reused} from the cache, {result.downloaded / 1e6:.1f} MB downloaded"
    facts += f", {result.seconds:.0f} s"
    if result.peak_bytes:
        facts += f", at most {result.peak_bytes / 1e9:.1f} GB for one compile"
    return f'<section><h2>Cost</h2><p class="soft">{_text(facts)}</p></section>'
