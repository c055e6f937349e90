"""``cuport migrate`` from outside: what it writes, what it says, how it exits; and bad input."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from migrator.cli import main
from rewrites import catalogue

OLD = "#include <ATen/ATen.h>\n#include <THC/THC.h>\n\nvoid f(const at::Tensor &x) {\n  AT_CHECK(x.dim() == 4);\n  THCudaCheck(cudaGetLastError());\n}\n"
NEW = "#include <ATen/ATen.h>\n#include <ATen/cuda/CUDAContext.h>\n#include <ATen/cuda/Exceptions.h>\n\nvoid f(const at::Tensor &x) {\n  TORCH_CHECK(x.dim() == 4);\n  AT_CUDA_CHECK(cudaGetLastError());\n}\n"  # fmt: skip
CUPORT = [sys.executable, "-c", "from rewrites import main; main()"]


def cuport(*args: object) -> Result:
    result = CliRunner().invoke(main, ["migrate", "--allow-no-vcs", *map(str, args)], obj=catalogue, prog_name="cuport")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    assert "Traceback" not in result.output
    return result


def shell(*args: object, cwd: Path, **options) -> subprocess.CompletedProcess[bytes]:
    done = subprocess.run([*CUPORT, "migrate", "--allow-no-vcs", *map(os.fspath, args)], cwd=cwd, capture_output=True, timeout=120, **options)
    assert b"Traceback" not in done.stderr, done.stderr
    return done


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A folder with one legacy file, ``op.cu``; also the current one."""
    root = tmp_path / "csrc"
    root.mkdir()
    (root / "op.cu").write_text(OLD)
    monkeypatch.chdir(tmp_path)
    return root


# --- what it does -----------------------------------------------------------------------------------------------------------------------


def test_in_place_by_default(folder):
    result = cuport("csrc")
    assert result.exit_code == 0
    assert (folder / "op.cu").read_text() == NEW
    assert "1 file read, 1 changed" in result.stderr
    assert result.stdout == ""
    assert sorted(p.name for p in folder.iterdir()) == [".cuport", "op.cu"], "the file, and the record that takes it back"


def test_second_run_changes_nothing(folder):
    cuport("csrc")
    before = (folder / "op.cu").stat()
    result = cuport("csrc")
    assert "0 changed, 0 edits" in result.stderr
    assert (folder / "op.cu").stat().st_mtime_ns == before.st_mtime_ns


def test_dry_run_writes_nothing_and_applies(folder):
    result = cuport("csrc", "--dry-run")
    assert result.exit_code == 0
    assert (folder / "op.cu").read_text() == OLD
    patch(folder.parent, result.stdout.encode())
    assert (folder / "op.cu").read_text() == NEW


def patch(where: Path, diff: bytes) -> None:
    git = shutil.which("git")
    if git is None:
        pytest.skip("no git here")
    done = subprocess.run([git, "apply", "-p1", "--whitespace=nowarn", "-"], cwd=where, input=diff, capture_output=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("crlf.cu", OLD.replace("\n", "\r\n").encode()),
        ("gbk.cu", OLD.encode() + "// 中文\n".encode("gbk")),
        ("no_newline.cu", OLD.rstrip("\n").encode()),
        ("form_feed.cu", OLD.encode() + b"\x0c\n\x0b\x1c// a\x85b\n"),
        ("a name with blanks.cu", OLD.encode()),
        ("größe.cu", OLD.encode()),
        (os.fsdecode(b"caf\xe9.cu"), OLD.encode()),
        ("a\nnew line.cu", OLD.encode()),
        ("\t\"quoted\" \\ 'name'\x1b[31m\x7f.cu", OLD.encode()),
        ("$(touch trace) `touch trace`;touch trace.cu", OLD.encode()),
    ],
    ids=lambda value: None if isinstance(value, bytes) else ascii(value),
)
def test_diff_of_any_bytes_applies(tmp_path, name, data):
    """What git makes of the diff is what cuport would have written."""
    twin = tmp_path / "twin"
    for where in (tmp_path / "a", twin):
        where.mkdir()
        try:
            (where / name).write_bytes(data)
        except OSError:
            pytest.skip("this file system does not take such a name")
    diff = shell(".", "--dry-run", cwd=tmp_path / "a")
    assert diff.returncode == 0
    assert b"\x1b" not in diff.stdout  # no colours in a pipe
    assert shell(".", cwd=twin).returncode == 0
    patch(tmp_path / "a", diff.stdout)
    assert (tmp_path / "a" / name).read_bytes() == (twin / name).read_bytes() != data


