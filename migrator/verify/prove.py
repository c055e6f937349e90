"""Compares every kernel of the port with the original's, as PTX.

The original is compiled against the newest release that still has the old API, the port against the target, by the
same nvcc with the same flags. Where that direct comparison is not equal, the port is also compiled against the oldest
release with the new API: kernels that are equal there were not changed by the migration, but by torch's own headers.
Shuffles and votes without a mask, which no current CUDA has, are given the mask that the rewrite warp-intrinsics
writes; kernels that are equal with it are "changed as expected", not identical.
Host code is compiled here, not compared.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from migrator.toolchain import HeaderSet, ToolchainError

from .commands import Request, arch_number
from .compile import Bench, Outcome, compile_all
from .includes import reach, read_text
from .kernels import CHANGED, EXPECTED, IDENTICAL, ONLY_AFTER, ONLY_BEFORE, Verdict, compare_texts
from .ptx import read_kernels
from .symbols import demangle
from .units import Project, Unit

OLD_RELEASES = ("1.10.2", "1.4.0")
NEW_RELEASES = ("1.11.0", "1.13.1")
MASKS = "warp-intrinsics"
MASKS_REASON = "its shuffles and votes got the mask 0xffffffff; with that mask in the original as well, it is identical"
_MASKED = re.compile(r"^(?:@!?%\w+ )?(?:shfl|vote)\.sync\.")
_RELEASE_GUARD = re.compile(r"TORCH_VERSION|TORCH_MAJOR|VERSION_GE|__has_include")


@dataclass
class UnitProof:
    """One .cu file. `neighbour` is the release that told the headers' changes apart, where one was needed."""

    unit: str
    arch: str
    before_release: str = ""
    target: str = ""
    shim: bool = False
    neighbour: str = ""
    verdicts: list[Verdict] = field(default_factory=list)
    through_headers: set[str] = field(default_factory=set)
    not_compared: str = ""
    original: str = ""
    masks: bool = False

    @property
    def own(self) -> list[Verdict]:
        return [v for v in self.verdicts if not v.library]

    def count(self, status: str) -> int:
        return sum(v.status == status for v in self.own)

    def as_dict(self) -> dict[str, Any]:
        kernels = [
            {**v.as_dict(), "compared_with": self.neighbour if v.signature in self.through_headers else self.target} for v in self.verdicts
        ]
        return {
            "unit": self.unit,
            "arch": self.arch,
            "before": self.before_release,
            "target": self.target,
            "shim": self.shim,
            "masks": self.masks,
            "not_compared": self.not_compared,
            "kernels": kernels,
        }


@dataclass
class Proof:
    arch: str
    target: str
    units: list[UnitProof] = field(default_factory=list)

    @property
    def total(self) -> int:
        return sum(len(u.own) for u in self.units)

    @property
    def identical(self) -> int:
        return sum(u.count(IDENTICAL) for u in self.units)

    @property
    def expected(self) -> int:
        return sum(u.count(EXPECTED) for u in self.units)

    @property
    def complete(self) -> bool:
        """Every kernel was compared and is identical, or differs only as a rewrite says that it will."""
        return self.identical + self.expected == self.total and not any(u.not_compared for u in self.units)

    @property
    def summary(self) -> str:
        """The line to quote."""
        old = "/".join(sorted({u.before_release for u in self.units if u.own and u.before_release}, key=_order)) or "?"
        line = f"{self.identical} of {self.total} kernels identical (sm_{arch_number(self.arch)}, torch {old} -> {self.target})"
        apart = sum(len(u.through_headers) for u in self.units)
        if apart:
            releases = "/".join(sorted({u.neighbour for u in self.units if u.through_headers}, key=_order))
            line += f"; {apart} of them against {releases}, as {self.target}'s own headers change them"
        if self.expected:
            rules = sorted({rule for u in self.units for v in u.own if v.status == EXPECTED for rule in v.rules})
            line += f"; {self.expected} changed as expected by {', '.join(rules)}"
        missing = sum(bool(u.not_compared) for u in self.units)
        if missing:
            line += f"; {missing} unit{'s' if missing > 1 else ''} not compared"
        return line

    def as_dict(self) -> dict[str, Any]:
        return {
            "arch": self.arch,
            "target": self.target,
            "summary": self.summary,
            "identical": self.identical,
            "expected": self.expected,
            "total": self.total,
            "complete": self.complete,
            "units": [u.as_dict() for u in self.units],
        }


