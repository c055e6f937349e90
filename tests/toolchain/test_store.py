"""Folders that are complete or not there."""
from __future__ import annotations

import subprocess
import sys
import zlib

import pytest

from migrator.toolchain.store import adding, damage, entries, read_manifest, remove


def fill(part, content=b"content"):
    (part.root / "file").write_bytes(content)
    part.record("file", len(content), zlib.crc32(content))


def test_add_and_remove(tmp_path):
    folder = tmp_path / "store/one"
    with adding(folder) as part:
        fill(part)
        part.facts["url"] = "somewhere"
        assert read_manifest(folder) is None
    assert read_manifest(folder)["url"] == "somewhere"
    assert damage(folder) is None
    assert entries(folder.parent) == [folder]
    with adding(folder) as part:
        assert part is None
    assert remove(folder) and not remove(folder)
    assert entries(folder.parent) == []


def test_an_error_leaves_nothing(tmp_path):
    folder = tmp_path / "one"
    with pytest.raises(RuntimeError), adding(folder) as part:
        fill(part)
        raise RuntimeError
    assert [path.name for path in tmp_path.iterdir()] == [".locks"]


def test_a_part_is_never_an_entry_and_is_cleared_away(tmp_path):
    folder, left = tmp_path / "one", tmp_path / "one.part"
    left.mkdir()
    (left / "rubbish").write_bytes(b"x")
    assert entries(tmp_path) == []
    with adding(folder) as part:
        fill(part)
    assert sorted(path.name for path in folder.iterdir()) == ["cuport-manifest.json", "file"]
    assert not left.exists()


def test_a_part_with_a_manifest_is_no_entry_either(tmp_path):
    with adding(tmp_path / "one") as part:
        fill(part)
    (tmp_path / "one").rename(tmp_path / "one.part")
    assert entries(tmp_path) == []


@pytest.mark.parametrize("harm", ["cut", "extra", "lost", "format", "garbage"])
def test_what_is_not_whole_is_not_trusted(tmp_path, harm):
    folder = tmp_path / "one"
    with adding(folder) as part:
        fill(part)
    manifest = folder / "cuport-manifest.json"
    if harm == "cut":
        (folder / "file").write_bytes(b"con")
    elif harm == "extra":
        (folder / "more").write_bytes(b"")
    elif harm == "lost":
        (folder / "file").unlink()
    elif harm == "format":
        manifest.write_text(manifest.read_text().replace('"format": 1', '"format": 99'))
    else:
        manifest.write_bytes(manifest.read_bytes()[:20])
    assert read_manifest(folder) is None
    with adding(folder) as part:
        fill(part)
    assert damage(folder) is None


def test_two_processes_at_once_make_it_once(index, cache):
    code = ("from migrator.toolchain import header_set\n"
            "print(header_set('1.4', download=True).downloaded)")
    both = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(3)]
    assert len({process.communicate()[0] for process in both}) == 1
    assert all(process.returncode == 0 for process in both)
    directories = [wanted for method, path, wanted in index.requests if "torch-1.4" in path]
    assert len(directories) <= 4, "the wheel was read by one of them only"
