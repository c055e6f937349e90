#!/usr/bin/env python3
"""How much of what the compiler complains about cuport names: its rewrites and its audit against nvcc and g++ on unported sources.

    python benchmarks/audit_recall.py LABEL=DIR ... [--units 6] [--jobs 2] [--scratch DIR] [--output FILE] [--details FILE]

Of each folder the largest units are compiled as they are against the target's headers, front end only (``unported.py``). An error that
says that a name is not there counts if the name was torch's or CUDA's in an older release and the target lacks it; errors that only follow
from it do not. Beside them stands what ``cuport migrate DIR --select removed-api`` reports (the audit alone), and what
``cuport migrate DIR`` does.

- audit recall: of these (file, line, name) and of the headers that are gone, those that the audit names in that file (it names a name once
  in a file, with its lines). ``met`` counts those that the whole run edits, or reports.
- audit precision: of what the audit calls gone in all C++ of the folder, what is gone: no header of the target has the word at all, or the
  compiler said so in that file. The others are listed, to be judged by hand.
- edits: those for "broken" forms in the compiled files where the compiler has an error at the line, or the target lacks a word or header
  that was replaced. The others pass the front end: they are counted by rewrite.
- uses: lines with an error that names nothing that is gone (a changed signature, say), and how many of them cuport edits or reports. Units
  that include what is not in the repository and is not torch's ("incomplete") are left out here: the compiler's errors follow from that.

``--together`` reads torch's headers once for all units of a folder, which takes a fraction of the time. A unit then sees what those before
it define, so that a project's own stand-in for a name that is gone may hide the name's absence in another unit.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

REPO = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(REPO))

from benchmarks.complaints import Complaint  # noqa: E402
from benchmarks.unported import Compiled, Compiler, alike  # noqa: E402
from migrator import releases  # noqa: E402
from migrator.api.index import Index  # noqa: E402
from migrator.library import plan as make_plan  # noqa: E402
from migrator.planned import Applied, Left, Plan, PlannedFile  # noqa: E402
from migrator.project import Project  # noqa: E402
from migrator.source import CPP_SUFFIXES  # noqa: E402
from migrator.syntax import preproc  # noqa: E402
from migrator.verify.commands import find_tools  # noqa: E402
from migrator.verify.releases import headers_of  # noqa: E402
from migrator.verify.units import UnitsError, find_units  # noqa: E402
from rewrites.audit._replacements import CUDA_FAMILIES, TORCH_FAMILIES, family  # noqa: E402
from rewrites.audit.removed_api import ID as AUDIT  # noqa: E402
from rewrites.audit.removed_api import _defines  # noqa: E402

TARGET, CUDA = "2.15.0", (13, 2)
_WORD = re.compile(rb"[A-Za-z_]\w*")
_NOT_CODE = re.compile(rb'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.S)
_GONE = re.compile(r"(?:no torch from \S+ on has (?P<never>\S+)|(?P<name>\S+) is gone: )")
_ALSO = re.compile(r"\(also in lines? ([\d, ]+)(\.\.\.)?\)")
_USING = re.compile(rb"\busing\s+namespace\s+(?:::)?([\w:]+)\s*;")


class Target:
    """What the target has: by the index, and by the words of its headers."""

    def __init__(self, dirs: list[Path]):
        self.dirs = dirs
        self.index = Index.load()

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word in every header of torch and CUDA, outside comments and strings."""
        found: set[bytes] = set()
        for folder in self.dirs:
            for path in folder.rglob("*"):
                if path.is_file():
                    found.update(_WORD.findall(_NOT_CODE.sub(b" ", path.read_bytes())))
        return frozenset(word.decode() for word in found)

    def has_header(self, name: str) -> bool:
        """Whether the release has a header: here, or in a part of CUDA that is not installed (cuRAND, say)."""
        return any((d / name).is_file() for d in self.dirs) or bool(self.index.cuda.headers.get(name, 0) & self.index.cuda.bit(CUDA))

    def state(self, scopes: list[str], word: str) -> str:
        """ "gone", "there" or "unknown": of a name in one of some scopes ("" is the global one)."""
        states = set()
        for scope in scopes:
            name = f"{scope}::{word}" if scope else word
            for domain, bit in (
                (self.index.torch, self.index.torch.bit(releases.parse(TARGET))),
                (self.index.cuda, self.index.cuda.bit(CUDA)),
            ):
                mask = self.index.mask(domain, name)
                states.add("there" if mask & bit else "gone" if mask else "unknown")
        if states == {"unknown"} and "" in scopes and (family(word, TORCH_FAMILIES) or family(word, CUDA_FAMILIES)):
            return "gone" if word not in self.words else "there"
        return next((s for s in ("there", "gone") if s in states), "unknown")


