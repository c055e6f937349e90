"""``cuport api``: since when, until when, where, and instead of what."""

import pytest
from click.testing import CliRunner

from migrator.cli import main
from rewrites import catalogue


def api(*words: str):
    return CliRunner().invoke(main, ["api", *words], obj=catalogue)


@pytest.mark.parametrize(
    ("name", "said", "status"),
    [
        ("at::ceil_div", "at::ceil_div: function, torch, since 1.11\n    in <ATen/ceil_div.h>", 0),
        ("AT_CHECK", "last in 1.4; not in torch 2.15", 1),
        ("at::gesv", "write at::linalg_solve(A, B), since 1.8", 1),
        ("at::Tensor::is_variable", "last in 2.13; not in torch 2.15", 1),
        ("THC/THC.h", "header, torch, since 1.0 or before, last in 1.10", 1),
        ("at::Backend::CUDA", "enumerator, torch, since 1.0 or before", 0),
        ("cudaDeviceProp::clockRate", "member, CUDA, since 11.8 or before, last in 12.9; not in CUDA 13.2", 1),
        ("cub::Sum", "rewrite cccl-removed", 1),
        ("cusparseScsrmm2", "last in CUDA 10.2\nwrite cusparseSpMM", 1),
        ("at::ScalarType::BFloat16", "made by a macro", 2),
        ("at::no_such_function", "no torch from 1.0", 2),
    ],
)
def test_names(name, said, status):
    result = api(name)
    assert said in result.output and result.exit_code == status


def test_a_release_can_be_asked_about():
    assert api("at::qr", "--torch", "2.13").exit_code == 0
    assert api("at::qr", "--torch", "2.14").exit_code == 1
    result = api("at::ceil_div", "--torch", "1.8")
    assert result.exit_code == 1 and "not in torch 1.8" in result.output


def test_what_concerns_a_cpp_name_is_of_cpp():
    assert "rewrite qr:" in api("at::qr").output and "torch.linalg" not in api("at::qr").output
