"""The jobs on a Dask scheduler, with workers as processes of their own on this machine, one of which is killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest

from .support import ENVIRONMENT, command, fleet, folder, survey, without_cost

pytest.importorskip("distributed", reason="cuport[fleet] is not installed")
REPOSITORIES = 8


def start(tmp_path, name, *words):
    log = open(tmp_path / f"{name}.log", "w")
    program = [sys.executable, "-m", "distributed.cli.dask_" + name.partition("_")[0]]
    return subprocess.Popen(
        [*program, "--host", "127.0.0.1", "--no-dashboard", *words], cwd=tmp_path, env=ENVIRONMENT, stdout=log, stderr=log
    )


@pytest.fixture
def cluster(tmp_path):
    where = tmp_path / "scheduler.json"
    running = [start(tmp_path, "scheduler", "--port", "0", "--scheduler-file", str(where))]
    try:
        for number in (1, 2):
            words = (
                "--scheduler-file",
                str(where),
                "--nthreads",
                "1",
                "--no-nanny",
                "--local-directory",
                str(tmp_path / f"worker{number}"),
            )
            while not where.exists():
                assert running[0].poll() is None, (tmp_path / "scheduler.log").read_text()
                time.sleep(0.1)
            running.append(start(tmp_path, f"worker_{number}", *words))
        import json

        yield json.loads(where.read_text())["address"], running[1:]
    finally:
        for process in reversed(running):
            process.kill()
            process.wait()


def test_a_worker_is_killed_and_nothing_is_lost_or_done_twice(tmp_path, cluster):
    address, workers = cluster
    listed = tmp_path / "repos.txt"
    listed.write_text("".join(folder(tmp_path / f"r{number:02}").name + "\n" for number in range(REPOSITORIES)) + "not_there\n")
    out = tmp_path / "out"
    running = subprocess.Popen(
        command(listed, out, "--scheduler", address),
        cwd=tmp_path,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert running.stderr is not None
    lines = [running.stderr.readline() for _ in range(3)]
    workers[0].send_signal(signal.SIGKILL)
    rest = running.communicate(timeout=120)[1]
    lines += rest.splitlines()
    assert running.returncode == 1, "".join(lines[:3]) + rest
    done = [line.split("] ")[1].partition(":")[0] for line in lines if line.startswith("cuport: [")]
    assert sorted(done) == sorted([f"r{number:02}" for number in range(REPOSITORIES)] + ["not_there"]), lines
    assert [each["name"] for each in survey(out)["repositories"] if each["state"] == "failed"] == ["not_there"]
    assert survey(out)["summary"]["edits"] == 2 * REPOSITORIES
    fleet(listed, tmp_path / "local", status=1)
    assert without_cost(out) == without_cost(tmp_path / "local"), "as on one machine"
