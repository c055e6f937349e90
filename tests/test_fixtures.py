"""Every fixture through the real engine with the full catalogue."""

from __future__ import annotations

import itertools
import json
import re
import textwrap
from dataclasses import replace

import pytest
from support import Fixture, findings, fixtures, run

from migrator.engine import Catalogue
from migrator.rewrite import Rewrite, Settings
from migrator.source import SourceFile, language_of
from migrator.syntax import parse_tree
from rewrites import catalogue

ALL = fixtures()
RULES = catalogue().rewrites
_COMMENT = re.compile(rb'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|//[^\n]*|/\*.*?\*/', re.S)


def comments(data: bytes) -> list[bytes]:
    return [m.group().rstrip() for m in _COMMENT.finditer(data) if m.group().startswith((b"//", b"/*"))]


def is_python(data: bytes) -> bool:
    try:
        compile(data, "fixture", "exec")
    except (SyntaxError, ValueError):
        return False
    return True


def write(fixture: Fixture, after: dict[str, bytes], left: str) -> None:
    if not fixture.is_noop:
        for name, data in after.items():
            path = fixture.results.get(name) or fixture.folder / fixture.case / "after" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
    if left:
        fixture.left_path.write_text(left)
    elif fixture.left_path.exists():
        fixture.left_path.unlink()


@pytest.mark.parametrize("fixture", ALL, ids=lambda f: f.id)
def test_fixture(fixture: Fixture, tmp_path, request):
    after, plan = run(fixture.before, tmp_path / "first", fixture.settings)
    left = findings(plan, tmp_path / "first")
    again, second = run(after, tmp_path / "second", fixture.settings)
    assert again == after, "the second run changes something"
    assert not second.changed

    for name, old in fixture.before.items():
        if name not in after:
            continue  # renamed
        new = after[name]
        path = tmp_path / name
        if language_of(path) == "c++":
            assert parse_tree(SourceFile(path, new)).error_count <= parse_tree(SourceFile(path, old)).error_count, f"{name}: new ERROR nodes"
            assert [c for c in comments(old) if c not in comments(new)] == [], f"{name}: a comment changed"
        elif language_of(path) == "python" and is_python(old):
            assert is_python(new), f"{name}: no Python any more"
        assert re.findall(rb"[\x80-\xff]+", old) == re.findall(rb"[\x80-\xff]+", new), f"{name}: non-ASCII bytes changed"
        if old.count(b"\r\n") == old.count(b"\n"):
            assert new.count(b"\r\n") == new.count(b"\n"), f"{name}: line endings changed"
        assert new[:1] != b"" and old.startswith(b"\xef\xbb\xbf") == new.startswith(b"\xef\xbb\xbf"), f"{name}: the BOM changed"
        last = old.splitlines()[-1]
        assert old.endswith(b"\n") == new.endswith(b"\n") or last not in new, f"{name}: the newline at the end changed"

    if request.config.getoption("--update-fixtures"):
        write(fixture, after, left)
        if fixture.is_noop:
            assert after == fixture.before
        return
    assert after == fixture.after
    assert left == fixture.left
    if fixture.is_noop:
        assert not plan.changed
    else:
        assert fixture.rule in {a.rule for f in plan.files for a in f.applied} | {item.rule for _, item in plan.left}


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.id)
def test_every_rewrite_has_fixtures(rule: Rewrite):
    mine = [f for f in ALL if f.rule == rule.id]
    assert any(not f.is_noop for f in mine), f"no changing fixture: fixtures/<group>/{rule.id}/<case>.before.cu"
    assert any(f.is_noop for f in mine), f"no no-op fixture: fixtures/<group>/{rule.id}/<case>.same.cu"


def test_every_fixture_has_a_rewrite():
    assert {f.rule for f in ALL} <= {r.id for r in RULES}


# --- docstrings -------------------------------------------------------------------------------------------------------------------------


def example(doc: str) -> tuple[str, str]:
    before, _, after = doc.partition("Before:\n")[2].partition("After:\n")
    return textwrap.dedent(before), textwrap.dedent(after)


def _body(text: str) -> list[str]:
    lines = [line.rstrip() for line in text.splitlines() if not line.lstrip().startswith("#include")]
    return [line for line in lines if line.strip()]


def _in_function(text: str) -> str:
    lines = text.splitlines()
    head = [line for line in lines if line.lstrip().startswith("#include")]
    return "\n".join([*head, "void cuport_example(at::Tensor x, at::Tensor y, int n, int m) {", *(li for li in lines if li not in head), "}\n"])


@pytest.mark.parametrize("rule", RULES, ids=lambda r: r.id)
def test_docstring_example(rule: Rewrite, tmp_path):
    """Before, migrated by this rewrite alone (or with the others that it needs, or for an older torch as well), gives After (include lines not compared): as a file or as the body of a function."""
    assert "Before:\n" in rule.doc and "After:\n" in rule.doc
    before, after = example(rule.doc)
    alone = Catalogue((rule,), catalogue().headers, catalogue().known_macros)
    settings = Settings(unsafe=rule.tier == "unsafe", extra=frozenset() if rule.default else frozenset({rule.id}))
    got = []
    names = {
        "c++": ("example.cu", "example.c", "example.h"),
        "python": ("example.py", "setup.py", "example.ipynb"),
        "build": ("CMakeLists.txt", "requirements.txt", "make.sh", "example.pyx"),
    }
    forms = (str, _in_function) if rule.language == "c++" else (str,)
    ranges = (settings, replace(settings, min_torch=(1, 8)))
    built = {"setup.py": b"from torch.utils.cpp_extension import CUDAExtension\n"}  # what some of these look for beside the source
    besides = ({}, built) if rule.language == "c++" else ({},)
    for beside, asked, wrapped, name, known in itertools.product(besides, ranges, forms, names[rule.language], (alone, catalogue())):
        root = tmp_path / str(len(got))
        source = wrapped(before)
        if name.endswith(".ipynb"):
            source = json.dumps({"cells": [{"cell_type": "code", "source": source}]})
        result, plan = run({**beside, name: source.encode()}, root, asked, known)
        text = result.get(name, result.get(name + "pp", b"")).decode()
        if name.endswith(".ipynb"):
            text = json.loads(text)["cells"][0]["source"]
        got.append(text)
        seen = {a.rule for f in plan.files for a in f.applied} | {item.rule for _, item in plan.left}
        if rule.id in seen and _body(text) == _body(wrapped(after)):
            return
    pytest.fail("the example does not give its After; it gives\n" + "\n--- or ---\n".join(dict.fromkeys(got)))
