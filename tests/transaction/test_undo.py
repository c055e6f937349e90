"""``cuport undo``: byte for byte, modes, links, renames and new files; what was edited since is never overwritten."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from migrator import atomic, journal, undo, write
from migrator.cli import main
from rewrites import catalogue

from .tree import fingerprint, make, plan_of

OLD = "#include <THC/THC.h>\nvoid f(const at::Tensor &x) { AT_CHECK(x.dim() == 4); }\n"
FFI = Path(__file__).parents[2] / "fixtures/build/ffi-create-extension/project_cuda/before"


def cuport(*words: object) -> Result:
    result = CliRunner().invoke(main, list(map(str, words)), obj=catalogue, prog_name="cuport")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def migrate(*words: object) -> Result:
    result = cuport("migrate", "--allow-no-vcs", *words)
    assert result.exit_code == 0, result.stderr
    return result


@pytest.fixture
def root(tmp_path, monkeypatch) -> Path:
    """A tree outside git; also the current folder."""
    root = tmp_path / "tree"
    (root / "csrc").mkdir(parents=True)
    (root / "csrc/a.cu").write_text(OLD)
    (root / "csrc/b.cu").write_text(OLD * 2)
    (root / "csrc/b.cu").chmod(0o755)
    (root / "csrc/link.cu").symlink_to("a.cu")
    monkeypatch.chdir(root)
    return root


def test_everything_comes_back(root):
    shutil.copytree(FFI, root / "ffi")
    (root / "ffi/src/scale.c").chmod(0o750)
    old = fingerprint(root)
    migrate(".")
    assert (root / "ffi/src/scale.cpp").exists() and not (root / "ffi/src/scale.c").exists(), "a rename"
    assert (root / "ffi/_ext/__init__.py").exists(), "a new file in a new folder"
    assert "AT_CHECK" not in (root / "csrc/a.cu").read_text()
    result = cuport("undo")
    assert result.exit_code == 0 and result.stderr.startswith("put ") and "files back as they were before `" in result.stderr
    assert fingerprint(root) == old, "and nothing of cuport's is left"
    assert cuport("undo").exit_code == 2


def test_a_run_that_changes_nothing_leaves_no_record(root):
    migrate(".")
    before = fingerprint(root)
    migrate(".")
    assert fingerprint(root) == before


def test_two_runs_are_taken_back_one_by_one(root):
    first = fingerprint(root)
    migrate(".", "--select", "at-check")
    second = (root / "csrc/a.cu").read_text()
    migrate(".")
    listed = cuport("undo", "--list").stdout.splitlines()
    assert len(listed) == 2 and "2 files under" in listed[0]
    cuport("undo")
    assert (root / "csrc/a.cu").read_text() == second
    cuport("undo")
    assert fingerprint(root) == first


def test_edited_since(root):
    migrate(".")
    mine = (root / "csrc/a.cu").read_text() + "// mine\n"
    (root / "csrc/a.cu").write_text(mine)
    state = fingerprint(root)
    result = cuport("undo")
    assert result.exit_code == 2 and "csrc/a.cu" in result.stderr and "--skip-edited" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert fingerprint(root) == state, "nothing was done"

    result = cuport("undo", "--skip-edited")
    assert result.exit_code == 0 and "put 1 file back" in result.stderr and "left as it is: csrc/a.cu" in result.stderr
    assert (root / "csrc/b.cu").read_text() == OLD * 2 and (root / "csrc/a.cu").read_text() == mine
    assert "edited" in cuport("undo", "--list").stdout

    assert cuport("undo", "--out", "originals").exit_code == 0
    assert (root / "originals/csrc/a.cu").read_text() == OLD, "its original is still to be had"
    assert (root / "originals/csrc/b.cu").stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("change", ["removed", "a folder", "a link out", "in a linked folder"])
def test_what_is_no_longer_the_file_that_was_written(root, tmp_path, change):
    """Neither through links, nor over what somebody put there."""
    migrate(".")
    outside = tmp_path / "outside.cu"
    shutil.copy(root / "csrc/a.cu", outside)
    if change == "in a linked folder":
        os.rename(root / "csrc", tmp_path / "elsewhere")
        (root / "csrc").symlink_to(tmp_path / "elsewhere")
    else:
        (root / "csrc/a.cu").unlink()
        if change == "a folder":
            (root / "csrc/a.cu").mkdir()
        elif change == "a link out":
            (root / "csrc/a.cu").symlink_to(outside)
    before = outside.read_bytes(), fingerprint(tmp_path)
    result = cuport("undo", root)
    assert result.exit_code == 2 and "csrc/a.cu" in result.stderr
    assert (outside.read_bytes(), fingerprint(tmp_path)) == before


def test_from_a_folder_above_and_one_below(root):
    old = fingerprint(root)
    migrate("csrc")
    assert (root / "csrc/.cuport").is_dir(), "the record stands in what was given"
    assert cuport("undo", root.parent).exit_code == 0
    assert fingerprint(root) == old
    migrate(".")
    assert cuport("undo", "csrc/a.cu").exit_code == 0
    assert fingerprint(root) == old


def test_records_in_a_shared_folder_are_not_those_of_what_lies_in_it(root):
    """``/tmp/.cuport`` may be anybody's."""
    root.chmod(0o1777)
    old = fingerprint(root)
    migrate(".")
    assert (root / ".cuport").is_dir()
    (root / "csrc/a.cu").write_text(OLD)
    migrate("csrc")
    assert (root / "csrc/.cuport").is_dir()
    assert cuport("undo", "csrc").exit_code == 0
    assert (root / "csrc/a.cu").read_text() == OLD
    assert cuport("undo", ".").exit_code == 0, "its own are still its own"
    assert fingerprint(root) == old


