"""The page of a migration: every part is there, and every text is text."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from verify.test_html import Page
from verify.test_report import matrix, proof, result

from migrator import plan
from migrator.cli import main
from migrator.report import highlight, html
from migrator.verify.report import json as verify_json
from migrator.verify.report.load import LoadError, load
from rewrites import catalogue

OLD = (
    "#include <ATen/ATen.h>\n#include <THC/THC.h>\n\n/* two\n   lines */\n"
    'int f(at::Tensor x, int n, float y) {\n  AT_CHECK(x.is_cuda(), "größe"); int m = THCCeilDiv(n, 2);\n'
    '  AT_CHECK(y > 0, "y is %.2f <script>alert(1)</script>", y);\n  return m;\n}\n'
)
NASTY = "a\"b'c\n<script>alert(1)</script>&amp;\x1b[31m".replace("/", "") + os.fsdecode(b"\xff.cu")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    (tmp_path / "csrc").mkdir()
    for name in ("csrc/op.cu", NASTY):
        (tmp_path / name).write_text(OLD)
    (tmp_path / "csrc/plain.cpp").write_text("int x;\n")
    (tmp_path / "csrc/latin.h").write_bytes(b"// caf\xe9\r\nvoid g(bool b) { AT_CHECK(b); }\r\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def page_of(*paths, **options) -> tuple[Page, str]:
    text = html.render(plan(paths), "csrc", False, **options)
    return Page(text), text


def test_every_part_is_there(folder):
    page, text = page_of("csrc")
    assert page.all("title") == ["cuport migrate: csrc"] and page.all("h1") == ["cuport migrate: csrc"]
    assert page.all("h2") == ["Files", "Left to do by hand", "Changes", "Rules"]
    assert page.all("ul", class_="cards") == ["3 files read2 files that change5 edits1 places to do by hand"]
    assert page.all("ul", class_="legend") == [" 1 ported 1 by hand 1 untouched"]
    squares = {
        e[1].get("title"): e[1]["class"] for e in page.elements if e[0] in ("a", "span") and "title" in e[1] and "chip" not in e[1]["class"]
    }
    assert squares == {"csrc/latin.h: ported": "ported", "csrc/op.cu: by hand": "by-hand", "csrc/plain.cpp: untouched": "untouched"}
    assert [t for t in page.all("th", scope="rowgroup")] == ["line 1at-check", "line 1thc-ceil-divthc-headersat-check"]
    links = {e[1]["href"][1:] for e in page.elements if e[0] == "a" and e[1]["href"].startswith("#")}
    ids = [e[1]["id"] for e in page.elements if "id" in e[1]]
    assert links <= set(ids) and len(ids) == len(set(ids))


def test_many_folders_where_nothing_changes_are_one_line(folder):
    for number in range(11):
        (folder / f"lib{number}").mkdir()
        (folder / f"lib{number}/a.cpp").write_text("int x;\n")
    page, _ = page_of(".")
    assert page.all("dt")[-1] == "11 other folders" and page.all("dd")[-1] == "11 files that need nothing"
    assert len(page.all("dt")) == 3 and page.all("ul", class_="legend")[0].endswith(" 12 untouched")


def test_both_sides_and_what_changed(folder):
    _, text = page_of("csrc/op.cu")
    assert '<td class="no">7</td><td class="old">' in text and "<mark>THCCeilDiv</mark>" in re.sub(r"</?span[^>]*>", "", text)
    rows = [re.sub(r"<[^>]+>", "|", row) for row in re.findall(r"<tr><td class=\"no\">.*?</tr>", text)]
    plain = [re.sub(r"\|+", "|", row) for row in rows]
    assert "|3|3|" in plain and "|4|/* two|4|/* two|" in plain
    assert any("größe" in row for row in plain)


def test_every_text_is_text(folder):
    page, text = page_of(".")
    assert not page.all("script") and "alert(1)" in text and "\x1b" not in text
    assert not [
        e for e in page.elements if e[0] in ("img", "iframe", "object", "link") or "src" in e[1] or any(k.startswith("on") for k in e[1])
    ]
    text.encode("utf-8")


def test_a_new_file_and_one_that_moves(tmp_path):
    from migrator.planned import Applied, Plan, PlannedFile, Rule

    rule = Rule("r", "A rule.", "", "", "other", "safe")
    files = (
        PlannedFile(tmp_path / "new.py", Path("new.py"), b"", b"import x\n", (Applied("r", 1),), created=True),
        PlannedFile(tmp_path / "a.c", Path("a.c"), b"int x;\n", b"int x;\n", (Applied("r", 1),), new_path=tmp_path / "a.cpp"),
        PlannedFile(tmp_path / "empty.py", Path("empty.py"), b"", b"", (Applied("r", 1),), created=True),
    )
    page = Page(html.render(Plan(files, 1, rules={"r": rule}), "x", True))
    assert page.all("summary")[:3] == ["new.py new file", "a.c \u2192 a.cpp 1 edit", "empty.py new file"]
    assert page.all("td", class_="new") == ["import x"]


def test_nothing_to_do(folder):
    page, _ = page_of("csrc/plain.cpp")
    assert page.all("h2") == ["Files"]


def test_a_verification_comes_along(folder):
    run = result(before=matrix(a="2.15.0"), after=matrix(a=""), proofs=[proof()], before_description="git HEAD")
    (folder / "verify.json").write_text(verify_json.render(run))
    arguments = ["migrate", "csrc", "--check", "--report", "page.html", "--verified", "verify.json"]
    done = CliRunner().invoke(main, arguments, obj=catalogue)
    assert done.exit_code == 1, done.stderr
    page = Page((folder / "page.html").read_text())
    assert "Originals (git HEAD)" in page.all("h2") and "Kernels, sm_80" in page.all("h2")
    assert any(words.endswith(proof().summary) for words in page.all("p", class_="summary bad"))


def test_what_verify_wrote_is_read_back():
    run = result(before=matrix(a="2.15.0", b=""), after=matrix(a=""), proofs=[proof()], before_description="git HEAD", unchanged=True, advice="do this")
    value = verify_json.as_dict(run)
    path = Path("verify.json")
    from migrator.verify.report.load import _verification

    again = verify_json.as_dict(_verification(json.loads(json.dumps(value))))
    for key in ("ok", "archs", "cuda", "compiler", "before", "after", "summary", "proofs", "originals", "unchanged", "advice"):
        assert again[key] == value[key], (path, key)


@pytest.mark.parametrize("text", ["[]", '{"version": 2}', "{", '{"version": 1, "archs": []}'])
def test_not_a_verification(tmp_path, text):
    (tmp_path / "v.json").write_text(text)
    with pytest.raises(LoadError, match="make it by `cuport verify --format json"):
        load(tmp_path / "v.json")


@pytest.mark.parametrize("marks", [[], [(0, 3)], [(2, 9), (9, 9), (12, 30)], [(0, 200)]])
def test_colours_lose_nothing(marks):
    for source in (OLD, OLD.replace("\n", "\r\n"), "x", "", "\n\n", "a\n\x0cb\x85c\n"):
        lines = highlight.lines(source, Path("a.cu"), marks)
        plain = [re.sub(r"<[^>]+>", "", line) for line in lines]
        expected = [line.rstrip("\r") for line in source.split("\n")]
        if expected[-1] == "":
            expected.pop()
        from migrator.report.page import text

        assert plain == [text(line) for line in expected]
