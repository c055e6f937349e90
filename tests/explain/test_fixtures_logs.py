"""Every example log under fixtures/logs is explained by the signature that it is named for, and claimed by no other."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import pytest

from migrator.doctor.explain import lines, scan, signatures
from migrator.doctor.explain.scan import AHEAD, BEHIND, matches
from rewrites import catalogue

FOLDER = Path(__file__).parent.parent.parent / "fixtures" / "logs"
LOGS = sorted(FOLDER.iterdir())
ROWS = {str(number) for number in range(1, 102)} | {"E"}


def read(path: Path) -> list[str]:
    with path.open("rb") as stream:
        return list(lines(stream))


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.name)
def test_log(path):
    report = scan(read(path))
    event = report.first or report.follow_on or next(iter(report.warnings.values()), None)
    assert event is not None and event.signature is not None, report
    assert event.signature.id == path.name.split(".")[0]


@pytest.mark.parametrize("path", LOGS, ids=lambda path: path.name)
def test_no_line_is_claimed_twice(path):
    text = read(path)
    early = {each.id for each in signatures() if each.earlier and any(each.patterns["earlier"].search(line) for line in text)}
    for number, line in enumerate(text):
        found = matches(line.strip(), text[max(0, number - BEHIND) : number], deque(text[number + 1 : number + 1 + AHEAD]), "", early)
        most = max((each.weight for each in found), default=0)
        assert len([each for each in found if each.weight == most]) <= 1, (line, [each.id for each in found])


def test_every_signature_has_a_log():
    assert {each.id for each in signatures()} == {path.name.split(".")[0] for path in LOGS}


def test_every_row_has_a_signature():
    assert {row for each in signatures() for row in each.rows.split()} == ROWS


def test_ids_are_unique_and_rewrites_exist():
    ids = [each.id for each in signatures()]
    assert len(ids) == len(set(ids))
    known = catalogue()
    assert [(each.id, rewrite) for each in signatures() for rewrite in each.rewrites if known.by_id(rewrite) is None] == []