def prove(
    before_of: Callable[[str], Project],
    after_of: Callable[[str], Project],
    target: HeaderSet,
    arch: str,
    headers: Callable[[str], HeaderSet],
    bench: Bench,
    old_releases: Sequence[str] = OLD_RELEASES,
    new_releases: Sequence[str] = NEW_RELEASES,
) -> Proof:
    """The proof for one architecture. `before_of` and `after_of` give the units as the build for a release has them."""
    after_units = _cuda_units(after_of(target.release))
    before_units = _cuda_units(before_of(old_releases[0]))
    pairs = _pair(before_units, after_units)
    proofs = {
        name: UnitProof(name, arch, target=target.release) for name in [*after_units, *(b for b in before_units if b not in pairs.values())]
    }

    old = _compile_originals(list(pairs.values()), before_of, target, arch, headers, bench, old_releases)
    new = _texts([Request(after_units[name], target, (arch,), ptx=True) for name in after_units], bench)
    for name, proof in proofs.items():
        proof.original = pairs.get(name, "")
        if name in after_units and name not in pairs:
            proof.not_compared = "the original has no such file"
        elif name not in after_units:
            proof.not_compared = "the port has no such file"
        elif not old[pairs[name]].ok:
            proof.not_compared = f"the original compiles on none of {', '.join(old_releases)}: {old[pairs[name]].error}"
        elif not new[name].ok:
            proof.not_compared = f"the port does not compile on {target.release}: {new[name].error}"
        else:
            request = old[pairs[name]].request
            proof.before_release, proof.shim, proof.masks = request.release, request.shim, request.masks
            proof.verdicts = compare_texts(_text(old[pairs[name]]), _text(new[name]))
            if request.masks:
                proof.verdicts = _expected_masks(proof.verdicts, proof.verdicts, _text(new[name]))
    _ask_masks(proofs, pairs, old, new, bench)
    _ask_neighbours(proofs, pairs, old, after_of, headers, arch, bench, new_releases)
    return Proof(arch, target.release, sorted(proofs.values(), key=lambda p: p.unit))


def _compile_originals(
    names: list[str],
    before_of: Callable[[str], Project],
    target: HeaderSet,
    arch: str,
    headers: Callable[[str], HeaderSet],
    bench: Bench,
    old_releases: Sequence[str],
) -> dict[str, Outcome]:
    """Each original on the newest old release that it compiles on; with the host-side shim where nothing else does."""
    best: dict[str, Outcome] = {}
    waiting = list(dict.fromkeys(names))
    ways = ((False, False), (True, False), (True, True))
    attempts = [(release, shim, masks) for release in old_releases for shim, masks in ways] + [(target.release, False, False)]
    for release, shim, masks in attempts:
        if not waiting:
            break
        try:
            header_set = target if release == target.release else headers(release)
        except ToolchainError:
            if release == old_releases[0]:
                raise
            continue  # only a fall-back, and offline: those that need it stay "not compared"
        units = _cuda_units(before_of(release))
        names = [name for name in waiting if name in units and (not masks or _votes(units[name]))]
        requests = [Request(units[name], header_set, (arch,), ptx=True, shim=shim, masks=masks) for name in names]
        for name, outcome in _texts(requests, bench).items():
            if outcome.ok or name not in best:
                best[name] = outcome
        waiting = [name for name in waiting if name not in best or not best[name].ok]
    return best


def _ask_neighbours(
    proofs: dict[str, UnitProof],
    pairs: dict[str, str],
    old: dict[str, Outcome],
    after_of: Callable[[str], Project],
    headers: Callable[[str], HeaderSet],
    arch: str,
    bench: Bench,
    new_releases: Sequence[str],
) -> None:
    """For kernels that differ on the target: the port on the oldest release with the new API."""
    for release in new_releases:
        open_proofs = [p for p in proofs.values() if not p.not_compared and not p.neighbour and p.count(CHANGED)]
        if not open_proofs:
            return
        try:
            header_set = headers(release)
        except ToolchainError:
            continue
        units = _cuda_units(after_of(release))
        # A source that asks for the release may hold other kernels for other releases: only the target speaks for it.
        # And an original that was given masks is compared once, so that nothing is called identical that needed them.
        open_proofs = [p for p in open_proofs if p.unit in units and not _asks_for_release(units[p.unit])]
        open_proofs = [p for p in open_proofs if not old[pairs[p.unit]].request.masks]
        requests = [Request(units[p.unit], header_set, (arch,), ptx=True) for p in open_proofs]
        for name, outcome in _texts(requests, bench).items():
            if outcome.ok:
                _tell_apart(proofs[name], compare_texts(_text(old[pairs[name]]), _text(outcome)), release)


