"""Compilers started through a program of the user's: g++ and a launcher that are really run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from migrator.toolchain import HostCompiler, ToolchainError
from migrator.verify.cache import ResultCache
from migrator.verify.commands import Request, Tools
from migrator.verify.compile import Bench, compile_all
from migrator.verify.launcher import find_launcher, start_server
from migrator.verify.process import Task, run_all
from migrator.verify.units import Unit

from . import fakes

GCC = shutil.which("g++")
pytestmark = pytest.mark.skipif(GCC is None, reason="g++ is not installed")
RECORDS = """#!/bin/sh
printf '%s\\n' "$PWD" "$TMPDIR" "$@" >> '{trace}'
exec "$@"
"""


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CUPORT_CACHE", str(tmp_path / "cuport"))


def launcher(tmp_path, script=RECORDS):
    program = tmp_path / "a launcher"
    program.write_text(script.format(trace=tmp_path / "trace"))
    program.chmod(0o755)
    return program


def compiled(tmp_path, words, **sources):
    """What came of some sources, and how often each was started."""
    project = tmp_path / "project"
    project.mkdir(exist_ok=True)
    for name, text in sources.items():
        (project / f"{name}.cpp").write_text(text)
    started = []
    tools = Tools(fakes.TOOLS.toolkit, HostCompiler(Path(str(GCC)), "gcc", (12, 2, 0)), tuple(words))
    bench = Bench(tools, ResultCache(tmp_path / "cache"), 1, on_start=lambda request: started.append(request.unit.name))
    units = [Unit(project, Path(f"{name}.cpp"), "pkg._C", False) for name in sources]
    version = tmp_path / "headers/include/pybind11/detail/common.h"
    version.parent.mkdir(parents=True, exist_ok=True)
    version.write_text("#define PYBIND11_VERSION_MAJOR 3\n#define PYBIND11_VERSION_MINOR 1\n")
    headers = replace(fakes.headers(), root=tmp_path / "headers")
    return compile_all([Request(unit, headers) for unit in units], bench), started


def test_each_compiler_is_started_through_it(tmp_path, monkeypatch):
    monkeypatch.setenv("CUPORT_LAUNCHER", f"'{launcher(tmp_path)}' --option")
    program, option = find_launcher()
    assert (program, option) == (str(launcher(tmp_path)), "--option")
    outcomes, started = compiled(tmp_path, [program], a="int a() { return 1; }\n")
    assert [each.ok for each in outcomes] == [True] and started == ["a.cpp"]
    assert "_Z1av" in outcomes[0].symbols.defined
    _, temporary, *words = (tmp_path / "trace").read_text().splitlines()
    assert words[0] == GCC and words[-3:-1] == ["a.cpp", "-o"]
    assert os.path.isdir(temporary), "a server that it starts outlives the compile, and its folder for temporary files has to"


def test_a_source_is_compiled_in_one_place_wherever_it_lies(tmp_path):
    """nvcc writes the whole path of a source into what it makes: elsewhere, a cache would not know it again."""
    words = [str(launcher(tmp_path))]
    for name in ("one", "two"):
        (tmp_path / name / "project/include").mkdir(parents=True)
        (tmp_path / name / "project/include/a.h").write_text("int b();\n")
        (tmp_path / name / "project/not_included.cpp").write_text("int c() { return 3; }\n")
        outcomes, started = compiled(tmp_path / name, words, a='#include "include/a.h"\nint a() { return b(); }\n')
        assert outcomes[0].ok and started == ["a.cpp"]
    first, second = [line for line in (tmp_path / "trace").read_text().splitlines() if line.startswith(str(tmp_path / "cuport/staged/"))]
    assert first == second and not os.path.exists(first)
    assert sorted(os.listdir(tmp_path / "one/project")) == ["a.cpp", "include", "not_included.cpp"], "a project is only read"


def test_what_fails_through_it_is_asked_of_the_compiler_alone(tmp_path):
    broken = launcher(tmp_path, "#!/bin/sh\necho 'launcher: fatal error: no server'\nexit 254\n")
    outcomes, started = compiled(tmp_path, [str(broken)], good="int a() { return 1; }\n", bad="int b() { return c; }\n")
    good, bad = outcomes
    assert good.ok and not good.command[0].endswith("launcher")
    assert not bad.ok and "'c' was not declared" in str(bad.error), "the error is the compiler's"
    assert started == ["bad.cpp", "good.cpp"] * 2
    again, started = compiled(tmp_path, [str(broken)], good="int a() { return 1; }\n", bad="int b() { return c; }\n")
    assert [each.cached for each in again] == [True, True] and not started


def test_none_is_used_that_is_not_asked_for(tmp_path, monkeypatch):
    launcher(tmp_path).rename(tmp_path / "sccache")
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.delenv("CUPORT_LAUNCHER", raising=False)
    assert find_launcher() == ()
    start_server()
    assert not (tmp_path / "trace").exists()
    monkeypatch.setenv("CUPORT_LAUNCHER", "sccache")
    assert find_launcher() == (str(tmp_path / "sccache"),)


@pytest.mark.parametrize(("asked", "said"), [("no-such-launcher --x", "there is no program no-such-launcher"), ("'a", "is no command")])
def test_one_that_is_not_there(monkeypatch, asked, said):
    monkeypatch.setenv("CUPORT_LAUNCHER", asked)
    with pytest.raises(ToolchainError, match=said) as caught:
        find_launcher()
    assert "\n" not in str(caught.value)


def test_temporary_files_outlive_a_run_within_a_run(tmp_path):
    """As in a fleet: the process of a repository is one run's, and its compilers are another's."""
    code = "from migrator.verify.process import Task, run_all; from pathlib import Path; import os\n"
    code += "run_all([Task(['sh', '-c', 'echo $TMPDIR'], Path('.'), keeps_temporary=True)], 1, lambda _, done: print(done.output))"
    outputs = []
    environment = {"PYTHONPATH": str(Path(__file__).parents[2])}
    run_all([Task([sys.executable, "-c", code], tmp_path, environment=environment)], 1, lambda _, done: outputs.append(done.output))
    assert os.path.isdir(outputs[0].strip()), outputs


@pytest.mark.skipif(shutil.which("sccache") is None, reason="sccache is not installed")
def test_sccache_compiles_the_same_source_once(tmp_path, monkeypatch):
    program = str(shutil.which("sccache"))
    monkeypatch.setenv("CUPORT_LAUNCHER", "sccache")
    monkeypatch.setenv("SCCACHE_DIR", str(tmp_path / "sccache"))
    monkeypatch.setenv("SCCACHE_SERVER_UDS", str(tmp_path / "socket"))
    monkeypatch.setenv("SCCACHE_SERVER_PORT", "43269")
    start_server()
    try:
        for name in ("one", "two"):  # two machines: neither has the other's results
            (tmp_path / name).mkdir()
            outcomes, _ = compiled(tmp_path / name, find_launcher(), a="int a() { return 1; }\n")
            assert outcomes[0].ok and outcomes[0].command[0] == program and not outcomes[0].cached
        said = subprocess.run([program, "--show-stats"], capture_output=True, text=True, check=True).stdout
        assert re.search(r"^Cache hits +1$", said, re.MULTILINE), said
    finally:
        subprocess.run([program, "--stop-server"], capture_output=True)
