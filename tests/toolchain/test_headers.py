"""The header store, against a package index on loopback."""
from __future__ import annotations

import json

import pytest

from migrator.toolchain import ToolchainError, header_set, list_header_sets, needs_pybind11, pybind11_include, remove_header_set
from migrator.toolchain.store import damage

from .conftest import HEADERS, make_wheel, torch_members


def test_missing_says_what_to_run(cache):
    with pytest.raises(ToolchainError, match=r"run `cuport headers add 1\.4\.0`"):
        header_set("1.4")
    with pytest.raises(ToolchainError, match="cuport headers add"):
        pybind11_include()


def test_add_takes_the_headers_only(index, wheels):
    headers = header_set("1.4", download=True)
    assert headers.release == "1.4.0"
    assert [path.relative_to(headers.root).as_posix() for path in headers.include_dirs] == [
        "include", "include/torch/csrc/api/include", "include/TH", "include/THC"]
    assert (headers.root / "include/torch/extension.h").is_file()
    assert (headers.root / "torch/version.py").read_text() == "__version__ = '1.4.0'\n"
    assert not (headers.root / "torch/lib").exists()
    assert len(list(headers.root.glob("include/ATen/*.h"))) == HEADERS
    assert headers.wheel.endswith("torch-1.4.0-cp38-cp38-manylinux1_x86_64.whl")
    assert damage(headers.root) is None
    assert pybind11_include().joinpath("pybind11/pybind11.h").is_file()
    directory = json.loads((headers.root / "wheel-directory.json").read_text())
    library = next(entry for entry in directory if entry[0] == "torch/lib/libtorch.so")
    assert library[3] == 2_000_000


def test_a_handful_of_requests_and_few_bytes(index):
    headers = header_set("1.4", download=True)
    torch = [wanted for method, path, wanted in index.requests if method == "GET" and "torch-1.4" in path]
    assert len(torch) <= 4, torch
    assert 0 < headers.downloaded < 200_000
    assert abs(headers.downloaded - index.sent) < 10_000  # pages and pybind11 are in index.sent


def test_a_second_time_asks_nothing(index):
    first = header_set("1.4", download=True)
    asked = len(index.requests)
    assert header_set("1.4.0", download=True) == first == header_set("1.4")
    assert len(index.requests) == asked


def test_offline_what_is_here_works(index, monkeypatch):
    header_set("1.4", download=True)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    assert header_set("1.4", download=True).root.is_dir()
    with pytest.raises(ToolchainError, match="cannot be read.*when online") as raised:
        header_set("1.10", download=True)
    assert "\n" not in str(raised.value)


def test_list_and_remove(index):
    header_set("1.10", download=True)
    header_set("1.4", download=True)
    assert [each.release for each in list_header_sets()] == ["1.4.0", "1.10.2"]
    remove_header_set("1.4")
    assert [each.release for each in list_header_sets()] == ["1.10.2"]
    with pytest.raises(ToolchainError, match=r"no headers of torch 1\.4\.0"):
        remove_header_set("1.4")


def test_a_lost_or_cut_file_is_noticed(index):
    headers = header_set("1.4", download=True)
    (headers.root / "include/torch/extension.h").write_bytes(b"")
    with pytest.raises(ToolchainError, match="not here"):
        header_set("1.4")
    assert header_set("1.4", download=True).root.joinpath("include/torch/extension.h").read_bytes() == b"#pragma once\n"


def test_a_changed_file_is_found_by_reading(index):
    headers = header_set("1.4", download=True)
    (headers.root / "include/torch/extension.h").write_bytes(b"#pragma onze\n")
    assert damage(headers.root) == "the content of a file has changed"


@pytest.mark.parametrize("ranges", ["none", "no suffix"])
def test_servers_that_know_fewer_ranges(index, ranges):
    index.ranges = ranges
    headers = header_set("1.4", download=True)
    assert damage(headers.root) is None
    assert (headers.downloaded > 2_000_000) == (ranges == "none")


@pytest.mark.parametrize("breaks", [1, 3])
def test_a_broken_connection_goes_on_where_it_broke(index, breaks):
    """Once is in the archive's directory, three times in the headers as well."""
    index.break_after, index.breaks = 10_000, breaks
    headers = header_set("1.4", download=True)
    assert index.breaks == 0
    assert damage(headers.root) is None


