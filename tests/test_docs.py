"""The documentation is what the code says and does."""

import os
import re
import shlex
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from migrator.cli import COMMANDS, main
from migrator.config import _KEYS, Config, _parse, _read
from migrator.library import settings_for, with_own
from rewrites import catalogue

ROOT = Path(__file__).parent.parent


def test_page_of_the_rewrites_is_current():
    result = subprocess.run([sys.executable, "tools/rewrite_docs.py", "--check"], cwd=ROOT, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


COMMAND = re.compile(r"^(?:- |\$ )?(cuport [^#`\n]*)|`(cuport [^`\n]*)`", re.M)
PROSE = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PROSE, ids=lambda path: path.name)
def test_the_commands_of_the_prose_exist(page, tmp_path):
    """Every `cuport ...` in code: its subcommand and its options are there. Nothing is run."""
    found = [a or b for a, b in COMMAND.findall(page.read_text())]
    for line in found:
        words = shlex.split(line.replace("...", ""))[1:]
        words = words[: words.index("--")] if "--" in words else words
        words = words[: next((i for i, w in enumerate(words) if w in ("|", ">", "&&", "")), len(words))]
        if not words or words[0].startswith("-"):
            continue
        assert words[0] in COMMANDS, line
        command = main.get_command(click.Context(main), words[0])
        assert command is not None, line
        known = {option for parameter in command.params for option in parameter.opts} | {"-h", "--help"}
        if isinstance(command, click.Group):
            continue
        unknown = [word for word in words[1:] if re.match(r"-+[a-z]", word) and word.split("=")[0] not in known]
        assert unknown == [], line


def blocks(page: str, wanted: str) -> list[str]:
    """The lines of the shell blocks of a page that run a cuport command, without their comments."""
    text = "".join(re.findall(r"^```bash\n(.*?)^```", (ROOT / page).read_text(), re.S | re.M))
    lines = [line.partition("  #")[0].partition(" # ")[0].strip() for line in text.splitlines()]
    return [line for line in lines if re.match(r"cuport ", line) and re.match(wanted, line)]


