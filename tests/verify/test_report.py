"""What a run says: the matrix, its story, JSON and JUnit."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from migrator.verify.buildflags import flag_problem
from migrator.verify.kernels import CHANGED, IDENTICAL, Verdict
from migrator.verify.matrix import Matrix, Row
from migrator.verify.prove import Proof, UnitProof
from migrator.verify.report import json as json_report
from migrator.verify.report import junit, text
from migrator.verify.units import Project, Unit
from migrator.verify.unported import advice
from migrator.verify.verification import Verification
from rewrites import catalogue

RELEASES = ["1.4.0", "1.10.2", "1.11.0", "2.15.0"]


def matrix(**green: str) -> Matrix:
    """Rows by name; the value lists the releases that are red."""
    rows = []
    for name, red in green.items():
        rows.append(Row(name + ".cu", "unit", {r: f"{name}.cu:5: no header on {r}" if r in red.split() else "" for r in RELEASES}))
    return Matrix(RELEASES, rows)


def result(**changes) -> Verification:
    base = Verification(Path("."), ("sm_80",), "13.2", "gcc 12.2.0", Project(Path("."), notes=["a note"]))
    for name, value in changes.items():
        setattr(base, name, value)
    return base


def test_the_story_of_a_port():
    run = result(before=matrix(a="1.11.0 2.15.0", b="2.15.0"), after=matrix(a="1.4.0", b=""), before_description="git HEAD")
    assert text.story(run) == "compiled on 1.4 to 1.10, broken since 1.11; now compiles on 1.10 to 2.15"
    shown = text.render(run, width=120)
    assert "originals (git HEAD)" in shown and "a note" in shown
    assert "      1.11 to 2.15: a.cu:5: no header on 1.11.0" in shown
    assert not run.ok
    assert result(after=matrix(a="")).ok


def test_originals_may_fail():
    run = result(before=matrix(a="2.15.0"), unchanged=True, before_description="git HEAD")
    assert run.ok and "which the tree at hand is too" in text.render(run)


def test_many_releases_are_folded():
    releases = [f"2.{i}.0" for i in range(30)]
    wide = Matrix(releases, [Row("a.cu", "unit", {r: "" for r in releases})])
    shown = text.render(result(after=wide), width=80)
    assert max(len(line) for line in shown.splitlines()) <= 80 and "2.29" in shown


@pytest.mark.parametrize(
    "chosen, expected", [(RELEASES, "1.4 to 2.15"), (["1.4.0", "1.11.0"], "1.4, 1.11"), (["1.10.2", "1.11.0"], "1.10 to 1.11"), ([], "")]
)
def test_spans(chosen, expected):
    assert text.spans(chosen, RELEASES) == expected


def proof() -> Proof:
    good = Verdict("f<float>", "void f<float>(float*)", IDENTICAL, 20)
    bad = Verdict(
        "g", "g(float*)", CHANGED, 9, diff=("@@ statement 3 @@", "- mul.f32 %f1, %f2, 0f40000000", "+ mul.f32 %f1, %f2, 0f40400000")
    )
    library = Verdict("cub::EmptyKernel<void>", "void cub::EmptyKernel<void>()", IDENTICAL, 1, library=True)
    return Proof(
        "sm_80",
        "2.15.0",
        [
            UnitProof("a.cu", "sm_80", "1.10.2", "2.15.0", verdicts=[good, bad, library]),
            UnitProof("host.cu", "sm_80", "1.10.2", "2.15.0"),
        ],
    )


def test_the_line_to_quote():
    made = proof()
    assert made.summary == "1 of 2 kernels identical (sm_80, torch 1.10.2 -> 2.15.0)" and not made.complete
    made.units[0].verdicts.pop(1)
    assert made.summary == "1 of 1 kernels identical (sm_80, torch 1.10.2 -> 2.15.0)" and made.complete
    made.units[0].neighbour, made.units[0].through_headers = "1.11.0", {"void f<float>(float*)"}
    assert made.summary.endswith("; 1 of them against 1.11.0, as 2.15.0's own headers change them")
    made.units.append(UnitProof("b.cu", "sm_80", not_compared="the original does not compile"))
    assert made.summary.endswith("; 1 unit not compared") and not made.complete


def test_a_changed_kernel_is_named_with_its_diff():
    shown = text.render(result(proofs=[proof()]))
    assert "changed: g" in shown and "+ mul.f32 %f1, %f2, 0f40400000" in shown and "no kernels of its own" in shown


def test_json_and_junit():
    run = result(before=matrix(a="2.15.0"), after=matrix(a=""), proofs=[proof()])
    data = json.loads(json_report.render(run))
    assert data["ok"] is False and data["before"]["rows"][0]["releases"]["2.15.0"]["status"] == "failed"
    assert data["proofs"][0]["units"][0]["kernels"][1]["status"] == CHANGED
    root = ET.fromstring(junit.render(run))
    suites = {suite.get("name"): suite for suite in root}
    assert suites["compile"].get("failures") == "0" and suites["kernels sm_80"].get("failures") == "1"


@pytest.mark.parametrize(
    "flags, release, complaint",
    [
        (("-std=c++11",), "1.4.0", ""),
        (("-std=c++11",), "1.5.1", "rejects"),
        (("-std=c++14",), "2.0.1", ""),
        (("-std=c++14",), "2.1.2", "rejects"),
        (("-std=c++17",), "2.13.0", ""),
        (("-std=c++17",), "2.15.0", "rejects"),
        (("-std=c++20",), "2.15.0", ""),
        (("-gencode arch=compute_60,code=sm_60",), "1.10.2", ""),
        (("-gencode arch=compute_60,code=sm_60",), "2.15.0", "oldest is sm_75"),
        (("-gencode arch=compute_80,code=sm_80",), "2.15.0", ""),
    ],
)
def test_flags_that_break_a_build(flags, release, complaint):
    found = flag_problem([Unit(Path("."), Path("a.cu"), "x", True, other_flags=flags)], release, (13, 2))
    assert (complaint in found) if complaint else found == ""


@pytest.mark.parametrize(
    "source, release, expected",
    [
        ("#include <THC/THC.h>\nvoid f(bool b) { AT_CHECK(b); }\n", "2.15.0", "not ported: 2 places need a rewrite for torch 2.15 (at-check, thc-"),
        ("void f(bool b) { AT_CHECK(b); }\n", "1.4.0", ""),  # it has AT_CHECK
        ("texture<float, 1> t;\n__device__ float f(int i) { return tex1Dfetch(t, i); }\n", "2.15.0", "1 place is left to do by hand for torch 2.15: `cuport migrate"),
        ("void f() { other(); }\n", "2.15.0", ""),
        ("void f(float *p) { at::Tensor x; p = x.data<float>(); }\n", "2.15.0", ""),  # merely deprecated
    ],
)
def test_a_tree_that_was_not_ported(tmp_path, source, release, expected):
    (tmp_path / "a b.cu").write_text(source)
    red = Matrix([release], [Row("a b.cu", "unit", {release: "a b.cu:1: no"})])
    said = advice(tmp_path / "a b.cu", red, [], catalogue)
    assert said.startswith(expected) if expected else said == "", said
    assert not expected or f"`cuport migrate '{tmp_path}/a b.cu'" in said
    assert advice(tmp_path, Matrix([release], [Row("a b.cu", "unit", {release: ""})]), [], catalogue) == ""
    unproven = Proof("sm_80", release, [UnitProof("a b.cu", "sm_80", "1.4.0", release, not_compared="the port does not compile")])
    assert bool(advice(tmp_path, None, [unproven], catalogue)) == bool(expected)
    shown = result(after=red, advice=said)
    assert said in text.render(shown) and json.loads(json_report.render(shown))["advice"] == said
