"""What the newest release takes is never reported, and what the table says of older ones is."""

from __future__ import annotations

import pytest
from support import run

from migrator.releases import parse
from migrator.rewrite import Settings
from rewrites.aten._overloads import NONE, NUMBER, NUMBERS, TENSOR, Signature, takes
from rewrites.aten.changed_overload import ID, _table

_VALUES = {
    "Tensor": "x", "int": "1", "float": "0.5", "bool": "false", "Scalar": "2", "int[]": "{1, 2}", "float[]": "{1., 2.}", "ScalarType": "at::kFloat",
    "Options": "x.options()", "str": '"sum"', "Tensor[]": "many", "Scalar[]": "{1, 2}", "Layout": "at::kStrided", "Device": "at::kCUDA",
    "bool[3]": "{true, false, true}", "bool[4]": "{true, false, true, true}",
}  # fmt: skip


def _call(name: str, signature: Signature, count: int, nothing: bool = False) -> str:
    """A call with ``count`` arguments; those that may be left out as ``nullopt`` where ``nothing`` is asked for."""
    types = [type for type, _, _ in signature.parameters[:count]]
    values = ["c10::nullopt" if nothing and type.endswith("?") else _VALUES[type.removesuffix("?")] for type in types]
    return f"{'x' if name.startswith('.') else 'at::'}{name}({', '.join(values)});"


def _reported(lines: list[str], tmp_path, settings: Settings) -> set[int]:
    source = "\n".join(["void f(at::Tensor x, at::TensorList many) {", *lines, "}", ""])
    _, plan = run({"a.cpp": source.encode()}, tmp_path, settings)
    return {item.line - 2 for _, item in plan.left if item.rule == ID}


def test_nothing_that_the_newest_takes_is_reported(tmp_path):
    lines = [
        _call(name, signature, count, nothing)
        for name, (now, _) in _table().items()
        for signature in now
        for count in signature.counts
        for nothing in (False, True)
    ]
    assert len(lines) > 300
    found = _reported(lines, tmp_path, Settings(extra=frozenset({ID})))
    assert [lines[number] for number in sorted(found)] == []


@pytest.mark.parametrize("target", ["1.8", "1.13", "2.3", "2.15"])
def test_what_older_releases_took_is_reported_from_then_on(tmp_path, target):
    """Each signature has a call that is reported on a target that does not take it, and none on one that does."""
    lines, places, gone = [], [], []
    for name, (_, before) in _table().items():
        for number, (release, signature) in enumerate(before):
            for count in signature.counts:
                lines.append(_call(name, signature, count))
                places.append((name, number))
                gone.append(parse(release) <= parse(target))
    found = _reported(lines, tmp_path, Settings(target=parse(target), min_torch=parse("1.0")))
    assert [lines[number] for number in sorted(found) if not gone[number]] == []
    reported = {places[number] for number in found}
    assert reported
    for number, (name, which) in enumerate(places):
        before = _table()[name][1]
        signature = before[which][1]
        alive = [each for release, each in before if parse(release) > parse(target)]
        if gone[number] and not any(takes(each, signature.kinds(count)) for each in alive for count in signature.counts):
            assert (name, which) in reported, lines[number]


def test_kinds():
    signature = Signature("Tensor self, int[]? dim, bool keepdim=")
    assert takes(signature, [TENSOR, NUMBERS]) and takes(signature, [TENSOR, NONE, NUMBER]) and takes(signature, [None, None])
    assert not takes(signature, [TENSOR]) and not takes(signature, [NUMBER, NUMBERS]) and not takes(signature, [TENSOR, TENSOR])
    assert not takes(signature, [TENSOR, NUMBERS, NONE]) and signature.written == "Tensor self, int[]? dim[, bool keepdim]"