@pytest.fixture
def theirs(tmp_path):
    """A repository as the pages have it in mind, and a function that runs a line of theirs in it."""
    root = tmp_path / "ops"
    (root / "csrc").mkdir(parents=True)
    (root / "csrc/op.cu").write_text(
        "#include <torch/extension.h>\n#include <THC/THC.h>\nvoid f(at::Tensor x) { AT_CHECK(x.is_cuda()); }\n"
    )
    (root / "setup.py").write_text(
        "from setuptools import setup\nfrom torch.utils.cpp_extension import BuildExtension, CUDAExtension\n"
        "setup(name='ops', ext_modules=[CUDAExtension('ops', ['csrc/op.cu'])], cmdclass={'build_ext': BuildExtension})\n"
    )
    (root / "train.py").write_text("from torch.cuda.amp import autocast\n\nwith autocast():\n    pass\n")
    (root / "build.log").write_text('op.cu(3): error: identifier "AT_CHECK" is undefined\n')
    (root / "repos.txt").write_text(".\n")
    (root / "org.json").write_text('["."]\n')
    program = tmp_path / "bin/cuport"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m cuport "$@"\n')
    program.chmod(0o755)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": f"{program.parent}:{os.environ['PATH']}"}
    for word in ("init -q", "add .", "-c user.name=t -c user.email=t@example.org commit -qm one"):
        subprocess.run(["git", *word.split()], cwd=root, check=True)

    def run(line: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(line, shell=True, cwd=root, env=environment, capture_output=True, text=True, timeout=1800)
        assert "Traceback" not in done.stderr, done.stderr
        return done

    return run


HEAVY = re.compile(r"cuport verify|.* --verified |cuport explain -- |.* --scheduler ")  # a toolchain, a build, a cluster


@pytest.mark.parametrize("page", ["README.md", *(f"docs/{name}.md" for name in ("index", "walkthrough", "safety", "reports", "fleet"))])
def test_the_commands_of_the_pages_run(page, theirs):
    lines = [line for line in blocks(page, ".") if not HEAVY.match(line)]
    assert lines, "the page has lost its commands"
    for line in lines:
        if line.startswith("cuport undo"):
            theirs("cuport migrate . --quiet")  # the pages say what each does, not a story
        done = theirs(line)
        lenient = "--check" in line or line.startswith(("cuport doctor", "cuport api"))
        assert done.returncode in ((0, 1) if lenient else (0,)), f"{line}: {done.returncode}: {done.stderr}"


@pytest.mark.toolchain
@pytest.mark.skipif(not os.environ.get("CUPORT_TEST_COMPILE"), reason="takes some ten minutes: set CUPORT_TEST_COMPILE=1")
def test_the_verify_commands_of_the_pages_run(theirs):
    theirs("cuport migrate .")
    for line in dict.fromkeys(line for page in ("README.md", "docs/walkthrough.md") for line in blocks(page, "cuport verify")):
        done = theirs(line)
        if done.returncode == 2:
            pytest.skip(f"no toolchain: {done.stderr.strip().splitlines()[-1]}")
        assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"


def test_the_examples_of_the_help_pages_exist():
    for name in COMMANDS:
        command = main.get_command(click.Context(main), name)
        known = {option for parameter in command.params for option in parameter.opts}
        examples = "\n".join(line for line in (command.epilog or "").splitlines() if "cuport" in line)
        for option in re.findall(r" (--[a-z-]+)", examples):
            assert option in known or option == "--", (name, option)


def test_the_pages_build(tmp_path):
    """As CI builds them: a link that leads nowhere is an error."""
    if find_spec("mkdocs") is None or find_spec("material") is None:
        pytest.skip("no mkdocs-material here (pip install 'cuport[docs]')")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-d", str(tmp_path / "site")]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "NO_MKDOCS_2_WARNING": "1"})
    assert result.returncode == 0, result.stdout + result.stderr
    assert (tmp_path / "site/schemas/cuport-migrate-1.schema.json").is_file()


def test_the_configuration_of_the_page_is_one():
    text = (ROOT / "docs/configuration.md").read_text()
    (example,) = re.findall(r"```toml\n(.*?)```", text, re.S)
    table = _parse(Path("pyproject.toml"), example.encode())["tool"]["cuport"]
    assert set(table) == set(_KEYS)
    values = _read(table, _KEYS, "")
    assert settings_for(with_own(catalogue(), Config(**values)), config=Config(**values)).min_torch == (1, 13)


def test_the_python_of_the_page_runs(tmp_path, monkeypatch):
    (example,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs/python.md").read_text(), re.S)
    (tmp_path / "csrc").mkdir()
    (tmp_path / "csrc/op.cu").write_text("void f(bool b) { AT_CHECK(b); }\n")
    (tmp_path / "setup.py").write_text("")
    monkeypatch.chdir(tmp_path)
    exec(compile(example, "python.md", "exec"), {})
    assert "TORCH_CHECK(b)" in (tmp_path / "csrc/op.cu").read_text()


def test_the_placeholder_is_explained_where_it_stands():
    """There is no public address: ``OWNER`` stands on one page, which says what to write instead."""
    given = [
        *PROSE,
        ROOT / "action.yml",
        ROOT / ".pre-commit-hooks.yaml",
        ROOT / "pyproject.toml",
        ROOT / "mkdocs.yml",
        ROOT / "CITATION.cff",
    ]
    assert [path.name for path in given if "OWNER" in path.read_text()] == ["integrations.md"]
    text = (ROOT / "docs/integrations.md").read_text()
    assert text.count("OWNER") == text.count("OWNER/cuport") and "`OWNER/cuport` stands for" in text
    assert not any(re.search(r"pip install (-\S+ )*cuport\b", path.read_text()) for path in given), "no index has it"


@pytest.mark.parametrize("name", ["", *COMMANDS])
def test_the_help_pages_fit_a_terminal(name):
    context = {"terminal_width": 80, "max_content_width": 80}
    shown = CliRunner().invoke(main, [*name.split(), "--help"], obj=catalogue, prog_name="cuport", **context).stdout
    assert "Usage: cuport" in shown and [line for line in shown.splitlines() if len(line) > 80] == []
