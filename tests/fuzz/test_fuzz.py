"""Whatever bytes come in: no crash, and a second run changes nothing. Short here; ``pytest tests/fuzz --examples 2000`` and
``run_atheris.py`` go on for as long as one likes."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from .seeds import WORDS, seeds
from .targets import TARGETS, settled


@pytest.fixture
def short(pytestconfig) -> settings:
    examples = pytestconfig.getoption("--examples")
    return settings(deadline=None, max_examples=examples, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])


@st.composite
def mutated(draw, target: str):
    """A seed with spans removed, doubled, and words put in; or only words."""
    data = draw(st.sampled_from(seeds(target)))
    for _ in range(draw(st.integers(0, 4))):
        a, b = sorted((draw(st.integers(0, len(data))), draw(st.integers(0, len(data)))))
        kind = draw(st.sampled_from(["remove", "double", "insert", "cut", "byte"]))
        if kind == "remove":
            data = data[:a] + data[min(b, a + 60) :]
        elif kind == "double":
            data = data[:b] + data[a:b] + data[b:]
        elif kind == "insert":
            data = data[:a] + draw(st.sampled_from(WORDS)) + data[a:]
        elif kind == "byte":
            data = data[:a] + draw(st.binary(min_size=1, max_size=2)) + data[a + 1 :]
        else:
            data = data[:b]
        data = data[:6000]
    return data


@pytest.mark.parametrize("target", TARGETS)
def test_mutated_seeds(target, short):
    @short
    @given(mutated(target))
    def run(data: bytes) -> None:
        TARGETS[target](data)

    run()


@pytest.mark.parametrize("target", TARGETS)
def test_words(target, short):
    @short
    @given(st.lists(st.one_of(st.sampled_from(WORDS), st.binary(max_size=4)), max_size=30).map(b" ".join))
    @example(b"")
    @example(b"\0")
    def run(data: bytes) -> None:
        TARGETS[target](data)

    run()


@pytest.mark.parametrize(
    "data",
    [
        b"THCState *s; " * 1_000 + b"int x; " * 20_000,
        b"int x = " + b"a + " * 100_000 + b"THCCeilDiv(a, b);",
        b'const char *s = "' + b"x" * 2_000_000 + b'"; THCState *s;',
        b"// " + b"THCState " * 100_000,
        b"#define M " + b"\\\n" * 20_000 + b"THCState *s;\n",
        b"THCState *s;" + b"\0" * 100_000,
        b"\n" * 500_000 + b"AT_CHECK(x);",
    ],
    ids=["one long line", "long expression", "long string", "long comment", "long macro", "NUL bytes", "empty lines"],
)
def test_huge(data):
    settled({"op.cu": data})


@pytest.mark.parametrize(
    "data",
    [
        b"from torch.utils.ffi import create_extension\nx = " + b"(" * 5000 + b")" * 5000,
        b"from torch.utils.ffi import create_extension\nx = " + b"[" * 80 + b"]" * 80,
        b"from torch.utils.ffi import create_extension\n" + b"".join(b" " * i + b"if 1:\n" for i in range(90)) + b" " * 91 + b"pass\n",
        b"from torch.utils.ffi import create_extension\nx = " + b"1 + " * 20_000 + b"1\n",
        b"from torch.utils.ffi import create_extension\nx = a" + b".b" * 5000 + b"\n",
        b"from torch.utils.ffi import create_extension\nx = " + b"-" * 10_000 + b"1\n",
        b"# coding: nonsense\nfrom torch.utils.ffi import create_extension\n",
        b"# coding: utf-16\nfrom torch.utils.ffi import create_extension\n",
        "from torch.utils.ffi import create_extension\n".encode("utf-16"),
    ],
    ids=["parentheses", "brackets", "blocks", "sum", "attributes", "minus signs", "unknown coding", "wrong coding", "utf-16"],
)
def test_python_that_breaks_parsers(data):
    settled({"setup.py": data})