def test_check(folder):
    assert cuport("csrc", "--check").exit_code == 1
    assert (folder / "op.cu").read_text() == OLD
    cuport("csrc", "-q")
    assert cuport("csrc", "--check").exit_code == 0


def test_out(folder, tmp_path):
    (folder / "notes.txt").write_text("kept")
    (folder / "sub").mkdir()
    (folder / "sub/other.cu").write_text(OLD)
    (folder / "link.cu").symlink_to("op.cu")
    assert cuport("csrc", "--out", "ported").exit_code == 0
    assert (folder / "op.cu").read_text() == OLD
    assert (tmp_path / "ported/op.cu").read_text() == NEW
    assert (tmp_path / "ported/sub/other.cu").read_text() == NEW
    assert (tmp_path / "ported/notes.txt").read_text() == "kept"
    assert os.readlink(tmp_path / "ported/link.cu") == "op.cu"


def test_out_of_one_file(folder, tmp_path):
    assert cuport("csrc/op.cu", "--out", "ported").exit_code == 0
    assert (tmp_path / "ported/op.cu").read_text() == NEW


@pytest.mark.parametrize(
    "args",
    [["csrc", "--out", "full"], ["csrc", "--out", "csrc/inside"], ["csrc", "csrc/op.cu", "--out", "x"], ["csrc", "--out", "csrc"]],
    ids=" ".join,
)
def test_out_refused(folder, tmp_path, args):
    (tmp_path / "full").mkdir()
    (tmp_path / "full/kept").write_text("kept")
    result = cuport(*args)
    assert result.exit_code == 2
    assert len(result.stderr.strip().splitlines()) == 1
    assert (folder / "op.cu").read_text() == OLD


def test_select_and_ignore(folder):
    cuport("csrc", "--select", "at-check")
    text = (folder / "op.cu").read_text()
    assert "TORCH_CHECK" in text and "THCudaCheck" in text
    cuport("csrc", "--ignore", "thc-headers")
    text = (folder / "op.cu").read_text()
    assert "AT_CUDA_CHECK" in text and "THC/THC.h" in text
    cuport("csrc", "--select", "thc,at")
    assert "THC" not in (folder / "op.cu").read_text()


def test_groups_and_what_is_off_by_default(folder):
    launch = "#include <ATen/ATen.h>\nvoid f(at::Tensor x) {\n  AT_CHECK(true);\n  k<<<1, 1>>>(x.data_ptr<float>());\n}\n"
    path = folder / "op.cu"
    path.write_text(launch)
    cuport(".")
    assert "getCurrentCUDAStream" not in path.read_text() and "TORCH_CHECK" in path.read_text()
    path.write_text(launch)
    cuport(".", "--select", "modernize", "--ignore", "missing-launch-check")
    text = path.read_text()
    assert "getCurrentCUDAStream" in text and "device_guard" in text and "AT_CHECK" in text and "LAUNCH_CHECK" not in text
    path.write_text(launch)
    cuport(".", "--select", "default,modernize", "--ignore", "aten")
    text = path.read_text()
    assert "getCurrentCUDAStream" in text and "AT_CHECK" in text and "LAUNCH_CHECK" in text


def test_rules_names_release_tier_and_link():
    lines = CliRunner().invoke(main, ["rules", "--no-config"], obj=catalogue).output.splitlines()
    [line] = [line for line in lines if line.startswith("at-warn ")]
    assert "removed in torch 1.5" in line and " safe " in line and line.endswith("https://github.com/pytorch/pytorch/releases/tag/v1.5.0")


def test_rules_of_a_group():
    result = CliRunner().invoke(main, ["rules", "modernize"], obj=catalogue)
    lines = result.stdout.splitlines()
    assert result.exit_code == 0 and lines and all("  modernize  with --select modernize" in line for line in lines)


