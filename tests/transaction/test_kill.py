"""kill -9 at random points of a migration of 500 files, and of taking it back: the next run always finds the old tree or the new one.

Few points in CI; ``pytest tests/transaction/test_kill.py --kills 200`` for as many as one has patience for.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from migrator import journal, undo
from migrator.cli import guard

from .tree import fingerprint, make, new_fingerprint

WORKER = Path(__file__).with_name("killed.py")


def work(what: str, root: Path, last: int) -> int | None:
    """The steps that it took, or None when it was killed."""
    done = subprocess.run([sys.executable, str(WORKER), what, str(root), str(last)], capture_output=True, text=True, timeout=120)
    if done.returncode == -signal.SIGKILL:
        return None
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


@pytest.fixture(scope="module")
def tree():
    """A tree, its fingerprint as it is and as it is once migrated, and how many steps it takes to get there and back.

    In memory where that can be: a kill, unlike a power cut, asks nothing of the disk, and thousands of flushes take long on a busy one.
    """
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="cuport-kill-", dir=memory) as folder:
        root = Path(folder).resolve() / "tree"
        make(root)
        old = fingerprint(root)
        steps = {"apply": work("apply", root, 0)}
        new = new_fingerprint(root)
        steps["undo"] = work("undo", root, 0)
        assert fingerprint(root) == old != new, "undone, and no trace of it left"
        yield root, old, new, steps


def test_killed_at_random_points(tree, pytestconfig):
    root, old, new, steps = tree
    chance = random.Random()
    kills = pytestconfig.getoption("--kills")
    found = {"as it was": 0, "half written": 0, "ported": 0}
    points = []
    for number in range(kills):
        what = "apply" if number % 2 == 0 else "undo"
        if what == "undo":
            work("apply", root, 0)
        points.append((what, chance.randint(1, steps[what])))
        assert work(what, root, points[-1][1]) is None, f"{points[-1]}: it was not killed"
        half = bool(journal.pending(root))
        guard.settle([root], in_place=True)
        assert not journal.pending(root)
        left = journal.records(root)
        now = new_fingerprint(root)
        assert now == (new if left else old), points[-1]
        found["half written" if half else "ported" if left else "as it was"] += 1
        for record in left:
            undo.revert(record)
        for leaving in root.glob(".cuport/**/*"):  # a record that was never begun may leave its folder
            assert leaving.name in (".gitignore", "undo", "new.part"), leaving
        journal.tidy(root)
        assert new_fingerprint(root) == old, points[-1]
    print(f"{kills} kills, found after them: {found}")
    if kills >= 10:
        assert found["half written"], f"some of the kills have to fall into the middle of the work: {points}"


def test_the_command_killed_at_a_random_time(tmp_path):
    """The whole of ``cuport migrate``, killed from outside, and run again: what is found is said, and the second run ports the tree."""
    root = tmp_path / "tree"
    root.mkdir()
    for index in range(60):
        (root / f"op{index}.cu").write_text("#include <THC/THC.h>\nvoid f(at::Tensor x) { AT_CHECK(x.is_cuda()); }\n")
    command = [sys.executable, "-c", "from rewrites import main; main()", "migrate", "--allow-no-vcs", "tree"]
    process = subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.DEVNULL)
    while process.poll() is None and not list(root.glob(".cuport/undo/*.pending")):
        time.sleep(0.001)
    time.sleep(random.random() * 0.02)
    process.kill()
    process.wait()
    half = bool(journal.pending(root.resolve()))
    again = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert again.returncode == 0, again.stderr
    assert ("was interrupted: put" in again.stderr) == half
    assert all("AT_CHECK" not in p.read_text() for p in root.glob("*.cu")) and {p.suffix for p in root.iterdir()} == {".cu", ""}
