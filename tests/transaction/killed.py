"""Run as ``python killed.py apply|undo ROOT N``: migrates a tree, or takes it back, and is killed at its N-th step on the disk (0: never).

A step is a file opened, renamed or removed, a folder made or removed, a mode set, a flush. The number of steps done is printed.
"""

import os
import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parent))
import tree  # noqa: E402

from migrator import journal, undo, write  # noqa: E402

STEPS = {"open", "os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod"}
what, root, last = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
plan = tree.plan_of(root)  # read now: its steps are none of the transaction's
done = 0


def step(event: str, arguments: object = ()) -> None:
    global done
    if event in STEPS:
        done += 1
        if done == last:
            os.kill(os.getpid(), signal.SIGKILL)


def flush(handle: int, real=os.fsync) -> None:
    step("os.rename")
    real(handle)


os.fsync = flush
sys.addaudithook(step)
if what == "apply":
    written, failed = write.apply(plan, "cuport migrate .")
    assert written and not failed, failed
else:
    undo.revert(journal.records(root)[-1])
steps, done = done, -(10**9)
print(steps)
