"""Whatever bytes come in: the engine does not crash, and a second run changes nothing."""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from support import fixtures

from migrator.engine import migrate
from migrator.project import Project
from migrator.rewrite import Edit, Settings
from migrator.source import SourceFile, apply_edits
from rewrites import catalogue

SOURCES = [data for f in fixtures() if not f.is_project for name, data in f.before.items() if name.endswith((".cu", ".cpp", ".c", ".h"))]
SNIPPETS = [
    b"THCudaCheck(", b"THCState *state", b"AT_CHECK(", b"#define ", b"\\\n", b"#if 0\n", b"#endif\n", b"#else\n", b'"', b"'", b"/*", b"*/", b"//", b"(", b")", b"{", b"}",
    b"<", b">", b",", b";", b"\0", b"\xff", b"\r\n", b"x.type()", b".data<float>()", b"atomicAdd(&x[0], y)", b"#include <THC/THC.h>\n", b"template <typename T>",
    b"THCCeilDiv(a, b)", b"THCudaMalloc(state, n)", b"AT_DISPATCH_ALL_TYPES(x.type(), f, [&] {})", b"return ", b"else ", b"if (x) ", b"// cuport: ignore\n", b"at::",
]  # fmt: skip
quick = settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example])


def run(data: bytes, name: str, chosen: Settings = Settings()) -> bytes:
    project = Project()
    path = Path("/nowhere") / name
    project.files[path] = SourceFile(path, data)
    migrate(project, catalogue(), chosen)
    return project.files[path].data


def check(data: bytes, name: str) -> None:
    once = run(data, name)
    assert run(once, name) == once


names = st.sampled_from(["op.cu", "op.cpp", "op.h", "op.cuh", "op.c"])


@quick
@given(st.binary(max_size=300), names)
@example(b"#if (((", "op.cu")
@example(b"#define AT_CHECK(", "op.cu")
@example(b"#define f(x) AT_CHECK(x\\", "op.cu")
@example(b"#if " + b"(" * 3000 + b"1\nTHCState *s;\n#endif", "op.cu")
@example(b"#if " + b"!" * 3000 + b"1\nTHCState *s;\n#endif", "op.cu")
def test_random_bytes(data, name):
    check(data, name)


@quick
@given(st.lists(st.one_of(st.sampled_from(SNIPPETS), st.binary(max_size=3)), max_size=40).map(b" ".join), names)
def test_random_snippets(data, name):
    check(data, name)


@st.composite
def mutated(draw):
    """A fixture with spans deleted, doubled, swapped, inserted; or cut short."""
    data = draw(st.sampled_from(SOURCES))
    for _ in range(draw(st.integers(1, 4))):
        a, b = sorted((draw(st.integers(0, len(data))), draw(st.integers(0, len(data)))))
        kind = draw(st.sampled_from(["delete", "double", "swap", "insert", "cut"]))
        if kind == "delete":
            data = data[:a] + data[min(b, a + 40) :]
        elif kind == "double":
            data = data[:b] + data[a:b] + data[b:]
        elif kind == "swap":
            middle = (a + b) // 2
            data = data[:a] + data[middle:b] + data[a:middle] + data[b:]
        elif kind == "insert":
            data = data[:a] + draw(st.sampled_from(SNIPPETS)) + data[a:]
        else:
            data = data[:a]
        data = data[:4000]
    return data


@quick
@given(mutated(), names)
def test_mutated_sources(data, name):
    check(data, name)


@quick
@given(mutated(), names, st.sampled_from([(1, 5), (1, 10), (1, 13), (2, 5)]), st.booleans(), st.booleans())
def test_settings(data, name, release, unsafe, only_broken):
    chosen = Settings(min_torch=release, unsafe=unsafe, only_broken=only_broken)
    once = run(data, name, chosen)
    assert run(once, name, chosen) == once


@quick
@given(st.binary(max_size=60), st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.binary(max_size=5)), max_size=5))
def test_bytes_outside_edits_stay(data, spans):
    """What ``apply_edits`` leaves is the old bytes between the edits, in order."""
    edits, position = [], 0
    for a, b, text in sorted((min(a, b, len(data)), min(max(a, b), len(data)), text) for a, b, text in spans):
        if a >= position:
            edits.append(Edit(a, b, text))
            position = b
    expected, position = b"", 0
    for e in edits:
        expected += data[position : e.start] + e.text
        position = e.end
    assert apply_edits(data, reversed(edits)) == expected + data[position:]
