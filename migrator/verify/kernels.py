"""Compares the kernels of two PTX texts: the same, changed, only before, only after."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import Any

from .ptx import Kernel, read_kernels
from .symbols import demangle

IDENTICAL, CHANGED, ONLY_BEFORE, ONLY_AFTER = "identical", "changed", "only before", "only after"
EXPECTED = "changed as expected"
_LIBRARY = re.compile(r"^(?:void )?(?:thrust|cub|cuda|at|c10|torch|std|nv|cooperative_groups)::")
_REGISTER = re.compile(r"%([a-z]+)\d+|\$L\d+")


@dataclass(frozen=True)
class Verdict:
    """What became of one kernel. `library` marks kernels of torch's, thrust's or cub's headers.

    `kernel` is for people; `signature` tells overloads apart; `original` is the original kernel's signature, which has
    another spelling where a release moved a type of its parameters. `rules` are the rewrites that touched its source.
    """

    kernel: str
    signature: str
    status: str
    instructions: int = 0
    library: bool = False
    respelled: str = ""
    diff: tuple[str, ...] = ()
    original: str = ""
    rules: tuple[str, ...] = ()
    reason: str = ""

    def as_dict(self) -> dict[str, Any]:
        out = {
            "kernel": self.kernel,
            "signature": self.signature,
            "status": self.status,
            "instructions": self.instructions,
            "library": self.library,
        }
        return {**out, "name_before": self.respelled, "diff": list(self.diff), "rules": list(self.rules), "reason": self.reason}


def compare_texts(before: str, after: str) -> list[Verdict]:
    return compare(read_kernels(before), read_kernels(after))


def compare(before: dict[str, Kernel], after: dict[str, Kernel]) -> list[Verdict]:
    """One verdict for each kernel of either side.

    Kernels meet by name; those left over by name without differences of spelling (`long long` and `long` are one
    type here), then by name and template arguments alone (a release moved a type of their parameters), then by body,
    then as the only ones of their plain name.
    """
    names = demangle([*before, *after])
    verdicts = [_judge(names[key], before[key], after[key]) for key in before if key in after]
    left = {key: kernel for key, kernel in before.items() if key not in after}
    right = {key: kernel for key, kernel in after.items() if key not in before}
    for test in (_same_spelling, _same_instance, _same_base_and_body, _same_base):
        for old, new in _pairs(left, right, names, test):
            verdicts.append(_judge(names[new], left.pop(old), right.pop(new), names[old]))
    verdicts += [
        Verdict(short_name(names[k]), names[k], ONLY_BEFORE, kernel.instructions, is_library(names[k])) for k, kernel in left.items()
    ]
    verdicts += [
        Verdict(short_name(names[k]), names[k], ONLY_AFTER, kernel.instructions, is_library(names[k])) for k, kernel in right.items()
    ]
    return sorted(verdicts, key=lambda v: (v.library, v.kernel, v.signature))


def short_name(demangled: str) -> str:
    """`void f<float>(int, float*)` as `f<float>`."""
    text = re.sub(r"^void ", "", demangled)
    depth = 0
    for at, char in enumerate(text):
        depth += char == "<"
        depth -= char == ">"
        if char == "(" and depth == 0 and not text.startswith("(anonymous namespace)", at):
            return text[:at]
    return text


def is_library(demangled: str) -> bool:
    return _LIBRARY.match(demangled) is not None


def _judge(name: str, before: Kernel, after: Kernel, old_name: str = "") -> Verdict:
    same = before.sections == after.sections or before.anonymous == after.anonymous
    diff = () if same else tuple(_diff(before, after))
    status = IDENTICAL if same else CHANGED
    respelled = short_name(old_name) if old_name else ""
    return Verdict(short_name(name), name, status, after.instructions, is_library(name), respelled, diff, old_name or name)


def _pairs(left: dict[str, Kernel], right: dict[str, Kernel], names: dict[str, str], test: Any) -> list[tuple[str, str]]:
    """Pairs for which the test holds and holds with no other."""
    hits = {old: [new for new in right if test(names, old, new, left, right)] for old in left}
    taken = [new for news in hits.values() for new in news]
    return [(old, news[0]) for old, news in hits.items() if len(news) == 1 and taken.count(news[0]) == 1]


def _same_spelling(names: dict[str, str], old: str, new: str, left: dict, right: dict) -> bool:
    return _spelled(names[old]) == _spelled(names[new])


def _same_instance(names: dict[str, str], old: str, new: str, left: dict, right: dict) -> bool:
    return short_name(_spelled(names[old])) == short_name(_spelled(names[new]))


def _same_base_and_body(names: dict[str, str], old: str, new: str, left: dict, right: dict) -> bool:
    return _base(names[old]) == _base(names[new]) and left[old].anonymous == right[new].anonymous


def _same_base(names: dict[str, str], old: str, new: str, left: dict, right: dict) -> bool:
    return _base(names[old]) == _base(names[new])


def _spelled(name: str) -> str:
    return name.replace("unsigned long long", "unsigned long").replace("long long", "long")


def _base(name: str) -> str:
    return short_name(name).partition("<")[0]


def _diff(before: Kernel, after: Kernel) -> list[str]:
    """The statements that differ, aligned without register numbers, which shift after every inserted instruction."""
    old, new = _lines(before, before.key != after.key), _lines(after, before.key != after.key)
    stripped_old = [_REGISTER.sub(r"%\1", line) for line in old]
    stripped_new = [_REGISTER.sub(r"%\1", line) for line in new]
    if stripped_old == stripped_new:  # same instructions, other data flow
        stripped_old, stripped_new = old, new
    out: list[str] = []
    for group in difflib.SequenceMatcher(None, stripped_old, stripped_new, autojunk=False).get_grouped_opcodes(2):
        out.append(f"@@ statement {group[0][1] + 1} @@")
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                out += ["  " + line for line in old[i1:i2]]
            else:
                out += ["- " + line for line in old[i1:i2]] + ["+ " + line for line in new[j1:j2]]
    return out


def _lines(kernel: Kernel, anonymous: bool) -> list[str]:
    bodies = kernel.anonymous if anonymous else tuple(s.statements for s in kernel.sections)
    titles = (s.title.replace(kernel.key, "KERNEL") if anonymous else s.title for s in kernel.sections)
    return [line for title, body in zip(titles, bodies, strict=True) for line in (f"-- {title}", *body)]
