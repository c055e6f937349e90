"""The subcommands: what they print, and one line with exit status 2 where something is wrong."""
from __future__ import annotations

import subprocess
import sys
from importlib import import_module

import pytest
from click.testing import CliRunner


def run(name: str, *arguments: str):
    return CliRunner().invoke(import_module(f"migrator.cli.{name}").command, arguments)


def test_headers_from_nothing_to_nothing(index):
    assert "no headers here" in run("headers", "list").output
    done = run("headers", "add", "1.4", "1.10.2", "1.4.0")
    assert done.exit_code == 0, done.output
    assert done.stdout.count("MB downloaded in") == 2
    assert "already here" in run("headers", "add", "1.4").stdout
    assert run("headers", "list", "--check").stdout.count("\n") == 2
    assert run("headers", "remove", "1.4", "1.10").stdout == "torch 1.4.0 removed\ntorch 1.10.2 removed\n"


def test_a_changed_header_is_shown(index, cache):
    run("headers", "add", "1.4")
    (cache / "headers/1.4.0/include/torch/extension.h").write_bytes(b"#pragma onze\n")
    done = run("headers", "list", "--check")
    assert done.exit_code == 1
    assert "cuport headers remove 1.4.0" in done.stdout


@pytest.mark.parametrize("arguments", [
    ("headers", "add", "9.9"), ("headers", "add", "latest"), ("headers", "add", "1.5"), ("headers", "remove", "1.4"),
    ("toolchain", "install", "--cuda", "12.0"), ("toolchain", "remove", "13.2"), ("headers", "add"),
    ("toolchain", "install", "--cuda", "13.9")])
def test_one_line_and_exit_status_2(index, arguments):
    done = run(*arguments)
    assert done.exit_code == 2
    assert "Traceback" not in done.output
    assert len([line for line in done.stderr.splitlines() if line.startswith("Error: ")]) == 1


def test_a_cache_that_cannot_be_written(index, monkeypatch):
    monkeypatch.setenv("CUPORT_CACHE", "/dev/null/cache")
    done = run("headers", "add", "1.4")
    assert done.exit_code == 2
    assert done.stderr.startswith("Error: ") and "CUPORT_CACHE" in done.stderr


def test_the_list_of_toolkits(cache):
    done = run("toolchain", "list")
    assert done.exit_code == 0
    assert "CUDA" in done.stdout


def test_help_imports_nothing_heavy():
    code = ("import sys\nimport migrator.cli.headers, migrator.cli.toolchain, migrator.toolchain\n"
            "print([name for name in ('requests', 'rich', 'remotezip', 'pypi_simple', 'filelock', 'platformdirs') if name in sys.modules])")
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"
