"""cuport explain as it is called."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

LOGS = Path(__file__).parent.parent.parent / "fixtures" / "logs"


def explain(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    code = "from rewrites import main; main()"
    return subprocess.run([sys.executable, "-c", code, "explain", *arguments], input=stdin, capture_output=True, text=True, timeout=60)


def test_file():
    done = explain(str(LOGS / "thc-header.msvc.gbk.log"))
    assert done.returncode == 0
    assert "thc-header" in done.stdout and "cuport migrate" in done.stdout and "无法打开包括文件" in done.stdout


def test_json_names_the_rewrite():
    done = explain("--json", "-", stdin='a.cu(3): error: identifier "THCudaCheck" is undefined\n')
    value = json.loads(done.stdout)
    assert value["status"] == "explained" and value["first"]["id"] == "thc-cuda-check" and value["first"]["rewrites"] == ["thc-cuda-check"]
    assert (value["first"]["file"], value["first"]["line"], value["first"]["log_line"]) == ("a.cu", 3, 1)


def test_an_unknown_error_that_a_rewrite_handles():
    done = explain("-", stdin='a.cu(3): error: identifier "ScalarConvert" is undefined\n')
    assert done.returncode == 0 and "legacy" in done.stdout and "thc-numerics" in done.stdout
    done = explain("-", stdin='a.cu(3): error: identifier "Sum" is undefined\n')
    assert done.returncode == 1 and "unknown" in done.stdout and "rewrite" not in done.stdout


def test_command_keeps_its_status_and_output():
    done = explain("--", "sh", "-c", "echo out; echo 'nvcc fatal   : Unsupported gpu architecture '\"'compute_35'\" >&2; exit 7")
    assert done.returncode == 7 and done.stdout.startswith("out\nnvcc fatal")
    assert "arch-dropped" in done.stderr
    assert explain("--", "true").returncode == 0


def test_json_of_a_command_is_json_alone():
    done = explain("--json", "--", "sh", "-c", "echo 'a.cu(3): error: identifier \"AT_CHECK\" is undefined'; exit 2")
    value = json.loads(done.stdout)
    assert done.returncode == 2 and value["exit_status"] == 2 and value["first"]["id"] == "at-check" and "AT_CHECK" in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="signals")
def test_a_command_that_a_signal_ends():
    done = explain("--", "sh", "-c", "echo going; kill -KILL $$")
    assert (done.returncode, done.stdout) == (137, "going\n") and "ended by SIGKILL" in done.stderr


@pytest.mark.skipif(os.name != "posix", reason="signals")
@pytest.mark.parametrize("number, status", [(signal.SIGINT, 7), (signal.SIGTERM, 8)])
def test_interrupted(number, status):
    script = "trap 'echo mopping up; exit 7' INT; trap 'echo mopping up; exit 8' TERM; echo ready; while :; do sleep 0.05; done"
    code = "from rewrites import main; main()"
    command = [sys.executable, "-c", code, "explain", "--", "sh", "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True) as running:
        assert running.stdout.readline() == "ready\n"
        running.send_signal(number)
        assert running.communicate(timeout=30)[0] == "mopping up\n"
    assert running.returncode == status


@pytest.mark.skipif(os.name != "posix", reason="needs a terminal")
def test_ctrl_c_in_a_terminal_comes_once():
    import pty

    script = "n=0; trap 'n=$((n+1))' INT; echo ready; for i in 1 2 3 4 5 6 7 8; do sleep 0.1; done; echo interrupts $n; exit 5"
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(sys.executable, [sys.executable, "-c", "from rewrites import main; main()", "explain", "--", "sh", "-c", script])
    text = b""
    while b"ready" not in text:
        text += os.read(terminal, 1000)
    time.sleep(0.1)
    os.write(terminal, b"\x03")
    try:
        while data := os.read(terminal, 1000):
            text += data
    except OSError:  # the terminal is gone with its last process
        pass
    assert b"interrupts 1" in text and os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 5


@pytest.mark.skipif(os.name != "posix", reason="needs a shell")
def test_a_reader_that_leaves_costs_no_status(tmp_path):
    command = f"{sys.executable} -c 'from rewrites import main; main()' explain -- sh -c 'seq 200000; exit 9'; echo $? > status"
    subprocess.run(["sh", "-c", f"({command}) | head -1"], cwd=tmp_path, check=True, timeout=60, capture_output=True, env=_environ())
    assert (tmp_path / "status").read_text() == "9\n"


def _environ() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def test_list_and_mistakes():
    assert "thc-header" in explain("--list").stdout
    done = explain("/no/such/log")
    assert done.returncode == 2 and "No such file" in done.stderr


def test_an_empty_log():
    done = explain("-")
    assert done.returncode == 2 and done.stderr.startswith("Error: the log is empty; name a log file") and "Traceback" not in done.stderr