def test_unknown_rule(folder):
    result = cuport("csrc", "--select", "at-chek")
    assert result.exit_code == 2
    assert "did you mean at-check?" in result.stderr
    assert (folder / "op.cu").read_text() == OLD


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--target", "x"], "--target: 'x' is not a release number"),
        (["--target", "9.9"], "newer than what this cuport knows"),
        (["--min-torch", "2.15", "--target", "1.10"], "is newer than --target"),
        (["--min-torch", "0.4"], "cuport knows torch from 1.0 on"),
        (["--no-such-option"], "No such option"),
        ([], ""),
    ],
)
def test_bad_options(folder, args, words):
    result = cuport(*(["csrc", *args] if args else []))
    assert result.exit_code == 2
    assert words in result.stderr
    assert (folder / "op.cu").read_text() == OLD


def test_target_and_min_torch(folder):
    source = "#include <ATen/ATen.h>\n#include <THC/THC.h>\nint f(int n) { return THCCeilDiv(n, 2); }\n"
    (folder / "op.cu").write_text(source)
    cuport("csrc", "--target", "1.10")
    assert (folder / "op.cu").read_text() == source
    cuport("csrc", "--min-torch", "1.5")
    text = (folder / "op.cu").read_text()
    assert "at::cuda::ATenCeilDiv(n, 2)" in text and "ATen/ceil_div.h" not in text
    (folder / "op.cu").write_text(source)
    cuport("csrc")
    assert "at::ceil_div(n, 2)" in (folder / "op.cu").read_text()


def test_only_broken(folder):
    (folder / "op.cu").write_text(OLD + 'void g(at::Tensor x) {\n  AT_ASSERTM(x.type().is_cuda(), "gpu");\n  float *p = x.data<float>();\n}\n')
    cuport("csrc", "--only-broken")
    text = (folder / "op.cu").read_text()
    assert 'AT_ASSERTM(x.type().is_cuda(), "gpu")' in text and "x.data<float>()" in text
    assert "TORCH_CHECK" in text and "THCudaCheck" not in text


def test_left_to_do_by_hand(folder):
    (folder / "op.cu").write_text('void f(double x) {\n\n  AT_CHECK(x > 0, "x is %.2f", x);\n}\n')
    result = cuport("csrc", "-q")
    assert "csrc/op.cu:3: [at-check]" in result.stderr and "printf" in result.stderr
    assert "->" in result.stderr
    assert result.exit_code == 0


def test_what_is_left_stands_where_it_was_written(folder):
    (folder / "op.cu").write_text('#include <THC/THC.h>\n\nvoid f(double x) {\n  AT_CHECK(x > 0, "x is %.2f", x);\n}\n')
    assert "csrc/op.cu:4: [at-check]" in cuport("csrc", "--dry-run", "-q").stderr
    assert "ported/op.cu:3: [at-check]" in cuport("csrc", "--out", "ported", "-q").stderr
    assert (folder.parent / "ported" / "op.cu").read_text().splitlines()[2].startswith("  TORCH_CHECK")


def test_verbose_names_every_change(folder):
    result = cuport("csrc", "-v", "--check")
    assert "csrc/op.cu:5: at-check" in result.stderr


# --- links, modes -----------------------------------------------------------------------------------------------------------------------


def test_linked_file_is_edited_once_and_the_link_stays(folder):
    (folder / "shared.cu").write_text(OLD)
    (folder / "op.cu").unlink()
    (folder / "a.cu").symlink_to("shared.cu")
    (folder / "b.cu").symlink_to("a.cu")
    result = cuport("csrc")
    assert "1 file read, 1 changed" in result.stderr
    assert (folder / "shared.cu").read_text() == NEW
    assert os.readlink(folder / "a.cu") == "shared.cu" and os.readlink(folder / "b.cu") == "a.cu"


def test_a_link_out_of_the_given_paths_is_not_followed(folder, tmp_path):
    (tmp_path / "shared.cu").write_text(OLD)
    (folder / "a.cu").symlink_to("../shared.cu")
    result = cuport("csrc")
    assert result.exit_code == 0
    assert len(error_lines(result)) == 1 and "csrc/a.cu: a link to" in result.stderr and "outside the given paths" in result.stderr
    assert (tmp_path / "shared.cu").read_text() == OLD and (folder / "op.cu").read_text() == NEW
    assert error_lines(cuport("csrc", "shared.cu")) == [], "given as well, it is ported"
    assert (tmp_path / "shared.cu").read_text() == NEW and (folder / "a.cu").is_symlink()