def test_a_connection_that_always_breaks(index):
    index.break_after, index.breaks = 100, 1000
    with pytest.raises(ToolchainError, match="run the same command again when online"):
        header_set("1.4", download=True)
    assert list_header_sets() == []


def test_damaged_content_is_refused(index, wheels):
    path = wheels / "torch-1.4.0-cp38-cp38-manylinux1_x86_64.whl"
    content = bytearray(path.read_bytes())
    content[30 + len("torch/include/ATen/part0.h") + 8] ^= 0xFF  # among the first member's compressed bytes
    path.write_bytes(content)
    with pytest.raises(ToolchainError, match="came damaged"):
        header_set("1.4", download=True)
    assert list_header_sets() == []


def test_a_whole_download_of_another_sha256_is_refused(index, wheels, monkeypatch):
    from .conftest import Handler

    index.ranges = "none"
    monkeypatch.setattr(Handler, "digest", lambda self, name: "0" * 64)
    with pytest.raises(ToolchainError, match="sha256"):
        header_set("1.4", download=True)


def test_a_wheel_without_cuda_is_passed_over(index, wheels):
    make_wheel(wheels, "torch-2.4.1-cp310-cp310-manylinux1_x86_64.whl", torch_members("2.4.1", cuda=False))
    with pytest.raises(ToolchainError, match=r"no wheel of torch 2\.4\.1 built with CUDA"):
        header_set("2.4.1", download=True)
    make_wheel(wheels, "torch-2.4.1-cp311-cp311-manylinux1_x86_64.whl", torch_members("2.4.1"))
    assert header_set("2.4.1", download=True).wheel.endswith("cp311-cp311-manylinux1_x86_64.whl")


def test_other_systems_wheels_do_not_serve(index, wheels):
    make_wheel(wheels, "torch-2.4.1-cp310-cp310-win_amd64.whl", torch_members("2.4.1"))
    make_wheel(wheels, "torch-2.4.1-cp310-none-macosx_11_0_arm64.whl", torch_members("2.4.1"))
    with pytest.raises(ToolchainError, match=r"no Linux wheel of torch 2\.4\.1"):
        header_set("2.4.1", download=True)


def test_the_oldest_layout_and_no_th_folders_in_new_ones(index, wheels):
    make_wheel(wheels, "torch-1.0.1-cp37-cp37m-manylinux1_x86_64.whl", torch_members("1.0.1", include="torch/lib/include"))
    make_wheel(wheels, "torch-2.7.1-cp311-cp311-manylinux_2_28_x86_64.whl", torch_members("2.7.1"))
    assert (header_set("1.0", download=True).root / "include/torch/extension.h").is_file()
    assert [path.name for path in header_set("2.7", download=True).include_dirs] == ["include", "include"]


def test_a_member_outside_of_the_wheel_is_refused(index, wheels, cache):
    make_wheel(wheels, "torch-2.4.1-cp311-cp311-manylinux1_x86_64.whl", torch_members("2.4.1") | {"torch/include/../../../evil.h": b"x"})
    with pytest.raises(ToolchainError, match="outside of itself"):
        header_set("2.4.1", download=True)
    assert not list(cache.rglob("evil.h"))


def test_progress_reaches_its_total(index):
    seen = []
    header_set("1.4", download=True, progress=lambda what, done, total: seen.append((what, done, total)))
    torch = [(done, total) for what, done, total in seen if what.startswith("torch-1.4.0")]
    assert torch and torch[-1][0] == torch[-1][1]
    assert torch == sorted(torch)


def test_which_releases_need_another_pybind11(index, wheels):
    import sys

    def bundled(minor: int) -> bytes:
        return f"#define PYBIND11_VERSION_MAJOR 2\n#define PYBIND11_VERSION_MINOR {minor}\n".encode()

    for release, minor in (("2.4.1", 4), ("2.5.1", 99)):
        make_wheel(wheels, f"torch-{release}-cp311-cp311-manylinux1_x86_64.whl",
                   torch_members(release) | {"torch/include/pybind11/detail/common.h": bundled(minor)})
    assert needs_pybind11(header_set("2.4.1", download=True)) == (sys.version_info >= (3, 11))
    assert needs_pybind11(header_set("2.5.1", download=True)) == (sys.version_info >= (3, 14))