def test_the_tree_was_moved(root, tmp_path, monkeypatch):
    old = fingerprint(root)
    migrate(".")
    monkeypatch.chdir(tmp_path)
    root.rename(tmp_path / "moved")
    assert cuport("undo", "moved").exit_code == 0
    assert fingerprint(tmp_path / "moved") == old


def test_strange_names(root):
    for name in ("a\nb.cu", 'q"uote\'s.cu', "\x1b[31mred.cu", os.fsdecode(b"caf\xe9.cu"), "x" * 252 + ".cu"):
        (root / name).write_text(OLD)
    old = fingerprint(root)
    migrate(".")
    assert fingerprint(root) != old
    assert cuport("undo").exit_code == 0
    assert fingerprint(root) == old


def test_old_records_go(root, monkeypatch):
    monkeypatch.setattr(journal, "KEPT", 3)
    for _ in range(5):
        (root / "csrc/a.cu").write_text(OLD)
        migrate(".")
    assert len(journal.records(root)) == 3
    monkeypatch.setattr(journal, "KEPT_BYTES", 1)
    (root / "csrc/a.cu").write_text(OLD)
    migrate(".")
    assert len(journal.records(root)) == 1, "the newest stays, however large"


def test_an_interrupted_run_is_found_by_the_next(root, monkeypatch):
    old = fingerprint(root)
    stop_after(monkeypatch, 1)
    monkeypatch.setattr(undo, "revert", lambda record: None)  # as a kill would have it
    cuport("migrate", "--allow-no-vcs", ".")
    monkeypatch.undo()
    monkeypatch.chdir(root)
    assert fingerprint(root) != old and journal.pending(root)
    for option in ("--dry-run", "--check"):
        result = cuport("migrate", option, ".")
        assert result.exit_code == 2 and "an earlier run was interrupted" in result.stderr and "cuport undo" in result.stderr
    result = cuport("migrate", "--allow-no-vcs", ".")
    assert result.exit_code == 0 and "was interrupted: put 1 file back" in result.stderr
    assert "AT_CHECK" not in (root / "csrc/b.cu").read_text()
    cuport("undo")
    assert fingerprint(root) == old


def test_an_interrupted_run_and_an_edit_after_it(root, monkeypatch):
    stop_after(monkeypatch, 1)
    monkeypatch.setattr(undo, "revert", lambda record: None)
    cuport("migrate", "--allow-no-vcs", ".")
    monkeypatch.undo()
    monkeypatch.chdir(root)
    (root / "csrc/b.cu").write_text("mine\n")
    result = cuport("migrate", "--allow-no-vcs", ".")
    assert result.exit_code == 2 and "csrc/b.cu was edited" in result.stderr and "--skip-edited" in result.stderr
    assert cuport("undo", "--skip-edited").exit_code == 0
    assert (root / "csrc/a.cu").read_text() == OLD and (root / "csrc/b.cu").read_text() == "mine\n"
    assert cuport("migrate", "--allow-no-vcs", ".").exit_code == 0


def stop_after(monkeypatch, renames: int) -> None:
    """Let the system refuse every rename of a source after the first few."""
    real, done = os.replace, []

    def replace(source, target):
        if Path(target).suffix == ".cu":
            done.append(target)
            if len(done) > renames:
                raise OSError(5, "Input/output error", str(target))
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)


def test_an_error_in_the_middle_is_taken_back_at_once(root, monkeypatch):
    old = fingerprint(root)
    real, done = os.replace, []

    def replace(source, target):
        done.append(target)
        if Path(target).name == "b.cu":
            raise OSError(5, "Input/output error", str(target))
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    result = cuport("migrate", "--allow-no-vcs", ".")
    assert result.exit_code == 2 and "csrc/b.cu: Input/output error; nothing was changed" in result.stderr
    assert any(Path(target).name == "a.cu" for target in done), "the other file had been written"
    assert fingerprint(root) == old