def test_links_to_folders_that_lead_out(folder, tmp_path):
    """Named where there are sources; a data set is none, and what lies in the tree is read where it lies."""
    for name in ("outside", "data"):
        (tmp_path / name).mkdir()
        (folder / name).symlink_to(tmp_path / name)
    (tmp_path / "outside/a.cu").write_text(OLD)
    (tmp_path / "data/a.png").write_bytes(b"")
    (folder / "again").symlink_to(".")
    result = cuport("csrc")
    assert len(error_lines(result)) == 1 and "csrc/outside: a link to" in result.stderr and "give that path as well" in result.stderr
    assert (tmp_path / "outside/a.cu").read_text() == OLD and (folder / "op.cu").read_text() == NEW
    assert cuport("csrc", "outside").exit_code == 0
    assert (tmp_path / "outside/a.cu").read_text() == NEW


def test_a_link_given_by_name_is_followed(folder, tmp_path):
    (tmp_path / "link.cu").symlink_to("csrc/op.cu")
    assert cuport("link.cu").exit_code == 0
    assert (folder / "op.cu").read_text() == NEW and (tmp_path / "link.cu").is_symlink()


def test_mode_stays(folder):
    os.chmod(folder / "op.cu", 0o755)
    cuport("csrc")
    assert (folder / "op.cu").stat().st_mode & 0o7777 == 0o755


def test_given_twice(folder):
    assert "1 file read" in cuport("csrc", "csrc/op.cu", folder).stderr


# --- bad input --------------------------------------------------------------------------------------------------------------------------


def error_lines(result: Result) -> list[str]:
    return [line for line in result.stderr.splitlines() if line.startswith("cuport:")]


def test_empty_folder(tmp_path):
    result = cuport(tmp_path)
    assert result.exit_code == 0
    assert len(error_lines(result)) == 1 and "no sources found" in result.stderr


def test_no_such_path(folder):
    result = cuport("nosuch", "csrc")
    assert result.exit_code == 2
    assert error_lines(result) == ["cuport: nosuch: no such file or folder"]
    assert (folder / "op.cu").read_text() == NEW, "the other path is done all the same"


def test_binary(folder):
    data = bytes(range(256)) * 100
    (folder / "bin.cu").write_bytes(data)
    result = cuport("csrc")
    assert result.exit_code == 0
    assert error_lines(result) == ["cuport: csrc/bin.cu: a binary file, left as it is"]
    assert (folder / "bin.cu").read_bytes() == data and (folder / "op.cu").read_text() == NEW
    assert cuport("csrc/bin.cu").exit_code == 2


def test_generated_file_of_50_mb(folder):
    (folder / "tables.cu").write_bytes(b"THCudaCheck(1); static const float t[] = {\n" + b"  0.125f, 1.5e-3f, 2.25f, 3.0f,\n" * 1_600_000 + b"};\n")
    result = cuport("csrc")
    assert result.exit_code == 0
    assert len(error_lines(result)) == 1 and "csrc/tables.cu: larger than" in result.stderr
    assert (folder / "op.cu").read_text() == NEW
    assert cuport("csrc/tables.cu").exit_code == 2


@pytest.mark.parametrize(
    "text",
    [
        "#include <THC/THC.h>\nint x = " + "(" * 10000 + "THCCeilDiv(a, b)" + ")" * 10000 + ";\n",
        "#include <THC/THC.h>\nint x = " + "f(" * 10000 + "THCCeilDiv(a, b)" + ")" * 10000 + ";\n",
        "#include <THC/THC.h>\nvoid g(at::Tensor x) " + "{ if (1) " * 3000 + "{ int y = THCCeilDiv(x.data<int>()[0], 2); }" + "}" * 3000 + "\n",
        "#include <THC/THC.h>\n" + "#if A\n" * 3000 + "int x = THCCeilDiv(a, b);\n" + "#endif\n" * 3000,
        "#include <THC/THC.h>\n#define M " + "(" * 10000 + "THCCeilDiv(a, b)" + ")" * 10000 + "\n",
        "#include <THC/THC.h>\nint x = " + "THCCeilDiv(" * 300 + "1" + ", 2)" * 300 + ";\n",
        "#include <THC/THC.h>\nauto x = " + "a + " * 10000 + "THCCeilDiv(a, b);\n",
        "#include <THC/THC.h>\nauto x = y" + ".contiguous()" * 2000 + ".data<float>()[THCCeilDiv(a, b)];\n",
    ],
    ids=["parentheses", "calls", "blocks", "if", "macro", "nested matches", "sum", "chain"],
)
def test_deep_nesting(folder, text):
    (folder / "deep.cu").write_text(text)
    result = cuport("csrc")
    assert result.exit_code == 0
    assert "THCCeilDiv" not in (folder / "deep.cu").read_text()