@dataclass
class Tally:
    """What was counted of a folder. Lists hold what a person has to look at."""

    units: int = 0
    accepted: int = 0
    incomplete: int = 0
    names: int = 0
    names_audited: int = 0
    names_met: int = 0
    headers: int = 0
    headers_audited: int = 0
    headers_met: int = 0
    uses: int = 0
    uses_met: int = 0
    findings: int = 0
    findings_gone: int = 0
    edits: int = 0
    edits_of_errors: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(*(getattr(self, f) + getattr(other, f) for f in self.__dataclass_fields__))

    def shown(self) -> dict:
        part = lambda a, b: round(a / b, 4) if b else None  # noqa: E731
        value = dict(vars(self))
        value["audit_recall"] = part(self.names_audited + self.headers_audited, self.names + self.headers)
        value["audit_precision"] = part(self.findings_gone, self.findings)
        value["recall"] = part(self.names_met + self.headers_met, self.names + self.headers)
        value["uses_part"] = part(self.uses_met, self.uses)
        return value


class Folder:
    """One project beside what the compiler said of it."""

    def __init__(self, root: Path, compiled: list[Compiled], target: Target):
        self.root = root
        self.target = target
        self.compiled = compiled
        self.plan: Plan = make_plan(root)
        self.audit: Plan = make_plan(root, select=(AUDIT,))
        self.project = Project.load([root], third_party=True)
        self.planned: dict[Path, PlannedFile] = {f.real: f for f in self.plan.files}
        self.audited: dict[Path, PlannedFile] = {f.real: f for f in self.audit.files}
        self.details: dict[str, list[str]] = {}
        self.quiet_edits: Counter[str] = Counter()
        self._own: dict[str, bool] = {}

    @property
    def files(self) -> list[frozenset[Path]]:
        """The files that each unit reaches."""
        return [files for each in self.compiled for files in each.files.values()]

    @cached_property
    def complaints(self) -> list[Complaint]:
        """What the compiler said, each once."""
        return sorted(
            {
                replace(c, text=c.text if c.kind == "other" else "")
                for unit in self.compiled
                for c in unit.complaints
                if c.file in self.project.files
            }
        )

    def count(self) -> Tally:
        tally = Tally(sum(len(c.files) for c in self.compiled), sum(c.accepted for c in self.compiled))
        named: set[tuple[Path, int]] = set()
        uses: dict[tuple[Path, int], Complaint] = {}
        for each in self.complaints:
            if each.kind == "header":
                if not self.is_torch_header(each.name) or self.target.has_header(each.name):
                    continue
                tally.headers += 1
                met = self.touched(each.file, each.line, each.line)
                audited = each.file in self.audited and self.reported(self.audited[each.file], each.line, each.name)
                tally.headers_met += met
                tally.headers_audited += audited
                self.note("headers not met", each, not met)
                self.note("headers not audited", each, not audited)
            elif each.kind == "name":
                state = "own" if not each.scope and self.defines(each.name) else self.target.state(self.scopes(each), each.name)
                if state == "gone":
                    tally.names += 1
                    named.add((each.file, each.line))
                    met, audited = self.is_met(each), self.is_audited(each)
                    tally.names_met += met
                    tally.names_audited += audited
                    self.note("names not met", each, not met)
                    self.note("names not audited", each, not audited)
                elif state == "there":
                    uses.setdefault((each.file, each.line), each)
                elif state == "unknown":
                    self.note("unknown names", each, True)
            elif not each.follows:
                uses.setdefault((each.file, each.line), each)
        incomplete = self.incomplete()
        tally.incomplete = sum(not incomplete.isdisjoint(files) for files in self.files)
        for place, each in uses.items():
            if place not in named and not any(each.file in files and not incomplete.isdisjoint(files) for files in self.files):
                tally.uses += 1
                met = self.touched(each.file, each.line, self.end(each.file, each.line))
                tally.uses_met += met
                self.note("uses not met", each, not met)
        self.count_findings(tally)
        self.count_edits(tally)
        return tally

    def incomplete(self) -> set[Path]:
        """Files that include what neither the project nor torch nor CUDA has (a submodule, say): errors follow from that."""
        return {c.file for c in self.complaints if c.kind == "header" and not self.is_torch_header(c.name)}

    # the compiler's names

    def scopes(self, each: Complaint) -> list[str]:
        if each.scope:
            return [each.scope]
        return ["", *(m.decode() for m in _USING.findall(self.project.files[each.file].data))]

    def is_torch_header(self, name: str) -> bool:
        index = self.target.index
        return name in index.torch.headers or name in index.cuda.headers or any(f"{d}/{name}" in index.torch.headers for d in ("TH", "THC"))

    def defines(self, name: str) -> bool:
        """Whether the project defines a name itself: then an error about it follows from another."""
        if name not in self._own:
            project = self.project
            self._own[name] = bool(project.macros(name)) or any(
                _defines(leaf) for path in project.with_word(name) for leaf in project.tree(path).names({name})
            )
        return self._own[name]

    def is_met(self, each: Complaint) -> bool:
        """Whether cuport edits the name where the compiler misses it, or names it in a finding."""
        places = self.places(each)
        if not places:
            return self.touched(each.file, each.line, self.end(each.file, each.line))
        return all(
            self.edited(file, start, each.name) or (file in self.planned and self.reported(self.planned[file], line, each.name))
            for file, start, line in places
        )

    def is_audited(self, each: Complaint) -> bool:
        """Whether the audit names it in every file where it stands."""
        files = {file for file, _, _ in self.places(each)} or {each.file}
        return all(file in self.audited and self.reported(self.audited[file], each.line, each.name) for file in files)

    def places(self, each: Complaint) -> list[tuple[Path, int, int]]:
        """Where the name stands: at the line, in the macro call that begins there, or in the project's macros."""
        end = self.end(each.file, each.line)
        here = [
            (each.file, leaf.start, leaf.line) for leaf in self.project.tree(each.file).names({each.name}) if each.line <= leaf.line <= end
        ]
        if here:
            return here
        reached = {f for files in self.files if each.file in files for f in files}
        return [
            (path, leaf.start, leaf.line)
            for path in self.project.with_word(each.name) if path in reached
            for leaf in self.project.tree(path).names({each.name}) if leaf.enclosing("preproc_function_def", "preproc_def") is not None
        ]  # fmt: skip

    def end(self, file: Path, line: int) -> int:
        """The last line of the calls that begin on a line: the compiler puts what a macro's arguments hold at its first line."""
        source = self.project.files[file]
        last = line
        start = source.line_starts[line - 1] if line <= len(source.line_starts) else len(source.data)
        stop = source.line_starts[line] if line < len(source.line_starts) else len(source.data)
        for leaf_start in (m.start() for m in _WORD.finditer(source.data, start, stop)):
            node = self.project.tree(file).leaf_at(leaf_start)
            call = node.enclosing("call_expression") if node is not None else None
            if call is not None and call.line == line:
                last = max(last, source.line_of(call.end))
        return last

    # what cuport does

    def edited(self, file: Path, start: int, name: str) -> bool:
        planned = self.planned.get(file)
        for r in planned.replacements if planned else ():
            if r.start < start + len(name) and start < r.end:
                word = name.encode()
                return _WORD.findall(r.text).count(word) < _WORD.findall(
                    planned.before[min(r.start, start) : max(r.end, start + len(name))]
                ).count(word)
        return False

    def reported(self, planned: PlannedFile, line: int, name: str) -> bool:
        return any(item.line == line or re.search(rf"(?<!\w){re.escape(name)}(?!\w)", item.message) for item in planned.left)

    def touched(self, file: Path, first: int, last: int) -> bool:
        """Whether anything is edited or reported in some lines."""
        planned = self.planned.get(file)
        if planned is None:
            return False
        source = self.project.files[file]
        for r in planned.replacements:
            if first <= source.line_of(max(r.end - 1, r.start)) and source.line_of(r.start) <= last:
                return True
        return any(first <= line <= last for item in planned.left for line in _lines(item))

    # whether it is right

    def count_findings(self, tally: Tally) -> None:
        said = {(c.file, c.name) for c in self.complaints}
        for file in self.audit.files:
            for item in file.left:
                match = _GONE.match(item.message)
                if item.rule != AUDIT or not match:
                    continue
                tally.findings += 1
                name = match["name"] or match["never"]
                word = name.rpartition("::")[2]
                gone = (
                    not self.target.has_header(name)
                    if "/" in name or "." in name
                    else word not in self.target.words or (file.real, word) in said
                )
                tally.findings_gone += gone
                if not gone:
                    self.details.setdefault("findings to judge", []).append(f"{self.where(file.real, item.line)}: {item.message}")

    def count_edits(self, tally: Tally) -> None:
        reached = {f for files in self.files for f in files}
        wrong: dict[Path, list[tuple[int, int]]] = {}
        for each in self.complaints:
            wrong.setdefault(each.file, []).append((each.line, self.end(each.file, each.line)))
        for file in self.plan.files:
            if file.real not in reached or file.real.suffix not in CPP_SUFFIXES:
                continue
            for number, change in enumerate(file.applied):
                if self.plan.rules[change.rule].severity != "broken":
                    continue
                tally.edits += 1
                if self.is_needed(file, number, change, wrong.get(file.real, [])):
                    tally.edits_of_errors += 1
                else:
                    self.quiet_edits[change.rule] += 1
                    self.details.setdefault("edits to judge", []).append(f"{self.where(file.real, change.line)}: {change.rule}")

    def is_needed(self, file: PlannedFile, number: int, change: Applied, wrong: list[tuple[int, int]]) -> bool:
        source = self.project.files[file.real]
        for r in file.replacements:
            if number not in r.changes:
                continue
            first, last = source.line_of(r.start), source.line_of(max(r.end - 1, r.start))
            if any(a <= last and first <= b for a, b in wrong):
                return True
            begin, end = source.line_starts[first - 1], source.line_starts[last] if last < len(source.line_starts) else len(source.data)
            before, after = Counter(_WORD.findall(file.before[begin:end])), Counter(_WORD.findall(r.text))
            kept = Counter(_WORD.findall(file.before[begin : r.start] + b" " + file.before[r.end : end]))
            if any(word.decode() not in self.target.words and not self.defines(word.decode()) for word in before - after - kept):
                return True
            if any(not self.target.has_header(i.name) for i in preproc.includes(file.before[begin:end]) if self.is_torch_header(i.name)):
                return True
        return False

    def where(self, file: Path, line: int) -> str:
        return f"{file.relative_to(self.root)}:{line}"

    def note(self, kind: str, each: Complaint, wanted: bool) -> None:
        if wanted:
            name = f"{each.scope}::{each.name}" if each.scope else each.name
            self.details.setdefault(kind, []).append(f"{self.where(each.file, each.line)}: {name or each.text}")


