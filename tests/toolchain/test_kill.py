"""kill -9 at 50 random points of downloading, unpacking and deleting: no later run trusts what is left."""
from __future__ import annotations

import random
import signal
import subprocess
import sys
import time

from migrator.toolchain import header_set, list_header_sets
from migrator.toolchain.store import damage, read_manifest

from .conftest import HEADERS

KILLS = 50
WORKER = """
import time
from migrator.toolchain import header_set, remove_header_set
header_set("1.10", download=True)  # imports and pybind11 are done with, so that the kill hits what is tested
start = time.monotonic()
header_set("1.4", download=True)
remove_header_set("1.4")
print(time.monotonic() - start, flush=True)
while True:
    header_set("1.4", download=True)
    time.sleep(0.05)
    remove_header_set("1.4")
"""


def test_fifty_kills_leave_nothing_that_is_trusted(index, cache):
    folder = cache / "headers/1.4.0"
    chance = random.Random(0)
    states = {"complete": 0, "absent": 0, "part left": 0}
    for _ in range(KILLS):
        worker = subprocess.Popen([sys.executable, "-c", WORKER], stdout=subprocess.PIPE)
        one_round = float(worker.stdout.readline())
        time.sleep(chance.uniform(0, 2 * one_round))
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        worker.stdout.close()
        states["part left"] += folder.with_name("1.4.0.part").exists()
        if read_manifest(folder) is None:
            states["absent"] += 1
            assert [headers.release for headers in list_header_sets()] == ["1.10.2"]
            assert not folder.exists(), "an entry is renamed into place complete, and out of place before it is deleted"
        else:
            states["complete"] += 1
            assert damage(folder) is None
            assert len(list(folder.glob("include/ATen/*.h"))) == HEADERS
    print(states)
    assert states["part left"], f"some of the kills have to fall into the middle of the work: {states}"
    header_set("1.4", download=True)
    assert damage(folder) is None
    assert not list(cache.rglob("*.part"))
