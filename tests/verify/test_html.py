"""The HTML report: one page, nothing from elsewhere, every text as text."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser
from pathlib import Path

from migrator.verify.kernels import CHANGED, EXPECTED, Verdict
from migrator.verify.matrix import Matrix, Row
from migrator.verify.prove import Proof, UnitProof
from migrator.verify.report import html
from migrator.verify.runner import RunResult
from migrator.verify.units import Project

from .test_report import RELEASES, matrix, proof, result

NASTY = "a\"b'c\n<script>alert(1)</script>&amp;\x1b[31m \udcff.cu"
VOID = {"meta", "link", "br", "img", "input", "hr", "col"}


class Page(HTMLParser):
    """Checks that tags nest, and keeps the elements with their attributes and text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[tuple[str, dict, list[str]]] = []
        self.elements: list[tuple[str, dict, list[str]]] = []
        self.feed(text)
        self.close()
        assert not self.open, [tag for tag, _, _ in self.open]

    def handle_starttag(self, tag, attributes):
        element = (tag, dict(attributes), [])
        assert len(element[1]) == len(attributes), "an attribute twice"
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag):
        assert self.open and self.open[-1][0] == tag, (tag, self.open[-1:])
        self.open.pop()

    def handle_data(self, data):
        for element in self.open:
            element[2].append(data)

    def all(self, tag: str, **wanted: str) -> list[str]:
        hits = [e for e in self.elements if e[0] == tag and all(e[1].get(k.rstrip("_")) == v for k, v in wanted.items())]
        return ["".join(e[2]) for e in hits]


def test_matrix_links_and_the_first_error():
    after = matrix(a="1.11.0 2.15.0", b="")
    after.rows.append(Row("pkg._C", "link", {"1.4.0": None, "1.10.2": "", "1.11.0": "undefined: THCState", "2.15.0": ""}))
    page = Page(html.render(result(before=matrix(a=""), after=after, proofs=[proof()], before_description="git HEAD")))
    assert len(page.all("table")) == 3
    assert len(page.all("td", class_="fail")) == 4 and page.all("td", class_="none") == ["-"]
    errors = page.all("pre", class_="error")
    assert errors == ["1.11 to 2.15a.cu:5: no header on 1.11.0", "1.11undefined: THCState"]
    assert any(text.startswith("link of pkg._C") for text in page.all("th", scope="row"))
    assert "Originals (git HEAD)" in page.all("h2") and "1 of 2 kernels identical" in "".join(page.all("main"))
    assert page.all("span", class_="plus") == ["+ mul.f32 %f1, %f2, 0f40400000"]


def test_everything_is_escaped():
    nasty = Verdict(NASTY, NASTY, CHANGED, 3, respelled=NASTY + "x", diff=(NASTY,), rules=(NASTY,), reason=NASTY)
    excused = dataclasses.replace(nasty, status=EXPECTED)
    units = [UnitProof(NASTY, NASTY, NASTY, NASTY, verdicts=[nasty, excused]), UnitProof(NASTY, NASTY, not_compared=NASTY)]
    run = result(
        path=Path(NASTY),
        archs=(NASTY,),
        cuda=NASTY,
        compiler=NASTY,
        project=Project(Path("."), notes=[NASTY]),
        before=Matrix([NASTY], [Row(NASTY, "unit", {NASTY: NASTY})]),
        before_description=NASTY,
        after=Matrix(RELEASES, [Row(NASTY, "link", {r: NASTY for r in RELEASES})]),
        proofs=[Proof("sm_80", NASTY, units)],
        run=RunResult(False, operators={NASTY: [NASTY]}, problems=[NASTY], command=[NASTY], returncode=1),
    )
    text = html.render(run)
    text.encode("utf-8")  # no lone surrogate is left
    assert "<script" not in text and "\x1b" not in text
    page = Page(text)
    allowed = {"aria-labelledby", "aria-label", "colspan"}
    allowed |= {"class", "id", "href", "lang", "charset", "name", "content", "http-equiv", "scope", "title", "role", "tabindex", "open"}
    assert {name for _, attributes, _ in page.elements for name in attributes} <= allowed
    readable = NASTY.replace("\x1b", "\N{REPLACEMENT CHARACTER}").replace("\udcff", "?")
    assert readable in page.all("code") and page.all("title") == [f"cuport verify: {readable}"]


def test_nothing_is_loaded_and_the_keyboard_reaches_everything():
    text = html.render(result(before=matrix(a="2.15.0"), after=matrix(a=""), proofs=[proof()]))
    page = Page(text)
    assert not re.search(r"https?:|url\(|@import|src=", text)
    assert {tag for tag, _, _ in page.elements}.isdisjoint({"script", "link", "img", "iframe", "object", "form"})
    ids = [a["id"] for _, a, _ in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    referred = [a["aria-labelledby"] for _, a, _ in page.elements if "aria-labelledby" in a]
    assert referred and set(referred) <= set(ids) and "report" in ids
    assert all(a.get("tabindex") == "0" for tag, a, _ in page.elements if tag == "pre")  # what scrolls can be reached
    assert "prefers-color-scheme: dark" in text and ":focus-visible" in text
    assert all("scope" in a for tag, a, _ in page.elements if tag == "th")