def _lines(item: Left) -> set[int]:
    """The lines that a finding names."""
    also = _ALSO.search(item.message)
    return {item.line, *(int(n) for n in also[1].split(",") if n.strip())} if also else {item.line}


def machine() -> dict:
    model = next(
        (line.split(":")[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")),
        platform.machine(),
    )
    return {"cpu": model, "cores": os.cpu_count(), "python": platform.python_version()}


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("folders", nargs="+", metavar="LABEL=DIR")
    arguments.add_argument("--units", type=int, default=6, help="how many units of a folder, the largest first")
    arguments.add_argument("--together", action="store_true", help="compile units that have the same flags as one: see below")
    arguments.add_argument("--jobs", type=int, default=2)
    arguments.add_argument("--launcher", default="", help="a command that each compile is started through")
    arguments.add_argument("--scratch", type=Path, default=Path("audit_recall.tmp"), help="where outputs of the compiler are kept")
    arguments.add_argument("--output", type=Path, help="the counts, as JSON")
    arguments.add_argument("--details", type=Path, help="what has to be judged by hand, as JSON (file names and names, no sources)")
    given = arguments.parse_args()

    tools = replace(find_tools(), launcher=())
    compiler = Compiler(tools, headers_of(TARGET, download=True), given.scratch.resolve(), tuple(given.launcher.split()))
    target = Target(compiler.release_dirs)
    rows, details, total, quiet = [], {}, Tally(), Counter()
    for text in given.folders:
        label, _, name = text.rpartition("=")
        root = Path(name).resolve()
        try:
            units = [u for u in find_units(root, TARGET).units if u.path.is_file()]
        except UnitsError as error:
            sys.exit(str(error))
        units = sorted(units, key=lambda u: (-u.path.stat().st_size, u.name))[: given.units]
        stand_ins = compiler.stand_ins(units, root)
        with ThreadPoolExecutor(given.jobs) as pool:
            groups = alike(units) if given.together else [[unit] for unit in units]
            compiled = list(pool.map(lambda group, at=stand_ins: compiler.run(group, at), groups))
        folder = Folder(root, compiled, target)
        tally = folder.count()
        total, quiet = total + tally, quiet + folder.quiet_edits
        rows.append({"repository": label or root.name, **tally.shown()})
        details[label or root.name] = folder.details
        print(json.dumps(rows[-1]), flush=True)
    result = {
        "date": time.strftime("%Y-%m-%d"),
        "machine": machine(),
        "versions": {"torch": TARGET, "nvcc": ".".join(map(str, tools.toolkit.version)), "host": ".".join(map(str, tools.host.version))},
        "units_per_repository": given.units,
        "units_compiled_together": given.together,
        "total": total.shown(),
        "edits_that_the_front_end_does_not_ask_for": dict(quiet.most_common()),
        "repositories": rows,
    }
    print(json.dumps(result["total"], indent=1))
    for path, value in ((given.output, result), (given.details, details)):
        if path:
            path.write_text(json.dumps(value, indent=1) + "\n")


if __name__ == "__main__":
    main()
