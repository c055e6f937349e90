"""The report as JUnit XML, which every CI system shows."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from ..kernels import EXPECTED, IDENTICAL
from ..matrix import Matrix
from ..verification import Verification


def render(result: Verification) -> str:
    root = ET.Element("testsuites", name="cuport verify")
    if result.before is not None and result.unchanged:
        _suite_of_matrix(root, "originals", result.before, expected=False)
    if result.after is not None:
        _suite_of_matrix(root, "compile", result.after, expected=True)
    for proof in result.proofs:
        suite = ET.SubElement(root, "testsuite", name=f"kernels {proof.arch}")
        for unit in proof.units:
            if unit.not_compared:
                _case(suite, unit.unit, "all kernels", "not compared: " + unit.not_compared)
            for verdict in unit.own:
                failure = "" if verdict.status in (IDENTICAL, EXPECTED) else verdict.status
                _case(suite, unit.unit, verdict.signature, failure, "\n".join(verdict.diff))
    if result.run is not None:
        suite = ET.SubElement(root, "testsuite", name="run")
        _case(suite, "run", " ".join(result.run.command) or "build and import", "; ".join(result.run.problems))
    for suite in root:
        suite.set("tests", str(len(suite)))
        suite.set("failures", str(len(suite.findall("testcase/failure"))))
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite_of_matrix(root: ET.Element, name: str, matrix: Matrix, expected: bool) -> None:
    suite = ET.SubElement(root, "testsuite", name=name)
    for row in matrix.rows:
        for release, error in row.cells.items():
            label = row.name if row.kind == "unit" else f"{row.kind} of {row.name}"
            if error is None or (error and not expected):
                ET.SubElement(_case(suite, f"torch {release}", label, ""), "skipped", message=_clean(error or "not checked"))
            else:
                _case(suite, f"torch {release}", label, error)


def _case(suite: ET.Element, group: str, name: str, failure: str, detail: str = "") -> ET.Element:
    case = ET.SubElement(suite, "testcase", classname=_clean(group), name=_clean(name))
    if failure:
        ET.SubElement(case, "failure", message=_clean(failure)).text = _clean(detail or failure)
    return case


def _clean(text: str) -> str:
    """Without the control characters that XML does not allow."""
    return "".join(ch for ch in text if ch in "\t\n" or ord(ch) >= 32)