def test_two_runs_at_once(root):
    old = fingerprint(root)
    with journal.locked(root):
        result = cuport("migrate", "--allow-no-vcs", ".")
    assert result.exit_code == 2 and "another cuport is writing in" in result.stderr
    assert fingerprint(root) == old


def test_nothing_is_renamed_before_it_is_on_the_disk(tmp_path, monkeypatch):
    """What a power cut asks for: originals, then new bytes, then renames, then the record's own."""
    make(tmp_path / "tree", 20)
    root = (tmp_path / "tree").resolve()
    events: list[tuple[str, str]] = []
    fsync, replace = os.fsync, os.replace

    def watched_fsync(handle):
        fsync(handle)
        events.append(("flushed", os.readlink(f"/proc/self/fd/{handle}")))

    def watched_replace(source, target):
        replace(source, target)
        events.append(("renamed", f"{source} {target}"))

    monkeypatch.setattr(os, "fsync", watched_fsync)
    monkeypatch.setattr(os, "replace", watched_replace)
    write.apply(plan_of(root), "test")
    place = str(root / ".cuport/undo")
    renamed = [i for i, (kind, _) in enumerate(events) if kind == "renamed"]
    to_pending, files, to_done = renamed[0], renamed[1:-1], renamed[-1]
    assert events[to_pending][1].endswith(".pending") and events[to_done][1].endswith(".done") and len(files) == 22
    assert ("flushed", place + "/new.part") in events[:to_pending]
    assert ("flushed", place) in events[to_pending : files[0]]
    for index in files:
        assert ("flushed", events[index][1].split(" ")[0]) in events[: files[0]]
    for folder in {str(Path(events[i][1].split(" ")[1]).parent) for i in files}:
        assert ("flushed", folder) in events[files[-1] : to_done]


# --- a record is hostile input ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["../outside.cu", "/etc/passwd", "csrc/../../outside.cu", ".git/config", "", "a\0b"])
def test_a_record_that_leaves_its_tree(root, tmp_path, path):
    migrate(".")
    record = journal.records(root)[-1]
    forged = json.loads(zipfile.ZipFile(record.path).read("record.json"))
    forged["entries"][0]["old_path"] = forged["entries"][0]["new_path"] = path
    with zipfile.ZipFile(record.path, "w") as archive:
        archive.writestr("record.json", json.dumps(forged))
        archive.writestr("originals/0", OLD)
    (tmp_path / "outside.cu").write_text("theirs")
    before = fingerprint(tmp_path)
    result = cuport("undo")
    assert result.exit_code == 2 and "damaged" in result.stderr
    assert fingerprint(tmp_path) == before


@pytest.mark.parametrize("damage", ["cut", "empty", "text", "other bytes"])
def test_a_damaged_record(root, damage):
    migrate(".")
    path = journal.records(root)[-1].path
    data = path.read_bytes()
    if damage == "other bytes":
        text = zipfile.ZipFile(path).read("record.json")
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("record.json", text)
            archive.writestr("originals/0", "forged")
            archive.writestr("originals/1", "forged")
    else:
        path.write_bytes({"cut": data[: len(data) // 2], "empty": b"", "text": b"not a zip"}[damage])
    state = fingerprint(root / "csrc")
    result = cuport("undo")
    assert result.exit_code == 2 and "damaged" in result.stderr and len(result.stderr.strip().splitlines()) == 1
    assert fingerprint(root / "csrc") == state


def test_a_record_with_any_byte_changed(root):
    """It is read as it was, or found damaged: no other error, whatever the decoders of zip and JSON make of it."""
    migrate(".")
    path = journal.records(root)[-1].path
    data = path.read_bytes()
    versions = [data[:at] + bytes([byte ^ change]) + data[at + 1 :] for at, byte in enumerate(data) for change in (128, 255)]
    damaged = 0
    for version in versions:
        path.write_bytes(version)
        try:
            record = journal.read(path)
            record.originals(record.entries)
        except journal.JournalError as error:
            assert len(str(error).splitlines()) == 1
            damaged += 1
    assert damaged > len(versions) / 2


def test_a_linked_record_folder(root, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (root / ".cuport").symlink_to(tmp_path / "elsewhere")
    result = cuport("migrate", "--allow-no-vcs", ".")
    assert result.exit_code == 2 and "is a link" in result.stderr
    assert not list((tmp_path / "elsewhere").iterdir()) and (root / "csrc/a.cu").read_text() == OLD


def test_staging_never_follows_a_link(tmp_path):
    (tmp_path / "target").write_text("theirs")
    (tmp_path / "link").symlink_to("target")
    with pytest.raises(FileExistsError):
        atomic.stage(tmp_path / "link", b"ours")
    assert (tmp_path / "target").read_text() == "theirs"