def _tell_apart(proof: UnitProof, verdicts: list[Verdict], release: str) -> None:
    # Kernels meet as the original spells them: a release may move a type of their parameters to another namespace.
    equal = {v.original for v in verdicts if v.status == IDENTICAL}
    proof.neighbour = release
    for at, verdict in enumerate(proof.verdicts):
        if verdict.status == CHANGED and verdict.original in equal:
            reason = f"identical {proof.before_release} -> {release}, changed by the own headers of {proof.target}"
            proof.verdicts[at] = replace(verdict, status=IDENTICAL, diff=(), reason=reason)
            proof.through_headers |= {verdict.signature} if not verdict.library else set()
    # a change that the neighbour shows as well is the migration's: its diff there is the one without the headers' part
    diffs = {v.original: v.diff for v in verdicts if v.status == CHANGED}
    proof.verdicts = [replace(v, diff=diffs[v.original]) if v.status == CHANGED and v.original in diffs else v for v in proof.verdicts]


def _ask_masks(proofs: dict[str, UnitProof], pairs: dict[str, str], old: dict[str, Outcome], new: dict[str, Outcome], bench: Bench) -> None:
    """For changed kernels with shuffles or votes: the original once more, with the mask that the rewrite gives them."""
    asked = {}
    for name, proof in proofs.items():
        changed = not proof.not_compared and proof.count(CHANGED) and not old[pairs[name]].request.masks
        if changed and _votes(old[pairs[name]].request.unit):
            asked[pairs[name]] = name
    outcomes = _texts([replace(old[before].request, shim=True, masks=True) for before in asked], bench)
    for before, outcome in outcomes.items():
        if outcome.ok:
            proof, text = proofs[asked[before]], _text(new[asked[before]])
            proof.verdicts = _expected_masks(proof.verdicts, compare_texts(_text(outcome), text), text)


def _expected_masks(verdicts: list[Verdict], with_masks: list[Verdict], port: str) -> list[Verdict]:
    """The verdicts, with "changed as expected" where the port votes with a mask and is equal to the original given that mask."""
    kernels = read_kernels(port)
    names = demangle(list(kernels))
    masked = {names[key] for key, kernel in kernels.items() if any(_MASKED.match(line) for s in kernel.sections for line in s.statements)}
    equal = {v.signature for v in with_masks if v.status == IDENTICAL} & masked
    of_original = with_masks is verdicts  # the original compiles only with the masks: nothing else was compared
    return [
        replace(v, status=EXPECTED, rules=(MASKS,), reason=MASKS_REASON)
        if v.signature in equal and (of_original or v.status == CHANGED) and not v.library
        else v
        for v in verdicts
    ]


_UNMASKED = re.compile(r"\b__(?:shfl(?:_up|_down|_xor)?|ballot|any|all)\s*\(")


def _votes(unit: Unit) -> bool:
    reached = reach(unit.path, [unit.root / folder for folder in unit.include_dirs])
    return any(_UNMASKED.search(read_text(path)) for path in reached.files)


def _asks_for_release(unit: Unit) -> bool:
    reached = reach(unit.path, [unit.root / folder for folder in unit.include_dirs])
    return any(_RELEASE_GUARD.search(read_text(path)) for path in reached.files)


def _pair(before: dict[str, Unit], after: dict[str, Unit]) -> dict[str, str]:
    """Units of the port to units of the original: by path, then by a file name that occurs once."""
    pairs = {name: name for name in after if name in before}
    for name in after:
        if name not in pairs:
            alike = [b for b in before if b not in pairs.values() and b.rpartition("/")[2] == name.rpartition("/")[2]]
            if len(alike) == 1:
                pairs[name] = alike[0]
    return pairs


def _cuda_units(project: Project) -> dict[str, Unit]:
    return {unit.name: unit for unit in project.units if unit.is_cuda}


def _texts(requests: Sequence[Request], bench: Bench) -> dict[str, Outcome]:
    return {outcome.request.unit.name: outcome for outcome in compile_all(requests, bench, keep_output=True)}


def _text(outcome: Outcome) -> str:
    return outcome.output.decode("utf-8", "replace")


def _order(release: str) -> list[int]:
    return [int(part) for part in release.split(".") if part.isdigit()]


__all__ = ["CHANGED", "EXPECTED", "IDENTICAL", "ONLY_AFTER", "ONLY_BEFORE", "Proof", "UnitProof", "prove"]
