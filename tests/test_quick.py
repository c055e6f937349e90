"""Files that hold no word of any rewrite take a short way, and it says and does what the long one does."""

import subprocess
import sys

import pytest

from rewrites import catalogue, trigger_words

CLEAN = "int add(int a, int b) { return a + b; }\n"


def cuport(*arguments, cwd):
    code = "import sys\nfrom rewrites import main\ntry:\n    main()\nfinally:\n    print('engine' if 'migrator.engine' in sys.modules else 'quick')"
    return subprocess.run([sys.executable, "-c", code, "migrate", *arguments], cwd=cwd, capture_output=True, text=True)


def test_the_words_are_those_of_the_rewrites():
    words = trigger_words()
    for rewrite in catalogue().rewrites:
        assert not rewrite.default or rewrite.trigger_bytes <= words[rewrite.language], rewrite.id


@pytest.mark.parametrize("option", ["--dry-run", "--check", "--allow-no-vcs"])
def test_the_short_way_says_what_the_long_one_says(tmp_path, option):
    (tmp_path / "clean.cpp").write_text(CLEAN)
    short = cuport("clean.cpp", option, cwd=tmp_path)
    long = cuport(".", option, cwd=tmp_path)  # a folder is always looked at closely
    assert short.stdout.splitlines()[-1] == "quick"
    assert long.stdout.splitlines()[-1] == "engine"
    assert (short.returncode, short.stderr) == (long.returncode, long.stderr)


@pytest.mark.parametrize(
    "text",
    [
        "void f(at::Tensor x) { AT_CHECK(x.defined()); }\n",
        "// cuport: ignore[at-check]\nint a;\n",
        "int a;\0\n",
    ],
)
def test_what_may_have_something_in_it_takes_the_long_way(tmp_path, text):
    (tmp_path / "a.cpp").write_text(text)
    assert cuport("a.cpp", "--check", cwd=tmp_path).stdout.splitlines()[-1] == "engine"


def test_a_configuration_is_read(tmp_path):
    (tmp_path / "clean.cpp").write_text(CLEAN)
    (tmp_path / "pyproject.toml").write_text("[tool.cuport]\nselct = []\n")
    result = cuport("clean.cpp", "--check", cwd=tmp_path)
    assert result.returncode == 2
    assert "select" in result.stderr
    assert cuport("clean.cpp", "--check", "--no-config", cwd=tmp_path).stdout.splitlines()[-1] == "quick"


def test_a_run_that_did_not_end_is_seen(tmp_path):
    (tmp_path / "clean.cpp").write_text(CLEAN)
    records = tmp_path / ".cuport" / "undo"
    records.mkdir(parents=True)
    (records / "1.zip.pending").write_bytes(b"")
    assert cuport("clean.cpp", "--check", cwd=tmp_path).stdout.splitlines()[-1] == "engine"


@pytest.mark.parametrize("heavy", ["migrator.engine", "tree_sitter", "migrator.planned", "json"])
def test_a_clean_file_imports_no_engine(tmp_path, heavy):
    (tmp_path / "clean.cpp").write_text(CLEAN)
    code = "import sys\nfrom rewrites import main\ntry:\n    main()\nfinally:\n    print('\\n'.join(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code, "migrate", "clean.cpp", "--check"], cwd=tmp_path, capture_output=True, text=True)
    assert "click" in result.stdout.splitlines()
    assert heavy not in result.stdout.splitlines()
