"""Patterns that look like code."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrator.pattern import compile_pattern
from migrator.source import SourceFile, apply_edits
from migrator.syntax import parse_tree


def matches(pattern: str, code: str):
    compiled = compile_pattern(pattern)
    tree = parse_tree(SourceFile(Path("x.cu"), code.encode()))
    return [m for leaf in tree.names({compiled.anchor}) if (m := compiled.match_at(leaf)) is not None]


def replaced(pattern: str, to: str, code: str) -> str:
    found = matches(pattern, code)
    return apply_edits(code.encode(), [e for m in found for e in m.replace(to)]).decode()


@pytest.mark.parametrize(
    "code",
    [
        "void f() { g(a, b); }",
        "void f() { g (a,\n      b) ; }",
        "void f() { g(a /* first */, b); }",
        "void f() { g(  // why\n a, b); }",
        "int x = g(a, b) + 1;",
        "#define G g(a, b)\n",
        "#define G do { \\\n  g(a, \\\n b); } while (0)\n",
        "void f() { h(g(a, b)); }",
        "struct S { S() : x(g(a, b)) {} int x; };",
    ],
)
def test_layout_does_not_count(code):
    found = matches("g($x, $y)", code)
    assert [(m.text("$x"), m.text("$y")) for m in found] == [("a", "b")]


@pytest.mark.parametrize(
    "code",
    [
        "void f() { g(a); }", "void f() { g(a, b, c); }", "void f() { gg(a, b); }", "void f() { o.g(a, b); }", "void f() { n::g(a, b); }",
        "// g(a, b)\n", 'const char *s = "g(a, b)";', "#if 0\nint x = g(a, b);\n#endif\n", "void f() { g<int>(a, b); }",
    ],
)  # fmt: skip
def test_look_alikes(code):
    assert not matches("g($x, $y)", code)


def test_same_variable_means_same_text():
    assert matches("g($x, $x)", "int y = g(a + 1, a + 1);")
    assert not matches("g($x, $x)", "int y = g(a + 1, a + 2);")


def test_arrow_is_a_dot():
    assert replaced("$x.data<$T>()", "$x.data_ptr<$T>()", "auto a = p->data<float>(), b = q.data<int>();") == "auto a = p->data_ptr<float>(), b = q.data_ptr<int>();"


@pytest.mark.parametrize(
    ("code", "expected"),
    [("int x = g();", "int x = h(0);"), ("int x = g(a);", "int x = h(0, a);"), ("int x = g(a,  b );", "int x = h(0, a,  b );")],
)
def test_rest(code, expected):
    assert replaced("g($$$args)", "h(0, $$$args)", code) == expected


def test_rest_after_others():
    assert replaced("g($x, $$$rest)", "h($x, $$$rest)", "int x = g(a), y = g(a, b, c);") == "int x = h(a), y = h(a, b, c);"


def test_edits_are_the_smallest():
    """What the two sides share stays as it stands, comments and odd blanks included."""
    code = "int x = THCCeilDiv( a +  b,  // rows\n   512 );"
    assert replaced("THCCeilDiv($a, $b)", "at::ceil_div($a, $b)", code) == code.replace("THCCeilDiv", "at::ceil_div")


def test_blanks_of_the_template():
    assert replaced("lt($a, $b)", "($a < $b)", "bool x = lt(a, b);") == "bool x = (a < b);"
    assert replaced("lt($a, $b)", "($a < $b)", "bool x = lt(a,b);") == "bool x = (a < b);"
    assert replaced("get($a, $b)", "$a.at($b)", "int x = get(v, i);") == "int x = v.at(i);"


def test_argument_can_go_and_change_places():
    assert replaced("alloc($s, $n)", "raw($n)", "void *p = alloc(state, n * sizeof(int));") == "void *p = raw(n * sizeof(int));"
    assert replaced("zeros($t, $s)", "zeros($s, $t)", "auto x = zeros(type, {n, 2});") == "auto x = zeros({n, 2}, type);"


def test_types_match():
    assert replaced("Convert<$A, $B>::to($x)", "static_cast<$B>($x)", "float y = Convert<int, float>::to(n);") == "float y = static_cast<float>(n);"


@pytest.mark.parametrize("pattern", ["g(", "$x", "1 + 2"])
def test_bad_patterns(pattern):
    with pytest.raises(ValueError):
        compile_pattern(pattern)


def test_non_ascii_text_survives():
    code = "int x = g(\"é\", b);".encode("latin-1")
    compiled = compile_pattern("g($x, $y)")
    tree = parse_tree(SourceFile(Path("x.cu"), code))
    match = next(m for leaf in tree.names({"g"}) if (m := compiled.match_at(leaf)) is not None)
    assert apply_edits(code, match.replace("h($y, $x)")) == "int x = h(b, \"é\");".encode("latin-1")
