"""cuport explain as it is called."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

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


def test_list_and_mistakes():
    assert "thc-header" in explain("--list").stdout
    done = explain("/no/such/log")
    assert done.returncode == 2 and "No such file" in done.stderr