def test_truncated_file(folder):
    for end in range(0, len(OLD), 7):
        (folder / f"cut{end}.cu").write_text(OLD[:end])
    assert cuport("csrc").exit_code == 0
    assert cuport("csrc", "--check").exit_code == 0


def test_unreadable(folder, monkeypatch):
    """Permissions do not stop root, so the refusal is played."""
    (folder / "closed.cu").write_text(OLD)
    real = Path.read_bytes

    def read_bytes(path: Path) -> bytes:
        if path.name == "closed.cu":
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", read_bytes)
    result = cuport("csrc")
    assert result.exit_code == 2
    assert error_lines(result) == ["cuport: csrc/closed.cu: Permission denied"]
    assert (folder / "op.cu").read_text() == NEW


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads and writes everything")
def test_real_permissions(folder):
    (folder / "closed.cu").write_text(OLD)
    (folder / "closed.cu").chmod(0)
    (folder / "locked.cu").write_text(OLD)
    (folder / "locked.cu").chmod(0o444)
    (folder / "sub").mkdir(mode=0)
    try:
        result = cuport("csrc")
    finally:
        (folder / "sub").chmod(0o755)
    assert result.exit_code == 2
    assert sorted(line.split(":")[1].strip() for line in error_lines(result)) == ["csrc/closed.cu", "csrc/locked.cu", "csrc/sub"]
    assert (folder / "op.cu").read_text() == OLD and (folder / "locked.cu").read_text() == OLD, "all or none"


def test_read_only(folder, monkeypatch):
    (folder / "locked.cu").write_text(OLD)
    (folder / "locked.cu").chmod(0o444)
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "locked.cu")
    result = cuport("csrc")
    assert result.exit_code == 2
    assert error_lines(result) == ["cuport: csrc/locked.cu: not writable; nothing was changed: change its permissions and run cuport again"]
    assert (folder / "locked.cu").read_text() == OLD and (folder / "op.cu").read_text() == OLD, "all or none"
    assert sorted(p.name for p in folder.iterdir()) == ["locked.cu", "op.cu"]


