# ruff: noqa: E501  (texts as compilers and people write them)
"""Running compilers: memory, order of ending, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from migrator.verify.process import FIRST_ESTIMATE, Task, run_all, run_one

ROOT = Path(__file__).parents[2]


def test_output_status_and_cost(tmp_path):
    finished = run_one([sys.executable, "-c", "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"], tmp_path)
    assert finished.returncode == 3 and "out" in finished.output and "err" in finished.output
    assert finished.peak_bytes > 1_000_000 and finished.seconds > 0


def test_memory_limits_what_runs_at_once(tmp_path):
    running = most = 0

    def started(index):
        nonlocal running, most
        running += 1
        most = max(most, running)

    def finished(index, result):
        nonlocal running
        running -= 1

    tasks = [Task(["sleep", "0.1"], tmp_path, kind=str(i)) for i in range(4)]
    run_all(tasks, 4, finished, memory=lambda: int(FIRST_ESTIMATE * 2.5), on_started=started)
    assert most == 2
    most = 0
    run_all(tasks, 4, finished, memory=lambda: 1, on_started=started)  # too little for one: one at a time all the same
    assert most == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_run_leaves_no_compiler(tmp_path, number):
    script = tmp_path / "run.py"
    marker = f"31.{os.getpid()}{int(number)}"
    script.write_text(
        "import sys; from pathlib import Path\n"
        f"sys.path.insert(0, {str(ROOT)!r})\n"
        "from migrator.verify.process import Task, run_all\n"
        # a driver that has started a compiler of its own, as nvcc does
        f"run_all([Task(['sh', '-c', 'sleep {marker} & sleep {marker}; true'], Path('.')) for _ in range(2)], 2, print, memory=lambda: 10**12,\n"
        "        on_started=lambda i: print('started', flush=True))\n"
    )
    process = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=tmp_path,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    assert process.stdout.readline() and process.stdout.readline()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and len(_alive(marker)) < 4:
        time.sleep(0.05)
    process.send_signal(number)
    process.wait(timeout=20)
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and _alive(marker):
        time.sleep(0.05)
    assert not _alive(marker)
    assert not list(tmp_path.glob("cuport-job-*"))


def _alive(marker: str) -> list[str]:
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if words[:1] == [b"sleep"] and marker.encode() in words:
            found.append(entry.name)
    return found
