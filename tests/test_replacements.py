"""Replacements: what became of the original's bytes, exactly, and which change did it."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from support import fixtures, run

from migrator.replacements import Replacement, compose
from migrator.rewrite import Edit
from migrator.source import apply_edits


def made(data: bytes, replacements) -> bytes:
    return apply_edits(data, [Edit(r.start, r.end, r.text) for r in replacements])


def test_an_edit_within_an_earlier_one():
    first = compose((), b"int AT_X(a);", [(Edit(4, 8, b"OLD_NAME"), (0,))])
    second = compose(first, b"int OLD_NAME(a);", [(Edit(4, 7, b"NEW"), (1,)), (Edit(13, 14, b"b"), (2,))])
    assert second == (Replacement(4, 8, b"NEW_NAME", (0, 1)), Replacement(9, 10, b"b", (2,)))


def test_a_deletion_then_an_insertion_at_its_place():
    first = compose((), b"abcdef", [(Edit(1, 3, b""), (0,))])
    second = compose(first, b"adef", [(Edit(1, 1, b"X"), (1,))])
    assert second == (Replacement(1, 3, b"X", (0, 1)),)


@settings(deadline=None)
@given(st.binary(max_size=30), st.data())
def test_composed_is_the_same_as_one_after_the_other(data, draw):
    original, replacements = data, ()
    for number in range(4):
        cuts = sorted(draw.draw(st.lists(st.integers(0, len(data)), max_size=6)))
        edits = [(Edit(a, b, draw.draw(st.binary(max_size=3))), (number,)) for a, b in zip(cuts[::2], cuts[1::2], strict=False)]
        edits = [e for i, e in enumerate(edits) if all(e[0].start > f[0].end for f in edits[:i])]
        replacements = compose(replacements, data, edits)
        data = apply_edits(data, [e for e, _ in edits])
        assert made(original, replacements) == data
        assert all(a.end < b.start for a, b in zip(replacements, replacements[1:], strict=False))


def test_every_fixture(tmp_path):
    """The replacements of a plan make its new bytes, and every one names a change."""
    for number, fixture in enumerate(f for f in fixtures() if not f.is_noop and not f.is_project):
        _, plan = run(fixture.before, tmp_path / str(number), fixture.settings)
        for file in plan.files:
            if file.path.suffix == ".ipynb":
                assert not file.replacements, "edits of a cell's Python have no place in the file of the notebook"
            elif not file.created:
                assert made(file.before, file.replacements) == file.after, fixture.id
                assert all(r.changes and r.changes[-1] < len(file.applied) for r in file.replacements), fixture.id
