# ruff: noqa: E501  (texts as compilers and people write them)
"""The first real error of a compiler's output, and the user's line behind it."""

from __future__ import annotations

import pytest

from migrator.verify.diagnose import first_error

CASES = [
    (
        "src/a.cu:5:10: fatal error: THC/THC.h: No such file or directory\n    5 | #include <THC/THC.h>\ncompilation terminated.\n",
        "src/a.cu:5: THC/THC.h: No such file or directory",
    ),
    (
        'src/a.cu(12): warning #177-D: variable "x" was declared but never referenced\nsrc/a.cu(42): error #20: identifier "AT_CHECK" is undefined\n\n1 error detected in the compilation of "src/a.cu".\n',
        'src/a.cu:42: identifier "AT_CHECK" is undefined',
    ),
    (
        "ptxas /tmp/t.ptx, line 37; error   : Instruction 'vote' without '.sync' is not supported on .target sm_70 and higher\nptxas fatal   : Ptx assembly aborted due to errors\n",
        "ptxas: Instruction 'vote' without '.sync' is not supported on .target sm_70 and higher",
    ),
    ("nvcc fatal   : Unsupported gpu architecture 'compute_60'\n", "nvcc fatal : Unsupported gpu architecture 'compute_60'"),
    (
        "In file included from /h/ATen/ATen.h:4,\n                 from src/b.cpp:2:\n/h/c10/C++.h:14:2: error: #error You need C++20\n",
        "src/b.cpp:2: #error You need C++20 (in C++.h:14)",
    ),
    (
        "/h/ATen/Dispatch.h:36:9: error: cannot convert 'X' to 'Y'\nsrc/b.cpp:71:3: note: in expansion of macro 'AT_DISPATCH_FLOATING_TYPES'\n",
        "src/b.cpp:71: cannot convert 'X' to 'Y' (in Dispatch.h:36)",
    ),
    (
        '/h/THC.cuh(9): error: no operator "=" matches\n          detected during instantiation of "void f(T)" at line 30 of src/a.cu\n',
        'src/a.cu:30: no operator "=" matches (in THC.cuh:9)',
    ),
    ("", "the compiler ended without saying why (killed for want of memory?)"),
]


@pytest.mark.parametrize("output, expected", CASES)
def test_first_error(output, expected):
    assert str(first_error(output)) == expected


def test_long_messages_are_cut():
    assert len(first_error("a.cpp:1:1: error: " + "x" * 9000).message) == 300