@pytest.mark.parametrize("call", [0, 1, 2, 3])
def test_disk_full(folder, monkeypatch, call):
    """Whichever write is the first that finds no room: nothing changed, nothing is left lying about."""
    (folder / "other.cu").write_text(OLD)
    calls = []
    real = os.fsync

    def fsync(handle: int) -> None:
        calls.append(handle)
        if len(calls) > call and not os.path.isdir(f"/proc/self/fd/{handle}"):
            raise OSError(28, "No space left on device")
        real(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    result = cuport("csrc")
    assert result.exit_code == 2
    assert "No space left on device; nothing was changed" in result.stderr
    assert (folder / "other.cu").read_text() == OLD and (folder / "op.cu").read_text() == OLD
    assert sorted(p.name for p in folder.iterdir()) == ["op.cu", "other.cu"]


def test_loop_of_links(folder):
    (folder / "a.cu").symlink_to("b.cu")
    (folder / "b.cu").symlink_to("a.cu")
    (folder / "dangling.cu").symlink_to("nowhere.cu")
    (folder / "up").symlink_to("..")
    result = cuport("csrc")
    assert result.exit_code == 0, "they hold nothing that could be ported"
    assert sum("loop of symbolic links" in line for line in error_lines(result)) == 2
    assert "cuport: csrc/dangling.cu: a link to what is not there" in error_lines(result)
    assert (folder / "op.cu").read_text() == NEW
    assert cuport("csrc/dangling.cu").exit_code == 2 and cuport("csrc/a.cu").exit_code == 2, "given by name"


def test_nobody_can_answer(folder):
    done = subprocess.run([*CUPORT, "migrate", "csrc", "-i"], stdin=None, preexec_fn=lambda: os.close(0), capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr == "Error: --interactive asks, and standard input is closed: nobody can answer\n"


def test_special_files(folder):
    os.mkfifo(folder / "pipe.cu")
    result = cuport("csrc")
    assert error_lines(result) == ["cuport: csrc/pipe.cu: not a regular file"]
    assert (folder / "op.cu").read_text() == NEW


def test_file_that_changes_meanwhile(folder, monkeypatch):
    import migrator.engine

    (folder / "other.cu").write_text(OLD)
    real = migrator.engine.migrate

    def migrate(*args):
        plan = real(*args)
        (folder / "op.cu").write_text("somebody else was here\n")
        return plan

    monkeypatch.setattr(migrator.engine, "migrate", migrate)
    result = cuport("csrc")
    assert result.exit_code == 2
    assert error_lines(result) == ["cuport: csrc/op.cu: changed while it was being migrated; nothing was changed, run cuport again"]
    assert (folder / "op.cu").read_text() == "somebody else was here\n"
    assert (folder / "other.cu").read_text() == OLD


def test_file_that_goes_away_meanwhile(folder, monkeypatch):
    import migrator.engine

    real = migrator.engine.migrate

    def migrate(*args):
        plan = real(*args)
        (folder / "op.cu").unlink()
        return plan

    monkeypatch.setattr(migrator.engine, "migrate", migrate)
    result = cuport("csrc")
    assert result.exit_code == 2
    assert len(error_lines(result)) == 1 and not list(folder.iterdir())


def test_interrupted(folder):
    """Ctrl-C: one line, status 130, nothing half written."""
    for i in range(150):
        (folder / f"op{i}.cu").write_text(OLD * 40)
    process = subprocess.Popen([*CUPORT, "migrate", "--allow-no-vcs", "csrc"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True)
    try:
        time.sleep(2.0)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    if process.returncode == 0:
        pytest.skip("it was done before the signal came")
    assert process.returncode == 130, err
    assert b"Traceback" not in err and out == b""
    assert err.decode().strip().splitlines() == ["cuport: interrupted; all files are as they were, or all are ported"]
    texts = {p.read_text() for p in folder.glob("op[0-9]*.cu")}
    assert len(texts) == 1 and {p.suffix for p in folder.iterdir()} - {".cu"} <= {""}


def test_closed_pipe(folder):
    """``cuport migrate --dry-run | head`` ends quietly."""
    for i in range(300):
        (folder / f"op{i}.cu").write_text(OLD * 5)
    done = subprocess.run(
        f"'{CUPORT[0]}' -c '{CUPORT[2]}' migrate csrc --dry-run -q | head -1", shell=True, capture_output=True, timeout=120, cwd=folder.parent
    )
    assert b"Traceback" not in done.stderr and b"BrokenPipe" not in done.stderr, done.stderr


def test_starts_without_torch(folder):
    code = "import sys; from rewrites import main\ntry: main()\nexcept SystemExit: pass\nprint([m for m in ('torch', 'numpy', 'requests', 'rich') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code, "migrate", "csrc", "--check", "-q"], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]"


# --- what new users met -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("arguments", [["migrate", ""], ["migrate", "csrc", ""], ["undo", ""], ["doctor", ""], ["amp-shim", ""]], ids=str)
def test_an_empty_path_is_not_the_current_folder(folder, arguments):
    before = sorted(folder.parent.rglob("*"))
    result = CliRunner().invoke(main, arguments, obj=catalogue)
    assert result.exit_code == 2
    assert "a PATH is empty; for the current folder write ." in result.stderr
    assert (folder / "op.cu").read_text() == OLD and sorted(folder.parent.rglob("*")) == before


@pytest.mark.parametrize("command", [["migrate", "."], ["undo"], ["doctor"]], ids=" ".join)
def test_a_current_folder_that_is_gone_is_one_line(tmp_path, command):
    script = 'cd "$1" && rmdir "$1" && shift && exec "$@"'
    gone = tmp_path / "gone"
    gone.mkdir()
    done = subprocess.run(["sh", "-c", script, "sh", gone, *CUPORT, *command], capture_output=True, text=True, timeout=120)
    assert done.returncode == 2
    assert done.stderr == "Error: the current folder: No such file or directory; change to one that is there\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("words", ["migrate csrc --check --format sarif", "migrate csrc --dry-run", "undo --list csrc", "rules", "--help"])
def test_output_to_a_full_disk(folder, words):
    if "undo" in words:
        cuport("csrc")
    with open("/dev/full", "w") as full:
        done = subprocess.run([*CUPORT, *words.split()], stdout=full, stderr=subprocess.PIPE, text=True, timeout=120)
    assert done.returncode == 2 and "Traceback" not in done.stderr and "Exception ignored" not in done.stderr
    assert done.stderr.splitlines()[-1] == "Error: cannot write the output: No space left on device"


@pytest.mark.parametrize("words", [["migrate"], ["undo"], ["doctor"], ["verify"]], ids=" ".join)
def test_a_folder_that_may_not_be_read(folder, words):
    (folder / "inner").mkdir()
    (folder / "inner").chmod(0)
    without = "-dac_override,-dac_read_search"
    program = ["setpriv", f"--bounding-set={without}", f"--inh-caps={without}"] if os.getuid() == 0 else []
    if program and (shutil.which("setpriv") is None or subprocess.run([*program, "true"], capture_output=True).returncode):
        pytest.skip("root may read everything here")
    expected = {folder / "inner": "it may not be read; change its permissions", folder / "inner/a.cu": "Permission denied"}
    for path, said in expected.items():
        done = subprocess.run([*program, *CUPORT, *words, path], capture_output=True, text=True, timeout=120)
        assert (done.returncode, done.stderr) == (2, f"Error: {path}: {said}\n")
    (folder / "inner").chmod(0o755)


def test_what_was_not_written_is_not_called_changed(folder, monkeypatch):
    real = os.access
    (folder / "two.cu").write_text(OLD)
    monkeypatch.setattr(os, "access", lambda path, mode, **more: mode != os.W_OK and real(path, mode, **more))  # root may write all
    result = CliRunner().invoke(main, ["migrate", "--allow-no-vcs", "csrc", "--report", "r.html"], obj=catalogue)
    assert result.exit_code == 2
    assert "op.cu (and 1 more): not writable; nothing was changed" in result.stderr
    assert "2 files read, 2 would change" in result.stderr
    assert "nothing was written" in Path("r.html").read_text()


def test_a_path_outside_the_current_folder_is_named_as_it_is(folder, monkeypatch, tmp_path_factory):
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    (folder / "op.cu").write_text("texture<float> t;\n" + OLD)
    result = CliRunner().invoke(main, ["migrate", str(folder)], obj=catalogue)
    assert f"{folder / 'op.cu'} is in no version control" in result.stderr
    result = CliRunner().invoke(main, ["migrate", "--allow-no-vcs", str(folder)], obj=catalogue)
    assert f"\n  {folder / 'op.cu'}:1: [" in result.stderr


def test_a_path_that_is_not_there_is_said_in_one_line(folder):
    result = cuport("nothing-here")
    assert result.stderr == "cuport: nothing-here: no such file or folder\n"


def test_a_mistyped_command_names_the_near_one(folder):
    result = CliRunner().invoke(main, ["migrat", "csrc"], obj=catalogue)
    assert result.exit_code == 2
    assert "no command is called migrat; did you mean migrate?" in result.stderr


def test_the_report_is_there_before_the_diff_is_read(folder):
    """Who leaves the pager early has the page nevertheless."""
    (folder / "op.cu").write_text(OLD + "// a line that is long enough to fill the pipe\nvoid g() { AT_CHECK(true); }\n" * 4000)
    command = [*CUPORT, "migrate", "csrc", "--dry-run", "--report", "r.html"]
    subprocess.run(["sh", "-c", '"$@" | head -1', "sh", *command], capture_output=True, timeout=120)
    assert "</html>" in Path("r.html").read_text()


def test_a_report_that_cannot_be_written_says_what_became_of_the_sources(folder):
    assert "name another file (no source was changed)" in cuport("csrc", "--dry-run", "--report", "gone/r.html").stderr
    assert "name another file (the sources are ported all the same)" in cuport("csrc", "--report", "gone/r.html").stderr
    assert (folder / "op.cu").read_text() == NEW


def test_undo_out_into_a_folder_that_is_there_says_what_to_give(folder):
    cuport("csrc")
    result = CliRunner().invoke(main, ["undo", "csrc", "--out", "csrc"], obj=catalogue)
    assert result.exit_code == 2
    assert "give --out a folder that does not exist yet" in result.stderr


def test_an_unknown_rule_of_the_configuration_names_the_file(folder):
    (folder / "cuport.toml").write_text('ignore = ["at-chek"]\n')
    result = cuport("csrc")
    assert result.exit_code == 2
    assert f"{folder / 'cuport.toml'}: no rewrite is called at-chek; did you mean at-check?" in result.stderr
