"""``--annotate``: comments at what is left by hand, which mean nothing to a compiler and go once it is done."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from support import Fixture, fixtures, run

from migrator.annotate import LASTING
from migrator.cli import main
from migrator.rewrite import Settings
from rewrites import catalogue

COMMENT = re.compile(rb"^[ \t]*(?://|#) TODO\(cuport: [a-z0-9-]+\): [^\n]*\n", re.M)
WITH_FINDINGS = [fixture for fixture in fixtures() if fixture.left]
FETCH = "__device__ float f(int i) {\n  return tex1Dfetch(t, i);\n}\n"
GCC, TH = "g++ -std=c++20 op.cpp", "-I$TORCH/lib/include/THC -o op.so"
OLD = f"texture<float, 1> t;\n{FETCH}"


def cuport(*words: object, **options) -> Result:
    result = CliRunner().invoke(main, list(map(str, words)), obj=catalogue, prog_name="cuport", **options)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def annotated(data: bytes | str, root: Path, name: str = "a.cu", **settings) -> str:
    files = {name: data.encode() if isinstance(data, str) else data}
    return run(files, root, Settings(annotate=True, **settings))[0][name].decode()


@pytest.mark.parametrize("fixture", WITH_FINDINGS, ids=lambda fixture: fixture.id)
def test_only_comments_are_added_and_only_once(fixture: Fixture, tmp_path):
    settings = replace(fixture.settings, annotate=True)
    made, plan = run(fixture.before, tmp_path / "1/p", settings)
    plain, _ = run(fixture.before, tmp_path / "2/p", fixture.settings)
    assert {name: COMMENT.sub(b"", data) for name, data in made.items()} == {name: COMMENT.sub(b"", data) for name, data in plain.items()}
    count = sum(len(COMMENT.findall(data)) for data in made.values())
    assert count == plan.edits_by_rule["annotate"]
    again, second = run(made, tmp_path / "3/p", settings)
    assert again == made and second.edits_by_rule["annotate"] == 0
    readable = [item for file, item in plan.left if file.path.suffix in (".cu", ".cpp", ".h", ".cuh", ".py")]
    assert count or not readable, "a finding without a comment"


def test_it_goes_once_the_work_is_done(tmp_path):
    comment = "// TODO(cuport: texture-reference): a texture reference: CUDA 12 has texture objects only\n"
    first = annotated(OLD, tmp_path)
    assert first == comment + OLD
    assert annotated(comment + FETCH, tmp_path) == FETCH, "the line below is mended"
    assert annotated(f"int n;\n\n{first}", tmp_path) == f"int n;\n\n{first}", "lines that shift"
    mine = first.replace("a texture reference:", "Ann does this on Monday:")
    assert annotated(mine, tmp_path) == mine, "its text is the person's"
    assert annotated(f"{comment}int n;\n{OLD}", tmp_path) == f"int n;\n{comment}{OLD}", "it goes where the line went"
    assert annotated(comment + first, tmp_path) == first, "one is enough"


def test_rules_that_did_not_run_say_nothing_of_it(tmp_path):
    done = annotated(OLD, tmp_path).replace("texture<float, 1> t;\n", "int n;\n")
    assert annotated(done, tmp_path, select=frozenset({"thc"})) == done
    assert annotated(done, tmp_path) == f"int n;\n{FETCH}"
    other = "// TODO(cuport: no-such-rule): x\n// TODO(cuport) y\n// TODO(ann): z\nint n;\n"
    assert annotated(other, tmp_path) == other


def test_what_a_later_run_cannot_see_stays_until_the_person_takes_it_away(tmp_path):
    first = annotated('void g(double x) {\n  AT_CHECK(x > 0, "%.2f", x);\n}\n', tmp_path)
    assert f"{LASTING}\n  TORCH_CHECK(" in first
    assert annotated(first, tmp_path) == first


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("#define X int n; \\\n  texture<float, 1> t\nint m;\n", "//\n#define X int n; \\\n  texture<float, 1> t\nint m;\n"),
        ('const char *s = R"(\n//\n)"; texture<float, 1> t;\n', '//\nconst char *s = R"(\n//\n)"; texture<float, 1> t;\n'),
        ("/* a\n   b */ texture<float, 1> t;\n", "//\n/* a\n   b */ texture<float, 1> t;\n"),
        ("int n; // a \\\nb\ntexture<float, 1> t;\n", "int n; // a \\\nb\n//\ntexture<float, 1> t;\n"),
        ("// NOLINTNEXTLINE\ntexture<float, 1> t;\n", "//\n// NOLINTNEXTLINE\ntexture<float, 1> t;\n"),
        ("// cuport: ignore[at-check]\ntexture<float, 1> t;\n", "//\n// cuport: ignore[at-check]\ntexture<float, 1> t;\n"),
        ("// cuport: ignore[texture-reference]\ntexture<float, 1> t;\n", "// cuport: ignore[texture-reference]\ntexture<float, 1> t;\n"),
        ("#if A\n\ttexture<float, 1> t;\n#else\nint t;\n#endif\n", "#if A\n\t//\n\ttexture<float, 1> t;\n#else\nint t;\n#endif\n"),
        ("#if 0\ntexture<float, 1> t;\n#endif\n", "#if 0\ntexture<float, 1> t;\n#endif\n"),
        ("texture<float, 1> t;", "//\ntexture<float, 1> t;"),
        ("\ufefftexture<float, 1> t;\n", "\ufeff//\ntexture<float, 1> t;\n"),
        ("int n;\r\n  texture<float, 1> t;\r\n", "int n;\r\n  //\r\n  texture<float, 1> t;\r\n"),
    ],
    ids=["macro", "raw string", "block comment", "backslash", "lint", "other rule", "ignored", "if", "if 0", "no newline", "BOM", "CRLF"],
)
def test_places(before, after, tmp_path):
    made = annotated(before, tmp_path)
    assert re.sub(r"// TODO\(cuport: texture-reference\)[^\r\n]*", "//", made) == after
    assert annotated(made, tmp_path) == made


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("op.mk", f"a: a.cpp\n\t{GCC} \\\n\t  {TH}\n", f"a: a.cpp\n#\n\t{GCC} \\\n\t  {TH}\n"),
        ("op.sh", f"echo 'a'\n  {GCC} {TH}\n", f"echo 'a'\n  #\n  {GCC} {TH}\n"),
        ("op.sh", f"cat <<E\nx\nE\n{GCC} {TH}\n", f"cat <<E\nx\nE\n{GCC} {TH}\n"),
        ("op.sh", f"echo 'a\nb'\n{GCC} {TH}\n", f"echo 'a\nb'\n#\n{GCC} {TH}\n"),
        ("op.sh", f"echo 'a\n{GCC} {TH}'\n", f"echo 'a\n{GCC} {TH}'\n"),
        ("a.py", "import torch\nif x:\n    torch.gels(a, b)\n", "import torch\nif x:\n    #\n    torch.gels(a, b)\n"),
        ("a.py", "import torch\nx = \"\"\"\n# b\n\"\"\", torch.gels(a, b)\n", "import torch\n#\nx = \"\"\"\n# b\n\"\"\", torch.gels(a, b)\n"),
        ("a.py", "import torch\nx = 1 + \\\n    torch.gels(a, b)\n", "import torch\n#\nx = 1 + \\\n    torch.gels(a, b)\n"),
    ],
)  # fmt: skip
def test_other_languages(name, before, after, tmp_path):
    made = annotated(before, tmp_path, name)
    assert re.sub(r"# TODO\(cuport: [a-z-]+\)[^\n]*", "#", made) == after
    assert annotated(made, tmp_path / "again", name) == made


def test_the_command(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.cu").write_text(OLD)
    migrate = ("migrate", ".", "--allow-no-vcs", "--annotate")
    assert cuport(*migrate, "--check").exit_code == 1
    assert cuport("migrate", ".", "--allow-no-vcs", "--check").exit_code == 0, "nothing to change without it"
    result = cuport(*migrate)
    assert "annotate     1 edit in 1 file" in result.stderr and "a.cu:2: [texture-reference]" in result.stderr
    done = (tmp_path / "a.cu").read_text()
    assert done.count("TODO(cuport: ") == 1
    assert cuport(*migrate, "--check").exit_code == 0
    cuport("migrate", ".", "--allow-no-vcs")
    assert (tmp_path / "a.cu").read_text() == done, "without the option comments stay"
    assert cuport("undo").exit_code == 0 and (tmp_path / "a.cu").read_text() == OLD
    shown = cuport(*migrate, "--interactive", input="n\n")
    assert shown.stderr.count("Make this change (annotate)?") == 1 and (tmp_path / "a.cu").read_text() == OLD
    cuport(*migrate, "--interactive", input="s\n")
    assert (tmp_path / "a.cu").read_text() == OLD


def test_a_commit_of_its_own(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "t")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "t@example.org")
    (tmp_path / "a.cu").write_text(f"{OLD}void g(bool b) {{ AT_CHECK(b); }}\n")
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "one"]):
        subprocess.run(["git", *words], check=True, env=os.environ)
    assert cuport("migrate", ".", "--annotate", "--commit-per-rule").exit_code == 0
    log = subprocess.run(["git", "log", "--format=%s"], capture_output=True, text=True).stdout
    assert log.splitlines() == ["annotate: Write down at its place what has to be done by hand.", log.splitlines()[1], "one"]
