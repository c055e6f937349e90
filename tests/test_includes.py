"""Adding ``#include`` lines; and what the preprocessor sees."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrator.includes import HeaderKnowledge, additions
from migrator.project import Project
from migrator.source import SourceFile, apply_edits
from migrator.syntax import preproc

KNOWN = HeaderKnowledge({"torch/extension.h": frozenset({"ATen/ATen.h"})}, frozenset({"ATen/cuda/Atomic.cuh"}))


def added(
    data: str | bytes, *headers: str, name: str = "op.cu", others: dict[str, str] | None = None, uses: tuple[str, ...] = ()
) -> bytes:
    """The file with the headers; ``uses`` are texts that want them."""
    project = Project()
    files = {name: data.encode() if isinstance(data, str) else data, **{n: t.encode() for n, t in (others or {}).items()}}
    for n, content in files.items():
        path = Path("/nowhere") / n
        project.files[path] = SourceFile(path, content)
    path = Path("/nowhere") / name
    wanted = {h: [files[name].index(use.encode()) for use in uses] for h in headers}
    return apply_edits(files[name], additions(project, path, wanted, KNOWN, set()))


H = "ATen/ceil_div.h"
LINE = "#include <ATen/ceil_div.h>\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("int x;\n", LINE + "int x;\n"),
        ("", LINE),
        ("int x;", LINE + "int x;"),
        ("// licence\n// more\n\nint x;\n", "// licence\n// more\n\n" + LINE + "int x;\n"),
        ("/* licence\n */\nint x;\n", "/* licence\n */\n" + LINE + "int x;\n"),
        ("#include <ATen/ATen.h>\n#include <vector>\nint x;\n", "#include <ATen/ATen.h>\n" + LINE + "#include <vector>\nint x;\n"),
        ("#include <vector>\nint x;\n", "#include <vector>\n" + LINE + "int x;\n"),
        ('#include "own.h"\nint x;\n', '#include "own.h"\n' + LINE + "int x;\n"),
        ("#include <ATen/ATen.h>", "#include <ATen/ATen.h>\n" + LINE),
        ("#ifndef A_H\n#define A_H\nint x;\n#endif\n", "#ifndef A_H\n#define A_H\n" + LINE + "int x;\n#endif\n"),
        ("#ifndef A_H\n#define A_H\n#include <ATen/ATen.h>\n#endif\n", "#ifndef A_H\n#define A_H\n#include <ATen/ATen.h>\n" + LINE + "#endif\n"),
        ("// x\n#pragma once\nint x;\n", "// x\n#pragma once\n" + LINE + "int x;\n"),
        ("#ifdef WITH_CUDA\n#include <ATen/ATen.h>\n#endif\nint x;\n", LINE + "#ifdef WITH_CUDA\n#include <ATen/ATen.h>\n#endif\nint x;\n"),
        ("/*\n#include <ATen/ATen.h>\n*/\nint x;\n", "/*\n#include <ATen/ATen.h>\n*/\n" + LINE + "int x;\n"),
        ("#include <ATen/ATen.h>\r\nint x;\r\n", "#include <ATen/ATen.h>\r\n#include <ATen/ceil_div.h>\r\nint x;\r\n"),
        ("\ufeffint x;\n", "\ufeff" + LINE + "int x;\n"),
        ("#include <ATen/ceil_div.h>\nint x;\n", "#include <ATen/ceil_div.h>\nint x;\n"),
        ("#  include  <ATen/ceil_div.h> // here\nint x;\n", "#  include  <ATen/ceil_div.h> // here\nint x;\n"),
    ],
)
def test_position(before, after):
    assert added(before, H).decode() == after


TOP = "#include <vector>\n"
ARM = '#ifdef WITH_CUDA\n  #include "THC.h"\n#endif\n'
USE = "#ifdef WITH_CUDA\nuse\n#endif\n"


@pytest.mark.parametrize("use", [USE, "#if defined(WITH_CUDA)\n#if X\nuse\n#endif\n#endif\n"])
def test_under_the_condition_of_its_uses(use):
    inside = ARM.replace("#endif", "  " + LINE + "#endif")
    assert added(TOP + ARM + use, H, uses=("use",)).decode() == TOP + inside + use


@pytest.mark.parametrize(
    ("rest", "uses"),
    [
        (ARM + "use\n", ("use",)),
        (ARM + USE + "other\n", ("use", "other")),
        (ARM + "#ifdef WITH_HIP\nuse\n#endif\n", ("use",)),
        (USE + ARM, ("use",)),  # included too late
        (USE, ("use",)),  # nothing is included under the condition
    ],
)
def test_not_under_a_condition_that_some_use_lacks(rest, uses):
    assert added(TOP + rest, H, uses=uses).decode() == TOP + LINE + rest


def test_what_a_header_gives_is_not_added():
    assert added("#include <torch/extension.h>\n", "ATen/ATen.h") == b"#include <torch/extension.h>\n"


def test_through_an_own_header():
    own = {"include/common.h": LINE, "all.h": '#include "include/common.h"\n'}
    assert added('#include "all.h"\n', H, others=own) == b'#include "all.h"\n'


def test_host_file_gets_no_device_header():
    assert added("int x;\n", "ATen/cuda/Atomic.cuh", name="op.cpp") == b"int x;\n"
    assert added("int x;\n", "ATen/cuda/Atomic.cuh", name="op.h", others={"a.cpp": '#include "op.h"\n'}) == b"int x;\n"
    assert b"Atomic.cuh" in added("int x;\n", "ATen/cuda/Atomic.cuh", name="op.h", others={"a.cu": '#include "op.h"\n'})
    assert b"Atomic.cuh" in added("int x;\n", "ATen/cuda/Atomic.cuh")


def test_loop_of_own_headers():
    own = {"a.h": '#include "b.h"\n', "b.h": '#include "a.h"\n'}
    assert LINE.encode() in added('#include "a.h"\n', H, others=own)


# --- preproc ----------------------------------------------------------------------------------------------------------------------------


def test_includes():
    data = b'#include <a/b.h>\n # include "c.h" // x\n/* #include <no.h> */\n/*\n#include <no.h>\n*/\nchar *s = "/*";\n#include <yes.h>\n// #include <no.h>\n'
    assert [(i.name, i.quoted) for i in preproc.includes(data)] == [("a/b.h", False), ("c.h", True), ("yes.h", False)]


@pytest.mark.parametrize(
    ("condition", "value"),
    [
        ("0", False), ("1", True), ("!0", True), ("0 && X", False), ("1 || X", True), ("X", None), ("defined(A)", True), ("defined B", False),
        ("!defined(B) && A >= 2", True), ("A == 1", False), ("X && 0", False), ("0L", False), ("(A > 1) ? 1 : 0", None), ("", None), (")", None), ("F(3)", None),
        ("A / 0", None), ("(" * 5000, None), ("!" * 5000 + "1", None), ("A + 1 > 3 && !B", False),
    ],
)  # fmt: skip
def test_conditions(condition, value):
    assert preproc.evaluate(condition, {"A": 2, "B": None}) is value


def dead(text: str) -> list[str]:
    data = text.encode()
    return [data[s:e].decode().strip() for s, e in preproc.dead_spans(data, {"CUDA": 13})]


def test_dead_arms():
    assert dead("#if 0\na\n#else\nb\n#endif\n") == ["a"]
    assert dead("#if 1\na\n#else\nb\n#endif\n") == ["b"]
    assert dead("#if CUDA < 9\na\n#elif CUDA < 12\nb\n#else\nc\n#endif\n") == ["a", "b"]
    assert dead("#ifdef WHO_KNOWS\na\n#else\nb\n#endif\n") == []
    assert dead("#if 0\n#if 1\na\n#endif\nb\n#endif\n") == ["#if 1\na\n#endif\nb"]
    assert dead("/*\n#if 0\n*/\na\n#endif\n") == []
    assert dead("#if 0\na") == ["a"]


def test_macros():
    assert set(preproc.defined_macros(b"#define A 1\n  #  define B(x) x\n#undef C\n// #define D\n/* \n#define E\n*/\n")) == {"A", "B"}
